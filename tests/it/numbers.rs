//! Numbers at their ends: each is answered with a value or an error, and never with a panic.

use mzflow::sandbox::Options;
use mzflow::sandbox::Server;

use crate::harness::client::answered;
use crate::harness::client::connect;

/// The ends, and what is beyond.
const ENDS: &[&str] = &[
    "9223372036854775807",
    "-9223372036854775808",
    "99999999999999999999",
    "1e308",
    "2147483647",
    "-2147483648",
];

/// What is made of them; `#` is one of them.
const EXPRESSIONS: &[&str] = &[
    "timestamptz '2024-07-01 12:00:00#'",
    "timestamptz '2024-07-01 12:00:00+00#'",
    "timestamp '2024-07-01 #:00:00'",
    "timestamp '2024-07-01 12:00:#'",
    "time '12:00:#'",
    "date '#-01-01'",
    "date '2020-01-01' + '# days'::interval",
    "interval '# days # hours'",
    "interval '#:#:#'",
    "interval '-# years' - interval '# years'",
    "interval '# microseconds' * #",
    "interval '1 day' / #",
    "-(interval '# months')",
    "# + #",
    "# - #",
    "# * #",
    "# / -1",
    "# % -1",
    "-(#)",
    "abs(#)",
    "(#)::int8 + 1::int8",
    "(#)::int4 - 1::int4",
    "(#)::numeric * (#)::numeric",
    "(#)::int2",
    "(#)::uint8 + 1::uint8",
    "round((#)::numeric, 1)",
    "round(1.5, (#)::int4)",
    "power(#, #)",
    "exp(#)",
    "sqrt(#)",
    "ln(#)",
    "substring('abc', (#)::int4)",
    "substring('abc', 1, (#)::int4)",
    "left('abc', (#)::int4)",
    "right('abc', (#)::int4)",
    "lpad('a', (#)::int4)",
    "repeat('a', (#)::int4)",
    "split_part('a,b', ',', (#)::int4)",
    "position('a' in 'b') + (#)::int4",
    "(ARRAY[1, 2])[#]",
    "(LIST[1, 2])[#]",
    "(ARRAY[1, 2])[(#)::int4:(#)::int4]",
    "'[1, 2]'::jsonb -> (#)::int4",
    "'{\"a\": #}'::jsonb",
    "to_timestamp(#)",
    "mz_now() + #",
    "date_trunc('century', to_timestamp(#))",
    "extract(epoch from to_timestamp(#))",
    "make_timestamp((#)::int4, 1, 1, 1, 1, 1)",
    "date_bin('# days', timestamp '2024-01-01', timestamp '2024-01-01')",
    "age(to_timestamp(#), to_timestamp(0))",
    "justify_days(interval '# days')",
    "'a'::varchar(#)",
    "1::numeric(39, #)",
    "chr((#)::int4)",
    "to_char(to_timestamp(#), 'YYYY')",
    "generate_series((#)::int8, (#)::int8)",
    "sum(#) FROM generate_series(1, 3)",
    "1 LIMIT #",
    "1 OFFSET #",
    "row_number() OVER (ROWS # PRECEDING)",
    "1 AS OF #",
    "(#)::int4 << (#)::int4",
    "(#)::int4 # (#)::int4",
];

#[tokio::test(flavor = "multi_thread")]
async fn numbers_at_their_ends_are_answered() {
    let server = Server::start(Options::default()).await.expect("the sandbox starts");
    let mut client = connect(&server).await;
    let mut unanswered = Vec::new();
    for end in ENDS {
        for expression in EXPRESSIONS {
            let sql = format!("SELECT {}", expression.replace('#', end));
            if !answered(&client, &sql, false).await {
                unanswered.push(sql);
                client = connect(&server).await;
            }
        }
    }
    assert!(unanswered.is_empty(), "the connection ended at: {unanswered:#?}");
    server.shutdown().await;
}

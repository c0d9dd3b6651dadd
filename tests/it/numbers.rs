//! Values at their ends and values of nobody's making: each is answered with a value or an error, and never
//! with a panic.

use mzflow::sandbox::Options;
use mzflow::sandbox::Server;
use tokio::io::AsyncWriteExt;

use crate::harness::client::answered;
use crate::harness::client::connect;
use crate::harness::client::letters;
use crate::harness::client::open;
use crate::harness::random::Random;
use crate::harness::wire::message;

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

/// Types with a binary format, or without.
const TYPES: &[&str] = &[
    "bool",
    "int2",
    "int4",
    "int8",
    "uint2",
    "uint4",
    "uint8",
    "float4",
    "float8",
    "numeric",
    "text",
    "varchar",
    "char(3)",
    "bytea",
    "date",
    "time",
    "timestamp",
    "timestamptz",
    "interval",
    "uuid",
    "jsonb",
    "oid",
    "mz_timestamp",
    "int4[]",
    "text[]",
    "numeric[]",
    "int4 list",
    "map[text=>int4]",
];

#[tokio::test(flavor = "multi_thread")]
async fn values_in_the_binary_format_may_be_anything() {
    let server = Server::start(Options::default()).await.expect("the sandbox starts");
    let mut random = Random::seeded("MZFLOW_SEED");
    let mut socket = open(server.address()).await;
    for kind in TYPES {
        for round in 0..60 {
            let length = usize::try_from([0, 1, 2, 4, 8, 16, random.below(40)][round % 7]).expect("small");
            let mut value: Vec<u8> = (0..length).map(|_| random.next().to_le_bytes()[0]).collect();
            if round % 3 == 0 {
                value.iter_mut().for_each(|byte| *byte = [0, 0xff, 0x7f, 0x80][round % 4]);
            }
            let parse = [b"\0SELECT $1::", kind.as_bytes(), b"\0\0\0"].concat();
            let size = i32::try_from(value.len()).expect("small").to_be_bytes();
            // One format for all parameters and one for all columns: binary.
            let bind = [&b"\0\0\0\x01\0\x01\0\x01"[..], &size, &value, b"\0\x01\0\x01"].concat();
            let messages =
                [message(b'P', &parse), message(b'B', &bind), message(b'E', &[0; 5]), message(b'S', b"")]
                    .concat();
            socket.write_all(&messages).await.expect("sent");
            let told = letters(&mut socket).await;
            assert!(told.ends_with('Z'), "{kind} {value:?}: {told}");
        }
    }
    server.shutdown().await;
}

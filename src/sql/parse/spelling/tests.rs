//! Which words are said to be misspelt, and what was meant.

use crate::sql::error::SyntaxError;
use crate::sql::parse::file;

/// The one mistake of a statement in a file.
#[track_caller]
fn mistaken(text: &str) -> SyntaxError {
    match file(text) {
        (read, mistakes) if read.is_empty() && mistakes.len() == 1 => {
            mistakes.into_iter().next().expect("one")
        }
        (read, mistakes) => panic!("{text} was read as {read:?}: {mistakes:?}"),
    }
}

#[test]
fn tells_which_keyword_was_meant() {
    for (text, meant) in [
        ("CRAETE VIEW v AS SELECT 1", "CREATE"),
        ("CREATE VEIW v AS SELECT 1", "VIEW"),
        ("CREATE MATERIALISED VIEW v IN CLUSTER c AS SELECT 1", "MATERIALIZED"),
        ("CREATE MATERIALIZED VIEW v IN CLUSTR c AS SELECT 1", "CLUSTER"),
        ("CREATE INDEX i IN CLUSTR c ON v (a)", "CLUSTER"),
        ("CREATE VIEW v AS SELEC 1", "SELECT"),
        ("CREATE SECRT s AS 'x'", "SECRET"),
        ("CREATE CONNECTION c TO POSTGRES (HOST 'h', PASSWORD SECRT p)", "SECRET"),
        ("CREATE CLUSTER c (SIZ = 'x')", "SIZE"),
        ("GRNAT SELECT ON t TO r", "GRANT"),
        ("GRANT SELEC ON t TO r", "SELECT"),
        ("GRANT SELECT, INSRT ON t TO r", "INSERT"),
        ("GRANT SELECT ON ALL TABLE IN SCHEMA s TO r", "TABLES"),
        ("GRANT ALL PRIVILEGS ON t TO r", "PRIVILEGES"),
        ("COMENT ON VIEW v IS 'x'", "COMMENT"),
        ("COMMENT NO VIEW v IS 'x'", "ON"),
        ("SELECT a FORM t", "FROM"),
        // What follows may be wrong too.
        ("CRAETE VIEW v AS SELEC 1", "CREATE"),
        ("SELEC", "SELECT"),
    ] {
        assert_eq!(mistaken(text).meant, Some(meant), "{text}");
    }
    for text in [
        "CREATE FROB v AS SELECT 1",
        "CREATE VIEW v AS SELECT a FROM t AS OF now()",
        "CREATE VIEW v a AS SELECT 1",
        "ALTER VIEW v SWAP WITH w",
        "GRANT EXECUTE ON v TO r",
        "FROM t",
        "SELECT a FROM b c d",
        "SELECT name sourc type FROM t",
        // Any name would do in place of the word.
        "CREATE VIEW v AS SELECT case FROM t",
    ] {
        assert_eq!(mistaken(text).meant, None, "{text}");
    }
}

/// Checks what is said of mistakes, and the keyword that was meant.
#[track_caller]
fn check_meant(cases: &[(&str, &str, &'static str)]) {
    for (text, message, meant) in cases {
        let mistake = mistaken(text);
        assert_eq!((mistake.message.as_str(), mistake.meant), (*message, Some(*meant)), "{text}");
    }
}

#[test]
fn a_misspelt_option_of_a_relation_is_wrong() {
    check_meant(&[
        (
            "CREATE MATERIALIZED VIEW v IN CLUSTER c WITH (RETAIN HISTRY FOR '1h') AS SELECT 1",
            "Expected HISTORY, found identifier \"histry\"",
            "HISTORY",
        ),
        (
            "CREATE MATERIALIZED VIEW v IN CLUSTER c WITH (REFRSH = ON COMMIT) AS SELECT 1",
            "Expected one of ASSERT or PARTITION or RETAIN or REFRESH, found identifier \"refrsh\"",
            "REFRESH",
        ),
        (
            "CREATE INDEX i ON t (a) WITH (RETIAN HISTORY FOR '1h')",
            "Expected RETAIN, found identifier \"retian\"",
            "RETAIN",
        ),
        (
            "CREATE TABLE t (a int) WITH (RETAIN HISTOYR FOR '1h')",
            "Expected HISTORY, found identifier \"histoyr\"",
            "HISTORY",
        ),
        (
            "CREATE TABLE t FROM SOURCE s (REFERENCE x) WITH (TEXT COLUMN (a))",
            "Expected COLUMNS, found COLUMN",
            "COLUMNS",
        ),
    ]);
}

#[test]
fn a_misspelt_option_of_what_connects_is_wrong_and_another_is_left_to_the_server() {
    check_meant(&[
        (
            "CREATE SOURCE s FROM KAFKA CONNECTION c (TOPC 't')",
            "Expected one of GROUP or START or TOPIC, found identifier \"topc\"",
            "TOPIC",
        ),
        (
            "CREATE SOURCE s FROM LOAD GENERATOR COUNTER (UP TO 5, TICK INTERVL '1s')",
            "Expected INTERVAL, found identifier \"intervl\"",
            "INTERVAL",
        ),
        (
            "CREATE SOURCE s FROM LOAD GENERATOR COUNTER WITH (TIMESTMAP INTERVAL '1s')",
            "Expected one of TIMESTAMP or RETAIN, found identifier \"timestmap\"",
            "TIMESTAMP",
        ),
        (
            "CREATE SINK k FROM t INTO KAFKA CONNECTION c (TOPIC 't', COMPRESSION TYP 'x') FORMAT JSON",
            "Expected TYPE, found identifier \"typ\"",
            "TYPE",
        ),
        (
            "CREATE SINK k FROM t INTO KAFKA CONNECTION c (TOPIC 't') FORMAT JSON WITH (SNAPSHT = false)",
            "Expected one of PARTITION or SNAPSHOT or VERSION or COMMIT, found identifier \"snapsht\"",
            "SNAPSHOT",
        ),
        (
            "CREATE CONNECTION c TO KAFKA (BROKER 'b', SASL MECHANISM 'PLAIN')",
            "Expected one of MECHANISMS or PASSWORD or USERNAME, found identifier \"mechanism\"",
            "MECHANISMS",
        ),
        (
            "CREATE CONNECTION c TO POSTGRES (HOST 'h') WITH (VALIDTE = false)",
            "Expected VALIDATE, found identifier \"validte\"",
            "VALIDATE",
        ),
    ]);
    assert_eq!(mistaken("CREATE CONNECTION c FOR SSH TUNNEL HOTS 'h', USER 'u'").meant, Some("HOST"));
    lets_pass(&[
        "CREATE MATERIALIZED VIEW v IN CLUSTER c WITH (COMPACTED = true) AS SELECT 1",
        "CREATE SOURCE s FROM KAFKA CONNECTION c (TOPIC 't', FETCH MAX BYTES 5)",
        "CREATE SOURCE s FROM PULSAR CONNECTION c (TOPC 't')",
        "CREATE CONNECTION c TO POSTGRES (HOST 'h', COLOUR 'b') WITH (VALIDATE = false)",
    ]);
}

/// Checks that nothing is said of statements.
#[track_caller]
fn lets_pass(texts: &[&str]) {
    for text in texts {
        assert_eq!(file(text).1, [], "{text}");
    }
}

#[test]
fn a_misspelt_word_before_a_connection_is_wrong_and_another_is_left_to_the_server() {
    check_meant(&[
        (
            "CREATE CONNECTION c TO KAFAK (BROKER 'b')",
            "Expected one of AWS or CONFLUENT or ICEBERG or KAFKA or MYSQL or POSTGRES or SQL or SSH, \
             found identifier \"kafak\"",
            "KAFKA",
        ),
        (
            "CREATE CONNECTION c TO AWS PRIVATELNK (SERVICE NAME 's', AVAILABILITY ZONES ('a'))",
            "Expected PRIVATELINK, found identifier \"privatelnk\"",
            "PRIVATELINK",
        ),
        (
            "CREATE CONNECTION c FOR CONFLUENT SCEMA REGISTRY URL 'u'",
            "Expected SCHEMA, found identifier \"scema\"",
            "SCHEMA",
        ),
        (
            "CREATE CONNECTION c TO KAFKA (BROKERS ('x' USING SSH TUNEL sc, 'y'))",
            "Expected TUNNEL, found identifier \"tunel\"",
            "TUNNEL",
        ),
        (
            "CREATE CONNECTION c TO KAFKA (BROKER 'x' USING AWS PRIVATELNK pl (PORT 1))",
            "Expected one of CONNECTION or PRIVATELINK, found identifier \"privatelnk\"",
            "PRIVATELINK",
        ),
        (
            "CREATE SOURCE s FROM KAFKA CONNECTION c (TOPIC 't') FORMAT AVRO USING CONFLUENT SCHEMA REGISTRY \
             CONECTION cc",
            "Expected CONNECTION, found identifier \"conection\"",
            "CONNECTION",
        ),
        (
            "CREATE SINK k FROM t INTO KAFKA CONNECTION c (TOPIC 't') FORMAT AVRO USING CONFLUENT SCHEMA \
             REGISTY CONNECTION cc ENVELOPE UPSERT",
            "Expected REGISTRY, found identifier \"registy\"",
            "REGISTRY",
        ),
    ]);
    lets_pass(&[
        "CREATE CONNECTION c TO PULSAR (URL 'u')",
        "CREATE CONNECTION c TO AWS GLUE (REGION 'r')",
        "CREATE CONNECTION c TO AWS (REGION 'r')",
        "CREATE CONNECTION c FOR AWS PRIVATELINK SERVICE NAME 's', AVAILABILITY ZONES ('a')",
        "CREATE CONNECTION c TO KAFKA (BROKERS ('x' USING SSH TUNNEL tunel, 'y' USING GCP LINK l))",
        "CREATE SOURCE s FROM KAFKA CONNECTION c (TOPIC 't') FORMAT AVRO USING AWS GLUE SCHEMA REGISTRY r",
        "CREATE SOURCE s FROM KAFKA CONNECTION using (TOPIC 't') FORMAT AVRO USING CONFLUENT SCHEMA REGISTRY \
         CONNECTION conection INCLUDE KEY AS using ENVELOPE UPSERT",
    ]);
}

//! The words that mean something to the server's parser.
//!
//! Two uses: naming what was found where something else was expected, and telling sqlparser which
//! words are syntax inside a query (it knows hundreds that are plain names here).

use std::collections::BTreeSet;
use std::sync::LazyLock;

use sqlparser::keywords::ALL_KEYWORDS;
use sqlparser::keywords::ALL_KEYWORDS_INDEX;
use sqlparser::keywords::Keyword;

/// Words with a meaning somewhere in the grammar; sorted for the search.
///
/// Source: the grammar in the server's manual, v26.21.
#[rustfmt::skip]
pub(super) const KEYWORDS: &[&str] = &[
    "ABORT", "ADD", "ADDRESS", "AGGREGATE", "ALIGNED", "ALL", "ALTER", "AND", "ANY", "APPLY", "ARRANGEMENT",
    "ARRAY", "AS", "ASC", "ASSERT", "AT", "AUCTION", "AVAILABILITY", "AVRO", "AWS", "BATCH", "BEGIN",
    "BETWEEN", "BIGINT", "BODY", "BOOLEAN", "BOTH", "BPCHAR", "BROKER", "BROKERS", "BY", "BYTES",
    "CARDINALITY", "CASCADE", "CASE", "CAST", "CATALOG", "CHAIN", "CHAR", "CHARACTER", "CHARACTERISTICS",
    "CHECK", "CLASS", "CLOCK", "CLOSE", "CLUSTER", "CLUSTERS", "COALESCE", "COLLATE", "COLUMN", "COLUMNS",
    "COMMENT", "COMMIT", "COMMITTED", "CONFLUENT", "CONNECTION", "CONNECTIONS", "CONSTRAINT", "COPY",
    "COUNTER", "CREATE", "CREATECLUSTER", "CREATEDB", "CREATENETWORKPOLICY", "CREATEROLE", "CROSS", "CSV",
    "CURRENT", "CURSOR", "DATABASE", "DATABASES", "DATUMS", "DAY", "DAYS", "DEALLOCATE", "DEBEZIUM",
    "DEBUGGING", "DEC", "DECIMAL", "DECLARE", "DEFAULT", "DELETE", "DESC", "DIRECTION", "DISCARD", "DISK",
    "DISTINCT", "DOUBLE", "DROP", "ELEMENT", "ELSE", "END", "ENFORCED", "ENVELOPE", "ESCAPE", "ESTIMATE",
    "EVERY", "EXCEPT", "EXCLUDE", "EXECUTE", "EXISTS", "EXPECTED", "EXPLAIN", "EXPOSE", "EXTRACT", "FACTOR",
    "FALSE", "FEATURES", "FETCH", "FILTER", "FIRST", "FLOAT", "FOLLOWING", "FOR", "FOREIGN", "FORMAT",
    "FORWARD", "FROM", "FULL", "FUNCTION", "GENERATOR", "GRANT", "GREATEST", "GROUP", "GROUPS", "HAVING",
    "HEADER", "HEADERS", "HISTORY", "HOLD", "HOUR", "HOURS", "HYDRATION", "ICEBERG", "IF", "IGNORE",
    "ILIKE", "IN", "INCLUDE", "INDEX", "INDEXES", "INHERIT", "INNER", "INPUT", "INSERT", "INSPECT", "INT",
    "INTEGER", "INTERSECT", "INTERVAL", "INTO", "INTROSPECTION", "IS", "ISNULL", "ISOLATION", "JOIN",
    "JSON", "KAFKA", "KEY", "KEYS", "LAST", "LATERAL", "LEADING", "LEAST", "LEFT", "LEVEL", "LIKE", "LIMIT",
    "LIST", "LOAD", "LOCAL", "LOGIN", "MANAGED", "MANUAL", "MAP", "MARKETING", "MATERIALIZED", "MAX",
    "MEMBERSHIP", "METADATA", "MINUTE", "MINUTES", "MOCK", "MONTH", "MONTHS", "MUTUALLY", "MYSQL", "NAME",
    "NAMES", "NATURAL", "NETWORK", "NEXT", "NO", "NOCREATECLUSTER", "NOCREATEDB", "NOCREATEROLE",
    "NOINHERIT", "NOLOGIN", "NONE", "NORMALIZE", "NOSUPERUSER", "NOT", "NULL", "NULLIF", "NULLS", "OBJECTS",
    "OF", "OFFSET", "ON", "ONLY", "OPERATOR", "OPTIONS", "OR", "ORDER", "ORDINALITY", "OUTER", "OVER",
    "OWNED", "OWNER", "PARTITION", "PARTITIONS", "PASSWORD", "POLICIES", "POLICY", "PORT", "POSITION",
    "POSTGRES", "PRECEDING", "PRECISION", "PREPARE", "PRIMARY", "PRIVATELINK", "PRIVILEGES", "PROGRESS",
    "PROTOBUF", "PUBLIC", "PUBLICATION", "QUALIFY", "RANGE", "READ", "READY", "REAL", "REASSIGN",
    "RECURSION", "RECURSIVE", "REDACTED", "REFERENCE", "REFERENCES", "REFRESH", "REGEX", "REGION",
    "REGISTRY", "RENAME", "REPEATABLE", "REPLACE", "REPLACEMENT", "REPLICA", "REPLICAS", "REPLICATION",
    "RESET", "RESPECT", "RESTRICT", "RETAIN", "RETURN", "RETURNING", "REVOKE", "RIGHT", "ROLE", "ROLES",
    "ROLLBACK", "ROUNDS", "ROW", "ROWS", "RULES", "SCALE", "SCHEDULE", "SCHEMA", "SCHEMAS", "SECOND",
    "SECONDS", "SECRET", "SECRETS", "SEED", "SELECT", "SERIALIZABLE", "SERVER", "SESSION", "SET", "SHOW",
    "SINK", "SINKS", "SIZE", "SMALLINT", "SNAPSHOT", "SOME", "SOURCE", "SOURCES", "SQL", "SSH", "SSL",
    "START", "STDIN", "STDOUT", "STRATEGY", "STRICT", "STRING", "SUBSCRIBE", "SUBSOURCE", "SUBSOURCES",
    "SUBSTRING", "SUPERUSER", "SWAP", "SYSTEM", "TABLE", "TABLES", "TEMP", "TEMPORARY", "TEST", "TEXT",
    "THEN", "TICK", "TIES", "TIME", "TIMEOUT", "TIMESTAMP", "TIMESTAMPTZ", "TO", "TOKEN", "TOPIC", "TPCH",
    "TRAILING", "TRANSACTION", "TRANSACTIONAL", "TRIM", "TRUE", "TUNNEL", "TYPE", "TYPES", "UNBOUNDED",
    "UNCOMMITTED", "UNION", "UNIQUE", "UNIT", "UNKNOWN", "UNTIL", "UP", "UPDATE", "UPSERT", "USAGE", "USER",
    "USERS", "USING", "VALIDATE", "VALUE", "VALUES", "VARCHAR", "VARYING", "VERSION", "VIEW", "VIEWS",
    "WAIT", "WEBHOOK", "WHEN", "WHERE", "WINDOW", "WITH", "WITHIN", "WITHOUT", "WORK", "WORKLOAD", "WRITE",
    "YEAR", "YEARS", "ZONE",
];

/// Those of [`KEYWORDS`] that are syntax inside queries and expressions; sorted for the search.
#[rustfmt::skip]
const QUERY_KEYWORDS: &[&str] = &[
    "ALL", "AND", "ANY", "ARRAY", "AS", "ASC", "AT", "BETWEEN", "BOTH", "BY", "CASE", "CAST", "COLLATE",
    "CROSS", "CURRENT", "DAY", "DESC", "DISTINCT", "ELSE", "END", "ESCAPE", "EXCEPT", "EXISTS", "EXTRACT",
    "FALSE", "FETCH", "FILTER", "FIRST", "FOLLOWING", "FOR", "FROM", "FULL", "GROUP", "GROUPS", "HAVING",
    "HOUR", "IGNORE", "ILIKE", "IN", "INNER", "INTERSECT", "INTERVAL", "IS", "JOIN", "LAST", "LATERAL",
    "LEADING", "LEFT", "LIKE", "LIMIT", "MINUTE", "MONTH", "NATURAL", "NEXT", "NOT", "NULL", "NULLS",
    "OFFSET", "ON", "ONLY", "OR", "ORDER", "ORDINALITY", "OUTER", "OVER", "PARTITION", "POSITION",
    "PRECEDING", "QUALIFY", "RANGE", "RECURSIVE", "RESPECT", "RIGHT", "ROW", "ROWS", "SECOND", "SELECT",
    "SET", "SOME", "SUBSTRING", "TABLE", "THEN", "TIES", "TIME", "TO", "TRAILING", "TRIM", "TRUE",
    "UNBOUNDED", "UNION", "UNKNOWN", "USING", "VALUES", "WHEN", "WHERE", "WINDOW", "WITH", "WITHIN", "YEAR",
    "ZONE",
];

/// Words that may begin `type 'literal'`; only built-in types, for the server's parser takes no other
/// there.
#[rustfmt::skip]
const TYPES: &[&str] = &[
    "BIGINT", "BOOL", "BOOLEAN", "BPCHAR", "BYTEA", "BYTES", "CHAR", "CHARACTER", "DATE", "DEC", "DECIMAL",
    "DOUBLE", "FLOAT", "FLOAT4", "FLOAT8", "INT", "INT2", "INT4", "INT8", "INTEGER", "JSON", "JSONB",
    "NUMERIC", "OID", "REAL", "SMALLINT", "STRING", "TEXT", "TIME", "TIMESTAMP", "TIMESTAMPTZ", "UINT2",
    "UINT4", "UINT8", "UUID", "VARCHAR",
];

/// Names that begin something that is taken out of a query before sqlparser reads it.
const LOWERED: &[&str] = &["OPERATOR", "OPTIONS"];

/// The longest keyword, so that a long name needs no search.
const LONGEST: usize = 20;

/// Tells whether an unquoted word is a keyword anywhere, in whatever case.
pub(super) fn is_keyword(word: &str) -> bool {
    find(KEYWORDS, word)
}

/// Looks a word up without regard to case.
fn find(list: &[&str], word: &str) -> bool {
    let mut upper = [0_u8; LONGEST];
    let Some(upper) = upper.get_mut(..word.len()) else { return false };
    upper.copy_from_slice(word.as_bytes());
    upper.make_ascii_uppercase();
    list.binary_search_by(|keyword| keyword.as_bytes().cmp(upper)).is_ok()
}

/// What an unquoted word is inside a query.
#[derive(Clone, Copy, Debug)]
pub(super) struct Meaning {
    /// sqlparser's name for it, if it is any kind of keyword.
    pub(super) keyword: Keyword,
    /// Whether it is syntax there; otherwise it is a name like others.
    pub(super) is_syntax: bool,
    /// Whether it may begin `type 'literal'`.
    pub(super) is_type: bool,
}

impl Meaning {
    /// A name like others.
    const NAME: Self = Self { keyword: Keyword::NoKeyword, is_syntax: false, is_type: false };
}

/// Tells what an unquoted word is inside a query, in whatever case.
pub(super) fn meaning(word: &str) -> Meaning {
    let known = bucket(word).and_then(|bucket| MEANINGS.get(bucket));
    let found = known.into_iter().flatten().find(|(known, _)| known.eq_ignore_ascii_case(word));
    found.map_or(Meaning::NAME, |(_, meaning)| *meaning)
}

/// Where [`MEANINGS`] has the words of a first letter and a length, if it has any.
fn bucket(word: &str) -> Option<usize> {
    let letter = word.bytes().next()?.to_ascii_uppercase().wrapping_sub(b'A');
    (letter < LETTERS && word.len() <= LONGEST).then(|| usize::from(letter) * LENGTHS + word.len())
}

/// How many letters a keyword may begin with.
const LETTERS: u8 = 26;

/// How many lengths a keyword may have.
const LENGTHS: usize = LONGEST + 1;

/// The words that are more than a name inside a query, by their first letter and their length: every
/// word of every query is looked up, and most are in none of the lists.
static MEANINGS: LazyLock<Vec<Vec<(&str, Meaning)>>> = LazyLock::new(|| {
    let mut known: Vec<Vec<(&str, Meaning)>> = vec![Vec::new(); usize::from(LETTERS) * LENGTHS];
    let words: BTreeSet<&str> = [QUERY_KEYWORDS, TYPES, LOWERED].into_iter().flatten().copied().collect();
    for word in words {
        let at = ALL_KEYWORDS.binary_search(&word).ok();
        let keyword = at.and_then(|at| ALL_KEYWORDS_INDEX.get(at)).copied();
        let meaning = Meaning {
            keyword: keyword.unwrap_or(Keyword::NoKeyword),
            is_syntax: QUERY_KEYWORDS.contains(&word),
            is_type: TYPES.contains(&word),
        };
        if let Some(known) = bucket(word).and_then(|bucket| known.get_mut(bucket)) {
            known.push((word, meaning));
        }
    }
    known
});

/// Tells whether a word becomes another, given in capitals, by one letter more, less or other, or by
/// two that change places; by the last alone where one of them is so short that most names are like it.
pub(super) fn is_nearly(word: &str, keyword: &str) -> bool {
    let word = word.to_ascii_uppercase();
    let (word, keyword) = (word.as_bytes(), keyword.as_bytes());
    let is_short = word.len().min(keyword.len()) <= SHORT;
    let same = word.iter().zip(keyword).take_while(|(a, b)| a == b).count();
    let (a, b) = (word.get(same..).unwrap_or_default(), keyword.get(same..).unwrap_or_default());
    match (a, b) {
        ([], []) => false,
        ([x, y, a @ ..], [z, w, b @ ..]) if x == w && y == z && a == b => true,
        _ if is_short => false,
        ([_, a @ ..], [_, b @ ..]) if a == b => true,
        ([_, rest @ ..], _) if rest == b => true,
        (_, [_, rest @ ..]) => rest == a,
        _ => false,
    }
}

/// How many letters a short word has at most.
const SHORT: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_sorted_and_one_holds_the_other() {
        for list in [KEYWORDS, QUERY_KEYWORDS] {
            assert!(list.windows(2).all(|pair| pair[0] < pair[1]));
            assert!(list.iter().all(|word| word.len() <= LONGEST));
        }
        assert!(QUERY_KEYWORDS.iter().all(|word| is_keyword(word)));
    }

    #[test]
    fn what_lowering_looks_for_has_a_name() {
        for word in QUERY_KEYWORDS.iter().chain(LOWERED) {
            assert_ne!(meaning(word).keyword, Keyword::NoKeyword, "{word}");
        }
        assert!(meaning("time").is_type && meaning("TIME").is_syntax && !meaning("total").is_type);
        assert!(!meaning("").is_syntax && !meaning("\u{e9}").is_syntax);
    }

    #[test]
    fn case_does_not_matter_and_names_are_no_keywords() {
        assert!(is_keyword("Materialized") && meaning("select").is_syntax);
        assert!(!is_keyword("colour") && !meaning("pivot").is_syntax && !is_keyword("sélect"));
        assert!(!is_keyword(&"x".repeat(300)));
    }

    #[test]
    fn one_letter_makes_words_nearly_the_same() {
        for (word, keyword) in [
            ("form", "FROM"),
            ("FRM", "FROM"),
            ("fromm", "FROM"),
            ("frum", "FROM"),
            ("rfom", "FROM"),
            ("wehre", "WHERE"),
            ("gruop", "GROUP"),
            ("oder", "ORDER"),
            ("selct", "SELECT"),
            ("teh", "THE"),
            ("no", "ON"),
        ] {
            assert!(is_nearly(word, keyword), "{word}");
        }
        for (word, keyword) in [
            ("from", "FROM"),
            ("for", "FROM"),
            ("mrof", "FROM"),
            ("wheree", "WHEN"),
            ("", "FROM"),
            ("a", "AS"),
            ("as", "ASC"),
        ] {
            assert!(!is_nearly(word, keyword), "{word}");
        }
    }
}

//! The words that mean something to the server's parser.
//!
//! Two uses: naming what was found where something else was expected, and telling sqlparser which
//! words are syntax inside a query (it knows hundreds that are plain names here).

/// Words with a meaning somewhere in the grammar; sorted for the search.
///
/// Source: the grammar in the server's manual, v26.21.
#[rustfmt::skip]
const KEYWORDS: &[&str] = &[
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

/// The longest keyword, so that a long name needs no search.
const LONGEST: usize = 20;

/// Tells whether an unquoted word is a keyword anywhere, in whatever case.
pub(super) fn is_keyword(word: &str) -> bool {
    find(KEYWORDS, word)
}

/// Tells whether an unquoted word is syntax inside a query, in whatever case.
pub(super) fn is_query_keyword(word: &str) -> bool {
    find(QUERY_KEYWORDS, word)
}

/// Looks a word up without regard to case.
fn find(list: &[&str], word: &str) -> bool {
    let mut upper = [0_u8; LONGEST];
    let Some(upper) = upper.get_mut(..word.len()) else { return false };
    upper.copy_from_slice(word.as_bytes());
    upper.make_ascii_uppercase();
    list.binary_search_by(|keyword| keyword.as_bytes().cmp(upper)).is_ok()
}

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
    fn case_does_not_matter_and_names_are_no_keywords() {
        assert!(is_keyword("Materialized") && is_query_keyword("select"));
        assert!(!is_keyword("colour") && !is_query_keyword("pivot") && !is_keyword("sélect"));
        assert!(!is_keyword(&"x".repeat(300)));
    }
}

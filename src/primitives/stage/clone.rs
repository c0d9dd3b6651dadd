//! The options of a cloned cluster: what the server itself would write down of the original.
//!
//! Options that have the server's own default are left out: the clone gets them anyway, and an
//! older server may not take every spelling that it prints.
//!
//! Source: `SHOW CREATE CLUSTER` on v26.21 (`design/materialize.md` 1.4).

use crate::primitives::changes::options::value;
use crate::sql::ast::StatementKind;
use crate::sql::parse;

/// Options that only system roles may set, or that say what every clone is anyway.
const LEFT_OUT: [&str; 3] = ["WORKLOAD CLASS", "FEATURES", "MANAGED"];

/// Reads the options of `CREATE CLUSTER …` as the server prints it; `None` where it is not that.
///
/// A newer server has options that are not known here, and prints them for every cluster.
pub(super) fn options(definition: &str) -> Option<Vec<(String, String)>> {
    let options = parsed(definition).or_else(|| split(definition))?;
    Some(options.into_iter().filter(|(name, value)| !is_default(name, value)).collect())
}

fn parsed(definition: &str) -> Option<Vec<(String, String)>> {
    let statement = parse::batch(definition).ok()?.into_iter().next()?;
    let StatementKind::CreateCluster(cluster) = statement.kind else { return None };
    let options = cluster.options.into_iter();
    Some(options.map(|option| (option.name, value(option.value.as_ref()))).collect())
}

/// Cuts `CREATE CLUSTER "c" (NAME = value, …)` at its commas, whatever the names are.
fn split(definition: &str) -> Option<Vec<(String, String)>> {
    let rest = definition.trim().trim_end_matches(';').strip_prefix("CREATE CLUSTER ")?;
    let (mut depth, mut quote, mut from) = (0_usize, None, None);
    let mut parts: Vec<&str> = Vec::new();
    for (at, c) in rest.char_indices() {
        match (quote, c) {
            (Some(open), _) if open == c => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '(') => {
                depth += 1;
                from = from.or(Some(at + 1));
            }
            (None, ')') => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    parts.push(rest.get(from?..at)?);
                }
            }
            (None, ',') if depth == 1 => {
                parts.push(rest.get(from?..at)?);
                from = Some(at + 1);
            }
            (None, _) => {}
        }
    }
    let option = |part: &&str| {
        let (name, value) = part.split_once('=')?;
        Some((name.trim().to_uppercase(), value.trim().to_owned()))
    };
    (depth == 0 && quote.is_none()).then(|| parts.iter().map(option).collect())?
}

/// Tells whether a clone is like that anyway. What is off is off by itself; a server that does not offer
/// it to everybody refuses even to hear of it.
fn is_default(name: &str, value: &str) -> bool {
    LEFT_OUT.contains(&name)
        || value == "false"
        || matches!((name, value), ("SCHEDULE", "MANUAL") | ("INTROSPECTION INTERVAL", "INTERVAL '00:00:01'"))
}

#[cfg(test)]
mod tests {
    use expect_test::Expect;
    use expect_test::expect;

    use super::*;

    #[track_caller]
    fn check(definition: &str, expect: Expect) {
        let options = options(definition).expect("it is a CREATE CLUSTER");
        let text: Vec<String> = options.iter().map(|(name, value)| format!("{name} = {value}")).collect();
        expect.assert_eq(&text.join(", "));
    }

    /// Source: `test/` of the server: the first since v26.35, the second by the manual of v26.38.
    #[test]
    fn what_newer_servers_print() {
        check(
            "CREATE CLUSTER \"c1\" (EXPERIMENTAL ARRANGEMENT COMPRESSION = false, INTROSPECTION DEBUGGING = false, \
             INTROSPECTION INTERVAL = INTERVAL '00:00:01', MANAGED = true, REPLICATION FACTOR = 1, SIZE = '25cc', \
             SCHEDULE = MANUAL)",
            expect!["REPLICATION FACTOR = 1, SIZE = '25cc'"],
        );
        check(
            "CREATE CLUSTER \"c1\" (AUTO SCALING STRATEGY = (ON HYDRATION (HYDRATION SIZE = '800cc', \
             LINGER DURATION = '00:10:00')), EXPERIMENTAL ARRANGEMENT COMPRESSION = true, MANAGED = true, \
             REPLICATION FACTOR = 1, SIZE = '25cc', SCHEDULE = MANUAL)",
            expect![
                "AUTO SCALING STRATEGY = (ON HYDRATION (HYDRATION SIZE = '800cc', LINGER DURATION = '00:10:00')), EXPERIMENTAL ARRANGEMENT COMPRESSION = true, REPLICATION FACTOR = 1, SIZE = '25cc'"
            ],
        );
    }

    #[test]
    fn what_a_server_to_come_prints() {
        check(
            "CREATE CLUSTER \"c, (1\" (INTROSPECTION INTERVAL = INTERVAL '00:00:01', MANAGED = true, SIZE = '25cc', \
             TURBO BOOST = false, COOLING POLICY = (ON HEAT (FAN = 'a, )b', SPEED = 2)))",
            expect!["SIZE = '25cc', COOLING POLICY = (ON HEAT (FAN = 'a, )b', SPEED = 2))"],
        );
        assert_eq!(options("CREATE CLUSTER \"c\" (TURBO BOOST = (1)"), None);
        assert_eq!(options("CREATE TABLE t (a int)"), None);
    }

    #[test]
    fn what_the_server_prints() {
        check(
            "CREATE CLUSTER \"c1\" (INTROSPECTION DEBUGGING = false, INTROSPECTION INTERVAL = INTERVAL '00:00:01', \
             MANAGED = true, REPLICATION FACTOR = 2, SIZE = '25cc', SCHEDULE = MANUAL)",
            expect!["REPLICATION FACTOR = 2, SIZE = '25cc'"],
        );
        check(
            "CREATE CLUSTER \"c1\" (INTROSPECTION DEBUGGING = true, INTROSPECTION INTERVAL = INTERVAL '00:00:05', \
             MANAGED = true, SIZE = '50cc', SCHEDULE = ON REFRESH (HYDRATION TIME ESTIMATE = '00:10:00'), \
             AVAILABILITY ZONES = ('a', 'b'), WORKLOAD CLASS = 'x')",
            expect![[
                r#"INTROSPECTION DEBUGGING = true, INTROSPECTION INTERVAL = INTERVAL '00:00:05', SIZE = '50cc', SCHEDULE = ON REFRESH (HYDRATION TIME ESTIMATE = '00:10:00'), AVAILABILITY ZONES = ('a', 'b')"#
            ]],
        );
    }
}

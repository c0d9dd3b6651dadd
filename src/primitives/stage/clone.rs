//! The options of a cloned cluster: what the server itself would write down of the original.
//!
//! Options that have the server's own default are left out: the clone gets them anyway, and an
//! older server may not take every spelling that it prints.
//!
//! Source: `SHOW CREATE CLUSTER` on v26.21 (`design/materialize.md` 1.4).

use crate::primitives::changes::options::value;
use crate::sql::ast::StatementKind;
use crate::sql::ast::WithOption;
use crate::sql::parse;

/// Options that only system roles may set, or that say what every clone is anyway.
const LEFT_OUT: [&str; 3] = ["WORKLOAD CLASS", "FEATURES", "MANAGED"];

/// Reads the options of `CREATE CLUSTER …` as the server prints it; `None` where it is not that.
pub(super) fn options(definition: &str) -> Option<Vec<(String, String)>> {
    let statement = parse::batch(definition).ok()?.into_iter().next()?;
    let StatementKind::CreateCluster(cluster) = statement.kind else { return None };
    let kept = cluster.options.iter().filter(|option| !is_default(option));
    Some(kept.map(|option| (option.name.clone(), value(option.value.as_ref()))).collect())
}

fn is_default(option: &WithOption) -> bool {
    let text = value(option.value.as_ref());
    LEFT_OUT.contains(&option.name.as_str())
        || matches!(
            (option.name.as_str(), text.as_str()),
            ("SCHEDULE", "MANUAL")
                | ("INTROSPECTION DEBUGGING", "false")
                | ("INTROSPECTION INTERVAL", "INTERVAL '00:00:01'")
                // Every server since v26.35 prints it, and those that have it switched off refuse it.
                | ("EXPERIMENTAL ARRANGEMENT COMPRESSION", "false")
        )
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

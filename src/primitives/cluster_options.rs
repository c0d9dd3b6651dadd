//! The options of clusters as the server itself would write them down: what a clone gets of the original, and what
//! somebody has altered since.
//!
//! A clone gets no options that have the server's own default: it has them anyway, and an older server may not take
//! every spelling that it prints. Start reading at [`cloned`] and [`altered`].
//!
//! Source: `SHOW CREATE CLUSTER` on v26.21 (`design/materialize.md` 1.4).

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::deployment::record::ClusterShape;
use crate::name::Ident;
use crate::name::literal;
use crate::sql::ast::OptionValue;
use crate::sql::ast::StatementKind;
use crate::sql::parse;

/// Options that the catalog tells as well.
const TOLD: [&str; 2] = ["SIZE", "REPLICATION FACTOR"];

/// Options that only system roles may set, or that say what every clone is anyway.
const LEFT_OUT: [&str; 3] = ["WORKLOAD CLASS", "FEATURES", "MANAGED"];

/// Reads the options of `CREATE CLUSTER …` as the server prints it; `None` where it is not that.
///
/// A newer server has options that are not known here, and prints them for every cluster.
pub fn options(definition: &str) -> Option<Vec<(String, String)>> {
    parsed(definition).or_else(|| split(definition))
}

/// The text of a value, as a statement takes it.
pub fn value(option: Option<&OptionValue>) -> String {
    let Some(option) = option else { return String::new() };
    let listed =
        |items: &[OptionValue]| items.iter().map(|item| value(Some(item))).collect::<Vec<_>>().join(", ");
    match option {
        OptionValue::String(text) => literal(text),
        OptionValue::Interval(text) => format!("INTERVAL {}", literal(text)),
        OptionValue::Number(text) | OptionValue::Raw(text) => text.clone(),
        OptionValue::Bool(yes) => yes.to_string(),
        OptionValue::Name(name) => match name.parts.as_slice() {
            [word] if word.as_str().chars().all(|c| c.is_ascii_alphabetic()) => word.as_str().to_uppercase(),
            parts => parts.iter().map(Ident::sql).collect::<Vec<_>>().join("."),
        },
        OptionValue::Secret(name) => {
            let parts: Vec<String> = name.parts.iter().map(Ident::sql).collect();
            format!("SECRET {}", parts.join("."))
        }
        OptionValue::List(items) => format!("({})", listed(items)),
        OptionValue::Nested(words, options) => {
            let inner: Vec<String> = options
                .iter()
                .map(|option| match &option.value {
                    Some(inner) => format!("{} = {}", option.name, value(Some(inner))),
                    None => option.name.clone(),
                })
                .collect();
            format!("{words} ({})", inner.join(", ")).trim_start().to_owned()
        }
    }
}

/// Those that a clone is made with. How many replicas a scheduled cluster has is no option that it may be given.
pub fn cloned(options: &[(String, String)]) -> Vec<(String, String)> {
    let is_scheduled = options.iter().any(|(name, value)| name == "SCHEDULE" && is_refresh(value));
    let said = |(name, value): &&(String, String)| {
        let is_left_out =
            LEFT_OUT.contains(&name.as_str()) || is_scheduled && name.as_str() == "REPLICATION FACTOR";
        !is_left_out && !is_default(name, value)
    };
    options.iter().filter(said).cloned().collect()
}

/// Whether a schedule switches a cluster on and off.
fn is_refresh(schedule: &str) -> bool {
    schedule.starts_with("ON REFRESH")
}

/// What of a cluster is another way than it was, what it was and what it is; `None` where nothing is.
///
/// Options count where both are known. One that a newer server prints and that says nothing is none. How many
/// replicas a scheduled cluster has is the server's own: it sets 1 before each refresh and 0 behind it.
///
/// Source: `SCHEDULE` in the manual of `CREATE CLUSTER`, and `design/materialize.md` 1.4; v26.21.
pub fn altered(was: &ClusterShape, is: &ClusterShape) -> Option<[String; 2]> {
    let mut told: Vec<[String; 2]> = Vec::new();
    let has_other_replicas = was.replication_factor != is.replication_factor && !are_scheduled(was, is);
    if was.size != is.size || has_other_replicas {
        told.push([was.to_string(), is.to_string()]);
    }
    if let (Some(before), Some(now)) = (&was.options, &is.options) {
        let names: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
        for name in names.into_iter().filter(|name| !TOLD.contains(&name.as_str())) {
            let of = |options: &BTreeMap<String, String>| options.get(name).cloned();
            let [before, now] = [of(before), of(now)];
            let says = |value: &Option<String>| value.clone().filter(|value| !is_default(name, value));
            if says(&before) != says(&now) {
                let text = |value: Option<String>| match value {
                    Some(value) => format!("{name} = {value}"),
                    None => format!("no {name}"),
                };
                told.push([text(before), text(now)]);
            }
        }
    }
    let side = |at: usize| told.iter().map(|one| one[at].as_str()).collect::<Vec<_>>().join(", ");
    (!told.is_empty()).then(|| [side(0), side(1)])
}

/// Tells whether the server switches a cluster on and off, as far as it is known of either side and of no side that it
/// does not.
fn are_scheduled(was: &ClusterShape, is: &ClusterShape) -> bool {
    let is_scheduled = |options: &BTreeMap<String, String>| {
        options.get("SCHEDULE").is_some_and(|schedule| is_refresh(schedule))
    };
    let known: Vec<bool> = [&was.options, &is.options].into_iter().flatten().map(is_scheduled).collect();
    !known.is_empty() && known.into_iter().all(|one| one)
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

/// Tells whether a cluster is like that anyway. What is off is off by itself; a server that does not offer
/// it to everybody refuses even to hear of it.
fn is_default(name: &str, value: &str) -> bool {
    value == "false"
        || matches!((name, value), ("SCHEDULE", "MANUAL") | ("INTROSPECTION INTERVAL", "INTERVAL '00:00:01'"))
}

#[cfg(test)]
mod tests {
    use expect_test::Expect;
    use expect_test::expect;

    use super::*;

    #[track_caller]
    fn check(definition: &str, expect: Expect) {
        let options = cloned(&options(definition).expect("it is a CREATE CLUSTER"));
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
    fn a_schedule_says_how_many_replicas_there_are() {
        check(
            "CREATE CLUSTER \"c1\" (MANAGED = true, REPLICATION FACTOR = 1, SIZE = '25cc', SCHEDULE = ON REFRESH \
             (HYDRATION TIME ESTIMATE = '00:01:00'))",
            expect!["SIZE = '25cc', SCHEDULE = ON REFRESH (HYDRATION TIME ESTIMATE = '00:01:00')"],
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

    #[track_caller]
    fn check_altered(was: &str, is: &str, expect: Expect) {
        let shape = |text: &str| {
            let options = options(&format!("CREATE CLUSTER c1 ({text})")).expect("options");
            let size = options.iter().find(|(name, _)| name == "SIZE").map(|(_, value)| value.clone());
            ClusterShape { size, replication_factor: Some(1), options: Some(options.into_iter().collect()) }
        };
        let told = altered(&shape(was), &shape(is)).map(|[was, is]| format!("{was} → {is}"));
        expect.assert_eq(&told.unwrap_or_default());
    }

    #[test]
    fn what_was_altered_is_told_by_its_name() {
        let was = "SIZE = '25cc', SCHEDULE = MANUAL, INTROSPECTION INTERVAL = INTERVAL '00:00:01'";
        check_altered(was, was, expect![""]);
        check_altered(
            was,
            "SIZE = '50cc', SCHEDULE = ON REFRESH, INTROSPECTION INTERVAL = INTERVAL '00:00:01'",
            expect![
                "size '25cc', replication factor 1, SCHEDULE = MANUAL → size '50cc', replication factor 1, SCHEDULE = ON REFRESH"
            ],
        );
        check_altered(
            "SIZE = '25cc'",
            "SIZE = '25cc', WORKLOAD CLASS = 'x'",
            expect!["no WORKLOAD CLASS → WORKLOAD CLASS = 'x'"],
        );
        // What a newer server prints of every cluster.
        check_altered(
            "SIZE = '25cc'",
            "SIZE = '25cc', EXPERIMENTAL ARRANGEMENT COMPRESSION = false",
            expect![""],
        );
    }

    #[test]
    fn replicas_of_a_scheduled_cluster_are_the_servers_own() {
        let shape = |factor: u32, schedule: Option<&str>| ClusterShape {
            size: Some("25cc".to_owned()),
            replication_factor: Some(factor),
            options: schedule.map(|text| BTreeMap::from([("SCHEDULE".to_owned(), text.to_owned())])),
        };
        let (hourly, manual) = (Some("ON REFRESH (HYDRATION TIME ESTIMATE = '00:10:00')"), Some("MANUAL"));
        assert_eq!(altered(&shape(0, hourly), &shape(1, hourly)), None);
        assert_eq!(altered(&shape(1, hourly), &shape(0, None)), None);
        assert_eq!(altered(&shape(1, None), &shape(0, hourly)), None);
        assert!(altered(&shape(0, manual), &shape(1, manual)).is_some());
        assert!(altered(&shape(0, manual), &shape(1, None)).is_some());
        assert!(altered(&shape(0, None), &shape(1, None)).is_some());
        // One that is scheduled no longer has been altered, and how many it has since is somebody's own.
        let told = altered(&shape(1, hourly), &shape(3, manual)).expect("it was altered");
        assert!(told[0].contains("replication factor 1") && told[0].contains("SCHEDULE"), "{told:?}");
    }

    #[test]
    fn where_options_are_not_known_the_rest_counts() {
        let shape = |size: &str, options| ClusterShape {
            size: Some(size.to_owned()),
            replication_factor: Some(1),
            options,
        };
        let some = Some(BTreeMap::from([("SCHEDULE".to_owned(), "ON REFRESH".to_owned())]));
        assert_eq!(altered(&shape("25cc", None), &shape("25cc", some.clone())), None);
        assert!(altered(&shape("25cc", None), &shape("50cc", some)).is_some());
    }
}

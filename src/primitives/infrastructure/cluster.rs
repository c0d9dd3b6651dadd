//! Clusters: those that do not exist yet, and those that are to be another way than they are.
//!
//! Pure. The catalog tells sizes and numbers of replicas; everything else is compared with how the server
//! itself would write a cluster down. An option that the file does not name stays. Start reading at [`steps`].

use std::collections::BTreeMap;

use crate::catalog::Catalog;
use crate::name::ClusterName;
use crate::plan::step::Step;
use crate::primitives::cluster_options::value;
use crate::primitives::compile::Compiled;
use crate::sql::ast::OptionValue;
use crate::sql::ast::StatementKind;
use crate::sql::ast::WithOption;
use crate::sql::parse;

/// Options that the catalog tells, or that no cluster changes.
const TOLD: [&str; 5] = ["FEATURES", "SIZE", "REPLICATION FACTOR", "MANAGED", "REPLICAS"];

/// Options that are lengths of time, of which there are many spellings.
const LENGTHS: [&str; 3] = ["INTROSPECTION INTERVAL", "HYDRATION TIME ESTIMATE", "LINGER DURATION"];

/// How clusters are written down by the server.
pub(super) type Live = BTreeMap<ClusterName, Vec<WithOption>>;

/// The clusters that the server has to be asked about: managed ones whose files say more than the catalog.
pub(super) fn asked(compiled: &Compiled, catalog: &Catalog) -> Vec<ClusterName> {
    let clusters = compiled.project.clusters.iter();
    let more = clusters.filter(|cluster| {
        // A rehearsal may have made one that no server knows.
        let is_there = |id: &str| !id.starts_with("new-");
        let found = catalog.clusters.get(&cluster.name);
        found.is_some_and(|found| found.managed && is_there(found.id.as_str()))
            && cluster.options.iter().any(|option| !TOLD.contains(&option.name.as_str()))
    });
    more.map(|cluster| cluster.name.clone()).collect()
}

/// Reads what the server said; what is not understood is left out, and nothing of it is changed.
pub(super) fn live(names: Vec<ClusterName>, definitions: &[String]) -> Live {
    let read = |(name, definition): (ClusterName, &String)| {
        let statement = parse::batch(definition).ok()?.into_iter().next()?;
        match statement.kind {
            StatementKind::CreateCluster(cluster) => Some((name, cluster.options)),
            _ => None,
        }
    };
    names.into_iter().zip(definitions).filter_map(read).collect()
}

/// Decides which clusters are made, and what of others is altered.
pub(super) fn steps(compiled: &Compiled, catalog: &Catalog, live: &Live) -> Vec<Step> {
    let mut steps = Vec::new();
    for cluster in &compiled.project.clusters {
        let name = cluster.name.clone();
        let text = |option: &WithOption| (option.name.clone(), value(option.value.as_ref()));
        let Some(found) = catalog.clusters.get(&name) else {
            let options = cluster.options.iter().map(text).collect();
            steps.push(Step::CreateCluster { name, options });
            continue;
        };
        let differs = |option: &&WithOption| {
            let wanted = value(option.value.as_ref());
            match option.name.as_str() {
                "SIZE" => found.size.as_ref().is_some_and(|size| crate::name::literal(size) != wanted),
                "REPLICATION FACTOR" => {
                    found.replication_factor.is_some_and(|factor| factor.to_string() != wanted)
                }
                told if TOLD.contains(&told) => false,
                _ => live.get(&name).is_some_and(|live| is_another(option, live)),
            }
        };
        let options: Vec<_> = cluster.options.iter().filter(differs).map(text).collect();
        if !options.is_empty() {
            steps.push(Step::AlterCluster { name, options });
        }
    }
    steps
}

/// Tells whether a cluster is another way than an option says. What the server does not write is off.
fn is_another(wanted: &WithOption, live: &[WithOption]) -> bool {
    let wanted_means = meaning(wanted);
    match live.iter().find(|option| option.name == wanted.name) {
        Some(live) => meaning(live) != wanted_means,
        None => !["false", "()"].contains(&wanted_means.as_str()),
    }
}

/// What an option says, in one spelling.
fn meaning(option: &WithOption) -> String {
    let Some(value) = &option.value else { return "true".to_owned() };
    let text = self::value(Some(value));
    if LENGTHS.contains(&option.name.as_str()) {
        let written = match value {
            OptionValue::String(text) | OptionValue::Interval(text) | OptionValue::Number(text) => text,
            _ if text == "NULL" => return "0 ms".to_owned(),
            _ => return text,
        };
        return milliseconds(written).map_or(text, |ms| format!("{ms} ms"));
    }
    nested(value).unwrap_or(text)
}

/// What options within an option say.
fn nested(value: &OptionValue) -> Option<String> {
    match value {
        OptionValue::Nested(words, options) => {
            let mut inner: Vec<String> =
                options.iter().map(|option| format!("{} = {}", option.name, meaning(option))).collect();
            inner.sort_unstable();
            Some(format!("{words} ({})", inner.join(", ")))
        }
        OptionValue::List(items) => {
            let items = items.iter().map(|item| nested(item).unwrap_or_else(|| self::value(Some(item))));
            Some(format!("({})", items.collect::<Vec<_>>().join(", ")))
        }
        _ => None,
    }
}

/// Reads `15s`, `1 minute 30 s`, `00:01:30`, `0`; `None` for other spellings of a length of time.
fn milliseconds(text: &str) -> Option<u64> {
    let whole = |text: &str| text.trim().parse::<u64>().ok();
    let parts: Vec<&str> = text.split(':').collect();
    if let [hours, minutes, seconds] = parts.as_slice() {
        let minutes = whole(hours)?.checked_mul(60)?.checked_add(whole(minutes)?)?;
        return minutes.checked_mul(60)?.checked_add(whole(seconds)?)?.checked_mul(1_000);
    }
    let mut total = 0_u64;
    let mut rest = text.trim();
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (number, behind) = rest.split_at_checked(digits)?;
        let behind = behind.trim_start();
        let letters = behind.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(behind.len());
        let (unit, behind) = behind.split_at_checked(letters)?;
        let scale = match unit.to_ascii_lowercase().as_str() {
            "ms" | "millisecond" | "milliseconds" => 1,
            "" | "s" | "sec" | "secs" | "second" | "seconds" => 1_000,
            "m" | "min" | "mins" | "minute" | "minutes" => 60_000,
            "h" | "hr" | "hrs" | "hour" | "hours" => 3_600_000,
            "d" | "day" | "days" => 86_400_000,
            _ => return None,
        };
        total = total.checked_add(whole(number)?.checked_mul(scale)?)?;
        rest = behind.trim_start();
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(written: &str) -> Vec<WithOption> {
        let name = ClusterName(crate::name::Ident::new("c").expect("a name"));
        let definition = format!("CREATE CLUSTER c ({written})");
        live(vec![name], &[definition]).into_values().next().unwrap_or_default()
    }

    #[track_caller]
    fn check(file: &str, server: &str, is_same: bool) {
        let (file, server) = (options(file), options(server));
        assert!(!file.is_empty());
        assert_eq!(file.iter().all(|option| !is_another(option, &server)), is_same);
    }

    #[test]
    fn spellings_are_no_differences() {
        let server = "INTROSPECTION INTERVAL = INTERVAL '00:00:01', SCHEDULE = MANUAL, \
                      INTROSPECTION DEBUGGING = true, SIZE = '25cc', AUTO SCALING STRATEGY = \
                      (ON HYDRATION (HYDRATION SIZE = '50cc', LINGER DURATION = '00:01:30'))";
        check("INTROSPECTION INTERVAL '1s', SCHEDULE manual, INTROSPECTION DEBUGGING", server, true);
        let strategy = |linger: &str| {
            format!(
                "AUTO SCALING STRATEGY = (ON HYDRATION (LINGER DURATION '{linger}', HYDRATION SIZE = '50cc'))"
            )
        };
        check(&strategy("1 minute 30 s"), server, true);
        check(&strategy("90s"), server, true);
        check(&strategy("15s"), server, false);
        check("AUTO SCALING STRATEGY = ()", server, false);
        check("INTROSPECTION INTERVAL = 0", server, false);
        check("INTROSPECTION INTERVAL = 0", "INTROSPECTION INTERVAL = NULL", true);
    }

    #[test]
    fn what_the_server_does_not_write_is_off() {
        check("EXPERIMENTAL ARRANGEMENT COMPRESSION = false", "SIZE = '25cc'", true);
        check("EXPERIMENTAL ARRANGEMENT COMPRESSION = true", "SIZE = '25cc'", false);
        check("AUTO SCALING STRATEGY = ()", "SIZE = '25cc'", true);
    }
}

//! The variables of sessions and of the system, with their defaults and what they take.
//!
//! Source: `design/materialize.md` 6.1, 7 and 8, recorded from v26.21. The `sandbox_…` ones are
//! the sandbox's own; each says here what it does. Start reading at [`SESSION`] and [`SYSTEM`].

use super::duration;
use super::error::SqlError;
use super::knobs;
use super::model::State;
use crate::clock::Timestamp;

/// What a variable takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Anything.
    Text,
    /// `on` or `off`.
    Bool,
    /// A whole number.
    Integer,
    /// A length of time.
    Duration,
    /// A length of time, or two: `150 ms..400 ms`.
    Range,
    /// A size: `1GB`.
    Size,
    /// Names, one comma apart.
    Names,
    /// One of these.
    OneOf(&'static [&'static str]),
    /// One of these, but the refusal does not list them.
    Only(&'static [&'static str]),
    /// `ISO, MDY`, of which a part may be given.
    DateStyle,
    /// An isolation level.
    Isolation,
    /// Nothing: it cannot be set.
    Fixed,
}

/// A variable.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Variable {
    /// Its name as it is printed.
    pub(crate) name: &'static str,
    /// What it is where nobody sets it.
    pub(crate) default: &'static str,
    /// What it takes.
    pub(crate) kind: Kind,
}

const fn variable(name: &'static str, default: &'static str, kind: Kind) -> Variable {
    Variable { name, default, kind }
}

/// What `server_version` says.
const SERVER_VERSION: &str = "9.5.0";

/// What `mz_version` says.
pub(crate) const MZ_VERSION: &str = "v26.21.0";

/// The levels of `client_min_messages`, from the most to the least that is told.
pub(crate) const LEVELS: &[&str] =
    &["debug5", "debug4", "debug3", "debug2", "debug1", "log", "notice", "warning", "error"];

const ISOLATION: &[&str] = &[
    "read uncommitted",
    "read committed",
    "repeatable read",
    "serializable",
    "strong session serializable",
    "strict serializable",
];

/// The variables of a session.
pub(crate) const SESSION: &[Variable] = &[
    variable("application_name", "", Kind::Text),
    variable("auto_route_catalog_queries", "on", Kind::Bool),
    variable("client_encoding", "UTF8", Kind::OneOf(&["UTF8"])),
    variable("client_min_messages", "notice", Kind::OneOf(LEVELS)),
    variable("cluster", "quickstart", Kind::Text),
    variable("cluster_replica", "", Kind::Text),
    variable("current_object_missing_warnings", "on", Kind::Bool),
    variable("database", "materialize", Kind::Text),
    variable("DateStyle", "ISO, MDY", Kind::DateStyle),
    variable("emit_introspection_query_notice", "on", Kind::Bool),
    variable("emit_plan_insights_notice", "off", Kind::Bool),
    variable("emit_timestamp_notice", "off", Kind::Bool),
    variable("emit_trace_id_notice", "off", Kind::Bool),
    variable("enable_session_rbac_checks", "off", Kind::Bool),
    variable("extra_float_digits", "3", Kind::Integer),
    variable("failpoints", "<omitted>", Kind::Fixed),
    variable("idle_in_transaction_session_timeout", "2 min", Kind::Duration),
    variable("integer_datetimes", "on", Kind::Fixed),
    variable("IntervalStyle", "postgres", Kind::OneOf(&["postgres"])),
    variable("is_superuser", "off", Kind::Fixed),
    variable("max_identifier_length", "255", Kind::Fixed),
    variable("max_query_result_size", "1GB", Kind::Size),
    variable("mz_version", MZ_VERSION, Kind::Fixed),
    variable("real_time_recency", "off", Kind::Bool),
    variable("real_time_recency_timeout", "10 s", Kind::Duration),
    variable("search_path", "public", Kind::Names),
    variable("server_version", SERVER_VERSION, Kind::Fixed),
    variable("server_version_num", "90500", Kind::Fixed),
    variable("sql_safe_updates", "off", Kind::Bool),
    variable("standard_conforming_strings", "on", Kind::Only(&["on", "true"])),
    variable("statement_timeout", "1 min", Kind::Duration),
    variable("TimeZone", "UTC", Kind::Only(&["UTC", "GMT", "+00:00"])),
    variable("transaction_isolation", "strict serializable", Kind::Isolation),
    variable("welcome_message", "on", Kind::Bool),
];

/// The variables that a client is told at the start and whenever they change.
pub(crate) const REPORTED: &[&str] = &[
    "application_name",
    "client_encoding",
    "DateStyle",
    "integer_datetimes",
    "server_version",
    "standard_conforming_strings",
    "TimeZone",
    "IntervalStyle",
    "cluster",
    "cluster_replica",
    "default_cluster_replication_factor",
    "database",
    "search_path",
    "mz_version",
];

/// How long an object takes to hydrate on a replica.
pub(crate) const HYDRATION: &str = "sandbox_hydration";
/// How much longer for each row of the tables below it.
pub(crate) const HYDRATION_PER_ROW: &str = "sandbox_hydration_per_row";
/// Patterns of objects that never hydrate: `orders%, db.s.late`.
pub(crate) const STUCK: &str = "sandbox_hydration_stuck";
/// Patterns of sinks that make no progress and say nothing of it.
pub(crate) const SINK_BLOCKED: &str = "sandbox_sink_blocked";
/// Patterns of sinks that have stalled.
pub(crate) const SINK_STALLED: &str = "sandbox_sink_stalled";
/// Patterns of sinks that have failed.
pub(crate) const SINK_FAILED: &str = "sandbox_sink_failed";
/// What sinks sent; resetting it empties it. Kept by the server, not in its data.
pub(crate) const EMITTED: &str = "sandbox_emitted";
/// Clusters whose replicas run out of memory again and again.
pub(crate) const CRASH_LOOPING: &str = "sandbox_crash_looping";
/// How far the frontiers lag.
pub(crate) const LAG: &str = "sandbox_lag";
/// Patterns of objects whose frontiers lag.
pub(crate) const LAGGING: &str = "sandbox_lagging";
/// How long every statement takes at least.
pub(crate) const LATENCY: &str = "sandbox_latency";
/// How long every change of the catalog takes, one after the other: a length, or two of which it lies between.
pub(crate) const DDL_LATENCY: &str = "sandbox_ddl_latency";
/// What goes wrong next; see `faults`. Kept by the server, not in its data.
pub(crate) const FAULT: &str = "sandbox_fault";
/// What was run; resetting it empties it. Kept by the server, not in its data.
pub(crate) const TRANSCRIPT: &str = "sandbox_transcript";

/// The variables of the system.
pub(crate) const SYSTEM: &[Variable] = &[
    variable("allowed_cluster_replica_sizes", "", Kind::Text),
    variable("default_cluster_replication_factor", "1", Kind::Integer),
    variable("enable_alter_swap", "on", Kind::Bool),
    variable("enable_alter_table_add_column", "off", Kind::Bool),
    variable("enable_cluster_schedule_refresh", "off", Kind::Bool),
    variable("enable_create_table_from_source", "off", Kind::Bool),
    variable("enable_index_options", "off", Kind::Bool),
    variable("enable_load_generator_clock", "off", Kind::Bool),
    variable("enable_load_generator_counter", "off", Kind::Bool),
    variable("enable_load_generator_datums", "off", Kind::Bool),
    variable("enable_load_generator_key_value", "off", Kind::Bool),
    variable("enable_logical_compaction_window", "off", Kind::Bool),
    variable("enable_managed_cluster_availability_zones", "off", Kind::Bool),
    variable("enable_multi_replica_sources", "on", Kind::Bool),
    variable("enable_rbac_checks", "off", Kind::Bool),
    variable("enable_refresh_every_mvs", "off", Kind::Bool),
    variable("enable_replacement_materialized_views", "on", Kind::Bool),
    variable("max_aws_privatelink_connections", "0", Kind::Integer),
    variable("max_clusters", "25", Kind::Integer),
    variable("max_connections", "5000", Kind::Integer),
    variable("max_credit_consumption_rate", "1024", Kind::Integer),
    variable("max_databases", "1000", Kind::Integer),
    variable("max_kafka_connections", "1000", Kind::Integer),
    variable("max_materialized_views", "500", Kind::Integer),
    variable("max_mysql_connections", "1000", Kind::Integer),
    variable("max_network_policies", "25", Kind::Integer),
    variable("max_objects_per_schema", "1000", Kind::Integer),
    variable("max_postgres_connections", "1000", Kind::Integer),
    variable("max_replicas_per_cluster", "5", Kind::Integer),
    variable("max_result_size", "1GB", Kind::Size),
    variable("max_roles", "1000", Kind::Integer),
    variable("max_rules_per_network_policy", "25", Kind::Integer),
    variable("max_schemas_per_database", "1000", Kind::Integer),
    variable("max_secrets", "100", Kind::Integer),
    variable("max_sinks", "1000", Kind::Integer),
    variable("max_sources", "200", Kind::Integer),
    variable("max_sql_server_connections", "1000", Kind::Integer),
    variable("max_tables", "200", Kind::Integer),
    variable("network_policy", "default", Kind::Text),
    variable("unsafe_enable_table_keys", "off", Kind::Bool),
    variable("wallclock_lag_recording_interval", "1 min", Kind::Duration),
    variable(CRASH_LOOPING, "", Kind::Text),
    variable(DDL_LATENCY, "0", Kind::Range),
    variable(EMITTED, "", Kind::Text),
    variable(FAULT, "", Kind::Text),
    variable(HYDRATION, "300 ms", Kind::Duration),
    variable(HYDRATION_PER_ROW, "0", Kind::Duration),
    variable(STUCK, "", Kind::Text),
    variable(LAG, "0", Kind::Duration),
    variable(LAGGING, "%", Kind::Text),
    variable(LATENCY, "0", Kind::Duration),
    variable(SINK_BLOCKED, "", Kind::Text),
    variable(SINK_FAILED, "", Kind::Text),
    variable(SINK_STALLED, "", Kind::Text),
    variable(TRANSCRIPT, "", Kind::Text),
];

/// A variable of sessions.
pub(crate) fn of_session(name: &str) -> Option<&'static Variable> {
    let name = if name.eq_ignore_ascii_case("schema") { "search_path" } else { name };
    SESSION.iter().find(|variable| variable.name.eq_ignore_ascii_case(name))
}

/// A variable of the system.
pub(crate) fn of_system(name: &str) -> Option<&'static Variable> {
    SYSTEM.iter().find(|variable| variable.name.eq_ignore_ascii_case(name))
}

/// What a variable of the system is set to: `enable_rbac_checks`, `max_clusters`, `sandbox_hydration`.
/// One of sessions answers what sessions get that do not set it.
///
/// # Errors
/// `42704` for one that does not exist.
pub(crate) fn system(state: &State, name: &str) -> Result<String, SqlError> {
    let name = name.to_ascii_lowercase();
    if let Some(value) = state.system.get(&name) {
        return Ok(value.clone());
    }
    let variable = of_system(&name).or_else(|| of_session(&name)).ok_or_else(|| unknown(&name))?;
    Ok(variable.default.to_owned())
}

/// A length of time that the system is set to; zero where it is not one.
pub(crate) fn length(state: &State, name: &str) -> std::time::Duration {
    system(state, name).ok().and_then(|text| duration::parse(&text)).unwrap_or_default()
}

/// A length of time that lies between the two that the system is set to: which one, the seed decides.
pub(crate) fn between(state: &State, name: &str, seed: u64) -> std::time::Duration {
    let Some((low, high)) = system(state, name).ok().and_then(|text| range(&text)) else {
        return std::time::Duration::ZERO;
    };
    let micros = u64::try_from((high - low).as_micros()).unwrap_or(u64::MAX).saturating_add(1);
    // Fibonacci hashing: neighbours lie far apart, and a run can be repeated.
    let spread = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 16;
    low.saturating_add(std::time::Duration::from_micros(spread % micros))
}

/// Reads `a..b`, or one length for both.
fn range(text: &str) -> Option<(std::time::Duration, std::time::Duration)> {
    let (low, high) = text.split_once("..").unwrap_or((text, text));
    let (low, high) = (duration::parse(low)?, duration::parse(high)?);
    (low <= high).then_some((low, high))
}

/// Tells whether a variable of the system is on.
pub(crate) fn is_on(state: &State, name: &str) -> bool {
    system(state, name).is_ok_and(|value| value == "on")
}

/// Sets a variable of the system, or takes it back where there are no values.
///
/// # Errors
/// `42704` for one that does not exist, `22023` for a value it does not take.
pub(crate) fn set_system(
    state: &mut State,
    name: &str,
    values: Option<&[String]>,
    now: Timestamp,
) -> Result<(), SqlError> {
    let name = name.to_ascii_lowercase();
    if name == "all" && values.is_none() {
        state.system = imbl::OrdMap::new();
        knobs::turned(state, now);
        return Ok(());
    }
    let variable = of_system(&name).or_else(|| of_session(&name)).ok_or_else(|| unknown(&name))?;
    match values {
        Some(values) => state.system.insert(name, check(variable, values)?),
        None => state.system.remove(&name),
    };
    knobs::turned(state, now);
    Ok(())
}

/// A variable that does not exist.
pub(crate) fn unknown(name: &str) -> SqlError {
    SqlError::new("42704", format!("unrecognized configuration parameter \"{name}\""))
}

/// What a variable becomes that is set to these values.
///
/// # Errors
/// `22023` where it does not take them.
pub(crate) fn check(variable: &Variable, values: &[String]) -> Result<String, SqlError> {
    let requires = |what: &str| {
        SqlError::new("22023", format!("parameter \"{}\" requires a {what} value", variable.name))
    };
    if variable.kind == Kind::Names {
        return Ok(names(values));
    }
    if variable.kind == Kind::DateStyle {
        return date_style(variable, values);
    }
    let [value] = values else { return Err(requires("single")) };
    let refused =
        || SqlError::new("22023", format!("invalid value for parameter \"{}\": \"{value}\"", variable.name));
    match variable.kind {
        Kind::Text | Kind::Names | Kind::DateStyle => Ok(value.clone()),
        Kind::Bool => boolean(value).ok_or_else(|| requires("\"boolean\"")),
        Kind::Integer => {
            value.trim().parse::<i64>().map(|n| n.to_string()).map_err(|_| requires("\"integer\""))
        }
        Kind::Duration => {
            duration::parse(value).map(duration::format).ok_or_else(|| requires("\"duration\""))
        }
        Kind::Range => {
            let (low, high) = range(value).ok_or_else(|| requires("\"duration\""))?;
            let (low, high) = (duration::format(low), duration::format(high));
            Ok(if low == high { low } else { format!("{low}..{high}") })
        }
        Kind::Size => size(value).then(|| value.clone()).ok_or_else(|| requires("\"byte size\"")),
        Kind::OneOf(all) => {
            let found = all.iter().find(|one| same_word(one, value));
            let listed = format!("Available values: {}.", all.join(", "));
            found.map(|one| (*one).to_owned()).ok_or_else(|| refused().hint(listed))
        }
        Kind::Only(all) => {
            let found = all.iter().any(|one| same_word(one, value));
            found.then(|| variable.default.to_owned()).ok_or_else(refused)
        }
        Kind::Isolation => {
            let listed = format!("Available values: {}.", ISOLATION.join(", "));
            isolation(value).map(str::to_owned).ok_or_else(|| refused().hint(listed))
        }
        Kind::Fixed => {
            Err(SqlError::new("22023", format!("parameter \"{}\" cannot be changed", variable.name)))
        }
    }
}

/// What an isolation level becomes: the weaker ones are all `serializable`.
pub(crate) fn isolation(level: &str) -> Option<&'static str> {
    let found = ISOLATION.iter().find(|one| one.eq_ignore_ascii_case(level.trim()))?;
    Some(match *found {
        "strict serializable" | "strong session serializable" => found,
        _ => "serializable",
    })
}

/// Names, printed with quotes where they need them.
fn names(values: &[String]) -> String {
    let printed = values.iter().map(|value| {
        crate::name::Ident::new(value).map_or_else(|_| format!("\"{value}\""), |name| name.to_string())
    });
    printed.collect::<Vec<_>>().join(", ")
}

fn date_style(variable: &Variable, values: &[String]) -> Result<String, SqlError> {
    let text = values.join(", ");
    let known = |part: &str| ["ISO", "MDY"].iter().any(|one| one.eq_ignore_ascii_case(part.trim()));
    if text.split(',').all(known) {
        return Ok(variable.default.to_owned());
    }
    Err(SqlError::new("22023", format!("invalid value for parameter \"DateStyle\": \"{text}\"")))
}

/// Compares as drivers spell: `utf-8` is `UTF8`.
fn same_word(one: &str, value: &str) -> bool {
    let value = value.trim();
    one.eq_ignore_ascii_case(value)
        || one == "UTF8" && ["utf-8", "unicode"].iter().any(|word| word.eq_ignore_ascii_case(value))
}

fn boolean(value: &str) -> Option<String> {
    match value.trim().to_ascii_lowercase().as_str() {
        "on" | "true" | "t" | "yes" | "y" | "1" => Some("on".to_owned()),
        "off" | "false" | "f" | "no" | "n" | "0" => Some("off".to_owned()),
        _ => None,
    }
}

fn size(value: &str) -> bool {
    let value = value.trim();
    let end = value.find(|c: char| !c.is_ascii_digit()).unwrap_or(value.len());
    let (digits, unit) = value.split_at(end);
    !digits.is_empty() && ["", "B", "kB", "MB", "GB", "TB"].contains(&unit.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(name: &str, value: &str) -> Result<String, String> {
        let variable = of_session(name).or_else(|| of_system(name)).expect("it exists");
        check(variable, &[value.to_owned()]).map_err(|error| {
            [Some(error.to_string()), error.hint].into_iter().flatten().collect::<Vec<_>>().join(" | ")
        })
    }

    #[test]
    fn values_are_normalised_or_refused_in_the_servers_words() {
        assert_eq!(set("statement_timeout", "7s"), Ok("7 s".to_owned()));
        assert_eq!(set("transaction_isolation", "read committed"), Ok("serializable".to_owned()));
        assert_eq!(set("datestyle", "ISO"), Ok("ISO, MDY".to_owned()));
        assert_eq!(
            set("statement_timeout", "soon"),
            Err("22023: parameter \"statement_timeout\" requires a \"duration\" value".to_owned())
        );
        assert_eq!(
            set("client_encoding", "LATIN1"),
            Err("22023: invalid value for parameter \"client_encoding\": \"LATIN1\" | Available values: UTF8."
                .to_owned())
        );
        assert_eq!(
            set("timezone", "+02:00"),
            Err("22023: invalid value for parameter \"TimeZone\": \"+02:00\"".to_owned())
        );
    }

    #[test]
    fn names_are_quoted_where_they_need_it() {
        let path = of_session("schema").expect("it exists");
        let values = ["a".to_owned(), "B".to_owned(), "public".to_owned()];
        assert_eq!(check(path, &values), Ok("a, \"B\", public".to_owned()));
    }

    #[test]
    fn the_system_has_defaults_and_no_others() {
        let mut state = State::default();
        assert_eq!(system(&state, "max_clusters"), Ok("25".to_owned()));
        assert_eq!(set_system(&mut state, "max_clusters", Some(&["30".to_owned()]), Timestamp(0)), Ok(()));
        assert_eq!(system(&state, "MAX_CLUSTERS"), Ok("30".to_owned()));
        assert_eq!(set_system(&mut state, "all", None, Timestamp(0)), Ok(()));
        assert_eq!(system(&state, "max_clusters"), Ok("25".to_owned()));
        assert_eq!(system(&state, "nonsense"), Err(unknown("nonsense")));
    }

    #[test]
    fn a_length_lies_between_two() {
        assert_eq!(set(DDL_LATENCY, "150ms..400 ms"), Ok("150 ms..400 ms".to_owned()));
        assert!(set(DDL_LATENCY, "2s..1s").is_err());
        let mut state = State::default();
        assert!(between(&state, DDL_LATENCY, 1).is_zero());
        set_system(&mut state, DDL_LATENCY, Some(&["10ms..20ms".to_owned()]), Timestamp(0))
            .expect("it takes it");
        let lengths: Vec<u128> =
            (0..100).map(|seed| between(&state, DDL_LATENCY, seed).as_millis()).collect();
        assert!(lengths.iter().all(|length| (10..=20).contains(length)), "{lengths:?}");
        assert!(lengths.iter().any(|length| *length < 13) && lengths.iter().any(|length| *length > 17));
    }
}

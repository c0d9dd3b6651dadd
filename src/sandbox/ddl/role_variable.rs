//! `ALTER ROLE … SET`: what a session's variable is stored as.

use super::super::error::SqlError;
use super::duration;
use super::role::unknown_variable;
use super::role::wrong_value;
use crate::name::Ident;

/// How a variable's values are read.
#[derive(Clone, Copy)]
enum Reading {
    /// Any text.
    Text,
    /// Names with commas between.
    Names,
    /// A length of time.
    Duration,
    /// On or off.
    Truth,
    /// One of few words.
    Isolation,
}

/// The variables that a role may have.
const VARIABLES: [(&str, Reading); 21] = [
    ("application_name", Reading::Text),
    ("auto_route_catalog_queries", Reading::Truth),
    ("client_encoding", Reading::Text),
    ("client_min_messages", Reading::Text),
    ("cluster", Reading::Text),
    ("cluster_replica", Reading::Text),
    ("database", Reading::Text),
    ("datestyle", Reading::Text),
    ("emit_timestamp_notice", Reading::Truth),
    ("emit_trace_id_notice", Reading::Truth),
    ("enable_session_rbac_checks", Reading::Truth),
    ("extra_float_digits", Reading::Text),
    ("idle_in_transaction_session_timeout", Reading::Duration),
    ("max_query_result_size", Reading::Text),
    ("real_time_recency", Reading::Truth),
    ("real_time_recency_timeout", Reading::Duration),
    ("search_path", Reading::Names),
    ("statement_timeout", Reading::Duration),
    ("timezone", Reading::Text),
    ("transaction_isolation", Reading::Isolation),
    ("welcome_message", Reading::Truth),
];

/// What is stored for a variable; `None` takes the setting away.
///
/// # Errors
/// `42704` for a variable that there is not, `22023` for a value that it cannot have.
pub(super) fn stored(name: &str, values: Option<&[String]>) -> Result<Option<String>, SqlError> {
    let known = VARIABLES.iter().find(|(own, _)| *own == name);
    let Some((_, reading)) = known else { return Err(unknown_variable(name)) };
    let Some(values) = values else { return Ok(None) };
    let joined = values.join(", ");
    let value = match reading {
        Reading::Text => joined,
        Reading::Names => names(values),
        Reading::Duration => {
            // A number without a unit is one of milliseconds.
            let bare = joined.trim().parse::<u64>().ok();
            let ms = bare.or_else(|| duration::parse(&joined));
            shown(ms.ok_or_else(|| wrong_value(name, "duration"))?)
        }
        Reading::Truth => match joined.to_lowercase().as_str() {
            "on" | "true" | "t" | "yes" | "1" => "on".to_owned(),
            "off" | "false" | "f" | "no" | "0" => "off".to_owned(),
            _ => return Err(wrong_value(name, "boolean")),
        },
        Reading::Isolation => match joined.to_lowercase().as_str() {
            "read committed" | "read uncommitted" | "repeatable read" | "serializable" => {
                "serializable".to_owned()
            }
            "strict serializable" => "strict serializable".to_owned(),
            "strong session serializable" => "strong session serializable".to_owned(),
            _ => {
                let message = format!("invalid value for parameter \"{name}\": \"{joined}\"");
                return Err(SqlError::new("22023", message));
            }
        },
    };
    Ok(Some(value))
}

/// Writes names, in quotes where they need them.
fn names(values: &[String]) -> String {
    let one = |value: &String| Ident::new(value).map_or_else(|_| value.clone(), |name| name.to_string());
    values.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// Writes a length of time in the largest unit that divides it: `5 s`.
fn shown(ms: u64) -> String {
    for (unit, size) in [("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000)] {
        if ms > 0 && ms.is_multiple_of(size) {
            return format!("{} {unit}", ms / size);
        }
    }
    if ms == 0 { "0 s".to_owned() } else { format!("{ms} ms") }
}

//! Durations in options: `'1s'`, `INTERVAL '00:00:05'`, `0`.

use super::super::error::SqlError;
use crate::sql::ast::OptionValue;
use crate::sql::ast::WithOption;

/// The units and their milliseconds.
const UNITS: [(&[&str], u64); 7] = [
    (&["us", "microsecond", "microseconds"], 0),
    (&["ms", "millisecond", "milliseconds"], 1),
    (&["s", "sec", "secs", "second", "seconds"], 1_000),
    (&["m", "min", "mins", "minute", "minutes"], 60_000),
    (&["h", "hr", "hrs", "hour", "hours"], 3_600_000),
    (&["d", "day", "days"], 86_400_000),
    (&["w", "week", "weeks"], 604_800_000),
];

/// The milliseconds of an option's value.
///
/// # Errors
/// Values that are no interval.
pub(super) fn of_option(option: &WithOption) -> Result<u64, SqlError> {
    let parsed = match &option.value {
        Some(OptionValue::String(text) | OptionValue::Interval(text)) => parse(text),
        Some(OptionValue::Number(digits)) => parse(digits),
        Some(
            OptionValue::Bool(_)
            | OptionValue::Name(_)
            | OptionValue::Secret(_)
            | OptionValue::List(_)
            | OptionValue::Nested(..)
            | OptionValue::Raw(_),
        )
        | None => None,
    };
    parsed.ok_or_else(|| SqlError::internal(format!("invalid {}: cannot use value as interval", option.name)))
}

/// Reads `1s`, `1 minute 30 seconds`, `00:01:30`, `1.5`.
pub(super) fn parse(text: &str) -> Option<u64> {
    let text = text.trim();
    if text.contains(':') {
        return clock(text);
    }
    let mut total = 0_u64;
    let mut rest = text;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, behind) = rest.split_at_checked(end)?;
        let behind = behind.trim_start();
        let end = behind.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(behind.len());
        let (unit, behind) = behind.split_at_checked(end)?;
        let unit = if unit.is_empty() { "s" } else { unit };
        let (_, scale) = UNITS.iter().find(|(names, _)| names.contains(&unit.to_lowercase().as_str()))?;
        total = total.checked_add(scaled(number, *scale)?)?;
        rest = behind.trim_start();
    }
    Some(total)
}

/// A decimal number of units of that many milliseconds.
fn scaled(number: &str, scale: u64) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let whole: u64 = whole.parse().ok()?;
    let digits: String = fraction.chars().take(9).collect();
    let part = match u32::try_from(digits.len()).ok()? {
        0 => 0,
        length => digits.parse::<u64>().ok()?.checked_mul(scale)? / 10_u64.pow(length),
    };
    whole.checked_mul(scale)?.checked_add(part)
}

/// Reads `hours:minutes:seconds`.
fn clock(text: &str) -> Option<u64> {
    let mut parts = text.split(':');
    let hours = scaled(parts.next()?, 3_600_000)?;
    let minutes = scaled(parts.next()?, 60_000)?;
    let seconds = parts.next().map_or(Some(0), |part| scaled(part, 1_000))?;
    hours.checked_add(minutes)?.checked_add(seconds)
}

/// Writes milliseconds as the server prints an interval: `00:00:01`, `1 day 00:00:00.5`.
pub(super) fn show(ms: u64) -> String {
    let (days, rest) = (ms / 86_400_000, ms % 86_400_000);
    let (hours, minutes) = (rest / 3_600_000, rest / 60_000 % 60);
    let (seconds, part) = (rest / 1_000 % 60, rest % 1_000);
    let mut text = match days {
        0 => String::new(),
        1 => "1 day ".to_owned(),
        days => format!("{days} days "),
    };
    text.push_str(&format!("{hours:02}:{minutes:02}:{seconds:02}"));
    if part > 0 {
        text.push_str(format!(".{part:03}").trim_end_matches('0'));
    }
    text
}

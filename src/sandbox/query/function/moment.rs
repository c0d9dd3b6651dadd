//! Functions of dates, times and spans.

use chrono::Datelike;
use chrono::Timelike;
use datafusion::arrow::array::timezone::Tz;

use super::*;
use crate::sandbox::error::SqlError;
use crate::sandbox::query::datum::DAY;
use crate::sandbox::query::time;

fn out_of_range() -> SqlError {
    SqlError::internal("timestamp out of range")
}

fn unit_of(args: &[Datum]) -> Result<&'static str, SqlError> {
    let unit = t(args, 0);
    time::unit(unit).ok_or_else(|| SqlError::internal(format!("unit '{unit}' not recognized")))
}

fn not_of(unit: &str, kind: &str) -> SqlError {
    SqlError::internal(format!("unit '{unit}' not supported for type {kind}"))
}

fn millionths(value: i128) -> Option<Decimal> {
    Decimal::from_i128(value).divide(Decimal::from_i128(1_000_000))
}

fn of_date(args: &[Datum]) -> i64 {
    n(args, 1).saturating_mul(DAY)
}

fn truncated(args: &[Datum], value: i64) -> Result<Datum, SqlError> {
    let unit = unit_of(args)?;
    time::truncate(unit, value).map(Datum::Int).ok_or_else(|| not_of(unit, "timestamp"))
}

fn truncated_span(args: &[Datum]) -> Result<Datum, SqlError> {
    let unit = unit_of(args)?;
    time::truncate_interval(unit, span(args, 1)).map(Datum::Interval).ok_or_else(|| not_of(unit, "interval"))
}

/// The fields that a day has none of.
const CLOCK: &[&str] = &["hour", "minute", "second", "milliseconds", "microseconds"];

fn part(args: &[Datum], value: i64, kind: &str) -> Result<Decimal, SqlError> {
    let unit = unit_of(args)?;
    let has = match kind {
        "date" => !CLOCK.contains(&unit),
        "time" => CLOCK.contains(&unit) || unit == "epoch",
        _ => true,
    };
    let value = if has { time::field(unit, value) } else { None };
    value.and_then(millionths).ok_or_else(|| not_of(unit, kind))
}

fn part_of_span(args: &[Datum]) -> Result<Decimal, SqlError> {
    let unit = unit_of(args)?;
    time::interval_field(unit, span(args, 1)).and_then(millionths).ok_or_else(|| not_of(unit, "interval"))
}

fn numeric(value: Result<Decimal, SqlError>) -> Result<Datum, SqlError> {
    value.map(Datum::Numeric)
}

fn float(value: Result<Decimal, SqlError>) -> Result<Datum, SqlError> {
    value.map(|value| Datum::Float(value.to_f64()))
}

fn binned(step: Interval, value: i64, origin: i64) -> Result<Datum, SqlError> {
    if step.months != 0 {
        return Err(SqlError::internal(
            "timestamps cannot be binned into intervals containing months or years",
        ));
    }
    let step = i64::try_from(step.total()).map_err(|_| out_of_range())?;
    if step <= 0 {
        return Err(SqlError::internal("stride must be greater than zero"));
    }
    let since = value.checked_sub(origin).ok_or_else(out_of_range)?;
    Ok(Datum::Int(value - since.rem_euclid(step)))
}

/// How far a zone is ahead of UTC at a moment given in UTC or in its own time.
fn offset(zone: &str, value: i64, local: bool) -> Result<i64, SqlError> {
    if let Some(fixed) = time::parse_offset(zone) {
        return Ok(fixed);
    }
    let unknown = || SqlError::internal(format!("invalid time zone '{zone}'"));
    let zone: Tz = zone.parse().map_err(|_| unknown())?;
    let at = time::at(value).ok_or_else(out_of_range)?;
    let offset = if local {
        chrono::TimeZone::offset_from_local_datetime(&zone, &at).earliest().ok_or_else(unknown)?
    } else {
        chrono::TimeZone::offset_from_utc_datetime(&zone, &at)
    };
    Ok(i64::from(chrono::Offset::fix(&offset).local_minus_utc()) * 1_000_000)
}

fn justified(value: Interval, hours: bool, days: bool) -> Interval {
    let mut micros = i128::from(value.micros);
    let mut whole = i64::from(value.days);
    let mut months = i64::from(value.months);
    let day = i128::from(DAY);
    if hours {
        whole += i64::try_from(micros / day).unwrap_or(0);
        micros %= day;
    }
    if days {
        months += whole / 30;
        whole %= 30;
    }
    // What is left of one sign is made good by one of the next greater unit.
    let positive = |amount: i128| amount > 0;
    if days && months != 0 {
        let rest = if hours { i128::from(whole) * day + micros } else { i128::from(whole) };
        if rest != 0 && positive(rest) != positive(i128::from(months)) {
            let step = if months > 0 { 1 } else { -1 };
            months -= step;
            whole += 30 * step;
        }
    }
    if hours && whole != 0 && micros != 0 && positive(micros) != positive(i128::from(whole)) {
        let step = if whole > 0 { 1 } else { -1 };
        whole -= step;
        micros += day * i128::from(step);
    }
    Interval {
        months: i32::try_from(months).unwrap_or(value.months),
        days: i32::try_from(whole).unwrap_or(value.days),
        micros: i64::try_from(micros).unwrap_or(value.micros),
    }
}

/// The patterns of `to_char`, longer ones before those that they begin with.
const PATTERNS: &[&str] = &[
    "HH24", "HH12", "HH", "MI", "SSSSS", "SSSS", "SS", "MS", "US", "Y,YYY", "YYYY", "YYY", "YY", "IYYY", "Y",
    "MONTH", "Month", "month", "MON", "Mon", "mon", "MM", "DDD", "DD", "DAY", "Day", "day", "DY", "Dy", "dy",
    "A.M.", "P.M.", "a.m.", "p.m.", "AM", "PM", "am", "pm", "TZH", "TZM", "TZ", "tz", "OF", "Q", "ID", "IW",
    "WW", "W", "CC", "J", "D",
];

fn to_char(value: i64, format: &str) -> Result<Datum, SqlError> {
    let at = time::at(value).ok_or_else(out_of_range)?;
    let mut out = String::new();
    let mut rest = format;
    while let Some(c) = rest.chars().next() {
        if let Some(quoted) = rest.strip_prefix('"') {
            let end = quoted.find('"').unwrap_or(quoted.len());
            out.push_str(quoted.get(..end).unwrap_or_default());
            rest = quoted.get(end + 1..).unwrap_or_default();
            continue;
        }
        // `FM` takes the filling away from what follows it.
        let (bare, after) = match rest.strip_prefix("FM").or_else(|| rest.strip_prefix("fm")) {
            Some(after) => (true, after),
            None => (false, rest),
        };
        let Some(pattern) = PATTERNS.iter().find(|pattern| after.starts_with(**pattern)) else {
            out.push(c);
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
            continue;
        };
        rest = after.get(pattern.len()..).unwrap_or_default();
        let filled = written(pattern, value, at)?;
        let number = filled.bytes().all(|byte| byte.is_ascii_digit());
        let text = match bare {
            true if number => {
                let digits = filled.trim_start_matches('0');
                if digits.is_empty() { "0" } else { digits }
            }
            true => filled.trim_end(),
            false => &filled,
        };
        out.push_str(text);
        if number && let Some(suffix) = ["TH", "th"].into_iter().find(|suffix| rest.starts_with(suffix)) {
            rest = rest.get(suffix.len()..).unwrap_or_default();
            let ordinal = ordinal(text);
            out.push_str(&if suffix == "TH" { ordinal.to_uppercase() } else { ordinal.to_owned() });
        }
    }
    Ok(Datum::text(out))
}

/// The ending of an ordinal number.
fn ordinal(digits: &str) -> &'static str {
    let tens = digits.len() > 1 && digits.as_bytes().get(digits.len() - 2) == Some(&b'1');
    match digits.as_bytes().last() {
        Some(b'1') if !tens => "st",
        Some(b'2') if !tens => "nd",
        Some(b'3') if !tens => "rd",
        _ => "th",
    }
}

/// What a pattern of `to_char` gives of a moment.
fn written(pattern: &str, value: i64, at: chrono::NaiveDateTime) -> Result<String, SqlError> {
    let hour12 = if at.hour().is_multiple_of(12) { 12 } else { at.hour() % 12 };
    let half = if at.hour() < 12 { "AM" } else { "PM" };
    let dotted = if at.hour() < 12 { "A.M." } else { "P.M." };
    let name = |format: &str| at.format(format).to_string();
    Ok(match pattern {
        "HH24" => format!("{:02}", at.hour()),
        "HH12" | "HH" => format!("{hour12:02}"),
        "MI" => format!("{:02}", at.minute()),
        "SS" => format!("{:02}", at.second()),
        "SSSS" | "SSSSS" => at.num_seconds_from_midnight().to_string(),
        "MS" => format!("{:03}", value.rem_euclid(1_000_000) / 1000),
        "US" => format!("{:06}", value.rem_euclid(1_000_000)),
        "Y,YYY" => format!("{},{:03}", at.year() / 1000, at.year() % 1000),
        "YYYY" => format!("{:04}", at.year()),
        "YYY" => format!("{:03}", at.year().rem_euclid(1000)),
        "YY" => format!("{:02}", at.year().rem_euclid(100)),
        "Y" => at.year().rem_euclid(10).to_string(),
        "IYYY" => format!("{:04}", at.iso_week().year()),
        "MONTH" => format!("{:<9}", name("%B").to_uppercase()),
        "Month" => format!("{:<9}", name("%B")),
        "month" => format!("{:<9}", name("%B").to_lowercase()),
        "MON" => name("%b").to_uppercase(),
        "Mon" => name("%b"),
        "mon" => name("%b").to_lowercase(),
        "MM" => format!("{:02}", at.month()),
        "DDD" => format!("{:03}", at.ordinal()),
        "DD" => format!("{:02}", at.day()),
        "DAY" => format!("{:<9}", name("%A").to_uppercase()),
        "Day" => format!("{:<9}", name("%A")),
        "day" => format!("{:<9}", name("%A").to_lowercase()),
        "DY" => name("%a").to_uppercase(),
        "Dy" => name("%a"),
        "dy" => name("%a").to_lowercase(),
        "AM" | "PM" => half.to_owned(),
        "am" | "pm" => half.to_lowercase(),
        "A.M." | "P.M." => dotted.to_owned(),
        "a.m." | "p.m." => dotted.to_lowercase(),
        "TZ" => "UTC".to_owned(),
        "tz" => "utc".to_owned(),
        "OF" | "TZH" => "+00".to_owned(),
        "TZM" => "00".to_owned(),
        "Q" => ((at.month() - 1) / 3 + 1).to_string(),
        "D" => (at.weekday().num_days_from_sunday() + 1).to_string(),
        "ID" => at.weekday().number_from_monday().to_string(),
        "IW" => format!("{:02}", at.iso_week().week()),
        "WW" => format!("{:02}", (at.ordinal() - 1) / 7 + 1),
        "W" => ((at.day() - 1) / 7 + 1).to_string(),
        "CC" => format!("{:02}", (at.year() - 1).div_euclid(100) + 1),
        other => return Err(SqlError::unsupported(format!("{other} in to_char"))),
    })
}

fn fields(numeric_: bool) -> Vec<Overload> {
    // By date, moment, span and time of the day.
    let evals: [Eval; 4] = if numeric_ {
        [
            |_, a| numeric(part(a, of_date(a), "date")),
            |_, a| numeric(part(a, n(a, 1), "timestamp")),
            |_, a| numeric(part_of_span(a)),
            |_, a| numeric(part(a, n(a, 1), "time")),
        ]
    } else {
        [
            // The server has no `date_part` of a date: it is one of the moment at which the day begins.
            |_, a| float(part(a, of_date(a), "timestamp")),
            |_, a| float(part(a, n(a, 1), "timestamp")),
            |_, a| float(part_of_span(a)),
            |_, a| float(part(a, n(a, 1), "time")),
        ]
    };
    let result = if numeric_ { a_numeric } else { a_float8 };
    let [of_date_, of_moment, of_span, of_time] = evals;
    vec![
        f(&[TEXT, Type::Date], result, of_date_),
        f(&[TEXT, TIMESTAMP], result, of_moment),
        f(&[TEXT, TIMESTAMPTZ], result, of_moment),
        f(&[TEXT, Type::Interval], result, of_span),
        f(&[TEXT, Type::Time], result, of_time),
    ]
}

fn an_mz_timestamp(_: &[Type]) -> Type {
    Type::MzTimestamp
}

/// The functions of this file.
pub(super) fn overloads(name: &str) -> Option<Vec<Overload>> {
    Some(match name {
        "now" | "current_timestamp" => vec![f(&[], a_timestamptz, |context, _| {
            Ok(Datum::Int(i64::try_from(context.scope.now.0).unwrap_or(0).saturating_mul(1000)))
        })],
        "mz_now" => vec![f(&[], an_mz_timestamp, |context, _| {
            Ok(Datum::UInt(context.scope.as_of.unwrap_or(context.scope.now).0))
        })],
        "date_trunc" => vec![
            f(&[TEXT, TIMESTAMP], a_timestamp, |_, a| truncated(a, n(a, 1))),
            f(&[TEXT, TIMESTAMPTZ], a_timestamptz, |_, a| truncated(a, n(a, 1))),
            f(&[TEXT, Type::Interval], an_interval, |_, a| truncated_span(a)),
        ],
        "date_part" => fields(false),
        "extract" => fields(true),
        "date_bin" => vec![
            f(&[Type::Interval, TIMESTAMP, TIMESTAMP], a_timestamp, |_, a| {
                binned(span(a, 0), n(a, 1), n(a, 2))
            }),
            f(&[Type::Interval, TIMESTAMPTZ, TIMESTAMPTZ], a_timestamptz, |_, a| {
                binned(span(a, 0), n(a, 1), n(a, 2))
            }),
        ],
        "timezone" => vec![
            f(&[TEXT, TIMESTAMP], a_timestamptz, |_, a| {
                Ok(Datum::Int(n(a, 1) - offset(t(a, 0), n(a, 1), true)?))
            }),
            f(&[TEXT, TIMESTAMPTZ], a_timestamp, |_, a| {
                Ok(Datum::Int(n(a, 1) + offset(t(a, 0), n(a, 1), false)?))
            }),
        ],
        "to_timestamp" => vec![f(&[FLOAT8], a_timestamptz, |_, a| {
            let micros = (x(a, 0) * 1_000_000.0).round();
            if micros.abs() < 9.0e18 { Ok(Datum::Int(micros as i64)) } else { Err(out_of_range()) }
        })],
        "to_char" => vec![
            f(&[TIMESTAMP, TEXT], a_text, |_, a| to_char(n(a, 0), t(a, 1))),
            f(&[TIMESTAMPTZ, TEXT], a_text, |_, a| to_char(n(a, 0), t(a, 1))),
        ],
        "age" => [TIMESTAMP, TIMESTAMPTZ]
            .map(|of| {
                f(&[of.clone(), of], an_interval, |_, a| {
                    time::age(n(a, 0), n(a, 1)).map(Datum::Interval).ok_or_else(out_of_range)
                })
            })
            .into(),
        "justify_hours" => vec![f(&[Type::Interval], an_interval, |_, a| {
            Ok(Datum::Interval(justified(span(a, 0), true, false)))
        })],
        "justify_days" => vec![f(&[Type::Interval], an_interval, |_, a| {
            Ok(Datum::Interval(justified(span(a, 0), false, true)))
        })],
        "justify_interval" => vec![f(&[Type::Interval], an_interval, |_, a| {
            Ok(Datum::Interval(justified(span(a, 0), true, true)))
        })],
        _ => return None,
    })
}

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

fn unit_error(unit: &str) -> SqlError {
    SqlError::internal(format!("unit '{unit}' not recognized"))
}

fn millionths(value: i128) -> Option<Decimal> {
    Decimal::from_i128(value).divide(Decimal::from_i128(1_000_000))
}

fn field(unit: &str, value: Option<i128>) -> Result<Decimal, SqlError> {
    value.and_then(millionths).ok_or_else(|| unit_error(unit))
}

fn of_date(args: &[Datum]) -> i64 {
    n(args, 1).saturating_mul(DAY)
}

fn truncated(args: &[Datum], value: i64) -> Result<Datum, SqlError> {
    let unit = t(args, 0).to_lowercase();
    time::truncate(&unit, value).map(Datum::Int).ok_or_else(|| unit_error(&unit))
}

fn part(args: &[Datum], value: i64) -> Result<Decimal, SqlError> {
    let unit = t(args, 0).to_lowercase();
    field(&unit, time::field(&unit, value))
}

fn part_of_span(args: &[Datum]) -> Result<Decimal, SqlError> {
    let unit = t(args, 0).to_lowercase();
    field(&unit, time::interval_field(&unit, span(args, 1)))
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

fn justified(mut value: Interval, hours: bool, days: bool) -> Interval {
    if hours {
        value.days += i32::try_from(value.micros / DAY).unwrap_or(0);
        value.micros %= DAY;
    }
    if days {
        value.months += value.days / 30;
        value.days %= 30;
    }
    value
}

fn to_char(value: i64, format: &str) -> Result<Datum, SqlError> {
    const TOKENS: &[&str] = &[
        "HH24", "HH12", "HH", "MI", "SS", "MS", "US", "YYYY", "YY", "MONTH", "Month", "month", "MON", "Mon",
        "mon", "MM", "DDD", "DD", "DAY", "Day", "day", "DY", "Dy", "dy", "AM", "PM", "am", "pm", "TZ", "Q",
        "D", "IW",
    ];
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
        let Some(token) = TOKENS.iter().find(|token| rest.starts_with(**token)) else {
            out.push(c);
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
            continue;
        };
        rest = rest.get(token.len()..).unwrap_or_default();
        let hour12 = if at.hour() % 12 == 0 { 12 } else { at.hour() % 12 };
        let half = if at.hour() < 12 { "AM" } else { "PM" };
        let name = |format: &str| at.format(format).to_string();
        out.push_str(&match *token {
            "HH24" => format!("{:02}", at.hour()),
            "HH12" | "HH" => format!("{hour12:02}"),
            "MI" => format!("{:02}", at.minute()),
            "SS" => format!("{:02}", at.second()),
            "MS" => format!("{:03}", value.rem_euclid(1_000_000) / 1000),
            "US" => format!("{:06}", value.rem_euclid(1_000_000)),
            "YYYY" => format!("{:04}", at.year()),
            "YY" => format!("{:02}", at.year().rem_euclid(100)),
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
            "TZ" => "UTC".to_owned(),
            "Q" => ((at.month() - 1) / 3 + 1).to_string(),
            "D" => (at.weekday().num_days_from_sunday() + 1).to_string(),
            _ => format!("{:02}", at.iso_week().week()),
        });
    }
    Ok(Datum::text(out))
}

fn fields(numeric_: bool) -> Vec<Overload> {
    let (of_date_, of_time, of_span): (Eval, Eval, Eval) = if numeric_ {
        (
            |_, a| numeric(part(a, of_date(a))),
            |_, a| numeric(part(a, n(a, 1))),
            |_, a| numeric(part_of_span(a)),
        )
    } else {
        (|_, a| float(part(a, of_date(a))), |_, a| float(part(a, n(a, 1))), |_, a| float(part_of_span(a)))
    };
    let result = if numeric_ { a_numeric } else { a_float8 };
    vec![
        f(&[TEXT, Type::Date], result, of_date_),
        f(&[TEXT, TIMESTAMP], result, of_time),
        f(&[TEXT, TIMESTAMPTZ], result, of_time),
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
        "mz_now" => vec![f(&[], an_mz_timestamp, |context, _| Ok(Datum::UInt(context.scope.now.0)))],
        "date_trunc" => vec![
            f(&[TEXT, TIMESTAMP], a_timestamp, |_, a| truncated(a, n(a, 1))),
            f(&[TEXT, TIMESTAMPTZ], a_timestamptz, |_, a| truncated(a, n(a, 1))),
            f(&[TEXT, Type::Interval], an_interval, |_, _| {
                Err(SqlError::unsupported("date_trunc of an interval"))
            }),
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

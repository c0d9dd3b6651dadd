//! Dates, times and intervals in the binary format: days and microseconds from 2000.

use chrono::Datelike;
use chrono::NaiveDate;
use chrono::NaiveDateTime;
use chrono::NaiveTime;
use chrono::TimeDelta;
use chrono::Timelike;

fn epoch() -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(2000, 1, 1)
}

/// The days of a date.
pub(super) fn date(text: &str) -> Option<i32> {
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    date.num_days_from_ce().checked_sub(epoch()?.num_days_from_ce())
}

/// The date of so many days.
pub(super) fn date_text(days: i32) -> Option<String> {
    let date = epoch()?.checked_add_signed(TimeDelta::try_days(i64::from(days))?)?;
    Some(date.format("%Y-%m-%d").to_string())
}

/// The microseconds of a time of day.
pub(super) fn time(text: &str) -> Option<i64> {
    let time = NaiveTime::parse_from_str(text, "%H:%M:%S%.f").ok()?;
    Some(i64::from(time.num_seconds_from_midnight()) * 1_000_000 + i64::from(time.nanosecond() / 1_000))
}

/// The time of day of so many microseconds.
pub(super) fn time_text(micros: i64) -> Option<String> {
    let seconds = u32::try_from(micros.checked_div(1_000_000)?).ok()?;
    let rest = u32::try_from(micros % 1_000_000).ok()?;
    let time = NaiveTime::from_num_seconds_from_midnight_opt(seconds, rest * 1_000)?;
    Some(shortened(&time.format("%H:%M:%S%.6f").to_string()))
}

/// The microseconds of a moment; `+00` at its end is left out.
pub(super) fn timestamp(text: &str) -> Option<i64> {
    let text = text.strip_suffix("+00").unwrap_or(text);
    let moment = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").ok()?;
    moment.signed_duration_since(epoch()?.and_hms_opt(0, 0, 0)?).num_microseconds()
}

/// The moment of so many microseconds.
pub(super) fn timestamp_text(micros: i64) -> Option<String> {
    let moment = epoch()?.and_hms_opt(0, 0, 0)?.checked_add_signed(TimeDelta::microseconds(micros))?;
    Some(shortened(&moment.format("%Y-%m-%d %H:%M:%S%.6f").to_string()))
}

/// Leaves out zeros behind the point.
fn shortened(text: &str) -> String {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text.to_owned()
    }
}

/// An interval as it is printed: `1 year 2 months 3 days 04:05:06.7`.
pub(super) fn interval(text: &str) -> Option<Vec<u8>> {
    let (mut months, mut days, mut micros) = (0_i32, 0_i32, 0_i64);
    let mut words = text.split_whitespace();
    while let Some(word) = words.next() {
        if word.contains(':') {
            micros = clock(word)?;
            continue;
        }
        let count: i32 = word.parse().ok()?;
        match words.next()?.trim_end_matches('s') {
            "year" => months = months.checked_add(count.checked_mul(12)?)?,
            "mon" | "month" => months = months.checked_add(count)?,
            "day" => days = days.checked_add(count)?,
            _ => return None,
        }
    }
    let mut bytes = micros.to_be_bytes().to_vec();
    bytes.extend(days.to_be_bytes());
    bytes.extend(months.to_be_bytes());
    Some(bytes)
}

/// The interval of sixteen bytes: microseconds, days, months.
pub(super) fn interval_text(bytes: &[u8]) -> Option<String> {
    let (micros, rest) = bytes.split_first_chunk::<8>()?;
    let (days, rest) = rest.split_first_chunk::<4>()?;
    let months: [u8; 4] = rest.try_into().ok()?;
    let (days, months) = (i32::from_be_bytes(*days), i32::from_be_bytes(months));
    let micros = i64::from_be_bytes(*micros);
    let sign = if micros < 0 { "-" } else { "" };
    let size = micros.unsigned_abs();
    let (seconds, micros) = (size / 1_000_000, size % 1_000_000);
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    let clock = shortened(&format!("{hours:02}:{minutes:02}:{seconds:02}.{micros:06}"));
    Some(format!("{months} months {days} days {sign}{clock}"))
}

/// `-04:05:06.7`, of any number of hours.
fn clock(text: &str) -> Option<i64> {
    let (sign, text) = match text.strip_prefix('-') {
        Some(text) => (-1, text),
        None => (1, text),
    };
    let mut parts = text.split(':');
    let (hours, minutes) = (parts.next()?.parse::<i64>().ok()?, parts.next()?.parse::<i64>().ok()?);
    let seconds = parts.next().unwrap_or("0");
    let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, ""));
    let fraction: i64 = format!("{fraction:0<6}").get(..6)?.parse().ok()?;
    let total = (hours.checked_mul(60)?.checked_add(minutes)?).checked_mul(60)?;
    let total = total.checked_add(whole.parse::<i64>().ok()?)?;
    total.checked_mul(1_000_000)?.checked_add(fraction)?.checked_mul(sign)
}

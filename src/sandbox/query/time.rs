//! Dates, times and spans: reading, writing, reckoning.

use chrono::Datelike;
use chrono::NaiveDate;
use chrono::NaiveDateTime;
use chrono::TimeDelta;
use chrono::Timelike;

use super::datum::DAY;
use super::datum::Interval;

fn epoch() -> NaiveDateTime {
    NaiveDateTime::default()
}

/// A timestamp as calendar and clock show it.
pub(super) fn at(micros: i64) -> Option<NaiveDateTime> {
    epoch().checked_add_signed(TimeDelta::microseconds(micros))
}

/// Microseconds since 1970.
pub(super) fn micros(at: NaiveDateTime) -> i64 {
    at.and_utc().timestamp_micros()
}

/// A date as the calendar shows it.
pub(super) fn day(days: i64) -> Option<NaiveDate> {
    epoch().date().checked_add_signed(TimeDelta::try_days(days)?)
}

/// Days since 1970.
pub(super) fn days(date: NaiveDate) -> i64 {
    i64::from(date.num_days_from_ce()) - i64::from(epoch().date().num_days_from_ce())
}

/// Writes a date.
pub(super) fn date_text(days: i64) -> String {
    day(days).map_or_else(String::new, |date| match date.year() {
        year if year > 0 => format!("{year:04}-{:02}-{:02}", date.month(), date.day()),
        year => format!("{:04}-{:02}-{:02} BC", 1 - year, date.month(), date.day()),
    })
}

/// Writes a time of day.
pub(super) fn time_text(micros: i64) -> String {
    let seconds = micros.div_euclid(1_000_000);
    let mut text = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    text.push_str(&fraction(micros.rem_euclid(1_000_000)));
    text
}

/// Writes a timestamp.
pub(super) fn timestamp_text(micros: i64) -> String {
    format!("{} {}", date_text(micros.div_euclid(DAY)), time_text(micros.rem_euclid(DAY)))
}

fn fraction(micros: i64) -> String {
    if micros == 0 {
        return String::new();
    }
    format!(".{micros:06}").trim_end_matches('0').to_owned()
}

/// Writes a span of time.
pub(super) fn interval_text(interval: Interval) -> String {
    let mut parts = Vec::new();
    let (years, months) = (interval.months / 12, interval.months % 12);
    for (amount, word) in [(years, "year"), (months, "month"), (interval.days, "day")] {
        if amount != 0 {
            parts.push(format!("{amount} {word}{}", if amount == 1 { "" } else { "s" }));
        }
    }
    if interval.micros != 0 || parts.is_empty() {
        let sign = if interval.micros < 0 { "-" } else { "" };
        let micros = interval.micros.unsigned_abs();
        let seconds = micros / 1_000_000;
        let rest = i64::try_from(micros % 1_000_000).unwrap_or(0);
        parts.push(format!(
            "{sign}{:02}:{:02}:{:02}{}",
            seconds / 3600,
            seconds / 60 % 60,
            seconds % 60,
            fraction(rest)
        ));
    }
    parts.join(" ")
}

/// Reads a date.
///
/// # Errors
/// The server's words for what is wrong.
pub(super) fn parse_date(text: &str) -> Result<i64, String> {
    let (date, _) = split(text);
    parse_calendar(date).map(days)
}

fn split(text: &str) -> (&str, &str) {
    let text = text.trim();
    match text.find(['T', 't', ' ']) {
        Some(at) if at > 0 => (text.get(..at).unwrap_or(text), text.get(at + 1..).unwrap_or_default().trim()),
        _ => (text, ""),
    }
}

fn parse_calendar(text: &str) -> Result<NaiveDate, String> {
    if text.eq_ignore_ascii_case("epoch") {
        return Ok(epoch().date());
    }
    let parts: Vec<&str> = text.split(['-', '/', '.']).collect();
    let compact = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
    let numbers: Option<Vec<i64>> = if compact {
        [text.get(..4), text.get(4..6), text.get(6..)]
            .iter()
            .map(|part| part.and_then(|p| p.parse().ok()))
            .collect()
    } else {
        parts.iter().map(|part| part.parse().ok()).collect()
    };
    let Some([year, month, day]) = numbers.as_deref().and_then(|numbers| <[i64; 3]>::try_from(numbers).ok())
    else {
        return Err("YEAR, MONTH, DAY are all required".to_owned());
    };
    if !(1..=12).contains(&month) {
        return Err(format!("MONTH must be [1, 12], got {month}"));
    }
    if !(1..=31).contains(&day) {
        return Err(format!("DAY must be [1, 31], got {day}"));
    }
    let made = i32::try_from(year)
        .ok()
        .and_then(|year| NaiveDate::from_ymd_opt(year, u32::try_from(month).ok()?, u32::try_from(day).ok()?));
    made.ok_or_else(|| "invalid or out-of-range date".to_owned())
}

/// Reads a time of day.
///
/// # Errors
/// The server's words for what is wrong.
pub(super) fn parse_time(text: &str) -> Result<i64, String> {
    let text = text.trim();
    let (clock, afternoon) = match text.to_ascii_lowercase() {
        lower if lower.ends_with("pm") => (text.get(..text.len() - 2).unwrap_or(text).trim(), Some(true)),
        lower if lower.ends_with("am") => (text.get(..text.len() - 2).unwrap_or(text).trim(), Some(false)),
        _ => (text, None),
    };
    let wrong = || "HOUR, MINUTE are required".to_owned();
    let mut parts = clock.split(':');
    let mut number = |name: &str, limit: i64| -> Result<i64, String> {
        match parts.next() {
            None => Ok(0),
            Some(part) => {
                let value: i64 = part.parse().map_err(|_| wrong())?;
                if (0..=limit).contains(&value) {
                    Ok(value)
                } else {
                    Err(format!("{name} must be [0, {limit}], got {value}"))
                }
            }
        }
    };
    if !clock.contains(':') {
        return Err(wrong());
    }
    let mut hour = number("HOUR", 23)?;
    let minute = number("MINUTE", 59)?;
    match afternoon {
        Some(true) if hour < 12 => hour += 12,
        Some(false) if hour == 12 => hour = 0,
        _ => {}
    }
    let seconds = match parts.next() {
        None => 0,
        Some(part) => parse_micros(part).ok_or_else(wrong)?,
    };
    let micros = ((hour * 60 + minute) * 60_000_000).checked_add(seconds);
    micros.ok_or_else(|| "time out of range".to_owned())
}

/// Reads seconds with a fraction as microseconds.
fn parse_micros(text: &str) -> Option<i64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let digits = format!("{:0<7}", part.get(..part.len().min(7))?);
    let tenths: i64 = digits.parse().ok()?;
    whole.checked_mul(1_000_000)?.checked_add((tenths + 5) / 10)
}

/// Reads a timestamp; what it says of a zone is left out, or reckoned in where `zoned`.
///
/// # Errors
/// The server's words for what is wrong.
pub(super) fn parse_timestamp(text: &str, zoned: bool) -> Result<i64, String> {
    let (date, clock) = split(text);
    let date = days(parse_calendar(date)?);
    let (clock, offset) = zone(clock);
    let clock = if clock.is_empty() { 0 } else { parse_time(clock)? };
    let offset = if zoned { offset.ok_or_else(|| "invalid time zone".to_owned())? } else { 0 };
    date.checked_mul(DAY)
        .and_then(|start| start.checked_add(clock))
        .and_then(|local| local.checked_sub(offset))
        .ok_or_else(|| "timestamp out of range".to_owned())
}

/// Takes the zone off a time: `Z`, `+02`, `-03:30`, `UTC`; its offset in microseconds.
fn zone(clock: &str) -> (&str, Option<i64>) {
    if let Some(rest) = clock.strip_suffix(['Z', 'z']) {
        return (rest.trim_end(), Some(0));
    }
    if clock.to_ascii_uppercase().ends_with("UTC") {
        return (clock.get(..clock.len() - 3).unwrap_or(clock).trim_end(), Some(0));
    }
    match clock.rfind(['+', '-']) {
        Some(at) => {
            let offset = clock.get(at..).and_then(parse_offset);
            (clock.get(..at).unwrap_or(clock).trim_end(), offset)
        }
        None => (clock, Some(0)),
    }
}

/// Reads an offset from UTC: `+02`, `-03:30`, `+0530`.
pub(super) fn parse_offset(text: &str) -> Option<i64> {
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    if digits.is_empty() || !text.chars().skip(1).all(|c| c.is_ascii_digit() || c == ':') {
        return None;
    }
    let (hours, minutes) =
        if digits.len() > 2 { digits.split_at(digits.len() - 2) } else { (digits.as_str(), "0") };
    let minutes = hours.parse::<i64>().ok()?.checked_mul(60)?.checked_add(minutes.parse::<i64>().ok()?)?;
    (minutes < 16 * 60).then(|| sign * minutes * 60_000_000)
}

/// Reads a span of time, as in `1 year 2 days 04:05:06.7` and `P1DT2H`.
///
/// # Errors
/// The server's words for what is wrong.
pub(super) fn parse_interval(text: &str) -> Result<Interval, String> {
    let mut total = Interval::default();
    let mut number: Option<f64> = None;
    let mut any = false;
    let spaced = spaced(text);
    let mut ago = false;
    if let Some(iso) = iso_interval(text) {
        return if is_full(&iso) { Err(too_far()) } else { Ok(iso) };
    }
    for word in spaced.split_whitespace().filter(|word| *word != "@") {
        if let Some(months) = years_and_months(word) {
            add_to(&mut total.months, months);
            any = true;
        } else if word.contains(':') {
            let (sign, clock) = match word.strip_prefix('-') {
                Some(rest) => (-1, rest),
                None => (1, word.strip_prefix('+').unwrap_or(word)),
            };
            let mut parts = clock.split(':');
            let hours: i64 = parts.next().and_then(|p| p.parse().ok()).ok_or_else(|| unknown(word))?;
            let minutes: i64 = parts.next().and_then(|p| p.parse().ok()).ok_or_else(|| unknown(word))?;
            let seconds = parts.next().map_or(Some(0), parse_micros).ok_or_else(|| unknown(word))?;
            let minutes = hours.checked_mul(60).and_then(|all| all.checked_add(minutes));
            let micros = minutes.and_then(|all| all.checked_mul(60_000_000)?.checked_add(seconds));
            let micros = micros.ok_or_else(too_far)?;
            add_to(&mut total.micros, sign * micros);
            any = true;
        } else if let Ok(value) = word.parse::<f64>() {
            if number.is_some() {
                return Err("Cannot determine format of all parts".to_owned());
            }
            number = Some(value);
        } else if word.eq_ignore_ascii_case("ago") {
            ago = true;
        } else {
            let amount = number.take().ok_or_else(|| unknown(word))?;
            add_unit(&mut total, amount, word)?;
            any = true;
        }
    }
    if let Some(seconds) = number {
        add_unit(&mut total, seconds, "second")?;
        any = true;
    }
    if !any {
        return Err("Cannot determine format of all parts".to_owned());
    }
    if is_full(&total) {
        return Err(too_far());
    }
    Ok(if ago { negate(total) } else { total })
}

/// `1-2` is a year and two months.
fn years_and_months(word: &str) -> Option<i32> {
    let (sign, rest) = match word.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, word.strip_prefix('+').unwrap_or(word)),
    };
    let (years, months) = rest.split_once('-')?;
    let (years, months): (i32, i32) = (years.parse().ok()?, months.parse().ok()?);
    years.checked_mul(12)?.checked_add(months)?.checked_mul(sign)
}

/// `P1Y2M3DT4H5M6S`
fn iso_interval(text: &str) -> Option<Interval> {
    let mut total = Interval::default();
    let mut rest = text.trim().strip_prefix(['P', 'p'])?;
    let mut clock = false;
    while let Some(c) = rest.chars().next() {
        if matches!(c, 'T' | 't') {
            clock = true;
            rest = rest.get(1..)?;
            continue;
        }
        let end = rest.find(|c: char| c.is_ascii_alphabetic())?;
        let amount: f64 = rest.get(..end)?.parse().ok()?;
        let unit = match (rest.get(end..=end)?.to_ascii_uppercase().as_str(), clock) {
            ("Y", false) => "year",
            ("M", false) => "month",
            ("W", false) => "week",
            ("D", false) => "day",
            ("H", true) => "hour",
            ("M", true) => "minute",
            ("S", true) => "second",
            _ => return None,
        };
        add_unit(&mut total, amount, unit).ok()?;
        rest = rest.get(end + 1..)?;
    }
    Some(total)
}

fn too_far() -> String {
    "interval field value out of range".to_owned()
}

fn unknown(word: &str) -> String {
    format!("invalid DateTimeField: {}", word.to_uppercase())
}

/// Puts blanks between numbers and words: `1d12h` is `1 d 12 h`.
fn spaced(text: &str) -> String {
    let mut result = String::with_capacity(text.len() + 8);
    let mut previous = ' ';
    for c in text.chars() {
        if (previous.is_ascii_digit() && c.is_alphabetic())
            || (previous.is_alphabetic() && c.is_ascii_digit())
        {
            result.push(' ');
        }
        result.push(if c == ',' { ' ' } else { c });
        previous = c;
    }
    result
}

/// Adds within what the server's spans hold; what is beyond stays at their end, where it is refused.
fn add_to<N: Bounded>(field: &mut N, amount: N) {
    *field = field.plus(amount);
}

/// Numbers that stop at their ends.
trait Bounded: Copy {
    fn plus(self, other: Self) -> Self;
}

impl Bounded for i32 {
    fn plus(self, other: Self) -> Self {
        self.saturating_add(other)
    }
}

impl Bounded for i64 {
    fn plus(self, other: Self) -> Self {
        self.saturating_add(other)
    }
}

/// Tells whether a span went beyond what can be held.
fn is_full(total: &Interval) -> bool {
    [total.months, total.days].iter().any(|part| [i32::MIN, i32::MAX].contains(part))
        || [i64::MIN, i64::MAX].contains(&total.micros)
}

fn add_unit(total: &mut Interval, amount: f64, unit: &str) -> Result<(), String> {
    let lower = unit.to_ascii_lowercase();
    let months = |each: f64| (amount * each).round() as i32;
    match lower.trim_end_matches('s') {
        "millennium" | "millennia" | "mil" => add_to(&mut total.months, months(12_000.0)),
        "century" | "centurie" | "cent" | "c" => add_to(&mut total.months, months(1200.0)),
        "decade" | "dec" => add_to(&mut total.months, months(120.0)),
        "year" | "yr" | "y" => add_to(&mut total.months, months(12.0)),
        "month" | "mon" => {
            let whole = amount.trunc();
            add_to(&mut total.months, whole as i32);
            add_to(&mut total.days, ((amount - whole) * 30.0).round() as i32);
        }
        "week" | "w" => add_days(total, amount * 7.0),
        "day" | "d" => add_days(total, amount),
        "hour" | "hr" | "h" => add_to(&mut total.micros, (amount * 3_600_000_000.0).round() as i64),
        "minute" | "min" | "m" => add_to(&mut total.micros, (amount * 60_000_000.0).round() as i64),
        "second" | "sec" | "" => add_to(&mut total.micros, (amount * 1_000_000.0).round() as i64),
        "millisecond" | "msec" | "ms" | "m_" => add_to(&mut total.micros, (amount * 1000.0).round() as i64),
        "microsecond" | "usec" | "u" => add_to(&mut total.micros, amount.round() as i64),
        _ => return Err(unknown(unit)),
    }
    Ok(())
}

fn add_days(total: &mut Interval, amount: f64) {
    let whole = amount.trunc();
    add_to(&mut total.days, whole as i32);
    add_to(&mut total.micros, ((amount - whole) * DAY as f64).round() as i64);
}

/// The span the other way.
pub(super) fn negate(interval: Interval) -> Interval {
    Interval {
        months: interval.months.saturating_neg(),
        days: interval.days.saturating_neg(),
        micros: interval.micros.saturating_neg(),
    }
}

/// A timestamp and a span.
pub(super) fn add(micros_: i64, interval: Interval) -> Option<i64> {
    let start = at(micros_)?;
    let months = chrono::Months::new(interval.months.unsigned_abs());
    let moved = if interval.months >= 0 {
        start.checked_add_months(months)?
    } else {
        start.checked_sub_months(months)?
    };
    micros(moved).checked_add(i64::from(interval.days) * DAY)?.checked_add(interval.micros)
}

/// A timestamp cut off below a unit; `None` for a unit that is none.
pub(super) fn truncate(unit: &str, value: i64) -> Option<i64> {
    let moment = at(value)?;
    let date = moment.date();
    let first = |year: i32, month: u32| NaiveDate::from_ymd_opt(year, month, 1);
    let start = match unit {
        "microseconds" => return Some(value),
        "milliseconds" => return Some(value - value.rem_euclid(1000)),
        "second" => return Some(value - value.rem_euclid(1_000_000)),
        "minute" => return Some(value - value.rem_euclid(60_000_000)),
        "hour" => return Some(value - value.rem_euclid(3_600_000_000)),
        "day" => date,
        "week" => {
            date.checked_sub_days(chrono::Days::new(u64::from(date.weekday().num_days_from_monday())))?
        }
        "month" => first(date.year(), date.month())?,
        "quarter" => first(date.year(), (date.month() - 1) / 3 * 3 + 1)?,
        "year" => first(date.year(), 1)?,
        "decade" => first(date.year().div_euclid(10) * 10, 1)?,
        "century" => first((date.year() - 1).div_euclid(100) * 100 + 1, 1)?,
        "millennium" => first((date.year() - 1).div_euclid(1000) * 1000 + 1, 1)?,
        _ => return None,
    };
    Some(days(start) * DAY)
}

/// A span cut off below a unit; `None` for a unit that is none.
pub(super) fn truncate_interval(unit: &str, value: Interval) -> Option<Interval> {
    let Interval { months, days, micros } = value;
    let whole = |each: i32| Some(Interval { months: months - months % each, days: 0, micros: 0 });
    let below = |each: i64| Some(Interval { months, days, micros: micros - micros % each });
    match unit {
        "millennium" => whole(12_000),
        "century" => whole(1200),
        "decade" => whole(120),
        "year" => whole(12),
        "quarter" => whole(3),
        "month" => whole(1),
        "day" => Some(Interval { months, days, micros: 0 }),
        "hour" => below(3_600_000_000),
        "minute" => below(60_000_000),
        "second" => below(1_000_000),
        "milliseconds" => below(1000),
        "microseconds" => Some(value),
        _ => None,
    }
}

/// The one spelling of a unit of time; `None` for what is none.
pub(super) fn unit(written: &str) -> Option<&'static str> {
    Some(match written.to_ascii_lowercase().as_str() {
        "mil" | "mils" | "millennia" | "millennium" => "millennium",
        "c" | "cent" | "cents" | "century" | "centuries" => "century",
        "dec" | "decs" | "decade" | "decades" => "decade",
        "y" | "yr" | "yrs" | "year" => "year",
        "quarter" | "qtr" => "quarter",
        "mon" | "mons" | "month" => "month",
        "w" | "week" | "weeks" => "week",
        "d" | "day" => "day",
        "h" | "hr" | "hrs" | "hour" => "hour",
        "m" | "min" | "mins" | "minute" => "minute",
        "s" | "sec" | "secs" | "second" => "second",
        "ms" | "msec" | "msecs" | "msecond" | "mseconds" | "millisecond" | "milliseconds" => "milliseconds",
        "us" | "usec" | "usecs" | "usecond" | "useconds" | "microsecond" | "microseconds" => "microseconds",
        "epoch" => "epoch",
        "dow" => "dow",
        "isodow" => "isodow",
        "doy" => "doy",
        "isoyear" => "isoyear",
        "timezone" => "timezone",
        "timezone_hour" => "timezone_hour",
        "timezone_minute" => "timezone_minute",
        _ => return None,
    })
}

/// A field of a timestamp in millionths; `None` for a field that is none.
pub(super) fn field(unit: &str, value: i64) -> Option<i128> {
    let moment = at(value)?;
    let whole = |number: i64| Some(i128::from(number) * 1_000_000);
    let in_minute = i128::from(value.rem_euclid(60_000_000));
    match unit {
        "epoch" => Some(i128::from(value)),
        "year" => whole(i64::from(moment.year())),
        "month" => whole(i64::from(moment.month())),
        "day" => whole(i64::from(moment.day())),
        "hour" => whole(i64::from(moment.hour())),
        "minute" => whole(i64::from(moment.minute())),
        "second" => Some(in_minute),
        "milliseconds" => Some(in_minute * 1000),
        "microseconds" => Some(in_minute * 1_000_000),
        "dow" => whole(i64::from(moment.weekday().num_days_from_sunday())),
        "isodow" => whole(i64::from(moment.weekday().number_from_monday())),
        "doy" => whole(i64::from(moment.ordinal())),
        "week" => whole(i64::from(moment.iso_week().week())),
        "isoyear" => whole(i64::from(moment.iso_week().year())),
        "quarter" => whole(i64::from((moment.month() - 1) / 3 + 1)),
        "decade" => whole(i64::from(moment.year().div_euclid(10))),
        "century" => whole(i64::from((moment.year() - 1).div_euclid(100) + 1)),
        "millennium" => whole(i64::from((moment.year() - 1).div_euclid(1000) + 1)),
        _ => None,
    }
}

/// A field of a span in millionths; `None` for a field that is none.
pub(super) fn interval_field(unit: &str, value: Interval) -> Option<i128> {
    let whole = |number: i64| Some(i128::from(number) * 1_000_000);
    let in_minute = i128::from(value.micros % 60_000_000);
    match unit {
        "epoch" => {
            let years = i128::from(value.months / 12) * 31_557_600_000_000;
            let months = i128::from(value.months % 12) * 2_592_000_000_000;
            Some(years + months + i128::from(value.days) * i128::from(DAY) + i128::from(value.micros))
        }
        "year" => whole(i64::from(value.months / 12)),
        "month" => whole(i64::from(value.months % 12)),
        "day" => whole(i64::from(value.days)),
        "hour" => whole(value.micros / 3_600_000_000),
        "minute" => whole(value.micros / 60_000_000 % 60),
        "second" => Some(in_minute),
        "milliseconds" => Some(in_minute * 1000),
        "microseconds" => Some(in_minute * 1_000_000),
        _ => None,
    }
}

/// How far apart two timestamps are, in years, months and days as people count.
pub(super) fn age(later: i64, earlier: i64) -> Option<Interval> {
    if later < earlier {
        return age(earlier, later).map(negate);
    }
    let (to, from) = (at(later)?, at(earlier)?);
    let mut months = (to.year() - from.year()) * 12 + i32::try_from(to.month()).ok()?
        - i32::try_from(from.month()).ok()?;
    let mut micros_ = later.rem_euclid(DAY) - earlier.rem_euclid(DAY);
    let mut days_ = i64::from(to.day()) - i64::from(from.day());
    if micros_ < 0 {
        micros_ += DAY;
        days_ -= 1;
    }
    if days_ < 0 {
        months -= 1;
        let next = from.date().with_day(1)?.checked_add_months(chrono::Months::new(1))?;
        days_ += i64::from(next.pred_opt()?.day());
    }
    Some(Interval { months, days: i32::try_from(days_).ok()?, micros: micros_ })
}

//! Moments as policies see them: the server's time in the policy's timezone.

use chrono::DateTime;
use chrono::Datelike;
use chrono::SecondsFormat;
use chrono::Timelike;
use chrono::Utc;
use chrono_tz::Tz;
use serde_json::Value as Json;
use serde_json::json;

use crate::clock::Timestamp;

/// Names of weekdays, Monday first.
const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

fn utc(at: Timestamp) -> DateTime<Utc> {
    let millis = i64::try_from(at.0).unwrap_or(i64::MAX);
    DateTime::from_timestamp_millis(millis).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// A moment in UTC to the second: texts of this form compare as the moments do.
pub(in crate::lua) fn iso(at: Timestamp) -> String {
    utc(at).to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// `facts.now`.
pub(in crate::lua) fn now(at: Timestamp, timezone: Tz) -> Json {
    let local = utc(at).with_timezone(&timezone);
    let weekday = local.weekday().num_days_from_monday();
    let epoch = if at.0.is_multiple_of(1000) { json!(at.0 / 1000) } else { json!(at.0 as f64 / 1000.0) };
    json!({
        "epoch": epoch,
        "iso": local.to_rfc3339_opts(SecondsFormat::Secs, true),
        "date": local.format("%Y-%m-%d").to_string(),
        "time": local.format("%H:%M").to_string(),
        "year": local.year(),
        "month": local.month(),
        "day": local.day(),
        "hour": local.hour(),
        "minute": local.minute(),
        "second": local.second(),
        "weekday": WEEKDAYS.get(weekday as usize).copied().unwrap_or_default(),
        "iso_weekday": weekday + 1,
        "timezone": timezone.name(),
    })
}

/// What a file or a record says of `now`, in the policy's own timezone: a text such as
/// `2026-11-30T09:05:00+01:00`, or a table with `epoch` or `iso`. Other tables stay as they are.
///
/// # Errors
/// A sentence saying what is no moment.
pub(in crate::lua) fn retold(told: &Json, timezone: Tz) -> Result<Json, String> {
    let of_text = |text: &str| {
        let parsed = DateTime::parse_from_rfc3339(text);
        let millis = parsed.ok().and_then(|at| u64::try_from(at.timestamp_millis()).ok());
        let told = || format!("`{text}` is no moment: one is written `2026-11-30T09:05:00+01:00`");
        millis.map(|millis| now(Timestamp(millis), timezone)).ok_or_else(told)
    };
    if let Some(text) = told.as_str() {
        return of_text(text);
    }
    // Files count in seconds, the host in milliseconds; nobody writes one beyond the year 9999.
    if let Some(epoch) = told.get("epoch").and_then(Json::as_f64).filter(|epoch| (0.0..3e11).contains(epoch))
    {
        return Ok(now(Timestamp((epoch * 1000.0).round() as u64), timezone));
    }
    match told.get("iso").and_then(Json::as_str) {
        Some(text) => of_text(text),
        None => Ok(told.clone()),
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    /// A quarter past midnight in UTC, on a Monday.
    const AT: Timestamp = Timestamp(1_774_829_700_000);

    #[test]
    fn a_moment_in_a_timezone() {
        let berlin: Tz = "Europe/Berlin".parse().expect("a timezone");
        expect![[r#"{"epoch":1774829700,"iso":"2026-03-30T02:15:00+02:00","date":"2026-03-30","time":"02:15","year":2026,"month":3,"day":30,"hour":2,"minute":15,"second":0,"weekday":"Monday","iso_weekday":1,"timezone":"Europe/Berlin"}"#]]
            .assert_eq(&now(AT, berlin).to_string());
        assert_eq!(iso(AT), "2026-03-30T00:15:00Z");
    }

    #[test]
    fn the_clock_is_put_forward_and_back_where_it_is() {
        let berlin: Tz = "Europe/Berlin".parse().expect("a timezone");
        // The hours around the end of summer time, 2026-10-25 01:00 in UTC.
        let times = [1_792_886_400_000_u64, 1_792_890_000_000, 1_792_893_600_000].map(|at| {
            let now = now(Timestamp(at), berlin);
            now["iso"].as_str().expect("a text").to_owned()
        });
        assert_eq!(
            times,
            ["2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00", "2026-10-25T03:00:00+01:00"]
        );
    }

    #[test]
    fn a_moment_that_was_told_is_told_again_elsewhere() {
        let tokyo: Tz = "Asia/Tokyo".parse().expect("a timezone");
        let time = |told: Json| retold(&told, tokyo).map(|now| now["time"].clone().to_string());
        assert_eq!(time(json!("2026-11-30T09:05:00+01:00")), Ok("\"17:05\"".to_owned()));
        assert_eq!(time(json!({ "epoch": 1_774_829_700, "time": "00:00" })), Ok("\"09:15\"".to_owned()));
        assert_eq!(time(json!({ "iso": "2026-11-30T09:05:00Z" })), Ok("\"18:05\"".to_owned()));
        assert_eq!(time(json!({ "time": "03:00" })), Ok("\"03:00\"".to_owned()));
        assert!(time(json!("Monday")).is_err());
    }
}

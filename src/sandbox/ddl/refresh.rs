//! `REFRESH` of materialized views: `ON COMMIT`, `AT …`, `EVERY … ALIGNED TO …`.

use super::super::error::SqlError;
use super::super::model::item::Refresh;
use super::duration;
use crate::clock::Timestamp;
use crate::sql::ast::OptionValue;
use crate::sql::ast::WithOption;

/// Tells whether a value is what stands where nothing is written.
pub(super) fn is_on_commit(value: Option<&OptionValue>) -> bool {
    words(value).is_some_and(|words| words == ["ON", "COMMIT"])
}

/// Words in capitals, and texts in quotes as they are.
fn words(value: Option<&OptionValue>) -> Option<Vec<String>> {
    let Some(OptionValue::Raw(text)) = value else { return None };
    let mut words = Vec::new();
    for (number, part) in text.split('\'').enumerate() {
        if number % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_uppercase));
        }
    }
    Some(words)
}

/// When a materialized view is refreshed; nothing where that is on commit.
///
/// # Errors
/// What is no such time.
pub(super) fn of_options(now: Timestamp, options: &[WithOption]) -> Result<Vec<Refresh>, SqlError> {
    let refreshes = options.iter().filter(|option| option.name == "REFRESH");
    let mut found = Vec::new();
    for option in refreshes.filter(|option| !is_on_commit(option.value.as_ref())) {
        let words = words(option.value.as_ref()).unwrap_or_default();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let refresh = match words.as_slice() {
            ["AT", "CREATION"] => Some(Refresh::At(now)),
            ["AT", time] => moment(time).map(Refresh::At),
            ["EVERY", length] => every(length, now),
            ["EVERY", length, "ALIGNED", "TO", time] => moment(time).and_then(|time| every(length, time)),
            _ => None,
        };
        found.push(refresh.ok_or_else(|| SqlError::unsupported(format!("REFRESH {}", words.join(" "))))?);
    }
    Ok(found)
}

fn every(length: &str, aligned_to: Timestamp) -> Option<Refresh> {
    let interval_ms = duration::parse(length).filter(|length| *length > 0)?;
    Some(Refresh::Every { interval_ms, aligned_to })
}

/// Reads a time: `2026-05-05 11:56:11`, in UTC.
fn moment(text: &str) -> Option<Timestamp> {
    let text = text.trim().trim_end_matches("+00").trim_end_matches('Z').replace('T', " ");
    let formats = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M"];
    let read = formats.iter().find_map(|format| chrono::NaiveDateTime::parse_from_str(&text, format).ok());
    let day = || chrono::NaiveDate::parse_from_str(&text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0);
    let millis = read.or_else(day)?.and_utc().timestamp_millis();
    u64::try_from(millis).ok().map(Timestamp)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Vec<Refresh>> {
        let option = WithOption {
            name: "REFRESH".to_owned(),
            value: Some(OptionValue::Raw(text.to_owned())),
            span: Default::default(),
        };
        of_options(Timestamp(7), &[option]).ok()
    }

    #[test]
    fn refreshes_are_read() {
        assert_eq!(read("ON commit"), Some(Vec::new()));
        assert_eq!(read("AT CREATION"), Some(vec![Refresh::At(Timestamp(7))]));
        assert_eq!(read("AT '1970-01-01 00:00:01'"), Some(vec![Refresh::At(Timestamp(1_000))]));
        let every = |aligned_to| Some(vec![Refresh::Every { interval_ms: 3_600_000, aligned_to }]);
        assert_eq!(read("EVERY '1 hour'"), every(Timestamp(7)));
        assert_eq!(read("EVERY '1 hour' ALIGNED TO '1970-01-02'"), every(Timestamp(86_400_000)));
        for text in ["EVERY '0s'", "EVERY 'soon'", "AT 'noon'", "NEVER"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}

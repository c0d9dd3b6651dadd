//! Durations as settings write them: `7s`, `1 min`, `300 ms`, `0`.

use std::time::Duration;

/// A unit with its length in microseconds, the longest first.
const UNITS: [(&str, u128); 6] = [
    ("d", 86_400_000_000),
    ("h", 3_600_000_000),
    ("min", 60_000_000),
    ("s", 1_000_000),
    ("ms", 1_000),
    ("us", 1),
];

/// Reads a duration; a bare number counts milliseconds.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    let count: u64 = digits.parse().ok()?;
    let unit = match unit.trim() {
        "" => "ms",
        "m" => "min",
        unit => unit,
    };
    let (_, micros) = UNITS.iter().find(|(name, _)| *name == unit)?;
    let micros = u64::try_from(u128::from(count).checked_mul(*micros)?).ok()?;
    Some(Duration::from_micros(micros))
}

/// Writes a duration in the longest unit that divides it.
pub(crate) fn format(duration: Duration) -> String {
    let micros = duration.as_micros();
    if micros == 0 {
        return "0".to_owned();
    }
    let whole = UNITS.iter().find(|(_, unit)| micros.is_multiple_of(*unit));
    whole.map_or_else(|| format!("{micros} us"), |(name, unit)| format!("{} {name}", micros / unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_written_in_the_longest_unit() {
        for (text, shown) in [
            ("60s", "1 min"),
            ("7s", "7 s"),
            ("300", "300 ms"),
            ("1500 ms", "1500 ms"),
            ("2h", "2 h"),
            ("0", "0"),
        ] {
            assert_eq!(parse(text).map(format).as_deref(), Some(shown), "{text}");
        }
        for text in ["soon", "", "-1s", "5 fortnights"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}

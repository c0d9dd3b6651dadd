//! The right name nearest to a wrong one.

/// Names this alike are worth a question.
const ALIKE: f64 = 0.8;

/// The name that was probably meant.
pub fn nearest<'n>(wrong: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let scored = names.into_iter().map(|name| (strsim::jaro_winkler(wrong, name), name));
    let best = scored.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 >= ALIKE).then_some(best.1)
}

/// ` (did you mean …?)`, or nothing.
pub fn question<'n>(wrong: &str, names: impl IntoIterator<Item = &'n str>) -> String {
    nearest(wrong, names).map(|name| format!(" (did you mean `{name}`?)")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_alike_is_asked() {
        let names = ["timeout", "deployment", "poll"];
        assert_eq!(nearest("timout", names), Some("timeout"));
        assert_eq!(nearest("deploment", names), Some("deployment"));
        assert_eq!(nearest("zzz", names), None);
        assert_eq!(question("pol", names), " (did you mean `poll`?)");
    }
}

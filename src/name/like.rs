//! Patterns of `LIKE`, for names and whatever else is chosen by how it is written.

/// Tells whether a text matches a pattern of `LIKE`. Texts may be long: the time grows with both lengths
/// multiplied, and the stack not at all.
pub fn like(text: &str, pattern: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let pattern: Vec<char> = pattern.chars().collect();
    let (mut at, mut wanted) = (0, 0);
    // Behind the last `%`, and where in the text its rest was tried.
    let mut retry: Option<(usize, usize)> = None;
    while let Some(c) = text.get(at) {
        match pattern.get(wanted) {
            Some('%') => {
                wanted += 1;
                retry = Some((wanted, at));
            }
            Some(one) if *one == '_' || one == c => {
                at += 1;
                wanted += 1;
            }
            _ => {
                let Some((behind, from)) = retry else { return false };
                (at, wanted) = (from + 1, behind);
                retry = Some((behind, from + 1));
            }
        }
    }
    pattern.iter().skip(wanted).all(|c| *c == '%')
}

/// The same without regard to case.
pub fn like_any_case(text: &str, pattern: &str) -> bool {
    like(&text.to_ascii_uppercase(), &pattern.to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_like_does() {
        assert!(like("db.s.orders", "db.%.ord_rs"));
        assert!(!like("db.s.orders", "orders"));
        for (text, pattern, matches) in [
            ("", "", true),
            ("", "%", true),
            ("a", "", false),
            ("ab", "a_", true),
            ("a", "a_", false),
            ("aXbXc", "a%X%c", true),
            ("aXbXcd", "a%X%c", false),
            ("abab", "%ab", true),
            ("aab", "%a_b", true),
            ("aab", "%a_c", false),
        ] {
            assert_eq!(like(text, pattern), matches, "{text} {pattern}");
        }
        let long = "a".repeat(20_000);
        assert!(!like(&long, "%a%a%a%a%a%a%a%a%b") && like(&long, &long));
    }

    #[test]
    fn case_may_be_passed_over() {
        assert!(like_any_case("alter schema a swap with b", "ALTER SCHEMA%"));
        assert!(!like_any_case("ALTER CLUSTER a", "alter schema%"));
    }
}

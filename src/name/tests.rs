use super::*;

#[track_caller]
fn check(text: &str, display: &str, sql: &str) {
    let name: ObjectName = text.parse().unwrap_or_else(|e| panic!("{text}: {e}"));
    assert_eq!((name.to_string().as_str(), name.sql().as_str()), (display, sql));
}

#[test]
fn folds_unquoted_parts_and_keeps_quoted_ones() {
    check("App.Core.Orders", "app.core.orders", r#""app"."core"."orders""#);
    check(r#"app."Core"."a.b""#, r#"app."Core"."a.b""#, r#""app"."Core"."a.b""#);
    check(r#"a.b."x""y""#, r#"a.b."x""y""#, r#""a"."b"."x""y""#);
    check(r#"a.b."order""#, r#"a.b."order""#, r#""a"."b"."order""#);
}

#[test]
fn refuses_what_is_no_name() {
    for text in ["a.b", "a.b.c.d", "a..c", "a.b.\"c", "a.b.\"c\"d", "", "a b.c.d"] {
        assert!(text.parse::<ObjectName>().is_err(), "{text:?} was taken");
    }
    assert!(Ident::new("x".repeat(256)).is_err());
    assert!(Ident::new("a\0b").is_err());
}

#[test]
fn serialises_as_text() {
    let name: ObjectName = r#"a.b."C""#.parse().expect("valid");
    let json = serde_json::to_string(&name).expect("serialises");
    assert_eq!(json, r#""a.b.\"C\"""#);
    assert_eq!(serde_json::from_str::<ObjectName>(&json).expect("parses"), name);
}

#[test]
fn reserved_words_are_sorted_for_the_search() {
    assert!(RESERVED.windows(2).all(|pair| pair[0] < pair[1]));
}

#[test]
fn literals_double_their_quotes() {
    assert_eq!(literal("it's \\ fine"), r"'it''s \ fine'");
}

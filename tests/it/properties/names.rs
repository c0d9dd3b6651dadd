//! Names survive being quoted.

use mzflow::name::Ident;
use mzflow::name::split_dotted;
use mzflow::sql::parse;
use proptest::prelude::prop_assert_eq;
use proptest::strategy::Strategy;

use super::holds;

/// Texts that identifiers are made of, the awkward ones above all.
fn texts() -> impl Strategy<Value = String> {
    let piece = proptest::prop_oneof![
        "[a-z_][a-z0-9_$]{0,8}",
        "[\"'.;,:()\\[\\]{} \\-/*$\\\\\t\n]{1,4}",
        "[A-ZÀ-ž中-丿😀-😂]{1,3}",
        proptest::sample::select(vec![
            "select",
            "order",
            "\"\"",
            "$$",
            "--",
            "/*",
            "[u1 AS x]",
            "e'",
            "null"
        ])
        .prop_map(str::to_owned),
    ];
    proptest::collection::vec(piece, 1..5).prop_map(|pieces| pieces.concat())
}

#[test]
fn a_quoted_name_is_read_back() {
    holds(proptest::collection::vec(texts(), 1..4), |texts| {
        let idents: Vec<Ident> = texts.iter().filter_map(|text| Ident::new(text).ok()).collect();
        if idents.is_empty() {
            return Ok(());
        }
        let quoted = idents.iter().map(Ident::sql).collect::<Vec<_>>().join(".");
        let shown = idents.iter().map(ToString::to_string).collect::<Vec<_>>().join(".");
        for written in [quoted, shown] {
            let split = split_dotted(&written, "a name").expect("it is one");
            prop_assert_eq!(&split, &idents);
            let query = parse::query(&format!("SELECT 1 FROM {written} AS x")).expect("a query");
            let read: Vec<_> = query.references().iter().map(|name| name.parts.clone()).collect();
            prop_assert_eq!(read, vec![idents.clone()]);
        }
        Ok(())
    });
}

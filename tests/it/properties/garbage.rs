//! Whatever stands in a file, the compiler says something about it and goes on.

use std::path::Path;

use mzflow::compiler;
use mzflow::compiler::Options;
use mzflow::compiler::source::File;
use proptest::collection::vec;
use proptest::prelude::any;
use proptest::sample::Index;
use proptest::sample::select;
use proptest::strategy::Strategy;

use super::holds;

/// Words and marks that statements are made of.
const WORDS: &[&str] = &[
    "CREATE",
    "VIEW",
    "MATERIALIZED",
    "TABLE",
    "SOURCE",
    "SINK",
    "SECRET",
    "CONNECTION",
    "INDEX",
    "DEFAULT",
    "CLUSTER",
    "IN",
    "ON",
    "AS",
    "SELECT",
    "FROM",
    "WHERE",
    "WITH",
    "MUTUALLY",
    "RECURSIVE",
    "UNION",
    "ALL",
    "EXCEPT",
    "VALUES",
    "JOIN",
    "LATERAL",
    "ROWS",
    "LIST",
    "MAP",
    "ARRAY",
    "CASE",
    "WHEN",
    "THEN",
    "END",
    "CAST",
    "NOT",
    "NULL",
    "IS",
    "BETWEEN",
    "LIKE",
    "EXISTS",
    "GROUP",
    "BY",
    "ORDER",
    "LIMIT",
    "OPTIONS",
    "GRANT",
    "TO",
    "COMMENT",
    "COLUMN",
    "PRIMARY",
    "KEY",
    "FOREIGN",
    "REFERENCES",
    "UNIQUE",
    "CONSTRAINT",
    "ENFORCED",
    "EXECUTE",
    "UNIT",
    "TEST",
    "FOR",
    "MOCK",
    "EXPECTED",
    "SET",
    "api",
    "stable",
    "ALTER",
    "PRIVILEGES",
    "KAFKA",
    "POSTGRES",
    "LOAD",
    "GENERATOR",
    "FORMAT",
    "ENVELOPE",
    "TABLES",
    "a",
    "b",
    "v",
    "shop",
    "pub",
    "raw",
    "id",
    "1",
    "1.5",
    "1e9",
    "'x'",
    "$$y$$",
    "$t$ z $t$",
    "E'\\'",
    "\"Q\"",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ";",
    ".",
    "::",
    "=",
    "<>",
    "->",
    "->>",
    "@>",
    "+",
    "-",
    "*",
    "/",
    "%",
    "||",
    ":x",
    ":'x'",
    ":\"x\"",
    "=>",
    "--",
    "/*",
    "*/",
    "'",
    "\"",
    "$",
    "$1",
    "\\",
    "\n",
    "é",
    "中",
    "\u{0}",
    "\u{feff}",
    "[u1 AS \"a\".\"b\".\"c\"]",
    "int list",
    "map[text=>int]",
];

/// Compiles a text as each sort of file that there is.
fn compile(text: &str) {
    for path in [
        "models/shop/pub/v.sql",
        "models/shop/pub.sql",
        "models/shop.sql",
        "clusters/v.sql",
        "roles/v.sql",
        "project.toml",
    ] {
        let file = |path: &str, text: &str| File { path: path.to_owned(), text: text.into() };
        let mut files = vec![file("models/shop/raw/t.sql", "CREATE TABLE t (id int)"), file(path, text)];
        if path != "project.toml" {
            let settings = "[profiles.p.variables]\nx = \"o'k\\\"\"\n";
            files.push(file("models/shop/pub/w.sql", "CREATE VIEW w AS SELECT * FROM v"));
            files.push(file("project.toml", settings));
        }
        let options = Options { profile: Some("p".to_owned()), ..Options::default() };
        let (project, found) = compiler::compile(files.clone(), &options);
        for one in &found {
            let text = files.iter().find(|file| file.path == one.file).map_or("", |file| &*file.text);
            assert!(one.span.start <= one.span.end && one.span.end <= text.len(), "{one:?}");
            assert!(text.is_char_boundary(one.span.start) && text.is_char_boundary(one.span.end), "{one:?}");
            assert!(one.line >= 1 && one.column >= 1, "{one:?}");
        }
        for object in &project.objects {
            object.create_sql(&object.name, &compiler::template::Names::PRODUCTION);
        }
    }
}

#[test]
fn random_bytes_are_answered() {
    holds(vec(any::<u8>(), 0..200), |bytes| {
        compile(&String::from_utf8_lossy(&bytes));
        Ok(())
    });
}

#[test]
fn soups_of_words_are_answered() {
    holds(vec(select(WORDS), 0..60), |words| {
        compile(&words.join(" "));
        compile(&words.concat());
        Ok(())
    });
}

/// The files of the format's cases: one of every statement that a project can hold.
fn statements() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/format");
    let mut texts = Vec::new();
    for case in std::fs::read_dir(root).expect("the cases") {
        for entry in std::fs::read_dir(case.expect("an entry").path()).expect("a case") {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|extension| extension == "txt") {
                let text = std::fs::read_to_string(path).expect("a project");
                let files = text.split("-- file: ").skip(1).filter_map(|part| part.split_once('\n'));
                texts.extend(
                    files.filter(|(path, _)| path.ends_with(".sql")).map(|(_, text)| text.to_owned()),
                );
            }
        }
    }
    texts.sort();
    texts.dedup();
    texts
}

/// One change of a text.
#[derive(Clone, Debug)]
enum Edit {
    Delete(Index, Index),
    Copy(Index, Index),
    Swap(Index, Index),
    Insert(Index, &'static str),
}

fn edits() -> impl Strategy<Value = Edit> {
    let two = || (any::<Index>(), any::<Index>());
    proptest::prop_oneof![
        two().prop_map(|(a, b)| Edit::Delete(a, b)),
        two().prop_map(|(a, b)| Edit::Copy(a, b)),
        two().prop_map(|(a, b)| Edit::Swap(a, b)),
        (any::<Index>(), select(WORDS)).prop_map(|(at, word)| Edit::Insert(at, word)),
    ]
}

/// Changes a row of pieces; ranges are short, so that something of the statement is left.
fn change<T: Clone>(pieces: &mut Vec<T>, edit: &Edit, word: impl Fn(&str) -> T) {
    if pieces.is_empty() {
        return;
    }
    match edit {
        Edit::Delete(at, length) => {
            let at = at.index(pieces.len());
            let end = (at + 1 + length.index(3)).min(pieces.len());
            pieces.drain(at..end);
        }
        Edit::Copy(from, to) => {
            let piece = pieces[from.index(pieces.len())].clone();
            pieces.insert(to.index(pieces.len()), piece);
        }
        Edit::Swap(a, b) => {
            let (a, b) = (a.index(pieces.len()), b.index(pieces.len()));
            pieces.swap(a, b);
        }
        Edit::Insert(at, text) => pieces.insert(at.index(pieces.len()), word(text)),
    }
}

/// Cuts a text into words and single other characters.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let mut in_word = false;
    for c in text.chars() {
        let is_word = c.is_alphanumeric() || c == '_';
        match pieces.last_mut() {
            Some(last) if is_word && in_word => last.push(c),
            _ => pieces.push(c.to_string()),
        }
        in_word = is_word;
    }
    pieces
}

#[test]
fn changed_statements_are_answered() {
    let statements = statements();
    assert!(statements.len() > 100, "{}", statements.len());
    holds((select(statements), vec(edits(), 1..5)), |(statement, edits)| {
        let mut words = pieces(&statement);
        edits.iter().for_each(|edit| change(&mut words, edit, str::to_owned));
        compile(&words.concat());
        let mut bytes = statement.into_bytes();
        edits.iter().for_each(|edit| change(&mut bytes, edit, |word| word.as_bytes()[0]));
        compile(&String::from_utf8_lossy(&bytes));
        Ok(())
    });
}

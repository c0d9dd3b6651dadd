//! Input that nobody means: each is told clearly, and none takes longer than its size deserves.

use std::fmt::Write;

use expect_test::Expect;
use expect_test::expect;
use serde_json::Value;

use crate::harness::World;

/// Writes files of a project `p`, each with its text.
fn project(files: &[(&str, &[u8])]) -> World {
    let world = World::new();
    let root = world.folder().join("p");
    for (path, text) in [("project.toml", &b""[..]), ("models/.gitkeep", b"")].iter().chain(files) {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }
    world
}

/// What `compile --json` says of the project.
fn compiled(world: &World) -> Value {
    world.mzflow(&["compile", "--json", "--project", "p"]).json()
}

/// The diagnostics, one a line.
fn told(world: &World) -> String {
    let answer = compiled(world);
    let mut told = String::new();
    for one in answer["diagnostics"].as_array().expect("a list") {
        let text = |key: &str| one[key].as_str().unwrap_or("?").to_owned();
        let (file, code, message) = (text("file"), text("code"), text("message"));
        let message: String = message.chars().take(160).collect();
        let _ = writeln!(told, "{file}:{}:{} {code} {message}", one["line"], one["column"]);
    }
    told
}

#[track_caller]
fn check(files: &[(&str, &[u8])], expect: Expect) {
    expect.assert_eq(&told(&project(files)));
}

#[test]
fn a_folder_that_is_no_project() {
    let world = World::new();
    std::fs::create_dir_all(world.folder().join("empty")).expect("a folder");
    std::fs::create_dir_all(world.folder().join("half")).expect("a folder");
    std::fs::write(world.folder().join("half/project.toml"), "").expect("a file");
    std::fs::write(world.folder().join("file"), "").expect("a file");
    let way_out = "`cd` into a project, or name its folder with `--project`";
    for path in ["empty", "nowhere", "file", "."] {
        let what = format!("there is no project.toml in `{path}`, so this is no project");
        let told = world.mzflow(&["compile", "--project", path]).code(1).says("project.not-a-project");
        told.says(&what).says(way_out);
        let told = world.mzflow(&["compile", "--project", path, "--json"]).code(1).json();
        let first = &told["diagnostics"][0];
        assert_eq!((&first["message"], &first["help"]), (&what.as_str().into(), &way_out.into()));
        let told = world.mzflow(&["diff", "--project", path, "--json"]).code(1).json();
        let first = &told["error"]["also"][0];
        assert_eq!((&first["message"], &first["hint"]), (&what.as_str().into(), &way_out.into()));
    }
    let told = world.mzflow(&["compile", "--project", "half"]).code(1).says("project.not-a-project");
    told.says("there is no folder `models`");
}

#[test]
fn files_that_cannot_be_read() {
    check(
        &[("models/shop/pub/latin.sql", b"CREATE VIEW latin AS SELECT 'caf\xe9' AS x")],
        expect![[r#"
            models/shop/pub/latin.sql:1:1 project.unreadable-file this file is no UTF-8 from its byte 32 on
        "#]],
    );
}

#[cfg(unix)]
#[test]
fn links_that_lead_nowhere_and_round_in_circles() {
    use std::os::unix::fs::symlink;

    let world = project(&[("models/shop/pub/v.sql", b"CREATE VIEW v AS SELECT 1 AS x")]);
    let below = |path: &str| world.folder().join("p/models").join(path);
    symlink("nowhere.sql", below("shop/pub/dangling.sql")).expect("a link");
    symlink("self.sql", below("shop/pub/self.sql")).expect("a link");
    symlink("..", below("shop/pub/up")).expect("a link");
    symlink(".", below("shop/round")).expect("a link");
    symlink("..", below("up")).expect("a link");
    let told = told(&world);
    let lines: Vec<&str> = told.lines().map(|line| line.split(':').next().unwrap_or(line)).collect();
    assert_eq!(lines, ["models/shop/pub/dangling.sql", "models/shop/pub/self.sql"], "{told}");
    assert!(told.matches("project.unreadable-file cannot be read").count() == 2, "{told}");
}

#[test]
fn a_byte_order_mark_and_other_line_ends() {
    check(
        &[("models/shop/pub/v.sql", b"\xef\xbb\xbfCREATE VIEW v AS SELECT 1 AS x\r\nFROM nope;\r\n")],
        expect![[r#"
            models/shop/pub/v.sql:2:6 sql.unknown-relation `nope` does not exist
        "#]],
    );
    check(
        &[(
            "models/shop/pub/v.sql",
            "CREATE VIEW v AS -- é\r\nSELECT 'ü' AS x,\r\n\t1 AS y FROM nope\r\n, nope2 ;;\r\n\r\nSELEC"
                .as_bytes(),
        )],
        expect![[r#"
            models/shop/pub/v.sql:3:14 sql.unknown-relation `nope` does not exist
            models/shop/pub/v.sql:4:3 sql.unknown-relation `nope2` does not exist
            models/shop/pub/v.sql:6:1 sql.syntax expected a keyword at the beginning of a statement, found identifier "selec"
        "#]],
    );
    check(
        &[("project.toml", b"\xef\xbb\xbf# settings\r\nmz_version = \"cloud\"\r\nother = 1\r\n")],
        expect![[r#"
            project.toml:3:1 project.invalid-settings unknown field `other`, expected one of `mz_version`, `dependencies`, `profiles`
        "#]],
    );
}

#[test]
fn bytes_that_no_text_has() {
    check(
        &[
            ("models/shop/pub/a.sql", b"CREATE VIEW a AS SELECT 1 AS x\0"),
            ("models/shop/pub/b.sql", b"CREATE VIEW b AS SELECT 'a\0b' AS x"),
            ("models/shop/pub/c.sql", b"CREATE VIEW c AS SELECT 1 AS \"a\0b\""),
            ("models/shop/pub/d.sql", b"CREATE VIEW d AS SELECT 1 AS x -- \0"),
            ("models/shop/pub/e.sql", b"\0"),
        ],
        expect![[r#"
            models/shop/pub/a.sql:1:31 sql.syntax null byte in SQL text
            models/shop/pub/b.sql:1:27 sql.syntax null byte in SQL text
            models/shop/pub/c.sql:1:32 sql.syntax null byte in SQL text
            models/shop/pub/d.sql:1:35 sql.syntax null byte in SQL text
            models/shop/pub/e.sql:1:1 sql.syntax null byte in SQL text
        "#]],
    );
}

#[test]
fn names_that_are_too_long() {
    let name = "n".repeat(300);
    let statement =
        format!("CREATE VIEW {name} AS SELECT 1 AS x; CREATE INDEX i{name} IN CLUSTER c ON {name} (x)");
    let query = format!("CREATE VIEW v AS SELECT 1 AS x{name} FROM {name}");
    let short = &name[..240];
    check(
        &[
            (&format!("models/shop/pub/{short}.sql"), statement.as_bytes()),
            ("models/shop/pub/v.sql", query.as_bytes()),
        ],
        expect![[r#"
            models/shop/pub/nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn.sql:1:13 sql.syntax identifier length exceeds 255 bytes
            models/shop/pub/v.sql:1:30 sql.syntax identifier length exceeds 255 bytes
        "#]],
    );
}

/// A text of about so many bytes, made of one piece after another.
fn long(piece: &str, bytes: usize) -> String {
    piece.repeat(bytes / piece.len())
}

#[test]
fn files_of_ten_megabytes() {
    const SIZE: usize = 10_000_000;
    for (text, expected) in [
        (format!("CREATE VIEW v AS SELECT 1 AS x /* {} */", long("x", SIZE)), ""),
        (format!("CREATE VIEW v AS SELECT '{}' AS x FROM nope", long("x\n", SIZE)), "sql.unknown-relation"),
        (format!("CREATE VIEW v AS SELECT {}", long("x", SIZE)), "sql.syntax"),
    ] {
        let told = told(&project(&[("models/shop/pub/v.sql", text.as_bytes())]));
        assert!(
            told.contains(expected) && told.lines().count() == usize::from(!expected.is_empty()),
            "{told}"
        );
    }
}

#[test]
fn statements_that_nest_and_break_inside() {
    for (open, close, count) in [
        ("(", ")", 110),
        ("((", " JOIN y ON true))", 60),
        ("(SELECT * FROM ", ")", 100),
        ("(SELECT * FROM (", ") AS s) ", 60),
        ("f(", ")", 110),
        ("ARRAY[", "]", 110),
        ("CASE WHEN ", " THEN 1 END", 100),
        ("(1, ", ")", 110),
        ("x IN ((", "))", 60),
        ("EXISTS (SELECT ", ")", 100),
        ("NOT ", "", 5000),
        ("- ", "", 5000),
        ("1 + ", "", 50_000),
        ("a AND ", "", 50_000),
    ] {
        for (before, inside) in
            [("SELECT ", "x y z w"), ("SELECT * FROM ", "x y z w"), ("SELECT ", "1"), ("SELECT * FROM ", "x")]
        {
            let text =
                format!("CREATE VIEW v AS {before}{}{inside}{}", open.repeat(count), close.repeat(count));
            let answer = compiled(&project(&[("models/shop/pub/v.sql", text.as_bytes())]));
            assert!(answer["diagnostics"].is_array(), "{open} {before}");
        }
    }
}

#[test]
fn a_circle_of_five_hundred_objects() {
    let mut files = Vec::new();
    for number in 0..500 {
        let path = format!("models/shop/pub/v{number:03}.sql");
        files.push((path, format!("CREATE VIEW v{number:03} AS SELECT * FROM v{:03}", (number + 1) % 500)));
    }
    let files: Vec<(&str, &[u8])> =
        files.iter().map(|(path, text)| (path.as_str(), text.as_bytes())).collect();
    check(
        &files,
        expect![[r#"
        models/shop/pub/v000.sql:1:35 sql.cycle 500 objects read each other: shop.pub.v000 → shop.pub.v001 → shop.pub.v002 → shop.pub.v003 → shop.pub.v004 → shop.pub.v005 → shop.pub.v006 → shop.pub.v007 → sho
    "#]],
    );
}

/// A project in which everything is wrong, in one file or in as many as there are mistakes.
fn mistaken(in_files: usize, count: usize) -> World {
    let mut files = vec![String::new(); in_files];
    for number in 0..count {
        let _ = writeln!(files[number % in_files], "SELEC {number};");
    }
    let named = files.iter().enumerate().map(|(at, text)| (format!("models/shop/pub/v{at}.sql"), text));
    let named: Vec<(String, &String)> = named.collect();
    let files: Vec<(&str, &[u8])> =
        named.iter().map(|(path, text)| (path.as_str(), text.as_bytes())).collect();
    project(&files)
}

#[test]
fn five_thousand_errors() {
    for (in_files, count) in [(1, 5_000), (5_000, 5_000), (1, 50_000)] {
        let world = mistaken(in_files, count);
        let people = world.mzflow(&["compile", "--project", "p"]).code(1);
        let lines = people.stderr.lines().count();
        assert!(lines < 600 && people.stderr.contains(&format!("and {} more", count - 50)), "{lines} lines");
        people.says(&format!("{count} errors"));
        let answer = compiled(&world);
        assert_eq!(answer["diagnostics"].as_array().map(Vec::len), Some(count));
    }
}

#[test]
fn five_thousand_of_everything_else() {
    let variables: String = (0..5_000).map(|number| format!(", :v{number} AS a{number}")).collect();
    let relations: String = (0..5_000).map(|number| format!(", nope{number}")).collect();
    let indexes = "CREATE INDEX IN CLUSTER c ON v (x); COMMENT ON VIEW w IS 'x';\n".repeat(5_000);
    for text in [
        format!("CREATE VIEW v AS SELECT 1 AS x{variables}"),
        format!("CREATE VIEW v AS SELECT * FROM nope{relations}"),
        format!("CREATE VIEW v AS SELECT 1 AS x; {indexes}"),
    ] {
        let world = project(&[("models/shop/pub/v.sql", text.as_bytes())]);
        let answer = compiled(&world);
        let found = answer["diagnostics"].as_array().map_or(0, Vec::len);
        assert!(found >= 5_000, "{found}");
        let people = world.mzflow(&["compile", "--project", "p"]).code(1);
        assert!(people.stderr.len() < 100_000, "{}", people.stderr.len());
    }
    let files: Vec<(String, String)> = (0..5_000)
        .map(|number| {
            (
                format!("models/shop/pub/v{number}.sql"),
                format!("CREATE VIEW v{number} AS SELECT * FROM w{number}"),
            )
        })
        .collect();
    let files: Vec<(&str, &[u8])> =
        files.iter().map(|(path, text)| (path.as_str(), text.as_bytes())).collect();
    let answer = compiled(&project(&files));
    assert_eq!(answer["diagnostics"].as_array().map(Vec::len), Some(5_000));
}

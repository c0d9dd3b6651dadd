//! Whatever happens to the files, a workspace says what compiling all of them anew says.

use std::collections::BTreeMap;

use super::Change;
use super::Workspace;
use crate::compiler::Options;
use crate::compiler::diagnostic::Diagnostic;
use crate::compiler::project::Project;
use crate::compiler::source::File;

/// Files and the texts that each of them may have.
const FILES: &[(&str, &[&str])] = &[
    (
        "project.toml",
        &[
            "",
            "dependencies = [\"ext.s.t\"]\n[profiles.lab.variables]\nn = \"1\"",
            "[profiles.lab]\nprofile_suffix = \"_x\"\nvariables = { n = \"2\" }",
            "nonsense",
        ],
    ),
    ("clusters/c.sql", &["CREATE CLUSTER c (SIZE = '25cc')", "CREATE CLUSTER d (SIZE = '25cc')"]),
    ("roles/r.sql", &["CREATE ROLE r", "CREATE ROL"]),
    ("models/shop.sql", &["COMMENT ON DATABASE shop IS 'x'", "SELECT 1"]),
    ("models/shop/pub.sql", &["SET api = stable", "GRANT USAGE ON SCHEMA pub TO r", "SET api = fast"]),
    ("models/other/pub.sql", &["COMMENT ON SCHEMA pub IS 'y'"]),
    (
        "models/shop/raw/t.sql",
        &[
            "CREATE TABLE t (id int, label text)",
            "CREATE TABLE t (id int); CREATE DEFAULT INDEX IN CLUSTER c ON t;",
            "CREATE VIEW t AS SELECT 1 AS id",
            "CREATE TABLE oops",
            "CREATE TABLE t (id int, ",
        ],
    ),
    (
        "models/shop/raw/s.sql",
        &[
            "CREATE SOURCE s IN CLUSTER c FROM LOAD GENERATOR AUCTION FOR ALL TABLES",
            "CREATE SOURCE s IN CLUSTER c FROM LOAD GENERATOR COUNTER",
            "CREATE SOURCE s IN CLUSTER c FROM POSTGRES CONNECTION p (PUBLICATION 'x') FOR ALL TABLES",
        ],
    ),
    ("models/shop/raw/bids.sql", &["CREATE TABLE bids (id int)"]),
    (
        "models/shop/raw/k__lab.sql",
        &["CREATE SECRET k AS 'a'", "CREATE TABLE k (id int)", "CREATE VIEW k__lab AS SELECT 1 AS x"],
    ),
    ("models/shop/raw/k.sql", &["CREATE SECRET k AS 'b'"]),
    (
        "models/shop/pub/v.sql",
        &[
            "CREATE VIEW v AS SELECT * FROM raw.t",
            "CREATE VIEW v AS SELECT * FROM raw.tt",
            "CREATE VIEW v AS SELECT :n AS n, b.* FROM raw.bids AS b",
            "CREATE VIEW v AS SELECT * FROM m",
            "CREATE VIEW v AS SELECT * FROM ext.s.t",
        ],
    ),
    (
        "models/shop/pub/m.sql",
        &[
            "CREATE MATERIALIZED VIEW m IN CLUSTER c AS SELECT id FROM raw.t; CREATE INDEX IN CLUSTER c ON m (id);\n\
             CREATE PRIMARY KEY IN CLUSTER c ON m (id);",
            "CREATE MATERIALIZED VIEW m IN CLUSTER c AS SELECT * FROM v; CREATE INDEX n IN CLUSTER c ON m (id);",
            "CREATE MATERIALIZED VIEW m IN CLUSTER c AS SELECT id FROM raw.t;\n\
             CREATE FOREIGN KEY IN CLUSTER c ON m (id) REFERENCES raw.t (label);",
        ],
    ),
    (
        "models/shop/pub/m_primary_idx.sql",
        &["CREATE VIEW m_primary_idx AS SELECT 1 AS x", "CREATE VIEW m_primary_idx AS SELECT * FROM n"],
    ),
    ("models/shop/pub/m_id_pk.sql", &["CREATE VIEW m_id_pk AS SELECT 1 AS x"]),
    (
        "models/shop/pub/tested.sql",
        &["CREATE VIEW tested AS SELECT label FROM raw.t;\n\
           EXECUTE UNIT TEST u FOR tested MOCK raw.t (id int, label text) AS SELECT 1, 'a' \
           EXPECTED (label text) AS SELECT 'a';"],
    ),
    (
        "models/other/pub/w.sql",
        &["CREATE VIEW w AS SELECT * FROM shop.pub.v", "CREATE VIEW w AS SELECT 1 AS x"],
    ),
    ("notes.txt", &["nothing"]),
];

/// Numbers that look random and are the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        // The generator known as SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from(mixed % u64::try_from(bound).expect("it is small")).expect("it is small")
    }
}

fn options() -> Options {
    Options { profile: Some("lab".to_owned()), variables: BTreeMap::new() }
}

/// Everything there is to see of a project.
fn shown(project: &Project, found: &[Diagnostic]) -> String {
    format!(
        "{:#?}\n{:#?}\n{:#?}\n{:#?}\n{:#?}\n{:#?}\n{}\n{found:#?}",
        project.objects,
        project.databases,
        project.schemas,
        project.clusters,
        project.roles,
        project.settings,
        project.fingerprint(),
    )
}

#[test]
fn after_any_change_it_says_what_compiling_anew_says() {
    for seed in 0..40 {
        let mut numbers = Numbers(seed);
        let mut files: BTreeMap<String, File> = BTreeMap::new();
        let mut workspace = Workspace::new(Vec::new(), options());
        let mut told = Vec::new();
        for _ in 0..40 {
            let mut changes = Vec::new();
            for _ in 0..=numbers.below(3) {
                let (path, texts) = FILES[numbers.below(FILES.len())];
                match numbers.below(texts.len() + 1) {
                    0 => {
                        files.remove(path);
                        changes.push(Change::Removed(path.to_owned()));
                    }
                    text => {
                        let file = File { path: path.to_owned(), text: texts[text - 1].into() };
                        files.insert(path.to_owned(), file.clone());
                        changes.push(Change::Written(file));
                    }
                }
            }
            told.push(format!("{changes:?}"));
            workspace.update(changes);
            let anew = Workspace::new(files.values().cloned().collect(), options());
            let (is, wanted) = (
                shown(workspace.project(), &workspace.diagnostics()),
                shown(anew.project(), &anew.diagnostics()),
            );
            if is != wanted {
                let differs = is.lines().zip(wanted.lines()).find(|(is, wanted)| is != wanted);
                panic!("seed {seed}: {differs:?}\nafter\n{}\n{is}\ninstead of\n{wanted}", told.join("\n"));
            }
        }
    }
}

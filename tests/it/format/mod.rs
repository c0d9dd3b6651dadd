//! The project format, case by case: `tests/data/format/` holds projects and what is said of them.
//!
//! A folder is a case. `NN-…` is acceptance case NN of the format's page; the others are about one of its rules.
//! Every `*.txt` in it is a project in one file, cut at its `-- file: path` lines, and the `*.json` of the same name
//! is what the real binary answers. Before the first file a project may say:
//!
//! - `-- profiles: - lab`: compile once without a profile and once for `lab`;
//! - `-- show: sql`: tell also which statements would be sent for the objects;
//! - `-- apply`: run `mzflow apply` too, in an empty sandbox, and tell how it ended;
//! - `-- sql: …`, `-- rows: …`, `-- run: …`: in one sandbox, in this order, send a statement, tell the rows of one, and run
//!   a command and tell how it ended. `HERE` is the folder of the project; of JSON all is told but times.
//!
//! Where a folder has `base.txt`, its `same-….txt` have the fingerprints of that, and its `other-….txt` differ from it
//! in at least one. Where it has `before.txt` and `after.txt`, the one is deployed and `diff` is asked about the other.
//! Start reading at [`cases`].

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;
use std::path::PathBuf;

use expect_test::expect_file;
use mzflow::compiler;
use mzflow::compiler::template::Names;
use serde_json::Value;
use serde_json::json;

use crate::harness::World;

mod project;

use project::Deed;
use project::Project;

/// How many acceptance cases the format's page has.
const ACCEPTANCE: usize = 55;

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/format")
}

/// The folders of `tests/data/format`, sorted.
fn folders() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(data()).expect("the cases");
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    folders.retain(|path| path.is_dir());
    folders.sort();
    folders
}

/// The projects of a case by their names, sorted.
fn projects(folder: &Path) -> BTreeMap<String, Project> {
    let entries = std::fs::read_dir(folder).expect("a case");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let texts = paths.filter(|path| path.extension().is_some_and(|extension| extension == "txt"));
    let named = texts.map(|path| {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        (name, Project::read(&std::fs::read_to_string(&path).expect("a project")))
    });
    named.collect()
}

/// Runs the cases whose number leaves a rest: they are shared out among as many tests.
fn cases(rest: usize) {
    let world = World::new();
    for folder in folders().iter().skip(rest).step_by(4) {
        let case = folder.file_name().expect("a name").to_string_lossy().into_owned();
        let projects = projects(folder);
        assert!(!projects.is_empty(), "{case} holds no project");
        let mut fingerprints = BTreeMap::new();
        for (name, project) in &projects {
            let place = world.folder().join(&case).join(name);
            project.write(&place);
            let runs: Vec<Value> =
                project.profiles.iter().map(|profile| compiled(&world, &place, profile, project)).collect();
            fingerprints.insert(name.as_str(), runs.iter().map(taken).collect::<Vec<_>>());
            expect_file![folder.join(format!("{name}.json"))].assert_eq(&shown(&runs));
        }
        compare(&case, &fingerprints);
        if projects.contains_key("before") {
            deployed(folder, &projects);
        }
    }
}

#[test]
fn cases_of_the_first_quarter() {
    cases(0);
}

#[test]
fn cases_of_the_second_quarter() {
    cases(1);
}

#[test]
fn cases_of_the_third_quarter() {
    cases(2);
}

#[test]
fn cases_of_the_fourth_quarter() {
    cases(3);
}

/// What the binary says of a project under a profile.
fn compiled(world: &World, place: &Path, profile: &Option<String>, project: &Project) -> Value {
    let place_text = place.to_string_lossy().into_owned();
    let mut arguments = vec!["compile", "--json", "--project", &place_text];
    if let Some(profile) = profile {
        arguments.extend(["--profile", profile]);
    }
    let told = world.mzflow(&arguments);
    let mut answer = told.json();
    let mut run = json!({ "profile": profile, "exit": told.code });
    if project.sql {
        add_sql(&mut answer, place, profile.clone());
    }
    for part in ["objects", "diagnostics"] {
        run[part] = answer[part].take();
    }
    if project.apply {
        let world = World::new();
        arguments[0] = "apply";
        let told = world.mzflow(&arguments);
        let last = told.json_lines().pop().unwrap_or_default();
        run["apply"] = json!({
            "exit": told.code,
            "code": last["error"]["code"],
            "message": last["error"]["message"],
            "actions": last["actions"],
        });
    }
    if !project.deeds.is_empty() {
        run["told"] = json!(done(&project.deeds, &place_text));
    }
    run
}

/// Does one thing after the other in a sandbox of their own, and tells what came of those that tell something.
fn done(deeds: &[Deed], place: &str) -> Vec<Value> {
    let world = World::new();
    let mut told = Vec::new();
    for deed in deeds {
        match deed {
            Deed::Sql(sql) => {
                world.sql(sql);
            }
            Deed::Rows(sql) => told.push(json!({ "rows": sql, "told": world.rows(sql) })),
            Deed::Run(words) => {
                let arguments: Vec<&str> =
                    words.split(' ').map(|word| if word == "HERE" { place } else { word }).collect();
                let ended = world.mzflow(&arguments);
                let is_json = arguments.contains(&"--json");
                let answer = if is_json { timeless(ended.json()) } else { Value::Null };
                told.push(json!({ "run": words, "exit": ended.code, "told": answer }));
            }
        }
    }
    told
}

/// A document without what is another one each time, or would be with another way of writing things down.
fn timeless(document: Value) -> Value {
    let changes = |key: &str| {
        let is_time = key.ends_with("_at") || key.ends_with("_ms");
        is_time || matches!(key, "excerpt" | "fingerprint" | "seconds")
    };
    match document {
        Value::Array(items) => items.into_iter().map(timeless).collect(),
        Value::Object(fields) => {
            let kept = fields.into_iter().filter(|(key, _)| !changes(key));
            kept.map(|(key, value)| (key, timeless(value))).collect()
        }
        other => other,
    }
}

/// Tells beside each object which statement would be sent for it.
fn add_sql(answer: &mut Value, place: &Path, profile: Option<String>) {
    let options = compiler::Options { profile, variables: BTreeMap::new() };
    let (project, _) = compiler::compile_folder(place, &options);
    for told in answer["objects"].as_array_mut().into_iter().flatten() {
        let name = told["name"].as_str().and_then(|name| name.parse().ok());
        let object = name.and_then(|name| project.object(&name)).expect("the object that was told of");
        let mut statements = vec![object.create_sql(&object.name, &Names::PRODUCTION)];
        let indexes = object.indexes.iter();
        statements.extend(indexes.map(|index| index.create_sql(&object.name, &Names::PRODUCTION)));
        told["sql"] = json!(statements);
    }
}

/// The fingerprints of a run by the objects' names.
fn taken(run: &Value) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let objects = run["objects"].as_array().into_iter().flatten();
    objects.map(|object| (text(&object["name"]), text(&object["fingerprint"]))).collect()
}

/// Insists on equal and on different fingerprints, as the names of the projects say.
fn compare(case: &str, fingerprints: &BTreeMap<&str, Vec<BTreeMap<String, String>>>) {
    let Some(base) = fingerprints.get("base") else { return };
    for (name, taken) in fingerprints {
        if name.starts_with("same") {
            assert_eq!(taken, base, "{case}/{name} means the same as base");
        } else if name.starts_with("other") {
            assert_ne!(taken, base, "{case}/{name} means something else than base");
        }
    }
}

/// Deploys one project and asks what the other would change.
fn deployed(folder: &Path, projects: &BTreeMap<String, Project>) {
    let world = World::new();
    for (name, project) in projects {
        project.write(&world.folder().join(name));
    }
    let run = ["run", "blue_green", "--project", "before", "--id", "before"];
    world.mzflow(&["apply", "--project", "before"]).code(0);
    world.mzflow(&run).code(0);
    let mut diff = world.mzflow(&["diff", "--json", "--project", "after"]).code(0).json();
    let mut lines = vec![format!("{{\"empty\":{},", diff["empty"])];
    lines.push("\"objects\":[".to_owned());
    lines.push(listed(diff["objects"].as_array_mut().expect("a list").iter()));
    lines.push(format!("],\"cost\":{}}}\n", diff["cost"]));
    expect_file![folder.join("diff.json")].assert_eq(&lines.join("\n"));
}

/// Values, one a line.
fn listed<'v>(values: impl Iterator<Item = &'v Value>) -> String {
    values.map(Value::to_string).collect::<Vec<_>>().join(",\n")
}

/// The runs of a project as JSON, an object and a diagnostic a line.
fn shown(runs: &[Value]) -> String {
    let mut shown = Vec::new();
    for run in runs {
        let mut text = format!("{{\"profile\":{},\"exit\":{},\n\"objects\":[", run["profile"], run["exit"]);
        let kept = ["name", "kind", "cluster", "depends_on", "external", "file", "line", "sql"];
        let objects: Vec<Value> = run["objects"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|object| {
                let fields = object.as_object().expect("an object").iter();
                fields
                    .filter(|(key, _)| kept.contains(&key.as_str()))
                    .map(|(k, v)| (k.clone(), v.clone()))
                    .collect()
            })
            .collect();
        for (name, values) in
            [("objects", &objects), ("diagnostics", run["diagnostics"].as_array().expect("a list"))]
        {
            if name == "diagnostics" {
                text += "],\n\"diagnostics\":[";
            }
            if !values.is_empty() {
                text += &format!("\n{}\n", listed(values.iter()));
            }
        }
        text += "]";
        if run["apply"].is_object() {
            text += &format!(",\n\"apply\":{}", run["apply"]);
        }
        if let Some(told) = run["told"].as_array() {
            text += &format!(",\n\"told\":[\n{}\n]", listed(told.iter()));
        }
        shown.push(text + "}");
    }
    format!("[{}]\n", shown.join(",\n"))
}

#[test]
fn every_acceptance_case_is_here() {
    let number = |folder: &PathBuf| {
        let name = folder.file_name()?.to_str()?.to_owned();
        name.split_once('-')?.0.parse::<usize>().ok()
    };
    let here: BTreeSet<usize> = folders().iter().filter_map(number).collect();
    let missing: Vec<usize> = (1..=ACCEPTANCE).filter(|case| !here.contains(case)).collect();
    assert!(missing.is_empty(), "no case {missing:?} in tests/data/format");
}

#[test]
fn no_answer_is_left_of_a_project_that_is_gone() {
    for folder in folders() {
        let projects = projects(&folder);
        for entry in std::fs::read_dir(&folder).expect("a case") {
            let path = entry.expect("an entry").path();
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            let known = projects.contains_key(&name) || (name == "diff" && projects.contains_key("before"));
            assert!(known, "{} belongs to no project", path.display());
        }
    }
}

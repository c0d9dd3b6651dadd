//! Every project of `examples/` compiles, without a server and with nothing to say about it but
//! that mz-deploy would not take a part of it, and every bundled recipe deploys every one of them.

use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use crate::harness::World;

fn folders() -> Vec<PathBuf> {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let entries = std::fs::read_dir(examples).expect("there are examples");
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    folders.retain(|path| path.join("project.toml").is_file());
    folders.sort();
    folders
}

/// What `compile --json` says of a folder, and its exit code.
fn compiled(folder: &Path) -> (serde_json::Value, Option<i32>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mzflow"));
    command.args(["compile", "--json", "--project"]).arg(folder).env_clear();
    let output = command.output().expect("the binary runs");
    let document = serde_json::from_slice(&output.stdout).unwrap_or_default();
    (document, output.status.code())
}

#[test]
fn every_example_compiles() {
    let folders = folders();
    assert!(!folders.is_empty());
    for folder in folders {
        let (document, code) = compiled(&folder);
        assert_eq!(code, Some(0), "{}: {document:#}", folder.display());
        assert!(document["objects"].as_array().is_some_and(|all| !all.is_empty()), "{}", folder.display());
        let said = document["diagnostics"].as_array().into_iter().flatten();
        let said: Vec<_> = said.filter(|one| one["code"] != "project.not-mz-deploy").collect();
        assert!(said.is_empty(), "{}: {said:?}", folder.display());
    }
}

#[test]
fn every_unit_test_of_every_example_passes() {
    let mut tests = 0;
    for folder in folders() {
        let name = folder.file_name().expect("a name").to_string_lossy().into_owned();
        let world = World::new();
        world.example(&name);
        let told = world.mzflow(&["test", "--project", &name, "--json"]).code(0).json();
        tests += told["passed"].as_u64().unwrap_or_default();
    }
    assert!(tests > 0);
}

#[test]
fn every_recipe_deploys_every_example() {
    for recipe in mzflow::recipes::ALL {
        for folder in folders() {
            let name = folder.file_name().expect("a name").to_string_lossy().into_owned();
            let world = World::new();
            world.example(&name);
            if recipe.name == "dev_overlay" {
                world.mzflow(&["run", "blue_green", "--project", &name]).code(0);
                world.sql("CREATE CLUSTER dev (SIZE = '25cc')");
                let told = world.mzflow(&["dev", "dev", "--name", "alice", "--project", &name]).code(0);
                told.says("nothing differs from production");
                continue;
            }
            world.mzflow(&["run", recipe.name, "--project", &name]).code(0);
            world.mzflow(&["run", recipe.name, "--project", &name]).code(0).says("nothing to deploy");
        }
    }
}

#[test]
fn a_project_with_a_mistake_does_not() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let models = folder.path().join("models/shop/core");
    std::fs::create_dir_all(&models).expect("a folder");
    std::fs::write(folder.path().join("project.toml"), "").expect("a file");
    std::fs::write(models.join("a.sql"), "CREATE VIEW a AS SELECT * FROM core.nope;\n").expect("a file");
    let (document, code) = compiled(folder.path());
    assert_eq!(code, Some(1), "{document:#}");
    assert_eq!(document["diagnostics"][0]["code"], "sql.unknown-relation");
    let mut command = Command::new(env!("CARGO_BIN_EXE_mzflow"));
    command.args(["compile", "--project"]).arg(folder.path()).env_clear();
    let told = String::from_utf8(command.output().expect("the binary runs").stderr).expect("UTF-8");
    assert!(told.contains("[compile.failed]") && told.contains("nothing was sent to the server"), "{told}");
}

//! No test file and no test data lies about unread.

use super::tree;

#[test]
fn every_test_file_is_a_module() {
    let files = tree::files("tests/it", "rs");
    let mut unlisted = Vec::new();
    for file in &files {
        let inside = file.path.strip_prefix("tests/it/").expect("it was listed there");
        let (folder, name) = inside.rsplit_once('/').unwrap_or(("", inside));
        if name == "main.rs" {
            continue;
        }
        let (parent, module) = match (name, folder.rsplit_once('/')) {
            ("mod.rs", Some((above, own))) => (format!("tests/it/{above}/mod.rs"), own),
            ("mod.rs", None) => ("tests/it/main.rs".to_owned(), folder),
            (_, _) if folder.is_empty() => ("tests/it/main.rs".to_owned(), name),
            (_, _) => (format!("tests/it/{folder}/mod.rs"), name),
        };
        let module = module.strip_suffix(".rs").unwrap_or(module);
        let listed = files
            .iter()
            .any(|other| other.path == parent && other.text.lines().any(|line| lists(line, module)));
        if !listed {
            unlisted.push(format!("{} is no module of {parent}", file.path));
        }
    }
    tree::none(&unlisted);
}

/// Tells whether a line declares a module, visible outside or not.
fn lists(line: &str, module: &str) -> bool {
    line.trim().trim_start_matches("pub(crate) ") == format!("mod {module};")
}

#[test]
fn every_folder_of_test_data_is_read() {
    let sources = ["src", "tests", "benches"].map(|folder| tree::files(folder, "rs"));
    let mut unread = Vec::new();
    let Ok(rooms) = std::fs::read_dir(tree::root().join("tests/data")) else { return };
    for room in rooms {
        let room = room.expect("the folder can be listed").file_name().to_string_lossy().into_owned();
        let path = format!("tests/data/{room}");
        if !sources.iter().flatten().any(|file| file.text.contains(&path)) {
            unread.push(format!("{path} is read by no test"));
        }
    }
    tree::none(&unread);
}

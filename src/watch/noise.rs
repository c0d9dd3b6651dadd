//! Files that editors, version control and build tools write beside what is meant. Pure.

use std::path::Component;
use std::path::Path;

/// Endings of copies that somebody keeps or is about to rename.
const ENDINGS: &[&str] = &[
    "~",
    ".swp",
    ".swo",
    ".swx",
    ".tmp",
    ".temp",
    ".bak",
    ".orig",
    ".rej",
    ".part",
    ".crdownload",
    "___jb_tmp___",
    "___jb_old___",
];

/// Folders directly below a project that others write to all the time.
const FOLDERS: &[&str] = &["target", "node_modules"];

/// The file with which vim finds out whether it may write.
const VIM_PROBE: &str = "4913";

/// Tells whether nobody wants to hear of a file; its path is relative to the folder that is watched.
///
/// A name with a dot in front is hidden: `.git`, `.mzflow`, swap files, locks of Emacs.
pub fn is_noise(path: &Path) -> bool {
    let mut names = path.components().filter_map(|part| match part {
        Component::Normal(name) => name.to_str(),
        Component::Prefix(_) | Component::RootDir | Component::CurDir | Component::ParentDir => None,
    });
    let first = names.clone().next().unwrap_or_default();
    FOLDERS.contains(&first) || names.any(is_noisy_name)
}

fn is_noisy_name(name: &str) -> bool {
    let is_autosave = name.starts_with('#') && name.ends_with('#');
    name.starts_with('.')
        || name == VIM_PROBE
        || is_autosave
        || ENDINGS.iter().any(|ending| name.ends_with(ending))
}

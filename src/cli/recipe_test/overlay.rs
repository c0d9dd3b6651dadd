//! A project with changed files: the folder itself, until a test changes something; then a copy of it.

use std::path::Component;
use std::path::Path;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use crate::lua::testing::stand::Texts;

/// Numbers the copies of this process.
static COPIES: AtomicU64 = AtomicU64::new(0);

/// What is not part of a project.
const LEFT_OUT: [&str; 3] = [".git", ".mzflow", "target"];

/// A project's folder, or a copy of it that is gone with this.
#[derive(Debug)]
pub(super) struct Overlay {
    original: PathBuf,
    copy: Option<PathBuf>,
}

impl Overlay {
    /// The project as it is.
    pub(super) fn of(original: PathBuf) -> Self {
        Self { original, copy: None }
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        self.copy.as_deref().unwrap_or(&self.original)
    }

    /// Changes files, in a copy.
    ///
    /// # Errors
    /// A sentence: a path that leads out of the project, or what the disk says.
    pub(super) fn edit(&mut self, texts: &Texts) -> Result<(), String> {
        for path in texts.keys() {
            let inside = Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
            if path.is_empty() || !inside {
                return Err(format!("`{path}` is no path below the project"));
            }
        }
        if texts.is_empty() {
            return Ok(());
        }
        let told = |path: &Path, error: std::io::Error| format!("{}: {error}", path.display());
        let copy = match &self.copy {
            Some(copy) => copy.clone(),
            None => {
                let number = COPIES.fetch_add(1, Ordering::Relaxed);
                let name = format!("mzflow-test-{}-{number}", std::process::id());
                let copy = std::env::temp_dir().join(name);
                // Kept first, so that half a copy goes away as well.
                self.copy = Some(copy.clone());
                copied(&self.original, &copy).map_err(|error| told(&copy, error))?;
                copy
            }
        };
        for (path, text) in texts {
            let path = copy.join(path);
            let done = match text {
                None => std::fs::remove_file(&path),
                Some(text) => match path.parent() {
                    Some(folder) => {
                        std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&path, text))
                    }
                    None => std::fs::write(&path, text),
                },
            };
            done.map_err(|error| told(&path, error))?;
        }
        Ok(())
    }
}

impl Drop for Overlay {
    fn drop(&mut self) {
        if let Some(copy) = &self.copy {
            // What cannot be removed lies where the system clears up.
            let _ = std::fs::remove_dir_all(copy);
        }
    }
}

fn copied(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        if LEFT_OUT.iter().any(|left_out| name == *left_out) {
            continue;
        }
        let target = to.join(&name);
        if entry.file_type()?.is_dir() {
            copied(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_changed_is_changed_in_a_copy() {
        let folder = tempfile::TempDir::new().expect("a folder");
        std::fs::create_dir(folder.path().join("models")).expect("a folder");
        for (path, text) in [("models/a.sql", "old"), ("b", "kept"), ("c", "gone")] {
            std::fs::write(folder.path().join(path), text).expect("a file");
        }
        let mut overlay = Overlay::of(folder.path().to_owned());
        assert_eq!(overlay.path(), folder.path());
        let texts = [("models/a.sql", Some("new")), ("models/x/d.sql", Some("more")), ("c", None)];
        let texts = texts.map(|(path, text)| (path.to_owned(), text.map(str::to_owned)));
        overlay.edit(&Texts::from(texts)).expect("it is written");
        let copy = overlay.path().to_owned();
        let read = |path: &str| std::fs::read_to_string(copy.join(path)).ok();
        assert_eq!(read("models/a.sql").as_deref(), Some("new"));
        assert_eq!(read("models/x/d.sql").as_deref(), Some("more"));
        assert_eq!((read("b").as_deref(), read("c")), (Some("kept"), None));
        assert_eq!(std::fs::read_to_string(folder.path().join("models/a.sql")).ok().as_deref(), Some("old"));
        for path in ["../x", "/x", ""] {
            let texts = Texts::from([(path.to_owned(), None)]);
            assert!(overlay.edit(&texts).is_err(), "{path}");
        }
        drop(overlay);
        assert!(!copy.exists());
    }
}

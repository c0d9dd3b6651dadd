//! What git says of the project folder: the commit, and whether everything is in it.

use std::path::Path;
use std::process::Command;

use crate::compiler::contract;

/// The state of a checkout.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct GitFacts {
    /// The commit; `None` outside git, or before the first commit.
    pub(crate) sha: Option<String>,
    /// The branch, unless HEAD is detached.
    pub(crate) branch: Option<String>,
    /// Whether something below the project is not committed.
    pub(crate) dirty: bool,
}

impl GitFacts {
    /// Asks git; where there is none, nothing is known and nothing is dirty.
    pub(crate) fn of(project: &Path) -> Self {
        // `.` limits it to the project: what lies beside it is not deployed, nor is `types.lock`,
        // which `apply` may write anew.
        let excluded = format!(":(exclude){}", contract::FILE);
        let arguments = ["status", "--porcelain=v2", "--branch", "--", ".", excluded.as_str()];
        let output = Command::new("git").arg("-C").arg(project).args(arguments).output();
        match output {
            Ok(output) if output.status.success() => Self::read(&String::from_utf8_lossy(&output.stdout)),
            Ok(_) | Err(_) => Self::default(),
        }
    }

    /// Reads what `git status --porcelain=v2 --branch` prints.
    fn read(status: &str) -> Self {
        let header = |key: &str, none: &str| {
            let value = status.lines().find_map(|line| line.strip_prefix("# branch.")?.strip_prefix(key))?;
            let value = value.trim();
            (value != none).then(|| value.to_owned())
        };
        let Some(sha) = header("oid ", "(initial)") else { return Self::default() };
        let dirty = status.lines().any(|line| !line.starts_with('#'));
        Self { sha: Some(sha), branch: header("head ", "(detached)"), dirty }
    }

    /// The first seven digits of the commit.
    pub(crate) fn short_sha(&self) -> Option<&str> {
        let sha = self.sha.as_deref()?;
        Some(sha.get(..7).unwrap_or(sha))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkout_is_read_whatever_its_state() {
        let clean = "# branch.oid 0a1b2c3d4e\n# branch.head main\n# branch.upstream origin/main\n";
        let facts =
            GitFacts { sha: Some("0a1b2c3d4e".to_owned()), branch: Some("main".to_owned()), dirty: false };
        assert_eq!(GitFacts::read(clean), facts);
        assert_eq!(facts.short_sha(), Some("0a1b2c3"));
        let detached = "# branch.oid 0a1b2c3d4e\n# branch.head (detached)\n? models/new.sql\n";
        assert_eq!(GitFacts::read(detached), GitFacts { branch: None, dirty: true, ..facts });
        assert_eq!(GitFacts::read("# branch.oid (initial)\n# branch.head main\n? x\n"), GitFacts::default());
    }
}

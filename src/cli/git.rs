//! What git says of the project folder: the commit, and whether everything is in it.

use std::path::Path;
use std::process::Command;

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
        let Some(sha) = git(project, &["rev-parse", "HEAD"]) else { return Self::default() };
        let branch = git(project, &["symbolic-ref", "--short", "--quiet", "HEAD"]);
        // `.` limits it to the project: what lies beside it is not deployed.
        let status = git(project, &["status", "--porcelain", "--", "."]);
        let dirty = status.is_some_and(|status| !status.is_empty());
        Self { sha: Some(sha), branch, dirty }
    }

    /// The first seven digits of the commit.
    pub(crate) fn short_sha(&self) -> Option<&str> {
        let sha = self.sha.as_deref()?;
        Some(sha.get(..7).unwrap_or(sha))
    }
}

fn git(project: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").arg("-C").arg(project).args(arguments).output().ok()?;
    if !output.status.success() {
        return None;
    }
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

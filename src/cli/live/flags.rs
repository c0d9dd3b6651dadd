//! The flags of `mzflow dev` that are about watching.

use crate::watch::source::Wish;

/// What a developer who stays says.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Flags {
    /// Stay, and build again whenever a file is saved
    #[arg(long)]
    pub(crate) watch: bool,
    /// Run the unit tests of what was built; with --watch each time
    #[arg(long, conflicts_with = "down")]
    pub(crate) test: bool,
    /// Look at the files every second instead of being told: for folders of other machines
    #[arg(long, requires = "watch")]
    pub(crate) poll: bool,
}

impl Flags {
    /// How to learn of changes.
    pub(crate) fn wish(self) -> Wish {
        if self.poll { Wish::Poll } else { Wish::BeTold }
    }
}

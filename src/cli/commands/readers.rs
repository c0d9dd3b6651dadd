//! The flags that say what becomes of SUBSCRIBEs over what is dropped, for every verb that drops.

use std::time::Duration;

use crate::clock::parse_duration;
use crate::primitives::subscribed::Subscribes;

/// What becomes of them.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Readers {
    /// Wait until SUBSCRIBEs over it have ended, so long at most [default: 30m]
    #[arg(long, value_name = "DURATION", value_parser = parse_duration, num_args = 0..=1, require_equals = true,
        default_missing_value = "30m", conflicts_with = "now")]
    wait: Option<Duration>,
    /// End SUBSCRIBEs over it; without --wait and --now they keep it
    #[arg(long)]
    now: bool,
}

impl Readers {
    /// What was said.
    pub(crate) fn subscribes(&self) -> Subscribes {
        match (self.wait, self.now) {
            (Some(patience), _) => Subscribes::Awaited(patience),
            (None, true) => Subscribes::Ended,
            (None, false) => Subscribes::Kept,
        }
    }
}

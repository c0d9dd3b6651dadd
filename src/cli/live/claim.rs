//! That an overlay is watched by this process, and by no other.

use crate::cli::moment;
use crate::cli::ui::ago;
use crate::primitives::code::Code;
use crate::primitives::ctx::Ctx;
use crate::primitives::error::Error;
use crate::primitives::watchers;
use crate::primitives::watchers::Claimed;
use crate::primitives::watchers::Watcher;

/// What is claimed.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    /// The overlay's name.
    pub(crate) overlay: String,
    /// The production databases that it lies over.
    pub(crate) databases: Vec<String>,
    /// The number of the connection for which it is recorded.
    pub(crate) held: Option<usize>,
}

impl Claim {
    /// Claims it, where that is not recorded yet and there is a journal to record it in.
    ///
    /// # Errors
    /// `dev.watched`, `run.fenced`, `db.*`.
    pub(crate) async fn make(&mut self, ctx: &mut Ctx) -> Result<(), Error> {
        if self.held == Some(ctx.connection()) {
            return Ok(());
        }
        match watchers::claim(ctx, &self.overlay, &self.databases).await? {
            Claimed::Yes => self.held = Some(ctx.connection()),
            Claimed::NotYet => {}
            Claimed::By(watcher) => return Err(watched(ctx, &self.overlay, &watcher)),
        }
        Ok(())
    }
}

/// Two that watch one overlay would undo each other's work at every save.
fn watched(ctx: &Ctx, overlay: &str, watcher: &Watcher) -> Error {
    let Watcher { actor, since, run } = watcher;
    let ago = ago(ctx.clock.now().since(*since));
    let since = moment(*since);
    let message = format!("`{overlay}` is watched already, by {actor} since {since} ({ago}, run {run})");
    Error::new(Code::DevWatched, message).effect("nothing was changed")
}

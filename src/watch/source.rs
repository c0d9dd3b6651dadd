//! Where raw events come from: the machine's own notifications, or looking every so often where there
//! are none.
//!
//! The only place that knows `notify`. Nothing is read here; [`Source::next`] says where something may
//! have happened. Start reading there.

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use notify::EventKind;
use notify::RecommendedWatcher;
use notify::RecursiveMode;
use notify::Watcher;
use notify::event::AccessKind;
use notify::event::AccessMode;
use notify::event::MetadataKind;
use notify::event::ModifyKind;
use tokio::sync::Notify;

use super::noise;
use super::queue::Raw;
use crate::clock::Clock;

/// Without notifications somebody looks this often: seldom enough to cost nothing, often enough to be
/// called live.
pub const POLL_EVERY: Duration = Duration::from_secs(1);

/// So many paths are kept apart; beyond that it is cheaper to look everywhere.
const MOST_PATHS: usize = 4096;

/// A folder to watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    /// Where it is, without links in it.
    pub path: PathBuf,
    /// Whether what is below its folders counts too.
    pub deep: bool,
}

/// How to learn of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// By notifications; by looking only where there are none.
    BeTold,
    /// By looking: for folders of other machines, from which no notification comes.
    Poll,
}

/// What was told and not yet taken.
#[derive(Default)]
struct Told {
    heard: Mutex<Heard>,
    wake: Notify,
}

#[derive(Default)]
struct Heard {
    raw: Raw,
    broken: Option<String>,
}

impl Told {
    fn heard(&self) -> MutexGuard<'_, Heard> {
        // Nothing that holds it can leave it half done.
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, folders: &[Folder], event: notify::Result<notify::Event>) {
        {
            let mut heard = self.heard();
            match event {
                Ok(event) => {
                    heard.raw.everything |= event.need_rescan();
                    if matters(event.kind) {
                        let paths = event.paths.into_iter().filter(|path| !is_noise(folders, path));
                        heard.raw.paths.extend(paths);
                    }
                }
                // A folder that was gone before it could be watched is told by the one that held it.
                Err(error) if is_absent(&error) => heard.raw.everything = true,
                Err(error) => heard.broken = Some(told_of(&error)),
            }
            if heard.raw.paths.len() > MOST_PATHS {
                heard.raw = Raw { everything: true, ..Raw::default() };
            }
            if heard.raw.is_empty() && heard.broken.is_none() {
                return;
            }
        }
        self.wake.notify_one();
    }
}

/// Whether an event can mean another content: that somebody reads does not, and we do.
fn matters(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
        EventKind::Access(_) => false,
        EventKind::Modify(ModifyKind::Metadata(
            MetadataKind::AccessTime | MetadataKind::Permissions | MetadataKind::Ownership,
        )) => false,
        EventKind::Any
        | EventKind::Create(_)
        | EventKind::Modify(_)
        | EventKind::Remove(_)
        | EventKind::Other => true,
    }
}

/// Whether nobody wants to hear of a path: by its part below the folder that is watched nearest to the
/// root, as a project may itself be in a folder called `target`.
fn is_noise(folders: &[Folder], path: &Path) -> bool {
    let relative = folders.iter().filter_map(|folder| path.strip_prefix(&folder.path).ok());
    let longest = relative.max_by_key(|path| path.components().count());
    longest.is_some_and(noise::is_noise)
}

fn told(error: &notify::Error) -> String {
    match &error.kind {
        notify::ErrorKind::MaxFilesWatch => {
            "the machine has no more watches for files (fs.inotify.max_user_watches)".to_owned()
        }
        notify::ErrorKind::Io(error) => error.to_string(),
        notify::ErrorKind::Generic(_)
        | notify::ErrorKind::PathNotFound
        | notify::ErrorKind::WatchNotFound
        | notify::ErrorKind::InvalidConfig(_) => error.to_string(),
    }
}

/// Tells where something may have happened.
pub struct Source {
    told: Arc<Told>,
    watcher: Option<RecommendedWatcher>,
    folders: Vec<Folder>,
    clock: Clock,
    notice: Option<String>,
    /// When to look next, where nobody tells.
    poll_at: Duration,
}

impl Source {
    /// Begins to watch folders; one that is not there is watched as soon as the folder that holds it
    /// tells of it.
    pub fn new(folders: Vec<Folder>, clock: Clock, wish: Wish) -> Self {
        let poll_at = clock.elapsed() + POLL_EVERY;
        let told = Arc::default();
        let mut source = Self { told, watcher: None, folders, clock, notice: None, poll_at };
        if wish == Wish::BeTold {
            source.listen();
        }
        source
    }

    /// Why it looks every so often instead of being told, once, where that is news.
    pub fn notice(&mut self) -> Option<String> {
        self.notice.take()
    }

    /// Whether it looks every so often.
    pub fn polls(&self) -> bool {
        self.watcher.is_none()
    }

    fn listen(&mut self) {
        let (told, folders) = (Arc::clone(&self.told), self.folders.clone());
        let watcher = notify::recommended_watcher(move |event| told.take(&folders, event));
        match watcher {
            Err(error) => self.give_up(&told_of(&error)),
            Ok(watcher) => {
                self.watcher = Some(watcher);
                for folder in self.folders.clone() {
                    self.follow(&folder);
                }
            }
        }
    }

    fn follow(&mut self, folder: &Folder) {
        let Some(watcher) = &mut self.watcher else { return };
        let mode = if folder.deep { RecursiveMode::Recursive } else { RecursiveMode::NonRecursive };
        match watcher.watch(&folder.path, mode) {
            Ok(()) => {}
            Err(error) if is_absent(&error) => {}
            Err(error) => self.give_up(&told_of(&error)),
        }
    }

    fn give_up(&mut self, why: &str) {
        self.watcher = None;
        let seconds = POLL_EVERY.as_secs();
        self.notice = Some(format!("{why}: looking at the files every {seconds} s instead"));
    }

    /// Waits until something may have happened, and says where.
    ///
    /// # Cancel
    /// Safe: nothing is lost.
    pub async fn next(&mut self) -> Raw {
        loop {
            if self.watcher.is_none() {
                self.clock.sleep(self.poll_at.saturating_sub(self.clock.elapsed())).await;
                self.poll_at = self.clock.elapsed() + POLL_EVERY;
                return Raw { everything: true, ..Raw::default() };
            }
            self.told.wake.notified().await;
            let Heard { raw, broken } = std::mem::take(&mut *self.told.heard());
            if let Some(why) = broken {
                self.give_up(&why);
                return Raw { everything: true, ..Raw::default() };
            }
            if !raw.is_empty() {
                return self.with_folders(raw);
            }
        }
    }

    /// Watches one more folder, if it is not watched already.
    pub fn also(&mut self, folder: Folder) {
        if !self.folders.contains(&folder) {
            self.folders.push(folder.clone());
            self.follow(&folder);
        }
    }

    /// Watches a folder anew that came, or came back under its name: what was put into it before that
    /// is not told by anybody. Where events were lost, any of them may have.
    fn with_folders(&mut self, raw: Raw) -> Raw {
        // One that came may have brought others with it.
        let has_come = |folder: &&Folder| folder.path.ancestors().any(|path| raw.paths.contains(path));
        let came = self.folders.iter().filter(|folder| raw.everything || has_come(folder));
        let came: Vec<Folder> = came.cloned().collect();
        for folder in &came {
            if let Some(watcher) = &mut self.watcher {
                // Where it is gone there is nothing to let go of.
                let _ = watcher.unwatch(&folder.path);
            }
            self.follow(folder);
        }
        raw
    }
}

fn told_of(error: &notify::Error) -> String {
    format!("files cannot be watched: {}", told(error))
}

/// A folder that is not there is no reason to give up.
fn is_absent(error: &notify::Error) -> bool {
    match &error.kind {
        notify::ErrorKind::PathNotFound => true,
        notify::ErrorKind::Io(error) => error.kind() == std::io::ErrorKind::NotFound,
        notify::ErrorKind::Generic(_)
        | notify::ErrorKind::WatchNotFound
        | notify::ErrorKind::InvalidConfig(_)
        | notify::ErrorKind::MaxFilesWatch => false,
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    /// What is told is told at once, or not at all.
    async fn next(source: &mut Source) -> Option<Raw> {
        let mut next = std::pin::pin!(source.next());
        match futures_util::poll!(&mut next) {
            std::task::Poll::Ready(raw) => Some(raw),
            std::task::Poll::Pending => None,
        }
    }

    fn out_of_watches() -> notify::Error {
        notify::Error::new(notify::ErrorKind::MaxFilesWatch)
    }

    #[tokio::test]
    async fn where_the_machine_has_no_more_watches_it_looks() {
        let mut source = Source::new(Vec::new(), Clock::system(), Wish::BeTold);
        assert_eq!(next(&mut source).await, None);
        source.told.take(&[], Err(out_of_watches()));
        let everything = Raw { everything: true, ..Raw::default() };
        assert_eq!(next(&mut source).await, Some(everything));
        assert!(source.polls());
        let notice = source.notice().unwrap_or_default();
        expect!["files cannot be watched: the machine has no more watches for files (fs.inotify.max_user_watches): looking at the files every 1 s instead"].assert_eq(&notice);
        assert_eq!(source.notice(), None, "it is news once");
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_watched_is_looked_at() {
        let mut source = Source::new(Vec::new(), Clock::system(), Wish::BeTold);
        // One that is not there is no reason.
        source.follow(&Folder { path: PathBuf::from("/nowhere/at/all"), deep: true });
        assert!(!source.polls());
        source.told.take(&[], Err(notify::Error::new(notify::ErrorKind::PathNotFound)));
        assert_eq!(next(&mut source).await.map(|raw| raw.everything), Some(true));
        assert!(!source.polls());
    }

    #[tokio::test]
    async fn more_than_can_be_kept_apart_is_everything() {
        let mut source = Source::new(Vec::new(), Clock::system(), Wish::BeTold);
        let paths = (0..=MOST_PATHS).map(|number| PathBuf::from(format!("/p/{number}")));
        let event = paths.fold(notify::Event::new(EventKind::Any), notify::Event::add_path);
        source.told.take(&[], Ok(event));
        let everything = Raw { everything: true, ..Raw::default() };
        assert_eq!(next(&mut source).await, Some(everything));
    }

    /// A folder may have been made anew while nobody could tell.
    #[tokio::test]
    async fn where_events_were_lost_every_folder_is_watched_anew() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let root = folder.path().canonicalize().expect("it is there");
        let models = root.join("models");
        let folders = vec![Folder { path: models.clone(), deep: true }];
        // It is not there yet, and nobody watches the one that holds it.
        let mut source = Source::new(folders, Clock::system(), Wish::BeTold);
        std::fs::create_dir(&models).expect("made");
        let lost = notify::Event::new(EventKind::Other).set_flag(notify::event::Flag::Rescan);
        source.told.take(&[], Ok(lost));
        assert_eq!(next(&mut source).await.map(|raw| raw.everything), Some(true));
        std::fs::write(models.join("a.sql"), "1").expect("written");
        assert!(source.next().await.paths.contains(&models.join("a.sql")));
    }

    #[tokio::test]
    async fn who_only_reads_changes_nothing() {
        let mut source = Source::new(Vec::new(), Clock::system(), Wish::BeTold);
        for kind in [
            EventKind::Access(AccessKind::Open(AccessMode::Any)),
            EventKind::Access(AccessKind::Close(AccessMode::Read)),
            EventKind::Modify(ModifyKind::Metadata(MetadataKind::Permissions)),
        ] {
            source.told.take(&[], Ok(notify::Event::new(kind).add_path(PathBuf::from("/p/a"))));
        }
        assert_eq!(next(&mut source).await, None);
    }
}

//! Every statement that was run: by whom, when, and what became of it.
//!
//! For tests that compare a rehearsal with the real thing, and for people who want to know what a
//! tool sends. Values of secrets are taken out before anything is kept. Statements about the
//! sandbox itself are not in it. Start reading at [`Transcript::begin`].

use std::sync::Arc;

use imbl::Vector;

use crate::clock::Timestamp;

/// How many statements are kept: a large deployment sends some thousand; older ones are dropped.
const KEPT: usize = 20_000;

/// How many bytes of statements are kept in all; older ones are dropped.
const KEPT_BYTES: usize = 64 << 20;

/// How many bytes of one statement are kept: enough for any view that people write.
const STATEMENT_BYTES: usize = 65_536;

/// A statement that was run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// Its number; the first has 1.
    pub number: u64,
    /// The number of its connection, as `pg_backend_pid()` tells it.
    pub connection: u32,
    /// The user.
    pub user: String,
    /// What the session said of itself: `application_name`.
    pub application: String,
    /// When it began.
    pub began: Timestamp,
    /// When it ended.
    pub finished: Option<Timestamp>,
    /// What became of it.
    pub outcome: Outcome,
    /// Whether the client got an answer, or will.
    pub answered: bool,
    /// Whether it is more than reading.
    pub writes: bool,
    /// Its text, without the values of secrets.
    pub statement: String,
}

/// What became of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It has not ended.
    Running,
    /// It was carried out; the command tag.
    Done(String),
    /// It failed, with this code and message.
    Failed(&'static str, String),
    /// It was not run: the connection was made to end before.
    NotRun,
}

/// Who runs a statement.
#[derive(Clone, Debug)]
pub(crate) struct Who {
    /// The number of the connection.
    pub(crate) connection: u32,
    /// The user.
    pub(crate) user: String,
    /// `application_name`
    pub(crate) application: String,
}

/// What was run.
#[derive(Debug, Default)]
pub(crate) struct Transcript {
    entries: Vector<Arc<Ran>>,
    bytes: usize,
    last: u64,
}

impl Transcript {
    /// Writes a statement down that begins now; gives its number.
    pub(crate) fn begin(&mut self, who: Who, text: &str, writes: bool, now: Timestamp) -> u64 {
        let text = crate::sql::secret::hide(text);
        let mut end = text.len().min(STATEMENT_BYTES);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let statement = text.get(..end).unwrap_or_default().to_owned();
        self.last += 1;
        self.bytes += statement.len();
        self.entries.push_back(Arc::new(Ran {
            number: self.last,
            connection: who.connection,
            user: who.user,
            application: who.application,
            began: now,
            finished: None,
            outcome: Outcome::Running,
            answered: true,
            writes,
            statement,
        }));
        while self.entries.len() > KEPT || self.bytes > KEPT_BYTES {
            let Some(oldest) = self.entries.pop_front() else { break };
            self.bytes -= oldest.statement.len();
        }
        self.last
    }

    /// Writes down what became of a statement; nothing where it is no longer kept.
    pub(crate) fn end(&mut self, number: u64, outcome: Outcome, answered: bool, now: Timestamp) {
        let first = self.entries.front().map_or(u64::MAX, |first| first.number);
        let at = number.checked_sub(first).and_then(|at| usize::try_from(at).ok());
        let Some(entry) = at.and_then(|at| self.entries.get_mut(at)) else { return };
        let entry = Arc::make_mut(entry);
        entry.outcome = outcome;
        entry.answered = answered;
        entry.finished = Some(now);
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.bytes = 0;
    }

    /// What was run, oldest first.
    pub(crate) fn entries(&self) -> Vector<Arc<Ran>> {
        self.entries.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begin(transcript: &mut Transcript, text: &str) -> u64 {
        let who = Who { connection: 1, user: "u".to_owned(), application: String::new() };
        transcript.begin(who, text, true, Timestamp(1))
    }

    #[test]
    fn the_oldest_go_first_and_late_ends_are_nobodys() {
        let mut transcript = Transcript::default();
        for number in 0..=KEPT {
            begin(&mut transcript, &number.to_string());
        }
        let entries = transcript.entries();
        assert_eq!(entries.len(), KEPT);
        assert_eq!(entries.front().map(|ran| ran.statement.as_str()), Some("1"));
        transcript.end(1, Outcome::NotRun, false, Timestamp(2));
        transcript.end(2, Outcome::NotRun, false, Timestamp(2));
        let ended = transcript.entries().iter().filter(|ran| ran.finished.is_some()).count();
        assert_eq!(ended, 1);
        transcript.clear();
        assert_eq!(begin(&mut transcript, "next"), u64::try_from(KEPT).expect("small") + 2);
    }

    #[test]
    fn much_text_is_bounded() {
        let mut transcript = Transcript::default();
        let long = "é".repeat(STATEMENT_BYTES);
        for _ in 0..=(KEPT_BYTES / STATEMENT_BYTES) {
            begin(&mut transcript, &long);
        }
        assert_eq!(transcript.entries().len(), KEPT_BYTES / STATEMENT_BYTES);
    }
}

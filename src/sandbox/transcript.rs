//! Every statement that was run, for tests that compare a rehearsal with the real thing.

use std::collections::VecDeque;

/// How many statements are kept: a large deployment sends some thousand; older ones are dropped.
const KEPT: usize = 20_000;

/// How many bytes of a statement are kept: enough for any view that people write.
const KEPT_BYTES: usize = 65_536;

/// What was run.
#[derive(Debug, Default)]
pub(crate) struct Transcript {
    entries: VecDeque<(u32, String)>,
}

impl Transcript {
    /// Writes a statement down.
    pub(crate) fn push(&mut self, connection: u32, text: &str) {
        if self.entries.len() == KEPT {
            self.entries.pop_front();
        }
        let mut end = text.len().min(KEPT_BYTES);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        self.entries.push_back((connection, text.get(..end).unwrap_or_default().to_owned()));
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.entries.clear();
    }

    /// Connections and statements, oldest first.
    pub(crate) fn entries(&self) -> Vec<(u32, String)> {
        self.entries.iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_go_first() {
        let mut transcript = Transcript::default();
        for number in 0..=KEPT {
            transcript.push(1, &number.to_string());
        }
        let entries = transcript.entries();
        assert_eq!(entries.len(), KEPT);
        assert_eq!(entries.first().map(|(_, text)| text.as_str()), Some("1"));
    }
}

//! What a command said and how it ended, with what differs from run to run taken out.

use super::World;

/// The end of a command.
pub(crate) struct Told {
    /// Its exit code; `None` where a signal ended it.
    pub(crate) code: Option<i32>,
    /// What it wrote for programs.
    pub(crate) stdout: String,
    /// What it wrote for people.
    pub(crate) stderr: String,
}

impl Told {
    pub(crate) fn new(world: &World, code: Option<i32>, stdout: &[u8], stderr: &[u8]) -> Self {
        let clean = |bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes);
            let found = world.secrets.told_by(&text);
            assert!(found.is_none(), "a command has said a secret: {}", found.unwrap_or_default());
            clean(&text, world)
        };
        Self { code, stdout: clean(stdout), stderr: clean(stderr) }
    }

    /// Insists on an exit code.
    #[track_caller]
    pub(crate) fn code(self, expected: i32) -> Self {
        assert_eq!(self.code, Some(expected), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Insists that a text was said, to people or to programs.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        let said = self.stderr.contains(text) || self.stdout.contains(text);
        assert!(said, "nobody said {text:?}\nstdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Insists that a text was not said.
    #[track_caller]
    pub(crate) fn never_says(self, text: &str) -> Self {
        let said = self.stderr.contains(text) || self.stdout.contains(text);
        assert!(!said, "somebody said {text:?}\nstdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// The JSON document on stdout.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in:\n{}", self.stdout))
    }

    /// The JSON lines on stdout.
    #[track_caller]
    pub(crate) fn json_lines(&self) -> Vec<serde_json::Value> {
        let line = |line: &str| {
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in the line:\n{line}"))
        };
        self.stdout.lines().map(line).collect()
    }
}

/// Takes out the folder, the address, durations and run ids.
fn clean(text: &str, world: &World) -> String {
    let address = world.address().to_string();
    let folder = world.folder().to_string_lossy().into_owned();
    let text = text.replace(&folder, "[FOLDER]").replace(&address, "[ADDRESS]");
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// Durations stand at the ends of lines; run ids begin with `r-`.
fn line(line: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    for word in line.split(' ') {
        let is_run =
            word.len() == 10 && word.starts_with("r-") && word[2..].chars().all(|c| c.is_ascii_hexdigit());
        let unit = matches!(word, "ms" | "s" | "µs");
        let number = words.last().is_some_and(|last| last.parse::<f64>().is_ok());
        if is_run {
            words.push("[RUN]".to_owned());
        } else if unit && number {
            words.pop();
            words.push("[TIME]".to_owned());
        } else {
            words.push(word.to_owned());
        }
    }
    let joined = words.join(" ");
    match joined.strip_suffix("[TIME]") {
        Some(before) => format!("{} [TIME]", before.trim_end()),
        None => joined.trim_end().to_owned(),
    }
}

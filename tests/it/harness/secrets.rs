//! Nothing that a command says or writes down bears a password or the value of a secret.
//!
//! Every [`World`](super::World) knows the values that were given to commands, and looks for them in all that commands have
//! said, and at the end of the test in the journal.

use std::path::Path;
use std::sync::Mutex;
use std::sync::PoisonError;

/// The password of every login: the sandbox asks for none, and commands have to keep it to themselves all the same.
pub(crate) const PASSWORD: &str = "pa55-of-the-harness";

/// Values shorter than this would be found in other words.
const SHORTEST: usize = 6;

/// Values that nobody may say.
pub(crate) struct Secrets(Mutex<Vec<String>>);

impl Secrets {
    /// The password of every login, and another one where the sandbox asks for it.
    pub(crate) fn new(password: Option<&str>) -> Self {
        let secrets = Self(Mutex::new(vec![PASSWORD.to_owned()]));
        if let Some(password) = password {
            secrets.add(password);
        }
        secrets
    }

    /// One value more.
    pub(crate) fn add(&self, value: &str) {
        assert!(value.len() >= SHORTEST, "a value of {} characters is in any text", value.len());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(value.to_owned());
    }

    /// The line that bears a value, in any form in which a program may write it, with that taken out; `None`
    /// where no line does.
    pub(crate) fn told_by(&self, text: &str) -> Option<String> {
        let values = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = values.iter().flat_map(|value| forms(value)).find(|form| text.contains(form.as_str()))?;
        let hidden = text.replace(&found, "[SECRET]");
        hidden.lines().find(|line| line.contains("[SECRET]")).map(str::to_owned)
    }
}

/// A value as it is, and as SQL, JSON, a URL and base64 write it; of one with several lines also each of them.
fn forms(value: &str) -> Vec<String> {
    let json = serde_json::to_string(value).expect("a text");
    let mut found = vec![
        value.to_owned(),
        value.replace('\'', "''"),
        json.trim_matches('"').to_owned(),
        url(value, |byte| format!("%{byte:02X}")),
        url(value, |byte| format!("%{byte:02x}")),
        base64(value.as_bytes(), b"+/"),
        base64(value.as_bytes(), b"-_"),
    ];
    if value.contains('\n') {
        found.extend(value.lines().filter(|line| line.len() >= SHORTEST).flat_map(forms));
    }
    found.sort();
    found.dedup();
    found
}

fn url(value: &str, escaped: impl Fn(u8) -> String) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    value.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { escaped(byte) }).collect()
}

/// Without what fills it up at its end.
fn base64(bytes: &[u8], last: &[u8; 2]) -> String {
    let letters: Vec<u8> = (b'A'..=b'Z').chain(b'a'..=b'z').chain(b'0'..=b'9').chain(*last).collect();
    let chunk = |chunk: &[u8]| {
        let bits = (0..3).fold(0_usize, |bits, at| bits << 8 | usize::from(*chunk.get(at).unwrap_or(&0)));
        let all = [18, 12, 6, 0].map(|shift| char::from(letters[bits >> shift & 63]));
        all.into_iter().take(chunk.len() + 1).collect::<String>()
    };
    bytes.chunks(3).map(chunk).collect()
}

/// The files below a folder that commands write: of those, what bears a value, by name.
pub(crate) fn written(secrets: &Secrets, folder: &Path, is_theirs: bool) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut found = Vec::new();
    for entry in entries.filter_map(Result::ok) {
        // Links may lead round in circles, and commands write none.
        let Ok(sort) = entry.file_type() else { continue };
        let path = entry.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let kind = path.extension().unwrap_or_default().to_string_lossy().into_owned();
        let is_theirs =
            is_theirs || name == ".mzflow" || ["lock", "xml", "json", "jsonl"].contains(&kind.as_str());
        if sort.is_dir() {
            found.extend(written(secrets, &path, is_theirs));
        } else if is_theirs
            && sort.is_file()
            && let Ok(bytes) = std::fs::read(&path)
            && secrets.told_by(&String::from_utf8_lossy(&bytes)).is_some()
        {
            found.push(name);
        }
    }
    found
}

#[test]
fn a_value_is_found_and_not_repeated() {
    let secrets = Secrets::new(Some("right-one"));
    secrets.add("hunter2-x");
    assert_eq!(secrets.told_by("one\ntwo hunter2 x\n"), None);
    assert_eq!(secrets.told_by("one\ntold: hunter2-x!\n").as_deref(), Some("told: [SECRET]!"));
    assert_eq!(secrets.told_by("right-one").as_deref(), Some("[SECRET]"));
    assert_eq!(secrets.told_by(&format!("as {PASSWORD}")).as_deref(), Some("as [SECRET]"));
    secrets.add("it's a hunter2");
    secrets.add(r"back\slash");
    secrets.add("-----BEGIN\nabcdef0123\n");
    for said in [
        "as 'it''s a hunter2'",
        "?t=it%27s%20a%20hunter2&",
        "aXQncyBhIGh1bnRlcjI=",
        r#"{"a":"back\\slash"}"#,
        "?t=back%5cslash",
        "one\n-----BEGIN\nabcdef0123\n",
        r"x -----BEGIN\nabcdef0123\n",
        "an abcdef0123 alone",
    ] {
        assert!(secrets.told_by(said).is_some_and(|line| line.contains("[SECRET]")), "{said}");
    }
}

//! Nothing that a command says or writes down bears a password or the value of a secret.
//!
//! Every [`World`](super::World) knows the values that were given to commands, and looks for them in all that commands have
//! said, and at the end of the test in the journal.

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

    /// The line that bears a value, with the value taken out; `None` where no line does.
    pub(crate) fn told_by(&self, text: &str) -> Option<String> {
        let values = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        text.lines().find_map(|line| {
            let value = values.iter().find(|value| line.contains(value.as_str()))?;
            Some(line.replace(value.as_str(), "[SECRET]"))
        })
    }
}

#[test]
fn a_value_is_found_and_not_repeated() {
    let secrets = Secrets::new(Some("right-one"));
    secrets.add("hunter2-x");
    assert_eq!(secrets.told_by("one\ntwo hunter2 x\n"), None);
    assert_eq!(secrets.told_by("one\ntold: hunter2-x!\n").as_deref(), Some("told: [SECRET]!"));
    assert_eq!(secrets.told_by("right-one").as_deref(), Some("[SECRET]"));
    assert_eq!(secrets.told_by(&format!("as {PASSWORD}")).as_deref(), Some("as [SECRET]"));
}

//! The variables of one session: what it set, what it began with, what a transaction undoes.

use std::collections::BTreeMap;

use imbl::OrdMap;

use crate::name::Ident;
use crate::name::listed;
use crate::name::listed::Listed;
use crate::sandbox::error::SqlError;
use crate::sandbox::model::State;
use crate::sandbox::settings;

/// The variables of one session, by the name as it is printed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Variables {
    /// From the client's start and the role; what `RESET` goes back to.
    initial: BTreeMap<&'static str, String>,
    /// `SET`
    session: BTreeMap<&'static str, String>,
    /// `SET LOCAL`, and what `BEGIN` said; until the transaction's end.
    local: BTreeMap<&'static str, String>,
}

/// How long a setting lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lasting {
    /// As what the session begins with.
    Initial,
    /// Until the session's end.
    Session,
    /// Until the transaction's end.
    Transaction,
}

impl Variables {
    /// Sets a variable, or takes it back where there are no values.
    ///
    /// # Errors
    /// `42704` for one that does not exist, `22023` for a value it does not take.
    pub(crate) fn set(
        &mut self,
        name: &str,
        values: Option<&[String]>,
        lasting: Lasting,
    ) -> Result<(), SqlError> {
        let variable = settings::of_session(name).ok_or_else(|| settings::unknown(name))?;
        let map = match lasting {
            Lasting::Initial => &mut self.initial,
            Lasting::Session => &mut self.session,
            Lasting::Transaction => &mut self.local,
        };
        match values {
            Some(values) => {
                map.insert(variable.name, settings::check(variable, values)?);
            }
            None => {
                self.session.remove(variable.name);
                self.local.remove(variable.name);
            }
        }
        Ok(())
    }

    /// What a variable is set to: the session's own, else the system's.
    ///
    /// # Errors
    /// `42704` for one that does not exist.
    pub(crate) fn get(&self, state: &State, name: &str) -> Result<String, SqlError> {
        let Some(variable) = settings::of_session(name) else { return settings::system(state, name) };
        let maps = [&self.local, &self.session, &self.initial];
        match maps.iter().find_map(|map| map.get(variable.name)) {
            Some(value) => Ok(value.clone()),
            None => settings::system(state, variable.name),
        }
    }

    /// Lays the session's variables over the system's, for functions that ask for settings.
    pub(super) fn lay_over(&self, system: &mut OrdMap<String, String>) {
        for map in [&self.initial, &self.session, &self.local] {
            for (name, value) in map {
                system.insert(name.to_ascii_lowercase(), value.clone());
            }
        }
    }

    /// Forgets what was set until the transaction's end.
    pub(crate) fn end_transaction(&mut self) {
        self.local.clear();
    }

    /// Goes back to what the session began with.
    pub(crate) fn reset(&mut self) {
        self.session.clear();
        self.local.clear();
    }
}

/// Reads names as a variable prints them: `a, "B", public`.
pub(crate) fn names(text: &str) -> Vec<Ident> {
    let read = |one: Listed| if one.is_quoted { Ident::new(one.text) } else { Ident::folded(&one.text) };
    listed::split(text).into_iter().filter_map(|one| read(one).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_printed() {
        let read: Vec<String> =
            names("a, \"B\", \"x\"\"y, z\",public").iter().map(|name| name.as_str().to_owned()).collect();
        assert_eq!(read, ["a", "B", "x\"y, z", "public"]);
        assert!(names("\"open").len() <= 1);
    }

    #[test]
    fn local_wins_until_the_end_of_the_transaction() {
        let state = State::default();
        let mut variables = Variables::default();
        let value = |text: &str| vec![text.to_owned()];
        variables.set("cluster", Some(&value("login")), Lasting::Initial).expect("it takes it");
        variables.set("cluster", Some(&value("set")), Lasting::Session).expect("it takes it");
        variables.set("cluster", Some(&value("inner")), Lasting::Transaction).expect("it takes it");
        assert_eq!(variables.get(&state, "cluster").as_deref(), Ok("inner"));
        variables.end_transaction();
        assert_eq!(variables.get(&state, "cluster").as_deref(), Ok("set"));
        variables.reset();
        assert_eq!(variables.get(&state, "cluster").as_deref(), Ok("login"));
        assert_eq!(variables.get(&state, "max_clusters").as_deref(), Ok("25"));
    }
}

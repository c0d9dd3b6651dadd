//! The variables of one session: what it set, what it began with, what a transaction undoes.

use std::collections::BTreeMap;

use imbl::OrdMap;

use crate::name::Ident;
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
    let mut names = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let end = match rest.strip_prefix('"') {
            Some(quoted) => closing(quoted).map_or(rest.len(), |end| end + 2),
            None => rest.find(',').unwrap_or(rest.len()),
        };
        let (name, after) = rest.split_at(end);
        let name = name.trim();
        let name = match name.strip_prefix('"').and_then(|name| name.strip_suffix('"')) {
            Some(quoted) => quoted.replace("\"\"", "\""),
            None => name.to_lowercase(),
        };
        names.extend(Ident::new(name));
        rest = after.trim_start().trim_start_matches(',').trim_start();
    }
    names
}

/// Where the quote mark stands that ends a quoted name.
fn closing(text: &str) -> Option<usize> {
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if c == '"' {
            match chars.peek() {
                Some((_, '"')) => {
                    chars.next();
                }
                _ => return Some(at),
            }
        }
    }
    None
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

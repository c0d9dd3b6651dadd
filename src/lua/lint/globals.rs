//! What a recipe finds in its surroundings: the names of globals, and what the libraries hold.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use mlua::Lua;
use mlua::Table;
use mlua::Value;

/// The globals that exist.
#[derive(Clone, Debug, Default)]
pub(in crate::lua) struct Globals {
    /// Each with what it holds, if it is a table.
    names: BTreeMap<String, BTreeSet<String>>,
}

impl Globals {
    /// Those of a Lua as it was opened.
    pub(in crate::lua) fn of(lua: &Lua) -> Self {
        let mut names = BTreeMap::new();
        for (name, value) in lua.globals().pairs::<String, Value>().flatten() {
            // `_G` holds whatever a recipe puts there.
            let fields = value.as_table().filter(|_| name != "_G" && name != "mz").map(keys);
            names.insert(name, fields.unwrap_or_default());
        }
        Self { names }
    }

    /// Their names.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(String::as_str)
    }

    /// Tells whether there is one of that name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.names.contains_key(name)
    }

    /// What a library holds; `None` where the name is no library's.
    pub(super) fn library(&self, name: &str) -> Option<&BTreeSet<String>> {
        self.names.get(name).filter(|fields| !fields.is_empty())
    }
}

fn keys(table: &Table) -> BTreeSet<String> {
    table.pairs::<String, Value>().flatten().map(|(name, _)| name).collect()
}

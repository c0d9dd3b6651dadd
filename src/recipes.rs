//! The bundled recipes, as texts by name.
//!
//! They are ordinary recipes: nothing they do is out of a user's reach.

/// A bundled recipe.
#[derive(Clone, Copy, Debug)]
pub struct Bundled {
    /// What people type.
    pub name: &'static str,
    /// Its file, for people.
    pub file: &'static str,
    /// Its text.
    pub text: &'static str,
}

/// Every bundled recipe, by name.
pub const ALL: &[Bundled] = &[
    Bundled {
        name: "blue_green",
        file: "recipes/blue_green.lua",
        text: include_str!("../recipes/blue_green.lua"),
    },
    Bundled { name: "canary", file: "recipes/canary.lua", text: include_str!("../recipes/canary.lua") },
    Bundled {
        name: "dev_overlay",
        file: "recipes/dev_overlay.lua",
        text: include_str!("../recipes/dev_overlay.lua"),
    },
];

/// The bundled recipe of that name.
pub fn find(name: &str) -> Option<&'static Bundled> {
    ALL.iter().find(|recipe| recipe.name == name)
}

//! The developer's screen: a pure model, a pure view of it, and the terminal that shows it.

pub(crate) mod keys;
pub(crate) mod model;
pub(crate) mod terminal;
pub(crate) mod view;

#[cfg(test)]
mod tests;

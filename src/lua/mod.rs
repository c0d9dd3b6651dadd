//! The host of recipes: Lua, fenced in, with the functions of `mz`.
//!
//! A recipe decides, this room carries out: each function of `mz` is declared in [`registry`],
//! checked by [`check`], and calls one primitive in [`calls`]. Nothing here talks to people, and
//! no type of the Lua library leaves it. Start reading at [`host::Host`], then at [`run`].

mod arguments;
mod asking;
mod branch;
mod calls;
mod check;
mod failure;
pub mod gate;
pub mod host;
mod limits;
mod lint;
pub mod near;
pub mod outline;
pub mod people;
pub mod policy;
pub mod recipe;
pub mod reference;
pub mod registry;
pub mod run;
mod shared;
mod site;
pub mod stubs;
pub mod testing;
mod values;

#[cfg(test)]
mod tests;

//! What things are called in an overlay. Pure.

use std::collections::BTreeSet;

use crate::catalog::Catalog;
use crate::deployment::overlay::DatabasePair;
use crate::name::Ident;
use crate::name::ObjectName;
use crate::primitives::code::Code;
use crate::primitives::error::Error;

/// The names of one overlay.
#[derive(Clone, Debug)]
pub(super) struct Naming {
    overlay: String,
    taken: BTreeSet<ObjectName>,
}

impl Naming {
    pub(super) fn new(overlay: &str) -> Self {
        Self { overlay: overlay.to_owned(), taken: BTreeSet::new() }
    }

    /// The overlay's name.
    pub(super) fn overlay(&self) -> &str {
        &self.overlay
    }

    /// The overlay's database beside one of production's.
    pub(super) fn database(&self, production: &Ident) -> Result<DatabasePair, Error> {
        let overlay =
            self.ident(&format!("{production_}__{}", self.overlay, production_ = production.as_str()))?;
        Ok(DatabasePair { production: production.clone(), overlay })
    }

    /// What an object is called in the overlay.
    pub(super) fn place(&self, production: &ObjectName) -> Result<ObjectName, Error> {
        let database = self.database(&production.database)?.overlay;
        Ok(ObjectName { database, ..production.clone() })
    }

    /// A free name beside another: `<name>__<overlay>__mzf` for what is being built, `…__mzx` for
    /// what is about to be dropped.
    pub(super) fn beside(
        &mut self,
        name: &ObjectName,
        end: &str,
        catalog: &Catalog,
    ) -> Result<ObjectName, Error> {
        let base = format!("{}__{}", name.object.as_str(), self.overlay);
        let mut number = 1;
        loop {
            let text = if number == 1 { format!("{base}__{end}") } else { format!("{base}_{number}__{end}") };
            let free = ObjectName { object: self.ident(&text)?, ..name.clone() };
            if catalog.object(&free).is_none() && self.taken.insert(free.clone()) {
                return Ok(free);
            }
            number += 1;
        }
    }

    fn ident(&self, text: &str) -> Result<Ident, Error> {
        Ident::new(text).map_err(|error| {
            let message = format!("an overlay named `{}` has a name that cannot be: {error}", self.overlay);
            Error::new(Code::OverlayBadName, message).effect("nothing was changed")
        })
    }
}

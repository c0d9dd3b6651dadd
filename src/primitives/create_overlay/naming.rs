//! What things are called in an overlay. Pure.

use std::collections::BTreeSet;

use crate::catalog::Catalog;
use crate::deployment::overlay::DatabasePair;
use crate::name::Ident;
use crate::name::MAX_IDENTIFIER_BYTES;
use crate::name::ObjectName;
use crate::primitives::code::Code;
use crate::primitives::error::Error;
use crate::sql::fingerprint::Fingerprint;

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
    /// what is about to be dropped. Of a name that is too long for that the beginning stays, and a hash
    /// that tells it from others.
    pub(super) fn beside(
        &mut self,
        name: &ObjectName,
        end: &str,
        catalog: &Catalog,
    ) -> Result<ObjectName, Error> {
        let mut number = 1;
        loop {
            let count = if number == 1 { String::new() } else { format!("_{number}") };
            let text = fitting(name.object.as_str(), &format!("__{}{count}__{end}", self.overlay));
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

/// So many digits of a hash stand for the rest of a name.
const DIGITS: usize = 16;

/// A name with an ending, shortened where both do not fit.
fn fitting(name: &str, end: &str) -> String {
    if name.len() + end.len() <= MAX_IDENTIFIER_BYTES {
        return format!("{name}{end}");
    }
    let hash = Fingerprint::of(name, []);
    let hash = hash.as_str().rsplit(':').next().unwrap_or_default();
    let hash = hash.get(..DIGITS).unwrap_or(hash);
    let room = MAX_IDENTIFIER_BYTES.saturating_sub(end.len() + hash.len() + 1);
    let mut kept = String::new();
    for letter in name.chars() {
        if kept.len() + letter.len_utf8() > room {
            break;
        }
        kept.push(letter);
    }
    format!("{kept}_{hash}{end}")
}

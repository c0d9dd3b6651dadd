//! What indexes want to be called, and what they get.

use rustc_hash::FxHashMap;
use rustc_hash::FxHashSet;

use super::build::indexes_of;
use super::draft::Draft;
use crate::name::Ident;
use crate::sql::ast::Statement;
use crate::sql::ast::create::CreateIndex;
use crate::sql::canonical;

/// The name that an index has or would be given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// It has this one.
    Given(Ident),
    /// The server puts the first number behind this one that makes it free.
    Numbered(String),
}

impl Wish {
    /// What the indexes of a draft wish for, in their order.
    pub(super) fn of(draft: &Draft<'_>) -> Vec<Self> {
        let wish = |(_, index): (&Statement, &CreateIndex)| match &index.name {
            Some(name) => Self::Given(name.ident.clone()),
            None => Self::Numbered(canonical::default_index_name(&draft.name.object, index)),
        };
        indexes_of(draft).map(wish).collect()
    }

    /// Takes the name; `None` where it is given and taken.
    ///
    /// `next` holds, for names that the server chooses, the first number that may be free.
    pub(super) fn take(
        &self,
        taken: &mut FxHashSet<Ident>,
        next: &mut FxHashMap<String, usize>,
    ) -> Option<Ident> {
        let base = match self {
            Self::Given(name) => return taken.insert(name.clone()).then(|| name.clone()),
            Self::Numbered(base) => base,
        };
        let next = next.entry(base.clone()).or_default();
        for number in *next..=*next + taken.len() {
            let text = if number == 0 { base.clone() } else { format!("{base}{number}") };
            let name = Ident::new(text).ok()?;
            if taken.insert(name.clone()) {
                *next = number + 1;
                return Some(name);
            }
        }
        None
    }
}

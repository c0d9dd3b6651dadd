//! Swaps that the server has refused, for as long as what keeps it from making them is there. Pure.
//!
//! What is built for a swap that is refused has to be built again, so it is not tried again for nothing. The words
//! that are in the way are those of a view that reads the schema and is not the overlay's, whose own name everything
//! in full. Where nobody else reads it nothing is remembered: the next text may be
//! one that can be swapped.
//!
//! Source: `design/materialize.md` 1.5.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::decide::Decision;
use crate::catalog::Catalog;
use crate::deployment::overlay::RefusedSwap;
use crate::name::ObjectId;
use crate::name::SchemaName;
use crate::primitives::overlays::Overlaid;
use crate::primitives::overlays::Overlays;

/// Whether it is known that the server refuses to swap a schema.
pub(super) fn is_known(schema: &SchemaName, overlay: &Overlaid, catalog: &Catalog) -> bool {
    overlay.refused.get(schema).is_some_and(|readers| are_there(readers, catalog))
}

fn are_there(readers: &BTreeSet<ObjectId>, catalog: &Catalog) -> bool {
    !readers.is_empty() && readers.iter().all(|id| catalog.objects.contains_key(id))
}

/// Takes in that swaps were refused, with what others read of the schemas: call it before they are given up.
pub(super) fn take(schemas: &BTreeSet<SchemaName>, decision: &mut Decision<'_>, catalog: &Catalog) {
    let mut refused = BTreeMap::new();
    let own: BTreeSet<&ObjectId> = (decision.builds.iter().filter_map(|build| build.replaces.as_ref()))
        .chain(decision.kept.values().chain(&decision.removed).map(|known| &known.id))
        .chain(&decision.stale)
        .collect();
    for schema in schemas {
        let Some(swap) = decision.swaps.get(schema) else { continue };
        let readers = catalog.readers_of(&swap.inside.iter().collect());
        let is_others = |id: &&&ObjectId| {
            // Only the text of a query can be in the way.
            let has_query = catalog.objects.get(**id).is_some_and(|found| found.kind.is_staged());
            has_query && !own.contains(**id)
        };
        let others: BTreeSet<ObjectId> =
            readers.values().flatten().filter(is_others).map(|id| (*id).clone()).collect();
        if !others.is_empty() {
            refused.insert(schema.clone(), others);
        }
    }
    decision.refused.extend(refused);
}

/// What is to be remembered: what was refused now, and what was before and still would be.
pub(super) fn standing(decision: &Decision<'_>, overlays: &Overlays, catalog: &Catalog) -> Vec<RefusedSwap> {
    let known = decision.databases.iter().filter_map(|pair| overlays.get(&pair.overlay));
    let mut all: BTreeMap<&SchemaName, &BTreeSet<ObjectId>> =
        known.flat_map(|known| &known.refused).filter(|(_, readers)| are_there(readers, catalog)).collect();
    all.extend(&decision.refused);
    let all = all.into_iter();
    all.map(|(schema, readers)| RefusedSwap { schema: schema.clone(), readers: readers.clone() }).collect()
}

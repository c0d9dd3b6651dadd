//! The renames by which objects change places one by one, each inside its schema. Pure.
//!
//! There is no swap of objects: what stands under the production names is renamed away first, all of it,
//! and then what takes its place is renamed in. So no name is taken when it is wanted, whichever object
//! or index has borne it before. Start reading at [`renames`].

use crate::catalog::Catalog;
use crate::deployment::epoch::SwapKind;
use crate::deployment::record::StageIntent;
use crate::deployment::record::StageObjects;
use crate::name::Ident;
use crate::name::ObjectKind;
use crate::name::ObjectName;
use crate::plan::exchange::Exchange;

/// One that gives its name to another, which comes in under it.
#[derive(Clone, Debug)]
pub struct Turn {
    /// What stands there, if anything does, and what it is called then.
    pub away: Option<(ObjectKind, ObjectName, Ident)>,
    /// What comes, if anything does, and what it is called then.
    pub into: Option<(ObjectKind, ObjectName, Ident)>,
}

/// The renames of turns, in the order in which they are possible.
pub fn steps(turns: &[Turn]) -> Vec<Exchange> {
    let rename = |(kind, from, to): &(ObjectKind, ObjectName, Ident)| Exchange::RenameObject {
        kind: *kind,
        from: from.clone(),
        to: to.clone(),
    };
    let away = turns.iter().filter_map(|turn| turn.away.as_ref());
    let into = turns.iter().filter_map(|turn| turn.into.as_ref());
    away.chain(into).map(rename).collect()
}

/// The renames of a deployment whose objects change places one by one; none for another.
///
/// What leaves is told by the catalog: where nobody asks for the conflict check, it may be another than
/// what was recorded, or nothing.
pub fn renames(
    intent: &StageIntent,
    contents: &StageObjects,
    kind: SwapKind,
    catalog: &Catalog,
) -> Vec<Exchange> {
    let mut turns = objects(intent, contents, kind, catalog);
    turns.extend(indexes(contents, kind, catalog));
    steps(&turns)
}

fn objects(intent: &StageIntent, contents: &StageObjects, kind: SwapKind, catalog: &Catalog) -> Vec<Turn> {
    let turn = |object: &crate::deployment::record::StagedObject| {
        let name = &object.name;
        let retired = intent.retired_name(object);
        let staging = object.change.is_built().then(|| intent.staging_name(object));
        match kind {
            SwapKind::Promotion => Turn {
                away: catalog.object(name).map(|found| (found.kind, name.clone(), retired.object)),
                into: staging.map(|staging| (object.kind, staging, name.object.clone())),
            },
            SwapKind::Rollback => Turn {
                away: staging.map(|staging| (object.kind, name.clone(), staging.object)),
                into: object.production_id.as_ref().map(|id| {
                    let kind = catalog.objects.get(id).map_or(object.kind, |found| found.kind);
                    (kind, retired, name.object.clone())
                }),
            },
        }
    };
    contents.renamed().map(turn).collect()
}

/// Indexes go by the id that was recorded: a name of theirs is not one that people read.
fn indexes(contents: &StageObjects, kind: SwapKind, catalog: &Catalog) -> Vec<Turn> {
    let mut turns = Vec::new();
    for index in &contents.indexes {
        let Some(retired) = index.retired_name() else { continue };
        let stands = |name: &ObjectName| {
            let found = catalog.object(name);
            found.is_some_and(|found| Some(&found.id) == index.production_id.as_ref())
        };
        let own = |from: &ObjectName, to: &ObjectName| (ObjectKind::Index, from.clone(), to.object.clone());
        turns.push(match kind {
            SwapKind::Promotion => Turn {
                away: stands(&index.name).then(|| own(&index.name, &retired)),
                into: Some(own(&index.staging, &index.name)),
            },
            SwapKind::Rollback => Turn {
                away: Some(own(&index.name, &index.staging)),
                into: stands(&retired).then(|| own(&retired, &index.name)),
            },
        });
    }
    turns
}

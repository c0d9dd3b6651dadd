//! What forbids an overlay. Pure.

use std::collections::BTreeMap;

use super::decide::Decision;
use crate::catalog::Catalog;
use crate::catalog::Object;
use crate::deployment::overlay::DatabasePair;
use crate::name::ClusterName;
use crate::name::ObjectId;
use crate::primitives::code::Code;
use crate::primitives::error::Error;
use crate::primitives::overlays::Overlays;

/// What was refused has changed nothing.
const NOTHING: &str = "nothing was changed";

/// The objects on a cluster that are of no overlay.
pub(super) fn others_on<'c>(
    cluster: &ClusterName,
    overlays: &Overlays,
    catalog: &'c Catalog,
) -> Result<Vec<&'c Object>, Error> {
    let Some(found) = catalog.clusters.get(cluster) else {
        let message = format!("there is no cluster {cluster}");
        let known = catalog.clusters.keys().map(ToString::to_string);
        return Err(Error::new(Code::OverlayUnknownCluster, message).with_lines(known).effect(NOTHING));
    };
    let of_none = catalog.objects_on(&found.id).filter(|o| !overlays.contains_key(&o.name.database));
    Ok(of_none.collect())
}

/// Fails where a cluster runs production: an overlay's hydration would take from it.
pub(super) fn production_cluster(
    cluster: &ClusterName,
    others: &[&Object],
    is_own: &dyn Fn(&Object) -> bool,
    promoted: &BTreeMap<ObjectId, String>,
) -> Result<(), Error> {
    let by_deployment = others.iter().find_map(|object| Some((object, promoted.get(&object.id)?)));
    let message = match by_deployment {
        Some((object, deployment)) => {
            format!("cluster {cluster} runs production: {}, promoted as {deployment}", object.name)
        }
        None => match others.iter().find(|object| is_own(object)) {
            Some(object) => format!("cluster {cluster} runs production: {}", object.name),
            None => return Ok(()),
        },
    };
    Err(Error::new(Code::OverlayProductionCluster, message).effect(NOTHING))
}

/// Fails where a database of that name is not this overlay's, or another role's.
pub(super) fn others_databases(
    overlay: &str,
    databases: &[DatabasePair],
    overlays: &Overlays,
    catalog: &Catalog,
) -> Result<(), Error> {
    for pair in databases {
        if !catalog.databases.contains_key(&pair.overlay) {
            continue;
        }
        let message = match overlays.get(&pair.overlay) {
            None => format!("database {} is there already, and no overlay made it", pair.overlay),
            Some(known) if known.overlay != overlay => {
                format!("database {} is the overlay `{}`'s", pair.overlay, known.overlay)
            }
            Some(known) if known.actor != catalog.session.role.0.as_str() => {
                format!("the overlay `{overlay}` is {}'s", known.actor)
            }
            Some(known) if !known.is_there(catalog) => {
                format!("database {} is another than the one that the overlay had", pair.overlay)
            }
            Some(_) => continue,
        };
        return Err(Error::new(Code::OverlayTaken, message).effect(NOTHING));
    }
    Ok(())
}

/// Fails where something that the overlay did not make bears a name of its objects.
pub(super) fn others_objects(
    decision: &Decision<'_>,
    overlays: &Overlays,
    catalog: &Catalog,
) -> Result<(), Error> {
    let foreign = decision.builds.iter().filter_map(|build| {
        let found = catalog.object(&build.place)?;
        let ours = overlays.get(&build.place.database).is_some_and(|known| known.owns(found));
        (!ours).then(|| format!("{} {}, of {}", found.kind, found.name, found.owner))
    });
    let foreign: Vec<String> = foreign.collect();
    if foreign.is_empty() {
        return Ok(());
    }
    let message = "something that the overlay did not make bears a name of its objects";
    Err(Error::new(Code::OverlayTaken, message).with_lines(foreign).effect(NOTHING))
}

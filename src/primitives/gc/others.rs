//! What stands in a record and goes by other commands than those that drop deployments.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::catalog::Catalog;
use crate::db::journal::Which;
use crate::deployment::deletion;
use crate::deployment::record::Record;
use crate::name::ClusterName;
use crate::name::ObjectId;
use crate::name::RoleName;
use crate::primitives::ctx::Ctx;
use crate::primitives::error::Error;
use crate::primitives::overlays::Overlaid;
use crate::primitives::overlays::Overlays;

/// A thing that was claimed to be deleted and stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cut {
    /// What it is: `table`.
    kind: String,
    /// The name that it had.
    name: String,
    /// The name that it bears.
    pub(super) stands: String,
}

/// Finds those; where nothing bears such a name, nothing is asked.
///
/// # Errors
/// `db.*`.
pub(super) async fn cut(ctx: &Ctx, catalog: &Catalog) -> Result<Vec<Cut>, Error> {
    let clusters = catalog.clusters.keys().any(|name| deletion::is_claimed(&name.0));
    if !clusters && !catalog.objects.values().any(|object| deletion::is_claimed(&object.name.object)) {
        return Ok(Vec::new());
    }
    let mut open: BTreeMap<(String, String), Option<String>> = BTreeMap::new();
    for entry in ctx.entries(Which::Kinds(&["deletion"])).await? {
        if let Record::Deletion(row) = entry.record {
            open.insert((row.kind, row.name), row.id.filter(|_| !row.is_gone));
        }
    }
    let found = open.into_iter().filter_map(|((kind, name), id)| {
        let stands = stands(&kind, &id?, catalog)?;
        Some(Cut { kind, name, stands })
    });
    Ok(found.collect())
}

/// The claimed name of a thing by its id. Clusters have ids of their own.
fn stands(kind: &str, id: &str, catalog: &Catalog) -> Option<String> {
    if kind == "cluster" {
        let mut clusters = catalog.clusters.iter();
        let (name, _) = clusters.find(|(_, cluster)| cluster.id.as_str() == id)?;
        return deletion::is_claimed(&name.0).then(|| name.to_string());
    }
    let object = catalog.objects.get(&ObjectId::new(id))?;
    deletion::is_claimed(&object.name.object).then(|| object.name.to_string())
}

/// All of it, a line each with what can be done.
pub(super) fn told(deletions: &[Cut], overlays: &Overlays, catalog: &Catalog) -> Vec<String> {
    let cut = deletions.iter().map(|cut| {
        let Cut { kind, name, stands } = cut;
        format!("{stands} was to be deleted and stands yet: `mzflow delete {kind} {name}` goes on")
    });
    let lost = overlays.values().filter_map(|overlaid| lost(overlaid, catalog));
    cut.chain(lost).collect()
}

/// An overlay that stands and whose developer or whose cluster is gone.
fn lost(overlaid: &Overlaid, catalog: &Catalog) -> Option<String> {
    if !overlaid.is_there(catalog) {
        return None;
    }
    let is_role = |name: &RoleName| name.0.as_str() == overlaid.actor;
    let clusters: BTreeSet<&ClusterName> = overlaid.objects.values().map(|object| &object.cluster).collect();
    let gone = match (catalog.roles.keys().any(is_role), clusters.first()) {
        (false, _) => format!("role {}, whose it was, is gone", overlaid.actor),
        (true, Some(cluster)) if clusters.iter().all(|name| !catalog.clusters.contains_key(*name)) => {
            format!("cluster {cluster}, on which it ran, is gone")
        }
        (true, _) => return None,
    };
    let (overlay, database) = (&overlaid.overlay, &overlaid.pair.overlay);
    Some(format!(
        "database {database} holds the overlay `{overlay}`, and {gone}: `mzflow dev --down --name {overlay}` \
         removes it, or its owner drops the database"
    ))
}

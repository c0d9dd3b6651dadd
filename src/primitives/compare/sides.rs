//! What of a deployment is compared with what of production. Pure.
//!
//! The deployment's object is found by the id that was recorded when it was built, production's by
//! its name; where the deployment is production already, by the id of what it replaced. Start
//! reading at [`sides`].

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::found::State;
use crate::catalog::Catalog;
use crate::catalog::Object;
use crate::deployment::change::Change;
use crate::deployment::record::StagedObject;
use crate::name::ClusterName;
use crate::name::ObjectName;
use crate::name::split_dotted;
use crate::primitives::code::Code;
use crate::primitives::error::Error;
use crate::primitives::scope::Scope;

/// An object of a deployment and what it is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sides {
    /// Its production name.
    pub(super) name: ObjectName,
    /// What it is.
    pub(super) kind: String,
    /// Both sides, where there are two.
    pub(super) both: Result<Both, State>,
}

/// Two relations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Both {
    /// Production's, by the name it bears now.
    pub(super) blue: ObjectName,
    /// The deployment's, by the name it bears now.
    pub(super) green: ObjectName,
    /// The cluster to ask: where the deployment's has been computed, if that is known.
    pub(super) cluster: Option<ClusterName>,
}

/// The objects of a deployment that are compared, in the order of their names: those of these
/// names, or all relations that it built or no longer has.
///
/// # Errors
/// `compare.unknown-object`, with the nearest name; `compare.gone` when what the deployment built
/// or replaced is there no longer.
pub(super) fn sides(
    scope: &Scope,
    catalog: &Catalog,
    wanted: Option<&[String]>,
) -> Result<Vec<Sides>, Error> {
    let clusters = clusters(scope, catalog);
    let mut known: BTreeMap<&ObjectName, &StagedObject> = BTreeMap::new();
    for object in &scope.contents.objects {
        if object.is_replaced() && object.kind.is_staged() {
            known.insert(&object.name, object);
        }
    }
    let chosen: Vec<&StagedObject> = match wanted {
        None => known.into_values().collect(),
        Some(wanted) => {
            let mut names = BTreeSet::new();
            for text in wanted {
                names.insert(find(text, &known)?);
            }
            names.into_iter().filter_map(|name| known.get(&name).copied()).collect()
        }
    };
    chosen.into_iter().map(|object| one(scope, catalog, object, &clusters)).collect()
}

/// The object that a text names.
pub(super) fn find(text: &str, known: &BTreeMap<&ObjectName, &StagedObject>) -> Result<ObjectName, Error> {
    let parts = split_dotted(text, "database.schema.object").ok();
    let name = parts.and_then(|parts| <[_; 3]>::try_from(parts).ok());
    let name = name.map(|[database, schema, object]| ObjectName::new(database, schema, object));
    if let Some(name) = name.filter(|name| known.contains_key(name)) {
        return Ok(name);
    }
    let message = format!("the deployment has no view of the name `{text}` that could be compared");
    let error = Error::new(Code::CompareUnknownObject, message);
    let names: Vec<String> = known.keys().map(ToString::to_string).collect();
    let near =
        names.iter().max_by(|a, b| strsim::jaro_winkler(a, text).total_cmp(&strsim::jaro_winkler(b, text)));
    Err(match near.filter(|near| strsim::jaro_winkler(near, text) > 0.7) {
        Some(near) => error.line(format!("did you mean `{near}`?")),
        None => error,
    })
}

fn one(scope: &Scope, catalog: &Catalog, object: &StagedObject, clusters: &Clusters) -> Result<Sides, Error> {
    let side = |both| Sides { name: object.name.clone(), kind: object.kind.to_string(), both };
    if object.change == Change::Removed {
        return Ok(side(Err(State::Removed)));
    }
    let gone = |what: &str| {
        let message = format!("{} cannot be compared: {what}", object.name);
        Error::new(Code::CompareGone, message).object(&object.name).of(scope.deployment())
    };
    let id = scope.built.get(&scope.intent.staging_name(object));
    let green = id.and_then(|id| catalog.objects.get(id));
    let green = green.ok_or_else(|| gone("what the deployment built is there no longer"))?;
    let blue = match catalog.object(&object.name) {
        // It is production already: what it replaced stands elsewhere.
        Some(found) if found.id == green.id => match &object.production_id {
            None => None,
            Some(id) => {
                let replaced = catalog.objects.get(id);
                Some(replaced.ok_or_else(|| gone("what the deployment replaced is there no longer"))?)
            }
        },
        found => found,
    };
    let Some(blue) = blue else { return Ok(side(Err(State::New))) };
    let cluster = cluster(catalog, green, clusters);
    Ok(side(Ok(Both { blue: blue.name.clone(), green: green.name.clone(), cluster })))
}

/// The clusters that can answer, and the deployment's own among them.
struct Clusters {
    own: Vec<ClusterName>,
}

fn clusters(scope: &Scope, catalog: &Catalog) -> Clusters {
    let ids = scope.done.iter().flat_map(|done| &done.clusters);
    let own = ids.filter_map(|id| {
        let found = catalog.clusters.iter().find(|(_, cluster)| cluster.id == *id)?;
        (found.1.replicas > 0).then(|| found.0.clone())
    });
    Clusters { own: own.collect() }
}

/// The cluster that has the deployment's object at hand: its own, or that of an index on it; else
/// one that the deployment cloned, so that production's is left in peace.
fn cluster(catalog: &Catalog, green: &Object, clusters: &Clusters) -> Option<ClusterName> {
    let indexes = catalog.objects.values().filter(|object| object.on.as_ref() == Some(&green.id));
    let ids = green.cluster.iter().chain(indexes.filter_map(|index| index.cluster.as_ref()));
    let mut at_hand = ids.filter_map(|id| {
        let found = catalog.clusters.iter().find(|(_, cluster)| cluster.id == *id)?;
        (found.1.replicas > 0).then(|| found.0.clone())
    });
    at_hand.next().or_else(|| clusters.own.first().cloned())
}

//! The two sides of an exchange, what must stand under their names, and where something else does. Pure.
//!
//! Start reading at [`sides`] and [`moved`].

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::catalog::Catalog;
use crate::db::audit::Sort;
use crate::db::audit::Thing;
use crate::deployment::epoch::SwapKind;
use crate::deployment::record::ClusterPair;
use crate::deployment::record::ClusterShape;
use crate::deployment::record::StagedObject;
use crate::deployment::way::Way;
use crate::name::ClusterId;
use crate::name::ClusterName;
use crate::name::ObjectId;
use crate::name::ObjectName;
use crate::name::SchemaId;
use crate::name::SchemaName;
use crate::primitives::cluster_options;
use crate::primitives::error::Error;
use crate::primitives::scope;
use crate::primitives::scope::Scope;

/// One side of an exchange: what must stand under its names.
pub(super) struct Side<'s> {
    pub(super) schemas: Vec<(SchemaName, Option<&'s SchemaId>)>,
    /// Schemas that stay where they are, on either way.
    pub(super) stay: Vec<(SchemaName, Option<&'s SchemaId>)>,
    pub(super) clusters: Vec<(&'s ClusterName, Option<&'s ClusterId>)>,
    /// What clusters must be: what was cloned is what goes on with production's name.
    pub(super) shapes: Vec<(&'s ClusterName, &'s ClusterShape)>,
    /// By name: the id that must be there, or that nothing may be there.
    pub(super) objects: BTreeMap<ObjectName, Option<&'s ObjectId>>,
    /// The names of those objects that change names by themselves, and not with a schema.
    pub(super) renamed: Vec<ObjectName>,
    /// Every id that is ours there, indexes included.
    pub(super) ours: BTreeSet<&'s ObjectId>,
}

/// What stood in production at stage time, under the names it has or had there.
pub(super) fn blue<'s>(scope: &'s Scope, under_staging_names: bool) -> Side<'s> {
    let at = |object: &StagedObject| match under_staging_names && object.way != Way::Replaced {
        true => scope.intent.retired_name(object),
        false => object.name.clone(),
    };
    let stay = scope.intent.replaced_in.iter();
    let pairs = scope.intent.schemas.iter();
    let objects = scope.contents.objects.iter().filter(|object| object.is_replaced());
    let objects = objects.map(|object| (at(object), object.production_id.as_ref()));
    // Those that go with their schema bear no names of their own.
    let indexes = scope.contents.indexes.iter().filter_map(|index| {
        let beside = || index.stands_beside().then(|| index.staging.clone());
        let left = index.retired_name().or_else(beside)?;
        let name = if under_staging_names { left } else { index.name.clone() };
        Some((name, index.production_id.as_ref()))
    });
    Side {
        schemas: pairs
            .map(|pair| {
                let name = if under_staging_names { pair.staging_name() } else { pair.production_name() };
                (name, pair.production_id.as_ref())
            })
            .collect(),
        clusters: scope
            .intent
            .clusters
            .iter()
            .map(|pair| {
                (
                    if under_staging_names { &pair.staging } else { &pair.production },
                    Some(&pair.production_id),
                )
            })
            .collect(),
        // What is replaced by an index that had its name, or has it now, is told of once.
        objects: indexes.chain(objects).collect(),
        renamed: scope.contents.renamed().map(at).collect(),
        stay: stay.map(|pair| (pair.production_name(), pair.production_id.as_ref())).collect(),
        shapes: scope.intent.clusters.iter().filter(|_| !under_staging_names).filter_map(shape_of).collect(),
        ours: scope.replaced().into_iter().chain(&scope.contents.carried_along).collect(),
    }
}

/// What a production cluster was when it was cloned.
fn shape_of(pair: &ClusterPair) -> Option<(&ClusterName, &ClusterShape)> {
    Some((&pair.production, pair.production_shape.as_ref()?))
}

/// What was built, under the names it has or gets.
pub(super) fn green<'s>(scope: &'s Scope, under_staging_names: bool) -> Result<Side<'s>, Error> {
    let done = scope.complete()?;
    let at = |object: &StagedObject| match under_staging_names || object.way == Way::Replaced {
        true => scope.intent.staging_name(object),
        false => object.name.clone(),
    };
    let objects = scope.contents.objects.iter().filter(|object| object.change.is_built());
    let objects = objects.map(|object| (at(object), scope.built.get(&scope.intent.staging_name(object))));
    let renamed = scope.contents.renamed().filter(|object| object.change.is_built());
    let by_themselves =
        scope.contents.indexes.iter().filter(|index| index.retired.is_some() || index.stands_beside());
    let indexes = by_themselves.map(|index| {
        let name = if under_staging_names { &index.staging } else { &index.name };
        (name.clone(), scope.built.get(&index.staging))
    });
    let stay = scope.intent.replaced_in.iter().zip(&done.replaced_in);
    Ok(Side {
        schemas: scope
            .intent
            .schemas
            .iter()
            .zip(&done.schemas)
            .map(|(pair, id)| {
                let name = if under_staging_names { pair.staging_name() } else { pair.production_name() };
                (name, Some(id))
            })
            .collect(),
        clusters: scope
            .intent
            .clusters
            .iter()
            .zip(&done.clusters)
            .map(|(pair, id)| (if under_staging_names { &pair.staging } else { &pair.production }, Some(id)))
            .collect(),
        objects: objects.chain(indexes).collect(),
        renamed: renamed.map(at).collect(),
        stay: stay.map(|(pair, id)| (pair.staging_name(), Some(id))).collect(),
        shapes: Vec::new(),
        ours: scope.green(),
    })
}

/// Where an id is not the one that was recorded.
pub(super) struct Moved {
    /// What it is, by name.
    pub(super) what: String,
    pub(super) sort: Sort,
    pub(super) was: Option<String>,
    pub(super) is: Option<String>,
    /// Where it is the recorded one, and altered: what it was and what it is.
    pub(super) altered: Option<[String; 2]>,
}

impl Moved {
    fn thing(&self, id: Option<&String>) -> Option<Thing> {
        Some(Thing { sort: self.sort, id: id?.clone() })
    }

    /// What was recorded.
    pub(super) fn was(&self) -> Option<Thing> {
        self.thing(self.was.as_ref())
    }

    /// What stands there, where that is another.
    pub(super) fn is(&self) -> Option<Thing> {
        self.thing(self.is.as_ref().filter(|_| self.altered.is_none()))
    }

    pub(super) fn told(&self, when: &str) -> String {
        if let Some([was, is]) = &self.altered {
            return format!("{} had {was} {when} and has {is} now", self.what);
        }
        let is = self.is.as_ref().map_or("is gone".to_owned(), |id| format!("is {id} now"));
        let was = self.was.as_ref().map_or("did not exist".to_owned(), |id| format!("was {id}"));
        format!("{} {was} {when} and {is}", self.what)
    }
}

/// Where an id of a side is not the one that was recorded.
pub(super) fn moved(side: &Side<'_>, catalog: &Catalog) -> Vec<Moved> {
    let mut found = Vec::new();
    let mut compare = |what: String, sort: Sort, was: Option<&str>, is: Option<&str>| {
        if was != is {
            let (was, is) = (was.map(str::to_owned), is.map(str::to_owned));
            found.push(Moved { what, sort, was, is, altered: None });
        }
    };
    for (name, id) in side.schemas.iter().chain(&side.stay) {
        let is = catalog.schemas.get(name).map(|schema| schema.id.as_str());
        compare(format!("schema {name}"), Sort::Schema, id.map(SchemaId::as_str), is);
    }
    for (name, id) in &side.clusters {
        let is = catalog.clusters.get(*name).map(|cluster| cluster.id.as_str());
        compare(format!("cluster {name}"), Sort::Cluster, id.map(ClusterId::as_str), is);
    }
    for (name, id) in &side.objects {
        let is = catalog.object(name).map(|object| object.id.as_str());
        compare(name.to_string(), Sort::Object, id.map(ObjectId::as_str), is);
    }
    for (name, was) in &side.shapes {
        let Some(cluster) = catalog.clusters.get(*name) else { continue };
        let id = cluster.id.as_str();
        let is_recorded =
            side.clusters.iter().any(|(_, recorded)| recorded.is_some_and(|r| r.as_str() == id));
        let altered = cluster_options::altered(was, &scope::shape(cluster)).filter(|_| is_recorded);
        if let Some(altered) = altered {
            found.push(Moved {
                what: format!("cluster {name}"),
                sort: Sort::Cluster,
                was: Some(id.to_owned()),
                is: Some(id.to_owned()),
                altered: Some(altered),
            });
        }
    }
    found
}

/// The same in words.
pub(super) fn moved_lines(side: &Side<'_>, catalog: &Catalog, when: &str) -> Vec<String> {
    moved(side, catalog).iter().map(|moved| moved.told(when)).collect()
}

/// Where production is not what it was when a deployment was compared with it, a line each.
pub fn moved_since(scope: &Scope, catalog: &Catalog) -> Vec<String> {
    moved_lines(&blue(scope, false), catalog, &format!("when {} was planned", scope.deployment()))
}

/// The two sides of an exchange: what stands in production, and what is to come.
pub(super) fn sides(scope: &Scope, kind: SwapKind) -> Result<(Side<'_>, Side<'_>), Error> {
    Ok(match kind {
        SwapKind::Promotion => (blue(scope, false), green(scope, true)?),
        SwapKind::Rollback => (green(scope, false)?, blue(scope, true)),
    })
}

/// Where an id of either side is not the one that was recorded.
pub(super) fn all_moved(scope: &Scope, kind: SwapKind, catalog: &Catalog) -> Result<Vec<Moved>, Error> {
    let (standing, incoming) = sides(scope, kind)?;
    let mut found = moved(&standing, catalog);
    found.extend(moved(&incoming, catalog));
    Ok(found)
}

//! Fingerprints from the catalog's own statements, for objects that no promotion vouches for: made
//! by hand, by dbt, by mz-deploy. Equal to the file's where nothing differs.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::changes::differing;
use super::compile::Compiled;
use super::ctx::Ctx;
use super::error::Error;
use crate::catalog::Catalog;
use crate::catalog::Object as CatalogObject;
use crate::compiler::object::Index;
use crate::compiler::object::Object;
use crate::db;
use crate::db::snapshot::DeployedObject;
use crate::name::ClusterId;
use crate::name::ClusterName;
use crate::name::Ident;
use crate::name::ObjectId;
use crate::name::ObjectKind;
use crate::name::ObjectName;
use crate::name::SchemaName;
use crate::sql::ast::RawIdent;
use crate::sql::ast::RawName;
use crate::sql::ast::Statement;
use crate::sql::ast::StatementKind;
use crate::sql::canonical;
use crate::sql::canonical::Form;
use crate::sql::fingerprint::Fingerprint;
use crate::sql::fingerprint::Main;
use crate::sql::parse;

/// What objects mean by their stored statements.
#[derive(Debug, Default)]
pub(super) struct Meanings {
    /// Their fingerprints, indexes included.
    pub(super) whole: BTreeMap<ObjectId, String>,
    /// Those of their statements alone.
    pub(super) own: BTreeMap<ObjectId, String>,
}

/// Fingerprints of production objects that no promotion vouches for, from what the catalog stores.
///
/// # Errors
/// `db.*`.
pub(super) async fn read(
    ctx: &Ctx,
    compiled: &Compiled,
    catalog: &Catalog,
    snapshot: &BTreeMap<ObjectName, DeployedObject>,
) -> Result<Meanings, Error> {
    let objects = || compiled.project.objects.iter().filter(|object| object.kind.is_staged());
    let unknown = objects().filter_map(|object| {
        let found = catalog.object(&object.name).filter(|found| found.kind == object.kind)?;
        (!differing::is_vouched(object, found, catalog, snapshot)).then_some(found)
    });
    let unknown: BTreeSet<&ObjectId> = unknown.map(|found| &found.id).collect();
    if unknown.is_empty() {
        return Ok(Meanings::default());
    }
    let on_unknown =
        catalog.objects.values().filter(|o| o.on.as_ref().is_some_and(|on| unknown.contains(on)));
    let indexes: Vec<(&ObjectId, &ObjectId)> =
        on_unknown.filter_map(|index| Some((index.on.as_ref()?, &index.id))).collect();
    let ids: Vec<ObjectId> =
        unknown.iter().copied().chain(indexes.iter().map(|(_, index)| *index)).cloned().collect();
    // A rehearsal may have made objects that no server knows.
    let ids: Vec<ObjectId> = ids.into_iter().filter(|id| !id.as_str().starts_with("new-")).collect();
    let stored = db::introspect::stored_sql(ctx.session(), &ids).await?;
    let defaults = objects().flat_map(|object| {
        let names = object.indexes.iter().filter(|index| index.default).map(|index| &index.name);
        names.filter_map(|name| catalog.object(&object.name.schema_name().object(name.clone())))
    });
    let defaults = defaults.map(|index| &index.id).collect();
    Ok(fingerprints(catalog, &unknown, &indexes, &defaults, &stored))
}

/// The materialized views in `schemas` of which production has the statement and not the indexes, each with those of
/// its indexes that are as its file says.
///
/// # Errors
/// `db.*`.
pub(super) async fn indexes_alone(
    ctx: &Ctx,
    compiled: &Compiled,
    catalog: &Catalog,
    snapshot: &BTreeMap<ObjectName, DeployedObject>,
    schemas: &BTreeSet<SchemaName>,
) -> Result<BTreeMap<ObjectName, BTreeSet<Ident>>, Error> {
    let objects = compiled.project.objects.iter();
    let differ = objects.filter_map(|object| {
        let found = catalog.object(&object.name).filter(|found| found.kind == object.kind)?;
        let row = snapshot.get(&object.name)?;
        let is_known = differing::is_vouched(object, found, catalog, snapshot);
        let is_same = row.fingerprint == object.fingerprint.as_str();
        let is_meant =
            object.kind == ObjectKind::MaterializedView && schemas.contains(&object.name.schema_name());
        (is_meant && is_known && !is_same).then_some((object, found))
    });
    let differ: Vec<(&Object, &CatalogObject)> = differ.collect();
    let of_index = |object: &Object, index: &Index| {
        catalog.object(&object.name.schema_name().object(index.name.clone())).map(|found| found.id.clone())
    };
    let indexes =
        differ.iter().flat_map(|(object, _)| object.indexes.iter().filter_map(move |i| of_index(object, i)));
    let ids: Vec<ObjectId> = differ.iter().map(|(_, found)| found.id.clone()).chain(indexes).collect();
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let stored = db::introspect::stored_sql(ctx.session(), &ids).await?;
    let names = Stored::new(catalog);
    let is = |id: &ObjectId, wanted: &Fingerprint, read: fn(&str, &Stored<'_>) -> Option<String>| {
        let text = stored.get(id).and_then(|sql| read(sql, &names));
        text.is_some_and(|text| Fingerprint::of(&text, []).as_str() == wanted.as_str())
    };
    let same = differ.iter().filter(|(object, found)| is(&found.id, &object.own_fingerprint, meaning));
    let stand = same.map(|(object, _)| {
        let stands = object.indexes.iter().filter(|index| {
            let read = if index.default { default_meaning } else { meaning };
            of_index(object, index).is_some_and(|id| is(&id, &index.fingerprint, read))
        });
        (object.name.clone(), stands.map(|index| index.name.clone()).collect())
    });
    Ok(stand.collect())
}

/// The fingerprint of each object whose stored statement can be read, its indexes included.
///
/// Of the indexes in `defaults` the files leave the keys to the server.
fn fingerprints(
    catalog: &Catalog,
    objects: &BTreeSet<&ObjectId>,
    indexes: &[(&ObjectId, &ObjectId)],
    defaults: &BTreeSet<&ObjectId>,
    stored: &BTreeMap<ObjectId, String>,
) -> Meanings {
    let names = Stored::new(catalog);
    let mut companions: BTreeMap<&ObjectId, Vec<Option<String>>> = BTreeMap::new();
    for (relation, index) in indexes {
        let read = if defaults.contains(index) { default_meaning } else { meaning };
        let text = stored.get(*index).and_then(|sql| read(sql, &names));
        companions.entry(relation).or_default().push(text);
    }
    let mut found = Meanings::default();
    for id in objects {
        let Some(main) = stored.get(*id).and_then(|sql| meaning(sql, &names)) else { continue };
        let main = Main::of(&main);
        found.own.insert((*id).clone(), main.with([]).to_string());
        let indexes: Option<Vec<String>> = companions.remove(*id).unwrap_or_default().into_iter().collect();
        // An index that cannot be read makes the object look changed: a rebuild too many does no harm.
        if let Some(indexes) = indexes {
            let fingerprint = main.with(indexes.iter().map(String::as_str));
            found.whole.insert((*id).clone(), fingerprint.to_string());
        }
    }
    found
}

/// Reads what the catalog stores. What is in there was right for the server, whether it is known here or not.
fn statement(sql: &str) -> Option<Statement> {
    let (statements, mistakes) = parse::file(sql);
    if mistakes.is_empty() { statements.into_iter().next() } else { None }
}

fn meaning(sql: &str, names: &Stored<'_>) -> Option<String> {
    let statement = statement(sql)?;
    Some(canonical::statement(sql, &statement, Form::Meaning, names))
}

/// What an index would mean, were its keys not written down.
fn default_meaning(sql: &str, names: &Stored<'_>) -> Option<String> {
    let mut statement = statement(sql)?;
    if let StatementKind::CreateIndex(index) = &mut statement.kind {
        index.default = true;
        index.keys.clear();
    }
    canonical::kind(&statement.kind, Form::Meaning, names)
}

/// Names as the catalog stores them: in full, and clusters by id.
struct Stored<'c> {
    clusters: BTreeMap<&'c ClusterId, &'c ClusterName>,
}

impl<'c> Stored<'c> {
    fn new(catalog: &'c Catalog) -> Self {
        Self { clusters: catalog.clusters.iter().map(|(name, cluster)| (&cluster.id, name)).collect() }
    }
}

impl canonical::Names for Stored<'_> {
    fn object(&self, name: &RawName) -> String {
        name.parts.iter().map(Ident::sql).collect::<Vec<_>>().join(".")
    }

    fn defined(&self, name: &RawName) -> String {
        self.object(name)
    }

    fn cluster(&self, written: Option<&RawIdent>) -> Option<String> {
        let written = written?;
        if !written.by_id {
            return Some(written.ident.sql());
        }
        let id = ClusterId::new(written.ident.as_str());
        Some(self.clusters.get(&id).map_or_else(|| written.ident.sql(), |name| name.sql()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitives::facts;

    #[test]
    fn what_only_the_server_reads_is_adopted_too() {
        let catalog = facts::grown(&["d"], &["d.s"], &["c1"], &[]);
        let id = ObjectId::new("u2");
        let stored = "CREATE VIEW \"d\".\"s\".\"v\" AS SELECT * EXCLUDE (\"x\"), \"pg_catalog\".\"count\"(*), \
             \"t\".\"a\"::[s1 AS \"pg_catalog\".\"int4\"] FROM [u1 AS \"d\".\"s\".\"t\"]";
        let stored = BTreeMap::from([(id.clone(), stored.to_owned())]);
        let told = fingerprints(&catalog, &BTreeSet::from([&id]), &[], &BTreeSet::new(), &stored);
        let file = |path: &str, text: &str| crate::compiler::source::File {
            path: path.to_owned(),
            text: text.into(),
        };
        let files = vec![
            file(
                "models/d/s/v.sql",
                "create view v as select * exclude (X), count(*), t.a::integer -- why\nfrom s.t",
            ),
            file("project.toml", "dependencies = [\"d.s.t\"]"),
        ];
        let (project, _) = crate::compiler::compile(files, &crate::compiler::Options::default());
        assert_eq!(told.whole.get(&id), Some(&project.objects[0].fingerprint.to_string()));
    }

    #[test]
    fn the_catalogs_own_text_has_the_fingerprint_of_the_file() {
        let mut catalog = facts::grown(&["d"], &["d.s"], &["c1"], &[]);
        let cluster = ClusterId::new("u7");
        catalog.clusters.get_mut(&facts::cluster("c1")).expect("it was made").id = cluster.clone();
        let (view, index) = (ObjectId::new("u2"), ObjectId::new("u3"));
        let stored = BTreeMap::from([
            (
                view.clone(),
                format!(
                    "CREATE MATERIALIZED VIEW \"d\".\"s\".\"m\" IN CLUSTER [{cluster}] WITH (REFRESH = ON COMMIT) AS \
                     SELECT \"id\", \"pg_catalog\".\"count\"(*) AS \"n\" FROM [u1 AS \"d\".\"s\".\"t\"] GROUP BY \"id\" \
                     AS OF 1777982171000"
                ),
            ),
            (
                index.clone(),
                format!("CREATE INDEX \"m_id\" IN CLUSTER [{cluster}] ON [u2 AS \"d\".\"s\".\"m\"] (\"id\")"),
            ),
        ]);
        let told =
            fingerprints(&catalog, &BTreeSet::from([&view]), &[(&view, &index)], &BTreeSet::new(), &stored);
        let file = crate::compiler::source::File {
            path: "models/d/s/m.sql".to_owned(),
            text:
                "create materialized view m in cluster c1 as select id, count(*) as n from t group by id;\n\
                   create index m_id in cluster c1 on m (id);"
                    .into(),
        };
        let settings = crate::compiler::source::File {
            path: "project.toml".to_owned(),
            text: "dependencies = [\"d.s.t\"]".into(),
        };
        let (project, _) =
            crate::compiler::compile(vec![file, settings], &crate::compiler::Options::default());
        let wanted = project.objects[0].fingerprint.to_string();
        assert_eq!(told.whole.get(&view), Some(&wanted));
        assert_eq!(told.own.get(&view), Some(&project.objects[0].own_fingerprint.to_string()));
    }
}

//! Fingerprints from the catalog's own statements, for objects that no promotion vouches for: made
//! by hand, by dbt, by mz-deploy. Equal to the file's where nothing differs.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::catalog::Catalog;
use crate::name::ClusterId;
use crate::name::ClusterName;
use crate::name::Ident;
use crate::name::ObjectId;
use crate::sql::ast::RawIdent;
use crate::sql::ast::RawName;
use crate::sql::canonical;
use crate::sql::canonical::Form;
use crate::sql::fingerprint::Fingerprint;
use crate::sql::parse;

/// The fingerprint of each object whose stored statement can be read, its indexes included.
pub(super) fn fingerprints(
    catalog: &Catalog,
    objects: &BTreeSet<&ObjectId>,
    indexes: &[(&ObjectId, &ObjectId)],
    stored: &BTreeMap<ObjectId, String>,
) -> BTreeMap<ObjectId, String> {
    let names = Stored { clusters: catalog.clusters.iter().map(|(name, c)| (&c.id, name)).collect() };
    let mut companions: BTreeMap<&ObjectId, Vec<Option<String>>> = BTreeMap::new();
    for (relation, index) in indexes {
        let text = stored.get(*index).and_then(|sql| meaning(sql, &names));
        companions.entry(relation).or_default().push(text);
    }
    let mut found = BTreeMap::new();
    for id in objects {
        let Some(main) = stored.get(*id).and_then(|sql| meaning(sql, &names)) else { continue };
        let indexes: Option<Vec<String>> = companions.remove(*id).unwrap_or_default().into_iter().collect();
        // An index that cannot be read makes the object look changed: a rebuild too many does no harm.
        if let Some(indexes) = indexes {
            let fingerprint = Fingerprint::of(&main, indexes.iter().map(String::as_str));
            found.insert((*id).clone(), fingerprint.to_string());
        }
    }
    found
}

fn meaning(sql: &str, names: &Stored<'_>) -> Option<String> {
    let statement = parse::batch(sql).ok()?.into_iter().next()?;
    Some(canonical::statement(sql, &statement, Form::Meaning, names))
}

/// Names as the catalog stores them: in full, and clusters by id.
struct Stored<'c> {
    clusters: BTreeMap<&'c ClusterId, &'c ClusterName>,
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
        let told = fingerprints(&catalog, &BTreeSet::from([&view]), &[(&view, &index)], &stored);
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
        assert_eq!(told.get(&view), Some(&wanted));
    }
}

//! Small environments for the tests of this room: a catalog grown by the steps a test names.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::compile;
use super::compile::Compiled;
use super::scope::Scope;
use crate::catalog::Catalog;
use crate::catalog::Session;
use crate::compiler;
use crate::compiler::source::File;
use crate::deployment::DeploymentId;
use crate::deployment::Isolation;
use crate::deployment::change::Change;
use crate::deployment::record::ClusterPair;
use crate::deployment::record::SchemaPair;
use crate::deployment::record::StageDone;
use crate::deployment::record::StageIntent;
use crate::deployment::record::StageObjects;
use crate::deployment::record::StagedIndex;
use crate::deployment::record::StagedObject;
use crate::deployment::rights::Undo;
use crate::deployment::way::Way;
use crate::name::ClusterName;
use crate::name::Ident;
use crate::name::ObjectKind;
use crate::name::ObjectName;
use crate::name::RoleName;
use crate::plan::step::Step;

pub(crate) fn ident(text: &str) -> Ident {
    Ident::new(text).expect("a name")
}

pub(crate) fn object(text: &str) -> ObjectName {
    text.parse().expect("a three-part name")
}

pub(crate) fn cluster(text: &str) -> ClusterName {
    ClusterName(ident(text))
}

/// An environment of the role `materialize` in which nothing was made.
pub(crate) fn empty() -> Catalog {
    let role = RoleName(ident("materialize"));
    let member_of = BTreeSet::from([role.clone()]);
    let session = Session { role: role.clone(), member_of, checked: false, version: None };
    let mut catalog = Catalog::new(session);
    catalog.roles.entry(role).or_default();
    catalog
}

/// A step that makes an object, its text left out.
pub(crate) fn create(kind: ObjectKind, name: &str, on_cluster: Option<&str>, reads: &[&str]) -> Step {
    Step::Create {
        kind,
        name: object(name),
        cluster: on_cluster.map(cluster),
        on: None,
        reads: reads.iter().map(|name| object(name)).collect(),
        sql: String::new(),
        shown: None,
        origin: None,
    }
}

/// A step that makes an index.
pub(crate) fn index(name: &str, on: &str, on_cluster: &str) -> Step {
    Step::Create {
        kind: ObjectKind::Index,
        name: object(name),
        cluster: Some(cluster(on_cluster)),
        on: Some(object(on)),
        reads: Vec::new(),
        sql: String::new(),
        shown: None,
        origin: None,
    }
}

/// Grows an environment: `database d`, `schema d.s`, `cluster c`, then the given steps.
pub(crate) fn grown(databases: &[&str], schemas: &[&str], clusters: &[&str], steps: &[Step]) -> Catalog {
    let mut catalog = empty();
    for name in databases {
        catalog.take(&Step::CreateDatabase(ident(name)));
    }
    for name in schemas {
        catalog.take(&Step::CreateSchema(name.parse().expect("a two-part name")));
    }
    for name in clusters {
        let options = vec![("SIZE".to_owned(), "'25cc'".to_owned())];
        catalog.take(&Step::CreateCluster { name: cluster(name), options });
    }
    for step in steps {
        catalog.take(step);
    }
    catalog
}

/// A deployment `77b01de` staged beside `app.core` (a view and a materialized view) with a clone of
/// `compute`, in an environment where `app.raw` and `app.core` stand. The catalog has both sides.
pub(crate) fn staged() -> (Catalog, Scope) {
    use ObjectKind::MaterializedView;
    use ObjectKind::Table;
    use ObjectKind::View;
    let catalog = grown(
        &["_mzflow", "app"],
        &["_mzflow.epoch@1:r1", "app.raw", "app.core", "app.core__77b01de__mzf"],
        &["compute", "compute__77b01de__mzf"],
        &[
            create(Table, "app.raw.t", None, &[]),
            create(View, "app.core.v", None, &["app.raw.t"]),
            create(MaterializedView, "app.core.m", Some("compute"), &["app.core.v"]),
            index("app.core.m_idx", "app.core.m", "compute"),
            create(View, "app.core__77b01de__mzf.v", None, &["app.raw.t"]),
            create(
                MaterializedView,
                "app.core__77b01de__mzf.m",
                Some("compute__77b01de__mzf"),
                &["app.core__77b01de__mzf.v"],
            ),
            index("app.core__77b01de__mzf.m_idx", "app.core__77b01de__mzf.m", "compute__77b01de__mzf"),
        ],
    );
    let scope = scope(&catalog);
    (catalog, scope)
}

fn scope(catalog: &Catalog) -> Scope {
    let id: DeploymentId = "77b01de".parse().expect("an id");
    let schema = |name: &str| catalog.schemas[&name.parse().expect("a schema")].id.clone();
    let on = |name: &str| catalog.clusters[&cluster(name)].id.clone();
    let at = |name: &str| catalog.object(&object(name)).expect("it was made").id.clone();
    let staged = |name: &str, kind| StagedObject {
        name: object(name),
        kind,
        change: Change::Changed,
        because: Vec::new(),
        fingerprint: "v1:0".to_owned(),
        metadata_fingerprint: "v1:0".to_owned(),
        production_id: Some(at(name)),
        file: None,
        way: Way::Swapped,
        staging: None,
        retired: None,
    };
    let green = "app.core__77b01de__mzf";
    let built = ["v", "m", "m_idx"].map(|name| format!("{green}.{name}"));
    Scope {
        intent: StageIntent {
            deployment: id.clone(),
            project_fingerprint: "v1:0".to_owned(),
            isolation: Isolation::Cluster,
            base_epoch: 1,
            commit: None,
            project_schemas: vec!["app.core".parse().expect("a schema")],
            schemas: vec![SchemaPair {
                database: ident("app"),
                production: ident("core"),
                staging: ident("core__77b01de__mzf"),
                production_id: Some(schema("app.core")),
            }],
            clusters: vec![ClusterPair {
                production: cluster("compute"),
                staging: cluster("compute__77b01de__mzf"),
                production_id: on("compute"),
                production_shape: None,
            }],
            within: Vec::new(),
            built: 2,
            stable: Vec::new(),
            replaced_in: Vec::new(),
        },
        contents: StageObjects {
            objects: vec![
                staged("app.core.v", ObjectKind::View),
                staged("app.core.m", ObjectKind::MaterializedView),
            ],
            indexes: vec![StagedIndex {
                name: object("app.core.m_idx"),
                staging: object(&format!("{green}.m_idx")),
                on: object("app.core.m"),
                production_id: Some(at("app.core.m_idx")),
                removed: false,
                retired: None,
            }],
            replaced_indexes: vec![at("app.core.m_idx")],
            ..StageObjects::empty(id.clone())
        },
        done: Some(StageDone {
            deployment: id,
            schemas: vec![schema(green)],
            clusters: vec![on("compute__77b01de__mzf")],
            replaced_in: Vec::new(),
        }),
        built: built.iter().map(|name| (object(name), at(name))).collect(),
        undo: Undo::default(),
    }
}

/// A project from one string with `-- file: path` markers; the database is `app`.
pub(crate) fn project(text: &str) -> Rc<Compiled> {
    let mut files = vec![File { path: "project.toml".to_owned(), text: Default::default() }];
    for part in text.split("-- file: ").skip(1) {
        let (path, text) = part.split_once('\n').unwrap_or((part, ""));
        files.push(File { path: path.trim().to_owned(), text: text.into() });
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let report = compile::compiled(files, Vec::new(), &compiler::Options::default());
    let failed: Vec<_> = report.findings.iter().filter(|(d, _)| d.fails_compile()).collect();
    assert!(failed.is_empty(), "the test's own project is broken: {failed:?}");
    report.compiled
}

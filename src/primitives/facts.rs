//! Small environments for the tests of this room: a catalog grown by the steps a test names.

use std::collections::BTreeSet;

use crate::catalog::Catalog;
use crate::catalog::Session;
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
    let session = Session { role: role.clone(), member_of: BTreeSet::from([role.clone()]), checked: false };
    let mut catalog = Catalog::new(session);
    catalog.roles.insert(role);
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

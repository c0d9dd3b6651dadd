//! What is meant by a kind and a name, among the project's things. Pure.

use serde::Serialize;

use super::Outcome;
use super::Request;
use crate::compiler::object::Object;
use crate::name::ClusterName;
use crate::name::Ident;
use crate::name::ObjectKind;
use crate::name::ObjectName;
use crate::name::RoleName;
use crate::primitives::code::Code;
use crate::primitives::error::Error;

/// What can be deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A cluster.
    Cluster,
    /// A role.
    Role,
    /// A network policy.
    NetworkPolicy,
    /// A connection.
    Connection,
    /// A secret.
    Secret,
    /// A source.
    Source,
    /// A table.
    Table,
    /// A sink.
    Sink,
    /// A type.
    Type,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::Cluster,
        Self::Role,
        Self::NetworkPolicy,
        Self::Connection,
        Self::Secret,
        Self::Source,
        Self::Table,
        Self::Sink,
        Self::Type,
    ];

    /// The word for it on the command line and in the journal.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cluster => "cluster",
            Self::Role => "role",
            Self::NetworkPolicy => "network-policy",
            Self::Connection => "connection",
            Self::Secret => "secret",
            Self::Source => "source",
            Self::Table => "table",
            Self::Sink => "sink",
            Self::Type => "type",
        }
    }

    /// The kind of object it is, if it lives in a schema.
    fn object(self) -> Option<ObjectKind> {
        match self {
            Self::Connection => Some(ObjectKind::Connection),
            Self::Secret => Some(ObjectKind::Secret),
            Self::Source => Some(ObjectKind::Source),
            Self::Table => Some(ObjectKind::Table),
            Self::Sink => Some(ObjectKind::Sink),
            Self::Type => Some(ObjectKind::Type),
            Self::Cluster | Self::Role | Self::NetworkPolicy => None,
        }
    }
}

/// A thing under its production name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Thing {
    /// A cluster.
    Cluster(ClusterName),
    /// A role.
    Role(RoleName),
    /// A network policy.
    Policy(Ident),
    /// Something in a schema that can be renamed.
    Object(ObjectKind, ObjectName),
    /// A type: it has names of its own, and no other name for the time it takes.
    Type(ObjectName),
}

/// A thing of the project.
#[derive(Debug)]
pub(super) struct Found<'p> {
    pub(super) thing: Thing,
    pub(super) kind: Kind,
    pub(super) name: String,
    /// Its name without quotes, as people type it in a shell.
    plain: String,
    pub(super) file: String,
    pub(super) object: Option<&'p Object>,
    still_named_by: Vec<String>,
}

impl Found<'_> {
    /// In words: `table app.raw.t`.
    pub(super) fn told(&self) -> String {
        format!("{} {}", self.kind.as_str().replace('-', " "), self.name)
    }

    /// Whether it can be claimed by another name before it is dropped.
    pub(super) fn can_be_renamed(&self) -> bool {
        match self.thing {
            Thing::Cluster(_) | Thing::Object(..) => true,
            Thing::Role(_) | Thing::Policy(_) | Thing::Type(_) => false,
        }
    }

    pub(super) fn outcome(&self, dropped: bool) -> Outcome {
        Outcome {
            kind: self.kind,
            name: self.name.clone(),
            file: self.file.clone(),
            dropped,
            still_named_by: self.still_named_by.clone(),
        }
    }
}

/// Finds it in the project: by its full name, or by as many of its last parts as tell it apart.
pub(super) fn find(request: &Request) -> Result<Found<'_>, Error> {
    let all = candidates(request);
    let behind = format!(".{}", request.name);
    let is = |found: &&Found<'_>| found.name == request.name || found.plain == request.name;
    let ends = |found: &&Found<'_>| found.name.ends_with(&behind) || found.plain.ends_with(&behind);
    // Without quotes one name can be that of two things.
    let named: Vec<&Found<'_>> = all.iter().filter(is).collect();
    let exact = all.iter().position(|found| found.name == request.name).or_else(|| match named.as_slice() {
        [_] => all.iter().position(|found| found.plain == request.name),
        _ => None,
    });
    let ending: Vec<&Found<'_>> = if named.is_empty() { all.iter().filter(ends).collect() } else { named };
    if exact.is_none() && ending.len() > 1 {
        let names: Vec<String> = ending.iter().map(|found| found.name.clone()).collect();
        let message = format!("several of the project end in `{}`", request.name);
        return Err(Error::new(Code::DeleteUnknown, message).with_lines(names).effect("nothing was dropped"));
    }
    let at = exact.or_else(|| all.iter().position(|found| ends(&found)));
    if let Some(found) = at.and_then(|at| all.into_iter().nth(at)) {
        return Ok(found);
    }
    let message =
        format!("the project has no {} `{}`", request.kind.as_str().replace('-', " "), request.name);
    let error = Error::new(Code::DeleteUnknown, message).effect("nothing was dropped");
    let names: Vec<String> = candidates(request).into_iter().map(|found| found.name).collect();
    Err(if names.is_empty() { error } else { error.line(format!("it has: {}", names.join(", "))) })
}

/// Everything of the kind.
fn candidates(request: &Request) -> Vec<Found<'_>> {
    let project = &request.compiled.project;
    let kind = request.kind;
    let plain = |thing: Thing, name: &Ident, file: &String, by: Vec<String>| Found {
        thing,
        kind,
        name: name.to_string(),
        plain: name.as_str().to_owned(),
        file: file.clone(),
        object: None,
        still_named_by: by,
    };
    let on = |cluster: &ClusterName| {
        let users = project.objects.iter().filter(|object| object.clusters().contains(&cluster));
        users.map(|object| object.name.to_string()).collect()
    };
    if let Some(wanted) = kind.object() {
        let objects = project.objects.iter().filter(|object| object.kind == wanted);
        return objects
            .map(|object| {
                let readers =
                    project.objects.iter().filter(|reader| reader.depends_on.contains(&object.name));
                let name = object.name.clone();
                let parts = [&name.database, &name.schema, &name.object].map(Ident::as_str);
                Found {
                    plain: parts.join("."),
                    thing: match kind {
                        Kind::Type => Thing::Type(name),
                        _ => Thing::Object(wanted, name),
                    },
                    kind,
                    name: object.name.to_string(),
                    file: object.file.clone(),
                    object: Some(object),
                    still_named_by: readers.map(|reader| reader.name.to_string()).collect(),
                }
            })
            .collect();
    }
    match kind {
        Kind::Cluster => {
            let all = project.clusters.iter();
            all.map(|c| plain(Thing::Cluster(c.name.clone()), &c.name.0, &c.file, on(&c.name))).collect()
        }
        Kind::Role => {
            let all = project.roles.iter();
            all.map(|r| plain(Thing::Role(r.name.clone()), &r.name.0, &r.file, Vec::new())).collect()
        }
        Kind::NetworkPolicy => {
            let all = project.network_policies.iter();
            all.map(|p| plain(Thing::Policy(p.name.clone()), &p.name, &p.file, Vec::new())).collect()
        }
        Kind::Connection | Kind::Secret | Kind::Source | Kind::Table | Kind::Sink | Kind::Type => Vec::new(),
    }
}

//! One step: a typed statement that knows its text.

use super::exchange::Exchange;
use super::options;
use super::privilege::DefaultPrivilege;
use super::privilege::Grantee;
use super::privilege::Target;
use crate::deployment::shift::Parameter;
use crate::name::ClusterName;
use crate::name::Ident;
use crate::name::ObjectKind;
use crate::name::ObjectName;
use crate::name::RoleName;
use crate::name::SchemaName;
use crate::name::listed;
use crate::name::literal;
use crate::sql::secret;

/// Where the text of a step comes from, to point at the user's file when the server refuses it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The object it belongs to, under its production name.
    pub object: ObjectName,
    /// Its file, relative to the project.
    pub file: String,
    /// The first byte of the statement in that file.
    pub start: usize,
}

/// One statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// `CREATE DATABASE`
    CreateDatabase(Ident),
    /// `CREATE SCHEMA`
    CreateSchema(SchemaName),
    /// `CREATE CLUSTER` with its options, each a name and the text of its value.
    CreateCluster {
        /// The cluster.
        name: ClusterName,
        /// Its options, in order.
        options: Vec<(String, String)>,
    },
    /// `ALTER CLUSTER … SET`
    AlterCluster {
        /// The cluster.
        name: ClusterName,
        /// The options that change.
        options: Vec<(String, String)>,
    },
    /// `CREATE` of an object in a schema, its text ready to send.
    Create {
        /// What it is.
        kind: ObjectKind,
        /// Its full name.
        name: ObjectName,
        /// The cluster it runs on, if any.
        cluster: Option<ClusterName>,
        /// For an index: its relation.
        on: Option<ObjectName>,
        /// What it reads, as far as the project knows; for planning, not for the server.
        reads: Vec<ObjectName>,
        /// The statement.
        sql: String,
        /// The statement with secret values masked, where it has any.
        shown: Option<String>,
        /// Where the text comes from.
        origin: Option<Origin>,
    },
    /// `CREATE OR REPLACE` of a view that nothing reads and that has no indexes: its id is another then,
    /// and its privileges and comments are those of something new.
    ReplaceView {
        /// Its full name.
        name: ObjectName,
        /// What it reads, as far as the project knows; for planning, not for the server.
        reads: Vec<ObjectName>,
        /// The statement.
        sql: String,
        /// Where the text comes from.
        origin: Option<Origin>,
    },
    /// A statement on something that is neither in a schema nor staged: roles, policies, secrets.
    Statement {
        /// In words: `create role reader`.
        what: String,
        /// The statement.
        sql: String,
        /// The statement with secret values masked, where it has any.
        shown: Option<String>,
        /// Where the text comes from.
        origin: Option<Origin>,
    },
    /// A rename or a swap; may stand in a DDL transaction.
    Exchange(Exchange),
    /// `DROP` of several objects of one kind, RESTRICT.
    DropObjects {
        /// Their kind.
        kind: ObjectKind,
        /// Their names; never empty.
        names: Vec<ObjectName>,
    },
    /// `DROP SCHEMA`, RESTRICT.
    DropSchema(SchemaName),
    /// `DROP DATABASE`, RESTRICT, which it is not by itself.
    DropDatabase(Ident),
    /// `DROP CLUSTER`, RESTRICT.
    DropCluster(ClusterName),
    /// `CREATE ROLE`, one that cannot log in by itself.
    CreateRole(RoleName),
    /// `GRANT … ON SYSTEM`
    GrantSystem {
        /// Upper case.
        privileges: Vec<String>,
        /// To whom; never empty.
        to: Vec<RoleName>,
    },
    /// `GRANT` on things of one noun.
    Grant {
        /// Upper case.
        privileges: Vec<String>,
        /// On what; never empty, all with the same [`Target::grant_noun`].
        on: Vec<Target>,
        /// To whom; never empty.
        to: Vec<Grantee>,
    },
    /// `REVOKE` on things of one noun.
    Revoke {
        /// Upper case.
        privileges: Vec<String>,
        /// On what; never empty, all with the same [`Target::grant_noun`].
        on: Vec<Target>,
        /// From whom; never empty.
        from: Vec<Grantee>,
    },
    /// `ALTER DEFAULT PRIVILEGES … GRANT`
    GrantDefault(DefaultPrivilege),
    /// `ALTER DEFAULT PRIVILEGES … REVOKE`
    RevokeDefault(DefaultPrivilege),
    /// `COMMENT ON`
    Comment {
        /// On what.
        on: Target,
        /// The text; `None` removes it.
        text: Option<String>,
    },
    /// `ALTER … OWNER TO`
    SetOwner {
        /// Of what.
        of: Target,
        /// The new owner.
        owner: RoleName,
    },
    /// `ALTER SINK … SET FROM`
    CutOverSink {
        /// The sink.
        sink: ObjectName,
        /// What it shall read.
        from: ObjectName,
    },
    /// `ALTER MATERIALIZED VIEW … APPLY REPLACEMENT`
    ApplyReplacement {
        /// What keeps its name and its readers.
        target: ObjectName,
        /// What takes over.
        replacement: ObjectName,
    },
    /// `ALTER ROLE … SET`, for its next sessions.
    SetRole {
        /// The role.
        role: RoleName,
        /// Which setting.
        parameter: Parameter,
        /// The value as the server prints it; `None` takes the role's own away.
        value: Option<String>,
    },
}

impl Step {
    /// Whether it leaves something behind that only the server knows, such as the id of something new.
    pub fn makes_something(&self) -> bool {
        match self {
            Self::CreateDatabase(_)
            | Self::CreateSchema(_)
            | Self::CreateCluster { .. }
            | Self::AlterCluster { .. }
            | Self::Create { .. }
            | Self::ReplaceView { .. }
            | Self::Statement { .. }
            | Self::CreateRole(_)
            | Self::GrantSystem { .. }
            | Self::GrantDefault(_)
            | Self::RevokeDefault(_)
            | Self::CutOverSink { .. } => true,
            Self::Exchange(_)
            | Self::DropObjects { .. }
            | Self::DropSchema(_)
            | Self::DropDatabase(_)
            | Self::DropCluster(_)
            | Self::Grant { .. }
            | Self::Revoke { .. }
            | Self::Comment { .. }
            | Self::SetOwner { .. }
            | Self::ApplyReplacement { .. }
            | Self::SetRole { .. } => false,
        }
    }

    /// The statement as it is sent. It may hold the value of a secret: show [`Step::shown`].
    pub fn sql(&self) -> String {
        match self {
            Self::CreateDatabase(name) => format!("CREATE DATABASE {}", name.sql()),
            Self::CreateSchema(name) => format!("CREATE SCHEMA {}", name.sql()),
            Self::CreateCluster { name, options } => {
                format!("CREATE CLUSTER {} {}", name.sql(), options::of_new(options))
            }
            Self::AlterCluster { name, options } => {
                format!("ALTER CLUSTER {} SET ({})", name.sql(), options::sql(options))
            }
            Self::Create { sql, .. } | Self::ReplaceView { sql, .. } | Self::Statement { sql, .. } => {
                sql.clone()
            }
            Self::Exchange(exchange) => exchange.sql(),
            Self::DropObjects { kind, names } => {
                format!("DROP {} {} RESTRICT", kind.sql(), listed(names.iter().map(ObjectName::sql)))
            }
            Self::DropSchema(name) => format!("DROP SCHEMA {} RESTRICT", name.sql()),
            Self::DropDatabase(name) => format!("DROP DATABASE {} RESTRICT", name.sql()),
            Self::DropCluster(name) => format!("DROP CLUSTER {} RESTRICT", name.sql()),
            Self::CreateRole(name) => format!("CREATE ROLE {}", name.sql()),
            Self::GrantSystem { privileges, to } => {
                format!(
                    "GRANT {} ON SYSTEM TO {}",
                    privileges.join(", "),
                    listed(to.iter().map(RoleName::sql))
                )
            }
            Self::Grant { privileges, on, to } => privileges_sql("GRANT", privileges, on, "TO", to),
            Self::Revoke { privileges, on, from } => privileges_sql("REVOKE", privileges, on, "FROM", from),
            Self::GrantDefault(default) => default.sql("GRANT", "TO"),
            Self::RevokeDefault(default) => default.sql("REVOKE", "FROM"),
            Self::Comment { on, text } => {
                let text = text.as_deref().map_or_else(|| "NULL".to_owned(), literal);
                format!("COMMENT ON {} {} IS {text}", on.noun(), on.sql())
            }
            Self::SetOwner { of, owner } => {
                format!("ALTER {} {} OWNER TO {}", of.noun(), of.sql(), owner.sql())
            }
            Self::CutOverSink { sink, from } => {
                format!("ALTER SINK {} SET FROM {}", sink.sql(), from.sql())
            }
            Self::ApplyReplacement { target, replacement } => {
                format!("ALTER MATERIALIZED VIEW {} APPLY REPLACEMENT {}", target.sql(), replacement.sql())
            }
            Self::SetRole { role, parameter, value: None } => {
                format!("ALTER ROLE {} RESET {}", role.sql(), parameter.as_str())
            }
            Self::SetRole { role, parameter, value: Some(value) } => {
                let value = setting_sql(*parameter, value);
                format!("ALTER ROLE {} SET {} = {value}", role.sql(), parameter.as_str())
            }
        }
    }

    /// The statement as people may see it: the values of secrets are masked.
    pub fn shown(&self) -> String {
        match self {
            Self::Create { shown: Some(shown), .. } | Self::Statement { shown: Some(shown), .. } => {
                shown.clone()
            }
            Self::Create { sql, .. } | Self::Statement { sql, .. } => secret::hide(sql).into_owned(),
            other => other.sql(),
        }
    }

    /// Where its text comes from, if from a file of the project.
    pub fn origin(&self) -> Option<&Origin> {
        match self {
            Self::Create { origin, .. }
            | Self::ReplaceView { origin, .. }
            | Self::Statement { origin, .. } => origin.as_ref(),
            _ => None,
        }
    }

    /// What it does, in words: `create view app.core.orders`.
    pub fn what(&self) -> String {
        match self {
            Self::CreateDatabase(name) => format!("create database {name}"),
            Self::CreateSchema(name) => format!("create schema {name}"),
            Self::CreateCluster { name, options } => {
                format!("create cluster {name}{}", options::size(options))
            }
            Self::AlterCluster { name, options } => {
                format!("alter cluster {name} ({})", options::sql(options))
            }
            Self::Create { kind, name, .. } => format!("create {kind} {name}"),
            Self::ReplaceView { name, .. } => format!("replace view {name}"),
            Self::Statement { what, .. } => what.clone(),
            Self::Exchange(exchange) => exchange.what(),
            Self::DropObjects { kind, names } => {
                format!("drop {kind} {}", listed(names.iter().map(ToString::to_string)))
            }
            Self::DropSchema(name) => format!("drop schema {name}"),
            Self::DropDatabase(name) => format!("drop database {name}"),
            Self::DropCluster(name) => format!("drop cluster {name}"),
            Self::CreateRole(name) => format!("create role {name}"),
            Self::GrantSystem { privileges, to } => {
                let to = listed(to.iter().map(ToString::to_string));
                format!("grant {} on the system to {to}", privileges.join(", "))
            }
            Self::Grant { privileges, on, to } => format!(
                "grant {} on {} to {}",
                privileges.join(", "),
                listed(on.iter().map(ToString::to_string)),
                listed(to.iter().map(ToString::to_string))
            ),
            Self::Revoke { privileges, on, from } => format!(
                "revoke {} on {} from {}",
                privileges.join(", "),
                listed(on.iter().map(ToString::to_string)),
                listed(from.iter().map(ToString::to_string))
            ),
            Self::GrantDefault(default) => format!("default {}", default.what("to")),
            Self::RevokeDefault(default) => format!("no default {}", default.what("for")),
            Self::Comment { on, .. } => format!("comment on {on}"),
            Self::SetOwner { of, owner } => format!("owner of {of} to {owner}"),
            Self::CutOverSink { sink, from } => format!("cut sink {sink} over to {from}"),
            Self::ApplyReplacement { target, .. } => format!("replace materialized view {target}"),
            Self::SetRole { role, parameter, value: None } => {
                format!("reset {} of role {role}", parameter.as_str())
            }
            Self::SetRole { role, parameter, value: Some(value) } => {
                format!("set {} of role {role} to {value}", parameter.as_str())
            }
        }
    }
}

/// The value of a role's setting. A list has one element for each schema; a cluster is one name.
fn setting_sql(parameter: Parameter, value: &str) -> String {
    match parameter {
        Parameter::SearchPath => {
            let schemas = listed::split(value);
            // A path that was set to nothing at all.
            if schemas.is_empty() {
                return literal("");
            }
            listed::sql(schemas.iter().map(|one| one.text.as_str()))
        }
        Parameter::Cluster => listed::sql([value]),
    }
}

fn privileges_sql(
    verb: &str,
    privileges: &[String],
    on: &[Target],
    preposition: &str,
    grantees: &[Grantee],
) -> String {
    let noun = on.first().map_or("", Target::grant_noun);
    format!(
        "{verb} {} ON {noun} {} {preposition} {}",
        privileges.join(", "),
        listed(on.iter().map(Target::sql)),
        listed(grantees.iter().map(Grantee::sql))
    )
}

fn listed(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;

//! Objects of a project, with everything that belongs to one.

use super::body::Body;
use super::body::Keys;
use super::template::Names;
use super::template::Template;
use super::unit_test::UnitTest;
use crate::name::ClusterName;
use crate::name::Ident;
use crate::name::ObjectKind;
use crate::name::ObjectName;
use crate::name::RoleName;
use crate::name::literal;
use crate::sql::fingerprint::Fingerprint;
use crate::sql::words;

/// Something in a schema that a file of the project creates.
#[derive(Clone, Debug)]
pub struct Object {
    /// Its production name, with the profile's suffix.
    pub name: ObjectName,
    /// What it is.
    pub kind: ObjectKind,
    /// The cluster it runs on, with the profile's suffix.
    pub cluster: Option<ClusterName>,
    /// Its file, relative to the project.
    pub file: String,
    /// The line in which its statement begins, from 1.
    pub line: usize,
    /// The objects of the project that its statement reads or uses, sorted; for a table that comes
    /// with a source, the source.
    pub depends_on: Vec<ObjectName>,
    /// Those of them that are types.
    pub types: Vec<ObjectName>,
    /// The objects outside of the project that it reads, sorted; no system objects.
    pub external: Vec<ObjectName>,
    /// What it means: its statement, its indexes and its constraints.
    pub fingerprint: Fingerprint,
    /// What of that a server keeps: constraints are the files' alone.
    pub stored_fingerprint: Fingerprint,
    /// Its statement alone.
    pub own_fingerprint: Fingerprint,
    /// Its grants and comments.
    pub metadata_fingerprint: Fingerprint,
    /// Its indexes, in the order of the file.
    pub indexes: Vec<Index>,
    /// What is granted on it, in the order of the file.
    pub grants: Vec<Grant>,
    /// The comments on it and its columns, in the order of the file.
    pub comments: Vec<Comment>,
    /// The tables and the progress table that come with a source, sorted.
    pub subsources: Vec<ObjectName>,
    /// The columns of itself or of the tables that come with it, where a load generator makes them:
    /// they are the same everywhere.
    pub generated: Vec<(ObjectName, Vec<Column>)>,
    /// The columns by which its file says that rows are told apart: those of its primary key, else of its
    /// first unique constraint, whether or not that is enforced; empty where it says nothing.
    pub key: Vec<Ident>,
    /// The columns of a materialized view that it asserts not to be NULL.
    pub not_null: Vec<Ident>,
    /// Its unit tests, in the order of the file.
    pub tests: Vec<UnitTest>,
    /// The columns that its statement lists with their types: those of a table that no source
    /// feeds.
    pub columns: Option<Vec<Column>>,
    pub(super) head: &'static str,
    pub(super) rest: Template,
    pub(super) body: Option<Body>,
}

/// A column by its name and the SQL of its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: Ident,
    /// Its type, as it can stand behind `::`.
    pub data_type: String,
}

impl Object {
    /// Every cluster it needs: its own and its indexes', sorted.
    pub fn clusters(&self) -> Vec<&ClusterName> {
        let indexes = self.indexes.iter().map(|index| &index.cluster);
        let mut clusters: Vec<&ClusterName> = self.cluster.iter().chain(indexes).collect();
        clusters.sort();
        clusters.dedup();
        clusters
    }

    /// The statement that creates it under a name: fully qualified and quoted, otherwise as the
    /// user wrote it, without `OR REPLACE` and `IF NOT EXISTS`.
    ///
    /// A secret's value stands in it as the user wrote it, with its provider function.
    pub fn create_sql(&self, target: &ObjectName, names: &Names<'_>) -> String {
        format!("{} {}{}", self.head, target.sql(), self.rest.write(names))
    }

    /// The statement that creates it under a name as a replacement for a materialized view.
    pub fn create_replacement_sql(
        &self,
        name: &ObjectName,
        target: &ObjectName,
        names: &Names<'_>,
    ) -> String {
        let rest = self.rest.write(names);
        // The target stands behind the names of the columns.
        let (columns, rest) = rest.split_at(words::list_end(&rest));
        format!("CREATE REPLACEMENT MATERIALIZED VIEW {}{columns} FOR {}{rest}", name.sql(), target.sql())
    }

    /// As [`Object::create_sql`], in place of what stands under that name: for views and materialized views.
    pub fn replace_sql(&self, target: &ObjectName, names: &Names<'_>) -> String {
        let head = self.head.replacen("CREATE", "CREATE OR REPLACE", 1);
        format!("{head} {}{}", target.sql(), self.rest.write(names))
    }
}

/// An index of an object.
#[derive(Clone, Debug)]
pub struct Index {
    /// Its own name, given or as the server would choose it; it lives in its object's schema.
    pub name: Ident,
    /// The cluster that holds it.
    pub cluster: ClusterName,
    /// Whether it is `DEFAULT`, so that the server chooses the keys.
    pub default: bool,
    /// The keys as written; empty for a default one.
    pub keys: Vec<String>,
    /// What it means.
    pub fingerprint: Fingerprint,
    /// The line in which its statement begins, from 1.
    pub line: usize,
    pub(super) rest: Template,
    pub(super) key_list: Option<Keys>,
}

impl Index {
    /// The statement that creates it under its name on an object under some name.
    pub fn create_sql(&self, on: &ObjectName, names: &Names<'_>) -> String {
        self.create_sql_as(&self.name, on, names)
    }

    /// The statement that creates it under another name.
    pub fn create_sql_as(&self, name: &Ident, on: &ObjectName, names: &Names<'_>) -> String {
        let head = if self.default { "CREATE DEFAULT INDEX" } else { "CREATE INDEX" };
        let cluster = (names.cluster)(&self.cluster);
        let rest = self.rest.write(names);
        format!("{head} {} IN CLUSTER {} ON {} {}", name.sql(), cluster.sql(), on.sql(), rest.trim_start())
            .trim_end()
            .to_owned()
    }
}

/// Privileges that a file grants on what it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The privileges, upper case; `ALL` stands alone.
    pub privileges: Vec<String>,
    /// Who gets them; `None` is PUBLIC.
    pub grantees: Vec<Option<RoleName>>,
    /// The line, from 1.
    pub line: usize,
}

impl Grant {
    /// The statement, for a thing by its keyword (`TABLE`, `SCHEMA`) and quoted name.
    pub fn sql(&self, keyword: &str, target: &str) -> String {
        format!("GRANT {} ON {keyword} {target} TO {}", self.privileges.join(", "), grantees(&self.grantees))
    }

    /// The statement for an object.
    pub fn object_sql(&self, kind: ObjectKind, target: &ObjectName) -> String {
        self.sql(grant_keyword(kind), &target.sql())
    }
}

/// The keyword that privileges on an object are granted with.
pub(super) fn grant_keyword(kind: ObjectKind) -> &'static str {
    // Source: the server takes no other keyword for whatever can be selected from.
    match kind {
        ObjectKind::Table | ObjectKind::View | ObjectKind::MaterializedView | ObjectKind::Source => "TABLE",
        ObjectKind::Sink
        | ObjectKind::Index
        | ObjectKind::Connection
        | ObjectKind::Secret
        | ObjectKind::Type
        | ObjectKind::Function => kind.sql(),
    }
}

/// Writes roles, PUBLIC among them.
pub(super) fn grantees(roles: &[Option<RoleName>]) -> String {
    let roles: Vec<String> =
        roles.iter().map(|role| role.as_ref().map_or_else(|| "PUBLIC".to_owned(), RoleName::sql)).collect();
    roles.join(", ")
}

/// A comment on what a file is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// The column, if it is on one.
    pub column: Option<Ident>,
    /// The text; `None` removes it.
    pub text: Option<String>,
    /// The line, from 1.
    pub line: usize,
}

impl Comment {
    /// The statement, for a thing by its keyword (`VIEW`, `SCHEMA`) and quoted name.
    pub fn sql(&self, keyword: &str, target: &str) -> String {
        let text = self.text.as_deref().map_or_else(|| "NULL".to_owned(), literal);
        match &self.column {
            Some(column) => format!("COMMENT ON COLUMN {target}.{} IS {text}", column.sql()),
            None => format!("COMMENT ON {keyword} {target} IS {text}"),
        }
    }

    /// The statement for an object.
    pub fn object_sql(&self, kind: ObjectKind, target: &ObjectName) -> String {
        self.sql(kind.sql(), &target.sql())
    }
}

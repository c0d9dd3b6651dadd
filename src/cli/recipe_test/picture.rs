//! How an environment is at a moment, as anybody can see it who asks its catalog.
//!
//! Read with SQL and nothing of what mzflow remembers, so that it can bear witness. Ids are kept beside
//! what things are: they tell whether a name has come to mean another thing. Start reading at
//! [`Picture::take`].

use std::collections::BTreeMap;

use crate::db::error::Error;
use crate::db::session::Session;
use crate::deployment::epoch::Marker;
use crate::deployment::epoch::TRACKING_DATABASE;
use crate::name::Ident;
use crate::name::ObjectKind;
use crate::name::ObjectName;
use crate::primitives::tag;

/// What a staged or claimed name ends in.
const STAGED: [&str; 2] = ["__mzf", "__mzx"];

const DATABASES: &str = "SELECT d.id, d.name, r.name, d.privileges::text FROM mz_catalog.mz_databases d \
    LEFT JOIN mz_catalog.mz_roles r ON r.id = d.owner_id WHERE d.id LIKE 'u%'";

const SCHEMAS: &str = "SELECT s.id, d.name, s.name, r.name, s.privileges::text FROM mz_catalog.mz_schemas s \
    JOIN mz_catalog.mz_databases d ON d.id = s.database_id \
    LEFT JOIN mz_catalog.mz_roles r ON r.id = s.owner_id WHERE s.id LIKE 'u%'";

const OBJECTS: &str = "SELECT o.id, d.name, s.name, o.name, o.type, r.name, o.privileges::text \
    FROM mz_catalog.mz_objects o JOIN mz_catalog.mz_schemas s ON s.id = o.schema_id \
    JOIN mz_catalog.mz_databases d ON d.id = s.database_id \
    LEFT JOIN mz_catalog.mz_roles r ON r.id = o.owner_id WHERE o.id LIKE 'u%'";

const CLUSTERS: &str = "SELECT c.id, c.name, r.name, c.privileges::text, c.managed FROM mz_catalog.mz_clusters c \
    LEFT JOIN mz_catalog.mz_roles r ON r.id = c.owner_id WHERE c.id LIKE 'u%'";

const ROLES: &str = "SELECT id, name FROM mz_catalog.mz_roles WHERE id LIKE 'u%'";

const SETTINGS: &str = "SELECT r.name, p.parameter_name, p.parameter_value FROM mz_catalog.mz_role_parameters p \
    JOIN mz_catalog.mz_roles r ON r.id = p.role_id";

const DEFAULTS: &str = "SELECT role_id, database_id, schema_id, object_type, grantee, privileges \
    FROM mz_catalog.mz_default_privileges";

const COMMENTS: &str = "SELECT id, object_type, object_sub_id, comment FROM mz_internal.mz_comments \
    ORDER BY id, object_sub_id";

/// What a thing is, in the order in which differences are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sort {
    Database,
    Schema,
    Cluster,
    Object,
    Role,
    /// A setting of a role.
    Setting,
    /// A default privilege.
    Default,
}

/// A thing by its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    /// What it is.
    pub(super) sort: Sort,
    /// Its name.
    pub(super) name: String,
    /// Whether its name is one that only mzflow gives: staged, replaced, or to be dropped.
    pub(super) is_staged: bool,
}

/// A thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Thing {
    /// What the server calls it.
    pub(super) id: String,
    /// Its definition, owner, rights and comments, a line each.
    pub(super) text: String,
}

/// How an environment is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Picture {
    /// Everything, but what mzflow records.
    pub(super) things: BTreeMap<Key, Thing>,
    /// How many swaps there were.
    pub(super) epoch: u64,
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sort = match self.sort {
            Sort::Database => "database",
            Sort::Schema => "schema",
            Sort::Cluster => "cluster",
            Sort::Object => "object",
            Sort::Role => "role",
            Sort::Setting => "setting of a role",
            Sort::Default => "default privilege",
        };
        write!(f, "{sort} {}", self.name)
    }
}

impl Key {
    pub(super) fn new(sort: Sort, name: String) -> Self {
        let is_staged = name.split('.').any(|part| {
            let part = part.trim_matches('"');
            STAGED.iter().any(|end| part.ends_with(end))
        });
        Self { sort, name, is_staged }
    }
}

/// What is gathered before it is a picture.
#[derive(Default)]
struct Gathered {
    picture: Picture,
    /// Lines of comments by what they are about.
    comments: BTreeMap<(Sort, String), Vec<String>>,
}

impl Gathered {
    fn add(&mut self, sort: Sort, id: &str, name: String, lines: Vec<String>) {
        let comments = self.comments.get(&(sort, id.to_owned())).cloned().unwrap_or_default();
        let text = [lines, comments].concat().join("\n");
        self.picture.things.insert(Key::new(sort, name), Thing { id: id.to_owned(), text });
    }
}

impl Picture {
    /// Looks.
    ///
    /// # Errors
    /// What the server says.
    pub(super) async fn take(session: &Session) -> Result<Self, Error> {
        let mut gathered = Gathered::default();
        for row in session.read(COMMENTS).await? {
            let sort = match row.required(1)? {
                "database" => Sort::Database,
                "schema" => Sort::Schema,
                "cluster" => Sort::Cluster,
                "role" => Sort::Role,
                _ => Sort::Object,
            };
            let comment = row.required(3)?;
            // It tells the time, which is another each time, and a promotion does not fail for want of it.
            if tag::is_tag(comment) {
                continue;
            }
            let column = row.text(2).map(|column| format!(" of column {column}")).unwrap_or_default();
            let lines = gathered.comments.entry((sort, row.required(0)?.to_owned())).or_default();
            lines.push(format!("comment{column} {comment}"));
        }
        for row in session.read(DATABASES).await? {
            if row.required(1)? != TRACKING_DATABASE {
                let lines = vec![owner(row.text(2)), rights(row.text(3))];
                gathered.add(Sort::Database, row.required(0)?, shown(&[row.required(1)?]), lines);
            }
        }
        for row in session.read(SCHEMAS).await? {
            let (database, schema) = (row.required(1)?, row.required(2)?);
            if database == TRACKING_DATABASE {
                if let Ok(marker) = schema.parse::<Marker>() {
                    gathered.picture.epoch = gathered.picture.epoch.max(marker.epoch);
                }
                continue;
            }
            let lines = vec![owner(row.text(3)), rights(row.text(4))];
            gathered.add(Sort::Schema, row.required(0)?, shown(&[database, schema]), lines);
        }
        gathered.clusters(session).await?;
        gathered.objects(session).await?;
        for row in session.read(ROLES).await? {
            gathered.add(Sort::Role, row.required(0)?, shown(&[row.required(1)?]), Vec::new());
        }
        for row in session.read(SETTINGS).await? {
            let name = format!("{}: {}", row.required(0)?, row.required(1)?);
            gathered.add(Sort::Setting, "", name, vec![row.required(2)?.to_owned()]);
        }
        for row in session.read(DEFAULTS).await? {
            let parts = (0..6).map(|column| row.text(column).unwrap_or("-"));
            gathered.add(Sort::Default, "", parts.collect::<Vec<_>>().join(" "), Vec::new());
        }
        Ok(gathered.picture)
    }
}

impl Gathered {
    async fn clusters(&mut self, session: &Session) -> Result<(), Error> {
        for row in session.read(CLUSTERS).await? {
            let name = row.required(1)?;
            let mut lines = vec![owner(row.text(2)), rights(row.text(3))];
            if let (true, Ok(ident)) = (row.is_true(4), Ident::new(name)) {
                lines.push(definition(session, "CLUSTER", &ident.sql()).await?);
            }
            self.add(Sort::Cluster, row.required(0)?, shown(&[name]), lines);
        }
        Ok(())
    }

    async fn objects(&mut self, session: &Session) -> Result<(), Error> {
        for row in session.read(OBJECTS).await? {
            let parts = [row.required(1)?, row.required(2)?, row.required(3)?];
            if parts[0] == TRACKING_DATABASE {
                continue;
            }
            let kind = ObjectKind::from_catalog(row.required(4)?);
            let mut lines = vec![row.required(4)?.to_owned(), owner(row.text(5)), rights(row.text(6))];
            let idents: Result<Vec<Ident>, _> = parts.iter().map(Ident::new).collect();
            let name = idents.ok().and_then(|idents| {
                let [database, schema, object] = idents.try_into().ok()?;
                Some(ObjectName::new(database, schema, object))
            });
            match (kind, name) {
                // A secret shows itself to nobody.
                (None | Some(ObjectKind::Secret), _) | (_, None) => {}
                (Some(kind), Some(name)) => {
                    lines.push(definition(session, kind.sql(), &name.sql()).await?);
                }
            }
            self.add(Sort::Object, row.required(0)?, shown(&parts), lines);
        }
        Ok(())
    }
}

/// The statement that makes a thing; what has none shows why.
async fn definition(session: &Session, noun: &str, name: &str) -> Result<String, Error> {
    match session.read(&format!("SHOW CREATE {noun} {name}")).await {
        Ok(rows) => Ok(rows.first().and_then(|row| row.text(1)).unwrap_or_default().to_owned()),
        Err(error) if error.sqlstate().is_some() => Ok(error.message().to_owned()),
        Err(error) => Err(error),
    }
}

/// A name for people.
fn shown(parts: &[&str]) -> String {
    let parts = parts
        .iter()
        .map(|part| Ident::new(part).map_or_else(|_| (*part).to_owned(), |ident| ident.to_string()));
    parts.collect::<Vec<_>>().join(".")
}

fn owner(name: Option<&str>) -> String {
    format!("owner {}", name.unwrap_or("nobody"))
}

/// Rights in one order, whatever order they were given in.
fn rights(list: Option<&str>) -> String {
    let mut rights: Vec<&str> = list.unwrap_or_default().trim_matches(['{', '}']).split(',').collect();
    rights.sort_unstable();
    format!("rights {}", rights.join(" "))
}

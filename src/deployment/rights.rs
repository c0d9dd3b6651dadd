//! Rights, owners and comments as records tell of them: what files say of what is staged, and what a promotion
//! changes on what stays.
//!
//! Pure data. The first is kept so that what hangs on production when it is swapped, and not when it was staged,
//! comes along; the second so that it can be taken back.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde::Deserialize;
use serde::Serialize;

use super::DeploymentId;
use super::said::Said;
use crate::name::ClusterName;
use crate::name::Ident;
use crate::name::ObjectId;
use crate::name::ObjectKind;
use crate::name::ObjectName;
use crate::name::RoleName;
use crate::name::SchemaName;

/// Something that privileges, comments and owners hang on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Thing {
    /// A database.
    Database(Ident),
    /// A schema.
    Schema(SchemaName),
    /// A cluster.
    Cluster(ClusterName),
    /// Something in a schema.
    Object(ObjectKind, ObjectName),
    /// A column of a relation.
    Column(ObjectName, Ident),
}

/// A privilege that somebody holds; `None` is everybody.
pub type Held = (Option<RoleName>, String);

/// A comment; `None` is that there is to be none.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Comment {
    /// The text.
    pub text: Option<String>,
}

/// A default privilege, without the place that it is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ByDefault {
    /// The creating role; `None` is all roles.
    pub role: Option<RoleName>,
    /// The plural: `TABLES`, `SCHEMAS`, …
    pub on: String,
    /// One privilege, upper case.
    pub privilege: String,
    /// Who gets it; `None` is everybody.
    pub to: Option<RoleName>,
}

/// Staged objects that follow each other in the record of a stage, by number: the first and the last.
pub type Run = (usize, usize);

/// What files say alike of things: most of a project's are granted alike, so records name them by number, which
/// keeps the record of a large stage small.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// The staged objects, by their numbers in the record of the stage, ascending.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub objects: Vec<Run>,
    /// Columns of staged objects, by what they are called.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub columns: BTreeMap<Ident, Vec<Run>>,
    /// What else, under staging names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub on: Vec<Thing>,
    /// Privileges that are granted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grants: Vec<Held>,
    /// Its comment, where files say one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<Comment>,
    /// Default privileges that are granted in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub defaults: Vec<ByDefault>,
    /// Default privileges that are revoked in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub no_defaults: Vec<ByDefault>,
}

impl Written {
    /// What it is said of: takes the names of staged objects by number.
    pub fn things<'w>(
        &'w self,
        object: impl Fn(usize) -> Option<(ObjectKind, ObjectName)> + 'w,
    ) -> impl Iterator<Item = Thing> + 'w {
        let numbers = |runs: &'w [Run]| runs.iter().flat_map(|(first, last)| *first..=*last);
        let objects = numbers(&self.objects).map(|number| (number, None));
        let columns = self.columns.iter();
        let columns =
            columns.flat_map(move |(name, runs)| numbers(runs).map(move |number| (number, Some(name))));
        let numbered = objects.chain(columns).filter_map(move |(number, column)| {
            let (kind, name) = object(number)?;
            Some(match column {
                Some(column) => Thing::Column(name, column.clone()),
                None => Thing::Object(kind, name),
            })
        });
        numbered.chain(self.on.iter().cloned())
    }

    /// Takes one more thing in: takes the number of a staged object, which is not below those taken before.
    pub fn take(&mut self, thing: Thing, number: impl Fn(&ObjectName) -> Option<usize>) {
        let numbered = match &thing {
            Thing::Object(_, name) | Thing::Column(name, _) => number(name),
            Thing::Database(_) | Thing::Schema(_) | Thing::Cluster(_) => None,
        };
        match (thing, numbered) {
            (Thing::Object(..), Some(number)) => append(&mut self.objects, number),
            (Thing::Column(_, column), Some(number)) => {
                append(self.columns.entry(column).or_default(), number);
            }
            (thing, _) => self.on.push(thing),
        }
    }
}

/// Adds a number behind the last one.
fn append(runs: &mut Vec<Run>, number: usize) {
    match runs.last_mut() {
        Some((_, last)) if *last + 1 == number => *last = number,
        _ => runs.push((number, number)),
    }
}

/// What files say of all that is staged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meant {
    /// What they say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub written: Vec<Written>,
    /// What they said once and no longer say, by the thing in production as [`Said`] names it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub withdrawn: BTreeMap<String, Said>,
}

/// A change of what hangs on one thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deed {
    /// Privileges are granted.
    Grant {
        /// On what.
        on: Thing,
        /// Which, and to whom.
        held: Vec<Held>,
    },
    /// Privileges are revoked.
    Revoke {
        /// On what.
        on: Thing,
        /// Which, and from whom.
        held: Vec<Held>,
    },
    /// It is commented.
    Comment {
        /// What.
        on: Thing,
        /// The text; `None` removes it.
        text: Option<String>,
        /// The text that it takes the place of, where that counts: another one is somebody else's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        instead_of: Option<Comment>,
    },
    /// A default privilege is granted.
    Default {
        /// In which database or schema.
        at: Thing,
        /// Which.
        default: ByDefault,
    },
    /// A default privilege is revoked.
    NoDefault {
        /// In which database or schema.
        at: Thing,
        /// Which.
        default: ByDefault,
    },
}

/// Written before a promotion changes anything on what stays, or makes a sink.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwapInPlace {
    /// The deployment.
    pub deployment: DeploymentId,
    /// The epoch that the promotion made.
    pub epoch: u64,
    /// What takes back what is about to be changed.
    pub back: Vec<Deed>,
    /// The sinks that are about to be made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sinks: Vec<ObjectName>,
}

/// What takes back what the last promotion of a deployment has done beside its swap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Undo {
    /// What takes back what it changed on what stays.
    pub back: Vec<Deed>,
    /// The sinks that it set out to make.
    pub begun: BTreeSet<ObjectName>,
    /// The sinks that it has made, by id.
    pub made: BTreeSet<ObjectId>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn staged_objects_are_told_by_number() {
        let schema: SchemaName = "d.s".parse().expect("a schema");
        let names: Vec<ObjectName> =
            ["a", "b", "c", "e"].map(|name| schema.object(Ident::new(name).expect("a name"))).into();
        let other = schema.object(Ident::new("other").expect("a name"));
        let id = Ident::new("id").expect("a name");
        let object = |name: &ObjectName| Thing::Object(ObjectKind::View, name.clone());
        let things: Vec<Thing> = [0, 1, 3]
            .into_iter()
            .map(|number| object(&names[number]))
            .chain([1, 2].map(|number| Thing::Column(names[number].clone(), id.clone())))
            .chain([object(&other), Thing::Schema(schema.clone()), Thing::Column(other, id.clone())])
            .collect();
        let mut written = Written::default();
        for thing in &things {
            written.take(thing.clone(), |name| names.iter().position(|known| known == name));
        }
        let text = serde_json::to_string(&written).expect("serialises");
        expect![[r#"{"objects":[[0,1],[3,3]],"columns":{"id":[[1,2]]},"on":[{"object":["view","d.s.other"]},{"schema":"d.s"},{"column":["d.s.other","id"]}]}"#]]
            .assert_eq(&text);
        let read: Written = serde_json::from_str(&text).expect("reads");
        let named = |number: usize| Some((ObjectKind::View, names.get(number)?.clone()));
        assert_eq!(read.things(named).collect::<Vec<_>>(), things);
    }

    #[test]
    fn rows_read_back() {
        let schema: SchemaName = "d.\"S\"".parse().expect("a schema");
        let role = RoleName(Ident::new("joe").expect("a name"));
        let relation = schema.object(Ident::new("t").expect("a name"));
        let meant = Meant {
            written: vec![Written {
                on: vec![Thing::Object(ObjectKind::View, relation.clone())],
                grants: vec![(Some(role.clone()), "SELECT".to_owned()), (None, "SELECT".to_owned())],
                comment: Some(Comment { text: None }),
                ..Written::default()
            }],
            withdrawn: BTreeMap::new(),
        };
        let text = serde_json::to_string(&meant).expect("serialises");
        expect![[r#"{"written":[{"on":[{"object":["view","d.\"S\".t"]}],"grants":[["joe","SELECT"],[null,"SELECT"]],"comment":{"text":null}}]}"#]]
            .assert_eq(&text);
        assert_eq!(serde_json::from_str::<Meant>(&text).expect("reads"), meant);
        let default =
            ByDefault { role: None, on: "TABLES".to_owned(), privilege: "SELECT".to_owned(), to: Some(role) };
        let deeds = vec![
            Deed::Comment {
                on: Thing::Column(relation, Ident::new("a").expect("a name")),
                text: Some("x".to_owned()),
                instead_of: Some(Comment { text: None }),
            },
            Deed::NoDefault { at: Thing::Schema(schema), default },
        ];
        let text = serde_json::to_string(&deeds).expect("serialises");
        assert_eq!(serde_json::from_str::<Vec<Deed>>(&text).expect("reads"), deeds);
    }
}

//! What must hold at every moment of a deployment, and behind whatever became of it.
//!
//! 1. A reader sees all of the old version or all of the new one, and every name.
//! 2. Each epoch is made by one swap, and no swap is made twice or undone.
//! 3. Nothing of others is dropped, altered, or left reading what is gone.
//! 4. Nothing is left over.
//! 5. Grants, comments, owners and default privileges are those of one version, whole.
//! 6. What was refused has changed nothing.
//!
//! [`Picture`] is read from the catalog alone, with nothing of what mzflow remembers. Start reading at
//! [`Invariants::hold`].

use std::collections::BTreeMap;
use std::time::Duration;

use mzflow::clock::Clock;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::RUNTIME;
use super::World;
use super::row;

/// What others own is called something with this.
const THEIRS: &str = "their";

/// What mzflow writes into comments of schemas: it tells the time, and a promotion does not fail for want of it.
const TAG: &str = "mzflow: ";

/// The database of what mzflow records.
const TRACKING: &str = "_mzflow";

/// How an environment is, as anybody sees it who asks its catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Picture {
    /// A line a thing: its name, what it is, its owner, its rights, what it reads; without ids, and with
    /// one word for the deployment in names that only mzflow gives.
    lines: Vec<String>,
    /// Things of others by id: they are never made anew.
    theirs: Vec<String>,
    /// Every id with its name.
    ids: Vec<String>,
    /// The names of the marker.
    markers: Vec<String>,
}

/// The words in names that tell one deployment from another.
const DEPLOYMENTS: [&str; 3] = ["__first__mz", "__second__mz", "__third__mz"];

/// Ends of names in overlays: an index keeps the one that it was built under.
const BUILDS: [&str; 3] = ["__alice__mzf", "__alice_2__mzf", "__alice_3__mzf"];

/// A name in which every deployment and every build is the same.
fn nameless(text: &str) -> String {
    let text = DEPLOYMENTS.iter().fold(text.to_owned(), |text, id| text.replace(id, "__*__mz"));
    BUILDS.iter().fold(text, |text, end| text.replace(end, ""))
}

/// Whether something is of others. What is staged is not, wherever somebody has taken its schema.
fn is_theirs(name: &str) -> bool {
    name.contains(THEIRS) && !nameless(name).contains("__*__mz")
}

/// A definition without the ids in it, and without the time at which it was made.
fn without_ids(sql: &str) -> String {
    let sql = sql.rsplit_once(" AS OF ").map_or(sql, |(sql, _)| sql);
    let mut parts = sql.split("[u");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        text += "[";
        text += part.trim_start_matches(|c: char| c.is_ascii_digit());
    }
    nameless(&text)
}

/// Rights in one order, whatever order they were given in.
fn rights(list: &str) -> String {
    let mut rights: Vec<&str> = list.trim_matches(['{', '}']).split(',').collect();
    rights.sort_unstable();
    rights.join(" ")
}

/// What is asked, in one message: in the order in which it is gathered.
const ASKED: [&str; 10] = [
    "SELECT id, name, owner_id, privileges::text FROM mz_databases WHERE id LIKE 'u%'",
    "SELECT id, database_id, name, owner_id, privileges::text FROM mz_schemas WHERE id LIKE 'u%'",
    "SELECT id, name, owner_id, privileges::text, size, replication_factor::text FROM mz_clusters WHERE id LIKE 'u%'",
    "SELECT id, create_sql FROM mz_views WHERE id LIKE 'u%' \
     UNION ALL SELECT id, create_sql FROM mz_materialized_views WHERE id LIKE 'u%' \
     UNION ALL SELECT id, create_sql FROM mz_indexes WHERE id LIKE 'u%' \
     UNION ALL SELECT id, create_sql FROM mz_sinks WHERE id LIKE 'u%' \
     UNION ALL SELECT id, create_sql FROM mz_tables WHERE id LIKE 'u%'",
    "SELECT id, schema_id, name, type, owner_id, cluster_id, privileges::text FROM mz_objects WHERE id LIKE 'u%'",
    "SELECT object_id, referenced_object_id FROM mz_internal.mz_object_dependencies \
     WHERE object_id LIKE 'u%' AND referenced_object_id LIKE 'u%'",
    "SELECT id, name FROM mz_roles WHERE id LIKE 'u%'",
    "SELECT role_id, parameter_name, parameter_value FROM mz_role_parameters",
    "SELECT role_id, database_id, schema_id, object_type, grantee, privileges::text FROM mz_default_privileges",
    "SELECT id, object_type, object_sub_id::text, comment FROM mz_internal.mz_comments",
];

/// The rows of an answer.
type Rows = Vec<Vec<String>>;

/// How long a reader pauses before it looks whether there is anything new.
const LOOKS_EVERY: Duration = Duration::from_millis(5);

/// What is gathered before it is a picture.
#[derive(Default)]
struct Gathered {
    /// The names of things by their sort and id.
    names: BTreeMap<(char, String), String>,
    lines: Vec<String>,
    theirs: Vec<String>,
    ids: Vec<String>,
    markers: Vec<String>,
}

impl Gathered {
    /// The name of something; its id where it has none.
    fn name(&self, sort: char, id: &str) -> String {
        self.names.get(&(sort, id.to_owned())).cloned().unwrap_or_else(|| id.to_owned())
    }

    fn add(&mut self, sort: char, id: &str, name: String, text: &str) {
        let line = format!("{} {text}", nameless(&name));
        if is_theirs(&name) {
            self.theirs.push(format!("{sort}{id} {line}"));
        }
        self.ids.push(format!("{sort}{id} {name}"));
        self.lines.push(line);
        self.names.insert((sort, id.to_owned()), name);
    }

    fn containers(&mut self, databases: Rows, schemas: Rows, clusters: Rows) {
        let mut tracking = String::new();
        for row in databases {
            if row[1] == TRACKING {
                tracking.clone_from(&row[0]);
            } else {
                let text = format!("database of {} {}", row[2], rights(&row[3]));
                self.add('d', &row[0], row[1].clone(), &text);
            }
        }
        for row in schemas {
            if row[1] != tracking {
                let name = format!("{}.{}", self.name('d', &row[1]), row[2]);
                let text = format!("schema of {} {}", row[3], rights(&row[4]));
                self.add('s', &row[0], name, &text);
            } else if row[2].starts_with("epoch@") {
                self.markers.push(row[2].clone());
            }
        }
        for row in clusters {
            let text = format!("cluster of {} {} size {} × {}", row[2], rights(&row[3]), row[4], row[5]);
            self.add('c', &row[0], row[1].clone(), &text);
        }
    }

    fn objects(&mut self, definitions: Rows, objects: Rows, reads: Rows) {
        let definitions = definitions.into_iter();
        let definitions: BTreeMap<String, String> =
            definitions.map(|row| (row[0].clone(), without_ids(&row[1]))).collect();
        for row in objects {
            // What has no schema here is of what mzflow records.
            let Some(schema) = self.names.get(&('s', row[1].clone())) else { continue };
            let name = format!("{schema}.{}", row[2]);
            let cluster = nameless(&self.name('c', &row[5]));
            let definition = definitions.get(&row[0]).map(String::as_str).unwrap_or_default();
            let text = format!("{} of {} {} on {cluster}: {definition}", row[3], row[4], rights(&row[6]));
            // What others have reads the same as before, under whatever name that has now; but sinks are
            // cut over.
            let kept =
                format!("o{} {name} {} of {} {} on {cluster}", row[0], row[3], row[4], rights(&row[6]));
            self.add('o', &row[0], name.clone(), &text);
            if is_theirs(&name) {
                self.theirs.pop();
                self.theirs.push(kept);
            }
        }
        for row in reads {
            let Some(name) = self.names.get(&('o', row[0].clone())) else { continue };
            let read = self.names.get(&('o', row[1].clone()));
            let read = read.unwrap_or_else(|| panic!("{name} reads {}, which is gone", row[1]));
            self.lines.push(format!("{} reads {}", nameless(name), nameless(read)));
        }
    }

    fn said(&mut self, roles: Rows, settings: Rows, defaults: Rows, comments: Rows) {
        for row in roles {
            self.add('r', &row[0], row[1].clone(), "role");
        }
        for row in settings {
            self.lines.push(format!("role {} sets {} to {}", row[0], row[1], row[2]));
        }
        for row in defaults {
            let place = [self.name('d', &row[1]), self.name('s', &row[2])].map(|name| nameless(&name));
            let line = format!("by default of {} in {place:?} {} {} {}", row[0], row[3], row[4], row[5]);
            self.lines.push(line);
        }
        for row in comments {
            let sort = match row[1].as_str() {
                "database" => 'd',
                "schema" => 's',
                "cluster" => 'c',
                "role" => 'r',
                _ => 'o',
            };
            if !row[3].starts_with(TAG) {
                let name = nameless(&self.name(sort, &row[0]));
                self.lines.push(format!("{name} has the comment {} {}", row[2], row[3]));
            }
        }
    }
}

impl Picture {
    /// Looks.
    pub(crate) fn take(world: &World) -> Self {
        let mut gathered = Gathered::default();
        let mut answers = world.answers(&ASKED.join(";")).into_iter();
        let mut next = || answers.next().expect("each is answered");
        gathered.containers(next(), next(), next());
        gathered.objects(next(), next(), next());
        gathered.said(next(), next(), next(), next());
        let Gathered { mut lines, mut theirs, mut ids, markers, .. } = gathered;
        lines.sort_unstable();
        theirs.sort_unstable();
        ids.sort_unstable();
        Self { lines, theirs, ids, markers }
    }

    /// How many swaps there were, by the one marker that there is.
    pub(crate) fn epoch(&self) -> u64 {
        let [marker] = self.markers.as_slice() else { panic!("there are markers: {:?}", self.markers) };
        let epoch = marker.strip_prefix("epoch@").and_then(|rest| rest.split(':').next());
        epoch.and_then(|epoch| epoch.parse().ok()).unwrap_or_else(|| panic!("{marker} is no marker"))
    }

    /// Without what some names have in them.
    pub(crate) fn without(&self, text: &str) -> Self {
        let mut other = self.clone();
        other.lines.retain(|line| !line.contains(text));
        other
    }

    /// With the roles that read what is staged put back to what they had `before`.
    pub(crate) fn put_back(&self, before: &Self) -> Self {
        let of = |line: &str| line.split_once(" to ").map(|(role, _)| role.to_owned());
        let is_shifted = |line: &&String| line.starts_with("role ") && line.contains("__mzf");
        let shifted: Vec<String> = self.lines.iter().filter(is_shifted).filter_map(|line| of(line)).collect();
        let had = before.lines.iter().filter(|line| of(line).is_some_and(|role| shifted.contains(&role)));
        let mut other = self.clone();
        other.lines.retain(|line| !is_shifted(&line));
        other.lines.extend(had.cloned());
        other
    }

    /// Tells whether anything is staged, claimed or retired.
    pub(crate) fn has_staging(&self) -> bool {
        self.lines.iter().any(|line| line.contains("__*__mz"))
    }

    /// Insists that nothing of others is gone or altered.
    #[track_caller]
    pub(crate) fn keeps(&self, before: &Self, what: &str) {
        let lost: Vec<&String> = before.theirs.iter().filter(|line| !self.theirs.contains(line)).collect();
        assert!(
            lost.is_empty(),
            "{what}: of others is gone or altered {lost:#?}\nthere is {:#?}",
            self.theirs
        );
    }

    /// Insists that nothing has changed, by id and by what it is.
    #[track_caller]
    pub(crate) fn is_untouched(&self, before: &Self, what: &str) {
        assert_eq!(self.markers, before.markers, "{what}: it has swapped");
        self.is_like(before, what);
        assert_eq!(self.ids, before.ids, "{what}: something was made anew");
    }

    /// Insists that all is as it is elsewhere.
    #[track_caller]
    pub(crate) fn is_like(&self, expected: &Self, what: &str) {
        let only = |a: &Self, b: &Self, sign: char| {
            let mut rest = b.lines.clone();
            let mut lines = Vec::new();
            for line in &a.lines {
                match rest.iter().position(|other| other == line) {
                    Some(at) => drop(rest.remove(at)),
                    None => lines.push(format!("{sign} {line}")),
                }
            }
            lines
        };
        let differs = [only(expected, self, '-'), only(self, expected, '+')].concat();
        assert!(differs.is_empty(), "{what}: - is expected, + is there\n{}", differs.join("\n"));
    }
}

/// Somebody who reads production all the time: again and again, as long as anything is committed.
pub(crate) struct Reader {
    stop: watch::Sender<bool>,
    reading: JoinHandle<Vec<String>>,
}

impl Reader {
    /// Begins to read, again and again.
    pub(crate) fn start(world: &World, sql: &'static str) -> Self {
        let (stop, mut stopped) = watch::channel(false);
        let client = RUNTIME.block_on(world.client());
        let clock = Clock::system();
        let log = world.log_path();
        let reading = RUNTIME.spawn(async move {
            let mut seen: Vec<String> = Vec::new();
            let mut read_at = None;
            loop {
                // He reads once more when he is told to stop: what stands at the end is seen as well.
                let is_last = *stopped.borrow();
                // Where nothing was committed since, he would see the same.
                let length = std::fs::metadata(&log).ok().map(|log| log.len());
                if length.is_some() && length == read_at && !is_last {
                    tokio::select! {
                        () = clock.sleep(LOOKS_EVERY) => {}
                        _ = stopped.changed() => {}
                    }
                    continue;
                }
                read_at = length;
                let answer = match client.simple_query(sql).await {
                    Ok(messages) => messages.iter().filter_map(row).flatten().collect::<Vec<_>>().join(" "),
                    Err(error) => match error.as_db_error() {
                        Some(error) => error.message().to_owned(),
                        // The server is gone.
                        None => return seen,
                    },
                };
                if seen.last() != Some(&answer) {
                    seen.push(answer);
                }
                if is_last {
                    return seen;
                }
            }
        });
        Self { stop, reading }
    }

    /// Stops; all that was seen, in order, without what was seen again.
    pub(crate) fn end(self) -> Vec<String> {
        self.stop.send_replace(true);
        RUNTIME.block_on(self.reading).expect("he reads to the end")
    }
}

/// Which version it has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    /// The new one.
    Green,
    /// That of the last swap.
    Swapped,
}

/// What an environment may be: all of one version, or all of another.
pub(crate) struct Invariants {
    /// How it was before.
    pub(crate) blue: Picture,
    /// What a run has made of it that nothing went wrong with.
    pub(crate) green: Picture,
    /// What a reader of both sees.
    pub(crate) reads: [&'static str; 2],
}

impl Invariants {
    /// Insists that they hold when all is over and cleaned up; tells which version it is.
    #[track_caller]
    pub(crate) fn hold(&self, world: &World, expected: Version, what: &str) {
        let now = Picture::take(world);
        let (old, new) = (self.blue.epoch(), self.green.epoch());
        let epoch = now.epoch();
        assert!(epoch == old || epoch == new, "{what}: {epoch} is neither epoch {old} nor {new}");
        let version = match expected {
            Version::Green => &self.green,
            Version::Swapped if epoch == new => &self.green,
            Version::Swapped => &self.blue,
        };
        assert_eq!(epoch, version.epoch(), "{what}: this is not {expected:?}");
        let swaps = "SELECT DISTINCT payload->'to' FROM _mzflow.public.journal WHERE kind = 'swap.intent'";
        let swaps = world.rows(swaps);
        for marker in &now.markers {
            assert_eq!(swaps.matches(marker).count(), 1, "{what}: {marker} is of {swaps}");
        }
        now.keeps(&self.blue, what);
        now.is_like(version, what);
    }

    /// Insists that a reader has seen one version whole, and at most once another one.
    #[track_caller]
    pub(crate) fn were_seen(&self, seen: &[String], what: &str) {
        let [blue, green] = self.reads;
        let is_whole = match seen {
            [] => true,
            [one] => one == blue || one == green,
            [old, new] => old == blue && new == green,
            _ => false,
        };
        assert!(is_whole, "{what}: a reader has seen {seen:?}");
    }
}

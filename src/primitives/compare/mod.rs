//! compare: the exact difference of a deployment's objects and production's, at one moment each.
//!
//! Reads, never writes, and creates nothing. The server computes the difference; counts and bounded
//! samples are all that travels. Each object is compared in one transaction, so that both sides,
//! the counts and the samples are of one timestamp. Refuses: `compare.*`, `swap.not-staged`. Start
//! reading at [`prepare`], then [`run`].

mod columns;
mod found;
mod pair;
mod sides;
mod statement;
mod verdict;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

pub use self::columns::Columns;
pub use self::found::Compared;
use self::found::DuplicateKeys;
pub use self::found::Found;
pub use self::found::Judge;
pub use self::found::Kind;
pub use self::found::MOST_JUDGED;
use self::found::Open;
pub use self::found::Outcome;
pub use self::found::Row;
pub use self::found::Sample;
pub use self::found::State as Standing;
pub use self::pair::Pair;
pub use self::pair::pair;
use self::sides::Both;
use self::sides::Sides;
use self::statement::Comparison;
use self::statement::Predicate;
pub use self::verdict::Bounds;
pub use self::verdict::RowCount;
pub use self::verdict::Schema;
pub use self::verdict::judge;
pub use self::verdict::judge_rows;
use super::code::Code;
use super::ctx::Ctx;
use super::error::Error;
use super::scope::Scope;
use crate::clock::Deadline;
use crate::db;
use crate::db::apply::Interrupt;
use crate::db::columns::Relation;
use crate::db::session::Session;
use crate::db::value::Fields;
use crate::deployment::DeploymentId;
use crate::deployment::state::State;
use crate::name::ClusterName;
use crate::name::Ident;
use crate::name::ObjectName;
use crate::name::split_dotted;

/// How long an object may take where nothing else is said.
pub const TIMEOUT: Duration = Duration::from_secs(300);

/// What of the differing rows is intended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Allow {
    /// Nothing.
    #[default]
    Nothing,
    /// What a condition in SQL holds for.
    Sql(String),
    /// What a function says that is asked later, by [`Found::judge`].
    Asked,
}

/// What is said of all objects, or of some by their production names.
#[derive(Clone, Debug, Default)]
pub struct Choice<T> {
    /// Of those that are not named.
    pub otherwise: T,
    /// By name. One that the deployment does not have says nothing.
    pub of: BTreeMap<ObjectName, T>,
}

impl<T> Choice<T> {
    /// What is said of an object.
    fn about(&self, name: &ObjectName) -> &T {
        self.of.get(name).unwrap_or(&self.otherwise)
    }
}

/// What to compare, and how.
#[derive(Clone, Debug)]
pub struct Request {
    /// The deployment.
    pub deployment: DeploymentId,
    /// Production names; `None` for every view that it built.
    pub objects: Option<Vec<String>>,
    /// Columns that tell one row; empty compares whole rows.
    pub key: Choice<Vec<String>>,
    /// What is intended.
    pub allow: Choice<Allow>,
    /// So many differing rows of a kind are kept.
    pub samples: usize,
    /// The cluster that computes it; else the one that has the deployment's object at hand.
    pub cluster: Option<String>,
    /// How long each object may take.
    pub timeout: Duration,
}

/// An object with the statements that compare it.
struct Task {
    comparison: Comparison,
    columns: Columns,
    cluster: Option<ClusterName>,
    asked: bool,
}

/// A comparison that is ready to be made, on a connection of its own.
pub struct Prepared {
    deployment: DeploymentId,
    question: Question,
}

/// What is asked of the server.
struct Question {
    /// None in a rehearsal.
    session: Option<Session>,
    objects: Vec<(Sides, Option<Task>)>,
    samples: usize,
    timeout: Duration,
    interrupt: Interrupt,
    deadline: Deadline,
}

/// Finds out what is compared with what. The run is not needed while the server computes.
///
/// # Errors
/// `deployment.unknown`, `deployment.gone`, `swap.not-staged`, `compare.unknown-object`,
/// `compare.unknown-key`, `compare.unknown-cluster`, `compare.bad-allow`, `compare.gone`, `db.*`.
pub async fn prepare(ctx: &Ctx, request: &Request) -> Result<Prepared, Error> {
    prepared(ctx, request).await.map_err(|error| error.of(&request.deployment))
}

async fn prepared(ctx: &Ctx, request: &Request) -> Result<Prepared, Error> {
    ctx.go_on()?;
    let ledger = ctx.ledger_or_refuse().await?;
    let known = ledger.deployment(&request.deployment)?;
    match known.state {
        State::Staging
        | State::Staged
        | State::Promoted
        | State::Retiring
        | State::Retired
        | State::RolledBack => {}
        State::Aborting | State::Aborted => {
            let message = format!("{} was dropped", request.deployment);
            return Err(Error::new(Code::DeploymentGone, message));
        }
    }
    let scope = Scope::read(ctx, known).await?;
    scope.complete()?;
    let catalog = ctx.fresh_catalog(ctx.session()).await?;
    let sides = sides::sides(&scope, &catalog, request.objects.as_deref())?;
    let cluster = request.cluster.as_deref().map(cluster).transpose()?;
    if let Some(cluster) = cluster.as_ref().filter(|name| !catalog.clusters.contains_key(*name)) {
        let message = format!("there is no cluster `{cluster}` to compare on");
        return Err(Error::new(Code::CompareUnknownCluster, message));
    }
    // What was only rehearsed is not there to be looked at.
    let session = if ctx.is_rehearsal() { None } else { Some(ctx.session().another().await?) };
    let relations = match &session {
        Some(session) => relations(session, &sides).await?,
        None => Vec::new(),
    };
    let mut objects = Vec::with_capacity(sides.len());
    for sides in sides {
        let task = match &sides.both {
            Ok(both) if session.is_some() => {
                let said = (&request.key, &request.allow);
                let task = task(said, &sides.name, both, &relations, cluster.as_ref());
                Some(task.map_err(|error| error.object(&sides.name))?)
            }
            Ok(_) | Err(_) => None,
        };
        objects.push((sides, task));
    }
    let question = Question {
        session,
        objects,
        samples: request.samples,
        timeout: request.timeout,
        interrupt: ctx.interrupt.clone(),
        deadline: ctx.deadline.clone(),
    };
    Ok(Prepared { deployment: request.deployment.clone(), question })
}

fn cluster(text: &str) -> Result<ClusterName, Error> {
    let parts = split_dotted(text, "cluster").unwrap_or_default();
    match <[_; 1]>::try_from(parts) {
        Ok([name]) => Ok(ClusterName(name)),
        Err(_) => Err(Error::new(Code::CompareUnknownCluster, format!("`{text}` is no cluster's name"))),
    }
}

/// The columns of both sides of everything.
async fn relations(session: &Session, sides: &[Sides]) -> Result<Vec<Relation>, Error> {
    let both = sides.iter().filter_map(|sides| sides.both.as_ref().ok());
    let mut names: Vec<&Ident> = both.flat_map(|both| [&both.blue.object, &both.green.object]).collect();
    names.sort_unstable();
    names.dedup();
    Ok(db::columns::relations(session, &names).await?)
}

fn task(
    (keys, allowed): (&Choice<Vec<String>>, &Choice<Allow>),
    name: &ObjectName,
    both: &Both,
    relations: &[Relation],
    cluster: Option<&ClusterName>,
) -> Result<Task, Error> {
    let columns_of = |name: &ObjectName| {
        let found = relations.iter().find(|relation| {
            relation.name == name.object
                && relation.schema == name.schema
                && relation.database.as_ref() == Some(&name.database)
                && !relation.columns.is_empty()
        });
        let gone = || Error::new(Code::CompareGone, format!("{name} is there no longer"));
        found.map(|relation| &relation.columns).ok_or_else(gone)
    };
    let (columns, shared) = columns::compare(columns_of(&both.blue)?, columns_of(&both.green)?);
    let mut key = Vec::new();
    for column in keys.about(name) {
        let at = shared.iter().position(|shared| shared.name.as_str() == column);
        key.push(at.ok_or_else(|| {
            let message = format!("column `{column}` of the key is not on both sides of {name}");
            let names: Vec<&str> = shared.iter().map(|shared| shared.name.as_str()).collect();
            Error::new(Code::CompareUnknownKey, message).line(format!("both have: {}", names.join(", ")))
        })?);
    }
    let allow = allowed.about(name);
    let predicate = match allow {
        Allow::Sql(sql) => Some(Predicate::parse(sql).map_err(|why| {
            Error::new(Code::CompareBadAllow, format!("`allow` is no condition in SQL: {why}"))
        })?),
        Allow::Nothing | Allow::Asked => None,
    };
    let comparison = Comparison {
        blue: both.blue.clone(),
        green: both.green.clone(),
        columns: shared,
        key,
        allow: predicate,
    };
    let cluster = cluster.or(both.cluster.as_ref()).cloned();
    Ok(Task { comparison, columns, cluster, asked: *allow == Allow::Asked })
}

/// Lets the server compare, one object after the other, and needs the run no more.
///
/// In a rehearsal nothing is asked: what was only rehearsed is not there.
///
/// # Errors
/// `compare.failed` with the server's words and the object, `compare.timeout`, `run.interrupted`,
/// `run.deadline`, `db.lost`.
///
/// # Cancel
/// Safe: it only reads.
pub async fn run(prepared: Prepared) -> Result<Found, Error> {
    let asked = prepared.question.all().await.map_err(|error| error.of(&prepared.deployment));
    Ok(Found {
        objects: asked?,
        deployment: prepared.deployment,
        samples: prepared.question.samples,
        rehearsed: prepared.question.session.is_none(),
    })
}

/// Lets the server count the rows of both sides, each object at one moment; in a rehearsal nothing is
/// asked, and there are none.
///
/// # Errors
/// As [`run`].
///
/// # Cancel
/// Safe: it only reads.
pub async fn count(prepared: Prepared) -> Result<Vec<RowCount>, Error> {
    prepared.question.counts().await.map_err(|error| error.of(&prepared.deployment))
}

impl Question {
    async fn counts(&self) -> Result<Vec<RowCount>, Error> {
        self.begin().await?;
        let mut counted = Vec::with_capacity(self.objects.len());
        for (sides, task) in &self.objects {
            let state = sides.both.as_ref().err().copied().unwrap_or(Standing::Same);
            let mut count = RowCount { name: sides.name.to_string(), state, blue: 0, green: 0 };
            if let (Some(task), Some(session)) = (task, &self.session) {
                self.choose_cluster(session, task).await?;
                let sql = task.comparison.row_counts();
                let rows = self.rows((session, task), &count.name, (&sql, 1)).await;
                let rows = rows.map_err(|error| error.object(&sides.name))?;
                let row = rows.into_iter().next().unwrap_or_default();
                (count.blue, count.green) = (number(&row, "rows_blue"), number(&row, "rows_green"));
            }
            counted.push(count);
        }
        Ok(counted)
    }

    /// What is set once for all of it.
    async fn begin(&self) -> Result<(), Error> {
        let Some(session) = &self.session else { return Ok(()) };
        // 0 would be no limit at all.
        let limit = self.timeout.as_millis().max(1);
        Ok(session.run(&format!("SET statement_timeout = '{limit} ms'")).await?)
    }

    async fn choose_cluster(&self, session: &Session, task: &Task) -> Result<(), Error> {
        let Some(cluster) = &task.cluster else { return Ok(()) };
        Ok(session.run(&format!("SET cluster = {}", cluster.sql())).await?)
    }

    async fn all(&self) -> Result<Vec<Open>, Error> {
        let mut objects = Vec::with_capacity(self.objects.len());
        self.begin().await?;
        for (sides, task) in &self.objects {
            let state = sides.both.as_ref().err().copied().unwrap_or(Standing::Same);
            let compared = Compared::alone(sides.name.to_string(), sides.kind.clone(), state);
            objects.push(match (task, &self.session) {
                (Some(task), Some(session)) => {
                    let done = self.one(session, task, compared).await;
                    done.map_err(|error| error.object(&sides.name))?
                }
                (None, _) | (Some(_), None) => Open { compared, asked: false },
            });
        }
        Ok(objects)
    }

    /// Compares an object, in a transaction of its own.
    async fn one(&self, session: &Session, task: &Task, mut compared: Compared) -> Result<Open, Error> {
        self.go_on()?;
        self.choose_cluster(session, task).await?;
        compared.cluster = task.cluster.as_ref().map(ToString::to_string);
        session.run("BEGIN READ ONLY").await?;
        let read = self.read(session, task, &mut compared).await;
        // Nothing was written; what ends the transaction is one and the same. Where the connection
        // broke, what was read says so.
        let ended = session.run("ROLLBACK").await;
        read?;
        ended?;
        Ok(Open { compared, asked: task.asked })
    }

    async fn read(&self, session: &Session, task: &Task, compared: &mut Compared) -> Result<(), Error> {
        let asked = (session, task);
        let counts = self.rows(asked, &compared.name, (&task.comparison.counts(), 1)).await?;
        let counts = counts.into_iter().next().unwrap_or_default();
        let number = |name: &str| number(&counts, name);
        let at = counts.iter().find(|(column, _)| column == "read_at").and_then(|(_, value)| value.as_str());
        compared.at = at.and_then(|at| at.parse().ok());
        compared.rows_blue = Some(number("rows_blue"));
        compared.rows_green = Some(number("rows_green"));
        compared.changed = number("changed");
        compared.added = number("added").saturating_sub(compared.changed);
        compared.removed = number("removed").saturating_sub(compared.changed);
        compared.allowed = number("allowed_added") + number("allowed_removed") + number("allowed_changed");
        compared.duplicate_keys = DuplicateKeys { blue: number("twice_blue"), green: number("twice_green") };
        compared.columns = task.columns.clone();
        if compared.differing() > 0 {
            compared.state = Standing::Differs;
        }
        // A function is asked about rows of every kind, as long as there is room.
        let mut room = MOST_JUDGED;
        for kind in Kind::ALL {
            let most = if task.asked { room } else { self.samples };
            if compared.count(kind) == 0 || most == 0 {
                continue;
            }
            let sql = task.comparison.rows(kind, most);
            let rows = self.rows(asked, &compared.name, (&sql, most)).await?;
            room = room.saturating_sub(rows.len());
            let samples = rows.into_iter().map(|fields| sample(&task.comparison, kind, fields));
            compared.samples.extend(samples);
        }
        Ok(())
    }

    /// Asks one question.
    async fn rows(
        &self,
        (session, task): (&Session, &Task),
        name: &str,
        (sql, most): (&str, usize),
    ) -> Result<Vec<Fields>, Error> {
        self.go_on()?;
        let answer = session.select(sql, most, self.stopped()).await;
        answer.map(Option::unwrap_or_default).map_err(|error| self.refused(task, name, &error))
    }

    fn refused(&self, task: &Task, name: &str, error: &db::error::Error) -> Error {
        if error.outcome_unknown() {
            return error.clone().into();
        }
        if error.sqlstate() == Some("57014") {
            if let Err(stopped) = self.go_on() {
                return stopped;
            }
            let message = format!("{name} was not compared within {} s", self.timeout.as_secs_f64());
            let error = Error::server(Code::CompareTimeout, message, error);
            return error.line("a side that is not hydrated, or lags, makes the other wait");
        }
        let message = format!("{name} cannot be compared: {}", error.message());
        let refused = Error::server(Code::CompareFailed, message, error);
        match &task.comparison.allow {
            Some(predicate) => refused.line(predicate.told()),
            None => refused,
        }
    }

    fn go_on(&self) -> Result<(), Error> {
        Ctx::may_go_on(&self.interrupt, &self.deadline)
    }

    /// Waits until there is a reason to stop.
    async fn stopped(&self) {
        let late = async {
            match self.deadline.remaining() {
                Some(left) => self.deadline.sleep(left).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.interrupt.asked() => {}
            () = late => {}
        }
    }
}

/// A count of an answer; 0 where it was not asked for.
fn number(row: &Fields, name: &str) -> u64 {
    row.iter().find(|(column, _)| column == name).and_then(|(_, value)| value.as_u64()).unwrap_or_default()
}

/// A differing row, its columns under their own names.
fn sample(comparison: &Comparison, kind: Kind, fields: Fields) -> Sample {
    let allowed = fields.iter().any(|(name, value)| name == "ok" && *value == Value::Bool(true));
    let row = |prefix: &str| {
        let columns = comparison.columns.iter().enumerate().filter_map(|(at, shared)| {
            let column = statement::column(prefix, at);
            let (_, value) = fields.iter().find(|(name, _)| *name == column)?;
            (!value.is_null()).then(|| (shared.name.as_str().to_owned(), value.clone()))
        });
        columns.collect::<Row>()
    };
    let (before, after) = match kind {
        Kind::Changed => (Some(row("b")), Some(row("a"))),
        Kind::Removed => (Some(row("c")), None),
        Kind::Added => (None, Some(row("c"))),
    };
    Sample { change: kind, before, after, allowed }
}

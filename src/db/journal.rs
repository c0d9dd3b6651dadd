//! The tracking tables as SQL: the journal's conditional append and its reading.
//!
//! An append is one statement that makes rows only if `(run_id, seq)` is free. Materialize
//! checks read and write at one timestamp, so of two processes that believe they own a run exactly
//! one succeeds; the tag tells which.
//!
//! Source: `conformance/core/09_journal.slt`, recorded from v26.21.

use std::collections::BTreeMap;

use serde_json::Value;

use super::error::Error;
use super::session::Parameter;
use super::session::Row;
use super::session::Session;
use crate::clock::Timestamp;
use crate::deployment::RunId;
use crate::deployment::record::Record;
use crate::name::literal;

/// The journal's table.
pub const CREATE_JOURNAL: &str = "CREATE TABLE \"_mzflow\".\"public\".\"journal\" (\
    run_id text NOT NULL, seq int8 NOT NULL, at timestamptz NOT NULL, actor text NOT NULL, \
    kind text NOT NULL, payload jsonb NOT NULL)";

/// The statement of an append; its text never varies.
///
/// Rows that belong together come as one JSON array and are there together or not at all. Whoever writes for a
/// run numbers on from what it knows: a row of that number or a later one is somebody else's.
pub const APPEND: &str = "INSERT INTO \"_mzflow\".\"public\".\"journal\" \
    SELECT $1::text, (v.r->>0)::int8, now(), current_user, v.r->>1, v.r->2 \
    FROM jsonb_array_elements($3::jsonb) AS v (r) \
    WHERE NOT EXISTS (SELECT 1 FROM \"_mzflow\".\"public\".\"journal\" WHERE run_id = $1::text AND seq >= $2::int8)";

/// What became of an append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appended {
    /// The row is there.
    Yes,
    /// Somebody else has written under that number: this process no longer owns the run.
    Fenced,
}

/// One row of the journal.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The run that wrote it.
    pub run: RunId,
    /// Its number in that run, from 1.
    pub seq: u64,
    /// When, by the server's clock.
    pub at: Timestamp,
    /// The role that wrote it.
    pub actor: String,
    /// What it says.
    pub record: Record,
}

/// Appends rows, numbered from `first` on.
///
/// # Errors
/// What the server says, or a lost connection.
pub async fn append(
    session: &Session,
    run: &RunId,
    first: u64,
    records: &[Record],
) -> Result<Appended, Error> {
    let first = i64::try_from(first).map_err(|_| Error::protocol("a run has too many journal entries"))?;
    let row = |(seq, record): (i64, &Record)| {
        let payload = record.payload();
        let payload = payload.map_err(|error| Error::protocol(format!("journal payload: {error}")))?;
        Ok(serde_json::json!([seq, record.kind(), payload]))
    };
    let rows = (first..).zip(records).map(row).collect::<Result<Value, Error>>()?;
    let parameters = [Parameter::text(run), Parameter::Number(first), Parameter::Json(rows)];
    match session.append(APPEND, &parameters).await? {
        0 => Ok(Appended::Fenced),
        _ => Ok(Appended::Yes),
    }
}

/// Which rows to read.
#[derive(Clone, Debug)]
pub enum Which<'a> {
    /// Those of some kinds.
    Kinds(&'a [&'a str]),
    /// Those of some kinds that were written since then, but of some runs only what comes behind a number.
    Since(&'a [&'a str], Timestamp, &'a BTreeMap<&'a RunId, u64>),
    /// Those of some kinds that some runs wrote. Payloads can be long: only theirs are looked at.
    OfRuns(&'a [RunId], &'a [&'a str]),
    /// Those of one run.
    Run(&'a RunId),
}

impl Which<'_> {
    /// Tells whether a row is one of them.
    pub fn admits(&self, entry: &Entry) -> bool {
        match self {
            Self::Kinds(kinds) => kinds.contains(&entry.record.kind()),
            Self::Since(kinds, since, known) => {
                let is_known = known.get(&entry.run).is_some_and(|last| entry.seq <= *last);
                kinds.contains(&entry.record.kind()) && entry.at >= *since && !is_known
            }
            Self::OfRuns(runs, kinds) => kinds.contains(&entry.record.kind()) && runs.contains(&entry.run),
            Self::Run(run) => entry.run == **run,
        }
    }
}

/// Reads rows, by time, run and number. Rows of kinds that a newer version wrote are left out.
///
/// # Errors
/// What the server says, or a row whose payload is not of its kind's shape.
pub async fn read(session: &Session, which: Which<'_>) -> Result<Vec<Entry>, Error> {
    let of_kinds = |kinds: &[&str]| {
        let kinds: Vec<String> = kinds.iter().map(|kind| literal(kind)).collect();
        format!("kind IN ({})", kinds.join(", "))
    };
    let filter = match which {
        Which::Kinds(kinds) => of_kinds(kinds),
        Which::Since(kinds, since, known) => {
            let known = known.iter().map(|(run, last)| {
                format!(" AND NOT (run_id = {} AND seq <= {last})", literal(run.as_str()))
            });
            format!("{} AND at >= {}{}", of_kinds(kinds), moment(since)?, known.collect::<String>())
        }
        Which::OfRuns(runs, kinds) => {
            let runs: Vec<String> = runs.iter().map(|run| literal(run.as_str())).collect();
            format!("run_id IN ({}) AND {}", runs.join(", "), of_kinds(kinds))
        }
        Which::Run(run) => format!("run_id = {}", literal(run.as_str())),
    };
    let sql = format!(
        "SELECT run_id, seq, at, actor, kind, payload FROM \"_mzflow\".\"public\".\"journal\" \
         WHERE {filter} ORDER BY at, run_id, seq"
    );
    let rows = session.read_own(&sql).await?;
    let mut entries = Vec::with_capacity(rows.len());
    for row in &rows {
        if let Some(entry) = entry(row)? {
            entries.push(entry);
        }
    }
    Ok(entries)
}

fn entry(row: &Row) -> Result<Option<Entry>, Error> {
    let wrong = |what: String| Error::protocol(format!("a row of the journal cannot be read: {what}"));
    let payload: Value = serde_json::from_str(row.required(5)?).map_err(|e| wrong(e.to_string()))?;
    let Some(record) = Record::read(row.required(4)?, payload).map_err(|e| wrong(e.to_string()))? else {
        return Ok(None);
    };
    Ok(Some(Entry {
        run: row.required(0)?.parse().map_err(|e| wrong(format!("{e}")))?,
        seq: row.parsed(1).ok_or_else(|| wrong("its number is none".to_owned()))?,
        at: timestamp(row.required(2)?)?,
        actor: row.required(3)?.to_owned(),
        record,
    }))
}

/// Writes a time as a `timestamptz`.
pub(super) fn moment(at: Timestamp) -> Result<String, Error> {
    let time = i64::try_from(at.0).ok().and_then(chrono::DateTime::from_timestamp_millis);
    let time = time.ok_or_else(|| Error::protocol(format!("{} is not a time", at.0)))?;
    Ok(format!("{}::timestamptz", literal(&time.format("%Y-%m-%d %H:%M:%S%.3f+00").to_string())))
}

/// Reads a `timestamptz` as the server prints it: `2026-05-05 11:56:11.123+00`.
///
/// # Errors
/// When it is not one.
pub fn timestamp(text: &str) -> Result<Timestamp, Error> {
    let wrong = || Error::protocol(format!("`{text}` is not a time"));
    let parsed = chrono::DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f%#z").map_err(|_| wrong())?;
    u64::try_from(parsed.timestamp_millis()).map(Timestamp).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_as_the_server_reads_them() {
        let written = moment(Timestamp(1_777_982_171_250)).expect("a time");
        assert_eq!(written, "'2026-05-05 11:56:11.250+00'::timestamptz");
    }

    #[test]
    fn times_as_the_server_prints_them() {
        let at = |text: &str| timestamp(text).map(|at| at.0).map_err(|error| error.to_string());
        assert_eq!(at("2026-05-05 11:56:11+00"), Ok(1_777_982_171_000));
        assert_eq!(at("2026-05-05 11:56:11.25+00"), Ok(1_777_982_171_250));
        assert!(at("yesterday").is_err());
    }
}

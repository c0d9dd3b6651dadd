//! What touches the outside: sources, sinks and connections.

use super::RawIdent;
use super::RawName;
use super::WithOption;
use super::create::ColumnDef;
use crate::sql::span::Span;

/// `CREATE SOURCE`
#[derive(Clone, Debug)]
pub struct CreateSource {
    /// Whether `IF NOT EXISTS` is written.
    pub if_not_exists: bool,
    /// The source.
    pub name: RawName,
    /// `(col, …)`
    pub columns: Vec<ColumnDef>,
    /// `IN CLUSTER c`
    pub cluster: Option<RawIdent>,
    /// What it reads.
    pub external: External,
    /// `FORMAT …`, `INCLUDE …`, `ENVELOPE …`, as written; empty if none.
    pub rest: String,
    /// Connections and other objects named in `rest`.
    pub rest_names: Vec<RawName>,
    /// `FOR ALL TABLES`, `FOR TABLES (…)`, `FOR SCHEMAS (…)`
    pub subsources: Subsources,
    /// `EXPOSE PROGRESS AS p`
    pub progress: Option<RawName>,
    /// `WITH (…)`
    pub options: Vec<WithOption>,
}

/// What a source reads.
#[derive(Clone, Debug)]
pub enum External {
    /// `LOAD GENERATOR AUCTION (…)`; the name is upper case.
    LoadGenerator(String, Vec<WithOption>),
    /// `KAFKA | POSTGRES | MYSQL | SQL SERVER CONNECTION c (…)`; the kind is upper case.
    Connection(String, RawName, Vec<WithOption>),
    /// `WEBHOOK …`
    Webhook(Webhook),
}

/// `WEBHOOK BODY FORMAT …`: what others send fills it.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// Everything after `WEBHOOK`, as written.
    pub definition: String,
    /// The secrets that its check takes along.
    pub secrets: Vec<RawName>,
}

/// Which upstream tables become subsources.
#[derive(Clone, Debug)]
pub enum Subsources {
    /// No clause.
    None,
    /// `FOR ALL TABLES`
    AllTables,
    /// `FOR TABLES (upstream [AS name], …)`
    Tables(Vec<(RawName, Option<RawName>)>),
    /// `FOR SCHEMAS (s, …)`
    Schemas(Vec<RawIdent>),
}

/// `CREATE SINK`
#[derive(Clone, Debug)]
pub struct CreateSink {
    /// Whether `IF NOT EXISTS` is written.
    pub if_not_exists: bool,
    /// The sink, if it is named.
    pub name: Option<RawName>,
    /// `IN CLUSTER c`
    pub cluster: Option<RawIdent>,
    /// The relation it reads.
    pub from: RawName,
    /// `KAFKA` or `ICEBERG CATALOG`, upper case.
    pub into: String,
    /// The connections it names, in the order written; the first is the sink's own.
    pub connections: Vec<RawName>,
    /// Where the relation it reads is named again, in `DOC ON`.
    pub documented: Vec<RawName>,
    /// Everything after `FROM rel`, as written.
    pub rest: String,
    /// Where `rest` stands.
    pub rest_span: Span,
}

/// `CREATE CONNECTION`
#[derive(Clone, Debug)]
pub struct CreateConnection {
    /// Whether `IF NOT EXISTS` is written.
    pub if_not_exists: bool,
    /// The connection.
    pub name: RawName,
    /// `KAFKA`, `POSTGRES`, `CONFLUENT SCHEMA REGISTRY`, … upper case.
    pub connector: String,
    /// Its options.
    pub values: Vec<WithOption>,
    /// `WITH (…)`
    pub options: Vec<WithOption>,
    /// Secrets and connections named anywhere in it.
    pub names: Vec<RawName>,
}

//! A session with a server, as the runner of the recordings wants one.

use std::net::SocketAddr;
use std::time::Duration;

use sqllogictest::AsyncDB;
use sqllogictest::DBOutput;
use sqllogictest::DefaultColumnType;
use tokio_postgres::NoTls;
use tokio_postgres::SimpleQueryMessage;

/// One connection of a replayed file.
pub(super) struct Client {
    client: tokio_postgres::Client,
    driver: tokio::task::JoinHandle<()>,
}

/// What a server said, with everything that a person needs to compare it.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) code: Option<String>,
    pub(super) message: String,
    pub(super) detail: Option<String>,
    pub(super) hint: Option<String>,
}

impl Said {
    /// The words of it, joined as the recordings join them, with one blank for any.
    pub(super) fn words(&self) -> String {
        let named = |name: &str, part: &Option<String>| part.as_ref().map(|part| format!("{name}{part}"));
        let parts = [Some(self.message.clone()), named("DETAIL ", &self.detail), named("HINT ", &self.hint)];
        one_line(&parts.into_iter().flatten().collect::<Vec<_>>().join(" | "))
    }
}

impl std::error::Error for Said {}

impl std::fmt::Display for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.code.as_deref().unwrap_or_default(), self.words())
    }
}

impl From<tokio_postgres::Error> for Said {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(said) = error.as_db_error() else {
            return Self { code: None, message: error.to_string(), detail: None, hint: None };
        };
        Self {
            code: Some(said.code().code().to_owned()),
            message: said.message().to_owned(),
            detail: said.detail().map(str::to_owned),
            hint: said.hint().map(str::to_owned),
        }
    }
}

#[async_trait::async_trait]
impl AsyncDB for Client {
    type Error = Said;
    type ColumnType = DefaultColumnType;

    async fn run(&mut self, sql: &str) -> Result<DBOutput<DefaultColumnType>, Said> {
        let (mut types, mut rows) = (None, Vec::new());
        for message in self.client.simple_query(sql).await? {
            match message {
                SimpleQueryMessage::RowDescription(columns) => {
                    types = Some(vec![DefaultColumnType::Text; columns.len()]);
                    rows.clear();
                }
                SimpleQueryMessage::Row(row) => {
                    rows.push((0..row.len()).map(|at| shown(row.get(at))).collect())
                }
                _ => {}
            }
        }
        Ok(match types {
            Some(types) => DBOutput::Rows { types, rows },
            None => DBOutput::StatementComplete(0),
        })
    }

    async fn shutdown(&mut self) {
        self.driver.abort();
    }

    fn engine_name(&self) -> &str {
        "mzflow"
    }

    async fn sleep(duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    fn error_sql_state(error: &Said) -> Option<String> {
        error.code.clone()
    }
}

/// A value as the recordings write it.
pub(super) fn shown(value: Option<&str>) -> String {
    match value {
        None => "NULL".to_owned(),
        Some("") => "(empty)".to_owned(),
        Some(text) => text.to_owned(),
    }
}

/// Opens a session of a user's.
pub(super) async fn connect(server: SocketAddr, user: &str) -> Result<Client, Said> {
    let config = format!("host={} port={} user={user} dbname=materialize", server.ip(), server.port());
    let (client, connection) = tokio_postgres::connect(&config, NoTls).await?;
    let driver = tokio::spawn(async move {
        // A connection that ends is seen by whoever uses its client.
        let _ = connection.await;
    });
    Ok(Client { client, driver })
}

/// A text with one blank for any.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

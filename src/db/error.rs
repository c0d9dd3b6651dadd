//! What can go wrong between mzflow and a server, with questions instead of driver types.

use std::fmt;

/// Something the server or the connection did.
///
/// Opaque: callers ask [`Error::is_retryable`], [`Error::outcome_unknown`], [`Error::sqlstate`].
#[derive(Clone, Debug)]
pub struct Error {
    kind: Kind,
    message: String,
    server: Option<Box<ServerSays>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Connect,
    Authentication,
    Tls,
    Unsupported,
    Server,
    Lost,
    Protocol,
}

/// What a server says when a write stays between done and not done: its process ended meanwhile.
///
/// Source: `frontend_read_then_write.rs` of the server; it has no code of its own.
const INDETERMINATE: &str = "outcome is indeterminate";

/// What a server says when others wrote what a statement reads, again and again. It has not written then.
///
/// Source: as that of [`INDETERMINATE`].
const CONTENDED: &str = "exceeded maximum retry attempts under contention";

/// The fields of a server's error.
#[derive(Clone, Debug, PartialEq, Eq)]
struct ServerSays {
    sqlstate: String,
    detail: Option<String>,
    hint: Option<String>,
    position: Option<usize>,
}

impl Error {
    /// The server could not be reached, or does not speak the protocol or TLS.
    pub(super) fn connect(message: impl Into<String>) -> Self {
        Self { kind: Kind::Connect, message: message.into(), server: None }
    }

    /// Another server than one that mzflow can work with.
    pub(super) fn unsupported(message: impl Into<String>) -> Self {
        Self { kind: Kind::Unsupported, message: message.into(), server: None }
    }

    /// COMMIT of a transaction that had failed: the server rolls it back, and calls that no error.
    ///
    /// Source: `design/materialize.md` 2.2, tried on v26.21.
    pub fn rolled_back() -> Self {
        let message = "COMMIT was answered with `ROLLBACK`".to_owned();
        Self { kind: Kind::Server, message, server: None }
    }

    /// A connection that was given up while something was under way.
    pub(super) fn lost(message: impl Into<String>) -> Self {
        Self { kind: Kind::Lost, message: message.into(), server: None }
    }

    /// An answer that makes no sense.
    pub(super) fn protocol(message: impl Into<String>) -> Self {
        Self { kind: Kind::Protocol, message: message.into(), server: None }
    }

    /// Whether an answer made no sense.
    pub(super) fn is_protocol(&self) -> bool {
        self.kind == Kind::Protocol
    }

    /// Reads the driver's error about a statement whose answer is described before it comes. The binary form,
    /// in which the driver asks for rows, is not there for every type; and of a type that somebody made, the
    /// server tells only sessions in the database of the type.
    ///
    /// Source: `binary encoding of list types is not implemented` (v26.21), `no binary output function available
    /// for type list` (v26.29), and `pg_type` of the server.
    pub(super) fn of_answer(error: &tokio_postgres::Error) -> Self {
        const REMEDY: &str = "cast it to text";
        let mut this = Self::from_driver(error, false);
        let is_binary = matches!(this.sqlstate(), Some("08P01" | "42883")) && this.message.contains("binary");
        if is_binary {
            this.message = format!("{}: {REMEDY}", this.message);
        }
        if error.as_db_error().is_none() && this.message.starts_with("unexpected message from server") {
            let message = format!("a column is of a type that the server does not describe here: {REMEDY}");
            this = Self::protocol(message);
        }
        this
    }

    /// Reads the driver's error; `connecting` tells whether the session was being opened.
    pub(super) fn from_driver(error: &tokio_postgres::Error, connecting: bool) -> Self {
        let Some(db) = error.as_db_error() else {
            let message = with_causes(error);
            let kind = if connecting {
                // Without a password the driver itself notices that the server wants one.
                match message.as_str() {
                    text if text.contains("password missing") => Kind::Authentication,
                    text if text.starts_with("error performing TLS handshake") => Kind::Tls,
                    _ => Kind::Connect,
                }
            } else {
                Kind::Lost
            };
            return Self { kind, message, server: None };
        };
        let sqlstate = db.code().code().to_owned();
        let kind = match sqlstate.as_str() {
            code if code.starts_with("28") => Kind::Authentication,
            // The server says goodbye: shut down, or idle for too long inside a transaction.
            "57P01" | "57P02" | "57P03" | "25P03" if !connecting => Kind::Lost,
            _ if !connecting && db.message().contains(INDETERMINATE) => Kind::Lost,
            _ if connecting => Kind::Connect,
            _ => Kind::Server,
        };
        let position = match db.position() {
            Some(tokio_postgres::error::ErrorPosition::Original(at)) => usize::try_from(*at).ok(),
            _ => None,
        };
        let server = ServerSays {
            sqlstate,
            detail: db.detail().map(str::to_owned),
            hint: db.hint().map(str::to_owned),
            position,
        };
        Self { kind, message: db.message().to_owned(), server: Some(Box::new(server)) }
    }

    /// Tells whether the server was not reached, or did not let us in.
    pub fn is_connect(&self) -> bool {
        matches!(self.kind, Kind::Connect | Kind::Authentication)
    }

    /// Tells whether the server did not accept the user or the password.
    pub fn is_authentication(&self) -> bool {
        self.kind == Kind::Authentication
    }

    /// Tells whether the connection could not be protected as it was asked for.
    pub fn is_tls(&self) -> bool {
        self.kind == Kind::Tls
    }

    /// Tells whether it is not a Materialize that answered, or one that is too old.
    pub fn is_unsupported(&self) -> bool {
        self.kind == Kind::Unsupported
    }

    /// Tells whether the same statements may succeed when they are sent again: somebody else
    /// changed the catalog while a DDL transaction was open, or the rows that one reads and writes.
    pub fn is_retryable(&self) -> bool {
        self.sqlstate() == Some("40001") || self.message.contains(CONTENDED)
    }

    /// Tells whether the connection broke after something had been sent: it may have happened.
    pub fn outcome_unknown(&self) -> bool {
        self.kind == Kind::Lost
    }

    /// The SQLSTATE, if the server said anything; `XX000` is its word for "no particular code".
    pub fn sqlstate(&self) -> Option<&str> {
        self.server.as_ref().map(|server| server.sqlstate.as_str())
    }

    /// The server's detail line.
    pub fn detail(&self) -> Option<&str> {
        self.server.as_ref()?.detail.as_deref()
    }

    /// The server's hint.
    pub fn hint(&self) -> Option<&str> {
        self.server.as_ref()?.hint.as_deref()
    }

    /// Where in the statement it happened: characters, from 1.
    pub fn position(&self) -> Option<usize> {
        self.server.as_ref()?.position
    }

    /// What happened, in one line.
    pub fn message(&self) -> &str {
        &self.message
    }
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let more = inner.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = inner.source();
    }
    text
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(sqlstate) = self.sqlstate() {
            write!(f, " ({sqlstate})")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

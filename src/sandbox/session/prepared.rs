//! Prepared statements: by SQL and by protocol, in one name space.

use std::sync::Arc;

use super::Reply;
use super::Session;
use super::as_of;
use super::change::words;
use super::read::show_create_columns;
use super::show::text_column;
use super::transaction;
use crate::sandbox::error::SqlError;
use crate::sandbox::error::code;
use crate::sandbox::model::column::Column;
use crate::sandbox::model::column::Type;
use crate::sandbox::query;
use crate::sandbox::query::Described;
use crate::sandbox::query::Parameter;
use crate::sandbox::system::types;
use crate::sql::ast::Statement;
use crate::sql::ast::StatementKind;
use crate::sql::ast::run::Execute;
use crate::sql::ast::run::Prepare;
use crate::sql::ast::run::Show;
use crate::sql::parse;
use crate::sql::secret;

/// A prepared statement.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// The text it was parsed from.
    pub(crate) text: Arc<str>,
    /// The statement; `None` for an empty text.
    pub(crate) statement: Option<Arc<Statement>>,
    /// Its parameters and columns as they were then.
    pub(crate) described: Described,
    /// The types the client named.
    given: Vec<Type>,
    /// From where it was looked at.
    outlook: Outlook,
}

/// What the meaning of names depends on: the same outlook, the same meaning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Outlook {
    version: u64,
    database: String,
    search_path: String,
}

impl Prepared {
    /// The statement of a cursor.
    pub(super) fn declared(text: &str, statement: Statement, described: Described) -> Self {
        Self {
            text: text.into(),
            statement: Some(Arc::new(statement)),
            described,
            given: Vec::new(),
            outlook: Outlook::default(),
        }
    }
}

/// The longest text that the server takes.
///
/// Source: the server's sources, `MAX_STATEMENT_BATCH_SIZE`.
const LONGEST_TEXT: usize = 1_000_000;

/// Parses what a client sends as one text.
///
/// # Errors
/// `54000` for a text that is too long, `42601` for what is no SQL.
pub(crate) fn statements(text: &str) -> Result<Vec<Statement>, SqlError> {
    if text.len() > LONGEST_TEXT {
        return Err(SqlError::new("54000", "statement batch size cannot exceed 1.0 MB"));
    }
    parse::batch(text).map_err(|error| {
        let message = secret::hide_in_message(error.message, text);
        SqlError::new(code::SYNTAX, message).at(error.span.start)
    })
}

impl Session {
    /// Parses and describes a statement.
    ///
    /// # Errors
    /// What is wrong with it; more than one statement.
    pub(crate) fn prepare(&mut self, text: &str, given: Vec<Type>) -> Result<Prepared, SqlError> {
        let mut statements = statements(text)?;
        if statements.len() > 1 {
            return Err(SqlError::internal("cannot insert multiple commands into a prepared statement"));
        }
        let statement = statements.pop().map(Arc::new);
        self.of_failed(statement.as_deref())?;
        let described = match &statement {
            Some(statement) => self.describe(statement, &given)?,
            None => Described::default(),
        };
        Ok(Prepared { text: text.into(), statement, described, given, outlook: self.outlook() })
    }

    fn outlook(&self) -> Outlook {
        Outlook {
            version: self.hub.state().catalog.version,
            database: self.variable("database"),
            search_path: self.variable("search_path"),
        }
    }

    /// In a failed transaction only its end may be prepared.
    fn of_failed(&self, statement: Option<&Statement>) -> Result<(), SqlError> {
        let ends = statement.is_none_or(|statement| {
            matches!(statement.kind, StatementKind::Commit | StatementKind::Rollback)
        });
        match &self.open {
            Some(open) if open.failed && !ends => Err(transaction::aborted()),
            _ => Ok(()),
        }
    }

    /// Keeps a prepared statement.
    ///
    /// # Errors
    /// When there is one of the name.
    pub(crate) fn keep(&mut self, name: &str, prepared: Prepared) -> Result<(), SqlError> {
        if !name.is_empty() && self.prepared.contains_key(name) {
            return Err(SqlError::new("42P05", format!("prepared statement \"{name}\" already exists")));
        }
        self.prepared.insert(name.to_owned(), Arc::new(prepared));
        Ok(())
    }

    /// A prepared statement by name.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn prepared(&self, name: &str) -> Result<Arc<Prepared>, SqlError> {
        let found = self.prepared.get(name).map(Arc::clone);
        found.ok_or_else(|| SqlError::new("26000", format!("prepared statement \"{name}\" does not exist")))
    }

    /// Forgets a prepared statement.
    pub(crate) fn forget(&mut self, name: &str) {
        self.prepared.remove(name);
    }

    /// Tells whether a prepared statement still has the columns it had.
    ///
    /// # Errors
    /// When it has others, or is no longer valid.
    pub(crate) fn recheck(&self, prepared: &Prepared) -> Result<(), SqlError> {
        let Some(statement) = &prepared.statement else { return Ok(()) };
        let renames = self.open.as_ref().is_some_and(|open| open.ddl.is_some());
        if !renames && prepared.outlook == self.outlook() {
            return Ok(());
        }
        let described = self.describe(statement, &prepared.given)?;
        let shape = |columns: &[Column]| {
            columns.iter().map(|column| (column.name.clone(), column.kind.clone())).collect::<Vec<_>>()
        };
        if shape(&described.columns) == shape(&prepared.described.columns) {
            return Ok(());
        }
        Err(SqlError::new(code::UNSUPPORTED, "cached plan must not change result type"))
    }

    /// The parameters and columns of a statement.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn describe(&self, statement: &Statement, given: &[Type]) -> Result<Described, SqlError> {
        let columns = |columns| Ok(Described { parameters: Vec::new(), columns });
        match &statement.kind {
            StatementKind::Select(query) => {
                let view = self.view();
                let (query, _) = as_of::split(query)?;
                query::describe(&view, &self.scope(&view.state), &query, given)
            }
            StatementKind::Insert(_) | StatementKind::Update(_) | StatementKind::Delete(_) => {
                let view = self.view();
                query::describe_write(&view, &self.scope(&view.state), statement, given)
            }
            StatementKind::Show(Show::Variable(name)) => columns(self.show_columns(name)?),
            StatementKind::Show(Show::Create { .. }) => columns(show_create_columns()?),
            StatementKind::Show(show) => {
                let view = self.view();
                query::describe(&view, &self.scope(&view.state), &self.show_query(show)?, &[])
            }
            // Its rows come with a FETCH; its parameters are those of its query.
            StatementKind::Declare(declare) => match &declare.statement.kind {
                StatementKind::Select(_) => {
                    let described = self.describe(&declare.statement, given)?;
                    Ok(Described { columns: Vec::new(), ..described })
                }
                _ => Ok(Described::default()),
            },
            StatementKind::Fetch(fetch) => columns(self.cursor_columns(fetch.name.ident.as_str())?),
            StatementKind::Execute(execute) => {
                let name = execute.name.ident.as_str();
                let prepared = self.prepared.get(name).ok_or_else(|| unknown(name))?;
                columns(prepared.described.columns.clone())
            }
            StatementKind::Explain(_) => columns(vec![text_column("explain")?]),
            _ => Ok(Described::default()),
        }
    }

    /// Tells whether arguments are values of their types.
    ///
    /// # Errors
    /// `22023` for the first that is none.
    pub(crate) fn check_arguments(&self, arguments: &[Parameter]) -> Result<(), SqlError> {
        if arguments.is_empty() {
            return Ok(());
        }
        let view = self.view();
        let scope = self.scope(&view.state);
        query::check(&view, &scope, arguments)
            .map_err(|error| SqlError::new("22023", format!("unable to decode parameter: {}", error.message)))
    }

    /// `PREPARE`
    pub(super) fn prepare_sql(&mut self, prepare: &Prepare) -> Result<Reply, SqlError> {
        let name = prepare.name.ident.as_str();
        if self.prepared.contains_key(name) {
            return Err(SqlError::new("42P05", format!("prepared statement \"{name}\" already exists")));
        }
        let prepared = self.prepare(&prepare.text, Vec::new())?;
        self.keep(name, prepared)?;
        Ok(Reply::Done("PREPARE".to_owned()))
    }

    /// `DEALLOCATE`
    pub(super) fn deallocate(&mut self, name: Option<&str>) -> Result<Reply, SqlError> {
        let Some(name) = name else {
            self.prepared.clear();
            return Ok(Reply::Done("DEALLOCATE ALL".to_owned()));
        };
        self.prepared(name)?;
        self.forget(name);
        Ok(Reply::Done("DEALLOCATE".to_owned()))
    }

    /// What `EXECUTE` runs, and with which arguments.
    ///
    /// # Errors
    /// An unknown name, another number of arguments, arguments that do not fit.
    pub(super) async fn executed(
        &mut self,
        text: &str,
        statement: &Statement,
        execute: &Execute,
    ) -> Result<(Arc<Prepared>, Vec<Parameter>), SqlError> {
        let name = execute.name.ident.as_str();
        let prepared = self.prepared.get(name).map(Arc::clone).ok_or_else(|| unknown(name))?;
        let (wanted, got) = (prepared.described.parameters.len(), execute.arguments.len());
        if wanted != got {
            return Err(SqlError::internal(format!("expected {wanted} params, got {got}")));
        }
        self.recheck(&prepared)?;
        if got == 0 {
            return Ok((prepared, Vec::new()));
        }
        let list: Vec<&str> = execute.arguments.iter().map(|argument| argument.text()).collect();
        let query = parse::query(&format!("SELECT {}", list.join(", ")))
            .map_err(|error| SqlError::new(code::SYNTAX, format!("{error} in {}", words(text, statement))))?;
        let view = self.view();
        let answer = query::select(&view, &self.scope(&view.state), &query, &[]).await?;
        let values = answer.rows.into_iter().next().unwrap_or_default();
        let mut parameters = Vec::new();
        let kinds = answer.columns.iter().map(|column| &column.kind);
        for (number, ((kind, given), text)) in
            prepared.described.parameters.iter().zip(kinds).zip(values).enumerate()
        {
            if text.is_some() && !is_assignable(given, kind) {
                let name = |kind| types::name(kind, &view.state.catalog);
                return Err(SqlError::internal(format!(
                    "unable to cast given parameter ${}: expected {}, got {}",
                    number + 1,
                    name(kind),
                    name(given)
                ))
                .hint(
                    "EXECUTE automatically inserts only such casts that are allowed in an assignment cast \
                     context.  Try adding an explicit cast.",
                ));
            }
            parameters.push(Parameter { kind: kind.clone(), text });
        }
        Ok((prepared, parameters))
    }
}

/// A name that `EXECUTE` does not know.
fn unknown(name: &str) -> SqlError {
    SqlError::internal(format!("unknown prepared statement {name}"))
}

/// Tells whether a value of one type may be assigned to another.
fn is_assignable(from: &Type, to: &Type) -> bool {
    let textual = |kind: &Type| {
        matches!(kind, Type::Text | Type::Varchar(_) | Type::Char(_) | Type::Name | Type::PgChar)
    };
    let number = |kind: &Type| {
        matches!(
            kind,
            Type::Int2
                | Type::Int4
                | Type::Int8
                | Type::UInt2
                | Type::UInt4
                | Type::UInt8
                | Type::Float4
                | Type::Float8
                | Type::Numeric(_)
        )
    };
    let moment = |kind: &Type| matches!(kind, Type::Date | Type::Timestamp(_) | Type::Timestamptz(_));
    std::mem::discriminant(from) == std::mem::discriminant(to)
        || textual(to)
        || (number(from) && number(to))
        || (moment(from) && moment(to))
}

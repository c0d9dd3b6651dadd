//! From a query's tree to operators: what names mean, which functions are meant, which types and
//! which NULLs come out.
//!
//! The rules are the server's, and so are the words of the errors. Views are bound by their
//! recorded columns; their own queries are looked at when they are read. Start reading at
//! [`query`].

mod aggregate;
mod call;
mod elements;
mod expr;
mod from;
pub(super) mod insert;
mod literal;
mod membership;
mod query;
mod select;
mod title;

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::sql::sqlparser::ast as tree;

use super::super::error::SqlError;
use super::super::model::column::Column;
use super::super::model::column::Type;
use super::super::system::types;
use super::Parameter;
use super::cast;
use super::cast::Why;
use super::datum::Datum;
use super::input;
use super::rel::Rel;
use super::scalar::Context;
use super::scalar::Scalar;
use super::series::Series;
use super::window::WindowCall;
use crate::sql::query::Query;
use crate::sql::reading::Reading;

/// A settled query with its columns.
#[derive(Debug)]
pub(super) struct Bound {
    /// Its operators.
    pub(super) rel: Rel,
    /// Its columns.
    pub(super) columns: Vec<OutColumn>,
}

/// A column that comes out of a query.
#[derive(Clone, Debug)]
pub(super) struct OutColumn {
    /// Its name.
    pub(super) name: String,
    /// Its type.
    pub(super) kind: Type,
    /// Whether it can be NULL.
    pub(super) nullable: bool,
}

/// An expression with its type.
#[derive(Clone, Debug)]
pub(super) struct Typed {
    /// What it is.
    pub(super) scalar: Scalar,
    /// Its type; `Unknown` for a literal or parameter whose type its surroundings decide.
    pub(super) kind: Type,
    /// Whether it can be NULL.
    pub(super) nullable: bool,
    /// Which parameter it is, from 0, if it is one whose type is not decided.
    parameter: Option<usize>,
}

impl Typed {
    /// An expression with its type.
    pub(super) fn new(scalar: Scalar, kind: Type, nullable: bool) -> Self {
        Self { scalar, kind, nullable, parameter: None }
    }
}

/// A column that can be named.
#[derive(Clone, Debug)]
struct Visible {
    /// The parts of its table's name, outermost first.
    table: Vec<String>,
    name: String,
    kind: Type,
    nullable: bool,
    /// Whether it is found only with its table's name.
    hidden: bool,
}

/// Which part of a query is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Clause {
    #[default]
    Select,
    From,
    Where,
    On,
    GroupBy,
    Aggregate,
}

/// What the expressions of one SELECT see and collect.
#[derive(Debug, Default)]
struct Frame {
    columns: Vec<Visible>,
    clause: Clause,
    /// The keys, if rows are grouped.
    keys: Option<Vec<Typed>>,
    aggregates: Vec<super::aggregate::Aggregate>,
    windows: Vec<WindowCall>,
    series: Vec<(Series, Vec<Scalar>, Vec<Type>)>,
}

/// A common table expression.
#[derive(Clone, Debug)]
struct Cte {
    name: String,
    rel: Rel,
    columns: Vec<OutColumn>,
    /// How many frames there were where it was written.
    depth: usize,
}

/// What is known of the parameters.
#[derive(Clone, Debug, Default)]
pub(super) struct Parameters {
    /// Their values, if they are known.
    pub(super) values: Option<Vec<Parameter>>,
    /// Their types as far as they are decided.
    pub(super) types: Vec<Type>,
    /// Those that are written somewhere.
    written: BTreeSet<usize>,
    /// Whether there may be any.
    pub(super) allowed: bool,
}

impl Parameters {
    /// Parameters with their values.
    pub(super) fn given(values: &[Parameter]) -> Self {
        let types = values.iter().map(|value| value.kind.clone()).collect();
        Self { values: Some(values.to_vec()), types, allowed: true, ..Self::default() }
    }

    /// Parameters of which only some types are known.
    pub(super) fn typed(types: &[Type]) -> Self {
        Self { types: types.to_vec(), allowed: true, ..Self::default() }
    }

    /// Their types, now that everything has been read.
    ///
    /// # Errors
    /// When one is left out and nobody has named its type.
    pub(super) fn decided(self) -> Result<Vec<Type>, SqlError> {
        let decided = |(number, of)| match of {
            Type::Unknown if self.written.contains(&number) => Ok(Type::Text),
            Type::Unknown => {
                Err(SqlError::internal(format!("unable to infer type for parameter ${}", number + 1)))
            }
            of => Ok(of),
        };
        self.types.into_iter().enumerate().map(decided).collect()
    }
}

/// Reads trees.
pub(super) struct Binder<'a> {
    context: &'a Arc<Context>,
    reading: Reading<'a>,
    frames: Vec<Frame>,
    ctes: Vec<Cte>,
    recursions: usize,
    depth: usize,
    joins: usize,
    /// What is known of the parameters.
    pub(super) parameters: Parameters,
}

/// Queries may nest that deep; the parser allows less.
const MOST_DEPTH: usize = 400;

/// So many joins one query may have: each is an operator over the one before it.
const MOST_JOINS: usize = 400;

/// Settles a query.
///
/// # Errors
/// What the server would refuse; `0A000` for what is not modelled.
pub(super) fn query(
    context: &Arc<Context>,
    query: &Query,
    parameters: Parameters,
) -> Result<(Bound, Parameters), SqlError> {
    let Some((tree, reading)) = Reading::of_query(query) else {
        return Err(SqlError::unsupported("this syntax"));
    };
    if query.as_of().is_some() {
        return Err(SqlError::unsupported("AS OF"));
    }
    let mut binder = Binder::new(context, reading, parameters);
    let bound = binder.query(tree)?;
    Ok((Binder::decided(bound), binder.parameters))
}

/// Settles the query of a view as the catalog stores it.
///
/// # Errors
/// As [`query`].
pub(super) fn stored(context: &Arc<Context>, text: &str) -> Result<Bound, SqlError> {
    let read = crate::sql::parse::query(text.trim_end_matches(';'));
    let read = read.map_err(|error| SqlError::new("42601", error.message))?;
    query(context, &read, Parameters::default()).map(|(bound, _)| bound)
}

impl<'a> Binder<'a> {
    /// A reader of one text.
    pub(super) fn new(context: &'a Arc<Context>, reading: Reading<'a>, parameters: Parameters) -> Self {
        Self {
            context,
            reading,
            frames: Vec::new(),
            ctes: Vec::new(),
            recursions: 0,
            depth: 0,
            joins: 0,
            parameters,
        }
    }

    /// Lets expressions see the columns of a table.
    pub(super) fn see(&mut self, table: &[String], columns: &[Column]) {
        let columns = columns
            .iter()
            .map(|column| Visible {
                table: table.to_vec(),
                name: column.name.as_str().to_owned(),
                kind: column.kind.clone(),
                nullable: column.nullable,
                hidden: false,
            })
            .collect();
        self.frames.push(Frame { columns, ..Frame::default() });
    }

    /// Settles an expression whose type is given.
    ///
    /// # Errors
    /// As [`query`].
    pub(super) fn value(&mut self, expr: &tree::Expr, to: &Type) -> Result<Typed, SqlError> {
        let typed = self.expr(expr)?;
        self.assign(typed, to)
    }

    /// Settles the condition of a WHERE.
    ///
    /// # Errors
    /// As [`query`].
    pub(super) fn condition(&mut self, expr: &tree::Expr, clause: &str) -> Result<Scalar, SqlError> {
        let typed = self.expr(expr)?;
        if !matches!(typed.kind, Type::Bool | Type::Unknown) {
            let of = self.kind_name(&typed.kind);
            return Err(SqlError::internal(format!("{clause} clause must have type boolean, not type {of}")));
        }
        self.coerce(typed, &Type::Bool).map(|typed| typed.scalar)
    }

    /// Literals whose type nothing decides become texts.
    fn decided(bound: Bound) -> Bound {
        let Bound { mut rel, mut columns } = bound;
        rel.types.iter_mut().for_each(|kind| {
            if *kind == Type::Unknown {
                *kind = Type::Text;
            }
        });
        for column in &mut columns {
            if column.kind == Type::Unknown {
                column.kind = Type::Text;
            }
        }
        Bound { rel, columns }
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, SqlError>) -> Result<T, SqlError> {
        if self.depth >= MOST_DEPTH {
            return Err(SqlError::unsupported("queries nested that deep"));
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    fn one_more_join(&mut self) -> Result<(), SqlError> {
        self.joins += 1;
        if self.joins > MOST_JOINS {
            return Err(SqlError::unsupported(format!("queries with more than {MOST_JOINS} joins")));
        }
        Ok(())
    }

    fn frame(&mut self) -> &mut Frame {
        if self.frames.is_empty() {
            self.frames.push(Frame::default());
        }
        let last = self.frames.len() - 1;
        &mut self.frames[last]
    }

    fn kind_name(&self, kind: &Type) -> String {
        types::described(kind, &self.context.view.state.catalog)
    }

    /// Makes an expression one of a type, as functions and operators do with their arguments.
    fn coerce(&mut self, typed: Typed, to: &Type) -> Result<Typed, SqlError> {
        self.convert(typed, to, Why::Explicit)
    }

    /// Makes an expression one of a column's type.
    fn assign(&mut self, typed: Typed, to: &Type) -> Result<Typed, SqlError> {
        if !cast::exists(self.context, &typed.kind, to, Why::Assignment) {
            return Err(SqlError::internal(format!(
                "expected type {}, found type {}",
                self.kind_name(to),
                self.kind_name(&typed.kind)
            )));
        }
        self.convert(typed, to, Why::Assignment)
    }

    fn convert(&mut self, typed: Typed, to: &Type, why: Why) -> Result<Typed, SqlError> {
        if typed.kind == *to {
            return Ok(typed);
        }
        if let Some(number) = typed.parameter {
            return self.settle(number, to);
        }
        if let (Scalar::Literal(value), Type::Unknown) = (&typed.scalar, &typed.kind) {
            let made = match value {
                Datum::Text(_) => cast::perform(self.context, value.clone(), &Type::Unknown, to, why),
                other => Ok(other.clone()),
            };
            // A text that is no such value is an error only where it is looked at.
            if let Ok(value) = made {
                return Ok(Typed::new(Scalar::Literal(value), to.clone(), typed.nullable));
            }
        }
        let scalar = Scalar::Cast(Box::new(typed.scalar), typed.kind, to.clone(), why);
        Ok(Typed::new(scalar, to.clone(), typed.nullable))
    }

    /// Decides the type of a parameter.
    fn settle(&mut self, number: usize, to: &Type) -> Result<Typed, SqlError> {
        if let Some(slot) = self.parameters.types.get_mut(number) {
            *slot = to.clone();
        }
        let value = match self.parameters.values.as_ref().and_then(|values| values.get(number)) {
            Some(Parameter { text: Some(text), .. }) => input::parse(self.context, text, to)?,
            _ => Datum::Null,
        };
        Ok(Typed::new(Scalar::Literal(value), to.clone(), true))
    }

    /// A parameter by its number in the text.
    fn parameter(&mut self, text: &str) -> Result<Typed, SqlError> {
        let missing = || SqlError::new("42P02", format!("there is no parameter {text}"));
        let number: usize = text.trim_start_matches('$').parse().map_err(|_| missing())?;
        let number = number.checked_sub(1).ok_or_else(missing)?;
        let known = self.parameters.values.as_ref().is_none_or(|values| number < values.len());
        if !self.parameters.allowed || !known || number > 65_535 {
            return Err(missing());
        }
        self.parameters.written.insert(number);
        if self.parameters.types.len() <= number {
            self.parameters.types.resize(number + 1, Type::Unknown);
        }
        match self.parameters.types.get(number).cloned() {
            Some(Type::Unknown) | None => Ok(Typed {
                scalar: Scalar::Literal(Datum::Null),
                kind: Type::Unknown,
                nullable: true,
                parameter: Some(number),
            }),
            Some(kind) => self.settle(number, &kind),
        }
    }

    /// A type as written in a cast.
    fn data_type(&self, written: &tree::DataType) -> Result<Type, SqlError> {
        let Some(data_type) = self.reading.data_type(written) else {
            return Err(types::missing(&written.to_string()));
        };
        types::written(data_type, &self.context.view.state.catalog, &self.context.scope)
    }
}

/// An identifier as the server stores it.
fn folded(ident: &tree::Ident) -> String {
    if ident.quote_style.is_some() { ident.value.clone() } else { ident.value.to_lowercase() }
}

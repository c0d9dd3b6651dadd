//! What a SELECT reads: relations, joins, functions that make rows.

use datafusion::sql::sqlparser::ast as tree;

use super::Binder;
use super::Clause;
use super::Frame;
use super::OutColumn;
use super::Typed;
use super::Visible;
use super::folded;
use super::query::renamed;
use crate::name::Ident;
use crate::sandbox::error::SqlError;
use crate::sandbox::model::column::Type;
use crate::sandbox::model::id::SchemaId;
use crate::sandbox::query::kind;
use crate::sandbox::query::rel::Joining;
use crate::sandbox::query::rel::Op;
use crate::sandbox::query::rel::Rel;
use crate::sandbox::query::scalar::Scalar;
use crate::sandbox::query::series;
use crate::sandbox::resolve;
use crate::sql::ast::RawName;

/// The column that `WITH ORDINALITY` adds.
const ORDINALITY: &str = "ordinality";

/// What is read with the columns that can be named.
type Read = (Rel, Vec<Visible>);

impl Binder<'_> {
    /// Settles a FROM; without one there is one row without columns.
    pub(super) fn from(&mut self, tables: &[tree::TableWithJoins]) -> Result<Read, SqlError> {
        let mut read: Option<Read> = None;
        for table in tables {
            read = Some(match read.take() {
                None => self.joined(None, table)?,
                Some(left) => self.joined(Some(left), table)?,
            });
        }
        Ok(read.unwrap_or((Rel::unit(), Vec::new())))
    }

    fn joined(&mut self, before: Option<Read>, table: &tree::TableWithJoins) -> Result<Read, SqlError> {
        let mut read = match before {
            None => self.factor(&table.relation, None)?,
            Some(left) => self.join(left, &table.relation, Joining::Inner, &tree::JoinConstraint::None)?,
        };
        for join in &table.joins {
            let (joining, constraint) = match &join.join_operator {
                tree::JoinOperator::Join(constraint) | tree::JoinOperator::Inner(constraint) => {
                    (Joining::Inner, constraint)
                }
                tree::JoinOperator::Left(constraint) | tree::JoinOperator::LeftOuter(constraint) => {
                    (Joining::Left, constraint)
                }
                tree::JoinOperator::Right(constraint) | tree::JoinOperator::RightOuter(constraint) => {
                    (Joining::Right, constraint)
                }
                tree::JoinOperator::FullOuter(constraint) => (Joining::Full, constraint),
                tree::JoinOperator::CrossJoin(constraint) => (Joining::Inner, constraint),
                _ => return Err(SqlError::unsupported("this kind of join")),
            };
            read = self.join(read, &join.relation, joining, constraint)?;
        }
        Ok(read)
    }

    fn join(
        &mut self,
        (left, mut columns): Read,
        factor: &tree::TableFactor,
        joining: Joining,
        constraint: &tree::JoinConstraint,
    ) -> Result<Read, SqlError> {
        self.one_more_join()?;
        let lateral = is_lateral(factor);
        let (right, mut others) = if lateral {
            self.frames.push(Frame { columns: columns.clone(), clause: Clause::From, ..Frame::default() });
            let read = self.factor(factor, Some(()));
            self.frames.pop();
            read?
        } else {
            self.factor(factor, None)?
        };
        distinct_tables(&columns, &others)?;
        let middle = columns.len();
        let nullable =
            |columns: &mut Vec<Visible>| columns.iter_mut().for_each(|column| column.nullable = true);
        if matches!(joining, Joining::Left | Joining::Full) {
            nullable(&mut others);
        }
        if matches!(joining, Joining::Right | Joining::Full) {
            nullable(&mut columns);
        }
        columns.append(&mut others);
        let mut types = left.types.clone();
        types.extend(right.types.iter().cloned());
        let make = |on: Scalar| Rel::new(Op::Join { left, right, joining, on, lateral }, types);
        match constraint {
            tree::JoinConstraint::None => Ok((make(Scalar::truth(true)), columns)),
            tree::JoinConstraint::On(condition) => {
                self.frames.push(Frame { columns, clause: Clause::On, ..Frame::default() });
                let on = self.condition(condition, "ON");
                let columns = self.frames.pop().map(|frame| frame.columns).unwrap_or_default();
                let (on, mut columns) = (on?, columns);
                if joining == Joining::Inner {
                    let mut needed = Vec::new();
                    on.clone().conjuncts().iter().for_each(|part| part.rejects(&mut needed));
                    for at in needed {
                        if let Some(column) = columns.get_mut(at) {
                            column.nullable = false;
                        }
                    }
                }
                Ok((make(on), columns))
            }
            tree::JoinConstraint::Using(names) => {
                let names: Vec<String> = names
                    .iter()
                    .filter_map(|name| name.0.first().and_then(|part| part.as_ident()).map(folded))
                    .collect();
                self.using(make, columns, middle, joining, &names)
            }
            tree::JoinConstraint::Natural => {
                let (before, after) = columns.split_at(middle);
                let names: Vec<String> = before
                    .iter()
                    .filter(|column| !column.hidden)
                    .filter(|column| after.iter().any(|other| !other.hidden && other.name == column.name))
                    .map(|column| column.name.clone())
                    .collect();
                self.using(make, columns, middle, joining, &names)
            }
        }
    }

    /// Joins by columns of one name, which come out once and first.
    fn using(
        &mut self,
        make: impl FnOnce(Scalar) -> Rel,
        mut columns: Vec<Visible>,
        middle: usize,
        joining: Joining,
        names: &[String],
    ) -> Result<Read, SqlError> {
        let mut on = Scalar::truth(true);
        let mut merged = Vec::new();
        for name in names {
            let find = |from: usize, to: usize, side: &str| -> Result<usize, SqlError> {
                let mut found = (from..to).filter(|at| {
                    columns.get(*at).is_some_and(|column| !column.hidden && column.name == *name)
                });
                let first = found.next().ok_or_else(|| {
                    SqlError::internal(format!(
                        "column \"{name}\" specified in USING clause does not exist in {side} table"
                    ))
                })?;
                match found.next() {
                    None => Ok(first),
                    Some(_) => Err(SqlError::internal(format!(
                        "common column name \"{name}\" appears more than once in {side} table"
                    ))),
                }
            };
            let (a, b) = (find(0, middle, "left")?, find(middle, columns.len(), "right")?);
            let (Some(x), Some(y)) = (columns.get(a).cloned(), columns.get(b).cloned()) else { continue };
            let of = kind::common(&x.kind, &y.kind).ok_or_else(|| {
                SqlError::internal(format!(
                    "NATURAL/USING join column \"{name}\" types {} and {} cannot be matched",
                    self.kind_name(&x.kind),
                    self.kind_name(&y.kind)
                ))
            })?;
            let left = self.coerce(Typed::new(Scalar::column(a), x.kind, x.nullable), &of)?;
            let right = self.coerce(Typed::new(Scalar::column(b), y.kind, y.nullable), &of)?;
            on = Scalar::and(on, Scalar::equal(left.scalar.clone(), right.scalar.clone()));
            let (scalar, nullable) = match joining {
                Joining::Inner => (left.scalar, false),
                Joining::Left => (left.scalar, left.nullable),
                Joining::Right => (right.scalar, right.nullable),
                Joining::Full => {
                    (Scalar::Coalesce(vec![left.scalar, right.scalar]), left.nullable && right.nullable)
                }
            };
            for at in [a, b] {
                if let Some(column) = columns.get_mut(at) {
                    column.hidden = true;
                    if joining == Joining::Inner {
                        column.nullable = false;
                    }
                }
            }
            merged.push((
                scalar,
                Visible { table: Vec::new(), name: name.clone(), kind: of, nullable, hidden: false },
            ));
        }
        let rel = make(on);
        let mut exprs: Vec<Scalar> = Vec::new();
        let mut types: Vec<Type> = Vec::new();
        let mut all = Vec::new();
        for (scalar, column) in merged {
            exprs.push(scalar);
            types.push(column.kind.clone());
            all.push(column);
        }
        exprs.extend((0..columns.len()).map(Scalar::column));
        types.extend(rel.types.iter().cloned());
        all.append(&mut columns);
        Ok((rel.project(exprs, types), all))
    }

    fn factor(&mut self, factor: &tree::TableFactor, _lateral: Option<()>) -> Result<Read, SqlError> {
        match factor {
            tree::TableFactor::Table { name, alias, args: None, .. } => self.table(name, alias.as_ref()),
            tree::TableFactor::Table { name, alias, args: Some(args), with_ordinality, .. } => {
                self.function(name, &args.args, (alias.as_ref(), *with_ordinality))
            }
            tree::TableFactor::Function { name, args, alias, with_ordinality, .. } => {
                self.function(name, args, (alias.as_ref(), *with_ordinality))
            }
            tree::TableFactor::Derived { subquery, alias, .. } => {
                let bound = self.query(subquery)?;
                let columns = match alias {
                    Some(alias) => renamed(bound.columns, &alias.columns)?,
                    None => bound.columns,
                };
                let table = alias.as_ref().map(|alias| vec![folded(&alias.name)]).unwrap_or_default();
                Ok((bound.rel, visible(&table, columns)))
            }
            tree::TableFactor::NestedJoin { table_with_joins, alias: None } => {
                self.joined(None, table_with_joins)
            }
            _ => Err(SqlError::unsupported("this in a FROM")),
        }
    }

    fn table(&mut self, name: &tree::ObjectName, alias: Option<&tree::TableAlias>) -> Result<Read, SqlError> {
        let raw = self.reading.name(name).ok_or_else(|| SqlError::unsupported(format!("the name {name}")))?;
        let (rel, mut columns, mut table) = self.relation(&raw)?;
        if let Some(alias) = alias {
            columns = renamed(columns, &alias.columns)?;
            table = vec![folded(&alias.name)];
        }
        Ok((rel, visible(&table, columns)))
    }

    /// A relation by name: a common table expression, a user's or the system's.
    fn relation(&mut self, raw: &RawName) -> Result<(Rel, Vec<OutColumn>, Vec<String>), SqlError> {
        if let ([only], None) = (raw.parts.as_slice(), &raw.id)
            && let Some(cte) = self.ctes.iter().rev().find(|cte| cte.name == only.as_str()).cloned()
        {
            let mut rel = cte.rel;
            let deeper = self.frames.len() - cte.depth.min(self.frames.len());
            rel.columns(0, &mut |column, depth| {
                if let Scalar::Column { level, .. } = column
                    && *level > depth
                {
                    *level += deeper;
                }
            });
            return Ok((rel, cte.columns, vec![cte.name]));
        }
        let catalog = &self.context.view.state.catalog;
        match resolve::relation(catalog, &self.context.scope, raw)? {
            resolve::Relation::User(id) => {
                let item = catalog
                    .items
                    .get(&id)
                    .ok_or_else(|| SqlError::internal(format!("unknown catalog item '{id}'")))?;
                if !item.is_relation() {
                    return Err(SqlError::internal(format!(
                        "catalog item '{}' is {} and so cannot be depended upon",
                        item.name,
                        article(&item.kind().sql().to_lowercase())
                    )));
                }
                let Some(columns) = &item.columns else {
                    return Err(SqlError::unsupported(format!("reading {}", item.name)));
                };
                let columns: Vec<OutColumn> = columns
                    .iter()
                    .map(|column| OutColumn {
                        name: column.name.as_str().to_owned(),
                        kind: column.kind.clone(),
                        nullable: column.nullable,
                    })
                    .collect();
                let types = columns.iter().map(|column| column.kind.clone()).collect();
                let table = self.full_name(item.schema, &item.name);
                Ok((Rel::new(Op::Item(id), types), columns, table))
            }
            resolve::Relation::System(relation) => {
                let columns: Vec<OutColumn> = relation
                    .columns
                    .iter()
                    .map(|(name, kind, nullable)| OutColumn {
                        name: (*name).to_owned(),
                        kind: kind.clone(),
                        nullable: *nullable,
                    })
                    .collect();
                let types = columns.iter().map(|column| column.kind.clone()).collect();
                let table = vec![relation.schema.to_owned(), relation.name.to_owned()];
                Ok((Rel::new(Op::System(relation), types), columns, table))
            }
        }
    }

    fn full_name(&self, schema: SchemaId, name: &Ident) -> Vec<String> {
        let catalog = &self.context.view.state.catalog;
        let mut parts = Vec::new();
        if let Some(schema) = catalog.schemas.get(&schema) {
            if let Some(database) = catalog.databases.get(&schema.database) {
                parts.push(database.name.as_str().to_owned());
            }
            parts.push(schema.name.as_str().to_owned());
        }
        parts.push(name.as_str().to_owned());
        parts
    }

    /// A function that makes rows.
    fn function(
        &mut self,
        name: &tree::ObjectName,
        args: &[tree::FunctionArg],
        (alias, ordinality): (Option<&tree::TableAlias>, bool),
    ) -> Result<Read, SqlError> {
        let own = self.function_name(name)?;
        if own.starts_with('\0') {
            return Err(SqlError::unsupported("ROWS FROM"));
        }
        // The arguments are read one query further in than what they read from.
        self.frames.push(Frame { clause: Clause::From, ..Frame::default() });
        let read = self.function_here(&own, args, (alias, ordinality));
        self.frames.pop();
        read
    }

    fn function_here(
        &mut self,
        own: &str,
        args: &[tree::FunctionArg],
        (alias, ordinality): (Option<&tree::TableAlias>, bool),
    ) -> Result<Read, SqlError> {
        let args = self.arguments(args)?;
        let given: Vec<Type> = args.iter().map(|arg| arg.kind.clone()).collect();
        let (series, columns, wanted) = match series::find(own, &given) {
            Some(found) => found,
            None if series::is_known(own) => return Err(self.no_such_form(own, &given)),
            None if ordinality => return Err(SqlError::unsupported(format!("{own} WITH ORDINALITY"))),
            None => {
                // Any other function makes one row.
                let typed = self.call(own, args)?;
                let columns = vec![OutColumn {
                    name: own.to_owned(),
                    kind: typed.kind.clone(),
                    nullable: typed.nullable,
                }];
                let types = vec![typed.kind];
                return named(Rel::unit().project(vec![typed.scalar], types), own, columns, alias);
            }
        };
        let mut scalars = Vec::with_capacity(args.len());
        for (arg, of) in args.into_iter().zip(&wanted) {
            scalars.push(self.coerce(arg, of)?.scalar);
        }
        let mut columns = columns;
        if ordinality {
            columns.push((ORDINALITY, Type::Int8, false));
        }
        let types = columns.iter().map(|(_, of, _)| of.clone()).collect();
        let columns: Vec<OutColumn> = columns
            .into_iter()
            .map(|(name, kind, nullable)| OutColumn { name: name.to_owned(), kind, nullable })
            .collect();
        named(Rel::new(Op::FlatMap(Rel::unit(), series, scalars), types), own, columns, alias)
    }
}

/// Two tables of a FROM cannot be meant by one name. Of two names the shorter one is compared.
fn distinct_tables(left: &[Visible], right: &[Visible]) -> Result<(), SqlError> {
    for table in left.iter().map(|column| &column.table).filter(|table| !table.is_empty()) {
        let same = |other: &Vec<String>| {
            !other.is_empty() && other.iter().rev().zip(table.iter().rev()).all(|(a, b)| a == b)
        };
        if right.iter().any(|column| same(&column.table)) {
            let name = table.last().map(String::as_str).unwrap_or_default();
            return Err(SqlError::internal(format!("table name \"{name}\" specified more than once")));
        }
    }
    Ok(())
}

/// A function in FROM under its name or alias; its only column has the alias's name too.
fn named(
    rel: Rel,
    own: &str,
    mut columns: Vec<OutColumn>,
    alias: Option<&tree::TableAlias>,
) -> Result<Read, SqlError> {
    let mut table = vec![own.to_owned()];
    if let Some(alias) = alias {
        let alone = match columns.as_slice() {
            [_] => true,
            [_, number] => number.name == ORDINALITY,
            _ => false,
        };
        if let Some(only) = columns.first_mut().filter(|_| alone && alias.columns.is_empty()) {
            only.name = folded(&alias.name);
        }
        columns = renamed(columns, &alias.columns)?;
        table = vec![folded(&alias.name)];
    }
    Ok((rel, visible(&table, columns)))
}

fn visible(table: &[String], columns: Vec<OutColumn>) -> Vec<Visible> {
    columns
        .into_iter()
        .map(|column| Visible {
            table: table.to_vec(),
            name: column.name,
            kind: column.kind,
            nullable: column.nullable,
            hidden: false,
        })
        .collect()
}

/// Whether a part of a FROM sees what stands before it.
fn is_lateral(factor: &tree::TableFactor) -> bool {
    match factor {
        tree::TableFactor::Derived { lateral, .. } => *lateral,
        tree::TableFactor::Function { .. } | tree::TableFactor::Table { args: Some(_), .. } => true,
        _ => false,
    }
}

fn article(noun: &str) -> String {
    let vowel = noun.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {noun}", if vowel { "an" } else { "a" })
}

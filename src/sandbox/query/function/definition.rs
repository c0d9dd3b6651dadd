//! Functions that tell how an object was made, and what else PostgreSQL's tools ask of one.
//!
//! Source: `func.rs` of the server: what it has no objects of, such as constraints and triggers, is
//! NULL, sizes are -1, and an index is one of an arrangement.

use super::Nulls::StrictMay;
use super::*;
use crate::sandbox::error::SqlError;
use crate::sandbox::model::State;
use crate::sandbox::model::item::IndexKey;
use crate::sandbox::model::item::Item;
use crate::sandbox::model::item::ItemData;
use crate::sandbox::query::scalar::Context;
use crate::sandbox::system::text::simple;

const OID: Type = Type::Oid;

fn item(state: &State, oid: i64) -> Option<&Item> {
    state.catalog.items.values().find(|item| i64::from(item.oid) == oid).map(|item| &**item)
}

fn text_or_null(text: Option<String>) -> Result<Datum, SqlError> {
    Ok(text.map_or(Datum::Null, Datum::text))
}

/// The keys of an index, as they are written in its definition.
fn keys(state: &State, oid: i64) -> Option<(&Item, &Item, Vec<String>)> {
    let index = item(state, oid)?;
    let ItemData::Index { on, keys, .. } = &index.data else { return None };
    let relation = state.catalog.items.get(on)?;
    let columns = relation.columns.as_ref()?;
    let key = |(key, _): &(IndexKey, bool)| match key {
        IndexKey::Column(at) => {
            let at = usize::try_from(*at).ok()?.checked_sub(1)?;
            let column = columns.get(at)?;
            Some(column.name.as_str().to_owned())
        }
        IndexKey::Expression(stored) => Some(simple(stored)),
    };
    Some((index, relation, keys.iter().map(key).collect::<Option<_>>()?))
}

fn index(context: &Context, oid: i64) -> Option<String> {
    let (index, relation, keys) = keys(&context.view.state, oid)?;
    let (name, on) = (index.name.as_str(), relation.name.as_str());
    Some(format!("CREATE INDEX {name} ON {on} USING arrangement ({})", keys.join(",")))
}

/// One key of an index, counted from 1; 0 stands for the whole definition.
fn index_key(context: &Context, oid: i64, at: i64) -> Option<String> {
    if at == 0 {
        return index(context, oid);
    }
    let (_, _, keys) = keys(&context.view.state, oid)?;
    usize::try_from(at).ok()?.checked_sub(1).and_then(|at| keys.into_iter().nth(at))
}

/// The query of a view; materialized ones are not among those that the server looks at.
fn view(item: &Item) -> Option<String> {
    match &item.data {
        ItemData::View { query } => Some(format!("{};", query.trim_end_matches(';'))),
        _ => None,
    }
}

fn view_of_oid(context: &Context, oid: i64) -> Result<Datum, SqlError> {
    text_or_null(item(&context.view.state, oid).and_then(view))
}

fn view_named(context: &Context, name: &str) -> Result<Datum, SqlError> {
    let items = context.view.state.catalog.items.values();
    let mut found = items.filter(|item| item.name.as_str() == name).filter_map(|item| view(item));
    let first = found.next();
    if found.next().is_some() {
        return Err(SqlError::internal("Evaluation error: more than one record produced in subquery"));
    }
    text_or_null(first)
}

/// A function whose answer is the same whatever it is given.
fn always(forms: &[&[Type]], result: fn(&[Type]) -> Type, eval: Eval) -> Vec<Overload> {
    forms.iter().map(|form| f(form, result, eval).nulls(StrictMay)).collect()
}

/// The functions of this file.
pub(super) fn overloads(name: &str) -> Option<Vec<Overload>> {
    let bool = Type::Bool;
    let relation = Type::Reg("regclass".to_owned());
    Some(match name {
        "pg_get_viewdef" => vec![
            f(&[OID], a_text, |context, a| view_of_oid(context, n(a, 0))).nulls(StrictMay),
            f(&[OID, bool.clone()], a_text, |context, a| view_of_oid(context, n(a, 0))).nulls(StrictMay),
            f(&[OID, INT4], a_text, |context, a| view_of_oid(context, n(a, 0))).nulls(StrictMay),
            f(&[TEXT], a_text, |context, a| view_named(context, t(a, 0))).nulls(StrictMay),
            f(&[TEXT, bool], a_text, |context, a| view_named(context, t(a, 0))).nulls(StrictMay),
        ],
        "pg_get_indexdef" => vec![
            f(&[OID], a_text, |context, a| text_or_null(index(context, n(a, 0)))).nulls(StrictMay),
            f(&[OID, INT4, bool], a_text, |context, a| text_or_null(index_key(context, n(a, 0), n(a, 1))))
                .nulls(StrictMay),
        ],
        // Expressions are kept as text, and shown as they are.
        "pg_get_expr" => vec![
            f(&[TEXT, OID], a_text, |_, a| Ok(a.first().cloned().unwrap_or(Datum::Null))),
            f(&[TEXT, OID, bool], a_text, |_, a| Ok(a.first().cloned().unwrap_or(Datum::Null))),
        ],
        "pg_get_constraintdef" | "pg_get_ruledef" | "pg_get_triggerdef" => {
            always(&[&[OID], &[OID, bool]], a_text, |_, _| Ok(Datum::Null))
        }
        "pg_get_function_identity_arguments" | "pg_tablespace_location" => {
            always(&[&[OID]], a_text, |_, _| Ok(Datum::Null))
        }
        "shobj_description" => always(&[&[OID, TEXT]], a_text, |_, _| Ok(Datum::Null)),
        "pg_relation_size" => {
            always(&[std::slice::from_ref(&relation), &[relation.clone(), TEXT]], an_int8, unmeasured)
        }
        "pg_stat_get_numscans" => vec![f(&[OID], an_int8, unmeasured)],
        "getdatabaseencoding" => vec![f(&[], a_text, |_, _| Ok(Datum::text("UTF8")))],
        _ => return None,
    })
}

fn an_int8(_: &[Type]) -> Type {
    INT8
}

fn unmeasured(_: &Context, _: &[Datum]) -> Result<Datum, SqlError> {
    Ok(Datum::Int(-1))
}

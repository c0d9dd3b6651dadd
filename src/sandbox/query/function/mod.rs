//! The functions that are known, each with the types it takes, and how one is chosen.
//!
//! One file a subject. Start reading at [`overloads`]; the operators are in [`arithmetic`].

pub(super) mod arithmetic;
pub(super) mod array;
mod definition;
pub(super) mod json;
mod moment;
mod number;
mod pattern;
mod system;
mod text;

use super::super::model::column::Type;
use super::datum::Datum;
use super::datum::Interval;
use super::datum::Json;
use super::decimal::Decimal;
use super::kind;
use super::scalar::Eval;

/// When a function's value is NULL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nulls {
    /// When an argument is.
    Strict,
    /// When an argument is, and at other times.
    StrictMay,
    /// It decides itself.
    May,
    /// Never.
    Never,
}

/// One form of a function. In its arguments `Unknown` stands for any type.
#[derive(Clone, Debug)]
pub(super) struct Overload {
    /// The types it takes.
    pub(super) args: Vec<Type>,
    /// Whether the last of them may come any number of times.
    pub(super) variadic: bool,
    /// The type it gives, from the types it is given.
    pub(super) result: fn(&[Type]) -> Type,
    /// When that is NULL.
    pub(super) nulls: Nulls,
    /// What it does.
    pub(super) eval: Eval,
}

/// The forms of a function; `None` where there is no such function.
pub(super) fn overloads(name: &str) -> Option<Vec<Overload>> {
    text::overloads(name)
        .or_else(|| pattern::overloads(name))
        .or_else(|| number::overloads(name))
        .or_else(|| moment::overloads(name))
        .or_else(|| json::overloads(name))
        .or_else(|| array::overloads(name))
        .or_else(|| system::overloads(name))
        .or_else(|| definition::overloads(name))
}

/// The form that fits some types best.
pub(super) fn choose(forms: Vec<Overload>, given: &[Type]) -> Option<Overload> {
    let mut best: Option<((usize, usize), Overload)> = None;
    for mut form in forms {
        if form.variadic {
            let last = form.args.pop()?;
            while form.args.len() < given.len() {
                form.args.push(last.clone());
            }
        }
        if form.args.len() != given.len() {
            continue;
        }
        let Some(score) = score(&form.args, given) else { continue };
        if best.as_ref().is_none_or(|(have, _)| score > *have) {
            best = Some((score, form));
        }
    }
    best.map(|(_, form)| form)
}

fn score(wanted: &[Type], given: &[Type]) -> Option<(usize, usize)> {
    let (mut exact, mut preferred) = (0, 0);
    for (wanted, given) in wanted.iter().zip(given) {
        let same = kind::bare(wanted) == kind::bare(given);
        let any = match (wanted, given) {
            (Type::Unknown, _) => true,
            (Type::Array(a), Type::Array(_))
            | (Type::List(a), Type::List(_))
            | (Type::Map(a), Type::Map(_)) => **a == Type::Unknown,
            (Type::Record(_), Type::Record(_)) => true,
            _ => false,
        };
        if same {
            exact += 1;
        } else if any {
        } else if *given == Type::Unknown {
            preferred += if matches!(wanted, Type::Text) { 2 } else { 0 };
        } else if kind::is_implicit(given, wanted) {
            preferred += usize::from(matches!(
                wanted,
                Type::Float8 | Type::Text | Type::Timestamptz(_) | Type::Interval | Type::Oid
            ));
        } else {
            return None;
        }
    }
    Some((exact, preferred))
}

fn f(args: &[Type], result: fn(&[Type]) -> Type, eval: Eval) -> Overload {
    Overload { args: args.to_vec(), variadic: false, result, nulls: Nulls::Strict, eval }
}

impl Overload {
    fn nulls(mut self, nulls: Nulls) -> Self {
        self.nulls = nulls;
        self
    }

    fn variadic(mut self) -> Self {
        self.variadic = true;
        self
    }
}

const TEXT: Type = Type::Text;
const INT4: Type = Type::Int4;
const INT8: Type = Type::Int8;
const FLOAT8: Type = Type::Float8;
const NUMERIC: Type = Type::Numeric(None);
const TIMESTAMP: Type = Type::Timestamp(None);
const TIMESTAMPTZ: Type = Type::Timestamptz(None);

fn a_text(_: &[Type]) -> Type {
    Type::Text
}

fn a_bool(_: &[Type]) -> Type {
    Type::Bool
}

fn an_int4(_: &[Type]) -> Type {
    Type::Int4
}

fn a_float8(_: &[Type]) -> Type {
    Type::Float8
}

fn a_numeric(_: &[Type]) -> Type {
    Type::Numeric(None)
}

fn a_jsonb(_: &[Type]) -> Type {
    Type::Jsonb
}

fn an_interval(_: &[Type]) -> Type {
    Type::Interval
}

fn a_timestamp(_: &[Type]) -> Type {
    Type::Timestamp(None)
}

fn a_timestamptz(_: &[Type]) -> Type {
    Type::Timestamptz(None)
}

fn texts(_: &[Type]) -> Type {
    Type::Array(Box::new(Type::Text))
}

fn first(given: &[Type]) -> Type {
    given.first().cloned().unwrap_or(Type::Text)
}

/// An argument as a text.
fn t(args: &[Datum], at: usize) -> &str {
    match args.get(at) {
        Some(Datum::Text(text)) => text,
        _ => "",
    }
}

/// An argument as a whole number.
fn n(args: &[Datum], at: usize) -> i64 {
    match args.get(at) {
        Some(Datum::Int(number)) => *number,
        _ => 0,
    }
}

/// An argument as a float.
fn x(args: &[Datum], at: usize) -> f64 {
    match args.get(at) {
        Some(Datum::Float(number)) => *number,
        _ => 0.0,
    }
}

/// An argument as a numeric.
fn d(args: &[Datum], at: usize) -> Decimal {
    match args.get(at) {
        Some(Datum::Numeric(number)) => *number,
        _ => Decimal::ZERO,
    }
}

/// An argument as a span of time.
fn span(args: &[Datum], at: usize) -> Interval {
    match args.get(at) {
        Some(Datum::Interval(interval)) => *interval,
        _ => Interval::default(),
    }
}

/// An argument as JSON.
fn j(args: &[Datum], at: usize) -> &Json {
    match args.get(at) {
        Some(Datum::Json(json)) => json,
        _ => &Json::Null,
    }
}

/// The elements of an argument.
fn items(args: &[Datum], at: usize) -> &[Datum] {
    match args.get(at) {
        Some(Datum::Array(_, items) | Datum::List(items)) => items,
        _ => &[],
    }
}

fn count(number: usize) -> Datum {
    Datum::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

//! Functions of texts and bytes.

use super::Nulls::Never;
use super::Nulls::StrictMay;
use super::*;
use crate::sandbox::error::SqlError;
use crate::sandbox::query::input;
use crate::sandbox::query::print;

/// The longest text a function makes: enough for any test, too little to exhaust the memory.
const LONGEST: usize = 100_000_000;

fn bounded(text: &str, times: i64) -> Result<Datum, SqlError> {
    let times = usize::try_from(times).unwrap_or(0);
    if text.len().saturating_mul(times) > LONGEST {
        return Err(SqlError::internal("requested length too large"));
    }
    Ok(Datum::text(text.repeat(times)))
}

fn substring(text: &str, from: i64, length: Option<i64>) -> Result<Datum, SqlError> {
    let end = match length {
        Some(length) if length < 0 => {
            return Err(SqlError::internal("negative substring length not allowed"));
        }
        Some(length) => from.saturating_add(length),
        None => i64::MAX,
    };
    let start = from.max(1);
    let skip = usize::try_from(start - 1).unwrap_or(0);
    let take = usize::try_from(end.saturating_sub(start)).unwrap_or(0);
    Ok(Datum::text(text.chars().skip(skip).take(take).collect::<String>()))
}

fn padded(text: &str, length: i64, fill: &str) -> Result<Datum, SqlError> {
    let length = usize::try_from(length).unwrap_or(0);
    if length > LONGEST {
        return Err(SqlError::internal("requested length too large"));
    }
    let have = text.chars().count();
    if have >= length || fill.is_empty() {
        return Ok(Datum::text(text.chars().take(length).collect::<String>()));
    }
    let mut result: String = fill.chars().cycle().take(length - have).collect();
    result.push_str(text);
    Ok(Datum::text(result))
}

fn split_part(text: &str, between: &str, at: i64) -> Result<Datum, SqlError> {
    let Ok(at @ 1..) = usize::try_from(at) else {
        return Err(SqlError::internal("field position must be greater than zero"));
    };
    let part = if between.is_empty() { (at == 1).then_some(text) } else { text.split(between).nth(at - 1) };
    Ok(Datum::text(part.unwrap_or_default()))
}

fn ends(text: &str, count: i64, left: bool) -> Datum {
    let have = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    let keep = if count < 0 { (have + count).max(0) } else { count.min(have) };
    let keep = usize::try_from(keep).unwrap_or(0);
    let skip = usize::try_from(have).unwrap_or(0).saturating_sub(keep);
    Datum::text(if left {
        text.chars().take(keep).collect::<String>()
    } else {
        text.chars().skip(skip).collect::<String>()
    })
}

fn initcap(text: &str) -> String {
    let mut inside = false;
    text.chars()
        .flat_map(|c| {
            let made: Vec<char> =
                if inside { c.to_lowercase().collect() } else { c.to_uppercase().collect() };
            inside = c.is_alphanumeric();
            made
        })
        .collect()
}

fn trimmed(args: &[Datum], start: bool, end: bool) -> Datum {
    let mut text = t(args, 0);
    let cut: Vec<char> = if args.len() > 1 { t(args, 1).chars().collect() } else { vec![' '] };
    if start {
        text = text.trim_start_matches(&*cut);
    }
    if end {
        text = text.trim_end_matches(&*cut);
    }
    Datum::text(text)
}

fn quote_ident(text: &str) -> String {
    let plain = text.chars().next().is_some_and(|c| c.is_ascii_lowercase() || c == '_')
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if plain { text.to_owned() } else { format!("\"{}\"", text.replace('"', "\"\"")) }
}

fn bytes_of(args: &[Datum]) -> &[u8] {
    match args.first() {
        Some(Datum::Bytes(bytes)) => bytes,
        Some(Datum::Text(text)) => text.as_bytes(),
        _ => &[],
    }
}

fn a_bytea(_: &[Type]) -> Type {
    Type::Bytea
}

/// The functions of this file.
pub(super) fn overloads(name: &str) -> Option<Vec<Overload>> {
    Some(match name {
        "upper" => vec![f(&[TEXT], a_text, |_, a| Ok(Datum::text(t(a, 0).to_uppercase())))],
        "lower" => vec![f(&[TEXT], a_text, |_, a| Ok(Datum::text(t(a, 0).to_lowercase())))],
        "initcap" => vec![f(&[TEXT], a_text, |_, a| Ok(Datum::text(initcap(t(a, 0)))))],
        "length" => vec![
            f(&[TEXT], an_int4, |_, a| Ok(count(t(a, 0).chars().count()))),
            f(&[Type::Bytea], an_int4, |_, a| Ok(count(bytes_of(a).len()))),
        ],
        "char_length" | "character_length" => {
            vec![f(&[TEXT], an_int4, |_, a| Ok(count(t(a, 0).chars().count())))]
        }
        "octet_length" => {
            [TEXT, Type::Bytea].map(|of| f(&[of], an_int4, |_, a| Ok(count(bytes_of(a).len())))).into()
        }
        "bit_length" => {
            [TEXT, Type::Bytea].map(|of| f(&[of], an_int4, |_, a| Ok(count(bytes_of(a).len() * 8)))).into()
        }
        "substring" | "substr" => vec![
            f(&[TEXT, INT8], a_text, |_, a| substring(t(a, 0), n(a, 1), None)),
            f(&[TEXT, INT8, INT8], a_text, |_, a| substring(t(a, 0), n(a, 1), Some(n(a, 2)))),
        ],
        "replace" => vec![f(&[TEXT, TEXT, TEXT], a_text, |_, a| {
            Ok(Datum::text(if t(a, 1).is_empty() {
                t(a, 0).to_owned()
            } else {
                t(a, 0).replace(t(a, 1), t(a, 2))
            }))
        })],
        "split_part" => vec![f(&[TEXT, TEXT, INT8], a_text, |_, a| split_part(t(a, 0), t(a, 1), n(a, 2)))],
        "btrim" => trims(|_, a| Ok(trimmed(a, true, true))),
        "ltrim" => trims(|_, a| Ok(trimmed(a, true, false))),
        "rtrim" => trims(|_, a| Ok(trimmed(a, false, true))),
        "lpad" => vec![
            f(&[TEXT, INT8], a_text, |_, a| padded(t(a, 0), n(a, 1), " ")),
            f(&[TEXT, INT8, TEXT], a_text, |_, a| padded(t(a, 0), n(a, 1), t(a, 2))),
        ],
        "left" => vec![f(&[TEXT, INT4], a_text, |_, a| Ok(ends(t(a, 0), n(a, 1), true)))],
        "right" => vec![f(&[TEXT, INT4], a_text, |_, a| Ok(ends(t(a, 0), n(a, 1), false)))],
        "reverse" => {
            vec![f(&[TEXT], a_text, |_, a| Ok(Datum::text(t(a, 0).chars().rev().collect::<String>())))]
        }
        "repeat" => vec![f(&[TEXT, INT4], a_text, |_, a| bounded(t(a, 0), n(a, 1)))],
        _ => return more(name),
    })
}

/// The rest of them.
fn more(name: &str) -> Option<Vec<Overload>> {
    Some(match name {
        "concat" => vec![
            f(&[TEXT], a_text, |_, a| Ok(Datum::text((0..a.len()).map(|at| t(a, at)).collect::<String>())))
                .variadic()
                .nulls(Never),
        ],
        "concat_ws" => vec![
            f(&[TEXT, TEXT], a_text, |_, a| {
                if a.first().is_none_or(Datum::is_null) {
                    return Ok(Datum::Null);
                }
                let parts: Vec<&str> = (1..a.len())
                    .filter(|at| !a.get(*at).is_none_or(Datum::is_null))
                    .map(|at| t(a, at))
                    .collect();
                Ok(Datum::text(parts.join(t(a, 0))))
            })
            .variadic()
            .nulls(super::Nulls::May),
        ],
        "position" | "strpos" => {
            let (what, of): (Eval, Eval) =
                (|_, a| Ok(position(t(a, 1), t(a, 0))), |_, a| Ok(position(t(a, 0), t(a, 1))));
            vec![f(&[TEXT, TEXT], an_int4, if name == "position" { what } else { of })]
        }
        "starts_with" => vec![f(&[TEXT, TEXT], a_bool, |_, a| Ok(Datum::Bool(t(a, 0).starts_with(t(a, 1)))))],
        "translate" => vec![f(&[TEXT, TEXT, TEXT], a_text, |_, a| {
            let (from, to): (Vec<char>, Vec<char>) = (t(a, 1).chars().collect(), t(a, 2).chars().collect());
            let made = t(a, 0).chars().filter_map(|c| match from.iter().position(|own| *own == c) {
                Some(at) => to.get(at).copied(),
                None => Some(c),
            });
            Ok(Datum::text(made.collect::<String>()))
        })],
        "chr" => vec![f(&[INT4], a_text, |_, a| {
            let made = u32::try_from(n(a, 0)).ok().filter(|code| *code != 0).and_then(char::from_u32);
            made.map(|c| Datum::text(c.to_string()))
                .ok_or_else(|| SqlError::internal("requested character not valid"))
        })],
        "ascii" => vec![f(&[TEXT], an_int4, |_, a| {
            Ok(Datum::Int(t(a, 0).chars().next().map_or(0, |c| i64::from(u32::from(c)))))
        })],
        "quote_ident" => vec![f(&[TEXT], a_text, |_, a| Ok(Datum::text(quote_ident(t(a, 0)))))],
        "encode" => vec![f(&[Type::Bytea, TEXT], a_text, |_, a| match t(a, 1) {
            "hex" => Ok(Datum::text(print::hex(bytes_of(a)))),
            other => Err(SqlError::unsupported(format!("the encoding {other}"))),
        })],
        "decode" => vec![f(&[TEXT, TEXT], a_bytea, |_, a| match t(a, 1) {
            "hex" => input::unhex(t(a, 0))
                .map(Datum::Bytes)
                .ok_or_else(|| SqlError::internal("invalid hexadecimal data")),
            other => Err(SqlError::unsupported(format!("the encoding {other}"))),
        })],
        "parse_ident" => return None,
        "try_parse_monotonic_iso8601_timestamp" => {
            vec![
                f(&[TEXT], a_timestamp, |_, a| {
                    let read = crate::sandbox::query::time::parse_timestamp(t(a, 0), true);
                    Ok(read.map_or(Datum::Null, Datum::Int))
                })
                .nulls(StrictMay),
            ]
        }
        _ => return None,
    })
}

fn trims(eval: Eval) -> Vec<Overload> {
    vec![f(&[TEXT], a_text, eval), f(&[TEXT, TEXT], a_text, eval)]
}

fn position(text: &str, part: &str) -> Datum {
    text.find(part).map_or(Datum::Int(0), |at| count(text.get(..at).unwrap_or_default().chars().count() + 1))
}

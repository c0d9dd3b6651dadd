//! Values as the server prints them.

use std::fmt::Display;
use std::fmt::Write;
use std::time::Duration;

use super::super::model::access::Acl;
use super::super::model::access::Grantee;
use super::super::model::access::Privilege;
use super::super::model::id::SchemaId;
use crate::clock::Timestamp;
use crate::name::Ident;

/// A value that is not NULL.
pub(super) fn some(value: impl Display) -> Option<String> {
    Some(value.to_string())
}

/// A boolean.
pub(super) fn flag(value: bool) -> Option<String> {
    Some(if value { "t" } else { "f" }.to_owned())
}

/// A boolean that can be NULL.
pub(super) fn flag_or_null(value: Option<bool>) -> Option<String> {
    value.and_then(flag)
}

/// The id of a schema; the one of temporary things is `0`, whosever they are.
pub(super) fn schema(id: SchemaId) -> String {
    match id {
        SchemaId::System(number) if !super::SCHEMAS.iter().any(|(_, known)| *known == number) => {
            "0".to_owned()
        }
        id => id.to_string(),
    }
}

/// A name as it is stored, without quotes.
pub(super) fn ident(name: &Ident) -> Option<String> {
    Some(name.as_str().to_owned())
}

/// An access list: `{=r/u1,u2=UC/u1}`.
pub(super) fn acl(list: &Acl) -> Option<String> {
    let items: Vec<String> = list
        .iter()
        .map(|((grantee, grantor), privileges)| {
            format!("{}={}/{grantor}", role_or_nobody(*grantee), letters(privileges))
        })
        .collect();
    Some(format!("{{{}}}", items.join(",")))
}

/// The items of an access list, one each.
pub(super) fn acl_items(list: &Acl) -> impl Iterator<Item = String> {
    list.iter().map(|((grantee, grantor), privileges)| {
        format!("{}={}/{grantor}", role_or_nobody(*grantee), letters(privileges))
    })
}

fn role_or_nobody(grantee: Grantee) -> String {
    match grantee {
        Grantee::Public => String::new(),
        Grantee::Role(id) => id.to_string(),
    }
}

/// The letters of privileges, in the server's order.
pub(super) fn letters<'p>(privileges: impl IntoIterator<Item = &'p Privilege>) -> String {
    privileges.into_iter().map(|privilege| privilege.letter()).collect()
}

/// Whom something is granted to: an id, or `p` for everybody.
pub(super) fn grantee_id(grantee: Grantee) -> String {
    match grantee {
        Grantee::Public => "p".to_owned(),
        Grantee::Role(id) => id.to_string(),
    }
}

/// A moment: `2026-05-05 11:56:11.5+00`.
pub(super) fn moment(at: Timestamp) -> String {
    let millis = i64::try_from(at.0).unwrap_or(i64::MAX);
    // Beyond the calendar nothing can be printed; a clock never gets there.
    let Some(time) = chrono::DateTime::from_timestamp_millis(millis) else { return "infinity".to_owned() };
    let seconds = time.format("%Y-%m-%d %H:%M:%S").to_string();
    match at.0 % 1000 {
        0 => format!("{seconds}+00"),
        fraction => {
            let digits = format!("{fraction:03}");
            format!("{seconds}.{}+00", digits.trim_end_matches('0'))
        }
    }
}

/// An interval of less than a day or of many hours: `00:00:01.5`.
pub(super) fn interval(length: Duration) -> String {
    let seconds = length.as_secs();
    let text = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    match length.subsec_millis() {
        0 => text,
        fraction => {
            let digits = format!("{fraction:03}");
            format!("{text}.{}", digits.trim_end_matches('0'))
        }
    }
}

/// An array or a list of texts: `{a,"b c"}`.
pub(super) fn array<T: AsRef<str>>(elements: impl IntoIterator<Item = T>) -> String {
    let elements: Vec<String> = elements.into_iter().map(|element| quoted(element.as_ref())).collect();
    format!("{{{}}}", elements.join(","))
}

fn quoted(element: &str) -> String {
    let special = |c: char| matches!(c, '{' | '}' | ',' | '"' | '\\') || c.is_whitespace();
    if element.is_empty() || element.eq_ignore_ascii_case("null") || element.contains(special) {
        let inner = element.replace('\\', "\\\\").replace('"', "\\\"");
        format!("\"{inner}\"")
    } else {
        element.to_owned()
    }
}

/// An expression as it is stored, with quotes only where a name needs them:
/// `pg_catalog.upper(label)`.
pub(crate) fn simple(stored: &str) -> String {
    let mut result = String::with_capacity(stored.len());
    let mut rest = stored;
    while let Some(at) = rest.find(['"', '\'']) {
        let (before, from) = rest.split_at(at);
        result.push_str(before);
        let mark = if from.starts_with('"') { '"' } else { '\'' };
        let end = closing(from, mark);
        let (token, after) = from.split_at(end);
        let inner = token.strip_prefix('"').and_then(|token| token.strip_suffix('"'));
        match inner.and_then(|inner| Ident::new(inner.replace("\"\"", "\"")).ok()) {
            Some(name) => {
                // Writing into a text cannot fail.
                let _ = write!(result, "{name}");
            }
            None => result.push_str(token),
        }
        rest = after;
    }
    result.push_str(rest);
    result
}

/// The end of a quoted token at the beginning of a text; doubled marks belong to it.
pub(super) fn closing(text: &str, mark: char) -> usize {
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c == mark {
            if chars.peek().is_some_and(|(_, next)| *next == mark) {
                chars.next();
            } else {
                return at + c.len_utf8();
            }
        }
    }
    text.len()
}

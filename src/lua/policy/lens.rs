//! Facts as a policy looks at them: by path, a table at a time, names checked against the registry.
//!
//! A path is a JSON pointer. A name that does not exist is an error with the nearest that does; one
//! that is not told here is another, so that a test or a backtest can say what it lacks.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use crate::lua::near;
use crate::lua::registry;
use crate::lua::registry::facts;
use crate::primitives::code::Code;

/// Why there is no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::lua) struct Lacking {
    /// Its code.
    pub(in crate::lua) code: Code,
    /// What is wrong.
    pub(in crate::lua) message: String,
}

/// A key of a table.
#[derive(Clone, Copy, Debug)]
pub(super) enum Key<'k> {
    /// A name.
    Name(&'k str),
    /// A place in a list, from 1.
    At(i64),
    /// Something that no table of facts has.
    Other,
}

/// What stands at a path; nothing where nothing does.
pub(super) fn at<'f>(facts: &'f Json, path: &str) -> &'f Json {
    const NOTHING: &Json = &Json::Null;
    facts.pointer(path).unwrap_or(NOTHING)
}

/// The type at a path, as the registry writes it.
fn kind(path: &str) -> &'static str {
    path.split('/').skip(1).fold(facts::ROOT, |kind, step| inner(kind, &unescaped(step)))
}

/// The type of what a table of that type holds under a key.
fn inner(kind: &'static str, key: &str) -> &'static str {
    let kind = kind.trim_end_matches('?');
    if let Some(inner) = kind.strip_suffix("[]") {
        return inner;
    }
    if let Some(inner) = kind.strip_prefix("table<string, ").and_then(|rest| rest.strip_suffix('>')) {
        return inner;
    }
    let field = fields(kind).and_then(|fields| fields.iter().find(|field| field.name == key));
    field.map_or("any", |field| field.kind)
}

/// The fields of a class; `None` for what is none.
fn fields(kind: &str) -> Option<&'static [registry::classes::Field]> {
    let class = registry::classes().find(|class| class.name == kind.trim_end_matches('?'));
    class.map(|class| class.fields)
}

fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn unescaped(step: &str) -> String {
    step.replace("~1", "/").replace("~0", "~")
}

/// A path for people: `hydration.objects[2].name`.
fn dotted(path: &str, name: &str) -> String {
    let mut told = String::new();
    for step in path.split('/').skip(1) {
        let step = unescaped(step);
        if step.chars().all(|c| c.is_ascii_digit()) {
            let place = step.parse::<u64>().unwrap_or_default() + 1;
            told += &format!("[{place}]");
        } else if step.contains('.') {
            told += &format!("[\"{step}\"]");
        } else {
            told += &format!("{}{step}", if told.is_empty() { "" } else { "." });
        }
    }
    format!("{told}{}{name}", if told.is_empty() { "" } else { "." })
}

/// The path of a table inside a table; `None` where it holds nothing under that key.
///
/// # Errors
/// `policy.unknown-fact` for a name that does not exist, `policy.missing-fact` for one that these
/// facts do not tell.
pub(super) fn child(
    facts: &Json,
    needs: &[&str],
    path: &str,
    key: Key<'_>,
) -> Result<Option<String>, Lacking> {
    let name = match (at(facts, path), key) {
        (Json::Array(items), Key::At(place)) => {
            let index = usize::try_from(place).ok().and_then(|place| place.checked_sub(1));
            let there = index.filter(|index| items.get(*index).is_some());
            return Ok(there.map(|index| format!("{path}/{index}")));
        }
        (Json::Array(_), Key::Name(name)) => {
            let message = format!("`facts.{}` does not exist: it is a list", dotted(path, name));
            return Err(Lacking { code: Code::PolicyUnknownFact, message });
        }
        (_, Key::Name(name)) => name,
        (_, Key::At(_) | Key::Other) => return Ok(None),
    };
    if path.is_empty()
        && !facts::ALWAYS.contains(&name)
        && !needs.contains(&name)
        && facts::names().any(|n| n == name)
    {
        let message = format!("the policy does not say that it needs `{name}`: name it in `needs`");
        return Err(Lacking { code: Code::PolicyUnknownFact, message });
    }
    if at(facts, path).get(name).is_some_and(|value| !value.is_null()) {
        return Ok(Some(format!("{path}/{}", escaped(name))));
    }
    absent(facts, path, name)
}

/// What it means that a table has nothing under a name.
fn absent(facts: &Json, path: &str, name: &str) -> Result<Option<String>, Lacking> {
    let own = kind(path);
    let Some(known) = fields(own) else {
        // Tables by the names of objects can be asked by the end of a name, where that is enough.
        return if own.starts_with("table<string, mz.") { by_end(facts, path, name) } else { Ok(None) };
    };
    match known.iter().find(|field| field.name == name) {
        Some(field) if field.kind.ends_with('?') => Ok(None),
        Some(_) => {
            let message = format!("the facts do not tell `{}`", dotted(path, name));
            Err(Lacking { code: Code::PolicyMissingFact, message })
        }
        None => {
            let question = near::question(name, known.iter().map(|field| field.name));
            let message = format!("there is no fact `{}`{question}", dotted(path, name));
            Err(Lacking { code: Code::PolicyUnknownFact, message })
        }
    }
}

/// The one object whose name ends in the given parts.
fn by_end(facts: &Json, path: &str, name: &str) -> Result<Option<String>, Lacking> {
    let end = format!(".{name}");
    let names = at(facts, path).as_object().into_iter().flat_map(|object| object.keys());
    let found: Vec<&String> = names.filter(|full| full.ends_with(&end)).collect();
    match found.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(format!("{path}/{}", escaped(one)))),
        [first, second, ..] => {
            let message = format!(
                "`{name}` may be `{first}` or `{second}` in `facts.{}`: write the full name",
                dotted(
                    path.rsplit_once('/').map_or("", |(above, _)| above),
                    path.rsplit('/').next().unwrap_or("")
                )
            );
            Err(Lacking { code: Code::PolicyUnknownFact, message })
        }
    }
}

/// The names of a table that a policy may walk, in order.
pub(super) fn names<'f>(facts: &'f Json, needs: &[&str], path: &str) -> Vec<&'f str> {
    let names = at(facts, path).as_object().into_iter().flatten();
    let shown = |name: &str| !path.is_empty() || facts::ALWAYS.contains(&name) || needs.contains(&name);
    let mut names: Vec<&str> = names
        .filter(|(name, value)| !value.is_null() && shown(name))
        .map(|(name, _)| name.as_str())
        .collect();
    names.sort_unstable();
    names
}

/// What of the facts that a policy needs is not told. What is told to be null is not known yet; whether
/// that matters shows when the policy looks at it.
///
/// # Errors
/// `policy.missing-fact`.
pub(super) fn complete(facts: &Json, needs: &[&str]) -> Result<(), Lacking> {
    match needs.iter().find(|need| facts.get(**need).is_none()) {
        None => Ok(()),
        Some(need) => {
            let message = format!("the facts do not tell `{need}`, which the policy needs");
            Err(Lacking { code: Code::PolicyMissingFact, message })
        }
    }
}

/// Everything that is wrong with facts that somebody has written, a sentence each, in order.
pub(in crate::lua) fn problems(facts: &Json) -> Vec<String> {
    let mut found = BTreeSet::new();
    walk(facts, "", facts::ROOT, &mut found);
    found.into_iter().collect()
}

fn walk(value: &Json, path: &str, kind: &'static str, found: &mut BTreeSet<String>) {
    let told = || match path.rsplit_once('/') {
        Some((above, last)) => dotted(above, &unescaped(last)),
        None => "facts".to_owned(),
    };
    let optional = kind.ends_with('?');
    let kind = kind.trim_end_matches('?');
    match value {
        // What is not known yet is told so.
        Json::Null if optional || kind == "any" || path.matches('/').count() == 1 => {}
        // A moment may be written as a text.
        Json::String(_) if path == "/now" => {}
        Json::Object(object) => {
            let known = fields(kind);
            if known.is_none() && !kind.starts_with("table<") && kind != "any" {
                found.insert(format!("`{}` has to be {}", told(), expected(kind)));
                return;
            }
            for (name, value) in object {
                if known.is_some_and(|fields| fields.iter().all(|field| field.name != name)) {
                    let names = known.into_iter().flatten().map(|field| field.name);
                    let question = near::question(name, names);
                    found.insert(format!("there is no fact `{}`{question}", dotted(path, name)));
                    continue;
                }
                walk(value, &format!("{path}/{}", escaped(name)), inner(kind, name), found);
            }
        }
        Json::Array(items) => match kind.strip_suffix("[]") {
            Some(inner) => {
                for (at, item) in items.iter().enumerate() {
                    walk(item, &format!("{path}/{at}"), inner, found);
                }
            }
            None if kind == "any" => {}
            None => drop(found.insert(format!("`{}` has to be {}", told(), expected(kind)))),
        },
        scalar if fits(scalar, kind) => {}
        _ => drop(found.insert(format!("`{}` has to be {}", told(), expected(kind)))),
    }
}

fn fits(value: &Json, kind: &str) -> bool {
    match kind {
        "any" => true,
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_u64() || value.is_i64(),
        "boolean" => value.is_boolean(),
        words if words.starts_with('"') => {
            value.as_str().is_some_and(|text| words.split('|').any(|word| word.trim_matches('"') == text))
        }
        _ => false,
    }
}

/// What a value of a type is, for people.
fn expected(kind: &str) -> String {
    match kind {
        "string" => "a string".to_owned(),
        "number" => "a number".to_owned(),
        "integer" => "a whole number".to_owned(),
        "boolean" => "true or false".to_owned(),
        words if words.starts_with('"') => words.replace('|', " or "),
        list if list.ends_with("[]") => "a list".to_owned(),
        _ => "a table".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn facts() -> Json {
        json!({
            "now": { "hour": 9 },
            "hydration": { "state": "ready", "objects": [{ "name": "a.b.c", "state": "ready" }] },
            "changes": { "removed": [] },
        })
    }

    #[track_caller]
    fn check(path: &str, key: Key<'_>, expected: &str) {
        let told = match child(&facts(), &["hydration"], path, key) {
            Ok(path) => path.unwrap_or_else(|| "nothing".to_owned()),
            Err(lacking) => format!("{}: {}", lacking.code, lacking.message),
        };
        assert_eq!(told, expected);
    }

    #[test]
    fn tables_are_reached_by_path() {
        check("", Key::Name("hydration"), "/hydration");
        check("/hydration", Key::Name("objects"), "/hydration/objects");
        check("/hydration/objects", Key::At(1), "/hydration/objects/0");
        check("/hydration/objects", Key::At(2), "nothing");
        check("/hydration", Key::Name("lag_s"), "nothing");
    }

    #[test]
    fn names_that_are_none_are_told_with_the_nearest() {
        check(
            "",
            Key::Name("hydratoin"),
            "policy.unknown-fact: there is no fact `hydratoin` (did you mean `hydration`?)",
        );
        check(
            "/hydration/objects/0",
            Key::Name("nme"),
            "policy.unknown-fact: there is no fact `hydration.objects[1].nme` (did you mean `name`?)",
        );
        check(
            "/hydration/objects",
            Key::Name("first"),
            "policy.unknown-fact: `facts.hydration.objects.first` does not exist: it is a list",
        );
    }

    #[test]
    fn what_is_not_needed_or_not_told_says_so() {
        check(
            "",
            Key::Name("changes"),
            "policy.unknown-fact: the policy does not say that it needs `changes`: name it in `needs`",
        );
        check("", Key::Name("run"), "policy.missing-fact: the facts do not tell `run`");
        check("/now", Key::Name("minute"), "policy.missing-fact: the facts do not tell `now.minute`");
    }

    #[test]
    fn mistakes_in_written_facts_are_all_told() {
        assert!(problems(&facts()).is_empty());
        let bad = json!({
            "now": "2026-11-30T09:05:00Z",
            "hydratoin": {},
            "hydration": { "state": "redy", "ready": "two", "objects": [{ "nme": 1 }], "clusters": {} },
            "run": { "args": { "anything": [1] } },
            "changes": [],
        });
        assert_eq!(
            problems(&bad),
            [
                "`changes` has to be a table",
                "`hydration.clusters` has to be a list",
                "`hydration.ready` has to be a whole number",
                "`hydration.state` has to be \"ready\" or \"hydrating\" or \"lagging\" or \"failing\"",
                "there is no fact `hydration.objects[1].nme` (did you mean `name`?)",
                "there is no fact `hydratoin` (did you mean `hydration`?)",
            ]
        );
    }
}

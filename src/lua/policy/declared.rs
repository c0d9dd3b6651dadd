//! What `mz.policy` was given, checked.

use std::time::Duration;

use chrono_tz::Tz;
use mlua::Function;
use mlua::Value;

use crate::lua::check;
use crate::lua::check::Mistake;
use crate::lua::near;
use crate::lua::recipe::API;
use crate::lua::registry::facts;
use crate::primitives::code::Code;

/// A policy may be asked again this soon: each asking costs the server some look-ups.
const SHORTEST: Duration = Duration::from_secs(1);

/// Nobody waits longer for an answer that may have changed.
const LONGEST: Duration = Duration::from_secs(60 * 60);

/// The pause where nothing is said.
pub(in crate::lua) const POLL: Duration = Duration::from_secs(10);

/// What a policy's file declares.
#[derive(Debug)]
pub(in crate::lua) struct Declared {
    /// What people call it.
    pub(in crate::lua) name: String,
    /// One sentence.
    pub(in crate::lua) summary: String,
    /// The facts that it names, each once, in the order of the registry.
    pub(in crate::lua) needs: Vec<&'static str>,
    /// Where `facts.now` is told.
    pub(in crate::lua) timezone: Tz,
    /// The pause before it is asked again.
    pub(in crate::lua) poll: Duration,
    /// Decides.
    pub(in crate::lua) decide: Function,
}

fn wrong(message: impl Into<String>, word: &str) -> Mistake {
    Mistake {
        code: Code::PolicyBadPolicy,
        message: message.into(),
        word: Some(word.to_owned()),
        label: String::new(),
    }
}

/// Checks the values of [`crate::lua::registry::policy::POLICY`], in that order.
pub(in crate::lua) fn of(values: &[Value]) -> Result<Declared, Mistake> {
    let value = |at: usize| values.get(at).cloned().unwrap_or_default();
    let api = check::whole(&value(0)).unwrap_or_default();
    if api != API {
        let message = format!("this mzflow has version {API} of the interface, and the policy wants {api}");
        return Err(wrong(message, "api"));
    }
    let name = check::text_of(&value(1)).unwrap_or_default();
    let legal = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if name.is_empty() || !name.chars().all(legal) {
        let message = format!("`{name}` is no policy's name: letters, digits, `_` and `-` only");
        return Err(wrong(message, "name"));
    }
    let named = check::texts(&value(3)).unwrap_or_default();
    if let Some(unknown) = named.iter().find(|named| facts::names().all(|name| name != **named)) {
        let question = near::question(unknown, facts::names());
        let all: Vec<&str> = facts::names().collect();
        let message = format!("there is no fact `{unknown}`{question}: there are {}", all.join(", "));
        return Err(Mistake { word: Some(unknown.clone()), ..wrong(message, "needs") });
    }
    let poll = check::seconds(&value(5)).unwrap_or(POLL);
    if poll < SHORTEST || poll > LONGEST {
        let message = format!("`poll` is {} s; it has to be from 1 s to 1 h", poll.as_secs_f64());
        return Err(wrong(message, "poll"));
    }
    let Some(decide) = value(6).as_function().cloned() else {
        return Err(wrong("`decide` has to be a function", "decide"));
    };
    Ok(Declared {
        name,
        summary: check::text_of(&value(2)).unwrap_or_default(),
        needs: facts::names().filter(|name| named.iter().any(|named| named == name)).collect(),
        timezone: timezone(check::text_of(&value(4)).as_deref().unwrap_or("UTC"))?,
        poll,
        decide,
    })
}

fn timezone(text: &str) -> Result<Tz, Mistake> {
    text.parse().map_err(|_| {
        let known = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
        let question = near::question(text, known);
        let message = format!("there is no timezone `{text}`{question}: IANA names such as `Europe/Berlin`");
        wrong(message, "timezone")
    })
}

//! Policies: what declares one, and the verdicts that it can give.

use super::Argument;
use super::Effect;
use super::Function;
use super::Returns;
use super::Style;
use super::When;
use super::default;
use super::kind::Kind;
use super::optional;
use super::required;

/// The functions that a policy has beside these: each gives the same for the same arguments.
pub const PURE: &[&str] = &["try", "duration", "json.encode", "json.decode", "json.null"];

const fn verdict(name: &'static str, arguments: &'static [Argument], doc: &'static str) -> Function {
    let returns = Returns { kind: "mz.Verdict", doc: "what `decide` has to return" };
    let (style, effect, when) = (Style::Positional, Effect::None, When::Deciding);
    Function { name, style, arguments, returns, doc, effect, when }
}

/// In the order in which a policy's file needs them.
pub const FUNCTIONS: &[Function] = &[
    Function {
        name: "policy",
        style: Style::Named,
        arguments: POLICY,
        returns: Returns { kind: "mz.Policy", doc: "what the file has to return" },
        doc: "Declares a policy; the file returns it. It is asked before every swap of a run with `--policy`.",
        effect: Effect::None,
        when: When::Deciding,
    },
    verdict(
        "wait",
        &[required(
            "reason",
            Kind::Text,
            "what is waited for; the same words while it is the same, so that the record stays short",
        )],
        "Not yet: the policy is asked again after `poll`.",
    ),
    verdict(
        "promote",
        &[optional("reason", Kind::Text, "why, for the record")],
        "The deployment may become production, if every other policy says so, too.",
    ),
    verdict(
        "abort",
        &[required("reason", Kind::Text, "what is wrong")],
        "The deployment must not become production: the run ends with `policy.aborted`, and the deployment stays.",
    ),
];

/// The fields of a policy.
pub const POLICY: &[Argument] = &[
    required("api", Kind::Integer, "version of this interface: 1"),
    required("name", Kind::Text, "what people call it"),
    optional("summary", Kind::Text, "one sentence"),
    required("needs", Kind::Texts, "names of the facts that are to be collected before it is asked"),
    default("timezone", Kind::Text, "\"UTC\"", "IANA name, such as `Europe/Berlin`, for `facts.now`"),
    default("poll", Kind::Duration, "\"10s\"", "pause before it is asked again, from 1 s to 1 h"),
    required("decide", Kind::Function, "is called with the facts and returns a verdict"),
];

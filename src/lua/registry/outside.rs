//! The functions that deal with people and with what else is outside of the environment.

use super::Argument;
use super::Effect;
use super::Function;
use super::Returns;
use super::Style;
use super::When;
use super::classes::Class;
use super::classes::f;
use super::default;
use super::kind::Kind;
use super::optional;
use super::required;

const fn named(
    name: &'static str,
    arguments: &'static [Argument],
    returns: Returns,
    doc: &'static str,
) -> Function {
    let (style, effect, when) = (Style::Named, Effect::None, When::Running);
    Function { name, style, arguments, returns, doc, effect, when }
}

/// By how often they are needed.
pub const FUNCTIONS: &[Function] = &[named(
    "approve",
    &[
        required(
            "message",
            Kind::Text,
            "what people are asked; it tells the question from others of the run",
        ),
        optional(
            "timeout",
            Kind::Duration,
            "how long to wait before the run is paused; left out, a terminal waits \
                  without an end and everything else is paused at once",
        ),
        default("approvals", Kind::Integer, "1", "how many people have to agree; each role counts once"),
        optional("from", Kind::Texts, "the roles that count; left out, every role does"),
    ],
    Returns { kind: "mz.Approved", doc: "who agreed" },
    "Asks people whether the run may go on. On a terminal it asks there (`--yes` is no answer), and `mzflow approve RUN` \
     answers from anywhere; who answered is the role that the server knows. When the time is over the run ends as paused \
     with exit code 5, which nothing can catch: what was deferred is called, `on_fail` is not, and `mzflow approve RUN` \
     lets it go on. A no is the error `approval.denied`. A resumed run asks the same message again and finds the answers; \
     another message is another question. A rehearsal tells what would be asked and goes on.",
)];

/// The tables that they give.
pub const CLASSES: &[Class] = &[
    Class {
        name: "mz.Approved",
        doc: "A question to which people said yes.",
        fields: &[
            f("message", "string", "what was asked"),
            f("approvals", "mz.Approval[]", "who agreed, oldest first; empty in a rehearsal"),
        ],
    },
    Class {
        name: "mz.Approval",
        doc: "Somebody's yes.",
        fields: &[
            f("by", "string", "the role"),
            f("at", "number", "seconds since 1970 in UTC, by the server's clock"),
            f("comment", "string?", "what was said with it"),
        ],
    },
];

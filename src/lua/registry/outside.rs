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
pub const FUNCTIONS: &[Function] = &[
    named(
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
    ),
    named(
        "http",
        &[
            required("url", Kind::Text, "where to: https, and http on this machine only"),
            default(
                "method",
                Kind::Choice(&["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]),
                "\"GET\"",
                "what to do",
            ),
            optional("headers", Kind::Table, "by name; their values are told nobody else"),
            optional("json", Kind::Anything, "a value that is sent as JSON"),
            optional("body", Kind::Text, "a text that is sent as it is"),
            TIMEOUT,
            optional(
                "retries",
                Kind::Integer,
                "how often to try again after a pause; left out, 2 for GET, HEAD, PUT and DELETE, else 0",
            ),
        ],
        Returns { kind: "mz.Response", doc: "whatever the status is" },
        "Calls another service. Only hosts that `allow_hosts` of the profile lists may be called (`host`, `host:port`, \
         `*.domain`); without a profile it is this machine alone. An answer may be 1 MiB long and may lead on, up to \
         five times, to the same origin. It is tried again where nobody is there, and with status 5xx or 429 where the \
         method is idempotent or `retries` is given. A status is no error; no answer is `http.failed`. Neither URL nor \
         headers are shown or recorded, only the host. What it does over there is done again by a resumed run: wrap it \
         in `mz.step`. A rehearsal sends nothing and gives an empty answer with status 200.",
    ),
    named(
        "notify",
        &[
            required("webhook", Kind::Text, "URL of the webhook, usually from `mz.env`; it is shown nowhere"),
            required("text", Kind::Text, "the message"),
            optional("fields", Kind::Table, "what else the JSON document has beside `text`"),
            default("required", Kind::Boolean, "false", "whether it is an error that nobody is notified"),
            TIMEOUT,
            optional("retries", Kind::Integer, "how often to try again after a pause; left out, 2"),
        ],
        Returns { kind: "mz.Notified", doc: "" },
        "Posts a JSON document `{\"text\": …}` to a webhook, under the rules of `mz.http`. Where that fails it is a \
         warning, unless it is required. A resumed run notifies again: wrap it in `mz.step` where that matters. A \
         rehearsal sends nothing.",
    ),
];

/// How long a request may take.
const TIMEOUT: Argument = default("timeout", Kind::Duration, "\"30s\"", "how long each attempt may take");

/// The tables that they give.
pub const CLASSES: &[Class] = &[
    Class {
        name: "mz.Response",
        doc: "What another service has answered.",
        fields: &[
            f("status", "integer", ""),
            f(
                "headers",
                "table<string, string>",
                "by name in lower case; several of one name are joined by commas",
            ),
            f("body", "string", "its bytes"),
            f("json", "any", "the body read as JSON, where it is; its nulls are nil"),
            f("rehearsed", "boolean", "whether nothing was sent, because it is a rehearsal"),
        ],
    },
    Class {
        name: "mz.Notified",
        doc: "What became of a message.",
        fields: &[
            f("sent", "boolean", "whether it was taken"),
            f("status", "integer?", "of the answer, where it was"),
        ],
    },
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

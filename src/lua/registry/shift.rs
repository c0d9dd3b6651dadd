//! The functions that let roles read what is not production yet.

use super::Effect;
use super::Function;
use super::Returns;
use super::Style;
use super::When;
use super::default;
use super::kind::Kind;
use super::optional;
use super::required;

const fn named(
    name: &'static str,
    arguments: &'static [super::Argument],
    kind: &'static str,
    doc: &'static str,
) -> Function {
    let returns = Returns { kind, doc: "" };
    let (style, effect, when) = (Style::Named, Effect::Changes, When::Running);
    Function { name, style, arguments, returns, doc, effect, when }
}

/// There and back.
pub const FUNCTIONS: &[Function] = &[
    named(
        "shift",
        &[
            required("deployment", Kind::Deployment, "what the roles are to read"),
            optional("role", Kind::Text, "the role: either this or `roles`"),
            optional("roles", Kind::Texts, "several roles; a later call adds others"),
            optional(
                "database",
                Kind::Text,
                "the database that the roles' sessions are in, where a schema of that name is in several",
            ),
            default("ready_check", Kind::Boolean, "true", "refuse a deployment that is not ready"),
            default(
                "allowed_lag",
                Kind::Duration,
                "\"5m\"",
                "how far behind the server's clock an object may be",
            ),
        ],
        "mz.Shift",
        "Lets new sessions of roles read a deployment that is not production: sets each role's `search_path` and \
         `cluster` to the staging names, and records what they were. Checks before anything is set that the roles \
         may read there what they may read in production. Sessions that are open, and names that are qualified \
         with their schema, go on reading production. `mz.unshift`, a swap, a drop, and a run that fails put the \
         roles back.",
    ),
    named(
        "unshift",
        &[
            optional("deployment", Kind::Deployment, "the deployment that roles read; else any"),
            optional("role", Kind::Text, "the role: this, `roles`, or all that read it"),
            optional("roles", Kind::Texts, "several roles"),
        ],
        "mz.Unshift",
        "Lets new sessions of roles read production again: their settings become what they were before `mz.shift`. \
         What somebody else has set meanwhile stays. Where no role is shifted, nothing happens.",
    ),
];

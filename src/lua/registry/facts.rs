//! The facts that a policy decides on: their names, their fields, their types.
//!
//! What is written here is what exists: the host refuses every other name, in a policy and in a
//! file of facts alike.

use super::classes::Class;
use super::classes::f;

/// The class of all facts; what follows is reached from it.
pub const ROOT: &str = "mz.Facts";

/// Facts that cost nothing to know: they are there without being named in `needs`.
pub const ALWAYS: &[&str] = &["now", "deployment", "run", "policy"];

/// The names of all facts.
pub fn names() -> impl Iterator<Item = &'static str> {
    CLASSES.iter().filter(|class| class.name == ROOT).flat_map(|class| class.fields).map(|field| field.name)
}

/// Every class of facts, the root first.
pub const CLASSES: &[Class] = &[
    Class {
        name: ROOT,
        doc: "What a policy decides on: plain data that cannot be changed.",
        fields: &[
            f("now", "mz.FactsNow", "the time by the server's clock, in the policy's timezone"),
            f("deployment", "mz.FactsDeployment", "what is to become production"),
            f("run", "mz.FactsRun", "the run that wants to promote it"),
            f("policy", "mz.FactsPolicy", "how often this policy was asked before"),
            f("changes", "mz.FactsChanges", "what the deployment changes; in `needs`"),
            f("hydration", "mz.FactsHydration", "how far it has come; in `needs`"),
            f(
                "compare",
                "table<string, mz.FactsCompared>",
                "how its rows differ from production's, by object; the end of a name is enough where it is one \
                 object's; in `needs`",
            ),
            f(
                "approvals",
                "mz.FactsApproval[]",
                "who agreed, oldest first, each role once: while the policy waits, `mzflow approve RUN` does; in `needs`",
            ),
        ],
    },
    Class {
        name: "mz.FactsNow",
        doc: "A moment.",
        fields: &[
            f("epoch", "number", "seconds since 1970 in UTC"),
            f("iso", "string", "such as `2026-11-30T09:05:00+01:00`"),
            f("date", "string", "such as `2026-11-30`; dates compare as texts"),
            f("time", "string", "such as `09:05`; times of a day compare as texts"),
            f("year", "integer", ""),
            f("month", "integer", "1 to 12"),
            f("day", "integer", "1 to 31"),
            f("hour", "integer", "0 to 23"),
            f("minute", "integer", "0 to 59"),
            f("second", "integer", "0 to 59"),
            f(
                "weekday",
                "\"Monday\"|\"Tuesday\"|\"Wednesday\"|\"Thursday\"|\"Friday\"|\"Saturday\"|\"Sunday\"",
                "",
            ),
            f("iso_weekday", "integer", "1 (Monday) to 7 (Sunday)"),
            f("timezone", "string", "the policy's"),
        ],
    },
    Class {
        name: "mz.FactsDeployment",
        doc: "A deployment that is to become production.",
        fields: &[
            f("id", "string", ""),
            f("isolation", "\"cluster\"|\"schema\"|\"object\"", "what is swapped as a whole"),
            f("objects", "integer", "objects built"),
            f(
                "schemas",
                "string[]",
                "production names of the schemas that change places, or in which objects do",
            ),
            f("replaced_in", "string[]", "schemas that stay, and in which materialized views are replaced"),
            f("clusters", "string[]", "production names of the clusters that change places"),
            f("staged_at", "string", "when its names were first recorded, in UTC"),
            f("staged_by", "string", "role"),
            f("age_s", "number", "seconds since then"),
            f("commit", "string?", "git commit of the project"),
        ],
    },
    Class {
        name: "mz.FactsRun",
        doc: "The run that wants to promote.",
        fields: &[
            f("id", "string", ""),
            f("recipe", "string", "name of the recipe, or `promote`"),
            f("args", "table<string, any>", "its arguments; durations in seconds"),
            f("started_by", "string", "role"),
        ],
    },
    Class {
        name: "mz.FactsPolicy",
        doc: "How often a policy was asked about this deployment in this run, before a resume too.",
        fields: &[
            f("name", "string", ""),
            f("asked", "integer", "this time included: 1 at first"),
            f("since", "string", "when it was first asked, in UTC"),
            f("waited_s", "number", "seconds since then"),
        ],
    },
    Class {
        name: "mz.FactsChanges",
        doc: "What a deployment changes: full names by change, in order, and how many there are of each.",
        fields: &[
            f("summary", "mz.FactsSummary", ""),
            f("added", "string[]", ""),
            f("changed", "string[]", ""),
            f("removed", "string[]", "objects that would be gone"),
            f("drifted", "string[]", "objects that somebody else changed"),
            f("dependent", "string[]", "rebuilt because of what they read"),
            f("carried", "string[]", "rebuilt because of where they stand"),
            f("reindexed", "string[]", "indexes alone, built beside"),
            f("metadata", "string[]", "grants, comments or owner alone"),
        ],
    },
    Class {
        name: "mz.FactsSummary",
        doc: "Numbers of objects by change.",
        fields: &[
            f("added", "integer", ""),
            f("changed", "integer", ""),
            f("removed", "integer", ""),
            f("drifted", "integer", ""),
            f("dependent", "integer", ""),
            f("carried", "integer", ""),
            f("reindexed", "integer", ""),
            f("metadata", "integer", ""),
        ],
    },
    Class {
        name: "mz.FactsHydration",
        doc: "How far a deployment has come.",
        fields: &[
            f("state", "\"ready\"|\"hydrating\"|\"lagging\"|\"failing\"", "the worst of its objects"),
            f("ready", "integer", "objects that are ready"),
            f("total", "integer", "objects in all; plain views do not count"),
            f("lag_s", "number?", "the largest lag that is known"),
            f("blue_lag_s", "number?", "the same of what it would replace"),
            f("objects", "mz.FactsHydrated[]", "in the order of their names"),
            f("clusters", "mz.ClusterStatus[]", "in the order of their names"),
        ],
    },
    Class {
        name: "mz.FactsHydrated",
        doc: "How far an object has come.",
        fields: &[
            f("name", "string", "production name"),
            f("state", "\"ready\"|\"hydrating\"|\"lagging\"|\"failing\"", ""),
            f("lag_s", "number?", "seconds behind the server's clock, where known"),
            f("blue_lag_s", "number?", "the same of the object that it would replace, where there is one"),
            f("reason", "string?", "why it is not ready"),
        ],
    },
    Class {
        name: "mz.FactsCompared",
        doc: "How the rows of an object differ from production's. Both are read at one timestamp; rows are compared \
              whole, as `mz.compare` does without a key, so that a changed row is one removed and one added.",
        fields: &[
            f(
                "state",
                "\"same\"|\"differs\"|\"new\"|\"removed\"",
                "`new` and `removed` have only one side, and no rows",
            ),
            f("kind", "string", "what it is"),
            f("rows_blue", "integer?", "rows in production"),
            f("rows_green", "integer?", "rows in the deployment"),
            f("added", "integer", "rows that only the deployment has"),
            f("removed", "integer", "rows that only production has"),
            f("columns", "mz.FactsColumns", "rows are compared by the columns that both have"),
        ],
    },
    Class {
        name: "mz.FactsApproval",
        doc: "Somebody agreed that the deployment becomes production.",
        fields: &[
            f("by", "string", "role"),
            f("at", "string", "when, in UTC"),
            f("age_s", "number", "seconds since then"),
            f("comment", "string?", "what was said with it"),
        ],
    },
    Class {
        name: "mz.FactsColumns",
        doc: "How the columns of two sides differ.",
        fields: &[
            f("added", "string[]", "only the deployment has them"),
            f("removed", "string[]", "only production has them"),
            f("retyped", "string[]", "those of another type"),
            f("reordered", "boolean", "whether those that both have stand in another order"),
        ],
    },
];

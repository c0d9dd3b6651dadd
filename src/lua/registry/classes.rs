//! The tables that functions give, for the stubs and the reference page.

/// A field of a table.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// Its type, as the stubs write it.
    pub kind: &'static str,
    /// What it is.
    pub doc: &'static str,
}

/// A table that a function gives.
#[derive(Clone, Copy, Debug)]
pub struct Class {
    /// Its name in the stubs.
    pub name: &'static str,
    /// What it is.
    pub doc: &'static str,
    /// Its fields, in order.
    pub fields: &'static [Field],
}

pub(super) const fn f(name: &'static str, kind: &'static str, doc: &'static str) -> Field {
    Field { name, kind, doc }
}

/// Every table, each behind those that give it.
pub const CLASSES: &[Class] = &[
    Class {
        name: "mz.Context",
        doc: "What a recipe's functions are called with.",
        fields: &[
            f("args", "table<string, any>", "the arguments of the recipe; durations in seconds"),
            f("run", "string", "id of the run"),
            f("recipe", "string", "name of the recipe"),
            f("rehearsal", "boolean", "whether nothing is really done"),
            f("done", "fun(message: string)", "says how the run ended, for the last line"),
            f(
                "refuse",
                "fun(message: string, evidence?: any)",
                "ends the run with exit code 3 (`recipe.refused`): the recipe has looked and says no. The \
                 evidence, any table that JSON can hold, is shown below the message, and is `error.evidence` \
                 under `--json`",
            ),
            f(
                "hook",
                "fun(name: string, ...): any",
                "calls the functions that were given for a hook, each with `ctx` and the rest; gives what the \
                 last one returned, nil where there is none",
            ),
        ],
    },
    Class {
        name: "mz.Project",
        doc: "A compiled project.",
        fields: &[
            f("objects", "mz.ProjectObject[]", "each behind everything it reads"),
            f("diagnostics", "mz.Diagnostic[]", "what a person should know; errors are raised"),
            f("clusters", "integer", "clusters it defines"),
            f("sources", "integer", "sources it defines"),
            f("fingerprint", "string", "equal for projects that would be deployed alike"),
        ],
    },
    Class {
        name: "mz.ProjectObject",
        doc: "An object of a project.",
        fields: &[
            f("name", "string", "full name"),
            f("database", "string", ""),
            f("schema", "string", ""),
            f("object", "string", "its own name"),
            f("kind", "string", ""),
            f("cluster", "string?", "the cluster it runs on"),
            f("depends_on", "string[]", "objects of the project that it reads"),
            f("fingerprint", "string", "what it means"),
            f("file", "string", ""),
            f("line", "integer", ""),
        ],
    },
    Class {
        name: "mz.Diagnostic",
        doc: "Something about a file.",
        fields: &[
            f("severity", "\"error\"|\"warning\"", ""),
            f("code", "string", ""),
            f("message", "string", ""),
            f("file", "string", ""),
            f("line", "integer", ""),
            f("column", "integer", ""),
            f("sqlstate", "string?", "the server's, where the server found it"),
            f("detail", "string?", "the server's"),
            f("hint", "string?", "the server's"),
        ],
    },
    Class {
        name: "mz.Checked",
        doc: "What `mz.check` found.",
        fields: &[
            f("checked", "integer", "objects whose query the server has accepted"),
            f("diagnostics", "mz.Diagnostic[]", "warnings; errors are raised"),
        ],
    },
    Class {
        name: "mz.Setup",
        doc: "What `mz.setup` made.",
        fields: &[f("statements", "string[]", "statements that ran; none where everything was there")],
    },
    Class {
        name: "mz.Applied",
        doc: "What `mz.apply` did.",
        fields: &[
            f("actions", "string[]", "in words, in order"),
            f("statements", "string[]", "secrets masked"),
        ],
    },
    Class {
        name: "mz.Changes",
        doc: "What a deployment would change.",
        fields: &[
            f("empty", "boolean", "whether there is nothing to deploy"),
            f(
                "unfinished",
                "string?",
                "the last promotion, where what follows it was not done; staging goes on with it",
            ),
            f("objects", "mz.Change[]", "every object that is not unchanged"),
            f("summary", "table<string, integer>", "how many objects there are of each change"),
            f("drifted", "string[]", "objects that somebody else changed"),
            f("removed", "string[]", "objects that would be gone"),
            f(
                "replacements",
                "string[]",
                "materialized views that are replaced in place, so that what reads them stays",
            ),
            f(
                "pending_replacements",
                "string[]",
                "what an earlier promotion has still to replace in place, in words",
            ),
            f("kept", "string[]", "what a schema with a stable API keeps since others read it, in words"),
            f("in_place", "string[]", "what is granted or commented in place, in words"),
            f("to_apply", "string[]", "what `apply` would do first, in words"),
            f("sinks", "string[]", "sinks that will read the new objects"),
            f("repointed_sinks", "string[]", "sinks that will read something else, in words"),
            f("changed_sinks", "string[]", "sinks that only `apply` makes anew, when asked to"),
            f("foreign_dependents", "string[]", "objects of others that read what is replaced"),
            f("refusals", "string[]", "codes of what forbids the deployment; `mz.stage` raises the first"),
            f("isolation", "\"cluster\"|\"schema\"|\"object\"", ""),
            f("cost", "mz.Cost", ""),
            f("alternatives", "mz.Cost[]", "what other isolations would cost"),
            f("isolations", "table<string, mz.Cost>", "what each isolation would cost, by its name"),
            f("against", "mz.Against?", "what production was compared with"),
        ],
    },
    Class {
        name: "mz.Change",
        doc: "What happens to an object.",
        fields: &[
            f("name", "string", "full name"),
            f("kind", "string", ""),
            f(
                "change",
                "\"added\"|\"changed\"|\"removed\"|\"drifted\"|\"dependent\"|\"carried\"|\"reindexed\"|\"metadata\"",
                "",
            ),
            f("because", "string[]", "the objects that are the reason, nearest first"),
            f("way", "\"swapped\"|\"replaced\"|\"renamed\"", "how it becomes production, or leaves it"),
            f("file", "string?", ""),
        ],
    },
    Class {
        name: "mz.Cost",
        doc: "What a deployment takes.",
        fields: &[
            f("isolation", "string?", "of an alternative"),
            f("refusals", "string[]?", "of an alternative: codes of what forbids it"),
            f("forbidden", "string?", "of an alternative: what forbids it and not what was asked for"),
            f("objects", "integer", "objects built"),
            f("clusters", "integer", "clusters cloned"),
            f("ddl_statements", "integer", ""),
        ],
    },
    Class {
        name: "mz.Against",
        doc: "A promotion.",
        fields: &[
            f("deployment", "string", ""),
            f("at_ms", "integer", "milliseconds since 1970"),
            f("age_s", "integer", ""),
            f("by", "string", "role"),
        ],
    },
    Class {
        name: "mz.Pair",
        doc: "A production name and its staging name.",
        fields: &[f("production", "string", ""), f("staging", "string", "")],
    },
    Class {
        name: "mz.Deployment",
        doc: "What stands beside production.",
        fields: &[
            f("id", "string", ""),
            f("schemas", "mz.Pair[]", ""),
            f("clusters", "mz.Pair[]", ""),
            f("renamed", "mz.Pair[]", "objects that change names one by one, with isolation `object`"),
            f("objects", "integer", "objects built"),
            f("replacements", "string[]", "those that take over in place, by production name"),
            f("promoted", "boolean", "whether it is production already: the run was resumed behind its swap"),
        ],
    },
    Class {
        name: "mz.Status",
        doc: "How a deployment fares.",
        fields: &[
            f("deployment", "string", ""),
            f("state", "\"ready\"|\"hydrating\"|\"lagging\"|\"failing\"", "the worst of its objects"),
            f("ready", "integer", "objects that are ready"),
            f("total", "integer", ""),
            f("clusters", "mz.ClusterStatus[]", ""),
            f("objects", "mz.ObjectStatus[]", ""),
        ],
    },
    Class {
        name: "mz.ClusterStatus",
        doc: "How a cluster fares.",
        fields: &[
            f("name", "string", ""),
            f("state", "string", ""),
            f("ready", "integer", ""),
            f("total", "integer", ""),
            f("reason", "string?", ""),
        ],
    },
    Class {
        name: "mz.ObjectStatus",
        doc: "How an object fares.",
        fields: &[
            f("name", "string", "production name"),
            f("state", "string", ""),
            f("lag_s", "number?", "seconds behind the server's clock, where known"),
            f("reason", "string?", "why it is not ready"),
        ],
    },
    Class {
        name: "mz.Promotion",
        doc: "An exchange that committed.",
        fields: &[
            f("deployment", "string", ""),
            f("kind", "\"promotion\"|\"rollback\"", ""),
            f("epoch", "integer", "the one it made"),
            f("at_ms", "integer", "milliseconds since 1970"),
            f("retired", "mz.Retired", "what left production, by the names it bears now"),
            f("sinks", "string[]", "sinks that read something else now"),
            f("pending_sinks", "string[]", ""),
            f(
                "left_sinks",
                "string[]",
                "sinks of other roles that still read what left production, in words",
            ),
            f(
                "stalled_sinks",
                "string[]",
                "sinks that have stalled since they read something else, in words",
            ),
            f("replaced", "string[]", "materialized views that were replaced in place"),
            f(
                "held_by",
                "string[]",
                "others who still read what left production, their SUBSCRIBEs too: it is not dropped before",
            ),
            f("keep_s", "integer", "seconds for which it is to be kept"),
        ],
    },
    Class {
        name: "mz.Shift",
        doc: "Who reads a deployment that is not production.",
        fields: &[
            f("deployment", "string", ""),
            f("roles", "mz.Reader[]", "in the order in which they were named"),
            f("unaffected", "string[]", "what goes on reading production all the same, in words"),
        ],
    },
    Class {
        name: "mz.Reader",
        doc: "A role whose new sessions read a deployment.",
        fields: &[
            f("role", "string", ""),
            f("search_path", "mz.Moved", ""),
            f("cluster", "mz.Moved?", "nil where the deployment has no clone of it"),
            f("open_sessions", "integer", "sessions that read production until they connect again"),
            f("changed", "boolean", "whether it was set now; false where it was set before"),
        ],
    },
    Class {
        name: "mz.Moved",
        doc: "A setting of a role.",
        fields: &[f("before", "string", ""), f("after", "string", "")],
    },
    Class {
        name: "mz.Unshift",
        doc: "Who reads production again.",
        fields: &[
            f("roles", "string[]", "the roles that were put back"),
            f("left_alone", "string[]", "what somebody else had set meanwhile and stays, in words"),
        ],
    },
    Class {
        name: "mz.Retired",
        doc: "What left production.",
        fields: &[
            f("schemas", "string[]", ""),
            f("clusters", "string[]", ""),
            f("objects", "string[]", "those that changed names one by one"),
        ],
    },
    Class {
        name: "mz.Adopted",
        doc: "What was taken over.",
        fields: &[
            f("deployment", "string?", "what it is recorded as; nil where nothing was to take over"),
            f("adopted", "string[]", ""),
            f("differing", "mz.Difference[]", "what is not what its file says"),
            f("missing", "string[]", "what production does not have"),
            f("known", "integer", "how many were known before"),
        ],
    },
    Class {
        name: "mz.Difference",
        doc: "An object that is not what its file says.",
        fields: &[
            f("name", "string", ""),
            f("file", "string", ""),
            f("reason", "string", ""),
            f("adopted", "boolean", "whether it was taken over all the same"),
        ],
    },
    Class {
        name: "mz.Dropped",
        doc: "What is gone.",
        fields: &[
            f("deployment", "string?", "nil for an overlay"),
            f("overlay", "string?", "the overlay's name, if it was one"),
            f("objects", "integer", ""),
            f("schemas", "string[]", ""),
            f("clusters", "string[]", ""),
            f("databases", "string[]?", "the overlay's databases that are gone"),
        ],
    },
    Class {
        name: "mz.Overlay",
        doc: "What stands in a developer's overlay.",
        fields: &[
            f("name", "string", ""),
            f("database", "string?", "its first database; its only one in a project of one"),
            f("databases", "string[]", ""),
            f("objects", "string[]", "by their names in the overlay, sorted"),
            f("built", "integer", "objects that were built now"),
            f("touched", "string[]", "their production names, each behind what it reads"),
            f("reused", "integer", "objects that were left alone"),
            f("dropped", "integer", "objects that are gone"),
        ],
    },
    Class {
        name: "mz.UnitTested",
        doc: "What came of unit tests: all have passed.",
        fields: &[f("passed", "integer", "how many tests there were")],
    },
    Class {
        name: "mz.Deleted",
        doc: "What is gone from the server.",
        fields: &[
            f("kind", "string", ""),
            f("name", "string", ""),
            f("file", "string", "its file, which stays"),
            f("dropped", "boolean", "whether it stood on the server"),
            f("still_named_by", "string[]", "objects of the project that do not compile without its file"),
        ],
    },
    Class {
        name: "mz.Garbage",
        doc: "What no live deployment owns.",
        fields: &[
            f("items", "mz.GarbageItem[]", "what can be dropped, oldest first"),
            f(
                "unrecorded",
                "string[]",
                "schemas, clusters and objects with a staging name that no record tells of",
            ),
            f(
                "others",
                "string[]",
                "what other commands take away, a line each: lost overlays, deletions that were cut",
            ),
        ],
    },
    Class {
        name: "mz.GarbageItem",
        doc: "Something to drop.",
        fields: &[
            f("deployment", "string", "the deployment whose names it bears"),
            f("why", "\"expired\"|\"kept\"|\"dropping\"|\"abandoned\"|\"overtaken\"", ""),
            f(
                "retired",
                "boolean",
                "whether it is the version that was replaced: `retired` of `mz.drop`, not `deployment`",
            ),
            f("age_s", "integer", "seconds since it was replaced, or staged"),
            f("schemas", "string[]", ""),
            f("clusters", "string[]", ""),
            f("objects", "string[]", "what stands in schemas that stay"),
            f(
                "subscribes",
                "string[]",
                "SUBSCRIBEs over it, in words: they keep it from `mz.drop` without `wait` or `now`",
            ),
        ],
    },
    Class {
        name: "mz.Git",
        doc: "The state of a checkout.",
        fields: &[
            f("sha", "string?", "the commit"),
            f("short_sha", "string?", "its first seven digits"),
            f("branch", "string?", "nil on a detached HEAD"),
            f("dirty", "boolean", "whether something of the project is not committed"),
        ],
    },
    Class {
        name: "mz.Error",
        doc: "What is raised; `tostring` makes a line of it.",
        fields: &[
            f(
                "kind",
                "\"invalid\"|\"refused\"|\"failed\"|\"outcome-unknown\"|\"unreachable\"|\"fenced\"|\"interrupted\"",
                "what to do next differs with it",
            ),
            f("code", "string", "stable, such as `stage.already-exists`"),
            f("message", "string", "for people"),
            f("lines", "string[]", "facts below the message"),
            f("detail", "string?", "the server's"),
            f("hint", "string?", "the server's"),
            f("object", "string?", "what it is about"),
            f("deployment", "string?", "what it is about"),
            f("file", "string?", ""),
            f("line", "integer?", ""),
            f("column", "integer?", ""),
            f("sqlstate", "string?", "the server's"),
            f("cause", "any", "the error that a recipe raised this one for"),
            f("evidence", "any", "what `ctx.refuse` was given"),
            f("traceback", "string[]", "the recipe's own lines, innermost first"),
        ],
    },
    Class { name: "mz.Recipe", doc: "A recipe.", fields: &[f("name", "string", "")] },
    Class { name: "mz.Policy", doc: "A policy.", fields: &[f("name", "string", "")] },
    Class {
        name: "mz.Verdict",
        doc: "What a policy says.",
        fields: &[f("verdict", "\"wait\"|\"promote\"|\"abort\"", ""), f("reason", "string?", "")],
    },
];

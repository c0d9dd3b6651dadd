//! The functions that look at an environment or change it: each calls one primitive.

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

/// What an object may lag behind the clock, for every function that asks.
const ALLOWED_LAG: Argument =
    default("allowed_lag", Kind::Duration, "\"5m\"", "how far behind the server's clock an object may be");

/// The deployment that a function is about.
const DEPLOYMENT: Argument = required("deployment", Kind::Deployment, "the deployment");

const fn named(
    name: &'static str,
    arguments: &'static [Argument],
    kind: &'static str,
    effect: Effect,
    doc: &'static str,
) -> Function {
    let returns = Returns { kind, doc: "" };
    Function { name, style: Style::Named, arguments, returns, doc, effect, when: When::Running }
}

/// In the order in which a deployment calls them.
pub const FUNCTIONS: &[Function] = &[
    named(
        "compile",
        &[
            default("path", Kind::Text, "\".\"", "folder of the project, from the project that is run"),
            optional("variables", Kind::Table, "variables of the project, over the profile's"),
            optional("profile", Kind::Text, "profile that chooses variants and variables"),
        ],
        "mz.Project",
        Effect::None,
        "Reads the project into objects with full names, dependencies and fingerprints. Touches no server. \
         Raises `compile.failed` with every mistake at its place.",
    ),
    named(
        "setup",
        &[],
        "mz.Setup",
        Effect::Changes,
        "Makes the tracking database, whatever of it is missing.",
    ),
    named(
        "apply",
        &[
            required("project", Kind::Project, "the project"),
            default(
                "secrets",
                Kind::Choice(&["missing", "all", "skip"]),
                "\"missing\"",
                "which secrets get their value: those that do not exist yet, all, or none",
            ),
        ],
        "mz.Applied",
        Effect::Changes,
        "Creates and reconciles what is not blue/green: databases, clusters, roles, secrets, connections, sources, \
         tables. Drops nothing.",
    ),
    named(
        "adopt",
        &[
            required("project", Kind::Project, "the project"),
            default(
                "differing",
                Kind::Boolean,
                "false",
                "also objects that are not what their file says, as they stand",
            ),
        ],
        "mz.Adopted",
        Effect::Changes,
        "Takes over what was built by hand, with dbt or with mz-deploy: writes down what stands under the project's \
         names, and touches none of it.",
    ),
    named(
        "diff",
        &[
            required("project", Kind::Project, "the project"),
            default(
                "isolation",
                Kind::Choice(&["cluster", "schema", "object"]),
                "\"cluster\"",
                "what is swapped: schemas and clusters, schemas, or single objects by renaming them",
            ),
            optional(
                "reuse",
                Kind::Texts,
                "clusters to build on instead of cloning them; `all` for every one",
            ),
            default(
                "purpose",
                Kind::Choice(&["deployment", "overlay"]),
                "\"deployment\"",
                "for an overlay nothing is counted, and nothing is shown: mz.create_overlay tells what it builds",
            ),
        ],
        "mz.Changes",
        Effect::None,
        "Compares the project with production and says what a deployment would change, why, and at what cost.",
    ),
    named(
        "check",
        &[required("changes", Kind::Changes, "what is to be built")],
        "mz.Checked",
        Effect::None,
        "Lets the server check the query of everything that would be built, and creates nothing. Raises \
         `compile.failed` with every complaint at its place.",
    ),
    named(
        "unit_test",
        &[
            required("project", Kind::Project, "the project"),
            optional(
                "objects",
                Kind::Texts,
                "the objects whose tests are run, by their full names; else all",
            ),
        ],
        "mz.UnitTested",
        Effect::None,
        "Runs unit tests of views, and creates nothing. Raises `test.failed` with a line for each that does not \
         pass.",
    ),
    named(
        "stage",
        &[
            required("changes", Kind::Changes, "what is to be built"),
            optional(
                "id",
                Kind::Text,
                "the deployment's id; else from the commit, or outside git from the project",
            ),
            optional(
                "clusters",
                Kind::Clusters,
                "clusters to build on instead of cloning them, if not as compared",
            ),
            default(
                "overwrite_drifted",
                Kind::Boolean,
                "false",
                "put the project's version over what somebody else changed",
            ),
        ],
        "mz.Deployment",
        Effect::Changes,
        "Builds beside production what has to be rebuilt, under staging names that nobody reads. After a crash, \
         or a refusal and a mended file, it goes on with what is there.",
    ),
    named(
        "hydration_status",
        &[DEPLOYMENT, ALLOWED_LAG],
        "mz.Status",
        Effect::None,
        "Looks once how far a deployment has come.",
    ),
    named(
        "await",
        &[
            DEPLOYMENT,
            default("timeout", Kind::Duration, "\"30m\"", "how long to wait"),
            ALLOWED_LAG,
            default("poll", Kind::Duration, "\"1s\"", "longest pause between two looks"),
            optional("on_progress", Kind::Function, "is called with each look; may only log"),
        ],
        "mz.Status",
        Effect::None,
        "Looks until everything is ready. Raises `hydration.failing` at once when a cluster cannot make progress, \
         and `hydration.timeout` with what was missing.",
    ),
    named(
        "swap",
        &[
            DEPLOYMENT,
            default(
                "keep",
                Kind::Duration,
                "\"0s\"",
                "how long the replaced version is to be kept for a rollback",
            ),
            default("force", Kind::Boolean, "false", "replace whatever stands in production now"),
            default("ready_check", Kind::Boolean, "true", "refuse a deployment that is not ready"),
            ALLOWED_LAG,
            default(
                "leave_sinks",
                Kind::Boolean,
                "false",
                "leave sinks that belong to other roles with the replaced version",
            ),
        ],
        "mz.Promotion",
        Effect::Changes,
        "Exchanges a ready deployment with production, in one transaction: readers see all of the old version or \
         all of the new one.",
    ),
    named(
        "rollback",
        &[optional("promotion", Kind::Promotion, "the promotion to take back; else the last one")],
        "mz.Promotion",
        Effect::Changes,
        "Makes the version that a promotion replaced production again, under the same rules as a swap.",
    ),
    named(
        "drop",
        &[
            optional("deployment", Kind::Deployment, "a deployment that is not production, to drop"),
            optional("retired", Kind::Promotion, "a promotion, to drop the version that it replaced"),
            optional(
                "overtaken",
                Kind::Deployment,
                "a deployment that is over, to drop what a run has built of it since",
            ),
            optional("overlay", Kind::Overlay, "a developer's overlay"),
            optional(
                "project",
                Kind::Project,
                "the project that the overlay is of; else the one in this folder, which need not compile",
            ),
            optional(
                "wait",
                Kind::Duration,
                "how long to wait for the end of SUBSCRIBEs over it; else they keep it",
            ),
            default("now", Kind::Boolean, "false", "end SUBSCRIBEs over it"),
        ],
        "mz.Dropped",
        Effect::Changes,
        "Drops what stands under a deployment's staging names or was made for an overlay, and nothing else: \
         `deployment`, `retired`, `overtaken`, or `overlay`. What others still read is refused.",
    ),
    named(
        "delete",
        &[
            required("project", Kind::Project, "the project that has it"),
            required(
                "kind",
                Kind::Choice(&[
                    "cluster",
                    "role",
                    "network-policy",
                    "connection",
                    "secret",
                    "source",
                    "table",
                    "sink",
                    "type",
                ]),
                "what it is",
            ),
            required("name", Kind::Text, "its name; of an object as many of its last parts as tell it apart"),
        ],
        "mz.Deleted",
        Effect::Changes,
        "Drops one thing of the project that is not blue/green, without CASCADE; its file stays. What depends on it is \
         refused, with owners.",
    ),
    named(
        "gc",
        &[
            optional(
                "abandoned",
                Kind::Duration,
                "deployments staged so long ago and not production count too",
            ),
            default("kept", Kind::Boolean, "false", "also what is still kept for a rollback"),
        ],
        "mz.Garbage",
        Effect::None,
        "Finds what no live deployment owns any more, and drops nothing: hand each item to `mz.drop`.",
    ),
    Function {
        name: "query",
        style: Style::Positional,
        arguments: &[
            required("sql", Kind::Text, "one statement that reads, with `$1`, `$2` where values go in"),
            optional("params", Kind::Table, "the values, in order; `mz.json.null` is NULL"),
        ],
        returns: Returns {
            kind: "table<string, any>[]",
            doc: "the rows; in each the columns by name, NULL left out",
        },
        doc: "Runs a statement that reads, in a transaction that can do nothing else. Values are typed parameters, \
              never part of the text.",
        effect: Effect::None,
        when: When::Running,
    },
];

//! The functions that compare a deployment with production and judge it.

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

/// The deployment that a function is about.
const DEPLOYMENT: Argument = required("deployment", Kind::Deployment, "the deployment");

/// What a comparison takes.
pub const COMPARED: &[Argument] = &[
    DEPLOYMENT,
    optional("object", Kind::Text, "production name of the view to compare; else every one that was built"),
    optional("objects", Kind::Texts, "the same for several"),
    optional(
        "key",
        Kind::Keys,
        "the columns that tell one row: rows of one key are `changed`, not added and removed",
    ),
    optional(
        "allow",
        Kind::Allow,
        "what is intended. A condition in SQL is decided by the server for every differing row: columns go by \
             their names (of a changed row it has to hold before and after), or by `before.x` and `after.x`, and \
             `change` is `added`, `removed` or `changed`. A function is called with each of at most 1,000 differing \
             rows of an object, and says true; it cannot wait",
    ),
    default("samples", Kind::Integer, "10", "so many differing rows of each kind are given, at most 1000"),
    optional(
        "cluster",
        Kind::Text,
        "the cluster that computes it; else one that has the deployment's object at hand",
    ),
    default("timeout", Kind::Duration, "\"5m\"", "how long each object may take"),
];

/// By what a recipe needs first.
pub const FUNCTIONS: &[Function] = &[Function {
    name: "compare",
    style: Style::Named,
    arguments: COMPARED,
    returns: Returns { kind: "mz.Comparison", doc: "" },
    doc: "Tells the exact difference of what a deployment built and what production has. The server computes it, each \
          object at one timestamp; counts and samples are all that travels, and nothing is created. Without a key rows \
          are counted with how often they are there. NULL equals NULL, NaN equals NaN, -0.0 equals 0.0; lists, maps, \
          records, arrays and columns of another type are compared as text. A difference is never an error: the recipe \
          decides.",
    effect: Effect::None,
    when: When::Running,
}];

/// The tables that they give.
pub const CLASSES: &[Class] = &[
    Class {
        name: "mz.Comparison",
        doc: "How a deployment and production differ.",
        fields: &[
            f("deployment", "string", ""),
            f("objects", "mz.ComparedObject[]", "in the order of their names"),
            f("added", "integer", "rows that only the deployment has, in all objects"),
            f("removed", "integer", "rows that only production has"),
            f("changed", "integer", "rows of one key that differ"),
            f("allowed", "integer", "differing rows that are intended"),
            f("unexplained", "integer", "differing rows that are not, or that nobody judged"),
            f("at", "integer?", "the moment of the last object, in milliseconds since 1970"),
            f("rehearsed", "boolean", "whether nothing was asked, because it is a rehearsal"),
        ],
    },
    Class {
        name: "mz.ComparedObject",
        doc: "How an object of a deployment and production's differ.",
        fields: &[
            f("name", "string", "production name"),
            f("kind", "string", ""),
            f(
                "state",
                "\"same\"|\"differs\"|\"new\"|\"removed\"",
                "`new` and `removed` have only one side, and no counts",
            ),
            f("message", "string", "the difference in words"),
            f("rows_blue", "integer?", "rows in production"),
            f("rows_green", "integer?", "rows in the deployment"),
            f("added", "integer", ""),
            f("removed", "integer", ""),
            f("changed", "integer", "0 without a key"),
            f("allowed", "integer", ""),
            f("unexplained", "integer", ""),
            f(
                "unjudged",
                "integer",
                "those of `unexplained` that the function was not asked about: there are too many",
            ),
            f(
                "duplicate_keys",
                "mz.DuplicateKeys",
                "keys that several rows have; such rows are added or removed where they cannot be paired",
            ),
            f("columns", "mz.ColumnDifferences", "rows are compared by the columns that both have"),
            f(
                "samples",
                "mz.DifferingRow[]",
                "some differing rows of each kind, those that are not intended first",
            ),
            f("at", "integer?", "the moment at which both sides were read, in milliseconds since 1970"),
            f("cluster", "string?", "the cluster that computed it, where one was chosen"),
        ],
    },
    Class {
        name: "mz.DuplicateKeys",
        doc: "How many keys are not one row's.",
        fields: &[f("blue", "integer", "in production"), f("green", "integer", "in the deployment")],
    },
    Class {
        name: "mz.ColumnDifferences",
        doc: "How the columns of two sides differ.",
        fields: &[
            f("added", "string[]", "only the deployment has them"),
            f("removed", "string[]", "only production has them"),
            f("retyped", "mz.RetypedColumn[]", ""),
            f("reordered", "boolean", "whether those that both have stand in another order"),
            f("as_text", "string[]", "those that are compared as text"),
        ],
    },
    Class {
        name: "mz.RetypedColumn",
        doc: "A column of another type.",
        fields: &[
            f("name", "string", ""),
            f("blue", "string", "its type in production"),
            f("green", "string", "its type in the deployment"),
        ],
    },
    Class {
        name: "mz.DifferingRow",
        doc: "A row that differs.",
        fields: &[
            f("object", "string?", "whose it is, for a function of `allow`"),
            f("change", "\"added\"|\"removed\"|\"changed\"", ""),
            f(
                "before",
                "table<string, any>?",
                "its columns in production, NULL left out; nil of an added one",
            ),
            f(
                "after",
                "table<string, any>?",
                "its columns in the deployment, NULL left out; nil of a removed one",
            ),
            f("allowed", "boolean?", "whether it is intended, in samples"),
        ],
    },
];

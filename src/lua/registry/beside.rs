//! The functions beside the primitives: steps, errors, time, facts, talk, recipes.

use super::Argument;
use super::Effect;
use super::Fact;
use super::Function;
use super::Returns;
use super::Style;
use super::When;
use super::default;
use super::kind::Kind;
use super::optional;
use super::required;

const fn always(
    name: &'static str,
    arguments: &'static [Argument],
    returns: Returns,
    doc: &'static str,
) -> Function {
    let (style, effect, when) = (Style::Positional, Effect::None, When::Always);
    Function { name, style, arguments, returns, doc, effect, when }
}

const fn running(
    name: &'static str,
    arguments: &'static [Argument],
    returns: Returns,
    doc: &'static str,
) -> Function {
    let (style, effect, when) = (Style::Positional, Effect::None, When::Running);
    Function { name, style, arguments, returns, doc, effect, when }
}

const fn gives(kind: &'static str, doc: &'static str) -> Returns {
    Returns { kind, doc }
}

const NOTHING: Returns = Returns { kind: "", doc: "" };

/// Values that are no functions.
pub const FACTS: &[Fact] = &[
    Fact {
        name: "git",
        kind: "mz.Git",
        doc: "What git says of the project; outside git its fields are nil and `dirty` is false.",
    },
    Fact {
        name: "json.null",
        kind: "lightuserdata",
        doc: "The null of JSON and the NULL of a query's parameters.",
    },
];

/// By what a recipe needs first.
pub const FUNCTIONS: &[Function] = &[
    Function {
        name: "recipe",
        style: Style::Named,
        arguments: RECIPE,
        returns: gives("mz.Recipe", "what the file has to return"),
        doc: "Declares a recipe; the file returns it.",
        effect: Effect::None,
        when: When::Always,
    },
    running(
        "step",
        &[
            required("name", Kind::Text, "unique in its run"),
            required("fn", Kind::Function, "does it, and returns what JSON can hold"),
        ],
        gives("any", "what `fn` returned, this time or before the run was resumed"),
        "Does a side effect of yours once in a run. Its result is recorded, and a resumed run gets the result \
         instead of doing it again.",
    ),
    running(
        "defer",
        &[required("fn", Kind::Function, "cleans up")],
        NOTHING,
        "Calls a function when the run ends, however it ends; the last one that was deferred comes first.",
    ),
    always(
        "try",
        &[required("fn", Kind::Function, "may raise an error")],
        gives("any, mz.Error?", "what `fn` returned, or nil and the error"),
        "Calls a function and gives its error as a value. A stop that was asked for, the run's deadline, and a run \
         that another process has taken over cannot be caught.",
    ),
    running(
        "sleep",
        &[required("duration", Kind::Duration, "how long")],
        NOTHING,
        "Waits; Ctrl-C and the run's deadline end the wait. A rehearsal does not wait.",
    ),
    always("now", &[], gives("number", "seconds since 1970 in UTC"), "Tells the time."),
    always(
        "duration",
        &[required("text", Kind::Duration, "such as `90s`, `5m`, `1h`")],
        gives("number", "seconds"),
        "Reads a duration.",
    ),
    always(
        "env",
        &[
            required("name", Kind::Text, "of the variable"),
            optional("default", Kind::Text, "what it is where it is not set"),
        ],
        gives("string?", "nil where it is not set"),
        "Reads an environment variable.",
    ),
    always(
        "uuid",
        &[],
        gives("string", "such as `0f8fad5b-d9cb-469f-a165-70867728950e`"),
        "Makes a random id.",
    ),
    always(
        "json.encode",
        &[required("value", Kind::Anything, "a table, a string, a number, a boolean")],
        gives("string", "JSON, keys in order"),
        "Writes a value as JSON.",
    ),
    always(
        "json.decode",
        &[required("text", Kind::Text, "JSON")],
        gives("any", "null is `mz.json.null`"),
        "Reads JSON.",
    ),
    always(
        "log",
        &[
            required("message", Kind::Anything, "a line; what is no string is written as JSON"),
            default("level", Kind::Choice(&["debug", "info", "warn"]), "\"info\"", "how important it is"),
        ],
        NOTHING,
        "Tells people something.",
    ),
    always(
        "progress",
        &[
            required("message", Kind::Text, "what is under way"),
            optional("done", Kind::Integer, "how much of it is done"),
            optional("total", Kind::Integer, "how much there is in all"),
        ],
        NOTHING,
        "Tells how far something has come; the next one takes its place.",
    ),
];

/// The fields of a recipe.
pub const RECIPE: &[Argument] = &[
    required("api", Kind::Integer, "version of this interface: 1"),
    required("name", Kind::Text, "what people type"),
    required("summary", Kind::Text, "one sentence for `mzflow recipes`"),
    optional("args", Kind::Table, "its arguments by name: the options of `mzflow run`"),
    optional("hooks", Kind::Table, "names of hooks; with `extends`, functions by the names of its hooks"),
    optional("run", Kind::Function, "what it does: `function(ctx)`"),
    optional("on_fail", Kind::Function, "is called with `ctx` and the error when it failed"),
    optional("extends", Kind::Text, "the recipe that this one changes, instead of `run`"),
];

/// The fields of an argument of a recipe.
pub const RECIPE_ARGUMENT: &[Argument] = &[
    optional("type", Kind::Anything, "`string`, `duration`, `number`, `boolean`, or a list of choices"),
    optional("default", Kind::Anything, "what it is where it is not given"),
    optional("help", Kind::Text, "what it is for"),
    optional("required", Kind::Boolean, "whether it has to be given"),
    optional("many", Kind::Boolean, "whether it may be given several times; it is a list then"),
    optional("alias", Kind::Text, "another name of its option"),
];

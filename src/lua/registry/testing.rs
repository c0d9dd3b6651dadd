//! The functions of tests of recipes: `mz.test`, its sandbox, and what a test expects.

use super::Argument;
use super::Effect;
use super::Function;
use super::Methods;
use super::Returns;
use super::Style;
use super::When;
use super::classes::Class;
use super::classes::f;
use super::default;
use super::kind::Kind;
use super::optional;
use super::required;

const fn gives(kind: &'static str, doc: &'static str) -> Returns {
    Returns { kind, doc }
}

const NOTHING: Returns = Returns { kind: "", doc: "" };

const fn method(
    name: &'static str,
    arguments: &'static [Argument],
    returns: Returns,
    doc: &'static str,
) -> Function {
    let (style, effect, when) = (Style::Positional, Effect::None, When::Running);
    Function { name, style, arguments, returns, doc, effect, when }
}

/// What the files of `tests/` are made of.
pub const FUNCTIONS: &[Function] = &[
    Function {
        name: "test",
        style: Style::Named,
        arguments: TEST,
        returns: gives("mz.Test", "what a file of `tests/` returns, alone or in a list"),
        doc: "Declares a test of a recipe; `mzflow test` runs it.",
        effect: Effect::None,
        when: When::Always,
    },
    Function {
        name: "test.sandbox",
        style: Style::Named,
        arguments: SANDBOX,
        returns: gives("mz.Sandbox", "nobody else has it, and it is gone when the test ends"),
        doc: "Opens an empty sandbox for a test. Time in it is the test's own: it stands still while anything is done, \
              and is over at once when everything waits.",
        effect: Effect::None,
        when: When::Running,
    },
];

/// The fields of a test.
pub const TEST: &[Argument] = &[
    optional("name", Kind::Text, "what it is called in reports; without it, the file's name"),
    required("run", Kind::Function, "the test itself: `function(t)`, with what it expects in `t`"),
    default(
        "now",
        Kind::Text,
        "\"2026-01-05T09:00:00Z\"",
        "when it begins, in its own time: the default is a Monday morning",
    ),
    default("timeout", Kind::Duration, "\"24h\"", "how much of its own time it may take"),
    default(
        "crash",
        Kind::Choice(&["last", "all", "none"]),
        "\"last\"",
        "what `mzflow test --crash` cuts at every statement: in each sandbox its last run and what follows, all of \
         them, or nothing",
    ),
    optional(
        "after_crash",
        Kind::Function,
        "is called with `t` and the sandbox when a run was cut and has gone on: expects what must hold always",
    ),
];

const SANDBOX: &[Argument] = &[
    default("hydration", Kind::Duration, "0", "how long each index and materialized view takes to be ready"),
    default("latency", Kind::Duration, "0", "how long each statement takes"),
    default(
        "rbac",
        Kind::Boolean,
        "false",
        "whether rights are checked; it is set up then, and runs are a deployer's",
    ),
    default("project", Kind::Text, "\".\"", "folder of the project, below the one that is tested"),
    optional("profile", Kind::Text, "profile of the project whose variables and files count"),
    optional("files", Kind::Table, "texts by path: they count instead of those of the project, as by `edit`"),
    optional("env", Kind::Table, "the environment variables; a test sees no others"),
];

/// The methods of what tests are given.
pub const METHODS: &[Methods] = &[
    Methods {
        class: "mz.Sandbox",
        short: "s",
        doc: "A sandbox of a test. Its functions may be called with a colon or with a dot.",
        functions: &[
            method(
                "s:run",
                &[
                    required(
                        "recipe",
                        Kind::Text,
                        "a bundled one, one of the project's `recipes/`, or a file",
                    ),
                    optional(
                        "options",
                        Kind::Table,
                        "the recipe's arguments by name, and what else `mzflow run` takes: `policy`, `policy_timeout`, `deadline`, `yes`, `dry_run`",
                    ),
                ],
                gives("mz.Run", "how it ended: a run that failed is no error of the test"),
                "Runs a recipe, as `mzflow run` does.",
            ),
            method(
                "s:resume",
                &[optional("run", Kind::Text, "id of the run; without it, the last one")],
                gives("mz.Run", "how it ended"),
                "Goes on with a run that was cut or has stopped, as `mzflow resume` does.",
            ),
            method(
                "s:abort",
                &[required("deployment", Kind::Deployment, "the deployment to drop")],
                gives("mz.Run", "how it ended"),
                "Drops a staged deployment, as `mzflow abort` does.",
            ),
            method(
                "s:rollback",
                &[optional(
                    "deployment",
                    Kind::Deployment,
                    "whose promotion is taken back; without it, the last one",
                )],
                gives("mz.Run", "how it ended"),
                "Takes a promotion back, as `mzflow rollback` does.",
            ),
            method(
                "s:approve",
                &[
                    default("answer", Kind::Choice(&["approved", "denied"]), "\"approved\"", "yes or no"),
                    optional("message", Kind::Text, "what to say with it"),
                ],
                gives("mz.Run", "how that ended; `s:resume` goes on with a run that has paused"),
                "Answers what the last run asks, as `mzflow approve` does.",
            ),
            method(
                "s:sql",
                &[
                    required("sql", Kind::Text, "one statement"),
                    optional("params", Kind::Table, "its parameters, `$1` first; NULL is `mz.json.null`"),
                    optional("role", Kind::Text, "who sends it; without it, `materialize`"),
                ],
                gives("table[]", "the rows, each by the names of its columns; NULL is nil"),
                "Sends a statement on a connection of its own, as somebody else than the run.",
            ),
            method(
                "s:transcript",
                &[],
                gives("mz.Statement[]", "oldest first"),
                "Tells every statement that anybody has sent to the sandbox.",
            ),
            method(
                "s:edit",
                &[required("files", Kind::Table, "texts by path below the project; `false` removes a file")],
                NOTHING,
                "Changes files of the project, for this sandbox alone.",
            ),
            method(
                "s:fail_replica",
                &[required(
                    "cluster",
                    Kind::Text,
                    "its name, which stands for its clones too, or a pattern with `%`",
                )],
                NOTHING,
                "Lets the replicas of a cluster run out of memory again and again.",
            ),
            method("s:heal_replica", &[], NOTHING, "Ends what `fail_replica` began."),
            method(
                "s:conflict_next",
                &[default("times", Kind::Integer, "1", "how often")],
                NOTHING,
                "Lets the next commit that changes the catalog fail, as if somebody else had changed it meanwhile.",
            ),
            method(
                "s:kill_after",
                &[required(
                    "statement",
                    Kind::Anything,
                    "the number of the statement in `run.statements`, or a pattern such as `\"ALTER SCHEMA%\"`",
                )],
                NOTHING,
                "Lets the next run die right behind a statement, before it hears of its answer, as a process that is killed.",
            ),
            method(
                "s:fault",
                &[required(
                    "fault",
                    Kind::Text,
                    "such as `error '57P01' on 'COMMIT'`, as docs/sandbox.md has them",
                )],
                NOTHING,
                "Lets something else go wrong.",
            ),
            method(
                "s:interrupt",
                &[],
                NOTHING,
                "Asks the run to stop, as Ctrl-C does; for a function of `at`.",
            ),
            method(
                "s:at",
                &[
                    required("after", Kind::Duration, "how long from now"),
                    required(
                        "fn",
                        Kind::Function,
                        "what happens then, while a run goes on or the test sleeps",
                    ),
                ],
                NOTHING,
                "Lets something happen later.",
            ),
        ],
    },
    Methods {
        class: "mz.Expect",
        short: "t",
        doc: "What a test expects. An expectation that does not hold ends the test.",
        functions: &[
            method(
                "t.equal",
                &[
                    optional("actual", Kind::Anything, "what there is"),
                    optional("expected", Kind::Anything, "what there has to be"),
                    optional("message", Kind::Text, "what it is about"),
                ],
                NOTHING,
                "Expects two values to be alike; tables are compared by content.",
            ),
            method(
                "t.ok",
                &[
                    optional("value", Kind::Anything, "what must be neither nil nor false"),
                    optional("message", Kind::Text, "what it is about"),
                ],
                NOTHING,
                "Expects something to be true.",
            ),
            method(
                "t.match",
                &[
                    optional("text", Kind::Anything, "a text, or what is written as JSON"),
                    required("pattern", Kind::Text, "`%` stands for any text; case does not count"),
                    optional("message", Kind::Text, "what it is about"),
                ],
                NOTHING,
                "Expects a text to be like a pattern.",
            ),
            method(
                "t.sequence",
                &[
                    required(
                        "list",
                        Kind::Table,
                        "texts, such as `run.statements`, or what `s:transcript()` gives",
                    ),
                    required("patterns", Kind::Texts, "`%` stands for any text; others may stand in between"),
                    optional("message", Kind::Text, "what it is about"),
                ],
                NOTHING,
                "Expects texts that are like some patterns, in their order.",
            ),
            method(
                "t.count",
                &[
                    required(
                        "list",
                        Kind::Table,
                        "texts, such as `run.statements`, or what `s:transcript()` gives",
                    ),
                    required("pattern", Kind::Text, "`%` stands for any text"),
                    required("times", Kind::Integer, "how many have to be like it; 0 for none"),
                    optional("message", Kind::Text, "what it is about"),
                ],
                NOTHING,
                "Expects as many texts to be like a pattern.",
            ),
            method(
                "t.fails",
                &[
                    required("fn", Kind::Function, "has to raise an error"),
                    optional("code", Kind::Text, "the error's code or SQLSTATE"),
                ],
                gives("mz.Error", "the error"),
                "Expects a function to raise an error.",
            ),
            method(
                "t.sleep",
                &[required("duration", Kind::Duration, "how long, in the test's own time")],
                NOTHING,
                "Lets time pass; what `s:at` has planned for it happens.",
            ),
        ],
    },
];

/// The tables that tests get.
pub const CLASSES: &[Class] = &[
    Class { name: "mz.Test", doc: "A test.", fields: &[f("name", "string?", "")] },
    Class {
        name: "mz.Run",
        doc: "How a run of a test ended.",
        fields: &[
            f(
                "status",
                "string",
                "`done`, `failed`, `refused`, `paused`, `interrupted`, or `killed` by `kill_after`",
            ),
            f("exit", "integer?", "the exit code that `mzflow` would have; nil if it was killed"),
            f("message", "string?", "what the recipe said at its end"),
            f("error", "table?", "`code`, `message` and more of what `--json` tells, if it failed"),
            f("run", "string?", "id of the run"),
            f("deployment", "string?", "the deployment that it was about"),
            f("changes", "table?", "what its last comparison found, as `mz.diff` gives it"),
            f("statements", "string[]", "what it sent that is more than reading, in order"),
            f("took_s", "number", "how much of the test's time it took"),
            f("log", "string[]", "what the recipe told people, what policies said, and warnings"),
        ],
    },
    Class {
        name: "mz.Statement",
        doc: "A statement that a sandbox was sent.",
        fields: &[
            f("statement", "string", "its text, without secrets"),
            f("role", "string", "who sent it"),
            f("session", "integer", "number of the connection"),
            f("application", "string", "what the connection said of itself; that of `s:sql` is `test`"),
            f("at_s", "number", "when, in seconds since 1970"),
            f("outcome", "string", "`ok`, `running`, `not run`, or the SQLSTATE it failed with"),
            f("writes", "boolean", "whether it is more than reading"),
        ],
    },
];

//! Checks, and the function that asks them over time.

use super::Argument;
use super::Effect;
use super::Function;
use super::Returns;
use super::Style;
use super::When;
use super::classes::Class;
use super::classes::f;
use super::compare::COMPARED;
use super::default;
use super::kind::Kind;
use super::optional;
use super::required;

const fn check(name: &'static str, arguments: &'static [Argument], doc: &'static str) -> Function {
    let returns = Returns { kind: "mz.Check", doc: "a value that asks nothing until it is run" };
    Function { name, style: Style::Named, arguments, returns, doc, effect: Effect::None, when: When::Always }
}

/// What a comparison as a check takes besides.
const COMPARING: [Argument; 2] = [
    default(
        "schema",
        Kind::Choice(&["fail", "report"]),
        "\"fail\"",
        "what columns that are gone, of another type or in another order, and objects that are gone, are worth",
    ),
    default("name", Kind::Text, "\"compare\"", "what it is called"),
];

/// The arguments of `mz.check.compare`: those of `mz.compare`, and its own.
const COMPARE_ARGUMENTS: [Argument; COMPARED.len() + COMPARING.len()] = {
    let mut all = [COMPARED[0]; COMPARED.len() + COMPARING.len()];
    let mut at = 0;
    while at < COMPARED.len() {
        all[at] = COMPARED[at];
        at += 1;
    }
    while at < all.len() {
        all[at] = COMPARING[at - COMPARED.len()];
        at += 1;
    }
    all
};

/// By what a recipe needs first.
pub const FUNCTIONS: &[Function] = &[
    check(
        "check.sql",
        &[
            required("sql", Kind::Text, "one statement that reads, with `$1`, `$2` where values go in"),
            optional("params", Kind::Table, "the values, in order; `mz.json.null` is NULL"),
            optional(
                "expect",
                Kind::Expect,
                "`\"no rows\"`, which is also what it is where it is left out; or the one value that the query gives: `true`, \
                 `false`, a number, or bounds of a number (`{ min = 0, max = 5 }`, both included, one may be left out)",
            ),
            default("name", Kind::Text, "\"sql\"", "what it is called"),
        ],
        "Makes a check of a query. No row where a value is expected, NULL, and NaN are `inconclusive`; so is a query \
         that the server gave up waiting for.",
    ),
    check(
        "check.lag",
        &[
            required("deployment", Kind::Deployment, "the deployment"),
            required("max", Kind::Duration, "how far behind the server's clock an object may be"),
            default("name", Kind::Text, "\"lag\"", "what it is called"),
        ],
        "Makes a check of a deployment's lag. One that hydrates is `inconclusive`, one that cannot make progress fails.",
    ),
    check(
        "check.rows",
        &[
            required("deployment", Kind::Deployment, "the deployment"),
            required("object", Kind::Text, "production name of a view"),
            optional("min_ratio", Kind::Number, "the least, against production's: `0.9` is nine rows of ten"),
            optional("max_ratio", Kind::Number, "the most, against production's"),
            optional("min", Kind::Number, "the least number of rows"),
            optional("max", Kind::Number, "the most rows"),
            optional(
                "cluster",
                Kind::Text,
                "the cluster that counts; else one that has the deployment's object at hand",
            ),
            default("timeout", Kind::Duration, "\"5m\"", "how long it may take"),
            default("name", Kind::Text, "\"rows\"", "what it is called"),
        ],
        "Makes a check of how many rows an object of a deployment has, against production's, both counted at one \
         timestamp. A ratio to no rows at all, or to an object that production does not have, is `inconclusive`.",
    ),
    check(
        "check.compare",
        &COMPARE_ARGUMENTS,
        "Makes a check of `mz.compare`: a differing row that is not intended fails, whatever it is. What is not compared \
         in time is `inconclusive`.",
    ),
    check(
        "check.http",
        &[
            required("url", Kind::Text, "where to; the rules of `mz.http` hold"),
            default("method", Kind::Choice(&["GET", "HEAD", "POST"]), "\"GET\"", "what to do"),
            optional("headers", Kind::Table, "by name; their values are told nobody else"),
            optional("json", Kind::Anything, "a value that is sent as JSON"),
            optional("body", Kind::Text, "a text that is sent as it is"),
            optional("expect_status", Kind::Integer, "the status of the answer; left out, any of success"),
            optional(
                "json_path",
                Kind::Text,
                "where in the answer's JSON a value is, such as `data.rates[0].value`; lists count from 0",
            ),
            optional(
                "expect",
                Kind::Expect,
                "what that value has to be: `true`, `false`, a number, or bounds of a number (`{ min = 0, max = 5 }`, \
                 both included, one may be left out)",
            ),
            default("timeout", Kind::Duration, "\"30s\"", "how long each attempt may take"),
            optional("retries", Kind::Integer, "how often to try again after a pause; as in `mz.http`"),
            default("name", Kind::Text, "\"http\"", "what it is called"),
        ],
        "Makes a check of another service's answer. Another status fails; a value that is not there, and null, are \
         `inconclusive`; no answer, and one that is no JSON, are `error`. A function that calls `mz.http` judges \
         anything else.",
    ),
    Function {
        name: "check.run",
        style: Style::Positional,
        arguments: &[required("check", Kind::Check, "it")],
        returns: Returns { kind: "mz.CheckAnswer", doc: "" },
        doc: "Asks a check once.",
        effect: Effect::None,
        when: When::Running,
    },
    Function {
        name: "analyze",
        style: Style::Named,
        arguments: &[
            required(
                "checks",
                Kind::Checks,
                "what is asked; a function stands for a check too, and returns `\"pass\"`, `\"fail\"` or \
                 `\"inconclusive\"`, then a message and evidence if it likes",
            ),
            default("interval", Kind::Duration, "\"30s\"", "the time between two looks"),
            default("count", Kind::Integer, "1", "how many answers each check has to give"),
            default("initial_delay", Kind::Duration, "\"0s\"", "the time before the first look"),
            default("failure_limit", Kind::Integer, "0", "how many answers of a check may be `fail`"),
            default(
                "inconclusive_limit",
                Kind::Integer,
                "0",
                "how many answers of a check may be `inconclusive`",
            ),
            default(
                "consecutive_errors",
                Kind::Integer,
                "4",
                "how many times in a row a check may be an `error`: that is no answer, and it is asked again",
            ),
            optional("on_sample", Kind::Function, "is called with each look"),
            default("label", Kind::Text, "\"analyze\"", "the word that stands before its lines"),
            optional("title", Kind::Text, "what is analysed, for people"),
            optional("note", Kind::Text, "what people should know meanwhile, such as what Ctrl-C does"),
        ],
        returns: Returns { kind: "mz.Analysis", doc: "" },
        doc: "Asks checks again and again until the verdict is certain. A check fails, or is inconclusive, with the first \
              answer beyond its limit, is an error with the first beyond `consecutive_errors`, and passes once it has \
              given its answers. The first check that does not pass ends it, and so does the last that passes. It does \
              not raise: the recipe decides. A resumed run asks anew, because the answers are about the present; a \
              rehearsal says what it would ask, and the verdict follows `--assume`.",
        effect: Effect::None,
        when: When::Running,
    },
];

/// The tables that they give.
pub const CLASSES: &[Class] = &[
    Class {
        name: "mz.Check",
        doc: "A question that can be asked again and again.",
        fields: &[f("name", "string", ""), f("asks", "string", "in words")],
    },
    Class {
        name: "mz.CheckAnswer",
        doc: "What a check says.",
        fields: &[
            f("name", "string?", "of the check, from `mz.check.run`"),
            f("verdict", "\"pass\"|\"fail\"|\"inconclusive\"|\"error\"", "`error`: it could not be asked"),
            f("message", "string", "why"),
            f("evidence", "any", "what was seen"),
        ],
    },
    Class {
        name: "mz.Analysis",
        doc: "What came of asking checks over time.",
        fields: &[
            f(
                "verdict",
                "\"pass\"|\"fail\"|\"inconclusive\"|\"error\"",
                "the worst of the checks: `fail` before `error` before `inconclusive`",
            ),
            f("reason", "string", "why, in one line"),
            f("samples", "integer", "how often it was looked"),
            f("checks", "mz.AnalyzedCheck[]", "in the order of the list, or of their names"),
        ],
    },
    Class {
        name: "mz.AnalyzedCheck",
        doc: "A check over time.",
        fields: &[
            f("name", "string", ""),
            f(
                "verdict",
                "\"pass\"|\"fail\"|\"inconclusive\"|\"error\"|\"unfinished\"",
                "`unfinished`: another check ended it first",
            ),
            f("passed", "integer", "answers"),
            f("failed", "integer", "answers"),
            f("inconclusive", "integer", "answers"),
            f("errors", "integer", "looks that gave no answer"),
            f("last", "mz.CheckAnswer?", "the last look"),
        ],
    },
    Class {
        name: "mz.Sample",
        doc: "A look at every check of an analysis.",
        fields: &[
            f("sample", "integer", "its number, from 1"),
            f("count", "integer", "how many answers each check has to give"),
            f("checks", "mz.AnalyzedCheck[]", "as they stand"),
            f("verdict", "string?", "once it is certain"),
        ],
    },
];

//! The function that does several things at once.

use super::Effect;
use super::Function;
use super::Returns;
use super::Style;
use super::When;
use super::kind::Kind;
use super::required;

/// One.
pub const FUNCTIONS: &[Function] = &[Function {
    name: "parallel",
    style: Style::Positional,
    arguments: &[required(
        "functions",
        Kind::Functions,
        "from 1 to 64, at most 8 levels deep; each runs in a coroutine of its own",
    )],
    returns: Returns {
        kind: "any[]",
        doc: "what each function returned, in the order of the list; nil where it returned nothing",
    },
    doc: "Runs functions at once and waits for all of them. Calls that work with the environment take turns in the \
          order in which they ask; sleeps, the pauses of mz.await, mz.http and approvals overlap. When one fails, the \
          others stop where they next wait, except that a step (mz.step) which is under way is finished and recorded \
          first; when all have ended the first error is raised, with those of the others beside it. What a function \
          defers is called at the end of the run.",
    effect: Effect::None,
    when: When::Running,
}];

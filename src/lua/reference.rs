//! The reference page of `mz`: `docs/lua.md`, made from the registry.

use std::fmt::Write;

use super::registry;
use super::registry::Argument;
use super::registry::Effect;
use super::registry::Function;
use super::registry::Need;
use super::registry::Style;
use super::registry::When;
use super::registry::beside;
use super::registry::compare;
use super::registry::deploy;
use super::registry::judge;
use super::registry::outside;
use super::registry::overlay;
use super::registry::policy;
use super::registry::shift;
use super::registry::testing;
use super::registry::together;

const HEAD: &str = "# The functions of `mz`

Made from the registry in `src/lua/registry`; a test keeps the two equal. Lua is 5.4. Of its libraries there are `coroutine`,
`table`, `string`, `utf8` and `math`; `require` reads files below the project, and `mzflow.NAME` is a bundled recipe.

Arguments are checked: an unknown one is an error that names the nearest right one, before anything is sent where it can be seen in
the text. Durations are texts with a unit (`\"90s\"`, `\"5m\"`, `\"1h\"`) or numbers of seconds. Results are plain tables: they print as
JSON, compare by content, and `pairs` walks them in the order of their keys.

What goes wrong is raised as a table (`mz.Error` below) with a stable `code`; `mz.try` and `pcall` catch it. A stop that was asked for,
the deadline of the run, a pause for approval, and a run that another process has taken over cannot be caught.

Under `--dry-run` the same recipe runs; what would change something tells its statements instead, and hydration is what
`--assume` says.
";

/// What is said of policies before their functions.
const POLICIES: &str =
    "A policy (`docs/policies.md`) has these functions, `mz.try`, `mz.duration` and `mz.json`, and no others.
";

/// The whole page.
pub fn text() -> String {
    let mut out = HEAD.to_owned();
    let _ = writeln!(out, "\n## Deploying\n");
    summary(&mut out, deploy::FUNCTIONS.iter());
    deploy::FUNCTIONS.iter().for_each(|function| section(&mut out, function));
    let _ = writeln!(out, "\n## Comparing and judging\n");
    let judging: Vec<Function> = compare::FUNCTIONS.iter().chain(judge::FUNCTIONS).copied().collect();
    summary(&mut out, judging.iter());
    judging.iter().for_each(|function| section(&mut out, function));
    let _ = writeln!(out, "\n## A canary\n");
    summary(&mut out, shift::FUNCTIONS.iter());
    shift::FUNCTIONS.iter().for_each(|function| section(&mut out, function));
    let _ = writeln!(out, "\n## A developer's overlay\n");
    summary(&mut out, overlay::FUNCTIONS.iter());
    overlay::FUNCTIONS.iter().for_each(|function| section(&mut out, function));
    let _ = writeln!(out, "\n## People and other services\n");
    summary(&mut out, outside::FUNCTIONS.iter());
    outside::FUNCTIONS.iter().for_each(|function| section(&mut out, function));
    let _ = writeln!(out, "\n## Beside\n");
    summary(&mut out, beside::FUNCTIONS.iter().chain(together::FUNCTIONS));
    for fact in beside::FACTS {
        let _ = writeln!(out, "\n### mz.{}\n\n{} Type: `{}`.", fact.name, fact.doc, fact.kind);
    }
    beside::FUNCTIONS.iter().for_each(|function| section(&mut out, function));
    together::FUNCTIONS.iter().for_each(|function| section(&mut out, function));
    let _ = writeln!(out, "\n### An argument of a recipe\n");
    table(&mut out, beside::RECIPE_ARGUMENT);
    let _ = writeln!(out, "\n## Deciding\n\n{POLICIES}");
    summary(&mut out, policy::FUNCTIONS.iter());
    policy::FUNCTIONS.iter().for_each(|function| section(&mut out, function));
    let _ = writeln!(
        out,
        "\n## Testing\n\nFor the files of `tests/` alone: `docs/recipe_tests.md` shows how they are used.\n"
    );
    summary(&mut out, testing::FUNCTIONS.iter());
    testing::FUNCTIONS.iter().for_each(|function| section(&mut out, function));
    for methods in testing::METHODS {
        let _ = writeln!(out, "\n### `{}`: {}\n\n{}\n", methods.short, methods.class, methods.doc);
        summary(&mut out, methods.functions.iter());
        methods.functions.iter().for_each(|function| section(&mut out, function));
    }
    let _ = writeln!(out, "\n## Tables");
    for class in registry::classes() {
        let _ = writeln!(out, "\n### {}\n\n{}\n\n| field | type | |\n|---|---|---|", class.name, class.doc);
        for field in class.fields {
            let _ =
                writeln!(out, "| `{}` | `{}` | {} |", field.name, escaped(field.kind), escaped(field.doc));
        }
    }
    out
}

/// A bar inside a cell would end it.
fn escaped(text: &str) -> String {
    text.replace('|', "\\|")
}

fn summary<'f>(out: &mut String, functions: impl Iterator<Item = &'f Function>) {
    let _ = writeln!(out, "| function | does |\n|---|---|");
    for function in functions {
        let first = function.doc.split_once(". ").map_or(function.doc, |(first, _)| first);
        let _ = writeln!(out, "| `{}` | {} |", function.called(), escaped(first.trim_end_matches('.')));
    }
}

fn section(out: &mut String, function: &Function) {
    let names: Vec<&str> = function.arguments.iter().map(|argument| argument.name).collect();
    let call = match function.style {
        Style::Named if names.is_empty() => format!("{} {{}}", function.called()),
        Style::Named => format!("{} {{ {} }}", function.called(), names.join(", ")),
        Style::Positional => format!("{}({})", function.called(), names.join(", ")),
    };
    let _ = writeln!(out, "\n### {call}\n\n{}", function.doc);
    let mut notes = Vec::new();
    if function.effect == Effect::Changes {
        notes.push("It changes the environment.".to_owned());
    }
    if function.when == When::Always {
        notes.push("It works while the recipe is loaded, too.".to_owned());
    }
    match (function.returns.kind, function.returns.doc) {
        ("", _) => {}
        (kind, "") => notes.push(format!("Gives `{kind}`.")),
        (kind, doc) => notes.push(format!("Gives `{kind}`: {doc}.")),
    }
    if !notes.is_empty() {
        let _ = writeln!(out, "{}", notes.join(" "));
    }
    if !function.arguments.is_empty() {
        let _ = writeln!(out);
        table(out, function.arguments);
    }
}

fn table(out: &mut String, arguments: &[Argument]) {
    let _ = writeln!(out, "| argument | has to be | | |\n|---|---|---|---|");
    for argument in arguments {
        let need = match argument.need {
            Need::Required => "required".to_owned(),
            Need::Optional => "optional".to_owned(),
            Need::Default(default) => format!("default `{default}`"),
        };
        let (name, expected) = (argument.name, escaped(&argument.kind.expected()));
        let _ = writeln!(out, "| `{name}` | {expected} | {need} | {} |", escaped(argument.doc));
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_page_is_what_the_registry_says() {
        expect_test::expect_file!["../../docs/lua.md"].assert_eq(&super::text());
    }
}

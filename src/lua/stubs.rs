//! The type stubs of `mz` for the Lua language server: `lua/mzflow.d.lua`, made from the registry.

use std::fmt::Write;

use super::registry;
use super::registry::Argument;
use super::registry::Function;
use super::registry::Need;
use super::registry::Style;
use super::registry::beside;
use super::registry::facts;
use super::registry::testing;

const HEAD: &str =
    "-- The types of `mz`, for the Lua language server. Made from the registry; a test keeps them equal.
---@meta

---A text with a unit, such as `90s`, `5m`, `1h`, or a number of seconds.
---@alias mz.Duration string|number

---@class mz
mz = {}
";

/// The whole file.
pub fn text() -> String {
    let mut out = HEAD.to_owned();
    for class in registry::classes() {
        let _ = writeln!(out, "\n---{}\n---@class {}", class.doc, class.name);
        for field in class.fields {
            let line = format!("---@field {} {} {}", field.name, field.kind, field.doc);
            let _ = writeln!(out, "{}", line.trim_end());
        }
    }
    arguments_class(&mut out, "mz.RecipeArgument", "", "An argument of a recipe.", beside::RECIPE_ARGUMENT);
    for function in registry::functions().filter(|function| is_table(function)) {
        let doc = format!("The arguments of `mz.{}`.", function.name);
        arguments_class(&mut out, &arguments_name(function), &function.called(), &doc, function.arguments);
    }
    let _ = writeln!(out, "\nmz.json = {{}}");
    let _ = writeln!(
        out,
        "\n---Declares a test, and opens sandboxes for one.\n---@class mz.Testing\n---@overload fun(arguments: mz.TestArguments): mz.Test\nmz.test = {{}}"
    );
    for fact in beside::FACTS {
        let _ = writeln!(out, "\n---{}\n---@type {}\nmz.{} = nil", fact.doc, fact.kind, fact.name);
    }
    // What is a table that can be called is declared above.
    for function in registry::functions().filter(|function| function.name != "test") {
        declaration(&mut out, function);
    }
    for methods in testing::METHODS {
        let _ = writeln!(
            out,
            "\n---{}\n---@class {}\nlocal {} = {{}}",
            methods.doc, methods.class, methods.short
        );
        methods.functions.iter().for_each(|function| declaration(&mut out, function));
    }
    out
}

fn is_table(function: &Function) -> bool {
    function.style == Style::Named && !function.arguments.is_empty()
}

/// `hydration_status` has the arguments `mz.HydrationStatusArguments`.
fn arguments_name(function: &Function) -> String {
    let words = function.name.split(['_', '.']).map(|word| {
        let (first, rest) = word.split_at_checked(1).unwrap_or((word, ""));
        format!("{}{rest}", first.to_uppercase())
    });
    format!("mz.{}Arguments", words.collect::<String>())
}

fn arguments_class(out: &mut String, name: &str, owner: &str, doc: &str, arguments: &[Argument]) {
    let _ = writeln!(out, "\n---{doc}\n---@class {name}");
    for argument in arguments {
        let optional = if argument.need == Need::Required { "" } else { "?" };
        let _ = writeln!(
            out,
            "---@field {}{optional} {} {}",
            argument.name,
            kind(owner, argument),
            told(argument)
        );
    }
}

/// The type of an argument; recipes, tests and their arguments have types of their own. `owner` is what the
/// argument is of, as people call it.
pub(super) fn kind(owner: &str, argument: &Argument) -> String {
    match argument.name {
        "args" => "table<string, mz.RecipeArgument>".to_owned(),
        "hooks" => "string[]|table<string, fun(ctx: mz.Context, ...): any>".to_owned(),
        "run" if owner == "mz.test" => "fun(t: mz.Expect)".to_owned(),
        "after_crash" => "fun(t: mz.Expect, s: mz.Sandbox)".to_owned(),
        "run" => "fun(ctx: mz.Context)".to_owned(),
        "on_fail" => "fun(ctx: mz.Context, err: mz.Error)".to_owned(),
        "decide" => "fun(facts: mz.Facts): mz.Verdict".to_owned(),
        "needs" => {
            let names: Vec<String> = facts::names().map(|name| format!("\"{name}\"")).collect();
            format!("({})[]", names.join("|"))
        }
        "on_sample" => "fun(sample: mz.Sample)".to_owned(),
        "on_progress" => "fun(status: mz.Status)".to_owned(),
        "type" => "\"string\"|\"duration\"|\"number\"|\"boolean\"|string[]".to_owned(),
        _ => argument.kind.stub(),
    }
}

fn told(argument: &Argument) -> String {
    match argument.need {
        Need::Default(default) => format!("{} (default {default})", argument.doc),
        Need::Optional | Need::Required => argument.doc.to_owned(),
    }
}

fn declaration(out: &mut String, function: &Function) {
    let _ = writeln!(out, "\n---{}", function.doc);
    let mut parameters = Vec::new();
    match function.style {
        Style::Named => {
            let kind = if is_table(function) { arguments_name(function) } else { "{}".to_owned() };
            let all_optional = function.arguments.iter().all(|argument| argument.need != Need::Required);
            let optional = if all_optional { "?" } else { "" };
            let _ = writeln!(out, "---@param arguments{optional} {kind}");
            parameters.push("arguments");
        }
        Style::Positional => {
            for argument in function.arguments {
                let optional = if argument.need == Need::Required { "" } else { "?" };
                let (name, kind) = (argument.name, argument.kind.stub());
                let _ = writeln!(out, "---@param {name}{optional} {kind} {}", told(argument));
                parameters.push(argument.name);
            }
        }
    }
    for (at, kind) in returned(function.returns.kind).into_iter().enumerate() {
        let doc = if at == 0 { function.returns.doc } else { "" };
        let _ = writeln!(out, "{}", format!("---@return {kind} # {doc}").trim_end_matches(" # "));
    }
    let _ = writeln!(out, "function {}({}) end", function.called(), parameters.join(", "));
}

/// The types of several values; a comma inside `<…>` does not part them.
pub(super) fn returned(kinds: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    let parts = kinds.split(|c: char| {
        match c {
            '<' => depth += 1,
            '>' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    });
    parts.map(str::trim).filter(|kind| !kind.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_stubs_are_what_the_registry_says() {
        expect_test::expect_file!["../../lua/mzflow.d.lua"].assert_eq(&super::text());
    }
}

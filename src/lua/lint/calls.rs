//! Calls of `mz`'s own functions, held against what the registry declares.

use full_moon::ast::Expression;
use full_moon::ast::Field;
use full_moon::ast::FunctionArgs;
use full_moon::ast::TableConstructor;
use full_moon::tokenizer::TokenType;

use super::kinds::Kind;
use super::walk::Walk;
use super::walk::range;
use super::walk::span_of;
use crate::clock::parse_duration;
use crate::lua::check;
use crate::lua::near;
use crate::lua::registry;
use crate::lua::registry::Argument;
use crate::lua::registry::Need;
use crate::lua::registry::Style;
use crate::lua::registry::beside::RECIPE_ARGUMENT;
use crate::lua::registry::kind::Kind as Wanted;
use crate::lua::stubs;
use crate::primitives::code::Code;

/// A value that stands in the text itself.
enum Literal {
    Text(String),
    Number,
    Boolean,
    Nil,
    Table,
    Function,
}

impl Walk<'_> {
    /// A call of what is known to be `kind`.
    pub(super) fn called(&mut self, kind: Option<Kind>, arguments: &FunctionArgs) -> Option<Kind> {
        let function = match kind {
            Some(Kind::Function(name)) => registry::function(name)?,
            _ => {
                self.passed(arguments);
                return None;
            }
        };
        let what = function.called();
        match (function.style, only_table(arguments)) {
            (Style::Named, Some(table)) => {
                if function.name == "recipe" {
                    self.declared(table);
                }
                self.named(&what, function.arguments, table);
            }
            (Style::Named, None) => {
                self.passed(arguments);
                let is_empty =
                    matches!(arguments, FunctionArgs::Parentheses { arguments, .. } if arguments.is_empty());
                let missing = function.arguments.iter().find(|argument| argument.need == Need::Required);
                if let Some(argument) = missing.filter(|_| is_empty) {
                    self.mistake(check::missing_argument(&what, argument), range(arguments));
                }
            }
            (Style::Positional, _) => self.positional(&what, function.arguments, arguments),
        }
        Kind::returned(function)
    }

    /// A table of named arguments.
    fn named(&mut self, what: &str, declared: &[Argument], table: &TableConstructor) {
        let (mut given, mut is_whole) = (Vec::new(), true);
        for field in table.fields() {
            let Field::NameKey { key, value, .. } = field else {
                is_whole = false;
                self.field_of_another_sort(field);
                continue;
            };
            let name = self.text(key);
            match declared.iter().find(|argument| argument.name == name) {
                None => {
                    self.expression(value);
                    self.mistake(check::unknown_argument(what, name, declared), span_of(key));
                }
                Some(argument) => {
                    given.push(name);
                    self.value(value, &parameters(what, argument));
                    self.kept(what, argument, value);
                    if what == "mz.recipe" && name == "args" {
                        self.arguments_of_recipe(value);
                    }
                }
            }
        }
        let missing = declared
            .iter()
            .find(|argument| argument.need == Need::Required && !given.contains(&argument.name));
        if let Some(argument) = missing.filter(|_| is_whole) {
            let span = range(table);
            self.mistake(check::missing_argument(what, argument), span.start..span.start + 1);
        }
    }

    fn field_of_another_sort(&mut self, field: &Field) {
        match field {
            Field::ExpressionKey { key, value, .. } => {
                self.expression(key);
                self.expression(value);
            }
            Field::NoKey(value) => {
                self.expression(value);
            }
            _ => {}
        }
    }

    fn positional(&mut self, what: &str, declared: &[Argument], arguments: &FunctionArgs) {
        let FunctionArgs::Parentheses { arguments: given, .. } = arguments else {
            self.passed(arguments);
            return;
        };
        // The last call may give several values.
        let is_open =
            matches!(given.iter().last(), Some(Expression::FunctionCall(_) | Expression::Symbol(_)));
        let mut given = given.iter();
        for argument in declared {
            match given.next() {
                Some(value) => {
                    self.value(value, &parameters(what, argument));
                    self.kept(what, argument, value);
                }
                None if argument.need == Need::Required && !is_open => {
                    self.mistake(check::missing_argument(what, argument), range(arguments));
                    return;
                }
                None => {}
            }
        }
        for extra in given {
            self.expression(extra);
        }
    }

    /// Tells a literal of the wrong kind.
    fn kept(&mut self, what: &str, argument: &Argument, value: &Expression) {
        let Some(literal) = self.literal(value) else { return };
        let span = range(value);
        match &literal {
            Literal::Nil if argument.need == Need::Required => {
                self.mistake(check::missing_argument(what, argument), span);
            }
            Literal::Nil => {}
            literal if fits(argument.kind, literal) => {}
            literal => {
                let got = match literal {
                    Literal::Text(text) => format!("\"{text}\""),
                    Literal::Number => "a number".to_owned(),
                    Literal::Boolean => "true or false".to_owned(),
                    Literal::Table => "a table".to_owned(),
                    Literal::Function => "a function".to_owned(),
                    Literal::Nil => "nil".to_owned(),
                };
                self.mistake(check::wrong_argument(what, argument, &got), span);
            }
        }
    }

    fn literal(&self, value: &Expression) -> Option<Literal> {
        Some(match value {
            Expression::String(token) => match token.token().token_type() {
                // With escapes it is longer than it looks; what it says is not needed then.
                TokenType::StringLiteral { literal, .. } if !literal.contains('\\') => {
                    Literal::Text(literal.to_string())
                }
                _ => return None,
            },
            Expression::Number(_) => Literal::Number,
            Expression::Symbol(token) => match self.text(token) {
                "true" | "false" => Literal::Boolean,
                "nil" => Literal::Nil,
                _ => return None,
            },
            Expression::TableConstructor(_) => Literal::Table,
            Expression::Function(_) => Literal::Function,
            _ => return None,
        })
    }

    /// What a recipe declares about itself.
    fn declared(&mut self, table: &TableConstructor) {
        let find = |name: &str| {
            table.fields().iter().find_map(|field| match field {
                Field::NameKey { key, value, .. } if self.text(key) == name => Some(value.as_ref()),
                _ => None,
            })
        };
        // What another recipe declares besides is not known here.
        if find("extends").is_some() {
            return;
        }
        let arguments = match find("args") {
            None => Some(Vec::new()),
            Some(Expression::TableConstructor(args)) => {
                args.fields().iter().map(|field| self.key(field)).collect()
            }
            Some(_) => None,
        };
        let hooks = match find("hooks") {
            None => Some(Vec::new()),
            Some(Expression::TableConstructor(hooks)) => {
                let name = |field: &Field| match field {
                    Field::NoKey(value) => match self.literal(value) {
                        Some(Literal::Text(name)) => Some(name),
                        _ => None,
                    },
                    _ => None,
                };
                hooks.fields().iter().map(name).collect()
            }
            Some(_) => None,
        };
        (self.arguments, self.hooks) = (arguments, hooks);
    }

    fn key(&self, field: &Field) -> Option<String> {
        match field {
            Field::NameKey { key, .. } => Some(self.text(key).to_owned()),
            _ => None,
        }
    }

    /// The tables of a recipe's arguments.
    fn arguments_of_recipe(&mut self, value: &Expression) {
        let Expression::TableConstructor(table) = value else { return };
        for field in table.fields() {
            if let (Some(name), Field::NameKey { value, .. }) = (self.key(field), field)
                && let Expression::TableConstructor(fields) = value.as_ref()
            {
                self.named(&format!("argument `{name}`"), RECIPE_ARGUMENT, fields);
            }
        }
    }

    /// `ctx.hook("name", …)`.
    pub(super) fn hook(&mut self, arguments: &FunctionArgs) {
        let Some(hooks) = self.hooks.clone() else { return };
        let token = match arguments {
            FunctionArgs::String(token) => token,
            FunctionArgs::Parentheses { arguments, .. } => match arguments.iter().next() {
                Some(Expression::String(token)) => token,
                _ => return,
            },
            _ => return,
        };
        let TokenType::StringLiteral { literal, .. } = token.token().token_type() else { return };
        if !hooks.iter().any(|hook| hook.as_str() == literal.as_str()) {
            let question = near::question(literal, hooks.iter().map(String::as_str));
            let message = format!("the recipe declares no hook `{literal}`{question}");
            self.error(Code::LuaWrongArgument, message, span_of(token));
        }
    }
}

/// The one table that a function with named arguments is given.
fn only_table(arguments: &FunctionArgs) -> Option<&TableConstructor> {
    match arguments {
        FunctionArgs::TableConstructor(table) => Some(table),
        FunctionArgs::Parentheses { arguments, .. } if arguments.len() == 1 => {
            match arguments.iter().next() {
                Some(Expression::TableConstructor(table)) => Some(table),
                _ => None,
            }
        }
        _ => None,
    }
}

/// What the functions in an argument of `owner` are called with: `fun(ctx: mz.Context, …)` in its type.
fn parameters(owner: &str, argument: &Argument) -> Vec<Option<Kind>> {
    let kind = stubs::kind(owner, argument);
    let Some(list) = kind.split_once("fun(").and_then(|(_, rest)| rest.split_once(')')) else {
        return Vec::new();
    };
    let kinds = list.0.split(',').map(|parameter| {
        let class = parameter.split_once(':')?.1.trim();
        Kind::of_class(class)
    });
    kinds.collect()
}

fn fits(wanted: Wanted, literal: &Literal) -> bool {
    let word = |words: &[&str]| matches!(literal, Literal::Text(text) if words.contains(&text.as_str()));
    match wanted {
        Wanted::Text => matches!(literal, Literal::Text(_)),
        Wanted::Number | Wanted::Integer => matches!(literal, Literal::Number),
        Wanted::Boolean => matches!(literal, Literal::Boolean),
        Wanted::Duration => match literal {
            Literal::Text(text) => parse_duration(text).is_ok(),
            other => matches!(other, Literal::Number),
        },
        Wanted::Function => matches!(literal, Literal::Function),
        Wanted::Table | Wanted::Functions => matches!(literal, Literal::Table),
        Wanted::Choice(words) => word(words),
        Wanted::Texts | Wanted::Keys => matches!(literal, Literal::Text(_) | Literal::Table),
        Wanted::Allow => matches!(literal, Literal::Text(_) | Literal::Table | Literal::Function),
        Wanted::Clusters => word(&["clone", "reuse"]) || matches!(literal, Literal::Table),
        Wanted::Project | Wanted::Changes => false,
        Wanted::Deployment | Wanted::Promotion | Wanted::Overlay => {
            matches!(literal, Literal::Text(_) | Literal::Table)
        }
        Wanted::Check => matches!(literal, Literal::Function),
        Wanted::Checks => matches!(literal, Literal::Table),
        Wanted::Expect => {
            word(&["no rows"]) || matches!(literal, Literal::Number | Literal::Boolean | Literal::Table)
        }
        Wanted::Anything => true,
    }
}

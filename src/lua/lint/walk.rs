//! The walk through a file: which name means what where, and what each expression is.

use std::collections::BTreeSet;
use std::ops::Range;

use full_moon::ast::AnonymousFunction;
use full_moon::ast::Block;
use full_moon::ast::Call;
use full_moon::ast::Expression;
use full_moon::ast::Field;
use full_moon::ast::FunctionArgs;
use full_moon::ast::FunctionBody;
use full_moon::ast::FunctionCall;
use full_moon::ast::Index;
use full_moon::ast::LastStmt;
use full_moon::ast::Parameter;
use full_moon::ast::Prefix;
use full_moon::ast::Stmt;
use full_moon::ast::Suffix;
use full_moon::ast::TableConstructor;
use full_moon::ast::Var;
use full_moon::node::Node;
use full_moon::tokenizer::TokenReference;

use super::Finding;
use super::globals::Globals;
use super::kinds::Kind;
use super::survey::Survey;
use crate::lua::check::Mistake;
use crate::lua::near;
use crate::lua::policy::pure;
use crate::primitives::code::Code;

/// A name of a scope, and what it is.
type Local<'t> = (&'t str, Option<Kind>);

/// The walk.
pub(super) struct Walk<'t> {
    text: &'t str,
    pub(super) globals: Option<&'t Globals>,
    pub(super) survey: &'t Survey<'t>,
    scopes: Vec<Vec<Local<'t>>>,
    told: BTreeSet<&'t str>,
    /// Whether the file is a policy's, which has less to use than a recipe.
    pub(super) is_policy: bool,
    /// The arguments that the recipe declares, where that can be known.
    pub(super) arguments: Option<Vec<String>>,
    /// The hooks that it declares, where that can be known.
    pub(super) hooks: Option<Vec<String>>,
    /// What was found.
    pub(super) found: Vec<Finding>,
}

/// The bytes of a token, without what stands around it.
pub(super) fn span_of(token: &TokenReference) -> Range<usize> {
    token.token().start_position().bytes()..token.token().end_position().bytes()
}

/// The text of a token.
pub(super) fn text_of<'t>(text: &'t str, token: &TokenReference) -> &'t str {
    text.get(span_of(token)).unwrap_or_default()
}

/// The bytes of a piece of the tree.
pub(super) fn range(node: &impl Node) -> Range<usize> {
    node.range().map_or(0..0, |(start, end)| start.bytes()..end.bytes())
}

impl<'t> Walk<'t> {
    /// Nothing is walked yet.
    pub(super) fn new(
        text: &'t str,
        globals: Option<&'t Globals>,
        survey: &'t Survey<'t>,
        is_policy: bool,
    ) -> Self {
        let (arguments, hooks) = (None, None);
        Self {
            text,
            globals,
            survey,
            scopes: Vec::new(),
            told: BTreeSet::new(),
            is_policy,
            arguments,
            hooks,
            found: Vec::new(),
        }
    }

    /// Walks a file.
    pub(super) fn file(&mut self, block: &Block) {
        self.block(block, Vec::new());
    }

    /// Tells a mistake.
    pub(super) fn error(&mut self, code: Code, message: String, span: Range<usize>) {
        let word = self.text.get(span.clone()).map(str::to_owned);
        self.mistake(Mistake { code, message, word, label: String::new() }, span);
    }

    /// Tells a mistake.
    pub(super) fn mistake(&mut self, mistake: Mistake, span: Range<usize>) {
        self.found.push(Finding { mistake, span, is_warning: false });
    }

    /// The text of a token.
    pub(super) fn text(&self, token: &TokenReference) -> &'t str {
        text_of(self.text, token)
    }

    fn block(&mut self, block: &Block, names: Vec<Local<'t>>) {
        self.scopes.push(names);
        self.inside(block);
        self.scopes.pop();
    }

    fn inside(&mut self, block: &Block) {
        for statement in block.stmts() {
            self.statement(statement);
        }
        if let Some(LastStmt::Return(last)) = block.last_stmt() {
            self.expressions(last.returns());
        }
    }

    fn declare(&mut self, name: &'t str, kind: Option<Kind>) {
        let kind = kind.filter(|_| self.survey.is_settled(name));
        if let Some(scope) = self.scopes.last_mut() {
            scope.push((name, kind));
        }
    }

    fn local(&self, name: &str) -> Option<Option<Kind>> {
        let locals = self.scopes.iter().rev().flat_map(|scope| scope.iter().rev());
        locals.into_iter().find(|(known, _)| *known == name).map(|(_, kind)| kind.clone())
    }

    fn expressions<'e>(&mut self, all: impl IntoIterator<Item = &'e Expression>) -> Vec<Option<Kind>> {
        all.into_iter().map(|expression| self.expression(expression)).collect()
    }

    fn statement(&mut self, statement: &Stmt) {
        match statement {
            Stmt::Assignment(node) => {
                let kinds = self.expressions(node.expressions());
                for (at, variable) in node.variables().iter().enumerate() {
                    match variable {
                        Var::Name(name) => self.assign(name, kinds.get(at).cloned().flatten()),
                        other => self.target(other),
                    }
                }
            }
            Stmt::Do(node) => self.block(node.block(), Vec::new()),
            Stmt::FunctionCall(call) => {
                self.call(call);
            }
            Stmt::FunctionDeclaration(node) => {
                let name = node.name();
                if let Some(first) = name.names().iter().next() {
                    if name.names().len() == 1 && name.method_name().is_none() {
                        self.assign(first, None);
                    } else {
                        self.name(first);
                    }
                }
                let own = name.method_name().map(|_| ("self", None));
                self.body(node.body(), &[], own);
            }
            Stmt::GenericFor(node) => {
                let kinds = self.iterated(node.expressions());
                let names = node.names().iter().map(|name| self.text(name));
                let names = names.zip(kinds.into_iter().chain(std::iter::repeat(None))).collect();
                self.block(node.block(), names);
            }
            Stmt::If(node) => {
                self.expression(node.condition());
                self.block(node.block(), Vec::new());
                for other in node.else_if().into_iter().flatten() {
                    self.expression(other.condition());
                    self.block(other.block(), Vec::new());
                }
                if let Some(block) = node.else_block() {
                    self.block(block, Vec::new());
                }
            }
            Stmt::LocalAssignment(node) => {
                let kinds = self.expressions(node.expressions());
                for (at, name) in node.names().iter().enumerate() {
                    self.declare(self.text(name), kinds.get(at).cloned().flatten());
                }
            }
            Stmt::LocalFunction(node) => {
                // It can call itself.
                self.declare(self.text(node.name()), None);
                self.body(node.body(), &[], None);
            }
            Stmt::NumericFor(node) => {
                self.expressions([node.start(), node.end()].into_iter().chain(node.step()));
                self.block(node.block(), vec![(self.text(node.index_variable()), None)]);
            }
            Stmt::Repeat(node) => {
                // What ends the loop sees the names of its body.
                self.scopes.push(Vec::new());
                self.inside(node.block());
                self.expression(node.until());
                self.scopes.pop();
            }
            Stmt::While(node) => {
                self.expression(node.condition());
                self.block(node.block(), Vec::new());
            }
            _ => {}
        }
    }

    /// What `for … in` gives its names, where it walks a list or a table of ours.
    fn iterated<'e>(&mut self, all: impl IntoIterator<Item = &'e Expression>) -> Vec<Option<Kind>> {
        let all: Vec<&Expression> = all.into_iter().collect();
        let walked = match all.as_slice() {
            [Expression::FunctionCall(call)] => self.walked(call),
            _ => None,
        };
        self.expressions(all);
        match walked {
            Some(item) => vec![None, Some(item)],
            None => Vec::new(),
        }
    }

    /// What the items of `ipairs(…)` or `pairs(…)` are.
    fn walked(&mut self, call: &FunctionCall) -> Option<Kind> {
        let Prefix::Name(name) = call.prefix() else { return None };
        let is_ours = matches!(self.text(name), "ipairs" | "pairs") && self.local(self.text(name)).is_none();
        let mut suffixes = call.suffixes();
        let (Some(Suffix::Call(Call::AnonymousCall(arguments))), None) = (suffixes.next(), suffixes.next())
        else {
            return None;
        };
        let FunctionArgs::Parentheses { arguments, .. } = arguments.as_ref() else { return None };
        let list = arguments.iter().next().filter(|_| is_ours)?;
        // It is walked as an expression too: what is found is the same and told once.
        self.expression(list)?.item()
    }

    /// A name is given a value without `local`.
    fn assign(&mut self, token: &TokenReference, kind: Option<Kind>) {
        let name = self.text(token);
        let settled = self.survey.is_settled(name);
        for scope in self.scopes.iter_mut().rev() {
            if let Some(local) = scope.iter_mut().rev().find(|(known, _)| *known == name) {
                local.1 = kind.filter(|_| settled);
                return;
            }
        }
        if self.globals.is_some() && self.told.insert(name) {
            let message = format!("`{name}` is made a global variable; write `local {name}`");
            let mistake = Mistake {
                code: Code::LuaGlobalMade,
                message,
                word: Some(name.to_owned()),
                label: String::new(),
            };
            self.found.push(Finding { mistake, span: span_of(token), is_warning: true });
        }
    }

    /// `a.b.c = …`: what stands before the last name has to exist.
    fn target(&mut self, variable: &Var) {
        let Var::Expression(node) = variable else { return };
        let mut kind = self.prefix(node.prefix());
        let suffixes: Vec<&Suffix> = node.suffixes().collect();
        let Some((last, before)) = suffixes.split_last() else { return };
        for suffix in before {
            kind = self.suffix(kind, suffix);
        }
        if let Suffix::Index(Index::Brackets { expression, .. }) = last {
            self.expression(expression);
        }
    }

    /// What a name is.
    fn name(&mut self, token: &TokenReference) -> Option<Kind> {
        let name = self.text(token);
        if let Some(kind) = self.local(name) {
            return kind;
        }
        if self.survey.assigned.contains(name) {
            return None;
        }
        if name == "mz" {
            return Some(Kind::Module(String::new()));
        }
        if self.is_policy && pure::REFUSED.contains(&name) {
            self.mistake(pure::mistake(name), span_of(token));
            return None;
        }
        if self.is_policy && (pure::LIBRARIES.contains(&name) || name == "math") {
            return Some(Kind::Library(name.to_owned()));
        }
        let globals = self.globals?;
        if globals.library(name).is_some() {
            return Some(Kind::Library(name.to_owned()));
        }
        if !globals.has(name) {
            let locals = self.scopes.iter().flatten().map(|(name, _)| *name);
            let question = near::question(name, globals.names().chain(locals));
            let message = format!("there is no `{name}` here{question}");
            self.error(Code::LuaUnknownGlobal, message, span_of(token));
        }
        None
    }

    /// What an expression is.
    pub(super) fn expression(&mut self, expression: &Expression) -> Option<Kind> {
        match expression {
            Expression::BinaryOperator { lhs, rhs, .. } => {
                self.expression(lhs);
                self.expression(rhs);
                None
            }
            Expression::Parentheses { expression, .. } => self.expression(expression),
            Expression::UnaryOperator { expression, .. } => {
                self.expression(expression);
                None
            }
            Expression::Function(function) => {
                self.function(function, &[]);
                None
            }
            Expression::FunctionCall(call) => self.call(call),
            Expression::TableConstructor(table) => {
                self.table(table, &[]);
                None
            }
            Expression::Var(Var::Name(name)) => self.name(name),
            Expression::Var(Var::Expression(node)) => {
                let mut kind = self.prefix(node.prefix());
                for suffix in node.suffixes() {
                    kind = self.suffix(kind, suffix);
                }
                kind
            }
            _ => None,
        }
    }

    /// A value whose functions are called with `parameters`.
    pub(super) fn value(&mut self, expression: &Expression, parameters: &[Option<Kind>]) {
        match expression {
            Expression::Function(function) => self.function(function, parameters),
            Expression::TableConstructor(table) => self.table(table, parameters),
            other => {
                self.expression(other);
            }
        }
    }

    /// The fields of a table, whose functions are called with `parameters`.
    pub(super) fn table(&mut self, table: &TableConstructor, parameters: &[Option<Kind>]) {
        for field in table.fields() {
            match field {
                Field::ExpressionKey { key, value, .. } => {
                    self.expression(key);
                    self.value(value, parameters);
                }
                Field::NameKey { value, .. } => self.value(value, parameters),
                Field::NoKey(value) => self.value(value, parameters),
                _ => {}
            }
        }
    }

    fn function(&mut self, function: &AnonymousFunction, parameters: &[Option<Kind>]) {
        self.body(function.body(), parameters, None);
    }

    fn body(&mut self, body: &FunctionBody, parameters: &[Option<Kind>], own: Option<Local<'t>>) {
        let named = body.parameters().iter().enumerate().filter_map(|(at, parameter)| match parameter {
            Parameter::Name(name) => {
                let name = self.text(name);
                let kind = parameters.get(at).cloned().flatten();
                Some((name, kind.filter(|_| !self.survey.assigned.contains(name))))
            }
            _ => None,
        });
        let names = own.into_iter().chain(named).collect();
        self.block(body.block(), names);
    }

    fn prefix(&mut self, prefix: &Prefix) -> Option<Kind> {
        match prefix {
            Prefix::Expression(expression) => self.expression(expression),
            Prefix::Name(name) => self.name(name),
            _ => None,
        }
    }

    fn suffix(&mut self, kind: Option<Kind>, suffix: &Suffix) -> Option<Kind> {
        match suffix {
            Suffix::Index(Index::Dot { name, .. }) => {
                let (name, span) = (self.text(name), span_of(name));
                self.field(&kind?, name, span)
            }
            Suffix::Index(Index::Brackets { expression, .. }) => {
                self.expression(expression);
                kind?.item()
            }
            Suffix::Call(Call::AnonymousCall(arguments)) => self.called(kind, arguments),
            Suffix::Call(Call::MethodCall(method)) => {
                let (name, span) = (self.text(method.name()), span_of(method.name()));
                let of_test = kind.as_ref().filter(|kind| kind.has_methods());
                let function = of_test.and_then(|kind| self.field(kind, name, span));
                self.called(function, method.args())
            }
            _ => None,
        }
    }

    fn call(&mut self, call: &FunctionCall) -> Option<Kind> {
        let mut kind = self.prefix(call.prefix());
        let mut last = None;
        for suffix in call.suffixes() {
            if let (Some("hook"), Suffix::Call(Call::AnonymousCall(arguments))) = (last, suffix) {
                self.hook(arguments);
            }
            last = match suffix {
                Suffix::Index(Index::Dot { name, .. }) if kind == Some(Kind::Value("mz.Context")) => {
                    Some(self.text(name))
                }
                _ => None,
            };
            kind = self.suffix(kind, suffix);
        }
        kind
    }

    /// What is passed to a function that is not ours.
    pub(super) fn passed(&mut self, arguments: &FunctionArgs) {
        match arguments {
            FunctionArgs::Parentheses { arguments, .. } => {
                self.expressions(arguments);
            }
            FunctionArgs::TableConstructor(table) => self.table(table, &[]),
            _ => {}
        }
    }
}

//! Statements that are written from their structure.

use super::Form;
use super::Names;
use super::printer::Body;
use super::printer::Printer;
use super::scope::Scope;
use crate::name::Ident;
use crate::name::literal;
use crate::sql::ast::OptionValue;
use crate::sql::ast::RawIdent;
use crate::sql::ast::WithOption;
use crate::sql::ast::create::ColumnDef;
use crate::sql::ast::create::CreateIndex;
use crate::sql::ast::create::CreateMaterializedView;
use crate::sql::ast::create::CreateTable;
use crate::sql::ast::create::CreateView;
use crate::sql::ast::project::ConstraintKind;
use crate::sql::ast::project::CreateConstraint;
use crate::sql::ast::source::CreateSource;
use crate::sql::ast::source::External;
use crate::sql::ast::source::Subsources;
use crate::sql::data_type::DataType;
use crate::sql::data_type::read as read_type;
use crate::sql::keyword::meaning;
use crate::sql::lex::lex;
use crate::sql::lower::Notes;
use crate::sql::mention;
use crate::sql::parse::cursor::Cursor;
use crate::sql::parse::options::all as all_options;
use crate::sql::query::Expr;
use crate::sql::query::Query;
use crate::sql::references::ident as stored_ident;
use crate::sql::token::Lexeme;
use crate::sql::token::Token;

/// When a materialized view is refreshed unless it says otherwise.
const REFRESH: (&str, &str) = ("REFRESH", "ON COMMIT");

impl<'a> Printer<'a> {
    pub(super) fn view(&mut self, view: &'a CreateView) {
        self.write(if view.temporary { "CREATE TEMPORARY VIEW " } else { "CREATE VIEW " });
        let name = self.names.defined(&view.name);
        self.write(&name);
        self.column_names(&view.columns);
        self.write(" AS ");
        self.body_of(&view.query);
    }

    pub(super) fn materialized_view(&mut self, view: &'a CreateMaterializedView) {
        self.write("CREATE ");
        self.write(if view.replacement { "REPLACEMENT MATERIALIZED VIEW " } else { "MATERIALIZED VIEW " });
        let name = self.names.defined(&view.name);
        self.write(&name);
        self.column_names(&view.columns);
        if let Some(target) = &view.replaces {
            self.write(" FOR ");
            let target = self.names.object(target);
            self.write(&target);
        }
        self.in_cluster(view.cluster.as_ref());
        if let Some(replica) = &view.replica {
            self.write(" REPLICA ");
            self.name(&replica.ident);
        }
        self.view_options(view);
        self.write(" AS ");
        self.body_of(&view.query);
        if let (Form::Stored, Some(time)) = (self.form, &view.as_of) {
            self.write(" AS OF ");
            self.write(time);
        }
    }

    /// Writes `WITH (…)` of a materialized view.
    pub(super) fn view_options(&mut self, view: &CreateMaterializedView) {
        let mut options: Vec<String> = view.options.iter().map(|one| option(one, self.names)).collect();
        let refresh = format!("{} = {}", REFRESH.0, REFRESH.1);
        match self.form {
            Form::Stored if !view.options.iter().any(|option| option.name == REFRESH.0) => {
                options.push(refresh)
            }
            Form::Stored => {}
            Form::Meaning => {
                options.retain(|option| *option != refresh);
                options.sort();
            }
        }
        self.with_options(&options);
    }

    pub(super) fn index(&mut self, index: &'a CreateIndex) {
        let columns = index.default.then(|| self.names.columns(&index.on));
        self.write(if columns == Some(None) { "CREATE DEFAULT INDEX " } else { "CREATE INDEX " });
        let name = match (&index.name, index.on.parts.last()) {
            (Some(name), _) => name.ident.sql(),
            (None, Some(relation)) => match Ident::new(default_index_name(relation, index)) {
                Ok(name) => name.sql(),
                Err(_) => return self.give_up(),
            },
            (None, None) => return self.give_up(),
        };
        self.write(&name);
        self.in_cluster(index.cluster.as_ref());
        self.write(" ON ");
        let relation = self.names.object(&index.on);
        self.write(&relation);
        match columns {
            Some(Some(columns)) => {
                self.write(" ");
                self.parenthesised(&columns, Self::name);
            }
            Some(None) => {}
            None => {
                self.within(Scope::of_relation(&index.on), |printer| printer.parenthesised_keys(&index.keys));
            }
        }
        let mut options: Vec<String> = index.options.iter().map(|one| option(one, self.names)).collect();
        if self.form == Form::Meaning {
            options.sort();
        }
        self.with_options(&options);
    }

    fn parenthesised_keys(&mut self, keys: &'a [Expr]) {
        self.write(" (");
        for (number, key) in keys.iter().enumerate() {
            if number > 0 {
                self.write(", ");
            }
            self.standalone(key);
        }
        self.write(")");
    }

    pub(super) fn table(&mut self, table: &'a CreateTable) {
        if table.feed.is_some() || !table.constraints.is_empty() {
            // From a source it is written from its words, like what it comes from.
            return self.give_up();
        }
        self.write(if table.temporary { "CREATE TEMPORARY TABLE " } else { "CREATE TABLE " });
        let name = self.names.defined(&table.name);
        self.write(&name);
        self.write(" (");
        for (number, column) in table.columns.iter().enumerate() {
            if number > 0 {
                self.write(", ");
            }
            self.column_definition(column);
        }
        self.write(")");
        let options: Vec<String> = table.options.iter().map(|one| option(one, self.names)).collect();
        self.with_options(&options);
    }

    fn column_definition(&mut self, column: &'a ColumnDef) {
        self.name(&column.name.ident);
        if let Some(written) = &column.data_type {
            self.write(" ");
            match DataType::parse(written) {
                Ok(data_type) => self.data_type(&data_type),
                Err(_) => self.give_up(),
            }
        }
        if column.not_null {
            self.write(" NOT NULL");
        }
        if let Some(default) = &column.default {
            self.write(" DEFAULT ");
            self.standalone(default);
        }
    }

    pub(super) fn source(&mut self, source: &'a CreateSource) {
        let External::LoadGenerator(generator, options) = &source.external else { return self.give_up() };
        if !source.rest.is_empty() || !source.columns.is_empty() {
            return self.give_up();
        }
        self.write("CREATE SOURCE ");
        let name = self.names.defined(&source.name);
        self.write(&name);
        self.in_cluster(source.cluster.as_ref());
        self.write(" FROM LOAD GENERATOR ");
        self.write(generator);
        if !options.is_empty() {
            let options: Vec<String> = options.iter().map(|one| option(one, self.names)).collect();
            self.write(" (");
            self.write(&options.join(", "));
            self.write(")");
        }
        match &source.subsources {
            Subsources::None => {}
            Subsources::AllTables => self.write(" FOR ALL TABLES"),
            Subsources::Tables(_) | Subsources::Schemas(_) => return self.give_up(),
        }
        if let Some(progress) = &source.progress {
            self.write(" EXPOSE PROGRESS AS ");
            let progress = self.names.object(progress);
            self.write(&progress);
        }
        let options: Vec<String> = source.options.iter().map(|one| option(one, self.names)).collect();
        self.with_options(&options);
    }

    pub(super) fn constraint(&mut self, constraint: &'a CreateConstraint) {
        self.write(match constraint.kind {
            ConstraintKind::PrimaryKey => "CREATE PRIMARY KEY",
            ConstraintKind::Unique => "CREATE UNIQUE CONSTRAINT",
            ConstraintKind::ForeignKey => "CREATE FOREIGN KEY",
        });
        self.write(if constraint.enforced { "" } else { " NOT ENFORCED" });
        if let Some(name) = &constraint.name {
            self.write(" ");
            self.name(&name.ident);
        }
        if constraint.cluster.is_some() {
            self.in_cluster(constraint.cluster.as_ref());
        }
        self.write(" ON ");
        let on = self.names.object(&constraint.on);
        self.write(&on);
        self.column_names(&constraint.columns);
        if let Some((target, columns)) = &constraint.references {
            self.write(" REFERENCES ");
            let target = self.names.object(target);
            self.write(&target);
            self.column_names(columns);
        }
    }

    fn column_names(&mut self, columns: &[RawIdent]) {
        if !columns.is_empty() {
            self.write(" ");
            self.parenthesised(columns, |printer, column| printer.name(&column.ident));
        }
    }

    fn in_cluster(&mut self, cluster: Option<&RawIdent>) {
        if let Some(cluster) = self.names.cluster(cluster) {
            self.write(" IN CLUSTER ");
            self.write(&cluster);
        }
    }

    fn with_options(&mut self, options: &[String]) {
        if !options.is_empty() {
            self.write(" WITH (");
            self.write(&options.join(", "));
            self.write(")");
        }
    }

    /// Writes the query of a view.
    pub(super) fn body_of(&mut self, query: &'a Query) {
        match query.tree() {
            Some((tree, notes)) if self.is_stored() || is_the_servers(notes) => {
                self.body = Body { notes: Some(notes), references: query.references() };
                self.query(tree);
            }
            _ => self.give_up(),
        }
    }

    /// Writes an expression that is not part of a query.
    pub(super) fn standalone(&mut self, expr: &'a Expr) {
        let tree = expr.tree().filter(|(_, notes)| self.is_stored() || is_the_servers(notes));
        let Some((tree, notes)) = tree else { return self.by_its_words(expr) };
        self.body = Body { notes: Some(notes), references: expr.references() };
        if self.is_stored() {
            self.expr(tree);
        } else if !self.attempt(|printer| printer.expr(super::expr::without_parentheses(tree))) {
            self.by_its_words(expr);
        }
    }

    fn by_its_words(&mut self, expr: &'a Expr) {
        let mut found = Vec::new();
        mention::of_expr(expr, &mut found);
        self.unread(expr.text(), expr.span().start, &found);
    }

    /// Writes options that lowering took out of a query.
    pub(super) fn noted_options(&mut self, tokens: &[Token]) {
        let mut cursor = Cursor::new("", tokens);
        match all_options(&mut cursor) {
            Ok(options) => {
                let options: Vec<String> = options.iter().map(|one| option(one, self.names)).collect();
                self.write(&options.join(", "));
            }
            Err(_) => self.give_up(),
        }
    }
}

/// Tells whether a tree is that of the server as well.
///
/// Source: `get_next_precedence` of the server's parser: an operator that is named, such as
/// `OPERATOR(pg_catalog.*)`, binds like `||`, whichever it is. The tree has it as that operator.
fn is_the_servers(notes: &Notes) -> bool {
    !notes.names_operator
}

/// Writes one option: `NAME = value`.
fn option(option: &WithOption, names: &dyn Names) -> String {
    match &option.value {
        None => option.name.clone(),
        Some(value) if option.name == "RETAIN HISTORY" => {
            format!("{} = FOR {}", option.name, option_value(value, names))
        }
        Some(value) => format!("{} = {}", option.name, option_value(value, names)),
    }
}

fn option_value(value: &OptionValue, names: &dyn Names) -> String {
    match value {
        OptionValue::String(text) => literal(text),
        OptionValue::Interval(text) => format!("INTERVAL {}", literal(text)),
        OptionValue::Number(digits) => digits.clone(),
        OptionValue::Bool(truth) => truth.to_string(),
        OptionValue::Name(name) => dotted(&name.parts),
        OptionValue::Secret(name) => format!("SECRET {}", dotted(&name.parts)),
        OptionValue::List(values) => {
            format!("({})", values.iter().map(|one| option_value(one, names)).collect::<Vec<_>>().join(", "))
        }
        OptionValue::Nested(words, options) => {
            let options = options.iter().map(|one| self::option(one, names)).collect::<Vec<_>>().join(", ");
            format!("{words} ({options})").trim_start().to_owned()
        }
        OptionValue::Raw(text) => raw(text, names),
    }
}

/// Writes what is only known by its words: keywords in capitals, types in full, and what stands in quotes as it is.
fn raw(text: &str, names: &dyn Names) -> String {
    let Ok(tokens) = lex(text) else { return text.to_owned() };
    let mut cursor = Cursor::new(text, &tokens);
    let mut written = String::with_capacity(text.len());
    let mut glued = true;
    while let Some(token) = cursor.peek() {
        let joins = token.opens()
            || token.closes()
            || matches!(token.lexeme, Lexeme::Comma | Lexeme::Period | Lexeme::DoubleColon);
        written.push_str(if glued || joins { "" } else { " " });
        glued = token.opens() || matches!(token.lexeme, Lexeme::Period | Lexeme::DoubleColon);
        if let Some(literal) = typed(&mut cursor, names) {
            written.push_str(&literal);
            glued = false;
            continue;
        }
        match &token.lexeme {
            Lexeme::Word(word) => written.push_str(&word.to_uppercase()),
            Lexeme::Quoted(name) => {
                // One that needs no quotes is the same without them.
                let name =
                    Ident::new(name.as_ref()).map_or_else(|_| name.to_string(), |name| name.to_string());
                written.push_str(&if name.starts_with('"') { name } else { name.to_uppercase() });
            }
            other => written.push_str(&other.to_string()),
        }
        cursor.advance();
    }
    written
}

/// Moves over a string with a type before or behind it; the server keeps the type behind it.
fn typed(cursor: &mut Cursor<'_>, names: &dyn Names) -> Option<String> {
    let string = |cursor: &Cursor<'_>| match cursor.peek().map(|token| &token.lexeme) {
        Some(Lexeme::String(text)) => Some(literal(text)),
        _ => None,
    };
    let mut ahead = cursor.until(cursor.tokens().len());
    let (text, data_type) = match string(&ahead) {
        Some(text) => {
            ahead.advance();
            ahead.lexeme(&Lexeme::DoubleColon).then_some(())?;
            (text, read_type(&mut ahead).ok()?)
        }
        None => {
            ahead.peek().and_then(Token::word).filter(|word| meaning(word).is_type)?;
            let data_type = read_type(&mut ahead).ok()?;
            let text = string(&ahead)?;
            ahead.advance();
            (text, data_type)
        }
    };
    let name = data_type.builtin()?;
    cursor.move_to(cursor.at() + ahead.at());
    Some(format!("{text}::{}", names.builtin_type(&name)))
}

fn dotted(parts: &[Ident]) -> String {
    parts.iter().map(Ident::sql).collect::<Vec<_>>().join(".")
}

/// The name of an index that has none: `t_primary_idx`, `t_a_b_idx`.
///
/// Source: recorded, `create_sql/pairs.json`; keys that are no columns are called `expr`.
pub(super) fn default_index_name(relation: &Ident, index: &CreateIndex) -> String {
    if index.default {
        return format!("{}_primary_idx", relation.as_str());
    }
    let keys: Vec<String> = index
        .keys
        .iter()
        .map(|key| column_of(key).map_or_else(|| "expr".to_owned(), |column| column.as_str().to_owned()))
        .collect();
    format!("{}_{}_idx", relation.as_str(), keys.join("_"))
}

/// The column that a key is, if it is one.
fn column_of(key: &Expr) -> Option<Ident> {
    use sqlparser::ast::Expr as Tree;
    match super::expr::without_parentheses(key.tree()?.0) {
        Tree::Identifier(column) => stored_ident(column),
        Tree::CompoundIdentifier(parts) => stored_ident(parts.last()?),
        _ => None,
    }
}

//! Queries made by dice, and the many ways to write one.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::any;
use proptest::sample::select;
use proptest::strategy::BoxedStrategy;
use proptest::strategy::Just;
use proptest::strategy::Strategy;

/// The relations of the project, all in `shop.raw`.
pub(super) const RELATIONS: &[&str] = &["items", "lines", "order"];

const COLUMNS: &[&str] = &["id", "label", "Mixed", "select"];

/// An expression.
#[derive(Clone, Debug)]
pub(super) enum Expr {
    /// A column of a relation of the FROM clause: 0 or 1.
    Column(usize, &'static str),
    Number(u16),
    Text(String),
    Binary(&'static str, Box<Self>, Box<Self>),
    Not(Box<Self>),
    IsNull(Box<Self>),
    Call(&'static str, Vec<Self>),
    Cast(Box<Self>, &'static str),
    In(Box<Self>, Vec<Self>),
    Case(Box<Self>, Box<Self>),
    Exists(Box<Self>),
}

/// A select with one relation or two.
#[derive(Clone, Debug)]
pub(super) struct Select {
    pub(super) distinct: bool,
    pub(super) items: Vec<(Expr, &'static str)>,
    pub(super) from: usize,
    /// How the second is joined; nothing where there is one alone, of which all columns are then.
    pub(super) join: &'static str,
    pub(super) on: Expr,
    pub(super) filter: Option<Expr>,
}

/// A file of a materialized view with an index.
#[derive(Clone, Debug)]
pub(super) struct Model {
    pub(super) first: Select,
    pub(super) second: Option<(&'static str, Select)>,
    pub(super) cluster: &'static str,
    pub(super) key: &'static str,
}

fn exprs() -> BoxedStrategy<Expr> {
    let leaf = proptest::prop_oneof![
        (0..2_usize, select(COLUMNS)).prop_map(|(relation, column)| Expr::Column(relation, column)),
        any::<u16>().prop_map(Expr::Number),
        "[a-z' \"-]{0,6}".prop_map(Expr::Text),
    ];
    let operators = select(vec!["+", "-", "*", "=", "<>", "<", "<=", ">", "AND", "OR", "||"]);
    leaf.prop_recursive(4, 24, 3, move |inner| {
        let boxed = || inner.clone().prop_map(Box::new);
        proptest::prop_oneof![
            (operators.clone(), boxed(), boxed()).prop_map(|(operator, a, b)| Expr::Binary(operator, a, b)),
            boxed().prop_map(Expr::Not),
            boxed().prop_map(Expr::IsNull),
            (select(vec!["lower", "coalesce", "abs"]), vec(inner.clone(), 1..3))
                .prop_map(|(f, a)| Expr::Call(f, a)),
            (boxed(), select(vec!["text", "int", "numeric(10, 2)"])).prop_map(|(e, t)| Expr::Cast(e, t)),
            (boxed(), vec(inner.clone(), 1..3)).prop_map(|(e, list)| Expr::In(e, list)),
            (boxed(), boxed()).prop_map(|(a, b)| Expr::Case(a, b)),
            boxed().prop_map(Expr::Exists),
        ]
    })
    .boxed()
}

fn selects() -> impl Strategy<Value = Select> {
    let items = vec(exprs(), 1..4).prop_map(|items| {
        let names = ["a", "b", "C d"];
        items.into_iter().zip(names).collect::<Vec<_>>()
    });
    let joins = select(vec!["", "JOIN", "LEFT JOIN", "FULL JOIN"]);
    (any::<bool>(), items, 0..RELATIONS.len(), joins, exprs(), option::of(exprs())).prop_map(
        |(distinct, items, from, join, on, filter)| Select { distinct, items, from, join, on, filter },
    )
}

pub(super) fn models() -> impl Strategy<Value = Model> {
    let second = option::of((select(vec!["UNION", "UNION ALL", "EXCEPT", "INTERSECT"]), selects()));
    (selects(), second, select(vec!["c", "\"C\""]), Just("a"))
        .prop_map(|(first, second, cluster, key)| Model { first, second, cluster, key })
}

/// Decides how something is written: each byte is one decision. Where they end, all is written plainly.
#[derive(Clone, Debug)]
pub(super) struct Style(pub(super) Vec<u8>);

pub(super) fn styles() -> impl Strategy<Value = Style> {
    vec(any::<u8>(), 0..400).prop_map(Style)
}

/// Writes a model in a style.
pub(super) struct Writer<'s> {
    style: std::slice::Iter<'s, u8>,
    text: String,
    /// Whether each relation of the select has an alias, which is its own name.
    aliased: [bool; 2],
    /// Whether columns may go without a qualifier.
    bare: bool,
}

impl<'s> Writer<'s> {
    pub(super) fn new(style: &'s Style) -> Self {
        Self { style: style.0.iter(), text: String::new(), aliased: [false; 2], bare: false }
    }

    fn decide(&mut self, ways: u8) -> u8 {
        self.style.next().map_or(0, |byte| byte % ways)
    }

    /// Writes what stands between two words.
    fn gap(&mut self) {
        let gap = match self.decide(8) {
            0..=3 => " ",
            4 => "\n  ",
            5 => "\t\t",
            6 => " /* a 'b\" /* c */ ; */ ",
            _ => " -- it's ; \n",
        };
        self.text.push_str(gap);
    }

    fn words(&mut self, words: &str) {
        for word in words.split(' ') {
            let word = match self.decide(3) {
                0 => word.to_owned(),
                1 => word.to_lowercase(),
                _ => word
                    .chars()
                    .enumerate()
                    .map(|(at, c)| if at % 2 == 0 { c.to_ascii_lowercase() } else { c })
                    .collect(),
            };
            self.text.push_str(&word);
            self.gap();
        }
    }

    fn mark(&mut self, mark: &str) {
        self.text.push_str(mark);
        self.gap();
    }

    /// Writes an identifier: in quotes where it has to be, and sometimes where it need not.
    fn ident(&mut self, name: &str) {
        let bare = name.chars().all(|c| c.is_ascii_lowercase()) && !["order", "select"].contains(&name);
        let written = match self.decide(3) {
            0 if bare => name.to_owned(),
            1 if bare => name.to_uppercase(),
            _ => format!("\"{name}\""),
        };
        self.text.push_str(&written);
    }

    fn relation(&mut self, relation: usize) {
        // The file stands in `pub`, so that the schema is said at least.
        if self.decide(2) == 1 {
            self.ident("shop");
            self.text.push('.');
        }
        self.ident("raw");
        self.text.push('.');
        self.ident(RELATIONS[relation % RELATIONS.len()]);
        self.gap();
    }

    fn expr(&mut self, expr: &Expr, relations: [usize; 2]) {
        let brackets = match expr {
            Expr::Column(..) | Expr::Number(_) | Expr::Text(_) | Expr::Call(..) | Expr::Case(..) => {
                self.decide(4) / 3
            }
            _ => 1 + self.decide(4) / 3,
        };
        for _ in 0..brackets {
            self.mark("(");
        }
        self.bare_expr(expr, relations);
        for _ in 0..brackets {
            self.mark(")");
        }
    }

    /// Writes a column, qualified as far as the style says and an alias allows.
    fn column(&mut self, relation: usize, aliased: bool, name: &str) {
        if self.bare && self.decide(2) == 1 {
            self.ident(name);
            return self.gap();
        }
        let parts = if aliased { 0 } else { self.decide(3) };
        if parts == 2 {
            self.ident("shop");
            self.text.push('.');
        }
        if parts >= 1 {
            self.ident("raw");
            self.text.push('.');
        }
        self.ident(RELATIONS[relation % RELATIONS.len()]);
        self.text.push('.');
        self.ident(name);
        self.gap();
    }

    fn bare_expr(&mut self, expr: &Expr, relations: [usize; 2]) {
        match expr {
            Expr::Column(relation, name) => {
                let aliased = self.aliased[*relation];
                self.column(relations[*relation], aliased, name);
            }
            Expr::Number(number) => self.mark(&number.to_string()),
            Expr::Text(text) => self.mark(&format!("'{}'", text.replace('\'', "''"))),
            Expr::Binary(operator, a, b) => {
                self.expr(a, relations);
                match *operator {
                    "<>" if self.decide(2) == 1 => self.mark("!="),
                    other if other.chars().all(char::is_alphabetic) => self.words(other),
                    other => self.mark(other),
                }
                self.expr(b, relations);
            }
            Expr::Not(e) => {
                self.words("NOT");
                self.expr(e, relations);
            }
            Expr::IsNull(e) => {
                self.expr(e, relations);
                self.words("IS NULL");
            }
            Expr::Call(function, arguments) => {
                self.ident(function);
                self.mark("(");
                self.list(arguments, relations);
                self.mark(")");
            }
            Expr::Cast(e, data_type) => {
                if self.decide(2) == 1 {
                    self.expr(e, relations);
                    self.mark("::");
                    self.mark(data_type);
                } else {
                    self.words("CAST");
                    self.mark("(");
                    self.expr(e, relations);
                    self.words("AS");
                    self.mark(data_type);
                    self.mark(")");
                }
            }
            Expr::In(e, list) => {
                self.expr(e, relations);
                self.words("IN");
                self.mark("(");
                self.list(list, relations);
                self.mark(")");
            }
            Expr::Case(condition, value) => {
                self.words("CASE WHEN");
                self.expr(condition, relations);
                self.words("THEN");
                self.expr(value, relations);
                self.words("END");
            }
            Expr::Exists(e) => {
                self.words("EXISTS");
                self.mark("(");
                self.words("SELECT 1 FROM");
                self.relation(relations[0] + 2);
                self.words("WHERE");
                // Another relation is nearer.
                let bare = std::mem::take(&mut self.bare);
                self.expr(e, relations);
                self.bare = bare;
                self.mark(")");
            }
        }
    }

    fn list(&mut self, list: &[Expr], relations: [usize; 2]) {
        for (at, e) in list.iter().enumerate() {
            if at > 0 {
                self.mark(",");
            }
            self.expr(e, relations);
        }
    }

    pub(super) fn select(&mut self, select: &Select) {
        let is_joined = !select.join.is_empty();
        let relations = [select.from, select.from + usize::from(is_joined)];
        let first = self.decide(3) == 2;
        self.aliased = [first, if is_joined { self.decide(3) == 2 } else { first }];
        self.bare = !is_joined;
        self.words(if select.distinct { "SELECT DISTINCT" } else { "SELECT" });
        for (at, (e, name)) in select.items.iter().enumerate() {
            if at > 0 {
                self.mark(",");
            }
            self.expr(e, relations);
            if self.decide(2) == 0 {
                self.words("AS");
            }
            self.ident(name);
            self.gap();
        }
        self.words("FROM");
        for (at, relation) in relations.into_iter().enumerate().take(1 + usize::from(is_joined)) {
            if at > 0 {
                self.words(select.join);
            }
            self.relation(relation);
            if self.aliased[at] {
                self.words("AS");
                self.ident(RELATIONS[relation % RELATIONS.len()]);
                self.gap();
            }
        }
        if is_joined {
            self.words("ON");
            self.expr(&select.on, relations);
        }
        if let Some(filter) = &select.filter {
            self.words("WHERE");
            self.expr(filter, relations);
        }
    }

    pub(super) fn query(&mut self, model: &Model) {
        self.select(&model.first);
        if let Some((operator, second)) = &model.second {
            self.words(operator);
            self.select(second);
        }
    }

    pub(super) fn model(&mut self, model: &Model) {
        self.words("CREATE MATERIALIZED VIEW");
        self.ident("m");
        self.gap();
        self.words("IN CLUSTER");
        self.mark(model.cluster);
        self.words("AS");
        self.query(model);
        self.mark(";");
        self.words("CREATE INDEX");
        self.ident("i");
        self.gap();
        self.words("IN CLUSTER");
        self.mark(model.cluster);
        self.words("ON");
        self.ident("m");
        self.mark("(");
        self.ident(model.key);
        self.mark(")");
        // A text that ends within a comment of one line ends all the same.
        self.text.push('\n');
    }

    pub(super) fn finish(self) -> String {
        self.text
    }
}

//! Fingerprints follow the meaning, and rewriting touches names alone.

use mzflow::compiler;
use mzflow::compiler::Options;
use mzflow::compiler::source::File;
use mzflow::sql::parse;
use proptest::prelude::any;
use proptest::prelude::prop_assert_eq;
use proptest::prelude::prop_assert_ne;
use proptest::sample::Index;
use proptest::strategy::Strategy;

use super::holds;
use super::query::Expr;
use super::query::Model;
use super::query::RELATIONS;
use super::query::Select;
use super::query::Style;
use super::query::Writer;
use super::query::models;
use super::query::styles;

/// The fingerprint of a materialized view with its index.
fn fingerprint(text: &str) -> String {
    let file = |path: &str, text: &str| File { path: path.to_owned(), text: text.into() };
    let mut files = vec![file("project.toml", ""), file("models/shop/pub/m.sql", text)];
    for relation in RELATIONS {
        let path = format!("models/shop/raw/{relation}.sql");
        files.push(file(&path, &format!("CREATE TABLE \"{relation}\" (id int, label text)")));
    }
    let (project, found) = compiler::compile(files, &Options::default());
    let wrong: Vec<_> = found.iter().filter(|one| one.fails_compile()).collect();
    assert!(wrong.is_empty(), "{wrong:?} in\n{text}");
    let name = "shop.pub.m".parse().expect("a name");
    project.object(&name).expect("it is there").fingerprint.to_string()
}

fn written(model: &Model, style: &Style) -> String {
    let mut writer = Writer::new(style);
    writer.model(model);
    writer.finish()
}

#[test]
fn the_same_written_otherwise_has_the_same_fingerprint() {
    holds((models(), styles(), styles()), |(model, one, other)| {
        let (one, other) = (written(&model, &one), written(&model, &other));
        prop_assert_eq!(fingerprint(&one), fingerprint(&other), "\n{}\n---\n{}", one, other);
        Ok(())
    });
}

/// A select as plainly as it can be written.
fn plain(select: &Select) -> String {
    let style = Style(Vec::new());
    let mut writer = Writer::new(&style);
    writer.select(select);
    writer.finish()
}

/// One thing that changes what a model means.
#[derive(Clone, Copy, Debug)]
enum Change {
    Distinct,
    Join,
    Alias,
    Cluster,
    Key,
    Relation,
    Filter,
    Operands,
    Expression(Index),
}

fn changes() -> impl Strategy<Value = Change> {
    proptest::prop_oneof![
        proptest::sample::select(vec![
            Change::Distinct,
            Change::Join,
            Change::Alias,
            Change::Cluster,
            Change::Key,
            Change::Relation,
            Change::Filter,
            Change::Operands,
        ]),
        any::<Index>().prop_map(Change::Expression),
        any::<Index>().prop_map(Change::Expression),
    ]
}

/// Changes a model; tells whether there was anything to change.
fn change(model: &mut Model, change: Change) -> bool {
    match change {
        Change::Distinct => model.first.distinct = !model.first.distinct,
        Change::Join => model.first.join = if model.first.join == "JOIN" { "LEFT JOIN" } else { "JOIN" },
        Change::Alias => model.first.items[0].1 = "other",
        Change::Cluster => model.cluster = "elsewhere",
        Change::Key => model.key = "b",
        Change::Relation => model.first.from += 1,
        Change::Filter => match model.first.filter.take() {
            Some(_) => {}
            None => model.first.filter = Some(Expr::IsNull(Box::new(Expr::Number(1)))),
        },
        Change::Operands => {
            let Some((operator, second)) = model.second.take() else { return false };
            let (one, other) = (plain(&model.first), plain(&second));
            model.second = Some((operator, std::mem::replace(&mut model.first, second)));
            return one != other;
        }
        Change::Expression(at) => {
            let at = at.index(model.first.items.len());
            expression(&mut model.first.items[at].0);
        }
    }
    true
}

/// Changes one place of an expression.
fn expression(expr: &mut Expr) {
    match expr {
        Expr::Column(_, name) => *name = if *name == "id" { "label" } else { "id" },
        Expr::Number(number) => *number ^= 1,
        Expr::Text(text) => text.push('x'),
        Expr::Binary(operator, ..) => {
            *operator = match *operator {
                "+" => "-",
                "<" => "<=",
                "=" => "<>",
                "AND" => "OR",
                _ => "+",
            }
        }
        Expr::Not(inner) => {
            let inner = std::mem::replace(&mut **inner, Expr::Number(0));
            *expr = Expr::IsNull(Box::new(inner));
        }
        Expr::IsNull(inner) | Expr::Exists(inner) => expression(inner),
        Expr::Call(function, _) => *function = if *function == "lower" { "upper" } else { "lower" },
        Expr::Cast(_, data_type) => *data_type = if *data_type == "text" { "int" } else { "text" },
        Expr::In(_, list) => list.push(Expr::Number(7)),
        Expr::Case(condition, _) => expression(condition),
    }
}

#[test]
fn what_means_something_else_has_another_fingerprint() {
    holds((models(), changes(), styles()), |(model, changed, style)| {
        let mut other = model.clone();
        if change(&mut other, changed) {
            let (one, other) = (written(&model, &style), written(&other, &style));
            prop_assert_ne!(fingerprint(&one), fingerprint(&other), "\n{}\n---\n{}", one, other);
        }
        Ok(())
    });
}

#[test]
fn rewriting_changes_references_and_nothing_else() {
    const NEW: &str = "\"new\".\"home\".\"§\"";
    holds((models(), styles()), |(model, style)| {
        let mut writer = Writer::new(&style);
        writer.query(&model);
        let text = writer.finish() + "\n";
        let query = parse::query(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let references = query.references().iter().map(|name| name.span);
        let mut spans: Vec<_> = references.chain(query.qualifiers().iter().map(|q| q.name.span)).collect();
        spans.sort();
        let whole = query.span();
        let (mut kept, mut at) = (Vec::new(), whole.start);
        for span in &spans {
            kept.push(text[at..span.start].to_owned());
            at = span.end;
        }
        kept.push(text[at..whole.end].to_owned());
        let rewritten = query.rewrite(&|_| Some(NEW.to_owned()));
        let around: Vec<String> = rewritten.split(NEW).map(str::to_owned).collect();
        prop_assert_eq!(around, kept);
        let again = parse::query(&rewritten).unwrap_or_else(|error| panic!("{rewritten}: {error}"));
        prop_assert_eq!(again.references().len(), query.references().len());
        Ok(())
    });
}

//! Enforced constraints, each as a materialized view of its own that holds what breaks it.
//!
//! From here on such a view is an object like any other: it is staged, compared and swapped. What is said about it is
//! said of the constraint in the file. Start reading at [`lower`].

use super::checks::constraint::problems;
use super::diagnostic::Code;
use super::diagnostic::Diagnostic;
use super::draft::Draft;
use super::source::Source;
use crate::name::Ident;
use crate::name::ObjectKind;
use crate::name::literal;
use crate::sql::ast::RawIdent;
use crate::sql::ast::RawName;
use crate::sql::ast::Statement;
use crate::sql::ast::StatementKind;
use crate::sql::ast::project::ConstraintKind;
use crate::sql::ast::project::CreateConstraint;

/// What counts the rows of a key in the view of a key.
const COUNT: &str = "count";

/// The view of one constraint, before it is a draft.
pub(super) struct Lowered {
    source: Source,
    name: Ident,
}

/// Makes the views of the enforced constraints of a draft that break no rule.
pub(super) fn lower(draft: &Draft<'_>, found: &mut Vec<Diagnostic>) -> Vec<Lowered> {
    let mut lowered = Vec::new();
    for companion in &draft.companions {
        let StatementKind::CreateConstraint(constraint) = &companion.kind else { continue };
        if !constraint.enforced || !problems(draft, constraint).is_empty() {
            continue;
        }
        match name(draft, constraint) {
            Some(name) => lowered.push(view(draft, companion, constraint, name)),
            None => {
                let message = "the name of this constraint's view would be too long";
                let help = "give the constraint a name";
                let diagnostic = draft.source.error(Code::InvalidIdentifier, companion.span, message);
                found.push(diagnostic.with_help(help));
            }
        }
    }
    lowered
}

impl Lowered {
    /// The view as a draft beside that of the object whose constraint it is.
    pub(super) fn draft<'a>(&'a self, of: &Draft<'_>) -> Option<Draft<'a>> {
        let (main, companions) = self.source.statements.split_first()?;
        Some(Draft {
            source: &self.source,
            main,
            kind: ObjectKind::MaterializedView,
            name: of.name.schema_name().object(self.name.clone()),
            folder: of.folder.clone(),
            of_constraint: true,
            companions: companions.iter().collect(),
        })
    }
}

/// Its own name, else one from the object, the columns and the kind; `None` where that is too long.
fn name(draft: &Draft<'_>, constraint: &CreateConstraint) -> Option<Ident> {
    if let Some(name) = &constraint.name {
        return Some(name.ident.clone());
    }
    let kind = match constraint.kind {
        ConstraintKind::PrimaryKey => "pk",
        ConstraintKind::Unique => "unique",
        ConstraintKind::ForeignKey => "fk",
    };
    let mut parts = vec![draft.name.object.as_str()];
    parts.extend(constraint.columns.iter().map(|column| column.ident.as_str()));
    parts.push(kind);
    Ident::new(parts.join("_")).ok()
}

fn view(draft: &Draft<'_>, companion: &Statement, constraint: &CreateConstraint, name: Ident) -> Lowered {
    let parent = [&draft.folder, &draft.name.schema, &draft.name.object].map(Ident::sql).join(".");
    let own = listed(&constraint.columns);
    let query = match &constraint.references {
        Some((target, columns)) if constraint.kind == ConstraintKind::ForeignKey => {
            format!("SELECT {own} FROM {parent} EXCEPT SELECT {} FROM {}", listed(columns), written(target))
        }
        _ => {
            let count = count(&constraint.columns);
            format!("SELECT {own}, count(*) AS {count} FROM {parent} GROUP BY {own} HAVING count(*) > 1")
        }
    };
    let cluster = constraint
        .cluster
        .iter()
        .map(|cluster| format!(" IN CLUSTER {}", cluster.ident.sql()))
        .collect::<String>();
    let text = literal(companion.span.of(draft.source.sql()));
    let name_sql = name.sql();
    let sql = format!(
        "CREATE MATERIALIZED VIEW {name_sql}{cluster} AS {query}; \
         COMMENT ON MATERIALIZED VIEW {name_sql} IS {text}"
    );
    Lowered { source: draft.source.standing_for(sql, companion.span), name }
}

/// The name of the column that counts: no key has it too.
fn count(keys: &[RawIdent]) -> String {
    let taken = |name: &str| keys.iter().any(|key| key.ident.as_str() == name);
    let mut name = COUNT.to_owned();
    while taken(&name) {
        name.push('_');
    }
    name
}

fn listed(columns: &[RawIdent]) -> String {
    columns.iter().map(|column| column.ident.sql()).collect::<Vec<_>>().join(", ")
}

fn written(name: &RawName) -> String {
    name.parts.iter().map(Ident::sql).collect::<Vec<_>>().join(".")
}

//! Constraints: which objects may have them, where enforced ones run, and what they name.

use crate::compiler::columns;
use crate::compiler::contract::Contract;
use crate::compiler::diagnostic::Code;
use crate::compiler::diagnostic::Diagnostic;
use crate::compiler::draft::Draft;
use crate::compiler::draft::opening;
use crate::compiler::namespace::Meaning;
use crate::name::ObjectKind;
use crate::name::ObjectName;
use crate::sql::ast::RawIdent;
use crate::sql::ast::StatementKind;
use crate::sql::ast::project::ConstraintKind;
use crate::sql::ast::project::CreateConstraint;

/// Reports constraints that break a rule.
pub(in crate::compiler) fn check(draft: &Draft<'_>, found: &mut Vec<Diagnostic>) {
    for companion in &draft.companions {
        if let StatementKind::CreateConstraint(constraint) = &companion.kind {
            let span = opening(draft.source, companion);
            let problems = problems(draft, constraint);
            found.extend(
                problems
                    .into_iter()
                    .map(|message| draft.source.error(Code::InvalidConstraint, span, message)),
            );
            missing(draft, draft, &constraint.columns, found);
        }
    }
}

/// What is wrong with a constraint by itself.
pub(in crate::compiler) fn problems(draft: &Draft<'_>, constraint: &CreateConstraint) -> Vec<String> {
    let mut problems = Vec::new();
    match (draft.kind, constraint.enforced) {
        (ObjectKind::View, true) => {
            problems.push("a view can only have constraints that are `NOT ENFORCED`".to_owned());
        }
        (ObjectKind::View | ObjectKind::MaterializedView, _) => {}
        (kind, _) => problems.push(format!("a {kind} cannot have constraints")),
    }
    match (constraint.enforced, &constraint.cluster) {
        (true, None) => problems.push("an enforced constraint needs `IN CLUSTER`".to_owned()),
        (false, Some(_)) => problems.push("a constraint that is not enforced runs in no cluster".to_owned()),
        (true, Some(_)) | (false, None) => {}
    }
    match (constraint.kind, &constraint.references) {
        (ConstraintKind::ForeignKey, None) => problems.push("a foreign key needs `REFERENCES`".to_owned()),
        (ConstraintKind::ForeignKey, Some((_, columns))) if columns.len() != constraint.columns.len() => {
            problems.push("a foreign key has as many columns as what it references".to_owned());
        }
        (ConstraintKind::PrimaryKey | ConstraintKind::Unique, Some(_)) => {
            problems.push("only a foreign key has `REFERENCES`".to_owned());
        }
        _ => {}
    }
    let referenced = constraint.references.iter().flat_map(|(_, columns)| [columns.as_slice()]);
    for columns in std::iter::once(constraint.columns.as_slice()).chain(referenced) {
        let mut seen = std::collections::BTreeSet::new();
        let twice = columns.iter().find(|column| !seen.insert(&column.ident));
        problems.extend(twice.map(|column| format!("column `{}` stands here twice", column.ident)));
    }
    problems
}

/// Reports a foreign key to something that cannot be referenced, or to a column that it does not
/// have. What neither the project nor `types.lock` knows is not checked.
pub(in crate::compiler) fn foreign_key(
    draft: &Draft<'_>,
    constraint: &CreateConstraint,
    meaning: &Meaning,
    parent: Option<&Draft<'_>>,
    locked: Option<&Contract>,
    found: &mut Vec<Diagnostic>,
) {
    let (Some((target, columns)), Some(full)) = (&constraint.references, meaning.name()) else { return };
    let parent = parent.filter(|_| matches!(meaning, Meaning::Object(_)));
    let kind = match meaning {
        // What a source makes is a table to whoever refers to it.
        Meaning::Subsource(..) | Meaning::PerhapsSubsource(..) => None,
        _ => parent.map(|parent| parent.kind).or_else(|| locked.map(|locked| locked.kind)),
    };
    match (kind, constraint.enforced) {
        (None | Some(ObjectKind::Table | ObjectKind::MaterializedView), _)
        | (Some(ObjectKind::View), false) => {}
        (Some(kind), enforced) => {
            let what = if enforced { "an enforced foreign key" } else { "a foreign key" };
            let message = format!("`{full}` is a {kind}, which {what} cannot reference");
            found.push(draft.source.error(Code::InvalidConstraint, target.span, message));
        }
    }
    if let Some(parent) = parent {
        missing(draft, parent, columns, found);
    }
    // What the file tells of an object is newer than what was locked.
    let Some(locked) = locked.filter(|_| !parent.is_some_and(columns::is_told)) else { return };
    let is_locked = |column: &&RawIdent| locked.columns.iter().any(|one| one.name == column.ident);
    for column in columns.iter().filter(|column| !is_locked(column)) {
        found.push(without(draft, full, column));
    }
}

/// Reports columns that an object certainly does not have.
fn missing(draft: &Draft<'_>, of: &Draft<'_>, columns: &[RawIdent], found: &mut Vec<Diagnostic>) {
    for column in columns.iter().filter(|column| columns::lacks(of, &column.ident)) {
        found.push(without(draft, &of.name, column));
    }
}

/// A column that something does not have.
fn without(draft: &Draft<'_>, of: &ObjectName, column: &RawIdent) -> Diagnostic {
    let message = format!("`{of}` has no column `{}`", column.ident);
    draft.source.error(Code::InvalidConstraint, column.span, message)
}

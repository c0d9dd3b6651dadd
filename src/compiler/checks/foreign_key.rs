//! What a foreign key refers to: of a kind that can be referred to, with the columns it names.

use crate::compiler::contract::Contracts;
use crate::compiler::diagnostic::Code;
use crate::compiler::diagnostic::Diagnostic;
use crate::compiler::draft::Draft;
use crate::compiler::namespace::Meaning;
use crate::compiler::namespace::Namespace;
use crate::name::Ident;
use crate::name::ObjectKind;
use crate::sql::ast::RawIdent;
use crate::sql::ast::RawName;
use crate::sql::ast::StatementKind;

/// What is known of the relation that a foreign key refers to.
#[derive(Default)]
pub(in crate::compiler) struct Parent {
    kind: Option<ObjectKind>,
    columns: Option<Vec<Ident>>,
}

impl Parent {
    /// Looks it up: in the project, else in `types.lock`.
    pub(in crate::compiler) fn of(
        meaning: &Meaning,
        drafts: &[Draft<'_>],
        namespace: &Namespace,
        contracts: &Contracts,
    ) -> Self {
        match meaning {
            Meaning::Object(number, _) => {
                let Some(draft) = drafts.get(*number) else { return Self::default() };
                let columns = match &draft.main.kind {
                    StatementKind::CreateTable(table) if table.from_source.is_none() => {
                        Some(table.columns.iter().map(|column| column.name.ident.clone()).collect())
                    }
                    _ => None,
                };
                let locked = Self::locked(meaning, namespace, contracts);
                Self { kind: Some(draft.kind), columns: columns.or(locked.columns) }
            }
            Meaning::Subsource(..) | Meaning::PerhapsSubsource(..) => {
                Self { kind: None, ..Self::locked(meaning, namespace, contracts) }
            }
            Meaning::Declared(..) | Meaning::Foreign(_) => Self::locked(meaning, namespace, contracts),
            Meaning::Broken(_) | Meaning::System(..) | Meaning::Unknown(_) | Meaning::Malformed => {
                Self::default()
            }
        }
    }

    fn locked(meaning: &Meaning, namespace: &Namespace, contracts: &Contracts) -> Self {
        let Some(name) = meaning.name() else { return Self::default() };
        contracts.of(name, namespace).map_or_else(Self::default, |contract| Self {
            kind: Some(contract.kind),
            columns: Some(contract.columns.iter().map(|column| column.name.clone()).collect()),
        })
    }
}

/// Reports a parent of a kind that nothing can refer to, and columns it does not have. What is not
/// known is not checked.
pub(in crate::compiler) fn check(
    draft: &Draft<'_>,
    enforced: bool,
    target: &RawName,
    columns: &[RawIdent],
    parent: &Parent,
    found: &mut Vec<Diagnostic>,
) {
    let allowed = match parent.kind {
        None | Some(ObjectKind::Table | ObjectKind::MaterializedView) => true,
        Some(ObjectKind::View) => !enforced,
        Some(_) => false,
    };
    if let Some(kind) = parent.kind.filter(|_| !allowed) {
        let enforced = if enforced { "an enforced" } else { "a" };
        let message = format!("{enforced} foreign key cannot refer to a {kind}");
        found.push(draft.source.error(Code::InvalidConstraint, target.span, message));
    }
    let Some(known) = &parent.columns else { return };
    for column in columns.iter().filter(|column| !known.contains(&column.ident)) {
        let written = target.span.of(draft.source.sql());
        let message = format!("`{written}` has no column `{}`", column.ident);
        found.push(draft.source.error(Code::UnknownColumn, column.span, message));
    }
}

//! Compares `types.lock` with the target.

use std::collections::BTreeSet;

use super::complaint;
use super::complaint::Complaint;
use crate::catalog::Catalog;
use crate::compiler::contract;
use crate::compiler::contract::Contract;
use crate::compiler::contract::ContractName;
use crate::compiler::contract::LockedColumn;
use crate::compiler::diagnostic::Code;
use crate::compiler::diagnostic::Severity;
use crate::compiler::standalone;
use crate::db::session::Session;
use crate::name::ObjectName;
use crate::primitives::compile;
use crate::primitives::compile::Compiled;
use crate::primitives::contracts;
use crate::primitives::error::Error;
use crate::sql::data_type::DataType;

/// Warns of what the project reads and has other columns in the target than in `types.lock`, and
/// of what is not there although it is locked.
pub(super) async fn look(
    session: &Session,
    compiled: &Compiled,
    catalog: &Catalog,
) -> Result<Vec<Complaint>, Error> {
    let project = &compiled.project;
    let read: BTreeSet<&ObjectName> = project.objects.iter().flat_map(standalone::relations).collect();
    let locked: Vec<(&ObjectName, &Contract)> =
        read.into_iter().filter_map(|name| Some((name, project.contract(name)?))).collect();
    let names: BTreeSet<ContractName> =
        locked.iter().map(|(name, _)| ContractName::Object((*name).clone())).collect();
    let live = contracts::read(session, &names).await?;
    let mut found = Vec::new();
    for (name, contract) in locked {
        let key = ContractName::Object(name.clone());
        let differences = match live.get(&key) {
            Some(live) => differences(contract, live),
            // The project's own come with the next `apply`.
            None if project.object(name).is_some() || catalog.object(name).is_some() => continue,
            None => vec!["it is not there any more".to_owned()],
        };
        if !differences.is_empty() {
            let message = format!("`{name}` differs from types.lock: {}", differences.join("; "));
            found.push(warning(compiled, &key, message));
        }
    }
    Ok(found)
}

fn warning(compiled: &Compiled, name: &ContractName, message: String) -> Complaint {
    let project = &compiled.project;
    let places = &project.contracts.places;
    let unsuffixed = match name {
        ContractName::Object(name) => ContractName::Object(project.unsuffixed(name)),
        ContractName::System(..) => name.clone(),
    };
    let span = places.get(name).or_else(|| places.get(&unsuffixed)).copied().unwrap_or_default();
    let text = compiled.text(contract::FILE);
    let mut diagnostic = complaint::at(text, contract::FILE, Code::CheckDrift, span, message);
    diagnostic.severity = Severity::Warning;
    diagnostic.help = Some("look at what reads it, then write the file anew with `mzflow lock`".to_owned());
    (diagnostic.clone(), compile::finding(diagnostic, compiled))
}

/// What is another in the target than it was when it was locked, in words.
pub(super) fn differences(locked: &Contract, live: &Contract) -> Vec<String> {
    let mut told = Vec::new();
    let of = |columns: &[LockedColumn], name: &LockedColumn| {
        columns.iter().find(|column| column.name == name.name).cloned()
    };
    if locked.kind != live.kind {
        told.push(format!("it is a {}, and was a {}", live.kind, locked.kind));
    }
    for column in &locked.columns {
        match of(&live.columns, column) {
            None => told.push(format!("column `{}` is gone", column.name)),
            Some(now) if !is_same(&column.data_type, &now.data_type) => told.push(format!(
                "column `{}` is of type {}, and was of type {}",
                column.name, now.data_type, column.data_type
            )),
            Some(now) if now.nullable && !column.nullable => {
                told.push(format!("column `{}` can be null, and could not", column.name));
            }
            Some(_) => {}
        }
    }
    for column in live.columns.iter().filter(|column| of(&locked.columns, column).is_none()) {
        told.push(format!("column `{}` of type {} is new", column.name, column.data_type));
    }
    let order = |columns: &[LockedColumn]| columns.iter().map(|c| c.name.clone()).collect::<Vec<_>>();
    if told.is_empty() && order(&locked.columns) != order(&live.columns) {
        told.push("its columns are in another order".to_owned());
    }
    told
}

/// Tells whether two spellings are of one type. One without numbers stands for any.
fn is_same(locked: &str, live: &str) -> bool {
    let (Ok(a), Ok(b)) = (DataType::parse(locked), DataType::parse(live)) else { return locked == live };
    let modifiers = a.modifiers().is_empty() || b.modifiers().is_empty() || a.modifiers() == b.modifiers();
    let same = match (a.builtin(), b.builtin()) {
        (Some(a), Some(b)) => a == b,
        // Of lists and maps the catalog has only the word.
        _ => a.is_like(&b),
    };
    same && modifiers
}

//! Constraints, which only project folders hold.

use super::create::in_cluster;
use super::cursor::Cursor;
use crate::sql::ast::StatementKind;
use crate::sql::ast::project::ConstraintKind;
use crate::sql::ast::project::CreateConstraint;
use crate::sql::error::SyntaxError;

/// Reads `PRIMARY KEY …`, `UNIQUE CONSTRAINT …` or `FOREIGN KEY …`.
pub(super) fn constraint(cursor: &mut Cursor<'_>) -> Result<StatementKind, SyntaxError> {
    let kind = if cursor.keyword("PRIMARY") {
        cursor.expect("KEY")?;
        ConstraintKind::PrimaryKey
    } else if cursor.keyword("UNIQUE") {
        cursor.expect("CONSTRAINT")?;
        ConstraintKind::Unique
    } else {
        cursor.expect("FOREIGN KEY")?;
        ConstraintKind::ForeignKey
    };
    let enforced = !cursor.keywords("NOT ENFORCED");
    let unnamed = cursor.peek_is("ON") || (cursor.peek_is("IN") && cursor.nth_is(1, "CLUSTER"));
    let name = if unnamed { None } else { Some(cursor.ident()?) };
    let cluster = in_cluster(cursor)?;
    cursor.expect("ON")?;
    let on = cursor.name()?;
    let columns = cursor.in_parentheses(Cursor::ident)?;
    let references = if cursor.keyword("REFERENCES") {
        Some((cursor.name()?, cursor.in_parentheses(Cursor::ident)?))
    } else {
        None
    };
    Ok(StatementKind::CreateConstraint(CreateConstraint {
        kind,
        enforced,
        name,
        cluster,
        on,
        columns,
        references,
    }))
}

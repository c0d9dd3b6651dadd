//! The statements that only project folders hold.

use super::create::in_cluster;
use super::cursor::Cursor;
use crate::sql::ast::StatementKind;
use crate::sql::ast::project::ConstraintKind;
use crate::sql::ast::project::CreateConstraint;
use crate::sql::ast::project::UnitTest;
use crate::sql::error::SyntaxError;
use crate::sql::token::Lexeme;

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

/// Reads `EXECUTE UNIT TEST …`.
pub(super) fn unit_test(cursor: &mut Cursor<'_>) -> Result<StatementKind, SyntaxError> {
    cursor.expect("EXECUTE UNIT TEST")?;
    let name = cursor.ident()?;
    cursor.expect("FOR")?;
    let target = cursor.name()?;
    let expects = cursor.find_outside(&["EXPECTED"]);
    if expects == cursor.tokens().len() {
        cursor.move_to(expects);
        return Err(cursor.expected("EXPECTED"));
    }
    if !cursor.tokens().get(expects + 1).is_some_and(|token| token.is_lexeme(&Lexeme::LParen)) {
        cursor.move_to(expects + 1);
        return Err(cursor.expected("left parenthesis"));
    }
    let rest = cursor.rest();
    Ok(StatementKind::UnitTest(UnitTest { name, target, rest }))
}

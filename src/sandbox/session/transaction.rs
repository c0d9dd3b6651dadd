//! What a transaction may hold: a state machine over kinds of statements.
//!
//! Pure. Source: `design/materialize.md` 2.1 and 2.2, recorded from v26.21. Start reading at
//! [`step`].

use crate::sandbox::error::SqlError;

/// What a transaction has become by its statements so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nothing that decides it has been run.
    Undecided,
    /// Queries that read nothing: they may still turn into writes.
    Constant,
    /// Queries.
    Read,
    /// One `SUBSCRIBE`.
    Subscribe,
    /// Rows that are added when it commits.
    Write,
    /// Renames and swaps that become visible when it commits.
    Ddl,
    /// One statement that is carried out when it commits.
    Single,
}

/// What a statement is to the transaction it stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Input {
    /// A query that reads nothing.
    Constant,
    /// A query.
    Read,
    /// A `SUBSCRIBE`.
    Subscribe,
    /// An `INSERT` of constants.
    Insert,
    /// A rename, a swap, a source.
    Ddl,
    /// Any other change of the catalog.
    Single,
    /// What no transaction may hold: `UPDATE`, `DELETE`, `INSERT … SELECT`.
    Lone,
}

/// What kind of block it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Block {
    /// Several statements in one message, without `BEGIN`.
    Implicit,
    /// From `BEGIN` on.
    Explicit,
}

/// What a statement does to a transaction; `text` names it where it may not stand in one.
///
/// # Errors
/// Why it may not stand there, in the server's words.
pub(crate) fn step(kind: Kind, input: Input, block: Block, text: &str) -> Result<Kind, SqlError> {
    let prohibited = || SqlError::new("25001", format!("{text} cannot be run inside a transaction block"));
    match (input, block) {
        (Input::Lone, _) | (Input::Single, Block::Implicit) => return Err(prohibited()),
        _ => {}
    }
    match kind {
        Kind::Undecided => Ok(first(input)),
        Kind::Constant => match input {
            Input::Constant => Ok(Kind::Constant),
            Input::Read => Ok(Kind::Read),
            Input::Insert => Ok(Kind::Write),
            Input::Subscribe | Input::Ddl | Input::Single | Input::Lone => Err(read_only()),
        },
        Kind::Read => match input {
            Input::Constant | Input::Read => Ok(Kind::Read),
            Input::Subscribe | Input::Insert | Input::Ddl | Input::Single | Input::Lone => Err(read_only()),
        },
        Kind::Subscribe => {
            Err(SqlError::new("25000", "SUBSCRIBE in transactions must be the only read statement"))
        }
        Kind::Write => match input {
            Input::Constant | Input::Insert => Ok(Kind::Write),
            Input::Read | Input::Subscribe | Input::Ddl | Input::Single | Input::Lone => {
                Err(SqlError::new("25000", "transaction in write-only mode"))
            }
        },
        Kind::Ddl => match input {
            Input::Ddl => Ok(Kind::Ddl),
            Input::Constant
            | Input::Read
            | Input::Subscribe
            | Input::Insert
            | Input::Single
            | Input::Lone => Err(SqlError::new(
                "25000",
                "transactions which modify objects are restricted to just modifying objects",
            )),
        },
        Kind::Single => Err(SqlError::new("25000", "this transaction can only execute a single statement")),
    }
}

/// What the first deciding statement makes of a transaction.
fn first(input: Input) -> Kind {
    match input {
        Input::Constant => Kind::Constant,
        Input::Read => Kind::Read,
        Input::Subscribe => Kind::Subscribe,
        Input::Insert => Kind::Write,
        Input::Ddl => Kind::Ddl,
        Input::Single | Input::Lone => Kind::Single,
    }
}

/// A write after a read, or in a transaction that was begun to read.
pub(crate) fn read_only() -> SqlError {
    SqlError::new("25006", "transaction in read-only mode")
        .detail("SELECT queries cannot be combined with other query types, including SUBSCRIBE.")
}

/// Another session changed the catalog.
pub(crate) fn conflict() -> SqlError {
    SqlError::new("40001", "another session modified the catalog while this DDL transaction was open").hint(
        "Currently, DDL transactions fail when any other DDL happens concurrently, even on unrelated \
         schemas/clusters.",
    )
}

/// Anything but its end in a transaction that has failed.
pub(crate) fn aborted() -> SqlError {
    SqlError::new("25P02", "current transaction is aborted, commands ignored until end of transaction block")
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::Expect;
    use expect_test::expect;

    #[track_caller]
    fn check(block: Block, inputs: &[Input], expected: &Expect) {
        let mut kind = Kind::Undecided;
        let mut told = Vec::new();
        for input in inputs {
            match step(kind, *input, block, "IT") {
                Ok(next) => {
                    kind = next;
                    told.push(format!("{next:?}"));
                }
                Err(error) => told.push(error.to_string()),
            }
        }
        expected.assert_eq(&told.join("\n"));
    }

    #[test]
    fn renames_join_renames_alone() {
        check(
            Block::Explicit,
            &[Input::Ddl, Input::Ddl, Input::Constant, Input::Single, Input::Lone],
            &expect![[r#"
                Ddl
                Ddl
                25000: transactions which modify objects are restricted to just modifying objects
                25000: transactions which modify objects are restricted to just modifying objects
                25001: IT cannot be run inside a transaction block"#]],
        );
    }

    #[test]
    fn reads_refuse_changes_but_constants_become_writes() {
        check(
            Block::Explicit,
            &[Input::Constant, Input::Insert, Input::Constant, Input::Read, Input::Ddl],
            &expect![[r#"
                Constant
                Write
                Write
                25000: transaction in write-only mode
                25000: transaction in write-only mode"#]],
        );
        check(
            Block::Explicit,
            &[Input::Constant, Input::Ddl, Input::Read, Input::Insert, Input::Single],
            &expect![[r#"
                Constant
                25006: transaction in read-only mode
                Read
                25006: transaction in read-only mode
                25006: transaction in read-only mode"#]],
        );
    }

    #[test]
    fn a_single_statement_is_alone_and_never_in_a_batch() {
        check(
            Block::Explicit,
            &[Input::Single, Input::Constant],
            &expect![[r#"
                Single
                25000: this transaction can only execute a single statement"#]],
        );
        check(
            Block::Implicit,
            &[Input::Single, Input::Ddl, Input::Ddl],
            &expect![[r#"
                25001: IT cannot be run inside a transaction block
                Ddl
                Ddl"#]],
        );
    }

    #[test]
    fn a_subscription_is_the_only_read() {
        check(
            Block::Explicit,
            &[Input::Subscribe, Input::Constant],
            &expect![[r#"
                Subscribe
                25000: SUBSCRIBE in transactions must be the only read statement"#]],
        );
    }
}

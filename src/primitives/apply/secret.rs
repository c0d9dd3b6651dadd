//! Secrets: their values come from outside at the last moment and are shown nowhere.

use super::Lookup;
use crate::name::ObjectKind;
use crate::name::ObjectName;
use crate::name::literal;
use crate::plan::step::Origin;
use crate::plan::step::Step;
use crate::primitives::code::Code;
use crate::primitives::error::Error;
use crate::sql::ast::StatementKind;
use crate::sql::ast::create::SecretValue;
use crate::sql::parse;

/// What happens to the secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    /// It is made.
    Create,
    /// It gets its value anew.
    Alter,
}

/// The step for a secret, from the statement of its file.
///
/// # Errors
/// `apply.secret-missing` where its value is not to be had here.
pub(super) fn step(
    verb: Verb,
    name: &ObjectName,
    sql: &str,
    origin: Origin,
    lookup: Lookup<'_>,
) -> Result<Step, Error> {
    let value = value(name, sql, lookup)?;
    let statement = |value: &str| match verb {
        Verb::Create => format!("CREATE SECRET {} AS {value}", name.sql()),
        Verb::Alter => format!("ALTER SECRET {} AS {value}", name.sql()),
    };
    let (sql, shown) = (statement(&value), Some(statement("'…'")));
    Ok(match verb {
        Verb::Create => Step::Create {
            kind: ObjectKind::Secret,
            name: name.clone(),
            cluster: None,
            on: None,
            reads: Vec::new(),
            sql,
            shown,
            origin: Some(origin),
        },
        Verb::Alter => {
            Step::Statement { what: format!("alter secret {name}"), sql, shown, origin: Some(origin) }
        }
    })
}

fn value(name: &ObjectName, sql: &str, lookup: Lookup<'_>) -> Result<String, Error> {
    let statement = parse::batch(sql).ok().and_then(|statements| statements.into_iter().next());
    let Some(StatementKind::CreateSecret(secret)) = statement.map(|statement| statement.kind) else {
        return Err(Error::bug(format!("the statement of secret {name} is none")));
    };
    match secret.value {
        SecretValue::Expression(text) => Ok(text),
        SecretValue::EnvVar(variable) => lookup(&variable).map(|value| literal(&value)).ok_or_else(|| {
            let message = format!("secret {name} takes its value from ${variable}, and that is not set");
            Error::new(Code::ApplySecretMissing, message).object(name).effect("nothing was changed")
        }),
        SecretValue::AwsSecret(id) => {
            let message =
                format!("secret {name} takes its value from AWS secret `{id}`, which this build cannot read");
            Err(Error::new(Code::ApplySecretMissing, message).object(name).effect("nothing was changed"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_sent_and_never_shown() {
        let name: ObjectName = "a.b.k".parse().expect("a name");
        let origin = Origin { object: name.clone(), file: "k.sql".to_owned(), start: 0 };
        let lookup = |variable: &str| (variable == "PW").then(|| "it's".to_owned());
        let sql = "CREATE SECRET \"a\".\"b\".\"k\" AS env_var('PW')";
        let step = step(Verb::Alter, &name, sql, origin.clone(), &lookup).expect("the variable is set");
        assert_eq!(step.sql(), "ALTER SECRET \"a\".\"b\".\"k\" AS 'it''s'");
        assert_eq!(step.shown(), "ALTER SECRET \"a\".\"b\".\"k\" AS '…'");
        let missing = super::step(Verb::Create, &name, sql, origin, &|_| None);
        assert_eq!(missing.expect_err("it is not set").code(), Code::ApplySecretMissing);
    }
}

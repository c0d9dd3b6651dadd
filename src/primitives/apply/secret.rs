//! Secrets: their values come from outside at the last moment and are shown nowhere.
//!
//! [`fetch`] asks the stores outside of the machine, [`step`] puts a value where it belongs.

use std::collections::BTreeMap;

use super::Request;
use super::Secrets;
use crate::catalog::Catalog;
use crate::compiler::object::Object;
use crate::compiler::template::Names;
use crate::db::config::Secret;
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
use crate::vault;

/// Where values come from.
pub(super) struct Values<'v> {
    /// The environment's variables.
    pub(super) variable: &'v dyn Fn(&str) -> Option<String>,
    /// What stores outside gave, by the name of the secret that is made of it.
    pub(super) fetched: BTreeMap<ObjectName, Secret>,
}

/// What happens to the secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    /// It is made.
    Create,
    /// It gets its value anew.
    Alter,
}

/// What happens to a secret; `None` where it is left alone.
fn verb(secrets: Secrets, exists: bool) -> Option<Verb> {
    match (exists, secrets) {
        (_, Secrets::Skipped) | (true, Secrets::Missing) => None,
        (false, Secrets::Missing | Secrets::All) => Some(Verb::Create),
        (true, Secrets::All) => Some(Verb::Alter),
    }
}

/// Asks the stores outside for the values of those secrets that need one.
///
/// # Errors
/// `apply.secret-missing` where a store does not give it.
///
/// # Cancel
/// Safe: it only reads.
pub(super) async fn fetch(
    request: &Request,
    catalog: &Catalog,
) -> Result<BTreeMap<ObjectName, Secret>, Error> {
    let project = &request.compiled.project;
    let mut fetched = BTreeMap::new();
    for object in project.objects.iter().filter(|object| object.kind == ObjectKind::Secret) {
        let exists = catalog.object(&object.name).is_some();
        if verb(request.secrets, exists).is_none() {
            continue;
        }
        let SecretValue::AwsSecret(id) = written(object)? else { continue };
        let name = &object.name;
        let Some(profile) = &project.settings.aws_profile else {
            let message = format!(
                "secret {name} takes its value from AWS secret `{id}`, but the project's settings for this profile \
                 name no `security.aws_profile`"
            );
            return Err(missing(name, message));
        };
        let value = vault::aws_secret(profile, &id).await.map_err(|error| {
            let message = format!("secret {name} takes its value from AWS secret `{id}`: {error}");
            missing(name, message)
        })?;
        fetched.insert(name.clone(), value);
    }
    Ok(fetched)
}

/// Where a secret's file says its value comes from.
fn written(object: &Object) -> Result<SecretValue, Error> {
    value_in(&object.name, &object.create_sql(&object.name, &Names::PRODUCTION))
}

fn value_in(name: &ObjectName, sql: &str) -> Result<SecretValue, Error> {
    let statement = parse::batch(sql).ok().and_then(|statements| statements.into_iter().next());
    match statement.map(|statement| statement.kind) {
        Some(StatementKind::CreateSecret(secret)) => Ok(secret.value),
        _ => Err(Error::bug(format!("the statement of secret {name} is none"))),
    }
}

fn missing(name: &ObjectName, message: String) -> Error {
    Error::new(Code::ApplySecretMissing, message).object(name).effect("nothing was changed")
}

/// The step for a secret of the project; `None` where it is left alone.
///
/// # Errors
/// As [`step`].
pub(super) fn made(
    secrets: Secrets,
    object: &Object,
    exists: bool,
    origin: Origin,
    values: &Values<'_>,
) -> Result<Option<Step>, Error> {
    let sql = object.create_sql(&object.name, &Names::PRODUCTION);
    verb(secrets, exists).map(|verb| step(verb, &object.name, &sql, origin, values)).transpose()
}

/// The step for a secret, from the statement of its file.
///
/// # Errors
/// `apply.secret-missing` where its value is not to be had here.
fn step(
    verb: Verb,
    name: &ObjectName,
    sql: &str,
    origin: Origin,
    values: &Values<'_>,
) -> Result<Step, Error> {
    let value = value(name, sql, values)?;
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

fn value(name: &ObjectName, sql: &str, values: &Values<'_>) -> Result<String, Error> {
    match value_in(name, sql)? {
        SecretValue::Expression(text) => Ok(text),
        SecretValue::EnvVar(variable) => {
            (values.variable)(&variable).map(|value| literal(&value)).ok_or_else(|| {
                missing(name, format!("secret {name} takes its value from ${variable}, and that is not set"))
            })
        }
        SecretValue::AwsSecret(id) => {
            values.fetched.get(name).map(|value| literal(value.expose())).ok_or_else(|| {
                missing(name, format!("AWS secret `{id}`, for secret {name}, was not asked for"))
            })
        }
        SecretValue::Misused(provider) => Err(missing(
            name,
            format!("secret {name}: `{provider}` takes one text, such as `{provider}('NAME')`"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_sent_and_never_shown() {
        let name: ObjectName = "a.b.k".parse().expect("a name");
        let origin = Origin { object: name.clone(), file: "k.sql".to_owned(), start: 0 };
        let values = Values {
            variable: &|variable| (variable == "PW").then(|| "it's".to_owned()),
            fetched: [(name.clone(), Secret::new("a\\'b"))].into(),
        };
        let sql = "CREATE SECRET \"a\".\"b\".\"k\" AS env_var('PW')";
        let step = step(Verb::Alter, &name, sql, origin.clone(), &values).expect("the variable is set");
        assert_eq!(step.sql(), "ALTER SECRET \"a\".\"b\".\"k\" AS 'it''s'");
        assert_eq!(step.shown(), "ALTER SECRET \"a\".\"b\".\"k\" AS '…'");
        let sql = "CREATE SECRET \"a\".\"b\".\"k\" AS aws_secret('id')";
        let step = super::step(Verb::Create, &name, sql, origin.clone(), &values).expect("it was fetched");
        assert_eq!(step.sql(), "CREATE SECRET \"a\".\"b\".\"k\" AS 'a\\''b'");
        assert_eq!(step.shown(), "CREATE SECRET \"a\".\"b\".\"k\" AS '…'");
        for call in ["env_var('UNSET')", "env_var('A', 'B')", "env_var(PW)", "aws_secret()", "AWS_SECRET(1)"]
        {
            let sql = format!("CREATE SECRET k AS {call}");
            let error = super::step(Verb::Create, &name, &sql, origin.clone(), &values).expect_err(call);
            assert_eq!(error.code(), Code::ApplySecretMissing, "{call}");
        }
        for call in ["env_var('PW') || 'x'", "decode('aGk=', 'base64')", "other('x')"] {
            let sql = format!("CREATE SECRET k AS {call}");
            let step = super::step(Verb::Create, &name, &sql, origin.clone(), &values).expect(call);
            assert!(step.sql().ends_with(call), "{}", step.sql());
        }
    }
}

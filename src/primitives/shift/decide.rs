//! Decides what of a role has to be set so that its new sessions read a deployment.
//!
//! Pure. A session looks unqualified names up in the schemas of its search path, in its own database; and
//! runs on its cluster. Both are names, so setting them to staging names is all it takes, and all that it
//! reaches: a name that is qualified with its schema goes on meaning production. Start reading at [`role`].

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::privileges;
use crate::catalog::Catalog;
use crate::db::roles::Role;
use crate::db::roles::Roles;
use crate::deployment::DeploymentId;
use crate::deployment::epoch::TRACKING_DATABASE;
use crate::deployment::record::SchemaPair;
use crate::deployment::record::StageIntent;
use crate::deployment::shift::Parameter;
use crate::deployment::shift::Setting;
use crate::name::Ident;
use crate::name::RoleName;
use crate::name::listed;
use crate::primitives::code::Code;
use crate::primitives::error::Error;
use crate::primitives::ledger::Ledger;
use crate::primitives::ledger::Shift;
use crate::primitives::shifted;

/// What is known when it is decided.
pub(super) struct Facts<'f> {
    /// The deployment.
    pub(super) intent: &'f StageIntent,
    /// The environment.
    pub(super) catalog: &'f Catalog,
    /// Its roles.
    pub(super) roles: &'f Roles,
    /// What was recorded.
    pub(super) ledger: &'f Ledger,
    /// The database of the roles' sessions, where somebody says it.
    pub(super) database: Option<&'f Ident>,
}

/// What is to become of a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Decided {
    /// The role.
    pub(super) role: RoleName,
    /// Its search path before and after.
    pub(super) search_path: (String, String),
    /// Its cluster before and after; equal where it stays.
    pub(super) cluster: (String, String),
    /// What has to be set; nothing where it is set already.
    pub(super) settings: Vec<Setting>,
    /// Production schemas whose place green's take.
    pub(super) schemas: BTreeSet<SchemaPair>,
}

const UNCHANGED: &str = "nothing was changed";

fn refuse(code: Code, message: String) -> Error {
    Error::new(code, message).effect(UNCHANGED)
}

/// Finds a role by the name the server has for it, else as SQL writes it.
pub(super) fn named(text: &str, roles: &Roles) -> Result<RoleName, Error> {
    let plain = Ident::new(text).ok().map(RoleName).filter(|name| roles.by_name.contains_key(name));
    let written = || {
        let one: [listed::Listed; 1] = listed::split(text).try_into().ok()?;
        let [one] = one;
        let name = if one.is_quoted { Ident::new(one.text) } else { Ident::folded(&one.text) };
        name.ok().map(RoleName).filter(|name| roles.by_name.contains_key(name))
    };
    plain.or_else(written).ok_or_else(|| {
        let near = roles
            .by_name
            .keys()
            .map(|name| name.0.as_str())
            .max_by(|a, b| strsim::jaro_winkler(a, text).total_cmp(&strsim::jaro_winkler(b, text)));
        let near = near.filter(|near| strsim::jaro_winkler(near, text) > 0.8);
        let error = refuse(Code::ShiftUnknownRole, format!("there is no role `{text}` here"));
        match near {
            Some(near) => error.line(format!("did you mean `{near}`?")),
            None => error,
        }
    })
}

/// Says what a role's sessions are to begin with.
///
/// # Errors
/// `shift.unfit-role`, `shift.taken`, `shift.nothing-to-shift`, `shift.ambiguous-database`,
/// `shift.missing-privilege`.
pub(super) fn role(facts: &Facts<'_>, name: &RoleName) -> Result<Decided, Error> {
    let unknown = || refuse(Code::ShiftUnknownRole, format!("there is no role `{name}` here"));
    let role = facts.roles.by_name.get(name).ok_or_else(unknown)?;
    fit(facts, name, role)?;
    let id = &facts.intent.deployment;
    let own = facts.ledger.deployments.get(id).and_then(|deployment| deployment.shifts.get(name));
    if own.is_none() {
        free(facts, name)?;
    }
    let home = |parameter: Parameter, default: &str| {
        let before = before(facts.catalog, name, own, parameter);
        let value = before.clone().unwrap_or_else(|| default.to_owned());
        (before, value)
    };
    let (path_before, path) = home(Parameter::SearchPath, &facts.roles.search_path);
    let (cluster_before, cluster) = home(Parameter::Cluster, &facts.roles.cluster);
    let schemas = replaced(facts, name, &path)?;
    let green = shifted::texts(&path).into_iter().map(|schema| {
        let pair = schemas.iter().find(|pair| pair.production.as_str() == schema);
        pair.map_or(schema, |pair| pair.staging.as_str().to_owned())
    });
    let green: Vec<String> = green.collect();
    let green_path = listed::joined(green.iter().map(String::as_str));
    let pair = facts.intent.clusters.iter().find(|pair| pair.production.0.as_str() == cluster);
    let green_cluster = pair.map_or_else(|| cluster.clone(), |pair| pair.staging.0.as_str().to_owned());
    let mut decided = Decided {
        role: name.clone(),
        settings: Vec::new(),
        search_path: (path, green_path),
        cluster: (cluster, green_cluster),
        schemas: schemas.into_iter().cloned().collect(),
    };
    privileges::check(facts, role, &decided)?;
    let wanted = [
        (Parameter::SearchPath, path_before, Some(&decided.search_path.1)),
        (Parameter::Cluster, cluster_before, pair.map(|_| &decided.cluster.1)),
    ];
    for (parameter, before, after) in wanted {
        let now = facts.catalog.role_setting(name, parameter.as_str());
        let Some(after) = after.filter(|after| !shifted::same(parameter, now, Some(after))) else { continue };
        decided.settings.push(Setting { parameter, before, after: after.clone() });
    }
    Ok(decided)
}

/// Fails for a role whose sessions are not those of a reader.
fn fit(facts: &Facts<'_>, name: &RoleName, role: &Role) -> Result<(), Error> {
    let why = if role.no_login {
        "cannot log in, and its members do not inherit its settings"
    } else if *name == facts.catalog.session.role {
        "is the one that mzflow itself is connected as: use a role of the readers"
    } else if role.superuser {
        "is a superuser: whoever administers the environment would read green"
    } else {
        return Ok(());
    };
    Err(refuse(Code::ShiftUnfitRole, format!("role {name} {why}")))
}

/// Fails for a role that reads another deployment.
fn free(facts: &Facts<'_>, name: &RoleName) -> Result<(), Error> {
    let taken = facts.ledger.deployments.iter().find(|(_, other)| other.shifts.contains_key(name));
    let Some((other, _)) = taken else { return Ok(()) };
    let message = format!("role {name} reads deployment {other} already");
    Err(refuse(Code::ShiftTaken, message))
}

/// The role's own value before mzflow set it; `None` where it had none.
fn before(catalog: &Catalog, name: &RoleName, shift: Option<&Shift>, parameter: Parameter) -> Option<String> {
    let now = catalog.role_setting(name, parameter.as_str());
    let ours = shift.and_then(|shift| {
        let setting = shift.settings.iter().find(|setting| setting.parameter == parameter)?;
        shifted::same(parameter, now, Some(&setting.after)).then_some(setting)
    });
    match ours {
        Some(setting) => setting.before.clone(),
        None => now.map(str::to_owned),
    }
}

/// The pairs of schemas that change in a search path.
fn replaced<'f>(facts: &Facts<'f>, name: &RoleName, path: &str) -> Result<Vec<&'f SchemaPair>, Error> {
    let id = &facts.intent.deployment;
    let listed = shifted::texts(path);
    let is_listed = |schema: &Ident| listed.iter().any(|text| text == schema.as_str());
    let own = facts.catalog.role_setting(name, "database").and_then(|text| Ident::new(text).ok());
    let database = facts.database.cloned().or(own);
    let pairs = facts.intent.schemas.iter().filter(|pair| is_listed(&pair.production));
    let pairs: Vec<&SchemaPair> =
        pairs.filter(|pair| database.as_ref().is_none_or(|database| pair.database == *database)).collect();
    if pairs.is_empty() {
        return Err(nothing(facts, name, path, database.as_ref()));
    }
    if database.is_none() {
        unambiguous(facts, name, &pairs)?;
    }
    tracing::debug!("{id}: role {name} reads {} of its schemas", pairs.len());
    Ok(pairs)
}

fn nothing(facts: &Facts<'_>, name: &RoleName, path: &str, database: Option<&Ident>) -> Error {
    let id = &facts.intent.deployment;
    let message = format!("the search path of role {name} names no schema of {id}: nothing would change");
    let staged = facts.intent.schemas.iter().map(|pair| pair.production_name().to_string());
    let staged: Vec<String> = staged.collect();
    let inside = database.map(|database| format!(", in database {database}")).unwrap_or_default();
    let green = shifted::texts(path)
        .iter()
        .any(|text| facts.intent.schemas.iter().any(|pair| pair.staging.as_str() == text));
    let error = refuse(Code::ShiftNothing, message)
        .line(format!("its search path is `{path}`{inside}; {id} stages {}", staged.join(", ")))
        .line("names that are qualified with their schema (`core.orders`) read production whatever the search path");
    if green { error.line("its search path names green already, and mzflow did not set it") } else { error }
}

/// Fails where sessions in another database would lose a schema that they read there.
fn unambiguous(facts: &Facts<'_>, name: &RoleName, pairs: &[&SchemaPair]) -> Result<(), Error> {
    let mut elsewhere: BTreeMap<&Ident, BTreeSet<&Ident>> = BTreeMap::new();
    for schema in facts.catalog.schemas.keys() {
        let is_meant = pairs.iter().any(|pair| pair.production == schema.schema);
        let is_staged = facts.intent.schemas.iter().any(|pair| pair.production_name() == *schema);
        let is_ours = schema.database.as_str() == TRACKING_DATABASE;
        if is_meant && !is_staged && !is_ours && facts.catalog.objects_in(schema).next().is_some() {
            elsewhere.entry(&schema.schema).or_default().insert(&schema.database);
        }
    }
    let Some((schema, others)) = elsewhere.into_iter().next() else { return Ok(()) };
    let staged = pairs.iter().filter(|pair| pair.production == *schema).map(|pair| &pair.database);
    let staged: BTreeSet<&Ident> = staged.collect();
    let told =
        |names: &BTreeSet<&Ident>| names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let id: &DeploymentId = &facts.intent.deployment;
    let message = format!("role {name} reads schema {schema}, and there is one in several databases");
    Err(refuse(Code::ShiftAmbiguous, message)
        .line(format!("{id} stages it in {}; it is in {} too, and stays there", told(&staged), told(&others)))
        .line("nothing tells in which of them the role's sessions look names up"))
}

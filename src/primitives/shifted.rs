//! Roles that read a deployment which is not production, and how they are put back.
//!
//! A staging name means green before a swap and the replaced version after it, and nothing after a
//! drop: whoever swaps or drops puts back first every role that was shifted. Only what mzflow set, and
//! nobody has set since, is touched. Start reading at [`restore`].

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::rc::Rc;

use super::allowed;
use super::code::Code;
use super::ctx::Ctx;
use super::error::Error;
use super::ledger::Shift;
use crate::catalog::Catalog;
use crate::catalog::RoleSettings;
use crate::db::apply::OnFailure;
use crate::deployment::DeploymentId;
use crate::deployment::record::Record;
use crate::deployment::record::StageIntent;
use crate::deployment::shift::Parameter;
use crate::deployment::shift::UnshiftDone;
use crate::deployment::shift::UnshiftIntent;
use crate::event::Event;
use crate::name::RoleName;
use crate::name::listed;
use crate::plan::Plan;
use crate::plan::step::Step;

/// How often statements are sent anew whose answers were lost.
const ATTEMPTS: usize = 3;

/// What has to be done to put roles back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restoration {
    /// The statements.
    pub steps: Vec<Step>,
    /// What somebody else has set meanwhile and stays, a line each.
    pub left_alone: Vec<String>,
    /// The roles that do not exist any more.
    pub gone: Vec<RoleName>,
}

/// Decides from what was recorded and from what roles are set to now; touches nothing.
pub fn restore(shifts: &BTreeMap<RoleName, Shift>, catalog: &Catalog) -> Restoration {
    let mut restoration = Restoration::default();
    for (role, shift) in shifts {
        if !catalog.roles.contains_key(role) {
            restoration.gone.push(role.clone());
            continue;
        }
        for setting in &shift.settings {
            let parameter = setting.parameter;
            let now = catalog.role_setting(role, parameter.as_str());
            if same(parameter, now, Some(&setting.after)) {
                let value = setting.before.clone();
                restoration.steps.push(Step::SetRole { role: role.clone(), parameter, value });
            } else if !same(parameter, now, setting.before.as_deref()) {
                let now = now.map_or("not set".to_owned(), |now| format!("`{now}`"));
                let name = parameter.as_str();
                restoration.left_alone.push(format!("{name} of role {role} is {now}: somebody else set it"));
            }
        }
    }
    restoration
}

/// Tells whether two values of a setting mean the same, however they are printed.
pub fn same(parameter: Parameter, a: Option<&str>, b: Option<&str>) -> bool {
    let (Some(a), Some(b)) = (a, b) else { return a.is_none() && b.is_none() };
    match parameter {
        Parameter::SearchPath => texts(a) == texts(b),
        Parameter::Cluster => a == b,
    }
}

/// The schemas of a search path.
pub fn texts(path: &str) -> Vec<String> {
    listed::split(path).into_iter().map(|one| one.text).collect()
}

/// A setting of a role that names something staged, and was not recorded.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stranger {
    /// The role.
    pub role: RoleName,
    /// Which setting.
    pub parameter: Parameter,
    /// Its value.
    pub value: String,
}

/// The settings of roles that name a staging schema or cluster of a deployment.
pub fn strangers(intent: &StageIntent, settings: &RoleSettings) -> BTreeSet<Stranger> {
    let schemas: BTreeSet<&str> = intent.schemas.iter().map(|pair| pair.staging.as_str()).collect();
    let clusters: BTreeSet<&str> = intent.clusters.iter().map(|pair| pair.staging.0.as_str()).collect();
    let mut found = BTreeSet::new();
    for (role, own) in settings {
        for parameter in Parameter::ALL {
            let Some(value) = own.get(parameter.as_str()) else { continue };
            let names = match parameter {
                Parameter::SearchPath => texts(value).iter().any(|name| schemas.contains(name.as_str())),
                Parameter::Cluster => clusters.contains(value.as_str()),
            };
            if names {
                found.insert(Stranger { role: role.clone(), parameter, value: value.clone() });
            }
        }
    }
    found
}

/// Warns of settings that mzflow did not make and that name what was swapped out or dropped.
pub fn warn(ctx: &Ctx, intent: &StageIntent, catalog: &Catalog, reads: &str) {
    for Stranger { role, parameter, value } in strangers(intent, &catalog.role_settings) {
        let name = parameter.as_str();
        let message =
            format!("{name} of role {role} is `{value}`, which mzflow did not set: its new sessions {reads}");
        ctx.events.event(Event::Warning { code: "shift.foreign-setting".to_owned(), message });
    }
}

/// What was put back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PutBack {
    /// The roles that are shifted no more.
    pub roles: Vec<RoleName>,
    /// What somebody else has set meanwhile and stays, a line each.
    pub left_alone: Vec<String>,
}

/// Puts the roles back that are shifted to a deployment, all of them or those that are named; nothing
/// where none is.
///
/// Ctrl-C does not stop it: it is what follows Ctrl-C, and a few statements.
///
/// # Errors
/// `unshift.needs-createrole`, `unshift.rejected`, `deployment.unknown`, `setup.missing`, `run.fenced`, `db.*`.
pub async fn put_back(
    ctx: &mut Ctx,
    id: &DeploymentId,
    only: Option<&BTreeSet<RoleName>>,
) -> Result<PutBack, Error> {
    let asked = std::mem::take(&mut ctx.interrupt);
    let outcome = uninterrupted(ctx, id, only).await;
    ctx.interrupt = asked;
    outcome
}

async fn uninterrupted(
    ctx: &mut Ctx,
    id: &DeploymentId,
    only: Option<&BTreeSet<RoleName>>,
) -> Result<PutBack, Error> {
    if ctx.session().is_closed() {
        ctx.reconnect().await?;
    }
    let ledger = ctx.ledger_or_refuse().await?;
    let mut shifts = ledger.deployment(id)?.shifts.clone();
    shifts.retain(|role, _| only.is_none_or(|only| only.contains(role)));
    if shifts.is_empty() {
        return Ok(PutBack::default());
    }
    let roles: Vec<RoleName> = shifts.keys().cloned().collect();
    let catalog = ctx.reread().await?;
    permitted(id, &restore(&shifts, &catalog), &catalog)?;
    ctx.record(Record::UnshiftIntent(UnshiftIntent { deployment: id.clone(), roles: roles.clone() })).await?;
    let left_alone = carry_out(ctx, id, &shifts, catalog).await?;
    let done = UnshiftDone { deployment: id.clone(), roles: roles.clone(), left_alone: left_alone.clone() };
    ctx.record(Record::UnshiftDone(done)).await?;
    ctx.events.event(Event::Unshifted {
        deployment: id.clone(),
        roles: roles.iter().map(ToString::to_string).collect(),
        left_alone: left_alone.clone(),
    });
    Ok(PutBack { roles, left_alone })
}

/// Fails where the connected role may not put back what has to be: `setup` lets nobody set roles but their own.
///
/// Source: `design/materialize.md` 5.2.
fn permitted(id: &DeploymentId, restoration: &Restoration, catalog: &Catalog) -> Result<(), Error> {
    let me = &catalog.session.role;
    let is_mine = |step: &&Step| matches!(step, Step::SetRole { role, .. } if role == me);
    let of_others = restoration.steps.iter().filter(|step| !is_mine(step));
    let lines = allowed::missing(catalog, of_others);
    if lines.is_empty() {
        return Ok(());
    }
    let message = format!("{me} may not put back the roles that read {id}");
    Err(Error::new(Code::UnshiftNeedsCreaterole, message).with_lines(lines).effect("nothing was changed"))
}

/// Sends, and looks again, until there is nothing more to put back; gives what was left alone.
async fn carry_out(
    ctx: &mut Ctx,
    id: &DeploymentId,
    shifts: &BTreeMap<RoleName, Shift>,
    mut catalog: Rc<Catalog>,
) -> Result<Vec<String>, Error> {
    let mut attempt = 1;
    loop {
        let restoration = restore(shifts, &catalog);
        let mut plan = Plan::new();
        plan.each(restoration.steps);
        let applied = ctx.apply(&plan, OnFailure::GoOn, &mut |_| {}).await;
        // A role may have been dropped meanwhile, or an answer lost: another look tells.
        let Some((step, error)) = applied.failed.into_iter().next() else {
            return Ok(restoration.left_alone);
        };
        if attempt == ATTEMPTS {
            let message = format!("cannot {}: {}", step.what(), error.message());
            let names = shifts.keys().map(|role| format!("role {role} may still read {id}"));
            return Err(Error::server(Code::UnshiftRejected, message, &error).with_lines(names).of(id));
        }
        attempt += 1;
        catalog = ctx.reread().await?;
    }
}

#[cfg(test)]
mod tests {
    use expect_test::Expect;
    use expect_test::expect;

    use super::super::facts;
    use super::*;
    use crate::deployment::shift::Setting;

    fn role(name: &str) -> RoleName {
        RoleName(facts::ident(name))
    }

    /// A role `reader` that was shifted from `before`, and is set to `now`.
    #[track_caller]
    fn check(before: Option<&str>, now: Option<&str>, expect: Expect) {
        let (mut catalog, _) = facts::staged();
        catalog.roles.entry(role("reader")).or_default();
        if let Some(now) = now {
            let settings = BTreeMap::from([("search_path".to_owned(), now.to_owned())]);
            catalog.role_settings.insert(role("reader"), settings);
        }
        let setting = Setting {
            parameter: Parameter::SearchPath,
            before: before.map(str::to_owned),
            after: "core__77b01de__mzf, public".to_owned(),
        };
        let shift = Shift { settings: vec![setting], is_done: true };
        let shifts = BTreeMap::from([(role("reader"), shift.clone()), (role("gone"), shift)]);
        let found = restore(&shifts, &catalog);
        assert_eq!(found.gone, [role("gone")]);
        let steps = found.steps.iter().map(Step::sql);
        expect.assert_eq(&steps.chain(found.left_alone).collect::<Vec<_>>().join("\n"));
    }

    #[test]
    fn what_was_set_goes_back_to_what_it_was() {
        let green = Some(r#""core__77b01de__mzf",public"#);
        check(
            Some("core, \"My Own\", public"),
            green,
            expect![[r#"ALTER ROLE "reader" SET search_path = "core", "My Own", "public""#]],
        );
        check(None, green, expect![[r#"ALTER ROLE "reader" RESET search_path"#]]);
    }

    #[test]
    fn what_is_back_already_or_was_never_set_needs_nothing() {
        check(Some("core, public"), Some("core, public"), expect![""]);
        check(None, None, expect![""]);
    }

    #[test]
    fn what_somebody_else_set_stays() {
        check(
            Some("core"),
            Some("elsewhere"),
            expect!["search_path of role reader is `elsewhere`: somebody else set it"],
        );
        check(Some("core"), None, expect!["search_path of role reader is not set: somebody else set it"]);
    }

    #[test]
    fn settings_that_name_what_is_staged_are_found() {
        let (mut catalog, scope) = facts::staged();
        let set = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        catalog.role_settings.insert(role("a"), set(&[("search_path", "x, core__77b01de__mzf")]));
        catalog.role_settings.insert(role("b"), set(&[("cluster", "compute__77b01de__mzf")]));
        catalog.role_settings.insert(role("c"), set(&[("search_path", "core"), ("cluster", "compute")]));
        let found: Vec<String> = strangers(&scope.intent, &catalog.role_settings)
            .into_iter()
            .map(|one| format!("{} {} {}", one.role, one.parameter.as_str(), one.value))
            .collect();
        expect![[r#"
            a search_path x, core__77b01de__mzf
            b cluster compute__77b01de__mzf"#]]
        .assert_eq(&found.join("\n"));
    }
}

//! The functions that let roles read what is not production yet.

use std::rc::Rc;

use mlua::Value;

use super::Binding;
use super::Call;
use crate::lua::check;
use crate::lua::failure::Failure;
use crate::name::Ident;
use crate::primitives::code::Code;
use crate::primitives::error::Error;
use crate::primitives::readiness::ReadyCheck;
use crate::primitives::shift;
use crate::primitives::unshift;

/// Binds them.
pub(super) fn bind(binding: &Binding<'_>) -> mlua::Result<()> {
    binding.waiting("shift", shifted)?;
    binding.waiting("unshift", unshifted)
}

/// What `role` and `roles` name together.
fn roles(call: &Call) -> Result<Vec<String>, Error> {
    let (one, many) = (call.text("role"), check::texts(&call.value("roles")));
    match (one, many) {
        (Some(_), Some(_)) => {
            let message = format!("mz.{} takes either `role` or `roles`", call.function.name);
            Err(Error::new(Code::LuaWrongArgument, message))
        }
        (one, many) => Ok(one.into_iter().chain(many.unwrap_or_default()).collect()),
    }
}

async fn shifted(call: Rc<Call>) -> Result<Value, Failure> {
    let roles = roles(&call)?;
    if roles.is_empty() {
        return Err(Error::new(Code::LuaWrongArgument, "mz.shift needs `role` or `roles`").into());
    }
    let deployment = call.deployment("deployment")?;
    let deployment = deployment.ok_or_else(|| Error::bug("`deployment` passed its check and names none"))?;
    let database = call.text("database").map(|text| {
        Ident::new(&text).map_err(|error| Error::new(Code::LuaWrongArgument, format!("`database`: {error}")))
    });
    let ready = match call.flag("ready_check") {
        true => ReadyCheck::Within(call.duration("allowed_lag")),
        false => ReadyCheck::Skipped,
    };
    let request = shift::Request { deployment, roles, database: database.transpose()?, ready };
    // Before it is tried: what is set by half has to be put back as well.
    call.shared.shifted.borrow_mut().insert(request.deployment.clone());
    let mut work = call.shared.work("shift").await?;
    let outcome = shift::run(work.ctx()?, &request).await?;
    call.give(&outcome)
}

async fn unshifted(call: Rc<Call>) -> Result<Value, Failure> {
    let request = unshift::Request { deployment: call.deployment("deployment")?, roles: roles(&call)? };
    if request.deployment.is_none() && request.roles.is_empty() {
        let message = "mz.unshift needs `deployment`, `role` or `roles`";
        return Err(Error::new(Code::LuaWrongArgument, message).into());
    }
    let mut work = call.shared.work("unshift").await?;
    let outcome = unshift::run(work.ctx()?, &request).await?;
    call.give(&outcome)
}

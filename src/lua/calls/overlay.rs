//! A developer's overlay.

use std::rc::Rc;

use mlua::Value;

use super::Binding;
use super::Call;
use crate::lua::check;
use crate::lua::failure::Failure;
use crate::lua::values::Handle;
use crate::name::ClusterName;
use crate::name::Ident;
use crate::primitives::changes::differing::Differing;
use crate::primitives::code::Code;
use crate::primitives::compile;
use crate::primitives::create_overlay;
use crate::primitives::create_overlay::Downstream;
use crate::primitives::drop::overlay;
use crate::primitives::error::Error;

/// Binds it.
pub(super) fn bind(binding: &Binding<'_>) -> mlua::Result<()> {
    binding.waiting("create_overlay", built)
}

async fn built(call: Rc<Call>) -> Result<Value, Failure> {
    let differing = if let Handle::Compared(compared, _) = call.handle("changes")? {
        compared.release();
        Rc::clone(&compared.differing)
    } else {
        Rc::new(Differing::of(&super::deploy::changes(&call)?.0))
    };
    let cluster = Ident::new(call.text("cluster").unwrap_or_default())
        .map_err(|error| Error::new(Code::LuaWrongArgument, format!("`cluster`: {error}")))?;
    let request = create_overlay::Request {
        differing,
        cluster: ClusterName(cluster),
        name: call.text("name").unwrap_or_default(),
        downstream: match call.text("downstream").as_deref() {
            Some("none") => Downstream::None,
            _ => Downstream::All,
        },
        timeout: call.duration("timeout"),
    };
    let mut work = call.shared.work("create_overlay").await?;
    let outcome = create_overlay::run(work.ctx()?, &request).await?;
    call.shared.changes.set(call.shared.changes.get() || outcome.built + outcome.dropped > 0);
    call.give(&outcome)
}

/// What `mz.drop` is asked to remove of an overlay.
pub(super) async fn removed(call: &Call) -> Result<Value, Failure> {
    let Some(name) = check::overlay_name(&call.value("overlay")) else {
        return Err(Error::bug("`overlay` passed its check and names none").into());
    };
    let compiled = match call.value("project") {
        // What is broken in it is no reason to keep an overlay.
        Value::Nil => {
            let request = call.shared.running.borrow().as_ref().map(|running| running.compile.clone());
            let request = request.ok_or_else(|| Error::bug("a recipe runs without a project"))?;
            compile::report(&request).compiled
        }
        _ => super::deploy::project(call)?,
    };
    let mut work = call.shared.work("drop").await?;
    let outcome = overlay::run(work.ctx()?, &overlay::Request { name, compiled }).await?;
    call.give(&outcome)
}

//! What an overlay asks of a comparison: which objects differ themselves. Everything else that a comparison
//! tells is found out when somebody asks, with what was known when it was made.
//!
//! A developer waits for it at every save, and most of a project is as it was. Start reading at [`run`].

use std::cell::OnceCell;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::Outcome;
use super::Request;
use super::Sides;
use super::outcome;
use super::resumed;
use crate::clock::Timestamp;
use crate::deployment::Isolation;
use crate::primitives::changes::Changes;
use crate::primitives::changes::Reuse;
use crate::primitives::changes::assess;
use crate::primitives::changes::differing;
use crate::primitives::changes::differing::Differing;
use crate::primitives::changes::differing::Told;
use crate::primitives::changes::layout::Cost;
use crate::primitives::code::Code;
use crate::primitives::ctx::Ctx;
use crate::primitives::error::Error;
use crate::primitives::stored;

/// A comparison for an overlay.
pub struct Compared {
    /// What differs.
    pub differing: Rc<Differing>,
    at: Timestamp,
    changes: OnceCell<Rc<Changes>>,
    /// What the changes are made from; `None` where they were there already, or nobody asks any more.
    from: RefCell<Option<(Sides, Isolation, Reuse)>>,
}

impl Compared {
    /// Lets go of what the changes would be made from, which is all of production: whoever changes it from here
    /// on need not make a copy first. What was asked for before is still told.
    pub fn release(&self) {
        *self.from.borrow_mut() = None;
    }

    /// All changes.
    ///
    /// # Errors
    /// `lua.wrong-argument` where they are asked for first once an overlay was built from them.
    pub fn changes(&self) -> Result<Rc<Changes>, Error> {
        if let Some(changes) = self.changes.get() {
            return Ok(Rc::clone(changes));
        }
        let from = self.from.borrow();
        let (sides, isolation, reuse) = from.as_ref().ok_or_else(|| {
            let message = "what an overlay was built from is forgotten: read it before mz.create_overlay";
            Error::new(Code::LuaWrongArgument, message)
        })?;
        let assessed = || Rc::new(sides.with(|facts| assess::assess(facts, *isolation, reuse)));
        Ok(Rc::clone(self.changes.get_or_init(assessed)))
    }

    /// What is told of it; what a deployment would cost is not counted.
    ///
    /// # Errors
    /// As [`Compared::changes`].
    pub fn outcome(&self) -> Result<Outcome, Error> {
        Ok(outcome(self.at, self.changes()?, Vec::new(), Vec::new(), Cost::default()))
    }
}

/// Compares.
///
/// # Errors
/// As [`super::run`].
pub async fn run(ctx: &mut Ctx, request: &Request) -> Result<Compared, Error> {
    let at = ctx.clock.now();
    if let Some(changes) = resumed::changes(ctx, request).await? {
        let differing = Rc::new(Differing::of(&changes));
        return Ok(Compared {
            differing,
            at,
            changes: OnceCell::from(Rc::new(changes)),
            from: RefCell::default(),
        });
    }
    let mut sides = Sides::read(ctx, &request.compiled).await?;
    let project = &request.compiled.project;
    let staged = project.objects.iter().filter(|object| object.kind.is_staged());
    let told = staged.map(|object| (object, differing::told(object, &sides.catalog, &sides.snapshot)));
    let told: Vec<_> = told.filter(|(_, told)| !matches!(told, Told::Unchanged)).collect();
    let stored = match told.iter().any(|(_, told)| matches!(told, Told::Stored(..))) {
        true => stored::read(ctx, &request.compiled, &sides.catalog, &sides.snapshot).await?.whole,
        false => BTreeMap::new(),
    };
    let changed = told
        .iter()
        .filter_map(|(object, told)| Some((object.name.clone(), differing::change(object, told, &stored)?)));
    let differing = Rc::new(Differing { compiled: Rc::clone(&request.compiled), objects: changed.collect() });
    drop(told);
    sides.adopted = stored;
    let from = Some((sides, request.isolation, request.reuse.clone()));
    Ok(Compared { differing, at, changes: OnceCell::new(), from: RefCell::new(from) })
}

//! How a recipe reaches whoever sits in front of it.

use std::pin::Pin;
use std::rc::Rc;

use crate::deployment::approval::Answer;
use crate::primitives::approvals::Question;

/// The answer to come; `None` where nobody gave one.
pub type Asking = Pin<Box<dyn Future<Output = Option<Answer>>>>;

/// Asks a question; `None` where nobody sits there. Giving the answer up takes the question back.
pub type Asker = Rc<dyn Fn(&Question) -> Option<Asking>>;

/// Nobody sits there.
pub fn nobody() -> Asker {
    Rc::new(|_| None)
}

//! Asks whoever sits at the terminal: what a recipe wants to know, and whether something may go.

use std::rc::Rc;

use tokio::sync::oneshot;

use super::app::App;
use super::ui::Ui;
use super::ui::counted;
use crate::deployment::approval::Answer;
use crate::lua::host::Consent;
use crate::lua::people::Asker;
use crate::primitives::changes::refuse;
use crate::primitives::code::Code;
use crate::primitives::ctx::Ctx;
use crate::primitives::error::Error;

/// Asks at the terminal, if there is one.
pub(crate) fn of(app: &App) -> Asker {
    let (ui, narrator) = (app.ui.clone(), Rc::clone(&app.narrator));
    Rc::new(move |question| {
        if !ui.can_ask() {
            return None;
        }
        narrator.still();
        let answer = asked(&ui, format!("          {} ({})", question.asked.message, question.progress()));
        Some(Box::pin(async move {
            answer.await.ok().map(|yes| if yes { Answer::Approved } else { Answer::Denied })
        }))
    })
}

/// Asks whether objects may go, unless the answer was given on the command line.
pub(crate) fn consent(app: &App, yes: bool) -> Consent {
    // A plan may remove hundreds; a question has to fit on the screen.
    const SHOWN: usize = 10;
    let (ui, narrator) = (app.ui.clone(), Rc::clone(&app.narrator));
    Rc::new(move |removed| {
        if yes || !ui.can_ask() {
            return Box::pin(async move { yes });
        }
        narrator.still();
        for name in removed.iter().take(SHOWN) {
            ui.say(&format!("          - {name}"));
        }
        if removed.len() > SHOWN {
            ui.say(&format!("          - and {} more", removed.len() - SHOWN));
        }
        let question = format!("          this removes {}; go on?", counted(removed.len(), "object"));
        let answer = asked(&ui, question);
        Box::pin(async move { answer.await.unwrap_or(false) })
    })
}

/// Insists that somebody agrees to objects going: on the command line, or asked once at the terminal. A
/// rehearsal removes none.
///
/// # Errors
/// `run.needs-consent`; `run.interrupted` when a stop is asked for before somebody answers.
pub(crate) async fn may_go(ctx: &Ctx, agrees: &Consent, removed: Vec<String>) -> Result<(), Error> {
    if removed.is_empty() || ctx.is_rehearsal() {
        return Ok(());
    }
    tokio::select! {
        biased;
        agreed = agrees(&removed) => match agreed {
            true => Ok(()),
            false => Err(refuse::nobody_agreed(removed)),
        },
        () = ctx.interrupt.asked() => {
            Err(Error::new(Code::RunInterrupted, "stopped, as asked").effect("nothing was staged"))
        }
    }
}

/// Asks a yes-or-no question; where nobody can be asked the answer is no.
///
/// # Errors
/// `run.interrupted` when a stop is asked for first.
pub(crate) async fn agreed(app: &App, question: String) -> Result<bool, Error> {
    if !app.ui.can_ask() {
        return Ok(false);
    }
    app.narrator.still();
    tokio::select! {
        biased;
        answer = asked(&app.ui, question) => Ok(answer.unwrap_or(false)),
        () = app.interrupt.asked() => {
            Err(Error::new(Code::RunInterrupted, "stopped, as asked").effect("nothing was changed"))
        }
    }
}

/// Asks a question beside everything else; giving the answer up takes the question back.
fn asked(ui: &Ui, question: String) -> oneshot::Receiver<bool> {
    let (sender, answer) = oneshot::channel();
    let ui = ui.clone();
    // Reading a line cannot be given up. The thread is left to itself, so that neither Ctrl-C nor
    // an answer from elsewhere waits for it; it ends with the process.
    std::thread::spawn(move || {
        // Nobody waits for it any more where the run has gone on.
        let _ = sender.send(ui.ask(&question));
    });
    answer
}

//! Asks whoever sits at the terminal what a recipe wants to know.

use std::rc::Rc;

use tokio::sync::oneshot;

use super::app::App;
use crate::deployment::approval::Answer;
use crate::lua::people::Asker;

/// Asks at the terminal, if there is one.
pub(crate) fn of(app: &App) -> Asker {
    let (ui, narrator) = (app.ui.clone(), Rc::clone(&app.narrator));
    Rc::new(move |question| {
        if !ui.can_ask() {
            return None;
        }
        narrator.still();
        let (sender, answer) = oneshot::channel();
        let text = format!("          {} ({})", question.asked.message, question.progress());
        let ui = ui.clone();
        // Reading a line cannot be given up. The thread is left to itself, so that neither Ctrl-C nor
        // an answer from elsewhere waits for it; it ends with the process.
        std::thread::spawn(move || {
            let answer = if ui.ask(&text) { Answer::Approved } else { Answer::Denied };
            // Nobody waits for it any more where the run has gone on.
            let _ = sender.send(answer);
        });
        Some(Box::pin(async move { answer.await.ok() }))
    })
}

//! `mz.approve`: asks people, at the terminal and through the journal, and pauses the run where they
//! do not answer in time.
//!
//! The run is free while people think. Start reading at [`approved`].

use std::rc::Rc;
use std::time::Duration;

use mlua::Value;
use serde_json::Value as Json;
use serde_json::json;

use super::Binding;
use super::Call;
use crate::clock::Deadline;
use crate::deployment::approval::Answer;
use crate::deployment::approval::ApprovalGiven;
use crate::event::Event;
use crate::lua::check;
use crate::lua::failure::Failure;
use crate::lua::people::Asking;
use crate::primitives::approvals;
use crate::primitives::approvals::Given;
use crate::primitives::approvals::Question;
use crate::primitives::approvals::Request;
use crate::primitives::code::Code;
use crate::primitives::error::Error;

/// The pause between two looks whether somebody has answered.
const POLL: Duration = Duration::from_secs(1);

/// Binds it.
pub(super) fn bind(binding: &Binding<'_>) -> mlua::Result<()> {
    binding.waiting("approve", approved)
}

async fn approved(call: Rc<Call>) -> Result<Value, Failure> {
    call.shared.must_run("approve")?;
    let request = request(&call)?;
    if call.shared.is_rehearsal() {
        let message = format!("would ask for approval: {}", request.message);
        call.shared.tell(Event::Log { level: "info".to_owned(), message });
        return call.give(&told(&request.message, &[]));
    }
    let mut question = approvals::ask(call.shared.work("approve").await?.ctx()?, &request).await?;
    let asker = call.shared.asker();
    // Whoever sits there need not be asked what others have settled.
    let mut asking = if question.is_open() { asker.and_then(|ask| ask(&question)) } else { None };
    let timeout = match check::seconds(&call.value("timeout")) {
        Some(timeout) => Some(timeout),
        None if asking.is_some() => None,
        None => Some(Duration::ZERO),
    };
    let deadline = call.shared.facts.clock.deadline(timeout);
    if question.is_open() {
        tell(&call, &question).await?;
    }
    loop {
        if let Some(error) = approvals::denied(&question) {
            return Err(error.into());
        }
        if question.missing() == 0 {
            break;
        }
        if deadline.passed() {
            return Err(approvals::paused(&question).into());
        }
        let answer = wait(&call, &deadline, &mut asking).await?;
        let mut work = call.shared.work("approve").await?;
        let number = question.asked.question;
        if let Some(answer) = answer {
            let of = work.ctx()?.run.id.clone();
            approvals::answer(work.ctx()?, ApprovalGiven { of, question: number, answer, comment: None })
                .await?;
        }
        let now = approvals::look(work.ctx()?, number).await?;
        drop(work);
        if now.is_open() && now.approvals.len() != question.approvals.len() {
            tell(&call, &now).await?;
        }
        question = now;
    }
    let by = question.approvals.iter().map(|given| given.by.clone()).collect();
    call.shared.tell(Event::Approved { message: question.asked.message.clone(), by });
    call.give(&told(&question.asked.message, &question.approvals))
}

/// What is asked, with which of its kind it is in this run.
fn request(call: &Call) -> Result<Request, Error> {
    let wrong = |message: &str| Error::new(Code::LuaWrongArgument, message);
    let message = call.text("message").unwrap_or_default().trim().to_owned();
    if message.is_empty() {
        return Err(wrong("the message of mz.approve is empty: it is what people are asked"));
    }
    let approvals = check::whole(&call.value("approvals")).and_then(|count| u64::try_from(count).ok());
    let approvals = approvals.filter(|count| *count > 0);
    let approvals = approvals.ok_or_else(|| wrong("`approvals` of mz.approve has to be at least 1"))?;
    let from = check::texts(&call.value("from")).unwrap_or_default();
    if !from.is_empty() && (from.len() as u64) < approvals {
        return Err(wrong("mz.approve needs more approvals than there are roles in `from`"));
    }
    let mut asked = call.shared.asked.borrow_mut();
    let nth = asked.entry(message.clone()).or_default();
    *nth += 1;
    Ok(Request { nth: *nth, message, approvals, from })
}

/// Waits for the terminal's answer, or until it is time to look again.
async fn wait(
    call: &Call,
    deadline: &Deadline,
    asking: &mut Option<Asking>,
) -> Result<Option<Answer>, Error> {
    let pause = deadline.remaining().map_or(POLL, |left| left.min(POLL));
    let Some(answer) = asking else { return call.shared.pause(pause).await.map(|()| None) };
    let answered = tokio::select! {
        biased;
        answered = answer => answered,
        slept = call.shared.pause(pause) => return slept.map(|()| None),
    };
    *asking = None;
    Ok(answered)
}

async fn tell(call: &Call, question: &Question) -> Result<(), Error> {
    let run = call.shared.work("approve").await?.ctx()?.run.id.clone();
    call.shared.tell(Event::ApprovalAsked {
        run,
        question: question.asked.question,
        message: question.asked.message.clone(),
        approvals: question.approvals.len() as u64,
        needed: question.asked.approvals,
    });
    Ok(())
}

fn told(message: &str, approvals: &[Given]) -> Json {
    let approvals: Vec<Json> = approvals
        .iter()
        .map(|given| {
            let at = Duration::from_millis(given.at.0).as_secs_f64();
            // Left out, not null: in a list null stays null, and that is true.
            let mut told = json!({ "by": given.by, "at": at });
            if let (Json::Object(fields), Some(comment)) = (&mut told, &given.comment) {
                fields.insert("comment".to_owned(), comment.clone().into());
            }
            told
        })
        .collect();
    json!({ "message": message, "approvals": approvals })
}

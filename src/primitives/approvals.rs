//! Questions to people and their answers: pure functions from the journal's rows to who agreed, and
//! the little that asks and answers.
//!
//! A run that asks writes its question into its own rows; whoever answers writes into a run of
//! their own, because rows of a run are written by one process alone. Start reading at [`of_run`].

use std::collections::BTreeSet;

use super::code::Code;
use super::ctx::Ctx;
use super::error::Error;
use crate::clock::Timestamp;
use crate::db::journal::Entry;
use crate::db::journal::Which;
use crate::deployment::RunId;
use crate::deployment::approval::Answer;
use crate::deployment::approval::ApprovalAsked;
use crate::deployment::approval::ApprovalGiven;
use crate::deployment::record::Record;
use crate::deployment::record::RunStatus;

/// The kinds of rows that [`of_run`] wants.
pub const KINDS: [&str; 3] = ["approval.asked", "approval.given", "run.finished"];

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// The role that gave it.
    pub by: String,
    /// When, by the server's clock.
    pub at: Timestamp,
    /// The answer.
    pub answer: Answer,
    /// What was said with it.
    pub comment: Option<String>,
}

/// One question with its answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// What was asked, as it was asked last.
    pub asked: ApprovalAsked,
    /// When it was asked first, by the server's clock.
    pub at: Timestamp,
    /// The role that asked.
    pub by: String,
    /// Who agreed, oldest first: each role once, and only those that count.
    pub approvals: Vec<Given>,
    /// Who said no.
    pub denial: Option<Given>,
    /// Whether the run has asked it since it was last begun or resumed.
    pub is_current: bool,
}

impl Question {
    /// How many more have to agree.
    pub fn missing(&self) -> u64 {
        self.asked.approvals.saturating_sub(self.approvals.len() as u64)
    }

    /// Tells whether the run waits with it.
    pub fn is_open(&self) -> bool {
        self.is_current && self.denial.is_none() && self.missing() > 0
    }

    /// `1 of 2 approvals`.
    pub fn progress(&self) -> String {
        let (have, needed) = (self.approvals.len(), self.asked.approvals);
        let plural = if needed == 1 { "" } else { "s" };
        format!("{have} of {needed} approval{plural}")
    }
}

/// What a run has asked, and how it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// How it ended; `None` while it has not, or was resumed since.
    pub ended: Option<RunStatus>,
    /// Its questions, in the order of their numbers.
    pub questions: Vec<Question>,
}

impl Asked {
    /// The questions that it waits with.
    pub fn open(&self) -> impl Iterator<Item = &Question> {
        self.questions.iter().filter(|question| question.is_open())
    }
}

/// What a run has asked and who answered, from the journal's rows in the order of time.
pub fn of_run(run: &RunId, entries: &[Entry]) -> Asked {
    let mut asked = Asked { ended: None, questions: Vec::new() };
    let own = entries.iter().filter(|entry| entry.run == *run);
    for entry in own {
        if asked.ended.take().is_some() {
            asked.questions.iter_mut().for_each(|question| question.is_current = false);
        }
        match &entry.record {
            Record::RunFinished(finished) => asked.ended = Some(finished.status),
            Record::ApprovalAsked(new) => take(&mut asked.questions, entry, new),
            _ => {}
        }
    }
    for question in &mut asked.questions {
        answers(run, question, entries);
    }
    asked.questions.sort_by_key(|question| question.asked.question);
    asked
}

fn take(questions: &mut Vec<Question>, entry: &Entry, new: &ApprovalAsked) {
    if let Some(known) = questions.iter_mut().find(|known| known.asked.question == new.question) {
        known.asked = new.clone();
        known.is_current = true;
        return;
    }
    questions.push(Question {
        asked: new.clone(),
        at: entry.at,
        by: entry.actor.clone(),
        approvals: Vec::new(),
        denial: None,
        is_current: true,
    });
}

fn answers(run: &RunId, question: &mut Question, entries: &[Entry]) {
    let mut seen = BTreeSet::new();
    for entry in entries {
        let Record::ApprovalGiven(given) = &entry.record else { continue };
        if given.of != *run || given.question != question.asked.question {
            continue;
        }
        let told = told(entry, given);
        match given.answer {
            Answer::Denied if question.denial.is_none() => question.denial = Some(told),
            Answer::Denied => {}
            Answer::Approved => {
                let counts = question.asked.from.is_empty() || question.asked.from.contains(&told.by);
                if counts && seen.insert(told.by.clone()) {
                    question.approvals.push(told);
                }
            }
        }
    }
}

fn told(entry: &Entry, given: &ApprovalGiven) -> Given {
    let (by, at) = (entry.actor.clone(), entry.at);
    Given { by, at, answer: given.answer, comment: given.comment.clone() }
}

/// Every approval that was given to a run, whatever it asked, from the journal's rows in the order of
/// time: each role once, with its first.
pub fn given(run: &RunId, entries: &[Entry]) -> Vec<Given> {
    let mut seen = BTreeSet::new();
    let given = entries.iter().filter_map(|entry| match &entry.record {
        Record::ApprovalGiven(given) if given.of == *run && given.answer == Answer::Approved => {
            Some(told(entry, given))
        }
        _ => None,
    });
    given.filter(|given| seen.insert(given.by.clone())).collect()
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// What people are asked.
    pub message: String,
    /// Which question of this message in its run, from 1.
    pub nth: u64,
    /// How many people have to agree, at least 1.
    pub approvals: u64,
    /// The roles that count; every role where it is empty.
    pub from: Vec<String>,
}

/// Asks, unless it is answered already: then nothing is written.
///
/// # Errors
/// `setup.missing`, `run.fenced`, `db.*`.
pub async fn ask(ctx: &mut Ctx, request: &Request) -> Result<Question, Error> {
    // Before anybody is asked, not after: a question that cannot be recorded cannot be answered.
    if ctx.marker().await?.is_none() {
        let message = "a question cannot be recorded: there is no tracking database; call mz.setup first";
        return Err(Error::new(Code::SetupMissing, message));
    }
    let known = of_this_run(ctx).await?;
    let is_same =
        |question: &&Question| question.asked.message == request.message && question.asked.nth == request.nth;
    let before = known.questions.iter().find(is_same);
    let number = before.map(|question| question.asked.question);
    let number = number.unwrap_or_else(|| {
        known.questions.iter().map(|question| question.asked.question + 1).max().unwrap_or(1)
    });
    let asked = ApprovalAsked {
        question: number,
        message: request.message.clone(),
        nth: request.nth,
        approvals: request.approvals,
        from: request.from.clone(),
    };
    if let Some(before) = before {
        let question = Question { asked: asked.clone(), ..before.clone() };
        if question.denial.is_some() || question.missing() == 0 {
            return Ok(question);
        }
    }
    ctx.record(Record::ApprovalAsked(asked)).await?;
    look(ctx, number).await
}

/// Looks at a question of the run.
///
/// # Errors
/// `db.*`.
pub async fn look(ctx: &mut Ctx, number: u64) -> Result<Question, Error> {
    let asked = of_this_run(ctx).await?;
    let found = asked.questions.into_iter().find(|question| question.asked.question == number);
    found.ok_or_else(|| Error::bug(format!("question {number} was recorded and is not there")))
}

/// What this run has asked and who answered.
///
/// # Errors
/// `db.*`.
pub async fn of_this_run(ctx: &mut Ctx) -> Result<Asked, Error> {
    if ctx.session().is_closed() {
        ctx.reconnect().await?;
    }
    let entries = ctx.entries(Which::Kinds(&KINDS)).await?;
    Ok(of_run(&ctx.run.id, &entries))
}

/// Answers a question, in the run of whoever answers.
///
/// # Errors
/// `run.fenced`, `db.*`.
pub async fn answer(ctx: &mut Ctx, given: ApprovalGiven) -> Result<(), Error> {
    ctx.record(Record::ApprovalGiven(given)).await
}

/// The error of a question to which somebody said no; `None` where nobody did.
pub fn denied(question: &Question) -> Option<Error> {
    let denial = question.denial.as_ref()?;
    let comment = denial.comment.as_ref().map(|comment| format!(": {comment}")).unwrap_or_default();
    let message = format!("{} said no to `{}`{comment}", denial.by, question.asked.message);
    Some(Error::new(Code::ApprovalDenied, message))
}

/// The error that ends a run which goes on when people have agreed.
pub fn paused(question: &Question) -> Error {
    let error = Error::new(Code::RunPaused, format!("waits for approval: {}", question.asked.message));
    let error = error.line(question.progress());
    match question.asked.from.as_slice() {
        [] => error,
        from => error.line(format!("from {}", from.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use expect_test::Expect;
    use expect_test::expect;

    use super::*;
    use crate::deployment::record::RunFinished;

    fn asked(question: u64, message: &str, approvals: u64, from: &[&str]) -> Record {
        let from = from.iter().map(|role| (*role).to_owned()).collect();
        Record::ApprovalAsked(ApprovalAsked {
            question,
            message: message.to_owned(),
            nth: 1,
            approvals,
            from,
        })
    }

    fn answered(of: &str, question: u64, answer: Answer) -> Record {
        let of = of.parse().expect("an id");
        Record::ApprovalGiven(ApprovalGiven { of, question, answer, comment: None })
    }

    fn finished(status: RunStatus) -> Record {
        Record::RunFinished(RunFinished { status, code: None, message: None })
    }

    #[track_caller]
    fn check(rows: &[(&str, &str, Record)], expect: Expect) {
        let row = |(at, (run, actor, record)): (u64, &(&str, &str, Record))| Entry {
            run: run.parse().expect("an id"),
            seq: at,
            at: Timestamp(at),
            actor: (*actor).to_owned(),
            record: record.clone(),
        };
        let entries: Vec<Entry> = (1..).zip(rows).map(row).collect();
        let run = "r-1".parse().expect("an id");
        let asked = of_run(&run, &entries);
        let mut lines = vec![format!("ended {:?}", asked.ended)];
        lines.extend(asked.questions.iter().map(|question| {
            let by: Vec<&str> = question.approvals.iter().map(|given| given.by.as_str()).collect();
            let denial = question.denial.as_ref().map(|given| given.by.as_str());
            let Question { asked, is_current, .. } = question;
            format!(
                "{} {} {by:?} denied {denial:?} current {is_current} open {}",
                asked.question,
                question.progress(),
                question.is_open()
            )
        }));
        let all: Vec<String> =
            given(&run, &entries).into_iter().map(|given| format!("{}@{}", given.by, given.at.0)).collect();
        lines.push(format!("given {all:?}"));
        expect.assert_eq(&lines.join("\n"));
    }

    #[test]
    fn each_role_counts_once_and_only_for_the_question_it_was_asked() {
        check(
            &[
                ("r-1", "ci", asked(1, "go?", 2, &[])),
                ("r-2", "ann", answered("r-1", 1, Answer::Approved)),
                ("r-3", "ann", answered("r-1", 1, Answer::Approved)),
                ("r-4", "bob", answered("r-9", 1, Answer::Approved)),
                ("r-1", "ci", asked(2, "really?", 1, &["bob"])),
                ("r-5", "ann", answered("r-1", 2, Answer::Approved)),
            ],
            expect![[r#"
                ended None
                1 1 of 2 approvals ["ann"] denied None current true open true
                2 0 of 1 approval [] denied None current true open true
                given ["ann@2"]"#]],
        );
    }

    #[test]
    fn a_no_stays_a_no_and_what_was_asked_before_the_end_is_not_asked_any_more() {
        check(
            &[
                ("r-1", "ci", asked(1, "go?", 1, &[])),
                ("r-1", "ci", asked(2, "there?", 1, &[])),
                ("r-1", "ci", finished(RunStatus::Paused)),
                ("r-1", "ci", asked(2, "there?", 1, &[])),
                ("r-2", "ann", answered("r-1", 2, Answer::Denied)),
                ("r-3", "ann", answered("r-1", 2, Answer::Approved)),
            ],
            expect![[r#"
                ended None
                1 0 of 1 approval [] denied None current false open false
                2 1 of 1 approval ["ann"] denied Some("ann") current true open false
                given ["ann@6"]"#]],
        );
        check(
            &[("r-1", "ci", asked(1, "go?", 1, &[])), ("r-1", "ci", finished(RunStatus::Paused))],
            expect![[r#"
                ended Some(Paused)
                1 0 of 1 approval [] denied None current true open true
                given []"#]],
        );
    }
}

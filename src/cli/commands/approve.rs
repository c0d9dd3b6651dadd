//! `mzflow approve`: answers the question that a run waits with, and lets a paused run go on.
//!
//! The answer is written into a run of its own: a live run that waits sees it there. Start reading
//! at [`run`], then at [`chosen`].

use serde_json::Value;
use serde_json::json;

use super::resume;
use crate::cli::app::App;
use crate::cli::app::CliError;
use crate::cli::exit::Exit;
use crate::cli::finish;
use crate::cli::moment;
use crate::cli::questions;
use crate::cli::typed;
use crate::db::journal::Entry;
use crate::db::journal::Which;
use crate::deployment::RunId;
use crate::deployment::approval::Answer;
use crate::deployment::approval::ApprovalGiven;
use crate::deployment::record::RunStatus;
use crate::lua::near;
use crate::primitives::approvals;
use crate::primitives::approvals::Asked;
use crate::primitives::approvals::Given;
use crate::primitives::approvals::Question;
use crate::primitives::code::Code;
use crate::primitives::ctx::Ctx;
use crate::primitives::error::Error;

/// Answer the question that a run waits with; a paused run then goes on
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Run that waits; `mzflow list` names it
    #[arg(value_name = "RUN")]
    pub(crate) run: RunId,
    /// Say no: the run ends as refused
    #[arg(long)]
    pub(crate) deny: bool,
    /// What to say with the answer
    #[arg(short, long, value_name = "TEXT")]
    pub(crate) message: Option<String>,
    /// Number of the question, where the run waits with several
    #[arg(long, value_name = "N")]
    pub(crate) question: Option<u64>,
    /// Only record the answer: a paused run stays as it is
    #[arg(long)]
    pub(crate) no_resume: bool,
    #[command(flatten)]
    pub(crate) how: resume::How,
}

pub(crate) async fn run(app: &mut App, args: Args) -> Result<Exit, CliError> {
    let answer = if args.deny { Answer::Denied } else { Answer::Approved };
    let asked = json!({ "run": args.run, "question": args.question, "denied": args.deny });
    let mut ctx = app.verb("approve", asked, None).await?;
    let entries = of_journal(&ctx, &args.run).await?;
    let before = approvals::of_run(&args.run, &entries);
    let role = ctx.target().user.clone();
    let question = chosen(&args.run, &before, args.question)?.clone();
    if !is_repeated(&question, answer, &role)? {
        let given = ApprovalGiven {
            of: args.run.clone(),
            question: question.asked.question,
            answer,
            comment: args.message.clone(),
        };
        let outcome = approvals::answer(&mut ctx, given).await;
        finish::verb(app, &mut ctx, outcome).await?;
    }
    let entries = of_journal(&ctx, &args.run).await?;
    let asked = approvals::of_run(&args.run, &entries);
    let now = asked.questions.iter().find(|now| now.asked.question == question.asked.question);
    let now = now.ok_or_else(|| Error::bug("a question was answered and is gone"))?;
    let goes_on = asked.ended == Some(RunStatus::Paused) && asked.open().next().is_none() && !args.no_resume;
    tell(app, &args.run, now, &asked, goes_on);
    if !goes_on {
        return Ok(Exit::Done);
    }
    drop(ctx);
    resume::go_on(app, args.run, args.how).await
}

/// What a run wrote, and every answer; nothing where nothing was ever written here.
///
/// # Errors
/// `run.unknown`, with the nearest id there is.
async fn of_journal(ctx: &Ctx, run: &RunId) -> Result<Vec<Entry>, CliError> {
    let mut entries = Vec::new();
    let mut known = Vec::new();
    if ctx.marker().await?.is_some() {
        entries = ctx.entries(Which::Run(run)).await?;
        entries.extend(
            ctx.entries(Which::Kinds(&["approval.given"]))
                .await?
                .into_iter()
                .filter(|entry| entry.run != *run),
        );
    }
    if entries.iter().any(|entry| entry.run == *run) {
        return Ok(entries);
    }
    if ctx.marker().await?.is_some() {
        known = ctx.entries(Which::Kinds(&["run.started"])).await?;
    }
    let question = near::question(run.as_str(), known.iter().map(|entry| entry.run.as_str()));
    let error = Error::new(Code::RunUnknown, format!("no run `{run}` is in the journal{question}"));
    Err(error.effect("nothing was changed").into())
}

/// The question that is meant.
fn chosen<'a>(run: &RunId, asked: &'a Asked, number: Option<u64>) -> Result<&'a Question, CliError> {
    let refused = |message: String| {
        CliError::from(Error::new(Code::ApprovalNotAsked, message).effect("nothing was changed"))
    };
    if asked.questions.is_empty() {
        return Err(refused(format!("{run} has asked nothing")));
    }
    if let Some(number) = number {
        let found = asked.questions.iter().find(|question| question.asked.question == number);
        let found = found.ok_or_else(|| refused(format!("{run} has asked no question {number}")))?;
        return if found.is_open() { Ok(found) } else { Err(refused(settled(found))) };
    }
    if asked.ended == Some(RunStatus::Done) {
        return Err(refused(format!("{run} did what it was to do: it asks nothing any more")));
    }
    let open: Vec<&Question> = asked.open().collect();
    match open.as_slice() {
        [one] => Ok(one),
        [] => Err(refused(asked.questions.last().map(settled).unwrap_or_default())),
        several => {
            let message = format!("{run} waits with {} questions: say which with --question", several.len());
            let lines = several.iter().map(|question| line(question));
            let mut error = CliError::usage("cli.which-question", message);
            error.report.lines = lines.collect();
            Err(error)
        }
    }
}

fn line(question: &Question) -> String {
    format!("{}  {} ({})", question.asked.question, question.asked.message, question.progress())
}

fn settled(question: &Question) -> String {
    let message = &question.asked.message;
    let by = |given: &[Given]| given.iter().map(|given| given.by.as_str()).collect::<Vec<_>>().join(", ");
    match &question.denial {
        Some(denial) => format!("`{message}` was answered: {} said no", denial.by),
        None if question.missing() == 0 => {
            format!("`{message}` was answered: {} agreed", by(&question.approvals))
        }
        None => format!("`{message}` is not asked any more"),
    }
}

/// Tells whether the same role has answered the same before.
///
/// # Errors
/// `approval.not-yours` where its answer would not count.
fn is_repeated(question: &Question, answer: Answer, role: &str) -> Result<bool, CliError> {
    if answer == Answer::Denied {
        return Ok(false);
    }
    let from = &question.asked.from;
    if !from.is_empty() && !from.iter().any(|other| other == role) {
        let message = format!(
            "`{}` counts answers of {} only, and you are {role}",
            question.asked.message,
            from.join(", ")
        );
        return Err(Error::new(Code::ApprovalNotYours, message).effect("nothing was changed").into());
    }
    Ok(question.approvals.iter().any(|given| given.by == role))
}

/// What people and programs are told of an answer.
fn tell(app: &App, run: &RunId, question: &Question, asked: &Asked, goes_on: bool) {
    if app.ui.json {
        let mut told = questions::told(run, question);
        if let Value::Object(fields) = &mut told {
            let denied =
                question.denial.as_ref().map(|denial| json!({ "by": denial.by, "at": moment(denial.at) }));
            fields.insert("denied".to_owned(), denied.unwrap_or_default());
            fields.insert("resumed".to_owned(), goes_on.into());
        }
        return app.ui.json(&told);
    }
    let what = match &question.denial {
        Some(_) => "denied".to_owned(),
        None => question.progress(),
    };
    app.ui.step("approve", &format!("{} · {what}", question.asked.message), None);
    if goes_on {
        return;
    }
    let open = asked.open().next().filter(|open| open.asked.question != question.asked.question);
    let next = match asked.ended {
        Some(RunStatus::Paused) if question.is_open() => {
            format!("somebody else has to agree, too:  mzflow approve {run}")
        }
        Some(RunStatus::Paused) if let Some(open) = open => {
            format!("it waits with another question:  {}", questions::next(run, open))
        }
        Some(_) => format!("go on:  mzflow resume {run}"),
        None => format!("if {run} is running it goes on by itself; if it is not:  mzflow resume {run}"),
    };
    app.ui.talk(&format!("          {}", typed::here(&next)));
}

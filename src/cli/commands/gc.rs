//! `mzflow gc`: lists what no live deployment owns, and drops it.

use std::time::Duration;

use serde_json::Value;
use serde_json::json;

use crate::cli::app::App;
use crate::cli::app::CliError;
use crate::cli::asker;
use crate::cli::commands::readers::Readers;
use crate::cli::exit::Exit;
use crate::cli::finish;
use crate::cli::typed;
use crate::cli::ui::ago;
use crate::cli::ui::counted;
use crate::cli::ui::table;
use crate::clock::parse_duration;
use crate::deployment::dropping::DropReason;
use crate::primitives::code::Kind;
use crate::primitives::ctx::Ctx;
use crate::primitives::drop;
use crate::primitives::error::Error;
use crate::primitives::gc;
use crate::primitives::gc::Item;
use crate::primitives::gc::Why;
use crate::primitives::rehearsal::Assume;
use crate::primitives::subscribed::Subscribes;

/// List what no live deployment owns any more, and drop it
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Drop it without asking
    #[arg(long)]
    yes: bool,
    /// Print the statements and run none
    #[arg(long)]
    dry_run: bool,
    /// Also deployments that were staged or swapped back so long ago and are not production
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    abandoned: Option<Duration>,
    /// Also replaced versions that are still kept for a rollback
    #[arg(long)]
    kept: bool,
    #[command(flatten)]
    readers: Readers,
}

pub(crate) async fn run(app: &mut App, args: Args) -> Result<Exit, CliError> {
    let rehearse = args.dry_run.then_some(Assume::Ready);
    let arguments = json!({ "age_s": args.abandoned.map(|age| age.as_secs()), "kept": args.kept });
    let mut ctx = app.verb("gc", arguments, rehearse).await?;
    let request = gc::Request { abandoned: args.abandoned, kept: args.kept };
    let mut found = gc::run(&ctx, &request).await?;
    // People and programs are told the same.
    found.others.iter_mut().for_each(|line| *line = typed::here(line));
    tell(app, &found);
    let agreed = match found.items.len() {
        0 => false,
        _ if args.yes || args.dry_run => true,
        count => {
            let asked = asker::agreed(app, format!("          drop {}?", counted(count, "version"))).await;
            finish::verb(app, &mut ctx, asked).await?
        }
    };
    let mut told: Vec<Value> = Vec::new();
    let (mut count, mut failed): (usize, Vec<Error>) = (0, Vec::new());
    for item in &found.items {
        let dropped = if agreed { Some(drop(&mut ctx, item, args.readers.subscribes()).await) } else { None };
        told.push(document(item, dropped.as_ref().filter(|dropped| dropped.is_err() || !args.dry_run)));
        match dropped {
            Some(Ok(_)) => count += 1,
            Some(Err(error)) => {
                // What others still read keeps nothing else from going; a stop does, or a lost server.
                let goes_on = error.kind() == Kind::Refused;
                failed.push(error);
                if !goes_on {
                    break;
                }
            }
            None => {}
        }
    }
    let outcome = match failed.pop() {
        None => Ok(count),
        Some(last) => Err(last.also(failed)),
    };
    let outcome = finish::verb(app, &mut ctx, outcome).await;
    if app.ui.json {
        let mut document = json!({ "items": told, "unrecorded": found.unrecorded, "others": found.others });
        if let (true, Some(fields)) = (args.dry_run, document.as_object_mut()) {
            fields.insert(finish::REHEARSED.to_owned(), true.into());
        }
        app.ui.json(&document);
    }
    let count = outcome?;
    if agreed && !app.ui.json {
        finish::say(app, &ctx, &json!({}), &format!("{} dropped", counted(count, "version")));
    } else if !found.items.is_empty() {
        app.ui.talk(&typed::here(&format!("  next: {}", agreeing(&args))));
    }
    Ok(Exit::Done)
}

/// The same command, with the answer in it.
fn agreeing(args: &Args) -> String {
    let mut command = "mzflow gc".to_owned();
    if let Some(age) = args.abandoned {
        command += &format!(" --abandoned {}", spelled(age));
    }
    if args.kept {
        command += " --kept";
    }
    match args.readers.subscribes() {
        Subscribes::Kept => {}
        Subscribes::Awaited(patience) => command += &format!(" --wait={}", spelled(patience)),
        Subscribes::Ended => command += " --now",
    }
    command + " --yes"
}

/// A duration as it can be typed, in the largest unit that has no remainder.
fn spelled(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let units = [(86_400, "d"), (3600, "h"), (60, "m")];
    match units.into_iter().find(|(unit, _)| seconds > 0 && seconds.is_multiple_of(*unit)) {
        _ if duration.subsec_nanos() > 0 => format!("{}s", duration.as_secs_f64()),
        Some((unit, letter)) => format!("{}{letter}", seconds / unit),
        None => format!("{seconds}s"),
    }
}

async fn drop(ctx: &mut Ctx, item: &Item, subscribes: Subscribes) -> Result<drop::Outcome, Error> {
    let reason = match (item.why, item.retired) {
        (Why::Overtaken, _) => DropReason::Overtaken,
        (_, true) => DropReason::Retire,
        (_, false) => DropReason::Abort,
    };
    drop::run(ctx, &drop::Request { deployment: item.deployment.clone(), reason, subscribes }).await
}

fn tell(app: &App, found: &gc::Outcome) {
    if app.ui.json {
        return;
    }
    let row = |item: &Item| {
        // Schemas and clusters are few; objects may be many.
        const NAMED: usize = 6;
        let all: Vec<&str> =
            item.schemas.iter().chain(&item.clusters).chain(&item.objects).map(String::as_str).collect();
        let more = (all.len() > NAMED).then(|| format!("and {} more", all.len() - NAMED));
        let names: Vec<&str> = all.into_iter().take(NAMED).chain(more.as_deref()).collect();
        vec![
            item.deployment.to_string(),
            item.why.told().to_owned(),
            ago(Duration::from_secs(item.age_s)),
            names.join(" "),
        ]
    };
    let rows: Vec<Vec<String>> = found.items.iter().map(row).collect();
    if rows.is_empty() {
        app.ui.talk("nothing to clean up");
    } else {
        for line in table(&["DEPLOYMENT", "WHY", "SINCE", "WHAT"], &rows) {
            app.ui.data(&line);
        }
    }
    for item in &found.items {
        for line in &item.subscribes {
            app.ui.talk(&format!("{}: {line}", item.deployment));
        }
    }
    for name in &found.unrecorded {
        app.ui.talk(&format!(
            "{name} has the form of a staging name and stands in no record: it is left alone"
        ));
    }
    for line in &found.others {
        app.ui.talk(line);
    }
}

/// An item for programs, with what became of it.
fn document(item: &Item, dropped: Option<&Result<drop::Outcome, Error>>) -> Value {
    let mut told = serde_json::to_value(item).unwrap_or_default();
    if let Some(fields) = told.as_object_mut() {
        fields.insert("dropped".to_owned(), matches!(dropped, Some(Ok(_))).into());
        if let Some(Err(error)) = dropped {
            let report = crate::cli::render::Report::of(error, crate::cli::advice::lines(error));
            fields.insert("error".to_owned(), report.json());
        }
    }
    told
}

//! `mzflow lock`: writes down what the relations look like that a project reads and does not define.

use std::path::Path;

use serde::Serialize;
use serde_json::json;

use crate::cli::app::App;
use crate::cli::app::CliError;
use crate::cli::exit::Exit;
use crate::cli::ui::counted;
use crate::compiler::contract;
use crate::compiler::contract::Contract;
use crate::compiler::contract::Contracts;
use crate::compiler::contract::LockedColumn;
use crate::db::session::Session;
use crate::event::Event;
use crate::event::Sink;
use crate::name::ObjectKind;
use crate::primitives::compile;
use crate::primitives::compile::Compiled;
use crate::primitives::contracts;

/// The code of the warning that a type is not told entirely.
const UNTOLD: &str = "lock.untold-type";

/// Write the columns of what the project reads and does not define to types.lock
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Print the file and write none
    #[arg(long)]
    dry_run: bool,
}

/// Something that is locked.
#[derive(Debug, Serialize)]
struct Locked {
    name: String,
    kind: ObjectKind,
    columns: usize,
}

pub(crate) async fn run(app: &mut App, args: Args) -> Result<Exit, CliError> {
    let started = app.clock.elapsed();
    let report = compile::report(&app.compile_request());
    if report.findings.iter().any(|(diagnostic, _)| diagnostic.fails_compile()) {
        return Err(compile::failure(report).into());
    }
    if contracts::wanted(&report.compiled).is_empty() {
        if app.ui.json {
            app.ui.json(&json!({ "file": contract::FILE, "written": false, "locked": [], "warnings": [] }));
        }
        app.ui.step("lock", "nothing to lock: no dependencies, and no table that a source feeds", None);
        return Ok(Exit::Done);
    }
    let session = app.connect().await?;
    let found = contracts::lock(&session, &report.compiled).await?;
    let untold = untold(&found);
    let text = found.write();
    let written = !args.dry_run && write(app.project(), &text)?;
    if app.ui.json {
        let locked: Vec<Locked> = found.entries.iter().map(locked).collect();
        let mut document =
            json!({ "file": contract::FILE, "written": written, "locked": locked, "warnings": untold });
        if let (true, Some(fields)) = (args.dry_run, document.as_object_mut()) {
            fields.insert("text".to_owned(), text.into());
        }
        app.ui.json(&document);
    } else {
        untold.into_iter().for_each(|message| warn(app, UNTOLD, message));
        if args.dry_run {
            app.ui.data(text.trim_end());
        }
    }
    let took = app.clock.elapsed().saturating_sub(started);
    let done = match (args.dry_run, written) {
        (true, _) => "not written",
        (false, true) => "written",
        (false, false) => "is up to date",
    };
    let objects = counted(found.entries.len(), "object");
    app.ui.step("lock", &format!("{objects}, {} {done}", contract::FILE), Some(took));
    Ok(Exit::Done)
}

fn locked((name, contract): (&contract::ContractName, &Contract)) -> Locked {
    Locked { name: name.to_string(), kind: contract.kind, columns: contract.columns.len() }
}

/// Writes an existing file anew after something was applied. What is missing is said, and no
/// failure: what was to be applied is there.
pub(crate) async fn refresh(app: &App, session: &Session, compiled: &Compiled) -> Result<(), CliError> {
    if !app.project().join(contract::FILE).exists() || contracts::wanted(compiled).is_empty() {
        return Ok(());
    }
    match contracts::lock(session, compiled).await {
        Ok(found) => {
            untold(&found).into_iter().for_each(|message| warn(app, UNTOLD, message));
            if write(app.project(), &found.write())? {
                let message =
                    format!("{} was written anew, because what it tells of has changed", contract::FILE);
                warn(app, "lock.written", message);
            }
        }
        Err(error) => {
            let missing = error.lines().join(", ");
            let message = format!("{} was left as it is: {} ({missing})", contract::FILE, error.message());
            warn(app, error.code().as_str(), message);
        }
    }
    Ok(())
}

/// Tells whoever listens of something that is no failure.
fn warn(app: &App, code: &str, message: String) {
    app.narrator.event(Event::Warning { code: code.to_owned(), message });
}

/// The columns of which the catalog does not tell the type, a sentence each.
fn untold(found: &Contracts) -> Vec<String> {
    let columns = found.entries.iter().flat_map(|(name, contract)| {
        let untold = contract.columns.iter();
        let untold = untold.filter(|one| contract::FAMILIES.contains(&one.data_type.as_str()));
        untold.map(move |column| (name, column))
    });
    let sentence = |(name, column): (&contract::ContractName, &LockedColumn)| {
        format!(
            "the catalog tells of `{name}.{}` only that it is a {}: write its type into {} by hand",
            column.name,
            column.data_type,
            contract::FILE
        )
    };
    columns.map(sentence).collect()
}

/// Writes the file, all of it or nothing; false where it says the same already.
fn write(project: &Path, text: &str) -> Result<bool, CliError> {
    let file = project.join(contract::FILE);
    if std::fs::read_to_string(&file).is_ok_and(|now| now == text) {
        return Ok(false);
    }
    let shown = file.display().to_string();
    let failed = |error: std::io::Error| {
        let error = CliError::usage("lock.cannot-write", format!("cannot write {shown}: {error}"));
        CliError { exit: Exit::Failed, ..error }
    };
    // Another process may write it too: each has a name of its own until the file is whole.
    let draft = project.join(format!(".{}.{}", contract::FILE, std::process::id()));
    let written = std::fs::write(&draft, text).and_then(|()| std::fs::rename(&draft, &file));
    if written.is_err() {
        let _ = std::fs::remove_file(&draft);
    }
    written.map_err(failed)?;
    Ok(true)
}

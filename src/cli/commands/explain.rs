//! `mzflow explain`: why an object would be rebuilt, as a chain a person can follow.

use serde_json::json;

use super::choices::Choices;
use super::diff;
use crate::cli::app::App;
use crate::cli::app::CliError;
use crate::cli::exit::Exit;
use crate::cli::render::Report;
use crate::cli::render::Severity;
use crate::deployment::change::Change;
use crate::deployment::record::StagedObject;
use crate::primitives::changes::Changes;
use crate::primitives::code::Code;

/// Say why an object would be rebuilt
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Object: its full name, or the end of it
    #[arg(value_name = "OBJECT")]
    object: String,
    #[command(flatten)]
    choices: Choices,
}

pub(crate) async fn run(app: &mut App, args: Args) -> Result<Exit, CliError> {
    let outcome = diff::compare(app, &args.choices).await?;
    let changes = &outcome.changes;
    let name = find(changes, &args.object)?;
    let staged = changes.objects.iter().find(|object| object.name.to_string() == name);
    if app.ui.json {
        let because: Vec<String> =
            staged.iter().flat_map(|object| &object.because).map(ToString::to_string).collect();
        let change = staged.map_or(Change::Unchanged, |object| object.change);
        app.ui.json(&json!({ "name": name, "change": change, "because": because }));
        return Ok(Exit::Done);
    }
    match staged {
        None => app.ui.data(&format!("{name} is unchanged: it is not rebuilt")),
        Some(object) => {
            for line in lines(changes, object) {
                app.ui.data(&line);
            }
        }
    }
    Ok(Exit::Done)
}

/// The object a person means, by its full name or by the end of it.
fn find(changes: &Changes, text: &str) -> Result<String, CliError> {
    let project = changes.compiled.project.objects.iter().map(|object| object.name.to_string());
    let removed = changes.of(Change::Removed).map(|object| object.name.to_string());
    let names: Vec<String> = project.chain(removed).collect();
    let ends = format!(".{text}");
    let found: Vec<&String> = names.iter().filter(|name| **name == text || name.ends_with(&ends)).collect();
    match found.as_slice() {
        [one] => Ok((*one).clone()),
        [] => {
            let near = names.iter().max_by(|a, b| likeness(a, text).total_cmp(&likeness(b, text)));
            let mut report = Report::new(
                Severity::Error,
                Code::CompileUnknownObject.as_str(),
                format!("the project has no object `{text}`"),
            );
            report.help = near.map(|near| format!("did you mean `{near}`?"));
            Err(CliError { report: Box::new(report), exit: Exit::Failed })
        }
        several => {
            let several: Vec<String> = several.iter().map(|name| (*name).clone()).collect();
            let message = format!("`{text}` may be {}", several.join(" or "));
            Err(CliError::usage(Code::CompileUnknownObject.as_str(), message))
        }
    }
}

fn likeness(name: &str, text: &str) -> f64 {
    strsim::jaro_winkler(name.rsplit('.').next().unwrap_or(name), text.rsplit('.').next().unwrap_or(text))
}

fn lines(changes: &Changes, object: &StagedObject) -> Vec<String> {
    let mut lines = vec![format!("{} is {}", object.name, object.change)];
    let mut from = object;
    for name in &object.because {
        let Some(next) = changes.objects.iter().find(|other| other.name == *name) else { break };
        let how = match from.change {
            Change::Dependent => "it reads",
            Change::Carried => "it is swapped together with",
            Change::Added
            | Change::Changed
            | Change::Removed
            | Change::Drifted
            | Change::Reindexed
            | Change::Metadata
            | Change::Unchanged => "it follows",
        };
        let file = place(changes, next).map(|place| format!("   {place}")).unwrap_or_default();
        lines.push(format!("  because {how} {name}, which is {}{file}", next.change));
        from = next;
    }
    if object.because.is_empty() {
        lines.push(match object.change {
            Change::Drifted => "  because production is not what was last promoted".to_owned(),
            Change::Reindexed => "  because its indexes differ; they are built beside it".to_owned(),
            Change::Metadata => {
                "  because its grants or comments differ; they are changed in place".to_owned()
            }
            Change::Removed => "  because the project no longer has it".to_owned(),
            Change::Added | Change::Changed | Change::Dependent | Change::Carried | Change::Unchanged => {
                format!("  because of {}", place(changes, object).as_deref().unwrap_or("its file"))
            }
        });
    }
    lines
}

/// The file and the line of its statement; of its constraint, where it is the view of one.
fn place(changes: &Changes, object: &StagedObject) -> Option<String> {
    let compiled = changes.compiled.project.object(&object.name);
    compiled.map(|object| format!("{}:{}", object.file, object.line)).or_else(|| object.file.clone())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::*;
    use crate::deployment::Isolation;
    use crate::primitives::compile;

    /// The changes of a deployment in which nothing changes.
    fn changes() -> Changes {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/auction");
        let request = compile::Request { path, profile: None, variables: BTreeMap::new() };
        Changes {
            compiled: compile::report(&request).compiled,
            isolation: Isolation::Cluster,
            objects: Vec::new(),
            schemas: BTreeMap::new(),
            within: Vec::new(),
            clusters: BTreeMap::new(),
            replaced_in: BTreeMap::new(),
            stable: Vec::new(),
            beside: Vec::new(),
            gone_indexes: Vec::new(),
            replaced_indexes: Vec::new(),
            in_place: Vec::new(),
            restored: Vec::new(),
            carried_along: Vec::new(),
            kept: Vec::new(),
            new_sinks: Vec::new(),
            after: Vec::new(),
            repointed: Vec::new(),
            changed_sinks: Vec::new(),
            base_epoch: 0,
            against: None,
            unchanged: 0,
            sinks: Vec::new(),
            foreign_dependents: Vec::new(),
            refusals: Vec::new(),
            recorded_as: None,
            said: BTreeMap::new(),
            claims: crate::deployment::said::Claims::default(),
        }
    }

    #[test]
    fn an_object_is_found_by_the_end_of_its_name() {
        let changes = changes();
        let found = |text: &str| {
            find(&changes, text).map_err(|error| (error.report.code, error.report.help, error.exit))
        };
        for text in ["winning_bids", "core.winning_bids", "auction.core.winning_bids"] {
            assert_eq!(found(text), Ok("auction.core.winning_bids".to_owned()), "{text}");
        }
        let help = Some("did you mean `auction.core.winning_bids`?".to_owned());
        assert_eq!(found("winnig_bids"), Err(("compile.unknown-object".to_owned(), help, Exit::Failed)));
    }
}

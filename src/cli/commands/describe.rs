//! `mzflow describe`: everything recorded of one deployment.

use serde_json::Value;
use serde_json::json;

use super::list;
use crate::cli::app::App;
use crate::cli::app::CliError;
use crate::cli::exit::Exit;
use crate::cli::moment;
use crate::cli::questions;
use crate::cli::typed;
use crate::cli::ui::table;
use crate::deployment::DeploymentId;
use crate::primitives::ledger::Deployment;
use crate::primitives::scope::Scope;

/// Show everything recorded of one deployment
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Deployment to show
    #[arg(value_name = "ID")]
    deployment: DeploymentId,
}

pub(crate) async fn run(app: &mut App, args: Args) -> Result<Exit, CliError> {
    let ctx = app.verb("describe", json!({}), None).await?;
    let ledger = ctx.ledger_or_refuse().await?;
    let known = ledger.deployment(&args.deployment)?.clone();
    let scope = Scope::read(&ctx, &known).await?;
    let waits = questions::waits(&ctx).await?;
    let mut told = questions::with_waits(list::told(&args.deployment, &known), &known, &waits);
    let objects: Vec<Value> = scope
        .contents
        .objects
        .iter()
        .map(|object| {
            let staging = scope.intent.staging_name(object);
            // What is not built anew stays what it is.
            let (id, replaced) = match object.is_replaced() {
                true => (scope.built.get(&staging), object.production_id.as_ref()),
                false => (object.production_id.as_ref(), None),
            };
            json!({
                "name": object.name,
                "kind": object.kind,
                "change": object.change,
                "way": object.way,
                "because": object.because,
                "fingerprint": object.fingerprint,
                "id": id,
                "replaced_id": replaced,
            })
        })
        .collect();
    let names = |pairs: Vec<(String, String)>| -> Vec<Value> {
        pairs
            .into_iter()
            .map(|(production, staging)| json!({ "production": production, "staging": staging }))
            .collect()
    };
    let intent = &scope.intent;
    let pairs = intent.schemas.iter().chain(&intent.replaced_in);
    let schemas = pairs.map(|p| (p.production_name().to_string(), p.staging_name().to_string()));
    let clusters = intent.clusters.iter().map(|p| (p.production.to_string(), p.staging.to_string()));
    let objects_too = scope.contents.renamed().filter(|object| object.change.is_built());
    let renamed = objects_too.map(|o| (o.name.to_string(), intent.staging_name(o).to_string()));
    let staging: Vec<Value> = names(schemas.chain(clusters).chain(renamed).collect());
    if let Value::Object(fields) = &mut told {
        fields.insert("project_fingerprint".to_owned(), intent.project_fingerprint.clone().into());
        fields.insert("names".to_owned(), staging.into());
        fields.insert("pending_sinks".to_owned(), json!(known.pending_sinks));
        fields.insert("pending_replacements".to_owned(), json!(known.pending_replacements));
        fields.insert(
            "promoted_at".to_owned(),
            known.swapped.as_ref().map_or(Value::Null, |entry| moment(entry.at).into()),
        );
        fields.insert("objects".to_owned(), objects.into());
        fields.insert("shifts".to_owned(), shifts(&known).into());
    }
    if app.ui.json {
        app.ui.json(&told);
        return Ok(Exit::Done);
    }
    for line in lines(&told) {
        app.ui.data(&line);
    }
    if let Some((run, question)) = questions::of(&known, &waits) {
        app.ui.data("");
        app.ui.data(&format!("waits for   {}", typed::here(&questions::next(run, question))));
    }
    Ok(Exit::Done)
}

/// What was set of the roles that read it.
fn shifts(known: &Deployment) -> Vec<Value> {
    let settings = known
        .shifts
        .iter()
        .flat_map(|(role, shift)| shift.settings.iter().map(move |setting| (role, shift.is_done, setting)));
    settings
        .map(|(role, is_done, setting)| {
            json!({
                "role": role,
                "parameter": setting.parameter.as_str(),
                "before": setting.before,
                "after": setting.after,
                "done": is_done,
            })
        })
        .collect()
}

fn lines(told: &Value) -> Vec<String> {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Null => "-".to_owned(),
        other => other.to_string(),
    };
    let list =
        |value: &Value| value.as_array().into_iter().flatten().map(text).collect::<Vec<_>>().join(", ");
    let mut lines = vec![
        format!("deployment  {}", text(&told["deployment"])),
        format!("state       {}", text(&told["state"])),
        format!("staged      {} by {}", text(&told["staged_at"]), text(&told["by"])),
        format!("promoted    {}", text(&told["promoted_at"])),
        format!("commit      {}", text(&told["commit"])),
        format!("project     {}", text(&told["project_fingerprint"])),
        format!("isolation   {}", text(&told["isolation"])),
        format!("runs        {}", list(&told["runs"])),
    ];
    for pair in told["names"].as_array().into_iter().flatten() {
        lines.push(format!("name        {} ↔ {}", text(&pair["production"]), text(&pair["staging"])));
    }
    for shift in told["shifts"].as_array().into_iter().flatten() {
        let [role, parameter, before, after] =
            ["role", "parameter", "before", "after"].map(|key| text(&shift[key]));
        lines.push(format!("read by     {role}: {parameter} {before} → {after}"));
    }
    for pending in ["pending_sinks", "pending_replacements"] {
        for reason in told[pending].as_array().into_iter().flatten() {
            lines.push(format!("pending     {}", text(reason)));
        }
    }
    let rows: Vec<Vec<String>> = told["objects"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|object| ["name", "kind", "change", "id", "replaced_id"].map(|key| text(&object[key])).into())
        .collect();
    if !rows.is_empty() {
        lines.push(String::new());
        lines.extend(table(&["OBJECT", "KIND", "CHANGE", "ID", "REPLACED"], &rows));
    }
    lines
}

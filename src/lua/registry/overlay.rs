//! The function that builds a developer's overlay.

use super::Effect;
use super::Function;
use super::Returns;
use super::Style;
use super::When;
use super::default;
use super::kind::Kind;
use super::required;

/// It.
pub const FUNCTIONS: &[Function] = &[Function {
    name: "create_overlay",
    style: Style::Named,
    arguments: &[
        required("changes", Kind::Changes, "what differs from production"),
        required("cluster", Kind::Text, "the cluster that everything of the overlay runs on"),
        required("name", Kind::Text, "the overlay's name"),
        default(
            "downstream",
            Kind::Choice(&["all", "none"]),
            "\"all\"",
            "whether what reads a changed object goes with it",
        ),
        default("timeout", Kind::Duration, "\"10m\"", "how long a new version may take to catch up"),
    ],
    returns: Returns { kind: "mz.Overlay", doc: "" },
    doc: "Builds the views and materialized views that differ from production, and what reads them, in a database \
          `<database>__<name>` beside production's; everything else they read is production's. What stands there \
          already is left alone. A new version is built under a temporary name and takes the old one's in one \
          transaction, once it has caught up; when it fails, the old one stays and `overlay.failed` is raised after \
          everything else was built. A cluster that runs production is refused.",
    effect: Effect::Changes,
    when: When::Running,
}];

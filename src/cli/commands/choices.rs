//! The flags that say how much is replaced as a whole, for every verb that stages or compares.

use crate::cli::app::CliError;
use crate::deployment::Isolation;
use crate::name::ClusterName;
use crate::name::split_dotted;
use crate::primitives::changes::Reuse;

/// How much is replaced as a whole.
#[derive(Debug, clap::Args)]
pub(crate) struct Choices {
    /// What is swapped as a whole: `cluster` (schemas and clusters), `schema` or `object`
    #[arg(long, value_name = "WHAT", default_value = "cluster", value_parser = ["cluster", "schema", "object"])]
    isolation: String,
    /// Cluster to build on instead of cloning it; `all` for every one; may be repeated
    #[arg(long, value_name = "CLUSTER")]
    reuse: Vec<String>,
}

impl Choices {
    /// The isolation.
    pub(crate) fn isolation(&self) -> Result<Isolation, CliError> {
        let found = Isolation::ALL.into_iter().find(|isolation| isolation.as_str() == self.isolation);
        found.ok_or_else(|| CliError::usage("cli.isolation", format!("`{}` is no isolation", self.isolation)))
    }

    /// The clusters that are kept.
    pub(crate) fn reuse(&self) -> Result<Reuse, CliError> {
        if self.reuse.iter().any(|name| name == "all") {
            return Ok(Reuse::All);
        }
        let mut kept = std::collections::BTreeSet::new();
        for text in &self.reuse {
            let wrong = || CliError::usage("cli.cluster", format!("`{text}` is no cluster's name"));
            let mut parts = split_dotted(text, "cluster").map_err(|_| wrong())?.into_iter();
            match (parts.next(), parts.next()) {
                (Some(name), None) => kept.insert(ClusterName(name)),
                _ => return Err(wrong()),
            };
        }
        Ok(if kept.is_empty() { Reuse::None } else { Reuse::Some(kept) })
    }
}

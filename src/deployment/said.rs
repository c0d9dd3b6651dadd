//! What a project has granted and commented itself: recorded, so that it alone is taken back when the
//! files no longer say it.
//!
//! A privilege that was there before a file first named it is nobody's of ours, and stays when the file
//! drops it. Everything is keyed by production names: what hangs on a thing is carried by a swap to
//! the thing that takes its name. Start reading at [`Claims::take`].

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde::Deserialize;
use serde::Serialize;

use super::DeploymentId;
use crate::name::ObjectName;
use crate::name::SchemaName;

/// What the project has put on one thing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// Privileges, each a grantee as the server reads it and the privilege.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub grants: BTreeSet<(String, String)>,
    /// Default privileges in it, each without its scope.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub defaults: BTreeSet<String>,
    /// Its comment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// For a sink: the fingerprint of what it was made from, but for the relation it reads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition: Option<String>,
}

/// A sink that reads something else once the deployment is production.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repointed {
    /// The sink.
    pub sink: ObjectName,
    /// What it read when this was staged.
    pub from: ObjectName,
    /// What it is to read.
    pub to: ObjectName,
}

/// Written before anything of it is granted: what the project will have put where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetadataIntent {
    /// It counts from this deployment's promotion on; `None` counts at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployment: Option<DeploymentId>,
    /// The schemas of the project, to tell it from another.
    pub project_schemas: Vec<SchemaName>,
    /// By thing; only those that are told otherwise than before.
    pub things: BTreeMap<String, Said>,
}

/// What one project has put on things, by thing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claims(BTreeMap<String, Said>);

impl Claims {
    /// Those that are recorded of some things.
    pub fn of_things(things: BTreeMap<String, Said>) -> Self {
        Self(things)
    }

    /// Takes what a row tells into account; rows come in the order of time.
    pub fn take(&mut self, intent: &MetadataIntent) {
        self.0.extend(intent.things.iter().map(|(thing, said)| (thing.clone(), said.clone())));
    }

    /// What was put on a thing.
    pub fn of(&self, thing: &str) -> Option<&Said> {
        self.0.get(thing)
    }

    /// The columns of a relation that were commented: the thing and the comment, each.
    pub fn below<'c>(&'c self, prefix: &'c str) -> impl Iterator<Item = (&'c str, &'c Said)> {
        let from = self.0.range(prefix.to_owned()..);
        from.take_while(move |(thing, _)| thing.starts_with(prefix))
            .map(|(thing, said)| (thing.as_str(), said))
    }

    /// What of `now` is not told yet: what has to be written down.
    pub fn news(&self, now: BTreeMap<String, Said>) -> BTreeMap<String, Said> {
        let nothing = Said::default();
        now.into_iter().filter(|(thing, said)| self.of(thing).unwrap_or(&nothing) != said).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(privilege: &str) -> Said {
        Said { grants: [("\"joe\"".to_owned(), privilege.to_owned())].into(), ..Said::default() }
    }

    #[test]
    fn the_last_word_on_each_thing_counts_and_only_news_are_written() {
        let intent = |thing: &str, said: Said| MetadataIntent {
            deployment: None,
            project_schemas: Vec::new(),
            things: [(thing.to_owned(), said)].into(),
        };
        let mut claims = Claims::default();
        claims.take(&intent("a", said("SELECT")));
        claims.take(&intent("b", said("SELECT")));
        claims.take(&intent("a", said("USAGE")));
        assert_eq!(claims.of("a"), Some(&said("USAGE")));
        let now = [("a", said("USAGE")), ("b", Said::default()), ("c", Said::default())];
        let news = claims.news(now.map(|(thing, said)| (thing.to_owned(), said)).into());
        assert_eq!(news, [("b".to_owned(), Said::default())].into());
    }

    #[test]
    fn a_row_reads_back() {
        let intent = MetadataIntent {
            deployment: None,
            project_schemas: vec!["d.s".parse().expect("a schema")],
            things: [("a".to_owned(), said("SELECT"))].into(),
        };
        let text = serde_json::to_value(&intent).expect("serialises");
        assert_eq!(serde_json::from_value::<MetadataIntent>(text).expect("reads"), intent);
    }
}

//! How far a change spreads: from what differs to everything that has to be rebuilt with it.
//!
//! Readers see names, but views bind to ids: whatever reads a rebuilt object is rebuilt. Whatever
//! shares a schema or a cluster that is swapped as a whole is rebuilt too. Pure, and linear in
//! objects plus edges: each object is taken up once, each schema and cluster is opened once.

use std::collections::BTreeMap;
use std::collections::VecDeque;

use crate::deployment::change::Change;
use crate::name::ClusterName;
use crate::name::ObjectName;
use crate::name::SchemaName;

/// One object of the project, or one that the project no longer has.
#[derive(Clone, Debug)]
pub struct Node {
    /// Its production name.
    pub name: ObjectName,
    /// Whether its schema is swapped as a whole.
    pub with_schema: bool,
    /// The clusters that its rebuilding touches: its own and its indexes'. Those that are reused
    /// instead of cloned are left out.
    pub clusters: Vec<ClusterName>,
    /// Which nodes it reads, by position.
    pub reads: Vec<usize>,
    /// Whether it differs from production by itself.
    pub seed: Option<Change>,
    /// Whether it can be rebuilt at all: tables and sources are not.
    pub staged: bool,
    /// Whether its schema stays, and what reads it is moved by the server.
    pub stays: bool,
}

/// Why an object is rebuilt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// What the change is to it.
    pub change: Change,
    /// The nearest object that is the reason; `None` where it is its own.
    pub because: Option<usize>,
}

/// What is swapped as a whole.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    Schema(SchemaName),
    Cluster(ClusterName),
}

fn groups(node: &Node) -> impl Iterator<Item = Group> {
    let clusters = node.clusters.iter().cloned().map(Group::Cluster);
    let schema = node.with_schema.then(|| Group::Schema(node.name.schema_name()));
    schema.into_iter().chain(clusters)
}

/// Tells for each node whether it is rebuilt, and why.
pub fn spread(nodes: &[Node]) -> Vec<Option<Reason>> {
    let mut readers: Vec<Vec<usize>> = vec![Vec::new(); nodes.len()];
    let mut members: BTreeMap<Group, Vec<usize>> = BTreeMap::new();
    for (at, node) in nodes.iter().enumerate() {
        for read in node.reads.iter().filter(|read| nodes.get(**read).is_some_and(|read| !read.stays)) {
            if let Some(readers) = readers.get_mut(*read) {
                readers.push(at);
            }
        }
        for group in groups(node) {
            members.entry(group).or_default().push(at);
        }
    }
    let mut reasons: Vec<Option<Reason>> = vec![None; nodes.len()];
    let mut open = VecDeque::new();
    for (at, node) in nodes.iter().enumerate() {
        if let (Some(change), Some(slot)) = (node.seed, reasons.get_mut(at)) {
            *slot = Some(Reason { change, because: None });
            open.push_back(at);
        }
    }
    let mut touched = VecDeque::new();
    loop {
        // All readers first, to the end: what an object reads is a better reason than what it
        // stands beside.
        if let Some(at) = open.pop_front() {
            let readers = readers.get(at).into_iter().flatten().copied();
            take(readers, Change::Dependent, at, nodes, &mut reasons, &mut open);
            touched.extend(nodes.get(at).into_iter().flat_map(groups).map(|group| (group, at)));
        } else if let Some((group, because)) = touched.pop_front() {
            let beside = members.remove(&group).unwrap_or_default();
            take(beside.into_iter(), Change::Carried, because, nodes, &mut reasons, &mut open);
        } else {
            return reasons;
        }
    }
}

fn take(
    found: impl Iterator<Item = usize>,
    change: Change,
    because: usize,
    nodes: &[Node],
    reasons: &mut [Option<Reason>],
    open: &mut VecDeque<usize>,
) {
    for at in found {
        let staged = nodes.get(at).is_some_and(|node| node.staged);
        if let Some(slot @ None) = reasons.get_mut(at)
            && staged
        {
            *slot = Some(Reason { change, because: Some(because) });
            open.push_back(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::Expect;
    use expect_test::expect;

    use super::*;
    use crate::primitives::facts::cluster;
    use crate::primitives::facts::object;

    /// Each line: `name [~] [@cluster …] [< read …] [= change]`, what is read before its readers; `~` stays.
    #[track_caller]
    fn check(text: &str, expect: Expect) {
        check_with(true, text, expect);
    }

    #[track_caller]
    fn check_with(with_schema: bool, text: &str, expect: Expect) {
        let mut nodes: Vec<Node> = Vec::new();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let mut words = line.split_whitespace();
            let name = object(&format!("d.{}", words.next().expect("a name")));
            let (clusters, reads) = (Vec::new(), Vec::new());
            let mut node =
                Node { name, with_schema, clusters, reads, seed: None, staged: true, stays: false };
            let mut mode = "";
            for word in words {
                match (word, mode) {
                    ("~", _) => (node.stays, node.with_schema) = (true, false),
                    ("<" | "=" | "!", _) => mode = word,
                    (word, "<") => {
                        let read = object(&format!("d.{word}"));
                        let at = nodes.iter().position(|n| n.name == read).expect("named before");
                        node.reads.push(at);
                    }
                    (word, "=") => node.seed = Change::ALL.into_iter().find(|c| c.as_str() == word),
                    (word, _) => node.clusters.push(cluster(word.trim_start_matches('@'))),
                }
                node.staged &= mode != "!";
            }
            nodes.push(node);
        }
        let reasons = spread(&nodes);
        let mut told = String::new();
        for (node, reason) in nodes.iter().zip(&reasons) {
            if let Some(reason) = reason {
                let because = reason.because.map(|at| format!(" < {}", nodes[at].name)).unwrap_or_default();
                told += &format!("{} {}{because}\n", node.name, reason.change);
            }
        }
        expect.assert_eq(&told);
    }

    #[test]
    fn readers_follow_and_strangers_stay() {
        check(
            "core.a = changed
             core2.b < core.a
             core3.c < core2.b
             other.d",
            expect![[r#"
                d.core.a changed
                d.core2.b dependent < d.core.a
                d.core3.c dependent < d.core2.b
            "#]],
        );
    }

    #[test]
    fn a_schema_is_carried_as_a_whole_and_so_are_its_readers() {
        check(
            "core.a = changed
             core.b
             out.c < core.b
             out.d",
            expect![[r#"
                d.core.a changed
                d.core.b carried < d.core.a
                d.out.c dependent < d.core.b
                d.out.d carried < d.out.c
            "#]],
        );
    }

    #[test]
    fn a_cluster_is_carried_as_a_whole() {
        check(
            "core.a @c1 = changed
             out.b @c1 @c2
             far.d @c2
             far.e @c3",
            expect![[r#"
                d.core.a changed
                d.out.b carried < d.core.a
                d.far.d carried < d.out.b
                d.far.e carried < d.far.d
            "#]],
        );
    }

    #[test]
    fn reading_is_a_better_reason_than_standing_beside() {
        check(
            "core.a = changed
             core.b < core.a
             core.c < core.b",
            expect![[r#"
                d.core.a changed
                d.core.b dependent < d.core.a
                d.core.c dependent < d.core.b
            "#]],
        );
    }

    #[test]
    fn objects_that_change_names_one_by_one_carry_nothing() {
        check_with(
            false,
            "core.a = changed
             core.b < core.a
             core.c
             core.gone = removed",
            expect![[r#"
                d.core.a changed
                d.core.b dependent < d.core.a
                d.core.gone removed
            "#]],
        );
    }

    #[test]
    fn a_removed_object_touches_its_schema() {
        check(
            "core.gone = removed
             core.b
             out.c",
            expect![[r#"
                d.core.gone removed
                d.core.b carried < d.core.gone
            "#]],
        );
    }

    #[test]
    fn what_is_not_staged_is_never_rebuilt_and_passes_nothing_on() {
        check(
            "raw.t !
             core.a < raw.t = added
             core.b < raw.t",
            expect![[r#"
                d.core.a added
                d.core.b carried < d.core.a
            "#]],
        );
    }

    #[test]
    fn what_stays_passes_a_change_on_to_its_cluster_alone() {
        check(
            "core.a = changed
             api.b ~ @c1 < core.a
             api.c ~ @c2
             out.d < api.b
             far.e @c1",
            expect![[r#"
                d.core.a changed
                d.api.b dependent < d.core.a
                d.far.e carried < d.api.b
            "#]],
        );
    }

    #[test]
    fn nothing_changed() {
        check("core.a\ncore.b < core.a", expect![""]);
    }
}

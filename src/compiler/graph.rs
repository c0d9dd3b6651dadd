//! Who reads whom.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::HashMap;

use petgraph::Direction;
use petgraph::algo::tarjan_scc;
use petgraph::graph::DiGraph;
use petgraph::graph::NodeIndex;
use petgraph::visit::Bfs;
use petgraph::visit::Reversed;
use rustc_hash::FxHashMap;

use super::object::Object;
use crate::name::ObjectName;

/// The objects of a project by what they read; an edge leads from what is read to its reader.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    graph: DiGraph<ObjectName, ()>,
    nodes: FxHashMap<ObjectName, NodeIndex>,
}

impl Graph {
    /// Makes the graph of a project's objects.
    pub(super) fn of(objects: &[Object]) -> Self {
        Self::new(objects.iter().map(|object| (&object.name, object.depends_on.as_slice())))
    }

    /// Makes a graph of objects and what each of them reads.
    pub(super) fn new<'a>(objects: impl IntoIterator<Item = (&'a ObjectName, &'a [ObjectName])>) -> Self {
        let objects: Vec<_> = objects.into_iter().collect();
        let edges = objects.iter().map(|(_, reads)| reads.len()).sum();
        let mut graph =
            Self { graph: DiGraph::with_capacity(objects.len(), edges), nodes: FxHashMap::default() };
        graph.nodes.reserve(objects.len());
        for (name, _) in &objects {
            let node = graph.graph.add_node((*name).clone());
            graph.nodes.insert((*name).clone(), node);
        }
        for (name, reads) in objects {
            let Some(to) = graph.nodes.get(name) else { continue };
            for read in reads {
                if let Some(from) = graph.nodes.get(read) {
                    graph.graph.add_edge(*from, *to, ());
                }
            }
        }
        graph
    }

    /// Everything that reads one of the objects, directly or through others, without them unless
    /// one reads another; sorted by name.
    pub fn downstream<'a>(&'a self, of: impl IntoIterator<Item = &'a ObjectName>) -> Vec<&'a ObjectName> {
        self.reach(of, Direction::Outgoing)
    }

    /// Everything that one of the objects reads, directly or through others; sorted by name.
    pub fn upstream<'a>(&'a self, of: impl IntoIterator<Item = &'a ObjectName>) -> Vec<&'a ObjectName> {
        self.reach(of, Direction::Incoming)
    }

    /// What reads the object directly; sorted by name.
    pub fn readers(&self, of: &ObjectName) -> Vec<&ObjectName> {
        let Some(node) = self.nodes.get(of) else { return Vec::new() };
        let mut readers: Vec<&ObjectName> =
            self.graph.neighbors(*node).filter_map(|reader| self.graph.node_weight(reader)).collect();
        readers.sort();
        readers.dedup();
        readers
    }

    fn reach<'a>(
        &'a self,
        of: impl IntoIterator<Item = &'a ObjectName>,
        direction: Direction,
    ) -> Vec<&'a ObjectName> {
        let starts: Vec<NodeIndex> =
            of.into_iter().filter_map(|name| self.nodes.get(name).copied()).collect();
        let mut seen = vec![false; self.graph.node_count()];
        let mut waiting: Vec<NodeIndex> = starts;
        let mut reached = Vec::new();
        while let Some(node) = waiting.pop() {
            for next in self.graph.neighbors_directed(node, direction) {
                if let Some(seen) = seen.get_mut(next.index())
                    && !*seen
                {
                    *seen = true;
                    reached.extend(self.graph.node_weight(next));
                    waiting.push(next);
                }
            }
        }
        reached.sort();
        reached
    }

    /// All objects, each behind everything it reads; among those that could come next, the first
    /// by name. Objects in a circle, and what reads them, come last, by name. They are told by their
    /// number among those that [`Graph::new`] was given; of two with one name, the last counts.
    pub(super) fn order(&self) -> Vec<usize> {
        let mut missing: Vec<usize> = self
            .graph
            .node_indices()
            .map(|node| self.graph.neighbors_directed(node, Direction::Incoming).count())
            .collect();
        let mut ready: BinaryHeap<Reverse<(&ObjectName, NodeIndex)>> = self
            .graph
            .node_indices()
            .filter(|node| missing.get(node.index()) == Some(&0))
            .filter_map(|node| Some(Reverse((self.graph.node_weight(node)?, node))))
            .collect();
        let mut order = Vec::with_capacity(self.graph.node_count());
        let mut done = vec![false; self.graph.node_count()];
        while let Some(Reverse((name, node))) = ready.pop() {
            if self.nodes.get(name) == Some(&node) {
                order.push(node.index());
            }
            if let Some(done) = done.get_mut(node.index()) {
                *done = true;
            }
            for reader in self.graph.neighbors(node) {
                let Some(left) = missing.get_mut(reader.index()) else { continue };
                *left -= 1;
                if *left == 0 {
                    ready.extend(self.graph.node_weight(reader).map(|name| Reverse((name, reader))));
                }
            }
        }
        let left = self.graph.node_indices().filter(|node| done.get(node.index()) != Some(&true));
        let mut left: Vec<(&ObjectName, NodeIndex)> =
            left.filter_map(|node| Some((self.graph.node_weight(node)?, node))).collect();
        left.sort();
        let counts = |(name, node): &(&ObjectName, NodeIndex)| self.nodes.get(*name) == Some(node);
        order.extend(left.into_iter().filter(counts).map(|(_, node)| node.index()));
        order
    }

    /// The circles: one for each group of objects that all read each other, as a shortest chain in
    /// which each reads the next and the last reads the first. A chain begins with its first name.
    pub(super) fn cycles(&self) -> Vec<Vec<ObjectName>> {
        let mut cycles: Vec<Vec<ObjectName>> = tarjan_scc(&self.graph)
            .into_iter()
            .filter(|group| match group.as_slice() {
                [only] => self.graph.contains_edge(*only, *only),
                _ => true,
            })
            .filter_map(|group| {
                let first = *group.iter().min_by_key(|node| self.graph.node_weight(**node))?;
                self.circle(first)
            })
            .collect();
        cycles.sort();
        cycles
    }

    /// The shortest chain from an object back to itself, each reading the next.
    fn circle(&self, start: NodeIndex) -> Option<Vec<ObjectName>> {
        // Edges lead to readers, so the chain of reading goes against them.
        let reversed = Reversed(&self.graph);
        let mut before: HashMap<NodeIndex, NodeIndex> = HashMap::new();
        let mut walk = Bfs::new(reversed, start);
        while let Some(node) = walk.next(reversed) {
            for read in self.graph.neighbors_directed(node, Direction::Incoming) {
                if read == start {
                    let mut chain = vec![node];
                    while let Some(previous) =
                        chain.last().filter(|last| **last != start).and_then(|last| before.get(last))
                    {
                        chain.push(*previous);
                    }
                    chain.reverse();
                    return chain.into_iter().map(|node| self.graph.node_weight(node).cloned()).collect();
                }
                if read != node {
                    before.entry(read).or_insert(node);
                }
            }
        }
        None
    }
}

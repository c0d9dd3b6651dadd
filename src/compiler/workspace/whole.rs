//! What is true of the project as a whole: its order, its circles, what it declares for nothing.

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::mem;

use super::Work;
use super::Workspace;
use super::link::Made;
use crate::compiler::build::Reads;
use crate::compiler::checks;
use crate::compiler::checks::cycle::Step;
use crate::compiler::graph::Graph;
use crate::compiler::object::Object;
use crate::name::ObjectName;

impl Workspace {
    /// Puts objects that were made anew into the project, in their order.
    pub(super) fn assemble(&mut self, made: Made, work: &Work) {
        let same_names = || {
            let now: BTreeSet<&ObjectName> = made.objects.iter().map(|object| &object.name).collect();
            now.len() == made.objects.len() && now == made.before.iter().collect()
        };
        let same_reads = |object: &Object| {
            let before = self.project.object(&object.name);
            before.is_some_and(|before| {
                before.depends_on == object.depends_on && before.subsources == object.subsources
            })
        };
        if !work.everything && same_names() && made.objects.iter().all(same_reads) {
            for object in made.objects {
                self.project_mut().replace(object);
            }
            // Circles stay as they are; only their places may be others.
            if !self.found.cycles.is_empty() {
                self.check_cycles();
            }
        } else {
            let old = mem::take(&mut self.project_mut().objects);
            let objects = if work.everything {
                made.objects
            } else {
                let gone: BTreeSet<&ObjectName> = made.before.iter().collect();
                let kept = old.into_iter().filter(|object| !gone.contains(&object.name));
                kept.chain(made.objects).collect()
            };
            let graph = made.graph.unwrap_or_else(|| Graph::of(&objects));
            self.project_mut().set_objects(objects, graph);
            self.check_cycles();
        }
    }

    /// Reports objects that read each other in a circle.
    fn check_cycles(&mut self) {
        self.found.cycles.clear();
        let cycles = self.project.graph.cycles();
        if cycles.is_empty() {
            return;
        }
        let reads: HashMap<&ObjectName, &Reads> =
            self.links.values().flat_map(|link| &link.reads).map(|(name, reads)| (name, reads)).collect();
        for cycle in cycles {
            let step = |(name, next): (&ObjectName, &ObjectName)| {
                let (_, place) = reads.get(name)?.objects.iter().find(|(read, _)| read == next)?;
                Some(Step { draft: self.files.draft(name, &self.namespace)?, reads: *place })
            };
            let steps: Vec<Step<'_>> =
                cycle.iter().zip(cycle.iter().cycle().skip(1)).filter_map(step).collect();
            checks::cycle::check(&steps, &mut self.found.cycles);
        }
    }

    /// Warns of declared dependencies that nothing reads.
    pub(super) fn check_dependencies(&mut self) {
        self.found.dependencies.clear();
        let declared = &self.project.settings.dependencies;
        let Some(source) = self.settings_file.as_ref().filter(|_| !declared.is_empty()) else { return };
        let links = self.links.values().flat_map(|link| &link.reads);
        let read: BTreeSet<usize> = links.flat_map(|(_, reads)| reads.declared.iter().copied()).collect();
        checks::dependency::check(
            source,
            declared,
            &|entry| read.contains(&entry),
            &mut self.found.dependencies,
        );
    }
}

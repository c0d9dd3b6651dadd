//! Compiling a generated project: from nothing, and after a change, as on every save.
//!
//! Schemas of 25 files: every eighth holds tables, the others views that read what stands before
//! them. Targets, optimised on two cores: 40 ms for 2,000 objects and 250 ms for 10,000 from
//! nothing, 3 ms after the change of one file at 2,000. `growth` compiles 1,000 to 8,000 objects:
//! its times have to double from line to line.

#![expect(clippy::expect_used, reason = "a bench that cannot go on fails")]

use mzflow::compiler::Options;
use mzflow::compiler::compile;
use mzflow::compiler::pool;
use mzflow::compiler::source::File;
use mzflow::compiler::workspace::Change;
use mzflow::compiler::workspace::Workspace;

mod generated;

/// As in the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    divan::main();
}

#[divan::bench(args = [100, 2_000, 10_000])]
fn from_nothing(bencher: divan::Bencher<'_, '_>, objects: usize) {
    let files = generated::project(objects);
    let (compiled, found) = compile(files.clone(), &Options::default());
    assert!(found.is_empty(), "{:?}", found.first());
    assert_eq!(compiled.objects.len(), objects);
    bencher.with_inputs(|| cold(&files)).bench_values(|files| compile(files, &Options::default()));
}

#[divan::bench(args = [1_000, 2_000, 4_000, 8_000], sample_count = 20)]
fn growth(bencher: divan::Bencher<'_, '_>, objects: usize) {
    let files = generated::project(objects);
    bencher.with_inputs(|| cold(&files)).bench_values(|files| compile(files, &Options::default()));
}

/// The body of one view is another one.
#[divan::bench(args = [100, 2_000, 10_000])]
fn after_an_edit(bencher: divan::Bencher<'_, '_>, objects: usize) {
    let files = generated::project(objects);
    let edited = file(&files, "models/shop/s1/o7.sql");
    let other = File { text: edited.text.replace("'none'", "'nothing'").into(), ..edited.clone() };
    let mut workspace = Workspace::new(files, Options::default());
    let mut versions = [other, edited].into_iter().cycle();
    bencher.bench_local(|| {
        workspace.update(vec![Change::Written(versions.next().expect("it goes round"))]);
        workspace.diagnostics().len()
    });
}

/// A view that many read goes, and comes back.
#[divan::bench(args = [100, 2_000, 10_000])]
fn after_a_removal(bencher: divan::Bencher<'_, '_>, objects: usize) {
    let files = generated::project(objects);
    let removed = file(&files, "models/shop/s1/o1.sql");
    let mut workspace = Workspace::new(files, Options::default());
    let mut changes = [Change::Removed(removed.path.clone()), Change::Written(removed)].into_iter().cycle();
    bencher.bench_local(|| {
        workspace.update(vec![changes.next().expect("it goes round")]);
        workspace.diagnostics().len()
    });
}

/// The files for a process that has compiled nothing yet: it has no threads, and lets go of nothing.
fn cold(files: &[File]) -> Vec<File> {
    pool::rest();
    files.to_vec()
}

fn file(files: &[File], path: &str) -> File {
    files.iter().find(|file| file.path == path).cloned().expect("it was made")
}

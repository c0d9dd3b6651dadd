//! Compiling a generated project: the path that runs on every save.
//!
//! 2,000 objects in 80 schemas of 25 files: one schema of tables and one of views, alternating in
//! kind, each view reading what stands before it. The target is 100 ms, optimised.

use mzflow::compiler::Options;
use mzflow::compiler::compile;

mod generated;

/// As in the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    divan::main();
}

#[divan::bench(args = [100, 2_000])]
fn generated_project(bencher: divan::Bencher<'_, '_>, objects: usize) {
    let files = generated::project(objects);
    let (compiled, found) = compile(&files, &Options::default());
    assert!(found.is_empty(), "{:?}", found.first());
    assert_eq!(compiled.objects.len(), objects);
    bencher.bench(|| compile(divan::black_box(&files), &Options::default()));
}

//! The binary: hands over to the library and passes its exit code on.

use std::process::ExitCode;

/// Parsing makes millions of small pieces; the system's allocator takes a third of the time for them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    mzflow::cli::main()
}

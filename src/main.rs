//! The binary: hands over to the library and passes its exit code on.

use std::process::ExitCode;

fn main() -> ExitCode {
    mzflow::cli::main()
}

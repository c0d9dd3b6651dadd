//! The threads on which projects are compiled.

use std::sync::LazyLock;

use rayon::ThreadPool;
use rayon::ThreadPoolBuilder;

/// Bytes of stack for each: statements nest, and reading them recurses.
const STACK: usize = 32 * 1024 * 1024;

/// `None` where the machine gives no threads, and the caller's own has to do.
static POOL: LazyLock<Option<ThreadPool>> =
    LazyLock::new(|| ThreadPoolBuilder::new().stack_size(STACK).build().ok());

/// Does something on one of them, with the others at hand.
pub(super) fn run<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    match &*POOL {
        Some(pool) => pool.install(work),
        None => work(),
    }
}

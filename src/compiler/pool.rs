//! The threads on which projects are compiled.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use rayon::ThreadPool;
use rayon::ThreadPoolBuilder;

/// Bytes of stack for each: statements nest, and reading them recurses.
const STACK: usize = 32 * 1024 * 1024;

/// The threads while there are any: they are begun by whoever needs them first.
static POOL: Mutex<Option<Arc<ThreadPool>>> = Mutex::new(None);

/// Does something on one of them, with the others at hand.
pub(super) fn run<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    match pool() {
        Some(pool) => pool.install(work),
        // The machine gives no threads, and the caller's own has to do.
        None => work(),
    }
}

/// Does something on one of them that nobody waits for.
pub(super) fn later(work: impl FnOnce() + Send + 'static) {
    match pool() {
        Some(pool) => pool.spawn(work),
        None => work(),
    }
}

/// Ends the threads; the next project that is compiled begins them again.
///
/// The allocator keeps what a thread has freed for its next work, and gives it back when a thread
/// ends and it was free for a second.
pub fn rest() {
    let pool = POOL.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(pool) = pool {
        // What nobody waited for comes to its end first.
        pool.broadcast(|_| ());
    }
}

fn pool() -> Option<Arc<ThreadPool>> {
    let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
    if pool.is_none() {
        *pool = ThreadPoolBuilder::new().stack_size(STACK).build().ok().map(Arc::new);
    }
    pool.clone()
}

//! A command under way: stopping it, its end.

use std::io::Read;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::thread::JoinHandle;

use super::World;
use super::told::Told;

/// A command under way.
pub(crate) struct Running {
    child: Child,
    listeners: Vec<JoinHandle<Vec<u8>>>,
}

impl Running {
    pub(crate) fn new(mut child: Child) -> Self {
        let stdout = child.stdout.take().expect("stdout is piped");
        let stderr = child.stderr.take().expect("stderr is piped");
        let listeners = vec![listen(stdout), listen(stderr)];
        Self { child, listeners }
    }

    /// Presses Ctrl-C.
    pub(crate) fn interrupt(&self) {
        signal(self.child.id(), "INT");
    }

    /// Kills it: it has no chance to do anything more.
    pub(crate) fn kill(&self) {
        signal(self.child.id(), "KILL");
    }

    /// Tells whether it has ended.
    pub(crate) fn is_over(&mut self) -> bool {
        self.child.try_wait().expect("it can be asked").is_some()
    }

    /// Waits for its end.
    pub(crate) fn end(mut self, world: &World) -> Told {
        let status = self.child.wait().expect("it ends");
        let mut texts = self.listeners.drain(..).map(|listener| listener.join().expect("it listened"));
        let (stdout, stderr) = (texts.next().unwrap_or_default(), texts.next().unwrap_or_default());
        Told::new(world, status.code(), &stdout, &stderr)
    }
}

/// Sends a process a signal.
pub(crate) fn signal(process: u32, name: &str) {
    let kill = format!("kill -{name} {process}");
    let status = Command::new("sh").args(["-c", &kill]).stdin(Stdio::null()).status();
    assert!(status.expect("there is a shell").success(), "{kill}");
}

/// Reads a stream to its end beside the test, so that the command never waits to be heard.
fn listen(mut stream: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut whole = Vec::new();
        // What a killed process still held back is lost with it.
        let _ = stream.read_to_end(&mut whole);
        whole
    })
}

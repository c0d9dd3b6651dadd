//! A command under way: what it has said so far, stopping it, its end.

use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::process::Child;
use std::process::Command;
use std::sync::Arc;
use std::sync::Mutex;
use std::thread::JoinHandle;

use super::World;
use super::told::Told;

/// A command under way.
pub(crate) struct Running {
    child: Child,
    said: Arc<Mutex<Vec<u8>>>,
    listeners: Vec<JoinHandle<Vec<u8>>>,
}

impl Running {
    pub(crate) fn new(mut child: Child) -> Self {
        let said = Arc::new(Mutex::new(Vec::new()));
        let stdout = child.stdout.take().expect("stdout is piped");
        let stderr = child.stderr.take().expect("stderr is piped");
        let listeners = vec![listen(stdout, &said), listen(stderr, &said)];
        Self { child, said, listeners }
    }

    /// Waits until it has said something.
    pub(crate) fn until_says(&self, world: &World, text: &str) {
        world.until(text, || {
            let said = self.said.lock().expect("no listener panicked");
            String::from_utf8_lossy(&said).contains(text)
        });
    }

    /// Presses Ctrl-C.
    pub(crate) fn interrupt(&self) {
        self.signal("INT");
    }

    /// Kills it: it has no chance to do anything more.
    pub(crate) fn kill(&self) {
        self.signal("KILL");
    }

    fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        let status = Command::new("sh").args(["-c", &kill]).status().expect("there is a shell");
        assert!(status.success(), "{kill}");
    }

    /// Waits for its end.
    pub(crate) fn end(mut self, world: &World) -> Told {
        let status = self.child.wait().expect("it ends");
        let mut texts = self.listeners.drain(..).map(|listener| listener.join().expect("it listened"));
        let (stdout, stderr) = (texts.next().unwrap_or_default(), texts.next().unwrap_or_default());
        Told::new(world, status.code(), &stdout, &stderr)
    }
}

fn listen(stream: impl Read + Send + 'static, said: &Arc<Mutex<Vec<u8>>>) -> JoinHandle<Vec<u8>> {
    let said = Arc::clone(said);
    std::thread::spawn(move || {
        let mut whole = Vec::new();
        let mut reader = BufReader::new(stream);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
            said.lock().expect("no listener panicked").extend_from_slice(&line);
            whole.append(&mut line);
        }
        whole
    })
}

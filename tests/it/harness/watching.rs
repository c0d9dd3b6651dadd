//! A command that stays: what it has said so far, in a pipe or on a terminal, and the way to it.

use std::fs::File;
use std::io::Read;
use std::io::Write;
use std::path::PathBuf;
use std::process::Child;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use portable_pty::CommandBuilder;
use portable_pty::MasterPty;
use portable_pty::PtySize;
use portable_pty::native_pty_system;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::RUNTIME;
use super::World;
use super::running::signal;
use super::told::Told;

/// A command whose streams are files.
pub(crate) struct Staying {
    child: Child,
    out: PathBuf,
    error: PathBuf,
}

impl Staying {
    /// Starts it; `name` tells its files from those of others.
    pub(crate) fn start(world: &World, name: &str, url: Option<&str>, arguments: &[&str]) -> Self {
        let (out, error) =
            (world.folder().join(format!("{name}.out")), world.folder().join(format!("{name}.err")));
        let mut command = world.command(arguments);
        command.stdout(File::create(&out).expect("a file")).stderr(File::create(&error).expect("a file"));
        if let Some(url) = url {
            command.env("MZFLOW_URL", url);
        }
        Self { child: command.spawn().expect("the binary starts"), out, error }
    }

    /// What it has written for programs.
    pub(crate) fn out(&self) -> String {
        std::fs::read_to_string(&self.out).unwrap_or_default()
    }

    /// What it has written for people.
    pub(crate) fn said(&self) -> String {
        std::fs::read_to_string(&self.error).unwrap_or_default()
    }

    /// How often it has said something.
    pub(crate) fn times(&self, text: &str) -> usize {
        self.said().matches(text).count() + self.out().matches(text).count()
    }

    /// Waits until it has said something so often.
    #[track_caller]
    pub(crate) fn until(&self, world: &World, text: &str, times: usize) {
        let told = || format!("{text:?} {times} times; so far:\n{}\n{}", self.out(), self.said());
        world.until_told(told, || self.times(text) >= times);
    }

    /// The number of its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, name: &str) {
        signal(self.child.id(), name);
    }

    /// Tells whether it has ended.
    pub(crate) fn is_over(&mut self) -> bool {
        self.child.try_wait().expect("it can be asked").is_some()
    }

    /// Waits for its end.
    pub(crate) fn end(&mut self) -> Option<i32> {
        self.child.wait().expect("it ends").code()
    }
}

impl Drop for Staying {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What is said when Ctrl-C is heard.
pub(crate) const HEARD: &str = "stopping at the next safe point";

/// Presses Ctrl-C while a statement is held up, and lets the statement go once that was heard; what was said.
#[track_caller]
pub(crate) fn held_up(world: &World, fault: &str, arguments: &[&str]) -> Told {
    world.faults(fault);
    let mut running = Staying::start(world, "held", None, arguments);
    world.until(fault, || world.held() > 0);
    running.signal("INT");
    running.until(world, HEARD, 1);
    world.faults("");
    let code = running.end();
    Told::new(world, code, running.out().as_bytes(), running.said().as_bytes())
}

/// A command on a terminal.
pub(crate) struct Terminal {
    child: Box<dyn portable_pty::Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    screen: Arc<Mutex<vt100::Parser>>,
    written: Arc<AtomicUsize>,
    raw: Arc<Mutex<Vec<u8>>>,
}

impl Terminal {
    /// Starts it.
    pub(crate) fn start(world: &World, size: (u16, u16), arguments: &[&str]) -> Self {
        Self::start_with(world, size, &[], arguments)
    }

    /// Starts it with more in its environment.
    pub(crate) fn start_with(
        world: &World,
        (rows, cols): (u16, u16),
        variables: &[(&str, &str)],
        arguments: &[&str],
    ) -> Self {
        let size = PtySize { rows, cols, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a terminal");
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_mzflow"));
        command.args(arguments);
        command.cwd(world.folder());
        command.env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", world.folder());
        command.env("MZFLOW_URL", world.url());
        command.env("TERM", "xterm-256color");
        variables.iter().for_each(|(name, value)| command.env(name, value));
        let child = pair.slave.spawn_command(command).expect("the binary starts");
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        let keys = pair.master.take_writer().expect("a writer");
        let screen = Arc::new(Mutex::new(vt100::Parser::new(rows, cols, 0)));
        let written = Arc::new(AtomicUsize::new(0));
        let raw = Arc::new(Mutex::new(Vec::new()));
        let (seen, count, all) = (Arc::clone(&screen), Arc::clone(&written), Arc::clone(&raw));
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(length) = reader.read(&mut bytes) {
                if length == 0 {
                    break;
                }
                count.fetch_add(length, Ordering::SeqCst);
                all.lock().expect("nobody panics with it").extend_from_slice(&bytes[..length]);
                seen.lock().expect("nobody panics with it").process(&bytes[..length]);
            }
        });
        Self { child, master: pair.master, keys, screen, written, raw }
    }

    /// What stands there.
    pub(crate) fn seen(&self) -> String {
        self.screen.lock().expect("nobody panics with it").screen().contents()
    }

    /// Whether the screen beside the shell's is up.
    pub(crate) fn is_taken(&self) -> bool {
        self.screen.lock().expect("nobody panics with it").screen().alternate_screen()
    }

    /// Whether the cursor is hidden.
    pub(crate) fn hides_cursor(&self) -> bool {
        self.screen.lock().expect("nobody panics with it").screen().hide_cursor()
    }

    /// How many bytes it has written.
    pub(crate) fn written(&self) -> usize {
        self.written.load(Ordering::SeqCst)
    }

    /// What it has written, byte by byte.
    pub(crate) fn raw(&self) -> Vec<u8> {
        self.raw.lock().expect("nobody panics with it").clone()
    }

    /// Presses keys.
    pub(crate) fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("pressed");
        self.keys.flush().expect("pressed");
    }

    /// Gives it another size.
    pub(crate) fn resize(&self, (rows, cols): (u16, u16)) {
        self.screen.lock().expect("nobody panics with it").screen_mut().set_size(rows, cols);
        self.master.resize(PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }).expect("resized");
    }

    /// Sends the process a signal.
    pub(crate) fn signal(&self, name: &str) {
        signal(self.child.process_id().expect("it runs"), name);
    }

    /// Waits until something stands there.
    #[track_caller]
    pub(crate) fn until(&self, world: &World, text: &str) {
        let told = || format!("{text:?} on the screen; there is:\n{}", self.seen());
        world.until_told(told, || self.seen().contains(text));
    }

    /// Waits for its end.
    pub(crate) fn end(&mut self) -> u32 {
        self.child.wait().expect("it ends").exit_code()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A way to the sandbox that can be cut.
pub(crate) struct Bridge {
    address: std::net::SocketAddr,
    cut: watch::Sender<bool>,
    open: watch::Sender<bool>,
    refuses: Arc<AtomicBool>,
    came: Arc<AtomicUsize>,
}

impl Bridge {
    /// A way that is open.
    pub(crate) fn to(world: &World) -> Self {
        let bridge = Self::held(world);
        bridge.open();
        bridge
    }

    /// A way on which everybody waits until it is open.
    pub(crate) fn held(world: &World) -> Self {
        let to = world.address();
        let (cut, stop) = watch::channel(false);
        let (open, opened) = watch::channel(false);
        let came = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&came);
        let refuses = Arc::new(AtomicBool::new(false));
        let closed = Arc::clone(&refuses);
        let listener = RUNTIME.block_on(TcpListener::bind("127.0.0.1:0")).expect("it listens");
        let address = listener.local_addr().expect("it has an address");
        RUNTIME.spawn(async move {
            while let Ok((mut from, _)) = listener.accept().await {
                if closed.load(Ordering::SeqCst) {
                    continue;
                }
                let (mut stop, mut opened) = (stop.clone(), opened.clone());
                count.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(async move {
                    if opened.wait_for(|open| *open).await.is_err() {
                        return;
                    }
                    let Ok(mut there) = TcpStream::connect(to).await else { return };
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut from, &mut there) => {}
                        _ = stop.wait_for(|cut| *cut) => {}
                    }
                });
            }
        });
        Self { address, cut, open, refuses, came }
    }

    /// Lets through whoever waits.
    pub(crate) fn open(&self) {
        self.open.send_replace(true);
    }

    /// How many have come.
    pub(crate) fn came(&self) -> usize {
        self.came.load(Ordering::SeqCst)
    }

    /// Where it begins.
    pub(crate) fn address(&self) -> std::net::SocketAddr {
        self.address
    }

    /// The URL of the sandbox by this way.
    pub(crate) fn url(&self) -> String {
        format!("postgres://materialize@{}/materialize", self.address)
    }

    /// Cuts every connection, and lets nobody in.
    pub(crate) fn cut(&self) {
        self.refuses.store(true, Ordering::SeqCst);
        self.cut.send_replace(true);
    }

    /// Lets everybody in again.
    pub(crate) fn mend(&self) {
        self.cut.send_replace(false);
        self.refuses.store(false, Ordering::SeqCst);
    }
}

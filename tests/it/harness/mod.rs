//! A world for one test: a folder, a sandbox of its own, the real binary, and a client beside it.
//!
//! Everything goes over the wire protocol, as it would against Materialize. Waiting is done by [`World::until`],
//! which has a deadline. Start reading at [`World`].

use std::net::SocketAddr;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;
use std::sync::LazyLock;
use std::time::Duration;

use mzflow::clock::Clock;
use mzflow::sandbox::Options;
use mzflow::sandbox::Server;
use mzflow::sandbox::StartError;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio_postgres::Client;
use tokio_postgres::NoTls;
use tokio_postgres::SimpleQueryMessage;

pub(crate) mod blocks;
pub(crate) mod client;
pub(crate) mod invariants;
pub(crate) mod random;
pub(crate) mod readers;
pub(crate) mod running;
pub(crate) mod secrets;
pub(crate) mod service;
pub(crate) mod shop;
pub(crate) mod told;
pub(crate) mod watching;
pub(crate) mod wire;

use running::Running;
use secrets::Secrets;
use told::Told;

/// One runtime for the sandboxes of every test. Planning a query recurses deeply, as in the binary.
pub(crate) static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.thread_stack_size(16 * 1024 * 1024).enable_all().build().expect("a runtime")
});

/// How long a test waits for something that must come: long enough for a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Where a sandbox on disk is, below the folder.
const DATA: &str = "data";

/// What it writes there: all that was committed, in order.
const LOG: &str = "log";

/// A folder, a sandbox, and the way to both.
pub(crate) struct World {
    folder: TempDir,
    /// There is always one but while it is started anew.
    server: Option<Server>,
    password: Option<String>,
    secrets: Secrets,
}

impl World {
    /// A world with an empty sandbox in which everything hydrates at once.
    pub(crate) fn new() -> Self {
        Self::with(Options::default())
    }

    /// A world with a sandbox of one's own making.
    pub(crate) fn with(options: Options) -> Self {
        Self::inside(TempDir::new().expect("a folder"), options)
    }

    /// A world whose sandbox keeps its data below the folder: empty, or as a log has it.
    pub(crate) fn on_disk(log: Option<&[u8]>) -> Self {
        let folder = TempDir::new().expect("a folder");
        let data = folder.path().join(DATA);
        std::fs::create_dir(&data).expect("a folder");
        if let Some(log) = log {
            std::fs::write(data.join(LOG), log).expect("a file");
        }
        Self::inside(folder, Options { data: Some(data), ..Options::default() })
    }

    fn inside(folder: TempDir, options: Options) -> Self {
        let password = options.password.clone();
        let server = served(options).expect("the sandbox starts");
        Self { folder, server: Some(server), secrets: Secrets::new(password.as_deref()), password }
    }

    fn server(&self) -> &Server {
        self.server.as_ref().expect("it runs but while it is started anew")
    }

    /// What a sandbox on disk has committed so far.
    pub(crate) fn log(&self) -> Vec<u8> {
        std::fs::read(self.log_path()).expect("it is on disk")
    }

    /// Where a sandbox on disk writes down what is committed.
    pub(crate) fn log_path(&self) -> PathBuf {
        self.folder().join(DATA).join(LOG)
    }

    /// Stops a sandbox on disk and starts it again, at the same place.
    pub(crate) fn restart(&mut self) {
        let listen = self.address();
        let server = self.server.take().expect("it runs");
        RUNTIME.block_on(server.shutdown());
        let data = Some(self.folder().join(DATA));
        let options = Options { listen, data, ..Options::default() };
        let mut server = None;
        // Somebody else's connection may have been given the port meanwhile: it is soon free again.
        self.until("its port", || {
            server = served(options.clone()).ok();
            server.is_some()
        });
        self.server = server;
    }

    /// How many statements are held up by faults.
    pub(crate) fn held(&self) -> usize {
        self.server().held()
    }

    /// The folder in which commands run.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where the sandbox listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.server().address()
    }

    /// The way to the sandbox.
    pub(crate) fn url(&self) -> String {
        let password = self.password.as_deref();
        let login = password.map_or("materialize".to_owned(), |password| format!("materialize:{password}"));
        format!("postgres://{login}@{}/materialize", self.server().address())
    }

    /// The way for commands. A password that nobody asks for is one that nobody may say.
    fn command_url(&self) -> String {
        let password = self.password.as_deref().unwrap_or(secrets::PASSWORD);
        format!("postgres://materialize:{password}@{}/materialize", self.server().address())
    }

    /// Insists from now on that no command says a value, and that none is in the journal.
    pub(crate) fn secret(&self, value: &str) {
        self.secrets.add(value);
    }

    /// Copies a project of `examples/` into the folder; outside of any git checkout.
    pub(crate) fn example(&self, name: &str) -> PathBuf {
        let to = self.folder().join(name);
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name), &to);
        to
    }

    /// Writes files: each begins with a line `-- file: path`, relative to the folder.
    pub(crate) fn write(&self, files: &str) {
        for part in files.split("-- file: ").skip(1) {
            let (path, text) = part.split_once('\n').expect("a line `-- file: path`");
            let path = self.folder().join(path.trim());
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, text).expect("a file");
        }
    }

    /// Runs the binary against the sandbox until it ends.
    pub(crate) fn mzflow(&self, arguments: &[&str]) -> Told {
        let output = self.command(arguments).output().expect("the binary runs");
        Told::new(self, output.status.code(), &output.stdout, &output.stderr)
    }

    /// The same with more in its environment.
    pub(crate) fn mzflow_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Told {
        let output =
            self.command(arguments).envs(variables.iter().copied()).output().expect("the binary runs");
        Told::new(self, output.status.code(), &output.stdout, &output.stderr)
    }

    /// Starts the binary against the sandbox.
    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        Running::new(self.command(arguments).spawn().expect("the binary starts"))
    }

    /// The same with more in its environment.
    pub(crate) fn start_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Running {
        let mut command = self.command(arguments);
        command.envs(variables.iter().copied());
        Running::new(command.spawn().expect("the binary starts"))
    }

    /// The binary with nothing in its environment but what it is given here.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mzflow"));
        command.args(arguments).current_dir(self.folder()).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", self.folder()).env("MZFLOW_URL", self.command_url());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// A connection of one's own.
    pub(crate) async fn client(&self) -> Client {
        let (client, connection) =
            tokio_postgres::connect(&self.url(), NoTls).await.expect("the sandbox lets clients in");
        tokio::spawn(connection);
        client
    }

    /// Runs a statement on a connection of its own; its rows, each value as text.
    pub(crate) fn try_sql(&self, sql: &str) -> Result<Vec<Vec<String>>, String> {
        RUNTIME.block_on(async {
            let answers = self.client().await.simple_query(sql).await;
            let answers = answers.map_err(|error| match error.as_db_error() {
                Some(error) => format!("{}: {}", error.code().code(), error.message()),
                None => error.to_string(),
            })?;
            Ok(answers.iter().filter_map(row).collect())
        })
    }

    /// Runs statements that work, in one message; the rows of each.
    pub(crate) fn answers(&self, sql: &str) -> Vec<Vec<Vec<String>>> {
        let messages = RUNTIME.block_on(async { self.client().await.simple_query(sql).await });
        let messages = messages.unwrap_or_else(|error| panic!("{sql}: {error}"));
        let mut answers = vec![Vec::new()];
        for message in &messages {
            match message {
                SimpleQueryMessage::CommandComplete(_) => answers.push(Vec::new()),
                other => answers.last_mut().expect("there is one").extend(row(other)),
            }
        }
        answers
    }

    /// Runs a statement that works.
    pub(crate) fn sql(&self, sql: &str) -> Vec<Vec<String>> {
        self.try_sql(sql).unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// The rows of a query, a line each.
    pub(crate) fn rows(&self, sql: &str) -> String {
        self.sql(sql).iter().map(|row| row.join(" ")).collect::<Vec<_>>().join("\n")
    }

    /// The environment for a role.
    pub(crate) fn url_as(&self, role: &str) -> String {
        format!("postgres://{role}@{}/materialize", self.address())
    }

    /// Runs statements that work as a role, in one message; the rows, a line each.
    pub(crate) fn sql_as(&self, role: &str, statements: &str) -> String {
        let url = self.url_as(role);
        RUNTIME.block_on(async {
            let (client, connection) = tokio_postgres::connect(&url, NoTls).await.expect("lets in");
            tokio::spawn(connection);
            let answers = client.simple_query(statements).await;
            let answers = answers.unwrap_or_else(|error| panic!("{statements}: {error:?}"));
            let lines = answers.iter().filter_map(row).map(|row| row.join(" "));
            lines.collect::<Vec<_>>().join("\n")
        })
    }

    /// Every statement that was sent since the last [`World::forget`], in order, whoever sent it.
    pub(crate) fn statements(&self) -> Vec<String> {
        self.server().transcript().iter().map(|ran| ran.statement.clone()).collect()
    }

    /// How many statements were sent by mzflow since the last [`World::forget`] that are more than reading.
    pub(crate) fn writes(&self) -> usize {
        let sent = self.server().transcript();
        sent.iter().filter(|ran| ran.writes && ran.application.starts_with("mzflow/")).count()
    }

    /// Empties the transcript.
    pub(crate) fn forget(&self) {
        self.server().clear_transcript();
    }

    /// Sets what goes wrong next; nothing where the text is empty.
    pub(crate) fn faults(&self, text: &str) {
        self.server().set_faults(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    }

    /// Waits until a condition holds.
    #[track_caller]
    pub(crate) fn until(&self, what: &str, holds: impl FnMut() -> bool) {
        self.until_told(|| what.to_owned(), holds);
    }

    /// The same, where it takes more than a word to say what was there instead.
    #[track_caller]
    pub(crate) fn until_told(&self, what: impl Fn() -> String, mut holds: impl FnMut() -> bool) {
        let clock = Clock::system();
        let deadline = clock.deadline(Some(PATIENCE));
        while !holds() {
            assert!(!deadline.passed(), "in vain waited for: {}", what());
            RUNTIME.block_on(clock.sleep(Duration::from_millis(5)));
        }
    }
}

impl Drop for World {
    /// Nothing that was written down bears what nobody may say.
    fn drop(&mut self) {
        // A failed test has its own message, and a task of a runtime cannot wait for another one.
        if std::thread::panicking() || tokio::runtime::Handle::try_current().is_ok() {
            return;
        }
        let files = secrets::written(&self.secrets, self.folder(), false);
        assert!(files.is_empty(), "files that were written bear a secret: {files:?}");
        // What a test has broken on purpose is not in the way.
        if self.server().set_faults("").is_err() {
            return;
        }
        for table in ["journal", "deployment_objects"] {
            // Where nothing was set up there is no such table, and some tests leave a server that is not well.
            let Ok(rows) = self.try_sql(&format!("SELECT * FROM _mzflow.public.{table}")) else { continue };
            let text: Vec<String> = rows.iter().map(|row| row.join(" ")).collect();
            let found = self.secrets.told_by(&text.join("\n"));
            assert!(found.is_none(), "the {table} bears a secret: {}", found.unwrap_or_default());
        }
    }
}

/// Starts a sandbox in which everything hydrates at once.
fn served(mut options: Options) -> Result<Server, StartError> {
    options.settings.insert(0, ("sandbox_hydration".to_owned(), "0s".to_owned()));
    RUNTIME.block_on(Server::start(options))
}

fn row(message: &SimpleQueryMessage) -> Option<Vec<String>> {
    let SimpleQueryMessage::Row(row) = message else { return None };
    Some((0..row.len()).map(|at| row.get(at).unwrap_or("NULL").to_owned()).collect())
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder of the examples") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("a copy");
        }
    }
}

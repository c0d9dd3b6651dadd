//! Where an environment is and how to get in: one [`Target`], however it was written down.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::io::DuplexStream;

/// Text that must not be printed: a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes the text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself; for the wire only.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// How the connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsMode {
    /// Plain text.
    Disable,
    /// TLS if the server has it, its certificate not verified.
    Prefer,
    /// TLS or nothing, its certificate not verified.
    Require,
    /// TLS, its certificate signed by a trusted authority.
    VerifyCa,
    /// TLS, its certificate signed by a trusted authority and made out to the host.
    VerifyFull,
}

impl TlsMode {
    /// Reads the words of `sslmode`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "disable" => Some(Self::Disable),
            "prefer" | "allow" => Some(Self::Prefer),
            "require" => Some(Self::Require),
            "verify-ca" => Some(Self::VerifyCa),
            "verify-full" => Some(Self::VerifyFull),
            _ => None,
        }
    }

    /// What holds where nothing is written: verified, except on this machine itself.
    pub fn default_for(host: &str) -> Self {
        if is_loopback(host) { Self::Prefer } else { Self::VerifyFull }
    }
}

/// Tells whether a host is this machine.
pub fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// A way to a server of this very process: no socket lies between.
#[derive(Clone)]
pub struct Way(Arc<dyn Fn() -> BoxFuture<'static, io::Result<DuplexStream>> + Send + Sync>);

impl Way {
    /// A way that `open` goes, once for each connection.
    pub fn new<F>(open: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = io::Result<DuplexStream>> + Send + 'static,
    {
        Self(Arc::new(move || Box::pin(open())))
    }

    /// Goes it.
    ///
    /// # Errors
    /// When nobody is at its end any more.
    pub async fn open(&self) -> io::Result<DuplexStream> {
        (self.0)().await
    }
}

impl fmt::Debug for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Way")
    }
}

impl PartialEq for Way {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Way {}

/// One environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Host name or address.
    pub host: String,
    /// Port; Materialize listens on 6875.
    pub port: u16,
    /// The role to log in as.
    pub user: String,
    /// Its password, if it has one.
    pub password: Option<Secret>,
    /// The session's database; names are always written in full, so it hardly matters.
    pub database: String,
    /// Session settings sent with the start-up message, in order.
    pub options: Vec<(String, String)>,
    /// How the connection is protected.
    pub tls: TlsMode,
    /// A file of certificates to trust instead of the machine's own.
    pub root_certificates: Option<PathBuf>,
    /// The way to a server of this process; then host and port say nothing, and nothing is encrypted.
    pub way: Option<Way>,
}

/// Why a connection URL is not one. The URL itself is left out: it may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct UrlError(String);

/// The parts of a connection URL, as they are written.
struct Written<'u> {
    scheme: &'u str,
    user: &'u str,
    password: Option<&'u str>,
    address: &'u str,
    database: &'u str,
    /// Keys with their values.
    query: Vec<(&'u str, &'u str)>,
}

impl<'u> Written<'u> {
    /// `None` for another URL than one of a database.
    fn of(url: &'u str) -> Option<Self> {
        let (scheme, rest) = ["postgres://", "postgresql://", "materialize://"]
            .iter()
            .find_map(|scheme| url.strip_prefix(scheme).map(|rest| (*scheme, rest)))?;
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
        let (login, address) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (user, password) = match login.split_once(':') {
            Some((user, password)) => (user, Some(password)),
            None => (login, None),
        };
        let query = query.split('&').filter(|pair| !pair.is_empty());
        let query = query.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).collect();
        Some(Self { scheme, user, password, address, database, query })
    }
}

/// A connection URL as it may be shown; `None` for one that cannot be read, or that may hold a password where none
/// belongs.
pub fn without_password(url: &str) -> Option<String> {
    Target::from_url(url).ok()?;
    let Written { scheme, user, address, database, query, .. } = Written::of(url)?;
    if database.contains('@') {
        return None;
    }
    let at = if user.is_empty() { "" } else { "@" };
    let mut shown = format!("{scheme}{user}{at}{address}/{database}");
    let others = query.iter().filter(|(key, _)| *key != "password");
    for (number, (key, value)) in others.enumerate() {
        let before = if number == 0 { "?" } else { "&" };
        shown += &format!("{before}{key}={value}");
    }
    Some(shown)
}

impl Target {
    /// A target on a host, everything else as usual there.
    pub fn new(host: impl Into<String>, port: u16, user: impl Into<String>) -> Self {
        let host = host.into();
        let tls = TlsMode::default_for(&host);
        Self {
            host,
            port,
            user: user.into(),
            password: None,
            database: "materialize".to_owned(),
            options: Vec::new(),
            tls,
            root_certificates: None,
            way: None,
        }
    }

    /// A target in this very process.
    pub fn inside(way: Way, user: impl Into<String>) -> Self {
        Self { way: Some(way), tls: TlsMode::Disable, ..Self::new("inside", 0, user) }
    }

    /// Reads `postgres://user:password@host:port/database?sslmode=…&sslrootcert=…&options=…`.
    ///
    /// # Errors
    /// [`UrlError`] naming the part that is wrong, never the URL.
    pub fn from_url(url: &str) -> Result<Self, UrlError> {
        let wrong = |what: &str| UrlError(format!("{what}; expected postgres://user@host:6875/materialize"));
        let Written { user, password, address, database, query, .. } =
            Written::of(url).ok_or_else(|| wrong("the URL does not start with postgres://"))?;
        let (host, port) = split_port(address).ok_or_else(|| wrong("the URL's port is not a number"))?;
        if host.is_empty() {
            return Err(wrong("the URL names no host"));
        }
        let decode = |text: &str| percent_decode(text).ok_or_else(|| wrong("the URL has a broken %-escape"));
        let user = if user.is_empty() { "materialize".to_owned() } else { decode(user)? };
        let mut target = Self::new(decode(host)?, port, user);
        target.password = password.map(decode).transpose()?.map(Secret);
        if !database.is_empty() {
            target.database = decode(database)?;
        }
        for (key, value) in query {
            target.set(key, decode(value)?)?;
        }
        Ok(target)
    }

    fn set(&mut self, key: &str, value: String) -> Result<(), UrlError> {
        match key {
            "sslmode" => {
                self.tls = TlsMode::parse(&value)
                    .ok_or_else(|| UrlError(format!("`{value}` is not an sslmode of the URL")))?;
            }
            "sslrootcert" => self.trust(PathBuf::from(value)),
            "port" => {
                let wrong = |_| UrlError(format!("`{value}` is not a port"));
                self.port = value.parse().map_err(wrong)?;
            }
            "options" => self.options.extend(parse_options(&value)),
            "user" => self.user = value,
            "password" => self.password = Some(Secret(value)),
            "host" => self.host = value,
            "dbname" => self.database = value,
            // What only other clients look at (`application_name`, `connect_timeout`, …).
            _ => {}
        }
        Ok(())
    }

    /// Trusts the certificates of a file; `system` stands for the machine's own, as for other clients.
    pub fn trust(&mut self, certificates: PathBuf) {
        self.root_certificates = (certificates.as_os_str() != "system").then_some(certificates);
    }

    /// How the connection is protected: whoever names certificates wants the server's looked at.
    ///
    /// Source: `sslmode=require` in libpq's manual.
    pub fn protection(&self) -> TlsMode {
        match self.tls {
            TlsMode::Require if self.root_certificates.is_some() => TlsMode::VerifyCa,
            mode => mode,
        }
    }

    /// The place, for people: never with a password.
    pub fn place(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

fn split_port(address: &str) -> Option<(&str, u16)> {
    const MATERIALIZE: u16 = 6875;
    if let Some(rest) = address.strip_prefix('[') {
        let (host, after) = rest.split_once(']')?;
        let port = after.strip_prefix(':').map_or(Some(MATERIALIZE), |port| port.parse().ok())?;
        return Some((host, port));
    }
    match address.rsplit_once(':') {
        Some((host, port)) => Some((host, port.parse().ok()?)),
        None => Some((address, MATERIALIZE)),
    }
}

fn percent_decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            let digits = std::str::from_utf8(&digits).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

/// Reads `-c name=value --name=value`; what it does not know it leaves out. A backslash takes the meaning
/// from the blank or the backslash behind it.
fn parse_options(text: &str) -> Vec<(String, String)> {
    let mut words = vec![String::new()];
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, words.last_mut()) {
            ('\\', Some(word)) => word.extend(chars.next()),
            (c, _) if c.is_whitespace() => words.push(String::new()),
            (c, Some(word)) => word.push(c),
            (_, None) => {}
        }
    }
    let mut found = Vec::new();
    let mut words = words.iter().filter(|word| !word.is_empty());
    while let Some(word) = words.next() {
        let setting = match word.as_str() {
            "-c" => words.next().map_or("", String::as_str),
            word => word.strip_prefix("--").or_else(|| word.strip_prefix("-c")).unwrap_or(""),
        };
        if let Some((name, value)) = setting.split_once('=') {
            found.push((name.to_owned(), value.to_owned()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use expect_test::Expect;
    use expect_test::expect;

    use super::*;

    #[track_caller]
    fn check(url: &str, expect: Expect) {
        let told = match Target::from_url(url) {
            Ok(t) => format!(
                "{}@{} db={} password={} tls={:?} options={:?}",
                t.user,
                t.place(),
                t.database,
                t.password.as_ref().map_or("none", Secret::expose),
                t.protection(),
                t.options
            ),
            Err(error) => error.to_string(),
        };
        expect.assert_eq(&told);
    }

    #[test]
    fn urls() {
        check(
            "postgres://joe:p%40ss@mz.example.com/app?sslmode=require&options=-c%20cluster%3Dc1",
            expect![[
                r#"joe@mz.example.com:6875 db=app password=p@ss tls=Require options=[("cluster", "c1")]"#
            ]],
        );
        check(
            "postgres://localhost:1234",
            expect!["materialize@localhost:1234 db=materialize password=none tls=Prefer options=[]"],
        );
        check(
            "postgres://[::1]:7/",
            expect!["materialize@::1:7 db=materialize password=none tls=Prefer options=[]"],
        );
        check(
            "postgres://mz.example.com",
            expect!["materialize@mz.example.com:6875 db=materialize password=none tls=VerifyFull options=[]"],
        );
    }

    #[test]
    fn what_other_clients_understand() {
        check(
            "postgres://h:1?sslmode=verify-full&sslrootcert=system",
            expect!["materialize@h:1 db=materialize password=none tls=VerifyFull options=[]"],
        );
        check(
            "postgres://h:1?sslmode=require&sslrootcert=ca.pem",
            expect!["materialize@h:1 db=materialize password=none tls=VerifyCa options=[]"],
        );
        check(
            "postgres://x@h?port=6876&user=joe&dbname=app",
            expect!["joe@h:6876 db=app password=none tls=VerifyFull options=[]"],
        );
        check(
            "postgres://h?options=--search_path%3Da%5C%20b%20-ccluster%3Dc%5C%5Cd%20%20-c%20statement_timeout%3D5s",
            expect![[
                r#"materialize@h:6875 db=materialize password=none tls=VerifyFull options=[("search_path", "a b"), ("cluster", "c\\d"), ("statement_timeout", "5s")]"#
            ]],
        );
        check("postgres://h?port=x", expect!["`x` is not a port"]);
    }

    #[test]
    fn a_wrong_url_is_told_without_its_password() {
        check(
            "mysql://joe:secret@h",
            expect![
                "the URL does not start with postgres://; expected postgres://user@host:6875/materialize"
            ],
        );
        check(
            "postgres://joe:secret@h:port/",
            expect!["the URL's port is not a number; expected postgres://user@host:6875/materialize"],
        );
        check("postgres://joe:secret@h?sslmode=maybe", expect!["`maybe` is not an sslmode of the URL"]);
    }

    #[test]
    fn a_password_does_not_show_in_debug_output() {
        let target = Target::from_url("postgres://joe:hunter2@localhost").expect("a URL");
        assert!(!format!("{target:?}").contains("hunter2"));
    }
}

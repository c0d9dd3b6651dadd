//! The only room that calls other services over HTTP: which ones it may, and how much it takes.
//!
//! What it says never holds more of a URL than its origin: the rest, and every header, may be a
//! secret. Start reading at [`Outside::send`].

mod allow;
mod client;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use reqwest::Method;
use reqwest::Url;

pub use self::allow::Allowed;
use self::client::Clients;

/// An answer may be that long.
pub const MOST_BYTES: usize = 1024 * 1024;

/// An answer may lead on, to the same origin, so often.
const MOST_REDIRECTS: usize = 5;

/// A connection that takes longer will not come.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// What is sent.
#[derive(Clone)]
pub struct Request {
    /// `GET`, `POST`, …
    pub method: &'static str,
    /// Where to.
    pub url: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// What is sent with it.
    pub body: Option<Vec<u8>>,
    /// How long the whole of it may take.
    pub timeout: Duration,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Headers by name in lower case; several of one name are joined by commas.
    pub headers: BTreeMap<String, String>,
    /// All of the body, at most [`MOST_BYTES`].
    pub body: Vec<u8>,
}

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The host is none that may be called.
    NotAllowed,
    /// The request cannot be sent as it is.
    Wrong,
    /// Nobody is there: nothing was sent.
    Unreachable,
    /// It was sent, and no answer came in time.
    Late,
    /// The answer leads to another origin, or on and on.
    Redirected,
    /// The answer is too long.
    TooLarge,
    /// The connection broke, or what came is no HTTP.
    Broken,
}

/// Why there is no answer. Holds nothing of the request but its origin.
#[derive(Clone, Debug)]
pub struct Error {
    /// What sort of trouble.
    pub trouble: Trouble,
    /// In words.
    pub message: String,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// The way to other services.
pub struct Outside {
    allowed: Allowed,
    clients: Clients,
}

impl Outside {
    /// A way to those hosts.
    pub fn new(allowed: Allowed) -> Self {
        Self { allowed, clients: Clients::default() }
    }

    /// Where a request goes, as people may read it: scheme, host and port.
    ///
    /// # Errors
    /// [`Trouble::Wrong`], [`Trouble::NotAllowed`].
    pub fn origin(&self, request: &Request) -> Result<String, Error> {
        self.allowed.check(&request.url).map(|url| origin(&url))
    }

    /// Sends a request once. A status is no error, whatever it is.
    ///
    /// # Errors
    /// [`Error`], without anything secret in it.
    ///
    /// # Cancel
    /// Safe for this process; the other side may have got it.
    pub async fn send(&self, request: &Request) -> Result<Answer, Error> {
        let url = self.allowed.check(&request.url)?;
        let origin = origin(&url);
        let failed = |error: reqwest::Error| client::error(&origin, request.timeout, &error);
        let wrong = |message: String| Error { trouble: Trouble::Wrong, message };
        let method = Method::from_bytes(request.method.as_bytes());
        let method = method.map_err(|_| wrong(format!("`{}` is no method", request.method)))?;
        let mut building = self.clients.of(&url)?.request(method, url).timeout(request.timeout);
        for (name, value) in &request.headers {
            building = building.header(client::name(name)?, client::value(name, value)?);
        }
        if let Some(body) = &request.body {
            building = building.body(body.clone());
        }
        let mut response = building.send().await.map_err(failed)?;
        let status = response.status().as_u16();
        let headers = client::headers(response.headers());
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(failed)? {
            if body.len() + piece.len() > MOST_BYTES {
                let message =
                    format!("the answer of {origin} is longer than {} MiB", MOST_BYTES / (1024 * 1024));
                return Err(Error { trouble: Trouble::TooLarge, message });
            }
            body.extend_from_slice(&piece);
        }
        Ok(Answer { status, headers, body })
    }
}

/// Where a URL leads, as people may read it, whether it may be called or not.
pub fn told_origin(url: &str) -> String {
    Url::parse(url).map_or_else(|_| "what is no URL".to_owned(), |url| origin(&url))
}

fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

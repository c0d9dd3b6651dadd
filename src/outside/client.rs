//! The clients below [`super::Outside`]: TLS, redirects, and what their errors come to.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;
use reqwest::Url;
use reqwest::header::HeaderMap;
use reqwest::header::HeaderName;
use reqwest::header::HeaderValue;
use reqwest::redirect::Policy;
use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls_platform_verifier::Verifier;

use super::CONNECT_TIMEOUT;
use super::Error;
use super::MOST_REDIRECTS;
use super::Trouble;
use super::allow;

/// Headers that are the client's own to write.
const OWN_HEADERS: [&str; 5] = ["host", "content-length", "transfer-encoding", "connection", "upgrade"];

/// One for each sort of place, made when it is first needed: reading the trust store takes a while.
#[derive(Default)]
pub(super) struct Clients {
    plain: OnceCell<Client>,
    secure: OnceCell<Client>,
    secure_here: OnceCell<Client>,
}

impl Clients {
    /// The client for a URL that may be called.
    pub(super) fn of(&self, url: &Url) -> Result<&Client, Error> {
        let (secure, here) = (url.scheme() == "https", allow::is_this_machine(url));
        let cell = match (secure, here) {
            (false, _) => &self.plain,
            (true, true) => &self.secure_here,
            (true, false) => &self.secure,
        };
        if let Some(client) = cell.get() {
            return Ok(client);
        }
        let client = made(secure, here)?;
        Ok(cell.get_or_init(|| client))
    }
}

fn made(secure: bool, here: bool) -> Result<Client, Error> {
    let wrong = |error: &dyn std::fmt::Display| {
        let message = format!("cannot set up TLS: {error}");
        Error { trouble: Trouble::Broken, message }
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider));
    let config = config.with_safe_default_protocol_versions().map_err(|error| wrong(&error))?;
    let config = if secure {
        let verifier = Verifier::new(provider).map_err(|error| wrong(&error))?;
        config.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth()
    } else {
        // Nobody is trusted, because nobody is asked for a certificate.
        config.with_root_certificates(RootCertStore::empty()).with_no_client_auth()
    };
    let mut builder = Client::builder()
        .tls_backend_preconfigured(config)
        .user_agent(concat!("mzflow/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .retry(reqwest::retry::never())
        .redirect(Policy::custom(|attempt| {
            let same =
                attempt.previous().first().is_some_and(|first| first.origin() == attempt.url().origin());
            if !same {
                return attempt.error("it leads to another host");
            }
            if attempt.previous().len() > MOST_REDIRECTS {
                return attempt.error("it leads on and on");
            }
            attempt.follow()
        }));
    if here {
        builder = builder.no_proxy();
    }
    builder.build().map_err(|error| wrong(&error.without_url()))
}

/// A header's name.
pub(super) fn name(name: &str) -> Result<HeaderName, Error> {
    let wrong = |message: String| Error { trouble: Trouble::Wrong, message };
    let parsed = HeaderName::from_bytes(name.as_bytes());
    let parsed = parsed.map_err(|_| wrong(format!("`{}` is no name of a header", name.escape_debug())))?;
    if OWN_HEADERS.contains(&parsed.as_str()) {
        return Err(wrong(format!("header `{name}` cannot be set")));
    }
    Ok(parsed)
}

/// A header's value, which nothing shows.
pub(super) fn value(name: &str, value: &str) -> Result<HeaderValue, Error> {
    let wrong = |_| {
        let message = format!("the value of header `{name}` has a character that no header can have");
        Error { trouble: Trouble::Wrong, message }
    };
    let mut value = HeaderValue::from_str(value).map_err(wrong)?;
    value.set_sensitive(true);
    Ok(value)
}

/// Headers of an answer.
pub(super) fn headers(map: &HeaderMap) -> BTreeMap<String, String> {
    let mut headers: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in map {
        let value = String::from_utf8_lossy(value.as_bytes());
        headers
            .entry(name.as_str().to_owned())
            .and_modify(|before| *before = format!("{before}, {value}"))
            .or_insert_with(|| value.into_owned());
    }
    headers
}

/// What the client's error comes to.
pub(super) fn error(origin: &str, timeout: Duration, error: &reqwest::Error) -> Error {
    // The outer ones name the URL; the innermost says what happened.
    let mut innermost = error.source();
    while let Some(next) = innermost.and_then(|error| error.source()) {
        innermost = Some(next);
    }
    let why = innermost.map_or_else(|| "the connection broke".to_owned(), ToString::to_string);
    let (trouble, message) = if error.is_redirect() {
        (Trouble::Redirected, format!("the answer of {origin} is not followed: {why}"))
    } else if error.is_connect() {
        (Trouble::Unreachable, format!("{origin} cannot be reached: {why}"))
    } else if error.is_timeout() {
        (Trouble::Late, format!("{origin} has not answered within {} s", timeout.as_secs_f64()))
    } else if error.is_builder() {
        (Trouble::Wrong, format!("the request to {origin} cannot be sent: {why}"))
    } else {
        (Trouble::Broken, format!("{origin} has not answered properly: {why}"))
    };
    Error { trouble, message }
}

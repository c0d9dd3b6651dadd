//! Which hosts may be called: pure. A profile lists them; without one it is this machine alone.

use reqwest::Url;

use super::Error;
use super::Trouble;

/// The hosts that may be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// The profile that lists them; `None` allows this machine alone.
    profile: Option<String>,
    patterns: Vec<Pattern>,
}

/// One entry of a list: a host, or every host below one.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Pattern {
    host: String,
    below: bool,
    port: Option<u16>,
}

impl Allowed {
    /// Nothing but this machine.
    pub fn this_machine() -> Self {
        Self { profile: None, patterns: Vec::new() }
    }

    /// The hosts that a profile lists: `host`, `host:port`, `*.domain`; without a port it is the
    /// scheme's own.
    ///
    /// # Errors
    /// A sentence about the entry that is none.
    pub fn of_profile(profile: &str, hosts: &[String]) -> Result<Self, String> {
        let patterns = hosts.iter().map(|host| pattern(host)).collect::<Result<_, _>>()?;
        Ok(Self { profile: Some(profile.to_owned()), patterns })
    }

    /// Reads a URL and checks that it may be called.
    pub(super) fn check(&self, url: &str) -> Result<Url, Error> {
        let wrong = |message: String| Error { trouble: Trouble::Wrong, message };
        let url = Url::parse(url).map_err(|error| wrong(format!("the URL cannot be read: {error}")))?;
        let host = match (url.scheme(), url.host_str()) {
            ("http" | "https", Some(host)) if !host.is_empty() => host.to_owned(),
            _ => return Err(wrong("the URL has to begin with https:// and to name a host".to_owned())),
        };
        if url.scheme() == "http" && !is_this_machine(&url) {
            return Err(wrong(format!(
                "`{host}` is called with https:// only: everybody on the way reads http://"
            )));
        }
        let refused = |message: String| Error { trouble: Trouble::NotAllowed, message };
        match &self.profile {
            None if is_this_machine(&url) => Ok(url),
            None => {
                Err(refused(format!("without a profile only this machine may be called, and not `{host}`")))
            }
            Some(_) if self.patterns.iter().any(|pattern| pattern.admits(&url)) => Ok(url),
            Some(profile) => {
                let place = url.port().map_or_else(|| host.clone(), |port| format!("{host}:{port}"));
                Err(refused(format!(
                    "profile `{profile}` does not allow `{place}`: it is not in its `allow_hosts`"
                )))
            }
        }
    }
}

impl Pattern {
    fn admits(&self, url: &Url) -> bool {
        let Some(host) = url.host_str() else { return false };
        let is_port = match self.port {
            Some(port) => url.port_or_known_default() == Some(port),
            None => url.port().is_none(),
        };
        let is_host = match self.below {
            false => host == self.host,
            true => {
                host.strip_suffix(&self.host).is_some_and(|before| before.len() > 1 && before.ends_with('.'))
            }
        };
        is_port && is_host
    }
}

/// Tells whether a URL names this machine, without asking anybody for addresses.
pub(super) fn is_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

fn pattern(text: &str) -> Result<Pattern, String> {
    let wrong = || format!("`{text}` in allow_hosts is no host: `host`, `host:port` or `*.domain`");
    let (below, rest) = match text.strip_prefix("*.") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    // The way in which a URL's host is read is the way in which it is compared.
    let url = Url::parse(&format!("https://{rest}")).map_err(|_| wrong())?;
    let host = url.host_str().unwrap_or_default().to_owned();
    let is_bare =
        url.path() == "/" && !rest.ends_with('/') && url.query().is_none() && url.fragment().is_none();
    let is_nobody = url.username().is_empty() && url.password().is_none();
    let is_plain = !rest.contains(['*', '@', '?', '#']) && !rest.contains("//");
    // `*.com` would be nearly everybody.
    let is_narrow = !below || (host.contains('.') && host.parse::<std::net::IpAddr>().is_err());
    if host.is_empty() || !is_bare || !is_nobody || !is_plain || !is_narrow {
        return Err(wrong());
    }
    let written = rest.rsplit_once(':').filter(|(before, _)| !before.contains(':') || before.ends_with(']'));
    let port = written.and_then(|(_, port)| port.parse().ok());
    Ok(Pattern { host, below, port })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(hosts: &[&str], url: &str, expected: Result<&str, &str>) {
        let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
        let allowed = match hosts.is_empty() {
            true => Ok(Allowed::this_machine()),
            false => Allowed::of_profile("prod", &hosts),
        };
        let outcome = allowed.and_then(|allowed| allowed.check(url).map_err(|error| error.message));
        assert_eq!(outcome.as_ref().map(Url::as_str).map_err(String::as_str), expected);
    }

    #[test]
    fn without_a_profile_it_is_this_machine() {
        check(&[], "http://localhost:8080/x", Ok("http://localhost:8080/x"));
        check(&[], "http://127.0.0.2/", Ok("http://127.0.0.2/"));
        check(&[], "https://[::1]:9/", Ok("https://[::1]:9/"));
        check(
            &[],
            "https://example.com/secret?token=x",
            Err("without a profile only this machine may be called, and not `example.com`"),
        );
        check(
            &[],
            "https://localhost.example.com/",
            Err("without a profile only this machine may be called, and not `localhost.example.com`"),
        );
        check(&[], "http://2130706433/", Ok("http://127.0.0.1/"));
        check(&[], "file:///etc/passwd", Err("the URL has to begin with https:// and to name a host"));
        check(&[], "secret?x", Err("the URL cannot be read: relative URL without a base"));
    }

    #[test]
    fn a_profile_lists_hosts() {
        let hosts = ["api.example.com", "Hooks.Example.com:8443", "*.internal.example.com", "localhost:8080"];
        for url in [
            "https://api.example.com/x",
            "https://user:word@api.example.com/",
            "https://hooks.example.com:8443/",
            "https://a.b.internal.example.com/",
            "http://localhost:8080/",
        ] {
            check(&hosts, url, Ok(url));
        }
        for (url, place) in [
            ("https://api.example.com:8443/", "api.example.com:8443"),
            ("https://hooks.example.com/", "hooks.example.com"),
            ("https://internal.example.com/", "internal.example.com"),
            ("https://xinternal.example.com/", "xinternal.example.com"),
            ("https://api.example.com.evil.org/", "api.example.com.evil.org"),
            ("https://api.example.com@evil.org/", "evil.org"),
            ("http://localhost:8081/", "localhost:8081"),
            ("http://127.0.0.1:8080/", "127.0.0.1:8080"),
        ] {
            check(
                &hosts,
                url,
                Err(&format!("profile `prod` does not allow `{place}`: it is not in its `allow_hosts`")),
            );
        }
        check(
            &hosts,
            "http://api.example.com/",
            Err("`api.example.com` is called with https:// only: everybody on the way reads http://"),
        );
    }

    #[test]
    fn what_is_no_host() {
        for host in [
            "",
            "*",
            "*.com",
            "https://a.example",
            "a.example/x",
            "a.example/",
            "u@a.example",
            "a b",
            "a.*.example",
            "*.*.example.com",
        ] {
            let error = Allowed::of_profile("prod", &[host.to_owned()]).expect_err(host);
            assert_eq!(
                error,
                format!("`{host}` in allow_hosts is no host: `host`, `host:port` or `*.domain`")
            );
        }
    }
}

//! How a connection is opened: what every session begins with, and how soon a silent server is noticed.
//!
//! Start reading at [`opened`].

use std::future::poll_fn;
use std::time::Duration;

use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::task::JoinHandle;
use tokio_postgres::AsyncMessage;
use tokio_postgres::Client;
use tokio_postgres::Connection;
use tokio_postgres::NoTls;
use tokio_postgres::config::SslMode;

use super::config::Target;
use super::config::TlsMode;
use super::error::Error;
use super::server::Greeting;
use super::tls;

/// How long a server may take to accept a connection; a firewall that drops packets answers never.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// What every session begins with, whatever the role's or the profile's own settings are: what is read
/// is never older than what was written, by anybody, and the catalog is read where it is served. Under a
/// weaker isolation the checks beside a fence would look at the past.
///
/// Source: `design/materialize.md` 3.1 and 6.1; settings of the start win over those of the role.
const BEGINS_WITH: [(&str, &str); 2] =
    [("transaction_isolation", "strict serializable"), ("auto_route_catalog_queries", "on")];

/// After how much silence a connection is tried. Balancers and firewalls forget one that says nothing for some
/// minutes, and a server may be gone without a word.
const KEEPALIVE: Duration = Duration::from_secs(20);

/// The pause between two tries that are not answered.
const KEEPALIVE_PAUSE: Duration = Duration::from_secs(10);

/// How many unanswered tries end a connection.
const KEEPALIVE_TRIES: u32 = 3;

/// How long what was sent may stay unacknowledged: as long as silence may last. Without it the system sends again
/// and again, for a quarter of an hour.
const UNACKNOWLEDGED: Duration = Duration::from_secs(50);

/// Goes in: the client, the task that drives the connection, and what the server said at the start.
pub(super) async fn opened(target: &Target) -> Result<(Client, JoinHandle<()>, Greeting), Error> {
    let config = driver_config(target);
    let failed = |error: tokio_postgres::Error| Error::from_driver(&error, true);
    match &target.way {
        None => {
            let (client, connection) = config.connect(tls::connector(target)?).await.map_err(failed)?;
            let (driver, greeting) = driven(connection);
            Ok((client, driver, greeting))
        }
        Some(way) => {
            let stream = way.open().await.map_err(|error| Error::connect(error.to_string()))?;
            let (client, connection) = config.connect_raw(stream, NoTls).await.map_err(failed)?;
            let (driver, greeting) = driven(connection);
            Ok((client, driver, greeting))
        }
    }
}

/// Drives a connection until it ends.
fn driven<S, T>(mut connection: Connection<S, T>) -> (JoinHandle<()>, Greeting)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let told = |name| connection.parameter(name).map(str::to_owned);
    let greeting = Greeting { cluster: told("cluster"), version: told("mz_version") };
    let driver = tokio::spawn(async move {
        while let Some(message) = poll_fn(|cx| connection.poll_message(cx)).await {
            match message {
                Ok(AsyncMessage::Notice(notice)) => {
                    tracing::debug!(code = notice.code().code(), "notice: {}", notice.message());
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::debug!("connection ended: {error}");
                    return;
                }
            }
        }
    });
    (driver, greeting)
}

fn driver_config(target: &Target) -> tokio_postgres::Config {
    let mut config = tokio_postgres::Config::new();
    config.host(&target.host).port(target.port).user(&target.user).dbname(&target.database);
    if target.options.iter().all(|(name, _)| name != "application_name") {
        config.application_name(concat!("mzflow/", env!("CARGO_PKG_VERSION")));
    }
    config.connect_timeout(CONNECT_TIMEOUT).tcp_user_timeout(UNACKNOWLEDGED);
    config
        .keepalives_idle(KEEPALIVE)
        .keepalives_interval(KEEPALIVE_PAUSE)
        .keepalives_retries(KEEPALIVE_TRIES);
    if let Some(password) = &target.password {
        config.password(password.expose());
    }
    // The last one counts.
    let chosen = target.options.iter().map(|(name, value)| setting(name, value));
    let always = BEGINS_WITH.iter().map(|(name, value)| setting(name, value));
    config.options(chosen.chain(always).collect::<Vec<_>>().join(" "));
    config.ssl_mode(match target.protection() {
        TlsMode::Disable => SslMode::Disable,
        TlsMode::Prefer => SslMode::Prefer,
        TlsMode::Require | TlsMode::VerifyCa | TlsMode::VerifyFull => SslMode::Require,
    });
    config
}

/// One `-c name=value`; blanks and backslashes of the value are escaped as start-up options want it.
fn setting(name: &str, value: &str) -> String {
    format!("-c {name}={}", value.replace('\\', "\\\\").replace(' ', "\\ "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_has_fallen_silent_is_noticed_within_a_minute() {
        let config = driver_config(&Target::new("localhost", 6875, "joe"));
        let tries = config.get_keepalives_retries().expect("they are counted");
        let pause = config.get_keepalives_interval().expect("they are apart");
        assert!(config.get_keepalives() && config.get_keepalives_idle() + pause * tries <= MINUTE);
        let unacknowledged = config.get_tcp_user_timeout().expect("it is limited");
        assert!(*unacknowledged <= MINUTE, "{unacknowledged:?}");
    }

    const MINUTE: Duration = Duration::from_secs(60);
}

//! AWS Secrets Manager, by the official SDK.

use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::DisplayErrorContext;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;

use super::Error;
use crate::db::config::Secret;

/// How long one secret is waited for, retries included: somebody is watching.
const PATIENCE: Duration = Duration::from_secs(30);

/// Reads the text of a secret.
pub(super) async fn read(profile: &str, id: &str) -> Result<Secret, Error> {
    let http = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    let timeouts = TimeoutConfig::builder().operation_timeout(PATIENCE).build();
    let config = aws_config::defaults(BehaviorVersion::latest())
        .profile_name(profile)
        .http_client(http)
        .timeout_config(timeouts)
        .load()
        .await;
    if config.region().is_none() {
        return Err(Error::Refused(format!("AWS profile `{profile}` does not exist or has no region")));
    }
    let answer = Client::new(&config).get_secret_value().secret_id(id).send().await;
    let answer = answer.map_err(|error| Error::Refused(DisplayErrorContext(error).to_string()))?;
    match answer.secret_string() {
        Some(text) => Ok(Secret::new(text)),
        None => Err(Error::Refused("it holds bytes, not text".to_owned())),
    }
}

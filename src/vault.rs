//! Stores of secrets outside of the machine: a name goes in, a value comes out.
//!
//! A value is handed on in a [`Secret`], which does not print. Which stores a build knows its features decide. Start
//! reading at [`aws_secret`].

use crate::db::config::Secret;

#[cfg(not(feature = "aws"))]
mod absent;
#[cfg(feature = "aws")]
mod aws;

#[cfg(not(feature = "aws"))]
use absent as aws;

/// Why a secret's value is not to be had; never with the value in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// This build does not know the store.
    #[error("this build has no AWS support; `cargo install mzflow --features aws` makes one that has")]
    Unsupported,
    /// The store did not give it.
    #[error("{0}")]
    Refused(String),
}

/// Reads a text from AWS Secrets Manager, with the credentials and the region of a profile of `~/.aws`.
///
/// # Errors
/// [`Error`], with the words of AWS.
///
/// # Cancel
/// Safe: it only reads.
pub async fn aws_secret(profile: &str, id: &str) -> Result<Secret, Error> {
    aws::read(profile, id).await
}

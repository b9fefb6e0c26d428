//! How the AWS engines reach AWS: one HTTP client, credentials that are given, time-outs, retries.
//!
//! Its one rule: nothing is looked up. No environment, profile file, metadata service or directory of certificates is
//! read, because each of them is time in a cold start and a way to fail there.

use std::{sync::LazyLock, time::Duration};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, IdentityCache, Region};
use aws_types::SdkConfig;
use secrecy::{ExposeSecret, SecretString};

mod http;

/// Where AWS is and who calls it.
#[derive(Debug, Clone)]
pub struct AwsSettings {
    pub region: String,
    /// Where every service is found instead of its own address; for local stand-ins.
    pub endpoint: Option<String>,
    pub credentials: AwsCredentials,
}

/// The keys of a role or user. In Lambda they outlive the environment that they were handed to.
#[derive(Debug, Clone)]
pub struct AwsCredentials {
    pub access_key_id: String,
    pub secret_access_key: SecretString,
    pub session_token: Option<SecretString>,
}

/// Within a region a connection takes milliseconds; one that takes this long is better tried anew.
const CONNECT: Duration = Duration::from_secs(1);
/// One attempt of a call, and a call with all of its attempts: what takes milliseconds is hung when it takes this long. Whoever waits for
/// several calls in a row still has time to say that they failed. S3 has its own, since a body may be large.
const ATTEMPT: Duration = Duration::from_millis(1_400);
const CALL: Duration = Duration::from_secs(3);
/// Longest pause between attempts. With [`ATTEMPTS`] and full jitter, all pauses together stay under a second.
const MAX_PAUSE: Duration = Duration::from_millis(500);
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const ATTEMPTS: u32 = 5;

/// What every engine builds its client from. The HTTP client and its connections are shared among them.
///
/// # Errors
/// If the TLS configuration does not fit the version of rustls.
pub fn connect(settings: AwsSettings) -> Result<SdkConfig, rustls::Error> {
    let AwsCredentials { access_key_id, secret_access_key, session_token } = settings.credentials;
    let credentials = Credentials::new(
        access_key_id,
        secret_access_key.expose_secret(),
        session_token.map(|token| token.expose_secret().to_owned()),
        None,
        "settings",
    );
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(settings.region))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        // The credentials are at hand; caching them would only add a lock and a timer.
        .identity_cache(IdentityCache::no_cache())
        .http_client(http::client(CONNECT)?)
        .timeout_config(
            TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT).operation_timeout(CALL).build(),
        )
        .retry_config(
            RetryConfig::standard()
                .with_max_attempts(ATTEMPTS)
                .with_initial_backoff(FIRST_PAUSE)
                .with_max_backoff(MAX_PAUSE),
        );
    config.set_endpoint_url(settings.endpoint);
    Ok(config.build())
}

/// A client that is made when it is first called. To make one costs as much as all of a start that is not one: each reads
/// the table of AWS's partitions for itself. Only the store's is made at the start, because every request needs it.
pub(crate) type OnUse<C> = LazyLock<C, Box<dyn FnOnce() -> C + Send>>;

pub(crate) fn on_use<C>(make: impl FnOnce() -> C + Send + 'static) -> OnUse<C> {
    LazyLock::new(Box::new(make))
}

#[cfg(test)]
mod rights_tests;
#[cfg(test)]
pub(crate) mod standins;

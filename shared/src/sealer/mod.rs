//! The sealing port: secrets at rest, bound to the tenant and the record that own them.
//!
//! Its one rule: a sealed value opens only for the tenant and the record it was sealed for; moved elsewhere it is noise.

use async_trait::async_trait;
use secrecy::SecretString;

use crate::{error::Error, tenant::TenantId};

#[cfg(test)]
pub mod conformance;
#[cfg(any(feature = "aws", feature = "embedded"))]
mod envelope;
#[cfg(feature = "embedded")]
pub mod keyfile;
#[cfg(feature = "aws")]
pub mod kms;

#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// Tampered with, moved to another tenant or record, or sealed under a lost key.
    #[error("the sealed value does not open")]
    DoesNotOpen,
    #[error("key service unavailable: {0}")]
    Unavailable(String),
}

impl From<SealError> for Error {
    fn from(error: SealError) -> Self {
        match error {
            SealError::DoesNotOpen => Self::internal(error),
            SealError::Unavailable(_) => Self::unavailable(error),
        }
    }
}

/// AES-256-GCM under a data key per tenant; tenant and record id are associated data.
#[async_trait]
pub trait Sealer: Send + Sync + 'static {
    /// Text that holds the ciphertext and all that is needed to open it but the key.
    async fn seal(&self, tenant: TenantId, record: &str, secret: &SecretString) -> Result<String, SealError>;

    async fn open(&self, tenant: TenantId, record: &str, sealed: &str) -> Result<SecretString, SealError>;
}

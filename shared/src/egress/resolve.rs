//! Names to addresses. The one rule: a resolver only answers; whether an answer may be used is the guard's decision.

use std::net::IpAddr;

use async_trait::async_trait;

/// Answers which addresses a name has, in order of preference.
#[async_trait]
pub trait Resolver: Send + Sync {
    /// Every IPv4 and IPv6 address of `host`, a DNS name without brackets or port.
    ///
    /// # Errors
    /// A short text for the log, naming no more than the host.
    async fn resolve(&self, host: &str) -> Result<Vec<IpAddr>, String>;
}

/// The operating system's resolver: the hosts file, then DNS.
///
/// Search domains apply as the system is configured. Names are not forced to be fully qualified, because then entries
/// of the hosts file (Docker's `extra_hosts`) and cluster-local names would stop working for operators who opened a
/// private network, and nothing is gained: the answer is judged however it was found.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

#[async_trait]
impl Resolver for SystemResolver {
    async fn resolve(&self, host: &str) -> Result<Vec<IpAddr>, String> {
        // Port 0 is a placeholder that the API asks for; the connector fills in the URL's.
        match tokio::net::lookup_host((host, 0)).await {
            Ok(found) => Ok(found.map(|address| address.ip()).collect()),
            Err(error) => Err(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_system_knows_its_own_name() {
        let found = SystemResolver.resolve("localhost").await.unwrap();
        assert!(!found.is_empty() && found.iter().all(IpAddr::is_loopback), "{found:?}");
    }

    #[tokio::test]
    async fn a_name_that_cannot_exist_is_an_error() {
        let answer = SystemResolver.resolve("no-such-host.invalid").await;
        assert!(answer.is_err(), "{answer:?}");
    }
}

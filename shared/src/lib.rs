//! The one library that every function of Baton and the local host share.

pub mod accounts;
pub mod app;
pub mod aside;
#[cfg(feature = "aws")]
pub mod aws;
pub mod blobs;
pub mod clock;
pub mod config;
pub mod domain;
pub mod egress;
pub mod error;
pub mod files;
pub mod http;
pub mod ids;
pub mod installed;
pub mod json;
#[cfg(feature = "lambda")]
pub mod lambda;
pub mod metering;
pub mod metrics;
pub mod n8n;
pub mod ops;
pub mod pricing;
#[cfg(any(test, feature = "embedded"))]
pub mod private;
pub mod queue;
mod recent;
pub mod repo;
pub mod sealer;
pub mod store;
pub mod tenant;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod tls;
#[cfg(feature = "aws")]
pub mod wiring;
pub mod work;

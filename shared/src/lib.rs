//! The one library that every function of Baton and the local host share.

#[cfg(all(test, not(feature = "testing")))]
compile_error!("the unit tests want the laptop's engines: cargo test -p shared --features testing");

#[cfg(test)]
extern crate self as shared;

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
pub mod estate;
pub mod files;
pub mod health;
pub mod http;
pub mod ids;
pub mod installed;
pub mod json;
mod known;
#[cfg(feature = "lambda")]
pub mod lambda;
pub mod metering;
pub mod metrics;
pub mod n8n;
pub mod ops;
#[cfg(feature = "testing")]
pub mod parsers;
pub mod pricing;
#[cfg(any(test, feature = "embedded"))]
pub mod private;
pub mod queue;
pub mod rate;
mod recent;
pub mod repo;
pub mod room;
pub mod sealer;
pub mod store;
pub mod tenant;
// The stand-ins are a crate; a unit test cannot use it, because it was built against another build of this library.
#[cfg(test)]
#[path = "../../tests/standins/src/lib.rs"]
pub mod testing;
mod tls;
#[cfg(feature = "aws")]
pub mod wiring;
pub mod work;

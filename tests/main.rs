//! The whole house under test: every router, every worker, over the embedded engine in memory.

#![expect(clippy::disallowed_methods, reason = "what the house wrote is read by another reader than its own")]

mod costs;
mod coverage;
mod egress;
mod events;
mod faults;
mod fuzzed;
mod json;
mod openapi;
mod rights;
mod routes;
mod support;
mod tenants;
mod texts;
mod work;

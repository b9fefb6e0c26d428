//! What holds for every route, every role and every step: the suites that are made from tables.

#![expect(clippy::disallowed_methods, reason = "what the house wrote is read by another reader than its own")]

mod alarms;
mod costs;
mod coverage;
mod dialects;
mod egress;
mod events;
mod fuzzed;
mod golden;
mod happened;
mod json;
mod openapi;
mod rights;
mod tenants;
mod texts;

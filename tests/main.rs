//! The whole house under test: every router, every worker, over the embedded engine in memory.

mod costs;
mod coverage;
mod events;
mod faults;
mod openapi;
mod routes;
mod support;
mod work;

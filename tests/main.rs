//! The whole house under test: every router, every worker, over the embedded engine in memory.

mod faults;
mod routes;
mod support;
mod work;

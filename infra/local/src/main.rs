//! `baton`: the product on a laptop.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// Pages of a list are thousands of small pieces. Measured: docs/PERFORMANCE.md.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    local_host::cli::run()
}

//! `baton`: the product on a laptop.

use std::process::ExitCode;

fn main() -> ExitCode {
    local_host::cli::run()
}

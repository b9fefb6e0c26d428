//! Compiles vendored data into static tables, so that no function pays for it at a cold start.

#[path = "build/prices.rs"]
mod prices;
#[path = "build/rules.rs"]
mod rules;

use std::error::Error;
use std::path::PathBuf;

#[expect(clippy::disallowed_methods, reason = "cargo tells a build script its directory only this way")]
fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=data/prices/prices.json");
    let json = std::fs::read("data/prices/prices.json")?;
    let out = std::env::var_os("OUT_DIR").map(PathBuf::from).ok_or("cargo sets OUT_DIR")?.join("prices.rs");
    std::fs::write(out, prices::compile(&json)?)?;
    Ok(())
}

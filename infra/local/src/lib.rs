//! The local host: every router, every worker and every tick in one process over the embedded engine.
//!
//! Its one rule: it adds wiring and nothing else. What it runs is what Lambda runs.

#[cfg(feature = "chaos")]
mod chaos;
pub mod cli;
mod estate;
pub mod gate;
mod groups;
pub mod house;
mod keys;
pub mod logging;
mod say;
pub mod serve;
pub mod sockets;
pub mod welcome;
pub mod workers;

use shared::{
    domain::dialect::Letter,
    http::{
        group::{Documented, Routes},
        openapi,
    },
};

/// The routers of the functions, by the function's name.
pub fn routers() -> [(&'static str, Documented); 17] {
    [
        ("meta", meta::router()),
        ("token-usage", token_usage::router()),
        ("triggers", triggers::router()),
        ("payloads", payloads::router()),
        ("media", media::router()),
        ("lead-setup", lead_setup::router()),
        ("reviews", reviews::router()),
        ("installations", installations::router()),
        ("sessions", sessions::router()),
        ("records", records::router()),
        ("n8n-nodes", n8n_nodes::router()),
        ("leads", leads::router()),
        ("workflows", workflows::router()),
        ("events", events::router()),
        ("api-keys", api_keys::router()),
        ("account", account::router()),
        ("team", team::router()),
    ]
}

/// Every route of the product.
pub fn router() -> Documented {
    routers().into_iter().fold(Documented::new(), |all, (_, router)| all.merge(router))
}

/// The API documents of all dialects, as text.
pub fn api_documents() -> Vec<String> {
    Letter::ALL.into_iter().map(api_document).collect()
}

/// The API document of a dialect, as text. The house's own routes stand in A's.
pub fn api_document(letter: Letter) -> String {
    format!("{:#}", openapi::complete(letter, router().document(letter)))
}

//! The published API document is what the code says of itself.

/// Compared as text, so that the file in the repository shows every change of the contract in its diff.
#[test]
fn the_published_document_is_the_codes_own() {
    let published = include_str!("../docs/openapi.json");
    let generated = local_host::api_document();
    assert!(
        published.trim_end() == generated.trim_end(),
        "docs/openapi.json is not what the code says. Refresh it: cargo run -- openapi > docs/openapi.json",
    );
}

//! JSON that others wrote, where it is meant to do harm: it is refused or kept as it is, and it spoils nothing but itself.

mod kept;
mod n8n;
mod requests;
mod unreadable;

use serde_json::Value;

/// The key that serde_json would read again.
pub const MAGIC: &str = "$serde_json::private::RawValue";

/// So many lists around a value.
fn nested(levels: usize, inner: &str) -> String {
    format!("{}{inner}{}", "[".repeat(levels), "]".repeat(levels))
}

/// Text in text under that key, each time 110 levels deep. Reading all of it as one would end the process.
fn bomb(times: usize) -> String {
    let escaped =
        |text: &str| Value::from(text).to_string().replace("\\\"", "\\u0022").replace("\\\\", "\\u005c");
    (0..times).fold("[]".to_owned(), |inner, _| nested(110, &format!("{{\"{MAGIC}\":{}}}", escaped(&inner))))
}

//! What an n8n expression leaves behind that found nothing, or was not evaluated.
//!
//! Its one rule: it is no id and no name, wherever it comes in.

/// What finding nothing becomes, once it was made text.
const NOTHING: [&str; 4] = ["undefined", "null", "NaN", "[object Object]"];

/// The vendor's invoice node sends `={{$workflow.id}}` to the letter where its user named no workflow.
pub fn is_leftover(id: &str) -> bool {
    id.starts_with("={{") || NOTHING.iter().any(|nothing| nothing.eq_ignore_ascii_case(id))
}

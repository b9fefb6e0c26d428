//! What an n8n expression leaves behind that found nothing, or was not evaluated.
//!
//! Its one rule: it is no id and no name, wherever it comes in.

/// What finding nothing becomes, once it was made text.
const NOTHING: [&str; 6] = ["undefined", "null", "NaN", "[object Object]", "[undefined]", "Invalid DateTime"];

/// The vendor's invoice node sends `={{$workflow.id}}` to the letter where its user named no workflow; a field that is left at
/// "Fixed" sends `{{ … }}`.
pub fn is_leftover(id: &str) -> bool {
    id.trim_start_matches('=').starts_with("{{")
        || NOTHING.iter().any(|nothing| nothing.eq_ignore_ascii_case(id))
}

//! Fields that hold one of a few words, which the domain lists.

use crate::domain::{
    chat::{ChatStatus, Role},
    custom_field::FieldType,
    duplicate::OnDuplicate,
    invoice::InvoiceStatus,
    media::MediaType,
    notification::NotificationType,
    review::{AutomationStatus, EntityType},
};

/// The words of a field. `owner` is the schema that has it, or the operation whose query it is.
pub fn of(owner: &str, field: &str) -> Option<&'static [&'static str]> {
    let about = |thing: &str| owner.to_ascii_lowercase().contains(thing);
    Some(match field {
        "automation_status" if owner.starts_with("Create") || owner.starts_with("Update") => {
            &AutomationStatus::SETTABLE
        }
        "automation_status" => &AutomationStatus::ALL,
        "media_type" => &MediaType::WORDS,
        "field_type" => &FieldType::WORDS,
        "on_duplicate" => OnDuplicate::WORDS,
        "execution_state" if owner.starts_with("list_") => &["ended", "failed", "gone", "passed", "over"],
        "role" if owner == "LogMessage" || owner == "MessageOut" => Role::WORDS,
        "entity_type" if owner.starts_with("Review") => &EntityType::ALL,
        "action" if owner.starts_with("Bulk") => &["update_status", "delete"],
        "order" if owner == "get_chat" => &["asc", "desc"],
        "type" if about("notification") => NotificationType::WORDS,
        "status" if owner.starts_with("list_workflows") => &["draft", "published"],
        "status" if about("invoice") => InvoiceStatus::WORDS,
        "status" if about("chat") || owner == "LogMessage" => ChatStatus::WORDS,
        _ => return None,
    })
}

//! Fields that an organization gives its leads.
//!
//! Its one rule: values are kept under the field's id. The machine name is only what callers write and read them by.

use serde::{Deserialize, Serialize};

use super::words::fold;
use crate::ids::Id;

/// One field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomField {
    pub id: Id,
    pub label: String,
    /// Derived from the label once, and fixed from then on.
    pub machine_name: String,
    pub field_type: FieldType,
    /// What a select may hold; empty for the other types.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    /// A new lead must have it, and it cannot be cleared.
    pub required: bool,
}

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldType {
    Text,
    Textarea,
    Number,
    Date,
    Select,
    Checkbox,
    Url,
}

impl FieldType {
    /// By their documented names.
    pub const WORDS: [&'static str; 7] = ["text", "textarea", "number", "date", "select", "checkbox", "url"];

    const ALL: [Self; 7] =
        [Self::Text, Self::Textarea, Self::Number, Self::Date, Self::Select, Self::Checkbox, Self::Url];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Textarea => "textarea",
            Self::Number => "number",
            Self::Date => "date",
            Self::Select => "select",
            Self::Checkbox => "checkbox",
            Self::Url => "url",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

impl CustomField {
    /// The option that a text means: the same to the letter, or else whatever its case.
    pub fn option(&self, text: &str) -> Option<&str> {
        let exact = self.options.iter().find(|option| *option == text);
        let folded = || self.options.iter().find(|option| fold(option) == fold(text));
        exact.or_else(folded).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_have_the_documented_names() {
        for (word, kind) in FieldType::WORDS.into_iter().zip(FieldType::ALL) {
            assert_eq!((kind.as_str(), FieldType::parse(word)), (word, Some(kind)));
            assert_eq!(serde_json::to_value(kind).unwrap(), word);
        }
        assert_eq!(FieldType::parse("Text"), None);
    }
}

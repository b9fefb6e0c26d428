//! Fields that an organization gives its leads.
//!
//! Its one rule: values are kept under the field's id. The machine name is only what callers write and read them by.

use std::collections::BTreeSet;

use icu_normalizer::DecomposingNormalizerBorrowed;
use serde::{Deserialize, Serialize};

use super::words::fold;
use crate::ids::FieldId;

/// Options of a select, and characters of one.
pub const MAX_OPTIONS: usize = 200;
const MAX_OPTION: usize = 200;
/// Characters of a machine name before a number that tells it from another.
const MAX_NAME: usize = 60;

/// Names of what every lead has, as callers write and read it.
const BUILT_IN: [&str; 37] = [
    "id",
    "first_name",
    "last_name",
    "email",
    "phone",
    "company_name",
    "job_title",
    "website",
    "linkedin_url",
    "industry",
    "company_size",
    "annual_revenue",
    "location",
    "lead_source",
    "status",
    "status_id",
    "status_color",
    "lead_score",
    "budget_confirmed",
    "pain_points",
    "timeline",
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "group_id",
    "installation_id",
    "workflow_id",
    "nid",
    "execution_id",
    "human_interaction",
    "allow_regenerate",
    "automation_status",
    "decision",
    "resume",
    "history",
    "created",
    "changed",
];

/// What requests and replies about leads say besides.
const RESERVED: [&str; 16] = [
    "resume_url",
    "resume_headers",
    "node",
    "execution_state",
    "warnings",
    "on_duplicate",
    "duplicate",
    "success",
    "message",
    "error",
    "errors",
    "source",
    "custom",
    "custom_fields",
    "fields",
    "v",
];

/// One field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomField {
    pub id: FieldId,
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

    /// In the order of [`Self::WORDS`].
    pub const ALL: [Self; 7] =
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

/// The type of a field with the options that it must or must not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    pub field_type: FieldType,
    pub options: Vec<String>,
}

impl Shape {
    /// What is wrong with the options is said for the caller.
    pub fn new(field_type: FieldType, options: Vec<String>) -> Result<Self, String> {
        if field_type != FieldType::Select {
            return match options.is_empty() {
                true => Ok(Self { field_type, options }),
                false => Err("are for a select only".into()),
            };
        }
        if options.is_empty() {
            return Err("must name at least one option".into());
        }
        if options.len() > MAX_OPTIONS {
            return Err(format!("must be at most {MAX_OPTIONS}"));
        }
        let mut folded = BTreeSet::new();
        for option in &options {
            if option.is_empty() || option.chars().count() > MAX_OPTION {
                return Err(format!("must each have 1 to {MAX_OPTION} characters"));
            }
            if !folded.insert(fold(option)) {
                return Err(format!("name {option} twice"));
            }
        }
        Ok(Self { field_type, options })
    }
}

/// Whether every lead has something of this name.
pub fn is_built_in(name: &str) -> bool {
    BUILT_IN.contains(&name)
}

/// A machine name for a label: ASCII letters and digits in lower case, `_` between words. One that is taken, or means
/// something already, gets a number.
pub fn machine_name(label: &str, taken: impl Fn(&str) -> bool) -> String {
    let slug = slug(label);
    let free = |name: &String| !taken(name) && !is_built_in(name) && !RESERVED.contains(&name.as_str());
    let (base, first) = match slug.chars().next() {
        None => ("field".to_owned(), 1),
        // So that templates can say `lead.field_2nd_phone`.
        Some(digit) if digit.is_ascii_digit() => (format!("field_{slug}"), 2),
        Some(_) => (slug, 2),
    };
    let plain = Some(base.clone()).filter(|_| first == 2);
    let numbered = (first..).map(|n| format!("{base}_{n}"));
    plain.into_iter().chain(numbered).find(free).unwrap_or(base)
}

/// Words of ASCII letters and digits, joined. Letters lose their accents, other scripts are left out.
fn slug(label: &str) -> String {
    // Upper case first: only so does ß become letters that ASCII has.
    let upper = label.to_uppercase();
    let plain = DecomposingNormalizerBorrowed::new_nfkd().normalize(&upper);
    let mut slug = String::new();
    for char in plain.chars().filter(|char| !('\u{300}'..='\u{36f}').contains(char)) {
        if char.is_ascii_alphanumeric() {
            slug.push(char.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('_') {
            slug.push('_');
        }
    }
    slug.truncate(MAX_NAME);
    slug.trim_end_matches('_').to_owned()
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
    use crate::ids::{EntityId, Id};

    #[test]
    fn types_have_the_documented_names() {
        for (word, kind) in FieldType::WORDS.into_iter().zip(FieldType::ALL) {
            assert_eq!((kind.as_str(), FieldType::parse(word)), (word, Some(kind)));
            assert_eq!(serde_json::to_value(kind).unwrap(), word);
        }
        assert_eq!(FieldType::parse("Text"), None);
    }

    #[test]
    fn a_machine_name_is_what_ascii_can_say_of_the_label() {
        for (label, name) in [
            ("Budget", "budget"),
            ("Deal Size (EUR)", "deal_size_eur"),
            ("  --Next   step!--  ", "next_step"),
            ("Größe", "grosse"),
            ("Région préférée", "region_preferee"),
            ("ﬁnance №", "finance_no"),
            ("2nd phone", "field_2nd_phone"),
            ("E-mail", "e_mail"),
            ("Email", "email_2"),
            ("On duplicate", "on_duplicate_2"),
            ("予算", "field_1"),
            ("!?", "field_1"),
            (&"x".repeat(100), &"x".repeat(60)),
        ] {
            assert_eq!(machine_name(label, |_| false), name, "{label}");
        }
    }

    #[test]
    fn a_taken_machine_name_gets_the_next_number() {
        let taken = |name: &str| ["budget", "budget_2", "field_1", "email_2"].contains(&name);
        for (label, name) in
            [("Budget", "budget_3"), ("予算", "field_2"), ("email", "email_3"), ("Size", "size")]
        {
            assert_eq!(machine_name(label, taken), name, "{label}");
        }
    }

    #[test]
    fn a_select_has_options_and_nothing_else_has() {
        let options = |all: &[&str]| all.iter().map(|option| (*option).to_owned()).collect::<Vec<_>>();
        assert!(Shape::new(FieldType::Select, options(&["Low", "High"])).is_ok());
        assert!(Shape::new(FieldType::Text, vec![]).is_ok());
        let many: Vec<_> = (0..201).map(|n| n.to_string()).collect();
        assert!(Shape::new(FieldType::Select, many[..200].to_vec()).is_ok());
        for (field_type, options) in [
            (FieldType::Text, options(&["Low"])),
            (FieldType::Select, vec![]),
            (FieldType::Select, options(&["Low", " low"])),
            (FieldType::Select, options(&[""])),
            (FieldType::Select, vec!["x".repeat(201)]),
            (FieldType::Select, many),
        ] {
            assert!(Shape::new(field_type, options.clone()).is_err(), "{field_type:?} {options:?}");
        }
    }

    #[test]
    fn an_option_is_found_to_the_letter_first() {
        let field = CustomField {
            id: FieldId::of(Id::SMALLEST),
            label: "Size".into(),
            machine_name: "size".into(),
            field_type: FieldType::Select,
            options: vec!["Small".into(), "Very  Large".into()],
            required: false,
        };
        assert_eq!(field.option("Small"), Some("Small"));
        assert_eq!(field.option("very large"), Some("Very  Large"));
        assert_eq!(field.option("Medium"), None);
    }
}

//! Reads the values of custom fields out of a request.
//!
//! Its one rule: a field is asked for by its machine name and kept under its id.

use std::collections::BTreeMap;

use serde_json::Value;

use super::fields::Fields;
use crate::domain::{
    custom_field::{CustomField, FieldType},
    lead_setup::LeadSetup,
};

/// Characters of a text, and of a textarea.
const TEXT: usize = 1000;
const TEXTAREA: usize = 20_000;

/// What values are read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// A new lead: required fields must be there, blank ones count as not sent.
    Create,
    /// A change: what is not sent stays, null or blank text clears.
    Patch,
}

impl LeadSetup {
    /// The values of the custom fields that were sent, by field id; null for one to be cleared. Problems are named by
    /// machine name.
    pub fn read_values(&self, fields: &mut Fields, mode: Mode) -> BTreeMap<String, Value> {
        let mut values = BTreeMap::new();
        for field in &self.fields {
            let name = &field.machine_name;
            let sent = fields.has(name);
            let value = read(field, fields);
            let blank = value.is_none() && !fields.is_refused(name);
            if blank && field.required && mode == Mode::Create {
                fields.refuse(name, "is required");
            } else if blank && field.required && sent {
                fields.refuse(name, "must not be empty");
            } else if let Some(value) = value {
                values.insert(field.id.to_string(), value);
            } else if blank && sent && mode == Mode::Patch {
                values.insert(field.id.to_string(), Value::Null);
            }
        }
        values
    }
}

/// The value of one field, none when it is blank or wrong.
fn read(field: &CustomField, fields: &mut Fields) -> Option<Value> {
    let name = &field.machine_name;
    match field.field_type {
        FieldType::Text => fields.text(name, TEXT).map(Value::from),
        FieldType::Textarea => fields.text(name, TEXTAREA).map(Value::from),
        FieldType::Number => fields.number(name).map(Value::from),
        FieldType::Date => fields.date(name).map(Value::from),
        FieldType::Checkbox => fields.flag(name).map(Value::from),
        FieldType::Url => fields.url(name).map(|url| Value::from(String::from(url))),
        FieldType::Select => {
            let text = fields.text(name, TEXT)?;
            let option = field.option(&text);
            if option.is_none() {
                fields.refuse(name, format!("must be one of {}", field.options.join(", ")));
            }
            option.map(Value::from)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ids::FieldId;

    /// One field of every type, named after it, with the ids 11 to 17.
    fn setup(required: bool) -> LeadSetup {
        let field = |(id, field_type): (u64, FieldType)| CustomField {
            id: FieldId::from_u64(id).unwrap(),
            label: field_type.as_str().into(),
            machine_name: field_type.as_str().into(),
            field_type,
            options: if field_type == FieldType::Select { vec!["Low".into(), "High".into()] } else { vec![] },
            required,
        };
        LeadSetup { fields: (11..).zip(FieldType::ALL).map(field).collect(), ..LeadSetup::default() }
    }

    fn fields(body: &Value) -> Fields {
        Fields::read(&body.to_string().into()).unwrap()
    }

    fn value(name: &str, sent: &Value) -> Option<Value> {
        let mut fields = fields(&json!({ name: sent }));
        let mut values = setup(false).read_values(&mut fields, Mode::Create);
        let refused = fields.is_refused(name);
        assert_eq!(fields.finish().is_err(), refused);
        assert!(values.len() <= 1);
        values.pop_first().map(|(_, value)| value)
    }

    #[test]
    fn values_are_read_as_n8n_sends_them() {
        for (name, sent, read) in [
            ("text", json!(" 42 "), json!("42")),
            ("text", json!(42), json!("42")),
            ("text", json!("x".repeat(1000)), json!("x".repeat(1000))),
            ("textarea", json!("a\nb"), json!("a\nb")),
            ("textarea", json!("ü".repeat(20_000)), json!("ü".repeat(20_000))),
            ("number", json!(12.5), json!(12.5)),
            ("number", json!("-12.5"), json!(-12.5)),
            ("number", json!("12.0"), json!(12)),
            ("number", json!(" 0 "), json!(0)),
            ("number", json!(-1e-200), json!(0)),
            ("number", json!("1e-130"), json!(1e-130)),
            ("date", json!("2024-02-29"), json!("2024-02-29")),
            ("date", json!("2025-01-21T23:30:00-05:00"), json!("2025-01-21")),
            ("date", json!("2025-01-21T23:30:00.000Z"), json!("2025-01-21")),
            ("select", json!("High"), json!("High")),
            ("select", json!("low"), json!("Low")),
            ("checkbox", json!("true"), json!(true)),
            ("checkbox", json!(0), json!(false)),
            ("url", json!("https://example.com/a?b=1"), json!("https://example.com/a?b=1")),
        ] {
            assert_eq!(value(name, &sent), Some(read), "{name}: {sent}");
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for (name, sent) in [
            ("text", json!("x".repeat(1001))),
            ("text", json!({})),
            ("textarea", json!("x".repeat(20_001))),
            ("number", json!("many")),
            ("number", json!("NaN")),
            ("number", json!("inf")),
            ("number", json!(1e200)),
            ("number", json!(true)),
            ("date", json!("2023-02-29")),
            ("date", json!("21.1.2025")),
            ("date", json!(20_250_121)),
            ("select", json!("Medium")),
            ("select", json!(["Low"])),
            ("checkbox", json!("maybe")),
            ("url", json!("example.com")),
            ("url", json!("ftp://example.com")),
            ("url", json!("javascript:alert(1)")),
        ] {
            let mut fields = fields(&json!({ name: sent }));
            assert_eq!(
                setup(false).read_values(&mut fields, Mode::Create),
                BTreeMap::new(),
                "{name}: {sent}"
            );
            assert!(fields.is_refused(name), "{name}: {sent}");
        }
    }

    #[test]
    fn blank_is_nothing_in_a_create_and_clears_in_a_patch() {
        for blank in [Value::Null, json!(""), json!("  ")] {
            let body = || fields(&json!({ "text": blank, "number": blank, "select": blank }));
            let (mut create, mut patch) = (body(), body());
            assert_eq!(setup(false).read_values(&mut create, Mode::Create), BTreeMap::new());
            let cleared = ["11", "13", "15"].map(|id| (id.to_owned(), Value::Null));
            assert_eq!(setup(false).read_values(&mut patch, Mode::Patch), BTreeMap::from(cleared));
            create.finish().unwrap();
            patch.finish().unwrap();
        }
    }

    #[test]
    fn required_fields_are_asked_for_once_and_cannot_be_cleared() {
        let mut create = fields(&json!({ "text": "x", "checkbox": false }));
        setup(true).read_values(&mut create, Mode::Create);
        let error = create.finish().unwrap_err();
        let named: Vec<_> = error.by_field().into_keys().collect();
        assert_eq!(named, ["date", "number", "select", "textarea", "url"]);
        let mut patch = fields(&json!({ "text": "", "number": 3 }));
        let values = setup(true).read_values(&mut patch, Mode::Patch);
        assert_eq!(values, BTreeMap::from([("13".to_owned(), json!(3))]));
        assert_eq!(patch.finish().unwrap_err().by_field().into_keys().collect::<Vec<_>>(), ["text"]);
    }
}

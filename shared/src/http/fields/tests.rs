use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::*;
use crate::{
    clock::Millis,
    http::input::{Field, Member, Secret, Text, Whole},
    ids::Id,
};

fn fields(value: &Value) -> Fields {
    Fields::read(&value.to_string().into()).unwrap()
}

/// Reads a field that must be there.
fn ask<F: Field>(fields: &mut Fields, name: &str) -> Option<F::Value> {
    <F as Member>::read(fields, name)
}

#[test]
fn every_mistake_is_named_at_once() {
    let mut fields = fields(&json!({ "b": "x", "c": "maybe", "d": "n8n.example.com", "e": "lost", "f": {} }));
    ask::<Text<10>>(&mut fields, "a");
    ask::<Whole<10>>(&mut fields, "b");
    fields.flag("c");
    fields.url("d");
    fields.one_of("e", &["found"], |_| Some(()));
    ask::<Id>(&mut fields, "f");
    let error = fields.finish().unwrap_err();
    assert_eq!(error.by_field().into_keys().collect::<Vec<_>>(), ["a", "b", "c", "d", "e", "f"]);
}

#[test]
fn what_n8n_makes_of_values_is_accepted() {
    let mut fields = fields(
        &json!({ "a": " 399.0 ", "b": "true", "c": 551, "d": "", "e": null, "f": 120.0, "g": "{\"k\":1}",
            "h": 1.0, "i": 42.0 }),
    );
    assert_eq!(fields.flag("h"), Some(true));
    assert_eq!(fields.id("i"), Id::from_u64(42));
    assert_eq!(fields.whole("a", 1000), Some(399));
    assert_eq!(fields.flag("b"), Some(true));
    assert_eq!(fields.text("c", 10).as_deref(), Some("551"));
    assert_eq!(fields.text("d", 10), None);
    assert_eq!(fields.whole("e", 10), None);
    assert_eq!(fields.whole("f", 1000), Some(120));
    assert_eq!(fields.json("g").unwrap().as_str(), "{\"k\":1}");
    fields.finish().unwrap();
}

#[test]
fn a_word_is_read_whatever_its_case() {
    let words = ["pending", "approved"];
    let read = |sent: Value| fields(&json!({ "w": sent })).one_of("w", &words, |word| Some(word.to_owned()));
    for sent in ["approved", "APPROVED", " Approved "] {
        assert_eq!(read(json!(sent)).as_deref(), Some("approved"), "{sent}");
    }
    for sent in [json!("approve"), json!(1), json!("ａpproved"), json!("approved.")] {
        assert_eq!(read(sent.clone()), None, "{sent}");
    }
}

#[test]
fn json_in_text_is_read_behind_a_byte_order_mark() {
    for text in ["{\"k\":1}", "\u{feff}{\"k\":1}", " \u{feff}\n{\"k\":1}"] {
        assert_eq!(fields(&json!({ "g": text })).json("g").unwrap().as_str(), r#"{"k":1}"#, "{text:?}");
    }
    assert_eq!(fields(&json!({ "g": "\u{feff}plain" })).json("g").unwrap().as_str(), "\"\u{feff}plain\"");
}

#[test]
fn an_address_may_be_as_long_as_presigned_links_are() {
    let long = |chars: usize| format!("https://example.com/{}", "x".repeat(chars - 20));
    assert!(fields(&json!({ "u": long(MAX_URL) })).url("u").is_some());
    assert!(fields(&json!({ "u": long(MAX_URL + 1) })).url("u").is_none());
}

#[test]
fn a_secret_keeps_its_spaces() {
    let mut fields = fields(&json!({ "a": " two words ", "b": 12345678, "c": ["x"], "d": "long" }));
    assert_eq!(ask::<Secret<100>>(&mut fields, "a").unwrap().expose_secret(), " two words ");
    assert_eq!(ask::<Secret<100>>(&mut fields, "b").unwrap().expose_secret(), "12345678");
    ask::<Secret<100>>(&mut fields, "c");
    ask::<Secret<3>>(&mut fields, "d");
    ask::<Secret<100>>(&mut fields, "e");
    let error = fields.finish().unwrap_err();
    assert_eq!(error.by_field().into_keys().collect::<Vec<_>>(), ["c", "d", "e"]);
}

#[test]
fn zero_is_none_of_them() {
    let mut fields = fields(&json!({ "a": 0, "b": "0", "c": "42", "d": "", "e": [], "f": null }));
    assert_eq!((fields.id_or_none::<Id>("a"), fields.id_or_none::<Id>("b")), (Some(None), Some(None)));
    assert_eq!(fields.id_or_none("c"), Some(Id::from_u64(42)));
    assert_eq!((fields.id_or_none::<Id>("d"), fields.id_or_none::<Id>("f")), (None, None));
    fields.id_or_none::<Id>("e");
    assert_eq!(fields.finish().unwrap_err().by_field()["e"], ["must be an id"]);
}

#[test]
fn a_blank_required_field_is_missing() {
    let mut fields = fields(&json!({ "input_tokens": "", "output_tokens": null }));
    ask::<Whole<10>>(&mut fields, "input_tokens");
    ask::<Whole<10>>(&mut fields, "output_tokens");
    let error = fields.finish().unwrap_err();
    assert_eq!(error.message, "input_tokens: is required; output_tokens: is required");
}

#[test]
fn text_is_kept_to_the_last_blank_where_that_is_asked() {
    let mut fields = fields(&json!({ "a": " x\n", "b": { "k": 1.0 }, "c": " ", "d": "éé" }));
    assert_eq!(fields.verbatim("a", 10).as_deref(), Some(" x\n"));
    assert_eq!(fields.verbatim("b", 10).as_deref(), Some(r#"{"k":1.0}"#));
    assert_eq!(fields.verbatim("c", 10), None);
    assert_eq!(fields.verbatim("d", 3), None);
    assert!(fields.is_refused("d"));
}

#[test]
fn a_moment_is_a_date_or_a_unix_time() {
    let day = Some(Millis(1_737_417_600_000));
    for value in [
        json!("2025-01-21"),
        json!("2025-01-21T00:00:00Z"),
        json!(1_737_417_600),
        json!("1737417600"),
        json!(1_737_417_600_000_i64),
        json!(1_737_417_600.0),
    ] {
        assert_eq!(fields(&json!({ "at": value })).moment("at"), day, "{value}");
        assert_eq!(fields(&json!({ "at": value })).day("at"), day, "{value}");
    }
    for value in ["2025-01-21T00:00:00.000+01:00", "2025-01-21T23:30:00-05:00", "2025-01-21 23:59:59+14"] {
        assert_eq!(fields(&json!({ "at": value })).day("at"), day, "{value}");
        assert_ne!(fields(&json!({ "at": value })).moment("at"), day, "{value}");
    }
    for value in [json!("21.1.2025"), json!(-5), json!(1.5), json!("9".repeat(18)), json!({}), json!(true)] {
        let mut fields = fields(&json!({ "at": value }));
        assert_eq!(fields.moment("at"), None, "{value}");
        assert!(fields.is_refused("at"), "{value}");
    }
}

#[test]
fn numbers_out_of_range_are_refused() {
    for value in [
        json!(-1),
        json!(1.5),
        json!("1e3"),
        json!(1e300),
        json!([1]),
        json!("1.5"),
        json!("1."),
        json!(".0"),
        json!("NaN"),
    ] {
        let mut fields = fields(&json!({ "n": value }));
        assert_eq!(fields.whole("n", 1000), None);
        assert!(fields.finish().is_err());
    }
}

//! The fields of a body, and the custom fields among them.

use std::collections::BTreeSet;

use secrecy::ExposeSecret;
use serde_json::{Map, Value};

use standins::json;

use shared::{
    clock,
    domain::{
        custom_field::{CustomField, FieldType},
        lead_setup::LeadSetup,
    },
    http::{
        custom_fields::Mode,
        fields::{Fields, MAX_FIELDS, MAX_WHOLE},
        input::{Kept, Member, Secret, Text},
    },
    ids::{EntityId, FieldId, Id},
    json::Json,
};

/// Members of a body that are looked at: what holds for these holds for the rest.
const LOOKED_AT: usize = 12;
const MOST: usize = 40;

/// A reader either gives a value that fits, or refuses the field that it read, or found nothing there; and it does so
/// every time. A custom field's value that was read reads back as itself.
pub fn fields(data: &[u8]) {
    let sent = json(data);
    let Ok(read_whole) = Fields::read(&data.to_vec().into()) else {
        let few = |value: &Value| value.as_object().is_some_and(|map| map.len() <= MAX_FIELDS);
        // Members of one name are one member of the map, and each of them a field.
        let repeats = || data.iter().filter(|byte| **byte == b':').count() > MAX_FIELDS;
        assert!(!sent.as_ref().is_some_and(few) || repeats());
        return;
    };
    let map = match sent {
        Some(Value::Object(map)) => map,
        _ => Map::new(),
    };
    assert!(read_whole.names().iter().eq(map.keys()));
    for name in map.keys().take(LOOKED_AT) {
        for reader in READERS {
            let verdict = read(&map, name, reader);
            assert_eq!(verdict, read(&map, name, reader), "{name}");
        }
    }
    for mode in [Mode::Create, Mode::Patch] {
        custom(&map, mode);
    }
}

/// What a reader made of a field, as text to compare and to read again.
type Verdict = Result<Option<String>, String>;
type Reader = fn(&mut Fields, &str) -> Option<String>;

const READERS: [Reader; 15] = [
    |fields, name| fields.text(name, MOST).inspect(|text| check_text(text)),
    |fields, name| Kept::<Text<MOST>>::read(fields, name).inspect(|text| check_text(text)),
    |fields, name| <Text<MOST> as Member>::read(fields, name).inspect(|text| check_text(text)),
    |fields, name| {
        let secret = <Secret<MOST> as Member>::read(fields, name)?.expose_secret().to_owned();
        assert!(secret.chars().count() <= MOST);
        Some(secret).filter(|secret| !secret.is_empty())
    },
    |fields, name| {
        let whole = fields.whole(name, 1000);
        assert!(whole.is_none_or(|whole| whole <= 1000));
        whole.map(|whole| whole.to_string())
    },
    |fields, name| {
        let whole = fields.whole(name, MAX_WHOLE);
        assert!(whole.is_none_or(|whole| whole <= MAX_WHOLE));
        whole.map(|whole| whole.to_string())
    },
    |fields, name| {
        let number = fields.number(name)?;
        let size = number.as_f64().map_or(f64::NAN, f64::abs);
        // What DynamoDB keeps of a number: <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html>.
        assert!(size == 0.0 || (1e-130..=999_999_999_999_999.0).contains(&size), "{number}");
        assert_eq!(json(number.to_string()), Some(Value::from(number.clone())));
        Some(number.to_string())
    },
    |fields, name| fields.flag(name).map(|flag| flag.to_string()),
    |fields, name| {
        let id = fields.id::<Id>(name)?;
        assert_eq!(id.to_string().parse(), Ok(id));
        Some(id.to_string())
    },
    |fields, name| fields.one_of(name, &["new", "paid"], |word| Some(word.to_owned())),
    |fields, name| {
        let text = fields.verbatim(name, MOST)?;
        assert!(text.len() <= MOST);
        Some(text)
    },
    |fields, name| {
        let at = fields.moment(name)?;
        assert!((clock::FIRST..=clock::LAST).contains(&at), "{at:?}");
        assert_eq!(clock::parse_iso(&clock::iso_millis(at)), Some(at));
        Some(clock::iso_millis(at))
    },
    |fields, name| {
        let day = fields.date(name)?;
        assert_eq!(clock::parse_day(&day).as_ref(), Some(&day));
        Some(day)
    },
    |fields, name| {
        let url = fields.url(name)?;
        assert!(
            matches!(url.scheme(), "http" | "https") && url.host_str().is_some_and(|host| !host.is_empty())
        );
        assert!(url.username().is_empty() && url.password().is_none());
        assert_eq!(url::Url::parse(url.as_str()).as_ref(), Ok(&url));
        Some(url.into())
    },
    |fields, name| fields.json(name).map(Json::into_string),
];

fn check_text(text: &str) {
    assert!(
        (1..=MOST).contains(&text.chars().count()) && text.trim() == text && !text.contains('\0'),
        "{text:?}"
    );
}

fn read(map: &Map<String, Value>, name: &str, reader: Reader) -> Verdict {
    let mut fields = of(map);
    let value = reader(&mut fields, name);
    let refused = fields.is_refused(name);
    assert!(value.is_none() || !refused, "{name} is taken and refused");
    let blank = match map.get(name) {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.trim().is_empty(),
        Some(_) => false,
    };
    assert!(value.is_some() || refused || blank, "{name} is neither taken nor refused");
    match fields.finish() {
        Ok(()) => Ok(value),
        Err(error) => {
            assert_eq!(error.by_field().into_keys().collect::<Vec<_>>(), [name], "another field is blamed");
            Err(error.to_string())
        }
    }
}

fn of(map: &Map<String, Value>) -> Fields {
    Fields::read(&Value::Object(map.clone()).to_string().into()).unwrap_or_default()
}

/// One custom field of every type, named like the members of the body.
fn custom(map: &Map<String, Value>, mode: Mode) {
    let field = |(at, (name, field_type)): (u64, (&String, FieldType))| CustomField {
        id: FieldId::of(Id::from_u64(at).unwrap_or(Id::SMALLEST)),
        label: name.clone(),
        machine_name: name.clone(),
        field_type,
        options: if field_type == FieldType::Select { vec!["Low".into(), "High".into()] } else { vec![] },
        required: at.is_multiple_of(2),
    };
    let fields = (1..).zip(map.keys().take(LOOKED_AT).zip(FieldType::ALL)).map(field).collect();
    let setup = LeadSetup { fields, ..LeadSetup::default() };
    let names: BTreeSet<&str> = setup.machine_names().collect();
    let mut sent = of(map);
    let values = setup.read_values(&mut sent, mode);
    if let Err(error) = sent.finish() {
        assert!(error.by_field().keys().all(|name| names.contains(name)), "{error}");
        return;
    }
    let back = setup.show_values(&values);
    let mut again = of(&back);
    let mut read = setup.read_values(&mut again, mode);
    read.retain(|_, value| !value.is_null());
    let mut values = values;
    values.retain(|_, value| !value.is_null());
    assert_eq!(read, values, "a value that was shown is another one when it is sent back");
}

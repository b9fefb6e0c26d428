//! Items to and from DynamoDB's attribute values. Its one rule: an integer stays exact, because an id is one.
//!
//! A float comes back as an integer when it is one (`5.0` as `5`): DynamoDB keeps numbers, not their spelling.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Map, Value};

use crate::store::{Attrs, Item, Key, StoreError, number};

pub(super) const PK: &str = "pk";
pub(super) const SK: &str = "sk";

/// An item as the service returns it.
pub(super) type Raw = HashMap<String, AttributeValue>;

pub(super) fn raw_key(key: &Key) -> Raw {
    [(PK, key.pk()), (SK, key.sk())]
        .into_iter()
        .map(|(name, part)| (name.to_owned(), AttributeValue::S(part.to_owned())))
        .collect()
}

pub(super) fn raw_item(key: &Key, attrs: &Attrs) -> Raw {
    let mut raw = raw_key(key);
    raw.extend(attrs.iter().map(|(name, value)| (name.clone(), encode(value))));
    raw
}

/// Takes an item apart. What this code never writes (no key, sets, binary) is [`StoreError::Corrupt`].
pub(super) fn item(mut raw: Raw) -> Result<Item, StoreError> {
    let key = take_key(&mut raw)?;
    let attrs = raw
        .into_iter()
        .map(|(name, value)| decode(value).map(|value| (name, value)))
        .collect::<Result<Attrs, _>>()?;
    Ok(Item::new(key, attrs))
}

pub(super) fn take_key(raw: &mut Raw) -> Result<Key, StoreError> {
    match (raw.remove(PK), raw.remove(SK)) {
        (Some(AttributeValue::S(pk)), Some(AttributeValue::S(sk))) => Ok(Key { pk, sk }),
        _ => Err(StoreError::Corrupt("an item without its key".into())),
    }
}

pub(super) fn encode(value: &Value) -> AttributeValue {
    match value {
        Value::Null => AttributeValue::Null(true),
        Value::Bool(flag) => AttributeValue::Bool(*flag),
        Value::Number(number) => AttributeValue::N(number.to_string()),
        Value::String(text) => AttributeValue::S(text.clone()),
        Value::Array(items) => AttributeValue::L(items.iter().map(encode).collect()),
        Value::Object(map) => {
            AttributeValue::M(map.iter().map(|(name, value)| (name.clone(), encode(value))).collect())
        }
    }
}

pub(super) fn decode(value: AttributeValue) -> Result<Value, StoreError> {
    Ok(match value {
        AttributeValue::Null(_) => Value::Null,
        AttributeValue::Bool(flag) => Value::Bool(flag),
        AttributeValue::N(text) => {
            let number = number::read(&text);
            Value::Number(number.ok_or_else(|| StoreError::Corrupt(format!("not a number: {text}")))?)
        }
        AttributeValue::S(text) => Value::String(text),
        AttributeValue::L(items) => Value::Array(items.into_iter().map(decode).collect::<Result<_, _>>()?),
        AttributeValue::M(map) => Value::Object(
            map.into_iter()
                .map(|(name, value)| decode(value).map(|value| (name, value)))
                .collect::<Result<Map<_, _>, _>>()?,
        ),
        other => return Err(StoreError::Corrupt(format!("an attribute of an unknown type: {other:?}"))),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_kind_of_value_comes_back_as_it_was() {
        let value = json!({
            "null": null, "flag": true, "text": "", "list": [1, "two", [3.5], {}],
            "least": i64::MIN, "most": u64::MAX, "id": 9_007_199_254_740_993_u64, "tiny": 1.5e-7, "pi": 0.1,
        });
        assert_eq!(decode(encode(&value)).unwrap(), value);
    }

    #[test]
    fn what_this_code_never_writes_is_corrupt() {
        for foreign in [AttributeValue::Ss(vec!["a".into()]), AttributeValue::N("one".into())] {
            assert!(matches!(decode(foreign), Err(StoreError::Corrupt(_))));
        }
        assert!(matches!(item(Raw::new()), Err(StoreError::Corrupt(_))));
    }
}

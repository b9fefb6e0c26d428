//! n8n's stored form of execution data: a JSON array in which every object, array and string stands once and is named
//! elsewhere by its position, written as a string ("flatted"). `[{"a":"1","n":5},"text"]` means `{"a":"text","n":5}`.
//!
//! This is a deserializer over that pool, so the same takers read both forms. The pool may share values and may hold
//! cycles; a budget of bytes, in proportion to the text, ends every walk.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

use serde::de::{
    Deserializer, Error as _, IntoDeserializer, MapAccess, SeqAccess, Visitor, value::CowStrDeserializer,
};
use serde::forward_to_deserialize_any;
use serde_json::Error;
use serde_json::value::RawValue;

use super::lenient::Key;

/// What is shared is read once per mention, so a walk reads more than the text has: in real data about three times as
/// much. Past this factor the walk is going round, or a large value is mentioned thousands of times.
const BYTES_PER_BYTE: usize = 16;

/// The values of one flatted text, undecoded: 16 bytes each besides the text itself.
pub(super) struct Pool<'a> {
    values: Vec<&'a RawValue>,
    left: Cell<usize>,
}

impl<'a> Pool<'a> {
    /// Splits the text; `None` if it is not a JSON array that starts with an object or an array.
    pub(super) fn split(text: &'a str) -> Option<Self> {
        let values: Vec<&RawValue> = serde_json::from_str(text).ok()?;
        matches!(values.first()?.get().as_bytes().first(), Some(b'{' | b'['))
            .then(|| Self { left: Cell::new(text.len().saturating_mul(BYTES_PER_BYTE)), values })
    }

    /// The value that everything hangs on.
    pub(super) fn root(&self) -> Node<'_, 'a> {
        Node { pool: self, raw: self.values.first().map_or("null", |value| value.get()) }
    }

    /// A value inside an object or array: text names a value of the pool, anything else is itself.
    fn member(&self, raw: &'a RawValue) -> Node<'_, 'a> {
        let raw = raw.get();
        let named = raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        let raw = match named {
            None => raw,
            Some(position) => position
                .parse()
                .ok()
                .and_then(|at: usize| self.values.get(at))
                .map_or("null", |value| value.get()),
        };
        Node { pool: self, raw }
    }
}

/// One value of the pool, ready to be read.
pub(super) struct Node<'p, 'a> {
    pool: &'p Pool<'a>,
    raw: &'a str,
}

impl<'de> Deserializer<'de> for Node<'_, 'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let left = self
            .pool
            .left
            .get()
            .checked_sub(self.raw.len())
            .ok_or_else(|| Error::custom("flatted data goes round"))?;
        self.pool.left.set(left);
        match self.raw.as_bytes().first() {
            Some(b'{') => {
                let Pairs(pairs) = serde_json::from_str(self.raw)?;
                visitor.visit_map(Entries { pool: self.pool, pairs: pairs.into_iter(), value: None })
            }
            Some(b'[') => {
                let items: Vec<&RawValue> = serde_json::from_str(self.raw)?;
                visitor.visit_seq(Items { pool: self.pool, items: items.into_iter() })
            }
            _ => serde_json::Deserializer::from_str(self.raw).deserialize_any(visitor),
        }
    }

    /// A value that nobody wants costs nothing, however much hangs on it.
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier
    }
}

/// The entries of one flat object in their order.
struct Pairs<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> serde::Deserialize<'de> for Pairs<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PairsVisitor;
        impl<'de> Visitor<'de> for PairsVisitor {
            type Value = Pairs<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a flat object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some((key, value)) = map.next_entry::<Key<'de>, &'de RawValue>()? {
                    pairs.push((key.0, value));
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(PairsVisitor)
    }
}

struct Entries<'p, 'a> {
    pool: &'p Pool<'a>,
    pairs: std::vec::IntoIter<(Cow<'a, str>, &'a RawValue)>,
    value: Option<&'a RawValue>,
}

impl<'a> MapAccess<'a> for Entries<'_, 'a> {
    type Error = Error;

    fn next_key_seed<K: serde::de::DeserializeSeed<'a>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        let Some((key, value)) = self.pairs.next() else { return Ok(None) };
        self.value = Some(value);
        let key: CowStrDeserializer<'a, Error> = key.into_deserializer();
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<V: serde::de::DeserializeSeed<'a>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let raw = self.value.take().ok_or_else(|| Error::custom("a value before its key"))?;
        seed.deserialize(self.pool.member(raw))
    }
}

struct Items<'p, 'a> {
    pool: &'p Pool<'a>,
    items: std::vec::IntoIter<&'a RawValue>,
}

impl<'a> SeqAccess<'a> for Items<'_, 'a> {
    type Error = Error;

    fn next_element_seed<T: serde::de::DeserializeSeed<'a>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        self.items.next().map(|raw| seed.deserialize(self.pool.member(raw))).transpose()
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize as _;
    use serde_json::{Value, json};

    use super::*;

    fn unfold(text: &str) -> Result<Value, Error> {
        Value::deserialize(Pool::split(text).unwrap().root())
    }

    #[test]
    fn names_are_followed_and_plain_values_stay() {
        let text = r#"[{"a":"1","n":5,"l":"2","t":true,"z":null},"te\"xt",["1",7,"3"],{"a":"1"}]"#;
        assert_eq!(
            unfold(text).unwrap(),
            json!({"a": "te\"xt", "n": 5, "l": ["te\"xt", 7, {"a": "te\"xt"}], "t": true, "z": null})
        );
    }

    #[test]
    fn a_name_that_points_nowhere_is_null() {
        assert_eq!(
            unfold(r#"[{"a":"9","b":"x","c":"-1"}]"#).unwrap(),
            json!({"a": null, "b": null, "c": null})
        );
    }

    #[test]
    fn a_cycle_and_a_fan_of_shared_values_both_end() {
        assert!(unfold(r#"[{"self":"0"}]"#).is_err());
        let mut fan: Vec<Value> = (1..200).map(|next| json!([next.to_string(), next.to_string()])).collect();
        fan.push(json!([]));
        assert!(unfold(&Value::from(fan).to_string()).is_err());
    }

    /// Counted by visits it would pass: there are as many values as mentions, but each mention reads the large one again.
    #[test]
    fn a_large_value_that_is_mentioned_often_ends_too() {
        let mut pool = vec![Value::from(vec!["1"; 1_000]), json!({ "a".repeat(10_000): 1 })];
        assert!(unfold(&Value::from(pool.clone()).to_string()).is_err());
        pool[0] = Value::from(vec!["1"; 10]);
        assert!(unfold(&Value::from(pool).to_string()).is_ok());
    }

    #[test]
    fn what_is_not_a_pool_is_refused() {
        for text in ["", "{}", "[]", "[1]", "[\"1\"]", "hello", "[{}"] {
            assert!(Pool::split(text).is_none(), "{text}");
        }
    }
}

//! n8n's stored form of execution data: a JSON array in which every object, array and string stands once and is named
//! elsewhere by its position, written as a string ("flatted"). `[{"a":"1","n":5},"text"]` means `{"a":"text","n":5}`.
//!
//! This is a deserializer over that pool, so the same takers read both forms. The pool may share values and may hold
//! cycles; a budget of bytes to go over, in proportion to the pool, ends every walk.

use std::cell::Cell;

use serde::de::{
    Deserializer, Error as _, IntoDeserializer, MapAccess, SeqAccess, Visitor, value::CowStrDeserializer,
};
use serde::forward_to_deserialize_any;
use serde_json::Error;

use crate::json::{Items, Kind, Members, Part, Text};

/// Shared values are visited once per mention, so a walk goes over more bytes than the pool has: in real data over about
/// three times as many. Past this factor the walk is going round.
const STEPS_PER_BYTE: usize = 16;

/// The values of one flatted text, undecoded: four bytes each besides the text itself.
pub(super) struct Pool<'a> {
    list: Part<'a>,
    /// Where each value begins in the text of the list.
    values: Vec<u32>,
    steps: Cell<usize>,
}

impl<'a> Pool<'a> {
    /// Splits the text; `None` if it is not a JSON array that starts with an object or an array.
    pub(super) fn split(text: &'a Text<'_>) -> Option<Self> {
        let list = text.root();
        let first = list.items().next()?;
        if !first.is_object() && !first.is_list() {
            return None;
        }
        let mut values = Vec::with_capacity(list.items().count());
        for item in list.items() {
            values.push(u32::try_from(list.position_of(item)?).ok()?);
        }
        let steps = Cell::new(list.as_str().len().saturating_mul(STEPS_PER_BYTE));
        Some(Self { list, values, steps })
    }

    /// The value that everything hangs on.
    pub(super) fn root(&self) -> Node<'_, 'a> {
        Node { pool: self, place: Place::Pooled(0) }
    }

    /// A value inside an object or array: text names a value of the pool, anything else is itself.
    fn member(&self, part: Part<'a>) -> Node<'_, 'a> {
        let place = match part.text() {
            None => Place::Here(part),
            Some(position) => position.parse().map_or(Place::Here(Part::NULL), Place::Pooled),
        };
        Node { pool: self, place }
    }
}

/// One value of the pool, ready to be read.
pub(super) struct Node<'p, 'a> {
    pool: &'p Pool<'a>,
    place: Place<'a>,
}

enum Place<'a> {
    Here(Part<'a>),
    /// Found when it is wanted: where it ends is known only from its text.
    Pooled(usize),
}

impl<'a> Node<'_, 'a> {
    fn part(&self) -> Part<'a> {
        match self.place {
            Place::Here(part) => part,
            Place::Pooled(number) => {
                let from = self.pool.values.get(number).and_then(|from| usize::try_from(*from).ok());
                from.and_then(|from| self.pool.list.value_at(from)).unwrap_or(Part::NULL)
            }
        }
    }
}

impl<'de> Deserializer<'de> for Node<'_, 'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let part = self.part();
        let steps = self.pool.steps.get().checked_sub(part.as_str().len());
        self.pool.steps.set(steps.ok_or_else(|| Error::custom("flatted data goes round"))?);
        match part.kind() {
            Kind::Object(members) => visitor.visit_map(Entries { pool: self.pool, members, value: None }),
            Kind::List(items) => visitor.visit_seq(Elements { pool: self.pool, items }),
            Kind::Text(text) => {
                let text: CowStrDeserializer<'de, Error> = text.into_deserializer();
                text.deserialize_any(visitor)
            }
            Kind::Flag(flag) => visitor.visit_bool(flag),
            Kind::Number(_) => match part.number() {
                Some(number) => number.deserialize_any(visitor),
                None => visitor.visit_unit(),
            },
            Kind::Null => visitor.visit_unit(),
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
struct Entries<'p, 'a> {
    pool: &'p Pool<'a>,
    members: Members<'a>,
    value: Option<Part<'a>>,
}

impl<'a> MapAccess<'a> for Entries<'_, 'a> {
    type Error = Error;

    fn next_key_seed<K: serde::de::DeserializeSeed<'a>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        let Some((key, value)) = self.members.next() else { return Ok(None) };
        self.value = Some(value);
        let key: CowStrDeserializer<'a, Error> = key.into_deserializer();
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<V: serde::de::DeserializeSeed<'a>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let part = self.value.take().ok_or_else(|| Error::custom("a value before its key"))?;
        seed.deserialize(self.pool.member(part))
    }
}

struct Elements<'p, 'a> {
    pool: &'p Pool<'a>,
    items: Items<'a>,
}

impl<'a> SeqAccess<'a> for Elements<'_, 'a> {
    type Error = Error;

    fn next_element_seed<T: serde::de::DeserializeSeed<'a>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        self.items.next().map(|part| seed.deserialize(self.pool.member(part))).transpose()
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize as _;
    use serde_json::{Value, json};

    use super::*;
    use crate::json::{self, Tree};

    fn unfold(text: &str) -> Result<Value, Error> {
        let text = json::walked(text.as_bytes()).unwrap();
        Tree::deserialize(Pool::split(&text).unwrap().root()).map(|Tree(value)| value)
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
            let read = json::walked(text.as_bytes());
            assert!(read.is_err() || Pool::split(&read.unwrap()).is_none(), "{text}");
        }
    }
}

//! Fields that hold more: lists, objects, other inputs, any JSON.

use serde_json::Value;

use super::{Asked, Declared, Field, Input, describe};
use crate::{
    http::{
        fields::{Fields, code},
        input,
    },
    json::Json,
};

/// A list of at most `MOST` items. What is wrong with one is named by its place: `items[3].quantity`.
pub struct List<F, const MOST: usize>(F);

impl<F: Field, const MOST: usize> Field for List<F, MOST> {
    type Value = Vec<F::Value>;

    fn read(fields: &mut Fields, name: &str) -> Option<Self::Value> {
        fields.list(name, MOST, F::read)
    }

    fn schema(asked: Asked) -> Value {
        let items = F::schema(asked.item());
        describe::list(asked, items, 0, MOST)
    }
}

/// An object with the fields of another input.
pub struct Nested<T>(T);

impl<T: Input + Declared> Field for Nested<T> {
    type Value = T;

    fn read(fields: &mut Fields, name: &str) -> Option<T> {
        fields.object(name, |inner| {
            input::begin::<T>(inner);
            T::open(inner)
        })
    }

    fn schema(asked: Asked) -> Value {
        let mut schema = describe::object::<T>(asked.strict);
        let types = describe::holding(asked, "object");
        for (key, value) in types.as_object().into_iter().flatten() {
            schema[key] = value.clone();
        }
        schema
    }
}

/// Any JSON value as it was sent; text that holds a JSON object or list is decoded.
impl Field for Json {
    type Value = Self;

    fn read(fields: &mut Fields, name: &str) -> Option<Self> {
        fields.json(name)
    }

    fn schema(asked: Asked) -> Value {
        describe::anything(asked)
    }
}

/// A JSON object.
pub struct Object;

impl Field for Object {
    type Value = Json;

    fn read(fields: &mut Fields, name: &str) -> Option<Json> {
        let sent = fields.json(name)?;
        if !sent.part().is_object() {
            fields.refuse_as(name, code::TYPE, "must be an object");
            return None;
        }
        Some(sent)
    }

    fn schema(asked: Asked) -> Value {
        describe::holding(asked, "object")
    }
}

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

/// A list of `LEAST` to `MOST` items. What is wrong with one is named by its place: `items[3].quantity`.
pub struct List<F, const MOST: usize, const LEAST: usize = 0>(F);

impl<F: Field, const MOST: usize, const LEAST: usize> Field for List<F, MOST, LEAST> {
    type Value = Vec<F::Value>;

    fn read(fields: &mut Fields, name: &str) -> Option<Self::Value> {
        let list = fields.list(name, MOST, F::read)?;
        if list.len() < LEAST && !fields.is_refused(name) {
            fields.refuse_as(name, code::REQUIRED, format!("must have at least {LEAST} item"));
            return None;
        }
        Some(list)
    }

    fn schema(asked: Asked) -> Value {
        let items = F::schema(asked.item());
        describe::list(asked, items, LEAST, MOST)
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

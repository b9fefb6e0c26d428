//! Fields that are numbers, flags, or ids of our own.

use std::marker::PhantomData;

use serde_json::{Value, json};

use super::{Asked, Field};
use crate::{
    http::fields::{Fields, MAX_WHOLE, code},
    ids::EntityId,
};

/// A flag as text, in any case.
const FLAG: &str = "[Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]|[Yy][Ee][Ss]|[Nn][Oo]|[Oo][Nn]|[Oo][Ff][Ff]|[01]";
/// An id as text: its digits, as `<prefix>_<base 62>`, 24 hex digits, or a UUID (`ids::Id`).
const ID: &str = "[1-9][0-9]{0,14}|[a-z]{1,20}_[1-9A-Za-z][0-9A-Za-z]{0,7}|0{12}[0-9a-f]{11}[1-9a-f]|00000000-0000-8000-80[01][0-9a-f]-[0-9a-f]{11}[1-9a-f]";
const NUMBER: &str = r"[+-]?[0-9]+(\.[0-9]+)?([Ee][+-]?[0-9]+)?";

/// Adds how a value may be written as text, where it may.
fn or_text(asked: Asked, mut schema: Value, pattern: &str, most: usize) -> Value {
    if !asked.strict {
        schema["pattern"] = asked.pattern(pattern);
        schema["maxLength"] = json!(most);
    }
    schema
}

/// True or false.
pub struct Flag;

impl Field for Flag {
    type Value = bool;

    fn read(fields: &mut Fields, name: &str) -> Option<bool> {
        fields.flag(name)
    }

    fn schema(asked: Asked) -> Value {
        let mut schema = json!({ "type": asked.types("boolean", &["integer", "string"]) });
        if !asked.strict {
            schema["format"] = json!("int32");
            schema["minimum"] = json!(0);
            schema["maximum"] = json!(1);
        }
        or_text(asked, schema, FLAG, 20)
    }
}

/// A whole number from 0 to `MAX`.
pub struct Whole<const MAX: u64 = MAX_WHOLE>;

impl<const MAX: u64> Field for Whole<MAX> {
    type Value = u64;

    fn read(fields: &mut Fields, name: &str) -> Option<u64> {
        fields.whole(name, MAX)
    }

    fn schema(asked: Asked) -> Value {
        whole(asked, 0, MAX)
    }
}

/// A whole number from `MIN` to `MAX`.
pub struct Between<const MIN: u32, const MAX: u32>;

impl<const MIN: u32, const MAX: u32> Field for Between<MIN, MAX> {
    type Value = u32;

    fn read(fields: &mut Fields, name: &str) -> Option<u32> {
        let number = fields.whole(name, MAX.into()).and_then(|number| u32::try_from(number).ok())?;
        if number < MIN {
            fields.refuse_as(name, code::TOO_SMALL, format!("must be at least {MIN}"));
            return None;
        }
        Some(number)
    }

    fn schema(asked: Asked) -> Value {
        whole(asked, MIN.into(), MAX.into())
    }
}

fn whole(asked: Asked, least: u64, most: u64) -> Value {
    // As many digits as every number of that length may have, and the greatest.
    let text = match most.to_string().len() {
        1 => format!(r"[0-{most}](\.0+)?"),
        digits => format!(r"([0-9]{{1,{}}}|{most})(\.0+)?", digits - 1),
    };
    let schema = json!({
        "type": asked.types("integer", &["string"]), "format": "int64", "minimum": least, "maximum": most,
    });
    or_text(asked, schema, &text, 40)
}

/// A number of at most 999,999,999,999,999 either way.
pub struct Number;

impl Field for Number {
    type Value = serde_json::Number;

    fn read(fields: &mut Fields, name: &str) -> Option<serde_json::Number> {
        fields.number(name)
    }

    fn schema(asked: Asked) -> Value {
        number(
            asked,
            &json!(-999_999_999_999_999_i64),
            &json!(999_999_999_999_999_i64),
            r"[+-]?[0-9]{1,15}(\.[0-9]+)?",
        )
    }
}

/// A number between the two, which as text is written like this.
pub fn number(asked: Asked, least: &Value, most: &Value, text: &str) -> Value {
    let schema = json!({
        "type": asked.types("number", &["string"]), "format": "double", "minimum": least, "maximum": most,
    });
    or_text(asked, schema, text, 400)
}

/// Any number, for what brings it inside its bounds.
pub(super) fn any_number(asked: Asked) -> Value {
    or_text(asked, json!({ "type": asked.types("number", &["string"]) }), NUMBER, 400)
}

/// An id as a number or as text, in any rendering.
impl<I: EntityId> Field for I {
    type Value = Self;

    fn read(fields: &mut Fields, name: &str) -> Option<Self> {
        fields.id(name)
    }

    fn schema(asked: Asked) -> Value {
        id(asked, 1, ID)
    }
}

/// An id of this kind, or 0 for none of them.
pub struct IdOrNone<I>(PhantomData<I>);

impl<I: EntityId> Field for IdOrNone<I> {
    type Value = Option<I>;

    fn read(fields: &mut Fields, name: &str) -> Option<Option<I>> {
        fields.id_or_none(name)
    }

    fn schema(asked: Asked) -> Value {
        id(asked, 0, &format!("0|{ID}"))
    }
}

/// Also where nothing else is read to the letter: an id has several renderings.
fn id(asked: Asked, least: u8, text: &str) -> Value {
    let mut types = vec!["integer", "string"];
    types.extend(asked.null().then_some("null"));
    json!({
        "type": types, "format": "int64", "minimum": least, "maximum": MAX_WHOLE, "pattern": asked.pattern(text),
        "maxLength": 64,
    })
}

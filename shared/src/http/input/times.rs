//! Fields that are days or moments.

use serde_json::{Value, json};

use super::{Asked, Field, describe::formed};
use crate::{
    clock::{LAST, Millis},
    http::fields::Fields,
};

const DAY_OR_TIME: &str = r"[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ]\S+( [+-]\S+)?)?";
/// A name of our own: those of JSON Schema would forbid the mere day.
const FORMAT: &str = "day-or-time";

/// RFC 3339, or a day for its beginning in UTC.
pub struct Time;

impl Field for Time {
    type Value = Millis;

    fn read(fields: &mut Fields, name: &str) -> Option<Millis> {
        fields.time(name)
    }

    fn schema(asked: Asked) -> Value {
        formed(asked, FORMAT, DAY_OR_TIME, 40)
    }
}

/// RFC 3339, or a day for its end in UTC: the last moment of a span of time, which is part of it.
pub struct Until;

impl Field for Until {
    type Value = Millis;

    fn read(fields: &mut Fields, name: &str) -> Option<Millis> {
        fields.until(name)
    }

    fn schema(asked: Asked) -> Value {
        Time::schema(asked)
    }
}

/// A day, written as such or as a time of that day.
pub struct Date;

impl Field for Date {
    type Value = String;

    fn read(fields: &mut Fields, name: &str) -> Option<String> {
        fields.date(name)
    }

    fn schema(asked: Asked) -> Value {
        formed(asked, FORMAT, DAY_OR_TIME, 40)
    }
}

/// A day or a moment: a date, RFC 3339, or a Unix time in seconds or milliseconds, as a number or as its digits.
pub struct Moment;

impl Field for Moment {
    type Value = Millis;

    fn read(fields: &mut Fields, name: &str) -> Option<Millis> {
        fields.moment(name)
    }

    fn schema(asked: Asked) -> Value {
        moment(asked)
    }
}

/// The beginning, in UTC, of a day that is sent like a [`Moment`]: of the day that was written, whatever the offset.
pub struct Day;

impl Field for Day {
    type Value = Millis;

    fn read(fields: &mut Fields, name: &str) -> Option<Millis> {
        fields.day(name)
    }

    fn schema(asked: Asked) -> Value {
        moment(asked)
    }
}

fn moment(asked: Asked) -> Value {
    let mut types = vec!["integer", "string"];
    types.extend(asked.null().then_some("null"));
    json!({
        "type": types, "format": FORMAT, "minimum": 0, "maximum": LAST.0, "maxLength": 40,
        "pattern": asked.pattern(&format!("{DAY_OR_TIME}|[0-9]{{1,11}}")),
    })
}

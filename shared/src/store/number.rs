//! Numbers as DynamoDB keeps them: the value, not its spelling.

use serde_json::{Number, Value};

/// Makes every float that is an integer one: what goes in as `1.0` comes out as `1`.
pub fn canonical(value: &mut Value) {
    match value {
        Value::Number(number) => {
            if let Some(whole) = number.as_f64().filter(|_| number.is_f64()).and_then(whole) {
                *number = Number::from(whole);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(canonical),
        Value::Object(map) => map.values_mut().for_each(canonical),
        _ => {}
    }
}

#[expect(clippy::cast_possible_truncation, reason = "only within the range where the cast is exact")]
fn whole(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0).then_some(number as i64)
}

/// The number that digits of DynamoDB's mean: an integer stays exact, because an id is one.
#[cfg(any(feature = "aws", feature = "testing"))]
pub fn read(digits: &str) -> Option<Number> {
    let float = || digits.parse().ok().and_then(Number::from_f64);
    let integer =
        digits.parse::<i64>().map(Number::from).or_else(|_| digits.parse::<u64>().map(Number::from));
    integer.ok().or_else(float)
}

#[cfg(all(test, any(feature = "aws", feature = "testing")))]
mod tests {
    use super::*;

    #[test]
    fn a_number_too_large_for_an_integer_becomes_a_float() {
        assert_eq!(read("100000000000000000000"), Number::from_f64(1e20));
        assert_eq!(read("1E+30"), Number::from_f64(1e30));
    }
}

//! Conditions and changes as data: each engine renders or evaluates them; nobody writes expression strings.

use serde_json::Value;

use super::Attrs;

/// When a write may happen.
#[derive(Debug, Clone, PartialEq)]
pub enum Cond {
    Always,
    /// No item stands under the key.
    Absent,
    /// An item stands under the key.
    Exists,
    /// The attribute equals the value.
    Eq(String, Value),
    /// The attribute exists and is less than the number.
    Lt(String, i64),
    /// The attribute exists and is at most the number.
    Le(String, i64),
    /// The attribute does not exist (also when the item does not).
    Missing(String),
    /// The attribute exists.
    Has(String),
    All(Vec<Cond>),
    Any(Vec<Cond>),
}

impl Cond {
    pub fn eq(name: &str, value: impl Into<Value>) -> Self {
        Self::Eq(name.into(), value.into())
    }

    pub fn lt(name: &str, value: i64) -> Self {
        Self::Lt(name.into(), value)
    }

    pub fn le(name: &str, value: i64) -> Self {
        Self::Le(name.into(), value)
    }

    pub fn missing(name: &str) -> Self {
        Self::Missing(name.into())
    }

    pub fn has(name: &str) -> Self {
        Self::Has(name.into())
    }

    /// The item still has this version.
    pub fn version(version: u64) -> Self {
        Self::eq(super::attr::VERSION, version)
    }

    /// Decides the condition against the item as it stands.
    pub fn holds(&self, item: Option<&Attrs>) -> bool {
        let number = |name: &str| item.and_then(|attrs| attrs.get(name)).and_then(Value::as_i64);
        match self {
            Self::Always => true,
            Self::Absent => item.is_none(),
            Self::Exists => item.is_some(),
            Self::Eq(name, value) => item.and_then(|attrs| attrs.get(name)) == Some(value),
            Self::Lt(name, value) => number(name).is_some_and(|found| found < *value),
            Self::Le(name, value) => number(name).is_some_and(|found| found <= *value),
            Self::Missing(name) => item.is_none_or(|attrs| !attrs.contains_key(name)),
            Self::Has(name) => item.is_some_and(|attrs| attrs.contains_key(name)),
            Self::All(all) => all.iter().all(|cond| cond.holds(item)),
            Self::Any(any) => any.iter().any(|cond| cond.holds(item)),
        }
    }
}

/// A change of one top-level attribute.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    Set(String, Value),
    Remove(String),
    /// Adds to a number; an absent attribute counts as 0.
    Add(String, i64),
}

impl Change {
    pub fn set(name: &str, value: impl Into<Value>) -> Self {
        Self::Set(name.into(), value.into())
    }

    pub fn remove(name: &str) -> Self {
        Self::Remove(name.into())
    }

    pub fn add(name: &str, value: i64) -> Self {
        Self::Add(name.into(), value)
    }
}

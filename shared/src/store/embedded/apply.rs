//! One write against the item as it stands. Its one rule: the decision is pure; only [`commit`] touches the database.

use rusqlite::Connection;
use serde_json::Value;

use super::{cost, row};
use crate::store::number::canonical;
use crate::store::{
    Action, Attrs, Change, Item, Key, Label, Refusal, StoreError, Write, attr, check, limits,
    meter::Partitions,
};

/// A write decided: what is there before and after, and what it costs.
pub(super) struct Decided {
    pub(super) key: Key,
    pub(super) label: Label,
    pub(super) old: Option<Attrs>,
    pub(super) effect: Effect,
    /// Units of the table; a refused write costs them as well.
    pub(super) table_units: f64,
    /// Units of the indexes; only a write that takes place costs them.
    pub(super) index_units: f64,
}

pub(super) enum Effect {
    Store {
        attrs: Attrs,
        bytes: usize,
    },
    Remove,
    /// A condition without a change.
    Nothing,
    Refused,
}

impl Decided {
    /// Counts the units where they are spent; those of the due index are spread by its shards.
    pub(super) fn charge(&self, partitions: &Partitions, times: f64) {
        partitions.add(self.key.pk(), times * self.table_units);
        if let Effect::Store { attrs, .. } = &self.effect
            && let Some(shown) = attrs.get(attr::GSI1_PK).and_then(Value::as_str)
        {
            partitions.add(&format!("gsi1 {shown}"), self.index_units);
        }
    }

    /// What the write adds to the size of its transaction.
    pub(super) fn bytes(&self) -> usize {
        match &self.effect {
            Effect::Store { bytes, .. } => *bytes,
            _ => limits::item_bytes(&self.key, self.old.as_ref().unwrap_or(&Attrs::new())),
        }
    }

    /// What is said of it when its condition does not hold.
    pub(super) fn refusal(self) -> Refusal {
        Refusal { label: self.label, current: self.current() }
    }

    /// The item that stands under the key.
    pub(super) fn current(self) -> Option<Item> {
        let key = self.key;
        self.old.map(|attrs| Item::new(key, attrs))
    }
}

/// Reads the item and decides the write against it. The write has passed [`check::write`].
pub(super) fn decide(conn: &Connection, write: Write) -> Result<Decided, StoreError> {
    let Write { key, action, cond, label, drawn: _, phase: _ } = write;
    let old = row::find(conn, key.clone())?.map(Item::into_attrs).transpose()?;
    let holds = cond.holds(old.as_ref());
    let new = match action {
        Action::Put(mut attrs) => {
            attrs.values_mut().for_each(canonical);
            Some(attrs)
        }
        Action::Update(changes) => match changed(old.clone().unwrap_or_default(), changes) {
            Ok(attrs) => Some(attrs),
            // What cannot be applied matters only where it would be.
            Err(_) if !holds => old.clone(),
            Err(error) => return Err(error),
        },
        Action::Delete => None,
        Action::Check => {
            let table_units = cost::table(&key, old.as_ref(), None);
            let effect = if holds { Effect::Nothing } else { Effect::Refused };
            return Ok(Decided { key, label, old, effect, table_units, index_units: 0.0 });
        }
    };
    let table_units = cost::table(&key, old.as_ref(), new.as_ref());
    if !holds {
        return Ok(Decided { key, label, old, effect: Effect::Refused, table_units, index_units: 0.0 });
    }
    let index_units = cost::indexes(&key, old.as_ref(), new.as_ref());
    let effect = match new {
        Some(attrs) => Effect::Store { bytes: check::item(&key, &attrs)?, attrs },
        None => Effect::Remove,
    };
    Ok(Decided { key, label, old, effect, table_units, index_units })
}

/// Carries out what was decided. Returns the item as it stands afterwards; after a delete, as it was before.
pub(super) fn commit(conn: &Connection, decided: Decided) -> Result<Option<Item>, StoreError> {
    match decided.effect {
        Effect::Store { attrs, bytes } => {
            row::put(conn, &decided.key, &attrs, bytes)?;
            Ok(Some(Item::new(decided.key, attrs)))
        }
        Effect::Remove => {
            row::delete(conn, &decided.key)?;
            Ok(decided.current())
        }
        Effect::Nothing | Effect::Refused => Ok(decided.current()),
    }
}

fn changed(mut attrs: Attrs, changes: Vec<Change>) -> Result<Attrs, StoreError> {
    for change in changes {
        match change {
            Change::Set(name, mut value) => {
                canonical(&mut value);
                attrs.insert(name, value);
            }
            Change::Remove(name) => {
                attrs.remove(&name);
            }
            Change::Add(name, step) => {
                let invalid = |why| StoreError::Invalid(format!("cannot add to `{name}`: {why}"));
                let before = match attrs.get(&name) {
                    None => 0,
                    Some(value) => value.as_i64().ok_or_else(|| invalid("it is no integer"))?,
                };
                let sum = before.checked_add(step).ok_or_else(|| invalid("the sum is out of range"))?;
                attrs.insert(name, sum.into());
            }
        }
    }
    Ok(attrs)
}

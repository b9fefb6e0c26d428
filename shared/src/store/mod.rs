//! The persistence port: items under a two-part key, conditional writes, two sparse indexes.
//!
//! Its one rule: a caller never names an engine. [`dynamo`] and [`embedded`] pass the same `conformance` suite,
//! keep the same limits and name their refusals alike, so that a green run on a laptop means something in AWS.

use std::borrow::Cow;

use async_trait::async_trait;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

#[cfg(feature = "embedded")]
use crate::json;
use crate::json::JsonError;

mod around;
#[cfg(any(feature = "aws", feature = "embedded"))]
pub(crate) mod check;
mod cond;
#[cfg(test)]
pub mod conformance;
#[cfg(feature = "aws")]
pub mod dynamo;
#[cfg(feature = "embedded")]
pub mod embedded;
mod error;
mod key;
pub mod limits;
pub mod meter;
#[cfg(any(feature = "aws", feature = "embedded"))]
pub(crate) mod number;
mod shown;
pub mod whole;

pub use around::{Phase, apply};
pub use cond::{Change, Cond};
pub use error::{Refusal, StoreError};
pub use key::{Global, Key, half_segment, segment};
pub use meter::Meter;
pub use shown::page;

/// The attributes of an item besides its key.
pub type Attrs = Map<String, Value>;

/// Attribute names that the engines themselves understand.
pub mod attr {
    /// Partition of the `due` index (a string); present only while the item owes something.
    pub const DUE_SHARD: &str = "due_shard";
    /// Sort key of the `due` index: unix milliseconds at which the debt falls due.
    pub const DUE_AT: &str = "due_at";
    /// The task that pays the debt; projected into the `due` index so that a tick needs no second read.
    pub const DUE_TASK: &str = "due_task";
    /// Partition of the general index.
    pub const GSI1_PK: &str = "gsi1pk";
    /// Sort key of the general index (a string).
    pub const GSI1_SK: &str = "gsi1sk";
    /// Unix seconds after which the item may vanish. DynamoDB deletes within days, so readers check it themselves.
    pub const TTL: &str = "ttl";
    /// Version counter of an item that is changed under a condition.
    pub const VERSION: &str = "v";
}

/// One stored item. What it holds is read when somebody asks for it: [`StoreError::Corrupt`] where it is not what the code
/// expects.
#[derive(Debug, Clone)]
pub struct Item {
    pub key: Key,
    body: Body,
}

/// What an engine hands over.
#[derive(Debug, Clone)]
enum Body {
    Attrs(Attrs),
    /// As JSON with its size by [`limits::item_bytes`]. Most items are decoded into an entity, which needs no map of
    /// attributes in between.
    #[cfg(feature = "embedded")]
    Json(Box<str>, usize),
}

impl Item {
    pub fn new(key: Key, attrs: Attrs) -> Self {
        Self { key, body: Body::Attrs(attrs) }
    }

    /// An item of so many bytes, by [`limits::item_bytes`], whose attributes are this JSON object.
    #[cfg(feature = "embedded")]
    pub(crate) fn of_json(key: Key, json: &str, bytes: usize) -> Self {
        Self { key, body: Body::Json(json.into(), bytes) }
    }

    /// Decodes the attributes.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, StoreError> {
        let decoded = match &self.body {
            Body::Attrs(attrs) => T::deserialize(attrs).map_err(JsonError::from),
            #[cfg(feature = "embedded")]
            Body::Json(json, _) => json::stored(json),
        };
        decoded.map_err(|e| StoreError::Corrupt(format!("{}: {e}", self.key)))
    }

    pub fn attrs(&self) -> Result<Cow<'_, Attrs>, StoreError> {
        match &self.body {
            Body::Attrs(attrs) => Ok(Cow::Borrowed(attrs)),
            #[cfg(feature = "embedded")]
            Body::Json(json, _) => self.read(json).map(Cow::Owned),
        }
    }

    pub fn into_attrs(self) -> Result<Attrs, StoreError> {
        match self.body {
            Body::Attrs(attrs) => Ok(attrs),
            #[cfg(feature = "embedded")]
            Body::Json(ref json, _) => self.read(json),
        }
    }

    #[cfg(feature = "embedded")]
    fn read(&self, json: &str) -> Result<Attrs, StoreError> {
        json::attributes(json).map_err(|e| StoreError::Corrupt(format!("{}: {e}", self.key)))
    }

    /// Whether an attribute is there and true.
    pub fn says(&self, name: &str) -> bool {
        #[cfg(feature = "embedded")]
        if let Body::Json(json, _) = &self.body
            && !json.contains(&format!("\"{name}\":true"))
        {
            // Nearly always: nothing is to be parsed for a no.
            return false;
        }
        self.attrs().is_ok_and(|attrs| attrs.get(name) == Some(&Value::Bool(true)))
    }

    /// Its size as DynamoDB counts it.
    pub fn bytes(&self) -> usize {
        match &self.body {
            Body::Attrs(attrs) => limits::item_bytes(&self.key, attrs),
            #[cfg(feature = "embedded")]
            Body::Json(_, bytes) => *bytes,
        }
    }
}

/// The same key and the same attributes, however they are held.
impl PartialEq for Item {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key && matches!((self.attrs(), other.attrs()), (Ok(one), Ok(two)) if one == two)
    }
}

/// Encodes an entity as attributes.
pub fn encode<T: Serialize>(entity: &T) -> Result<Attrs, StoreError> {
    match serde_json::to_value(entity) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err(StoreError::Invalid("an entity must encode as an object".into())),
        Err(e) => Err(StoreError::Invalid(e.to_string())),
    }
}

/// One conditional write.
#[derive(Debug, Clone, PartialEq)]
pub struct Write {
    pub key: Key,
    pub action: Action,
    pub cond: Cond,
    /// What a refusal calls it.
    pub label: Label,
    /// Whether it makes an item under an id that was drawn for it, so that whoever stands there is somebody else.
    pub drawn: bool,
    /// Whether it is written with the others that it comes with. An engine does not ask.
    pub phase: Phase,
}

/// What a write is called by whoever made it, so that a refusal can be told apart wherever the write stands in its
/// transaction. It is part of no item.
pub type Label = &'static str;

/// What a write is called that nobody has given a name.
pub const UNLABELLED: Label = "unlabelled";

/// What a [`Write`] does when its condition holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Replaces the whole item.
    Put(Attrs),
    /// Changes single attributes; creates the item when it is absent.
    Update(Vec<Change>),
    Delete,
    /// Changes nothing: the condition alone takes part in a transaction. Not allowed in [`Store::write`].
    Check,
}

impl Write {
    pub fn put(key: Key, attrs: Attrs) -> Self {
        Self::new(key, Action::Put(attrs))
    }

    pub fn update(key: Key, changes: Vec<Change>) -> Self {
        Self::new(key, Action::Update(changes))
    }

    pub fn delete(key: Key) -> Self {
        Self::new(key, Action::Delete)
    }

    pub fn check(key: Key, cond: Cond) -> Self {
        Self::new(key, Action::Check).when(cond)
    }

    fn new(key: Key, action: Action) -> Self {
        Self { key, action, cond: Cond::Always, label: UNLABELLED, drawn: false, phase: Phase::With }
    }

    /// Names the write: whoever commits it with others asks [`StoreError::refused_by`] for this name.
    #[must_use]
    pub fn labelled(mut self, label: Label) -> Self {
        self.label = label;
        self
    }

    /// Makes an item under an id that was drawn for it: refused where another source has drawn the same one.
    #[must_use]
    pub fn drawn(self) -> Self {
        Self { drawn: true, ..self.when(Cond::Absent) }
    }

    /// Says when it is written.
    #[must_use]
    pub fn at(mut self, phase: Phase) -> Self {
        self.phase = phase;
        self
    }

    /// Adds a condition to those already there.
    #[must_use]
    pub fn when(mut self, cond: Cond) -> Self {
        self.cond = match self.cond {
            Cond::Always => cond,
            Cond::All(mut all) => {
                all.push(cond);
                Cond::All(all)
            }
            other => Cond::All(vec![other, cond]),
        };
        self
    }
}

/// Which way into the table a query takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Index {
    /// The table itself: partition `pk`, sorted by `sk`; strongly consistent.
    Table,
    /// Items with `gsi1pk`/`gsi1sk`; projects the keys only ([`page`] reads the items); eventually consistent in AWS.
    Gsi1,
    /// Items that owe something: `due_shard`/`due_at`; projects the key and `due_task` only; eventually consistent in AWS.
    Due,
}

/// A value of a sort key.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(untagged)]
pub enum SortValue {
    N(i64),
    S(String),
}

/// A condition on the sort key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Range {
    All,
    Prefix(String),
    /// Both ends included.
    Between(SortValue, SortValue),
}

/// Where a page ended; the next page starts after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    pub key: Key,
    /// Sort value in the queried index, absent for [`Index::Table`].
    pub sort: Option<SortValue>,
}

/// One page asked of one partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    pub index: Index,
    /// Value of the index's partition key.
    pub partition: String,
    pub range: Range,
    pub newest_first: bool,
    /// Items per page; the engine also ends a page at 1 MB.
    pub limit: usize,
    pub after: Option<Position>,
}

impl Query {
    pub fn table(partition: impl Into<String>) -> Self {
        Self::on(Index::Table, partition)
    }

    pub fn on(index: Index, partition: impl Into<String>) -> Self {
        Self {
            index,
            partition: partition.into(),
            range: Range::All,
            newest_first: false,
            limit: 100,
            after: None,
        }
    }

    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.range = Range::Prefix(prefix.into());
        self
    }

    #[must_use]
    pub fn between(mut self, low: SortValue, high: SortValue) -> Self {
        self.range = Range::Between(low, high);
        self
    }

    #[must_use]
    pub fn newest_first(mut self) -> Self {
        self.newest_first = true;
        self
    }

    #[must_use]
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    #[must_use]
    pub fn after(mut self, after: Option<Position>) -> Self {
        self.after = after;
        self
    }
}

/// What one [`Query`] found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Page {
    pub items: Vec<Item>,
    /// Present when there may be more.
    pub next: Option<Position>,
}

/// Items, conditional writes, transactions.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Strongly consistent read of one item.
    async fn get(&self, key: &Key) -> Result<Option<Item>, StoreError>;

    /// Reads up to 100 items in one round trip, strongly consistent, in any order; absent ones are left out.
    async fn batch_get(&self, keys: &[Key]) -> Result<Vec<Item>, StoreError>;

    /// One page of one partition.
    async fn query(&self, query: &Query) -> Result<Page, StoreError>;

    /// One write under its condition. Returns the item as it stands afterwards (after a delete: as it was before).
    async fn write(&self, write: Write) -> Result<Option<Item>, StoreError>;

    /// Up to 100 writes on different items, all or none.
    async fn transact(&self, writes: Vec<Write>) -> Result<(), StoreError>;

    /// Whether anything at all can be written now, as far as the engine can find that out for nothing. It is no write of the
    /// house: it costs no units and leaves no item. A table of DynamoDB has no disk that fills up, and who asks after its
    /// health may not write into it; so that engine says yes.
    async fn try_writing(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Request units and round trips so far.
    fn meter(&self) -> &Meter;
}

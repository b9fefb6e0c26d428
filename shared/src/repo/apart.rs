//! What is large of an entity and seldom changes, in an item of its own: what changes often stays small.
//!
//! Its one rule: both items are written, and deleted, in one transaction, so that neither is ever there alone. The head says
//! that there is more ([`MARK`]), and what lies apart says of which version it is: where that is newer than the head which
//! was read, the head has changed meanwhile and is read again.
//!
//! "What else belongs to it?" → partition of the entity with `-content`, same sort key.

use std::collections::HashMap;

use futures::future::try_join_all;

use super::entity::Entity;
use crate::store::{
    Action, Attrs, Item, Key, Label, Store, StoreError, Write, attr, encode,
    limits::{BATCH_KEYS, item_bytes},
};

/// Attribute of a head: true where more lies apart. Once it does it stays there, however small it becomes.
const MARK: &str = "apart";
/// Label of the writes of what lies apart.
const CONTENT: Label = "content";
/// How often a head is read again that was changed between its own read and that of what lies apart.
const ROUNDS: usize = 3;

/// Where what lies apart of an item is.
fn key_of(head: &Key) -> Key {
    head.beside("-content")
}

/// Makes the write of a whole entity that of its head, and returns the write of what lies apart, if it changes. `before` is
/// what is replaced; where its content was not read ([`Table::head`](super::table::Table::head)), `after` has none
/// either, and it stays.
pub(super) fn lay<E: Entity>(
    own: &mut Write,
    before: Option<&E>,
    after: &E,
) -> Result<Option<Write>, StoreError> {
    let stands = before.is_some_and(E::lies_apart);
    let key = key_of(&own.key);
    let Action::Put(attrs) = &mut own.action else { return Ok(stands.then(|| remove(key))) };
    let mut content = take(attrs, E::APART);
    let same = match before {
        Some(before) if stands => take(&mut encode(before)?, E::APART) == content,
        _ => false,
    };
    if same {
        attrs.insert(MARK.into(), true.into());
        return Ok(None);
    }
    if !stands && item_bytes(&own.key, &content) - item_bytes(&own.key, &Attrs::new()) <= E::APART_FROM {
        attrs.extend(content);
        return Ok(None);
    }
    attrs.insert(MARK.into(), true.into());
    content.insert(attr::VERSION.into(), after.version().into());
    Ok(Some(Write::put(key, content).labelled(CONTENT)))
}

/// The write that takes what lies apart away together with the entity.
pub(super) fn clear<E: Entity>(head: &Key, before: &E) -> Option<Write> {
    before.lies_apart().then(|| remove(key_of(head)))
}

/// No write of an entity says by itself that something lies apart.
pub(super) fn unmarked(attrs: &mut Attrs) {
    attrs.remove(MARK);
}

fn remove(key: Key) -> Write {
    Write::delete(key).labelled(CONTENT)
}

fn take(attrs: &mut Attrs, names: &[&str]) -> Attrs {
    names.iter().filter_map(|name| attrs.remove_entry(*name)).collect()
}

/// One item with what lies apart of it.
pub(super) async fn get(store: &dyn Store, key: &Key) -> Result<Option<Item>, StoreError> {
    let Some(head) = store.get(key).await? else { return Ok(None) };
    Ok(whole(store, vec![head]).await?.pop())
}

/// Items with what lies apart of them, in their order. One that was deleted meanwhile is left out.
pub(super) async fn whole(store: &dyn Store, items: Vec<Item>) -> Result<Vec<Item>, StoreError> {
    if !items.iter().any(|item| item.says(MARK)) {
        return Ok(items);
    }
    let mut slots: Vec<Option<Item>> = items.into_iter().map(Some).collect();
    let mut open: Vec<usize> = marked(&slots, 0..slots.len());
    for round in 0..=ROUNDS {
        let heads: Vec<&Key> = open.iter().filter_map(|at| Some(&slots[*at].as_ref()?.key)).collect();
        let contents = read(store, heads.iter().map(|key| key_of(key))).await?;
        let mut behind = Vec::new();
        for at in open {
            let Some(head) = slots[at].take() else { continue };
            match joined(&head, contents.get(&key_of(&head.key)))? {
                Some(item) => slots[at] = Some(item),
                None => {
                    slots[at] = Some(head);
                    behind.push(at);
                }
            }
        }
        if behind.is_empty() {
            break;
        }
        let keys: Vec<Key> = behind.iter().filter_map(|at| Some(slots[*at].as_ref()?.key.clone())).collect();
        if round == ROUNDS {
            // Nobody changes one thing so often: what lies apart is missing.
            for at in behind {
                slots[at] = slots[at].take().map(broken).transpose()?;
            }
            break;
        }
        let mut again = read(store, keys.into_iter()).await?;
        for at in &behind {
            slots[*at] = slots[*at].take().and_then(|head| again.remove(&head.key));
        }
        open = marked(&slots, behind.into_iter());
    }
    Ok(slots.into_iter().flatten().collect())
}

fn marked(slots: &[Option<Item>], among: impl Iterator<Item = usize>) -> Vec<usize> {
    among.filter(|at| slots[*at].as_ref().is_some_and(|item| item.says(MARK))).collect()
}

/// Head and content as one item; none where they are not of one moment.
fn joined(head: &Item, content: Option<&Item>) -> Result<Option<Item>, StoreError> {
    let Some(content) = content else { return Ok(None) };
    let (mut attrs, content) = (head.clone().into_attrs()?, content.attrs()?);
    let version = |attrs: &Attrs| attrs.get(attr::VERSION).and_then(serde_json::Value::as_u64);
    if version(&content) > version(&attrs) {
        return Ok(None);
    }
    let more = content.iter().filter(|(name, _)| *name != attr::VERSION);
    attrs.extend(more.map(|(name, value)| (name.clone(), value.clone())));
    Ok(Some(Item::new(head.key.clone(), attrs)))
}

/// A head without what it says that there is: it is not to be taken for one that has nothing.
fn broken(head: Item) -> Result<Item, StoreError> {
    let key = head.key.clone();
    let mut attrs = head.into_attrs()?;
    attrs.insert(MARK.into(), "missing".into());
    Ok(Item::new(key, attrs))
}

async fn read(store: &dyn Store, keys: impl Iterator<Item = Key>) -> Result<HashMap<Key, Item>, StoreError> {
    let keys: Vec<Key> = keys.collect();
    let pages = try_join_all(keys.chunks(BATCH_KEYS).map(|keys| store.batch_get(keys))).await?;
    Ok(pages.into_iter().flatten().map(|item| (item.key.clone(), item)).collect())
}

#[cfg(feature = "embedded")]
#[cfg(test)]
mod tests;

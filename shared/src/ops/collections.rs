//! Collections: named groups of media items.
//!
//! Its one rule: within a client group a title names one collection, whatever its case.

use std::cmp::Reverse;

use super::{
    act::{Act, Refused},
    again::Again,
    origin::check_group,
};
use crate::{
    domain::{chore::What, collection::Collection},
    error::{Error, ErrorKind, OrNotFound, Result},
    ids::{CollectionId, GroupId},
    repo::{
        collections::{self, Counted, Title},
        listing::Row,
    },
};

/// A collection to create.
#[derive(Debug, Clone)]
pub struct NewCollection {
    pub title: String,
    pub description: Option<String>,
    /// Client group, instead of the caller's.
    pub group_id: Option<GroupId>,
}

/// What to change of a collection; what is left out stays.
#[derive(Debug, Clone, Default)]
pub struct Patch {
    pub title: Option<String>,
    pub description: Option<String>,
}

/// All collections of a client group, or of all groups, the last changed first.
pub async fn list(act: &Act, group_id: Option<GroupId>) -> Result<Vec<Row<Counted>>> {
    check_group(act, group_id).await?;
    let mut found = act.repos().collections().all().await?.rows();
    found.retain(|row| match row {
        Ok(counted) => group_id.is_none_or(|group| group == counted.collection.group_id),
        Err(_) => true,
    });
    // What cannot be read has no time of change: it comes last.
    found.sort_by_key(|row| {
        Reverse(row.as_ref().ok().map(|counted| (counted.collection.changed_at, counted.collection.id)))
    });
    Ok(found)
}

/// Creates a collection. Fails with `title_taken` where another one of the client group has the title.
pub async fn create(act: &Act, new: NewCollection) -> Result<Collection> {
    check_group(act, new.group_id).await?;
    let group = new.group_id.unwrap_or(act.group_id);
    let collection = Collection::new(act.app.id(), group, new.title, new.description, act.now);
    let writes = act.repos().collections().insert(&collection)?;
    act.commit_once(writes, &collection, &collection).await.map_err(refusal)?;
    Ok(collection)
}

/// Changes title or description of a collection. Fails with `title_taken` where another one of the client group has the title.
pub async fn update(act: &Act, id: CollectionId, patch: Patch) -> Result<Collection> {
    let collections = act.repos().collections();
    let mut again = Again::new(&act.app, "the collection");
    let mut written = None;
    loop {
        let before = collections.get(id).await?.or_not_found("record")?;
        // An engine repeats a write whose answer was lost, and the repeat meets the first.
        if written.as_ref() == Some(&before) {
            return Ok(before);
        }
        let after = Collection {
            title: patch.title.clone().unwrap_or_else(|| before.title.clone()),
            description: patch.description.clone().or_else(|| before.description.clone()),
            changed_at: act.now,
            v: before.v + 1,
            ..before
        };
        match act.commit(collections.replace(&before, &after)?, &after).await {
            Ok(()) => return Ok(after),
            Err(refused) => match taken(&refused) {
                Some(taken) => return Err(taken),
                None => again.after(refused).await?,
            },
        }
        written = Some(after);
    }
}

/// Deletes a collection, whatever its title has become meanwhile. Its media items stay, in no collection.
pub async fn delete(act: &Act, id: CollectionId) -> Result<CollectionId> {
    let (chore, task) = act.chore(What::UnfileMedia { collection_id: id })?;
    let (collections, mut again) = (act.repos().collections(), Again::new(&act.app, "the collection"));
    loop {
        let collection = collections.get(id).await?.or_not_found("record")?;
        let mut writes = collections.close(&collection, act.now)?;
        writes.push(chore.clone());
        match act.commit(writes, &id).await {
            Ok(()) => {
                act.app.hint(&task, act.now).await;
                return Ok(id);
            }
            Err(refused) => again.after(refused).await?,
        }
    }
}

fn refusal(refused: Refused) -> Error {
    taken(&refused).unwrap_or_else(|| refused.into())
}

/// The refusal of a title that another collection of the client group has, if that is what stood in the way.
fn taken(refused: &Refused) -> Option<Error> {
    let Refused::Write(collections::TITLE, Some(guard)) = refused else { return None };
    let owner: Title = guard.decode().ok()?;
    let message = "There is a collection of this title already.";
    Some(Error::new(ErrorKind::Conflict, "title_taken", message).with("id", owner.collection_id.get()))
}

//! Changes entities one by one, several at a time.

use futures::{StreamExt, TryStreamExt, stream};

use crate::{
    error::{Error, Result},
    repo::subjects::{Stored, Subjects},
    store::{self, StoreError},
};

/// Changes under way at once.
const AT_ONCE: usize = 8;
/// How often one entity is taken up again because somebody else changed it at the same moment.
const ATTEMPTS: usize = 5;

/// Makes the change in each of `found` as it stands when it is written. `changed` stays as it is: nobody has worked on
/// them. A change that finds nothing to do writes nothing.
pub async fn all<E: Stored>(
    entities: &Subjects<'_, E>,
    found: Vec<E>,
    change: impl Fn(&mut E) + Sync,
) -> Result<()> {
    stream::iter(found)
        .map(|before| one(entities, before, &change))
        .buffer_unordered(AT_ONCE)
        .try_for_each(|()| async { Ok(()) })
        .await
}

async fn one<E: Stored>(
    entities: &Subjects<'_, E>,
    mut before: E,
    change: &(impl Fn(&mut E) + Sync),
) -> Result<()> {
    for _ in 0..ATTEMPTS {
        let mut after = before.clone();
        change(&mut after);
        if after == before {
            return Ok(());
        }
        after.subject_mut().v += 1;
        match store::apply(entities.store, entities.replace(&before, &after)?).await {
            Ok(()) => return Ok(()),
            Err(StoreError::ConditionFailed(_) | StoreError::Canceled(_)) => {}
            Err(error) => return Err(error.into()),
        }
        match entities.get(before.subject().id).await? {
            Some(now) => before = now,
            None => return Ok(()),
        }
    }
    Err(Error::unavailable("an entity was changed by others again and again"))
}

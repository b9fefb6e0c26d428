//! Changes entities one by one, several at a time.

use futures::{StreamExt, TryStreamExt, stream};

use crate::{
    app::App,
    error::Result,
    ids::EntityId,
    ops::again::Again,
    repo::subjects::{Stored, Subjects},
    store,
};

/// Changes under way at once.
const AT_ONCE: usize = 8;

/// Makes the change in each of `found` as it stands when it is written. `changed` stays as it is: nobody has worked on
/// them. A change that finds nothing to do writes nothing.
pub async fn all<E: Stored>(
    app: &App,
    entities: &Subjects<'_, E>,
    found: Vec<E>,
    change: impl Fn(&mut E) + Sync,
) -> Result<()> {
    stream::iter(found)
        .map(|before| one(app, entities, before, &change))
        .buffer_unordered(AT_ONCE)
        .try_for_each(|()| async { Ok(()) })
        .await
}

async fn one<E: Stored>(
    app: &App,
    entities: &Subjects<'_, E>,
    mut before: E,
    change: &(impl Fn(&mut E) + Sync),
) -> Result<()> {
    let mut again = Again::new(app, "an entity");
    loop {
        let mut after = before.clone();
        change(&mut after);
        if after == before {
            return Ok(());
        }
        after.subject_mut().v += 1;
        match store::apply(entities.store, entities.replace(&before, &after)?).await {
            Ok(()) => return Ok(()),
            Err(error) => again.after(error).await?,
        }
        match entities.get(E::Id::of(before.subject().id)).await? {
            Some(now) => before = now,
            None => return Ok(()),
        }
    }
}

//! The other decisions of one execution: n8n lets an execution stand at one Wait at a time, so they go out one after another.
//!
//! Its one rule: when one has gone, or another is found to stand first, the next is due at once. Nothing is lost without it;
//! a decision that is owed comes again by itself.

use serde::Deserialize;

use crate::{
    app::App,
    domain::{
        invoice::Invoice,
        lead::Lead,
        media::MediaItem,
        payload::Payload,
        review::{EntityType, ResumeState, Review},
    },
    error::Result,
    ids::{EntityId, Id},
    n8n::{
        resume::{Ending, Later},
        wait::Sibling,
    },
    queue::{Task, TaskKind},
    repo::{
        asks::{Ask, is_over},
        subjects::{Stored, Subjects, key_of},
    },
    store::{self, Key, Store},
    tenant::TenantId,
};

/// Entities that are read at once.
const AT_ONCE: usize = 8;
/// Entities that are looked at to find the next. Beyond, each comes by itself.
const LOOKED_AT: usize = 64;

/// An entity as what n8n shows of it is told apart by.
pub fn sibling(ask: &Ask, open: bool) -> Sibling {
    Sibling { id: ask.id.to_string(), open, suffix: ask.suffix.clone() }
}

/// The entities, with those whose Wait is known to be over marked as such.
pub async fn open(store: &dyn Store, tenant: TenantId, asks: &[Ask]) -> Result<Vec<Sibling>> {
    let mut all = Vec::with_capacity(asks.len());
    for some in asks.chunks(AT_ONCE) {
        let looked_at = reviews(store, tenant, some).await?;
        all.extend(
            some.iter().zip(looked_at).map(|(ask, review)| sibling(ask, is_open(ask, review.as_ref()))),
        );
    }
    Ok(all)
}

/// Whether its Wait may still stand. So it may for one that was deleted before anybody decided.
fn is_open(ask: &Ask, review: Option<&Review>) -> bool {
    !review.map_or(ask.over, is_over)
}

/// What is read of an entity of any kind, and of one that is there for its debt alone.
#[derive(Deserialize)]
struct Reviewed {
    review: Review,
}

/// The reviews of some entities, in their order, deleted ones that owe something among them.
async fn reviews(store: &dyn Store, tenant: TenantId, asks: &[Ask]) -> Result<Vec<Option<Review>>> {
    let keys_of = |ask: &Ask| [false, true].map(|gone| key_of(tenant, ask.kind, gone, ask.id));
    let keys: Vec<Key> = asks.iter().flat_map(keys_of).collect();
    let items = store.batch_get(&keys).await?;
    let read = |ask: &Ask| {
        let found = keys_of(ask).iter().find_map(|key| items.iter().find(|item| item.key == *key));
        found.map(|item| Ok(item.decode::<Reviewed>()?.review)).transpose()
    };
    asks.iter().map(read).collect()
}

/// The decisions of one tenant that wait for their turn.
#[derive(Clone, Copy)]
pub struct Queue<'a> {
    pub app: &'a App,
    pub tenant: TenantId,
    pub request_id: &'a str,
}

impl Queue<'_> {
    /// After an attempt: makes the decision due whose Wait is thought to come, or to stand. `asks` are the other entities of
    /// the execution, the oldest first.
    pub async fn hand_on(self, told: Id, asks: &[Ask], ending: &Ending) -> Result<()> {
        let instead = match ending {
            Ending::Settled(ResumeState::Resumed | ResumeState::Superseded, _) => None,
            Ending::Later(Later { instead, .. }) if !instead.is_empty() => Some(instead),
            _ => return Ok(()),
        };
        // Those that were asked after it go first: most workflows ask and wait in the same order.
        let (before, after) = asks.split_at(asks.partition_point(|ask| ask.id <= told));
        let wanted = |ask: &&Ask| instead.is_none_or(|ids| ids.contains(&ask.id.to_string()));
        let others: Vec<Ask> = after.iter().chain(before).filter(wanted).take(LOOKED_AT).cloned().collect();
        for some in others.chunks(AT_ONCE) {
            let owed =
                |review: &Option<Review>| review.as_ref().is_some_and(|review| review.owed_at().is_some());
            let next = reviews(&*self.app.store, self.tenant, some).await?.iter().position(owed);
            if let Some(ask) = next.and_then(|next| some.get(next)) {
                return self.pull(ask).await.map(|_| ());
            }
        }
        Ok(())
    }

    async fn pull(self, ask: &Ask) -> Result<bool> {
        match ask.kind {
            EntityType::CustomPayload => self.pull_one::<Payload>(ask.id).await,
            EntityType::Invoice => self.pull_one::<Invoice>(ask.id).await,
            EntityType::Lead => self.pull_one::<Lead>(ask.id).await,
            EntityType::MediaItem => self.pull_one::<MediaItem>(ask.id).await,
        }
    }

    async fn pull_one<E: Stored>(self, id: Id) -> Result<bool> {
        let entities = self.app.repos(self.tenant).subjects::<E>();
        match entities.head(E::Id::of(id)).await? {
            Some(entity) => self.pull_in(entities, entity).await,
            None => match entities.departed().head(E::Id::of(id)).await? {
                Some(gone) => self.pull_in(entities.departed(), gone).await,
                None => Ok(false),
            },
        }
    }

    /// Makes a debt due. False when it is none, or somebody is at it.
    async fn pull_in<E: Stored>(self, entities: Subjects<'_, E>, before: E) -> Result<bool> {
        let (mut entity, now) = (before.clone(), self.app.now());
        let subject = entity.subject_mut();
        if !subject.review.resume.as_mut().is_some_and(|resume| resume.pull(now)) {
            return Ok(false);
        }
        subject.v += 1;
        let key = entities.key(E::Id::of(subject.id));
        match store::apply(&*self.app.store, entities.replace(&before, &entity)?).await {
            Ok(()) => {
                self.app.hint(&Task::new(TaskKind::ResumeN8n, &key, self.request_id), now).await;
                Ok(true)
            }
            // Somebody changed it, and knows what stands there now.
            Err(refused) if refused.refused_by(E::KIND).is_some() => Ok(true),
            Err(error) => Err(error.into()),
        }
    }
}

//! The place of one answer: what a repeat under the same `Idempotency-Key` reads.
//!
//! Its one rule: an operation does not know how its outcome is said. Whoever opens a slot brings the renderer, and the slot
//! stores what it makes of the outcome in the transaction of the outcome itself.

use std::{
    any::Any,
    sync::{Arc, OnceLock},
    time::Duration,
};

use crate::{
    clock::Millis,
    error::{Error, ErrorKind, Result},
    ids::Id,
    repo::idempotency::{self, Record, Stage},
    store::{Key, Store, Write},
};

/// No request lives longer: API Gateway gives up after 30 seconds.
const EFFECT_TIME: Duration = Duration::from_secs(35);

/// An answer as it is stored and repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered {
    /// HTTP status.
    pub status: u16,
    pub body: String,
}

/// A key that was not answered yet, and what has become of it since.
#[derive(Debug)]
pub struct HeldKey {
    key: Key,
    fingerprint: String,
    /// Of whatever was begun: a run, or a change of many.
    begun: OnceLock<Id>,
    overtaken: OnceLock<Remembered>,
}

/// What came of an operation, whichever it was.
pub(super) type Outcome = dyn Any + Send + Sync;

type Render<T> = Arc<dyn Fn(&T) -> Result<Remembered> + Send + Sync>;

/// A held key together with what makes an answer of an outcome.
#[derive(Clone)]
pub struct Slot {
    pub(super) held: Arc<HeldKey>,
    outcome: Render<Outcome>,
    error: Arc<dyn Fn(&Error) -> Remembered + Send + Sync>,
}

impl HeldKey {
    /// `begun`: an earlier attempt began an outside effect under this id, and its end is unknown.
    pub fn new(key: Key, fingerprint: String, begun: Option<Id>) -> Self {
        let begun = begun.map_or_else(OnceLock::new, OnceLock::from);
        Self { key, fingerprint, begun, overtaken: OnceLock::new() }
    }

    /// The id under which an outside effect was begun, by this attempt or by one before.
    pub fn begun(&self) -> Option<Id> {
        self.begun.get().copied()
    }

    /// The answer of the other request with this key, where it was quicker.
    pub fn overtaken(&self) -> Option<&Remembered> {
        self.overtaken.get()
    }

    /// The write that frees the key again: nothing was done, and a repeat may do it.
    pub fn free(&self) -> Write {
        Write::delete(self.key.clone())
    }

    /// Remembers that an outside effect begins under `id`.
    pub(super) fn beginning(&self, id: Id, now: Millis) -> Result<Write> {
        Ok(idempotency::write(&self.key, &self.fingerprint, Stage::Begun { id, at: now }, now)?)
    }

    /// From here on the key is ours: the answer replaces what was just written.
    pub(super) fn has_begun(&self, id: Id) {
        // Set already only where an earlier attempt has begun, whose id goes on.
        let _ = self.begun.set(id);
    }

    /// Reads the answer of who was quicker, to be given in place of one's own. Fails where that one is still being worked on,
    /// or is the answer to another request.
    pub(super) async fn give_way(&self, store: &dyn Store, now: Millis) -> Result<()> {
        let record = idempotency::find(store, &self.key, now).await?.ok_or_else(in_progress)?;
        let answer = settle(record, &self.fingerprint, now)?.ok_or_else(in_progress)?;
        let _ = self.overtaken.set(answer);
        Ok(())
    }
}

impl Slot {
    /// A slot for outcomes of one type. `outcome` must not depend on anything but the outcome and what it owns; `error` says an
    /// error that must not be tried again.
    pub fn new<O: Any + Send + Sync>(
        held: Arc<HeldKey>,
        outcome: impl Fn(&O) -> Result<Remembered> + Send + Sync + 'static,
        error: impl Fn(&Error) -> Remembered + Send + Sync + 'static,
    ) -> Self {
        let outcome = move |any: &Outcome| match any.downcast_ref::<O>() {
            Some(typed) => outcome(typed),
            None => Err(Error::internal("an outcome of another operation than the one that is answered")),
        };
        Self { held, outcome: Arc::new(outcome), error: Arc::new(error) }
    }

    /// The write that stores the answer which the outcome makes.
    pub(super) fn remember(&self, outcome: &Outcome, now: Millis) -> Result<Write> {
        let outcome = replied((self.outcome)(outcome)?);
        let HeldKey { key, fingerprint, .. } = &*self.held;
        let write = match self.held.begun() {
            Some(_) => idempotency::finish(key, fingerprint, outcome, now),
            None => idempotency::write(key, fingerprint, outcome, now),
        };
        Ok(write?)
    }

    /// The write that puts a better answer in the place of the stored one.
    pub(super) fn replace(&self, outcome: &Outcome, now: Millis) -> Result<Write> {
        self.finish((self.outcome)(outcome)?, now)
    }

    /// The write that remembers a failure as the answer.
    pub(super) fn fail(&self, error: &Error, now: Millis) -> Result<Write> {
        self.finish((self.error)(error), now)
    }

    fn finish(&self, answer: Remembered, now: Millis) -> Result<Write> {
        Ok(idempotency::finish(&self.held.key, &self.held.fingerprint, replied(answer), now)?)
    }
}

fn replied(Remembered { status, body }: Remembered) -> Stage {
    Stage::Replied { status, body }
}

/// What a stored record means for a request: its answer, or none when an outside effect was begun long enough ago that its
/// request must have died.
pub fn settle(record: Record, fingerprint: &str, now: Millis) -> Result<Option<Remembered>> {
    if record.fingerprint != fingerprint {
        return Err(Error::new(
            ErrorKind::Conflict,
            "idempotency_key_reused",
            "This Idempotency-Key was used for another request. Use a new key for a new request.",
        ));
    }
    match record.outcome {
        Stage::Replied { status, body } => Ok(Some(Remembered { status, body })),
        Stage::Begun { at, .. } if now.is_within(EFFECT_TIME, at) => Err(in_progress()),
        Stage::Begun { .. } => Ok(None),
    }
}

/// The refusal of a request whose key is being worked on.
pub fn in_progress() -> Error {
    Error::new(
        ErrorKind::Conflict,
        "idempotency_key_in_progress",
        "A request with this Idempotency-Key is still being worked on. Repeat it shortly.",
    )
    .retry_after(Duration::from_secs(1))
}

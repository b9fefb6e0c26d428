//! What a handler knows of its request: who calls, under which id, and how an operation is answered.

use std::{any::Any, ops::Deref, sync::Arc};

use axum::extract::FromRequestParts;
use http::request::Parts;

use super::{dialect::Voice, layers::Until, reply::Reply};
use crate::{
    accounts::Presented,
    app::SharedApp,
    clock::{Deadline, Millis},
    domain::{principal::Principal, review::Actor},
    error::{Error, Result},
    ops::{
        act::{Remembered, Slot},
        drawn,
    },
};

pub use crate::ops::act::{Act, HeldKey};

/// What a request may take for all that it does outside: API Gateway gives up after 30 seconds.
const TIME: std::time::Duration = std::time::Duration::from_secs(25);
/// Where a host ends it earlier: left for storing what came of that.
const STORING: std::time::Duration = std::time::Duration::from_secs(2);

/// The caller and the means of one authenticated request: an [`Act`], and what only HTTP knows.
#[derive(Clone)]
pub struct Ctx {
    act: Act,
    pub caller: Arc<Principal>,
    /// The session that the request belongs to; none when it came with an API key.
    pub session: Option<Presented>,
    claimed: Option<Claimed>,
}

/// The `Idempotency-Key` of a request whose key was not answered yet.
#[derive(Debug, Clone)]
struct Claimed {
    held: Arc<HeldKey>,
    /// How errors of the route are rendered.
    voice: Voice,
}

impl Deref for Ctx {
    type Target = Act;

    fn deref(&self) -> &Act {
        &self.act
    }
}

impl Ctx {
    /// What `caller` does by the request `request_id`, which was let in at `now`.
    pub fn new(
        app: SharedApp,
        caller: Arc<Principal>,
        session: Option<Presented>,
        request_id: Arc<str>,
        now: Millis,
    ) -> Self {
        let act = Act {
            app,
            tenant: caller.tenant,
            actor: Actor { user_id: caller.user_id, username: caller.username.clone() },
            credential: caller.credential,
            admitted: caller.admitted.clone(),
            group_id: caller.group_id,
            reach: caller.reach.clone(),
            now,
            cause: request_id,
            deadline: Deadline::at(now.plus(TIME)),
            slot: None,
        };
        Self { act, caller, session, claimed: None }
    }

    /// The same request where its host ends it then: what is done outside ends before, so that it can still be stored and answered.
    #[must_use]
    pub(super) fn until(mut self, until: Option<Until>) -> Self {
        if let Some(Until(end)) = until {
            self.act.deadline = self.act.deadline.min(Deadline::at(end.minus(STORING)));
        }
        self
    }

    /// The same request with its `Idempotency-Key`. Errors that are remembered are rendered in this `voice`.
    pub(super) fn with_key(&mut self, held: HeldKey, voice: Voice) {
        self.claimed = Some(Claimed { held: Arc::new(held), voice });
    }

    /// The `Idempotency-Key` that the request has, where the route honours one.
    pub fn held_key(&self) -> Option<&HeldKey> {
        self.claimed.as_ref().map(|claimed| &*claimed.held)
    }

    /// Runs an operation and answers with what came of it. With an `Idempotency-Key` the rendered outcome is stored in the
    /// operation's own transaction ([`Act::commit`]); if another request with the same key was quicker, its answer comes back
    /// instead. An operation that met another under an id that it drew runs once more. `render` must depend on nothing but the outcome and what it owns.
    pub async fn answer<O: Any + Send + Sync>(
        &self,
        render: impl Fn(&O) -> Result<Reply> + Send + Sync + 'static,
        operation: impl AsyncFnOnce(&Act) -> Result<O> + Clone,
    ) -> Result<Reply> {
        let render = Arc::new(render);
        let answering = self.claimed.clone().map(|Claimed { held, voice }| {
            let stored = render.clone();
            let outcome = move |outcome: &O| Ok(remembered(&stored(outcome)?));
            let error = move |error: &Error| remembered(&Reply::of_error(error, voice));
            self.act.with(Slot::new(held, outcome, error))
        });
        let act = answering.as_ref().unwrap_or(&self.act);
        let outcome = match operation.clone()(act).await {
            Err(error) if drawn::is_taken(&error) => operation(act).await,
            outcome => outcome,
        };
        match self.held_key().and_then(HeldKey::overtaken) {
            Some(answer) => Reply::replay(answer.status, answer.body.clone()),
            None => render(&outcome?),
        }
    }

    /// Whether the caller may read what the audit log tells of others.
    pub fn inspects(&self) -> bool {
        self.caller.allows("audit:inspect")
    }

    /// The session of a route that asks for one.
    pub fn session(&self) -> Result<&Presented> {
        self.session
            .as_ref()
            .ok_or_else(|| Error::internal("a handler without the session that its route asks for"))
    }
}

fn remembered(reply: &Reply) -> Remembered {
    Remembered { status: reply.status.as_u16(), body: reply.to_remember().to_owned() }
}

impl<S: Sync> FromRequestParts<S> for Ctx {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        // Put there by `layers::admit` for every route that is not public.
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Error::internal("a handler without admission"))
    }
}

//! What a handler knows of its request: who calls, under which id, and how to commit what it decided.

use std::{any::Any, ops::Deref, sync::Arc};

use axum::extract::FromRequestParts;
use http::request::Parts;

use super::{dialect::Voice, reply::Reply};
use crate::{
    accounts::Presented,
    app::SharedApp,
    clock::{Deadline, Millis},
    domain::{org::User, principal::Principal, review::Actor},
    error::{Error, ErrorKind, Result},
    ids::Id,
    ops::act::{Remembered, Slot},
    repo::{
        alerts::Alerts,
        chats::Chats,
        collections::Collections,
        files::Files,
        followed_runs::FollowedRuns,
        installations::Installations,
        invoices::Invoices,
        lead_setup::LeadSetups,
        lead_views::LeadViews,
        leads::Leads,
        media::MediaItems,
        money::Settled,
        n8n_credentials::N8nCredentials,
        n8n_workflows::N8nWorkflows,
        notifications::Notifications,
        orgs,
        payloads::Payloads,
        pushes::Pushes,
        subjects::{Stored, Subjects},
        usage::UsageLog,
    },
    store::Write,
    tenant::TenantId,
};

pub use crate::ops::act::{Act, HeldKey, Refused, in_progress};

/// What a request may take for all that it does outside: API Gateway gives up after 30 seconds.
const TIME: std::time::Duration = std::time::Duration::from_secs(25);

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
            group_id: caller.group_id,
            now,
            cause: request_id,
            deadline: Deadline::at(now.plus(TIME)),
            slot: None,
        };
        Self { act, caller, session, claimed: None }
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
    /// instead. `render` must depend on nothing but the outcome and what it owns.
    pub async fn answer<O: Any + Send + Sync>(
        &self,
        render: impl Fn(&O) -> Result<Reply> + Send + Sync + 'static,
        operation: impl AsyncFnOnce(&Act) -> Result<O>,
    ) -> Result<Reply> {
        let Some(Claimed { held, voice }) = self.claimed.clone() else {
            return render(&operation(&self.act).await?);
        };
        let render = Arc::new(render);
        let stored = render.clone();
        let outcome = move |outcome: &O| Ok(remembered(&stored(outcome)?));
        let error = move |error: &Error| remembered(&Reply::of_error(error, voice));
        let act = self.act.with(Slot::new(held.clone(), outcome, error));
        let outcome = operation(&act).await;
        match held.overtaken() {
            Some(answer) => Reply::replay(answer.status, answer.body.clone()),
            None => render(&outcome?),
        }
    }

    pub fn tenant(&self) -> TenantId {
        self.tenant
    }

    pub fn deadline(&self) -> Deadline {
        self.deadline
    }

    pub fn actor(&self) -> Actor {
        self.actor.clone()
    }

    /// The session of a route that asks for one.
    pub fn session(&self) -> Result<&Presented> {
        self.session
            .as_ref()
            .ok_or_else(|| Error::internal("a handler without the session that its route asks for"))
    }

    /// The caller's user as stored. A credential may outlive its user for as long as an instance believes it.
    pub async fn user(&self) -> Result<User> {
        let user = orgs::user(&*self.app.store, self.tenant(), self.caller.user_id).await?;
        user.ok_or_else(|| {
            Error::new(ErrorKind::CredentialRejected, "no_such_user", "The user of this credential is gone.")
        })
    }

    /// The tenant's entities of a kind that can be reviewed.
    pub fn subjects<E: Stored>(&self) -> Subjects<'_, E> {
        self.repos().subjects()
    }

    pub fn payloads(&self) -> Payloads<'_> {
        self.repos().payloads()
    }

    pub fn lead_setups(&self) -> LeadSetups<'_> {
        self.repos().lead_setups()
    }

    pub fn lead_views(&self) -> LeadViews<'_> {
        self.repos().lead_views()
    }

    pub fn leads(&self) -> Leads<'_> {
        self.repos().leads()
    }

    pub fn media(&self) -> MediaItems<'_> {
        self.subjects()
    }

    pub fn collections(&self) -> Collections<'_> {
        self.repos().collections()
    }

    pub fn followed_runs(&self) -> FollowedRuns<'_> {
        self.repos().followed_runs()
    }

    pub fn n8n_workflows(&self) -> N8nWorkflows<'_> {
        self.repos().n8n_workflows()
    }

    pub fn installations(&self) -> Installations<'_> {
        self.repos().installations()
    }

    pub fn n8n_credentials(&self) -> N8nCredentials<'_> {
        self.repos().n8n_credentials()
    }

    pub fn pushes(&self) -> Pushes<'_> {
        self.repos().pushes()
    }

    pub fn usage<'a>(&'a self, workflow_id: &'a str) -> UsageLog<'a> {
        self.repos().usage(workflow_id)
    }

    pub fn settled(&self) -> Settled<'_> {
        self.repos().settled()
    }

    pub fn notifications(&self) -> Notifications<'_> {
        self.repos().notifications()
    }

    pub fn invoices(&self) -> Invoices<'_> {
        self.repos().invoices()
    }

    pub fn files(&self) -> Files<'_> {
        self.repos().files()
    }

    pub fn alerts(&self) -> Alerts<'_> {
        self.repos().alerts()
    }

    pub fn chats(&self) -> Chats<'_> {
        self.repos().chats()
    }

    /// Writes what the handler decided and the reply to it, all or none: [`Act::commit`] for handlers whose operation is still
    /// a part of them.
    pub async fn commit(&self, writes: Vec<Write>, reply: Reply) -> Result<Reply, Refused> {
        match self.replying().commit(writes, &reply).await {
            Ok(()) => Ok(reply),
            Err(Refused::Overtaken) => match self.held_key().and_then(HeldKey::overtaken) {
                Some(answer) => Ok(Reply::replay(answer.status, answer.body.clone())?),
                None => Err(Refused::Overtaken),
            },
            Err(refused) => Err(refused),
        }
    }

    /// [`Act::begin`].
    pub async fn begin(&self, id: Id, writes: Vec<Write>) -> Result<bool> {
        self.replying().begin(id, writes).await
    }

    /// [`Act::amend`].
    pub async fn amend(&self, reply: &Reply) {
        self.replying().amend(reply).await;
    }

    /// [`Act::remember_failure`].
    pub async fn remember_failure(&self, error: &Error) {
        self.replying().remember_failure(error).await;
    }

    /// The act whose outcome is the reply itself.
    fn replying(&self) -> Act {
        let Some(Claimed { held, voice }) = self.claimed.clone() else { return self.act.clone() };
        let outcome = |reply: &Reply| Ok(remembered(reply));
        let error = move |error: &Error| remembered(&Reply::of_error(error, voice));
        self.act.with(Slot::new(held, outcome, error))
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

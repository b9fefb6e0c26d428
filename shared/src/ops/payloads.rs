//! Payloads: storing, renewing, changing and deleting them, and where their content lies.
//!
//! Its one rule: an item never points at content that is not there. Content that lies apart is written before its item and
//! discarded after it.

use bytes::Bytes;
use futures::future::join_all;

use super::{
    Warning,
    act::{Act, Refused},
    again::Again,
    deletion::{Deleted, Waiting},
    happened,
    lists::Found,
    origin::{self, Origin, Placed, group_asked},
};
use crate::{
    blobs::BlobKey,
    domain::{
        payload::{Body, DEFAULT_TASK_TYPE, LISTED_BYTES, Payload, STORED_BYTES},
        review::AutomationStatus,
    },
    error::{Error, ErrorKind, LogFailure, OrNotFound, Result},
    ids::{Id, Nid, PayloadId},
    json::Json,
    repo::{listing::MAX_BYTES, payloads::Filter},
};

/// A payload to store.
#[derive(Debug, Clone)]
pub struct NewPayload {
    pub title: String,
    /// Label to group by; [`DEFAULT_TASK_TYPE`] when left out.
    pub task_type: Option<String>,
    pub content: Json,
    pub status: Option<String>,
    pub origin: Origin,
}

/// A stored payload.
#[derive(Debug)]
pub struct Created {
    pub payload: Payload,
    /// Id of the workflow node, when the installation is known.
    pub nid: Option<Nid>,
    pub warnings: Vec<Warning>,
}

/// What to change of a payload; what is left out stays.
#[derive(Debug, Clone, Default)]
pub struct Patch {
    pub title: Option<String>,
    pub task_type: Option<String>,
    /// Takes the place of the whole content.
    pub content: Option<Json>,
    pub human_interaction: Option<bool>,
    pub allow_regenerate: Option<bool>,
    /// Without a decision: n8n is not told.
    pub automation_status: Option<AutomationStatus>,
    pub status: Option<String>,
}

/// Lists payloads, newest first: so many that lie behind `before`, and no more than their contents leave room for.
pub async fn list(act: &Act, filter: &Filter, limit: usize, before: Option<Id>) -> Result<Found<Payload>> {
    let filter = &Filter { group_id: group_asked(act, filter.group_id).await?, ..filter.clone() };
    let mut listed = act.repos().payloads().list(filter, limit, before).await?;
    let mut bytes = 0;
    let room = listed.found.iter().take_while(|payload| {
        let fits = bytes < MAX_BYTES;
        bytes += listed_bytes(&payload.body);
        fits
    });
    let fit = room.count();
    if let Some(last) = fit.checked_sub(1).filter(|_| fit < listed.found.len()) {
        listed.next = Some(listed.found[last].subject.id);
        listed.found.truncate(fit);
        listed.unreadable.retain(|unreadable| unreadable.at <= last);
    }
    for some in listed.found.chunks_mut(AT_ONCE) {
        join_all(some.iter_mut().map(|payload| bring(act, payload))).await;
    }
    Ok(Found::newest(listed, before))
}

/// What a list shows of content.
fn listed_bytes(body: &Body) -> usize {
    match body {
        Body::Inline(text) => text.len(),
        Body::Blob { bytes, .. } if *bytes <= LISTED_BYTES => usize::try_from(*bytes).unwrap_or(0),
        Body::Blob { .. } => 0,
    }
}

/// Brings content that a list shows. What cannot be read now is shown like what is too large: it spoils no list.
async fn bring(act: &Act, payload: &mut Payload) {
    if !matches!(payload.body, Body::Blob { bytes, .. } if bytes <= LISTED_BYTES) {
        return;
    }
    let content = content(act, payload).await.log_failure("the content of a payload cannot be listed");
    if let Some(content) = content {
        payload.body = Body::Inline(content.as_str().to_owned());
    }
}

/// Stores a payload; or renews, under its id, the one of the same execution that a reviewer sent back with *regenerate*.
pub async fn create(act: &Act, new: NewPayload) -> Result<Created> {
    let NewPayload { title, task_type, content, status, origin } = new;
    let placed = origin.place(act).await?;
    let posted = Payload {
        subject: placed.subject.clone(),
        title,
        task_type: task_type.unwrap_or_else(|| DEFAULT_TASK_TYPE.into()),
        // Stored under the id that the payload ends up with.
        body: Body::Inline(String::new()),
        status,
    };
    let mut again = Again::new(&act.app, "what is renewed");
    loop {
        match attempt(act, posted.clone(), &placed, &content).await {
            Ok(created) => return Ok(created),
            // What is renewed was changed, as by n8n's answer to the decision, which is noted while the workflow goes on.
            Err(refused) => again.after(refused).await?,
        }
    }
}

async fn attempt(
    act: &Act,
    mut payload: Payload,
    placed: &Placed,
    content: &Json,
) -> Result<Created, Refused> {
    let sent_back = origin::renew(act, &mut payload).await?;
    origin::seal(act, placed.resume_url.clone(), &mut payload).await?;
    let id = payload.id();
    payload.body = store(act, id, content).await?;
    let writes = origin::writes(act, sent_back.as_ref(), &payload).await?;
    let created = Created { payload, nid: placed.nid, warnings: placed.warnings.clone() };
    match act.commit_once(writes, &created.payload, &created).await {
        Ok(()) => {
            if let Some(before) = sent_back {
                discard(act, &before.body).await;
            }
            Ok(created)
        }
        Err(refused) => {
            discard_refused(act, &created.payload.body, &refused).await;
            Err(refused)
        }
    }
}

/// Changes a payload as it stands. Fails with a conflict where somebody else does at the same moment.
pub async fn update(act: &Act, id: PayloadId, patch: Patch) -> Result<Payload> {
    let payloads = act.repos().payloads();
    // What stays is not read.
    let before = match &patch.content {
        Some(_) => payloads.get(id).await?,
        None => payloads.head(id).await?,
    };
    let before = before.or_not_found("record")?;
    let mut payload = before.clone();
    let content = patch.apply(&mut payload, act);
    if let Some(content) = &content {
        payload.body = store(act, id, content).await?;
    }
    payload.subject.touch(act.now);
    let mut writes = payloads.replace(&before, &payload)?;
    writes.extend(happened::updated(act, &before, &payload)?);
    match act.commit_once(writes, &payload, &payload).await {
        Ok(()) => {
            if content.is_some() {
                discard(act, &before.body).await;
            }
            Ok(payload)
        }
        Err(refused) => {
            if content.is_some() {
                discard_refused(act, &payload.body, &refused).await;
            }
            Err(refused.into())
        }
    }
}

impl Patch {
    /// Changes everything but the content, which is handed back.
    fn apply(self, payload: &mut Payload, act: &Act) -> Option<Json> {
        let Payload { subject, title, task_type, status, .. } = payload;
        let review = &mut subject.review;
        *title = self.title.unwrap_or_else(|| std::mem::take(title));
        *task_type = self.task_type.unwrap_or_else(|| std::mem::take(task_type));
        review.human_interaction = self.human_interaction.unwrap_or(review.human_interaction);
        review.allow_regenerate = self.allow_regenerate.unwrap_or(review.allow_regenerate);
        if let Some(to) = self.automation_status {
            review.set_status(to, act.actor.clone(), act.now);
        }
        *status = self.status.or(status.take());
        self.content
    }
}

/// Deletes a payload and its content. What n8n has not heard of its decision is told all the same.
pub async fn delete(act: &Act, id: PayloadId, waiting: Waiting) -> Result<Deleted> {
    let payloads = act.repos().payloads();
    let payload = payloads.head(id).await?.or_not_found("record")?;
    let leaving = waiting.leaving(act, &payload);
    let deleted = leaving.deleted(id);
    let mut writes = payloads.part(&payload, &leaving.left)?;
    writes.push(happened::deleted(act, &payload, &leaving.left)?);
    act.commit(writes, &deleted).await?;
    leaving.tell::<Payload>(act).await;
    discard(act, &payload.body).await;
    Ok(deleted)
}

/// Contents that are read at once.
const AT_ONCE: usize = 16;

/// The content as a list has it; null when it is too large for one.
pub fn inline(body: &Body) -> Result<Json> {
    match body {
        Body::Inline(text) => Json::stored(text.clone()).map_err(Error::unreadable),
        Body::Blob { .. } => Ok(Json::null()),
    }
}

/// The content, wherever it lies. What was lost or altered where it lies is an error of this payload: nothing else reads it,
/// and it can be listed, decided on, replaced and deleted all the same.
pub async fn content(act: &Act, payload: &Payload) -> Result<Json> {
    let mut body = payload.body.clone();
    for _ in 0..ROUNDS {
        if let Some(content) = read(act, payload.id(), &body).await? {
            return Ok(content);
        }
        // Whoever has replaced it meanwhile has discarded what was there before.
        let now = act.repos().payloads().get(payload.id()).await?.or_not_found("record")?;
        if now.body == body {
            break;
        }
        body = now.body;
    }
    Err(broken(payload.id(), &body, "content_missing", "is missing"))
}

/// How often content that is not where it was is looked for again.
const ROUNDS: usize = 3;

/// What lies where the body says; none where nothing does.
async fn read(act: &Act, id: PayloadId, body: &Body) -> Result<Option<Json>> {
    let Body::Blob { file, version, .. } = body else { return inline(body).map(Some) };
    let Some(found) = act.app.blobs.get(&key(act, file), Some(version)).await? else { return Ok(None) };
    if !body.is_of(&found) {
        return Err(broken(id, body, "content_altered", "is not what was stored"));
    }
    let text = String::from_utf8(found.into()).map_err(Error::unreadable)?;
    Json::stored(text).map(Some).map_err(Error::unreadable)
}

fn broken(id: PayloadId, body: &Body, code: &'static str, what: &str) -> Error {
    let version = if let Body::Blob { version, .. } = body { version.as_str() } else { "-" };
    let message = format!(
        "The content of this payload {what}. Everything else of it is there; send its content again."
    );
    Error::new(ErrorKind::Internal, code, message).caused_by(format!("payload {id}, version {version}"))
}

/// Stores content: with the item when it is small, as a blob otherwise.
async fn store(act: &Act, id: PayloadId, content: &Json) -> Result<Body> {
    let text = content.as_str().to_owned();
    if text.len() <= STORED_BYTES {
        return Ok(Body::Inline(text));
    }
    let text = Bytes::from(text);
    let file = Payload::blob_name(id, act.app.id());
    let version = act.app.blobs.put(&key(act, &file), "application/json", text.clone()).await?;
    Ok(Body::apart(file, version, &text))
}

/// Deletes content that nothing points at any more. Where that fails it costs storage until the organization is erased, and
/// nobody can read it.
async fn discard(act: &Act, body: &Body) {
    if let Body::Blob { file, .. } = body {
        act.app.blobs.delete(&key(act, file)).await.log_failure("content could not be deleted");
    }
}

/// Deletes content whose item was refused. Where it is only not known whether the item was written, it may stand and
/// point at this, so the content stays.
async fn discard_refused(act: &Act, body: &Body, refused: &Refused) {
    if refused.is_certain() {
        discard(act, body).await;
    }
}

fn key(act: &Act, file: &str) -> BlobKey {
    BlobKey::of(act.tenant, file)
}

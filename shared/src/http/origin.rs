//! What a workflow says of itself when it posts a lead, a media item or a payload: where it comes from, and whether a
//! person must decide.
//!
//! Its one rule: an id that is named must exist in the caller's organization; what is not named is found out as far as
//! the rest tells it.

use secrecy::SecretString;
use url::Url;

use super::{
    ctx::{Ctx, Refused},
    fields::Fields,
    reply::{Reply, Warning},
    resume_url::{Said, Settled, settle},
};
use crate::{
    domain::{
        duplicate::OnDuplicate,
        resume_headers,
        review::{AutomationStatus, Review},
        subject::{ExecutionFilter, Subject},
    },
    error::{Error, ErrorKind, Result},
    ids::Id,
    n8n::wait,
    repo::{orgs, subjects::Stored},
    store::Write,
};

/// The fields that every post of a workflow may have.
#[derive(Debug, Default)]
pub struct Origin {
    pub installation_id: Option<Id>,
    pub workflow_id: Option<String>,
    pub execution_id: Option<String>,
    pub resume_url: Option<Url>,
    /// The node that posts.
    pub node: Option<String>,
    /// What the Wait asks its callers for (`domain::resume_headers`).
    pub resume_headers: Option<SecretString>,
    /// Client group, instead of the installation's or the caller's.
    pub group_id: Option<Id>,
    pub human_interaction: Option<bool>,
    pub allow_regenerate: bool,
    pub automation_status: Option<AutomationStatus>,
    /// What was said and does not count.
    pub overruled: Option<Warning>,
}

/// Where a post comes from, looked up.
#[derive(Debug)]
pub struct Placed {
    pub subject: Subject,
    /// Id of the workflow node, when the installation is known.
    pub nid: Option<Id>,
    /// To be sealed with [`seal`] once the entity's id is settled.
    pub resume_url: Option<Url>,
    /// What the caller should know of it.
    pub warnings: Vec<Warning>,
}

impl Origin {
    pub fn read(fields: &mut Fields) -> Self {
        Self {
            installation_id: fields.id("installation_id"),
            workflow_id: fields.foreign_id("workflow_id", 200),
            execution_id: fields.foreign_id("execution_id", 200),
            resume_url: fields.url("resume_url"),
            node: fields.foreign_id("node", 200),
            resume_headers: resume_headers(fields),
            group_id: fields.id("group_id"),
            human_interaction: fields.flag("human_interaction"),
            allow_regenerate: fields.flag("allow_regenerate").unwrap_or(false),
            automation_status: automation_status(fields, &AutomationStatus::SETTABLE),
            overruled: None,
        }
    }

    /// A person must decide, whatever the fields say: the `/automation/…/create` routes.
    pub fn require_review(&mut self) {
        if self.human_interaction == Some(false) {
            let message = "human_interaction is true for everything that is created here, whatever the request says. \
                           Create it under /api to have it without a review.";
            self.overruled = Some(Warning { code: "review_required", message: message.into() });
        }
        self.human_interaction = Some(true);
        self.automation_status = Some(AutomationStatus::Pending);
    }

    /// Looks up what was named and drafts the common part of the entity.
    pub async fn place(self, ctx: &Ctx) -> Result<Placed> {
        check_group(ctx, self.group_id).await?;
        let execution_id = self.execution_id.or_else(|| self.resume_url.as_ref().and_then(execution_of));
        let said = Said {
            installation_id: self.installation_id,
            workflow_id: self.workflow_id.as_deref(),
            execution_id: execution_id.as_deref(),
        };
        let Settled { installation, resume_url, moved } = settle(ctx, said, self.resume_url).await?;
        let nid = match (&installation, &self.workflow_id) {
            (Some(installation), Some(workflow)) => {
                Some(ctx.installed().node(installation.id, workflow, None).await?)
            }
            _ => None,
        };
        let group_id = self.group_id.or(installation.as_ref().map(|found| found.group_id));
        let mut subject = Subject {
            id: ctx.app.id(),
            group_id: group_id.unwrap_or(ctx.caller.group_id),
            installation_id: installation.map(|found| found.id),
            workflow_id: self.workflow_id,
            execution_id,
            node: self.node,
            execution_state: None,
            sealed_resume_url: None,
            resume_suffix: None,
            sealed_resume_headers: None,
            review: Review {
                automation_status: self.automation_status.unwrap_or_default(),
                human_interaction: self.human_interaction.unwrap_or(false),
                allow_regenerate: self.allow_regenerate,
                ..Review::default()
            },
            created_at: ctx.now,
            posted_at: ctx.now,
            changed_at: ctx.now,
            v: 1,
        };
        if let (Some(headers), Some(record)) = (&self.resume_headers, subject.headers_record()) {
            let sealed = ctx.app.sealer.seal(ctx.tenant(), &record, headers).await?;
            subject.sealed_resume_headers = Some(sealed);
        }
        Ok(Placed { subject, nid, resume_url, warnings: moved.into_iter().chain(self.overruled).collect() })
    }
}

fn resume_headers(fields: &mut Fields) -> Option<SecretString> {
    let sent = fields.json("resume_headers")?;
    match resume_headers::read(sent.part()) {
        Ok(headers) => headers,
        Err(problem) => {
            fields.refuse("resume_headers", problem);
            None
        }
    }
}

/// The execution that a resume URL belongs to, as n8n writes it: `…/webhook-waiting/<execution>`.
fn execution_of(url: &Url) -> Option<String> {
    let mut segments = url.path_segments()?.skip_while(|segment| *segment != "webhook-waiting");
    segments.nth(1).filter(|id| !id.is_empty()).map(str::to_owned)
}

/// Makes what was posted the renewal of the entity of the same execution that a reviewer sent back with *regenerate*.
/// Returns that entity as it stands; none when what was posted is new.
pub async fn renew<E: Stored>(ctx: &Ctx, posted: &mut E) -> Result<Option<E>> {
    if !posted.subject().review.human_interaction {
        return Ok(None);
    }
    let sent_back = ctx.subjects::<E>().regenerating(posted).await?;
    if let Some(before) = &sent_back {
        posted.subject_mut().renew(before.subject().clone(), ctx.actor(), ctx.now);
    }
    Ok(sent_back)
}

/// Seals the resume URL, if one was passed, for the id that the entity ends up with.
pub async fn seal<E: Stored>(ctx: &Ctx, resume_url: Option<Url>, entity: &mut E) -> Result<()> {
    let Some(url) = resume_url else { return Ok(()) };
    let record = Subject::seal_record(E::TYPE, entity.subject().id);
    let suffix = wait::suffix_of(&url).map(|suffix| wait::mark(&suffix));
    let sealed = ctx.app.sealer.seal(ctx.tenant(), &record, &SecretString::from(String::from(url))).await?;
    let subject = entity.subject_mut();
    subject.sealed_resume_url = Some(sealed);
    subject.resume_suffix = suffix;
    Ok(())
}

/// The writes that store what was posted: a creation, or the renewal of what was sent back.
pub fn writes<E: Stored>(ctx: &Ctx, sent_back: Option<&E>, posted: &E) -> Result<Vec<Write>> {
    let entities = ctx.subjects::<E>();
    let Some(before) = sent_back else { return Ok(entities.insert(posted)?) };
    let mut writes = entities.replace(before, posted)?;
    writes.extend(entities.unmark_regenerating(posted));
    Ok(writes)
}

/// Commits the writes of one entity. A refusal by the entity itself, already written, is a success.
pub async fn commit<E: Stored>(
    ctx: &Ctx,
    writes: Vec<Write>,
    entity: &E,
    reply: Reply,
) -> Result<Reply, Refused> {
    match ctx.commit(writes, reply.clone()).await {
        Err(refused) if refused.met_itself(entity) => Ok(reply),
        committed => committed,
    }
}

/// `on_duplicate`, in the query or in the body: the query counts where both say something.
pub fn on_duplicate(query: &mut Fields, body: &mut Fields) -> OnDuplicate {
    let read = |fields: &mut Fields| fields.one_of("on_duplicate", OnDuplicate::WORDS, OnDuplicate::parse);
    let (asked, said) = (read(query), read(body));
    if query.is_refused("on_duplicate") && !body.is_refused("on_duplicate") {
        body.refuse("on_duplicate", format!("must be one of {}", OnDuplicate::WORDS.join(", ")));
    }
    asked.or(said).unwrap_or(OnDuplicate::Ignore)
}

/// The field `execution_state` of a list's query.
pub fn execution_state(fields: &mut Fields) -> Option<ExecutionFilter> {
    fields.one_of("execution_state", &ExecutionFilter::ALL, ExecutionFilter::parse)
}

/// The field `automation_status`, one of the words.
pub fn automation_status(fields: &mut Fields, words: &[&str]) -> Option<AutomationStatus> {
    fields.one_of("automation_status", words, AutomationStatus::parse)
}

/// The client group that a request names. Another tenant's reads like one that does not exist.
pub async fn check_group(ctx: &Ctx, group_id: Option<Id>) -> Result<()> {
    let Some(id) = group_id.filter(|id| *id != ctx.caller.group_id) else { return Ok(()) };
    match orgs::group(&*ctx.app.store, ctx.tenant(), id).await? {
        Some(_) => Ok(()),
        None => {
            Err(Error::new(ErrorKind::Forbidden, "no_such_group", "You have no client group of this id."))
        }
    }
}

//! What a workflow says of itself when it posts a lead, a media item or a payload: where it comes from, and whether a
//! person must decide.
//!
//! Its one rule: an id that is named must exist in the caller's organization; what is not named is found out as far as
//! the rest tells it.

use futures::future::try_join_all;
use secrecy::SecretString;
use url::Url;

use super::{
    Warning,
    act::Act,
    groups,
    happened::{self, Told},
    resume_url::{Said, Settled, settle},
};
use crate::{
    domain::{
        org::Group,
        review::{AutomationStatus, Review},
        subject::Subject,
    },
    error::Result,
    ids::{GroupId, InstallationId, Nid},
    n8n::wait,
    repo::{orgs, subjects::Stored},
    store::Write,
};

/// The fields that every post of a workflow may have.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    pub installation_id: Option<InstallationId>,
    pub workflow_id: Option<String>,
    pub execution_id: Option<String>,
    pub resume_url: Option<Url>,
    /// The node that posts.
    pub node: Option<String>,
    /// What the Wait asks its callers for (`domain::resume_headers`).
    pub resume_headers: Option<SecretString>,
    /// Client group, instead of the installation's or the caller's.
    pub group_id: Option<GroupId>,
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
    pub nid: Option<Nid>,
    /// To be sealed with [`seal`] once the entity's id is settled.
    pub resume_url: Option<Url>,
    /// What the caller should know of it.
    pub warnings: Vec<Warning>,
}

impl Origin {
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
    pub async fn place(self, act: &Act) -> Result<Placed> {
        check_group(act, self.group_id).await?;
        let execution_id = self.execution_id.or_else(|| self.resume_url.as_ref().and_then(execution_of));
        let said = Said {
            installation_id: self.installation_id,
            workflow_id: self.workflow_id.as_deref(),
            execution_id: execution_id.as_deref(),
        };
        let Settled { installation, resume_url, moved } = settle(act, said, self.resume_url).await?;
        let nid = match (&installation, &self.workflow_id) {
            (Some(installation), Some(workflow)) => {
                Some(act.installed().node(installation.id, workflow, None).await?)
            }
            _ => None,
        };
        let group_id = self.group_id.or(installation.as_ref().map(|found| found.group_id));
        let mut subject = Subject {
            id: act.app.id(),
            group_id: group_id.unwrap_or(act.group_id),
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
            created_at: act.now,
            posted_at: act.now,
            changed_at: act.now,
            apart: false,
            v: 1,
        };
        if let (Some(headers), Some(record)) = (&self.resume_headers, subject.headers_record()) {
            let sealed = act.app.sealer.seal(act.tenant, &record, headers).await?;
            subject.sealed_resume_headers = Some(sealed);
        }
        Ok(Placed { subject, nid, resume_url, warnings: moved.into_iter().chain(self.overruled).collect() })
    }
}

/// The execution that a resume URL belongs to, as n8n writes it: `…/webhook-waiting/<execution>`.
fn execution_of(url: &Url) -> Option<String> {
    let mut segments = url.path_segments()?.skip_while(|segment| *segment != "webhook-waiting");
    segments.nth(1).filter(|id| !id.is_empty()).map(str::to_owned)
}

/// Makes what was posted the renewal of the entity of the same execution that a reviewer sent back with *regenerate*.
/// Returns that entity as it stands; none when what was posted is new.
pub async fn renew<E: Stored>(act: &Act, posted: &mut E) -> Result<Option<E>> {
    if !posted.subject().review.human_interaction {
        return Ok(None);
    }
    let sent_back = act.repos().subjects::<E>().regenerating(posted).await?;
    if let Some(before) = &sent_back {
        posted.subject_mut().renew(before.subject().clone(), act.actor.clone(), act.now);
    }
    Ok(sent_back)
}

/// Seals the resume URL, if one was passed, for the id that the entity ends up with.
pub async fn seal<E: Stored>(act: &Act, resume_url: Option<Url>, entity: &mut E) -> Result<()> {
    let Some(url) = resume_url else { return Ok(()) };
    let record = Subject::seal_record(E::TYPE, entity.subject().id);
    let suffix = wait::suffix_of(&url).map(|suffix| wait::mark(&suffix));
    let sealed = act.app.sealer.seal(act.tenant, &record, &SecretString::from(String::from(url))).await?;
    let subject = entity.subject_mut();
    subject.sealed_resume_url = Some(sealed);
    subject.resume_suffix = suffix;
    Ok(())
}

/// The writes that store what was posted: a creation, or the renewal of what was sent back.
pub async fn writes<E: Told>(act: &Act, sent_back: Option<&E>, posted: &E) -> Result<Vec<Write>> {
    let entities = act.listed::<E>().await?;
    let Some(before) = sent_back else {
        let mut writes = entities.insert(posted)?;
        writes.push(happened::created(act, posted)?);
        return Ok(writes);
    };
    let mut writes = entities.replace(before, posted)?;
    writes.extend(happened::updated(act, before, posted)?);
    writes.extend(entities.unmark_regenerating(posted));
    Ok(writes)
}

/// The client group that something is to be put into. Another tenant's, and one out of reach, read like one that does not exist.
///
/// # Errors
/// 403 `no_such_group`; 409 `group_moving` where it is being deleted.
pub async fn check_group(act: &Act, group_id: Option<GroupId>) -> Result<()> {
    let Some(id) = group_id else { return Ok(()) };
    if is_own(act, id) {
        return Ok(());
    }
    match known(act, id).await?.leaving {
        None => Ok(()),
        Some(leaving) => Err(groups::moving(leaving.to)),
    }
}

/// A client group whose content is asked for. One's own is there.
async fn asks(act: &Act, named: Option<GroupId>) -> Result<()> {
    match named {
        Some(id) if !is_own(act, id) => known(act, id).await.map(|_| ()),
        _ => Ok(()),
    }
}

fn is_own(act: &Act, id: GroupId) -> bool {
    id == act.group_id && act.reach.covers(id)
}

/// A client group that is there for who asks, perhaps on its way out.
async fn known(act: &Act, id: GroupId) -> Result<Group> {
    let found = match act.reach.covers(id) {
        true => orgs::group(&*act.app.store, act.tenant, id).await?,
        false => None,
    };
    found.filter(Group::is_shown).ok_or_else(groups::unknown)
}

/// The client groups that something is to be bound to.
pub async fn check_groups(act: &Act, groups: &[GroupId]) -> Result<()> {
    try_join_all(groups.iter().map(|group| check_group(act, Some(*group)))).await.map(|_| ())
}

/// The client group that a list is asked for: the one that is named, or the only one in reach.
pub async fn group_asked(act: &Act, named: Option<GroupId>) -> Result<Option<GroupId>> {
    asks(act, named).await?;
    Ok(named.or_else(|| act.reach.only_one()))
}

/// The client groups whose sums are asked for: the one that is named, or those in reach; none for all of them.
pub async fn groups_asked(act: &Act, named: Option<GroupId>) -> Result<Option<Vec<GroupId>>> {
    asks(act, named).await?;
    Ok(named.map(|named| vec![named]).or_else(|| act.reach.every().map(<[_]>::to_vec)))
}

use futures::future::try_join;
use serde::Serialize;
use shared::{
    domain::{
        duplicate::OnDuplicate,
        lead::{Change, Lead},
        lead_setup::LeadSetup,
        review::AutomationStatus,
        subject::Subject,
    },
    error::{Error, ErrorKind, Result},
    http::{
        ctx::{Ctx, Refused},
        extract::QueryFields,
        fields::Fields,
        input::Email,
        origin::{self, Origin, Placed},
        reply::{Reply, Warning},
    },
    ids::Id,
    repo::{leads::Holder, subjects::Stored},
    store::StoreError,
};
use url::Url;
use utoipa::ToSchema;

use crate::{
    ATTEMPTS,
    input::{CreateLead, CreateQuery},
};

/// The lead of this address.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreatedLead)]
pub struct Created {
    success: bool,
    #[schema(value_type = u64, example = 101)]
    id: Id,
    /// Label of its status.
    #[schema(example = "New")]
    status: String,
    #[schema(example = "pending")]
    automation_status: &'static str,
    /// Only when the address had a lead already: true.
    #[serde(skip_serializing_if = "Option::is_none")]
    duplicate: Option<bool>,
    #[schema(example = "Lead created successfully.")]
    message: &'static str,
    /// What else to know; absent when there is nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Warning>,
}

/// Creates a lead, or finds the one of the same e-mail address in the client group.
///
/// Posting again from an execution whose lead a reviewer sent back with *regenerate* renews that lead: it keeps its id
/// and waits for a decision once more.
#[utoipa::path(post, path = "/api/leads", operation_id = "create_lead", tag = "leads",
    params(CreateQuery), request_body = CreateLead, responses(
        (status = 201, description = "Created.", body = Created),
        (status = 200, description = "It was there already: `duplicate` is true.", body = Created)))]
pub async fn handler(ctx: Ctx, QueryFields(query): QueryFields, fields: Fields) -> Result<Reply> {
    let setups = ctx.lead_setups();
    let (setup, looked_up) = try_join(setups.load(), look_up(&ctx, &fields)).await?;
    let new = CreateLead::read(fields, &setup, query)?;
    let (on_duplicate, origin) = (new.duplicate, Origin::from(new.origin.clone()));
    let change = new.change();
    let automation_status = origin.automation_status;
    let Placed { subject, resume_url, warnings, .. } = origin.place(&ctx).await?;
    let mut post = Post {
        ctx,
        setup,
        change,
        on_duplicate,
        automation_status,
        subject,
        resume_url,
        warnings,
        looked_up,
    };
    for _ in 1..ATTEMPTS {
        match post.store().await {
            // Somebody was quicker, and perhaps with the same address: look again.
            Err(Refused::Write(..)) => post.subject.id = post.ctx.app.id(),
            ended => return Ok(ended?),
        }
    }
    Ok(post.store().await?)
}

/// Who has the address, in the client group that was named or the caller's own: read beside the pipeline, so that a create
/// waits for the store twice and not three times.
async fn look_up(ctx: &Ctx, sent: &Fields) -> Result<Option<LookedUp>, StoreError> {
    let Some(email) = sent.peek::<Email>("email") else { return Ok(None) };
    let group_id = sent.peek::<Id>("group_id").unwrap_or(ctx.caller.group_id);
    Ok(Some(LookedUp { group_id, holder: ctx.leads().holder(group_id, &email).await? }))
}

struct LookedUp {
    group_id: Id,
    holder: Option<Holder>,
}

/// What was posted, looked up and ready to be stored.
struct Post {
    ctx: Ctx,
    setup: LeadSetup,
    change: Change,
    on_duplicate: OnDuplicate,
    /// As it was sent.
    automation_status: Option<AutomationStatus>,
    subject: Subject,
    resume_url: Option<Url>,
    warnings: Vec<Warning>,
    /// Good for one attempt.
    looked_up: Option<LookedUp>,
}

impl Post {
    async fn store(&mut self) -> Result<Reply, Refused> {
        let looked_up = self.looked_up.take();
        let ctx = &self.ctx;
        let mut lead = Lead::new(self.subject.clone(), self.change.clone());
        if let Some(before) = origin::renew(ctx, &mut lead).await? {
            return self.renew(&before, lead.subject).await;
        }
        // The installation may have put it into another group.
        let holder = match looked_up.filter(|found| found.group_id == lead.subject.group_id) {
            Some(found) => found.holder,
            None => ctx.leads().holder(lead.subject.group_id, &lead.folded_email()).await?,
        };
        if let Some(holder) = holder
            && self.on_duplicate != OnDuplicate::Create
        {
            // Deleted between the two reads: look again.
            let Some(known) = ctx.leads().get(holder.lead_id).await? else {
                return Err(Refused::Write(Lead::KIND, None));
            };
            return match self.on_duplicate {
                OnDuplicate::Update => self.update(&known).await,
                _ => ctx.commit(Vec::new(), self.duplicate(&known, "Lead already exists.")?).await,
            };
        }
        lead.owns_email = !holder.is_some_and(|holder| holder.owns);
        self.commit(None, lead).await
    }

    /// The lead that a reviewer sent back goes on with what was posted now; what was not posted stays.
    async fn renew(&self, before: &Lead, subject: Subject) -> Result<Reply, Refused> {
        let mut lead = before.clone();
        lead.apply(self.change.clone());
        lead.subject = subject;
        self.commit(Some(before), lead).await
    }

    async fn commit(&self, sent_back: Option<&Lead>, mut lead: Lead) -> Result<Reply, Refused> {
        self.seal(&mut lead).await?;
        let writes = origin::writes(&self.ctx, sent_back, &lead)?;
        let reply = Reply::created(&self.shown(&lead, None, "Lead created successfully."));
        origin::commit(&self.ctx, writes, &lead, reply?).await
    }

    async fn update(&self, before: &Lead) -> Result<Reply, Refused> {
        let (ctx, mut lead) = (&self.ctx, before.clone());
        lead.apply(self.change.clone());
        if self.subject.review.human_interaction {
            if !lead.subject.ask_again(&self.subject, ctx.actor(), ctx.now) {
                return Err(Refused::Error(in_review(before)));
            }
            self.seal(&mut lead).await?;
        } else if let Some(status) = self.automation_status {
            lead.subject.review.set_status(status, ctx.actor(), ctx.now);
        }
        let reply = self.duplicate(&lead, "Lead updated.")?;
        if lead == *before {
            return ctx.commit(Vec::new(), reply).await;
        }
        lead.subject.touch(ctx.now);
        let writes = ctx.leads().replace(before, &lead)?;
        origin::commit(ctx, writes, &lead, reply).await
    }

    /// The URL belongs to the execution that posts now.
    async fn seal(&self, lead: &mut Lead) -> Result<(), Refused> {
        if lead.subject.execution_id == self.subject.execution_id {
            origin::seal(&self.ctx, self.resume_url.clone(), lead).await?;
        }
        Ok(())
    }

    fn duplicate(&self, lead: &Lead, message: &'static str) -> Result<Reply, Refused> {
        Ok(Reply::ok(&self.shown(lead, Some(true), message))?)
    }

    fn shown(&self, lead: &Lead, duplicate: Option<bool>, message: &'static str) -> Created {
        Created {
            success: true,
            id: lead.subject.id,
            status: self.setup.shown(lead.status_id).label.clone(),
            automation_status: lead.subject.review.automation_status.as_str(),
            duplicate,
            message,
            warnings: self.warnings.clone(),
        }
    }
}

fn in_review(lead: &Lead) -> Error {
    let message = "This lead waits for a decision of another execution, or has one to hand back to it. \
                   Post again when that is settled.";
    Error::new(ErrorKind::WrongState, "in_review", message).with("id", lead.subject.id.get())
}

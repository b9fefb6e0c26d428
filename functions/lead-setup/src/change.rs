//! Changes of the pipeline, made one after the other however many come at once.
//!
//! Its one rule: what is decided is decided on the pipeline as it stands when it is written. Where another change was
//! quicker, the decision is made again.

use serde::Serialize;
use shared::{
    domain::{
        chore::What,
        lead_setup::{LeadSetup, MAX_FIELDS, MAX_STATUSES, Refusal},
    },
    error::{Error, ErrorKind, Result},
    http::{
        ctx::{Ctx, Refused},
        reply::Reply,
    },
    ids::Id,
    repo::lead_setup::MAX_BYTES,
};
use utoipa::ToSchema;

/// How often a change is decided. With each refusal somebody else's change was written, so this many must come at the
/// same moment before one is sent away.
const ATTEMPTS: usize = 40;

/// A change is stored.
#[derive(Debug, Serialize, ToSchema)]
pub struct Changed {
    pub success: bool,
    #[schema(value_type = u64, example = 12)]
    pub id: Id,
    #[schema(example = "Updated successfully.")]
    pub message: &'static str,
}

/// What a change leads to: its reply, and what is to be done after it.
pub type Decision = Result<(Reply, Option<What>)>;

/// Decides on the pipeline and writes what was decided.
pub async fn change(ctx: &Ctx, decide: impl Fn(&mut LeadSetup) -> Decision) -> Result<Reply> {
    let setups = ctx.lead_setups();
    let mut stands = setups.load().await?;
    for _ in 0..ATTEMPTS {
        let mut next = stands.clone();
        let (reply, chore) = decide(&mut next)?;
        if next == stands {
            return Ok(ctx.commit(Vec::new(), reply).await?);
        }
        next.v += 1;
        if !setups.fits(&next)? {
            return Err(too_large());
        }
        let mut writes = vec![setups.put_next(&next)?];
        let owed = chore.map(|what| ctx.chore(what)).transpose()?;
        let task = owed.map(|(write, task)| {
            writes.push(write);
            task
        });
        let current = match ctx.commit(writes, reply.clone()).await {
            Ok(committed) => {
                if let Some(task) = task.filter(|_| !committed.replayed) {
                    ctx.app.hint(&task, ctx.now).await;
                }
                return Ok(committed);
            }
            Err(Refused::Write(_, Some(current))) => current.decode()?,
            Err(Refused::Write(_, None)) => setups.load().await?,
            Err(refused) => return Err(refused.into()),
        };
        // An engine repeats a write whose answer was lost, and the repeat meets the first.
        if current == next {
            return Ok(reply);
        }
        stands = current;
    }
    Err(Error::unavailable("the setup was changed by others again and again"))
}

fn too_large() -> Error {
    let message = format!(
        "The statuses and custom fields of an organization may take up {} KB together. Delete fields or options first.",
        MAX_BYTES / 1024
    );
    Error::new(ErrorKind::TooLarge, "pipeline_too_large", message)
}

/// What a refusal means for the caller.
pub fn refused(refusal: Refusal) -> Error {
    match refusal {
        Refusal::Unknown => Error::not_found("record"),
        Refusal::BuiltIn => Error::new(
            ErrorKind::Forbidden,
            "built_in_status",
            "This status is built in: it can be put elsewhere in the order, but not be changed or deleted.",
        ),
        Refusal::LabelTaken(id) => {
            Error::new(ErrorKind::Conflict, "duplicate_label", "There is a status with this label already.")
                .with("id", id.get())
        }
        Refusal::LabelIsNumber => {
            Error::invalid("label", "must not be a number: it would read as the id of a status")
        }
        Refusal::NoHeir => Error::invalid("reassign_to", "must be another status, by label or id"),
        Refusal::NotInOrder(id) => Error::invalid("ids", format!("must be ids of statuses: {id} is none")),
        Refusal::Twice(id) => {
            Error::invalid("ids", format!("must not repeat an id: {id} stands there twice"))
        }
        Refusal::TooManyStatuses => full(
            "too_many_statuses",
            format!("There are {MAX_STATUSES} statuses already, as many as there may be."),
        ),
        Refusal::TooManyFields => full(
            "too_many_fields",
            format!("There are {MAX_FIELDS} custom fields already, as many as there may be."),
        ),
    }
}

fn full(code: &'static str, message: String) -> Error {
    Error::new(ErrorKind::WrongState, code, message)
}

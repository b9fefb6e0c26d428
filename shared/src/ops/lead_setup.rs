//! The setup of leads: the statuses that they go through, and the fields that an organization gives them.
//!
//! Its one rule: what is decided is decided on the setup as it stands when it is written. Where another change was quicker,
//! the decision is made again.

use std::any::Any;

use super::{act::Act, again::Again, happened};
use crate::{
    domain::{
        chore::What,
        custom_field::{CustomField, Shape},
        lead_setup::{LeadSetup, MAX_FIELDS, MAX_STATUSES, Refusal, Status},
        lead_view::{self, column_name, is_known, is_plain},
    },
    error::{Error, ErrorKind, Result},
    ids::{FieldId, StatusId},
    json::Json,
    repo::lead_setup::MAX_BYTES,
};

/// A status, and where it stands in the order.
#[derive(Debug, Clone)]
pub struct Placed {
    pub weight: usize,
    pub status: Status,
}

/// A status that is gone, and the one that its leads go to.
#[derive(Debug, Clone, Copy)]
pub struct Reassigned {
    pub id: StatusId,
    pub to: StatusId,
}

/// Creates a status, the last in the order.
pub async fn create_status(act: &Act, label: String, color: Option<String>) -> Result<Placed> {
    let id = act.app.id();
    change(act, |setup| {
        let weight = setup.statuses.len();
        let status = setup.add_status(id, label.clone(), color.clone()).map_err(refused)?.clone();
        Ok((Placed { weight, status }, None))
    })
    .await
}

/// Changes label or colour of a status; what is left out stays.
pub async fn update_status(
    act: &Act,
    id: StatusId,
    label: Option<String>,
    color: Option<String>,
) -> Result<StatusId> {
    change(act, |setup| {
        setup.change_status(id, label.clone(), color.clone()).map_err(refused)?;
        Ok((id, None))
    })
    .await
}

/// Deletes a status. Its leads go to `heir`, by label or id, in the background.
pub async fn delete_status(act: &Act, id: StatusId, heir: Option<&str>) -> Result<Reassigned> {
    change(act, |setup| {
        let to = setup.delete_status(id, heir, act.now).map_err(refused)?;
        Ok((Reassigned { id, to }, Some(What::MoveLeads { from: id })))
    })
    .await
}

/// Puts the statuses into another order. Those that are left out follow in the order they had.
pub async fn reorder(act: &Act, ids: &[StatusId]) -> Result<Vec<Status>> {
    change(act, |setup| {
        setup.reorder(ids).map_err(refused)?;
        Ok((setup.statuses.clone(), None))
    })
    .await
}

/// Gives leads a field.
pub async fn create_field(act: &Act, label: String, shape: Shape, required: bool) -> Result<CustomField> {
    let id = act.app.id();
    change(act, |setup| {
        let field = setup.add_field(id, label.clone(), shape.clone(), required).map_err(refused)?;
        Ok((field.clone(), None))
    })
    .await
}

/// Changes a field as `decide` does.
pub async fn update_field(
    act: &Act,
    id: FieldId,
    decide: impl Fn(&mut CustomField) -> Result<()>,
) -> Result<FieldId> {
    change(act, |setup| {
        decide(setup.field_mut(id).map_err(refused)?)?;
        Ok((id, None))
    })
    .await
}

/// Takes a field away from all leads, in the background.
pub async fn delete_field(act: &Act, id: FieldId) -> Result<FieldId> {
    change(act, |setup| {
        setup.delete_field(id).map_err(refused)?;
        Ok((id, Some(What::ForgetField { field_id: id })))
    })
    .await
}

/// The columns in which the actor looks at leads: those that were set, else the usual ones. Columns of deleted fields are left out.
pub async fn view(act: &Act) -> Result<Vec<Json>> {
    let mut columns = match act.repos().lead_views().get(act.actor.user_id).await? {
        Some(columns) => columns,
        None => lead_view::DEFAULT.map(Json::of_text).to_vec(),
    };
    if !is_plain(&columns) {
        let setup = act.repos().lead_setups().load().await?;
        columns.retain(|column| is_known(&setup, column));
    }
    Ok(columns)
}

/// Sets the columns in which the actor looks at leads. Fails where one names what no lead has.
pub async fn set_view(act: &Act, columns: Vec<Json>) -> Result<Vec<Json>> {
    if !is_plain(&columns) {
        let setup = act.repos().lead_setups().load().await?;
        let unknown = columns.iter().filter(|column| !is_known(&setup, column));
        let lost: Vec<_> = unknown.filter_map(|column| column_name(column.part())).collect();
        if !lost.is_empty() {
            return Err(Error::invalid("columns", format!("name what no lead has: {}", lost.join(", "))));
        }
    }
    let write = act.repos().lead_views().put(act.actor.user_id, &columns)?;
    act.commit(vec![write], &columns).await?;
    Ok(columns)
}

/// Decides on the setup and writes what was decided, with what is to be done after it.
async fn change<O: Any + Send + Sync>(
    act: &Act,
    decide: impl Fn(&mut LeadSetup) -> Result<(O, Option<What>)>,
) -> Result<O> {
    let setups = act.repos().lead_setups();
    let mut again = Again::new(&act.app, "the setup of leads");
    let mut stands = setups.load().await?;
    loop {
        let mut next = stands.clone();
        let (outcome, owed) = decide(&mut next)?;
        if next == stands {
            act.commit(Vec::new(), &outcome).await?;
            return Ok(outcome);
        }
        next.v += 1;
        if !setups.fits(&next)? {
            return Err(too_large());
        }
        let mut writes = vec![setups.put_next(&next)?];
        writes.extend(happened::settings(act, ["lead_setup"])?);
        let (chore, task) = owed.map(|what| act.chore(what)).transpose()?.unzip();
        writes.extend(chore);
        let Err(refused) = act.commit(writes, &outcome).await else {
            if let Some(task) = task {
                act.app.hint(&task, act.now).await;
            }
            return Ok(outcome);
        };
        let standing = refused.standing()?;
        // An engine repeats a write whose answer was lost, and the repeat meets the first.
        if standing.as_ref() == Some(&next) {
            return Ok(outcome);
        }
        again.after(refused).await?;
        stands = match standing {
            Some(standing) => standing,
            None => setups.load().await?,
        };
    }
}

fn too_large() -> Error {
    let message = format!(
        "The statuses and custom fields of an organization may take up {} KB together. Delete fields or options first.",
        MAX_BYTES / 1024
    );
    Error::new(ErrorKind::TooLarge, "pipeline_too_large", message)
}

/// What a refusal means for the caller.
fn refused(refusal: Refusal) -> Error {
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

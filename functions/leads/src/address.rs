//! Whose an e-mail address is.

use shared::{
    domain::lead::Lead,
    error::{Error, ErrorKind, Result},
    http::ctx::Ctx,
};

/// Makes the address of a changed lead its own, where address or client group are new. Another lead's is refused.
pub async fn claim(ctx: &Ctx, before: &Lead, after: &mut Lead) -> Result<()> {
    let (group, email) = (after.subject.group_id, after.folded_email());
    if group == before.subject.group_id && email == before.folded_email() {
        return Ok(());
    }
    if let Some(holder) = ctx.leads().holder(group, &email).await? {
        let message = "Another lead of this client group has this e-mail address.";
        return Err(Error::new(ErrorKind::Conflict, "email_taken", message).with("id", holder.lead_id.get()));
    }
    after.owns_email = true;
    Ok(())
}

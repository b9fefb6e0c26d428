//! Changes of the rules, made one after the other however many come at once.
//!
//! Its one rule: what is decided is decided on what stands when it is written. Where another change was quicker, the
//! decision is made again.

use shared::{
    domain::{alert::Rules, chore::What},
    error::{Error, Result},
    http::{
        ctx::{Ctx, Refused},
        reply::Reply,
    },
};

/// How often a change is decided. With each refusal somebody else's change was written.
const ATTEMPTS: usize = 40;

/// Decides on the rules as they stand and writes what was decided. All workflows are held against the rules afterwards.
pub async fn change(ctx: &Ctx, decide: impl Fn(&mut Rules) -> Result<Reply>) -> Result<Reply> {
    let alerts = ctx.alerts();
    let (chore, task) = ctx.chore(What::WatchWorkflows)?;
    let mut stands = alerts.rules().await?;
    for _ in 0..ATTEMPTS {
        let mut next = stands.clone();
        let reply = decide(&mut next)?;
        next.v += 1;
        let writes = vec![alerts.replace_rules(&next)?, chore.clone()];
        let current = match ctx.commit(writes, reply).await {
            Ok(committed) => {
                ctx.app.forget_alert_rules(ctx.tenant());
                ctx.app.hint(&task, ctx.now).await;
                return Ok(committed);
            }
            Err(Refused::Write(_, Some(current))) => current.decode()?,
            Err(Refused::Write(_, None)) => alerts.rules().await?,
            Err(refused) => return Err(refused.into()),
        };
        stands = current;
    }
    Err(Error::unavailable("the alerts were changed by others again and again"))
}

//! Changes of what an organization settles about money, made one after the other however many come at once.
//!
//! Its one rule: what is decided is decided on what stands when it is written. Where another change was quicker, the
//! decision is made again.

use shared::{
    domain::{chore::What, money::Money},
    error::{Error, ErrorKind, Result},
    http::{
        ctx::{Ctx, Refused},
        reply::Reply,
    },
    repo::money::MAX_BYTES,
};

/// How often a change is decided. With each refusal somebody else's change was written.
const ATTEMPTS: usize = 40;

/// What a change leads to: its reply, and what is to be done after it.
pub type Decision = Result<(Reply, Option<What>)>;

/// Decides on what is settled and writes what was decided.
pub async fn change(ctx: &Ctx, decide: impl Fn(&mut Money) -> Decision) -> Result<Reply> {
    let (settled, metering) = (ctx.settled(), ctx.metering());
    // Those of one process queue up, so that many writers do not spend their attempts on each other.
    let _turn = metering.turn().await;
    let mut stands = settled.load().await?;
    for _ in 0..ATTEMPTS {
        let mut next = stands.clone();
        let (reply, owed) = decide(&mut next)?;
        next.v += 1;
        next.changed_as = Some(ctx.app.id());
        if !settled.fits(&next)? {
            return Err(too_large());
        }
        let mut writes = vec![settled.put_next(&next)?];
        if let Some(what) = owed {
            let (chore, due) = metering.chore(what);
            writes.push(metering.chores().insert(&chore, due)?);
        }
        let current = match ctx.commit(writes, reply.clone()).await {
            Ok(committed) => {
                metering.forget();
                return Ok(committed);
            }
            Err(Refused::Write(_, Some(current))) => current.decode()?,
            Err(Refused::Write(_, None)) => settled.load().await?,
            Err(refused) if refused.is_contention() => settled.load().await?,
            Err(refused) => return Err(refused.into()),
        };
        // An engine repeats a write whose answer was lost, and the repeat meets the first. The same change of somebody
        // else's is another one: who deletes second finds nothing.
        if current.changed_as == next.changed_as {
            metering.forget();
            return Ok(reply);
        }
        stands = current;
    }
    Err(Error::unavailable("what is settled about money was changed by others again and again"))
}

fn too_large() -> Error {
    let message =
        format!("Prices and budgets of an organization may take up {} KB together.", MAX_BYTES / 1024);
    Error::new(ErrorKind::TooLarge, "too_large", message)
}

/// The refusal of one more where there are as many as there may be.
pub fn full(code: &'static str, message: String) -> Error {
    Error::new(ErrorKind::WrongState, code, message)
}

//! Work that the process may have died of, done with nothing else of its kind beside it.
//!
//! Its one rule: it is written down that such work begins, and whoever finds that it never ended puts its debt off instead of
//! trying once more. So the second death is the last one for a while, and it is known whose it was. A decision's debt writes
//! this down in its claim (`domain::review::Resume`); others only here, and only when they are suspected.

use super::{Handled, failed};
use crate::{
    app::App,
    clock::{self, Millis},
    error::LogFailure,
    queue::Task,
    repo::due::{self, Begun},
};

const WHY: &str = "the process has died of it, more than once";

/// Does the work, unless it was begun before and never ended.
pub(super) async fn remembering(app: &App, task: &Task, work: impl Future<Output = Handled>) -> Handled {
    let key = task.key();
    match due::begin_alone(&*app.store, &key, app.now(), WHY).await {
        Ok(Begun::Now) => {}
        Ok(Begun::Nothing) => return Handled::Done,
        Ok(Begun::PutOff(until)) => {
            log_put_off(task, until);
            return Handled::Done;
        }
        Err(error) => return failed(&error.into()),
    }
    let handled = work.await;
    due::end_alone(&*app.store, &key).await.log_failure("it could not be stored that work has ended");
    handled
}

pub(super) fn log_put_off(task: &Task, until: Millis) {
    let until = clock::iso(until);
    tracing::warn!(id = %task.request_id, kind = task.task.as_str(), key = %task.key(), why = WHY, until, "a debt is put off");
}

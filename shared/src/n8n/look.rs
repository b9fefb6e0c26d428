//! One look at an execution, whatever n8n's API makes of it.
//!
//! Its one rule: an answer counts for what it is. Only n8n's own JSON says something about n8n; anything else outside 2xx is
//! somebody in front of it, who says nothing that will hold.

use std::{collections::HashMap, time::Duration};

use bytes::Bytes;

use super::{
    answer::is_n8ns,
    client::{N8n, N8nError, crowded},
    skim::{MOST_KEPT, Skim, SkimError},
};
use crate::{
    egress::OutError,
    room::{Roomy, in_room},
};

/// n8n reads what it has stored, and writes it out, before the first byte comes: for 40 MB some 7 seconds. Somebody who
/// waits for it does not wait so long.
const WITH_DATA: Duration = Duration::from_secs(14);
const ROW: Duration = Duration::from_secs(4);
/// n8n itself ends at about 500 MB, V8's longest text.
const MOST_BYTES: usize = 512 * 1024 * 1024;

/// What a look shows.
#[derive(Debug)]
pub(super) enum Shown {
    /// The execution, reduced to what [`super::wait::WaitView`] reads.
    Execution(Bytes),
    /// Not to this key: n8n has no such execution, or it belongs to a member whose workflows the key does not see.
    Hidden,
    /// n8n has it and cannot show it, or not in time.
    Unreadable(String),
    /// n8n refuses the key.
    KeyRefused(u16),
    /// What answered well is not n8n.
    NotN8n,
    /// Not n8n's own words, and no success.
    Elsewhere {
        status: u16,
        said: String,
    },
    Unreachable(OutError),
}

impl N8n<'_> {
    /// Looks at an execution, with the items that carry one of these ids or without any.
    pub(super) async fn look(&self, id: &str, ids: Option<&HashMap<String, usize>>) -> Shown {
        // In a path these mean another address: n8n would list executions, and the first would be taken for this one.
        if matches!(id, "" | "." | "..") {
            return Shown::Hidden;
        }
        let none = HashMap::new();
        let mut url = self.url(&["executions", id]);
        if ids.is_some() {
            url.query_pairs_mut().append_pair("includeData", "true");
        }
        let timeout = if ids.is_some() { WITH_DATA } else { ROW };
        let request = match self.asking(url, timeout, MOST_BYTES) {
            Ok(request) => request,
            Err(N8nError::KeyRefused(status)) => return Shown::KeyRefused(status),
            Err(error) => return Shown::Unreadable(error.to_string()),
        };
        let host = request.url.origin().ascii_serialization();
        let mut skim = Roomy::new(Skim::new(ids.unwrap_or(&none)), self.line.rooms, &host, MOST_KEPT);
        let reply = match self.send_to(request, &mut skim).await {
            Ok(reply) => reply,
            Err(OutError::Timeout) if ids.is_some() => {
                return Shown::Unreadable("n8n does not show the execution in time".into());
            }
            Err(error @ OutError::ReplyTooLarge { .. }) => return Shown::Unreadable(error.to_string()),
            Err(error) => return Shown::Unreachable(error),
        };
        let said = || self.said(&reply.body);
        let shown = match reply.status {
            200..=299 if skim.crowded => return Shown::Unreachable(crowded()),
            200..=299 => match skim.gathered.finish() {
                Ok(kept) => Shown::Execution(in_room(kept, skim.room)),
                Err(SkimError::NotJson) => Shown::NotN8n,
                Err(error @ SkimError::TooMuch) => {
                    Shown::Unreadable(format!("the execution cannot be read: {error}"))
                }
            },
            status if !is_n8ns(&reply.body) => Shown::Elsewhere { status, said: said() },
            status @ (401 | 403) => Shown::KeyRefused(status),
            // 400 is n8n's word on an id that is no number.
            400 | 404 => Shown::Hidden,
            status => Shown::Unreadable(format!("n8n answered {status}: {}", said())),
        };
        match &shown {
            Shown::Execution(_) => self.hear(reply.status, true).await,
            Shown::KeyRefused(status) => self.hear(*status, true).await,
            _ => {}
        }
        shown
    }
}

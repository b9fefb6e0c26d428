//! What is left to settle of an execution when more records change sides than one transaction holds.

use super::Metering;
use crate::{error::Result, ops::again::Again, store};

impl Metering<'_> {
    /// Lets records change sides until each counts or not as it is to.
    pub async fn settle(&self, workflow_id: &str, execution_id: &str) -> Result<()> {
        let log = self.app.repos(self.tenant).usage(workflow_id);
        let mut again = Again::new(self.app, "the usage of an execution");
        loop {
            let Some(writes) = log.settle(execution_id).await? else { return Ok(()) };
            match store::apply(&*self.app.store, writes).await {
                Ok(()) => {}
                // Another record was quicker.
                Err(error) => again.after(error).await?,
            }
        }
    }
}

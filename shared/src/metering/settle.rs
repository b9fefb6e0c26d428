//! What is left to settle of an execution when more records change sides than one transaction holds.

use super::Metering;
use crate::{
    error::{Error, Result},
    store::{self, StoreError},
};

/// How often it is looked at anew because another record was quicker.
const ATTEMPTS: usize = 40;

impl Metering<'_> {
    /// Lets records change sides until each counts or not as it is to.
    pub async fn settle(&self, workflow_id: &str, execution_id: &str) -> Result<()> {
        let log = self.app.repos(self.tenant).usage(workflow_id);
        let mut refused = 0;
        while refused < ATTEMPTS {
            let Some(writes) = log.settle(execution_id).await? else { return Ok(()) };
            match store::apply(&*self.app.store, writes).await {
                Ok(()) => {}
                Err(StoreError::Canceled(_) | StoreError::ConditionFailed(_)) => refused += 1,
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::unavailable("other records of this execution came at the same moment, again and again"))
    }
}

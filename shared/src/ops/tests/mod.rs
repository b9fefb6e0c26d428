//! Operations, called as a worker or an import calls them: without a request.

use std::sync::Arc;

use super::act::Act;
use crate::{
    accounts::NewOrganization,
    clock::Deadline,
    domain::review::Actor,
    testing::house::House,
};

mod commits;

/// A house with an organization.
struct Scene {
    house: House,
    acme: NewOrganization,
}

impl Scene {
    async fn new() -> Self {
        let house = House::new();
        let acme = house.acme().await;
        Self { house, acme }
    }

    /// What the organization's administrator does, with no answer to remember.
    fn act(&self) -> Act {
        let admin = &self.acme.admin;
        let now = self.house.now();
        Act {
            app: self.house.app.clone(),
            tenant: admin.tenant,
            actor: Actor { user_id: admin.id, username: admin.email.clone() },
            group_id: self.acme.group.id,
            now,
            cause: Arc::from("req_1"),
            deadline: Deadline::at(now.plus(std::time::Duration::from_secs(25))),
            slot: None,
        }
    }
}

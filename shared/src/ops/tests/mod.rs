//! Operations, called as a worker or an import calls them: without a request.

use std::sync::Arc;

use super::act::Act;
use crate::{
    accounts::NewOrganization,
    clock::Deadline,
    domain::{principal::Credential, review::Actor},
    ids::GroupId,
    repo::orgs,
    testing::house::House,
};

mod account;
mod commits;
mod posts;
mod projects;

/// A house with an organization.
struct Scene {
    house: House,
    acme: NewOrganization,
    group_id: GroupId,
}

impl Scene {
    async fn new() -> Self {
        let house = House::new();
        let acme = house.acme().await;
        let groups = orgs::groups(house.store(), acme.admin.tenant).await.unwrap();
        Self { house, acme, group_id: groups[0].id }
    }

    /// What the organization's administrator does, with no answer to remember.
    fn act(&self) -> Act {
        let admin = &self.acme.admin;
        let now = self.house.now();
        Act {
            app: self.house.app.clone(),
            tenant: admin.tenant,
            actor: Actor { user_id: admin.id, username: admin.email.clone() },
            credential: Credential::Operator,
            admitted: None,
            group_id: self.group_id,
            reach: Default::default(),
            now,
            cause: Arc::from("req_1"),
            deadline: Deadline::at(now.plus(std::time::Duration::from_secs(25))),
            slot: None,
        }
    }
}

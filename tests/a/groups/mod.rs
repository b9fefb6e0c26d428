//! Client groups: who is bound to some, and what becomes of one that is deleted.

mod binding;
mod delete;
mod lists;
mod manage;
mod moving;
mod reach;

use harness::{Caller, TestApp};
use shared::{accounts::NewKey, ids::GroupId};

/// A client group beside the first one, and younger than it.
const SECOND: u64 = 9_000_000_000_000_501;
const THIRD: u64 = 9_000_000_000_000_502;

/// Acme with three client groups.
async fn three_groups() -> TestApp {
    let house = TestApp::new().await;
    house.seed_group(&house.acme, SECOND).await;
    house.seed_group(&house.acme, THIRD).await;
    house.seed_grouping(&house.acme).await;
    house
}

fn group(id: u64) -> GroupId {
    GroupId::from_u64(id).unwrap()
}

/// A key of Acme's that is bound to these groups.
async fn bound(house: &TestApp, groups: &[u64]) -> Caller {
    let groups = groups.iter().map(|id| group(*id)).collect();
    house.key(&house.acme, NewKey { groups, ..NewKey::default() }).await
}

//! What the samples expect to find: a scene holds what is asked for, and a sample says what it needs.

use serde_json::json;
use shared::{config::Settings, domain::payload::Payload, ids::Id};

use super::{
    Sample, alerts, api_keys, groups, lead_setup, leads, media, money, payload, projects, records, samples,
    team, token_usage, with,
};
use crate::{Caller, TestApp, app::START, settings};

/// The unique part of the first id that is made in a small scene, behind those that the scene itself takes.
const FIRST: u16 = 15;
/// That of the first id for what workflow abc123 has used, behind those of the pieces before.
const USED: u16 = 13;

/// A part of a scene: the things of one group, besides installation 45, which every scene has. In the order in which they
/// are put there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece {
    /// Payload 42 of workflow abc123, which waits for a decision.
    Payload,
    /// Alert 91.
    Alerts,
    /// What the samples of API keys speak of.
    ApiKeys,
    /// Members 31, who has come, and 32, who was invited.
    Team,
    /// Notification 71, invoice 72, chat 73 with message 74.
    Records,
    /// Columns, statuses and fields of leads.
    LeadSetup,
    /// Budgets and prices.
    Money,
    /// Collection 1 with media item 42 in it, which waits for a decision; upload 92.
    Media,
    /// Project 81.
    Projects,
    /// Leads 101 to 103.
    Leads,
    /// Workflow abc123 has used tokens once.
    Usage,
    /// Client group 9000000000000081, which is empty.
    Groups,
}

impl Piece {
    pub const ALL: [Self; 12] = [
        Self::Payload,
        Self::Alerts,
        Self::ApiKeys,
        Self::Team,
        Self::Records,
        Self::LeadSetup,
        Self::Money,
        Self::Media,
        Self::Projects,
        Self::Leads,
        Self::Usage,
        Self::Groups,
    ];

    /// Puts it there for a caller whose n8n is installation `base + 45`.
    async fn seed(self, house: &TestApp, caller: &Caller, base: u64) {
        match self {
            Self::Payload => {
                let body = with(payload(), "installation_id", json!(base + 45));
                let made = caller.post("/automation/payload/create", body).await;
                assert_eq!(made.status, 201, "{made:?}");
                house.renumber::<Payload>(caller, made.id(), base + 42).await;
            }
            Self::Alerts => alerts::seed(house, caller, base).await,
            Self::ApiKeys => api_keys::seed(house, caller, base).await,
            Self::Team => team::seed(house, caller, base).await,
            Self::Records => records::seed(house, caller, base).await,
            Self::LeadSetup => lead_setup::seed(house, caller, base).await,
            Self::Money => money::seed(house, caller, base).await,
            Self::Media => media::seed(house, caller, base).await,
            Self::Groups => groups::seed(house, caller, base).await,
            Self::Projects => projects::seed(house, caller, base).await,
            Self::Leads => leads::seed(house, caller, base).await,
            Self::Usage => {
                house.ids.skip_to(Id::new(START, USED));
                let body = with(token_usage(), "workflow_id", json!("abc123"));
                let used = caller.post("/api/token-usage", body).await;
                assert_eq!(used.status, 201, "{used:?}");
            }
        }
    }
}

/// Acme as all samples expect it: everything there is.
pub async fn scene() -> TestApp {
    scene_with(settings()).await
}

pub async fn scene_with(settings: Settings) -> TestApp {
    let house = TestApp::with(settings).await;
    Box::pin(set(&house, &Piece::ALL)).await;
    house
}

/// Acme with nothing but these pieces.
pub async fn scene_of(pieces: &[Piece]) -> TestApp {
    let house = TestApp::new().await;
    small(&house, pieces).await;
    house
}

/// One sample in a scene of its own that holds what it needs.
pub async fn staged(operation: &str) -> (TestApp, Sample) {
    let house = TestApp::new().await;
    let sample = samples(&house).into_iter().find(|sample| sample.route.operation == operation);
    let sample = sample.unwrap_or_else(|| panic!("{operation} has no sample"));
    small(&house, sample.needs).await;
    (house, sample)
}

/// The operations that have a sample.
pub async fn operations() -> Vec<&'static str> {
    samples(&TestApp::new().await).iter().map(|sample| sample.route.operation).collect()
}

async fn set(house: &TestApp, pieces: &[Piece]) {
    house.seed_installation(&house.acme, 45).await;
    for piece in Piece::ALL.iter().filter(|piece| pieces.contains(piece)) {
        piece.seed(house, &house.acme, 0).await;
    }
    // The fake reads the documents' execution id, which is no number, as 0.
    house.n8n.waits(0, "abc123", 42);
}

/// Where every small scene ends, so that what is made in it has the same id whatever it holds.
async fn small(house: &TestApp, pieces: &[Piece]) {
    Box::pin(set(house, pieces)).await;
    house.ids.skip_to(Id::new(START, FIRST));
}

/// What the samples expect of their caller, with `base` added to each id: installation 45 of this n8n, payload 42, media
/// item 42 in collection 1, leads 101 to 103, and so on.
pub async fn furnish(house: &TestApp, caller: &Caller, base: u64, host: &str) {
    house.seed_installation_at(caller, base + 45, host).await;
    for piece in Piece::ALL.iter().filter(|piece| **piece != Piece::Usage) {
        piece.seed(house, caller, base).await;
    }
}

/// The same for who works in another client group of an organization that has all of this already: only what lies in groups,
/// with an alert and a budget of its own.
pub async fn furnish_group(house: &TestApp, caller: &Caller, base: u64, host: &str) {
    house.seed_installation_at(caller, base + 45, host).await;
    for piece in [Piece::Payload, Piece::Records, Piece::Media, Piece::Leads] {
        piece.seed(house, caller, base).await;
    }
    alerts::seed_beside(house, caller, base).await;
    money::seed_beside(house, caller, base).await;
}

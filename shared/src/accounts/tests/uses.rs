//! How often keys are used, over instances and over time.

use secrecy::ExposeSecret;

use super::{HOUR, MINUTE, SECOND};
use crate::{
    accounts::NewOrganization,
    app::App,
    domain::key_use::KeyUse,
    ids::ApiKeyId,
    store::Key,
    testing::{Plan, house::House},
};

const DAY: std::time::Duration = std::time::Duration::from_secs(86_400);

struct Used {
    house: House,
    acme: NewOrganization,
    id: ApiKeyId,
}

impl Used {
    async fn new() -> Self {
        let house = House::new();
        let acme = house.acme().await;
        let keys = house.store().for_tenant(acme.admin.tenant).api_keys();
        let id = keys.newest(house.app.now()).await.unwrap().found[0].id;
        Self { house, acme, id }
    }

    async fn by(&self, app: &App, times: usize) {
        let caller = app.accounts().authenticate(self.acme.api_key.expose_secret()).await.unwrap().principal;
        for _ in 0..times {
            app.accounts().count_use(&caller);
        }
    }

    async fn stored(&self) -> KeyUse {
        let uses = self.house.store().for_tenant(self.acme.admin.tenant).key_uses();
        uses.between(self.id, self.id, self.house.now()).await.unwrap().remove(&self.id).unwrap_or_default()
    }

    /// Requests of a day and of a month, as they are stored.
    async fn sums(&self) -> (u64, u64) {
        let (stored, now) = (self.stored().await, self.house.now());
        (stored.in_24_hours(now), stored.in_30_days(now))
    }
}

#[tokio::test]
async fn an_instance_notes_a_key_at_once_and_then_no_more_than_once_a_minute() {
    let used = Used::new().await;
    let app = &used.house.app;
    let note = async || used.house.store_calls(app.accounts().note_key_uses()).await.1;
    assert_eq!(note().await, 0, "nothing was used");
    used.by(app, 3).await;
    assert_eq!((note().await, used.sums().await), (1, (3, 3)));
    used.house.advance(MINUTE - SECOND);
    used.by(app, 500).await;
    assert_eq!((note().await, used.sums().await), (0, (3, 3)), "not yet");
    used.house.advance(SECOND);
    let last = used.house.now();
    used.by(app, 1).await;
    assert_eq!((note().await, used.sums().await), (1, (504, 504)));
    assert_eq!(used.stored().await.last_used_at, Some(last));
    used.house.advance(MINUTE);
    assert_eq!(note().await, 0, "what is not used costs nothing");
}

#[tokio::test]
async fn what_several_instances_count_adds_up_and_an_instance_that_ends_leaves_nothing() {
    let used = Used::new().await;
    let others = [used.house.another_instance(), used.house.another_instance()];
    for app in &others {
        used.by(app, 2).await;
        app.accounts().note_key_uses().await;
        used.by(app, 5).await;
        app.accounts().note_key_uses().await;
    }
    assert_eq!(used.sums().await, (4, 4));
    for app in &others {
        app.accounts().note_all_key_uses().await;
    }
    assert_eq!(used.sums().await, (14, 14));
}

#[tokio::test]
async fn what_could_not_be_noted_is_noted_later() {
    let used = Used::new().await;
    let app = &used.house.app;
    used.by(app, 3).await;
    used.house.faults.set(Plan::RefuseWriting);
    app.accounts().note_key_uses().await;
    used.house.faults.set(Plan::Calm);
    assert_eq!(used.sums().await, (0, 0));
    used.house.advance(MINUTE);
    app.accounts().note_key_uses().await;
    assert_eq!(used.sums().await, (3, 3));
}

#[tokio::test]
async fn the_record_of_a_key_that_is_used_for_months_stays_as_small_as_one_write() {
    let used = Used::new().await;
    let start = used.house.now();
    for _ in 0..24 * 40 {
        // A new instance for each request, as for a key that is used once an hour.
        let app = used.house.another_instance();
        used.by(&app, 1).await;
        app.accounts().note_key_uses().await;
        used.house.advance(HOUR);
    }
    let key = Key::of(used.acme.admin.tenant, "key-use", used.id.sortable());
    let item = used.house.store().get(&key).await.unwrap().unwrap();
    assert!(item.bytes() <= 1024, "{} bytes", item.bytes());
    assert_eq!(used.house.now().since(start), 40 * DAY);
    let stored = used.stored().await;
    assert_eq!(stored.in_24_hours(used.house.now()), 23, "the hour that begins has none yet");
    let days = u64::try_from(used.house.now().seconds().rem_euclid(86_400) / 3_600).unwrap() + 29 * 24;
    assert_eq!(stored.in_30_days(used.house.now()), days);
}

//! What a handler decided, and what became of it.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};

use crate::{
    accounts::NewOrganization,
    domain::chore::What,
    error::{Error, ErrorKind},
    http::{
        ctx::{Ctx, Idempotency, Refused, refusal, settle},
        dialect::A,
        reply::Reply,
    },
    ids::Id,
    queue::TaskKind,
    repo::{
        due,
        idempotency::{self, Outcome, Record},
        orgs,
    },
    store::{Attrs, Cond, Key, StoreError, Write},
    testing::{Plan, house::House},
};

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

    async fn ctx(&self) -> Ctx {
        let text = secrecy::ExposeSecret::expose_secret(&self.acme.api_key);
        let caller = self.house.app.authenticate(text).await.unwrap().principal;
        Ctx {
            app: self.house.app.clone(),
            caller,
            session: None,
            request_id: Arc::from("req_1"),
            now: self.house.now(),
            idempotency: None,
        }
    }

    /// A request with the one `Idempotency-Key` of these tests.
    async fn keyed(&self, fingerprint: &str) -> Ctx {
        let idempotency = Idempotency {
            key: self.key(),
            fingerprint: fingerprint.into(),
            voice: A.voice("/api"),
            begun: None,
        };
        Ctx { idempotency: Some(idempotency), ..self.ctx().await }
    }

    fn key(&self) -> Key {
        idempotency::key(self.acme.admin.tenant, "k")
    }

    fn thing(&self, name: &str) -> Key {
        Key::of(self.acme.admin.tenant, "thing", name)
    }

    fn insert(&self, name: &str) -> Write {
        Write::put(self.thing(name), body(name)).when(Cond::Absent)
    }

    async fn stored(&self, name: &str) -> bool {
        self.house.store().get(&self.thing(name)).await.unwrap().is_some()
    }

    async fn record(&self) -> Option<Record> {
        idempotency::find(self.house.store(), &self.key(), self.house.now()).await.unwrap()
    }
}

fn body(name: &str) -> Attrs {
    json!({ "name": name }).as_object().unwrap().clone()
}

fn reply(text: &str) -> Reply {
    Reply::created(&text).unwrap()
}

fn code(refused: Refused) -> &'static str {
    Error::from(refused).code
}

#[tokio::test]
async fn writes_and_reply_stand_together_or_not_at_all() {
    let scene = Scene::new().await;
    let ctx = scene.keyed("f").await;
    assert_eq!(ctx.commit(vec![scene.insert("a")], reply("first")).await.unwrap(), reply("first"));
    assert!(scene.stored("a").await);
    let replied = Outcome::Replied { status: 201, body: "\"first\"".into() };
    assert_eq!(scene.record().await.unwrap().outcome, replied);

    let keyless = scene.ctx().await;
    let refused = keyless.commit(vec![scene.insert("b"), scene.insert("a")], reply("x")).await.unwrap_err();
    assert!(
        matches!(&refused, Refused::Write(1, Some(item)) if *item.attrs().unwrap() == body("a")),
        "{refused:?}"
    );
    assert!(!scene.stored("b").await);
    let refused = keyless.commit(vec![scene.insert("a")], reply("x")).await.unwrap_err();
    assert!(
        matches!(&refused, Refused::Write(0, Some(item)) if *item.attrs().unwrap() == body("a")),
        "{refused:?}"
    );
    assert_eq!(keyless.commit(Vec::new(), reply("nothing")).await.unwrap(), reply("nothing"));
}

#[tokio::test]
async fn whoever_was_quicker_with_the_same_key_gives_the_reply() {
    let scene = Scene::new().await;
    let (quick, slow) = (scene.keyed("f").await, scene.keyed("f").await);
    quick.commit(vec![scene.insert("a")], reply("quick")).await.unwrap();
    let got = slow.commit(vec![scene.insert("b")], reply("slow")).await.unwrap();
    assert_eq!(got, Reply { replayed: true, ..reply("quick") });
    assert!(!scene.stored("b").await);
    let other = scene.keyed("another request").await;
    let refused = other.commit(vec![scene.insert("b")], reply("x")).await.unwrap_err();
    assert_eq!(code(refused), "idempotency_key_reused");
}

#[tokio::test]
async fn a_write_of_the_handlers_own_that_is_refused_uses_no_key_up() {
    let scene = Scene::new().await;
    scene.ctx().await.commit(vec![scene.insert("a")], reply("x")).await.unwrap();
    let refused = scene.keyed("f").await.commit(vec![scene.insert("a")], reply("y")).await.unwrap_err();
    assert!(matches!(refused, Refused::Write(0, Some(_))), "{refused:?}");
    assert_eq!(scene.record().await, None);
}

#[tokio::test]
async fn an_outside_effect_is_begun_once_and_its_reply_takes_the_place_of_its_beginning() {
    let scene = Scene::new().await;
    let (mut first, mut second) = (scene.keyed("f").await, scene.keyed("f").await);
    let (id, other) = (scene.house.app.id(), scene.house.app.id());
    assert!(first.begin(id, vec![scene.insert("a")]).await.unwrap());
    assert_eq!(first.idempotency.as_ref().unwrap().begun, Some(id));
    assert_eq!(scene.record().await.unwrap().outcome, Outcome::Begun { id, at: scene.house.now() });
    assert!(!second.begin(other, vec![scene.insert("b")]).await.unwrap());
    assert_eq!(second.idempotency.as_ref().unwrap().begun, None);
    assert!(!scene.stored("b").await);
    let refused = second.commit(Vec::new(), reply("x")).await.unwrap_err();
    assert_eq!(code(refused), "idempotency_key_in_progress");

    assert_eq!(first.commit(Vec::new(), reply("done")).await.unwrap(), reply("done"));
    let replied = Outcome::Replied { status: 201, body: "\"done\"".into() };
    assert_eq!(scene.record().await.unwrap().outcome, replied);
}

#[tokio::test]
async fn a_beginning_that_its_own_writes_refuse_is_an_error_and_not_somebody_elses() {
    let scene = Scene::new().await;
    scene.ctx().await.commit(vec![scene.insert("a")], reply("x")).await.unwrap();
    let id = scene.house.app.id();
    assert!(scene.keyed("f").await.begin(id, vec![scene.insert("a")]).await.is_err());
    assert_eq!(scene.record().await, None);
    let mut keyless = scene.ctx().await;
    // Number 1 stands where a key would: without one it is the handler's own.
    let writes = vec![scene.insert("b"), scene.insert("a")];
    assert!(keyless.begin(id, writes).await.is_err());
    assert!(keyless.begin(id, vec![scene.insert("b")]).await.unwrap());
    assert!(scene.stored("b").await);
}

#[tokio::test]
async fn a_reply_that_is_known_better_later_is_stored_again() {
    let scene = Scene::new().await;
    let ctx = scene.keyed("f").await;
    ctx.commit(Vec::new(), reply("pending")).await.unwrap();
    ctx.amend(&reply("done")).await;
    let replied = Outcome::Replied { status: 201, body: "\"done\"".into() };
    assert_eq!(scene.record().await.unwrap().outcome, replied);
    scene.ctx().await.amend(&reply("of nobody")).await;
    assert_eq!(scene.record().await.unwrap().outcome, replied);
}

#[test]
fn a_begun_effect_is_waited_for_as_long_as_its_request_may_live() {
    let at = crate::testing::house::START;
    let record = |outcome| Record { fingerprint: "f".into(), outcome, ttl: 0 };
    let begun = record(Outcome::Begun { id: Id::SMALLEST, at });
    let settled = |seconds| settle(&begun, "f", at.plus(Duration::from_secs(seconds)));
    for seconds in [0, 34] {
        let error = settled(seconds).unwrap_err();
        assert_eq!((error.kind, error.code), (ErrorKind::Conflict, "idempotency_key_in_progress"));
        assert_eq!(error.retry_after, Some(Duration::from_secs(1)));
    }
    assert_eq!(settled(35).unwrap(), None);
    assert_eq!(settled(36).unwrap(), None);
    assert_eq!(settle(&begun, "another", at).unwrap_err().code, "idempotency_key_reused");
    let replied = record(Outcome::Replied { status: 201, body: "\"x\"".into() });
    assert_eq!(settle(&replied, "f", at).unwrap(), Some(Reply { replayed: true, ..reply("x") }));
}

#[tokio::test]
async fn a_refusal_says_what_stands_in_the_way() {
    let scene = Scene::new().await;
    let ctx = scene.ctx().await;
    ctx.commit(vec![scene.insert("a")], reply("x")).await.unwrap();
    let refused = ctx.commit(vec![scene.insert("a")], reply("x")).await.unwrap_err();
    assert!(refused.met_itself(&json!({ "name": "a" })), "its answer was lost, and this is the repeat");
    assert!(!refused.met_itself(&json!({ "name": "b" })));
    assert!(!refused.is_contention());
    assert_eq!(Error::from(refused).kind, ErrorKind::Conflict);
    for (error, contention) in [
        (StoreError::Conflict, true),
        (StoreError::Throttled, false),
        (StoreError::Canceled(Vec::new()), false),
    ] {
        // Nothing of the handler's own stands in the way.
        let refused = refusal(error);
        assert!(matches!(refused, Refused::Error(_)), "{refused:?}");
        assert_eq!(refused.is_contention(), contention, "{refused:?}");
        assert!(!refused.met_itself(&Value::Null));
    }
    assert!(!Refused::from(Error::not_found("thing")).is_contention());

    scene.house.faults.set(Plan::Contend(100));
    let writes = vec![scene.insert("c"), scene.insert("d")];
    assert!(ctx.commit(writes, reply("x")).await.unwrap_err().is_contention());
}

#[tokio::test]
async fn a_chore_is_owed_from_now_on() {
    let scene = Scene::new().await;
    let ctx = scene.ctx().await;
    let what = What::MoveLeads { from: scene.house.app.id() };
    let (write, task) = ctx.chore(what).unwrap();
    assert_eq!(
        (task.task, task.request_id.as_str(), task.key()),
        (TaskKind::Chore, "req_1", write.key.clone())
    );
    assert_eq!(task.tenant().unwrap(), scene.acme.admin.tenant);
    ctx.commit(vec![write.clone()], reply("x")).await.unwrap();
    let owing = due::owing::<Value>(scene.house.store(), &write.key).await.unwrap().unwrap();
    assert!(owing.is_due(scene.house.now()));
}

#[tokio::test]
async fn the_caller_is_known_by_credential_and_read_as_stored() {
    let scene = Scene::new().await;
    let ctx = scene.ctx().await;
    assert_eq!((ctx.tenant(), ctx.actor().user_id), (scene.acme.admin.tenant, scene.acme.admin.id));
    assert_eq!(ctx.actor().username, "jane@acme.example");
    assert_eq!(ctx.user().await.unwrap(), scene.acme.admin);
    assert_eq!(ctx.session().unwrap_err().kind, ErrorKind::Internal);
    let user = orgs::user(scene.house.store(), ctx.tenant(), ctx.caller.user_id).await.unwrap().unwrap();
    let gone = Write::delete(Key::of(user.tenant, "user", user.id.sortable()));
    scene.house.store().write(gone).await.unwrap();
    assert_eq!(ctx.user().await.unwrap_err().code, "no_such_user");
}

//! What an operation decided, and what became of it.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};

use super::Scene;
use crate::{
    domain::chore::What,
    error::{Error, ErrorKind},
    ids::Id,
    ops::act::{Act, HeldKey, Refused, Remembered, Slot, refusal, settle},
    queue::TaskKind,
    repo::{
        due,
        idempotency::{self, Record, Stage},
    },
    store::{Attrs, Cond, Key, StoreError, Write},
    testing::Plan,
};

impl Scene {
    /// An act with the one key of these tests, whose outcome is a word.
    fn keyed(&self, fingerprint: &str) -> Act {
        let claim = Arc::new(HeldKey::new(self.key(), fingerprint.into(), None));
        let failed = |error: &Error| Remembered { status: 502, body: error.code.into() };
        self.act().with(Slot::new(claim, |word: &&'static str| Ok(said(word)), failed))
    }

    fn key(&self) -> Key {
        idempotency::key(self.acme.admin.tenant, "k")
    }

    fn thing(&self, name: &str) -> Key {
        Key::of(self.acme.admin.tenant, "thing", name)
    }

    fn insert(&self, name: &str) -> Write {
        Write::put(self.thing(name), body(name)).when(Cond::Absent).labelled("thing")
    }

    async fn stored(&self, name: &str) -> bool {
        self.house.store().get(&self.thing(name)).await.unwrap().is_some()
    }

    async fn record(&self) -> Option<Record> {
        idempotency::find(self.house.store(), &self.key(), self.house.now()).await.unwrap()
    }
}

fn said(word: &str) -> Remembered {
    Remembered { status: 201, body: format!("\"{word}\"") }
}

fn replied(word: &str) -> Stage {
    let Remembered { status, body } = said(word);
    Stage::Replied { status, body }
}

fn overtaken(act: &Act) -> Option<Remembered> {
    act.slot.as_ref().and_then(|slot| slot.held.overtaken().cloned())
}

fn body(name: &str) -> Attrs {
    json!({ "name": name }).as_object().unwrap().clone()
}

fn code(refused: Refused) -> &'static str {
    Error::from(refused).code
}

#[tokio::test]
async fn writes_and_reply_stand_together_or_not_at_all() {
    let scene = Scene::new().await;
    scene.keyed("f").commit(vec![scene.insert("a")], &"first").await.unwrap();
    assert!(scene.stored("a").await);
    assert_eq!(scene.record().await.unwrap().outcome, replied("first"));

    let keyless = scene.act();
    let refused = keyless.commit(vec![scene.insert("b"), scene.insert("a")], &"x").await.unwrap_err();
    assert!(
        matches!(&refused, Refused::Write("thing", Some(item)) if *item.attrs().unwrap() == body("a")),
        "{refused:?}"
    );
    assert!(!scene.stored("b").await);
    let refused = keyless.commit(vec![scene.insert("a")], &"x").await.unwrap_err();
    assert!(
        matches!(&refused, Refused::Write("thing", Some(item)) if *item.attrs().unwrap() == body("a")),
        "{refused:?}"
    );
    keyless.commit(Vec::new(), &"nothing").await.unwrap();
}

#[tokio::test]
async fn whoever_was_quicker_with_the_same_key_gives_the_reply() {
    let scene = Scene::new().await;
    let (quick, slow) = (scene.keyed("f"), scene.keyed("f"));
    quick.commit(vec![scene.insert("a")], &"quick").await.unwrap();
    let refused = slow.commit(vec![scene.insert("b")], &"slow").await.unwrap_err();
    assert!(matches!(refused, Refused::Overtaken) && refused.is_certain(), "{refused:?}");
    assert_eq!((overtaken(&slow), overtaken(&quick)), (Some(said("quick")), None));
    assert!(!scene.stored("b").await);
    let other = scene.keyed("another request");
    let refused = other.commit(vec![scene.insert("b")], &"x").await.unwrap_err();
    assert_eq!((code(refused), overtaken(&other)), ("idempotency_key_reused", None));
}

#[tokio::test]
async fn a_write_of_the_handlers_own_that_is_refused_uses_no_key_up() {
    let scene = Scene::new().await;
    scene.act().commit(vec![scene.insert("a")], &"x").await.unwrap();
    let refused = scene.keyed("f").commit(vec![scene.insert("a")], &"y").await.unwrap_err();
    assert!(matches!(refused, Refused::Write("thing", Some(_))), "{refused:?}");
    assert_eq!(scene.record().await, None);
}

#[tokio::test]
async fn an_outside_effect_is_begun_once_and_its_reply_takes_the_place_of_its_beginning() {
    let scene = Scene::new().await;
    let (first, second) = (scene.keyed("f"), scene.keyed("f"));
    let (id, other) = (scene.house.app.id(), scene.house.app.id());
    assert!(first.begin(id, vec![scene.insert("a")]).await.unwrap());
    assert_eq!(first.begun(), Some(id));
    assert_eq!(scene.record().await.unwrap().outcome, Stage::Begun { id, at: scene.house.now() });
    assert!(!second.begin(other, vec![scene.insert("b")]).await.unwrap());
    assert_eq!(second.begun(), None);
    assert!(!scene.stored("b").await);
    let refused = second.commit(Vec::new(), &"x").await.unwrap_err();
    assert_eq!(code(refused), "idempotency_key_in_progress");

    first.commit(Vec::new(), &"done").await.unwrap();
    assert_eq!(scene.record().await.unwrap().outcome, replied("done"));
}

#[tokio::test]
async fn a_beginning_that_its_own_writes_refuse_is_an_error_and_not_somebody_elses() {
    let scene = Scene::new().await;
    scene.act().commit(vec![scene.insert("a")], &"x").await.unwrap();
    let id = scene.house.app.id();
    assert!(scene.keyed("f").begin(id, vec![scene.insert("a")]).await.is_err());
    assert_eq!(scene.record().await, None);
    let keyless = scene.act();
    // Without a key nothing of it is in the way.
    let writes = vec![scene.insert("b"), scene.insert("a")];
    assert!(keyless.begin(id, writes).await.is_err());
    assert!(keyless.begin(id, vec![scene.insert("b")]).await.unwrap());
    assert!(scene.stored("b").await);
}

#[tokio::test]
async fn a_reply_that_is_known_better_later_is_stored_again() {
    let scene = Scene::new().await;
    let act = scene.keyed("f");
    act.commit(Vec::new(), &"pending").await.unwrap();
    act.amend(&"done").await;
    assert_eq!(scene.record().await.unwrap().outcome, replied("done"));
    scene.act().amend(&"of nobody").await;
    assert_eq!(scene.record().await.unwrap().outcome, replied("done"));
    act.remember_failure(&Error::not_found("thing")).await;
    let failed = Stage::Replied { status: 502, body: "not_found".into() };
    assert_eq!(scene.record().await.unwrap().outcome, failed);
    scene.house.store().write(act.free_key().unwrap()).await.unwrap();
    assert_eq!(scene.record().await, None);
    assert!(scene.act().free_key().is_none());
}

#[tokio::test]
async fn an_outcome_that_the_slot_was_not_opened_for_is_not_committed() {
    let scene = Scene::new().await;
    let refused = scene.keyed("f").commit(vec![scene.insert("a")], &7_u8).await.unwrap_err();
    assert_eq!(code(refused), "internal_error");
    assert!(!scene.stored("a").await);
    scene.keyed("f").unanswered().commit(vec![scene.insert("a")], &7_u8).await.unwrap();
    assert_eq!((scene.stored("a").await, scene.record().await), (true, None));
}

#[test]
fn a_begun_effect_is_waited_for_as_long_as_its_request_may_live() {
    let at = crate::testing::house::START;
    let record = |outcome| Record { fingerprint: "f".into(), outcome, ttl: 0 };
    let begun = record(Stage::Begun { id: Id::SMALLEST, at });
    let settled = |seconds| settle(begun.clone(), "f", at.plus(Duration::from_secs(seconds)));
    for seconds in [0, 34] {
        let error = settled(seconds).unwrap_err();
        assert_eq!((error.kind, error.code), (ErrorKind::Conflict, "idempotency_key_in_progress"));
        assert_eq!(error.retry_after, Some(Duration::from_secs(1)));
    }
    assert_eq!(settled(35).unwrap(), None);
    assert_eq!(settled(36).unwrap(), None);
    assert_eq!(settle(begun, "another", at).unwrap_err().code, "idempotency_key_reused");
    assert_eq!(settle(record(replied("x")), "f", at).unwrap(), Some(said("x")));
}

#[tokio::test]
async fn a_refusal_says_what_stands_in_the_way() {
    let scene = Scene::new().await;
    let act = scene.act();
    act.commit(vec![scene.insert("a")], &"x").await.unwrap();
    let refused = act.commit(vec![scene.insert("a")], &"x").await.unwrap_err();
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
        assert!(!refused.is_certain());
        assert!(!refused.met_itself(&Value::Null));
    }
    assert!(!Refused::from(Error::not_found("thing")).is_contention());

    scene.house.faults.set(Plan::Contend(100));
    let writes = vec![scene.insert("c"), scene.insert("d")];
    assert!(act.commit(writes, &"x").await.unwrap_err().is_contention());
}

#[tokio::test]
async fn a_chore_is_owed_from_now_on() {
    let scene = Scene::new().await;
    let act = scene.act();
    let what = What::MoveLeads { from: scene.house.app.id() };
    let (write, task) = act.chore(what).unwrap();
    assert_eq!(
        (task.task, task.request_id.as_str(), task.key()),
        (TaskKind::Chore, "req_1", write.key.clone())
    );
    assert_eq!(task.tenant().unwrap(), scene.acme.admin.tenant);
    act.commit(vec![write.clone()], &"x").await.unwrap();
    let owing = due::owing::<Value>(scene.house.store(), &write.key).await.unwrap().unwrap();
    assert!(owing.is_due(scene.house.now()));
}

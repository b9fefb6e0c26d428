//! A handler's operation, and the reply to it.

use std::sync::Arc;

use crate::{
    accounts::NewOrganization,
    error::ErrorKind,
    http::{
        ctx::{Ctx, HeldKey},
        dialect::A,
        reply::Reply,
    },
    ops::act::Act,
    repo::{idempotency, orgs},
    store::{Key, Write},
    testing::house::House,
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
        let caller = self.house.app.accounts().authenticate(text).await.unwrap().principal;
        Ctx::new(self.house.app.clone(), caller, None, Arc::from("req_1"), self.house.now())
    }

    async fn keyed(&self) -> Ctx {
        let mut ctx = self.ctx().await;
        let key = idempotency::key(self.acme.admin.tenant, "k");
        ctx.with_key(HeldKey::new(key, "f".into(), None), A.voice("/api"));
        ctx
    }
}

async fn say(act: &Act, word: &'static str) -> crate::error::Result<&'static str> {
    act.commit(Vec::new(), &word).await?;
    Ok(word)
}

fn render(word: &&'static str) -> crate::error::Result<Reply> {
    Reply::created(word)
}

#[tokio::test]
async fn an_operation_is_answered_and_a_quicker_one_answers_for_it() {
    let scene = Scene::new().await;
    let keyless = scene.ctx().await.answer(render, async |act| say(act, "plain").await).await.unwrap();
    assert_eq!(keyless, Reply::created(&"plain").unwrap());
    let (quick, slow) = (scene.keyed().await, scene.keyed().await);
    let first = quick.answer(render, async |act| say(act, "quick").await).await.unwrap();
    assert_eq!(first, Reply::created(&"quick").unwrap());
    let second = slow.answer(render, async |act| say(act, "slow").await).await.unwrap();
    assert_eq!(second, Reply { replayed: true, ..first });
}

#[tokio::test]
async fn the_caller_is_known_by_credential_and_read_as_stored() {
    let scene = Scene::new().await;
    let ctx = scene.ctx().await;
    assert_eq!((ctx.tenant, ctx.actor.user_id), (scene.acme.admin.tenant, scene.acme.admin.id));
    assert_eq!(ctx.actor.username, "jane@acme.example");
    assert_eq!(ctx.user().await.unwrap(), scene.acme.admin);
    assert_eq!(ctx.session().unwrap_err().kind, ErrorKind::Internal);
    let user = orgs::user(scene.house.store(), ctx.tenant, ctx.caller.user_id).await.unwrap().unwrap();
    let gone = Write::delete(Key::of(user.tenant, "user", user.id.sortable()));
    scene.house.store().write(gone).await.unwrap();
    assert_eq!(ctx.user().await.unwrap_err().code, "no_such_user");
}

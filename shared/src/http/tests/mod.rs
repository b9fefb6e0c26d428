//! The platform around routes that do nothing, on the engines of a laptop in memory.

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::ConnectInfo,
    response::Response,
    routing::{get, post},
};
use http::{HeaderMap, Method, Request, StatusCode};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::{
    ctx::{Ctx, HeldKey},
    extract::JsonBytes,
    layers,
    peer::Peer,
    reply::Reply,
};
use crate::{
    accounts::{NewKey, NewOrganization},
    app::SharedApp,
    config::Settings,
    error::{Error, Result},
    json::Tree,
    ops::act::Act,
    testing::house::House,
};

mod admission;
mod answers;
mod entry;
mod plans;
mod platform;
mod remembered;
mod rules;
mod tenant_rate;
mod terms;

/// A house with an organization, and requests to it.
struct Front {
    house: House,
    acme: NewOrganization,
}

/// What came back.
#[derive(Debug)]
struct Answer {
    status: u16,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    async fn of(response: Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        Self { status, headers, text: String::from_utf8(body.to_vec()).unwrap() }
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    fn json(&self) -> Value {
        crate::testing::json(&self.text).unwrap_or_default()
    }

    fn refusal(&self) -> (u16, String) {
        let body = self.json();
        let code = body.get("code").unwrap_or(&body["error"]);
        (self.status, code.as_str().unwrap_or_default().to_owned())
    }
}

/// Says what the platform made of the request; every call commits an id of its own.
async fn tells(ctx: Ctx) -> Result<Reply> {
    let told = json!({
        "id": ctx.app.id::<crate::ids::Id>(),
        "tenant": ctx.tenant,
        "user": ctx.caller.user_id,
        "request_id": &*ctx.cause,
        "session": ctx.session.is_some(),
        "key": ctx.held_key().is_some(),
        "begun": ctx.held_key().and_then(HeldKey::begun),
    });
    commit(&ctx, Reply::created(&told)?).await
}

async fn reads(ctx: Ctx, JsonBytes(body): JsonBytes) -> Result<Reply> {
    let reply = Reply::created(&json!({ "id": ctx.app.id::<crate::ids::Id>(), "bytes": body.len() }))?;
    commit(&ctx, reply).await
}

/// Answers with as many characters as are asked for, and has a shorter form of it where that is asked for too.
async fn says(ctx: Ctx, JsonBytes(body): JsonBytes) -> Result<Reply> {
    let Tree(wish) = crate::json::from_slice(&body).map_err(Error::internal)?;
    let long = "x".repeat(wish["long"].as_u64().and_then(|long| usize::try_from(long).ok()).unwrap_or(0));
    let reply = Reply::created(&json!({ "id": ctx.app.id::<crate::ids::Id>(), "said": long }))?;
    let reply = match wish["short"].as_str() {
        Some(short) => reply.shortened_to(&json!({ "said": short }))?,
        None => reply,
    };
    commit(&ctx, reply).await
}

/// Commits nothing but the reply itself.
async fn commit(ctx: &Ctx, reply: Reply) -> Result<Reply> {
    let operation = async |act: &Act| {
        act.commit(Vec::new(), &reply).await?;
        Ok(reply.clone())
    };
    ctx.answer(|reply: &Reply| Ok(reply.clone()), operation).await
}

fn router() -> Router<SharedApp> {
    Router::new()
        .route("/health", get(|| async { "well" }))
        .route("/docs", get(|| async { panic!("the secret is hunter2") as &str }))
        .route("/openapi.json", get(|| async { Err::<&str, _>(Error::not_found("document")) }))
        .route("/api", get(tells))
        .route("/api/payloads", post(reads))
        .route("/api/payloads/list", get(tells))
        .route("/api/media/list", get(std::future::pending::<&str>))
        .route("/api/collections", post(tells).get(tells))
        .route("/api/collections/{id}", get(tells))
        .route("/api/leads/bulk", post(says))
        .route("/v1/workflows", get(tells))
        .route("/api/workflows", get(tells))
        .route("/api/n8n/nodes/{kind}", post(tells))
        .route("/api/trigger-webhook", post(tells))
        .route("/api/user/api-key", get(tells))
        .route("/api/auth/logout", post(tells))
        .route("/in/no/table", get(|| async { "a forgotten row" }))
}

impl Front {
    async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    async fn with(settings: Settings) -> Self {
        let house = House::with(settings);
        let acme = house.acme().await;
        Self { house, acme }
    }

    fn key(&self) -> &str {
        self.acme.api_key.expose_secret()
    }

    /// The text of a key with these scopes.
    async fn key_with(&self, scopes: &[&str]) -> String {
        let scopes = scopes.iter().map(|&scope| scope.into()).collect();
        let wish = NewKey { scopes, ..NewKey::default() };
        let (_, text) = self.house.app.accounts().create_key(&self.acme.admin, wish).await.unwrap();
        text.expose_secret().to_owned()
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        self.send_as(Peer::default(), method, path, headers, body).await
    }

    /// The same from the other end of such a connection.
    async fn send_as(
        &self,
        peer: Peer,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let request = Request::builder().method(method).uri(path).extension(ConnectInfo(peer));
        self.deliver(request, headers, body).await
    }

    /// A request of the admin's that the host ends after so long.
    async fn until(&self, method: Method, path: &str, time: std::time::Duration) -> Answer {
        let until = layers::Until(self.house.now().plus(time));
        let request = Request::builder().method(method).uri(path).extension(until);
        let request = request.extension(ConnectInfo(Peer::default()));
        self.deliver(request, &[("x-api-key", self.key())], "").await
    }

    async fn deliver(
        &self,
        mut request: http::request::Builder,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let service = layers::platform(router(), self.house.app.clone());
        Answer::of(service.oneshot(request.body(body.into()).unwrap()).await.unwrap()).await
    }

    /// With the admin's key.
    async fn call(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send(method, path, &[&[("x-api-key", self.key())], headers].concat(), "").await
    }

    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send(Method::GET, path, headers, "").await
    }
}

const OK: u16 = StatusCode::OK.as_u16();
const CREATED: u16 = StatusCode::CREATED.as_u16();

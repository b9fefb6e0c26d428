use axum::{body::Body, extract::ConnectInfo};
use http::{HeaderMap, HeaderValue, Method, Request};
use http_body_util::BodyExt;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use shared::{
    app::SharedApp,
    domain::{
        api_key::{self, ApiKey},
        dialect::Letter,
    },
    http::{dialect::resolve::HEADER, peer::Peer},
    repo::orgs,
};
use tower::ServiceExt;

use super::{
    app::Service,
    roles::{acting, function_of},
};

/// Somebody with a credential.
#[derive(Clone)]
pub struct Caller {
    service: Service,
    /// An API key, or the token of a session.
    pub text: String,
    pub key: ApiKey,
    peer: Option<Peer>,
    /// The dialect that every request names, unless it names one itself.
    dialect: Option<Letter>,
}

/// The password of everybody here.
pub const PASSWORD: &str = "correct horse battery";

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    /// Null when the body is no JSON.
    pub json: Value,
    pub text: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The cookies that it sets: name and value of each, and the whole line.
    pub fn cookies(&self) -> Vec<(String, String, String)> {
        let lines = self.headers.get_all("set-cookie").iter().map(|line| line.to_str().unwrap());
        lines
            .map(|line| {
                let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
                (name.to_owned(), value.to_owned(), line.to_owned())
            })
            .collect()
    }

    pub fn id(&self) -> u64 {
        self.json["id"].as_u64().unwrap_or_else(|| panic!("no id in {self:?}"))
    }
}

impl Caller {
    pub(super) async fn of(app: &SharedApp, service: Service, name: &str, email: &str) -> Self {
        let password = SecretString::from(PASSWORD);
        let made = app.accounts().create_organization(name, email, &password).await.unwrap();
        let text = made.api_key.expose_secret().to_owned();
        let key = orgs::key(&*app.store, &api_key::hash(&text).unwrap()).await.unwrap().unwrap();
        Self { service, text, key, peer: None, dialect: None }
    }

    pub(super) fn move_to(&mut self, service: Service) {
        self.service = service;
    }

    /// The same person before another service.
    pub fn on(&self, service: Service) -> Self {
        Self { service, ..self.clone() }
    }

    /// The same person with another credential.
    pub fn with_key(&self, text: &str) -> Self {
        Self { text: text.to_owned(), ..self.clone() }
    }

    /// The same person at the other end of such a connection.
    pub fn at(&self, address: &str, https: bool) -> Self {
        Self { peer: Some(Peer { address: Some(address.parse().unwrap()), https }), ..self.clone() }
    }

    /// The same person naming a dialect in each request.
    pub fn speaking(&self, dialect: Option<Letter>) -> Self {
        Self { dialect, ..self.clone() }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, None, &[]).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(Method::POST, path, Some(body), &[]).await
    }

    pub async fn post_once(&self, path: &str, key: &str, body: Value) -> Answer {
        self.call(Method::POST, path, Some(body), &[("idempotency-key", key)]).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.call(Method::PATCH, path, Some(body), &[]).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.call(Method::PUT, path, Some(body), &[]).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.call(Method::DELETE, path, None, &[]).await
    }

    pub async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let key = ("x-api-key", self.text.as_str());
        self.bare(method, path, body, &[&[key], headers].concat()).await
    }

    /// The same without our credential.
    pub async fn bare(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> Answer {
        match body {
            Some(body) => {
                let headers = [&[("content-type", "application/json")], headers].concat();
                self.send(method, path, Body::from(body.to_string()), &headers).await
            }
            None => self.send(method, path, Body::empty(), headers).await,
        }
    }

    /// Posts text that need not be JSON, with our credential.
    pub async fn text(&self, method: Method, path: &str, media: &str, body: &str) -> Answer {
        let headers = [("x-api-key", self.text.as_str()), ("content-type", media)];
        self.send(method, path, Body::from(body.to_owned()), &headers).await
    }

    /// Sends exactly these headers and this body. A body made of a stream has no declared length.
    pub async fn send(&self, method: Method, path: &str, body: Body, headers: &[(&str, &str)]) -> Answer {
        let request =
            headers.iter().fold(Request::builder().method(method).uri(path), |request, (name, value)| {
                request.header(*name, *value)
            });
        self.raw(request.body(body).unwrap()).await
    }

    /// Sends a request as it is, without a credential of ours.
    pub async fn raw(&self, mut request: Request<Body>) -> Answer {
        if let Some(peer) = self.peer {
            request.extensions_mut().insert(ConnectInfo(peer));
        }
        if let Some(letter) = self.dialect.filter(|_| !request.headers().contains_key(HEADER)) {
            request.headers_mut().insert(HEADER, HeaderValue::from_static(letter.as_str()));
        }
        let function = function_of(request.method().as_str(), request.uri().path());
        let response = acting(function, self.service.clone().oneshot(request)).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            json: standins::json(&bytes).unwrap_or_default(),
            text,
        }
    }
}

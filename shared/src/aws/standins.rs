//! What stands in for AWS in the tests of the engines.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use aws_sdk_s3::primitives::SdkBody;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_types::SdkConfig;
use serde_json::Value;

use super::{AwsCredentials, AwsSettings, connect};

/// A DynamoDB of its own for one test, in this process.
#[expect(clippy::disallowed_methods, reason = "the server ends with the runtime of its test")]
pub(crate) async fn dynoxide() -> SdkConfig {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(dynoxide::server::serve_on(listener, dynoxide::Database::memory().unwrap()));
    at(endpoint)
}

/// The server named by `TEST_AWS_ENDPOINT`, which `infra/standins/run.sh` starts.
#[expect(clippy::disallowed_methods, reason = "the address of the server is not known before the run")]
pub(crate) fn ministack() -> SdkConfig {
    at(std::env::var("TEST_AWS_ENDPOINT").expect("TEST_AWS_ENDPOINT names the stand-in"))
}

fn at(endpoint: String) -> SdkConfig {
    connect(AwsSettings {
        region: "us-east-1".into(),
        endpoint: Some(endpoint),
        credentials: AwsCredentials {
            access_key_id: "test".into(),
            secret_access_key: "test".into(),
            session_token: None,
        },
    })
    .unwrap()
}

/// What a [`Script`] does with one request.
#[derive(Debug)]
pub(crate) enum Answer {
    Json(u16, Value),
    /// The request may have arrived; nothing came back.
    Lost,
}

/// One request that a service received.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) uri: String,
    /// `X-Amz-Target`: service and operation; empty where the service speaks no targets.
    pub(crate) target: String,
    /// Null when it is no JSON.
    pub(crate) body: Value,
}

/// A service that gives the answers written for it, one a request, for what no stand-in ever does.
#[derive(Debug, Clone, Default)]
pub(crate) struct Script(Arc<Mutex<(VecDeque<Answer>, Vec<Request>)>>);

impl Script {
    pub(crate) fn new(answers: impl IntoIterator<Item = Answer>) -> (Self, SdkConfig) {
        let script = Self(Arc::new(Mutex::new((answers.into_iter().collect(), Vec::new()))));
        let connector = SharedHttpConnector::new(script.clone());
        let client = http_client_fn(move |_, _| connector.clone());
        (script, at("http://script.invalid".into()).into_builder().http_client(client).build())
    }

    /// The bodies received so far.
    pub(crate) fn requests(&self) -> Vec<Value> {
        self.0.lock().unwrap().1.iter().map(|request| request.body.clone()).collect()
    }

    /// The requests since this was asked last.
    pub(crate) fn take_requests(&self) -> Vec<Request> {
        std::mem::take(&mut self.0.lock().unwrap().1)
    }
}

impl HttpConnector for Script {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let mut script = self.0.lock().unwrap();
        script.1.push(Request {
            method: request.method().to_owned(),
            uri: request.uri().to_owned(),
            target: request.headers().get("x-amz-target").unwrap_or_default().to_owned(),
            body: crate::testing::json(request.body().bytes().unwrap_or_default()).unwrap_or_default(),
        });
        HttpConnectorFuture::ready(match script.0.pop_front() {
            Some(Answer::Json(status, body)) => {
                Ok(HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body.to_string())))
            }
            Some(Answer::Lost) => Err(ConnectorError::timeout("nothing came back".into())),
            None => panic!("a request that the script does not expect"),
        })
    }
}

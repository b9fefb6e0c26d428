//! The entry points of the functions: an app from the environment, then HTTP events, batches of messages or the clock.
//!
//! Its one rule: what Lambda wants to be told is said here, so that the functions' own code does not know that there is
//! a Lambda.

use std::{convert::Infallible, time::Duration};

use axum::{Router, extract::ConnectInfo};
use lambda_http::{RequestExt, request::RequestContext};
use lambda_runtime::{LambdaEvent, service_fn};
use serde::de::DeserializeOwned;
use tower::ServiceExt;

use crate::{
    app::{App, SharedApp},
    clock::{Deadline, Millis},
    config::{ProcessEnv, function::FunctionSettings},
    error::Result as AppResult,
    http::{layers, peer::Peer, proxies::Proxies},
    wiring::{self, Fit},
    work::{self, Message, Worker},
};

mod answer;
pub mod batch;
mod emf;
mod logging;

use answer::Answer;

pub use lambda_runtime::Error;

/// Left of an invocation's time for its answer to reach Lambda.
const MARGIN: Duration = Duration::from_secs(2);
/// Time for the work where the deadline cannot be one: `cargo lambda watch` gives a moment in 1970.
const WITHOUT_DEADLINE: Duration = Duration::from_secs(20);

/// Serves a group of routes behind API Gateway.
pub async fn run_http(name: &str, router: Router<SharedApp>, engines: &[Fit]) -> Result<(), Error> {
    let app = start(name, engines)?;
    let noting = app.clone();
    let proxies = Proxies::new(app.settings.trusted_proxies.clone());
    let told = move |request| with_peer(request, &proxies);
    let service = layers::platform(router, app).map_request(told).then(move |answer| {
        let app = noting.clone();
        // Here and not aside: between two invocations nothing runs, and an instance ends without a word.
        async move {
            app.accounts().note_key_uses().await;
            answer.map(Answer)
        }
    });
    lambda_http::run(service).await
}

/// Who called, as API Gateway saw it, or as a trusted proxy before it did. Both take https only.
fn with_peer(mut request: lambda_http::Request, proxies: &Proxies) -> lambda_http::Request {
    let address = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => context.http.source_ip.as_deref(),
        _ => None,
    };
    let address = address.and_then(|text| text.parse().ok());
    let address = address.and_then(|address| proxies.peer(address, request.headers()).address);
    request.extensions_mut().insert(ConnectInfo(Peer { address, https: true }));
    request
}

/// Works on the messages of a worker's queue, a batch at a time.
pub async fn run_queue(worker: &Worker, engines: &[Fit]) -> Result<(), Error> {
    let app = start(worker.queue.as_str(), engines)?;
    let app = &*app;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<batch::Event>| async move {
        let now = app.now();
        let end = Deadline::at(now.plus(time_left(event.context.deadline, now)));
        let left = || end.left(app.now());
        let handle = async |body: &str, alone: bool| {
            let message = Message { body, deadline: end, alone };
            // On the heap: what a message's work holds is too much for the compiler to lay out inside a batch.
            match alone {
                true => Box::pin(worker.handle_alone(app, &message)).await,
                false => Box::pin(worker.handle(app, &message)).await,
            }
        };
        let give_up = async |body: &str, why: &str| work::give_up(app, body, why).await;
        Ok::<_, Infallible>(
            batch::run(&*app.queue, worker.queue, &event.payload, left, handle, give_up).await,
        )
    }))
    .await
}

/// Runs at the schedule's times, with the input that the schedule sends.
pub async fn run_schedule<I, R, H>(name: &str, handle: H, engines: &[Fit]) -> Result<(), Error>
where
    I: DeserializeOwned,
    H: AsyncFn(&App, I, Millis) -> AppResult<R>,
{
    let app = start(name, engines)?;
    let (app, handle) = (&*app, &handle);
    lambda_runtime::run(service_fn(move |event: LambdaEvent<I>| async move {
        let now = app.now();
        let deadline = now.plus(time_left(event.context.deadline, now));
        match handle(app, event.payload, deadline).await {
            Ok(_) => Ok(()),
            Err(error) => {
                tracing::error!(%error, "a scheduled run failed");
                // The next one starts where this one ended; Lambda is told only so that it counts the failure.
                Err(Error::from(error.to_string()))
            }
        }
    }))
    .await
}

/// An HTTP event of API Gateway (payload format 2.0) as the request that the function's router gets: for tests that run
/// the files of `events/` through a router.
///
/// # Errors
/// When the text is not such an event.
pub fn http_request(event: &str) -> Result<lambda_http::Request, serde_json::Error> {
    behind(event, &Proxies::new(Vec::new()))
}

fn behind(event: &str, proxies: &Proxies) -> Result<lambda_http::Request, serde_json::Error> {
    lambda_http::request::from_str(event).map(|request| with_peer(request, proxies))
}

/// Logging and the app. An error here ends the process before its first invocation, which Lambda reports.
fn start(name: &str, engines: &[Fit]) -> Result<SharedApp, Error> {
    let settings = FunctionSettings::read(&ProcessEnv)?;
    logging::start(name, &settings)?;
    Ok(wiring::fitted(settings, engines)?)
}

/// What is left of an invocation. `deadline` is in milliseconds of unix time.
fn time_left(deadline: u64, now: Millis) -> Duration {
    let deadline = Millis(i64::try_from(deadline).unwrap_or(0));
    if deadline <= now { WITHOUT_DEADLINE } else { deadline.since(now).saturating_sub(MARGIN) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = Millis(1_795_000_000_000);

    #[test]
    fn the_answer_has_time_to_leave() {
        assert_eq!(time_left(1_795_000_030_000, NOW), Duration::from_secs(28));
        assert_eq!(time_left(1_795_000_001_000, NOW), Duration::ZERO);
    }

    #[test]
    fn a_deadline_that_is_none_gives_some_time() {
        for deadline in [0, 600_000, u64::MAX] {
            assert_eq!(time_left(deadline, NOW), WITHOUT_DEADLINE, "{deadline}");
        }
    }

    #[test]
    fn an_event_becomes_its_request() {
        let event = serde_json::json!({
            "version": "2.0",
            "routeKey": "POST /api/payloads",
            "rawPath": "/api/payloads",
            "rawQueryString": "a=1&a=2",
            "headers": {
                "content-type": "application/json", "host": "api.example.com", "x-forwarded-for": "1.1.1.1, 198.51.100.7, 192.0.2.1"
            },
            "requestContext": {
                "http": { "method": "POST", "path": "/api/payloads", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1" },
                "stage": "$default"
            },
            "body": "e30=",
            "isBase64Encoded": true
        });
        let request = http_request(&event.to_string()).unwrap();
        assert_eq!((request.method().as_str(), request.uri().path()), ("POST", "/api/payloads"));
        assert_eq!(request.uri().query(), Some("a=1&a=2"));
        assert_eq!(&**request.body(), b"{}");
        let peer = request.extensions().get::<ConnectInfo<Peer>>().unwrap().0;
        assert_eq!(peer, Peer { address: Some([192, 0, 2, 1].into()), https: true });
        // API Gateway itself adds the address that called it.
        for (trusted, who) in [("192.0.2.0/24", [198, 51, 100, 7]), ("203.0.113.0/24", [192, 0, 2, 1])] {
            let proxies = Proxies::new(vec![trusted.parse().unwrap()]);
            let request = behind(&event.to_string(), &proxies).unwrap();
            let peer = request.extensions().get::<ConnectInfo<Peer>>().unwrap().0;
            assert_eq!(peer, Peer { address: Some(who.into()), https: true });
        }
    }
}

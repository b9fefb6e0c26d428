//! The entry points of the functions: an app from the environment, then HTTP events, batches of messages or the clock.
//!
//! Its one rule: what Lambda wants to be told is said here, so that the functions' own code does not know that there is
//! a Lambda.

use std::{convert::Infallible, time::Duration};

use axum::{Router, extract::ConnectInfo};
use lambda_http::{
    Adapter, RequestExt,
    request::{LambdaRequest, RequestContext},
};
use lambda_runtime::{LambdaEvent, service_fn};
use serde::de::DeserializeOwned;
use tokio::time::timeout;
use tower::ServiceExt;

use crate::{
    app::{App, SharedApp},
    clock::{Deadline, Millis},
    config::{ProcessEnv, function::FunctionSettings},
    error::Result as AppResult,
    http::{
        layers::{self, Until},
        peer::Peer,
        proxies::Proxies,
    },
    wiring::{self, Fit},
    work::{self, Message, Worker},
};

mod answer;
pub mod batch;
mod emf;
mod gateway;
mod logging;

use answer::Answer;

pub use lambda_runtime::Error;

/// Left of an invocation's time for its answer to reach Lambda: of a batch's and a tick's.
const MARGIN: Duration = Duration::from_secs(2);
/// The same of a request's.
const ANSWER: Duration = Duration::from_secs(1);
/// Time for noting, after a reply, how often keys were used. Less than that.
const NOTE: Duration = Duration::from_millis(500);
/// Time for the work where the deadline cannot be one: `cargo lambda watch` gives a moment in 1970.
const WITHOUT_DEADLINE: Duration = Duration::from_secs(20);

/// Serves a group of routes behind API Gateway.
pub async fn run_http(name: &'static str, router: Router<SharedApp>, engines: &[Fit]) -> Result<(), Error> {
    let app = start(name, engines)?;
    let noting = app.clone();
    let (clock, proxies) = (app.clock.clone(), Proxies::new(app.settings.trusted_proxies.clone()));
    let told = move |request| until(with_peer(request, &proxies), clock.now());
    let platform = layers::platform(router, app);
    let here = service_fn(move |request: lambda_http::Request| {
        let (moved, platform) = (gateway::moved(name, request.uri()), platform.clone());
        async move {
            match moved {
                Some(there) => Ok(there),
                None => platform.oneshot(request).await,
            }
        }
    });
    let service = here.map_request(told).then(move |answer: Result<_, Infallible>| {
        let app = noting.clone();
        // Here and not aside: between two invocations nothing runs, and an instance ends without a word.
        async move {
            if timeout(NOTE, app.accounts().note_key_uses()).await.is_err() {
                tracing::warn!("there was no time to note how often keys were used");
            }
            answer.map(Answer)
        }
    });
    let encoded = |LambdaEvent { payload, context }| LambdaEvent::new(gateway::encoded(payload), context);
    lambda_runtime::run(Adapter::from(service).map_request(encoded)).await
}

/// When the answer must be there. The rest is for noting what is noted after it, and for the way to Lambda.
fn until(mut request: lambda_http::Request, now: Millis) -> lambda_http::Request {
    let deadline = request.lambda_context_ref().map_or(0, |context| context.deadline);
    let until = Until(now.plus(time_left(deadline, now, ANSWER)));
    request.extensions_mut().insert(until);
    request
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
        let end = Deadline::at(now.plus(time_left(event.context.deadline, now, MARGIN)));
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
        let deadline = now.plus(time_left(event.context.deadline, now, MARGIN));
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

#[expect(
    clippy::disallowed_methods,
    reason = "an event of the tests, or Lambda's own, which lambda_http reads the same way"
)]
fn behind(event: &str, proxies: &Proxies) -> Result<lambda_http::Request, serde_json::Error> {
    let event: LambdaRequest = serde_json::from_str(event)?;
    Ok(with_peer(gateway::encoded(event).into(), proxies))
}

/// Logging and the app. An error here ends the process before its first invocation, which Lambda reports.
fn start(name: &str, engines: &[Fit]) -> Result<SharedApp, Error> {
    let settings = FunctionSettings::read(&ProcessEnv)?;
    logging::start(name, &settings)?;
    Ok(wiring::fitted(settings, engines)?)
}

/// What is left of an invocation. `deadline` is in milliseconds of unix time.
fn time_left(deadline: u64, now: Millis, margin: Duration) -> Duration {
    let deadline = Millis(i64::try_from(deadline).unwrap_or(0));
    if deadline <= now { WITHOUT_DEADLINE } else { deadline.since(now).saturating_sub(margin) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = Millis(1_795_000_000_000);

    #[test]
    fn the_answer_has_time_to_leave() {
        assert_eq!(time_left(1_795_000_030_000, NOW, MARGIN), Duration::from_secs(28));
        assert_eq!(time_left(1_795_000_001_000, NOW, MARGIN), Duration::ZERO);
    }

    #[test]
    fn a_request_has_until_a_second_before_its_end() {
        let event = r#"{ "version": "2.0", "routeKey": "$default", "rawPath": "/health", "rawQueryString": "", "headers": {},
            "requestContext": { "http": { "method": "GET", "path": "/health", "sourceIp": "203.0.113.7" } },
            "isBase64Encoded": false }"#;
        let mut context = lambda_runtime::Context::default();
        context.deadline = 1_795_000_010_000;
        let request = http_request(event).unwrap().with_lambda_context(context);
        let Until(end) = until(request, NOW).extensions().get().copied().unwrap();
        assert_eq!(end, NOW.plus(Duration::from_secs(9)));
    }

    #[test]
    fn a_deadline_that_is_none_gives_some_time() {
        for deadline in [0, 600_000, u64::MAX] {
            assert_eq!(time_left(deadline, NOW, MARGIN), WITHOUT_DEADLINE, "{deadline}");
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

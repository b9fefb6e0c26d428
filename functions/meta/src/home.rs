use axum::response::{Html, IntoResponse, Response};
use http::{HeaderMap, header};
use serde::Serialize;
use shared::{error::Error, http::reply::Reply};
use utoipa::ToSchema;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// It names its files relatively, so that it works behind a stage prefix too, and needs nothing from the network.
const PAGE: &str = include_str!("home.html");

/// What is here.
#[derive(Debug, Serialize, ToSchema)]
pub struct Home {
    #[schema(example = "Baton")]
    name: &'static str,
    version: &'static str,
    /// A page to read and try the API with.
    #[schema(example = "/docs")]
    docs: &'static str,
    /// The API document.
    #[schema(example = "/openapi.json")]
    openapi: &'static str,
    #[schema(example = "/health")]
    health: &'static str,
    /// Where to test an API key, sent as `X-API-Key`.
    #[schema(example = "/api")]
    credential_test: &'static str,
    /// Where people log in with e-mail address and password.
    #[schema(example = "/api/v1/auth/login")]
    login: &'static str,
}

/// Says what is here and where to go on: a small page to browsers, JSON to all others. Needs no credential.
#[utoipa::path(get, path = "/", operation_id = "home", responses((status = 200, description = "What is here.", content(
    (Home = "application/json"), (String = "text/html")))))]
pub async fn home(headers: HeaderMap) -> Result<Response, Error> {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let vary = [(header::VARY, "accept")];
    if prefers_html(accepted) {
        return Ok((vary, Html(PAGE.replace("{version}", VERSION))).into_response());
    }
    let home = Home {
        name: "Baton",
        version: VERSION,
        docs: "/docs",
        openapi: "/openapi.json",
        health: "/health",
        credential_test: "/api",
        login: "/api/v1/auth/login",
    };
    Ok((vary, Reply::ok(&home)?).into_response())
}

/// Whether an `Accept` names HTML, and JSON no more than that. Who names neither is a script.
fn prefers_html(accepted: &str) -> bool {
    let weight = |wanted: &str| {
        let ranges = accepted.split(',').filter_map(|range| {
            let mut parts = range.split(';').map(str::trim);
            let named = parts.next()?.eq_ignore_ascii_case(wanted);
            let weight =
                parts.find_map(|part| part.strip_prefix("q=")).map_or(Some(1.0), |q| q.parse::<f32>().ok());
            named.then_some(weight?)
        });
        ranges.fold(0.0, f32::max)
    };
    let html = weight("text/html");
    html > 0.0 && html >= weight("application/json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_goes_to_those_who_ask_for_it() {
        for yes in ["text/html", "text/html, application/json", "application/json;q=0.8,TEXT/HTML; q=0.9"] {
            assert!(prefers_html(yes), "{yes}");
        }
        for no in [
            "",
            "*/*",
            "text/*",
            "application/json",
            "text/html;q=0",
            "text/html;q=x",
            "text/html;q=0.5,application/json",
        ] {
            assert!(!prefers_html(no), "{no}");
        }
    }
}

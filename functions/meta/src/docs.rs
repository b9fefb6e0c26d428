use std::sync::Arc;

use axum::{
    extract::Path,
    response::{Html, IntoResponse, Response},
};
use http::{HeaderValue, header};
use shared::error::Error;
use utoipa_swagger_ui::Config;

/// The document that the tests compare with the code.
const OPENAPI: &str = include_str!("../../../docs/openapi.json");

/// The page names its files relatively, so that it works behind a stage prefix too.
const PAGE: &str = include_str!("docs.html");

const START: &str = include_str!("start.js");

/// The API document (OpenAPI 3.1).
#[utoipa::path(get, path = "/openapi.json", operation_id = "openapi", tag = "service", responses((status = 200, description = "This document.", body = Object, content_type = "application/json")))]
pub async fn openapi() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], OPENAPI).into_response()
}

/// A page to read and try the API with. It needs nothing from the network.
#[utoipa::path(get, path = "/docs", operation_id = "docs", tag = "service", responses((status = 200, description = "The page.", body = String, content_type = "text/html")))]
pub async fn docs() -> Response {
    Html(PAGE).into_response()
}

/// Files of that page.
#[utoipa::path(get, path = "/docs/{file}", operation_id = "docs_file", tag = "service", params(("file" = String, Path, description = "Name of the file.", example = "swagger-ui.css")), responses((status = 200, description = "The file.", body = String, content_type = "text/css")))]
pub async fn docs_file(Path(file): Path<String>) -> Result<Response, Error> {
    if file == "start.js" {
        return Ok(([(header::CONTENT_TYPE, "text/javascript")], START).into_response());
    }
    let found = utoipa_swagger_ui::serve(&file, Arc::new(Config::from("openapi.json")));
    let found =
        found.ok().flatten().filter(|_| file != "index.html").ok_or_else(|| Error::not_found("file"))?;
    let mut response = found.bytes.into_owned().into_response();
    let media = HeaderValue::from_str(&found.content_type).map_err(Error::internal)?;
    response.headers_mut().insert(header::CONTENT_TYPE, media);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=86400"));
    Ok(response)
}

use std::io::Read;

use axum::response::{Html, IntoResponse, Response};
use flate2::read::GzDecoder;
use http::{HeaderMap, header};
use shared::{error::Error, http::extract::PathText};

/// A file as gzip, packed by `build.rs`.
struct Packed {
    name: &'static str,
    media: &'static str,
    gzip: &'static [u8],
}

macro_rules! packed {
    ($name:literal, $media:literal) => {
        Packed {
            name: $name,
            media: $media,
            gzip: include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".gz")),
        }
    };
}

/// The documents that the tests compare with the code, one for each dialect.
const DOCUMENTS: [Packed; 5] = [
    packed!("a.json", "application/json"),
    packed!("b.json", "application/json"),
    packed!("c.json", "application/json"),
    packed!("d.json", "application/json"),
    packed!("e.json", "application/json"),
];

/// Of the release of Swagger UI, what the page names.
const FILES: [Packed; 3] = [
    packed!("swagger-ui.css", "text/css"),
    packed!("swagger-ui-bundle.js", "text/javascript"),
    packed!("favicon-32x32.png", "image/png"),
];

/// The page names its files relatively, so that it works behind a stage prefix too.
const PAGE: &str = include_str!("docs.html");

const START: &str = include_str!("start.js");

impl Packed {
    /// The file as the caller can read it: every browser unpacks, few scripts do.
    fn reply(&self, caller: &HeaderMap) -> Result<Response, Error> {
        let accepted =
            caller.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or("");
        let media = [(header::CONTENT_TYPE, self.media), (header::VARY, "accept-encoding")];
        if accepts_gzip(accepted) {
            return Ok((media, [(header::CONTENT_ENCODING, "gzip")], self.gzip).into_response());
        }
        let mut plain = Vec::new();
        GzDecoder::new(self.gzip).read_to_end(&mut plain).map_err(Error::internal)?;
        Ok((media, plain).into_response())
    }
}

/// Whether an `Accept-Encoding` names gzip, and not in order to refuse it.
fn accepts_gzip(accepted: &str) -> bool {
    accepted.split(',').any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let refused = weight.trim().strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0));
        name.trim().eq_ignore_ascii_case("gzip") && !refused
    })
}

/// The API document (OpenAPI 3.1).
#[utoipa::path(get, path = "/openapi.json", operation_id = "openapi", responses((status = 200, description = "This document.", body = Object, content_type = "application/json")))]
pub async fn openapi(headers: HeaderMap) -> Result<Response, Error> {
    DOCUMENTS[0].reply(&headers)
}

/// The API document of one dialect (OpenAPI 3.1): `a.json` to `e.json`.
#[utoipa::path(get, path = "/openapi/{file}", operation_id = "openapi_of_dialect", params(("file" = String, Path, description = "The dialect's letter, and `.json`.", example = "b.json")), responses((status = 200, description = "The document.", body = Object, content_type = "application/json")))]
pub async fn openapi_of_dialect(PathText(file): PathText, headers: HeaderMap) -> Result<Response, Error> {
    let found = DOCUMENTS.iter().find(|known| known.name == file);
    found.ok_or_else(|| Error::not_found("document"))?.reply(&headers)
}

/// A page to read and try the API with. It needs nothing from the network.
#[utoipa::path(get, path = "/docs", operation_id = "docs", responses((status = 200, description = "The page.", body = String, content_type = "text/html")))]
pub async fn docs() -> Response {
    Html(PAGE).into_response()
}

/// Files of that page.
#[utoipa::path(get, path = "/docs/{file}", operation_id = "docs_file", params(("file" = String, Path, description = "Name of the file.", example = "swagger-ui.css")), responses((status = 200, description = "The file.", body = String, content_type = "text/css")))]
pub async fn docs_file(PathText(file): PathText, headers: HeaderMap) -> Result<Response, Error> {
    if file == "start.js" {
        return Ok(([(header::CONTENT_TYPE, "text/javascript")], START).into_response());
    }
    let found = FILES.iter().find(|known| known.name == file).ok_or_else(|| Error::not_found("file"))?;
    Ok(([(header::CACHE_CONTROL, "public, max-age=86400")], found.reply(&headers)?).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_goes_to_those_who_take_it() {
        for yes in ["gzip", "gzip, deflate, br", "br;q=1.0, GZIP;q=0.5"] {
            assert!(accepts_gzip(yes), "{yes}");
        }
        for no in ["", "identity", "br", "gzip;q=0", "deflate, gzip; q=0.0"] {
            assert!(!accepts_gzip(no), "{no}");
        }
    }

    #[test]
    fn a_file_comes_packed_or_plain() {
        let plain = DOCUMENTS[0].reply(&HeaderMap::new()).unwrap();
        assert!(plain.headers().get(header::CONTENT_ENCODING).is_none());
        let caller = HeaderMap::from_iter([(header::ACCEPT_ENCODING, "gzip".parse().unwrap())]);
        let packed = DOCUMENTS[0].reply(&caller).unwrap();
        assert_eq!(packed.headers()[header::CONTENT_ENCODING], "gzip");
    }
}

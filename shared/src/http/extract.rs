//! Extractors that fail in the caller's dialect.

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Path, Request},
};
use http::{HeaderMap, header, request::Parts};

use super::{dialect::wrapper, fields::Fields, layers};
use crate::{
    app::SharedApp,
    error::{Error, ErrorKind, Result},
    ids::EntityId,
    json::{DEPTH, JsonError},
};

/// A JSON body as bytes: media type checked, size limited, not parsed.
#[derive(Debug)]
pub struct JsonBytes(pub Bytes);

impl FromRequest<SharedApp> for JsonBytes {
    type Rejection = Error;

    async fn from_request(request: Request, app: &SharedApp) -> Result<Self> {
        let (parts, body) = request.into_parts();
        if !is_json(&parts.headers) {
            return Err(Error::new(
                ErrorKind::UnsupportedMedia,
                "not_json",
                "Send the body as application/json.",
            ));
        }
        let body = layers::read_body(app, &parts.headers, body).await?;
        Ok(Self(wrapper::of_route(&parts.extensions, body)))
    }
}

/// No media type at all is taken as JSON: small clients forget it.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(sent) = headers.get(header::CONTENT_TYPE) else { return true };
    let Some(essence) = sent.to_str().ok().and_then(|text| text.split(';').next()) else { return false };
    let essence = essence.trim().to_ascii_lowercase();
    essence.is_empty()
        || essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"))
}

impl FromRequest<SharedApp> for Fields {
    type Rejection = Error;

    async fn from_request(request: Request, app: &SharedApp) -> Result<Self> {
        let JsonBytes(body) = JsonBytes::from_request(request, app).await?;
        Self::read(&body)
    }
}

/// What is wrong with a body that cannot be read.
pub fn malformed(error: &JsonError) -> Error {
    let (code, message) = match error {
        JsonError::TooDeep => ("nested_too_deep", format!("The body nests more than {DEPTH} levels deep.")),
        _ => ("malformed_json", format!("The body is not JSON: {error}.")),
    };
    Error::new(ErrorKind::Malformed, code, message)
}

/// The id at the end of a path. What cannot be an id of this kind is an id of nothing.
#[derive(Debug, Clone, Copy)]
pub struct PathId<I>(pub I);

impl<S: Send + Sync, I: EntityId> FromRequestParts<S> for PathId<I> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let PathText(text) = PathText::from_request_parts(parts, state).await?;
        text.parse().map(Self).map_err(|_| Error::not_found("record"))
    }
}

/// The two ids of a path, the outer one first.
#[derive(Debug, Clone, Copy)]
pub struct PathIds<O, I>(pub O, pub I);

impl<S: Send + Sync, O: EntityId, I: EntityId> FromRequestParts<S> for PathIds<O, I> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let nothing = || Error::not_found("record");
        let Path((outer, inner)) =
            Path::<(String, String)>::from_request_parts(parts, state).await.map_err(|_| nothing())?;
        match (outer.parse(), inner.parse()) {
            (Ok(outer), Ok(inner)) => Ok(Self(outer, inner)),
            _ => Err(nothing()),
        }
    }
}

/// The text at the end of a path. What is no text names nothing.
#[derive(Debug, Clone)]
pub struct PathText(pub String);

impl<S: Send + Sync> FromRequestParts<S> for PathText {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let found = Path::<String>::from_request_parts(parts, state).await;
        found.map(|Path(text)| Self(text)).map_err(|_| Error::not_found("record"))
    }
}

/// Query parameters, read with the same leniency as body fields.
#[derive(Debug)]
pub struct QueryFields(pub Fields);

impl<S: Send + Sync> FromRequestParts<S> for QueryFields {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        let query = parts.uri.query().unwrap_or_default();
        // The last of a repeated parameter counts.
        let sent = url::form_urlencoded::parse(query.as_bytes());
        let fields: Fields = sent.map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
        Ok(Self(fields.of_query()))
    }
}

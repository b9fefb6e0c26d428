//! Bodies that may hold a file: `multipart/form-data` (RFC 7578) beside JSON.
//!
//! Its one rule: of a form's fields nothing is known that is not known of JSON's. A file is a part that has a name of its own.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
};
use http::{HeaderMap, header};
use multer::{Constraints, Multipart, SizeLimit};

use super::{
    extract::JsonBytes,
    fields::{Fields, MAX_FIELDS},
    layers,
};
use crate::{
    app::SharedApp,
    error::{Error, ErrorKind, Result},
};

/// A file as it was sent.
#[derive(Debug, Clone)]
pub struct Part {
    /// Name of its field.
    pub field: String,
    pub file_name: String,
    pub content_type: Option<String>,
    pub bytes: Bytes,
}

/// The fields of a body, and the file in it if there is one.
#[derive(Debug)]
pub struct Posted {
    pub fields: Fields,
    pub file: Option<Part>,
}

impl FromRequest<SharedApp> for Posted {
    type Rejection = Error;

    async fn from_request(request: Request, app: &SharedApp) -> Result<Self> {
        let Some(boundary) = boundary(request.headers()) else {
            let JsonBytes(body) = JsonBytes::from_request(request, app).await?;
            return Ok(Self { fields: Fields::read(&body)?, file: None });
        };
        let (parts, body) = request.into_parts();
        let body = layers::read_body(app, &parts.headers, body).await?;
        read(body, boundary).await
    }
}

/// The boundary of a form; none where the body is something else.
pub fn boundary(headers: &HeaderMap) -> Option<String> {
    let sent = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    multer::parse_boundary(sent).ok()
}

async fn read(body: Bytes, boundary: String) -> Result<Posted> {
    let whole = u64::try_from(body.len()).unwrap_or(u64::MAX);
    let limits = Constraints::new().size_limit(SizeLimit::new().whole_stream(whole));
    let stream = futures::stream::once(async move { Ok::<_, std::io::Error>(body) });
    let mut form = Multipart::with_constraints(stream, boundary, limits);
    let (mut texts, mut file) = (Vec::new(), None);
    while let Some(part) = form.next_field().await.map_err(malformed)? {
        let field = part.name().unwrap_or_default().to_owned();
        let file_name = part.file_name().map(str::to_owned);
        let content_type = part.content_type().map(ToString::to_string);
        let bytes = part.bytes().await.map_err(malformed)?;
        match file_name {
            Some(file_name) if file.is_none() => file = Some(Part { field, file_name, content_type, bytes }),
            Some(_) => return Err(Error::invalid(&field, "is a second file: send one in each request")),
            None if texts.len() == MAX_FIELDS => {
                let message = format!("The body has more than {MAX_FIELDS} fields.");
                return Err(Error::new(ErrorKind::Malformed, "too_many_members", message));
            }
            None => texts.push((field, String::from_utf8_lossy(&bytes).into_owned())),
        }
    }
    Ok(Posted { fields: texts.into_iter().collect(), file })
}

fn malformed(error: multer::Error) -> Error {
    Error::new(ErrorKind::Malformed, "malformed_form", format!("The form cannot be read: {error}."))
        .caused_by(error)
}

/// What tells a form from another, whatever boundary it has: a client that sends it again makes up another one.
pub(super) fn without_boundary(headers: &HeaderMap, body: &Bytes) -> Option<Vec<u8>> {
    let boundary = boundary(headers)?;
    let boundary = boundary.as_bytes();
    let mut rest = &body[..];
    let mut plain = Vec::with_capacity(rest.len());
    while let Some(at) = rest.windows(boundary.len().max(1)).position(|window| window == boundary) {
        plain.extend_from_slice(&rest[..at]);
        rest = &rest[at + boundary.len()..];
    }
    plain.extend_from_slice(rest);
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(boundary: &str) -> Bytes {
        format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nLogo\r\n--{boundary}\r\n\
             Content-Disposition: form-data; name=\"data\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\nbytes\r\n\
             --{boundary}--\r\n"
        )
        .into()
    }

    #[tokio::test]
    async fn a_form_is_its_fields_and_one_file() {
        let mut posted = read(form("x1y2"), "x1y2".into()).await.unwrap();
        assert_eq!(posted.fields.text("title", 100).as_deref(), Some("Logo"));
        let file = posted.file.unwrap();
        assert_eq!(
            (file.field.as_str(), file.file_name.as_str(), file.content_type.as_deref(), &file.bytes[..]),
            ("data", "a.png", Some("image/png"), b"bytes".as_slice())
        );
        assert_eq!(read("--x".into(), "y".into()).await.unwrap_err().code, "malformed_form");
    }

    #[test]
    fn a_form_that_is_sent_again_under_another_boundary_is_the_same() {
        let sent = |boundary: &str| {
            let media = format!("multipart/form-data; boundary={boundary}").parse().unwrap();
            let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, media)]);
            without_boundary(&headers, &form(boundary)).unwrap()
        };
        assert_eq!(sent("x1y2"), sent("another"));
        assert_eq!(without_boundary(&HeaderMap::new(), &form("x")), None);
    }
}

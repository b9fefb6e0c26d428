//! What the host says without a request: hyper's own refusals of what is no HTTP, in the words of the house.
//!
//! Its one rule: they read like every other refusal: the envelope of the path's dialect, as far as a path can be seen, and an id.

use shared::{
    app::SharedApp,
    error::{Error, ErrorKind},
    http::{
        dialect::{HOUSE, resolve::by_path},
        problem, routes,
    },
};

/// So much of a head is looked at for its path.
pub const LOOKED_AT: usize = 1024;

/// The beginning of a head that hyper would not have.
#[derive(Debug, Default)]
pub struct Beginning {
    bytes: Vec<u8>,
    line_ended: bool,
}

impl Beginning {
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.line_ended = false;
    }

    pub fn add(&mut self, bytes: &[u8]) {
        self.line_ended |= bytes.contains(&b'\n');
        let room = LOOKED_AT.saturating_sub(self.bytes.len());
        self.bytes.extend(bytes.iter().take(room));
    }

    /// The path that the first line names.
    fn path(&self) -> Option<&str> {
        let line = self.bytes.split(|&byte| byte == b'\r' || byte == b'\n').find(|line| !line.is_empty())?;
        let target = line.split(|&byte| byte == b' ').nth(1)?;
        let path = target.split(|&byte| byte == b'?').next()?;
        // Cut off in the middle of a letter, or none at all: what stands before it is enough for a dialect.
        let valid = path.utf8_chunks().next()?.valid();
        valid.starts_with('/').then_some(valid)
    }
}

/// The reply instead of hyper's own, of which only the status is known. None where it is not one of its refusals.
pub fn instead_of(theirs: &[u8], head: &Beginning, head_bytes: usize, app: &SharedApp) -> Option<Vec<u8>> {
    let status: u16 = std::str::from_utf8(theirs.strip_prefix(b"HTTP/1.1 ")?.get(..3)?).ok()?.parse().ok()?;
    let (status, code, message) = match status {
        // The first line alone was too long.
        414 | 431 if !head.line_ended => (
            "414 URI Too Long",
            "address_too_long",
            format!("The first line of the request is longer than {head_bytes} bytes."),
        ),
        431 => (
            "431 Request Header Fields Too Large",
            "headers_too_large",
            format!("The headers are longer than {head_bytes} bytes, or more than a hundred."),
        ),
        414 => ("414 URI Too Long", "address_too_long", "The address is too long.".to_owned()),
        400 => (
            "400 Bad Request",
            "not_http",
            "This cannot be read as HTTP/1.1: the first line or a header is malformed.".to_owned(),
        ),
        _ => return None,
    };
    let error = Error::new(ErrorKind::Malformed, code, message);
    let path = routes::as_routed(head.path().unwrap_or("/"));
    let (body, id) = (by_path(path).dialect.voice(path).body(&error), app.request_id());
    tracing::info!(%id, status, "what is no request was refused");
    Some(message_of(status, &body.to_string(), &format!("x-request-id: {id}\r\n")))
}

/// For whom there is no connection.
pub fn no_room(app: &SharedApp) -> Vec<u8> {
    let error = Error::new(
        ErrorKind::Unavailable,
        problem::OVERLOADED,
        "More connections are open than this machine can hold, or than one address may have. Try again in a second.",
    );
    let (body, id) = (HOUSE.voice("/").body(&error), app.request_id());
    message_of(
        "503 Service Unavailable",
        &body.to_string(),
        &format!("x-request-id: {id}\r\nretry-after: 1\r\n"),
    )
}

fn message_of(status: &str, body: &str, headers: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n{headers}connection: close\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(head: &str) -> Option<String> {
        let mut beginning = Beginning::default();
        beginning.add(head.as_bytes());
        beginning.path().map(str::to_owned)
    }

    #[test]
    fn the_path_is_seen_as_far_as_it_came() {
        for (head, seen) in [
            ("GET /api/leads?a=b HTTP/1.1\r\nx", Some("/api/leads")),
            ("\r\nGET /api/leads", Some("/api/leads")),
            ("GET /api/l\u{e4}", Some("/api/l\u{e4}")),
            ("GET  /api", None),
            ("\u{16}\u{3}\u{1}", None),
            ("", None),
        ] {
            assert_eq!(path(head).as_deref(), seen, "{head:?}");
        }
        assert_eq!(
            path(&format!("GET /api/{}", "x".repeat(9000))).map(|path| path.len()),
            Some(LOOKED_AT - 4)
        );
    }
}

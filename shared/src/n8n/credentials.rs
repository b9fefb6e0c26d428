//! Credentials in n8n, through its public API. Its one rule: a secret goes in and never comes out. n8n shows none, and
//! of its answers only what is named here is kept.

use std::borrow::Cow;

use bytes::Bytes;
use http::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::client::{N8n, N8nError};
use crate::json::{self, Part};

/// n8n's name of the credential type that sends one header.
pub const HEADER_AUTH: &str = "httpHeaderAuth";
const MAX_REPLY_BYTES: usize = 4 * 1024 * 1024;
/// Pages of 250 that are looked through for one credential; n8n lists the newest first.
const MAX_PAGES: usize = 8;

/// A header and its secret value.
#[derive(Debug, Clone, Copy)]
pub struct Header<'a> {
    pub name: &'a str,
    pub value: &'a SecretString,
}

impl Header<'_> {
    fn data(self) -> Value {
        json!({ "name": self.name, "value": self.value.expose_secret() })
    }
}

impl N8nError {
    /// The same without n8n's words.
    fn unsaid(self) -> Self {
        match self {
            Self::Status { status, .. } => {
                Self::Status { status, message: "(its words are not repeated)".into() }
            }
            other => other,
        }
    }

    /// Whether it is certain that n8n has changed nothing: the call did not reach it, or it said no.
    pub fn changed_nothing(&self) -> bool {
        match self {
            Self::Unreachable(error) => !error.reached(),
            Self::KeyRefused(_) => true,
            Self::Status { status, .. } => *status < 500,
            Self::NotN8n => false,
        }
    }
}

impl N8n<'_> {
    /// Creates a Header Auth credential. Returns n8n's id of it.
    pub async fn create_header_auth(&self, name: &str, header: Header<'_>) -> Result<String, N8nError> {
        let body = json!({ "name": name, "type": HEADER_AUTH, "data": header.data() });
        let made = self.change(Method::POST, &["credentials"], &body).await?;
        let made = json::text(&made).map_err(|_| N8nError::NotN8n)?;
        id(made.root()).filter(|id| !id.is_empty()).ok_or(N8nError::NotN8n)
    }

    /// Puts another header into a credential, which keeps its id and name. False when n8n has it no more.
    pub async fn replace_header_auth(&self, id: &str, header: Header<'_>) -> Result<bool, N8nError> {
        let body = json!({ "type": HEADER_AUTH, "data": header.data() });
        match self.change(Method::PATCH, &["credentials", id], &body).await {
            Ok(_) => Ok(true),
            Err(N8nError::Status { status: 404, .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Whether n8n has a credential. None when it does not tell: its list is for owners and admins alone, and so long
    /// that the credential may stand beyond what is looked through.
    pub async fn has_credential(&self, id: &str) -> Result<Option<bool>, N8nError> {
        match self.call(Method::GET, self.url(&["credentials", id]), Bytes::new(), MAX_REPLY_BYTES).await {
            Ok(_) => return Ok(Some(true)),
            Err(N8nError::Status { status: 404, .. }) => return Ok(Some(false)),
            // 405: n8n 2.8 has a list only. 403: the right to the list is another one.
            Err(N8nError::Status { status: 405, .. } | N8nError::KeyRefused(403)) => {}
            Err(error) => return Err(error),
        }
        match self.find(|credential| says(credential, "id", id)).await {
            Ok(Listed::Found(_)) => Ok(Some(true)),
            Ok(Listed::Absent) => Ok(Some(false)),
            Ok(Listed::Unknown) | Err(N8nError::KeyRefused(403)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The newest Header Auth credential of a name; none also when n8n does not show its list to this key.
    pub async fn header_auth_named(&self, name: &str) -> Result<Option<String>, N8nError> {
        let wanted =
            |credential: Part<'_>| says(credential, "name", name) && says(credential, "type", HEADER_AUTH);
        match self.find(wanted).await {
            Ok(Listed::Found(id)) => Ok(Some(id)),
            Ok(_) | Err(N8nError::KeyRefused(403)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Deletes a credential, if it is there.
    pub async fn delete_credential(&self, id: &str) -> Result<(), N8nError> {
        match self.change(Method::DELETE, &["credentials", id], &Value::Null).await {
            Ok(_) | Err(N8nError::Status { status: 404, .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn change(&self, method: Method, path: &[&str], body: &Value) -> Result<Bytes, N8nError> {
        let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        // What n8n says of a secret that it was sent may hold the secret.
        self.call(method, self.url(path), body, MAX_REPLY_BYTES).await.map_err(N8nError::unsaid)
    }

    async fn find(&self, wanted: impl Fn(Part<'_>) -> bool) -> Result<Listed, N8nError> {
        let mut cursor: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let page = self.page(&["credentials"], cursor.as_deref()).await?;
            if let Some(id) = page.rows().find(|credential| wanted(*credential)).and_then(id) {
                return Ok(Listed::Found(id));
            }
            cursor = page.next_cursor;
            if cursor.is_none() {
                return Ok(Listed::Absent);
            }
        }
        Ok(Listed::Unknown)
    }
}

fn id(credential: Part<'_>) -> Option<String> {
    credential.get("id")?.text().map(Cow::into_owned)
}

fn says(credential: Part<'_>, name: &str, what: &str) -> bool {
    credential.get(name).and_then(Part::text).is_some_and(|text| text == what)
}

/// What a list said of one credential.
enum Listed {
    Found(String),
    Absent,
    /// It is longer than what was looked through.
    Unknown,
}

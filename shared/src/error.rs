//! The one error of the house. Its one rule: `message` is for the caller, the cause is for the log, and neither holds a
//! secret. How an error looks on the wire is the dialect's business (`http::dialect`).

use std::{
    collections::BTreeMap,
    fmt,
    ops::{Deref, DerefMut},
    time::Duration,
};

use serde_json::{Map, Value};

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, as far as the caller's next step differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The request cannot be read: JSON, path, query.
    Malformed,
    /// It can be read and breaks a rule; the violations say which.
    Invalid,
    /// No credential.
    Unauthenticated,
    /// A credential that is unknown, expired or revoked.
    CredentialRejected,
    /// A good credential without the right.
    Forbidden,
    /// Nothing there, or another tenant's.
    NotFound,
    MethodNotAllowed,
    /// It exists already, or it changed meanwhile.
    Conflict,
    /// A rule forbids it in this state.
    WrongState,
    TooLarge,
    UnsupportedMedia,
    RateLimited,
    /// The other side (n8n) answered badly or not at all.
    Upstream,
    UpstreamTimeout,
    /// Try again shortly.
    Unavailable,
    /// A bug, or a stored item that cannot be read.
    Internal,
}

impl ErrorKind {
    pub const ALL: [Self; 16] = [
        Self::Malformed,
        Self::Invalid,
        Self::Unauthenticated,
        Self::CredentialRejected,
        Self::Forbidden,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Conflict,
        Self::WrongState,
        Self::TooLarge,
        Self::UnsupportedMedia,
        Self::RateLimited,
        Self::Upstream,
        Self::UpstreamTimeout,
        Self::Unavailable,
        Self::Internal,
    ];
}

/// An error on its way to a caller or to the log. Boxed, because it rides in the result of nearly every call.
#[derive(Debug)]
pub struct Error(Box<Parts>);

/// What an [`Error`] says.
#[derive(Debug)]
pub struct Parts {
    pub kind: ErrorKind,
    /// Stable, snake case; part of the contract.
    pub code: &'static str,
    /// For a person: what is wrong and what to do.
    pub message: String,
    /// The rules that the request breaks, for [`ErrorKind::Invalid`].
    pub violations: Vec<Violation>,
    pub retry_after: Option<Duration>,
    /// The window that is used up, for [`ErrorKind::RateLimited`]: what it allowed, and the Unix second at which it ends.
    pub used_up: Option<(u32, i64)>,
    /// Further keys of the reply (the first decision of a decided review, n8n's status, ...).
    pub details: Map<String, Value>,
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// A rule that a request breaks, and where. Each dialect has its own way to say it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Where: `title`, `ids[3]`, `user.email`; the name of a query parameter or of a header.
    pub path: String,
    /// Stable, snake case: what kind of rule it is. [`Violation::INVALID`] where nothing more is known.
    pub code: &'static str,
    /// For a person, to be read after the path: `is required`.
    pub message: String,
    /// Which part of the request has the path.
    pub part: RequestPart,
}

/// A part of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RequestPart {
    #[default]
    Body,
    Query,
    Header,
}

impl Violation {
    /// The code of a rule that has none of its own.
    pub const INVALID: &str = "invalid";

    /// A violation of a rule that has no code of its own.
    pub fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), code: Self::INVALID, message: message.into(), part: RequestPart::default() }
    }

    /// The same with the rule's code.
    #[must_use]
    pub fn of(self, code: &'static str) -> Self {
        Self { code, ..self }
    }

    /// The same of a path that another part of the request has than its body.
    #[must_use]
    pub fn at(self, part: RequestPart) -> Self {
        Self { part, ..self }
    }
}

impl Error {
    /// The code of [`Error::unreadable`].
    pub const UNREADABLE: &str = "unreadable_record";

    pub fn new(kind: ErrorKind, code: &'static str, message: impl Into<String>) -> Self {
        Self(Box::new(Parts {
            kind,
            code,
            message: message.into(),
            violations: Vec::new(),
            retry_after: None,
            used_up: None,
            details: Map::new(),
            cause: None,
        }))
    }

    /// One field breaks a rule.
    pub fn invalid(field: &str, problem: impl Into<String>) -> Self {
        Self::violations(vec![Violation::new(field, problem)])
    }

    /// Several fields break rules; the message names them all.
    pub fn fields(fields: BTreeMap<String, Vec<String>>) -> Self {
        let all = fields.into_iter().flat_map(|(path, problems)| {
            problems.into_iter().map(move |problem| Violation::new(path.clone(), problem))
        });
        Self::violations(all.collect())
    }

    /// The rules that a request breaks, in the order in which they were found; the message names them all, by field.
    pub fn violations(violations: Vec<Violation>) -> Self {
        let mut error = Self::new(ErrorKind::Invalid, "validation_failed", String::new());
        error.violations = violations;
        let fields = error.by_field();
        let all: Vec<_> =
            fields.iter().map(|(path, problems)| format!("{path}: {}", problems.join(", "))).collect();
        let message = all.join("; ");
        error.message = message;
        error
    }

    /// The same with a code of its own, where clients have to tell it from others.
    #[must_use]
    pub fn coded(mut self, code: &'static str) -> Self {
        self.0.code = code;
        self
    }

    /// Nothing there, or another tenant's: the two read alike.
    pub fn not_found(thing: &str) -> Self {
        Self::new(ErrorKind::NotFound, "not_found", format!("There is no such {thing}."))
    }

    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::new(
            ErrorKind::Internal,
            "internal_error",
            "Something went wrong on our side. The request id helps us find it.",
        )
        .caused_by(cause)
    }

    /// What is stored of one record cannot be read. It is this record's fault alone: others are shown.
    pub fn unreadable(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::new(
            ErrorKind::Internal,
            Self::UNREADABLE,
            "What is stored of this record cannot be read. Others are not affected. The request id helps us find it.",
        )
        .caused_by(cause)
    }

    /// Try again shortly.
    pub fn unavailable(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::new(ErrorKind::Unavailable, "unavailable", "The service is busy. Try again shortly.")
            .retry_after(Duration::from_secs(1))
            .caused_by(cause)
    }

    #[must_use]
    pub fn caused_by(mut self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    #[must_use]
    pub fn retry_after(mut self, span: Duration) -> Self {
        self.retry_after = Some(span);
        self
    }

    /// Names the window that is used up.
    #[must_use]
    pub fn used_up(mut self, limit: u32, reset: i64) -> Self {
        self.used_up = Some((limit, reset));
        self
    }

    /// Adds a key to the reply.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.details.insert(key.to_owned(), value.into());
        self
    }

    /// What is wrong with each field: its path, and the words for it in the order in which they were found.
    pub fn by_field(&self) -> BTreeMap<&str, Vec<&str>> {
        let mut fields = BTreeMap::<_, Vec<_>>::new();
        for violation in &self.violations {
            fields.entry(&*violation.path).or_default().push(&*violation.message);
        }
        fields
    }

    /// The words for the caller.
    pub fn into_message(self) -> String {
        self.0.message
    }

    pub fn cause(&self) -> Option<&(dyn std::error::Error + Send + Sync + 'static)> {
        self.cause.as_deref()
    }
}

impl Deref for Error {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl DerefMut for Error {
    fn deref_mut(&mut self) -> &mut Parts {
        &mut self.0
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)?;
        match &self.cause {
            Some(cause) => write!(f, " ({cause})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}

/// `Option` → 404 at the edge.
pub trait OrNotFound<T> {
    fn or_not_found(self, thing: &str) -> Result<T>;
}

impl<T> OrNotFound<T> for Option<T> {
    fn or_not_found(self, thing: &str) -> Result<T> {
        self.ok_or_else(|| Error::not_found(thing))
    }
}

/// Side work that may fail without failing the request.
pub trait LogFailure<T> {
    fn log_failure(self, what: &str) -> Option<T>;
}

impl<T, E: fmt::Display> LogFailure<T> for std::result::Result<T, E> {
    fn log_failure(self, what: &str) -> Option<T> {
        self.inspect_err(|error| tracing::warn!(%error, "{what}")).ok()
    }
}

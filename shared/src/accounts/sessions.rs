//! Sessions: logging in, and believing a token for as long as its session lives.
//!
//! Its one rule: a session ends in the store. Instances that believed it lately follow within a minute; the one that
//! ended it follows at once.

use std::{net::IpAddr, sync::Arc, time::Duration};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use ring::hmac;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use super::{
    Accounts, second_factor, throttle,
    tickets::{NOBODY, shown, soon_over},
    tokens::{self, Claims},
};
use crate::{
    clock::Millis,
    domain::{
        api_key::hex,
        email,
        event::{EventType, Happened, Subject},
        org::{User, UserStatus},
        principal::Principal,
        session::{SESSION_LIFE, Session, SessionRef, TOKEN_LIFE},
    },
    error::{Error, ErrorKind, LogFailure, Result},
    ids::{EntityId, Id, UserId},
    repo::{
        orgs,
        second_factors::FACTOR,
        sessions::{self, Found},
    },
    store::Write,
    tenant::TenantId,
};

/// A looked-up session is believed for this long.
const BELIEVED: Duration = Duration::from_secs(60);
/// Characters of base 62: 178 bits for `jti`, 256 for the signing key.
const JTI_CHARS: usize = 30;
const KEY_CHARS: usize = 43;

/// A session as an instance remembers it, with the user it had then.
#[derive(Debug)]
pub(crate) struct KnownSession {
    session: Session,
    user: User,
    principal: Arc<Principal>,
    /// The organization demands a second factor, and the user had none.
    must_enrol: bool,
}

/// A token that was verified.
#[derive(Debug, Clone)]
pub struct Presented {
    known: Arc<KnownSession>,
    jti: SecretString,
    issued_at: Millis,
    pub expires_at: Millis,
}

/// A token on its way to its owner.
pub struct SessionToken {
    pub text: SecretString,
    pub expires_at: Millis,
    /// What a browser has to send beside the cookie.
    pub csrf_token: String,
}

impl Presented {
    pub fn principal(&self) -> Arc<Principal> {
        self.known.principal.clone()
    }

    /// Whether it may do nothing but choose a second factor, because the organization demands one.
    pub fn must_enrol(&self) -> bool {
        self.known.must_enrol
    }

    pub fn place(&self) -> SessionRef {
        self.known.session.place()
    }

    /// The token against requests that others make a browser send: the same for as long as the session lives.
    pub fn csrf_token(&self) -> String {
        csrf_token(&self.known.session, &self.jti)
    }

    /// Whether a header holds that token; compared in constant time.
    pub fn has_csrf_token(&self, sent: &str) -> bool {
        BASE64_URL_SAFE_NO_PAD.decode(sent).is_ok_and(|tag| {
            hmac::verify(&csrf_key(&self.known.session), self.jti.expose_secret().as_bytes(), &tag).is_ok()
        })
    }
}

impl Accounts<'_> {
    /// Opens a session for whoever knows the password, where that is all that is asked for.
    pub async fn log_in(
        &self,
        username: &str,
        password: SecretString,
        address: Option<IpAddr>,
    ) -> Result<(User, SessionToken)> {
        self.log_in_with(username, password, None, address).await
    }

    /// Opens a session for whoever knows the password, and has a `code` where the user has a second factor. Failures are all alike,
    /// in words, time and cost, until the password was right; too many of them from one address or under one name are refused
    /// unread, but for where the user has logged in from lately.
    pub async fn log_in_with(
        &self,
        username: &str,
        password: SecretString,
        code: Option<&str>,
        address: Option<IpAddr>,
    ) -> Result<(User, SessionToken)> {
        let name = email::normal(username).unwrap_or_else(|| username.trim().to_lowercase());
        let attempt = throttle::count(self, &name, address).await?;
        let known = orgs::login_candidate(self.store, &name).await?;
        // Somebody who has not come yet has no password, and is looked at as long as others.
        let active = known.as_ref().filter(|user| user.status == UserStatus::Active);
        let hash = active.map(|user| user.password_hash.clone());
        let right = self.known.passwords.matches(password, hash).await?;
        let Some(user) = active.filter(|_| right) else {
            self.note_refusal(known.as_ref(), "password", address).await;
            return Err(Error::new(
                ErrorKind::CredentialRejected,
                "invalid_login",
                "User name or password is wrong.",
            ));
        };
        let used = match self.second_factor(user, code).await {
            Ok(used) => used,
            Err(error) => {
                if error.code == second_factor::WRONG {
                    self.note_refusal(known.as_ref(), "second_factor", address).await;
                } else {
                    // The password was right, and nobody has guessed a code.
                    attempt.forgive(self).await.log_failure("a right password still counts as a wrong one");
                }
                return Err(error);
            }
        };
        let (forgiven, remembered, token) = tokio::join!(
            attempt.forgive(self),
            attempt.remember(self),
            self.begin_session(user, address, used)
        );
        forgiven.log_failure("a login that succeeded still counts as one that failed");
        remembered.log_failure("where somebody logged in from is not remembered");
        Ok((user.clone(), token?))
    }

    /// Tells the organization of a login that was refused. Where the name is nobody's, as much is written for nobody, so that time
    /// and cost do not tell.
    async fn note_refusal(&self, user: Option<&User>, reason: &str, address: Option<IpAddr>) {
        let (tenant, id) = user.map_or((NOBODY, UserId::of(Id::SMALLEST)), |user| (user.tenant, user.id));
        let refused = Happened::new(EventType::SessionRefused, Subject::of("member", id));
        let address = address.map(shown);
        // Nobody reads what is written for nobody, so that it says nothing, at the same length.
        let address = if user.is_some() { address } else { address.map(|text| "-".repeat(text.len())) };
        let refused = refused.with("reason", reason).with_some("address", address);
        let written = async {
            let mut write = self.event(tenant, None, refused)?;
            if user.is_none() {
                soon_over(&mut write, self.now());
            }
            self.store.write(write).await?;
            Ok::<_, Error>(())
        };
        written.await.log_failure("a login that was refused is not in the log");
    }

    /// Whether it is the user's password. Wrong ones count as failed logins do.
    pub async fn confirm_password(
        &self,
        user: &User,
        password: SecretString,
        address: Option<IpAddr>,
    ) -> Result<bool> {
        let attempt = throttle::count(self, &user.email, address).await?;
        let right = self.known.passwords.matches(password, Some(user.password_hash.clone())).await?;
        if right {
            attempt.forgive(self).await.log_failure("a right password still counts as a wrong one");
        }
        Ok(right)
    }

    /// Opens a session.
    pub async fn open_session(&self, user: &User) -> Result<SessionToken> {
        self.begin_session(user, None, None).await
    }

    /// Opens a session in one transaction with the use of the code that it was begun with.
    async fn begin_session(
        &self,
        user: &User,
        address: Option<IpAddr>,
        used: Option<Write>,
    ) -> Result<SessionToken> {
        let now = self.now();
        let jti = SecretString::from(self.ids.secret(JTI_CHARS));
        let session = Session {
            id: self.id(),
            tenant: user.tenant,
            user_id: user.id,
            group_id: self.home_group(user).await?,
            generation: user.generation,
            signing_key: self.ids.secret(KEY_CHARS),
            jti_hash: hash(&jti),
            created_at: now,
            ends_at: now.plus(SESSION_LIFE),
        };
        let created = Happened::new(EventType::SessionCreated, Subject::of("member", user.id));
        let created =
            self.event(user.tenant, Some(user), created.with_some("address", address.map(shown)))?;
        let mut writes = vec![sessions::insert(&session)?, created];
        writes.extend(used);
        match self.store.transact(writes).await {
            // Somebody else was quicker with the same code.
            Err(refused) if refused.refused_by(FACTOR).is_some() => Err(second_factor::wrong()),
            written => written.map_err(Error::from).and_then(|()| token(&session, &jti, now)),
        }
    }

    /// A fresh token of the same session, once half of the old one's life is over.
    pub fn renew(&self, presented: &Presented) -> Result<Option<SessionToken>> {
        let (now, session) = (self.now(), &presented.known.session);
        if now.since(presented.issued_at) < TOKEN_LIFE / 2 || presented.expires_at >= session.ends_at {
            return Ok(None);
        }
        token(session, &presented.jti, now).map(Some)
    }

    /// A session that was just ended or changed is looked up anew.
    pub fn forget_session(&self, place: &SessionRef) {
        self.known.sessions.forget(place);
    }

    /// All sessions of a user that was just changed are looked up anew.
    pub fn forget_sessions_of(&self, user: &User) {
        self.forget_sessions(user.tenant, user.id);
    }

    pub(super) fn forget_sessions(&self, tenant: TenantId, id: UserId) {
        self.known.sessions.forget_where(|place, _| place.tenant == tenant && place.user_id == id);
    }

    /// The session behind a token, if it lives. One round trip at most, none for what is no token.
    pub async fn verify_session(&self, text: &str) -> Result<Presented> {
        let moment = self.moment();
        let place = tokens::place(text).ok_or_else(rejected)?;
        let stored = async {
            let found = sessions::find(self.store, &place).await?;
            Ok::<_, Error>(found.map(|Found { session, user, demands_second_factor }| {
                let principal = Arc::new(Principal::of_session(&session, &user));
                let must_enrol = demands_second_factor && !user.second_factor;
                KnownSession { session, user, principal, must_enrol }
            }))
        };
        let known = self.known.sessions.or_read(place, moment, BELIEVED, stored).await?;
        let known = known.ok_or_else(rejected)?;
        if known.must_enrol {
            // Wherever the second factor is confirmed, the next request anywhere is free.
            self.known.sessions.forget(&place);
        }
        let claims = tokens::open(text, &known.session.signing_key).ok_or_else(rejected)?;
        let jti = SecretString::from(claims.jti);
        let (issued_at, expires_at) = (Millis(claims.iat * 1000), Millis(claims.exp * 1000));
        let now = moment.now;
        let lives = known.session.lives(&known.user, now) && now < expires_at;
        if lives && hash(&jti) == known.session.jti_hash {
            Ok(Presented { known, jti, issued_at, expires_at })
        } else {
            Err(rejected())
        }
    }
}

fn rejected() -> Error {
    Error::new(
        ErrorKind::CredentialRejected,
        "invalid_session",
        "The session has ended, or its token is invalid. Log in again.",
    )
}

/// Whole seconds, as tokens have them; never beyond the session's own end.
fn token(session: &Session, jti: &SecretString, now: Millis) -> Result<SessionToken> {
    let exp = now.plus(TOKEN_LIFE).min(session.ends_at).seconds();
    let claims = Claims {
        sub: session.user_id.to_string(),
        jti: jti.expose_secret().to_owned(),
        iat: now.seconds(),
        exp,
    };
    let text = tokens::sign(&session.place(), &session.signing_key, &claims)?.into();
    Ok(SessionToken { text, expires_at: Millis(exp * 1000), csrf_token: csrf_token(session, jti) })
}

fn csrf_token(session: &Session, jti: &SecretString) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(hmac::sign(&csrf_key(session), jti.expose_secret().as_bytes()))
}

/// Not the signing key itself: what it signs for this use can never be a token.
fn csrf_key(session: &Session) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, format!("csrf.{}", session.signing_key).as_bytes())
}

/// SHA-256 suffices where what is hashed has 178 random bits.
fn hash(jti: &SecretString) -> String {
    hex(&Sha256::digest(jti.expose_secret().as_bytes()))
}

//! Sessions: what is kept of a login.
//!
//! Its one rule: what is stored cannot be used. A token needs `jti`, of which only the hash is here.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{
    clock::Millis,
    domain::org::User,
    ids::{EntityId, GroupId, Id, SessionId, UserId},
    tenant::TenantId,
};

/// A token lives this long. A browser's is renewed while it is used; so this is also how long one may stay idle.
pub const TOKEN_LIFE: Duration = Duration::from_secs(3600);
/// A session ends this long after its login, however busy.
pub const SESSION_LIFE: Duration = Duration::from_secs(12 * 3600);

/// Where a session is found. As text it is the `kid` of the session's tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionRef {
    pub tenant: TenantId,
    pub user_id: UserId,
    pub id: SessionId,
}

impl fmt::Display for SessionRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.tenant, self.user_id, self.id)
    }
}

/// A text that names no session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotASession;

impl FromStr for SessionRef {
    type Err = NotASession;

    fn from_str(text: &str) -> Result<Self, NotASession> {
        let mut parts = text.split('.').map(|part| part.parse::<Id>().map_err(|_| NotASession));
        let mut next = || parts.next().unwrap_or(Err(NotASession));
        let session = Self {
            tenant: TenantId(next()?.get()),
            user_id: UserId::of(next()?),
            id: SessionId::of(next()?),
        };
        if parts.next().is_none() { Ok(session) } else { Err(NotASession) }
    }
}

/// A login that has not ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Session {
    pub id: SessionId,
    pub tenant: TenantId,
    pub user_id: UserId,
    /// The client group that what is created in it belongs to, unless the request says otherwise.
    pub group_id: GroupId,
    /// Must equal the user's: a new password ends what was begun under the old one.
    pub generation: u64,
    /// Signs the tokens of this session and of no other.
    pub signing_key: String,
    /// SHA-256 of the tokens' `jti`.
    pub jti_hash: String,
    pub created_at: Millis,
    pub ends_at: Millis,
}

impl Session {
    pub fn place(&self) -> SessionRef {
        SessionRef { tenant: self.tenant, user_id: self.user_id, id: self.id }
    }

    pub fn lives(&self, user: &User, now: Millis) -> bool {
        self.user_id == user.id && self.generation == user.generation && now < self.ends_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_back_and_other_text_does_not() {
        let id = |n| Id::from_u64(n).unwrap();
        let place = SessionRef { tenant: TenantId(7), user_id: UserId::of(id(8)), id: SessionId::of(id(9)) };
        assert_eq!(place.to_string().parse(), Ok(place));
        for text in ["", "7", "7.8", "7.8.9.10", "7.8.x", "0.8.9", "..", "7.8.-9"] {
            assert_eq!(text.parse::<SessionRef>(), Err(NotASession), "{text}");
        }
    }

    #[test]
    fn a_session_lives_for_its_user_in_his_generation_until_it_ends() {
        let id = |n| Id::from_u64(n).unwrap();
        let (now, ends_at) = (Millis(1_000), Millis(2_000));
        let session = Session {
            id: SessionId::of(id(9)),
            tenant: TenantId(7),
            user_id: UserId::of(id(8)),
            group_id: GroupId::of(id(6)),
            generation: 3,
            signing_key: "k".into(),
            jti_hash: "h".into(),
            created_at: now,
            ends_at,
        };
        let role = crate::domain::org::Role::Admin;
        let user = User::new(UserId::of(id(8)), TenantId(7), "jane@acme.example".into(), role, now);
        let user = User { generation: 3, ..user };
        assert_eq!(
            session.place(),
            SessionRef { tenant: TenantId(7), user_id: UserId::of(id(8)), id: SessionId::of(id(9)) }
        );
        assert!(session.lives(&user, now) && session.lives(&user, Millis(ends_at.0 - 1)));
        assert!(!session.lives(&user, ends_at) && !session.lives(&user, Millis(ends_at.0 + 1)));
        assert!(!session.lives(&User { id: UserId::of(id(5)), ..user.clone() }, now));
        assert!(!session.lives(&User { generation: 2, ..user.clone() }, now));
        assert!(!session.lives(&User { generation: 4, ..user }, now));
        assert_eq!((TOKEN_LIFE.as_secs(), SESSION_LIFE.as_secs()), (3_600, 43_200));
    }
}

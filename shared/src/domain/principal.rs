//! Who is behind a request, whichever credential said so.
//!
//! Its one rule: what a request may do follows from the principal alone; no handler asks for the credential itself.

use crate::{
    clock::Millis,
    domain::{
        api_key::{ApiKey, KeyHash, Retirement, Terms},
        dialect::Letter,
        org::User,
        reach::Reach,
        session::Session,
    },
    ids::{ApiKeyId, GroupId, Id, SessionId, UserId},
    tenant::TenantId,
};

/// The user whom a request acts as, and what it may do.
#[derive(Debug, Clone, PartialEq)]
pub struct Principal {
    pub tenant: TenantId,
    pub user_id: UserId,
    pub username: String,
    /// The client group that what this request creates belongs to, unless it says otherwise.
    pub group_id: GroupId,
    /// The client groups that it sees.
    pub reach: Reach,
    pub scopes: Vec<String>,
    /// The dialect that its API key speaks on paths that several have. None where the key has none, and for a session.
    pub dialect: Option<Letter>,
    pub credential: Credential,
    /// When the API key runs out. None for one that does not, and for a person in a session.
    pub expires_at: Option<Millis>,
    /// What the API key is bound to. A session is free of terms.
    pub terms: Terms,
    /// What it was let in on. None where nothing can be taken from it: at the command line.
    pub admitted: Option<Admitted>,
}

/// What somebody was let in on. Whoever changes people or credentials must be that still at the moment of the change: what an
/// instance believes of a credential may be a minute old.
#[derive(Debug, Clone, PartialEq)]
pub struct Admitted {
    /// The user's: it counts whatever changes the role or the groups.
    pub generation: u64,
    /// The API key, and whether another had taken its place; none for a session, which is found by its id.
    pub key: Option<(KeyHash, Option<Retirement>)>,
}

/// What proved it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    ApiKey(ApiKeyId),
    Session(SessionId),
    /// Whoever may read the data directory, at the command line.
    Operator,
}

impl Principal {
    /// A key allows what is written into it, as far as its user's role and groups allow it now.
    pub fn of_key(key: &ApiKey, user: &User) -> Self {
        let groups: Vec<_> = key.groups.iter().map(|group| user.group_now(*group)).collect();
        let former = [&key.former[..], &key.groups].concat();
        let reach = Reach::with_former(&groups, &former).within(&user.reach());
        Self {
            tenant: key.tenant,
            user_id: key.user_id,
            username: key.username.clone(),
            group_id: reach.home(user.group_now(key.group_id)),
            reach,
            scopes: shared(&key.scopes, &user.role.scopes()),
            dialect: key.dialect,
            credential: Credential::ApiKey(key.id),
            expires_at: key.runs_out_at(),
            terms: key.terms.clone(),
            admitted: Some(Admitted {
                generation: user.generation,
                key: Some((key.hash.clone(), key.retirement)),
            }),
        }
    }

    /// What a session allows follows from the role that its user has now.
    pub fn of_session(session: &Session, user: &User) -> Self {
        let reach = user.reach();
        Self {
            tenant: user.tenant,
            user_id: user.id,
            username: user.email.clone(),
            group_id: reach.home(user.group_now(session.group_id)),
            reach,
            scopes: user.role.scopes(),
            dialect: None,
            credential: Credential::Session(session.id),
            expires_at: None,
            terms: Terms::default(),
            admitted: Some(Admitted { generation: user.generation, key: None }),
        }
    }

    /// The same person who is not in a session: what the role allows, for commands of the operator.
    pub fn of_user(user: &User, group_id: GroupId) -> Self {
        let reach = user.reach();
        Self {
            tenant: user.tenant,
            user_id: user.id,
            username: user.email.clone(),
            group_id: reach.home(group_id),
            reach,
            scopes: user.role.scopes(),
            dialect: None,
            credential: Credential::Operator,
            expires_at: None,
            terms: Terms::default(),
            admitted: None,
        }
    }

    /// Whoever is bound to client groups has no say in what is the whole organization's, and who is bound to none that is left
    /// has none at all.
    pub fn allows(&self, scope: &str) -> bool {
        let bounded = match self.reach.groups() {
            None => false,
            Some([]) => true,
            Some(_) => is_organizations(scope),
        };
        !bounded && self.scopes.iter().any(|held| covers(held, scope))
    }

    /// What rate limits count against: each key for itself, all sessions of a user together.
    pub fn counted_as(&self) -> Id {
        match self.credential {
            Credential::ApiKey(id) => id.untyped(),
            Credential::Session(_) | Credential::Operator => self.user_id.untyped(),
        }
    }
}

/// Whether what a scope allows touches the whole organization: its people, keys and groups, and the settings that all of its
/// client groups share.
pub fn is_organizations(scope: &str) -> bool {
    let action = scope.split_once(':').map_or(scope, |(_, action)| action);
    matches!(action, "manage" | "inspect")
        // Whom bills go to is no client's business.
        || scope.starts_with("account:")
        || matches!(scope, "pipeline:write" | "prices:write" | "projects:write")
}

/// Whether a scope that somebody holds includes another: `*` all of them, `*:read` every resource's `read`.
pub fn covers(held: &str, scope: &str) -> bool {
    held == "*"
        || held == scope
        || held
            .strip_prefix("*:")
            .is_some_and(|action| scope.split_once(':').is_some_and(|(_, wanted)| wanted == action))
}

/// What two lists of scopes both allow.
fn shared(these: &[String], those: &[String]) -> Vec<String> {
    let of_these = these.iter().filter(|scope| those.iter().any(|held| covers(held, scope)));
    let of_those = those.iter().filter(|scope| these.iter().any(|held| covers(held, scope)));
    let mut both: Vec<_> = of_these.chain(of_those).cloned().collect();
    let mut seen = Vec::new();
    both.retain(|scope| {
        !seen.contains(scope) && {
            seen.push(scope.clone());
            true
        }
    });
    both
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{domain::org::Role, ids::EntityId};

    #[test]
    fn two_lists_share_what_both_allow() {
        for (these, those, both) in [
            (&["*"][..], &["*"][..], &["*"][..]),
            (&["*"], &["*:read", "reviews:decide"], &["*:read", "reviews:decide"]),
            (&["*:read", "leads:write"], &["*:read", "reviews:decide"], &["*:read"]),
            (&["leads:read", "leads:write"], &["*:read"], &["leads:read"]),
            (&["leads:write"], &["*:read"], &[]),
            (&["leads:write"], &["*"], &["leads:write"]),
        ] {
            let [these, those, both] = [these, those, both]
                .map(|list| list.iter().map(|scope| (*scope).to_owned()).collect::<Vec<_>>());
            assert_eq!(shared(&these, &those), both, "{these:?} {those:?}");
        }
    }

    #[test]
    fn who_is_bound_has_no_say_in_what_is_the_organizations() {
        let id = |n| Id::from_u64(n).unwrap();
        let group = |n| GroupId::of(id(n));
        let user =
            User::new(UserId::of(id(8)), TenantId(7), "jane@acme.example".into(), Role::Admin, Millis(0));
        let of = |groups: &[GroupId]| {
            Principal::of_user(&User { groups: groups.to_vec(), ..user.clone() }, group(1))
        };
        let (free, bound) = (of(&[]), of(&[group(2), group(3)]));
        for scope in ["groups:manage", "audit:inspect", "pipeline:write", "prices:write"] {
            assert!(free.allows(scope) && !bound.allows(scope), "{scope}");
        }
        assert!(bound.allows("leads:write") && bound.allows("pipeline:read"));
        assert_eq!((free.group_id, bound.group_id), (group(1), group(2)));
        let lost = Principal { reach: Reach::of(&[group(2)]).within(&Reach::of(&[group(3)])), ..bound };
        assert!(!lost.allows("leads:read"), "nothing is left to it");
    }

    #[test]
    fn a_scope_covers_itself_and_a_star_covers_its_side() {
        for (held, scope, covered) in [
            ("*", "payloads:write", true),
            ("payloads:write", "payloads:write", true),
            ("*:read", "payloads:read", true),
            ("*:read", "*:read", true),
            ("*:read", "payloads:write", false),
            ("*:read", "*", false),
            ("payloads:read", "*:read", false),
            ("payloads:write", "payloads:read", false),
            ("*:", "payloads:write", false),
            ("", "payloads:write", false),
        ] {
            assert_eq!(covers(held, scope), covered, "{held} {scope}");
        }
    }
}

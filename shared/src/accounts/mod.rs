//! Organizations, users and credentials: making them, and finding out who calls.

use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};

use crate::{
    clock::{Clock, Millis, Moment},
    domain::{
        api_key::{ApiKey, KeyHash},
        email,
        event::{EventType, Happened, Subject},
        org::{Group, Organization, Role, User, UserStatus},
        plan::Plan,
        principal::{Credential, Principal},
        reach::{MAX_BOUND, Reach},
        review::Actor,
        session::SessionRef,
    },
    error::{Error, ErrorKind, Result},
    ids::{EntityId, GroupId, Id, Ids},
    recent::Recent,
    repo::{events, orgs},
    sealer::Sealer,
    store::{Store, Write},
    tenant::TenantId,
};

mod keys;
mod passwords;
mod second_factor;
mod sessions;
#[cfg(test)]
#[cfg(feature = "testing")]
mod tests;
mod throttle;
mod tickets;
pub(crate) mod tokens;
mod uses;

pub use keys::NewKey;
pub use sessions::{Presented, SessionToken};

use self::{keys::KnownKey, passwords::Passwords, sessions::KnownSession, throttle::Refusals, uses::KeyUses};

/// What one instance knows of credentials: what it looked up lately, and what it counts.
#[derive(Default)]
pub(crate) struct Known {
    keys: Recent<KeyHash, KnownKey>,
    key_uses: KeyUses,
    sessions: Recent<SessionRef, KnownSession>,
    passwords: Passwords,
    refusals: Refusals,
}

/// The accounts of all organizations, as one instance sees them: [`crate::app::App::accounts`].
#[derive(Clone, Copy)]
pub struct Accounts<'a> {
    pub(crate) store: &'a dyn Store,
    pub(crate) sealer: &'a dyn Sealer,
    pub(crate) clock: &'a dyn Clock,
    pub(crate) ids: &'a dyn Ids,
    pub(crate) known: &'a Known,
}

/// Shortest password that an account may have (NIST SP 800-63B §3.1.1.2 asks for at least 8 beside a second factor).
pub const MIN_PASSWORD: usize = 8;
/// Longest one, in characters.
pub const MAX_PASSWORD: usize = 1000;

/// What `create_organization` made. The key's text exists here and nowhere else.
pub struct NewOrganization {
    pub organization: Organization,
    pub admin: User,
    pub api_key: SecretString,
}

/// What a new user is to be like.
pub struct NewUser {
    pub email: String,
    pub role: Role,
    pub password: SecretString,
}

/// Whom a credential's text stands for.
pub struct Authenticated {
    pub principal: Arc<Principal>,
    /// None for an API key.
    pub session: Option<Presented>,
}

impl From<Presented> for Authenticated {
    fn from(session: Presented) -> Self {
        Self { principal: session.principal(), session: Some(session) }
    }
}

impl Accounts<'_> {
    fn now(&self) -> Millis {
        self.clock.now()
    }

    /// Now by both clocks, for what is believed for a while.
    fn moment(&self) -> Moment {
        self.clock.moment()
    }

    fn id<I: EntityId>(&self) -> I {
        I::of(self.ids.id(self.now()))
    }

    /// Creates an organization with its admin, a default client group and the admin's API key, all or none.
    pub async fn create_organization(
        &self,
        name: &str,
        email: &str,
        password: &SecretString,
    ) -> Result<NewOrganization> {
        self.create_organization_on(None, name, email, password).await
    }

    /// The same on a plan; none for the one that the house gives to whoever has none.
    pub async fn create_organization_on(
        &self,
        plan: Option<Plan>,
        name: &str,
        email: &str,
        password: &SecretString,
    ) -> Result<NewOrganization> {
        let name = name.trim();
        if name.is_empty() || name.chars().count() > 200 {
            return Err(Error::invalid("name", "must have 1 to 200 characters"));
        }
        let email = address("admin_email", email)?;
        let password_hash = self.hash_new_password("admin_password", password).await?;
        let now = self.now();
        let tenant = TenantId(self.id::<Id>().get());
        let organization = Organization { plan, ..Organization::new(tenant, name.to_owned(), now) };
        let new = User::new(self.id(), tenant, email, Role::Admin, now);
        let mut admin = User { password_hash, ..new };
        let group = Group::new(self.id(), name.to_owned(), now);
        let (key, api_key) = self.new_key(&admin, group.id, NewKey::default())?;
        admin.api_key = Some(key.hash.clone());
        let mut writes = orgs::create(&organization, &admin, &group, &key)?;
        writes.push(self.told(&admin, key.happened(EventType::ApiKeyCreated))?);
        self.create(writes, &admin.email).await?;
        Ok(NewOrganization { organization, admin, api_key })
    }

    /// Creates a user of an organization. The personal key that comes with it is shown to nobody here: it is kept
    /// sealed until the user copies it.
    pub async fn create_user(&self, tenant: TenantId, wish: NewUser) -> Result<User> {
        self.create_bound_user(None, tenant, wish, Vec::new()).await
    }

    /// The same, of one who is bound to these client groups; to none of them for all. The operator does it in the name of `by`, or of
    /// the new user himself.
    pub async fn create_bound_user(
        &self,
        by: Option<&User>,
        tenant: TenantId,
        wish: NewUser,
        groups: Vec<GroupId>,
    ) -> Result<User> {
        let email = address("email", &wish.email)?;
        let password_hash = self.hash_new_password("password", &wish.password).await?;
        if wish.role == Role::Admin && !groups.is_empty() {
            return Err(Error::invalid("groups", "must be empty for an admin, who sees every client group"));
        }
        let all = orgs::groups(self.store, tenant).await?;
        let known = |group: &GroupId| all.iter().any(|one| one.id == *group && one.is_open());
        if groups.len() > MAX_BOUND || !groups.iter().all(known) {
            let problem = format!("must be client groups of the organization, at most {MAX_BOUND}");
            return Err(Error::invalid("groups", problem));
        }
        let group_id = Reach::of(&groups).home(first_open(&all)?);
        let new = User::new(self.id(), tenant, email, wish.role, self.now());
        let mut user = User { password_hash, groups, ..new };
        let (mut key, text) = self.new_key(&user, group_id, NewKey::default())?;
        key.sealed_text = Some(self.sealer.seal(tenant, &ApiKey::seal_record(key.id), &text).await?);
        user.api_key = Some(key.hash.clone());
        let by = by.unwrap_or(&user);
        let mut writes = orgs::create_user(&user, &key)?;
        writes.push(self.told(by, user.happened(EventType::MemberJoined))?);
        writes.push(self.told(by, key.happened(EventType::ApiKeyCreated))?);
        self.create(writes, &user.email).await?;
        Ok(user)
    }

    /// Writes what makes somebody of this address.
    async fn create(&self, writes: Vec<Write>, email: &str) -> Result<()> {
        match self.store.transact(writes.clone()).await {
            Err(refused) if refused.refused_by(orgs::EMAIL).is_some() => {}
            written => return Ok(written?),
        }
        let lapsed = orgs::lapsed(self.store, email, self.now()).await?.ok_or_else(email_taken)?;
        let mut writes = orgs::take_over(writes, &lapsed)?;
        writes.push(self.lapsed(&lapsed)?);
        self.store.transact(writes).await.map_err(|error| match error {
            refused if refused.refused_by(orgs::EMAIL).is_some() => email_taken(),
            other => other.into(),
        })
    }

    /// The write that tells an organization that somebody whom it had invited is gone, for somebody else has the address now.
    pub fn lapsed(&self, gone: &User) -> Result<Write> {
        self.event(gone.tenant, None, gone.happened(EventType::MemberRemoved))
    }

    /// Gives a user another password, as the operator; every session of the user ends.
    pub async fn reset_password(&self, user: &User, password: &SecretString) -> Result<()> {
        if user.status == UserStatus::Invited {
            let message = "This member has not accepted the invitation yet. Invite again.";
            return Err(Error::new(ErrorKind::WrongState, "not_joined", message));
        }
        let hash = self.hash_new_password("password", password).await?;
        let changed = Happened::new(EventType::PasswordChanged, Subject::of("member", user.id));
        let event = self.told(user, changed.with("by_token", false))?;
        self.store.transact(vec![orgs::set_password(user, &hash), event]).await?;
        self.forget_sessions_of(user);
        Ok(())
    }

    /// The write of what the operator does at the command line in the name of `by`.
    fn told(&self, by: &User, happened: Happened) -> Result<Write> {
        self.event(by.tenant, Some(by), happened.through(Credential::Operator))
    }

    /// The write of an event outside of any act. It belongs into the transaction of what happened.
    fn event(&self, tenant: TenantId, actor: Option<&User>, happened: Happened) -> Result<Write> {
        let actor = actor.map(|user| Actor { user_id: user.id, username: user.email.clone() });
        Ok(events::put(tenant, &happened.event(self.id(), actor))?)
    }

    /// The hash of a password that somebody wants to have; `field` names it when it cannot be had.
    async fn hash_new_password(&self, field: &str, password: &SecretString) -> Result<String> {
        check_new_password(password).map_err(|problem| Error::invalid(field, problem))?;
        self.hash_password(password).await
    }

    /// A PHC string.
    pub async fn hash_password(&self, password: &SecretString) -> Result<String> {
        self.known.passwords.hash(password.clone(), self.ids.secret(22)).await
    }

    /// Who a credential stands for, if it may be used now. One round trip at most, none for a typo.
    pub async fn authenticate(&self, text: &str) -> Result<Authenticated> {
        if tokens::looks_like_one(text) {
            self.verify_session(text).await.map(Into::into)
        } else {
            Ok(Authenticated { principal: self.verify_key(text).await?, session: None })
        }
    }

    /// What the operator may do in the name of a user, at the command line: what the user's role allows.
    pub async fn operator(&self, user: &User) -> Result<Principal> {
        Ok(Principal::of_user(user, self.home_group(user).await?))
    }

    /// The client group that what this user creates belongs to unless it is said otherwise.
    async fn home_group(&self, user: &User) -> Result<GroupId> {
        match user.groups.first() {
            Some(group) => Ok(*group),
            None => self.default_group(user.tenant).await,
        }
    }

    /// The oldest client group of an organization.
    async fn default_group(&self, tenant: TenantId) -> Result<GroupId> {
        let group = orgs::open_group(self.store, tenant).await?;
        group.map(|group| group.id).ok_or_else(|| Error::internal("an organization without a group"))
    }
}

/// The oldest client group that is not being deleted.
fn first_open(groups: &[Group]) -> Result<GroupId> {
    let group = groups.iter().find(|group| group.is_open());
    group.map(|group| group.id).ok_or_else(|| Error::internal("an organization without a group"))
}

/// What is wrong with a password that somebody wants to have.
pub fn check_new_password(password: &SecretString) -> Result<(), String> {
    if (MIN_PASSWORD..=MAX_PASSWORD).contains(&password.expose_secret().chars().count()) {
        Ok(())
    } else {
        Err(format!("must have {MIN_PASSWORD} to {MAX_PASSWORD} characters"))
    }
}

/// The refusal of an address that somebody has.
pub fn email_taken() -> Error {
    Error::new(ErrorKind::Conflict, "email_taken", "This e-mail address has an account already.")
}

fn address(field: &str, text: &str) -> Result<String> {
    email::normal(text).ok_or_else(|| Error::invalid(field, "is not an e-mail address"))
}

//! API keys: made, looked up, and the one that a user calls his own.

use std::{sync::Arc, time::Duration};

use secrecy::{ExposeSecret, SecretString};

use super::Accounts;
use crate::{
    clock::Millis,
    domain::{
        api_key::{self, ApiKey, KeyHash, Terms},
        dialect::Letter,
        org::{User, UserStatus},
        principal::{Principal, covers},
        review::Actor,
    },
    error::{Error, ErrorKind, Result},
    ids::{GroupId, UserId},
    repo::orgs,
    store::Write,
    tenant::TenantId,
};

/// A looked-up key is believed for this long; so long does a revocation take to reach a busy instance.
const BELIEVED: Duration = Duration::from_secs(60);

/// What a new key may be like.
#[derive(Debug, Clone)]
pub struct NewKey {
    pub name: String,
    pub expires_at: Option<Millis>,
    /// None for all that its user's role allows.
    pub scopes: Vec<String>,
    /// The dialect that it speaks on paths that several have; none for that of the header it comes in.
    pub dialect: Option<Letter>,
    /// None for the group that whoever asks for it works in.
    pub group_id: Option<GroupId>,
    /// The client groups that it is bound to; none for those of its user.
    pub groups: Vec<GroupId>,
    pub terms: Terms,
}

impl Default for NewKey {
    fn default() -> Self {
        Self {
            name: "default".into(),
            expires_at: None,
            scopes: Vec::new(),
            dialect: None,
            group_id: None,
            groups: Vec::new(),
            terms: Terms::default(),
        }
    }
}

/// A key as an instance remembers it.
#[derive(Debug)]
pub(crate) struct KnownKey {
    key: ApiKey,
    principal: Arc<Principal>,
}

impl Accounts<'_> {
    /// Creates a key that acts as the user. It cannot do more than the user's role.
    pub async fn create_key(&self, user: &User, wish: NewKey) -> Result<(ApiKey, SecretString)> {
        let group_id = self.default_group(user.tenant).await?;
        let (key, text) = self.new_key(user, group_id, wish)?;
        self.store.write(orgs::insert_key(&key)?).await?;
        Ok((key, text))
    }

    pub(super) fn new_key(
        &self,
        user: &User,
        group_id: GroupId,
        wish: NewKey,
    ) -> Result<(ApiKey, SecretString)> {
        let granted = user.role.scopes();
        let scopes = if wish.scopes.is_empty() { granted.clone() } else { wish.scopes.clone() };
        if let Some(scope) = scopes.iter().find(|scope| !granted.iter().any(|held| covers(held, scope))) {
            let role = user.role.as_str();
            return Err(Error::invalid("scope", format!("{scope} is more than the role {role} allows")));
        }
        Ok(self.key_of((user.tenant, user.id, &user.email), group_id, NewKey { scopes, ..wish }))
    }

    /// A key that acts as the same user, in the same group, as the caller. It works from the moment that
    /// [`orgs::insert_key`] is written, and not before. That the caller holds the scopes is for whoever asks to see to.
    pub fn draft_key(&self, like: &Principal, wish: NewKey) -> (ApiKey, SecretString) {
        self.key_of((like.tenant, like.user_id, &like.username), like.group_id, wish)
    }

    /// The same for who acts without a credential of theirs.
    pub fn draft_key_for(
        &self,
        tenant: TenantId,
        actor: &Actor,
        group_id: GroupId,
        wish: NewKey,
    ) -> (ApiKey, SecretString) {
        self.key_of((tenant, actor.user_id, &actor.username), group_id, wish)
    }

    /// A key that acts as the same user as the one that it takes the place of. It works from the moment that
    /// [`orgs::insert_key`] is written.
    pub fn successor(&self, old: &ApiKey, wish: NewKey) -> (ApiKey, SecretString) {
        let (key, text) = self.key_of((old.tenant, old.user_id, &old.username), old.group_id, wish);
        (ApiKey { former: old.former.clone(), ..key }, text)
    }

    fn key_of(
        &self,
        (tenant, user_id, username): (TenantId, UserId, &str),
        group_id: GroupId,
        wish: NewKey,
    ) -> (ApiKey, SecretString) {
        let text = api_key::generate(self.ids);
        let shown = text.expose_secret();
        let key = ApiKey {
            id: self.id(),
            tenant,
            user_id,
            username: username.to_owned(),
            group_id: wish.group_id.unwrap_or(group_id),
            groups: wish.groups,
            former: Vec::new(),
            name: wish.name,
            hash: api_key::hash_of(&text),
            last4: shown[shown.len() - 4..].to_owned(),
            scopes: wish.scopes,
            dialect: wish.dialect,
            created_at: self.now(),
            expires_at: wish.expires_at,
            revoked_at: None,
            terms: wish.terms,
            retirement: None,
            sealed_text: None,
        };
        (key, text)
    }

    /// A new personal key for the user in place of the old one, if there is one, and the writes that make it so.
    pub async fn regenerate_personal_key(
        &self,
        user: &User,
        old: Option<&ApiKey>,
    ) -> Result<(ApiKey, SecretString, Vec<Write>)> {
        let group_id = match old {
            Some(old) => old.group_id,
            None => self.home_group(user).await?,
        };
        let name = old.map_or_else(|| NewKey::default().name, |old| old.name.clone());
        let (new, text) = self.new_key(user, group_id, NewKey { name, ..NewKey::default() })?;
        let writes = orgs::replace_personal_key(user, old, &new)?;
        Ok((new, text, writes))
    }

    /// A key that was just changed is looked up anew.
    pub fn forget_key(&self, key: &ApiKey) {
        self.forget_key_of(&key.hash);
    }

    /// The same, of a key that is known by its hash.
    pub fn forget_key_of(&self, hash: &KeyHash) {
        self.known.keys.forget(hash);
    }

    /// What anybody proves who acts as this user is looked up anew: he was just changed, or is gone.
    pub fn forget_user(&self, tenant: TenantId, id: UserId) {
        self.forget_sessions(tenant, id);
        self.known.keys.forget_where(|_, known| known.key.tenant == tenant && known.key.user_id == id);
    }

    pub(super) async fn verify_key(&self, text: &str) -> Result<Arc<Principal>> {
        let rejected = || {
            Error::new(
                ErrorKind::CredentialRejected,
                "invalid_api_key",
                "The API key is invalid, expired or revoked. Check that it was copied whole.",
            )
        };
        let hash = api_key::hash(text).ok_or_else(rejected)?;
        let moment = self.moment();
        let stored = async {
            let Some(key) = orgs::key(self.store, &hash).await? else { return Ok::<_, Error>(None) };
            // What it may do follows from what its user may do now, and who is gone may nothing.
            let user = orgs::user(self.store, key.tenant, key.user_id).await?;
            Ok(user
                .filter(|user| user.status == UserStatus::Active)
                .map(|user| KnownKey { principal: Arc::new(Principal::of_key(&key, &user)), key }))
        };
        let known = self.known.keys.or_read(hash.clone(), moment, BELIEVED, stored).await?;
        let known = known.ok_or_else(rejected)?;
        if known.key.usable(moment.now) { Ok(known.principal.clone()) } else { Err(rejected()) }
    }
}

//! Organizations and credentials: making them, and finding out who calls.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use argon2::{Argon2, Params, password_hash::PasswordHasher};
use secrecy::{ExposeSecret, SecretString};

use crate::{
    app::App,
    clock::Millis,
    domain::{
        api_key::{self, ApiKey, KeyHash},
        org::{Group, Organization, Role, User, fold_email},
    },
    error::{Error, ErrorKind, Result},
    ids::Id,
    repo::orgs,
    tenant::TenantId,
};

/// Shortest password that an account may have (NIST SP 800-63B §3.1.1.2 asks for at least 8 beside a second factor).
pub const MIN_PASSWORD: usize = 8;
/// A looked-up key is believed for this long; so long does a revocation take to reach a busy instance.
const BELIEVED: Duration = Duration::from_secs(60);
/// Keys remembered by one instance.
const REMEMBERED: usize = 10_000;

/// What `create_organization` made. The key's text exists here and nowhere else.
pub struct NewOrganization {
    pub organization: Organization,
    pub admin: User,
    pub api_key: SecretString,
}

/// What a new key may be like.
#[derive(Debug, Clone)]
pub struct NewKey {
    pub name: String,
    pub expires_at: Option<Millis>,
    pub scopes: Vec<String>,
}

impl Default for NewKey {
    fn default() -> Self {
        Self { name: "default".into(), expires_at: None, scopes: vec!["*".into()] }
    }
}

impl App {
    /// Creates an organization with its admin, a default client group and an API key, all or none.
    pub async fn create_organization(
        &self,
        name: &str,
        email: &str,
        password: &SecretString,
    ) -> Result<NewOrganization> {
        let name = name.trim();
        if name.is_empty() || name.chars().count() > 200 {
            return Err(Error::invalid("name", "must have 1 to 200 characters"));
        }
        let email =
            fold_email(email).ok_or_else(|| Error::invalid("admin_email", "is not an e-mail address"))?;
        if password.expose_secret().chars().count() < MIN_PASSWORD {
            return Err(Error::invalid(
                "admin_password",
                format!("must have at least {MIN_PASSWORD} characters"),
            ));
        }
        let now = self.now();
        let tenant = TenantId(self.id().get());
        let organization = Organization { id: tenant, name: name.to_owned(), created_at: now };
        let admin = User {
            id: self.id(),
            tenant,
            email,
            role: Role::Admin,
            password_hash: hash_password(password, &self.ids.secret(22))?,
            created_at: now,
        };
        let group = Group { id: self.id(), name: name.to_owned(), created_at: now };
        let (key, api_key) = self.new_key(&admin, group.id, NewKey::default());
        let writes = orgs::create(&organization, &admin, &group, &key)?;
        match self.store.transact(writes).await {
            Ok(()) => Ok(NewOrganization { organization, admin, api_key }),
            Err(refused) if refused.refused_by(orgs::EMAIL_GUARD).is_some() => Err(Error::new(
                ErrorKind::Conflict,
                "email_taken",
                "This e-mail address has an account already.",
            )),
            Err(error) => Err(error.into()),
        }
    }

    /// Creates a key that acts as the user.
    pub async fn create_key(&self, user: &User, wish: NewKey) -> Result<(ApiKey, SecretString)> {
        let groups = orgs::groups(&*self.store, user.tenant).await?;
        let group = groups.first().ok_or_else(|| Error::internal("an organization without a group"))?;
        let (key, text) = self.new_key(user, group.id, wish);
        self.store.write(orgs::insert_key(&key)?).await?;
        Ok((key, text))
    }

    /// A key that acts as the same user, in the same group, as another one. It works from the moment that
    /// [`orgs::insert_key`] is written, and not before.
    pub fn draft_key(&self, like: &ApiKey, wish: NewKey) -> (ApiKey, SecretString) {
        self.key_of(like.tenant, like.user_id, &like.username, like.group_id, wish)
    }

    fn new_key(&self, user: &User, group_id: Id, wish: NewKey) -> (ApiKey, SecretString) {
        self.key_of(user.tenant, user.id, &user.email, group_id, wish)
    }

    fn key_of(
        &self,
        tenant: TenantId,
        user_id: Id,
        username: &str,
        group_id: Id,
        wish: NewKey,
    ) -> (ApiKey, SecretString) {
        let text = api_key::generate(&*self.ids);
        let shown = text.expose_secret();
        let key = ApiKey {
            id: self.id(),
            tenant,
            user_id,
            username: username.to_owned(),
            group_id,
            name: wish.name,
            hash: api_key::hash_of(&text),
            last4: shown[shown.len() - 4..].to_owned(),
            scopes: wish.scopes,
            created_at: self.now(),
            expires_at: wish.expires_at,
            revoked_at: None,
        };
        (key, text)
    }

    /// The key behind a credential's text, if it may be used now. One read at most, none for a typo.
    pub async fn authenticate(&self, text: &str) -> Result<Arc<ApiKey>> {
        let rejected = || {
            Error::new(
                ErrorKind::CredentialRejected,
                "invalid_api_key",
                "The API key is invalid, expired or revoked. Check that it was copied whole.",
            )
        };
        let hash = api_key::hash(text).ok_or_else(rejected)?;
        let now = self.now();
        let key = match self.keys.get(&hash, now) {
            Some(key) => key,
            None => {
                let key = Arc::new(orgs::key(&*self.store, &hash).await?.ok_or_else(rejected)?);
                self.keys.put(key.clone(), now);
                key
            }
        };
        if key.usable(now) { Ok(key) } else { Err(rejected()) }
    }
}

/// argon2id with OWASP's minimum: 19 MiB, two passes, one lane. A PHC string.
fn hash_password(password: &SecretString, salt: &str) -> Result<String> {
    let params = Params::new(19 * 1024, 2, 1, None).map_err(|e| Error::internal(e.to_string()))?;
    let argon = Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
    argon
        .hash_password_with_salt(password.expose_secret().as_bytes(), salt.as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|e| Error::internal(e.to_string()))
}

/// Keys that this instance looked up lately.
#[derive(Default)]
pub(crate) struct KeyCache(Mutex<HashMap<KeyHash, (Arc<ApiKey>, Millis)>>);

impl KeyCache {
    fn get(&self, hash: &KeyHash, now: Millis) -> Option<Arc<ApiKey>> {
        let cache = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        cache.get(hash).filter(|(_, until)| now < *until).map(|(key, _)| key.clone())
    }

    fn put(&self, key: Arc<ApiKey>, now: Millis) {
        let mut cache = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if cache.len() >= REMEMBERED {
            cache.retain(|_, (_, until)| now < *until);
        }
        if cache.len() < REMEMBERED {
            cache.insert(key.hash.clone(), (key, now.plus(BELIEVED)));
        }
    }
}

//! What somebody does who cannot log in: accepts an invitation, says that the password is forgotten, chooses another one.
//!
//! Its one rule: whoever is not let in learns nothing. A ticket that was used, has run out, was made for somebody else or never was
//! reads the same; and a request for another password is answered alike, at the same cost, whoever the address belongs to.

use std::{net::IpAddr, time::Duration};

use secrecy::SecretString;

use super::{Accounts, NewKey, throttle};
use crate::{
    clock::Millis,
    domain::{
        api_key::ApiKey,
        email,
        event::{EventType, Happened, Subject},
        notification::{Notification, NotificationType},
        org::{User, UserStatus},
        ticket::{self, TicketKind},
    },
    error::{Error, LogFailure, Result},
    ids::{EntityId, GroupId, Id, UserId},
    repo::{members, notifications::Notifications, orgs},
    store::{Action, StoreError, Write, attr},
    tenant::TenantId,
};

/// For whom is written what must cost as much as what is written for somebody. No organization has this id.
pub(super) const NOBODY: TenantId = TenantId(0);
/// And for how long that is kept.
const OVER: Duration = Duration::from_secs(3_600);
/// A ticket is tried so often, where its user is changed at the same moment.
const ATTEMPTS: usize = 20;

impl Accounts<'_> {
    /// Makes whoever holds the invitation a member with this password, and a personal key that waits to be copied. It begins no
    /// session.
    ///
    /// # Errors
    /// 422 `invalid_token`, and 429 after too many of them.
    pub async fn accept_invitation(
        &self,
        text: &SecretString,
        password: &SecretString,
        name: Option<String>,
        address: Option<IpAddr>,
    ) -> Result<User> {
        let attempt = throttle::count_ticket(self, address).await?;
        let holder = self.holder(TicketKind::Invitation, text).await?;
        let password_hash = self.hash_new_password("password", password).await?;
        let user = self.used(holder, text, &Wish::Join { password_hash, name }).await?;
        attempt
            .forgive(self)
            .await
            .log_failure("an invitation that was good still counts as one that was not");
        Ok(user)
    }

    /// Somebody as a member, with a personal key, and the writes that make it so.
    async fn joining(
        &self,
        before: &User,
        password_hash: &str,
        name: Option<String>,
    ) -> Result<(Vec<Write>, User)> {
        let mut user = User {
            status: UserStatus::Active,
            password_hash: password_hash.to_owned(),
            name: name.or_else(|| before.name.clone()),
            ticket: None,
            generation: before.generation + 1,
            ..before.clone()
        };
        let group_id = self.home_group(&user).await?;
        let (mut key, key_text) = self.new_key(&user, group_id, NewKey::default())?;
        let sealed = self.sealer.seal(user.tenant, &ApiKey::seal_record(key.id), &key_text).await?;
        key.sealed_text = Some(sealed);
        user.api_key = Some(key.hash.clone());
        let joined = self.event(user.tenant, Some(&user), user.happened(EventType::MemberJoined))?;
        let made = self.event(user.tenant, Some(&user), key.happened(EventType::ApiKeyCreated))?;
        Ok((vec![members::change(before, &user)?, orgs::insert_key(&key)?, joined, made], user))
    }

    /// Tells the organization that somebody has forgotten the password. Nobody is told whether there is such an address.
    ///
    /// # Errors
    /// 429 after too many requests for this name or from this address, whoever it belongs to.
    pub async fn request_password_reset(&self, address: &str, from: Option<IpAddr>) -> Result<()> {
        let name = email::normal(address).unwrap_or_else(|| address.trim().to_lowercase());
        throttle::count_request(self, &name, from).await?;
        let user = orgs::login_candidate(self.store, &name).await?;
        let user = user.filter(|user| user.status == UserStatus::Active);
        let (tenant, id) =
            user.as_ref().map_or((NOBODY, UserId::of(Id::SMALLEST)), |user| (user.tenant, user.id));
        let groups = orgs::groups(self.store, tenant).await?;
        // What is written for nobody says nothing, at the same length.
        let shown_name = if user.is_some() { name.clone() } else { "-".repeat(name.len()) };
        let notification = Notification {
            id: self.id(),
            group_id: groups.first().map_or(GroupId::of(Id::SMALLEST), |group| group.id),
            of_all: true,
            title: "A password was forgotten".into(),
            message: format!(
                "{shown_name} asks for a new password. An admin can make a link for it; if nobody has asked, there is nothing to do."
            ),
            kind: NotificationType::HumanReview,
            link: None,
            entity_type: Some("team_member".into()),
            entity_id: Some(id.untyped()),
            read: None,
            created_at: self.now(),
        };
        let requested = Happened::new(EventType::PasswordResetRequested, Subject::of("member", id));
        let from = from.map(shown);
        let from = if user.is_some() { from } else { from.map(|text| "-".repeat(text.len())) };
        let requested = requested.with_some("address", from);
        let table = Notifications::new(self.store, tenant);
        let mut writes = vec![table.insert(&notification)?, self.event(tenant, None, requested)?];
        if user.is_none() {
            writes.iter_mut().for_each(|write| soon_over(write, self.now()));
        }
        Ok(self.store.transact(writes).await?)
    }

    /// Gives whoever holds the ticket another password. All sessions of the user end.
    ///
    /// # Errors
    /// 422 `invalid_token`, and 429 after too many of them.
    pub async fn confirm_password_reset(
        &self,
        text: &SecretString,
        password: &SecretString,
        address: Option<IpAddr>,
    ) -> Result<()> {
        let attempt = throttle::count_ticket(self, address).await?;
        let holder = self.holder(TicketKind::PasswordReset, text).await?;
        let password_hash = self.hash_new_password("password", password).await?;
        let after = self.used(holder, text, &Wish::Password { password_hash }).await?;
        self.forget_user(after.tenant, after.id);
        attempt.forgive(self).await.log_failure("a ticket that was good still counts as one that was not");
        Ok(())
    }

    /// Somebody with another password, and the writes that make it so.
    fn changing(&self, before: &User, password_hash: &str) -> Result<(Vec<Write>, User)> {
        let (password_hash, generation) = (password_hash.to_owned(), before.generation + 1);
        let after = User { password_hash, ticket: None, generation, ..before.clone() };
        let changed = Happened::new(EventType::PasswordChanged, Subject::of("member", after.id));
        let changed = self.event(after.tenant, Some(&after), changed.with("by_token", true))?;
        Ok((vec![members::change(before, &after)?, changed], after))
    }

    /// Whose ticket it is, if it is good now: also if whoever made it may still open this account.
    async fn holder(&self, kind: TicketKind, text: &SecretString) -> Result<Holder> {
        let place = ticket::place(kind, text).ok_or_else(invalid)?;
        let user = orgs::user(self.store, place.tenant, place.user_id).await?.ok_or_else(invalid)?;
        let ticket = user.ticket.as_ref().filter(|ticket| ticket.opens(kind, text, self.now()));
        let maker = match ticket.ok_or_else(invalid)?.made_by {
            None => None,
            Some(id) if id == user.id => None,
            Some(id) => {
                let maker = orgs::user(self.store, place.tenant, id).await?;
                Some(maker.filter(|maker| maker.covers(&user)).ok_or_else(invalid)?)
            }
        };
        Ok(Holder { user, maker })
    }

    /// Uses a ticket: its user as he is then. Where something else was changed of him meanwhile, or of whoever made the
    /// ticket, both are looked at again.
    async fn used(&self, mut holder: Holder, text: &SecretString, wish: &Wish) -> Result<User> {
        for _ in 0..ATTEMPTS {
            let before = &holder.user;
            let (mut writes, user) = match wish {
                Wish::Join { password_hash, name } => {
                    self.joining(before, password_hash, name.clone()).await?
                }
                Wish::Password { password_hash } => self.changing(before, password_hash)?,
            };
            // He is what he was when he was looked at, or he is looked at again.
            writes.extend(holder.maker.iter().map(|by| orgs::same_user(by.tenant, by.id, by.generation)));
            match self.store.transact(writes).await {
                Ok(()) => return Ok(user),
                Err(refused) if refused.is_refusal() => holder = self.holder(wish.kind(), text).await?,
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::unavailable(StoreError::Conflict))
    }
}

/// What a ticket is used for.
enum Wish {
    Join { password_hash: String, name: Option<String> },
    Password { password_hash: String },
}

impl Wish {
    fn kind(&self) -> TicketKind {
        match self {
            Self::Join { .. } => TicketKind::Invitation,
            Self::Password { .. } => TicketKind::PasswordReset,
        }
    }
}

/// Who may use a ticket, and who made it, where that is somebody else of the organization.
struct Holder {
    user: User,
    maker: Option<User>,
}

fn invalid() -> Error {
    Error::invalid("token", "is not good, or not any more: ask for a new one").coded("invalid_token")
}

/// Makes what is written for nobody vanish.
pub(super) fn soon_over(write: &mut Write, now: Millis) {
    if let Action::Put(attrs) = &mut write.action {
        attrs.insert(attr::TTL.into(), now.plus(OVER).seconds().into());
    }
}

/// An address as an event has it.
pub(super) fn shown(address: IpAddr) -> String {
    address.to_canonical().to_string()
}

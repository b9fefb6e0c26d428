//! Sessions.
//!
//! "Is this session alive, whose is it, and is a password enough?" → the session, its user and the organization, all by key and read
//! side by side. "Which
//! sessions has a user?" is never asked: they end together by the user's `generation`.

use crate::{
    domain::{
        org::User,
        session::{Session, SessionRef},
    },
    repo::orgs,
    store::{Change, Cond, Key, Store, StoreError, Write, attr, encode},
};

/// A session and what it hangs on.
#[derive(Debug)]
pub struct Found {
    pub session: Session,
    pub user: User,
    /// Whether the organization asks everybody for a second factor.
    pub demands_second_factor: bool,
}

/// The session and its user, when both are there. The place is what a token says of itself: nothing that is found there
/// may be believed before the token's signature was checked with it.
pub async fn find(store: &dyn Store, place: &SessionRef) -> Result<Option<Found>, StoreError> {
    let session = key(place);
    let (session, user, organization) = tokio::try_join!(
        store.get(&session),
        orgs::user(store, place.tenant, place.user_id),
        orgs::organization(store, place.tenant)
    )?;
    let session: Option<Session> = session.map(|item| item.decode()).transpose()?;
    let demands_second_factor = organization.is_some_and(|org| org.second_factor_required);
    Ok(session.zip(user).map(|(session, user)| Found { session, user, demands_second_factor }))
}

pub fn insert(session: &Session) -> Result<Write, StoreError> {
    let mut attrs = encode(session)?;
    attrs.insert(attr::TTL.into(), session.ends_at.seconds().into());
    Ok(Write::put(key(&session.place()), attrs).when(Cond::Absent))
}

/// Lets a session live on in the user's next generation.
pub fn move_to(place: &SessionRef, generation: u64) -> Write {
    Write::update(key(place), vec![Change::set("generation", generation)]).when(Cond::Exists)
}

/// The check that nobody has ended a session.
pub fn still_there(place: &SessionRef) -> Write {
    Write::check(key(place), Cond::Exists)
}

pub fn delete(place: &SessionRef) -> Write {
    Write::delete(key(place))
}

fn key(place: &SessionRef) -> Key {
    Key::of(place.tenant, &format!("session#{}", place.id), "-")
}

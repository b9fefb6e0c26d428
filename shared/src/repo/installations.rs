//! Installations.
//!
//! "Which one is it?" → by id. "Was this instance registered?" → guard item per `instance_id`. "Whose URL is this?" →
//! one item per origin and installation, which holds the paths. "The newest?" → the tenant's partition backwards. "May its
//! workflows be listed now, because one was missed?" → one item that is written at most once a minute.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use crate::{
    clock::Millis,
    domain::{
        installation::{Installation, KeyHealth},
        place,
    },
    ids::{GroupId, Id, InstallationId},
    queue::TaskKind,
    repo::{
        entity::{Entity, Many, Place},
        listing::Listed,
        table::Table,
    },
    store::{Change, Cond, Item, Key, Label, Page, Query, StoreError, Write, attr, encode, segment},
};

/// Label of the write that takes the caller's own name of an installation.
pub const INSTANCE: Label = "instance";
/// Between two listings that somebody's miss asks for.
pub const LISTINGS_APART: Duration = Duration::from_secs(60);
/// Installations that are looked through where a URL alone must tell: more n8n's than an organization has.
const LOOKED_THROUGH: usize = 200;

/// The installations of one tenant.
pub type Installations<'a> = Table<'a, Installation>;

impl Entity for Installation {
    type Id = InstallationId;
    const KIND: Label = "installation";
    const TASK: Option<TaskKind> = Some(TaskKind::ListWorkflows);

    fn place(id: &InstallationId) -> Place {
        Place::among(Self::KIND, *id)
    }

    fn id(&self) -> InstallationId {
        self.id
    }

    fn group(&self) -> Option<GroupId> {
        Some(self.group_id)
    }

    fn version(&self) -> u64 {
        self.v
    }
}

impl Many for Installation {}

impl Installations<'_> {
    pub async fn by_instance(&self, instance_id: &str) -> Result<Option<Installation>, StoreError> {
        let Some(guard) = self.store.get(&self.instance_key(instance_id)).await? else { return Ok(None) };
        self.get(guard.decode::<Pointer>()?.installation_id).await
    }

    /// The installation at or below one of whose places a place lies: the nearest one, and of several the oldest (an
    /// instance may be registered twice).
    pub async fn at(&self, place: &place::Place) -> Result<Option<InstallationId>, StoreError> {
        let mut nearest: Option<(usize, InstallationId)> = None;
        let bound = !self.reach.is_all();
        let mut query = Query::table(Key::partition(self.tenant, &origin_partition(&place.origin)));
        loop {
            let Page { items, next } = self.store.query(&query).await?;
            for item in &items {
                let pointer = item.decode::<Pointer>()?;
                let depth = match &pointer.paths {
                    Some(paths) => depth(place, paths),
                    // Stored before paths counted; until its installation is registered again, that one tells.
                    None => {
                        let found = self.get(pointer.installation_id).await?;
                        found.and_then(|found| depth(place, &paths(&found).remove(&place.origin)?))
                    }
                };
                if let Some(depth) = depth.filter(|depth| nearest.is_none_or(|(known, _)| *depth > known)) {
                    // One that lies in another's group does not stand in the way of one's own.
                    if bound && self.get(pointer.installation_id).await?.is_none() {
                        continue;
                    }
                    nearest = Some((depth, pointer.installation_id));
                }
            }
            if next.is_none() {
                return Ok(nearest.map(|(_, id)| id));
            }
            query.after = next;
        }
    }

    /// The tenant's installations, the oldest first, as far as one page shows them.
    pub async fn all(&self) -> Result<Vec<Installation>, StoreError> {
        let page = self.store.query(&self.oldest().limit(LOOKED_THROUGH)).await?;
        let all: Vec<Installation> = page.items.iter().map(Item::decode).collect::<Result<_, _>>()?;
        Ok(all.into_iter().filter(|one| self.shows(one)).collect())
    }

    /// Stores how an installation's key does, beside the versions of the record: others work on it at the same time. Refused
    /// (`ConditionFailed`, or by its place in a transaction) when somebody has replaced it since it was read.
    pub fn put_key_health(&self, stored: Item, health: KeyHealth) -> Result<Write, StoreError> {
        let key = stored.key.clone();
        let mut attrs = stored.into_attrs()?;
        let unchanged = [attr::VERSION, attr::DUE_AT, HEALTH].map(|name| match attrs.get(name) {
            Some(value) => Cond::eq(name, value.clone()),
            None => Cond::missing(name),
        });
        attrs.insert(HEALTH.into(), encode(&health)?.into());
        Ok(Write::put(key, attrs).when(Cond::All(unchanged.into())))
    }

    /// Takes the right to list an installation's workflows because one was missed. When somebody had it less than
    /// [`LISTINGS_APART`] ago: for how long nobody has it yet.
    pub async fn may_list(&self, id: InstallationId, now: Millis) -> Result<Option<Duration>, StoreError> {
        let key = Key::of(self.tenant, &format!("workflows-missed#{id}"), "-");
        let before = self.store.get(&key).await?.map(|item| item.decode::<Missed>()).transpose()?;
        let standing = match before {
            Some(before) if now.is_within(LISTINGS_APART, before.at) => {
                return Ok(Some(LISTINGS_APART.saturating_sub(now.since(before.at))));
            }
            Some(before) => Cond::eq("at", before.at.0),
            // Expired and deleted meanwhile, or not.
            None => Cond::missing("at"),
        };
        let mut attrs = encode(&Missed { at: now })?;
        attrs.insert(attr::TTL.into(), now.plus(2 * LISTINGS_APART).seconds().into());
        match self.store.write(Write::put(key, attrs).when(standing)).await {
            Ok(_) => Ok(None),
            Err(StoreError::ConditionFailed(_)) => Ok(Some(LISTINGS_APART)),
            Err(error) => Err(error),
        }
    }

    /// The tenant's installation when there is exactly one.
    pub async fn only(&self) -> Result<Option<InstallationId>, StoreError> {
        if !self.reach.is_all() {
            let own = self.all().await?;
            return Ok(if let [one] = own.as_slice() { Some(one.id) } else { None });
        }
        let page = self.store.query(&self.oldest().limit(2)).await?;
        match page.items.as_slice() {
            [one] => Ok(Some(one.decode::<Installation>()?.id)),
            _ => Ok(None),
        }
    }

    /// The newest below `before`, up to `limit`.
    pub async fn list(&self, limit: usize, before: Option<Id>) -> Result<Listed<Installation>, StoreError> {
        self.scan(self.newest(before), limit, |_| true).await
    }

    /// Creates it with its guard and places, and owes a listing of its workflows at `listing_at`.
    pub fn insert(&self, new: &Installation, listing_at: Millis) -> Result<Vec<Write>, StoreError> {
        let mut writes = vec![
            Write::put(self.instance_key(&new.instance_id), encode(&Pointer::to(new.id))?)
                .when(Cond::Absent)
                .labelled(INSTANCE),
            self.owing(Some(listing_at)).put_new(new)?,
        ];
        for (origin, paths) in paths(new) {
            writes.push(self.put_origin(&origin, new.id, paths)?);
        }
        Ok(writes)
    }

    /// Replaces it: `new.v` is one more than the stored version. Places that it left are let go.
    pub fn replace(
        &self,
        old: &Installation,
        new: &Installation,
        listing_at: Option<Millis>,
    ) -> Result<Vec<Write>, StoreError> {
        let mut writes = vec![self.owing(listing_at).put_over(old, new)?];
        let (before, after) = (paths(old), paths(new));
        for (origin, paths) in after.iter().filter(|(origin, paths)| before.get(*origin) != Some(paths)) {
            writes.push(self.put_origin(origin, new.id, paths.clone())?);
        }
        for origin in before.keys().filter(|origin| !after.contains_key(*origin)) {
            writes.push(Write::delete(self.origin_key(origin, new.id)));
        }
        Ok(writes)
    }

    /// Deletes it as it stands in `old`, with its guard and its places: its `instance_id` is free, and no URL is its own any
    /// more. What it owes goes with it.
    pub fn delete(&self, old: &Installation) -> Vec<Write> {
        let own = self.remove_as(old);
        let places = paths(old).into_keys().map(|origin| Write::delete(self.origin_key(&origin, old.id)));
        [own, Write::delete(self.instance_key(&old.instance_id))].into_iter().chain(places).collect()
    }

    /// Notes that it was heard of. Not a version of its own: whoever replaces it at the same time wins, and the next sight
    /// makes that good. Refused when it is gone.
    pub fn see(&self, id: InstallationId, now: Millis) -> Write {
        Write::update(self.key(id), vec![Change::set("seen_at", now.0)]).when(Cond::Exists)
    }

    fn put_origin(
        &self,
        origin: &str,
        id: InstallationId,
        paths: BTreeSet<String>,
    ) -> Result<Write, StoreError> {
        let pointer = Pointer { paths: Some(paths), ..Pointer::to(id) };
        Ok(Write::put(self.origin_key(origin, id), encode(&pointer)?))
    }

    fn origin_key(&self, origin: &str, id: InstallationId) -> Key {
        Key::of(self.tenant, &origin_partition(origin), id.sortable())
    }

    fn instance_key(&self, instance_id: &str) -> Key {
        Key::of(self.tenant, &format!("instance#{}", segment(instance_id)), "-")
    }
}

fn origin_partition(origin: &str) -> String {
    format!("origin#{}", segment(origin))
}

/// The attribute of [`Installation::api_key_health`].
const HEALTH: &str = "api_key_health";

/// The paths of an installation, by origin.
fn paths(installation: &Installation) -> BTreeMap<String, BTreeSet<String>> {
    let mut paths: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for place in installation.places() {
        let path = place.path();
        paths.entry(place.origin).or_default().insert(path);
    }
    paths
}

/// How deep the nearest of the paths lies above a place; none where none of them does.
fn depth(place: &place::Place, paths: &BTreeSet<String>) -> Option<usize> {
    let above = paths.iter().filter(|path| place.lies_below(path));
    above.map(|path| path.matches('/').count()).max()
}

/// When an installation's workflows were last listed because one was missed.
#[derive(serde::Serialize, serde::Deserialize)]
struct Missed {
    at: Millis,
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Pointer {
    installation_id: InstallationId,
    /// Of the item of an origin: where the installation lies there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    paths: Option<BTreeSet<String>>,
}

impl Pointer {
    fn to(installation_id: InstallationId) -> Self {
        Self { installation_id, paths: None }
    }
}

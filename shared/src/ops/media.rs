//! Media items: storing, filing, changing and deleting them.

use super::{
    Warning,
    act::{Act, Refused},
    again::Again,
    deletion::{Deleted, Waiting},
    files::{self, SentFile},
    happened,
    lists::{self, Begin, Found},
    origin::{self, Origin, Placed, group_asked, groups_asked},
};
use crate::{
    domain::{
        chore::What,
        collection::Collection,
        media::{Details, MediaItem, MediaType},
        review::AutomationStatus,
    },
    error::{OrNotFound, Result},
    ids::{ChoreId, CollectionId, EntityId, FileId, GroupId, MediaId, Nid},
    queue::{Task, TaskKind},
    repo::{
        media::Filter,
        media_stats::{self, Counts},
    },
    store::Write,
};

/// A media item to store.
#[derive(Debug, Clone)]
pub struct NewMedia {
    pub title: String,
    pub media_type: MediaType,
    pub details: Details,
    pub filing: Filing,
    pub origin: Origin,
    /// The file that came with it.
    pub file: Option<SentFile>,
    /// The file that was uploaded for it before.
    pub upload_id: Option<FileId>,
}

/// Into which collection an item goes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Filing {
    /// Wherever it is, it stays.
    #[default]
    Stays,
    /// The one of this title, made if need be.
    Called(String),
    Id(CollectionId),
    /// Out of its collection.
    Out,
}

/// A stored media item.
#[derive(Debug)]
pub struct Created {
    pub item: MediaItem,
    /// Id of the workflow node, when the installation is known.
    pub nid: Option<Nid>,
    pub warnings: Vec<Warning>,
}

/// What to change of an item; what is left out stays.
#[derive(Debug, Clone, Default)]
pub struct Patch {
    pub title: Option<String>,
    pub media_type: Option<MediaType>,
    pub details: Details,
    pub filing: Filing,
    pub human_interaction: Option<bool>,
    pub allow_regenerate: Option<bool>,
    /// Without a decision: n8n is not told.
    pub automation_status: Option<AutomationStatus>,
}

/// Lists media items, newest first or as a search finds them. A collection that is not there (any more) has none: its items are
/// taken out of it in the background.
pub async fn list(act: &Act, filter: &Filter, begin: Begin, limit: usize) -> Result<Found<MediaItem>> {
    let filter = &Filter { group_id: group_asked(act, filter.group_id).await?, ..filter.clone() };
    if let Some(id) = filter.collection_id
        && act.repos().collections().get(id).await?.is_none()
    {
        return Ok(Found::nothing(&begin));
    }
    let by_group = filter.group_id.is_some() || !act.reach.is_all();
    let media = if by_group { act.listed().await? } else { act.repos().media() };
    match begin {
        Begin::Newest(before) => Ok(Found::newest(media.list(filter, limit, before).await?, before)),
        Begin::Search(text, after) => {
            let wanted = |item: &MediaItem| filter.matches(item);
            lists::search(act, media, filter.group_id, (&text, after), limit, wanted).await
        }
    }
}

/// Counts the media items of a client group, or of all.
pub async fn counts(act: &Act, group_id: Option<GroupId>) -> Result<Counts> {
    let groups = groups_asked(act, group_id).await?;
    Ok(media_stats::counts(&*act.app.store, act.tenant, groups.as_deref()).await?)
}

/// Stores a media item; or renews, under its id, the one of the same execution that a reviewer sent back with *regenerate*.
pub async fn create(act: &Act, new: NewMedia) -> Result<Created> {
    let NewMedia { title, media_type, details, filing, origin, file, upload_id } = new;
    let placed = origin.place(act).await?;
    let mut posted = MediaItem::new(placed.subject.clone(), title, media_type, details);
    let taken = files::take(act, file, upload_id, media_type).await?;
    posted.file = taken.as_ref().map(|taken| taken.file.clone());
    let takes = taken.map(|taken| taken.write);
    let mut again = Again::new(&act.app, "the media item");
    loop {
        match attempt(act, posted.clone(), &placed, &filing, takes.as_ref()).await {
            Ok(created) => return Ok(created),
            // Somebody made, renamed or deleted the collection, or changed what is renewed: look again.
            Err(refused) => again.after(refused).await?,
        }
    }
}

async fn attempt(
    act: &Act,
    mut item: MediaItem,
    placed: &Placed,
    filing: &Filing,
    takes: Option<&Write>,
) -> Result<Created, Refused> {
    let sent_back = origin::renew(act, &mut item).await?;
    origin::seal(act, placed.resume_url.clone(), &mut item).await?;
    let filed = sent_back.as_ref().and_then(|before| before.collection_id);
    let place = filing.resolve(act, item.subject.group_id, filed).await?;
    item.collection_id = place.id();
    let mut writes = origin::writes(act, sent_back.as_ref(), &item).await?;
    writes.extend(place.writes(act)?);
    writes.extend(takes.cloned());
    let task = ask_provider(act, &item, &mut writes)?;
    let created = Created { item, nid: placed.nid, warnings: placed.warnings.clone() };
    act.commit_once(writes, &created.item, &created).await?;
    if let Some(task) = task {
        act.app.hint(&task, act.now).await;
    }
    Ok(created)
}

/// Owes a question to the provider of a video, if there is something to ask. Returns the message to send.
fn ask_provider(act: &Act, item: &MediaItem, writes: &mut Vec<Write>) -> Result<Option<Task>> {
    if item.to_ask().is_none() {
        return Ok(None);
    }
    let (write, task) = act.chore(What::EnrichMedia { media_id: item.id() })?;
    writes.push(write);
    Ok(Some(task))
}

/// Changes a media item.
pub async fn update(act: &Act, id: MediaId, patch: Patch) -> Result<MediaItem> {
    let mut again = Again::new(&act.app, "the media item");
    loop {
        let before = act.repos().media().get(id).await?.or_not_found("record")?;
        match change(act, &before, &patch).await {
            Ok(item) => return Ok(item),
            // Somebody changed the item or its collection meanwhile; what this does not name stays theirs.
            Err(refused) => again.after(refused).await?,
        }
    }
}

async fn change(act: &Act, before: &MediaItem, patch: &Patch) -> Result<MediaItem, Refused> {
    let mut item = before.clone();
    patch.apply(act, &mut item);
    let place = patch.filing.resolve(act, item.subject.group_id, before.collection_id).await?;
    item.collection_id = place.id();
    let mut writes = act.listed::<MediaItem>().await?.replace(before, &item)?;
    writes.extend(place.writes(act)?);
    writes.extend(happened::updated(act, before, &item)?);
    let task = if item.sent.url == before.sent.url { None } else { ask_provider(act, &item, &mut writes)? };
    act.commit_once(writes, &item, &item).await?;
    if let Some(task) = task {
        act.app.hint(&task, act.now).await;
    }
    Ok(item)
}

impl Patch {
    fn apply(&self, act: &Act, item: &mut MediaItem) {
        if let Some(title) = &self.title {
            item.title.clone_from(title);
        }
        item.media_type = self.media_type.unwrap_or(item.media_type);
        item.say(self.details.clone());
        let review = &mut item.subject.review;
        review.human_interaction = self.human_interaction.unwrap_or(review.human_interaction);
        review.allow_regenerate = self.allow_regenerate.unwrap_or(review.allow_regenerate);
        if let Some(to) = self.automation_status {
            review.set_status(to, act.actor.clone(), act.now);
        }
        item.subject.touch(act.now);
    }
}

/// Deletes a media item, also while others change it, as the answer of its provider does. What n8n has not heard of its decision
/// is told all the same.
pub async fn delete(act: &Act, id: MediaId, waiting: Waiting) -> Result<Deleted> {
    let (media, mut again) = (act.repos().media(), Again::new(&act.app, "the media item"));
    loop {
        let item = media.get(id).await?.or_not_found("record")?;
        let leaving = waiting.leaving(act, &item);
        let deleted = leaving.deleted(id);
        let mut writes = act.listed::<MediaItem>().await?.part(&item, &leaving.left)?;
        writes.push(happened::deleted(act, &item, &leaving.left)?);
        match act.commit(writes, &deleted).await {
            Ok(()) => {
                leaving.tell::<MediaItem>(act).await;
                if let Some(file) = item.file {
                    let task =
                        act.task(TaskKind::Chore, &act.repos().chores().key(ChoreId::of(file.id.untyped())));
                    act.app.hint(&task, act.now).await;
                }
                return Ok(deleted);
            }
            Err(refused) => again.after(refused).await?,
        }
    }
}

/// Where an item goes.
enum Place {
    Nowhere,
    There(CollectionId),
    /// A collection that the same transaction makes.
    New(Collection),
}

impl Filing {
    /// Looks up what was named for an item of a client group that lies in `now`.
    async fn resolve(&self, act: &Act, group: GroupId, now: Option<CollectionId>) -> Result<Place> {
        let collections = act.repos().collections();
        match self {
            Self::Stays => Ok(now.map_or(Place::Nowhere, Place::There)),
            Self::Out => Ok(Place::Nowhere),
            Self::Id(id) => {
                let found = collections.get(*id).await?.filter(|found| found.group_id == group);
                Ok(Place::There(found.or_not_found("collection")?.id))
            }
            Self::Called(title) => match collections.called(group, title).await? {
                Some(id) => Ok(Place::There(id)),
                None => Ok(Place::New(Collection::new(act.app.id(), group, title.clone(), None, act.now))),
            },
        }
    }
}

impl Place {
    fn id(&self) -> Option<CollectionId> {
        match self {
            Self::Nowhere => None,
            Self::There(id) => Some(*id),
            Self::New(collection) => Some(collection.id),
        }
    }

    /// The writes beside the item's own.
    fn writes(&self, act: &Act) -> Result<Vec<Write>> {
        match self {
            Self::New(collection) => Ok(act.repos().collections().insert(collection)?),
            _ => Ok(Vec::new()),
        }
    }
}

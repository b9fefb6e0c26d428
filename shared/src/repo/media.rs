//! Media items.
//!
//! "The newest" → the tenant's partition backwards. "The newest with this automation status" → index `gsi1`, one
//! partition per status. "The newest of this type, client group or collection, or for review?" → the entries of that
//! facet. "Whose title, source or tags say this?" → the phrases of the client groups. Together with an item go its
//! entries, the counts of its collection and the statistics of its client group.

use std::collections::BTreeSet;

use super::{
    collections,
    entries::OF_GROUP,
    files, indexed,
    indexed::Indexed,
    listing::Listed,
    media_stats,
    subjects::{Departed, Stored, Subjects},
};
use crate::{
    domain::{
        grouping::Grouped,
        media::{MediaItem, MediaType},
        reach::Reach,
        review::AutomationStatus,
        subject::ExecutionFilter,
    },
    ids::{CollectionId, GroupId, Id},
    store::{StoreError, Write},
    tenant::TenantId,
};

/// The media items of one tenant.
pub type MediaItems<'a> = Subjects<'a, MediaItem>;

/// Facets of client groups that are read side by side for one who is bound to several.
const MOST_FACETS: usize = 20;

/// What a list asks for. Everything given must match.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub media_type: Option<MediaType>,
    pub automation_status: Option<AutomationStatus>,
    pub human_interaction: Option<bool>,
    pub group_id: Option<GroupId>,
    pub collection_id: Option<CollectionId>,
    pub execution_state: Option<ExecutionFilter>,
}

impl Filter {
    pub fn matches(&self, item: &MediaItem) -> bool {
        let review = &item.subject.review;
        self.media_type.is_none_or(|wanted| wanted == item.media_type)
            && self.automation_status.is_none_or(|wanted| wanted == review.automation_status)
            && self.human_interaction.is_none_or(|wanted| wanted == review.human_interaction)
            && self.group_id.is_none_or(|wanted| wanted == item.subject.group_id)
            && self.collection_id.is_none_or(|wanted| item.collection_id == Some(wanted))
            && self.execution_state.is_none_or(|wanted| wanted.matches(&item.subject))
    }

    /// The facets that together most likely hold the fewest of what does not match, as far as it is in reach; none if no
    /// facet helps.
    fn facets(&self, grouped: Grouped, reach: &Reach) -> Vec<String> {
        match (self.group_id, reach.every().filter(|groups| groups.len() <= MOST_FACETS)) {
            // For who is bound, other facets hold what is out of reach.
            _ if grouped != Grouped::Read => {
                self.facet().filter(|facet| !facet.starts_with(OF_GROUP)).into_iter().collect()
            }
            (None, Some(groups)) if self.collection_id.is_none() => {
                groups.iter().copied().map(in_group).collect()
            }
            (Some(group), Some(_)) if self.collection_id.is_none() => vec![in_group(group)],
            _ => self.facet().into_iter().collect(),
        }
    }

    fn facet(&self) -> Option<String> {
        if let Some(id) = self.collection_id {
            return Some(in_collection(id));
        }
        if self.human_interaction == Some(true) {
            let pending = self.automation_status == Some(AutomationStatus::Pending);
            return Some(if pending { WAITING } else { REVIEWED }.into());
        }
        match (self.media_type, self.automation_status, self.group_id) {
            (Some(media_type), ..) => Some(of_type(media_type)),
            (None, Some(_), _) => None,
            (None, None, group) => group.map(in_group),
        }
    }
}

impl MediaItems<'_> {
    /// The newest matches below `before`, up to `limit`.
    pub async fn list(
        &self,
        filter: &Filter,
        limit: usize,
        before: Option<Id>,
    ) -> Result<Listed<MediaItem>, StoreError> {
        let wanted = |item: &MediaItem| filter.matches(item);
        match (filter.facets(self.grouped, self.reach), filter.automation_status) {
            (facets, _) if !facets.is_empty() => self.under(&facets, before, limit, wanted).await,
            (_, Some(status)) => self.scan(self.newest_in(&with_status(status), before), limit, wanted).await,
            (_, None) => self.scan(self.newest(before), limit, wanted).await,
        }
    }
}

impl Stored for MediaItem {
    type Departed = Departed<Self>;
    const BY_GROUP: bool = true;
    const HEAVY: &'static [&'static str] = &["sent"];

    fn gsi1(&self) -> Option<String> {
        Some(with_status(self.subject.review.automation_status))
    }

    fn around(
        tenant: TenantId,
        before: Option<&Self>,
        after: Option<&Self>,
    ) -> Result<Vec<Write>, StoreError> {
        let filed = |item: Option<&Self>| item.and_then(|item| Some((item.collection_id?, item.id())));
        let mut writes = indexed::changes(tenant, before, after);
        writes.extend(media_stats::changes(tenant, before, after));
        writes.extend(collections::counts(tenant, filed(before), filed(after)));
        let gone = before.and_then(|item| Some((item.file.as_ref()?, item.subject.changed_at)));
        writes.extend(files::changes(tenant, gone, after.and_then(|item| item.file.as_ref()))?);
        Ok(writes)
    }
}

impl Indexed for MediaItem {
    const SPACE: &'static str = "media";

    fn facets(&self) -> BTreeSet<String> {
        let mut facets = BTreeSet::from([of_type(self.media_type), in_group(self.subject.group_id)]);
        facets.extend(self.collection_id.map(in_collection));
        if self.subject.review.human_interaction {
            facets.insert(REVIEWED.into());
        }
        if self.waits() {
            facets.insert(WAITING.into());
        }
        facets
    }

    fn phrases(&self) -> BTreeSet<String> {
        self.phrases()
    }

    fn is_found(&self, search: &str) -> bool {
        self.is_found(search)
    }
}

/// Facet of what a person decides on, or did.
const REVIEWED: &str = "review";
/// Facet of what a person must still decide on.
const WAITING: &str = "waiting";

fn of_type(media_type: MediaType) -> String {
    format!("type#{}", media_type.as_str())
}

/// Facet of what lies in a client group.
pub fn in_group(id: GroupId) -> String {
    format!("{OF_GROUP}{id}")
}

/// Facet of what is filed in a collection.
pub fn in_collection(id: CollectionId) -> String {
    format!("collection#{id}")
}

fn with_status(status: AutomationStatus) -> String {
    format!("media#{}", status.as_str())
}

//! Pages of lists, whoever asks for them.
//!
//! Its one rule: a page says itself where the next one begins and, where it is all there is, how many match.

use super::act::Act;
use crate::{
    error::Result,
    ids::{GroupId, Id},
    repo::{
        indexed::{Indexed, Mark, Searched},
        listing::{Listed, Row},
        orgs,
        table::Table,
    },
};

/// Where a page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begin {
    /// Behind this one in the list of the newest; at the newest when left out.
    Newest(Option<Id>),
    /// In what a search finds for this (`words::search`): behind this mark, or at its beginning.
    Search(String, Option<Mark>),
}

/// Where the page after begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    Newest(Id),
    Search(Mark),
}

/// A page.
#[derive(Debug)]
pub struct Found<T> {
    pub rows: Vec<Row<T>>,
    /// How many match in all, where the first page holds them all.
    pub total: Option<usize>,
    /// None on the last page.
    pub next: Option<Next>,
}

impl<T> Found<T> {
    /// A page of the newest, which begins behind `before`.
    pub fn newest(listed: Listed<T>, before: Option<Id>) -> Self {
        let next = listed.next.map(Next::Newest);
        Self::page(listed.rows(), before.is_none(), next)
    }

    /// A page of what a search found, which begins behind `after`.
    fn searched(searched: Searched<T>, after: Option<&Mark>) -> Self {
        let next = searched.next.clone().map(Next::Search);
        Self::page(searched.rows(), after.is_none(), next)
    }

    /// A page of what holds nothing.
    pub fn nothing(begin: &Begin) -> Self {
        Self::page(Vec::new(), matches!(begin, Begin::Newest(None) | Begin::Search(_, None)), None)
    }

    fn page(rows: Vec<Row<T>>, is_first: bool, next: Option<Next>) -> Self {
        let total = (is_first && next.is_none()).then_some(rows.len());
        Self { rows, total, next }
    }

    /// The page without its first rows, which count all the same.
    #[must_use]
    pub fn without_first(mut self, rows: usize) -> Self {
        self.rows.drain(..rows.min(self.rows.len()));
        self
    }
}

/// What a search finds in a client group, or in all that the act reaches. What is looked at and not `wanted` counts as read.
pub(super) async fn search<E: Indexed>(
    act: &Act,
    entities: Table<'_, E>,
    group_id: Option<GroupId>,
    (text, after): (&str, Option<Mark>),
    limit: usize,
    wanted: impl Fn(&E) -> bool,
) -> Result<Found<E>> {
    let groups = match (group_id, act.reach.every()) {
        (Some(id), _) => vec![id],
        (None, Some(groups)) => groups.to_vec(),
        (None, None) => {
            let all = orgs::groups(&*act.app.store, act.tenant).await?;
            all.into_iter().map(|group| group.id).collect()
        }
    };
    let found = entities.search(&groups, text, after.clone(), limit, wanted).await?;
    Ok(Found::searched(found, after.as_ref()))
}

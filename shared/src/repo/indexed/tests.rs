//! Lists and searches over an entity that is nothing but its text and its facets.

use serde::{Deserialize, Serialize};

use super::*;
use crate::{
    clock::Millis,
    domain::{
        review::{EntityType, Review},
        subject::{Reviewable, Subject},
    },
    ids::EntityId,
    repo::subjects::Departed,
    store::{self, Store, embedded::Sqlite},
};

const TENANT: TenantId = TenantId(7);

/// An entity that is nothing but its text and its facets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Note {
    #[serde(flatten)]
    subject: Subject,
    text: String,
    kinds: BTreeSet<String>,
}

impl Reviewable for Note {
    type Id = Id;

    const TYPE: EntityType = EntityType::CustomPayload;

    fn subject(&self) -> &Subject {
        &self.subject
    }

    fn subject_mut(&mut self) -> &mut Subject {
        &mut self.subject
    }

    fn mark(&self) -> String {
        self.text.clone()
    }
}

impl Stored for Note {
    type Departed = Departed<Self>;

    fn gsi1(&self) -> Option<String> {
        None
    }

    fn around(
        tenant: TenantId,
        before: Option<&Self>,
        after: Option<&Self>,
    ) -> Result<Vec<Write>, StoreError> {
        Ok(changes(tenant, before, after))
    }
}

impl Indexed for Note {
    const SPACE: &'static str = "notes";

    fn facets(&self) -> BTreeSet<String> {
        self.kinds.clone()
    }

    fn phrases(&self) -> BTreeSet<String> {
        words::longest(words::phrases(&self.text))
    }

    fn is_found(&self, search: &str) -> bool {
        words::finds(search, &self.text)
    }
}

fn id<I: EntityId>(value: u64) -> I {
    I::of(Id::from_u64(value).unwrap())
}

fn note(number: u64, group: u64, text: &str, kinds: &[&str]) -> Note {
    let subject = Subject {
        id: id(number),
        group_id: id(group),
        installation_id: None,
        workflow_id: None,
        execution_id: None,
        node: None,
        execution_state: None,
        sealed_resume_url: None,
        resume_suffix: None,
        sealed_resume_headers: None,
        review: Review::default(),
        created_at: Millis(0),
        posted_at: Millis(0),
        changed_at: Millis(0),
        apart: false,
        v: 1,
    };
    Note { subject, text: text.into(), kinds: kinds.iter().map(|kind| (*kind).to_owned()).collect() }
}

async fn stored(all: &[Note]) -> Sqlite {
    let store = Sqlite::memory().unwrap();
    for note in all {
        store::apply(&store, notes(&store).insert(note).unwrap()).await.unwrap();
    }
    store
}

fn notes(store: &Sqlite) -> Table<'_, Note> {
    Table::new(store, TENANT)
}

fn numbers(found: &[Note]) -> Vec<u64> {
    found.iter().map(|note| note.subject.id.get()).collect()
}

#[tokio::test]
async fn several_facets_are_one_list_in_pages() {
    let kind = |n| if n % 3 == 0 { "b" } else { "a" };
    let all: Vec<_> = (1..=9).map(|n| note(n, 1, "x", &[kind(n)])).collect();
    let store = stored(&all).await;
    let facets = ["a".to_owned(), "b".to_owned(), "c".to_owned()];
    let (mut seen, mut sizes, mut before) = (Vec::new(), Vec::new(), None);
    loop {
        let page = notes(&store).under(&facets, before, 4, |_| true).await.unwrap();
        sizes.push(page.found.len());
        seen.extend(numbers(&page.found));
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!((seen, sizes), ((1..=9).rev().collect(), vec![4, 4, 1]));
}

#[tokio::test]
async fn a_list_reads_what_it_returns() {
    let all: Vec<_> = (1..=60).map(|n| note(n, 1, "x", &["a"])).collect();
    let store = stored(&all).await;
    let before = store.meter().read();
    let page = notes(&store).under(&["a".to_owned()], None, 5, |_| true).await.unwrap();
    let spent = store.meter().read().since(&before);
    assert_eq!((numbers(&page.found), page.next), (vec![60, 59, 58, 57, 56], Some(id(56))));
    // One more of each tells that there is another page.
    assert_eq!((spent.read_units, spent.round_trips), (7.0, 2));
}

#[tokio::test]
async fn what_a_filter_passes_over_is_bounded() {
    let all: Vec<_> = (1..=900).map(|n| note(n, 1, if n == 1 { "needle" } else { "hay" }, &["a"])).collect();
    let store = stored(&all).await;
    let wanted = |note: &Note| note.text == "needle";
    let first = notes(&store).under(&["a".to_owned()], None, 50, wanted).await.unwrap();
    assert_eq!(numbers(&first.found), [] as [u64; 0]);
    let rest = notes(&store).under(&["a".to_owned()], first.next, 50, wanted).await.unwrap();
    let last = notes(&store).under(&["a".to_owned()], rest.next, 50, wanted).await.unwrap();
    assert_eq!((numbers(&last.found), last.next), (vec![1], None));
}

#[tokio::test]
async fn an_entity_with_many_matching_phrases_shows_once_over_all_pages() {
    let all = [
        note(1, 1, "ann anna annabel", &[]),
        note(2, 2, "Anna Example", &[]),
        note(3, 1, "joanna", &[]),
        note(4, 1, "ann#9 ann%", &[]),
        note(5, 4, "Annie", &[]),
    ];
    let store = stored(&all).await;
    let groups = [id(1), id(2), id(3), id(4)];
    for limit in 1..=5 {
        let (mut seen, mut at, mut pages) = (Vec::new(), None, 0);
        loop {
            let page = notes(&store).search(&groups, "ann", at, limit, |_| true).await.unwrap();
            seen.extend(numbers(&page.found));
            at = page.next;
            pages += 1;
            if at.is_none() || pages > 20 {
                break;
            }
        }
        seen.sort_unstable();
        assert_eq!(seen, [1, 2, 4, 5], "pages of {limit}");
    }
    let other = notes(&store).search(&[id(2)], "ann", None, 5, |_| true).await.unwrap();
    assert_eq!(numbers(&other.found), [2]);
}

#[tokio::test]
async fn a_search_longer_than_a_phrase_is_compared_with_the_whole_text() {
    let long = "the very same beginning of a long text";
    let all = [note(1, 1, &format!("{long} a"), &[]), note(2, 1, &format!("{long} b"), &[])];
    let store = stored(&all).await;
    let found = notes(&store).search(&[id(1)], &format!("{long} b"), None, 5, |_| true).await.unwrap();
    assert_eq!(numbers(&found.found), [2]);
}

#[tokio::test]
async fn entries_follow_their_entity() {
    let old = note(1, 1, "old words", &["a"]);
    let store = stored(std::slice::from_ref(&old)).await;
    let new = note(1, 1, "new words", &["b"]);
    store::apply(&store, notes(&store).replace(&old, &new).unwrap()).await.unwrap();
    let find = async |text: &'static str| {
        notes(&store).search(&[id(1)], text, None, 5, |_| true).await.unwrap().found.len()
    };
    assert_eq!((find("old").await, find("new").await, find("words").await), (0, 1, 1));
    assert_eq!(notes(&store).under(&["a".into()], None, 5, |_| true).await.unwrap().found.len(), 0);
    store::apply(&store, notes(&store).delete(&new).unwrap()).await.unwrap();
    assert_eq!((find("new").await, find("words").await), (0, 0));
}

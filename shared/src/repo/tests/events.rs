//! The log of events: what is found in it, and what that costs.

use serde_json::json;

use crate::{
    clock::Millis,
    domain::{
        event::{Event, EventType, Happened, Subject},
        reach::Reach,
        review::Actor,
    },
    ids::{EntityId, GroupId, Id, UserId},
    repo::events::{self, AUDIT_KEPT, Filter, LOG_KEPT},
    store::{self, Write, attr},
    tenant::TenantId,
    testing::house::House,
};

const TENANT: TenantId = TenantId(7);
const DAY: i64 = 24 * 3_600_000;

fn id(n: u64) -> Id {
    Id::from_u64(n).unwrap()
}

fn by(n: u64) -> Actor {
    Actor { user_id: UserId::of(id(n)), username: format!("{n}@acme.example") }
}

fn event(kind: EventType, at: u64, subject: u64) -> Event {
    let happened = Happened::new(kind, Subject::of("lead", id(subject)));
    happened.event(id(at), Some(by(1)))
}

fn all(kinds: &[EventType]) -> Filter {
    Filter { kinds: kinds.to_vec(), by: None, from: Millis(0), to: None, reach: Reach::All }
}

async fn put(house: &House, events: &[Event]) {
    let writes: Vec<Write> = events.iter().map(|event| events::put(TENANT, event).unwrap()).collect();
    for some in writes.chunks(100) {
        store::apply(house.store(), some.to_vec()).await.unwrap();
    }
}

/// The ids that a list shows, page after page.
async fn pages(house: &House, filter: &Filter, limit: usize) -> Vec<Vec<(u64, EventType)>> {
    let log = house.store().for_tenant(TENANT).events();
    let (mut pages, mut before) = (Vec::new(), None);
    loop {
        let listed = log.list(filter, limit, before).await.unwrap();
        pages.push(listed.found.iter().map(|event| (event.id.get(), event.kind)).collect());
        before = listed.next;
        if before.is_none() {
            return pages;
        }
    }
}

use EventType::{ApiKeyCreated, LeadCreated, LeadDeleted, LeadUpdated, ReviewRequested, SessionCreated};

#[tokio::test]
async fn events_of_all_types_are_one_list_and_each_page_begins_where_the_last_ended() {
    let house = House::new();
    let kinds = [LeadCreated, LeadUpdated, LeadDeleted];
    let made: Vec<_> = (1..=50).map(|n| event(kinds[n as usize * 7 % 3], n << 12, n)).collect();
    put(&house, &made).await;
    let expected: Vec<_> = made.iter().rev().map(|event| (event.id.get(), event.kind)).collect();
    for limit in [1, 3, 7, 49, 50, 100] {
        let pages = pages(&house, &all(&kinds), limit).await;
        assert!(pages.iter().all(|page| page.len() <= limit), "{limit}");
        assert_eq!(pages.concat(), expected, "{limit}");
    }
    let deleted: Vec<_> = expected.iter().copied().filter(|(_, kind)| *kind == LeadDeleted).collect();
    assert_eq!(pages(&house, &all(&[LeadDeleted]), 4).await.concat(), deleted);
    let nobodys = house.store().for_tenant(TenantId(8)).events();
    assert!(nobodys.list(&all(&kinds), 5, None).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_bears_one_id_is_on_one_page() {
    let house = House::new();
    // Two instances gave the same id in the same millisecond.
    put(
        &house,
        &[
            event(LeadCreated, 9, 1),
            event(LeadCreated, 9, 2),
            event(LeadUpdated, 9, 3),
            event(LeadCreated, 5, 4),
        ],
    )
    .await;
    let pages = pages(&house, &all(&[LeadCreated, LeadUpdated]), 1).await;
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [3, 1]);
}

#[tokio::test]
async fn two_that_happened_at_once_are_found_by_either() {
    let house = House::new();
    let both = Happened::new(LeadCreated, Subject::of("lead", id(1))).and(ReviewRequested);
    put(&house, &[both.event(id(9), None), event(LeadCreated, 5, 2)]).await;
    assert_eq!(pages(&house, &all(&[ReviewRequested]), 5).await, [[(9, ReviewRequested)]]);
    assert_eq!(pages(&house, &all(&[LeadCreated]), 5).await, [[(9, LeadCreated), (5, LeadCreated)]]);
    let either = pages(&house, &all(&[LeadCreated, ReviewRequested]), 5).await.concat();
    assert_eq!(either, [(9, ReviewRequested), (9, LeadCreated), (5, LeadCreated)]);
}

#[tokio::test]
async fn a_span_includes_both_of_its_ends() {
    let house = House::new();
    let made: Vec<_> = (1..=10).map(|n| event(LeadCreated, n << 12, n)).collect();
    put(&house, &made).await;
    let at = |n: u64| id(n << 12).made_at();
    let span = |from, to| Filter { from, to: Some(to), ..all(&[LeadCreated]) };
    let found = async |filter| {
        let found = pages(&house, &filter, 2).await.concat();
        found.into_iter().map(|(id, _)| id >> 12).collect::<Vec<_>>()
    };
    assert_eq!(found(span(at(3), at(5))).await, [5, 4, 3]);
    assert_eq!(found(span(at(5), at(5))).await, [5]);
    assert!(found(span(at(5), at(3))).await.is_empty());
    assert_eq!(found(span(Millis(0), at(1))).await, [1]);
}

#[tokio::test]
async fn what_a_person_did_is_found_without_what_others_did() {
    let house = House::new();
    let of = |kind, n: u64, who| {
        let happened = Happened::new(kind, Subject::of("api_key", id(n)));
        happened.event(id(n), Some(by(who)))
    };
    let made: Vec<_> =
        (1..=40).map(|n| of([ApiKeyCreated, SessionCreated][n as usize % 2], n, n % 4 + 1)).collect();
    put(&house, &made).await;
    let filter = Filter { by: Some(UserId::of(id(4))), ..all(&[ApiKeyCreated, SessionCreated]) };
    let found = pages(&house, &filter, 3).await.concat();
    assert_eq!(found.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [39, 35, 31, 27, 23, 19, 15, 11, 7, 3]);
}

#[tokio::test]
async fn who_is_bound_to_a_group_reads_of_that_alone_and_looks_so_far_at_once() {
    let house = House::new();
    let group = |n| GroupId::of(id(n));
    let of = |n: u64, group| {
        let happened = Happened::new(LeadCreated, Subject::of("lead", id(n))).in_group(group);
        happened.event(id(n), None)
    };
    let made: Vec<_> = (1..=2_500).map(|n| of(n, group(if n == 1 { 1 } else { 2 }))).collect();
    put(&house, &made).await;
    put(&house, &[event(LeadCreated, 2_600, 1)]).await;
    let bound = Filter { reach: Reach::of(&[group(1)]), ..all(&[LeadCreated]) };
    let pages = pages(&house, &bound, 10).await;
    assert_eq!(pages, [vec![], vec![(1, LeadCreated)]], "what is of no group is not for who is bound to one");
}

#[tokio::test]
async fn an_event_costs_two_units_in_a_transaction_and_lasts_as_long_as_its_log() {
    let house = House::new();
    let lead = event(LeadCreated, 9, 1);
    let beside = || Write::put(store::Key::of(TENANT, "x", "y"), store::encode(&json!({ "a": 1 })).unwrap());
    let before = house.app.store.meter().read();
    store::apply(house.store(), vec![beside(), events::put(TENANT, &lead).unwrap()]).await.unwrap();
    let spent = house.app.store.meter().read().since(&before);
    assert_eq!((spent.write_units, spent.round_trips), (4.0, 1), "two of them are the other item's");
    for (event, kept) in [(lead, LOG_KEPT), (event(ApiKeyCreated, 9, 1), AUDIT_KEPT)] {
        let write = events::put(TENANT, &event).unwrap();
        let store::Action::Put(attrs) = &write.action else { panic!("{write:?}") };
        assert_eq!(attrs[attr::TTL], event.created_at.plus(kept).seconds());
        assert_eq!(attrs.contains_key(attr::GSI1_PK), event.kind == ApiKeyCreated);
    }
    assert_eq!(i64::try_from(LOG_KEPT.as_millis()).unwrap(), 30 * DAY);
}

#[tokio::test]
async fn a_page_costs_the_same_however_many_there_are() {
    let house = House::new();
    let cost = async || {
        let before = house.app.store.meter().read();
        let kinds = [LeadCreated, LeadUpdated, LeadDeleted];
        let log = house.store().for_tenant(TENANT).events();
        assert_eq!(log.list(&all(&kinds), 20, None).await.unwrap().len(), 20);
        house.app.store.meter().read().since(&before)
    };
    let made = |from: u64, to: u64| -> Vec<_> {
        (from..to)
            .map(|n| event([LeadCreated, LeadUpdated, LeadDeleted][n as usize % 3], n << 12, n))
            .collect()
    };
    put(&house, &made(1, 100)).await;
    let few = cost().await;
    put(&house, &made(100, 20_000)).await;
    assert_eq!(cost().await, few);
    assert!(few.read_units <= 12.0 && few.round_trips <= 12, "{few:?}");
}

#[tokio::test]
async fn an_event_that_cannot_be_read_spoils_no_list() {
    let house = House::new();
    put(&house, &[event(LeadCreated, 9, 1), event(LeadCreated, 5, 2)]).await;
    let write = events::put(TENANT, &event(LeadCreated, 7, 3)).unwrap();
    let broken = Write::put(write.key, store::encode(&json!({ "id": 7 })).unwrap());
    house.store().write(broken).await.unwrap();
    let listed = house.store().for_tenant(TENANT).events().list(&all(&[LeadCreated]), 5, None).await.unwrap();
    let seen: Vec<_> = listed
        .rows()
        .into_iter()
        .map(|row| row.map_or_else(|gap| gap.id.get(), |event| event.id.get()))
        .collect();
    assert_eq!(seen, [9, 7, 5]);
}

//! What the log says of each request that changes something.

use std::{collections::BTreeSet, fmt::Write as _};

use insta::Settings;
use serde_json::Value;
use shared::{
    domain::event::{Event, EventType, Kept, TOGETHER},
    store::{Index, Query},
};

use harness::{
    TestApp,
    samples::{operations, staged},
};

/// What one instance has stored of events, oldest first.
async fn stored(house: &TestApp) -> Vec<Event> {
    let mut events = Vec::new();
    let alone = EventType::ALL.iter().map(ToString::to_string);
    let names = alone.chain(TOGETHER.iter().map(|(kind, also)| format!("{kind}&{also}")));
    for name in names {
        let partition = format!("T#{}#event#{name}", house.acme.key.tenant);
        let page = house.app.store.query(&Query::on(Index::Table, partition).limit(1_000)).await.unwrap();
        for item in &page.items {
            assert!(item.bytes() <= 1024, "an event of {name} takes {} bytes", item.bytes());
            events.push(item.decode::<Event>().unwrap());
        }
    }
    events.sort_by_key(|event| event.id);
    events
}

/// Told by what no sample of a route with a credential does: by time, by n8n, by who logs in or joins.
const ELSEWHERE: &[EventType] = &[
    // Where a client group that it was bound to is deleted.
    EventType::ApiKeyUpdated,
    EventType::BudgetExceeded,
    EventType::InstallationUnreachable,
    EventType::MemberJoined,
    EventType::SessionCreated,
    EventType::SessionRefused,
    EventType::WorkflowFailed,
];

#[tokio::test]
async fn each_change_tells_the_log_once() {
    let (mut table, mut told) = (String::new(), BTreeSet::new());
    for operation in operations().await {
        let (house, sample) = staged(operation).await;
        let before = stored(&house).await.len();
        let caller = sample.caller(&house).await;
        let since = stored(&house).await.len().max(before);
        let answer = sample.send(&caller).await;
        assert!(answer.status < 300, "{operation}: {answer:?}");
        let events = stored(&house).await;
        for event in &events[since..] {
            let also = event.also.map(|also| format!(" & {also}")).unwrap_or_default();
            let data: Vec<_> =
                event.data.iter().map(|(name, value)| format!("{name}={}", shown(value))).collect();
            let subject = &event.subject.kind;
            writeln!(table, "{operation}: {}{also} of {subject} {}", event.kind, data.join(" ")).unwrap();
            told.extend([Some(event.kind), event.also].into_iter().flatten());
        }
        assert!(
            events.len() - since <= 1 || operation == "change_leads",
            "{operation}: {:?}",
            &events[since..]
        );
    }
    let mut settings = Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_snapshot_path("snapshots/house");
    settings.bind(|| insta::assert_snapshot!("happened", table));
    let logged: BTreeSet<_> = EventType::logged().collect();
    let silent: Vec<_> =
        logged.iter().filter(|kind| !told.contains(kind) && !ELSEWHERE.contains(kind)).collect();
    assert!(silent.is_empty(), "in the catalogue, and told by nobody: {silent:?}");
    let later = told.iter().filter(|kind| matches!(kind.entry().kept, Kept::Later | Kept::Itself));
    assert_eq!(later.count(), 0, "the catalogue says that nothing tells of it: {told:?}");
}

/// Ids differ from run to run where a scene is made otherwise.
fn shown(value: &Value) -> String {
    match value {
        Value::Number(number) if number.as_u64().is_some_and(|n| n > 1_000_000) => "[id]".into(),
        Value::String(text) if text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
            "[last4]".into()
        }
        other => other.to_string(),
    }
}

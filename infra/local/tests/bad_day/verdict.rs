//! Whether all is as the clients were told.

use std::{
    fs,
    path::Path,
    sync::{Arc, atomic::Ordering::SeqCst},
};

use serde_json::{Value, json};
use shared::{
    clock::SystemClock,
    queue::{Queue, QueueName, embedded::SqliteQueue},
    store::embedded::Sqlite,
};
use standins::dump;

use crate::{
    Life, WEEK,
    support::ask,
    world::{Entity, World, number},
};

fn in_file<T>(data: &Path, look: impl AsyncFnOnce(&Sqlite, &SqliteQueue) -> T) -> T {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let file = Sqlite::open(data.join("baton.db")).unwrap();
        let queue = SqliteQueue::new(&file, Arc::new(SystemClock));
        look(&file, &queue).await
    })
}

/// Sends all dead letters again. Returns how many there were.
pub fn redrive(data: &Path) -> usize {
    in_file(data, async |_, queue| {
        let mut moved = 0;
        for name in QueueName::ALL {
            moved += queue.redrive(name).await.unwrap();
        }
        moved
    })
}

/// What is owed still, and messages that nobody has done.
pub fn stuck(data: &Path) -> Vec<String> {
    in_file(data, async |file, queue| {
        let items = dump::items(file).await.unwrap();
        let owing = items.iter().filter(|item| item.due_at.is_some());
        let mut stuck: Vec<_> =
            owing.map(|item| format!("{} / {} owes: {}", item.pk, item.sk, item.body)).collect();
        for name in QueueName::ALL {
            let depth = queue.depth(name).await.unwrap();
            if depth.waiting + depth.dead > 0 {
                stuck.push(format!("{}: {depth:?}", name.as_str()));
            }
        }
        stuck
    })
}

/// Everything that is not as it was told.
#[expect(clippy::too_many_lines, reason = "one comparison after the other, of one life of the process")]
pub fn wrong(world: &World, data: &Path, log: &Path) -> Vec<String> {
    let mut wrong = stuck(data);
    let week = (2 * WEEK).to_string();
    let life = Life::begin(data, log, &[("BATON_CHAOS_SKEW", &*week)]).unwrap();
    let get = |path: &str| ask(&life.addr(), &world.key, "GET", path, None);
    let model = world.model.lock().unwrap();
    wrong.extend(model.wrong.iter().cloned());
    for entity in &model.entities {
        wrong.extend(entity_is_wrong(world, entity, &get(&format!("{}/{}", entity.path, entity.id))));
    }
    let mut equal = |what: &str, is: Value, must: Value| {
        if is != must {
            wrong.push(format!("{what} is {is} and not {must}"));
        }
    };
    let stats = |workflow: &str| get(&format!("/api/token-usage/{workflow}/stats")).json["stats"].clone();
    for (workflow, (records, tokens)) in &model.used {
        let stats = stats(workflow);
        equal(workflow, json!([stats["total_records"], stats["input_tokens"]]), json!([records, tokens]));
    }
    if !model.pushed.is_empty() {
        let (stats, pushed) = (stats(crate::world::PUSHED), model.pushed.len());
        equal(
            "what was pushed",
            json!([stats["total_records"], stats["input_tokens"]]),
            json!([pushed, 399 * pushed]),
        );
    }
    for (person, names) in &model.people {
        let found = get(&format!("/api/leads/list?email=person-{person}@example.com")).json["leads"].clone();
        let name = found[0]["last_name"].as_str().unwrap_or_default();
        equal(&format!("leads of person {person}"), json!(found.as_array().map(Vec::len)), json!(1));
        equal(&format!("{name:?} of person {person}"), json!(names.contains(name)), json!(true));
    }
    let collections = get("/api/collections").json["collections"].clone();
    for (title, media) in &model.filed {
        let called: Vec<_> =
            collections.as_array().unwrap().iter().filter(|one| one["title"] == *title).collect();
        let counts: Vec<_> = called.iter().map(|one| one["media_count"].clone()).collect();
        equal(title, json!(counts), json!([media]));
    }
    let reviewed = model.entities.iter().filter(|one| one.path == "/api/media" && !one.deleted).count();
    let media = model.filed.values().sum::<i64>() + i64::try_from(reviewed).unwrap();
    equal("media items", get("/api/media/stats").json["total"].clone(), json!(media));
    let payloads = model.entities.iter().filter(|one| one.path == "/api/payloads" && !one.deleted).count();
    let stored = in_file(data, async |file, _| {
        let items = dump::items(file).await.unwrap();
        items.iter().filter(|item| item.pk.ends_with("#payload")).count()
    });
    equal("payloads", json!(stored), json!(payloads));
    let said: u64 = model.said.values().sum();
    equal("messages", json!(number(&get("/api/chats/stats").json, "total_messages")), json!(said));
    let chats = get("/api/chats/list").json["total"].clone();
    equal("chats", chats, json!(model.said.len()));
    let started = world.host.started.lock().unwrap();
    for trigger in &model.triggered {
        let keys = started.get(trigger).map_or(0, std::collections::BTreeSet::len);
        equal(&format!("keys of trigger {trigger}"), json!(keys), json!(1));
    }
    for trigger in &model.unheard {
        let keys = started.get(trigger).map_or(0, std::collections::BTreeSet::len);
        equal(
            &format!("keys of trigger {trigger}, of which nothing was heard"),
            json!(keys.max(1)),
            json!(1),
        );
    }
    life.kill();
    let log = fs::read_to_string(log).unwrap();
    wrong.extend(
        log.lines().filter(|line| line.contains("panicked") || line.contains("\"ERROR\"")).map(str::to_owned),
    );
    wrong
}

/// Once for each decision, n8n was told, in order; and the entity shows what became of it.
fn entity_is_wrong(world: &World, entity: &Entity, shown: &crate::support::Answer) -> Vec<String> {
    let told = world.told(entity.execution);
    let mut wrong = Vec::new();
    if told != entity.decisions {
        wrong.push(format!("n8n was told {told:?} of {entity:?}, which shows {}", shown.json));
    }
    if entity.deleted {
        if shown.status != 404 {
            wrong.push(format!("deleted and there: {entity:?}"));
        }
        return wrong;
    }
    let status = entity.decisions.last().copied().unwrap_or("pending");
    let resumed = if entity.decisions.is_empty() { Value::Null } else { json!("resumed") };
    let history = entity.decisions.len() + entity.reposts;
    let is = json!([
        shown.json[entity.field],
        shown.json["automation_status"],
        shown.json["resume"]["state"],
        shown.json["history"].as_array().map_or(0, Vec::len),
    ]);
    let must = json!([entity.text, status, resumed, history]);
    if is != must {
        wrong.push(format!("{is} and not {must}: {entity:?}, which shows {}", shown.json));
    }
    wrong
}

pub fn report(world: &World, redriven: usize) {
    let (counts, model) = (&world.counts, world.model.lock().unwrap());
    let of = |count: &std::sync::atomic::AtomicU64| count.load(SeqCst);
    println!(
        "{} requests sent: {} answered for good, {} refused or put off, {} cut off",
        of(&counts.sent),
        of(&counts.answered),
        of(&counts.refused),
        of(&counts.cut)
    );
    let decisions: usize = model.entities.iter().map(|entity| entity.decisions.len()).sum();
    println!(
        "{} entities with {decisions} decisions, {} usage records, {} executions pushed, {} triggers, {} leads posted under \
         {} addresses, {} messages; {redriven} dead letters were sent again",
        model.entities.len(),
        model.used.values().map(|(records, _)| records).sum::<u64>(),
        model.pushed.len(),
        model.triggered.len(),
        model.people.values().map(std::collections::BTreeSet::len).sum::<usize>(),
        model.people.len(),
        model.said.values().sum::<u64>(),
    );
}

//! The tick and the sweep, over debts that nobody pays.

use std::{collections::BTreeMap, time::Duration};

use serde_json::json;

use super::{
    AGAIN, DEEP, Report, SKEW,
    reading::{PAGE, SIDE_BY_SIDE},
    sweep, tick,
};
use crate::{
    clock::Millis,
    error::Result,
    queue::{Outgoing, QueueName, Task, TaskKind},
    repo::due::{self, SHARDS, Watermarks},
    store::{Key, Write, attr},
    tenant::TenantId,
    testing::{
        Plan,
        house::{House, START},
    },
};

const NEVER: Millis = Millis(i64::MAX);
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

fn thing(n: usize) -> Key {
    Key::of(TenantId(7), "thing", format!("{n:06}"))
}

fn debt(key: &Key, kind: TaskKind, at: Millis) -> Write {
    let mut attrs = json!({ "v": 1 }).as_object().unwrap().clone();
    due::owe(&mut attrs, key, Some((kind, at)));
    Write::put(key.clone(), attrs)
}

async fn owe(house: &House, n: usize, kind: TaskKind, at: Millis) {
    house.store().write(debt(&thing(n), kind, at)).await.unwrap();
}

fn shard_of(n: usize) -> String {
    let Write { action: crate::store::Action::Put(attrs), .. } = debt(&thing(n), TaskKind::Chore, START)
    else {
        unreachable!("a debt is put")
    };
    attrs[attr::DUE_SHARD].as_str().unwrap().to_owned()
}

/// Things whose debts lie in the shard of the first.
fn of_one_shard() -> impl Iterator<Item = usize> {
    let shard = shard_of(0);
    (0..).filter(move |n| shard_of(*n) == shard)
}

/// What the queues hold that may be worked on now.
async fn arrived(house: &House) -> Vec<(QueueName, Task)> {
    let mut all = Vec::new();
    for queue in QueueName::ALL {
        for delivery in house.app.queue.receive(queue, 10, MINUTE).await.unwrap() {
            all.push((queue, crate::json::from_str(&delivery.body).unwrap()));
        }
    }
    all
}

async fn mark_of(house: &House, n: usize) -> Millis {
    Watermarks::load(house.store()).await.unwrap().get(shard_of(n).parse().unwrap())
}

fn found(report: Result<Report>) -> (usize, usize, usize) {
    let report = report.unwrap();
    (report.due, report.sent, report.lagging)
}

#[tokio::test]
async fn each_debt_becomes_a_message_in_the_queue_of_its_kind() {
    let house = House::new();
    for (n, kind) in TaskKind::ALL.into_iter().enumerate() {
        owe(&house, n, kind, START).await;
    }
    let all = TaskKind::ALL.len();
    assert_eq!(found(tick(&house.app, SECOND, NEVER).await), (all, all, 0));
    let arrived: BTreeMap<_, _> =
        arrived(&house).await.into_iter().map(|(queue, task)| (task.sk.clone(), (queue, task))).collect();
    for (n, kind) in TaskKind::ALL.into_iter().enumerate() {
        let (queue, task) = &arrived[thing(n).sk()];
        assert_eq!((*queue, task.task, task.key()), (kind.queue(), kind, thing(n)));
        assert_eq!(task.request_id, format!("due-{}", START.0));
    }
    assert_eq!(arrived.len(), all);
}

#[tokio::test]
async fn a_tick_hands_over_what_falls_due_within_its_sight_and_once() {
    let house = House::new();
    let sight = MINUTE;
    owe(&house, 1, TaskKind::Chore, START.plus(sight)).await;
    owe(&house, 2, TaskKind::Chore, Millis(START.plus(sight).0 + 1)).await;
    assert_eq!(found(tick(&house.app, sight, NEVER).await), (1, 1, 0));
    assert_eq!(found(tick(&house.app, sight, NEVER).await), (0, 0, 0));
    assert_eq!(arrived(&house).await, [], "not before its time");
    house.advance(Duration::from_millis(1));
    assert_eq!(found(tick(&house.app, sight, NEVER).await), (1, 1, 0));
    house.advance(sight);
    assert_eq!(arrived(&house).await.len(), 2);
}

#[tokio::test]
async fn a_tick_goes_on_right_behind_where_the_last_one_ended() {
    let house = House::new();
    let mut shard = of_one_shard();
    let (first, second, third) = (shard.next().unwrap(), shard.next().unwrap(), shard.next().unwrap());
    owe(&house, first, TaskKind::Chore, START).await;
    assert_eq!(found(tick(&house.app, SECOND, NEVER).await), (1, 1, 0));
    let mark = START.plus(SECOND);
    assert_eq!(mark_of(&house, first).await, mark);
    // Behind the mark is the sweep's business.
    owe(&house, second, TaskKind::Chore, mark).await;
    owe(&house, third, TaskKind::Chore, Millis(mark.0 + 1)).await;
    house.advance(MINUTE);
    assert_eq!(found(tick(&house.app, SECOND, NEVER).await), (1, 1, 0));
}

#[tokio::test]
async fn a_shard_that_was_read_as_far_is_not_read_again() {
    let house = House::new();
    for n in of_one_shard().take(1) {
        owe(&house, n, TaskKind::Chore, START).await;
    }
    let shards = u64::from(SHARDS);
    let (_, first) = house.store_calls(tick(&house.app, SECOND, NEVER)).await;
    assert_eq!(first, 1 + shards + 1, "the marks, each shard, the marks again");
    let (_, again) = house.store_calls(tick(&house.app, SECOND, NEVER)).await;
    assert_eq!(
        again, 1,
        "all were read up to now, those in which nothing was with the one in which something was"
    );
    let (_, behind) = house.store_calls(tick(&house.app, Duration::ZERO, NEVER)).await;
    assert_eq!(behind, 1, "nor one that was read beyond");
    house.advance(SECOND);
    let (_, later) = house.store_calls(tick(&house.app, SECOND, NEVER)).await;
    assert_eq!(later, 1 + shards, "and an idle tick writes nothing");
}

/// 64 empty queries of an index cost half a unit each, and the marks one.
#[tokio::test]
async fn an_idle_minute_costs_at_most_64_read_units_and_five_waits() {
    let house = House::new();
    let before = house.store().meter().read();
    house.faults.set(Plan::Calm);
    assert_eq!(found(tick(&house.app, MINUTE, NEVER).await), (0, 0, 0));
    let spent = house.store().meter().read().since(&before);
    assert!(spent.read_units <= 64.0, "{spent:?}");
    assert_eq!((spent.read_units, spent.write_units), (1.0 + f64::from(SHARDS) / 2.0, 0.0));
    let waits = 1 + usize::try_from(SHARDS).unwrap().div_ceil(SIDE_BY_SIDE);
    assert_eq!((house.faults.depth(), waits), (5, 5));
}

#[tokio::test]
async fn the_marks_of_all_shards_are_one_small_item() {
    let house = House::new();
    for n in 0..1000 {
        owe(&house, n, TaskKind::Chore, START).await;
    }
    tick(&house.app, SECOND, NEVER).await.unwrap();
    let marks = Watermarks::load(house.store()).await.unwrap();
    assert!((0..SHARDS).all(|shard| marks.get(shard) == START.plus(SECOND)));
    let before = house.store().meter().read();
    marks.save(house.store()).await.unwrap();
    let spent = house.store().meter().read().since(&before);
    assert_eq!(
        (spent.write_units, spent.round_trips),
        (1.0, 1),
        "it is written with every tick that finds something"
    );
}

#[tokio::test]
async fn a_report_says_how_long_the_oldest_has_waited() {
    let house = House::new();
    owe(&house, 1, TaskKind::Chore, START).await;
    owe(&house, 2, TaskKind::Chore, START.plus(SECOND)).await;
    house.advance(MINUTE);
    owe(&house, 3, TaskKind::Chore, START.plus(MINUTE * 2)).await;
    let report = tick(&house.app, MINUTE, NEVER).await.unwrap();
    assert_eq!(report, Report { due: 3, sent: 3, lagging: 0, oldest: MINUTE });
    house.advance(MINUTE);
    owe(&house, 4, TaskKind::Chore, START.plus(MINUTE * 3)).await;
    let ahead = tick(&house.app, MINUTE, NEVER).await.unwrap();
    assert_eq!((ahead.due, ahead.oldest), (1, Duration::ZERO), "what falls due in the future has not waited");
}

#[tokio::test]
async fn more_than_a_page_is_read_to_its_end() {
    let house = House::new();
    let many = PAGE + 20;
    let writes: Vec<_> = of_one_shard().take(many).map(|n| debt(&thing(n), TaskKind::Chore, START)).collect();
    for some in writes.chunks(100) {
        house.store().transact(some.to_vec()).await.unwrap();
    }
    assert_eq!(found(tick(&house.app, SECOND, NEVER).await), (many, many, 0));
    assert_eq!(house.app.queue.depth(QueueName::Background).await.unwrap().waiting, many);
    assert_eq!(mark_of(&house, 0).await, START.plus(SECOND));
}

#[tokio::test]
async fn a_tick_that_runs_out_of_time_says_so_and_the_next_one_goes_on() {
    let house = House::new();
    owe(&house, 1, TaskKind::Chore, START).await;
    let shards = usize::try_from(SHARDS).unwrap();
    assert_eq!(found(tick(&house.app, SECOND, START).await), (0, 0, shards));
    assert_eq!(mark_of(&house, 1).await, Millis(0));
    assert_eq!(found(tick(&house.app, SECOND, Millis(START.0 + 1)).await), (1, 1, 0));
}

#[tokio::test]
async fn time_that_runs_out_between_two_pages_leaves_the_mark_at_the_last_debt() {
    let house = House::new();
    let many = PAGE + 20;
    let at = |n: usize| START.plus(Duration::from_millis(u64::try_from(n).unwrap()));
    let things: Vec<_> = of_one_shard().take(many).collect();
    let writes: Vec<_> = things
        .iter()
        .enumerate()
        .map(|(n, thing_n)| debt(&thing(*thing_n), TaskKind::Chore, at(n)))
        .collect();
    for some in writes.chunks(100) {
        house.store().transact(some.to_vec()).await.unwrap();
    }
    house.advance(MINUTE);
    // The clock moves on with every message, so that the first page uses the time up.
    let clock = house.clock.clone();
    house.faults.set(Plan::Watch(Box::new(move |call| {
        if call.starts_with("queue.send") {
            clock.advance(SECOND);
        }
    })));
    let report = tick(&house.app, SECOND, START.plus(MINUTE + SECOND)).await.unwrap();
    house.faults.set(Plan::Calm);
    assert_eq!((report.due, report.sent), (PAGE, PAGE));
    assert!(report.lagging >= 1, "{report:?}");
    // Others may fall due in the same millisecond as the last that was read.
    assert_eq!(mark_of(&house, things[0]).await, Millis(at(PAGE - 1).0 - 1));
    assert_eq!(found(tick(&house.app, SECOND, NEVER).await), (many - PAGE + 1, many - PAGE + 1, 0));
}

#[tokio::test]
async fn a_sweep_finds_all_that_is_overdue_for_a_minute_whatever_the_ticks_marks_say() {
    let house = House::new();
    owe(&house, 1, TaskKind::Chore, START).await;
    owe(&house, 2, TaskKind::ResumeN8n, Millis(START.0 + 1)).await;
    assert_eq!(found(tick(&house.app, SECOND, NEVER).await), (2, 2, 0));
    house.advance(MINUTE);
    let report = sweep(&house.app, NEVER).await.unwrap();
    assert_eq!(report, Report { due: 1, sent: 1, lagging: 0, oldest: MINUTE });
    house.advance(Duration::from_millis(1));
    assert_eq!(found(sweep(&house.app, NEVER).await), (1, 1, 0));
    house.advance(SECOND);
    let shards = usize::try_from(SHARDS).unwrap();
    assert_eq!(found(sweep(&house.app, house.now()).await), (0, 0, shards), "no time left");
}

#[tokio::test]
async fn what_a_sweep_has_handed_over_is_left_to_its_message_for_a_while() {
    let house = House::new();
    let many = 1_000;
    for n in 0..many {
        owe(&house, n, TaskKind::Chore, START).await;
    }
    house.advance(MINUTE * 2);
    assert_eq!(found(sweep(&house.app, NEVER).await), (many, many, 0));
    // One that falls due later is not held up.
    owe(&house, many, TaskKind::Chore, house.now()).await;
    house.advance(MINUTE * 5);
    assert_eq!(found(sweep(&house.app, NEVER).await), (1, 1, 0));
    house.advance(MINUTE * 5);
    assert_eq!(found(sweep(&house.app, NEVER).await), (0, 0, 0));
    house.advance(AGAIN);
    assert_eq!(found(sweep(&house.app, NEVER).await), (many + 1, many + 1, 0), "they are owed all the same");
    // What the clock says of the last round is nothing that can be relied on.
    house.clock.set_back(MINUTE * 10);
    assert_eq!(found(sweep(&house.app, NEVER).await).0, many + 1);
}

#[tokio::test]
async fn a_queue_that_is_deep_is_passed_by() {
    let house = House::new();
    owe(&house, 1, TaskKind::Chore, START).await;
    owe(&house, 2, TaskKind::ResumeN8n, START).await;
    let wait = |n: usize| Outgoing { body: n.to_string(), delay: MINUTE, tenant: TenantId(7) };
    house.app.queue.send(QueueName::Background, (0..DEEP).map(wait).collect()).await.unwrap();
    house.advance(MINUTE * 2);
    assert_eq!(found(sweep(&house.app, NEVER).await), (2, 1, 0));
    while let [first, ..] = &house.app.queue.receive(QueueName::Background, 10, MINUTE).await.unwrap()[..] {
        house.app.queue.delete(QueueName::Background, &first.receipt).await.unwrap();
        if house.app.queue.waiting(QueueName::Background).await.unwrap() < DEEP {
            break;
        }
    }
    assert_eq!(found(sweep(&house.app, NEVER).await).1, 1, "what was passed by is not forgotten");
}

#[tokio::test]
async fn where_time_runs_out_every_shard_has_had_its_turn() {
    let house = House::new();
    // Two pages in a shard, and one debt in each of the others.
    let full: Vec<_> = of_one_shard().take(PAGE + 1).collect();
    let shard = shard_of(0);
    let others = (0..2_000).filter(|n| shard_of(*n) != shard);
    let writes: Vec<_> =
        full.iter().copied().chain(others).map(|n| debt(&thing(n), TaskKind::Chore, START)).collect();
    for some in writes.chunks(100) {
        house.store().transact(some.to_vec()).await.unwrap();
    }
    let (clock, sends) = (house.clock.clone(), std::sync::atomic::AtomicU32::new(0));
    house.faults.set(Plan::Watch(Box::new(move |call| {
        if call.starts_with("queue.send")
            && sends.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1 == SHARDS
        {
            clock.advance(MINUTE);
        }
    })));
    let report = tick(&house.app, SECOND, START.plus(MINUTE)).await.unwrap();
    assert_eq!((report.sent, report.lagging), (writes.len() - 1, 1), "one debt of the full shard is left");
}

#[tokio::test]
async fn a_queue_that_takes_nothing_is_an_error_and_the_mark_stays_where_it_was() {
    let house = House::new();
    owe(&house, 1, TaskKind::Chore, START).await;
    house.faults.set(Plan::RefuseMessages);
    assert!(tick(&house.app, SECOND, NEVER).await.is_err());
    assert!(sweep(&house.app, NEVER).await.is_ok(), "nothing is overdue for a minute");
    house.faults.set(Plan::Calm);
    assert_eq!(mark_of(&house, 1).await, Millis(0));
    assert_eq!(found(tick(&house.app, SECOND, NEVER).await), (1, 1, 0));
}

#[tokio::test]
async fn a_clock_that_is_set_back_takes_the_marks_with_it() {
    let house = House::new();
    let hour = Duration::from_secs(3600);
    // What arrives now, that did not arrive before: what is not answered comes again.
    let mut known = Vec::new();
    let mut news = async || {
        tick(&house.app, SECOND, NEVER).await.unwrap();
        let all: Vec<_> = arrived(&house).await.into_iter().map(|(_, task)| task.key()).collect();
        let new: Vec<_> = all.into_iter().filter(|key| !known.contains(key)).collect();
        known.extend(new.clone());
        new
    };
    let shard: Vec<_> = of_one_shard().take(4).collect();
    let [first, at_once, soon, before] = shard[..] else { unreachable!("four were taken") };
    owe(&house, first, TaskKind::Chore, START).await;
    assert_eq!(news().await, [thing(first)]);
    owe(&house, before, TaskKind::Chore, START.plus(SECOND * 5)).await;
    house.clock.set_back(hour);
    // Made by the clock as it is now, in the shard that was read farthest.
    let now = house.now();
    owe(&house, at_once, TaskKind::Chore, now).await;
    owe(&house, soon, TaskKind::Chore, now.plus(MINUTE)).await;
    assert_eq!(news().await, [thing(at_once)], "what is owed now is done now");
    assert!(mark_of(&house, first).await <= now.plus(SECOND), "and the mark is where the clock is");
    house.advance(MINUTE);
    assert_eq!(news().await, [thing(soon)]);
    // What was owed before comes when the clock says so again, and no later.
    house.advance(hour - MINUTE);
    assert_eq!(news().await, []);
    house.advance(SECOND * 5);
    assert_eq!(news().await, [thing(before)]);
}

#[tokio::test]
async fn clocks_that_differ_a_little_move_no_mark_back() {
    let house = House::new();
    owe(&house, 1, TaskKind::Chore, START).await;
    tick(&house.app, SECOND, NEVER).await.unwrap();
    let mark = mark_of(&house, 1).await;
    house.clock.set_back(SKEW);
    tick(&house.app, SECOND, NEVER).await.unwrap();
    assert_eq!(mark_of(&house, 1).await, mark);
    house.clock.set_back(Duration::from_millis(1));
    tick(&house.app, SECOND, NEVER).await.unwrap();
    // It was brought back, and what lies between was read.
    assert_eq!(mark_of(&house, 1).await, house.now().plus(SECOND));
}

use super::*;
use crate::ids::{EntityId, Id};

const MINUTE: i64 = 60_000;

fn id<I: EntityId>(value: u64) -> I {
    I::of(Id::from_u64(value).unwrap())
}

fn rule(condition: Condition) -> Rule {
    Rule {
        id: id(1),
        title: "t".into(),
        condition,
        installation_id: None,
        workflow_id: None,
        created_at: Millis(0),
        changed_at: Millis(0),
    }
}

fn vitals() -> Vitals {
    Vitals::new(id(9), id(45), "wf1")
}

fn seen(execution: &str, n8n_status: &str, minute: i64) -> Snapshot {
    let status = match n8n_status {
        "success" => PollStatus::Success,
        "error" | "crashed" | "canceled" => PollStatus::Error,
        _ => PollStatus::Waiting,
    };
    Snapshot {
        execution_id: execution.into(),
        status,
        n8n_status: n8n_status.into(),
        started_at: Some(Millis(minute * MINUTE)),
        stopped_at: status.is_complete().then_some(Millis(minute * MINUTE)),
        error: None,
        run_id: None,
        seen_at: Millis(minute * MINUTE),
        blob: None,
    }
}

/// Takes up executions, one a minute, and says after each whether somebody is told of it.
fn told(rule: &Rule, statuses: &[&str]) -> Vec<bool> {
    let mut vitals = vitals();
    let after = |(minute, status): (usize, &&str)| {
        let minute = i64::try_from(minute).unwrap();
        vitals.see(&seen(&minute.to_string(), status, minute));
        !vitals.settle(&[rule], Millis(minute * MINUTE), Asked::No).is_empty()
    };
    statuses.iter().enumerate().map(after).collect()
}

#[test]
fn a_failing_workflow_is_told_of_once_until_it_is_well() {
    let two_of_three = rule(Condition::Failing { failures: 2, window: Window::Last(3) });
    let (e, s) = ("error", "success");
    assert_eq!(told(&two_of_three, &[e, s, e, e, e]), [false, false, true, false, false]);
    assert_eq!(
        told(&two_of_three, &[e, e, s, s, e, e, s, e]),
        [false, true, false, false, false, true, false, false],
        "it was well when two of three had succeeded, the newest among them"
    );
    assert_eq!(told(&two_of_three, &["crashed", "canceled", "crashed"]), [false, false, true]);
    assert_eq!(told(&two_of_three, &["canceled", "canceled", "waiting"]), [false; 3]);
}

#[test]
fn failures_leave_the_window_but_a_workflow_that_failed_last_is_not_well() {
    let in_ten = rule(Condition::Failing { failures: 2, window: Window::Minutes(10) });
    let mut vitals = vitals();
    for minute in [0, 5] {
        vitals.see(&seen(&minute.to_string(), "error", minute));
    }
    assert_eq!(vitals.settle(&[&in_ten], Millis(5 * MINUTE), Asked::No).len(), 1);
    assert_eq!(vitals.settle(&[&in_ten], Millis(60 * MINUTE), Asked::No).len(), 0);
    assert_eq!(vitals.firing.len(), 1, "nothing has gone well since");
    vitals.see(&seen("61", "success", 61));
    vitals.settle(&[&in_ten], Millis(61 * MINUTE), Asked::No);
    assert_eq!(vitals.firing, []);
}

#[test]
fn an_execution_counts_once_however_often_it_is_seen_and_in_whatever_order() {
    let two = rule(Condition::Failing { failures: 2, window: Window::Last(2) });
    let mut vitals = vitals();
    for _ in 0..3 {
        vitals.see(&seen("7", "error", 7));
    }
    assert!(vitals.settle(&[&two], Millis(8 * MINUTE), Asked::No).is_empty());
    vitals.see(&seen("8", "success", 8));
    vitals.see(&seen("6", "error", 6));
    assert!(vitals.settle(&[&two], Millis(8 * MINUTE), Asked::No).is_empty(), "the last two are 7 and 8");
    for minute in 10..100 {
        vitals.see(&seen(&minute.to_string(), "success", minute));
    }
    assert_eq!(vitals.ended.len(), usize::from(MAX_EXECUTIONS));
}

#[test]
fn silence_is_told_of_when_n8n_was_asked_and_ends_with_an_execution() {
    let silent = rule(Condition::Silent { minutes: 30 });
    let mut vitals = vitals();
    assert_eq!(vitals.next_look(&[&silent], Millis(0)), None, "nothing is known of it");
    vitals.see(&seen("1", "success", 10));
    assert_eq!(vitals.next_look(&[&silent], Millis(10 * MINUTE)), Some(Millis(40 * MINUTE)));
    assert!(!vitals.is_in_question(&[&silent], Millis(40 * MINUTE - 1)));
    assert!(vitals.is_in_question(&[&silent], Millis(40 * MINUTE)));
    assert!(vitals.settle(&[&silent], Millis(40 * MINUTE), Asked::No).is_empty());
    let now = vitals.settle(&[&silent], Millis(40 * MINUTE), Asked::Yes);
    assert_eq!(now[0].1.why, "No execution has begun since 1970-01-01T00:10:00Z.");
    assert!(vitals.settle(&[&silent], Millis(90 * MINUTE), Asked::Yes).is_empty());
    assert_eq!(vitals.next_look(&[&silent], Millis(90 * MINUTE)), Some(Millis(120 * MINUTE)));
    vitals.see(&seen("2", "running", 100));
    vitals.settle(&[&silent], Millis(100 * MINUTE), Asked::No);
    assert_eq!(vitals.firing, []);
}

#[test]
fn a_workflow_that_never_ran_is_silent_to_a_rule_that_names_it() {
    let mut silent = rule(Condition::Silent { minutes: 30 });
    silent.workflow_id = Some("wf1".into());
    let mut vitals = vitals();
    assert_eq!(vitals.next_look(&[&silent], Millis(0)), Some(Millis(30 * MINUTE)));
    assert_eq!(vitals.settle(&[&silent], Millis(30 * MINUTE), Asked::Yes).len(), 1);
}

#[test]
fn only_what_runs_is_stuck() {
    let stuck = rule(Condition::Stuck { minutes: 30 });
    let mut vitals = vitals();
    vitals.see(&seen("1", "waiting", 0));
    assert_eq!(vitals.next_look(&[&stuck], Millis(0)), None);
    vitals.see(&seen("2", "running", 5));
    vitals.see(&seen("3", "running", 6));
    assert_eq!(vitals.next_look(&[&stuck], Millis(5 * MINUTE)), Some(Millis(35 * MINUTE)));
    let told = vitals.settle(&[&stuck], Millis(35 * MINUTE), Asked::Yes);
    assert_eq!(told[0].1.why, "Execution 2 has been running since 1970-01-01T00:05:00Z.");
    vitals.see(&seen("2", "success", 35));
    vitals.lose("3");
    vitals.see(&seen("2", "running", 5));
    assert!(vitals.running.is_empty(), "what has ended does not run again");
    vitals.settle(&[&stuck], Millis(36 * MINUTE), Asked::No);
    assert_eq!(vitals.firing, []);
}

#[test]
fn a_rule_that_is_gone_or_about_others_is_forgotten() {
    let failing = rule(Condition::Failing { failures: 1, window: Window::Last(1) });
    let mut vitals = vitals();
    vitals.see(&seen("1", "error", 1));
    assert_eq!(vitals.settle(&[&failing], Millis(MINUTE), Asked::No).len(), 1);
    assert!(vitals.settle(&[], Millis(MINUTE), Asked::No).is_empty());
    assert_eq!(vitals.firing, []);
    let other = Rule { installation_id: Some(id(46)), ..failing.clone() };
    let named = Rule { workflow_id: Some("wf2".into()), ..failing.clone() };
    let rules = Rules { rules: vec![failing.clone(), other, named], v: 1 };
    assert_eq!(rules.about(id(45), "wf1"), [&failing]);
}

#[test]
fn a_clock_of_n8n_that_is_ahead_delays_nothing() {
    let mut vitals = vitals();
    let ahead = Snapshot { seen_at: Millis(MINUTE), ..seen("1", "success", 500) };
    vitals.see(&ahead);
    assert_eq!((vitals.last_at, vitals.ended[0].at), (Some(Millis(MINUTE)), Millis(MINUTE)));
}

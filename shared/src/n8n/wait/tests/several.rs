//! Whose a wait is, where an execution asked about several entities.

use super::*;

#[test]
fn of_two_calls_in_a_row_the_first_wait_is_the_first_calls() {
    let asked =
        || Story::new().create(("Webhook", 0), OURS).run("Tool", Some(("Create", 0)), json!({"id": NEXT}));
    let first = asked().wait("Wait", ("Tool", 0)).with_items(&[NEXT]);
    let mut linked = first.json();
    linked["workflowData"]["connections"] = json!({"Wait": {"main": [[{"node": "Second"}]]}});
    let read = |json: &Value, id, other| {
        WaitView::read(json.to_string().as_bytes(), &Created::new(id, None).among(others(&[other]))).whose
    };
    assert_eq!((read(&linked, OURS, NEXT), read(&linked, NEXT, OURS)), (Whose::Ours, Whose::NotYet));
    let second = first.decided(OURS).wait("Second", ("Wait", 0)).with_items(&[]);
    assert_eq!((second.among(OURS, &[NEXT]), second.among(NEXT, &[OURS])), (Whose::Passed, Whose::Ours));

    // Somebody else ended the first one.
    let other = asked().wait("Wait", ("Tool", 0)).with_items(&[NEXT]).resume();
    let other = other.wait("Second", ("Wait", 0)).with_items(&[]);
    assert_eq!((other.among(OURS, &[NEXT]), other.among(NEXT, &[OURS])), (Whose::Passed, Whose::Ours));

    // No second Wait comes: the first call asked for nothing to be waited for, and the item tells.
    let mut alone = asked().wait("Wait", ("Tool", 0)).with_items(&[NEXT]).json();
    alone["workflowData"]["connections"] = json!({"Wait": {"main": [[{"node": "Set"}]]}});
    assert_eq!((read(&alone, OURS, NEXT), read(&alone, NEXT, OURS)), (Whose::NotYet, Whose::Ours));
}

#[test]
fn one_wait_with_the_items_of_several_is_everybodys_and_over_for_all() {
    let story = Story::new().create(("Webhook", 0), OURS).with_items(&[OURS, NEXT]);
    let story = story.wait("Wait", ("Create", 0)).with_items(&[OURS, NEXT]);
    assert_eq!((story.among(OURS, &[NEXT]), story.among(NEXT, &[OURS])), (Whose::Ours, Whose::Ours));
    let over = story.decided(OURS).run("Set", Some(("Wait", 0)), json!({}));
    assert_eq!((over.among(OURS, &[NEXT]), over.among(NEXT, &[OURS])), (Whose::Passed, Whose::Passed));
}

#[test]
fn an_item_that_is_led_to_its_wait_goes_before_the_order_of_the_calls() {
    let story =
        Story::new().create(("Webhook", 0), OURS).run("Tool", Some(("Create", 0)), json!({"id": NEXT}));
    let story = story.run("Set", Some(("Tool", 0)), json!({"id": OURS}));
    let story = story.run("Set", Some(("Set", 0)), json!({"id": NEXT}));
    let story = story.wait("Wait", ("Set", 1)).with_items(&[NEXT]);
    assert_eq!((story.among(OURS, &[NEXT]), story.among(NEXT, &[OURS])), (Whose::NotYet, Whose::Ours));
}

#[test]
fn a_wait_that_says_nothing_is_nobodys_while_two_may_be_meant() {
    let story = Story::new().create(("Webhook", 0), OURS).with_items(&[OURS, NEXT]);
    let story = story.run("Set", Some(("Create", 0)), json!({"n": 1}));
    let story = story.wait("Wait", ("Set", 0)).with_items(&[]);
    assert_eq!(
        (story.among(OURS, &[NEXT]), story.among(NEXT, &[OURS])),
        (Whose::Contested, Whose::Contested)
    );
    let mut closed = others(&[NEXT]);
    closed[0].open = false;
    assert_eq!(story.view(&Created::new(OURS, None).among(closed)).whose, Whose::Ours);
}

/// Asks, asks, leads the second answer to the first Wait and the first to the second.
#[test]
fn an_item_that_may_have_been_led_to_a_wait_is_not_overruled_by_the_order_of_the_calls() {
    let led = Story::new().asks_twice().run("Set", Some(("Tool", 0)), json!({"id": NEXT}));
    let first = led.wait("Wait", ("Set", 0)).with_items(&[NEXT]);
    let whose = |story: &Story| story.between(None, None);
    assert_eq!(whose(&first), (Whose::Contested, Whose::Contested));
    let second = first.resume().run("Set", Some(("Wait", 0)), json!({"id": OURS}));
    let second = second.wait("Second", ("Set", 1)).with_items(&[OURS]);
    assert_eq!(whose(&second), (Whose::Ours, Whose::Passed), "now the items tell");

    // What shows no id, and what only lets items through, says nothing: the place tells.
    let silent = Story::new().asks_twice().run("Set", Some(("Tool", 0)), json!({"n": 1}));
    assert_eq!(whose(&silent.wait("Wait", ("Set", 0)).with_items(&[])), (Whose::Ours, Whose::NotYet));
    let paused = Story::new().asks_twice().run("Pause", Some(("Tool", 0)), json!({"id": NEXT}));
    assert_eq!(whose(&paused.wait("Wait", ("Pause", 0)).with_items(&[NEXT])), (Whose::Ours, Whose::NotYet));
}

/// What goes on from a Wait shows the entity that was decided, and asks nothing.
#[test]
fn a_decision_that_is_passed_on_to_the_next_wait_is_not_whose_that_wait_is() {
    let decision = json!({"body": {"decision": "approved", "entity_id": OURS}});
    for between in ["Pause", "Set"] {
        let first = Story::new().asks_twice().wait("Wait", ("Tool", 0)).with_items(&[NEXT]);
        let story = first.decided(OURS).run(between, Some(("Wait", 0)), decision.clone());
        let story = story.wait("Second", (between, 0)).with_items(&[OURS]);
        assert_eq!(story.between(None, None), (Whose::Passed, Whose::Ours), "{between}");
    }
    // Asked anew, it is.
    let first = Story::new().asks_twice().wait("Wait", ("Tool", 0)).with_items(&[NEXT]);
    let again = first.decided(OURS).create(("Wait", 0), OURS);
    let again = again.wait("Second", ("Create", 1));
    for items in [&[OURS][..], &[]] {
        let (runs, nodes, last) = (again.runs.clone(), again.nodes.clone(), again.last.clone());
        let story = Story { runs, nodes, last, ..again }.with_items(items);
        assert_eq!(story.between(None, None).1, Whose::Contested, "{items:?}");
        let back = Created::new(OURS, None).reposted(1).among(others(&[NEXT]));
        assert_eq!(story.view(&back).whose, Whose::Ours, "{items:?}");
    }
}

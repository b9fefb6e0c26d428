//! The quick way through an execution against its rule word for word, and executions that are made to take long.

use super::*;

/// The first gate after a run by the rule's own words: for each gate a walk of its own goes back to the beginning.
fn gate_word_for_word(timeline: &Timeline<'_>, place: usize) -> Option<usize> {
    let creators = timeline.creators(place, &mut timeline.walks.borrow_mut());
    (place + 1..timeline.places()).find(|&next| {
        let (gate, run) = timeline.nth(next).unwrap();
        let mut seen = HashSet::from([gate]);
        let mut stack = vec![gate];
        let mut comes = run.sources.is_empty();
        while let Some(at) = stack.pop() {
            comes |= creators.contains(&at);
            let before =
                timeline.run(at).unwrap().sources.iter().filter_map(|source| timeline.graph.find(source));
            stack.extend(before.filter(|&before| seen.insert(before)));
        }
        comes && timeline.is_gate(gate)
    })
}

/// An execution whose runs come from anywhere, also from what began later.
fn entangled(seed: u64) -> Value {
    let mut dice = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut below = |n: u64| {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (dice >> 33) % n
    };
    let names = ["Create", "Set", "Tool", "Wait", "Second", "Slack"];
    let mut story = Story::new();
    for _ in 0..below(30) {
        let source: Vec<Value> = (0..below(3))
            .map(|_| json!({"previousNode": names[below(6) as usize], "previousNodeRun": below(4)}))
            .collect();
        let output = if below(4) == 0 { "ai_tool" } else { "main" };
        let entry = json!({"startTime": story.clock, "source": source, "executionStatus": "success",
            "data": {output: [[]]}});
        story = story.add(names[below(6) as usize], entry);
    }
    story.json()
}

#[test]
fn the_gate_after_a_run_is_what_the_rule_says_word_for_word() {
    let (mut gates, mut all) = (0, 0);
    for seed in 0..400 {
        let scan = Scan::read(entangled(seed).to_string().as_bytes(), Want::Ids(&HashMap::new())).unwrap();
        let created = Created::default();
        let timeline = Timeline::new(&scan, Poll::Waiting, true, &created);
        for place in 0..timeline.places() {
            let gate = timeline.gate_after(place);
            assert_eq!(gate, gate_word_for_word(&timeline, place), "seed {seed}, place {place}");
            gates += usize::from(gate.is_some());
            all += 1;
        }
        assert!(!timeline.walks.borrow().steps.spent, "seed {seed}");
    }
    assert!(all > 4_000 && gates * 4 > all && gates * 4 < all * 3, "{gates} of {all}");
}

/// A thousand runs at the moment of creation, each of which may be its creator, and a thousand gates after them: what
/// would take a thousand times a thousand walks is not judged.
#[test]
fn an_execution_made_to_be_entangled_takes_no_decision() {
    let mut story = Story::new();
    for turn in 0..1_000_u64 {
        let before = if turn == 0 { ("Webhook", 0) } else { ("Create", turn - 1) };
        let mut entry = story.entry(Some(before), "success", &json!({"main": [[]]}));
        entry["startTime"] = json!(1_000_000 + turn);
        story = story.add("Create", entry);
    }
    story.clock += 60_000;
    for turn in 0..1_000 {
        let mut entry = story.entry(Some(("Set", turn)), "success", &json!({"main": [[]]}));
        entry["source"] = json!([{"previousNode": "Second", "previousNodeRun": turn + 1}]);
        story = story.add("Second", entry);
    }
    let story = story.status("waiting");
    let view = story.view(&Created::new(OURS, Some(1_000_500)));
    assert_eq!(view.whose, Whose::Unknown);
    let scan = Scan::read(story.json().to_string().as_bytes(), Want::Ids(&HashMap::new())).unwrap();
    let created = Created::new(OURS, Some(1_000_500));
    let timeline = Timeline::new(&scan, Poll::Waiting, true, &created);
    timeline.whose();
    assert!(timeline.walks.borrow().steps.spent);
}

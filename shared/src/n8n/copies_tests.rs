use serde_json::{Map, Value, json};

use super::super::seen::Want;
use super::*;

/// The rule of this room word for word: each usage object is compared with every one before it, and for each a walk
/// goes back to the beginning.
fn word_for_word(scan: &Scan, graph: &Graph<'_>) -> Vec<bool> {
    let mut originals: Vec<(&Call, usize)> = Vec::new();
    let mut copies = Vec::new();
    for &here in &graph.by_time {
        for call in &scan.runs[here].seen_calls {
            let alike = originals.iter().filter(|(other, _)| {
                (other.tokens.input, other.tokens.output) == (call.tokens.input, call.tokens.output)
            });
            let copy = alike.into_iter().any(|&(other, run)| {
                (call.id.is_some() && other.id == call.id)
                    || ((call.id.is_none() || other.id.is_none())
                        && (call.model.is_none() || other.model.is_none() || call.model == other.model)
                        && scan.runs[run].node != scan.runs[here].node
                        && came_through(graph, here, run))
            });
            if !copy {
                originals.push((call, here));
            }
            copies.push(copy);
        }
    }
    copies
}

fn came_through(graph: &Graph<'_>, here: usize, run: usize) -> bool {
    let (mut seen, mut stack) = (HashSet::from([here]), vec![here]);
    while let Some(at) = stack.pop() {
        for &before in graph.sources(at) {
            if seen.insert(before) {
                if before == run {
                    return true;
                }
                stack.push(before);
            }
        }
    }
    false
}

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }

    fn some(&mut self, one_in: u64, of: &[&str]) -> Option<String> {
        let at = self.below(of.len() as u64);
        (self.below(one_in) != 0).then(|| of[at as usize].to_owned())
    }
}

/// An execution of a few nodes that run often, whose inputs come from anywhere, also from what began later.
fn entangled(dice: &mut Dice, in_time: bool) -> Value {
    let nodes = 1 + dice.below(6);
    let runs = dice.below(40);
    let mut run_data: Map<String, Value> = Map::new();
    let mut ran: Vec<(String, usize)> = Vec::new();
    for at in 0..runs {
        let node = format!("n{}", dice.below(nodes));
        let sources: Vec<Value> = (0..dice.below(3))
            .filter_map(|_| {
                let (node, run) = if in_time {
                    ran.get(dice.below(ran.len().max(1) as u64) as usize)?.clone()
                } else {
                    (format!("n{}", dice.below(nodes)), dice.below(8) as usize)
                };
                Some(json!({"previousNode": node, "previousNodeRun": run}))
            })
            .collect();
        let items: Vec<Value> = (0..dice.below(4))
            .map(|_| {
                let mut item = json!({"usage": {"input_tokens": 1 + dice.below(2), "output_tokens": 1}});
                for (key, value) in
                    [("id", dice.some(2, &["a", "b", "c"])), ("model", dice.some(2, &["x", "y"]))]
                {
                    if let Some(value) = value {
                        item[key] = value.into();
                    }
                }
                json!({ "json": item })
            })
            .collect();
        let of_node = run_data.entry(node.clone()).or_insert_with(|| json!([])).as_array_mut().unwrap();
        ran.push((node, of_node.len()));
        of_node.push(json!({"startTime": at, "source": sources, "data": {"main": [items]}}));
    }
    json!({ "runData": run_data })
}

fn scan(execution: &Value) -> Scan {
    Scan::read(execution.to_string().as_bytes(), Want::Usage).unwrap()
}

#[test]
fn copies_are_what_the_rule_says_word_for_word() {
    let mut dice = Dice(9);
    let (mut all, mut copied) = (0, 0);
    for round in 0..1_000 {
        let execution = entangled(&mut dice, round % 2 == 0);
        let scan = scan(&execution);
        let graph = Graph::of(&scan);
        let (shown, spent) = shown(&scan, &graph);
        assert!(!spent, "{execution}");
        assert!(graph.in_time || round % 2 == 1, "{execution}");
        let copies: Vec<bool> = shown.iter().map(|shown| shown.copy).collect();
        assert_eq!(copies, word_for_word(&scan, &graph), "{execution}");
        all += copies.len();
        copied += copies.iter().filter(|copy| **copy).count();
    }
    assert!(all > 12_000 && copied * 5 > all && copied * 5 < all * 4, "{copied} of {all}");
}

fn usage(input: u64) -> Value {
    json!({ "json": { "usage": { "input_tokens": input, "output_tokens": 1 } } })
}

fn after(at: u64, source: &[(&str, u64)], items: &[Value]) -> Value {
    let source: Vec<Value> =
        source.iter().map(|(node, run)| json!({"previousNode": node, "previousNodeRun": run})).collect();
    json!({"startTime": at, "source": source, "data": {"main": [items]}})
}

fn copies_of(execution: &Value) -> (usize, usize, bool) {
    let scan = scan(execution);
    let (shown, spent) = shown(&scan, &Graph::of(&scan));
    (shown.len(), shown.iter().filter(|shown| shown.copy).count(), spent)
}

#[test]
fn what_passes_through_thousands_of_nodes_is_one_call() {
    let mut run_data = Map::new();
    for at in 0..5_000 {
        let before = format!("n{}", at.max(1) - 1);
        let source: &[(&str, u64)] = if at == 0 { &[] } else { &[(&before, 0)] };
        run_data.insert(format!("n{at}"), json!([after(at, source, &[usage(7)])]));
    }
    assert_eq!(copies_of(&json!({ "runData": run_data })), (5_000, 4_999, false));
}

/// Two nodes in one loop, on branches of their own, that are always asked the same.
#[test]
fn two_branches_of_a_long_loop_are_calls_of_their_own() {
    let branch = |node: &str, offset: u64| -> Value {
        (0..5_000)
            .map(|turn| {
                let source: &[(&str, u64)] = if turn == 0 { &[] } else { &[(node, turn - 1)] };
                after(2 * turn + offset, source, &[usage(7)])
            })
            .collect()
    };
    let execution = json!({ "runData": { "A": branch("A", 0), "B": branch("B", 1) } });
    assert_eq!(copies_of(&execution), (10_000, 0, false));
}

/// Each run could have come through each before it, and each has its own counts twice, far apart.
#[test]
fn an_execution_made_to_be_entangled_costs_its_steps_and_says_so() {
    let mut run_data = Map::new();
    for at in 0..4_000_u64 {
        let names: Vec<String> = (1..=3).map(|back| format!("n{}", at.saturating_sub(back))).collect();
        let source: Vec<(&str, u64)> = names.iter().map(|name| (name.as_str(), 0)).collect();
        let source = if at == 0 { &[] } else { source.as_slice() };
        run_data.insert(format!("n{at}"), json!([after(at, source, &[usage(at % 2_000)])]));
    }
    let (all, copied, spent) = copies_of(&json!({ "runData": run_data }));
    assert_eq!((all, spent), (4_000, true));
    assert!(copied > 0 && copied < 2_000, "{copied}");
}

#[test]
fn runs_that_say_nothing_are_not_kept_and_keep_the_places_of_others() {
    let mut runs = vec![json!({ "startTime": 1 }); 60_000];
    runs.push(after(2, &[("T", 0)], &[usage(7)]));
    let execution = json!({ "runData": { "A": runs, "B": [after(3, &[("A", 60_000)], &[usage(7)])] } });
    let scan = scan(&execution);
    assert_eq!((scan.runs.len(), scan.truncated), (2, false));
    assert_eq!(copies_of(&execution), (2, 1, false));
}

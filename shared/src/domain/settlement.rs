//! Posted and pushed usage of one execution: which of the two counts.
//!
//! Its one rule: no model call counts twice, and of two accounts of it the more complete one counts. A workflow that posts
//! two fields of five must not undo what its execution data say, and data that hold an estimate must not undo a count.

use std::borrow::Cow;

use super::{
    pushed_runs::PushedRuns,
    usage::{Source, Usage},
};
use crate::pricing::{self, Tokens};

/// Records of the two sources that speak of the same calls.
#[derive(Debug, PartialEq, Eq)]
pub struct Group {
    /// Positions among the records of the execution.
    pub posted: Vec<usize>,
    pub pushed: Vec<usize>,
    pub pushed_counts: bool,
}

/// The groups of the records of one workflow id and execution number. What is in none of them counts: the other source says
/// nothing of it.
///
/// Only records of one run are compared ([`PushedRuns`]): two n8n's may have the same workflow and count alike. Calls are the same when the model is the same and the workflow names the node; where it names none, all of that model
/// are taken together. n8n does not always keep a model's name, and then whatever is left over is compared.
pub fn groups(records: &[Usage]) -> Vec<Group> {
    let models: Vec<Cow<'_, str>> = records.iter().map(model).collect();
    let runs = PushedRuns::of(records);
    let of_run = |run| in_run(records, &models, |at| runs.run(&records[at]) == Some(run));
    (0..runs.len()).flat_map(of_run).collect()
}

fn in_run(records: &[Usage], models: &[Cow<'_, str>], is_of_it: impl Fn(usize) -> bool) -> Vec<Group> {
    let mine: Vec<usize> = (0..records.len()).filter(|at| is_of_it(*at)).collect();
    let of = |source: Source| mine.iter().copied().filter(move |at| records[*at].source == source);
    let mut posted: Vec<usize> = of(Source::Posted).collect();
    let mut pushed: Vec<usize> = of(Source::Pushed).collect();
    let alike = |one: usize, two: usize| models[one] == models[two];
    let mut found = Vec::new();
    let mut pair = |posted: &mut Vec<usize>, pushed: &mut Vec<usize>, same: &dyn Fn(usize, usize) -> bool| {
        for first in pushed.clone() {
            let theirs: Vec<usize> = posted.extract_if(.., |post| same(*post, first)).collect();
            if theirs.is_empty() {
                continue;
            }
            let ours: Vec<usize> = pushed.extract_if(.., |push| same(theirs[0], *push)).collect();
            found.push(Group {
                pushed_counts: more_complete(records, &ours, &theirs),
                posted: theirs,
                pushed: ours,
            });
        }
    };
    pair(&mut posted, &mut pushed, &|post, push| {
        let (post_node, push_node) = (&records[post].node_id, &records[push].node_id);
        post_node.is_some() && post_node == push_node && (alike(post, push) || nameless(&records[push]))
    });
    pair(&mut posted, &mut pushed, &alike);
    pair(&mut posted, &mut pushed, &|_, push| nameless(&records[push]));
    found
}

/// The model of calls whose model n8n did not keep.
pub const UNKNOWN_MODEL: &str = "unknown";

fn nameless(usage: &Usage) -> bool {
    usage.model_id == UNKNOWN_MODEL
}

/// One name for all spellings of a model.
fn model(usage: &Usage) -> Cow<'_, str> {
    match pricing::find(&usage.model_id, usage.priced_at().0) {
        Some(found) => found.model,
        None => usage.model_id.trim().to_lowercase().into(),
    }
}

/// Whether the first account is more complete than the second: a count before an estimate, unless it has counted nothing,
/// then more tokens, then more of them told apart.
fn more_complete(records: &[Usage], first: &[usize], second: &[usize]) -> bool {
    let measure = |all: &[usize]| {
        let sum = all.iter().fold(Tokens::default(), |sum, at| sum.plus(&records[*at].tokens()));
        let parts = [sum.cached_input, sum.cache_write, sum.cache_write_1h];
        let told: u64 = parts.into_iter().flatten().fold(0, u64::saturating_add);
        let tokens = sum.input.saturating_add(sum.output);
        let counted = tokens > 0 && all.iter().all(|at| !records[*at].estimated);
        (counted, tokens, told)
    };
    measure(first) > measure(second)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::Millis,
        ids::{InstallationId, UsageId},
    };

    fn record(source: Source, model: &str, node: Option<&str>, input: u64, output: u64) -> Usage {
        Usage {
            id: UsageId::from_u64(1).unwrap(),
            workflow_id: "w".into(),
            execution_id: "1".into(),
            installation_id: None,
            group_id: None,
            node_id: node.map(str::to_owned),
            model_id: model.into(),
            input_tokens: input,
            output_tokens: output,
            cached_input_tokens: None,
            cache_write_tokens: None,
            cache_write_1h_tokens: None,
            longest_input_tokens: None,
            input_pico: 0,
            output_pico: 0,
            model_found: true,
            model_label: model.into(),
            price_version: String::new(),
            source,
            estimated: false,
            started_at: None,
            of_push: None,
            outdone: false,
            recorded_at: Millis(1_795_305_600_000),
            called_at: None,
            ttl: None,
        }
    }

    fn posted(model: &str, node: Option<&str>, input: u64, output: u64) -> Usage {
        record(Source::Posted, model, node, input, output)
    }

    fn pushed(model: &str, node: &str, input: u64, output: u64) -> Usage {
        record(Source::Pushed, model, Some(node), input, output)
    }

    /// The tokens that count.
    fn counted(records: &[Usage]) -> u64 {
        let groups = groups(records);
        let loses = |at: usize| {
            groups
                .iter()
                .any(|group| if group.pushed_counts { &group.posted } else { &group.pushed }.contains(&at))
        };
        let counting = records.iter().enumerate().filter(|(at, _)| !loses(*at));
        counting.map(|(_, usage)| usage.input_tokens + usage.output_tokens).sum()
    }

    #[test]
    fn the_more_complete_account_of_the_same_calls_counts() {
        let gemini = "gemini-2.5-pro";
        for (what, records, tokens) in [
            (
                "a post without the thinking",
                vec![posted(gemini, None, 100, 4), pushed(gemini, "A", 100, 34)],
                134,
            ),
            (
                "a push of the last round only",
                vec![posted(gemini, None, 300, 40), pushed(gemini, "A", 100, 4)],
                340,
            ),
            ("the same", vec![posted(gemini, None, 100, 4), pushed(gemini, "A", 100, 4)], 104),
            (
                "another spelling",
                vec![posted("models/gemini-2.5-pro", None, 1, 4), pushed(gemini, "A", 100, 4)],
                104,
            ),
            ("a model of nobody's", vec![posted("Our-Own", None, 1, 4), pushed("our-own", "A", 100, 4)], 104),
            (
                "items posted one by one",
                vec![posted(gemini, None, 10, 4), posted(gemini, None, 20, 4), pushed(gemini, "A", 30, 8)],
                38,
            ),
            ("another model", vec![posted("gpt-4o", None, 10, 4), pushed(gemini, "A", 30, 8)], 52),
            (
                "a model that n8n did not keep",
                vec![posted(gemini, None, 10, 4), pushed("unknown", "A", 30, 8)],
                38,
            ),
        ] {
            assert_eq!(counted(&records), tokens, "{what}");
        }
    }

    #[test]
    fn a_node_that_is_named_is_compared_alone() {
        let model = "gpt-4o";
        let both = [pushed(model, "A", 100, 10), pushed(model, "B", 500, 50)];
        let with = |post: Usage| counted(&[both.as_slice(), &[post]].concat());
        assert_eq!(with(posted(model, Some("A"), 100, 10)), 660, "B was not posted");
        assert_eq!(with(posted(model, Some("A"), 100, 30)), 680);
        assert_eq!(with(posted(model, Some("elsewhere"), 100, 10)), 660);
        assert_eq!(with(posted(model, None, 100, 10)), 660);
    }

    #[test]
    fn an_estimate_never_outdoes_a_count() {
        let estimate = |mut usage: Usage| {
            usage.estimated = true;
            usage
        };
        assert_eq!(counted(&[posted("gpt-4o", None, 10, 4), estimate(pushed("gpt-4o", "A", 900, 90))]), 14);
    }

    #[test]
    fn a_count_of_nothing_does_not_outdo_an_estimate() {
        let mut estimate = pushed("gpt-4o", "A", 100, 50);
        estimate.estimated = true;
        assert_eq!(counted(&[posted("gpt-4o", Some("A"), 0, 0), estimate]), 150);
    }

    #[test]
    fn records_of_two_installations_are_not_compared() {
        let at = |mut usage: Usage, installation: u64| {
            usage.installation_id = InstallationId::from_u64(installation);
            usage
        };
        let push = |installation, input| at(pushed("gpt-4o", "A", input, 50), installation);
        let post = |input| posted("gpt-4o", Some("A"), input, 50);
        for (what, records, tokens) in [
            ("two pushes", vec![push(1, 100), push(2, 200)], 400),
            ("a post of the one and a push of the other", vec![at(post(100), 1), push(2, 200)], 400),
            ("a post of one of them", vec![at(post(300), 2), push(1, 100), push(2, 200)], 500),
            ("a post that names none", vec![post(300), push(2, 200)], 350),
            ("a post that names none of two", vec![post(300), push(1, 100), push(2, 200)], 600),
        ] {
            assert_eq!(counted(&records), tokens, "{what}");
        }
    }

    #[test]
    fn of_equal_counts_the_one_that_tells_the_parts_counts() {
        let mut told = pushed("gpt-4o", "A", 100, 4);
        told.cached_input_tokens = Some(64);
        let [group] = &groups(&[posted("gpt-4o", None, 100, 4), told])[..] else { panic!("one group") };
        assert!(group.pushed_counts);
        let silent = pushed("gpt-4o", "A", 100, 4);
        let [group] = &groups(&[posted("gpt-4o", None, 100, 4), silent])[..] else { panic!("one group") };
        assert!(!group.pushed_counts, "what the workflow says itself, when nothing speaks against it");
    }
}

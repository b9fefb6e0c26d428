//! The runs of an execution's nodes (`runData`), each reduced to when it ran, where its input came from, and what of its
//! output was looked for.

mod body;

use std::sync::Arc;

use serde::de::{MapAccess, SeqAccess};

use self::body::{Answered, Body, ReadBody};
use super::lenient::{Any, Count, Instant, Key, NAME_BYTES, Named, Take, Text, each, fields, shorten};
use super::seen::{Call, Found, MAX_CALLS, MAX_RUNS, NodeRun, Scan, Source, Want};
use super::tokens::Tally;

/// A model's name, plain or as n8n's resource locator (`{mode, value}`). An expression names nothing yet.
pub(super) struct ModelName<'a>(pub(super) &'a mut Option<String>);

impl<'de> Take<'de> for ModelName<'_> {
    fn text(self, text: &str) {
        // Google's names come as the path of a resource.
        let name = text.strip_prefix("models/").unwrap_or(text);
        if !name.starts_with('=') {
            Named(self.0).text(name);
        }
    }

    fn map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        fields!(map, { "value" => ModelName(&mut *self.0), })
    }
}

pub(super) struct RunData<'s, 'w> {
    pub(super) scan: &'s mut Scan,
    pub(super) want: Want<'w>,
}

impl<'de> Take<'de> for RunData<'_, '_> {
    fn map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(node) = map.next_key::<Key<'_>>()? {
            let node = shorten(&node.0, NAME_BYTES).into();
            map.next_value_seed(Any(NodeRuns { node, scan: &mut *self.scan, want: self.want }))?;
        }
        Ok(())
    }
}

struct NodeRuns<'s, 'w> {
    node: Arc<str>,
    scan: &'s mut Scan,
    want: Want<'w>,
}

impl<'de> Take<'de> for NodeRuns<'_, '_> {
    fn seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let mut index = 0;
        loop {
            let mut run = NodeRun::default();
            let mut room = MAX_CALLS.saturating_sub(self.scan.calls);
            if seq
                .next_element_seed(Any(OneRun { run: &mut run, want: self.want, room: &mut room }))?
                .is_none()
            {
                return Ok(());
            }
            self.scan.truncated |= room == 0;
            run.found.sort_unstable();
            run.found.dedup();
            if run.says_nothing(self.want) {
                // Thousands of these fit into a few bytes; their place is kept by the index of the others.
            } else if self.scan.runs.len() < MAX_RUNS {
                self.scan.calls += run.model_calls.len() + run.seen_calls.len();
                self.scan.runs.push(NodeRun { node: self.node.clone(), index, ..run });
            } else {
                self.scan.truncated = true;
            }
            index += 1;
        }
    }
}

struct OneRun<'r, 'w> {
    run: &'r mut NodeRun,
    want: Want<'w>,
    room: &'r mut usize,
}

impl<'de> Take<'de> for OneRun<'_, '_> {
    fn map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        fields!(map, {
            "startTime" => Instant(&mut self.run.start),
            "executionTime" => Count(&mut self.run.took),
            "executionIndex" => Count(&mut self.run.order),
            "executionStatus" => Text(&mut self.run.status),
            "source" => Sources(&mut self.run.sources),
            "metadata" => Metadata(&mut *self.run),
            "inputOverride" => Asked(&mut self.run.asked_model, ASKED),
            "data" => Outputs { run: &mut *self.run, want: self.want, room: &mut *self.room },
        })
    }
}

struct Sources<'a>(&'a mut Vec<Source>);

impl<'de> Take<'de> for Sources<'_> {
    fn seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        loop {
            let mut source = Source::default();
            if seq.next_element_seed(Any(&mut source))?.is_none() {
                return Ok(());
            }
            if source.node.is_some() {
                self.0.push(source);
            }
        }
    }
}

impl<'de> Take<'de> for &mut Source {
    fn map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        fields!(map, {
            "previousNode" => Text(&mut self.node),
            "previousNodeRun" => Count(&mut self.run),
            "previousNodeOutput" => Count(&mut self.output),
        })
    }
}

struct Metadata<'a>(&'a mut NodeRun);

impl<'de> Take<'de> for Metadata<'_> {
    fn map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut tally = Tally::default();
        let read = fields!(map, {
            "resumeUrl" => Text(&mut self.0.resume_url),
            "tokenUsage" => &mut tally,
        });
        self.0.recorded = tally.tokens();
        read
    }
}

/// The keys (an empty one for an array) that lead from a run's `inputOverride` to what the model was asked with.
const ASKED: &[&str] = &["ai_languageModel", "", "", "json", "options"];

struct Asked<'a>(&'a mut Option<String>, &'static [&'static str]);

impl<'de> Take<'de> for Asked<'_> {
    fn map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Some((step, rest)) = self.1.split_first() else {
            // LangChain writes its settings in snake case; which one holds the name differs by vendor.
            return fields!(map, { "model" | "model_name" | "modelName" | "model_id" | "deployment_name" => ModelName(&mut *self.0), });
        };
        while let Some(key) = map.next_key::<Key<'_>>()? {
            if key.0 == *step {
                map.next_value_seed(Any(Asked(&mut *self.0, rest)))?;
            } else {
                map.next_value::<serde::de::IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        match self.1.split_first() {
            Some((&"", rest)) => each!(seq, Asked(&mut *self.0, rest)),
            _ => each!(seq, Nothing),
        }
    }
}

struct Nothing;

impl Take<'_> for Nothing {}

/// A run's `data`: outputs by connection type.
pub(super) struct Outputs<'r, 'w> {
    pub(super) run: &'r mut NodeRun,
    pub(super) want: Want<'w>,
    pub(super) room: &'r mut usize,
}

impl<'de> Take<'de> for Outputs<'_, '_> {
    fn map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<Key<'_>>()? {
            let level = match (&*key.0, self.want) {
                ("main" | "ai_tool", _) => Level::Items,
                ("ai_languageModel", Want::Usage) => Level::ModelRecords,
                _ => {
                    map.next_value::<serde::de::IgnoredAny>()?;
                    continue;
                }
            };
            self.run.main |= key.0 == "main";
            map.next_value_seed(Any(Lists {
                run: &mut *self.run,
                want: self.want,
                room: &mut *self.room,
                level,
                deep: 0,
                output: 0,
            }))?;
        }
        Ok(())
    }
}

#[derive(Clone, Copy)]
enum Level {
    Items,
    ModelRecords,
}

/// `[[item, …], …]`: outputs, then items. No deeper.
struct Lists<'r, 'w> {
    run: &'r mut NodeRun,
    want: Want<'w>,
    room: &'r mut usize,
    level: Level,
    deep: u8,
    output: usize,
}

impl<'de> Take<'de> for Lists<'_, '_> {
    fn seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        if self.deep == 2 {
            return each!(seq, Nothing);
        }
        let mut output = self.output;
        loop {
            let inner = Lists {
                run: &mut *self.run,
                want: self.want,
                room: &mut *self.room,
                level: self.level,
                deep: self.deep + 1,
                output,
            };
            if seq.next_element_seed(Any(inner))?.is_none() {
                return Ok(());
            }
            if self.deep == 0 {
                output += 1;
            }
        }
    }

    fn map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        match self.level {
            Level::Items => {
                let mut body = Body::default();
                let read =
                    fields!(map, { "json" => ReadBody { body: &mut body, want: self.want, deep: 0 }, });
                let output = self.output;
                self.run.found.extend(body.ids.drain(..).map(|id| Found { output, id }));
                if *self.room > 0
                    && let Some(call) = body.call()
                {
                    *self.room -= 1;
                    self.run.seen_calls.push(call);
                }
                read
            }
            Level::ModelRecords => {
                let mut record = Record::default();
                let read = fields!(map, { "json" => &mut record, });
                if *self.room > 0
                    && let Some(call) = record.call()
                {
                    *self.room -= 1;
                    self.run.model_calls.push(call);
                }
                read
            }
        }
    }
}

/// What a model sub-node logs for one call.
#[derive(Default)]
struct Record {
    counted: Tally,
    estimate: Tally,
    model: Option<String>,
}

impl Record {
    fn call(self) -> Option<Call> {
        let counted = self.counted.tokens();
        let tokens = counted.or_else(|| self.estimate.tokens())?;
        Some(Call { id: None, model: self.model, tokens, estimated: counted.is_none() })
    }
}

impl<'de> Take<'de> for &mut Record {
    fn map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        fields!(map, {
            "tokenUsage" => &mut self.counted,
            "tokenUsageEstimate" => &mut self.estimate,
            "response" => Answered(&mut self.model, 0),
        })
    }
}

//! The runs of an execution's nodes (`runData`), each reduced to when it ran, where its input came from, and what of its
//! output was looked for.

use std::{collections::HashMap, sync::Arc};

use serde::de::{MapAccess, SeqAccess};

use super::lenient::{
    Any, Count, Instant, Key, NAME_BYTES, Named, Number, Take, Text, each, fields, shorten,
};
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

/// `response.generations[][].generationInfo.model_name`: the model that answered, where the vendor says so.
struct Answered<'a>(&'a mut Option<String>, u8);

impl<'de> Take<'de> for Answered<'_> {
    fn map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        if self.1 >= 6 {
            return fields!(map, {});
        }
        fields!(map, {
            "generations" | "generationInfo" => Answered(&mut *self.0, self.1 + 1),
            "model_name" | "model" => ModelName(&mut *self.0),
        })
    }

    fn seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        if self.1 >= 6 {
            return each!(seq, Nothing);
        }
        each!(seq, Answered(&mut *self.0, self.1 + 1))
    }
}

/// What a vendor's answer says about itself, wherever it stands in an item.
#[derive(Default)]
struct Body {
    id: Option<String>,
    model: Option<String>,
    usage: Tally,
    /// Ollama puts its counts beside the answer.
    beside: Tally,
    inner: Option<Box<Body>>,
    /// Numbers of the wanted ids in it.
    ids: Vec<usize>,
}

impl Body {
    fn call(self) -> Option<Call> {
        let inner = self.inner.and_then(|body| body.call());
        // Only with a model's name: `eval_count` alone is anybody's field.
        let beside = self.model.as_ref().and_then(|_| self.beside.tokens());
        match self.usage.tokens().or(beside) {
            None => inner,
            Some(tokens) => {
                let (inner_id, inner_model) = inner.map_or((None, None), |call| (call.id, call.model));
                Some(Call {
                    id: self.id.or(inner_id),
                    model: self.model.or(inner_model),
                    tokens,
                    estimated: false,
                })
            }
        }
    }
}

struct ReadBody<'b, 'w> {
    body: &'b mut Body,
    want: Want<'w>,
    deep: u8,
}

impl<'de> Take<'de> for ReadBody<'_, '_> {
    fn map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let ReadBody { body, want, deep } = self;
        while let Some(key) = map.next_key::<Key<'_>>()? {
            match (&*key.0, want) {
                // The whole response of an HTTP Request, or an API that wraps its answer.
                ("body" | "data" | "response" | "fullResponse" | "result" | "payload", _) if deep == 0 => {
                    let inner = body.inner.get_or_insert_default();
                    map.next_value_seed(Any(ReadBody { body: &mut *inner, want, deep: 1 }))?;
                    body.ids.append(&mut inner.ids);
                }
                ("id" | "responseId", Want::Usage) => map.next_value_seed(Any(Text(&mut body.id)))?,
                ("model" | "modelVersion", Want::Usage) => {
                    map.next_value_seed(Any(ModelName(&mut body.model)))?;
                }
                ("usage" | "usageMetadata" | "usage_metadata", Want::Usage) => {
                    map.next_value_seed(Any(&mut body.usage))?;
                }
                ("prompt_eval_count", Want::Usage) => map.next_value_seed(Any(body.beside.prompt()))?,
                ("eval_count", Want::Usage) => map.next_value_seed(Any(body.beside.output()))?,
                (key, Want::Ids(ids)) if key == "id" || key.ends_with("_id") || key.ends_with("Id") => {
                    map.next_value_seed(Any(OneOf { ids, found: &mut body.ids }))?;
                }
                _ => {
                    map.next_value::<serde::de::IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

struct OneOf<'b, 'w> {
    ids: &'w HashMap<String, usize>,
    found: &'b mut Vec<usize>,
}

impl Take<'_> for OneOf<'_, '_> {
    fn text(self, text: &str) {
        self.found.extend(self.ids.get(text));
    }

    fn number(self, number: Number) {
        if let Some(n) = number.count() {
            self.text(&n.to_string());
        }
    }
}

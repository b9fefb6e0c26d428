//! The one pass over an execution: what `Summary` and `WaitView` need is kept, the rest goes by undecoded.
//!
//! The outer shapes accepted are the row of n8n's API, its `data` alone, `resultData` alone, the output of an Error
//! Trigger (`{execution, workflow}`), an array that starts with a row, and n8n's flatted text in place of any of them.
//! What is kept grows with the number of node runs, not with the data that flowed through them.

use std::collections::HashMap;

use serde::de::{DeserializeSeed, MapAccess, SeqAccess};

use super::flatted::Pool;
use super::lenient::{Any, Flag, Instant, Key, NAME_BYTES, Named, Prose, Take, Text, each, fields, shorten};
use super::node_run::{ModelName, Outputs, RunData};
use super::seen::{NodeInfo, Scan, Want, WorkflowData};
use crate::json::{self, JsonError};

/// Rows may be wrapped: `{execution: {data: {resultData}}}` is the deepest seen in the wild.
const MAX_WRAPPING: u8 = 4;
/// An error message is for a list entry; the whole text stays with n8n.
const ERROR_BYTES: usize = 500;

impl Scan {
    pub(super) fn read(json: &[u8], want: Want<'_>) -> Result<Self, JsonError> {
        let mut scan = Self::default();
        json::walk(json, Any(Row { scan: &mut scan, want, wrapping: 0, unfolds: true }))?;
        // A flatted text that came as an array instead of a string: its entries look like a row that says nothing.
        if scan.runs.is_empty() && json.trim_ascii_start().first() == Some(&b'[') {
            let mut unfolded = Self::default();
            if unfolded.take_flatted(json, want) {
                return Ok(unfolded);
            }
        }
        Ok(scan)
    }

    /// True if the text was flatted data of an execution.
    fn take_flatted(&mut self, text: &[u8], want: Want<'_>) -> bool {
        let Ok(text) = json::walked(text) else { return false };
        let Some(pool) = Pool::split(&text) else { return false };
        let row = Row { scan: self, want, wrapping: 0, unfolds: false };
        if Any(row).deserialize(pool.root()).is_err() {
            self.truncated = true;
        }
        !self.runs.is_empty()
    }
}

/// A row, or anything that may stand in its place.
struct Row<'s, 'w> {
    scan: &'s mut Scan,
    want: Want<'w>,
    wrapping: u8,
    /// Text may hold a whole execution, but no text inside that one does.
    unfolds: bool,
}

impl<'w> Row<'_, 'w> {
    fn inner(&mut self) -> Row<'_, 'w> {
        Row { scan: self.scan, want: self.want, wrapping: self.wrapping + 1, unfolds: self.unfolds }
    }
}

impl<'de> Take<'de> for Row<'_, '_> {
    fn text(self, text: &str) {
        if !self.unfolds {
            return;
        }
        match text.trim_ascii_start().as_bytes().first() {
            Some(b'[') => {
                self.scan.take_flatted(text.as_bytes(), self.want);
            }
            Some(b'{') => {
                let row = Row { scan: self.scan, want: self.want, wrapping: 0, unfolds: false };
                // Text in a field may be anything; if it is no JSON, it is simply not data.
                let _ = json::walk(text.as_bytes(), Any(row));
            }
            _ => {}
        }
    }

    fn seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        if self.wrapping < MAX_WRAPPING {
            seq.next_element_seed(Any(self.inner()))?;
        }
        while seq.next_element::<serde::de::IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        if self.wrapping >= MAX_WRAPPING {
            self.scan.truncated = true;
            return fields!(map, {});
        }
        fields!(map, {
            "id" => Named(&mut self.scan.id),
            "execution_id" | "executionId" => Named(&mut self.scan.execution_id),
            "workflowId" | "workflow_id" => Named(&mut self.scan.workflow_id),
            "status" => Text(&mut self.scan.status),
            "finished" => Flag(&mut self.scan.finished),
            "mode" => Text(&mut self.scan.mode),
            "startedAt" | "started_at" => Instant(&mut self.scan.started_at),
            "stoppedAt" | "stopped_at" => Instant(&mut self.scan.stopped_at),
            "waitTill" => Instant(&mut self.scan.wait_till),
            "resumeToken" => Text(&mut self.scan.resume_token),
            "lastNodeExecuted" => Text(&mut self.scan.last_node),
            "error" => Failure(&mut self.scan.error),
            "workflowData" | "workflow" => Definition(&mut self.scan.workflow),
            "executionData" => Stack { scan: &mut *self.scan, want: self.want },
            "runData" => RunData { scan: &mut *self.scan, want: self.want },
            "data" | "resultData" | "execution" => self.inner(),
        })
    }
}

struct Failure<'a>(&'a mut Option<String>);

impl<'de> Take<'de> for Failure<'_> {
    fn text(self, text: &str) {
        Prose(self.0, ERROR_BYTES).text(text);
    }

    fn map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        fields!(map, { "message" => Prose(&mut *self.0, ERROR_BYTES), })
    }
}

struct Definition<'a>(&'a mut WorkflowData);

impl<'de> Take<'de> for Definition<'_> {
    fn map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        fields!(map, {
            "id" => Text(&mut self.0.id),
            "name" => Text(&mut self.0.name),
            "nodes" => Nodes(&mut self.0.nodes),
            "connections" => Connections(&mut self.0.links),
        })
    }
}

/// `connections`: by the name of a node and the type of its output, lists of targets.
struct Connections<'a>(&'a mut HashMap<String, Vec<String>>);

impl<'de> Take<'de> for Connections<'_> {
    fn map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(node) = map.next_key::<Key<'_>>()? {
            let targets = self.0.entry(shorten(&node.0, NAME_BYTES).to_owned()).or_default();
            map.next_value_seed(Any(Targets { found: targets, deep: 0 }))?;
        }
        Ok(())
    }
}

/// `{main: [[{node}]]}`: outputs, then targets. No deeper.
struct Targets<'a> {
    found: &'a mut Vec<String>,
    deep: u8,
}

impl<'de> Take<'de> for Targets<'_> {
    fn map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        match self.deep {
            0 => fields!(map, { "main" => Targets { found: &mut *self.found, deep: 1 }, }),
            _ => {
                let mut name = None;
                let read = fields!(map, { "node" => Text(&mut name), });
                self.found.extend(name);
                read
            }
        }
    }

    fn seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        if self.deep == 0 || self.deep > 2 {
            while seq.next_element::<serde::de::IgnoredAny>()?.is_some() {}
            return Ok(());
        }
        each!(seq, Targets { found: &mut *self.found, deep: self.deep + 1 })
    }
}

struct Nodes<'a>(&'a mut HashMap<String, NodeInfo>);

impl<'de> Take<'de> for Nodes<'_> {
    fn seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        loop {
            let mut node = NodeInfo::default();
            if seq.next_element_seed(Any(&mut node))?.is_none() {
                return Ok(());
            }
            if let Some(name) = node.name.clone() {
                self.0.insert(name, node);
            }
        }
    }
}

impl<'de> Take<'de> for &mut NodeInfo {
    fn map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        fields!(map, {
            "name" => Text(&mut self.name),
            "type" => Text(&mut self.kind),
            "disabled" => Flag(&mut self.disabled),
            "parameters" => Parameters(&mut *self),
        })
    }
}

struct Parameters<'a>(&'a mut NodeInfo);

impl<'de> Take<'de> for Parameters<'_> {
    fn map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        fields!(map, {
            "resume" => Text(&mut self.0.resume),
            "operation" => Text(&mut self.0.operation),
            "httpMethod" => Text(&mut self.0.method),
            "incomingAuthentication" => Text(&mut self.0.authentication),
            "url" => Text(&mut self.0.url),
            "model" | "modelName" | "modelId" => ModelName(&mut self.0.model),
            "options" => WaitOptions(&mut self.0.suffix),
        })
    }
}

struct WaitOptions<'a>(&'a mut Option<String>);

impl<'de> Take<'de> for WaitOptions<'_> {
    fn map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        fields!(map, { "webhookSuffix" => Text(&mut *self.0), })
    }
}

/// `executionData`: the first entry of the stack is the node to run next.
struct Stack<'s, 'w> {
    scan: &'s mut Scan,
    want: Want<'w>,
}

impl<'de> Take<'de> for Stack<'_, '_> {
    fn map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        fields!(map, { "nodeExecutionStack" => StackEntries { scan: &mut *self.scan, want: self.want }, })
    }
}

struct StackEntries<'s, 'w> {
    scan: &'s mut Scan,
    want: Want<'w>,
}

impl<'de> Take<'de> for StackEntries<'_, '_> {
    fn seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        seq.next_element_seed(Any(StackEntry { scan: &mut *self.scan, want: self.want }))?;
        while seq.next_element::<serde::de::IgnoredAny>()?.is_some() {}
        Ok(())
    }
}

struct StackEntry<'s, 'w> {
    scan: &'s mut Scan,
    want: Want<'w>,
}

impl<'de> Take<'de> for StackEntry<'_, '_> {
    fn map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        // What waits there was put out by another run, where its usage is counted.
        let mut room = 0;
        fields!(map, {
            "node" => &mut self.scan.next_node,
            "data" => Outputs { run: &mut self.scan.next_input, want: self.want, room: &mut room },
        })
    }
}

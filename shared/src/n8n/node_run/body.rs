//! What a vendor's answer says about itself, wherever it stands in what a node put out.

use std::collections::HashMap;

use serde::de::{MapAccess, SeqAccess};

use super::{ModelName, Nothing};
use crate::n8n::{
    lenient::{Any, Key, Number, Take, Text, each, fields},
    seen::{Call, Want},
    tokens::Tally,
};

/// `response.generations[][].generationInfo.model_name`: the model that answered, where the vendor says so.
pub(super) struct Answered<'a>(pub(super) &'a mut Option<String>, pub(super) u8);

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
pub(super) struct Body {
    pub(super) id: Option<String>,
    pub(super) model: Option<String>,
    pub(super) usage: Tally,
    /// Ollama puts its counts beside the answer.
    pub(super) beside: Tally,
    pub(super) inner: Option<Box<Body>>,
    /// Numbers of the wanted ids in it.
    pub(super) ids: Vec<usize>,
}

impl Body {
    pub(super) fn call(self) -> Option<Call> {
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

pub(super) struct ReadBody<'b, 'w> {
    pub(super) body: &'b mut Body,
    pub(super) want: Want<'w>,
    pub(super) deep: u8,
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

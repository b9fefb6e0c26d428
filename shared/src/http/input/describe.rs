//! Schemas of what requests may hold. Only the API document calls what is here.

use serde_json::{Map, Value, json};
use utoipa::openapi::{
    RefOr, Required, Schema,
    path::{Parameter, ParameterBuilder, ParameterIn},
    schema::{ObjectBuilder, SchemaType},
};

use super::{Declared, Field};
use crate::config::MAX_BODY_BYTES;

/// Elements that fit into a body: each needs a character and a comma.
pub const MOST_ITEMS: usize = MAX_BODY_BYTES / 2;

/// How a field is asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked {
    /// In a query, where everything is text and nothing is null.
    pub query: bool,
    pub required: bool,
    /// It may be left out, and not emptied.
    pub kept: bool,
    /// To the letter: text stands for nothing but itself.
    pub strict: bool,
}

impl Asked {
    /// Whether blank text is taken for a field that was left out.
    pub fn blank(self) -> bool {
        (self.query || !self.required) && !self.kept && !self.strict
    }

    pub fn null(self) -> bool {
        !self.query && if self.strict { !self.required } else { self.blank() }
    }

    /// How the items of a list are asked for.
    #[must_use]
    pub fn item(self) -> Self {
        Self { required: true, query: false, kept: false, ..self }
    }

    /// The type of a value, where reading is lenient others that are taken for it, and null.
    pub fn types(self, kind: &str, others: &[&str]) -> Value {
        let others = others.iter().copied().filter(|_| !self.strict);
        let all: Vec<&str> = [kind].into_iter().chain(others).chain(self.null().then_some("null")).collect();
        if let [one] = all[..] { json!(one) } else { json!(all) }
    }

    /// A pattern for the text of a value. The blanks around it are taken off, which no pattern says.
    pub fn pattern(self, pattern: &str) -> Value {
        if self.blank() { json!(format!("^(|{pattern})$")) } else { json!(format!("^({pattern})$")) }
    }
}

/// Text that may have so many characters, or a number in its place.
pub fn text(asked: Asked, most: usize) -> Value {
    if asked.query && !asked.strict {
        return json!({ "type": "string", "maxLength": most });
    }
    let mut schema = json!({ "type": asked.types("string", &["number"]), "maxLength": most });
    if !asked.blank() && (asked.required || asked.kept) {
        schema["minLength"] = json!(1);
        schema["pattern"] = json!(r"\S");
    }
    schema
}

/// Text of a form of its own.
pub fn formed(asked: Asked, format: &str, pattern: &str, most: usize) -> Value {
    json!({
        "type": asked.types("string", &[]), "format": format, "pattern": asked.pattern(pattern), "maxLength": most,
    })
}

/// Text of a pattern, which ends where it ends.
pub fn patterned(asked: Asked, pattern: &str, most: usize) -> Value {
    json!({ "type": asked.types("string", &[]), "pattern": asked.pattern(pattern), "maxLength": most })
}

/// One of a few words.
pub fn words(asked: Asked, words: &[&str]) -> Value {
    let mut values: Vec<Value> = words.iter().map(|word| json!(word)).collect();
    values.extend(asked.blank().then(|| json!("")));
    values.extend(asked.null().then_some(Value::Null));
    json!({
        "type": asked.types("string", &[]), "enum": values,
        "maxLength": words.iter().map(|word| word.len()).max(),
    })
}

/// An object or a list (`kind`), which may come as text that holds it.
pub fn holding(asked: Asked, kind: &str) -> Value {
    let mut schema = json!({ "type": asked.types(kind, &["string"]) });
    if !asked.strict {
        schema["format"] = json!("json");
        schema["pattern"] = asked.pattern(if kind == "array" { r"\[[\s\S]*\]" } else { r"\{[\s\S]*\}" });
        schema["maxLength"] = json!(MAX_BODY_BYTES);
    }
    schema
}

/// A list of so many items, which may come as text that holds it.
pub fn list(asked: Asked, items: Value, least: usize, most: usize) -> Value {
    let mut schema = holding(asked, "array");
    schema["items"] = items;
    schema["maxItems"] = json!(most);
    if least > 0 {
        schema["minItems"] = json!(least);
    }
    if least > 0
        && !asked.strict
        && let Some(words) = schema["items"]["enum"].as_array()
    {
        // Of text, what surely holds one: `[]` does not.
        let words: Vec<_> =
            words.iter().filter_map(Value::as_str).map(|word| word.replace('*', r"\*")).collect();
        let word = format!("\"({})\"", words.join("|"));
        schema["pattern"] = asked.pattern(&format!(r"\[ ?{word}(, ?{word}){{0,9}} ?\]"));
        schema.as_object_mut().map(|schema| schema.remove("format"));
    }
    schema
}

/// Any JSON value that says something.
pub fn anything(asked: Asked) -> Value {
    if asked.null() {
        return json!({});
    }
    json!({
        "type": ["string", "number", "boolean", "object", "array"], "items": {}, "maxItems": MOST_ITEMS,
        "minLength": 1, "maxLength": MAX_BODY_BYTES, "pattern": r"\S",
    })
}

/// What a declaration says of something, for people.
#[derive(Default)]
pub struct Note {
    docs: &'static [&'static str],
    example: Option<Value>,
}

impl Note {
    pub fn new(docs: &'static [&'static str], example: Option<Value>) -> Self {
        Self { docs, example }
    }

    fn text(&self) -> Option<String> {
        let lines: Vec<&str> = self.docs.iter().map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
        (!lines.is_empty()).then(|| lines.join("\n").trim().to_owned())
    }
}

/// The fields of an input, as they are described one after the other.
pub struct Description {
    asked: Asked,
    fields: Vec<Described>,
}

struct Described {
    name: &'static str,
    note: Note,
    schema: Value,
    required: bool,
}

impl Description {
    fn of<T: Declared>(query: bool, strict: bool) -> Self {
        let asked = Asked { query, strict: strict || T::STRICT, ..Asked::default() };
        let mut description = Self { asked, fields: Vec::new() };
        T::describe(&mut description);
        description
    }

    /// How a field is asked for that may be left out.
    pub fn asked(&self) -> Asked {
        self.asked
    }

    /// An empty one for fields of the same place.
    pub(super) fn of_the_same(&self) -> Self {
        Self { asked: self.asked, fields: Vec::new() }
    }

    pub(super) fn add<F: Field>(&mut self, name: &'static str, note: Note, asked: Asked) {
        self.fields.push(Described { name, note, schema: F::schema(asked), required: asked.required });
    }

    pub(super) fn take_over(&mut self, other: Self, hidden: &[&str]) {
        self.fields.extend(other.fields.into_iter().filter(|field| !hidden.contains(&field.name)));
    }
}

/// The schema of an input; `strict` where what it is a part of is.
pub fn object<T: Declared>(strict: bool) -> Value {
    let Description { asked, fields } = Description::of::<T>(false, strict);
    let required: Vec<_> = fields.iter().filter(|field| field.required).map(|field| field.name).collect();
    let mut schema = json!({ "type": "object" });
    if let Some(text) = T::about().text() {
        schema["description"] = json!(text);
    }
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    if asked.strict || T::CLOSED {
        schema["additionalProperties"] = json!(false);
    }
    for Described { name, note, schema: mut property, .. } in fields {
        if let Some(text) = note.text() {
            property["description"] = json!(text);
        }
        if let Some(example) = note.example {
            property["example"] = example;
        }
        schema["properties"][name] = property;
    }
    schema
}

/// The schema of an input, as utoipa takes it.
pub fn schema<T: Declared>() -> RefOr<Schema> {
    plain(object::<T>(false))
}

/// The parameters of an input that is a query.
pub fn parameters<T: Declared>() -> Vec<Parameter> {
    let parameter = |field: Described| {
        ParameterBuilder::new()
            .name(field.name)
            .parameter_in(ParameterIn::Query)
            .required(if field.required { Required::True } else { Required::False })
            .description(field.note.text())
            .example(field.note.example)
            .schema(Some(plain(field.schema)))
            .build()
    };
    Description::of::<T>(true, false).fields.into_iter().map(parameter).collect()
}

/// A schema that is JSON already. utoipa's own builders know no list that may be text, and no field of several types with
/// bounds of each.
pub fn plain(schema: Value) -> RefOr<Schema> {
    let members = if let Value::Object(members) = schema { members } else { Map::new() };
    let object = ObjectBuilder::new().schema_type(SchemaType::AnyValue);
    object.extensions(Some(members.into_iter().collect())).build().into()
}

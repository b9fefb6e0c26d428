//! Types of events, as queries name them.

use serde_json::Value;
use shared::{
    domain::event::{AUDITED, EventType},
    http::{
        fields::Fields,
        input::{Asked, Field, Words, describe},
    },
};

/// Types that one query names.
const MOST: usize = 20;
/// Characters of a list of them.
const MAX_TEXT: usize = MOST * 40;

/// One or several types, with commas between them.
pub struct Types;

impl Field for Types {
    type Value = Vec<EventType>;

    fn read(fields: &mut Fields, name: &str) -> Option<Vec<EventType>> {
        let text = fields.text(name, MAX_TEXT)?;
        let mut kinds = Vec::new();
        for word in text.split(',') {
            match word.trim().parse::<EventType>() {
                Ok(kind) if !kinds.contains(&kind) => kinds.push(kind),
                Ok(_) => {}
                Err(_) => {
                    let shown: String = word.trim().chars().take(60).collect();
                    fields.refuse(
                        name,
                        format!("{shown:?} is no type of event: GET /v1/events/types lists them"),
                    );
                    return None;
                }
            }
        }
        if kinds.len() > MOST {
            fields.refuse(name, format!("must name at most {MOST} types"));
            return None;
        }
        Some(kinds)
    }

    fn schema(asked: Asked) -> Value {
        let names: Vec<_> = EventType::ALL.iter().map(|kind| kind.as_str().replace('.', r"\.")).collect();
        let one = format!("({})", names.join("|"));
        describe::formed(asked, "event-types", &format!("{one}(,{one}){{0,{}}}", MOST - 1), MAX_TEXT)
    }
}

/// A type that the audit log has.
pub struct Action;

impl Words for Action {
    type Value = EventType;

    const WORDS: &'static [&'static str] = AUDITED;

    fn parse(word: &str) -> Option<EventType> {
        AUDITED.contains(&word).then(|| word.parse().ok()).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Vec<EventType>> {
        let mut fields: Fields = [("type".to_owned(), text.to_owned())].into_iter().collect();
        Types::read(&mut fields, "type")
    }

    #[test]
    fn types_are_named_with_commas_between_them() {
        assert_eq!(read("lead.created"), Some(vec![EventType::LeadCreated]));
        let both = Some(vec![EventType::LeadCreated, EventType::LeadDeleted]);
        assert_eq!(read("lead.created, lead.deleted,lead.created"), both);
        for text in ["lead", "lead.created,", "lead.created;lead.deleted", "LEAD.CREATED"] {
            assert_eq!(read(text), None, "{text}");
        }
        let all: Vec<_> = EventType::ALL.iter().map(|kind| kind.as_str()).collect();
        assert_eq!(read(&all.join(",")), None);
    }
}

//! Conditions, changes and ranges rendered as expressions. Its one rule: a name or value of the caller is only ever a
//! placeholder, so that no attribute is a reserved word and no value is syntax.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::items::{self, PK};
use crate::store::{Change, Cond, Range, SortValue};

/// The placeholders of one request and what they stand for.
#[derive(Debug, Default)]
pub(super) struct Expressions {
    placeholders: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
}

impl Expressions {
    /// The condition expression; none when every item may be written.
    pub(super) fn condition(&mut self, cond: &Cond) -> Option<String> {
        match decided(cond) {
            Some(true) => None,
            // The service has no `false`, and only its own refusal carries the item as it stands.
            Some(false) => Some(self.about_the_item("AND")),
            None => Some(self.render(cond)),
        }
    }

    /// The condition of a check, which DynamoDB wants in any case.
    pub(super) fn check(&mut self, cond: &Cond) -> String {
        self.condition(cond).unwrap_or_else(|| self.about_the_item("OR"))
    }

    /// The update expression; none when nothing changes but the item's being there.
    pub(super) fn update(&mut self, changes: &[Change]) -> Option<String> {
        let (mut set, mut remove, mut add) = (Vec::new(), Vec::new(), Vec::new());
        for change in changes {
            match change {
                Change::Set(name, value) => {
                    set.push(format!("{} = {}", self.name(name), self.value(items::encode(value))));
                }
                Change::Remove(name) => remove.push(self.name(name)),
                Change::Add(name, number) => {
                    add.push(format!("{} {}", self.name(name), self.number(*number)));
                }
            }
        }
        let clauses = [("SET", set), ("REMOVE", remove), ("ADD", add)];
        let clauses = clauses.into_iter().filter(|(_, parts)| !parts.is_empty());
        let text =
            clauses.map(|(verb, parts)| format!("{verb} {}", parts.join(", "))).collect::<Vec<_>>().join(" ");
        (!text.is_empty()).then_some(text)
    }

    /// The key condition of a query on the index whose key attributes are named.
    pub(super) fn key_condition(&mut self, (pk, sk): (&str, &str), partition: &str, range: &Range) -> String {
        let partition =
            format!("{} = {}", self.name(pk), self.value(AttributeValue::S(partition.to_owned())));
        match range {
            Range::All => partition,
            Range::Prefix(prefix) => {
                let prefix = self.value(AttributeValue::S(prefix.clone()));
                format!("{partition} AND begins_with({}, {prefix})", self.name(sk))
            }
            Range::Between(low, high) => {
                let (low, high) = (self.value(sort_value(low)), self.value(sort_value(high)));
                format!("{partition} AND {} BETWEEN {low} AND {high}", self.name(sk))
            }
        }
    }

    /// What the placeholders `#…` stand for. DynamoDB refuses an empty map, hence the option.
    pub(super) fn names(&self) -> Option<HashMap<String, String>> {
        let names: HashMap<_, _> =
            self.placeholders.iter().map(|(name, placeholder)| (placeholder.clone(), name.clone())).collect();
        (!names.is_empty()).then_some(names)
    }

    /// What the placeholders `:…` stand for.
    pub(super) fn values(self) -> Option<HashMap<String, AttributeValue>> {
        (!self.values.is_empty()).then_some(self.values)
    }

    /// Renders what is not [`decided`]; of a list, only such parts are left in, since an unused placeholder is refused.
    fn render(&mut self, cond: &Cond) -> String {
        match cond {
            Cond::Always => self.about_the_item("OR"),
            Cond::Absent => format!("attribute_not_exists({})", self.name(PK)),
            Cond::Exists => format!("attribute_exists({})", self.name(PK)),
            Cond::Eq(name, value) => format!("{} = {}", self.name(name), self.value(items::encode(value))),
            Cond::Lt(name, number) => format!("{} < {}", self.name(name), self.number(*number)),
            Cond::Le(name, number) => format!("{} <= {}", self.name(name), self.number(*number)),
            Cond::Missing(name) => format!("attribute_not_exists({})", self.name(name)),
            Cond::Has(name) => format!("attribute_exists({})", self.name(name)),
            Cond::All(parts) => self.joined(parts, " AND "),
            Cond::Any(parts) => self.joined(parts, " OR "),
        }
    }

    fn joined(&mut self, parts: &[Cond], operator: &str) -> String {
        let open = parts.iter().filter(|part| decided(part).is_none());
        let mut rendered: Vec<_> = open.map(|part| self.render(part)).collect();
        match rendered.len() {
            1 => rendered.remove(0),
            _ => format!("({})", rendered.join(operator)),
        }
    }

    fn about_the_item(&mut self, operator: &str) -> String {
        let pk = self.name(PK);
        format!("attribute_exists({pk}) {operator} attribute_not_exists({pk})")
    }

    fn name(&mut self, name: &str) -> String {
        let next = format!("#{}", self.placeholders.len());
        self.placeholders.entry(name.to_owned()).or_insert(next).clone()
    }

    fn value(&mut self, value: AttributeValue) -> String {
        let placeholder = format!(":{}", self.values.len());
        self.values.insert(placeholder.clone(), value);
        placeholder
    }

    fn number(&mut self, number: i64) -> String {
        self.value(AttributeValue::N(number.to_string()))
    }
}

pub(super) fn sort_value(value: &SortValue) -> AttributeValue {
    match value {
        SortValue::N(number) => AttributeValue::N(number.to_string()),
        SortValue::S(text) => AttributeValue::S(text.clone()),
    }
}

/// Whether the condition holds, where that is known without an item.
fn decided(cond: &Cond) -> Option<bool> {
    match cond {
        Cond::Always => Some(true),
        Cond::All(parts) if parts.iter().any(|part| decided(part) == Some(false)) => Some(false),
        Cond::All(parts) => parts.iter().all(|part| decided(part) == Some(true)).then_some(true),
        Cond::Any(parts) if parts.iter().any(|part| decided(part) == Some(true)) => Some(true),
        Cond::Any(parts) => parts.iter().all(|part| decided(part) == Some(false)).then_some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn condition(cond: &Cond) -> (Option<String>, Expressions) {
        let mut expressions = Expressions::default();
        (expressions.condition(cond), expressions)
    }

    #[test]
    fn a_name_used_twice_has_one_placeholder() {
        let (text, expressions) =
            condition(&Cond::All(vec![Cond::has("a"), Cond::le("a", 3), Cond::eq("b", "x")]));
        assert_eq!(text.unwrap(), "(attribute_exists(#0) AND #0 <= :0 AND #1 = :1)");
        assert_eq!(expressions.names().unwrap()["#0"], "a");
        assert_eq!(expressions.values().unwrap()[":1"], AttributeValue::S("x".into()));
    }

    #[test]
    fn a_condition_that_needs_no_item_is_decided_here() {
        let never = Cond::Any(vec![]);
        for always in [Cond::Always, Cond::All(vec![]), Cond::Any(vec![never.clone(), Cond::Always])] {
            let (text, expressions) = condition(&always);
            assert_eq!((text, expressions.names(), expressions.values()), (None, None, None));
        }
        let contradiction = "attribute_exists(#0) AND attribute_not_exists(#0)";
        assert_eq!(condition(&never).0.unwrap(), contradiction);
        let (text, expressions) = condition(&Cond::All(vec![Cond::eq("a", 1), never]));
        assert_eq!((text.as_deref(), expressions.values()), (Some(contradiction), None));
    }

    #[test]
    fn a_decided_part_is_left_out() {
        let (text, expressions) =
            condition(&Cond::All(vec![Cond::Always, Cond::has("a"), Cond::Any(vec![Cond::Always])]));
        assert_eq!(text.unwrap(), "attribute_exists(#0)");
        assert_eq!(expressions.names().unwrap().len(), 1);
    }

    #[test]
    fn nested_conditions_keep_their_brackets() {
        let any = Cond::Any(vec![Cond::Absent, Cond::All(vec![Cond::Exists, Cond::lt("n", 1)])]);
        let expected = "(attribute_not_exists(#0) OR (attribute_exists(#0) AND #1 < :0))";
        assert_eq!(condition(&any).0.unwrap(), expected);
    }

    #[test]
    fn changes_are_grouped_by_verb() {
        let mut expressions = Expressions::default();
        let changes = [
            Change::add("n", 2),
            Change::set("a", 1),
            Change::remove("b"),
            Change::set("c", "x"),
            Change::remove("d"),
        ];
        assert_eq!(expressions.update(&changes).unwrap(), "SET #1 = :1, #3 = :2 REMOVE #2, #4 ADD #0 :0");
        assert_eq!(Expressions::default().update(&[]), None);
    }
}

//! How an organization tells its leads apart: the statuses they go through, and the fields of its own that they have.
//!
//! Its one rule: a lead names statuses and fields by id. So a label may change, and a name be used anew, without a
//! single lead being touched.

mod changes;

use std::{collections::BTreeMap, num::NonZeroU8, sync::LazyLock};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{custom_field::CustomField, words::fold};
use crate::{clock::Millis, ids::StatusId};

pub use changes::{MAX_FIELDS, MAX_STATUSES, Refusal};

/// Colour of a status that was made without one.
pub const DEFAULT_COLOR: &str = "#64748b";

/// Labels and colours of the statuses that every organization has, in their first order. Their ids count from 1.
const BUILT_IN: [(&str, &str); 7] = [
    ("New", "#3b82f6"),
    ("Contacted", "#06b6d4"),
    ("Qualified", "#8b5cf6"),
    ("Proposal", "#f59e0b"),
    ("Negotiation", "#f97316"),
    ("Won", "#22c55e"),
    ("Lost", "#ef4444"),
];

/// What a lead of a status that cannot be found is shown with.
static NEW: LazyLock<Status> = LazyLock::new(|| built_in(LeadSetup::NEW, BUILT_IN[0]));

/// The statuses and custom fields of one organization.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LeadSetup {
    /// In the order shown.
    pub statuses: Vec<Status>,
    /// In the order of their creation.
    pub fields: Vec<CustomField>,
    /// Deleted statuses under which leads may still lie.
    pub draining: Vec<Drain>,
    /// 0 until something is changed for the first time.
    pub v: u64,
}

/// A step that leads go through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    pub id: StatusId,
    pub label: String,
    /// `#rrggbb`.
    pub color: String,
    /// One that every organization has: it stays as it is.
    pub is_default: bool,
}

/// A deleted status on its way out: its leads show as `to` at once and are moved there in the background.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drain {
    pub from: StatusId,
    pub to: StatusId,
    pub since: Millis,
}

impl Default for LeadSetup {
    fn default() -> Self {
        let ids = (0..).map(|n| StatusId::built_in(NonZeroU8::MIN.saturating_add(n)));
        let statuses = ids.zip(BUILT_IN).map(|(id, status)| built_in(id, status)).collect();
        Self { statuses, fields: Vec::new(), draining: Vec::new(), v: 0 }
    }
}

impl LeadSetup {
    /// The status that leads begin with, and fall back to.
    pub const NEW: StatusId = StatusId::built_in(NonZeroU8::MIN);

    /// The status with this label, whatever its case, or with this id in digits.
    pub fn status(&self, label_or_id: &str) -> Option<&Status> {
        let folded = fold(label_or_id);
        let by_id = || {
            let digits = folded.bytes().all(|byte| byte.is_ascii_digit());
            self.find(folded.parse().ok().filter(|_| digits)?)
        };
        self.labelled(&folded).or_else(by_id)
    }

    /// The status with this id.
    pub fn find(&self, id: StatusId) -> Option<&Status> {
        self.statuses.iter().find(|status| status.id == id)
    }

    /// What a lead that names `id` is shown with: a status that was deleted shows as the one that took its leads, or as
    /// New.
    pub fn shown(&self, id: StatusId) -> &Status {
        let heir = || self.find(self.draining.iter().find(|drain| drain.from == id)?.to);
        self.find(id).or_else(heir).or_else(|| self.find(Self::NEW)).unwrap_or(&NEW)
    }

    /// The ids that leads shown with `id` may name: its own, and those of deleted statuses whose leads it takes.
    pub fn named_as(&self, id: StatusId) -> Vec<StatusId> {
        let taken = self.draining.iter().filter(|drain| drain.to == id).map(|drain| drain.from);
        std::iter::once(id).chain(taken).collect()
    }

    /// The field with this machine name.
    pub fn field(&self, machine_name: &str) -> Option<&CustomField> {
        self.fields.iter().find(|field| field.machine_name == machine_name)
    }

    pub fn machine_names(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(|field| field.machine_name.as_str())
    }

    /// A lead's values by machine name, null where a field has none. Values of deleted fields do not show; a value whose
    /// option was removed does.
    pub fn show_values(&self, stored: &BTreeMap<String, Value>) -> Map<String, Value> {
        let shown = |field: &CustomField| {
            let value = stored.get(&field.id.to_string()).cloned().unwrap_or_default();
            (field.machine_name.clone(), value)
        };
        self.fields.iter().map(shown).collect()
    }

    fn labelled(&self, folded: &str) -> Option<&Status> {
        self.statuses.iter().find(|status| fold(&status.label) == folded)
    }
}

/// A colour as `#rrggbb`, in lower case.
pub fn read_color(text: &str) -> Option<String> {
    let digits = text.strip_prefix('#')?;
    let fits = digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    fits.then(|| text.to_ascii_lowercase())
}

/// Puts values that were read (null clears one) into those that a lead has.
pub fn merge_values(stored: &mut BTreeMap<String, Value>, read: BTreeMap<String, Value>) {
    stored.extend(read);
    stored.retain(|_, value| !value.is_null());
}

fn built_in(id: StatusId, (label, color): (&str, &str)) -> Status {
    Status { id, label: label.into(), color: color.into(), is_default: true }
}

#[cfg(test)]
mod tests {
    use crate::ids::{EntityId, Id};
    use serde_json::json;

    use super::*;
    use crate::domain::custom_field::FieldType;

    fn id<I: EntityId>(value: u64) -> I {
        I::of(Id::from_u64(value).unwrap())
    }

    fn field(value: u64, machine_name: &str) -> CustomField {
        CustomField {
            id: id(value),
            label: machine_name.into(),
            machine_name: machine_name.into(),
            field_type: FieldType::Text,
            options: Vec::new(),
            required: false,
        }
    }

    #[test]
    fn every_organization_has_seven_statuses_from_the_start() {
        let setup = LeadSetup::default();
        let labels: Vec<_> = setup.statuses.iter().map(|status| status.label.as_str()).collect();
        assert_eq!(labels, ["New", "Contacted", "Qualified", "Proposal", "Negotiation", "Won", "Lost"]);
        let ids: Vec<_> = setup.statuses.iter().map(|status| status.id.get()).collect();
        assert_eq!(ids, [1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(setup.find(LeadSetup::NEW).unwrap().label, "New");
    }

    #[test]
    fn a_status_is_found_by_label_and_by_id() {
        let setup = LeadSetup::default();
        for text in ["Qualified", " qualified ", "QUALIFIED", "3", "03"] {
            assert_eq!(setup.status(text).map(|status| status.id), Some(id(3)), "{text}");
        }
        for text in ["", "Quali", "8", "0", "-3", "st_3", "3.0"] {
            assert_eq!(setup.status(text), None, "{text}");
        }
    }

    #[test]
    fn a_status_that_is_gone_shows_as_its_heir_or_as_new() {
        let mut setup = LeadSetup::default();
        setup.draining.push(Drain { from: id(90), to: id(6), since: Millis(0) });
        assert_eq!(setup.shown(id(4)).label, "Proposal");
        assert_eq!(setup.shown(id(90)).label, "Won");
        assert_eq!(setup.shown(id(91)).label, "New");
        assert_eq!(setup.named_as(id(6)), [id(6), id(90)]);
        assert_eq!(setup.named_as(LeadSetup::NEW), [LeadSetup::NEW]);
        setup.statuses.clear();
        assert_eq!(setup.shown(id(4)).id, LeadSetup::NEW);
    }

    #[test]
    fn values_show_by_machine_name_and_those_of_deleted_fields_do_not() {
        let setup =
            LeadSetup { fields: vec![field(11, "budget"), field(12, "region")], ..LeadSetup::default() };
        let stored = BTreeMap::from([("11".to_owned(), json!("high")), ("99".to_owned(), json!("secret"))]);
        let shown = setup.show_values(&stored);
        assert_eq!(Value::Object(shown), json!({ "budget": "high", "region": null }));
    }

    #[test]
    fn colours_have_six_digits() {
        assert_eq!(read_color("#3B82f6").as_deref(), Some("#3b82f6"));
        for text in ["3b82f6", "#3b82f", "#3b82f6f", "#3b82fg", "blue", "#ééé", ""] {
            assert_eq!(read_color(text), None, "{text}");
        }
    }

    #[test]
    fn null_clears_a_value() {
        let mut stored = BTreeMap::from([("11".to_owned(), json!("high")), ("12".to_owned(), json!(3))]);
        merge_values(
            &mut stored,
            BTreeMap::from([("11".to_owned(), Value::Null), ("13".to_owned(), json!(true))]),
        );
        assert_eq!(stored, BTreeMap::from([("12".to_owned(), json!(3)), ("13".to_owned(), json!(true))]));
    }
}

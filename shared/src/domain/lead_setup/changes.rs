//! What may be done to a pipeline.
//!
//! Its one rule: a refused change leaves the pipeline as it was.

use std::collections::BTreeSet;

use super::{DEFAULT_COLOR, Drain, LeadSetup, Status};
use crate::{
    clock::Millis,
    domain::{
        custom_field::{CustomField, Shape, machine_name},
        words::fold,
    },
    ids::{FieldId, StatusId},
};

/// Statuses of an organization, the built-in ones among them.
pub const MAX_STATUSES: usize = 100;
/// Custom fields of an organization.
pub const MAX_FIELDS: usize = 100;

/// Why a change is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Nothing has this id.
    Unknown,
    /// It is one of the statuses that every organization has.
    BuiltIn,
    /// Another status has this label.
    LabelTaken(StatusId),
    /// A label of digits alone would read as an id.
    LabelIsNumber,
    /// The leads of a deleted status need another one to go to.
    NoHeir,
    /// The order names something that is no status.
    NotInOrder(StatusId),
    /// The order names a status twice.
    Twice(StatusId),
    TooManyStatuses,
    TooManyFields,
}

impl LeadSetup {
    /// Adds a status at the end.
    pub fn add_status(
        &mut self,
        id: StatusId,
        label: String,
        color: Option<String>,
    ) -> Result<&Status, Refusal> {
        self.check_label(&label, None)?;
        if self.statuses.len() >= MAX_STATUSES {
            return Err(Refusal::TooManyStatuses);
        }
        let color = color.unwrap_or_else(|| DEFAULT_COLOR.into());
        let at = self.statuses.len();
        self.statuses.push(Status { id, label, color, is_default: false });
        Ok(&self.statuses[at])
    }

    /// Changes what is given of a custom status.
    pub fn change_status(
        &mut self,
        id: StatusId,
        label: Option<String>,
        color: Option<String>,
    ) -> Result<(), Refusal> {
        let at = self.custom_status(id)?;
        if let Some(label) = &label {
            self.check_label(label, Some(id))?;
        }
        let status = &mut self.statuses[at];
        status.label = label.unwrap_or(std::mem::take(&mut status.label));
        status.color = color.unwrap_or(std::mem::take(&mut status.color));
        Ok(())
    }

    /// Deletes a custom status. Its leads show as those of `heir` (a label or an id; New when none is named) from now
    /// on, and so do those of statuses that it was the heir of. Returns the heir's id.
    pub fn delete_status(
        &mut self,
        id: StatusId,
        heir: Option<&str>,
        now: Millis,
    ) -> Result<StatusId, Refusal> {
        let at = self.custom_status(id)?;
        let to = match heir {
            Some(named) => self.status(named).map(|status| status.id).filter(|to| *to != id),
            None => Some(Self::NEW),
        };
        let to = to.ok_or(Refusal::NoHeir)?;
        self.statuses.remove(at);
        for drain in self.draining.iter_mut().filter(|drain| drain.to == id) {
            drain.to = to;
        }
        self.draining.push(Drain { from: id, to, since: now });
        Ok(to)
    }

    /// The leads of a deleted status have all been moved.
    pub fn drained(&mut self, from: StatusId) {
        self.draining.retain(|drain| drain.from != from);
    }

    /// Puts the named statuses first, in this order. The others follow in the order they had.
    pub fn reorder(&mut self, ids: &[StatusId]) -> Result<(), Refusal> {
        let mut named = BTreeSet::new();
        for id in ids {
            self.find(*id).ok_or(Refusal::NotInOrder(*id))?;
            if !named.insert(*id) {
                return Err(Refusal::Twice(*id));
            }
        }
        let place = |status: &Status| ids.iter().position(|id| *id == status.id).unwrap_or(ids.len());
        // Stable: those that are not named stay as they stood to each other.
        self.statuses.sort_by_key(place);
        Ok(())
    }

    /// Adds a field at the end, under a machine name of its own.
    pub fn add_field(
        &mut self,
        id: FieldId,
        label: String,
        shape: Shape,
        required: bool,
    ) -> Result<&CustomField, Refusal> {
        if self.fields.len() >= MAX_FIELDS {
            return Err(Refusal::TooManyFields);
        }
        let machine_name = machine_name(&label, |name| self.field(name).is_some());
        let Shape { field_type, options } = shape;
        let at = self.fields.len();
        self.fields.push(CustomField { id, label, machine_name, field_type, options, required });
        Ok(&self.fields[at])
    }

    /// The field with this id, to be changed.
    pub fn field_mut(&mut self, id: FieldId) -> Result<&mut CustomField, Refusal> {
        self.fields.iter_mut().find(|field| field.id == id).ok_or(Refusal::Unknown)
    }

    /// Deletes a field: its values show no more, and its machine name is free.
    pub fn delete_field(&mut self, id: FieldId) -> Result<(), Refusal> {
        let at = self.fields.iter().position(|field| field.id == id).ok_or(Refusal::Unknown)?;
        self.fields.remove(at);
        Ok(())
    }

    fn custom_status(&self, id: StatusId) -> Result<usize, Refusal> {
        let at = self.statuses.iter().position(|status| status.id == id).ok_or(Refusal::Unknown)?;
        if self.statuses[at].is_default { Err(Refusal::BuiltIn) } else { Ok(at) }
    }

    /// Whether a label may be given to the status `own`, or to a new one.
    fn check_label(&self, label: &str, own: Option<StatusId>) -> Result<(), Refusal> {
        let folded = fold(label);
        if folded.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Refusal::LabelIsNumber);
        }
        match self.labelled(&folded).filter(|holder| Some(holder.id) != own) {
            Some(holder) => Err(Refusal::LabelTaken(holder.id)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::custom_field::FieldType;
    use crate::ids::{EntityId, Id};

    fn id<I: EntityId>(value: u64) -> I {
        I::of(Id::from_u64(value).unwrap())
    }

    fn ids(setup: &LeadSetup) -> Vec<u64> {
        setup.statuses.iter().map(|status| status.id.get()).collect()
    }

    /// With the custom statuses 11 and 12.
    fn setup() -> LeadSetup {
        let mut setup = LeadSetup::default();
        setup.add_status(id(11), "Nurturing".into(), None).unwrap();
        setup.add_status(id(12), "On Hold".into(), Some("#112233".into())).unwrap();
        setup
    }

    #[test]
    fn a_status_is_added_at_the_end_under_a_label_of_its_own() {
        let mut setup = setup();
        assert_eq!(ids(&setup), [1, 2, 3, 4, 5, 6, 7, 11, 12]);
        assert_eq!(setup.find(id(11)).unwrap().color, DEFAULT_COLOR);
        for (label, refusal) in [
            ("qualified", Refusal::LabelTaken(id(3))),
            (" on  hold ", Refusal::LabelTaken(id(12))),
            ("12", Refusal::LabelIsNumber),
        ] {
            assert_eq!(setup.add_status(id(13), label.into(), None), Err(refusal), "{label}");
        }
        for n in 13..=103 {
            setup.add_status(id(n), format!("Step {n}"), None).unwrap();
        }
        assert_eq!(setup.add_status(id(104), "Step 104".into(), None), Err(Refusal::TooManyStatuses));
    }

    #[test]
    fn only_custom_statuses_change() {
        let mut setup = setup();
        setup.change_status(id(12), Some("ON HOLD".into()), None).unwrap();
        let changed = setup.find(id(12)).unwrap();
        assert_eq!((changed.label.as_str(), changed.color.as_str()), ("ON HOLD", "#112233"));
        setup.change_status(id(12), None, Some("#000000".into())).unwrap();
        assert_eq!(setup.find(id(12)).unwrap().color, "#000000");
        let before = setup.clone();
        for (status, label, refusal) in [
            (id(3), "Hot", Refusal::BuiltIn),
            (id(99), "Hot", Refusal::Unknown),
            (id(12), "nurturing", Refusal::LabelTaken(id(11))),
            (id(12), "7", Refusal::LabelIsNumber),
        ] {
            assert_eq!(setup.change_status(status, Some(label.into()), None), Err(refusal), "{label}");
        }
        assert_eq!(setup, before);
    }

    #[test]
    fn a_deleted_status_leaves_its_leads_to_an_heir() {
        let mut setup = setup();
        assert_eq!(setup.delete_status(id(3), None, Millis(5)), Err(Refusal::BuiltIn));
        assert_eq!(setup.delete_status(id(99), None, Millis(5)), Err(Refusal::Unknown));
        for heir in ["Lost and found", "11", "nurturing"] {
            assert_eq!(setup.delete_status(id(11), Some(heir), Millis(5)), Err(Refusal::NoHeir), "{heir}");
        }
        assert_eq!(setup.delete_status(id(11), Some("on hold"), Millis(5)), Ok(id(12)));
        assert_eq!(setup.shown(id(11)).id, id(12));
        assert_eq!(setup.delete_status(id(12), None, Millis(6)), Ok(LeadSetup::NEW));
        assert_eq!((setup.shown(id(11)).id, setup.shown(id(12)).id), (LeadSetup::NEW, LeadSetup::NEW));
        assert_eq!(setup.named_as(LeadSetup::NEW), [LeadSetup::NEW, id(11), id(12)]);
        setup.drained(id(11));
        assert_eq!(setup.named_as(LeadSetup::NEW), [LeadSetup::NEW, id(12)]);
        assert!(setup.add_status(id(13), "Nurturing".into(), None).is_ok(), "its label is free");
    }

    #[test]
    fn an_order_puts_those_it_names_first() {
        let mut setup = setup();
        setup.reorder(&[id(3), id(1), id(12), id(2)]).unwrap();
        assert_eq!(ids(&setup), [3, 1, 12, 2, 4, 5, 6, 7, 11]);
        assert_eq!(setup.reorder(&[id(2), id(99)]), Err(Refusal::NotInOrder(id(99))));
        assert_eq!(setup.reorder(&[id(2), id(4), id(2)]), Err(Refusal::Twice(id(2))));
        assert_eq!(ids(&setup), [3, 1, 12, 2, 4, 5, 6, 7, 11]);
    }

    #[test]
    fn a_machine_name_is_free_again_when_its_field_is_gone() {
        let mut setup = LeadSetup::default();
        let text = || Shape { field_type: FieldType::Text, options: Vec::new() };
        let mut add = |n, label: &str| {
            let added = setup.add_field(id(n), label.into(), text(), false);
            added.map(|field| field.machine_name.clone())
        };
        assert_eq!(add(21, "Deal Size").as_deref(), Ok("deal_size"));
        assert_eq!(add(22, "Deal size").as_deref(), Ok("deal_size_2"));
        setup.delete_field(id(21)).unwrap();
        assert_eq!(setup.delete_field(id(21)), Err(Refusal::Unknown));
        let anew = setup.add_field(id(23), "Deal Size".into(), text(), false).unwrap();
        assert_eq!(anew.machine_name, "deal_size");
        for n in 24..=121 {
            setup.add_field(id(n), format!("Field {n}"), text(), false).unwrap();
        }
        let beyond = setup.add_field(id(122), "x".into(), text(), false);
        assert_eq!(beyond, Err(Refusal::TooManyFields));
    }
}

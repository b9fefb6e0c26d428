//! Custom payloads.
//!
//! "Which one is it?" → by id. "The newest" → the tenant's partition backwards. "The newest with this status" → index
//! `gsi1`, one partition per status. "Is one of this execution being regenerated?" → one marker item per execution.

use crate::{
    domain::{
        payload::Payload,
        review::{AutomationStatus, ResumeState},
    },
    ids::Id,
    queue::TaskKind,
    repo::{
        due,
        listing::{self, Listed},
    },
    store::{Cond, Index, Key, Position, Query, SortValue, Store, StoreError, Write, attr, encode, segment},
    tenant::TenantId,
};

/// What a list asks for. Everything given must match.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub task_type: Option<String>,
    pub automation_status: Option<AutomationStatus>,
    pub human_interaction: Option<bool>,
    pub group_id: Option<Id>,
    /// Folded text, looked for in title and task type.
    pub search: Option<String>,
}

impl Filter {
    fn matches(&self, payload: &Payload) -> bool {
        self.task_type.as_ref().is_none_or(|wanted| *wanted == payload.task_type)
            && self.automation_status.is_none_or(|wanted| wanted == payload.review.automation_status)
            && self.human_interaction.is_none_or(|wanted| wanted == payload.review.human_interaction)
            && self.group_id.is_none_or(|wanted| wanted == payload.group_id)
            && self.search.as_ref().is_none_or(|text| payload.matches(text))
    }
}

/// The payloads of one tenant.
#[derive(Clone, Copy)]
pub struct Payloads<'a> {
    pub store: &'a dyn Store,
    pub tenant: TenantId,
}

impl Payloads<'_> {
    pub fn key(&self, id: Id) -> Key {
        Key::of(self.tenant, "payload", id.sortable())
    }

    pub async fn get(&self, id: Id) -> Result<Option<Payload>, StoreError> {
        self.store.get(&self.key(id)).await?.map(|item| item.decode()).transpose()
    }

    pub fn insert(&self, payload: &Payload) -> Result<Write, StoreError> {
        Ok(self.put(payload)?.when(Cond::Absent))
    }

    /// Replaces the payload: `payload.v` is one more than the stored version.
    pub fn replace(&self, payload: &Payload) -> Result<Write, StoreError> {
        Ok(self.put(payload)?.when(Cond::version(payload.v - 1)))
    }

    pub fn delete(&self, payload: &Payload) -> Write {
        Write::delete(self.key(payload.id)).when(Cond::version(payload.v))
    }

    /// The newest matches below `before`, up to `limit`.
    pub async fn list(
        &self,
        filter: &Filter,
        limit: usize,
        before: Option<Id>,
    ) -> Result<Listed<Payload>, StoreError> {
        let query = self.list_query(filter, before);
        listing::collect(
            self.store,
            query,
            limit,
            |payload: &Payload| payload.id,
            |payload| filter.matches(payload),
        )
        .await
    }

    fn list_query(&self, filter: &Filter, before: Option<Id>) -> Query {
        match filter.automation_status {
            Some(status) => Query::on(Index::Gsi1, self.status_partition(status)).newest_first().after(
                before.map(|id| Position { key: self.key(id), sort: Some(SortValue::S(id.sortable())) }),
            ),
            None => Query::table(Key::partition(self.tenant, "payload"))
                .newest_first()
                .after(before.map(|id| Position { key: self.key(id), sort: None })),
        }
    }

    /// Marks that a payload of this execution waits to be posted again.
    pub fn mark_regenerating(&self, payload: &Payload) -> Result<Option<Write>, StoreError> {
        let Some(key) = self.marker_key(payload) else { return Ok(None) };
        Ok(Some(Write::put(key, encode(&Marker { payload_id: payload.id })?)))
    }

    /// The payload of this execution that waits to be posted again.
    pub async fn regenerating(&self, like: &Payload) -> Result<Option<Payload>, StoreError> {
        let Some(key) = self.marker_key(like) else { return Ok(None) };
        let Some(marker) = self.store.get(&key).await? else { return Ok(None) };
        let found = self.get(marker.decode::<Marker>()?.payload_id).await?;
        Ok(found.filter(|payload| payload.review.automation_status == AutomationStatus::Regenerate))
    }

    /// Takes the mark away.
    pub fn unmark_regenerating(&self, payload: &Payload) -> Option<Write> {
        self.marker_key(payload).map(Write::delete)
    }

    fn marker_key(&self, payload: &Payload) -> Option<Key> {
        let (workflow, execution) = (payload.workflow_id.as_ref()?, payload.execution_id.as_ref()?);
        let partition = format!("regenerating#{}#{}", segment(workflow), segment(execution));
        Some(Key::of(self.tenant, &partition, segment(&payload.task_type)))
    }

    fn put(&self, payload: &Payload) -> Result<Write, StoreError> {
        let key = self.key(payload.id);
        let mut attrs = encode(payload)?;
        attrs.insert(attr::GSI1_PK.into(), self.status_partition(payload.review.automation_status).into());
        attrs.insert(attr::GSI1_SK.into(), payload.id.sortable().into());
        let debt = payload.review.resume.as_ref().filter(|resume| resume.state == ResumeState::Pending);
        due::owe(
            &mut attrs,
            &key,
            debt.and_then(|resume| Some((TaskKind::ResumeN8n, resume.next_attempt_at?))),
        );
        Ok(Write::put(key, attrs))
    }

    fn status_partition(&self, status: AutomationStatus) -> String {
        Key::partition(self.tenant, &format!("payloads#{}", status.as_str()))
    }
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Marker {
    payload_id: Id,
}

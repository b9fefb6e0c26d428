use shared::{
    domain::event::Event,
    error::Result,
    http::{
        ctx::Ctx,
        dialect::c,
        input::{Between, Cursor, InQuery, Time, Until, Word},
        page::cursor,
        reply::Reply,
        shown::{Shown, shown},
    },
    ids::UserId,
    ops::events::{self, Audited, Span},
};
use utoipa::ToSchema;

use super::wire::{CategoryWord, EntryOut};
use crate::types::Action;

shared::input! {
    /// Which entries to list. Everything given must match.
    pub struct ListQuery {
        /// `keys`, `roles`, `settings`, `logins` or `decisions`.
        category: Option<Word<CategoryWord>>,
        /// A kind of action, such as `api_key.created`.
        action: Option<Word<Action>>,
        /// Only what this person did.
        actor_id: Option<UserId>,
        /// No older than this moment. The audit log goes back 400 days.
        from: Option<Time>,
        /// No newer than this moment; a mere day counts to its end.
        to: Option<Until>,
        /// 1 to 1,000, default 100. A part may hold a few more: what happened in one moment is on one part.
        per_page: Option<Between<1, 1_000>>,
        /// `next_cursor` of the part before.
        cursor: Option<Cursor>,
    }
}

/// A part of the entries, newest first.
#[derive(Debug, ToSchema)]
#[schema(as = AuditLog)]
#[expect(dead_code, reason = "describes what the envelope of the dialect makes of the list")]
pub struct Listing {
    audit_log: Vec<Shown<EntryOut>>,
    /// Always null: nobody counts them.
    total_count: Option<u64>,
    /// Sent back as `cursor` it gives what follows; absent at the end.
    next_cursor: Option<String>,
}

/// Lists who did what with keys, roles, settings, logins and decisions, newest first.
///
/// Entries are written in the transaction of what they tell, kept for 400 days, and changed by nobody.
#[utoipa::path(get, path = "/api/v1/audit_log", operation_id = "list_audit_log",
    params(ListQuery), responses((status = 200, description = "A part of them.", body = Listing)))]
pub async fn handler(ctx: Ctx, InQuery(query): InQuery<ListQuery>) -> Result<Reply> {
    let ListQuery { category, action: kind, actor_id: by, from, to, per_page, cursor: before } = query;
    let span = Span { from, to };
    let limit = per_page.unwrap_or(100) as usize;
    let listed = events::audit(&ctx, &Audited { category, kind, by, span }, limit, before).await?;
    let next_cursor = listed.next.map(cursor);
    let items =
        shown(ctx.tenant, listed.rows(), |event: &Event| event.id, |event| Ok(EntryOut::from(event)))?;
    c::list(&c::Listing { plural: "audit_log", items: &items, total_count: None, next_cursor })
}

use axum::response::{IntoResponse, Response};
use http::header;
use shared::{
    domain::event::Event,
    error::{Error, Result},
    http::{
        ctx::Ctx,
        input::{Cursor, InQuery, Time, Until, Word},
        page::cursor,
    },
    ids::UserId,
    metrics::Unreadable,
    ops::events::{self, Audited, Span},
    repo::listing::Row,
};

use super::wire::{CategoryWord, EntryOut};
use crate::types::Action;

/// Entries of one file. A part of them is read and written at a time.
const MOST: usize = 10_000;
const AT_ONCE: usize = 1_000;
/// Bytes of one file: Lambda answers with at most 6 MB.
const MAX_BYTES: usize = 5_000_000;

shared::input! {
    /// Which entries to export. Everything given must match.
    pub struct ExportQuery {
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
        /// `X-Next-Cursor` of the file before.
        cursor: Option<Cursor>,
    }
}

/// Exports the audit log as CSV (RFC 4180), newest first.
///
/// A file holds up to 10,000 entries; where there are more, the header `X-Next-Cursor` says where the next file begins. A cell
/// that a spreadsheet would take for a formula begins with an apostrophe.
#[utoipa::path(get, path = "/api/v1/audit_log/export", operation_id = "export_audit_log",
    params(ExportQuery),
    responses((status = 200, description = "The entries.", body = String, content_type = "text/csv",
        example = "id,created_at,category,action,actor_id,actor,through,api_key_id,subject_type,subject_id,data\r\n")))]
pub async fn handler(ctx: Ctx, InQuery(query): InQuery<ExportQuery>) -> Result<Response> {
    let ExportQuery { category, action: kind, actor_id: by, from, to, cursor: mut next } = query;
    let span = Span { from, to };
    let wanted = Audited { category, kind, by, span };
    let mut file = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    file.write_record(HEADERS).map_err(Error::internal)?;
    let mut written = 0;
    let mut gaps = Unreadable::of(ctx.tenant);
    loop {
        let listed = events::audit(&ctx, &wanted, AT_ONCE, next).await?;
        next = listed.next;
        for row in listed.rows() {
            if let Err(unreadable) = &row {
                gaps.add(unreadable.id, &unreadable.why);
            }
            file.write_record(cells(row)?).map_err(Error::internal)?;
            written += 1;
        }
        if next.is_none() || written >= MOST || file.get_ref().len() >= MAX_BYTES {
            break;
        }
    }
    gaps.log();
    let body = file.into_inner().map_err(|error| Error::internal(error.to_string()))?;
    let media = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"audit-log.csv\""),
    ];
    let next = next.map(|id| [("x-next-cursor", cursor(id))]);
    Ok(match next {
        Some(next) => (media, next, body).into_response(),
        None => (media, body).into_response(),
    })
}

const HEADERS: [&str; 11] = [
    "id",
    "created_at",
    "category",
    "action",
    "actor_id",
    "actor",
    "through",
    "api_key_id",
    "subject_type",
    "subject_id",
    "data",
];

fn cells(row: Row<Event>) -> Result<[String; 11]> {
    let entry = match row {
        Ok(event) => EntryOut::from(event),
        Err(unreadable) => {
            let mut cells = [const { String::new() }; 11];
            cells[0] = unreadable.id.prefixed("evt");
            cells[10] = "unreadable".into();
            return Ok(cells);
        }
    };
    let data = serde_json::to_string(&entry.data).map_err(Error::internal)?;
    let cells = [
        entry.id,
        entry.created_at,
        entry.category.to_owned(),
        entry.action.to_string(),
        entry.actor_id.map(|id| id.to_string()).unwrap_or_default(),
        entry.actor.unwrap_or_default(),
        entry.through.unwrap_or_default().to_owned(),
        entry.api_key_id.map(|id| id.to_string()).unwrap_or_default(),
        entry.subject_type,
        entry.subject_id.to_string(),
        data,
    ];
    Ok(cells.map(harmless))
}

/// A cell that no spreadsheet takes for a formula.
fn harmless(cell: String) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formula_is_made_harmless() {
        for (cell, shown) in [("=1+1", "'=1+1"), ("@x", "'@x"), ("-1", "'-1"), ("jane", "jane"), ("", "")] {
            assert_eq!(harmless(cell.into()), shown);
        }
    }
}

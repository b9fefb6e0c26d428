//! Pages of one partition. Its one rule: a page seeks to its start; it never walks there.

use rusqlite::types::Value as Sql;
use rusqlite::{Connection, Row, params_from_iter};

use super::{cost, row};
use crate::{
    json::{self, Tree},
    store::{Index, Item, Key, Page, Position, Query, Range, SortValue, StoreError, attr, limits},
};

/// One page, and what it costs. The query has passed [`crate::store::check::query`].
pub(super) fn page(conn: &Connection, query: &Query) -> Result<(Page, f64), StoreError> {
    let (text, values) = statement(query);
    let mut select = conn.prepare_cached(&text)?;
    let mut rows = select.query(params_from_iter(values))?;
    let mut page = Page::default();
    let mut bytes = 0;
    let mut last = None;
    while let Some(row) = rows.next()? {
        let (item, sort) = entry(query, row)?;
        let size = item.bytes();
        if bytes + size > limits::PAGE_BYTES && !page.items.is_empty() {
            page.next = last;
            return Ok((page, cost::query(query.index, bytes)));
        }
        bytes += size;
        last = Some(Position { key: item.key.clone(), sort });
        page.items.push(item);
    }
    // Like DynamoDB: a full page names its end, though nothing may come after it.
    if page.items.len() == query.limit {
        page.next = last;
    }
    Ok((page, cost::query(query.index, bytes)))
}

fn entry(query: &Query, row: &Row<'_>) -> Result<(Item, Option<SortValue>), StoreError> {
    let key = Key::from_parts(row.get::<_, String>(0)?, row.get::<_, String>(1)?);
    match query.index {
        Index::Table => Ok((row::item(key, row, 2)?, None)),
        Index::Gsi1 => {
            let sort: String = row.get(2)?;
            let keys = [(attr::GSI1_PK, query.partition.clone()), (attr::GSI1_SK, sort.clone())];
            let attrs = keys.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
            Ok((Item::new(key, attrs), Some(SortValue::S(sort))))
        }
        Index::Due => {
            let at: i64 = row.get(2)?;
            let task = row.get::<_, Option<String>>(3)?.map(|task| json::stored::<Tree>(&task)).transpose();
            let task = task.map_err(|e| StoreError::Corrupt(format!("{key}: {}: {e}", attr::DUE_TASK)))?;
            let attrs = cost::due_entry(
                Some(query.partition.as_str().into()),
                Some(at.into()),
                task.map(|Tree(task)| task),
            );
            Ok((Item::new(key, attrs), Some(SortValue::N(at))))
        }
    }
}

/// The select of a page with its values. The forms are few, so the statements stay prepared.
fn statement(query: &Query) -> (String, Vec<Sql>) {
    let (columns, source, partition, sort) = match query.index {
        Index::Table => ("pk, sk, body, bytes", "items", "pk", "sk"),
        Index::Gsi1 => ("pk, sk, gsi1sk", "items INDEXED BY items_gsi1", "gsi1pk", "gsi1sk"),
        Index::Due => ("pk, sk, due_at, due_task", "items INDEXED BY items_due", "due_shard", "due_at"),
    };
    let mut text = format!("SELECT {columns} FROM {source} WHERE {partition} = ?");
    let mut values = vec![Sql::from(query.partition.clone())];
    let mut and = |term: &str, value: Sql| {
        text.push_str(&format!(" AND {sort} {term} ?"));
        values.push(value);
    };

    // The start of the page replaces the end of the range on its side: it lies within, and one bound is one seek.
    let (from_start, from_end) = match &query.after {
        None => (true, true),
        Some(_) => (query.newest_first, !query.newest_first),
    };
    match &query.range {
        Range::All => {}
        Range::Prefix(prefix) => {
            if from_start {
                and(">=", prefix.clone().into());
            }
            if let Some(end) = after_prefix(prefix).filter(|_| from_end) {
                and("<", end.into());
            }
        }
        Range::Between(low, high) => {
            if from_start {
                and(">=", sql(low));
            }
            if from_end {
                and("<=", sql(high));
            }
        }
    }
    let (than, order) = if query.newest_first { ("<", "DESC") } else { (">", "ASC") };
    if let Some(after) = &query.after {
        match &after.sort {
            None => and(than, after.key.sk().to_owned().into()),
            Some(value) => {
                text.push_str(&format!(" AND ({sort}, pk, sk) {than} (?, ?, ?)"));
                values.extend([
                    sql(value),
                    after.key.pk().to_owned().into(),
                    after.key.sk().to_owned().into(),
                ]);
            }
        }
    }
    text.push_str(&format!(" ORDER BY {sort} {order}, pk {order}, sk {order} LIMIT ?"));
    values.push(i64::try_from(query.limit).unwrap_or(i64::MAX).into());
    (text, values)
}

fn sql(value: &SortValue) -> Sql {
    match value {
        SortValue::N(number) => (*number).into(),
        SortValue::S(text) => text.clone().into(),
    }
}

/// The first string after all that start with the prefix; none where nothing comes after.
fn after_prefix(prefix: &str) -> Option<String> {
    let mut chars: Vec<char> = prefix.chars().collect();
    while let Some(last) = chars.pop() {
        // The order of characters is the order of their UTF-8 bytes; the range skips the surrogates.
        if let Some(next) = (last..=char::MAX).nth(1) {
            chars.push(next);
            return Some(chars.into_iter().collect());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::*;
    use crate::store::embedded::file;

    #[test]
    fn a_statement_is_planned_once_whatever_its_values() {
        let conn = file::memory().unwrap();
        for query in [
            Query::table("p"),
            Query::table("p").newest_first(),
            Query::table("p").prefix("a"),
            Query::on(Index::Gsi1, "p").newest_first(),
            Query::on(Index::Due, "p").between(SortValue::N(0), SortValue::N(9)),
        ] {
            for limit in [1, 21, 100] {
                page(&conn, &query.clone().limit(limit)).unwrap();
            }
            let (text, _) = statement(&query);
            let plans_since = conn.prepare_cached(&text).unwrap().get_status(StatementStatus::RePrepare);
            assert_eq!(plans_since, 0, "{text}");
        }
    }

    #[test]
    fn the_end_of_a_prefix_is_the_next_string() {
        assert_eq!(after_prefix("a#").as_deref(), Some("a$"));
        assert_eq!(after_prefix("\u{d7ff}").as_deref(), Some("\u{e000}"));
        assert_eq!(after_prefix("a\u{10ffff}").as_deref(), Some("b"));
        assert_eq!(after_prefix("\u{10ffff}"), None);
    }
}

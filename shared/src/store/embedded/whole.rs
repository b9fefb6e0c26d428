//! Everything of one tenant, by two ranges of the one table.

use async_trait::async_trait;

use super::{Sqlite, row};
use crate::{
    store::{
        Key, Page, Position, StoreError,
        whole::{Whole, belongs},
    },
    tenant::TenantId,
};

/// Items of a page.
const PAGE: usize = 500;

#[async_trait]
impl Whole for Sqlite {
    async fn of_tenant(&self, tenant: TenantId, after: Option<&Key>) -> Result<Page, StoreError> {
        let (pk, sk) = after.map_or(("", ""), |key| (key.pk(), key.sk()));
        let (pk, sk, own) = (pk.to_owned(), sk.to_owned(), Key::partition(tenant, ""));
        self.read_job(move |conn| {
            let mut select = conn.prepare_cached(
                "SELECT pk, sk, body, bytes FROM items
                 WHERE (pk, sk) > (?1, ?2) AND (substr(pk, 1, 2) = 'G#' OR substr(pk, 1, ?3) = ?4)
                 ORDER BY pk, sk LIMIT ?5",
            )?;
            let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
            let mut rows = select.query((&pk, &sk, count(own.chars().count()), &own, count(PAGE)))?;
            let (mut page, mut read, mut last) = (Page::default(), 0, None);
            while let Some(row) = rows.next()? {
                let key = Key::from_parts(row.get::<_, String>(0)?, row.get::<_, String>(1)?);
                let item = row::item(key.clone(), row, 2)?;
                read += 1;
                last = Some(Position { key, sort: None });
                if belongs(tenant, &item.key, &*item.attrs()?) {
                    page.items.push(item);
                }
            }
            page.next = last.filter(|_| read == PAGE);
            Ok(page)
        })
        .await
    }
}

//! The records of a list. Its one rule: one that cannot be read is shown as that, and the list goes on.

use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    error::{Error, Result},
    ids::Id,
    metrics,
    repo::listing::Row,
    tenant::TenantId,
};

/// A record, or that it cannot be read.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum Shown<T> {
    Record(T),
    Unreadable(UnreadableRecord),
}

/// A record whose stored form cannot be read. It is counted and logged; asked for alone, it is answered with
/// `unreadable_record`.
#[derive(Debug, Serialize, ToSchema)]
pub struct UnreadableRecord {
    #[schema(value_type = u64, example = 42)]
    id: Id,
    /// Always true.
    unreadable: bool,
}

/// The rows of a list. A record of which a part turns out to be unreadable when it is shown is unreadable too.
pub fn shown<T, U, I: Into<Id>>(
    tenant: TenantId,
    rows: Vec<Row<T>>,
    id: impl Fn(&T) -> I,
    mut show: impl FnMut(T) -> Result<U>,
) -> Result<Vec<Shown<U>>> {
    let gap = |id| Shown::Unreadable(UnreadableRecord { id, unreadable: true });
    shown_as(tenant, rows, id, |record| show(record).map(Shown::Record), gap)
}

/// The same where a dialect has its own look of what cannot be read.
///
/// # Errors
/// What `show` says, but for a record that turns out to be unreadable.
pub fn shown_as<T, U, I: Into<Id>>(
    tenant: TenantId,
    rows: Vec<Row<T>>,
    id: impl Fn(&T) -> I,
    mut show: impl FnMut(T) -> Result<U>,
    unreadable: impl Fn(Id) -> U,
) -> Result<Vec<U>> {
    let mut gaps = metrics::Unreadable::of(tenant);
    let mut gap = |id: Id, why: &str| {
        gaps.add(id, why);
        unreadable(id)
    };
    let each = rows.into_iter().map(|row| match row {
        Ok(record) => {
            let id = id(&record).into();
            match show(record) {
                // What it says is for the caller. The cause says what was expected.
                Err(error) if error.code == Error::UNREADABLE => {
                    let cause = std::error::Error::source(&error).map(ToString::to_string);
                    Ok(gap(id, &cause.unwrap_or_default()))
                }
                shown => shown,
            }
        }
        Err(unreadable) => Ok(gap(unreadable.id, &unreadable.why)),
    });
    let shown = each.collect();
    gaps.log();
    shown
}

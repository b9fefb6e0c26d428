//! Which part of a list a query asks for.

use serde_json::Value;

use super::{Asked, Description, Field, Member, Note, numbers::any_number};
use crate::{
    http::{
        fields::Fields,
        page::{self, DEFAULT_LIMIT, MAX_LIMIT},
    },
    ids::Id,
};

crate::input! {
    /// A page of a list.
    pub struct Paging {
        /// 1 to 500, default 50.
        pub limit: Limit<DEFAULT_LIMIT, MAX_LIMIT>,
        /// `next_cursor` of the page before.
        pub cursor: Option<Cursor>,
    }
}

/// How many items, brought between 1 and `MOST` whatever number it is; `DEFAULT` when nothing is said.
pub struct Limit<const DEFAULT: usize, const MOST: usize>;

impl<const DEFAULT: usize, const MOST: usize> Member for Limit<DEFAULT, MOST> {
    type Draft = usize;
    type Value = usize;

    fn read(fields: &mut Fields, _: &str) -> usize {
        page::limit(fields, DEFAULT, MOST)
    }

    fn settle(draft: usize) -> Option<usize> {
        Some(draft)
    }

    fn describe(into: &mut Description, name: &'static str, note: Note) {
        into.add::<AnyNumber>(name, note, into.asked());
    }
}

/// What a limit may be.
struct AnyNumber;

impl Field for AnyNumber {
    type Value = String;

    fn read(fields: &mut Fields, name: &str) -> Option<String> {
        fields.text(name, 400)
    }

    fn schema(asked: Asked) -> Value {
        any_number(asked)
    }
}

/// Where a page of a list begins that everybody's query makes alike.
pub struct Cursor;

impl Field for Cursor {
    type Value = Id;

    fn read(fields: &mut Fields, name: &str) -> Option<Id> {
        let text = fields.text(name, page::MAX_CURSOR)?;
        page::after(fields, Some(&text))
    }

    fn schema(asked: Asked) -> Value {
        super::describe::text(asked, page::MAX_CURSOR)
    }
}

//! A walk through one of n8n's lists.
//!
//! Its one rule: it ends. n8n says how a list goes on, and what answers there need not be n8n: pages and bytes are counted, and
//! a cursor that was followed before is not followed again.

use std::collections::HashSet;

/// Bytes of all pages together. Workflows without their pinned data have some ten kilobytes each, with it up to megabytes.
const MOST_BYTES: usize = 128 * 1024 * 1024;

/// How far a walk is.
#[derive(Debug)]
pub struct Walk {
    pages: usize,
    /// Rows of a page.
    size: usize,
    /// Whether what is not needed is asked to be left out.
    lean: bool,
    bytes: usize,
    followed: HashSet<String>,
    at: At,
}

#[derive(Debug, PartialEq, Eq)]
enum At {
    Page(Option<String>),
    End,
    Cut(&'static str),
}

impl Walk {
    /// n8n's largest page (fact: 251 is refused by 2.8).
    pub const LARGEST: usize = 250;

    /// A walk of so many pages at most.
    pub fn of(pages: usize) -> Self {
        let (size, bytes) = (Self::LARGEST, MOST_BYTES);
        Self { pages, size, lean: true, bytes, followed: HashSet::new(), at: At::Page(None) }
    }

    /// The same in pages of so many rows.
    #[must_use]
    pub fn in_pages_of(self, size: usize) -> Self {
        Self { size: size.clamp(1, Self::LARGEST), ..self }
    }

    pub(super) fn size(&self) -> usize {
        self.size
    }

    pub(super) fn is_lean(&self) -> bool {
        self.lean
    }

    /// n8n cannot leave anything out.
    pub(super) fn take_all(&mut self) {
        self.lean = false;
    }

    /// A page was too long: half of it is asked for, from the same place. False when it was one row.
    pub(super) fn halve(&mut self) -> bool {
        let halves = self.size > 1;
        self.size = self.size.div_ceil(2);
        halves
    }

    /// Whether there is another page to ask for.
    pub fn goes_on(&self) -> bool {
        matches!(self.at, At::Page(_))
    }

    /// Why the list was not read to its end, when it was not.
    pub fn cut(&self) -> Option<&'static str> {
        if let At::Cut(why) = self.at { Some(why) } else { None }
    }

    pub(super) fn cursor(&self) -> Option<&str> {
        if let At::Page(cursor) = &self.at { cursor.as_deref() } else { None }
    }

    /// The longest page that may still come.
    pub(super) fn bytes_left(&self) -> usize {
        self.bytes
    }

    /// A page was read, and says how the list goes on.
    pub(super) fn turn(&mut self, bytes: usize, next: Option<String>) {
        self.pages = self.pages.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(bytes);
        self.at = match next {
            None => At::End,
            Some(_) if self.pages == 0 => At::Cut("it has too many pages"),
            Some(_) if self.bytes == 0 => At::Cut(TOO_LONG),
            Some(cursor) if self.followed.insert(cursor.clone()) => At::Page(Some(cursor)),
            Some(_) => At::Cut("it leads back to a page that was read"),
        };
    }

    /// The next page is longer than what may still come, and not just longer than a page may be.
    pub(super) fn overran(&mut self, page: usize) -> bool {
        let overran = self.bytes < page;
        if overran {
            self.at = At::Cut(TOO_LONG);
        }
        overran
    }
}

const TOO_LONG: &str = "it is too long";

#[cfg(test)]
mod tests {
    use super::*;

    /// Walks as far as it goes. Returns the pages that were read, and why no more.
    fn walk(
        pages: usize,
        bytes: usize,
        next: impl Fn(usize) -> Option<String>,
    ) -> (usize, Option<&'static str>) {
        let mut walk = Walk::of(pages);
        let mut read = 0;
        while walk.goes_on() {
            read += 1;
            walk.turn(bytes, next(read));
        }
        (read, walk.cut())
    }

    #[test]
    fn a_page_that_is_too_long_is_halved_down_to_one_row() {
        let mut walk = Walk::of(2).in_pages_of(50);
        let mut sizes = vec![walk.size()];
        while walk.halve() {
            sizes.push(walk.size());
        }
        assert_eq!(sizes, [50, 25, 13, 7, 4, 2, 1]);
        assert_eq!((Walk::of(2).in_pages_of(0).size(), Walk::of(2).in_pages_of(999).size()), (1, 250));
    }

    #[test]
    fn every_walk_ends() {
        let endless = |page: usize| Some(page.to_string());
        assert_eq!(walk(40, 10, |page| (page < 3).then(|| page.to_string())), (3, None));
        assert_eq!(walk(40, 10, endless), (40, Some("it has too many pages")));
        assert_eq!(walk(40, 10 << 20, endless), (13, Some(TOO_LONG)));
        assert_eq!(walk(40, 10, |_| Some("same".into())), (2, Some("it leads back to a page that was read")));
        assert_eq!(walk(40, 10, |page| Some((page % 3).to_string())).0, 4);
        let mut first = Walk::of(2);
        assert!(!first.overran(MOST_BYTES) && first.goes_on());
        first.turn(1, Some("x".into()));
        assert!(!first.overran(MOST_BYTES - 1) && first.goes_on());
        assert!(first.overran(MOST_BYTES) && first.cut() == Some(TOO_LONG));
    }
}

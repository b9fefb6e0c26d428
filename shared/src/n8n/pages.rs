//! A walk through one of n8n's lists.
//!
//! Its one rule: it ends. n8n says how a list goes on, and what answers there need not be n8n: pages and bytes are counted, and
//! a cursor that was followed before is not followed again.

use std::collections::HashSet;

/// Bytes of all pages together.
const MOST_BYTES: usize = 32 * 1024 * 1024;

/// How far a walk is.
#[derive(Debug)]
pub struct Walk {
    pages: usize,
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
    /// A walk of so many pages at most.
    pub fn of(pages: usize) -> Self {
        Self { pages, bytes: MOST_BYTES, followed: HashSet::new(), at: At::Page(None) }
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

    /// The next page is longer than what may still come. The first one has a limit of its own.
    pub(super) fn overran(&mut self) -> bool {
        let overran = !self.followed.is_empty();
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
    fn every_walk_ends() {
        let endless = |page: usize| Some(page.to_string());
        assert_eq!(walk(40, 10, |page| (page < 3).then(|| page.to_string())), (3, None));
        assert_eq!(walk(40, 10, endless), (40, Some("it has too many pages")));
        assert_eq!(walk(40, 10 << 20, endless), (4, Some(TOO_LONG)));
        assert_eq!(walk(40, 10, |_| Some("same".into())), (2, Some("it leads back to a page that was read")));
        assert_eq!(walk(40, 10, |page| Some((page % 3).to_string())).0, 4);
        let mut first = Walk::of(2);
        assert!(!first.overran() && first.goes_on());
    }
}

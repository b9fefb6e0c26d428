//! Cursors of lists and searches, and ids in every rendering.

use shared::{
    domain::words,
    http::{
        fields::Fields,
        input::{Cursor, Limit, Member, Text},
        page::{
            self, DEFAULT_LIMIT, MAX_CURSOR, MAX_LIMIT, cursor as written, read_cursor, read_search_cursor,
            search_cursor,
        },
    },
    ids::{EntityId, GroupId, Id},
    repo::entries,
    store::{Key, limits},
    tenant::TenantId,
};

const TENANT: TenantId = TenantId(7);

/// What is read of a cursor is what this code writes of it, and wherever it points lies with the caller.
pub fn cursor(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    id(text);
    if let Some(id) = read_cursor(text) {
        assert_eq!(read_cursor(&written(id)), Some(id), "{text}");
        assert_eq!(read_search_cursor(text), None, "a cursor of both kinds: {text}");
    }
    if let Some(mark) = read_search_cursor(text) {
        assert_eq!(read_search_cursor(&search_cursor(&mark)).as_ref(), Some(&mark), "{text}");
        if let Some(after) = &mark.after {
            let key = entries::phrase(TENANT, "leads", mark.group, &after.text, after.id);
            assert_eq!(key.tenant(), Some(TENANT), "{text}");
            assert!(key.pk().starts_with(&Key::partition(TENANT, &format!("leads-text#{}#", mark.group))));
            assert_eq!(entries::read_phrase(&key).ok().as_ref(), Some(after), "{key}");
        }
    }
    parameters(text);
}

/// `cursor`, `limit` and the search on three lines, as a list reads them.
fn parameters(text: &str) {
    let mut parts = text.splitn(3, '\n');
    let sent = ["cursor", "limit"].map(|name| (name.to_owned(), parts.next().unwrap_or_default().to_owned()));
    let search = words::search(parts.next().unwrap_or_default());
    let mut fields = Fields::from_iter(sent.clone());
    let limit = Limit::<DEFAULT_LIMIT, MAX_LIMIT>::read(&mut fields, "limit");
    let after = Option::<Cursor>::read(&mut fields, "cursor");
    assert!((1..=MAX_LIMIT).contains(&limit), "{limit}");
    assert!(after.is_none() || !fields.is_refused("cursor"));
    named(fields);
    let mut fields = Fields::from_iter(sent);
    let cursor = Option::<Text<MAX_CURSOR>>::read(&mut fields, "cursor");
    let mark = page::after_search(&mut fields, &search, cursor.as_deref());
    if let Some(after) = mark.and_then(|mark| mark.after) {
        assert!(after.text.starts_with(&words::clip(&search)), "a cursor of another search");
        let key = entries::phrase(TENANT, "leads", GroupId::of(after.id), &after.text, after.id);
        assert!(key.sk().len() <= limits::SK_BYTES, "{key}");
    }
    named(fields);
}

fn named(fields: Fields) {
    if let Err(error) = fields.finish() {
        assert!(error.by_field().keys().all(|name| ["cursor", "limit"].contains(name)), "{error}");
    }
}

/// A text is an id only as one of the ways in which ids are shown, whatever the case and the zeros in front.
fn id(text: &str) {
    let Ok(id) = text.parse::<Id>() else { return };
    for shown in [id.to_string(), id.sortable(), id.prefixed("wf"), id.hex24(), id.uuid()] {
        assert_eq!(shown.parse(), Ok(id), "{shown}");
    }
    let lower = text.to_ascii_lowercase();
    let bare = |text: &str| text.trim_start_matches('0').to_owned();
    let base62 = |text: &str| text.split_once('_').map(|(_, digits)| bare(digits));
    let is_shown = bare(text) == id.to_string()
        || lower == id.hex24()
        || lower == id.uuid()
        || base62(text).is_some_and(|digits| base62(&id.prefixed("x")) == Some(digits));
    assert!(is_shown, "{text} was read as {id}");
}

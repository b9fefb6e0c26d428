//! Small texts: times, addresses, words to search for, labels, names of models.

use std::collections::BTreeSet;

use shared::{
    clock::{self, iso, iso_millis, parse_day, parse_iso},
    domain::{
        custom_field::{is_built_in, machine_name},
        email,
        lead_setup::read_color,
        words,
    },
    pricing::{self, Tokens},
};

/// What is read of a text reads back as the same, and what a text is indexed under finds it.
pub fn text(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    time(text);
    address(text);
    search(text);
    label(text);
    model(text);
    if let Some(color) = read_color(text) {
        assert_eq!(read_color(&color).as_ref(), Some(&color), "{text}");
        assert_eq!(color.len(), 7);
    }
}

fn time(text: &str) {
    let (at, day) = (parse_iso(text), parse_day(text));
    assert!(at.is_none() || day.is_some(), "{text} is a moment of no day");
    if let Some(day) = day {
        assert_eq!(parse_day(&day).as_ref(), Some(&day), "{text}");
        assert_eq!(day.len(), 10, "{text}");
    }
    if let Some(at) = at {
        assert!((clock::FIRST..=clock::LAST).contains(&at), "{text}");
        assert_eq!(parse_iso(&iso_millis(at)), Some(at), "{text}");
        assert_eq!(parse_iso(&iso(at)).map(clock::Millis::seconds), Some(at.seconds()), "{text}");
    }
}

fn address(text: &str) {
    let normal = email::normal(text);
    for spelled in [text.to_ascii_uppercase(), format!(" {text}\u{200b}")] {
        assert_eq!(email::normal(&spelled), normal, "{spelled}");
    }
    // Brackets of other scripts read as these.
    if text.is_ascii() && !text.contains(['<', '>']) {
        assert_eq!(email::normal(&format!("Jane <{text}>")), normal, "{text}");
    }
    if let Some(normal) = normal {
        assert_eq!(email::normal(&normal).as_ref(), Some(&normal), "{text}");
        assert_eq!(email::stored_as(&normal), normal);
        assert!(normal.len() <= 254 && !normal.contains(char::is_whitespace), "{normal}");
        assert_eq!(normal.matches('@').count(), 1, "{normal}");
    }
}

fn search(text: &str) {
    let folded = words::fold(text);
    assert_eq!(words::fold(&folded), folded, "{text}");
    let phrases = words::phrases(text);
    for phrase in &phrases {
        assert!((1..=words::PHRASE).contains(&phrase.chars().count()), "{phrase}");
        assert!(words::finds(phrase, text), "{phrase} does not find {text}");
    }
    let longest = words::longest(phrases.clone());
    assert!(longest.is_subset(&phrases));
    for phrase in &phrases {
        assert!(longest.iter().any(|longer| longer.starts_with(phrase)), "{phrase} of {text}");
    }
    let first: BTreeSet<_> = words::first_phrases(text, 3);
    assert!(first.is_subset(&phrases) && first.len() <= 3);
    let search = words::search(text);
    if !search.is_empty() {
        assert!(words::finds(&search, text), "{search} does not find {text}");
        assert!(phrases.contains(&words::clip(&search)), "{search} is not indexed of {text}");
    }
}

fn label(text: &str) {
    let name = machine_name(text, |_| false);
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    assert!(name.bytes().all(plain) && name.starts_with(|first: char| first.is_ascii_lowercase()), "{name}");
    assert!(!is_built_in(&name) && name.len() <= 100, "{name}");
    let second = machine_name(text, |taken| taken == name);
    assert_ne!(second, name, "{text}");
}

fn model(text: &str) {
    const AT: i64 = 1_795_305_600_000;
    let model = |text: &str| pricing::find(text, AT).map(|found| (found.provider, found.model.into_owned()));
    let found = pricing::find(text, AT);
    for spelled in [text.to_ascii_uppercase(), format!(" {text} ")] {
        assert_eq!(model(&spelled), model(text), "{spelled}");
    }
    if let Some(found) = found {
        let tokens = Tokens { input: 1_000_000, output: 1_000, ..Tokens::default() };
        assert!(
            found.cost(&tokens).is_ok_and(|cost| cost.total_pico >= 0) && !found.label.is_empty(),
            "{text}"
        );
    }
}

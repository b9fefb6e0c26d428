//! Imports go down the list of rooms, never up.
//!
//! The sources are read as text: what a file of a room names below `crate::` outside its tests.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// A room, and those that nothing in it may name.
const NEVER: [(&str, &[&str]); 13] = [
    (
        "domain",
        &[
            "accounts",
            "app",
            "aws",
            "blobs",
            "egress",
            "files",
            "http",
            "installed",
            "lambda",
            "metering",
            "metrics",
            "n8n",
            "ops",
            "queue",
            "repo",
            "sealer",
            "store",
            "wiring",
            "work",
        ],
    ),
    (
        "repo",
        &[
            "accounts",
            "app",
            "aws",
            "blobs",
            "egress",
            "files",
            "http",
            "installed",
            "lambda",
            "metering",
            "metrics",
            "ops",
            "sealer",
            "wiring",
            "work",
        ],
    ),
    ("store", &["app", "domain", "http", "n8n", "ops", "queue", "repo", "work"]),
    ("metrics", &["accounts", "app", "http", "n8n", "ops", "repo", "work"]),
    (
        "error",
        &[
            "accounts", "app", "blobs", "domain", "egress", "http", "n8n", "ops", "queue", "repo", "sealer",
            "store", "work",
        ],
    ),
    (
        "n8n",
        &[
            "accounts",
            "app",
            "aws",
            "files",
            "http",
            "installed",
            "lambda",
            "metering",
            "metrics",
            "ops",
            "repo",
            "store",
            "wiring",
            "work",
        ],
    ),
    ("installed", &["aws", "files", "http", "lambda", "metering", "ops", "wiring", "work"]),
    ("metering", &["aws", "files", "http", "installed", "lambda", "ops", "wiring", "work"]),
    (
        "app",
        &[
            "aws",
            "files",
            "http",
            "installed",
            "lambda",
            "metering",
            "metrics",
            "n8n",
            "ops",
            "wiring",
            "work",
        ],
    ),
    ("known", &["accounts", "app", "http", "installed", "metering", "n8n", "ops", "repo", "store", "work"]),
    ("accounts", &["app", "aws", "http", "lambda", "ops", "wiring", "work"]),
    ("ops", &["aws", "http", "lambda", "wiring", "work"]),
    ("work", &["aws", "http", "lambda", "wiring"]),
];

fn sources(room: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut open = vec![root.join(room)];
    let mut found: Vec<_> =
        [root.join(format!("{room}.rs"))].into_iter().filter(|file| file.exists()).collect();
    while let Some(folder) = open.pop().filter(|folder| folder.is_dir()) {
        for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            let name = entry.file_stem().unwrap().to_str().unwrap();
            if name == "tests" || name.ends_with("_tests") {
                continue;
            }
            if entry.is_dir() {
                open.insert(0, entry);
            } else if entry.extension().is_some_and(|extension| extension == "rs") {
                found.push(entry);
            }
        }
    }
    assert!(!found.is_empty(), "there is no room {room}");
    found
}

/// The rooms that a source names, outside its own tests.
fn named(source: &str) -> BTreeSet<&str> {
    let product = source.split("#[cfg(test)]").next().unwrap();
    let mut rooms = BTreeSet::new();
    for after in product.split("crate::").skip(1) {
        let Some(list) = after.strip_prefix('{') else {
            rooms.insert(word(after));
            continue;
        };
        let (mut depth, mut begins) = (0_usize, true);
        for (at, letter) in list.char_indices() {
            match letter {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => begins = true,
                _ if begins && letter.is_ascii_lowercase() => {
                    rooms.insert(word(&list[at..]));
                    begins = false;
                }
                _ if !letter.is_whitespace() => begins = false,
                _ => {}
            }
        }
    }
    rooms
}

fn word(text: &str) -> &str {
    let end = text.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    &text[..end.unwrap_or(text.len())]
}

#[test]
fn imports_go_down_the_list_of_rooms() {
    let mut wrong = Vec::new();
    for (room, never) in NEVER {
        for path in sources(room) {
            let source = fs::read_to_string(&path).unwrap();
            let names = named(&source);
            wrong.extend(
                never
                    .iter()
                    .filter(|room| names.contains(*room))
                    .map(|other| format!("{} names {other}", path.display())),
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Every room, and the rooms that it names.
fn names() -> BTreeMap<String, BTreeSet<String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let stems = fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned());
    // The library itself names every room.
    let rooms: BTreeSet<String> = stems.filter(|room| room != "lib").collect();
    let of = |room: &String| {
        let mut named_there = BTreeSet::new();
        for path in sources(room) {
            let source = fs::read_to_string(&path).unwrap();
            named_there.extend(named(&source).into_iter().map(str::to_owned).filter(|other| other != room));
        }
        named_there.retain(|other| rooms.contains(other));
        (room.clone(), named_there)
    };
    rooms.iter().map(of).collect()
}

/// The rooms that are in a circle, or stand on one.
fn in_circles(mut left: BTreeMap<String, BTreeSet<String>>) -> BTreeMap<String, BTreeSet<String>> {
    // Who needs nobody that is left stands on the ground, and can be taken away.
    loop {
        let stands = |named: &BTreeSet<String>| named.iter().all(|other| !left.contains_key(other));
        let grounded: Vec<_> =
            left.iter().filter(|(_, named)| stands(named)).map(|(room, _)| room.clone()).collect();
        if grounded.is_empty() {
            return left;
        }
        left.retain(|room, _| !grounded.contains(room));
    }
}

#[test]
fn no_two_rooms_need_each_other() {
    let left = in_circles(names());
    assert!(left.is_empty(), "there is a circle among these, and others may stand on it: {left:#?}");
}

#[test]
fn a_circle_is_seen_however_long_it_is() {
    let rooms = |pairs: &[(&str, &[&str])]| {
        let each = pairs.iter().map(|(room, named)| (*room, named.iter().copied()));
        each.map(|(room, named)| (room.to_owned(), named.map(str::to_owned).collect())).collect()
    };
    assert!(in_circles(rooms(&[("a", &["b", "c"]), ("b", &["c"]), ("c", &[])])).is_empty());
    let circle = in_circles(rooms(&[("a", &["b"]), ("b", &["c", "d"]), ("c", &["a"]), ("d", &[])]));
    assert_eq!(circle.into_keys().collect::<Vec<_>>(), ["a", "b", "c"]);
}

#[test]
fn a_room_is_seen_however_it_is_named() {
    let source = "use crate::{app::App, domain::{http, lead::{A, B}}, ids::Id};\nuse crate::repo::x;\nfn f() { crate::work::g() }";
    assert_eq!(named(source), BTreeSet::from(["app", "domain", "ids", "repo", "work"]));
    assert_eq!(named("use super::x;\n#[cfg(test)]\nmod tests { use crate::http; }"), BTreeSet::new());
}

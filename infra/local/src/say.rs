//! What a command says, on standard output and standard error.
//!
//! Its one rule: what others have named, such as a client group, a key or an organization, moves no cursor and colours nothing: a
//! terminal obeys control characters, so they are shown as what they are. And whoever has read enough (`baton key list | head`) may
//! go.

use std::io::{self, Write};

use serde_json::Value;

/// Says a line: whatever the text holds, it stays one.
pub(crate) fn line(text: impl AsRef<str>) -> anyhow::Result<()> {
    lines([text])
}

/// Says several lines.
pub(crate) fn lines<T: AsRef<str>>(all: impl IntoIterator<Item = T>) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    let mut written =
        all.into_iter().try_for_each(|text| writeln!(out, "{}", shown(text.as_ref(), "\\u{", "}")));
    written = written.and_then(|()| out.flush());
    heard(written)
}

/// Says a value to a program.
pub(crate) fn json(value: &Value) -> anyhow::Result<()> {
    // JSON itself escapes no more than the first thirty-two of them.
    let text = value.to_string();
    let mut out = io::stdout().lock();
    let written = writeln!(out, "{}", shown(&text, "\\u", ""));
    heard(written.and_then(|()| out.flush()))
}

/// Says what the house wrote itself, as it is.
pub(crate) fn verbatim(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    let written = out.write_all(text.as_bytes());
    heard(written.and_then(|()| out.flush()))
}

/// Complains. Nobody is told where nobody listens.
pub(crate) fn complain(text: &str) {
    let text: Vec<_> = text.lines().map(|line| shown(line, "\\u{", "}")).collect();
    let _ = writeln!(io::stderr().lock(), "{}", text.join("\n"));
}

/// Nothing is lost where the reader has gone: what was to be done is done.
fn heard(written: io::Result<()>) -> anyhow::Result<()> {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// The text with what a terminal would obey written out, between these marks.
fn shown(text: &str, before: &str, after: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if obeyed(c) {
            let code = format!("{:04x}", u32::from(c));
            shown.extend([before, code.as_str(), after]);
        } else {
            shown.push(c);
        }
    }
    shown
}

/// Control characters, and those that turn a line around or end it.
fn obeyed(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_shown() {
        for (text, expected) in [
            ("Northwind Tråders 株式", "Northwind Tråders 株式"),
            ("\u{1b}[2J\u{1b}]0;x\u{7}", "\\u{001b}[2J\\u{001b}]0;x\\u{0007}"),
            ("a\nb\rc\td\u{9b}31m\u{7f}", "a\\u{000a}b\\u{000d}c\\u{0009}d\\u{009b}31m\\u{007f}"),
            ("\u{202e}gpj.exe", "\\u{202e}gpj.exe"),
        ] {
            assert_eq!(shown(text, "\\u{", "}"), expected);
        }
    }

    #[test]
    fn json_stays_what_it_says() {
        let value = serde_json::json!({ "name": "\u{1b}[2J\u{9b}31m\u{7f}\u{202e}\n" });
        let said = shown(&value.to_string(), "\\u", "");
        assert!(!said.chars().any(obeyed), "{said}");
        assert_eq!(shared::json::from_str::<Value>(&said).ok(), Some(value));
    }
}

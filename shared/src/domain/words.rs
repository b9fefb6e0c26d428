//! Text as people search it: folded, and cut into the phrases under which it is found.
//!
//! Its one rule: a search finds what begins at the start of a word. Only so can an index answer it: to find text in the
//! middle of words, every entity would have to be read.

use std::collections::BTreeSet;

use icu_casemap::CaseMapper;
use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};
use icu_properties::{CodePointSetData, props::DefaultIgnorableCodePoint};

/// Characters of a phrase that are indexed. What a search says beyond them is compared with the entity itself.
pub const PHRASE: usize = 32;

/// Folds text for comparison: case, every run of white space, what cannot be seen, and whether é is one character or two, do
/// not matter. The case is that of Unicode's canonical caseless matching (D145): ß is ss, and every σ is one letter.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.split_whitespace().map(str::to_ascii_lowercase).collect::<Vec<_>>().join(" ");
    }
    let seen: String = text.chars().filter(|char| !is_unseen(*char)).collect();
    let words = seen.split_whitespace().collect::<Vec<_>>().join(" ");
    // Before the case, which looks at one character at a time; and after it, because lower case may have what upper case
    // lacks: ǰ is one character.
    let parted = DecomposingNormalizerBorrowed::new_nfd().normalize(&words).into_owned();
    composed(&CaseMapper::new().fold_string(&parted))
}

/// Whether there is nothing to be seen of the text.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(|char| char.is_whitespace() || is_unseen(char))
}

fn is_unseen(char: char) -> bool {
    !char.is_ascii() && CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(char)
}

/// The text with each letter as one character where Unicode has one for it (NFC).
pub fn composed(text: &str) -> String {
    ComposingNormalizerBorrowed::new_nfc().normalize(text).into_owned()
}

/// What a search looks for: folded, from its first word on, because no phrase begins with what parts words. Empty when
/// there is no word in it; nothing is found then.
pub fn search(text: &str) -> String {
    fold(text).trim_start_matches(is_part).to_owned()
}

/// The folded text from each of its words on, up to [`PHRASE`] characters. A word starts after white space, and after
/// one of `- _ . , @ + / & ( '` inside a word.
pub fn phrases(text: &str) -> BTreeSet<String> {
    first_phrases(text, usize::MAX)
}

/// The phrases of so many words at the beginning of the text.
pub fn first_phrases(text: &str, most: usize) -> BTreeSet<String> {
    let folded = fold(text);
    let before = std::iter::once(' ').chain(folded.chars());
    let starts =
        folded.char_indices().zip(before).filter(|((_, char), before)| is_part(*before) && !is_part(*char));
    starts.take(most).map(|((at, _), _)| clip(&folded[at..])).collect()
}

/// Whether a folded search finds the text: it stands at the start of one of its words.
pub fn finds(folded: &str, text: &str) -> bool {
    let text = fold(text);
    let mut starts = true;
    for (at, char) in text.char_indices() {
        if starts && text[at..].starts_with(folded) {
            return true;
        }
        starts = is_part(char);
    }
    false
}

/// The beginning of a phrase, as far as it is indexed.
pub fn clip(folded: &str) -> String {
    folded.chars().take(PHRASE).collect()
}

/// Leaves out the phrases that begin another one: whoever looks for them finds that other one.
pub fn longest(phrases: BTreeSet<String>) -> BTreeSet<String> {
    let sorted: Vec<_> = phrases.into_iter().collect();
    let followed = sorted.iter().skip(1).map(Some).chain([None]);
    let kept = sorted.iter().zip(followed).filter(|(phrase, next)| {
        // In sorted order, what begins with a phrase follows it at once.
        !next.is_some_and(|next| next.starts_with(phrase.as_str()))
    });
    kept.map(|(phrase, _)| phrase.clone()).collect()
}

fn is_part(char: char) -> bool {
    char.is_whitespace() || "-_.,@+/&('\"".contains(char)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(words: &[&str]) -> BTreeSet<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn a_text_is_found_from_each_of_its_words_on() {
        assert_eq!(phrases("  Acme   Corp "), set(&["acme corp", "corp"]));
        assert_eq!(
            phrases("Jane.Doe@example.com"),
            set(&["jane.doe@example.com", "doe@example.com", "example.com", "com"])
        );
        assert_eq!(phrases(""), set(&[]));
        assert_eq!(phrases("..."), set(&[]));
    }

    #[test]
    fn letters_are_the_same_however_they_are_composed() {
        for (one, other) in [
            ("Été", "E\u{301}te\u{301}"),
            ("J\u{30c}", "ǰ"),
            ("ÅNGSTRÖM", "A\u{30a}ngstro\u{308}m"),
            ("Straße", "STRASSE"),
            ("ΣΟΦΟΣ", "σοφοσ"),
            ("ΣΟΦΟΣ", "σοφος"),
            ("Café", "Cafe\u{301}\u{200b}"),
            ("New", "\u{feff}N\u{2060}ew "),
            ("한글", "\u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af}"),
        ] {
            assert_eq!(fold(one), fold(other), "{one}");
            assert!(finds(&fold(other), one) && finds(&fold(one), other), "{one}");
        }
        assert_ne!(fold("Ete"), fold("Été"));
        assert!(is_blank(" \u{200b}\u{2060}\n") && is_blank("") && !is_blank("\u{200b}."));
    }

    #[test]
    fn a_long_text_is_found_by_its_first_words() {
        assert_eq!(first_phrases("one two-three four", 2), set(&["one two-three four", "two-three four"]));
        assert_eq!(first_phrases("one", 0), set(&[]));
    }

    #[test]
    fn whatever_is_indexed_is_found_and_the_middle_of_a_word_is_not() {
        for text in ["Acme Corp", "Jean-Luc Österreich", "jane.doe+crm@example.co.uk", "O'Neill & Sons"] {
            for phrase in phrases(text) {
                assert!(finds(&phrase, text), "{phrase} in {text}");
            }
        }
        assert!(!finds("cme", "Acme Corp"));
        assert!(finds(&fold("ACME  corp"), "acme corporation"));
    }

    #[test]
    fn a_search_begins_with_a_word() {
        assert_eq!(search("  (Acme   Corp) "), "acme corp)");
        assert_eq!(search("@example.com"), "example.com");
        assert_eq!(search(" ... "), "");
    }

    #[test]
    fn long_phrases_are_clipped_between_characters() {
        let text = "ö".repeat(100);
        assert_eq!(phrases(&text), BTreeSet::from(["ö".repeat(PHRASE)]));
    }

    #[test]
    fn what_begins_another_phrase_is_left_out() {
        assert_eq!(longest(set(&["a", "ab", "abc", "b", "ba"])), set(&["abc", "ba"]));
        assert_eq!(longest(set(&["a", "ab", "ac"])), set(&["ab", "ac"]));
    }
}

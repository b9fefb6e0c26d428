//! The published API dialects, by the letters that clients name them with.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One of the five documents whose clients the house serves unchanged. What each of them sounds like is the business of
/// `http::dialect`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Letter {
    A,
    B,
    C,
    D,
    E,
}

impl Letter {
    pub const ALL: [Self; 5] = [Self::A, Self::B, Self::C, Self::D, Self::E];
    pub const WORDS: &'static [&'static str] = &["a", "b", "c", "d", "e"];

    /// As it stands in `X-Api-Dialect`, in settings and in the name of its API document.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::A => "a",
            Self::B => "b",
            Self::C => "c",
            Self::D => "d",
            Self::E => "e",
        }
    }
}

impl FromStr for Letter {
    type Err = NoSuchDialect;

    /// Reads a letter in either case.
    fn from_str(text: &str) -> Result<Self, NoSuchDialect> {
        Self::ALL.into_iter().find(|letter| letter.as_str().eq_ignore_ascii_case(text)).ok_or(NoSuchDialect)
    }
}

/// What is no letter of a dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be one of a, b, c, d, e")]
pub struct NoSuchDialect;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_letter_reads_back() {
        for letter in Letter::ALL {
            assert_eq!(letter.as_str().parse(), Ok(letter));
            assert_eq!(letter.as_str().to_uppercase().parse(), Ok(letter));
            assert_eq!(serde_json::to_value(letter).unwrap(), letter.as_str());
        }
        assert_eq!(Letter::ALL.map(Letter::as_str), Letter::WORDS);
        for text in ["", "f", "ab", "house"] {
            assert_eq!(text.parse::<Letter>(), Err(NoSuchDialect), "{text}");
        }
    }
}

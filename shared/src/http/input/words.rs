//! Fields that hold one of a few words, which the domain lists.

use std::marker::PhantomData;

use super::{Asked, Field, describe};
use crate::{
    domain::{
        budget::Period,
        chat::{ChatStatus, Role},
        custom_field::FieldType,
        dialect::Letter,
        duplicate::OnDuplicate,
        invoice::InvoiceStatus,
        media::MediaType,
        notification::NotificationType,
        org,
        review::{AutomationStatus, EntityType},
        subject::ExecutionFilter,
    },
    http::fields::Fields,
};

/// A list of words and what they mean.
pub trait Words {
    type Value;

    const WORDS: &'static [&'static str];

    /// The meaning of one of the words.
    fn parse(word: &str) -> Option<Self::Value>;
}

/// One of the words of a list, whatever its case.
pub struct Word<W>(PhantomData<W>);

impl<W: Words> Field for Word<W> {
    type Value = W::Value;

    fn read(fields: &mut Fields, name: &str) -> Option<W::Value> {
        fields.one_of(name, W::WORDS, W::parse)
    }

    fn schema(asked: Asked) -> serde_json::Value {
        describe::words(asked, W::WORDS)
    }
}

/// The states of automation that a request may set; [`AutomationStatus`] itself is all of them, which lists may ask for.
pub struct Settable;

macro_rules! of_the_domain {
    ($($List:ty: $Value:ty = $words:expr, $parse:expr;)*) => {
        $(impl Words for $List {
            type Value = $Value;

            const WORDS: &'static [&'static str] = $words;

            fn parse(word: &str) -> Option<$Value> {
                $parse(word)
            }
        })*
    };
}

of_the_domain! {
    AutomationStatus: Self = &Self::ALL, Self::parse;
    Settable: AutomationStatus = &AutomationStatus::SETTABLE, AutomationStatus::parse;
    ChatStatus: Self = Self::WORDS, Self::parse;
    EntityType: Self = &Self::ALL, Self::parse;
    ExecutionFilter: Self = &Self::ALL, Self::parse;
    FieldType: Self = &Self::WORDS, Self::parse;
    Letter: Self = Self::WORDS, |word: &str| word.parse().ok();
    InvoiceStatus: Self = Self::WORDS, Self::parse;
    MediaType: Self = &Self::WORDS, Self::parse;
    NotificationType: Self = Self::WORDS, Self::parse;
    OnDuplicate: Self = Self::WORDS, Self::parse;
    Period: Self = Self::WORDS, Self::parse;
    Role: Self = Self::WORDS, Self::parse;
    org::Role: Self = Self::WORDS, |word: &str| word.parse().ok();
}

/// Words that only a request has, and what they mean.
///
/// ```ignore
/// shared::words! {
///     /// Which of its messages come first.
///     enum Order { OldestFirst = "asc", NewestFirst = "desc" }
/// }
/// ```
///
/// makes an enum that a field of the type `Word<Order>` holds.
#[macro_export]
macro_rules! words {
    ($(#[$about:meta])* $vis:vis enum $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal),* $(,)? }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        $vis enum $name {
            $($(#[$doc])* $variant),*
        }

        impl $crate::http::input::Words for $name {
            type Value = Self;

            const WORDS: &'static [&'static str] = &[$($word),*];

            fn parse(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

//! The macro that declares inputs.

/// Declares what a request may hold: see [`http::input`](crate::http::input).
///
/// ```
/// use shared::http::input::{Email, Text, Whole};
///
/// shared::input! {
///     /// A lead as it is posted.
///     pub struct PostLead {
///         /// Must not be another lead's.
///         #[example("jane@example.com")]
///         pub email: Email,
///         pub first_name: Option<Text<100>>,
///         /// 0 to 100.
///         #[name("lead_score")]
///         #[alias("score")]
///         pub score: Option<Whole<100>>,
///     }
///     then(fields) {
///         /// What is told of it together with all other mistakes.
///         pub scored: bool = {
///             if score == Some(0) && first_name.is_none() {
///                 fields.refuse("lead_score", "must not be 0 for a lead without a name");
///             }
///             score.is_some()
///         },
///     }
/// }
/// ```
///
/// `#[example(…)]` is any `json!`, `#[name(…)]` the name on the wire where it is another one, `#[alias(…)]` what is read where
/// that was not sent; in this order, behind the documentation. `then` may name more that it needs,
/// `then(fields, pipeline: &Pipeline)`: such an input is read with `read(fields, &pipeline)`. In it the fields are what was
/// read so far, and what was refused is not there; `?` ends it, where something was refused.
#[macro_export]
macro_rules! input {
    ($(#[doc = $about:expr])* $(#[derive($($derive:path),*)])? $vis:vis strict struct $($rest:tt)*) => {
        $crate::input! { @declare (true, true) [$(#[doc = $about])* $(#[derive($($derive),*)])?] [$($about),*] $vis $($rest)* }
    };
    ($(#[doc = $about:expr])* $(#[derive($($derive:path),*)])? $vis:vis closed struct $($rest:tt)*) => {
        $crate::input! { @declare (false, true) [$(#[doc = $about])* $(#[derive($($derive),*)])?] [$($about),*] $vis $($rest)* }
    };
    ($(#[doc = $about:expr])* $(#[derive($($derive:path),*)])? $vis:vis struct $($rest:tt)*) => {
        $crate::input! { @declare (false, false) [$(#[doc = $about])* $(#[derive($($derive),*)])?] [$($about),*] $vis $($rest)* }
    };
    (@declare ($strict:literal, $closed:literal) [$($attributes:tt)*] [$($about:expr),*] $vis:vis $Name:ident {
        $(
            $(#[doc = $doc:expr])*
            $(#[example($($example:tt)+)])?
            $(#[name($wire:literal)])?
            $(#[alias($($alias:literal),+)])?
            $fvis:vis $field:ident: $Field:ty
        ),* $(,)?
    }
    $(then($fields:ident $(, $arg:ident: $Arg:ty)*) {
        $($(#[doc = $made_doc:expr])* $mvis:vis $made:ident: $Made:ty = $make:expr),* $(,)?
    })?) => {
        $($attributes)*
        #[derive(Debug, Clone)]
        $vis struct $Name {
            $($(#[doc = $doc])* $fvis $field: <$Field as $crate::http::input::Member>::Value,)*
            $($($(#[doc = $made_doc])* $mvis $made: $Made,)*)?
        }

        impl $Name {
            fn drafted(
                fields: &mut $crate::http::fields::Fields $($(, $arg: $Arg)*)?
            ) -> ::core::option::Option<Self> {
                $(
                    let name = $crate::input!(@name $field $($wire)?);
                    $($(fields.alias(name, $alias);)+)?
                    let $field = <$Field as $crate::http::input::Member>::read(fields, name);
                )*
                $(
                    let $fields = fields;
                    $(let $made: $Made = $make;)*
                    let _ = $fields;
                )?
                let read = Self {
                    $($field: <$Field as $crate::http::input::Member>::settle($field)?,)*
                    $($($made,)*)?
                };
                $crate::input! { @used read [$($field)*] [$($fields)?] }
                ::core::option::Option::Some(read)
            }

            /// Reads the fields, and fails with everything that is wrong with them.
            $vis fn read(
                fields: $crate::http::fields::Fields $($(, $arg: $Arg)*)?
            ) -> $crate::error::Result<Self> {
                let mut fields = fields;
                $crate::http::input::begin::<Self>(&mut fields);
                let read = Self::drafted(&mut fields $($(, $arg)*)?);
                fields.finish()?;
                read.ok_or_else($crate::http::input::passed)
            }
        }

        $crate::input! { @input $Name [$($($arg)*)?] }

        impl $crate::http::input::Declared for $Name {
            const STRICT: bool = $strict;
            const CLOSED: bool = $closed;

            fn about() -> $crate::http::input::Note {
                $crate::http::input::Note::new(&[$($about),*], ::core::option::Option::None)
            }

            fn describe(into: &mut $crate::http::input::Description) {
                $(<$Field as $crate::http::input::Member>::describe(
                    into,
                    $crate::input!(@name $field $($wire)?),
                    $crate::http::input::Note::new(&[$($doc),*], $crate::input!(@example $($($example)+)?)),
                );)*
            }

            fn names(into: &mut ::std::vec::Vec<&'static str>) {
                $(
                    <$Field as $crate::http::input::Member>::names(into, $crate::input!(@name $field $($wire)?));
                    $(into.extend([$($alias),+]);)?
                )*
            }
        }

        impl $crate::http::input::utoipa::PartialSchema for $Name {
            fn schema() -> $crate::http::input::utoipa::openapi::RefOr<$crate::http::input::utoipa::openapi::Schema> {
                $crate::http::input::describe::schema::<Self>()
            }
        }

        impl $crate::http::input::utoipa::ToSchema for $Name {}

        impl $crate::http::input::utoipa::IntoParams for $Name {
            fn into_params(
                _: impl ::core::ops::Fn() -> ::core::option::Option<
                    $crate::http::input::utoipa::openapi::path::ParameterIn,
                >,
            ) -> ::std::vec::Vec<$crate::http::input::utoipa::openapi::path::Parameter> {
                $crate::http::input::describe::parameters::<Self>()
            }
        }
    };
    (@input $Name:ident []) => {
        impl $crate::http::input::Input for $Name {
            fn open(fields: &mut $crate::http::fields::Fields) -> ::core::option::Option<Self> {
                Self::drafted(fields)
            }

            fn read(fields: $crate::http::fields::Fields) -> $crate::error::Result<Self> {
                Self::read(fields)
            }
        }
    };
    (@input $Name:ident [$($arg:ident)+]) => {};
    (@used $read:ident [$($field:ident)*] []) => {};
    // A field may be there for nothing but what is computed of it.
    (@used $read:ident [$($field:ident)*] [$fields:ident]) => { let _ = ($(&$read.$field,)*); };
    (@name $field:ident) => { stringify!($field) };
    (@name $field:ident $wire:literal) => { $wire };
    (@example) => { ::core::option::Option::None };
    (@example $($example:tt)+) => {
        ::core::option::Option::Some($crate::http::input::json!($($example)+))
    };
}

//! Fields that are text.

use secrecy::SecretString;
use url::Url;

use super::{
    Asked, Field,
    describe::{self, anything, formed},
};
use crate::http::fields::{Fields, MAX_URL};

/// An e-mail address, as it is stored where it is ASCII.
const EMAIL: &str = r"[A-Za-z0-9!#$%&*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
/// Names of our own, here and below: those of JSON Schema would forbid what is taken, such as blank text.
const HTTP_URL: &str = "http-url";

/// Text of at most `MAX` characters, without the blanks around it; a number is taken as its digits.
pub struct Text<const MAX: usize>;

impl<const MAX: usize> Field for Text<MAX> {
    type Value = String;

    fn read(fields: &mut Fields, name: &str) -> Option<String> {
        fields.text(name, MAX)
    }

    fn schema(asked: Asked) -> serde_json::Value {
        describe::text(asked, MAX)
    }
}

/// An id that somebody else gave, such as n8n's of a workflow. What an expression leaves behind that found nothing counts as
/// left out.
pub struct Foreign<const MAX: usize>;

impl<const MAX: usize> Field for Foreign<MAX> {
    type Value = String;

    fn read(fields: &mut Fields, name: &str) -> Option<String> {
        fields.foreign_id(name, MAX)
    }

    fn schema(asked: Asked) -> serde_json::Value {
        describe::text(asked, MAX)
    }
}

/// A secret of at most `MAX` characters, with every blank that it has.
pub struct Secret<const MAX: usize>;

impl<const MAX: usize> Field for Secret<MAX> {
    type Value = SecretString;

    fn read(fields: &mut Fields, name: &str) -> Option<SecretString> {
        fields.secret(name, MAX)
    }

    fn schema(asked: Asked) -> serde_json::Value {
        let mut schema = describe::text(asked, MAX);
        schema["format"] = "password".into();
        schema
    }
}

/// Text to the last blank as it was sent, of at most `MAX` bytes; any other value as its JSON text.
pub struct Verbatim<const MAX: usize>;

impl<const MAX: usize> Field for Verbatim<MAX> {
    type Value = String;

    fn read(fields: &mut Fields, name: &str) -> Option<String> {
        fields.verbatim(name, MAX)
    }

    fn schema(asked: Asked) -> serde_json::Value {
        if asked.strict { describe::text(asked, MAX) } else { anything(asked) }
    }
}

/// An e-mail address, in its normal form.
pub struct Email;

impl Field for Email {
    type Value = String;

    fn read(fields: &mut Fields, name: &str) -> Option<String> {
        fields.email(name)
    }

    fn schema(asked: Asked) -> serde_json::Value {
        formed(asked, "email-address", EMAIL, 254)
    }
}

/// A full http or https URL without credentials.
impl Field for Url {
    type Value = Self;

    fn read(fields: &mut Fields, name: &str) -> Option<Self> {
        fields.url(name)
    }

    fn schema(asked: Asked) -> serde_json::Value {
        formed(asked, HTTP_URL, r"[Hh][Tt][Tt][Pp][Ss]?://[^\s/?#@\\]+([/?#]\S*)?", MAX_URL)
    }
}

/// The URL that others are made from, as text of at most `MAX` characters: whoever takes it says what is wrong with it.
pub struct BaseUrl<const MAX: usize>;

impl<const MAX: usize> Field for BaseUrl<MAX> {
    type Value = String;

    fn read(fields: &mut Fields, name: &str) -> Option<String> {
        fields.text(name, MAX)
    }

    fn schema(asked: Asked) -> serde_json::Value {
        formed(asked, HTTP_URL, r"[Hh][Tt][Tt][Pp][Ss]?://[^\s/?#@\\]+(/[^\s?#]*)?", MAX)
    }
}

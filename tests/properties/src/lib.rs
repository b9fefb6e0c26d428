//! What must hold of bytes that others wrote, whatever they are: one property per parser. Each is stated once and called
//! twice: by its target in `fuzz/targets`, with inputs that are looked for, and by the tests of the house, with those that
//! were found so far (`fuzz/corpus`).
//!
//! Its one rule: that nothing panics is not enough. A property says what an accepted input means, mostly by a second,
//! simpler way to find it out.

mod answer;
mod credential;
mod cursor;
pub mod effort;
mod execution;
mod fields;
mod house;
mod item;
mod node;
mod request;
mod text;
mod url;

pub use self::{
    answer::answer, credential::credential, cursor::cursor, execution::execution, fields::fields,
    house::House, item::item, node::node, request::request, text::text, url::url,
};

/// A property by the name of its target.
#[derive(Clone, Copy)]
pub enum Property {
    /// Of one parser.
    Pure(fn(&[u8])),
    /// Of the whole house.
    House(fn(&House, &[u8])),
}

/// Every property there is.
pub const PROPERTIES: [(&str, Property); 10] = [
    ("answer", Property::Pure(answer)),
    ("credential", Property::Pure(credential)),
    ("cursor", Property::Pure(cursor)),
    ("execution", Property::Pure(execution)),
    ("fields", Property::Pure(fields)),
    ("item", Property::Pure(item)),
    ("node", Property::House(node)),
    ("request", Property::House(request)),
    ("text", Property::Pure(text)),
    ("url", Property::Pure(url)),
];

/// The parts of an input that are on lines of their own, the last with all that is left; blank where there are fewer.
fn lines<const N: usize>(data: &[u8]) -> [&[u8]; N] {
    let mut parts = data.splitn(N, |byte| *byte == b'\n');
    std::array::from_fn(|_| parts.next().unwrap_or_default())
}

/// The same, of text.
fn text_lines<const N: usize>(data: &[u8]) -> Option<[&str; N]> {
    let mut parts = std::str::from_utf8(data).ok()?.splitn(N, '\n');
    Some(std::array::from_fn(|_| parts.next().unwrap_or_default()))
}

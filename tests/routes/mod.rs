//! One file per endpoint group, laid out like the URL tree.

mod payloads;

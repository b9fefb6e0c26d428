//! The organization itself.

use super::{Sample, read};

pub fn samples() -> [Sample; 1] {
    [read("get_account", "/api/v1/account")]
}

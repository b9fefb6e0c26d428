//! Accounts against the engines of a laptop, in memory.

use std::time::Duration;

use crate::error::{ErrorKind, Result};

mod keys;
mod logins;
mod people;
mod sessions;
mod uses;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const SECOND: Duration = Duration::from_secs(1);

/// Kind and code of a refusal.
fn refusal<T>(result: Result<T>) -> (ErrorKind, &'static str) {
    match result {
        Ok(_) => panic!("this was to be refused"),
        Err(error) => (error.kind, error.code),
    }
}

/// The fields that a refusal names.
fn fields<T>(result: Result<T>) -> Vec<String> {
    match result {
        Ok(_) => panic!("this was to be refused"),
        Err(error) => error.by_field().into_keys().map(str::to_owned).collect(),
    }
}

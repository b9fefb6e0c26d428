//! The floor: an axum route that reads one row of the file and answers with its text. No credential, no tenant, no layers, no
//! log, nothing decoded.

use std::{cell::RefCell, net::SocketAddr, path::Path};

use axum::{Router, http::header, routing::get};
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use super::Error;

/// What this program is called with to be the floor.
pub const COMMAND: &str = "bare";

thread_local! {
    /// A connection for each thread of the server, as the house has it.
    static FILE: RefCell<Option<Connection>> = const { RefCell::new(None) };
}

fn open(file: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(file, flags)
}

/// Serves the row that holds this text, at `/row`.
pub fn serve(file: &Path, mark: &str, addr: SocketAddr) -> Result<(), Error> {
    let (pk, sk): (String, String) = open(file)?.query_row(
        "SELECT pk, sk FROM items WHERE instr(body, ?1) > 0 ORDER BY length(body) DESC LIMIT 1",
        [mark],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let file = file.to_owned();
    let row = move || {
        let found = read(&file, &pk, &sk);
        async move { found.map(|body| ([(header::CONTENT_TYPE, "application/json")], body)) }
    };
    let router = Router::new().route("/row", get(row));
    tokio::runtime::Runtime::new()?.block_on(async {
        let listener = tokio::net::TcpListener::bind(addr).await?;
        Ok(axum::serve(listener, router).await?)
    })
}

fn read(file: &Path, pk: &str, sk: &str) -> Result<String, axum::http::StatusCode> {
    let found = FILE.with_borrow_mut(|kept| {
        let connection = match kept {
            Some(connection) => connection,
            None => kept.insert(open(file)?),
        };
        let mut select = connection.prepare_cached("SELECT body FROM items WHERE pk = ?1 AND sk = ?2")?;
        select.query_row(params![pk, sk], |row| row.get(0)).optional()
    });
    match found {
        Ok(Some(body)) => Ok(body),
        Ok(None) => Err(axum::http::StatusCode::NOT_FOUND),
        Err(_) => Err(axum::http::StatusCode::INTERNAL_SERVER_ERROR),
    }
}

//! What a read costs in instructions of the process, counted by valgrind: a busy machine, and a quick one, find the same.

use std::path::Path;

use super::{
    Error,
    client::Clients,
    server::{self, Server},
};

/// A read takes at most so many instructions, a twelfth more than were counted (143,500). Who makes it dearer says for what.
const READ: u64 = 155_000;
/// Requests of the two runs. What the start costs is in both, and falls out of the difference.
const FEW: u32 = 500;
const MANY: u32 = 2_500;

/// Counts a read of the house and one of the floor. Ends with an error where the house takes more than it may.
pub fn read(house: &Path) -> Result<(), Error> {
    let dir = tempfile::tempdir_in(".")?;
    let of_house = |requests: u32| {
        let data = dir.path().join(requests.to_string());
        let server = Server::baton(house, &data, Some(&dir.path().join("house")))?;
        let id = server.create(0)?;
        counted(server, requests, |server| server.read(id))
    };
    let ours = between(of_house(FEW)?, of_house(MANY)?);
    let file = dir.path().join(FEW.to_string()).join("baton.db");
    let of_floor = |requests| {
        let server = Server::bare(&file, &server::mark(0), Some(&dir.path().join("floor")))?;
        counted(server, requests, |server| server.plain("/row"))
    };
    let theirs = between(of_floor(FEW)?, of_floor(MANY)?);
    println!("a read by id takes {ours} instructions, the floor {theirs}; at most {READ}");
    if ours > READ { Err("a read costs too much".into()) } else { Ok(()) }
}

/// What one request takes, of what two runs took.
fn between(few: u64, many: u64) -> u64 {
    many.saturating_sub(few) / u64::from(MANY - FEW)
}

/// All instructions of a server that has answered so many requests.
fn counted(server: Server, requests: u32, request: impl Fn(&Server) -> Vec<u8>) -> Result<u64, Error> {
    let asked = request(&server);
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(async { Clients::connect(server.addr).await?.ask(requests, &|_| asked.clone()).await })?;
    server.counted()
}

//! Clients that do not behave: many sockets, driven by one thread, from addresses of their own.

use std::{
    io::{ErrorKind, Read, Write},
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use tokio::{net::TcpSocket, runtime};

/// Where those come from who have no other business: the neighbour is another peer.
pub const ELSEWHERE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 66);

/// Connections from an address. Fewer where the house takes no more.
pub fn connect(addr: &str, from: Ipv4Addr, many: usize) -> Vec<TcpStream> {
    let to: SocketAddr = addr.parse().unwrap();
    let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (mut all, mut refused) = (Vec::new(), 0);
        for _ in 0..many {
            // Whoever is not let in eight times comes no more.
            if refused == 8 {
                break;
            }
            let socket = TcpSocket::new_v4().unwrap();
            // Small, so that what is not read stays with who wrote it.
            socket.set_recv_buffer_size(4096).unwrap();
            socket.bind(SocketAddr::new(IpAddr::V4(from), 0)).unwrap();
            let connected = tokio::time::timeout(Duration::from_millis(500), socket.connect(to)).await;
            match connected {
                Ok(Ok(stream)) => all.push(stream.into_std().unwrap()),
                _ => refused += 1,
            }
        }
        all
    })
}

/// Writes what a socket takes at once. False when it is closed.
pub fn write(socket: &mut TcpStream, bytes: &[u8]) -> bool {
    match socket.write(bytes) {
        Ok(_) => true,
        Err(error) => error.kind() == ErrorKind::WouldBlock,
    }
}

/// How many of the sockets were answered or closed, without waiting for any. What they say is thrown away.
pub fn ended(sockets: &mut [TcpStream]) -> u64 {
    let ended = sockets.iter_mut().filter_map(|socket| {
        let mut scratch = [0; 1024];
        match socket.read(&mut scratch) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => None,
            _ => Some(()),
        }
    });
    ended.count() as u64
}

/// Does something again and again for so long.
pub fn keep(time: Duration, pause: Duration, mut does: impl FnMut()) {
    let begun = Instant::now();
    while begun.elapsed() < time {
        does();
        std::thread::sleep(pause);
    }
}

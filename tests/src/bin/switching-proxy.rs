//! A proxy that routes each new connection to the address which stands in a file at that moment: what stands in
//! front of two instances while one replaces the other.
//!
//!     switching-proxy FILE

use std::io;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::thread;

fn main() -> io::Result<()> {
    let file = std::env::args_os().nth(1).ok_or_else(|| io::Error::other("switching-proxy FILE"))?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("switching-proxy listens on {}", listener.local_addr()?);
    for client in listener.incoming() {
        let instance = connect(Path::new(&file))?;
        pass(client?, instance)?;
    }
    Ok(())
}

fn connect(file: &Path) -> io::Result<TcpStream> {
    TcpStream::connect(std::fs::read_to_string(file)?.trim())
}

/// Passes on what either side says, until it has said all.
fn pass(client: TcpStream, instance: TcpStream) -> io::Result<()> {
    for (mut from, mut to) in [(client.try_clone()?, instance.try_clone()?), (instance, client)] {
        thread::spawn(move || {
            // A side that goes away is the other's to deal with.
            let _ = io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Write);
        });
    }
    Ok(())
}

//! The embedded broker alone.
#![cfg(unix)]

use std::{
    io::{BufRead, BufReader, Read},
    net::{TcpListener, TcpStream},
    process::Stdio,
};

use insta::assert_snapshot;
use rustix::process::{Pid, Signal, kill_process};

use crate::support::Workspace;

#[test]
fn it_prints_where_it_listens_and_ends_when_asked() {
    // Wherever the user is: there need be no cargo project.
    let folder = tempfile::tempdir().expect("can be made");
    for signal in [Signal::TERM, Signal::INT] {
        let mut broker = Workspace::empty("broker")
            .command("", &["broker", "--port", "0"])
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut address = String::new();
        let stdout = broker.stdout.as_mut().expect("is piped");
        BufReader::new(stdout).read_line(&mut address).expect("it prints its address");
        let address = address.trim();
        TcpStream::connect(address).expect("it listens there");

        kill_process(Pid::from_child(&broker), signal).expect("it runs");
        assert_eq!(broker.wait().expect("ends").code(), Some(0), "{signal:?}");
        let mut stderr = String::new();
        broker.stderr.take().expect("is piped").read_to_string(&mut stderr).expect("is text");
        assert_snapshot!("it_says_that_it_is_for_development", stderr.replace(address, "[address]"));
    }
}

#[test]
fn a_port_that_is_taken_is_an_error() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    let port = listener.local_addr().expect("has an address").port().to_string();
    let run = Workspace::empty("taken-port").run(&["broker", "--port", &port]);
    assert_snapshot!(run.to_string().replace(&port, "[port]"));
}

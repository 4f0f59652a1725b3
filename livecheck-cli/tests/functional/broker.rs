//! The embedded broker alone.
#![cfg(unix)]

use std::{
    io::{BufRead, BufReader, Read},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Stdio},
};

use insta::assert_snapshot;
use rustix::process::{Pid, Signal, kill_process};

use crate::support::Workspace;

/// `cargo livecheck broker` at work, on a free port.
struct Serving {
    process: Child,
    address: String,
}

impl Serving {
    /// Wherever the user is: there need be no cargo project.
    fn start(folder: &Path, arguments: &[&str]) -> Self {
        let arguments = [&["broker", "--port", "0"], arguments].concat();
        let mut process = Workspace::empty("broker")
            .command("", &arguments)
            .current_dir(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut address = String::new();
        let stdout = process.stdout.as_mut().expect("is piped");
        BufReader::new(stdout).read_line(&mut address).expect("it prints its address");
        Self { process, address: address.trim().to_owned() }
    }

    /// Ends it by a signal; returns what it has said on standard error.
    fn end(mut self, signal: Signal) -> String {
        kill_process(Pid::from_child(&self.process), signal).expect("it runs");
        let mut stderr = String::new();
        self.process.stderr.take().expect("is piped").read_to_string(&mut stderr).expect("is text");
        assert_eq!(self.process.wait().expect("ends").code(), Some(0), "{signal:?}: {stderr}");
        stderr.replace(&self.address, "[address]")
    }
}

#[test]
fn it_prints_where_it_listens_and_ends_when_asked() {
    let folder = tempfile::tempdir().expect("can be made");
    for signal in [Signal::TERM, Signal::INT] {
        let broker = Serving::start(folder.path(), &[]);
        TcpStream::connect(&broker.address).expect("it listens there");
        assert_snapshot!("it_says_that_it_is_for_development", broker.end(signal));
    }
}

#[test]
fn it_says_what_lasts_and_which_faults_it_makes() {
    let folder = tempfile::tempdir().expect("can be made");
    let plan = "produce:drop-answer@0.1, fetch:delay=5ms..50ms@0.2";
    let broker = Serving::start(folder.path(), &["--data-dir", "kept", "--chaos", plan]);
    assert!(folder.path().join("kept/journal").exists());
    let second = Workspace::empty("data-dir-in-use");
    let kept = folder.path().join("kept");
    let second = second.run(&["broker", "--port", "0", "--data-dir", kept.to_str().expect("is text")]);
    assert_snapshot!(
        "a_folder_in_use_is_an_error",
        second.to_string().replace(kept.to_str().expect("is text"), "[kept]")
    );
    assert_snapshot!(broker.end(Signal::TERM));
}

#[test]
fn where_the_log_is_json_all_that_it_says_is() {
    let folder = tempfile::tempdir().expect("can be made");
    let broker = Serving::start(folder.path(), &["--log-format", "json", "-v"]);
    let said = broker.end(Signal::TERM);
    let messages = said.lines().map(|line| {
        let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
        format!(
            "{} {}\n",
            line["level"].as_str().expect("text"),
            line["fields"]["message"].as_str().expect("text")
        )
    });
    assert_snapshot!(messages.collect::<String>());
}

#[test]
fn a_plan_of_faults_that_is_none_is_a_usage_error() {
    let run = Workspace::empty("no-plan").run(&["broker", "--chaos", "seed=7, produse:drop"]);
    assert_snapshot!(run);
}

#[test]
fn a_port_that_is_taken_is_an_error() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    let port = listener.local_addr().expect("has an address").port().to_string();
    let run = Workspace::empty("taken-port").run(&["broker", "--port", &port]);
    assert_snapshot!(run.to_string().replace(&port, "[port]"));
}

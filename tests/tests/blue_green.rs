//! A new instance replaces an old one under load: by the script of the tutorial, behind a real proxy.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use livecheck_tests::own_topics::OwnTopics;
use livecheck_tests::process::{Ended, Process};
use livecheck_tests::proxy::free_port;
use livecheck_tests::runner::{clean_command, program};
use livecheck_tests::stock_order_system::website;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

const REQUEST: &str = "GET /order/init/buy/?fake=1 HTTP/1.1\r\nHost: orders\r\nConnection: close\r\n\r\n";
const USERS: usize = 3;

/// The old instance, the proxy in front of it, and users who order without a pause.
struct Deployment {
    folder: TempDir,
    topics: OwnTopics,
    blue: Process,
    _proxy: Process,
    load: Load,
}

impl Deployment {
    fn start(test: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let topics = OwnTopics::created(test, &[]);
        let blue = Process::start(website(&topics, &folder.path().join("blue"), 0));
        let address = listens_on(&blue);
        std::fs::write(folder.path().join("upstream"), address).unwrap();
        let mut command = clean_command("switching-proxy");
        command.arg(folder.path().join("upstream"));
        let proxy = Process::start(command);
        let load = Load::on(&listens_on(&proxy));
        load.until_answered(50);
        Self { folder, topics, blue, _proxy: proxy, load }
    }

    /// Runs the script, which starts the new instance with that command.
    fn deploy(&self, start_green: &str, variables: &[(&str, &str)]) -> Ended {
        let (_, port) = free_port();
        // What the website gets, the script hands on to the new one.
        let green = website(&self.topics, &self.folder.path().join("green"), port);
        let mut script = Command::new(example("blue-green"));
        script
            .args(["order-web", "127.0.0.1", &port.to_string()])
            .current_dir(example(""))
            .envs(green.get_envs().filter_map(|(name, value)| Some((name, value?))))
            .env("LIVECHECK", program("orders-runner"))
            .env("ORDER_WEB", program("order-web"))
            .env("FOLDER", self.folder.path())
            .env("BLUE", self.blue.id().to_string())
            .env("START_GREEN", start_green)
            .env("SWITCH", r#"echo "$HOST:$PORT" > "$FOLDER/new" && mv "$FOLDER/new" "$FOLDER/upstream""#)
            .env("STOP_BLUE", r#"kill "$BLUE""#)
            .env("STOP_GREEN", r#"kill "$(cat "$FOLDER/green.pid")""#)
            .env("DRAIN", "1")
            .envs(variables.iter().copied());
        Process::start(script).ended()
    }

    fn upstream(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("upstream")).unwrap().trim().to_owned()
    }
}

impl Drop for Deployment {
    fn drop(&mut self) {
        // The script has let go of the new instance: it would outlive the test.
        let id = std::fs::read_to_string(self.folder.path().join("green.pid"));
        let id = id.ok().and_then(|id| id.trim().parse().ok()).and_then(Pid::from_raw);
        if let Some(id) = id {
            let _ = kill_process(id, Signal::KILL);
        }
    }
}

#[test]
fn a_new_instance_that_is_ready_replaces_the_old_one_and_no_request_fails() {
    let deployment = Deployment::start("blue-green");
    let old = deployment.upstream();
    let ended = deployment.deploy(
        r#""$ORDER_WEB" --port "$PORT" --data-dir "$FOLDER/green" > "$FOLDER/green.log" 2>&1 & echo $! > "$FOLDER/green.pid""#,
        &[],
    );
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    for uptest in ["answers", "stock_orders::uptests::takes_orders"] {
        let passed = ended.stderr.lines().any(|line| line.contains("PASS") && line.contains(uptest));
        assert!(passed, "{uptest}: {}", ended.stderr);
    }
    assert_ne!(deployment.upstream(), old);
    deployment.load.until_answered(100);
    let (answered, failed) = deployment.load.stop();
    assert_eq!(failed, [""; 0], "of {answered} requests");
    assert!(TcpStream::connect(old).is_err(), "the old instance is gone");
}

#[test]
fn an_instance_that_is_not_ready_gets_no_request_and_the_old_one_goes_on() {
    let deployment = Deployment::start("blue-green-not-ready");
    let old = deployment.upstream();
    // It never listens.
    let ended = deployment
        .deploy(r#"sleep 1000 > /dev/null 2>&1 & echo $! > "$FOLDER/green.pid""#, &[("READY_WITHIN", "1s")]);
    assert_eq!(ended.code, Some(100), "{}", ended.stderr);
    assert!(
        ended.stderr.ends_with("the new instance is not ready, and the old one goes on\n"),
        "{}",
        ended.stderr
    );
    assert_eq!(deployment.upstream(), old);
    deployment.load.until_answered(100);
    let (answered, failed) = deployment.load.stop();
    assert_eq!(failed, [""; 0], "of {answered} requests");
}

/// Users who order one thing after another.
struct Load {
    is_over: Arc<AtomicBool>,
    answered: Arc<AtomicUsize>,
    failed: Arc<Mutex<Vec<String>>>,
    users: Mutex<Vec<JoinHandle<()>>>,
}

impl Load {
    fn on(address: &str) -> Self {
        let load = Self {
            is_over: Arc::default(),
            answered: Arc::default(),
            failed: Arc::default(),
            users: Mutex::default(),
        };
        for _ in 0..USERS {
            let (address, is_over) = (address.to_owned(), Arc::clone(&load.is_over));
            let (answered, failed) = (Arc::clone(&load.answered), Arc::clone(&load.failed));
            let user = std::thread::spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    match order(&address) {
                        Ok(()) => drop(answered.fetch_add(1, Ordering::Relaxed)),
                        Err(error) => failed.lock().unwrap().push(error),
                    }
                }
            });
            load.users.lock().unwrap().push(user);
        }
        load
    }

    /// Waits until so many more requests are answered.
    fn until_answered(&self, more: usize) {
        let enough = self.answered.load(Ordering::Relaxed) + more;
        let deadline = std::time::Instant::now() + livecheck_tests::PATIENCE;
        while self.answered.load(Ordering::Relaxed) < enough {
            assert!(std::time::Instant::now() < deadline, "{:?}", self.failed.lock().unwrap());
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }

    /// How many requests were answered, and why the others were not.
    fn stop(&self) -> (usize, Vec<String>) {
        self.is_over.store(true, Ordering::Relaxed);
        self.users.lock().unwrap().drain(..).for_each(|user| user.join().unwrap());
        (self.answered.load(Ordering::Relaxed), self.failed.lock().unwrap().clone())
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}

fn order(address: &str) -> Result<(), String> {
    let ask = || {
        let mut connection = TcpStream::connect(address)?;
        connection.set_read_timeout(Some(livecheck_tests::PATIENCE))?;
        connection.write_all(REQUEST.as_bytes())?;
        let mut answer = String::new();
        connection.read_to_string(&mut answer)?;
        Ok::<_, std::io::Error>(answer)
    };
    match ask() {
        Ok(answer) if answer.starts_with("HTTP/1.1 200 ") && answer.contains(r#""side":"buy""#) => Ok(()),
        Ok(answer) => Err(format!("answered {answer:?}")),
        Err(error) => Err(error.to_string()),
    }
}

fn listens_on(process: &Process) -> String {
    process.wait_for("where it listens", |line| {
        let (_, address) = line.split_once("listens on ")?;
        Some(address.trim_start_matches("http://").to_owned())
    })
}

fn example(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/stock-orders").join(path)
}

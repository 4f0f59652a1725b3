//! A program: its output line by line, and its end.

use std::fmt;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::PATIENCE;

/// A running program. It is killed when dropped.
pub struct Process {
    name: String,
    child: Child,
    output: Arc<Output>,
    readers: Vec<JoinHandle<()>>,
    /// How long it is waited for what it is to say.
    patience: Duration,
}

/// Where a line was written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stream {
    Out,
    Err,
}

#[derive(Default)]
struct Output {
    written: Mutex<Written>,
    changed: Condvar,
}

#[derive(Default)]
struct Written {
    lines: Vec<(Stream, String)>,
    /// How many streams have come to their end.
    closed: usize,
}

/// A program that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Its exit code; none where a signal ended it.
    pub code: Option<i32>,
    /// What it wrote to standard output.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
}

impl Process {
    /// Starts a program.
    #[must_use]
    pub fn start(mut command: Command) -> Self {
        let name = command.get_program().to_string_lossy().into_owned();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{name} cannot be started: {error}"));
        let output = Arc::new(Output::default());
        let stdout = child.stdout.take().expect("it is piped");
        let stderr = child.stderr.take().expect("it is piped");
        let readers = vec![read(stdout, Stream::Out, &output), read(stderr, Stream::Err, &output)];
        Self { name, child, output, readers, patience: PATIENCE }
    }

    /// The same, for which one waits that long: it has much to do.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Waits until there is a line in which `wanted` finds something, from the first line on.
    #[must_use]
    pub fn wait_for<T>(&self, what: &str, mut wanted: impl FnMut(&str) -> Option<T>) -> T {
        self.wait_for_lines(what, |mut lines| (&mut lines).find_map(&mut wanted))
    }

    /// Waits until the lines written so far are as `wanted` wants them.
    #[must_use]
    pub fn wait_for_lines<T>(
        &self,
        what: &str,
        mut wanted: impl FnMut(&mut dyn Iterator<Item = &str>) -> Option<T>,
    ) -> T {
        let deadline = Instant::now() + self.patience;
        let mut written = self.output.written.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(found) = wanted(&mut written.lines.iter().map(|(_, line)| line.as_str())) {
                return found;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if written.closed == 2 || left.is_zero() {
                let why = if left.is_zero() { "in time" } else { "before it ended" };
                drop(written);
                panic!("{} did not say {why}: {what}", self.name);
            }
            let waited = self.output.changed.wait_timeout(written, left);
            written = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits until it has written a line with that text.
    pub fn wait_for_text(&self, text: &str) {
        let () = self.wait_for(text, |line| line.contains(text).then_some(()));
    }

    /// How many lines with that text there are so far.
    #[must_use]
    pub fn count(&self, text: &str) -> usize {
        let written = self.output.written.lock().unwrap_or_else(PoisonError::into_inner);
        written.lines.iter().filter(|(_, line)| line.contains(text)).count()
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What Ctrl-C sends.
    pub fn interrupt(&self) {
        self.signal(Signal::INT);
    }

    /// What a service manager sends.
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Stops it, so that it does not know that time passes.
    pub fn pause(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on.
    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    /// What it has written so far.
    #[must_use]
    pub fn said(&self) -> String {
        of(&self.output.written.lock().unwrap_or_else(PoisonError::into_inner).lines, None)
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).unwrap_or_else(|error| panic!("{} is gone: {error}", self.name));
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("its state can be asked for").is_none()
    }

    /// Waits for its end.
    #[must_use]
    pub fn ended(mut self) -> Ended {
        let status = self.wait(PATIENCE);
        for reader in self.readers.drain(..) {
            reader.join().expect("reading its output does not panic");
        }
        let written = self.output.written.lock().unwrap_or_else(PoisonError::into_inner);
        let (stdout, stderr) = (of(&written.lines, Some(Stream::Out)), of(&written.lines, Some(Stream::Err)));
        Ended { code: status.code(), stdout, stderr }
    }

    fn wait(&mut self, patience: Duration) -> ExitStatus {
        let deadline = Instant::now() + patience;
        loop {
            // The standard library has no wait with a deadline.
            match self.child.try_wait().expect("its state can be asked for") {
                Some(status) => return status,
                None if Instant::now() >= deadline => panic!("{} does not end", self.name),
                None => std::thread::sleep(Duration::from_millis(5)),
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail if it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
        // Of a test that fails, whatever it was that failed, the words of its programs are what explains it.
        if std::thread::panicking() {
            println!("{} said:\n{}", self.name, self.said());
        }
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Process").field("name", &self.name).finish_non_exhaustive()
    }
}

fn read(stream: impl Read + Send + 'static, kind: Stream, output: &Arc<Output>) -> JoinHandle<()> {
    let output = Arc::clone(output);
    std::thread::spawn(move || {
        let mut stream = BufReader::new(stream);
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = stream.read_until(b'\n', &mut line).unwrap_or(0);
            let mut written = output.written.lock().unwrap_or_else(PoisonError::into_inner);
            if read == 0 {
                written.closed += 1;
            } else {
                let text = String::from_utf8_lossy(&line);
                written.lines.push((kind, text.trim_end_matches('\n').to_owned()));
            }
            drop(written);
            output.changed.notify_all();
            if read == 0 {
                return;
            }
        }
    })
}

/// What was written, to one stream or to both.
fn of(lines: &[(Stream, String)], wanted: Option<Stream>) -> String {
    let lines = lines.iter().filter(|(stream, _)| wanted.is_none_or(|wanted| wanted == *stream));
    lines.fold(String::new(), |text, (_, line)| text + line + "\n")
}

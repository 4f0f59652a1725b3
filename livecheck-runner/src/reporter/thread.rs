//! The reporter's own thread, so that a terminal that is slow, or that its user has paused, slows nothing else.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use livecheck_core::Cases;

use super::event::{Finished, RunEvent};
use super::json;
use super::render::{RenderOptions, Renderer};
use super::screen::Screen;

/// How many events can wait to be printed.
const QUEUE: usize = 10_000;
/// How often the live line is drawn again.
const REDRAW: Duration = Duration::from_millis(100);
/// How many events are printed in one go.
const BATCH: usize = 256;

/// How a run is reported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReportFormat {
    /// For people.
    #[default]
    Human,
    /// One JSON object a line.
    Json,
}

/// How much is said, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReporterOptions {
    /// For whom.
    pub format: ReportFormat,
    /// How often `-v` was given.
    pub verbose: u8,
    /// Whether only failures are said.
    pub quiet: bool,
    /// How often counts are printed where there is no terminal.
    pub status_interval: Duration,
    /// The folder from which source files are named.
    pub root: PathBuf,
}

/// Where the parts of a run tell what happens. Clones lead to the same reporter.
#[derive(Clone, Debug)]
pub struct Events {
    sender: SyncSender<RunEvent>,
    left_out: Arc<AtomicU64>,
}

impl Events {
    /// Tells the reporter. Never blocks: what finds no room is counted, and the count is told at the end.
    pub fn send(&self, event: impl Into<RunEvent>) {
        match self.sender.try_send(event.into()) {
            Err(TrySendError::Full(RunEvent::Status(_))) => {} // The next one says it all.
            Err(TrySendError::Full(_)) => {
                self.left_out.fetch_add(1, Ordering::Relaxed);
            }
            Ok(()) | Err(TrySendError::Disconnected(_)) => {}
        }
    }
}

/// A reporter at work.
#[derive(Debug)]
pub struct Reporter {
    events: Events,
    thread: JoinHandle<()>,
    screen: Screen,
}

impl Reporter {
    /// Starts a reporter that prints on that screen.
    ///
    /// # Errors
    ///
    /// The system has no thread left.
    pub fn start(options: ReporterOptions, screen: Screen) -> io::Result<Self> {
        let (sender, receiver) = sync_channel(QUEUE);
        let left_out = Arc::new(AtomicU64::new(0));
        let events = Events { sender, left_out: Arc::clone(&left_out) };
        let printer = Printer::new(options, screen.clone());
        let thread = std::thread::Builder::new()
            .name("livecheck-reporter".to_owned())
            .spawn(move || printer.run(&receiver, &left_out))?;
        Ok(Self { events, thread, screen })
    }

    /// Where to tell what happens.
    #[must_use]
    pub fn events(&self) -> Events {
        self.events.clone()
    }

    /// Prints all that was told, where a run ends before it was under way. Blocks for as long as the terminal
    /// does.
    pub fn close(self) {
        let Self { events, thread, .. } = self;
        drop(events);
        // It may be gone already, if it panicked: that has been printed.
        let _ = thread.join();
    }

    /// Prints all that was told, and the summary. Blocks for as long as the terminal does.
    ///
    /// # Errors
    ///
    /// Something could not be written.
    pub fn finish(self, finished: Finished) -> io::Result<()> {
        // The thread may be gone, if it panicked: that has been printed.
        let _ = self.events.sender.send(RunEvent::Finished(finished));
        let _ = self.thread.join();
        self.screen.take_error().map_or(Ok(()), Err)
    }
}

struct Printer {
    screen: Screen,
    form: Form,
    began: Instant,
}

enum Form {
    Human(Box<Renderer>),
    Json { cases: Cases, root: PathBuf },
}

impl Printer {
    fn new(options: ReporterOptions, screen: Screen) -> Self {
        let ReporterOptions { format, verbose, quiet, status_interval, root } = options;
        let form = match format {
            ReportFormat::Human => Form::Human(Box::new(Renderer::new(RenderOptions {
                width: screen.width(),
                verbose,
                quiet,
                live: screen.is_terminal() && !quiet,
                status_interval,
                root,
            }))),
            ReportFormat::Json => Form::Json { cases: Cases::default(), root },
        };
        Self { screen, form, began: Instant::now() }
    }

    fn run(mut self, events: &Receiver<RunEvent>, left_out: &AtomicU64) {
        let mut drawn = Instant::now();
        loop {
            match events.recv_timeout(REDRAW) {
                Ok(event) => {
                    let mut batch = vec![event];
                    batch.extend(events.try_iter().take(BATCH - 1));
                    if self.print(batch, left_out) {
                        return;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    self.screen.show_live("");
                    return;
                }
            }
            if drawn.elapsed() >= REDRAW {
                drawn = Instant::now();
                self.redraw();
            }
        }
    }

    /// Prints events; says whether that was all.
    fn print(&mut self, batch: Vec<RunEvent>, left_out: &AtomicU64) -> bool {
        let mut text = String::new();
        let mut is_over = false;
        for event in batch {
            is_over |= matches!(event, RunEvent::Finished(_));
            if is_over {
                match left_out.load(Ordering::Relaxed) {
                    0 => {}
                    count => text.push_str(&self.text_of(&RunEvent::Warning(format!(
                        "{count} events are not shown: the terminal did not keep up"
                    )))),
                }
            }
            text.push_str(&self.text_of(&event));
            if is_over {
                break;
            }
        }
        self.screen.print_with_live(&text, &self.live_line());
        is_over
    }

    fn text_of(&mut self, event: &RunEvent) -> String {
        match &mut self.form {
            Form::Human(renderer) => renderer.event(event, self.began.elapsed()),
            Form::Json { cases, root } => {
                if let RunEvent::Started(started) = event {
                    cases.clone_from(&started.cases);
                }
                json::line(event, cases, root)
            }
        }
    }

    fn redraw(&mut self) {
        let Form::Human(renderer) = &mut self.form else { return };
        renderer.set_width(self.screen.width());
        let text = renderer.tick(self.began.elapsed());
        self.screen.print_with_live(&text, &self.live_line());
    }

    /// The live line as it is now; empty where there is none, as after the end.
    fn live_line(&self) -> String {
        match &self.form {
            Form::Human(renderer) => renderer.live_line(self.began.elapsed()).unwrap_or_default(),
            Form::Json { .. } => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::screen::tests::Written;
    use super::*;

    fn options(format: ReportFormat) -> ReporterOptions {
        let status_interval = Duration::from_secs(30);
        ReporterOptions { format, verbose: 0, quiet: false, status_interval, root: PathBuf::new() }
    }

    #[test]
    fn all_that_was_told_is_printed_before_the_end() {
        let written = Written::default();
        let screen = Screen::new(written.clone(), false, false);
        let reporter = Reporter::start(options(ReportFormat::Human), screen).expect("a thread");
        for number in 0..1000 {
            reporter.events().send(RunEvent::Warning(format!("number {number}")));
        }
        reporter.finish(Finished::default()).expect("it is written");
        let text = written.text();
        assert_eq!(text.matches("Warning number").count(), 1000);
        assert!(text.contains("     Summary [   0.000s] 0 executions: no trigger came"), "{text}");
    }

    #[test]
    fn a_run_that_never_began_has_no_summary_and_leaves_no_live_line() {
        let written = Written::default();
        let screen = Screen::new(written.clone(), false, true);
        let reporter = Reporter::start(options(ReportFormat::Human), screen.clone()).expect("a thread");
        reporter.events().send(RunEvent::Warning("odd".to_owned()));
        screen.show_live("live");
        reporter.close();
        let cleared = "\r\u{1b}[2K";
        let left = written.text().rsplit(cleared).next().map(str::to_owned);
        assert!(written.text().contains("     Warning odd\n"), "{}", written.text());
        assert!(left.is_some_and(|left| !left.contains("live")), "{}", written.text());
    }

    #[test]
    fn what_finds_no_room_is_counted_and_told() {
        /// A terminal that its user has paused.
        struct Paused(Receiver<()>, Written);
        impl io::Write for Paused {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                // It goes on for good once the sender is gone.
                let _ = self.0.recv();
                self.1.write(bytes)
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let (go_on, paused) = sync_channel(0);
        let written = Written::default();
        let screen = Screen::new(Paused(paused, written.clone()), false, false);
        let reporter = Reporter::start(options(ReportFormat::Json), screen).expect("a thread");
        for _ in 0..QUEUE * 2 {
            reporter.events().send(RunEvent::Warning("again".to_owned()));
        }
        drop(go_on);
        reporter.finish(Finished::default()).expect("it is written");
        assert!(written.text().contains("events are not shown: the terminal did not keep up"));
    }
}

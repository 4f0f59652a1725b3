//! The observers of the user's own: told on a thread of theirs, so that nothing they do holds up or harms a verdict.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use livecheck_core::observer::{Observer, Registered};
use livecheck_core::wire::TestReport;
use livecheck_core::{Case, Context};

use crate::observer::Observation;

/// How many events wait for slow observers before they miss some.
const QUEUE: usize = 10_000;
/// How often the thread looks whether the run is over.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How long observers may take at the end of a run.
const LAST_EVENTS: Duration = Duration::from_secs(5);

/// Something that observers are told.
#[derive(Debug)]
enum Event {
    Start(Context),
    Wait(Context, &'static str),
    Received(Context, &'static str),
    Report(Box<TestReport>),
}

impl Event {
    fn case(&self) -> &str {
        match self {
            Self::Start(test) | Self::Wait(test, _) | Self::Received(test, _) => test.case_name().as_str(),
            Self::Report(report) => report.case_name.as_str(),
        }
    }

    fn tell(&self, observer: &dyn Observer) {
        match self {
            Self::Start(test) => observer.on_test_start(test),
            Self::Wait(test, signal) => observer.on_signal_wait(test, signal),
            Self::Received(test, signal) => observer.on_signal_received(test, signal),
            Self::Report(report) => observer.on_report(report),
        }
    }
}

/// The way to the observers; where there are none, telling them costs nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Observers(Option<Queue>);

#[derive(Clone, Debug)]
struct Queue {
    events: SyncSender<Event>,
    missed: Arc<AtomicU64>,
}

/// The thread that observers are called on, if there is one.
pub(crate) struct ObserverThread(Option<Running>);

struct Running {
    is_over: Arc<AtomicBool>,
    /// Hung up by the thread when it ends.
    until_told: Receiver<()>,
}

impl Observers {
    /// Starts the thread, if there is somebody to tell.
    pub(crate) fn start(observers: Vec<Registered>) -> (Self, ObserverThread) {
        if observers.is_empty() {
            return (Self::default(), ObserverThread(None));
        }
        let (events, inbox) = sync_channel(QUEUE);
        let (missed, is_over) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let (told, until_told) = sync_channel(0);
        let thread = {
            let (missed, is_over) = (Arc::clone(&missed), Arc::clone(&is_over));
            move || {
                tell_all(&observers, &inbox, &missed, &is_over);
                drop(told);
            }
        };
        let thread = std::thread::Builder::new().name("livecheck-observers".to_owned()).spawn(thread);
        thread.expect("the system can start a thread");
        (Self(Some(Queue { events, missed })), ObserverThread(Some(Running { is_over, until_told })))
    }

    /// Whether there is nobody to tell.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    pub(crate) fn start_of(&self, test: &Context) {
        self.tell(|| Event::Start(test.clone()));
    }

    pub(crate) fn wait(&self, test: &Context, case: &'static Case, signal: usize) {
        self.tell(|| Event::Wait(test.clone(), case.signals[signal].name));
    }

    pub(crate) fn received(&self, test: &Context, case: &'static Case, signal: usize) {
        self.tell(|| Event::Received(test.clone(), case.signals[signal].name));
    }

    /// Hears what the runner says.
    pub(crate) fn hear(&self, observation: &Observation) {
        if let Observation::Committed { reports, .. } = observation {
            reports.iter().for_each(|report| self.report(report));
        }
    }

    /// A report on an execution, or on a case as a whole.
    pub(crate) fn report(&self, report: &TestReport) {
        self.tell(|| Event::Report(Box::new(report.clone())));
    }

    fn tell(&self, event: impl FnOnce() -> Event) {
        let Some(queue) = &self.0 else { return };
        if let Err(TrySendError::Full(_)) = queue.events.try_send(event()) {
            queue.missed.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl ObserverThread {
    /// Waits until all that was told is heard, for some seconds at most. Blocks.
    pub(crate) fn finish(self) {
        let Some(Running { is_over, until_told }) = self.0 else { return };
        is_over.store(true, Ordering::Relaxed);
        if until_told.recv_timeout(LAST_EVENTS) == Err(RecvTimeoutError::Timeout) {
            tracing::warn!("observers do not come to an end: they miss the latest events");
        }
    }
}

fn tell_all(observers: &[Registered], inbox: &Receiver<Event>, missed: &AtomicU64, is_over: &AtomicBool) {
    loop {
        let event = match inbox.recv_timeout(LOOK_EVERY) {
            Ok(event) => event,
            Err(RecvTimeoutError::Timeout) if is_over.load(Ordering::Relaxed) => return,
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        for observer in observers.iter().filter_map(|registered| registered.of(event.case())) {
            if catch_unwind(AssertUnwindSafe(|| event.tell(observer))).is_err() {
                tracing::warn!(
                    case = event.case(),
                    "an observer has panicked; it is told of what comes next"
                );
            }
        }
        match missed.swap(0, Ordering::Relaxed) {
            0 => {}
            count => tracing::warn!("observers do not keep up: they have missed {count} events"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::mpsc::{Sender, channel};

    use livecheck_core::ExecutionKey;
    use livecheck_core::wire::{State, decode};

    use super::*;

    /// Writes down what it is told; waits for each, and panics, where that is wanted.
    struct Recorder {
        told: Sender<String>,
        go_on: Option<Mutex<Receiver<()>>>,
    }

    impl Recorder {
        fn told(&self, what: &str) {
            if let Some(go_on) = &self.go_on {
                let _ = go_on.lock().expect("no panic").recv();
            }
            self.told.send(what.to_owned()).expect("it is heard");
        }
    }

    impl Observer for Recorder {
        fn on_test_start(&self, test: &Context) {
            self.told(&format!("start {}", test.id()));
        }
        fn on_test_pass(&self, _: &TestReport) {
            panic!("an observer's own mistake");
        }
        fn on_test_skipped(&self, _: &TestReport) {
            self.told("skipped");
        }
        fn on_test_failed(&self, _: &TestReport) {
            self.told("failed");
        }
        fn on_test_error(&self, _: &TestReport) {
            self.told("error");
        }
        fn on_test_timeout(&self, _: &TestReport) {
            self.told("timeout");
        }
        fn on_suite_fail(&self, report: &TestReport) {
            self.told(&format!("suite {}", report.state));
        }
        fn on_suite_recovered(&self, _: &TestReport) {
            self.told("recovered");
        }
    }

    fn report(state: State, has_test: bool) -> TestReport {
        let test = if has_test {
            r#"{"id":"o-1","case_name":"orders::flow","timestamp":"2026-11-21T02:03:04Z",
                "expires":"2026-11-21T05:03:04Z"}"#
        } else {
            "null"
        };
        let json = format!(
            r#"{{"case_name":"orders::flow","state":"{state}","test":{test},"runtime":0.1,"error":null,
            "traceback":null}}"#
        );
        decode(Some(json.as_bytes())).expect("a report")
    }

    fn registered(recorder: Recorder) -> Vec<Registered> {
        livecheck_core::observer::add(recorder, None);
        let mut all = livecheck_core::observer::all();
        vec![all.pop().expect("the one that was added last")]
    }

    fn context() -> Context {
        let timestamp = livecheck_core::Timestamp::now();
        let key = ExecutionKey { case: "orders::flow".into(), id: "o-1".into(), timestamp };
        Context::new(key, timestamp)
    }

    /// One after the other: observers that are added are the whole process's.
    static ALONE: Mutex<()> = Mutex::new(());

    #[test]
    fn each_event_has_its_method_and_a_panic_is_no_harm() {
        let _alone = ALONE.lock().expect("no panic");
        let (told, hear) = channel();
        let (observers, thread) = Observers::start(registered(Recorder { told, go_on: None }));
        observers.start_of(&context());
        observers.report(&report(State::Pass, true));
        for state in [State::Skip, State::Fail, State::Error, State::Timeout] {
            observers.report(&report(state, true));
        }
        for state in [State::Fail, State::Stall, State::Pass] {
            observers.report(&report(state, false));
        }
        drop(observers);
        thread.finish();
        let told: Vec<String> = hear.try_iter().collect();
        assert_eq!(
            told,
            ["start o-1", "skipped", "failed", "error", "timeout", "suite FAIL", "suite STALL", "recovered"]
        );
    }

    #[test]
    fn a_slow_observer_misses_events_and_holds_up_nobody() {
        let _alone = ALONE.lock().expect("no panic");
        let (told, hear) = channel();
        let (go_on, paused) = channel();
        let recorder = Recorder { told, go_on: Some(Mutex::new(paused)) };
        let (observers, thread) = Observers::start(registered(recorder));
        for _ in 0..3 * QUEUE {
            observers.start_of(&context());
        }
        drop((observers, go_on));
        thread.finish();
        let told = hear.try_iter().count();
        assert!((QUEUE..=QUEUE + 1).contains(&told), "{told}");
    }

    #[test]
    fn without_observers_there_is_no_thread() {
        let (observers, thread) = Observers::start(Vec::new());
        observers.start_of(&context());
        assert!(thread.0.is_none());
    }
}

//! The runners that are killed: each in a place of its own, with a way of its own to the broker.

use std::path::PathBuf;

use livecheck_core::variables::variable;
use tempfile::TempDir;

use super::schedule::{Slot, Step};
use crate::own_topics::OwnTopics;
use crate::proxy::Proxy;
use crate::runner::{Runner, RunnerCommand};

/// The exit code of a runner that found no broker when it started: whoever supervises runners starts it again.
const SETUP_FAILED: i32 = 96;

/// The places, and the runners in them.
#[derive(Debug)]
pub struct Fleet {
    program: PathBuf,
    topics: OwnTopics,
    slots: Vec<Place>,
    /// Where the runners have their tables: one goes on from what another has left there, killed or not.
    tables: TempDir,
    /// Asked to end, and not seen to have ended.
    leaving: Vec<(Slot, Runner)>,
    history: History,
}

/// What has become of runners.
#[derive(Debug, Default)]
pub struct History {
    /// What runners did that none should.
    pub complaints: Vec<String>,
    /// How many found no broker when they started, and were started again.
    pub restarts: usize,
    /// What those have said that are gone.
    pub said: String,
}

#[derive(Debug)]
struct Place {
    proxy: Proxy,
    runner: Option<Runner>,
}

impl Fleet {
    /// So many places, empty. `program` is the runner.
    #[must_use]
    pub fn new(program: PathBuf, topics: OwnTopics, size: usize) -> Self {
        let slots = (0..size).map(|_| Place { proxy: Proxy::start(), runner: None }).collect();
        let tables = tempfile::tempdir().expect("a folder");
        Self { program, topics, slots, tables, leaving: Vec::new(), history: History::default() }
    }

    /// Does what a schedule has for a runner; nothing, where the step is the broker's.
    pub fn apply(&mut self, step: Step) {
        match step {
            Step::Start(slot) => self.start(slot),
            Step::Kill(slot) => {
                if let Some(runner) = self.slots[slot].runner.take() {
                    self.history.keep(slot, "killed", &runner.said());
                }
            }
            Step::Terminate(slot) => {
                if let Some(runner) = self.slots[slot].runner.take() {
                    runner.terminate();
                    self.leaving.push((slot, runner));
                }
            }
            Step::Pause(slot) => self.in_place(slot, |runner| runner.pause()),
            Step::Resume(slot) => self.in_place(slot, |runner| runner.resume()),
            Step::Cut(slot) => self.slots[slot].proxy.cut(),
            Step::Slow(slot, delay) => self.slots[slot].proxy.slow(delay),
            Step::Mend(slot) => self.slots[slot].proxy.mend(),
            Step::KillBroker | Step::StopBroker | Step::StartBroker => {}
        }
    }

    /// Looks whether runners have ended by themselves, and starts again those that could not reach the broker.
    pub fn supervise(&mut self) {
        for slot in 0..self.slots.len() {
            if let Some(runner) = self.slots[slot].runner.take_if(|runner| !runner.is_running()) {
                let ended = runner.ended();
                self.history.keep(slot, "ended by itself", &ended.stderr);
                if ended.code == Some(SETUP_FAILED) {
                    self.history.restarts += 1;
                } else {
                    self.history.complaints.push(format!("runner {slot} ended by itself: {:?}", ended.code));
                }
                self.start(slot);
            }
        }
        for (slot, mut runner) in std::mem::take(&mut self.leaving) {
            if runner.is_running() {
                self.leaving.push((slot, runner));
            } else {
                self.has_left(slot, runner);
            }
        }
    }

    /// Ends all runners in order, and tells what has become of them.
    #[must_use]
    pub fn end(mut self) -> History {
        for slot in 0..self.slots.len() {
            self.apply(Step::Terminate(slot));
        }
        for (slot, runner) in std::mem::take(&mut self.leaving) {
            self.has_left(slot, runner);
        }
        self.history
    }

    fn start(&mut self, slot: Slot) {
        let place = &mut self.slots[slot];
        let runner = RunnerCommand::on(&self.topics)
            .program(&self.program)
            .arguments("run")
            .variable(&variable(&["bootstrap-servers"]), place.proxy.servers())
            // As short as brokers allow: after that the group goes on without a runner that says nothing.
            .variable("LIVECHECK_KAFKA_SESSION_TIMEOUT_MS", "6000")
            // Sooner than by default, so that faults meet executions that are saved, and those that are not.
            .variable("LIVECHECK_SAVE_AFTER", "1s")
            .variable("LIVECHECK_TABLES_DIR", self.tables.path().to_string_lossy())
            .variable("LIVECHECK_KAFKA_HEARTBEAT_INTERVAL_MS", "300");
        place.runner = Some(runner.start());
    }

    fn in_place(&self, slot: Slot, what: impl FnOnce(&Runner)) {
        if let Some(runner) = &self.slots[slot].runner {
            what(runner);
        }
    }

    /// A runner that was asked to end has ended, or will.
    fn has_left(&mut self, slot: Slot, runner: Runner) {
        let ended = runner.ended();
        self.history.keep(slot, "asked to end", &ended.stderr);
        let is_in_order = match ended.code {
            // One that was still looking for the broker may say that instead.
            Some(code) => code == 0 || code == SETUP_FAILED,
            // One that had not begun yet was ended by the signal itself.
            None => ended.stderr.is_empty(),
        };
        if !is_in_order {
            self.history.complaints.push(format!("runner {slot} did not end in order: {:?}", ended.code));
        }
    }
}

impl History {
    fn keep(&mut self, slot: Slot, how: &str, said: &str) {
        self.said.push_str(&format!("--- runner {slot}, {how}\n{said}"));
    }
}

//! Runs the uptests of a folder.

use std::path::{Path, PathBuf};
use std::time::Duration;

use livecheck_core::Uptest;
use livecheck_uptest::environment::Environment;
use livecheck_uptest::instance::from_words;
use livecheck_uptest::plan::{Planned, plan};
use livecheck_uptest::run::{Settings, run};
use livecheck_uptest::verdict::judge;
use livecheck_uptest::{Terminal, UptestResult, Verdict, function};
use tokio::sync::{mpsc, watch};

/// A folder of this package's `testdata`.
pub(crate) fn testdata(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(folder)
}

/// Settings that give each uptest that long, in the project at `root`.
pub(crate) fn settings(root: &Path, timeout: Duration) -> Settings {
    Settings {
        environment: Environment { root: root.to_owned(), ..Environment::default() },
        timeout,
        total_timeout: None,
        retry_for: Duration::ZERO,
        jobs: 16,
        catch: function::catch,
    }
}

/// What a run came to, and what it looked like on the terminal.
pub(crate) struct Ran {
    pub(crate) plan: Vec<Planned>,
    pub(crate) results: Vec<UptestResult>,
    pub(crate) verdict: Verdict,
    pub(crate) terminal: String,
}

impl Ran {
    /// The result of the uptest of that name.
    pub(crate) fn result(&self, name: &str) -> &UptestResult {
        self.results.iter().find(|result| result.check.name() == name).expect(name)
    }
}

/// Runs the executables for the instances that the words name.
pub(crate) async fn uptest(words: &[&str], settings: &Settings) -> Ran {
    uptest_with(words, settings, &[]).await
}

/// The same, with uptests in Rust.
pub(crate) async fn uptest_with(words: &[&str], settings: &Settings, functions: &[&'static Uptest]) -> Ran {
    let words: Vec<String> = words.iter().map(ToString::to_string).collect();
    let instances = from_words(&words).expect("instances");
    let plan = plan(&settings.environment.root, instances, functions).expect("folders that can be read");
    let (events, mut happened) = mpsc::unbounded_channel();
    let (_stop, is_asked) = watch::channel(false);
    let look = Terminal::default();
    let mut terminal = look.header(&plan) + &look.without_uptests(&plan, false);
    let results = run(&plan, settings, events, is_asked).await;
    while let Ok(event) = happened.try_recv() {
        terminal.push_str(&look.event(&event));
    }
    let verdict = judge(&plan, &results, false);
    terminal.push_str(&look.summary(&plan, &results, verdict, Duration::from_secs(1)));
    Ran { plan, results, verdict, terminal: anstream::adapter::strip_str(&terminal).to_string() }
}

/// Compares what stands on the terminal with its snapshot, whatever the times and the ids of processes.
macro_rules! assert_terminal {
    ($ran:expr) => {
        insta::with_settings!({
            filters => [
                (r"\[ *\d+\.\d{3}s\]", "[   0.000s]"),
                (r"after \d+ms( \d+us)?", "after (milliseconds)"),
                (r"` \(\d+\)", "` (id)"),
            ],
        }, {
            insta::assert_snapshot!($ran.terminal);
        });
    };
}
pub(crate) use assert_terminal;

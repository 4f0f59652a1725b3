//! A real Chromium, driven by chromedriver.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fantoccini::actions::{InputSource, MOUSE_BUTTON_LEFT, MouseActions, PointerAction};
use fantoccini::error::CmdError;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

/// The variable that says where chromedriver is; without it these tests have nothing to do.
pub(crate) const CHROMEDRIVER: &str = "LIVECHECK_TEST_CHROMEDRIVER";
/// Where axe-core's `axe.min.js` is, which knows what people with a screen reader or a keyboard meet; without it only
/// names are looked for.
const AXE: &str = "LIVECHECK_TEST_AXE";
/// Where screenshots go, if anywhere.
const SCREENSHOTS: &str = "LIVECHECK_TEST_SCREENSHOTS";
/// How long something on a page may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often chromedriver may find the port that it chose taken.
const TRIES: usize = 10;

/// A browser with one window, ended with it.
pub(crate) struct Chrome {
    pub(crate) client: Client,
    driver: Child,
    _profile: tempfile::TempDir,
}

impl Chrome {
    /// A window of that size; nothing, and a word, where no chromedriver is named.
    pub(crate) async fn open(width: u32, height: u32, is_dark: bool) -> Option<Self> {
        let Some(driver) = std::env::var_os(CHROMEDRIVER) else {
            eprintln!("{CHROMEDRIVER} says of no chromedriver: nothing is tested");
            return None;
        };
        let (driver, port) = start_driver(&driver);
        let profile = tempfile::tempdir().expect("a folder");
        let mut arguments = vec![
            "--headless=new".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--hide-scrollbars".to_owned(),
            // What is tested is the page, and that it needs nobody else.
            "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1".to_owned(),
            format!("--window-size={width},{height}"),
            format!("--user-data-dir={}", profile.path().display()),
        ];
        if is_dark {
            arguments.push("--blink-settings=preferredColorScheme=0".to_owned());
        }
        let options = json!({ "args": arguments, "mobileEmulation": if width < 500 {
            json!({ "deviceMetrics": { "width": width, "height": height, "pixelRatio": 1.0 } })
        } else { Value::Null } });
        let Value::Object(mut options) = options else { unreachable!("it is written so") };
        options.retain(|_, value| !value.is_null());
        let capabilities = json!({
            "goog:chromeOptions": options,
            "goog:loggingPrefs": { "browser": "ALL" },
        });
        let Value::Object(capabilities) = capabilities else { unreachable!("it is written so") };
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .expect("a browser");
        Some(Self { client, driver, _profile: profile })
    }

    /// Opens a page, and waits until it is live.
    pub(crate) async fn go(&self, url: &str) {
        self.client.goto(url).await.expect("it goes there");
        self.until(
            "the page is live",
            "return document.getElementById('live').textContent.includes('● live')",
        )
        .await;
    }

    /// What a script returns.
    pub(crate) async fn run(&self, script: &str) -> Value {
        self.client.execute(script, vec![]).await.expect(script)
    }

    /// Waits until a script returns true.
    pub(crate) async fn until(&self, what: &str, script: &str) {
        let deadline = Instant::now() + PATIENCE;
        while self.run(script).await != Value::Bool(true) {
            assert!(
                Instant::now() < deadline,
                "not within {PATIENCE:?}: {what}; there is:\n{}",
                self.text("body").await
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until the page says of a change that this came of it.
    pub(crate) async fn until_said(&self, words: &str) {
        let script = "return document.getElementById('changed').textContent.startsWith(arguments[0])";
        let deadline = Instant::now() + PATIENCE;
        while self.client.execute(script, vec![words.into()]).await.expect(script) != Value::Bool(true) {
            let said = self.text("#changed").await;
            assert!(Instant::now() < deadline, "not within {PATIENCE:?}: {words}; it says: {said}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Clicks on an element, as a person does: where it is seen.
    pub(crate) async fn press(&self, css: &str) {
        let pressed = async { self.client.find(Locator::Css(css)).await?.click().await };
        pressed.await.unwrap_or_else(|error: CmdError| panic!("{css}: {error}"));
    }

    /// Drags over that share of the width of an element, around its middle.
    pub(crate) async fn drag_over(&self, css: &str, share: f64) {
        let dragged = async {
            let element = self.client.find(Locator::Css(css)).await?;
            let (_, _, width, _) = element.rectangle().await?;
            let to = |x| PointerAction::MoveToElement {
                element: element.clone(),
                duration: Some(Duration::from_millis(100)),
                x,
                y: 0.0,
            };
            let half = width * share / 2.0;
            let mouse = MouseActions::new("mouse".to_owned())
                .then(to(-half))
                .then(PointerAction::Down { button: MOUSE_BUTTON_LEFT })
                .then(to(half))
                .then(PointerAction::Up { button: MOUSE_BUTTON_LEFT });
            self.client.perform_actions(mouse).await
        };
        dragged.await.unwrap_or_else(|error: CmdError| panic!("{css}: {error}"));
    }

    /// Clicks twice on the middle of an element.
    pub(crate) async fn double_click(&self, css: &str) {
        let clicked = async {
            let element = self.client.find(Locator::Css(css)).await?;
            let mut mouse = MouseActions::new("mouse".to_owned()).then(PointerAction::MoveToElement {
                element,
                duration: None,
                x: 0.0,
                y: 0.0,
            });
            for _ in 0..2 {
                mouse = mouse
                    .then(PointerAction::Down { button: MOUSE_BUTTON_LEFT })
                    .then(PointerAction::Up { button: MOUSE_BUTTON_LEFT });
            }
            self.client.perform_actions(mouse).await
        };
        clicked.await.unwrap_or_else(|error: CmdError| panic!("{css}: {error}"));
    }

    /// Puts a text into a field, in place of what stands there.
    pub(crate) async fn write(&self, css: &str, text: &str) {
        let written = async {
            let field = self.client.find(Locator::Css(css)).await?;
            field.clear().await?;
            field.send_keys(text).await
        };
        written.await.unwrap_or_else(|error: CmdError| panic!("{css}: {error}"));
    }

    /// The text that is seen of an element.
    pub(crate) async fn text(&self, css: &str) -> String {
        let found = async { self.client.find(Locator::Css(css)).await?.text().await };
        found.await.unwrap_or_else(|error: CmdError| panic!("{css}: {error}"))
    }

    /// What a person would complain of: a page that is wider than the window, and what the console says.
    pub(crate) async fn assert_well(&self, what: &str) {
        let overflow = self.run("return document.documentElement.scrollWidth - window.innerWidth").await;
        assert!(overflow.as_i64().is_some_and(|pixels| pixels <= 0), "{what} is {overflow} pixels too wide");
        let unnamed = self
            .run(
                "return [...document.querySelectorAll('a, button, input:not([type=hidden]), select, [role=img]')].filter(e => \
                 !(e.textContent.trim() || e.getAttribute('aria-label') || e.closest('label'))).map(e => e.outerHTML)",
            )
            .await;
        assert_eq!(unnamed, json!([]), "{what}: a screen reader has no name for these");
        self.assert_accessible(what).await;
    }

    /// What axe-core finds by the rules of WCAG 2.2 AA: roles, labels, contrast, order of headings.
    async fn assert_accessible(&self, what: &str) {
        let Some(file) = std::env::var_os(AXE) else { return };
        let axe = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{AXE}={file:?}: {error}"));
        self.run(&axe).await;
        let script = "const done = arguments[arguments.length - 1]; \
             axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => done(violations.map( \
                 ({ id, help, nodes }) => [id, help, ...nodes.map(node => node.html + ': ' + node.failureSummary)])), \
                 error => done(String(error)))";
        let found = self.client.execute_async(script, vec![]).await.expect("axe runs");
        assert!(found == json!([]), "{what}: {found:#}");
    }

    /// A picture of the page, kept where a variable says so.
    pub(crate) async fn screenshot(&self, name: &str) {
        let Some(folder) = std::env::var_os(SCREENSHOTS) else { return };
        let png = self.client.screenshot().await.expect("a picture");
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(std::path::Path::new(&folder).join(format!("{name}.png")), png)
            .expect("it is written");
    }

    pub(crate) async fn close(self) {
        // Its `Drop` ends the driver, which ends the browser.
        let _ = self.client.clone().close().await;
    }
}

/// A chromedriver, and the port that it listens on.
///
/// With `--port=0` it takes one that is free on IPv6 and wants the same on IPv4, where any connection of another test
/// may have it: then it ends, and is started again.
fn start_driver(program: &OsStr) -> (Child, String) {
    let mut said = String::new();
    for _ in 0..TRIES {
        let mut driver = Command::new(program)
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver starts");
        let stdout = driver.stdout.take().expect("it is piped");
        let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
        said.clear();
        for line in lines.by_ref() {
            if let Some((_, port)) = line.split_once("successfully on port ") {
                // What it says later is of no interest, and must not fill the pipe.
                std::thread::spawn(move || lines.for_each(drop));
                return (driver, port.trim_end_matches('.').to_owned());
            }
            said += &line;
            said.push('\n');
        }
        driver.wait().expect("it has ended");
        if !said.contains("port not available") {
            break;
        }
    }
    panic!("chromedriver has ended; it said:\n{said}");
}

impl Drop for Chrome {
    fn drop(&mut self) {
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

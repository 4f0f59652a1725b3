//! A real Chromium, driven by chromedriver.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fantoccini::error::CmdError;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

/// The variable that says where chromedriver is; without it these tests have nothing to do.
pub(crate) const CHROMEDRIVER: &str = "LIVECHECK_TEST_CHROMEDRIVER";
/// Where screenshots go, if anywhere.
const SCREENSHOTS: &str = "LIVECHECK_TEST_SCREENSHOTS";
/// How long something on a page may take.
const PATIENCE: Duration = Duration::from_secs(10);

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
        let mut driver = Command::new(driver)
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver starts");
        let mut said =
            BufReader::new(driver.stdout.take().expect("it is piped")).lines().map_while(Result::ok);
        let port = said
            .find_map(|line| {
                line.split_once("successfully on port ")
                    .map(|(_, port)| port.trim_end_matches('.').to_owned())
            })
            .expect("chromedriver says its port");
        // What it says later is of no interest, and must not fill the pipe.
        std::thread::spawn(move || said.for_each(drop));
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

impl Drop for Chrome {
    fn drop(&mut self) {
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

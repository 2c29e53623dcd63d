//! A real browser without a window: Chromium, driven over the WebDriver protocol.
//!
//! A client of our own is these few lines over the HTTP that the tests have already; the crates that do it bring an HTTP client and
//! a TLS stack of theirs.

use std::fs::File;
use std::path::Path;
use std::process::Stdio;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use http::Method;
use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::http::Http;
use crate::{process, wait};

const READY: Duration = Duration::from_secs(60);
/// How long its processes may take to be gone.
const LAST: Duration = Duration::from_secs(5);
/// How long the browser looks for an element before it says that there is none, in milliseconds.
const PATIENCE: u64 = 20_000;
/// The name under which the protocol hands elements around.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A browser with a profile of its own, ended with all its processes when dropped.
pub struct Browser {
    folder: TempDir,
    driver: Child,
    http: Http,
    session: String,
}

impl Browser {
    /// Starts one.
    ///
    /// # Panics
    /// When chromium and its driver are not installed: `cargo xtask test` does that.
    pub async fn start() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("micro-browser-")
            .tempdir()
            .expect("a temporary profile");
        let log = folder.path().join("driver.log");
        let out = File::create(&log).expect("the log can be made");
        let err = out.try_clone().expect("a second handle of the log");
        let driver = Command::new("chromedriver")
            .arg("--port=0")
            // All that the browser writes, and what its processes are known by.
            .current_dir(folder.path())
            .env("HOME", folder.path())
            .env("TMPDIR", folder.path())
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err)
            .kill_on_drop(true)
            .spawn()
            .expect("chromedriver starts: cargo xtask test installs it");
        let port = wait::until("the driver to listen", READY, || std::future::ready(port(&log))).await;
        let mut browser = Browser {
            http: Http::to(&format!("127.0.0.1:{port}")),
            session: String::new(),
            folder,
            driver,
        };
        browser.session = browser.begin().await;
        browser
    }

    async fn begin(&self) -> String {
        let profile = format!("--user-data-dir={}", self.folder.path().join("profile").display());
        let arguments = [
            "--headless=new",
            // Tests run as root in a container, where it cannot have one.
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-component-update",
            "--no-first-run",
            &profile,
        ];
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "timeouts": {"implicit": PATIENCE},
            "goog:chromeOptions": {"args": arguments},
            "goog:loggingPrefs": {"browser": "ALL"},
        }}});
        let begun = self.ask(Method::POST, "/session", wanted).await;
        begun["sessionId"]
            .as_str()
            .expect("a session has an id")
            .to_owned()
    }

    /// Opens an address and waits until it is loaded.
    pub async fn open(&self, url: &str) {
        self.post("/url", json!({"url": url})).await;
    }

    /// The address of what is shown.
    pub async fn address(&self) -> String {
        text(self.get("/url").await)
    }

    /// Waits until the address is another one.
    pub async fn arrive(&self, url: &str) {
        wait::until(&format!("the browser to be at {url}"), READY, || async {
            let address = self.address().await;
            if address == url { Ok(()) } else { Err(address) }
        })
        .await;
    }

    /// The text of the first element that the selector finds, as a person reads it.
    pub async fn text(&self, css: &str) -> String {
        let element = self.find(css).await;
        text(self.get(&format!("/element/{element}/text")).await)
    }

    /// Clicks on it.
    pub async fn click(&self, css: &str) {
        let element = self.find(css).await;
        self.post(&format!("/element/{element}/click"), json!({})).await;
    }

    /// Writes into it, in the place of what stands there.
    pub async fn fill(&self, css: &str, text: &str) {
        let element = self.find(css).await;
        self.post(&format!("/element/{element}/clear"), json!({})).await;
        self.post(&format!("/element/{element}/value"), json!({"text": text}))
            .await;
    }

    /// What a function's body answers that is run in the page.
    pub async fn run(&self, script: &str) -> Value {
        self.post("/execute/sync", json!({"script": script, "args": []}))
            .await
    }

    /// The cookies that are sent to what is shown.
    pub async fn cookies(&self) -> Vec<Value> {
        let cookies = self.get("/cookie").await;
        cookies.as_array().expect("cookies are a list").clone()
    }

    /// Waits until the browser has complained so often with these words, since it was asked last.
    pub async fn complains(&self, words: &str, times: usize) {
        let all = Mutex::new(Vec::new());
        let what = format!("the browser to complain {times} times of {words:?}");
        wait::until(&what, READY, || async {
            let said = self.complaints().await;
            let mut all = all.lock().unwrap();
            all.extend(said);
            let count = all.iter().filter(|line| line.contains(words)).count();
            if count >= times {
                Ok(())
            } else {
                Err(all.join("\n"))
            }
        })
        .await;
    }

    /// What the browser complained of since it was asked last, as far as it has said so.
    pub async fn complaints(&self) -> Vec<String> {
        let lines = self.post("/se/log", json!({"type": "browser"})).await;
        let lines = lines.as_array().expect("a log is a list");
        lines.iter().map(|line| text(line["message"].clone())).collect()
    }

    async fn find(&self, css: &str) -> String {
        let found = self
            .post("/element", json!({"using": "css selector", "value": css}))
            .await;
        text(found[ELEMENT].clone())
    }

    async fn get(&self, path: &str) -> Value {
        self.ask(Method::GET, &self.path(path), Value::Null).await
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        self.ask(Method::POST, &self.path(path), body).await
    }

    fn path(&self, path: &str) -> String {
        format!("/session/{}{path}", self.session)
    }

    async fn ask(&self, method: Method, path: &str, body: Value) -> Value {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let headers = [("content-type", "application/json")];
        let answer = self.http.send(method, path, &headers, body.clone()).await;
        let mut said = answer.json();
        assert!(
            answer.status.is_success(),
            "the browser refused {path} {body}: {said}"
        );
        said["value"].take()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if let Some(pid) = self.driver.id() {
            process::signal(pid, Signal::KILL);
        }
        // They start others while they end, and write into the folder that is to go.
        let begun = Instant::now();
        while begun.elapsed() < LAST {
            let pids = process::of_folder(self.folder.path());
            if pids.is_empty() {
                return;
            }
            for pid in pids {
                process::signal(pid, Signal::KILL);
            }
            #[expect(clippy::disallowed_methods, reason = "what is dropped cannot await")]
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

fn text(value: Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("not a text: {value}"))
        .to_owned()
}

/// The free port that the driver has taken.
fn port(log: &Path) -> Result<u16, String> {
    let said = std::fs::read_to_string(log).unwrap_or_default();
    let found = said
        .split("started successfully on port ")
        .nth(1)
        .and_then(|rest| rest.split('.').next()?.trim().parse().ok());
    found.ok_or(said)
}

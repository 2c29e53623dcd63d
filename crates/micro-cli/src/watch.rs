//! Waits until the runtime has done what it was asked, and shows how far it is.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use micro::runtime::{ERROR_COLOURED, State};
use micro_proto::runtime::{ReadOptions, ReadRequest, Runtime as _, RuntimeClient, Service};
use micro_rpc::Context;

use crate::errors::{Failure, Result};
use crate::session::Session;

const LOOK: Duration = Duration::from_millis(20);

/// Where the progress of services is shown, of several at a time if need be.
#[derive(Default)]
pub(crate) struct Screen {
    bars: MultiProgress,
    is_quiet: bool,
}

impl Screen {
    /// One where progress is shown on a terminal only, not line by line.
    pub(crate) fn quiet() -> Self {
        Self {
            is_quiet: true,
            ..Self::default()
        }
    }

    /// Prints a line for good, above what changes.
    pub(crate) fn print(&self, line: &str) {
        self.bars.suspend(|| println!("{line}"));
    }

    /// Says what went wrong, above what changes.
    pub(crate) fn report(&self, failure: &Failure) {
        self.bars.suspend(|| failure.report());
    }
}

/// Waits until a service runs what was uploaded last; fails when it does not.
pub(crate) async fn until_running(
    session: &Session,
    screen: &Screen,
    name: &str,
    version: &str,
) -> Result<()> {
    let client = RuntimeClient::new(&session.client);
    let progress = Progress::new(screen);
    loop {
        let service = read(&client, session, name, version).await?;
        let fact = |key: &str| service.metadata.get(key).map(String::as_str).unwrap_or("");
        let error = fact("error");
        if fact("update").is_empty() {
            if service.status == State::Running as i32 && error.is_empty() {
                return Ok(());
            }
            let coloured = fact(ERROR_COLOURED);
            let error = if coloured.is_empty() || !shows_colours() {
                error
            } else {
                coloured
            };
            if service.status == State::Running as i32 {
                progress.end();
                return Err(Failure::new(1, error).with_hint("the version from before goes on serving"));
            }
            if service.status == State::Error as i32 {
                progress.end();
                return Err(Failure::new(1, error).with_hint(format!("see `micro logs {name}`")));
            }
        }
        progress.show(name, fact("status"), first_of(&[fact("update"), fact("build")]));
        tokio::time::sleep(LOOK).await;
    }
}

/// Whether who reads the errors sees colours, and wants them: https://no-color.org
fn shows_colours() -> bool {
    let variable = |name: &str| std::env::var_os(name).unwrap_or_default();
    std::io::stderr().is_terminal() && variable("NO_COLOR").is_empty() && variable("TERM") != "dumb"
}

fn first_of<'a>(texts: &[&'a str]) -> &'a str {
    texts.iter().copied().find(|text| !text.is_empty()).unwrap_or("")
}

async fn read(client: &RuntimeClient, session: &Session, name: &str, version: &str) -> Result<Service> {
    let options = ReadOptions {
        service: name.to_owned(),
        version: version.to_owned(),
        namespace: session.namespace.clone(),
        ..ReadOptions::default()
    };
    let ctx = Context::background().with_namespace("micro");
    let answer = client
        .read(
            &ctx,
            ReadRequest {
                options: Some(options),
            },
        )
        .await?;
    let gone = || Failure::new(1, format!("Service {name:?} was killed meanwhile"));
    answer.services.into_iter().next().ok_or_else(gone)
}

/// A line that changes on a terminal; a line per change elsewhere.
struct Progress {
    bar: Option<ProgressBar>,
    is_quiet: bool,
    last: std::cell::RefCell<String>,
}

impl Progress {
    fn new(screen: &Screen) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = screen.bars.add(ProgressBar::new_spinner());
            let style = ProgressStyle::with_template("{spinner} {msg} ({elapsed})");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        Self {
            bar,
            is_quiet: screen.is_quiet,
            last: std::cell::RefCell::default(),
        }
    }

    fn show(&self, name: &str, status: &str, detail: &str) {
        match &self.bar {
            Some(bar) => bar.set_message(format!("{name}: {status}  {detail}")),
            None if !self.is_quiet && *self.last.borrow() != status && !status.is_empty() => {
                self.last.replace(status.to_owned());
                eprintln!("{name}: {status}");
            }
            None => {}
        }
    }

    fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.end();
    }
}

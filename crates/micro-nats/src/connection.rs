//! One connection to NATS, which mends itself.
//!
//! While it is broken what is asked of it is refused at once, with the reason; the client library would keep it and send it when the
//! servers are back, long after the caller was told that it failed.

mod barrier;
mod questions;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_nats::connection::State;
use async_nats::{Client, ConnectOptions, Event, Message, ServerAddr};
use micro::Backend;
use micro::{Error, Result};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::jetstream::Failure;
use crate::{Config, Credentials};
use barrier::Barrier;
use questions::{Questions, TOGETHER};

pub(crate) use questions::{Answer, Question};

/// How long an answer may take, and the first connection.
pub(crate) const PATIENCE: Duration = Duration::from_millis(1500);
/// The library gives a connection up when two of its pings are not answered: a server that hangs is noticed within about a second.
const PING: Duration = Duration::from_millis(400);
const CONNECTING: Duration = Duration::from_secs(1);
const LONGEST_BACK_OFF: Duration = Duration::from_secs(1);
const LOOK: Duration = Duration::from_millis(100);
/// What may wait to be written to the servers.
const WAITING: usize = 4096;
/// What may wait for one subscription of the library's; ours are read at once.
const ARRIVED: usize = 4096;

/// A connection that broker and events share. Cheap to clone; clones are one.
#[derive(Clone)]
pub struct Connection(Arc<Inner>);

struct Inner {
    config: Config,
    client: Client,
    link: Arc<Link>,
    barrier: Barrier,
    questions: Questions,
    opened: Instant,
    watching: JoinHandle<()>,
}

/// What is known of the connection.
struct Link {
    backend: Backend,
    /// Counts the connections that were made.
    made: watch::Sender<u64>,
    /// Why the last attempt failed.
    why: Mutex<Option<String>>,
}

impl Connection {
    /// Begins to connect, and goes on until it is dropped: the servers need not be there.
    ///
    /// # Errors
    ///
    /// 400 for settings that cannot be right, such as a file that is not there.
    pub async fn open(config: Config) -> Result<Self> {
        let wrong = |detail: String| Error::bad_request("nats", detail);
        config.check().map_err(wrong)?;
        let servers = config
            .servers
            .iter()
            .map(|url| url.parse::<ServerAddr>())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| wrong(format!("{} cannot be a NATS server: {error}", config.shown())))?;
        let link = Arc::new(Link {
            backend: Backend::new("NATS"),
            made: watch::Sender::new(0),
            why: Mutex::new(None),
        });
        let options = options(&config, link.clone()).await.map_err(wrong)?;
        let failed = |error: &dyn std::fmt::Display| wrong(format!("NATS at {}: {error}", config.shown()));
        let client = options.connect(servers).await.map_err(|error| failed(&error))?;
        let questions = Questions::open(client.clone()).await;
        Ok(Self(Arc::new(Inner {
            questions: questions.map_err(|error| failed(&error))?,
            barrier: Barrier::new(client.clone()),
            watching: tokio::spawn(watch_state(client.clone(), link.clone())),
            opened: Instant::now(),
            client,
            link,
            config,
        })))
    }

    /// Whether NATS answers.
    pub fn backend(&self) -> Backend {
        self.0.link.backend.clone()
    }

    pub(crate) fn config(&self) -> &Config {
        &self.0.config
    }

    pub(crate) fn client(&self) -> &Client {
        &self.0.client
    }

    /// Changes with each connection that is made.
    pub(crate) fn made(&self) -> watch::Receiver<u64> {
        self.0.link.made.subscribe()
    }

    pub(crate) fn is_up(&self) -> bool {
        self.0.client.connection_state() == State::Connected
    }

    /// Refuses while there is no connection. Just after the start it is waited for.
    pub(crate) async fn ready(&self) -> Result<()> {
        if self.is_up() {
            return Ok(());
        }
        let mut made = self.made();
        let first = tokio::time::timeout_at(self.0.opened + CONNECTING, made.wait_for(|made| *made > 0));
        if first.await.is_ok() && self.is_up() {
            return Ok(());
        }
        Err(self.away())
    }

    fn away(&self) -> Error {
        let why = self.0.link.why();
        let detail = format!("NATS at {} cannot be reached: {why}", self.config().shown());
        Error::unavailable("nats", detail)
    }

    /// Asks, and waits for the answer as long as one may take.
    pub(crate) async fn request(&self, question: Question) -> Result<Message, Failure> {
        let answers = self.request_all(vec![question]).await;
        let answer = answers.into_iter().next();
        answer.unwrap_or_else(|| Err(Failure::Away(self.silent())))
    }

    /// The same for many together, in their order.
    pub(crate) async fn request_all(&self, mut questions: Vec<Question>) -> Vec<Answer> {
        let mut answers = Vec::with_capacity(questions.len());
        while !questions.is_empty() {
            let rest = questions.split_off(questions.len().min(TOGETHER));
            let asked = std::mem::replace(&mut questions, rest);
            if let Err(away) = self.ready().await {
                answers.extend(asked.iter().map(|_| Err(Failure::Away(away.clone()))));
                continue;
            }
            let answered = self.0.questions.ask(asked).await.into_iter();
            answers
                .extend(answered.map(|answer| answer.unwrap_or_else(|| Err(Failure::Away(self.silent())))));
        }
        answers
    }

    /// Waits until the servers have had what was sent before.
    pub(crate) async fn flushed(&self) -> Result<()> {
        self.0.barrier.pass().await.unwrap_or_else(|| Err(self.silent()))
    }

    pub(crate) fn silent(&self) -> Error {
        if !self.is_up() {
            return self.away();
        }
        let servers = self.config().shown();
        Error::unavailable("nats", format!("NATS at {servers} does not answer in time"))
    }

    /// What is said of a message that the servers would not take.
    pub(crate) fn too_large(&self, length: usize) -> Error {
        questions::too_large(self.client(), length)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.watching.abort();
    }
}

impl Link {
    fn why(&self) -> String {
        let why = self.why.lock().unwrap_or_else(PoisonError::into_inner);
        why.clone().unwrap_or_else(|| "the connection broke".to_owned())
    }

    fn set_why(&self, why: Option<String>) {
        *self.why.lock().unwrap_or_else(PoisonError::into_inner) = why;
    }

    fn hear(&self, event: &Event) {
        match event {
            Event::Connected => {
                self.set_why(None);
                self.backend.reached();
                self.made.send_modify(|made| *made += 1);
            }
            Event::Disconnected => self.backend.lost(self.why()),
            Event::ClientError(error) => self.set_why(Some(in_words(&error.to_string()))),
            Event::ServerError(error) => tracing::warn!(%error, "NATS refused something"),
            _ => {}
        }
    }
}

/// The library keeps to itself what the system said.
fn in_words(error: &str) -> String {
    match error.trim_start_matches("nats: ") {
        "IO error" => "no connection can be made: is it running, is the address right, does it want TLS or a certificate?".to_owned(),
        "timed out" => "it takes connections and says nothing".to_owned(),
        other => other.to_owned(),
    }
}

async fn options(config: &Config, link: Arc<Link>) -> Result<ConnectOptions, String> {
    let mut options = ConnectOptions::new()
        .name("micro")
        .retry_on_initial_connect()
        .max_reconnects(None)
        .connection_timeout(CONNECTING)
        .ping_interval(PING)
        .client_capacity(WAITING)
        .subscription_capacity(ARRIVED)
        .reconnect_delay_callback(|attempts| {
            let attempts = u32::try_from(attempts).unwrap_or(u32::MAX);
            (Duration::from_millis(20) * attempts.min(1000)).min(LONGEST_BACK_OFF)
        })
        .event_callback(move |event| {
            let link = link.clone();
            async move { link.hear(&event) }
        });
    options = match &config.credentials {
        Credentials::None => options,
        Credentials::Password { user, password } => options.user_and_password(user.clone(), password.clone()),
        Credentials::Token(token) => options.token(token.clone()),
        Credentials::File(path) => options
            .credentials_file(path)
            .await
            .map_err(|error| format!("the credentials in {}: {error}", path.display()))?,
    };
    if let Some(ca) = &config.tls.ca {
        options = options.add_root_certificates(ca.clone()).require_tls(true);
    }
    if let (Some(certificate), Some(key)) = (&config.tls.certificate, &config.tls.key) {
        options = options
            .add_client_certificate(certificate.clone(), key.clone())
            .require_tls(true);
    }
    Ok(options)
}

/// The library drops what it has to tell when much happens at once; what its state is can be relied on.
async fn watch_state(client: Client, link: Arc<Link>) {
    tokio::time::sleep(CONNECTING).await;
    loop {
        match client.connection_state() {
            State::Connected => link.backend.reached(),
            State::Pending | State::Disconnected => link.backend.lost(link.why()),
        }
        tokio::time::sleep(LOOK).await;
    }
}

//! What is said over one WebSocket: each text frame is a message, both ways.
//!
//! Text without anything in it says that the caller sends no more, which a WebSocket has no other way to say without closing;
//! as the first message it is the empty one. One task does it all: it reads only when the service has taken what came before, so a
//! caller cannot make it hold more than a message or two.

use std::io;
use std::pin::Pin;
use std::time::Duration;

use futures_util::SinkExt;
use micro_rpc::bytes::Bytes;
use micro_rpc::futures_util::{StreamExt, stream};
use micro_rpc::memory_budget::Full;
use micro_rpc::{Error, MemoryBudget, Result, Streaming};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, interval_at, timeout, timeout_at};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{self, Message, Utf8Bytes};

use super::super::body::{no_room, too_large};
use super::super::wire::Wire;
use super::super::{ID, Limits, missing};
use super::Opening;

/// How long a caller may take to close when he was told to.
const LINGER: Duration = Duration::from_secs(5);
/// What is set aside for reading.
const BUFFER: usize = 8 * 1024;
/// The longest reason that a close may have.
const REASON: usize = 123;

/// Speaks until either side ends it, or until `stopped` is true. `read` came behind the request.
pub(in crate::gateway) async fn run(
    wire: Wire,
    read: &[u8],
    opening: Opening,
    limits: Limits,
    bodies: &MemoryBudget,
    stopped: &mut watch::Receiver<bool>,
) -> Wire {
    let config = WebSocketConfig::default()
        .read_buffer_size(BUFFER)
        .write_buffer_size(0)
        .max_message_size(Some(limits.message))
        .max_frame_size(Some(limits.message));
    let mut socket =
        WebSocketStream::from_partially_read(wire, read.to_vec(), Role::Server, Some(config)).await;
    socket.get_mut().begin_message(bodies.hold());
    let mut session = Session {
        ear: Ear {
            socket,
            heard: Instant::now(),
            read: 0,
            bodies,
        },
        opening: Some(opening),
        requests: None,
        answers: None,
        limits,
    };
    let parting = tokio::select! {
        parting = session.talk() => parting,
        _ = stopped.wait_for(|stopped| *stopped) => Parting::Told(CloseCode::Away, "the server stops".to_owned()),
    };
    session.part(parting).await
}

struct Session<'a> {
    ear: Ear<'a>,
    /// Until the first message.
    opening: Option<Opening>,
    /// Until the caller has said all, or the service takes no more.
    requests: Option<mpsc::Sender<Bytes>>,
    answers: Option<Streaming<Bytes>>,
    limits: Limits,
}

/// How it ends.
enum Parting {
    /// With a code and a reason.
    Told(CloseCode, String),
    /// With an error before.
    Failed(CloseCode, Error),
    /// The caller closed, or is there no more.
    Gone,
}

enum Turn {
    Heard(Result<Heard, Parting>),
    Answer(Option<Result<Bytes>>),
    Ping,
}

enum Heard {
    /// A message that nobody has taken yet.
    Text(Bytes),
    /// A message that is handed on.
    Taken,
    /// No more will come.
    End,
}

impl Session<'_> {
    async fn talk(&mut self) -> Parting {
        let every = self.limits.heartbeat;
        let mut pings = interval_at(Instant::now() + every, every);
        loop {
            let is_begun = self.opening.is_none();
            let turn = tokio::select! {
                heard = self.ear.hear(self.requests.as_ref(), is_begun, &self.limits) => Turn::Heard(heard),
                answer = next(&mut self.answers) => Turn::Answer(answer),
                _ = pings.tick() => Turn::Ping,
            };
            let done = match turn {
                Turn::Heard(Ok(heard)) => self.heard(heard).await,
                Turn::Heard(Err(parting)) => Err(parting),
                Turn::Answer(answer) => self.answer(answer).await,
                Turn::Ping => self.ear.say(Message::Ping(Bytes::new())).await,
            };
            if let Err(parting) = done {
                return parting;
            }
        }
    }

    async fn heard(&mut self, heard: Heard) -> Result<(), Parting> {
        match heard {
            Heard::Taken => {}
            Heard::End => self.requests = None,
            Heard::Text(first) => {
                // What comes when the service takes no more is for nobody.
                let Some(opening) = self.opening.take() else {
                    return Ok(());
                };
                let (sender, rest) = mpsc::channel(1);
                let rest = stream::unfold(rest, |mut rest| async move {
                    rest.recv().await.map(|message| (Ok(message), rest))
                });
                self.requests = Some(sender);
                let requests = Streaming::new(stream::iter([Ok(first)]).chain(rest));
                let opened = timeout(self.limits.call, opening.open(requests)).await;
                let opened = opened.unwrap_or_else(|_| {
                    Err(Error::timeout(ID, "the service did not take the stream in time"))
                });
                self.answers = Some(opened.map_err(failed)?);
            }
        }
        Ok(())
    }

    async fn answer(&mut self, answer: Option<Result<Bytes>>) -> Result<(), Parting> {
        let Some(answer) = answer else {
            return Err(Parting::Told(CloseCode::Normal, String::new()));
        };
        let text = Utf8Bytes::try_from(answer.map_err(failed)?)
            .map_err(|_| failed(Error::new(ID, 502, "the service answered with what is no text")))?;
        self.ear.say(Message::Text(text)).await
    }

    /// Closes as it has to be closed, and gives back what is below.
    async fn part(mut self, parting: Parting) -> Wire {
        // The service is told first: it may have much to stop.
        (self.requests, self.answers) = (None, None);
        let socket = &mut self.ear.socket;
        let (code, reason) = match parting {
            Parting::Told(code, reason) => (code, reason),
            Parting::Failed(code, error) => {
                let text = Message::Text(error.to_json().into());
                let _ = socket.send(text).await;
                (code, error.status)
            }
            Parting::Gone => {
                let _ = socket.flush().await;
                return self.ear.socket.into_inner();
            }
        };
        let reason = reason[..reason.floor_char_boundary(REASON)].into();
        if socket.close(Some(CloseFrame { code, reason })).await.is_ok() {
            let closed = async { while let Some(Ok(_)) = socket.next().await {} };
            let _ = timeout(LINGER, closed).await;
        }
        self.ear.socket.into_inner()
    }
}

/// The socket, and when something was heard from it last.
struct Ear<'a> {
    socket: WebSocketStream<Wire>,
    heard: Instant,
    /// Bytes that had been read when it was looked at last.
    read: u64,
    bodies: &'a MemoryBudget,
}

impl Ear<'_> {
    /// The next message, once there is room for it. Cancel-safe.
    async fn hear(
        &mut self,
        requests: Option<&mpsc::Sender<Bytes>>,
        is_begun: bool,
        limits: &Limits,
    ) -> Result<Heard, Parting> {
        let room = match requests.map(mpsc::Sender::try_reserve) {
            Some(Ok(room)) => Some(room),
            Some(Err(TrySendError::Full(()))) => {
                let room = match requests {
                    Some(requests) => requests.reserve().await.ok(),
                    None => None,
                };
                // Nobody listened in the meantime.
                self.heard = Instant::now();
                room
            }
            Some(Err(TrySendError::Closed(()))) | None => None,
        };
        loop {
            let Ok(next) = timeout_at(self.heard + limits.pong, self.socket.next()).await else {
                self.is_still_there(limits.patience)?;
                continue;
            };
            let message = next.ok_or(Parting::Gone)?.map_err(|error| wrong(error, limits))?;
            self.heard = Instant::now();
            // One that is handed on is not counted any more: it waits for at most one other.
            self.socket.get_mut().begin_message(self.bodies.hold());
            return Ok(match message {
                Message::Text(text) if text.is_empty() && is_begun => Heard::End,
                Message::Text(text) => match room {
                    Some(room) => {
                        room.send(text.into());
                        Heard::Taken
                    }
                    None => Heard::Text(text.into()),
                },
                Message::Binary(_) => {
                    let error = Error::new(ID, 415, "messages over WebSockets are JSON: send text");
                    return Err(Parting::Failed(CloseCode::Unsupported, error));
                }
                Message::Close(_) => return Err(Parting::Gone),
                Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => continue,
            });
        }
    }

    /// A large message may take longer than a sign of life may, and none can come within it.
    fn is_still_there(&mut self, patience: Duration) -> Result<(), Parting> {
        let (read, until) = {
            let wire = self.socket.get_ref();
            (wire.read(), wire.until(patience))
        };
        if read == self.read || until.is_some_and(|until| until < Instant::now()) {
            return Err(Parting::Gone);
        }
        (self.read, self.heard) = (read, Instant::now());
        Ok(())
    }

    /// Who takes nothing of it is given up below.
    async fn say(&mut self, message: Message) -> Result<(), Parting> {
        self.socket.send(message).await.map_err(|_| Parting::Gone)
    }
}

async fn next(answers: &mut Option<Streaming<Bytes>>) -> Option<Result<Bytes>> {
    match answers {
        Some(answers) => Pin::new(answers).next().await,
        None => std::future::pending().await,
    }
}

fn failed(error: Error) -> Parting {
    Parting::Failed(CloseCode::Error, missing(error))
}

/// What the caller did wrong.
fn wrong(error: tungstenite::Error, limits: &Limits) -> Parting {
    match error {
        tungstenite::Error::Capacity(_) => Parting::Failed(CloseCode::Size, too_large(limits.message)),
        tungstenite::Error::Io(error) if error.kind() == io::ErrorKind::OutOfMemory => {
            Parting::Failed(CloseCode::Again, no_room(Full))
        }
        tungstenite::Error::Utf8(_) => Parting::Told(CloseCode::Invalid, "text is not UTF-8".to_owned()),
        tungstenite::Error::Protocol(error) => Parting::Told(CloseCode::Protocol, error.to_string()),
        _ => Parting::Gone,
    }
}

//! Where a call goes: an instance, and another one when the first provably did not take it.
//!
//! A call may be sent again, whatever it does, when it cannot have been begun: the instance could not be reached, its
//! connection took no more calls, or it said so itself, with a GOAWAY that leaves the call out, with REFUSED_STREAM, or over a lane in so many words. That
//! is how an instance goes away without a caller noticing. An instance that has too much to do says so too, and then the call goes to another one
//! as far as the budget goes. Each try asks the resolver anew, since those who go away are
//! mostly known to be gone a moment later.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use bytes::Bytes;
use h2::SendStream;
use h2::client::ResponseFuture;
use http::{HeaderMap, Request};

use super::Inner;
use super::choose::{Chosen, Passed, choose};
use super::connection::{Connection, Slot};
use super::here::Here;
use super::lane::Asked;
use super::pool::{Target, Turn};
use super::standing::Outcome;
use crate::frame::broken;
use crate::{Codec, Context, Error, Result};

const ATTEMPTS: usize = 3;

/// What is called, and how.
pub(super) struct Call<'a> {
    pub(super) client: &'a Inner,
    pub(super) ctx: &'a Context,
    pub(super) service: &'a str,
    pub(super) endpoint: &'a str,
    pub(super) codec: Codec,
    pub(super) deadline: Option<Instant>,
    /// Of a call with one message each way, as a frame: how long it takes is known at its end.
    pub(super) message: Option<&'a Bytes>,
}

/// A call whose head was sent.
pub(super) struct Started {
    pub(super) answer: ResponseFuture,
    pub(super) out: SendStream<Bytes>,
    pub(super) slot: Slot,
    pub(super) at: At,
}

/// A call that an instance has been found for.
pub(super) enum Begun {
    There(Box<Started>),
    Lane(Asked, At),
    Here(Box<Here>),
}

/// The instance that a call was sent to.
pub(super) struct At {
    /// None where it is in this process, or the call goes over a lane.
    connection: Option<Arc<Connection>>,
    turn: Turn,
    /// Whether the call asks for lanes.
    asks: bool,
}

/// The tries of one call so far.
#[derive(Default)]
pub(super) struct Tries {
    made: usize,
    /// Instances that did not take it.
    passed: Passed,
    /// Why the last one did not.
    last: Option<Error>,
    /// The last one broke while it had the call.
    broke: bool,
    /// Where to tell which instance has it.
    pub(super) told: Option<Arc<OnceLock<Arc<Target>>>>,
}

impl Call<'_> {
    pub(super) fn namespace(&self) -> &str {
        match self.ctx.namespace() {
            "" => self.client.namespace.as_deref().unwrap_or("micro"),
            named => named,
        }
    }

    /// Sends the head to an instance that takes it, or finds that it is in this process.
    pub(super) async fn start(&self, tries: &mut Tries) -> Result<Begun> {
        loop {
            let chosen = self.choose(tries).await?;
            if let Some(opened) = self.client.local.at(&chosen.target.address) {
                tries.tell(&chosen.target);
                let at = self.at(chosen);
                let head = self.whole()?;
                return Ok(Begun::Here(Box::new(Here { opened, head, at })));
            }
            if let Some(asked) = self.ask(&chosen.target) {
                tries.tell(&chosen.target);
                return Ok(Begun::Lane(asked, self.at(chosen)));
            }
            // Apart, so that calls over a lane are not as large.
            if let Some(started) = Box::pin(self.send(chosen, tries)).await? {
                return Ok(Begun::There(Box::new(started)));
            }
        }
    }

    /// The same over the network, wherever the instance is.
    pub(super) async fn start_there(&self, tries: &mut Tries) -> Result<Started> {
        loop {
            let chosen = self.choose(tries).await?;
            if let Some(started) = self.send(chosen, tries).await? {
                return Ok(started);
            }
        }
    }

    fn at(&self, chosen: Chosen) -> At {
        let turn = Turn::begin(chosen.target, chosen.is_probe, self.message.is_some());
        At {
            connection: None,
            turn,
            asks: false,
        }
    }

    /// Over a lane, where there is one and the call is small.
    fn ask(&self, target: &Arc<Target>) -> Option<Asked> {
        let message = self.message?;
        let lane = target.lane()?;
        lane.ask(self.frame(message)?)
    }

    async fn choose(&self, tries: &mut Tries) -> Result<Chosen> {
        let addresses = self
            .client
            .resolver
            .resolve(self.namespace(), self.service)
            .await?;
        let chosen = match tries.made {
            ATTEMPTS => None,
            _ => choose(&addresses, &tries.passed, &self.client.pool),
        };
        tries.made += usize::from(chosen.is_some());
        chosen.ok_or_else(|| tries.last.take().unwrap_or_else(|| self.not_found()))
    }

    /// `None` where the instance does not take it.
    async fn send(&self, chosen: Chosen, tries: &mut Tries) -> Result<Option<Started>> {
        let target = chosen.target;
        let connection = match target.connection().await {
            Ok(connection) => connection,
            Err(error) => {
                tries.last = Some(error);
                target.standing.saw(Outcome::Unreachable, chosen.is_probe);
                tries.passed.push((target, false));
                return Ok(None);
            }
        };
        let is_unary = self.message.is_some();
        let asks = is_unary && target.lanes.is_unknown();
        let head = self.head(connection.authority(), asks)?;
        let turn = Turn::begin(target, chosen.is_probe, is_unary);
        match send_head(&connection, head).await {
            Ok((answer, out, slot)) => {
                tries.tell(&turn.target);
                let connection = Some(connection);
                let at = At {
                    connection,
                    turn,
                    asks,
                };
                Ok(Some(Started {
                    answer,
                    out,
                    slot,
                    at,
                }))
            }
            Err(error) => {
                tries.last = Some(broken(&error));
                connection.retire();
                tries.passed.push((turn.pass(), true));
                Ok(None)
            }
        }
    }

    fn not_found(&self) -> Error {
        let detail = format!("service {}: route not found", self.service);
        Error::internal("go.micro.client", detail)
    }
}

impl At {
    /// What an answer says of the other end.
    pub(super) fn learn(&self, answer: &HeaderMap) {
        // An answer to who did not ask says nothing.
        if self.asks {
            self.turn.target.lanes.learn(answer);
        }
    }

    /// No more calls on its connection.
    fn retire(&self) {
        if let Some(connection) = &self.connection {
            connection.retire();
        }
    }

    /// Says how the call went, from what it was answered with.
    pub(super) fn tell(&mut self, failed: Option<&Error>) {
        self.turn.tell(match failed.map(|error| error.code) {
            Some(502..=504) => Outcome::Failing,
            _ => Outcome::Answered,
        });
    }
}

impl Tries {
    /// Those of a call that avoids an instance where there are others.
    pub(super) fn without(target: &Arc<Target>) -> Self {
        Self {
            passed: vec![(target.clone(), true)],
            ..Self::default()
        }
    }

    fn tell(&self, target: &Arc<Target>) {
        if let Some(told) = &self.told {
            let _ = told.set(target.clone());
        }
    }

    /// Begins to count anew, for a call that may be made twice. What did not take it or failed it is still avoided. Whether that broke, rather than
    /// saying that it cannot.
    pub(super) fn again_from_one(&mut self) -> bool {
        self.made = 0;
        // Who could not be reached may be back, and is asked where there is nobody else.
        self.passed
            .iter_mut()
            .for_each(|(_, is_reachable)| *is_reachable = true);
        std::mem::take(&mut self.broke)
    }

    /// Whether the call may be sent once more, after it failed at an instance: it was not begun there, and was not tried too
    /// often.
    pub(super) fn again(&mut self, at: At, error: &h2::Error) -> bool {
        let is_refused = error.reason() == Some(h2::Reason::REFUSED_STREAM);
        // Streams that a GOAWAY does not leave out do not fail with it.
        let was_not_begun = error.is_remote() && (error.is_go_away() || (error.is_reset() && is_refused));
        if error.is_go_away() {
            at.retire();
        }
        if was_not_begun {
            return self.gone(at);
        }
        match error.is_io() || error.is_library() {
            true => self.broke(at),
            false => self.passed.push((at.turn.pass(), true)),
        }
        false
    }

    /// Whether the call may be sent once more, after an instance that goes away has not begun it.
    pub(super) fn gone(&mut self, at: At) -> bool {
        self.passed.push((at.turn.pass(), true));
        self.made < ATTEMPTS
    }

    /// The connection broke while an instance had the call.
    pub(super) fn broke(&mut self, mut at: At) {
        // Whoever finds out whether it is there again is not to find a connection from before.
        at.turn.target.retire();
        at.turn.tell(Outcome::Unreachable);
        self.broke = true;
        self.passed.push((at.turn.pass(), true));
    }

    /// Whether the call may be sent to another instance, after one that has too much to do has refused it with that error.
    pub(super) fn elsewhere(&mut self, at: At, client: &Inner, error: &Error) -> bool {
        // Where there is nobody else to ask, that one was right.
        self.last = Some(error.clone());
        client.pool.move_on();
        self.passed.push((at.turn.refused(), false));
        self.made < ATTEMPTS && client.budget.spend()
    }

    /// It failed there, and may be made once more.
    pub(super) fn avoid(&mut self, at: At) {
        self.passed.push((at.turn.pass(), true));
    }
}

async fn send_head(
    connection: &Connection,
    request: Request<()>,
) -> Result<(ResponseFuture, SendStream<Bytes>, Slot), h2::Error> {
    let (sender, slot) = connection.begin();
    let mut sender = sender.ready().await?;
    let (answer, out) = sender.send_request(request, false)?;
    Ok((answer, out, slot))
}

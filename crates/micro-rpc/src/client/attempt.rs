//! Where a call goes: an instance, and another one when the first provably did not take it.
//!
//! A call may be sent again, whatever it does, when it cannot have been begun: the instance could not be reached, its
//! connection took no more calls, or it said so itself, with a GOAWAY that leaves the call out or with REFUSED_STREAM. That
//! is how an instance goes away without a caller noticing. An instance that has too much to do says so too, and then the call goes to another one
//! as far as the budget goes. Each try asks the resolver anew, since those who go away are
//! mostly known to be gone a moment later.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use bytes::Bytes;
use h2::SendStream;
use h2::client::ResponseFuture;
use http::Request;

use super::Inner;
use super::choose::{Passed, choose};
use super::connection::{Connection, Slot};
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
    /// One message each way: how long it takes is known at its end.
    pub(super) is_unary: bool,
}

/// A call whose head was sent.
pub(super) struct Started {
    pub(super) answer: ResponseFuture,
    pub(super) out: SendStream<Bytes>,
    pub(super) slot: Slot,
    pub(super) at: At,
}

/// The instance that a call was sent to.
pub(super) struct At {
    connection: Arc<Connection>,
    turn: Turn,
}

/// The tries of one call so far.
#[derive(Default)]
pub(super) struct Tries {
    made: usize,
    /// Instances that did not take it.
    passed: Passed,
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

    /// Sends the head to an instance that takes it.
    pub(super) async fn start(&self, tries: &mut Tries) -> Result<Started> {
        let mut last = None;
        loop {
            let addresses = self
                .client
                .resolver
                .resolve(self.namespace(), self.service)
                .await?;
            let chosen = match tries.made {
                ATTEMPTS => None,
                _ => choose(&addresses, &tries.passed, &self.client.pool),
            };
            let Some(chosen) = chosen else {
                return Err(last.unwrap_or_else(|| self.not_found()));
            };
            tries.made += 1;
            let target = chosen.target;
            let connection = match target.connection().await {
                Ok(connection) => connection,
                Err(error) => {
                    last = Some(error);
                    target.standing.saw(Outcome::Unreachable, chosen.is_probe);
                    tries.passed.push((target, false));
                    continue;
                }
            };
            let turn = Turn::begin(target, chosen.is_probe, self.is_unary);
            match send_head(&connection, self.head(connection.authority())?).await {
                Ok((answer, out, slot)) => {
                    if let Some(told) = &tries.told {
                        let _ = told.set(turn.target.clone());
                    }
                    let at = At { connection, turn };
                    return Ok(Started {
                        answer,
                        out,
                        slot,
                        at,
                    });
                }
                Err(error) => {
                    last = Some(broken(&error));
                    connection.retire();
                    tries.passed.push((turn.pass(), true));
                }
            }
        }
    }

    fn not_found(&self) -> Error {
        let detail = format!("service {}: route not found", self.service);
        Error::internal("go.micro.client", detail)
    }
}

impl At {
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
    pub(super) fn again(&mut self, mut at: At, error: &h2::Error) -> bool {
        let is_refused = error.reason() == Some(h2::Reason::REFUSED_STREAM);
        // Streams that a GOAWAY does not leave out do not fail with it.
        let was_not_begun = error.is_remote() && (error.is_go_away() || (error.is_reset() && is_refused));
        if error.is_go_away() {
            at.connection.retire();
        }
        if was_not_begun {
            self.passed.push((at.turn.pass(), true));
            return self.made < ATTEMPTS;
        }
        if error.is_io() || error.is_library() {
            at.connection.retire();
            at.turn.tell(Outcome::Unreachable);
            self.broke = true;
        }
        self.passed.push((at.turn.pass(), true));
        false
    }

    /// Whether the call may be sent to another instance, after one that has too much to do has refused it.
    pub(super) fn elsewhere(&mut self, at: At, client: &Inner) -> bool {
        at.turn.target.standing.refused();
        self.passed.push((at.turn.pass(), false));
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

//! Where a call goes: an instance, and another one when the first provably did not take it.
//!
//! A call may be sent again, whatever it does, when it cannot have been begun: the instance could not be reached, its
//! connection took no more calls, or it said so itself, with a GOAWAY that leaves the call out or with REFUSED_STREAM. That
//! is how an instance goes away without a caller noticing. Each try asks the resolver anew, since those who go away are
//! mostly known to be gone a moment later.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use h2::SendStream;
use h2::client::ResponseFuture;
use http::Request;

use super::Inner;
use super::connection::{Connection, Slot};
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
    address: String,
    connection: Arc<Connection>,
}

/// The tries of one call so far.
#[derive(Default)]
pub(super) struct Tries {
    made: usize,
    /// Instances that did not take it, and whether they can be reached.
    passed: Vec<(String, bool)>,
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
            let Some(address) = tries.choose(addresses, |address| self.client.pool.load(address)) else {
                return Err(last.unwrap_or_else(|| self.not_found()));
            };
            tries.made += 1;
            let connection = match self.client.pool.connection(&address).await {
                Ok(connection) => connection,
                Err(error) => {
                    last = Some(error);
                    tries.passed.push((address, false));
                    continue;
                }
            };
            match send_head(&connection, self.head(connection.authority())?).await {
                Ok((answer, out, slot)) => {
                    let at = At { address, connection };
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
                    tries.passed.push((address, true));
                }
            }
        }
    }

    fn not_found(&self) -> Error {
        let detail = format!("service {}: route not found", self.service);
        Error::internal("go.micro.client", detail)
    }
}

impl Tries {
    /// Whether the call may be sent once more, after it failed at an instance: it was not begun there, and was not tried too
    /// often.
    pub(super) fn again(&mut self, at: At, error: &h2::Error) -> bool {
        let is_refused = error.reason() == Some(h2::Reason::REFUSED_STREAM);
        // Streams that a GOAWAY does not leave out do not fail with it.
        let was_not_begun = error.is_remote() && (error.is_go_away() || (error.is_reset() && is_refused));
        if error.is_go_away() {
            at.connection.retire();
        }
        if was_not_begun {
            self.passed.push((at.address, true));
        }
        was_not_begun && self.made < ATTEMPTS
    }

    /// The least busy of those that were not tried; else one that can be reached, which takes it over another connection.
    fn choose(&self, addresses: Vec<String>, load: impl Fn(&str) -> usize) -> Option<String> {
        if self.made == ATTEMPTS {
            return None;
        }
        let passed = |address: &String| self.passed.iter().find(|(passed, _)| passed == address);
        // Of equals the first.
        let rank = |address: &String| (passed(address).is_some(), load(address));
        let is_reachable = |address: &String| passed(address).is_none_or(|(_, is_reachable)| *is_reachable);
        let mut candidates = addresses.into_iter();
        if self.passed.is_empty() && candidates.len() == 1 {
            return candidates.next();
        }
        candidates.filter(is_reachable).min_by_key(rank)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(made: usize, passed: &[(&str, bool)], addresses: &[(&str, usize)], expected: Option<&str>) {
        let tries = Tries {
            made,
            passed: passed
                .iter()
                .map(|(address, is_reachable)| ((*address).to_owned(), *is_reachable))
                .collect(),
        };
        let all = addresses
            .iter()
            .map(|(address, _)| (*address).to_owned())
            .collect();
        let load = |address: &str| {
            let known = addresses.iter().find(|(known, _)| *known == address);
            known.map_or(0, |(_, load)| *load)
        };
        assert_eq!(tries.choose(all, load).as_deref(), expected);
    }

    #[test]
    fn others_first_and_the_unreachable_never() {
        check(0, &[], &[("a", 5)], Some("a"));
        check(0, &[], &[("a", 1), ("b", 0), ("c", 0)], Some("b"));
        check(1, &[("b", true)], &[("a", 9), ("b", 0)], Some("a"));
        check(1, &[("a", true)], &[("a", 0)], Some("a"));
        check(1, &[("a", false)], &[("a", 0)], None);
        check(2, &[("a", false), ("b", true)], &[("a", 0), ("b", 3)], Some("b"));
        check(3, &[], &[("a", 0)], None);
        check(0, &[], &[], None);
    }
}

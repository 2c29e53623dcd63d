//! What becomes of events.

use std::time::Duration;

use futures_util::future::join_all;
use micro::events::Event;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::held::Sent;
use super::{Delivery, Dispatch, LEAVING, Outcome};

/// What was done beside.
pub(super) enum Done {
    /// JetStream knows what became of events, and whether they come again.
    Settled(Vec<u64>, bool),
    Told,
    Stands,
}

/// An event of a member that has left.
pub(super) struct Returned {
    pub delivery: Delivery,
    /// How often it was tried, where that is more than before.
    pub tried: Option<u32>,
    #[expect(dead_code, reason = "what it holds open ends when the event is given back")]
    pub open: Option<mpsc::Sender<Event>>,
}

impl Dispatch {
    pub(super) fn done(&mut self, done: Done) {
        match done {
            Done::Settled(sequences, come_again) => {
                for sequence in sequences {
                    self.known.remove(&sequence);
                    let early = self.early.remove(&sequence);
                    if let Some(message) = early.filter(|_| come_again) {
                        self.take_in(message);
                    }
                }
            }
            Done::Told => {}
            Done::Stands => self.is_reviving = false,
        }
    }

    pub(super) fn again_or_dead(&mut self, sent: Sent, pause: Duration) {
        let tried = sent.delivery.event.attempt;
        let outcome = if sent.retry_limit.is_some_and(|limit| tried > limit) {
            Outcome::Dead
        } else {
            Outcome::Again(Some(tried), pause)
        };
        let open = self.members.open(sent.member);
        self.settle(sent.delivery, outcome, open);
    }

    /// Has JetStream told. The stream of a member that leaves stays `open` until all that it has answered is settled.
    pub(super) fn settle(&mut self, delivery: Delivery, outcome: Outcome, open: Option<mpsc::Sender<Event>>) {
        let place = self.place.clone();
        self.work.push(Box::pin(async move {
            place.settle(&delivery, &outcome).await;
            drop(open);
            Done::Settled(vec![delivery.sequence], matches!(outcome, Outcome::Again(..)))
        }));
    }

    /// What members left goes to others, in its order, so that it comes again in it.
    pub(super) fn give_back(&mut self) {
        if self.back.is_empty() {
            return;
        }
        let mut back = std::mem::take(&mut self.back);
        back.sort_by_key(|returned| returned.delivery.sequence);
        let place = self.place.clone();
        self.work.push(Box::pin(async move {
            let counting = back
                .iter()
                .filter_map(|returned| Some(place.count(returned.delivery.sequence, returned.tried?)));
            join_all(counting).await;
            let again = Outcome::Again(None, Duration::ZERO);
            join_all(
                back.iter()
                    .map(|returned| place.settle(&returned.delivery, &again)),
            )
            .await;
            let sequences = back.iter().map(|returned| returned.delivery.sequence);
            Done::Settled(sequences.collect(), true)
        }));
    }

    /// Says of all that is here that it is.
    pub(super) fn beat(&mut self) {
        if self.held.is_empty() || !self.place.topic.connection.is_up() {
            return;
        }
        let waiting = self.ready.iter().map(|delivery| &delivery.ack);
        let acks: Vec<_> = self.held.acks().chain(waiting).cloned().collect();
        let place = self.place.clone();
        self.work.push(Box::pin(async move {
            place.hold(acks).await;
            Done::Told
        }));
    }

    /// Without members everything is given back, once nothing more comes.
    pub(super) async fn withdraw(&mut self) {
        self.end_by.get_or_insert_with(|| Instant::now() + LEAVING);
        self.pull.close().await;
        if !self.pull.is_closed() {
            return;
        }
        self.back.extend(self.ready.drain(..).map(|delivery| Returned {
            delivery,
            tried: None,
            open: None,
        }));
        self.give_back();
    }

    pub(super) fn is_done(&self) -> bool {
        let is_in_order = self.pull.is_closed() && self.looking.is_empty() && self.work.is_empty();
        is_in_order || self.end_by.is_some_and(|by| by <= Instant::now())
    }
}

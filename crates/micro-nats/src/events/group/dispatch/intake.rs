//! What comes from JetStream.

use async_nats::Message;
use micro::events::Start;

use super::outcome::Done;
use super::{Delivery, Dispatch, Outcome};
use crate::events::group::pull::Status;

impl Dispatch {
    pub(super) fn receive(&mut self, message: Message) {
        if let Some(status) = message.status {
            if matches!(self.pull.status(status, &message), Status::Gone) {
                self.revive();
            }
            return;
        }
        self.pull.arrived();
        self.take_in(message);
    }

    pub(super) fn take_in(&mut self, message: Message) {
        let Some(delivery) = Delivery::read(&self.place.topic, &message) else {
            return self.pass_over(message);
        };
        let sequence = delivery.sequence;
        self.last = self.last.max(sequence);
        if !self.known.insert(sequence) {
            return self.take_in_again(delivery, message);
        }
        let is_for_others = delivery
            .only
            .as_ref()
            .is_some_and(|group| *group != self.place.group);
        if is_for_others {
            return self.settle(delivery, Outcome::Done, None);
        }
        let place = self.place.clone();
        if delivery.sent > 1 && place.is_kept() {
            self.looking.push_back(Box::pin(async move {
                let tried = place.tried(sequence).await;
                (sequence, tried.ok().map(|tried| delivery.tried(tried)))
            }));
            return;
        }
        let tried = delivery.sent.saturating_sub(1);
        let delivery = delivery.tried(tried);
        if self.looking.is_empty() {
            self.ready.push_back(delivery);
        } else {
            self.looking
                .push_back(Box::pin(async move { (sequence, Some(delivery)) }));
        }
    }

    /// It is here already: JetStream has not heard of it for too long, or its answer is on its way. What comes last is what
    /// JetStream wants an answer to.
    fn take_in_again(&mut self, delivery: Delivery, message: Message) {
        let sequence = delivery.sequence;
        if self.held.renew(sequence, &delivery.ack) {
            return;
        }
        let mut ready = self.ready.iter_mut();
        match ready.find(|waiting| waiting.sequence == sequence) {
            Some(waiting) => waiting.ack = delivery.ack,
            None => drop(self.early.insert(sequence, message)),
        }
    }

    /// What is no event is nobody's.
    fn pass_over(&mut self, message: Message) {
        tracing::warn!(subject = %message.subject, "what is no event was passed over");
        if let Some(ack) = message.reply {
            let client = self.place.topic.connection.client().clone();
            self.work.push(Box::pin(async move {
                let _ = client.publish(ack, "+TERM".into()).await;
                Done::Told
            }));
        }
    }

    pub(super) fn found(&mut self, sequence: u64, found: Option<Delivery>) {
        match found {
            Some(delivery) => self.ready.push_back(delivery),
            // JetStream sends it again.
            None => drop(self.known.remove(&sequence)),
        }
    }

    /// Somebody has removed the group, or the servers have lost it: it goes on where it was.
    fn revive(&mut self) {
        if std::mem::replace(&mut self.is_reviving, true) {
            return;
        }
        let start = match self.last {
            0 => Start::Now,
            last => Start::Position(last + 1),
        };
        let place = self.place.clone();
        self.work.push(Box::pin(async move {
            if let Err(error) = place.stand(start).await {
                let group = &place.group;
                tracing::warn!(%error, group, "the group is gone from JetStream and cannot be made again");
            }
            Done::Stands
        }));
    }
}

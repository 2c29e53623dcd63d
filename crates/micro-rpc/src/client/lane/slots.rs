//! The calls under way on a lane, by number.
//!
//! A number is a place and how often it was used before, so that an answer to who has left it is no answer to who came after.

use std::task::{Poll, Waker};

use bytes::Bytes;

use super::Answer;
use crate::Error;
use crate::codec::FRAME_HEADER;
use crate::frame::MESSAGE_LIMIT;

/// So many bits of a number are the place. The others do not run out.
const PLACE: u32 = 16;

#[derive(Default)]
pub(super) struct Slots {
    slots: Vec<Slot>,
    free: Vec<usize>,
}

/// An answer was given up.
pub(super) struct TooMuch(pub(super) Option<Waker>);

#[derive(Default)]
struct Slot {
    uses: u64,
    call: Option<Call>,
}

#[derive(Default)]
struct Call {
    waker: Option<Waker>,
    /// The pieces of the answer so far.
    pieces: Vec<u8>,
    answer: Option<Answer>,
}

impl Slots {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// A number for a new one.
    pub(super) fn begin(&mut self) -> u64 {
        let place = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::default());
            self.slots.len() - 1
        });
        let slot = &mut self.slots[place];
        slot.uses += 1;
        slot.call = Some(Call::default());
        slot.uses << PLACE | place as u64
    }

    fn call(&mut self, number: u64) -> Option<&mut Call> {
        let slot = self.slots.get_mut(place(number))?;
        let is_it = slot.uses == number >> PLACE;
        slot.call.as_mut().filter(|_| is_it)
    }

    /// The answer to one, which is over then; who waits for it is woken when it is there.
    pub(super) fn answer(&mut self, number: u64, waker: &Waker) -> Poll<Answer> {
        let Some(call) = self.call(number) else {
            return Poll::Ready(Answer::Broke);
        };
        match call.answer.take() {
            Some(answer) => {
                self.end(number);
                Poll::Ready(answer)
            }
            None => {
                match &call.waker {
                    Some(known) if known.will_wake(waker) => {}
                    _ => call.waker = Some(waker.clone()),
                }
                Poll::Pending
            }
        }
    }

    /// Nobody waits for it any more. Whether the server is still at it.
    pub(super) fn forget(&mut self, number: u64) -> bool {
        let is_open = self.call(number).is_some_and(|call| call.answer.is_none());
        self.end(number);
        is_open
    }

    fn end(&mut self, number: u64) {
        if self.call(number).is_some() {
            self.slots[place(number)].call = None;
            self.free.push(place(number));
        }
    }

    /// A piece of an answer. Where it is too much whoever waits for it is to be woken, and the server to be told.
    pub(super) fn piece(&mut self, number: u64, piece: &[u8]) -> Option<TooMuch> {
        let call = self.call(number)?;
        if call.answer.is_some() {
            return None;
        }
        call.pieces.extend_from_slice(piece);
        if call.pieces.len() <= MESSAGE_LIMIT + FRAME_HEADER {
            return None;
        }
        let detail = format!("the answer is larger than the limit of {MESSAGE_LIMIT} bytes");
        let waker = self.end_with(number, |_| Answer::Failed {
            error: Error::payload_too_large("go.micro.client", detail),
            was_unbegun: false,
        });
        Some(TooMuch(waker))
    }

    /// The answer, or its last piece. Who waits for it is to be woken.
    pub(super) fn message(&mut self, number: u64, last: Bytes) -> Option<Waker> {
        self.end_with(number, |mut pieces| {
            if pieces.is_empty() {
                return Answer::Message(last);
            }
            pieces.extend_from_slice(&last);
            Answer::Message(pieces.into())
        })
    }

    pub(super) fn end_with(&mut self, number: u64, answer: impl FnOnce(Vec<u8>) -> Answer) -> Option<Waker> {
        let call = self.call(number)?;
        if call.answer.is_none() {
            call.answer = Some(answer(std::mem::take(&mut call.pieces)));
        }
        call.waker.take()
    }

    /// Nobody is answered any more.
    pub(super) fn end_all(&mut self) -> Vec<Waker> {
        let calls = self.slots.iter_mut().filter_map(|slot| slot.call.as_mut());
        calls
            .filter_map(|call| {
                call.answer.get_or_insert(Answer::Broke);
                call.waker.take()
            })
            .collect()
    }
}

fn place(number: u64) -> usize {
    usize::try_from(number & ((1 << PLACE) - 1)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn poll(slots: &mut Slots, number: u64) -> Option<Answer> {
        match slots.answer(number, Waker::noop()) {
            Poll::Ready(answer) => Some(answer),
            Poll::Pending => None,
        }
    }

    #[test]
    fn answers_find_who_asked_and_nobody_else() {
        let mut slots = Slots::default();
        let [first, second] = [slots.begin(), slots.begin()];
        assert_eq!(slots.len(), 2);
        assert!(poll(&mut slots, first).is_none());
        slots.piece(second, b"a");
        assert!(
            slots.message(second, Bytes::from_static(b"b")).is_none(),
            "it does not wait yet"
        );
        assert!(
            slots.message(first, Bytes::from_static(b"c")).is_some(),
            "it waits"
        );
        assert!(matches!(poll(&mut slots, second), Some(Answer::Message(all)) if all == "ab"));
        assert!(matches!(poll(&mut slots, first), Some(Answer::Message(all)) if all == "c"));
        assert_eq!(slots.len(), 0);
        let third = slots.begin();
        assert_ne!(third, first);
        for stale in [first, second, third ^ 1, u64::MAX] {
            assert!(slots.message(stale, Bytes::new()).is_none());
        }
        assert!(
            poll(&mut slots, third).is_none(),
            "what is for others is not for it"
        );
        assert!(slots.forget(third));
        assert!(!slots.forget(third));
        assert_eq!(slots.len(), 0);
    }

    #[test]
    fn who_is_not_answered_at_the_end_knows() {
        let mut slots = Slots::default();
        let [first, second, third] = [slots.begin(), slots.begin(), slots.begin()];
        slots.message(first, Bytes::new());
        assert!(poll(&mut slots, second).is_none());
        assert_eq!(slots.end_all().len(), 1);
        assert!(matches!(poll(&mut slots, first), Some(Answer::Message(_))));
        for broke in [second, third] {
            assert!(matches!(poll(&mut slots, broke), Some(Answer::Broke)));
        }
    }

    #[test]
    fn answers_that_grow_without_end_are_given_up() {
        let mut slots = Slots::default();
        let call = slots.begin();
        let piece = vec![0; 1 << 20];
        for _ in 0..33 {
            slots.piece(call, &piece);
        }
        assert!(matches!(
            poll(&mut slots, call),
            Some(Answer::Failed { error, .. }) if error.code == 413
        ));
    }
}

//! Writing once for many.
//!
//! A task that is woken by a message on a channel runs at once on tokio's scheduler, before the tasks that are about to queue more
//! messages on the same connection: each message then costs a system call of its own, and that is most of what a call
//! costs. So the task of a connection goes to the end of the run queue first, and finds everything that was ready. A call
//! that is alone on its connection has nobody to wait for.

use std::task::{Context, Poll};

/// Whether a connection's task has let the others go first since it was last idle.
#[derive(Debug, Default)]
pub(crate) struct Gather {
    waited: bool,
    /// How many calls shared the connection lately; it halves with each turn.
    crowd: usize,
}

impl Gather {
    /// Polls a connection with so many calls on it, after all tasks that are ready.
    pub(crate) fn poll<T>(
        &mut self,
        calls: usize,
        cx: &mut Context<'_>,
        connection: impl FnOnce(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        self.crowd = self.crowd.max(calls);
        if !self.waited && self.crowd > 1 {
            self.waited = true;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let polled = connection(cx);
        // What is ready now may be followed by more that is: it is taken in the same turn.
        self.waited = polled.is_ready();
        self.crowd /= 2;
        polled
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    #[test]
    fn who_shares_a_connection_is_served_in_the_second_turn() {
        let mut gather = Gather::default();
        let mut cx = Context::from_waker(Waker::noop());
        // How many calls there are, and what is to happen.
        for (calls, polled, answer) in [
            (2, false, Poll::Ready(())),
            (2, true, Poll::Ready(())),
            (2, true, Poll::Pending),
            (2, false, Poll::Ready(())),
            (0, true, Poll::Ready(())),
            (0, true, Poll::Pending),
            (1, true, Poll::Pending),
        ] {
            let mut was_polled = false;
            let turn = gather.poll(calls, &mut cx, |_| {
                was_polled = true;
                answer
            });
            assert_eq!(was_polled, polled);
            assert_eq!(turn, if polled { answer } else { Poll::Pending });
        }
    }
}

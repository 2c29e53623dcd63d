//! Writing once for many.
//!
//! A task that is woken by a message on a channel runs at once on tokio's scheduler, before the tasks that are about to queue more
//! messages on the same connection: each message then costs a system call of its own, and that is most of what a call
//! costs. So the task of a connection goes to the end of the run queue first, and finds everything that was ready.
//! Alone on its connection a call pays for it with a turn of an empty queue, less than a microsecond.

use std::task::{Context, Poll};

/// Whether a connection's task has let the others go first since it was last idle.
#[derive(Debug, Default)]
pub(crate) struct Gather {
    waited: bool,
}

impl Gather {
    /// Polls a connection, after all tasks that are ready.
    pub(crate) fn poll<T>(
        &mut self,
        cx: &mut Context<'_>,
        connection: impl FnOnce(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        if !self.waited {
            self.waited = true;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let polled = connection(cx);
        // What is ready now may be followed by more that is: it is taken in the same turn.
        self.waited = polled.is_ready();
        polled
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    #[test]
    fn a_connection_is_polled_in_the_second_turn() {
        let mut cx = Context::from_waker(Waker::noop());
        let mut gather = Gather::default();
        let mut polls = 0;
        let mut turn = |answer: Poll<()>| {
            gather.poll(&mut cx, |_| {
                polls += 1;
                answer
            })
        };
        assert!(turn(Poll::Ready(())).is_pending());
        assert!(turn(Poll::Ready(())).is_ready());
        assert!(turn(Poll::Ready(())).is_ready());
        assert!(turn(Poll::Pending).is_pending());
        assert!(turn(Poll::Ready(())).is_pending());
        assert_eq!(polls, 3);
    }
}

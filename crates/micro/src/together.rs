//! Small calls that travel together.
//!
//! What a small call costs is mostly not what it asks for but its way: frames and headers, the check of who asks, a task and several
//! wake-ups at each end. So while a few are under way, those that come wait until one of them is back, a millisecond at most, and then
//! travel as one; the more there are, the more share it. Who meets only a few others goes at once and alone.
//!
//! What travels together was under way together anyway: such calls had no order among them, and one that is made after another was
//! answered is sent after it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use micro_rpc::{Error, Result};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::yield_now;
use tokio::time::timeout;

/// So many calls go without waiting for others.
const AT_ONCE: usize = 4;
/// What waits travels in so many groups at a time: one on its way, one dealt with, one whose answers go out. More would be smaller.
const GROUPS: usize = 3;
/// Who has waited for so long goes too: those under way are slow, and it is not known for how long.
const WAIT: Duration = Duration::from_millis(1);
/// So many at most travel as one, and so many bytes unless a single one has more.
pub(crate) const TOGETHER: usize = 64;
pub(crate) const BYTES: usize = 1 << 20;

/// Calls that can be made one by one, and many as one.
#[async_trait]
pub(crate) trait Calls: Send + Sync + 'static {
    /// What is asked for.
    type Asked: Send + 'static;
    /// What comes back.
    type Answer: Send + 'static;

    /// How many bytes it has, about.
    fn weight(asked: &Self::Asked) -> usize;

    /// Makes one call.
    async fn alone(&self, asked: Self::Asked) -> Result<Self::Answer>;

    /// Makes several as one, or as few.
    async fn together(&self, several: Vec<(Self::Asked, Waiting<Self::Answer>)>);
}

/// Somebody who waits for an answer.
pub(crate) struct Waiting<A>(oneshot::Sender<Result<A>>);

impl<A> Waiting<A> {
    /// A caller that has gone does not want to know.
    pub(crate) fn answer(self, answer: Result<A>) {
        let _ = self.0.send(answer);
    }
}

/// Calls that travel as one.
type Group<C> = Vec<(<C as Calls>::Asked, Waiting<<C as Calls>::Answer>)>;

/// What makes them. Clones share what is under way.
pub(crate) struct Together<C: Calls>(Arc<Shared<C>>);

struct Shared<C: Calls> {
    calls: C,
    state: Mutex<State<C>>,
}

struct State<C: Calls> {
    /// Slots, each of one call or of several.
    under_way: usize,
    /// The calls in them.
    calls: usize,
    waiting: VecDeque<(C::Asked, Waiting<C::Answer>)>,
}

impl<C: Calls> Clone for Together<C> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<C: Calls> Together<C> {
    pub(crate) fn new(calls: C) -> Self {
        let state = State {
            under_way: 0,
            calls: 0,
            waiting: VecDeque::new(),
        };
        Self(Arc::new(Shared {
            calls,
            state: Mutex::new(state),
        }))
    }

    /// What makes the calls.
    pub(crate) fn calls(&self) -> &C {
        &self.0.calls
    }

    /// Makes a call, alone or with others.
    pub(crate) async fn call(&self, asked: C::Asked) -> Result<C::Answer> {
        let (mut answered, is_first) = match self.begin(asked) {
            Begun::Alone(asked, _turn) => return self.0.calls.alone(asked).await,
            Begun::Waits(answered, is_first) => (answered, is_first),
        };
        if is_first {
            let watch = Watch(Some(self));
            if let Ok(answer) = timeout(WAIT, &mut answered).await {
                watch.ends();
                return told(answer);
            }
        }
        told(answered.await)
    }

    fn begin(&self, asked: C::Asked) -> Begun<C> {
        let mut state = self.0.state();
        // Nobody overtakes who waits.
        if state.calls < AT_ONCE && state.waiting.is_empty() {
            return Begun::Alone(asked, Turn(Some(self.slot(&mut state, 1))));
        }
        let (answer, answered) = oneshot::channel();
        let is_first = state.waiting.is_empty();
        state.waiting.push_back((asked, Waiting(answer)));
        if state.under_way < GROUPS {
            // Whoever comes before it is polled goes with it.
            tokio::spawn(carry(self.slot(&mut state, 0)));
        }
        Begun::Waits(answered, is_first)
    }

    /// Whoever waits goes, whatever is under way.
    fn hurry(&self) {
        let mut state = self.0.state();
        if !state.waiting.is_empty()
            && let Ok(runtime) = Handle::try_current()
        {
            let mut slot = self.slot(&mut state, 0);
            slot.hurries = true;
            runtime.spawn(carry(slot));
        }
    }

    fn slot(&self, state: &mut State<C>, calls: usize) -> Slot<C> {
        state.under_way += 1;
        state.calls += calls;
        Slot {
            shared: self.0.clone(),
            calls,
            hurries: false,
            is_over: false,
        }
    }
}

enum Begun<C: Calls> {
    Alone(C::Asked, Turn<C>),
    /// And whether nobody else waited.
    Waits(oneshot::Receiver<Result<C::Answer>>, bool),
}

/// Whoever waits first looks at the clock for all behind him, who have waited for less. Where he breaks off they go at once.
struct Watch<'a, C: Calls>(Option<&'a Together<C>>);

impl<C: Calls> Watch<'_, C> {
    fn ends(mut self) {
        self.0 = None;
    }
}

impl<C: Calls> Drop for Watch<'_, C> {
    fn drop(&mut self) {
        if let Some(together) = self.0 {
            together.hurry();
        }
    }
}

fn told<A>(answer: Result<Result<A>, oneshot::error::RecvError>) -> Result<A> {
    answer.unwrap_or_else(|_| {
        let detail = "the call that this one travelled with was broken off";
        Err(Error::unavailable("go.micro.client", detail))
    })
}

/// One of those under way. It is over when nobody waits, or enough others come for who does, which is found out under the same lock:
/// who comes then sees that it is.
struct Slot<C: Calls> {
    shared: Arc<Shared<C>>,
    calls: usize,
    /// Goes however many are under way.
    hurries: bool,
    is_over: bool,
}

impl<C: Calls> Slot<C> {
    /// Who travels next, nobody when it is over; and whether others wait still.
    fn next(&mut self) -> (Group<C>, bool) {
        let mut state = self.shared.state();
        state.calls -= std::mem::take(&mut self.calls);
        let hurries = std::mem::take(&mut self.hurries);
        let group = match state.under_way > GROUPS && !hurries {
            true => Vec::new(),
            false => state.next(),
        };
        if group.is_empty() {
            state.under_way -= 1;
            self.is_over = true;
        }
        self.calls = group.len();
        state.calls += self.calls;
        (group, !state.waiting.is_empty())
    }
}

impl<C: Calls> Drop for Slot<C> {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        // Broken off. Of those under way none may be left that would come for who waits.
        let mut state = self.shared.state();
        state.under_way -= 1;
        state.calls -= self.calls;
        if state.under_way == 0 {
            state.waiting.clear();
        }
    }
}

/// The slot of a call that goes alone: at its end, or when its caller breaks it off, it is for those who wait.
struct Turn<C: Calls>(Option<Slot<C>>);

impl<C: Calls> Drop for Turn<C> {
    fn drop(&mut self) {
        let Some(mut slot) = self.0.take() else { return };
        let mut state = slot.shared.state();
        if state.waiting.is_empty() || state.under_way > GROUPS {
            state.under_way -= 1;
            state.calls -= slot.calls;
            drop(state);
            slot.is_over = true;
        } else if let Ok(runtime) = Handle::try_current() {
            drop(state);
            // A task of its own: no caller's end may be that of the others' calls.
            runtime.spawn(carry(slot));
        }
    }
}

/// Makes the calls that wait until none is left.
async fn carry<C: Calls>(mut slot: Slot<C>) {
    loop {
        // Whom the last answers have woken asks again before this goes on.
        yield_now().await;
        let (group, leaves_some) = slot.next();
        if group.is_empty() {
            return;
        }
        let mut made = slot.shared.calls.together(group);
        if leaves_some && timeout(WAIT, &mut made).await.is_ok() {
            // Nobody else looks at the clock for those left.
            slot.hurries = true;
            continue;
        }
        if leaves_some {
            Together(slot.shared.clone()).hurry();
        }
        made.await;
    }
}

impl<C: Calls> Shared<C> {
    fn state(&self) -> MutexGuard<'_, State<C>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C: Calls> State<C> {
    fn next(&mut self) -> Group<C> {
        let (mut group, mut bytes) = (Vec::new(), 0);
        while group.len() < TOGETHER
            && let Some((asked, waiting)) = self.waiting.pop_front()
        {
            if waiting.0.is_closed() {
                continue;
            }
            bytes += C::weight(&asked);
            if bytes > BYTES && !group.is_empty() {
                self.waiting.push_front((asked, waiting));
                break;
            }
            group.push((asked, waiting));
        }
        group
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use futures_util::future::join_all;
    use tokio::sync::Semaphore;

    use super::*;

    /// Doubles numbers, each call when it is let.
    #[derive(Default)]
    struct Doubling {
        lets: Arc<Gate>,
    }

    struct Gate {
        permits: Semaphore,
        groups: Mutex<Vec<Vec<u32>>>,
    }

    impl Default for Gate {
        fn default() -> Self {
            Self {
                permits: Semaphore::new(0),
                groups: Mutex::default(),
            }
        }
    }

    impl Gate {
        async fn pass(&self, group: Vec<u32>) {
            self.groups.lock().unwrap().push(group);
            self.permits.acquire().await.unwrap().forget();
        }

        fn groups(&self) -> Vec<Vec<u32>> {
            self.groups.lock().unwrap().clone()
        }
    }

    #[async_trait]
    impl Calls for Doubling {
        type Asked = u32;
        type Answer = u32;

        fn weight(asked: &u32) -> usize {
            if *asked >= 1000 { BYTES } else { 1 }
        }

        async fn alone(&self, asked: u32) -> Result<u32> {
            self.lets.pass(vec![asked]).await;
            Ok(asked * 2)
        }

        async fn together(&self, several: Vec<(u32, Waiting<u32>)>) {
            self.lets
                .pass(several.iter().map(|(asked, _)| *asked).collect())
                .await;
            for (asked, waits) in several {
                waits.answer(Ok(asked * 2));
            }
        }
    }

    fn doubling() -> (Together<Doubling>, Arc<Gate>) {
        let calls = Doubling::default();
        let gate = calls.lets.clone();
        (Together::new(calls), gate)
    }

    fn call(together: &Together<Doubling>, asked: u32) -> tokio::task::JoinHandle<Result<u32>> {
        let together = together.clone();
        tokio::spawn(async move { together.call(asked).await })
    }

    async fn settle() {
        for _ in 0..20 {
            yield_now().await;
        }
    }

    fn alone(numbers: std::ops::Range<u32>) -> Vec<Vec<u32>> {
        numbers.map(|number| vec![number]).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn few_go_alone_and_those_that_meet_them_together() {
        let (together, gate) = doubling();
        let calls: Vec<_> = (0..10).map(|asked| call(&together, asked)).collect();
        settle().await;
        assert_eq!(gate.groups(), alone(0..4), "the others wait");
        gate.permits.add_permits(3);
        settle().await;
        assert_eq!(gate.groups()[4..], [vec![4, 5, 6, 7, 8, 9]]);
        gate.permits.add_permits(2);
        for (asked, answer) in (0..).zip(join_all(calls).await) {
            assert_eq!(answer.unwrap(), Ok(asked * 2));
        }
        // Who comes now meets nobody.
        gate.permits.add_permits(1);
        assert_eq!(together.call(50).await, Ok(100));
        assert_eq!(gate.groups()[5..], [vec![50]]);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_long_for_those_that_are_slow() {
        let (together, gate) = doubling();
        let slow: Vec<_> = (0..4).map(|asked| call(&together, asked)).collect();
        settle().await;
        let later = [call(&together, 4), call(&together, 5)];
        settle().await;
        assert_eq!(gate.groups(), alone(0..4));
        tokio::time::advance(WAIT * 2).await;
        settle().await;
        assert_eq!(gate.groups()[4..], [vec![4, 5]]);
        gate.permits.add_permits(5);
        for call in slow.into_iter().chain(later) {
            assert!(call.await.unwrap().is_ok());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn nor_does_who_comes_after_more_than_travel_together() {
        let (together, gate) = doubling();
        let calls: Vec<_> = (0..200).map(|asked| call(&together, asked)).collect();
        settle().await;
        assert_eq!(gate.groups(), alone(0..4));
        let all = 4 + 196_usize.div_ceil(TOGETHER);
        for groups in 5..=all {
            tokio::time::advance(WAIT + Duration::from_millis(1)).await;
            settle().await;
            assert_eq!(gate.groups().len(), groups);
        }
        gate.permits.add_permits(all);
        for (asked, answer) in (0..).zip(join_all(calls).await) {
            assert_eq!(answer.unwrap(), Ok(asked * 2));
        }
        assert_eq!(together.0.state().under_way, 0, "nothing is left behind");
    }

    /// Calls that go alone never end; those that travel together do at once.
    struct Stuck;

    #[async_trait]
    impl Calls for Stuck {
        type Asked = ();
        type Answer = ();

        fn weight((): &()) -> usize {
            1
        }

        async fn alone(&self, (): ()) -> Result<()> {
            std::future::pending().await
        }

        async fn together(&self, several: Vec<((), Waiting<()>)>) {
            several.into_iter().for_each(|((), waits)| waits.answer(Ok(())));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn those_whom_a_quick_group_leaves_go_too() {
        let together = Together::new(Stuck);
        let calls: Vec<_> = (0..204)
            .map(|_| {
                let together = together.clone();
                tokio::spawn(async move { together.call(()).await })
            })
            .collect();
        settle().await;
        tokio::time::advance(WAIT * 2).await;
        settle().await;
        assert_eq!(calls.iter().filter(|call| call.is_finished()).count(), 200);
        calls.iter().for_each(tokio::task::JoinHandle::abort);
    }

    #[tokio::test(start_paused = true)]
    async fn where_the_first_of_those_who_wait_breaks_off_the_others_go() {
        let (together, gate) = doubling();
        let slow: Vec<_> = (0..4).map(|asked| call(&together, asked)).collect();
        settle().await;
        let first = call(&together, 4);
        settle().await;
        let later = [5, 6].map(|asked| call(&together, asked));
        settle().await;
        first.abort();
        settle().await;
        assert_eq!(gate.groups()[4..], [vec![5, 6]]);
        gate.permits.add_permits(5);
        for call in slow.into_iter().chain(later) {
            assert!(call.await.unwrap().is_ok());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_that_goes_takes_nobody_along() {
        let (together, gate) = doubling();
        let slow: Vec<_> = (0..4).map(|asked| call(&together, asked)).collect();
        settle().await;
        let later: Vec<_> = (4..7).map(|asked| call(&together, asked)).collect();
        settle().await;
        later[0].abort();
        for call in &slow {
            call.abort();
        }
        settle().await;
        assert_eq!(gate.groups()[4..], [vec![5, 6]]);
        gate.permits.add_permits(1);
        assert_eq!(later.into_iter().nth(2).unwrap().await.unwrap(), Ok(12));
        settle().await;
        assert_eq!(together.0.state().under_way, 0, "nothing is left behind");
    }

    /// Takes a millisecond for a call, and as long for many.
    struct Steady;

    #[async_trait]
    impl Calls for Steady {
        type Asked = ();
        type Answer = ();

        fn weight((): &()) -> usize {
            1
        }

        async fn alone(&self, (): ()) -> Result<()> {
            tokio::time::sleep(Duration::from_millis(1)).await;
            Ok(())
        }

        async fn together(&self, several: Vec<((), Waiting<()>)>) {
            tokio::time::sleep(Duration::from_millis(1)).await;
            several.into_iter().for_each(|((), waits)| waits.answer(Ok(())));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_asks_again_and_again_finds_a_group_at_once() {
        let (together, began) = (Together::new(Steady), tokio::time::Instant::now());
        let callers = (0..64).map(|_| {
            let together = together.clone();
            tokio::spawn(async move {
                for _ in 0..100 {
                    together.call(()).await.unwrap();
                }
            })
        });
        join_all(callers.collect::<Vec<_>>()).await;
        let took = began.elapsed();
        assert!(
            took < Duration::from_millis(220),
            "{took:?} for 100 rounds of a millisecond"
        );
        assert_eq!(together.0.state().under_way, 0, "nothing is left behind");
    }

    #[tokio::test(start_paused = true)]
    async fn a_group_has_its_bounds() {
        let (together, gate) = doubling();
        let first: Vec<_> = (0..4).map(|asked| call(&together, asked)).collect();
        settle().await;
        let large = [7, 1000, 1001, 8].map(|asked| call(&together, asked));
        let small: Vec<_> = (100..200).map(|asked| call(&together, asked)).collect();
        settle().await;
        gate.permits.add_permits(200);
        for call in first.into_iter().chain(large).chain(small) {
            assert!(call.await.unwrap().is_ok());
        }
        let groups = gate.groups();
        let sizes: Vec<_> = groups[4..].iter().map(Vec::len).collect();
        assert!(sizes.iter().all(|size| *size <= TOGETHER), "{sizes:?}");
        let is_apart = |group: &Vec<u32>| group.iter().filter(|asked| **asked >= 1000).count() < 2;
        assert!(groups.iter().all(is_apart), "{groups:?}");
        settle().await;
        assert!(
            together.call(1).now_or_never().is_some(),
            "nothing is left behind"
        );
    }
}

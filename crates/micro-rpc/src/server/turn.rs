//! Whether a call whose turn comes is still worth the work.
//!
//! A service that is asked for more than it can do answers everything late, and late answers are thrown away: the work is done and nothing
//! comes of it. The calls wait where nobody sees it, in the runtime's queue, and each step of a call waits there: the one that reads
//! it, its first in the handler, and the one that writes its answer. How long the first took is known, and the others take as long. So a call whose
//! first step comes when a quarter of its time is over is refused, which costs next to nothing, and those behind it are answered in time.
//!
//! It needs no limit that would have to be found, and refuses nothing while calls are answered: who gives a call more time may wait for longer. One
//! that is late among others that are not is begun: a machine that stalls for a moment is not overloaded.
//! What waits within a handler, for a lock or a place in a pool, is not seen here but by the [limit](super::limit) of its method.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::Server;
use super::inbound::Inbound;
use super::stats::is_about_itself;
use crate::Error;

/// The part of a call's time that may be over before its first step.
const PART: u32 = 4;
/// So long a step waits now and then though there is little to do.
const USUAL: Duration = Duration::from_millis(2);

/// So many more calls were late than in time before any is refused, and are counted at most.
const MANY: u32 = 8;
const MOST: u32 = 2 * MANY;

/// How many more calls were late of late than in time.
#[derive(Debug, Default)]
pub(super) struct Lateness(AtomicU32);

impl Lateness {
    /// Notes a call; whether many before it were late.
    pub(super) fn note(&self, is_late: bool) -> bool {
        let before = self.0.load(Ordering::Relaxed);
        let now = match is_late {
            true => (before + 1).min(MOST),
            false => before.saturating_sub(1),
        };
        if now != before {
            self.0.store(now, Ordering::Relaxed);
        }
        before >= MANY
    }
}

impl Inbound {
    /// Why a call that arrived at `began` is not begun now, if it is not.
    pub(super) fn too_late(&self, server: &Server, began: Instant) -> Option<Error> {
        let (handler, method) = self.endpoint();
        let allowance = self.deadline?.saturating_duration_since(began);
        // What a service tells about itself it tells in any case: whoever looks why it is slow is to see something.
        let is_late = is_late(began.elapsed(), allowance);
        let is_refused = server.0.lateness.note(is_late) && is_late && !is_about_itself(handler);
        is_refused.then(|| {
            let detail =
                format!("overloaded: {handler}.{method} had to wait too long for its turn, try another instance or later");
            Error::too_many_requests(&*server.0.name, detail)
        })
    }
}

fn is_late(waited: Duration, allowance: Duration) -> bool {
    waited > (allowance / PART).max(USUAL)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use tokio::net::TcpListener;

    use super::*;
    use crate::{
        Call, Client, Context, Handler, MethodDescriptor, Reply, Result, Server, ServiceDescriptor,
        async_trait,
    };

    const WORK: Duration = Duration::from_millis(5);
    /// A hundredfold.
    const PATIENCE: Duration = Duration::from_millis(500);
    const CALLS: usize = 400;

    const fn methods() -> &'static [MethodDescriptor] {
        &[MethodDescriptor {
            name: "Call",
            client_streaming: false,
            server_streaming: false,
        }]
    }

    static DESK: ServiceDescriptor = ServiceDescriptor {
        package: "desk",
        name: "Desk",
        methods: methods(),
        file_descriptor_set: &[],
    };

    static HEALTH: ServiceDescriptor = ServiceDescriptor {
        name: "Health",
        ..DESK
    };

    /// Computes, on the one core that there is.
    struct Desk(&'static ServiceDescriptor, AtomicUsize);

    #[async_trait]
    impl Handler for Desk {
        fn descriptor(&self) -> &'static ServiceDescriptor {
            self.0
        }

        async fn call(&self, _: &Context, _: &'static MethodDescriptor, call: Call) -> Result<Reply> {
            self.1.fetch_add(1, Ordering::SeqCst);
            let began = Instant::now();
            while began.elapsed() < WORK {
                std::hint::spin_loop();
            }
            call.reply(&0_i64)
        }
    }

    /// A service on a thread of its own, and its two handlers.
    fn start() -> (String, [Arc<Desk>; 2]) {
        let desks = [&DESK, &HEALTH].map(|descriptor| Arc::new(Desk(descriptor, AtomicUsize::new(0))));
        let [desk, health] = desks.clone();
        let server = Server::builder("desk").handle(desk).handle(health).build();
        let (says, said) = std::sync::mpsc::sync_channel(1);
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                says.send(listener.local_addr().unwrap().to_string()).unwrap();
                server
                    .serve(listener, std::future::pending(), Duration::ZERO)
                    .await;
            });
        });
        (said.recv().unwrap(), desks)
    }

    /// The codes of that many calls at once, 200 for what went well.
    async fn codes(address: &str, handler: &str, patience: Duration) -> Vec<i32> {
        let service = Client::to_address(address).service("desk");
        let endpoint = format!("{handler}.Call");
        let calls = (0..CALLS).map(|_| async {
            let ctx = Context::background().with_timeout(patience);
            let answer: Result<i64> = service.unary(&ctx, &endpoint, &0_i64).await;
            answer.err().map_or(200, |error| error.code)
        });
        futures_util::future::join_all(calls).await
    }

    #[test]
    fn a_quarter_of_the_time_may_be_over() {
        assert!(!is_late(PATIENCE / 4, PATIENCE));
        assert!(is_late(PATIENCE / 4 + Duration::from_millis(1), PATIENCE));
    }

    #[test]
    fn who_is_late_alone_is_begun() {
        let lateness = Lateness::default();
        for is_late in [true, false].into_iter().cycle().take(100) {
            assert!(!lateness.note(is_late));
        }
        (0..MANY).for_each(|_| assert!(!lateness.note(true)));
        (0..100).for_each(|_| assert!(lateness.note(true)));
        (0..=MOST - MANY).for_each(|_| assert!(lateness.note(false)));
        assert!(!lateness.note(true), "it is over");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_would_be_too_late_is_not_begun_and_the_rest_is_in_time() {
        let (address, [desk, health]) = start();
        let codes_of_all = codes(&address, "Desk", PATIENCE).await;
        let count = |code| codes_of_all.iter().filter(|other| **other == code).count();
        let begun = desk.1.load(Ordering::SeqCst);
        assert!(count(429) > 0, "{codes_of_all:?}");
        assert!(begun > 0 && begun < CALLS, "{begun} were begun");
        // Who waits for longer is answered, and so is who asks how it goes.
        let long = Duration::from_secs(60);
        assert_eq!(codes(&address, "Desk", long).await, [200; CALLS]);
        let asked = codes(&address, "Health", PATIENCE).await;
        assert!(!asked.contains(&429), "{asked:?}");
        assert!(health.1.load(Ordering::SeqCst) > 0);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn who_asks_little_is_not_behind_all_that_another_asks() {
        let (address, [desk, _]) = start();
        let flood = {
            let address = address.clone();
            tokio::spawn(async move { codes(&address, "Desk", Duration::from_secs(60)).await })
        };
        while desk.1.load(Ordering::SeqCst) < 20 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let quiet = Client::to_address(&address).service("desk");
        let answer: Result<i64> = quiet.unary(&Context::background(), "Desk.Call", &0_i64).await;
        answer.unwrap();
        let before = desk.1.load(Ordering::SeqCst);
        assert!(before < CALLS / 2, "{before} of {CALLS} were begun before");
        assert_eq!(flood.await.unwrap(), [200; CALLS]);
    }
}

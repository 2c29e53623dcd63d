//! More calls than a service can answer: how much of what it can do it still does, where it computes and where it waits for something scarce.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use micro::{
    Call, Client, Context, Handler, MethodDescriptor, Reply, ServiceClient, ServiceDescriptor, async_trait,
};
use micro_rpc::Server;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use crate::echo::{Request, Response, greet, request};
use crate::load::{median, throughput};
use crate::report::Figure;
use crate::{Plan, child};

/// Enough callers to keep all cores busy, and no more.
const IN_FLIGHT: usize = 16;
/// How many times the peak is asked for.
const TIMES: f64 = 3.0;
/// How long a caller of the flood waits.
const DEADLINE: Duration = Duration::from_millis(250);
/// A quiet caller asks so often.
const PAUSE: Duration = Duration::from_millis(20);
/// The flood comes in portions.
const TICK: Duration = Duration::from_millis(2);
/// Not counted: that there are too many has to be found out first.
const WARM_UP: Duration = Duration::from_millis(1_500);
/// Each takes about ten seconds in full.
const ROUNDS: usize = 3;
/// Steps of the computation: about a millisecond of one core.
const STEPS: u64 = 400_000;

/// So many of those that wait are dealt with at once, each in so long, as queries are on a pool of connections.
const PLACES: usize = 8;
const HOLDS: Duration = Duration::from_millis(5);

/// What is answered in time when three times the peak is asked for, beside the peak; and how much of one caller's that comes by meanwhile.
pub async fn measure(plan: Plan) -> Result<Vec<Figure>> {
    let server = child::Server::start("worker", &[]).await?;
    let (mut computes, mut waits) = (
        Side::new(&server, "Worker.Work"),
        Side::new(&server, "Worker.Wait"),
    );
    for _ in 0..plan.rounds.min(ROUNDS) {
        computes.round(plan.duration).await?;
        waits.round(plan.duration).await?;
    }
    let [goodput, peak, quiet] = [computes.goodput, computes.peak, computes.quiet].map(median);
    let [waiting, most, patient] = [waits.goodput, waits.peak, waits.quiet].map(median);
    Ok(vec![
        Figure::compared("overload_goodput", goodput, peak, "calls/s"),
        Figure::alone("overload_quiet_caller", quiet, "of its calls"),
        Figure::compared("overload_pool_goodput", waiting, most, "calls/s"),
        Figure::alone("overload_pool_quiet_caller", patient, "of its calls"),
    ])
}

/// The service, and what was measured of it.
struct Side {
    address: String,
    endpoint: &'static str,
    peak: Vec<f64>,
    goodput: Vec<f64>,
    quiet: Vec<f64>,
}

impl Side {
    fn new(server: &child::Server, endpoint: &'static str) -> Self {
        Self {
            address: server.address().to_string(),
            endpoint,
            peak: Vec::new(),
            goodput: Vec::new(),
            quiet: Vec::new(),
        }
    }

    fn caller(&self, patience: Duration) -> Caller {
        Caller {
            client: Client::to_address(&self.address).service("worker"),
            endpoint: self.endpoint,
            patience,
        }
    }

    async fn round(&mut self, duration: Duration) -> Result<()> {
        let caller = self.caller(Duration::from_secs(10));
        let peak = throughput(vec![caller; IN_FLIGHT], duration, Caller::call).await?;
        let begin = Instant::now() + WARM_UP;
        let window = (begin, begin + duration);
        let flood = self.caller(DEADLINE);
        let (flood, quiet) = tokio::join!(
            flood.flood(peak * TIMES, window),
            self.caller(DEADLINE).come_by(window),
        );
        println!(
            "  {}: {peak:.0} calls/s at the peak; of {:.0} asked for {flood:.0} answered in time; {quiet:.2} of a quiet caller's",
            self.endpoint,
            peak * TIMES
        );
        self.peak.push(peak);
        self.goodput.push(flood);
        self.quiet.push(quiet);
        Ok(())
    }
}

/// Who calls, on connections of its own.
#[derive(Clone)]
struct Caller {
    client: ServiceClient,
    endpoint: &'static str,
    patience: Duration,
}

impl Caller {
    async fn call(self) -> Result<Self> {
        let ctx = Context::background().with_timeout(self.patience);
        let _: Response = self.client.unary(&ctx, self.endpoint, &request()).await?;
        Ok(self)
    }

    /// So many calls a second, whether the ones before were answered or not. Tells how many a second were in time.
    async fn flood(self, rate: f64, (begin, end): (Instant, Instant)) -> f64 {
        let answered = Arc::new(AtomicU64::new(0));
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let mut calls = JoinSet::new();
        let mut due = 0.0;
        loop {
            let now = ticks.tick().await.into_std();
            if now >= end {
                break;
            }
            due += rate * TICK.as_secs_f64();
            while due >= 1.0 {
                due -= 1.0;
                let (caller, answered) = (self.clone(), answered.clone());
                calls.spawn(async move {
                    let asked = Instant::now();
                    let is_in_time = caller.call().await.is_ok() && asked.elapsed() <= DEADLINE;
                    if is_in_time && (begin..end).contains(&asked) {
                        answered.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
            // Who was answered makes room: each waits no longer than its deadline.
            while calls.try_join_next().is_some() {}
        }
        calls.join_all().await;
        answered.load(Ordering::Relaxed) as f64 / (end - begin).as_secs_f64()
    }

    /// One call after the other with pauses. Tells the share of them that was answered in time.
    async fn come_by(self, (begin, end): (Instant, Instant)) -> f64 {
        let (mut calls, mut answered) = (0u64, 0u64);
        let mut pauses = interval(PAUSE);
        pauses.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            pauses.tick().await;
            let asked = Instant::now();
            if asked >= end {
                break;
            }
            let is_in_time = self.clone().call().await.is_ok() && asked.elapsed() <= DEADLINE;
            if asked >= begin {
                calls += 1;
                answered += u64::from(is_in_time);
            }
        }
        answered as f64 / calls.max(1) as f64
    }
}

/// The service.
pub async fn serve() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let worker = Worker(Semaphore::new(PLACES));
    let server = Server::builder("worker").handle(Arc::new(worker)).build();
    child::ready(address);
    server
        .serve(listener, std::future::pending(), Duration::ZERO)
        .await;
    Ok(())
}

struct Worker(Semaphore);

static DESCRIPTOR: ServiceDescriptor = ServiceDescriptor {
    package: "worker",
    name: "Worker",
    methods: &[
        MethodDescriptor {
            name: "Work",
            client_streaming: false,
            server_streaming: false,
        },
        MethodDescriptor {
            name: "Wait",
            client_streaming: false,
            server_streaming: false,
        },
    ],
    // Reflection is not measured.
    file_descriptor_set: &[],
};

#[async_trait]
impl Handler for Worker {
    fn descriptor(&self) -> &'static ServiceDescriptor {
        &DESCRIPTOR
    }

    async fn call(
        &self,
        _: &Context,
        method: &'static MethodDescriptor,
        mut call: Call,
    ) -> micro::Result<Reply> {
        let request: Request = call.request().await?;
        match method.name {
            "Work" => work(),
            _ => {
                let place = self.0.acquire().await;
                tokio::time::sleep(HOLDS).await;
                drop(place);
            }
        }
        call.reply(&greet(request))
    }
}

/// Computes, as a handler does that parses, hashes or renders.
fn work() {
    let mix = |state: u64, step: u64| (state ^ step).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(23);
    std::hint::black_box((0..STEPS).fold(1, |state, step| std::hint::black_box(mix(state, step))));
}

//! The building blocks: over RPC, with authentication and everything, beside the engine that they stand on, in this process.
//!
//! Both sides are driven by the same code through the same traits, so the difference is what the platform adds: the network, the
//! check of who asks, and encoding.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use micro::Client;
use micro::auth::{Identity, TokenSource};
use micro::broker::{self, Broker, Message};
use micro::bytes::Bytes;
use micro::events::{self, Consume, Draft, Events, Start};
use micro::store::{self, Record, Scope, Store};
use micro_tests::Server;
use tokio::time::timeout;

use crate::Plan;
use crate::load::{median, throughput};
use crate::report::Figure;

const IN_FLIGHT: usize = 64;
/// Bytes of a value, a payload, a body.
const SIZE: usize = 128;
/// Records that are read.
const RECORDS: u64 = 2_000;
/// Events that one round consumes.
const EVENTS: usize = 5_000;
/// A subscriber that hears nothing for so long has heard all.
const SILENCE: Duration = Duration::from_millis(500);

/// One side: the blocks over RPC, or the engine in this process.
#[derive(Clone)]
pub struct Side {
    store: Arc<dyn Store>,
    events: Arc<dyn Events>,
    broker: Arc<dyn Broker>,
    /// Makes keys and topics different from all before.
    next: Arc<AtomicU64>,
}

/// All of them.
pub async fn measure(plan: Plan) -> Result<Vec<Figure>> {
    let server = Server::start().await;
    let folder = tempfile::tempdir()?;
    let engine: Arc<dyn Store> = Arc::new(micro_local::Store::open(folder.path().join("store"))?);
    let sides = [Side::over_rpc(&server).await?, in_process(engine)];
    for side in &sides {
        side.fill().await?;
    }
    let mut figures = Vec::new();
    figures.push(compare("store_read", "reads/s", plan, &sides, Side::reads).await?);
    figures.push(compare("store_write", "durable writes/s", plan, &sides, Side::writes).await?);
    figures.push(
        compare(
            "events_publish",
            "durable events/s",
            plan,
            &sides,
            Side::publishes,
        )
        .await?,
    );
    figures.push(compare("events_consume", "events/s", plan, &sides, Side::consumes).await?);
    figures.push(compare("broker_messages", "messages/s", plan, &sides, Side::messages).await?);
    Ok(figures)
}

/// The platform as a service reaches it, with a token that is renewed.
pub async fn client(server: &Server) -> Result<Client> {
    let said = |name: &str| server.join()[name].as_str().unwrap_or_default().to_owned();
    let identity = Identity {
        namespace: "micro".to_owned(),
        id: said("id"),
        secret: said("secret"),
    };
    let anonymous = Client::builder()
        .address(&server.proxy())
        .namespace("micro")
        .build();
    let credentials = TokenSource::start(&anonymous, identity).await?;
    Ok(Client::builder()
        .address(&server.proxy())
        .namespace("micro")
        .credentials(credentials)
        .build())
}

fn in_process(engine: Arc<dyn Store>) -> Side {
    Side {
        events: Arc::new(events::Stored::new(engine.clone())),
        store: engine,
        broker: Arc::new(broker::Memory::default()),
        next: Arc::default(),
    }
}

async fn compare<F: Future<Output = Result<f64>>>(
    name: &'static str,
    unit: &'static str,
    plan: Plan,
    [subject, reference]: &[Side; 2],
    measure: impl Fn(Side, Plan) -> F,
) -> Result<Figure> {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..plan.rounds {
        theirs.push(measure(reference.clone(), plan).await?);
        ours.push(measure(subject.clone(), plan).await?);
    }
    Ok(Figure::compared(name, median(ours), median(theirs), unit))
}

fn scope() -> Scope {
    Scope::new("micro", "bench")
}

fn payload() -> Bytes {
    Bytes::from_static(&[b'x'; SIZE])
}

impl Side {
    /// As a service has it.
    pub async fn over_rpc(server: &Server) -> Result<Self> {
        let client = client(server).await?;
        Ok(Self {
            store: Arc::new(store::Remote::new(&client)),
            events: Arc::new(events::Remote::new(&client)),
            broker: Arc::new(broker::Remote::new(&client)),
            next: Arc::default(),
        })
    }

    /// Writes what is read.
    pub async fn fill(&self) -> Result<()> {
        for number in 0..RECORDS {
            let record = Record::new(format!("read/{number}"), payload());
            self.store.write(&scope(), record).await?;
        }
        Ok(())
    }

    fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// So many a second, with 64 in flight.
    pub async fn reads(self, plan: Plan) -> Result<f64> {
        throughput(vec![self; IN_FLIGHT], plan.duration, |side: Self| async move {
            let key = format!("read/{}", side.number() % RECORDS);
            side.store.read(&scope(), &key).await?;
            Ok(side)
        })
        .await
    }

    /// So many a second, with 64 in flight.
    pub async fn writes(self, plan: Plan) -> Result<f64> {
        throughput(vec![self; IN_FLIGHT], plan.duration, |side: Self| async move {
            let record = Record::new(format!("write/{}", side.number()), payload());
            side.store.write(&scope(), record).await?;
            Ok(side)
        })
        .await
    }

    /// So many a second, with 64 in flight.
    pub async fn publishes(self, plan: Plan) -> Result<f64> {
        throughput(vec![self; IN_FLIGHT], plan.duration, |side: Self| async move {
            side.publish("published").await?;
            Ok(side)
        })
        .await
    }

    async fn publish(&self, topic: &str) -> Result<()> {
        let draft = Draft {
            topic: topic.to_owned(),
            payload: payload(),
            ..Draft::default()
        };
        self.events.publish("micro", draft).await?;
        Ok(())
    }

    /// A new group that takes all of a topic from its beginning, each event acknowledged.
    async fn consumes(self, _plan: Plan) -> Result<f64> {
        let topic = "consumed";
        if self.events.read("micro", topic, 1, 0).await?.is_empty() {
            let publishers = (0..IN_FLIGHT).map(|_| async {
                for _ in 0..EVENTS / IN_FLIGHT + 1 {
                    self.publish(topic).await?;
                }
                anyhow::Ok(())
            });
            micro::futures_util::future::try_join_all(publishers).await?;
        }
        let wanted = Consume {
            topic: topic.to_owned(),
            group: format!("bench-{}", self.number()),
            start: Start::Position(1),
            ack_wait: Some(Duration::from_secs(60)),
            ..Consume::default()
        };
        let begin = Instant::now();
        let mut consumer = self.events.consume("micro", wanted).await?;
        for _ in 0..EVENTS {
            let event = consumer.next().await.context("the stream has ended")??;
            consumer.ack(&event).await;
        }
        let rate = EVENTS as f64 / begin.elapsed().as_secs_f64();
        consumer.finish().await;
        Ok(rate)
    }

    /// What one subscriber hears of what many publish; what is dropped does not count.
    async fn messages(self, plan: Plan) -> Result<f64> {
        let topic = format!("bench-{}", self.number());
        let mut heard = self.broker.subscribe(&topic, "").await?;
        let listening = tokio::spawn(async move {
            let (mut count, mut begin, mut last) = (0u64, None, Instant::now());
            while let Ok(Some(message)) = timeout(SILENCE, heard.next()).await {
                message?;
                begin = begin.or(Some(Instant::now()));
                last = Instant::now();
                count += 1;
            }
            let took = last.duration_since(begin.context("nothing was heard")?);
            anyhow::Ok(count as f64 / took.as_secs_f64())
        });
        let callers = vec![(self, topic); IN_FLIGHT];
        throughput(
            callers,
            plan.duration,
            |(side, topic): (Self, String)| async move {
                let message = Message {
                    body: payload(),
                    ..Message::default()
                };
                side.broker.publish(&topic, message).await?;
                Ok((side, topic))
            },
        )
        .await?;
        listening.await?
    }
}

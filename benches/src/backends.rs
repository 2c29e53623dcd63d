//! The profile `platform`: blocks over RPC on a real database and a real JetStream, beside the client library of each on the same
//! server; and lookups in a registry on a real etcd.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use micro::registry::{Cache, Node, Registry as _, Service};
use micro_etcd::Registry;
use micro_outside::{Etcd, Nats, Postgres};
use micro_tests::Server;
use tokio::time::{sleep, timeout};

use crate::Plan;
use crate::blocks::Side;
use crate::load::median;
use crate::raw::Raw;
use crate::report::Figure;

/// What the server seals its keys with.
const KEY: &str = "bWljcm8gYmVuY2ggc2VhbHMgaXRzIG93biBrZXlzIDA=";
const NAMESPACE: &str = "micro";
const SERVICES: usize = 1_000;
const NODES: usize = 10;
/// Lookups between two looks at the clock.
const BATCH: usize = 10_000;
/// Steps from one name to the next, and through all of them.
const STRIDE: usize = 7_919;
const TTL: Duration = Duration::from_secs(600);
const PATIENCE: Duration = Duration::from_secs(30);

/// All of them.
pub async fn measure(plan: Plan) -> Result<Vec<Figure>> {
    let (etcd, nats, postgres) = (Etcd::start(), Nats::start(), Postgres::start());
    let mut figures = blocks(plan, [&etcd.endpoint(), &nats.url(), &postgres.url()]).await?;
    figures.extend(lookups(plan, &etcd.endpoint()).await?);
    Ok(figures)
}

async fn blocks(plan: Plan, [etcd, nats, postgres]: [&str; 3]) -> Result<Vec<Figure>> {
    let server = Server::start_with(&[
        ("MICRO_PROFILE", "platform"),
        ("MICRO_SECRET_KEY", KEY),
        ("MICRO_REGISTRY_ADDRESS", etcd),
        ("MICRO_BROKER_ADDRESS", nats),
        ("MICRO_STORE_ADDRESS", postgres),
    ])
    .await;
    let ours = Side::over_rpc(&server).await?;
    ours.fill().await?;
    let mut sql = Raw::start("raw_sql", postgres)?;
    let mut jetstream = Raw::start("raw_jetstream", nats)?;
    let (read, write, publish) = ("reads/s", "durable writes/s", "durable events/s");
    let mut figures = Vec::new();
    let name = "platform_store_read";
    figures.push(compare(name, read, plan, (&ours, Side::reads), (&mut sql, "read")).await?);
    let name = "platform_store_write";
    figures.push(compare(name, write, plan, (&ours, Side::writes), (&mut sql, "write")).await?);
    let (name, raw) = ("platform_events_publish", (&mut jetstream, "publish"));
    figures.push(compare(name, publish, plan, (&ours, Side::publishes), raw).await?);
    Ok(figures)
}

/// The client library and the platform by turns.
async fn compare<F: Future<Output = Result<f64>>>(
    name: &'static str,
    unit: &'static str,
    plan: Plan,
    (side, measure): (&Side, impl Fn(Side, Plan) -> F),
    (raw, what): (&mut Raw, &str),
) -> Result<Figure> {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..plan.rounds {
        theirs.push(raw.rate(what, plan.duration).await?);
        ours.push(measure(side.clone(), plan).await?);
    }
    Ok(Figure::compared(name, median(ours), median(theirs), unit))
}

/// Of one service among many: in the driver, and in the cache that the request path asks.
async fn lookups(plan: Plan, etcd: &str) -> Result<Vec<Figure>> {
    let registry = Arc::new(Registry::open(micro_etcd::Config {
        endpoints: vec![etcd.to_owned()],
        ..micro_etcd::Config::default()
    })?);
    let names: Vec<String> = (0..SERVICES).map(|number| format!("service{number}")).collect();
    for some in names.chunks(32) {
        let registered = some
            .iter()
            .map(|name| registry.register(NAMESPACE, service(name), Some(TTL)));
        micro::futures_util::future::try_join_all(registered).await?;
    }
    let cache = Cache::new(registry.clone());
    cache.get(NAMESPACE, &names[0]).await?;
    let all_are_known = async {
        while names.iter().any(|name| cache.lookup(NAMESPACE, name).is_none()) {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, all_are_known)
        .await
        .context("the cache does not hear of all services")?;
    let (mut driver, mut cached) = (Vec::new(), Vec::new());
    for _ in 0..plan.rounds {
        driver.push(nanoseconds(plan, &names, |name| {
            registry.lookup(NAMESPACE, name)
        })?);
        cached.push(nanoseconds(plan, &names, |name| cache.lookup(NAMESPACE, name))?);
    }
    Ok(vec![
        Figure::alone("registry_lookup_etcd", median(driver), "ns"),
        Figure::alone("registry_lookup_cache", median(cached), "ns"),
    ])
}

fn service(name: &str) -> Service {
    let node = |number| Node {
        id: format!("{name}-{number}"),
        address: format!("10.0.0.{number}:8080"),
        ..Node::default()
    };
    Service {
        name: name.to_owned(),
        version: "latest".to_owned(),
        nodes: (0..NODES).map(node).collect(),
        ..Service::default()
    }
}

/// How long one lookup takes. The names come in an order that no cache of the processor foresees.
fn nanoseconds(
    plan: Plan,
    names: &[String],
    lookup: impl Fn(&str) -> Option<Arc<Vec<Service>>>,
) -> Result<f64> {
    let (mut count, start) = (0, Instant::now());
    while start.elapsed() < plan.duration {
        for number in count..count + BATCH {
            let found = lookup(&names[number * STRIDE % names.len()]);
            ensure!(
                found.is_some_and(|versions| versions.len() == 1),
                "a service is lost"
            );
        }
        count += BATCH;
    }
    Ok(start.elapsed().as_nanos() as f64 / count as f64)
}

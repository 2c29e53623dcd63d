//! Whatever happens in whatever order, all see the same in the end, and were told of it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use micro::Streaming;
use micro::registry::{Action, Event, Registry as _};
use micro_etcd::Registry;
use micro_outside::{Etcd, Relay};

use crate::given::{LONG, PATIENCE, open, service, until};

const NAMES: u64 = 6;
const NODES: u64 = 3;
/// Longer than it takes to notice a silence.
const STORM: Duration = Duration::from_secs(7);

/// The nodes of each service.
type Seen = BTreeMap<String, Vec<String>>;

/// A process, its cable to etcd, and what its watcher made of all that it was told.
struct Process {
    relay: Relay,
    registry: Registry,
    events: Streaming<Event>,
    told: Seen,
}

/// Numbers that are the same each time.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

impl Process {
    async fn start(etcd: &Etcd) -> Self {
        let relay = Relay::to(etcd.port()).await;
        let registry = open(&format!("http://127.0.0.1:{}", relay.port()));
        let events = registry.watch("micro", "").await.unwrap();
        Self {
            relay,
            registry,
            events,
            told: BTreeMap::new(),
        }
    }

    async fn listen(&mut self) {
        while let Ok(event) = tokio::time::timeout(Duration::ZERO, self.events.next()).await {
            let Event { action, service, .. } = event.expect("nobody falls behind").unwrap();
            let nodes = service.nodes.iter().map(|node| node.id.clone()).collect();
            let before = match action {
                Action::Delete => self.told.remove(&service.name),
                _ => self.told.insert(service.name.clone(), nodes),
            };
            assert_eq!(
                before.is_none(),
                action == Action::Create,
                "{action:?} of {}",
                service.name
            );
        }
    }

    async fn sees(&self) -> Seen {
        let listed = self.registry.list("micro").await.unwrap().into_iter();
        let ids = |service: micro::registry::Service| service.nodes.into_iter().map(|node| node.id).collect();
        listed
            .map(|service| (service.name.clone(), ids(service)))
            .collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_agree_after_a_storm_of_faults() {
    let mut random = Random(20_261_126);
    let etcd = Etcd::start();
    let mut processes = Vec::new();
    for _ in 0..3 {
        processes.push(Process::start(&etcd).await);
    }
    let mut wanted: BTreeMap<(String, String), bool> = BTreeMap::new();
    let (start, mut refused, mut taken) = (Instant::now(), 0, 0);
    while start.elapsed() < STORM {
        let process = &processes[random.below(3) as usize];
        match random.below(40) {
            0 => process.relay.cut(),
            1 => process.relay.silence(),
            2..6 => process.relay.mend(),
            6 => etcd.compact(),
            _ => {}
        }
        let (name, node) = (
            format!("s{}", random.below(NAMES)),
            format!("n{}", random.below(NODES)),
        );
        let is_there = random.below(2) == 0;
        match tell(&process.registry, &name, &node, is_there).await {
            Ok(()) => taken += 1,
            Err(error) if error.code == 503 => refused += 1,
            Err(error) => panic!("{error}"),
        }
        wanted.insert((name, node), is_there);
        for process in &mut processes {
            process.listen().await;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    println!("{taken} taken, {refused} refused");
    processes.iter().for_each(|process| process.relay.mend());
    settle(&processes).await;

    // What etcd has, everybody sees, and was told.
    let fresh = Process::start(&etcd).await;
    agree(&mut processes, &fresh.sees().await).await;
    // Services say once more what they want, as they do all the time; what was refused is made up for.
    let mut expected: Seen = BTreeMap::new();
    for ((name, node), is_there) in wanted {
        tell(&processes[0].registry, &name, &node, is_there)
            .await
            .unwrap();
        if is_there {
            expected.entry(name).or_default().push(node);
        }
    }
    agree(&mut processes, &expected).await;
}

async fn tell(registry: &Registry, name: &str, node: &str, is_there: bool) -> micro::Result<()> {
    match is_there {
        true => registry.register("micro", service(name, &[node]), LONG).await,
        false => registry.deregister("micro", service(name, &[node])).await,
    }
}

/// Waits until all are connected, and etcd was told all that it could not be told before.
async fn settle(processes: &[Process]) {
    let start = Instant::now();
    for process in processes {
        let backend = process.registry.backend();
        tokio::time::timeout(PATIENCE, backend.until_reached())
            .await
            .unwrap();
        until("etcd is told", || process.registry.status().unwritten == 0).await;
    }
    println!("all is written after {:?}", start.elapsed());
}

async fn agree(processes: &mut [Process], expected: &Seen) {
    let start = Instant::now();
    for process in processes {
        loop {
            let seen = process.sees().await;
            process.listen().await;
            if seen == *expected && process.told == *expected {
                break;
            }
            let told = &process.told;
            assert!(
                start.elapsed() < PATIENCE,
                "sees {seen:?}\ntold {told:?}\nexpected {expected:?}"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

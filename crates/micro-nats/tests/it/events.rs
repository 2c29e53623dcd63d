//! Events.

use micro::events::conformance;
use micro_nats::{Config, Connection, Events};
use micro_outside::Nats;

pub async fn events(nats: &Nats) -> Events {
    open(Config::new(nats.url())).await
}

pub async fn open(config: Config) -> Events {
    let connection = Connection::open(config).await.unwrap();
    Events::open(&connection).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn conform() {
    let nats = Nats::start();
    conformance::run(&events(&nats).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_one_on_the_same_server_goes_on() {
    let nats = Nats::start();
    let opened = std::sync::Mutex::new(vec![events(&nats).await, events(&nats).await]);
    conformance::goes_on(&|| opened.lock().unwrap().pop().unwrap()).await;
}

//! Several instances of one service, as another service calls them: without anything between.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use micro::registry::{Cache, Remote};
use micro_rpc::wkt::Empty;
use micro_rpc::{Client, Context};
use micro_tests::load::{Load, Tally};
use micro_tests::proto::echo::{Echo as _, EchoClient};
use micro_tests::{Server, wait};

use crate::{crash, echo};

const SOON: Duration = Duration::from_secs(60);
const CALLERS: usize = 16;

#[tokio::test(flavor = "multi_thread")]
async fn one_of_three_dies_and_no_call_that_may_be_made_twice_fails() {
    let server = Server::start().await;
    let mut instances: Vec<_> = (0..3).map(|_| echo::start(&server, "echo")).collect();
    let cache = Cache::new(Arc::new(Remote::new(&crash::client(&server).await)));
    wait::until("three instances to be known", SOON, || async {
        let known = cache.get("micro", "echo").await;
        let known = known.map_err(|error| error.to_string())?.unwrap_or_default();
        let nodes: usize = known.iter().map(|version| version.nodes.len()).sum();
        (nodes == 3).then_some(()).ok_or(format!("{nodes} are known"))
    })
    .await;
    let token = server.micro().ok(&["user", "token"]).await;
    let ctx = Context::background().with_token(token.trim());
    let client = EchoClient::new(&Client::builder().resolver(cache).build());
    // From outside it is the gateway that calls them.
    let http = server.http().with_token(token.trim());
    let load = Load::start(100, move || {
        let whoami = http.clone();
        async move {
            let answer = whoami.try_post("/echo/echo/whoami", "{}").await;
            let answer = answer.map_err(|error| format!("{error:#}"))?;
            (answer.status == 200).then_some(()).ok_or(answer.text())
        }
    });
    let (answered, is_over) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let (ctx, client) = (ctx.clone(), client.clone());
            let (answered, is_over) = (answered.clone(), is_over.clone());
            tokio::spawn(async move {
                while !is_over.load(Ordering::Relaxed) {
                    client.whoami(&ctx, Empty {}).await?;
                    answered.fetch_add(1, Ordering::Relaxed);
                }
                Ok::<_, micro_rpc::Error>(())
            })
        })
        .collect();
    let more = async |calls: usize| {
        let until = answered.load(Ordering::Relaxed) + calls;
        wait::until_true("calls to be answered", SOON, || {
            answered.load(Ordering::Relaxed) >= until || callers.iter().any(|caller| caller.is_finished())
        })
        .await;
    };
    for instance in &mut instances[..2] {
        more(500).await;
        instance.start_kill().unwrap();
        instance.wait().await.unwrap();
        more(500).await;
        *instance = echo::start(&server, "echo");
    }
    more(500).await;
    is_over.store(true, Ordering::Relaxed);
    for caller in callers {
        caller.await.unwrap().unwrap();
    }
    let Tally { answered, failures } = load.stop().await;
    assert!(failures.is_empty(), "of {answered}: {failures:?}");
}

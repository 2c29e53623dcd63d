//! Calls within a process: a client that knows the server, beside the handler's work called as a function.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Result, ensure};
use micro::{Account, Client, Context, async_trait};
use micro_rpc::{Access, Guard, Local, Server};

use crate::Plan;
use crate::echo::{Response, greet, request};
use crate::load::median;
use crate::micro_subject::Helloworld;
use crate::report::Figure;

/// Nobody listens there: what is answered did not come over the network.
const ADDRESS: &str = "127.0.0.1:1";
const TOKEN: &str = "known";
/// Calls between two looks at the clock.
const BATCH: u32 = 1_000;

/// Lets in who has the token.
struct Doorman(Arc<Account>);

#[async_trait]
impl Guard for Doorman {
    fn authenticate(&self, token: &str) -> Option<Arc<Account>> {
        (token == TOKEN).then(|| self.0.clone())
    }

    fn authorise(&self, access: &Access<'_>) -> micro::Result<()> {
        access
            .account
            .map(drop)
            .ok_or_else(|| micro::Error::unauthorized("bench", "nobody"))
    }
}

/// One after the other, µs each.
pub async fn measure(plan: Plan) -> Result<Vec<Figure>> {
    let local = Local::default();
    let server = Server::builder("helloworld")
        .handle(Arc::new(Helloworld))
        .guard(Arc::new(Doorman(Arc::default())))
        .build();
    let _open = local.open(ADDRESS, &server);
    let client = Client::builder().local(&local).address(ADDRESS).build();
    let (client, ctx) = (
        client.service("helloworld"),
        Context::background().with_token(TOKEN),
    );
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..plan.rounds {
        ours.push(
            microseconds(plan, async || {
                Ok(client.unary(&ctx, "Helloworld.Call", &request()).await?)
            })
            .await?,
        );
        theirs.push(microseconds(plan, async || Ok(greet(std::hint::black_box(request())))).await?);
    }
    let added = Figure::compared("rpc_in_process", median(ours), median(theirs), "µs");
    Ok(vec![added])
}

async fn microseconds(plan: Plan, call: impl AsyncFn() -> Result<Response>) -> Result<f64> {
    let (mut count, begin) = (0, Instant::now());
    while begin.elapsed() < plan.duration {
        for _ in 0..BATCH {
            let response = call().await?;
            ensure!(response.msg == "Hello Alice", "a wrong answer: {response:?}");
        }
        count += BATCH;
    }
    Ok(begin.elapsed().as_secs_f64() * 1e6 / f64::from(count))
}

//! Hot reload: what a save costs, and whether anybody who calls meanwhile notices.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use micro_tests::grpc::{Peer, helloworld};
use micro_tests::load::{Load, Tally};
use micro_tests::service::Source;
use micro_tests::{Micro, Server};

use crate::Plan;
use crate::load::median;
use crate::report::Figure;

const EDITS: usize = 20;
const RELOADS: usize = 100;
const RELOADS_QUICK: usize = 20;
/// Calls per second, over each of HTTP and gRPC.
const RATE: u32 = 100;
/// How often the service is asked for the new answer.
const PACE: Duration = Duration::from_millis(5);
const PATIENCE: Duration = Duration::from_secs(60);

/// Save to new answer with nothing else going on, and then again and again while others call.
pub async fn measure(plan: Plan) -> Result<Vec<Figure>> {
    let home = tempfile::Builder::new().prefix("micro-bench-").tempdir()?;
    let folder = tempfile::tempdir()?;
    let source = Source::new(&Micro::new(home.path()), folder.path(), "greeter").await;
    let words = ["run", &source.folder.to_string_lossy(), "--watch"];
    let server = Server::start_in(home, &words).await;
    let edit = Edit {
        server: &server,
        source: &source,
    };
    // Waits for the first build, and fills the compiler's cache of what an edit needs.
    edit.answers("Hello", Duration::from_secs(600)).await?;
    let mut before = edit.to("Hello", "Warm").await?.1;

    let mut times = Vec::new();
    for round in 0..EDITS {
        let (time, now) = edit.to(&before, &format!("Edit{round}")).await?;
        times.push(time.as_secs_f64());
        before = now;
    }
    let reloads = if plan.is_quick() { RELOADS_QUICK } else { RELOADS };
    let load = [over_http(&server), over_grpc(&server).await?];
    let mut under_load = Vec::new();
    for round in 0..reloads {
        let (time, now) = edit.to(&before, &format!("Load{round}")).await?;
        under_load.push(time.as_secs_f64());
        before = now;
    }
    let mut all = Tally::default();
    for load in load {
        let tally = load.stop().await;
        all.answered += tally.answered;
        all.failures.extend(tally.failures);
    }
    println!("  {reloads} reloads, {} calls answered", all.answered);
    for why in all.failures.iter().take(10) {
        println!("  failed: {why}");
    }
    Ok(vec![
        Figure::alone("reload_to_answer", median(times), "s"),
        Figure::alone("reload_to_answer_under_load", median(under_load), "s"),
        Figure::compared(
            "reload_failed_calls",
            all.failures.len() as f64,
            all.answered as f64,
            "calls",
        ),
    ])
}

struct Edit<'a> {
    server: &'a Server,
    source: &'a Source,
}

impl Edit<'_> {
    /// Saves another word, and waits for it in an answer.
    async fn to(&self, before: &str, now: &str) -> Result<(Duration, String)> {
        let start = Instant::now();
        self.source.replace(&format!("\"{before} "), &format!("\"{now} "));
        self.answers(now, PATIENCE).await?;
        Ok((start.elapsed(), now.to_owned()))
    }

    async fn answers(&self, word: &str, patience: Duration) -> Result<()> {
        let (http, wanted) = (self.server.http(), format!("{word} Alice"));
        let start = Instant::now();
        loop {
            let answer = http.get("/greeter/call?name=Alice").await;
            if answer.status == 200 && answer.json()["msg"] == wanted.as_str() {
                return Ok(());
            }
            ensure!(
                start.elapsed() < patience,
                "never {wanted}: {}",
                self.server.log()
            );
            tokio::time::sleep(PACE).await;
        }
    }
}

fn over_http(server: &Server) -> Load {
    let http = server.http();
    Load::start(RATE, move || {
        let http = http.clone();
        async move {
            let answer = http.try_post("/greeter/call", r#"{"name":"Alice"}"#).await;
            match answer.map_err(|error| error.to_string())? {
                answer if answer.status == 200 => Ok(()),
                answer => Err(answer.text()),
            }
        }
    })
}

async fn over_grpc(server: &Server) -> Result<Load> {
    let peer = Peer::connect(&server.proxy()).await?;
    Ok(Load::start(RATE, move || {
        let peer = peer.clone();
        async move {
            let request = helloworld::Request { name: "Alice".into() };
            let answer = peer.unary::<_, helloworld::Response>("/greeter.Greeter/Call", request);
            answer.await.map(drop).map_err(|status| status.to_string())
        }
    }))
}

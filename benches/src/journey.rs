//! What a service author waits for, with the framework already built.

use std::time::Instant;

use anyhow::Result;
use micro_tests::Server;
use micro_tests::http::Http;
use micro_tests::service::Source;

use crate::Plan;
use crate::load::median;
use crate::report::Figure;

/// Each journey is seconds long, so few do.
const ROUNDS: usize = 5;

/// `micro new` to the first answer, and an edit to the new answer.
pub async fn measure(_: Plan) -> Result<Vec<Figure>> {
    let server = Server::start().await;
    let folder = tempfile::tempdir()?;
    let micro = server.micro().within(folder.path());
    // Fills the cache, once for all.
    Source::new(&micro, folder.path(), "warmup").await;
    micro.ok(&["run", "warmup"]).await;

    let (mut fresh, mut edited) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        // A name that no earlier run has left in the cache.
        let name = format!("fresh{}x{round}", std::process::id());
        let start = Instant::now();
        let source = Source::new(&micro, folder.path(), &name).await;
        micro.ok(&["run", &name]).await;
        expect(&server.http(), &name, "Hello Alice").await;
        fresh.push(start.elapsed().as_secs_f64());

        source.replace("Hello ", "Welcome ");
        let start = Instant::now();
        micro.ok(&["update", &name]).await;
        expect(&server.http(), &name, "Welcome Alice").await;
        edited.push(start.elapsed().as_secs_f64());
        micro.ok(&["kill", &name]).await;
    }
    Ok(vec![
        Figure::alone("new_to_answer", median(fresh), "s"),
        Figure::alone("edit_to_answer", median(edited), "s"),
    ])
}

/// `run` and `update` return once the new code answers: asking once is enough.
async fn expect(http: &Http, name: &str, message: &str) {
    let answer = http.get(&format!("/{name}/call?name=Alice")).await;
    assert_eq!(answer.ok()["msg"], message);
}

//! Ten routes at the gateway, and ten thousand, all of them called.

use std::time::Duration;

use anyhow::Result;
use micro::api::{METADATA, Route};
use micro::registry::{Endpoint, Value};
use micro_tests::wait;

use super::Series;
use super::directory::{Directory, entry};
use crate::Plan;
use crate::gateway::rate;
use crate::http_caller::{Caller, Requests, get};
use crate::micro_subject::Subject;
use crate::report::Figure;

pub const GATEWAY: Series = Series {
    label: "routes at the gateway",
    from: 10,
    points: &[
        (100, "scale_routes_100"),
        (1_000, "scale_routes_1000"),
        (10_000, "scale_routes"),
    ],
};
/// That have the routes, at every size.
const SERVICES: usize = 10;
const PATIENCE: Duration = Duration::from_secs(60);

/// A platform for each size, by turns.
pub(super) async fn measure(plan: Plan) -> Result<Vec<Figure>> {
    let mut sites = Vec::new();
    for size in GATEWAY.sizes() {
        sites.push(Site::with(size).await?);
    }
    let mut rates = GATEWAY.rates();
    for _ in 0..plan.rounds {
        for (site, rates) in sites.iter().zip(&mut rates) {
            rates.push(rate(site.subject.gateway(), &site.requests, plan).await?);
        }
    }
    Ok(GATEWAY.figures(rates, "requests/s"))
}

/// A platform with so many routes, which lead to the real service.
struct Site {
    subject: Subject,
    requests: Requests,
}

impl Site {
    async fn with(size: usize) -> Result<Self> {
        let subject = Subject::start().await?;
        let directory = Directory::of(&subject).await?;
        let mut paths = Vec::new();
        for number in 0..SERVICES {
            let shelves: Vec<usize> = (number..size).step_by(SERVICES).collect();
            let service = entry(
                &format!("library{number}"),
                &[subject.address()],
                vec![endpoint(&shelves)?],
            );
            directory.register(&[service]).await?;
            for shelf in shelves {
                paths.push(format!("/shelf{shelf}/names/Alice"));
            }
            let last = Requests::to(get("/", subject.token())?, &paths)?.last();
            let gateway = subject.gateway();
            wait::until("the last route to be served", PATIENCE, || {
                let last = last.clone();
                async move {
                    for caller in Caller::connect(gateway, &last, 1).await.unwrap() {
                        caller.call().await.map_err(|error| error.to_string())?;
                    }
                    Ok(())
                }
            })
            .await;
        }
        let requests = Requests::to(get("/", subject.token())?, &paths)?;
        Ok(Self { subject, requests })
    }
}

/// The real one, with a route for each shelf.
fn endpoint(shelves: &[usize]) -> Result<Endpoint> {
    let route = |shelf: &usize| Route {
        method: "GET".to_owned(),
        path: format!("/shelf{shelf}/names/{{name}}"),
        ..Route::default()
    };
    let routes: Vec<Route> = shelves.iter().map(route).collect();
    let value = |name: &str, kind: &str, values| Value {
        name: name.to_owned(),
        r#type: kind.to_owned(),
        values,
    };
    Ok(Endpoint {
        name: "Helloworld.Call".to_owned(),
        request: Some(value(
            "Request",
            "Request",
            vec![value("name", "string", Vec::new())],
        )),
        response: Some(value(
            "Response",
            "Response",
            vec![value("msg", "string", Vec::new())],
        )),
        metadata: [(METADATA.to_owned(), serde_json::to_string(&routes)?)].into(),
    })
}

//! Ten services in the registry, and ten thousand: calls of one of them, by a client and through the gateway.

use anyhow::Result;

use super::Series;
use super::directory::{Directory, entry};
use crate::Plan;
use crate::gateway::rate;
use crate::http_caller::{Requests, call};
use crate::load::throughput;
use crate::micro_subject::{Caller, Subject};
use crate::report::Figure;
use crate::rpc::IN_FLIGHT;

pub const CLIENT: Series = Series {
    label: "services, called by a client",
    from: 10,
    points: &[
        (100, "scale_services_100"),
        (1_000, "scale_services_1000"),
        (10_000, "scale_services"),
    ],
};
pub const GATEWAY: Series = Series {
    label: "services, called through the gateway",
    from: 10,
    points: &[
        (100, "scale_services_gateway_100"),
        (1_000, "scale_services_gateway_1000"),
        (10_000, "scale_services_gateway"),
    ],
};

/// A platform for each size, by turns.
pub(super) async fn measure(plan: Plan) -> Result<Vec<Figure>> {
    let mut sites = Vec::new();
    for size in CLIENT.sizes() {
        sites.push(Site::with(size).await?);
    }
    let (mut direct, mut through) = (CLIENT.rates(), GATEWAY.rates());
    for _ in 0..plan.rounds {
        for (at, site) in sites.iter().enumerate() {
            let callers = vec![site.caller.clone(); IN_FLIGHT];
            direct[at].push(throughput(callers, plan.duration, Caller::call).await?);
            through[at].push(rate(site.subject.gateway(), &site.requests, plan).await?);
        }
    }
    let mut figures = CLIENT.figures(direct, "calls/s");
    figures.extend(GATEWAY.figures(through, "requests/s"));
    Ok(figures)
}

/// A platform with so many services, the real one among them.
struct Site {
    subject: Subject,
    caller: Caller,
    requests: Requests,
    // Its cache is what the caller asks.
    _directory: Directory,
}

impl Site {
    async fn with(size: usize) -> Result<Self> {
        let subject = Subject::start().await?;
        let directory = Directory::of(&subject).await?;
        let named = |number| entry(&format!("entry{number}"), &[subject.address()], Vec::new());
        let others: Vec<_> = (1..size).map(named).collect();
        directory.register(&others).await?;
        let caller = subject.caller_with(directory.client(), "helloworld");
        let requests = call("/helloworld/call", subject.token())?.into();
        Ok(Self {
            caller: caller.call().await?,
            requests,
            _directory: directory,
            subject,
        })
    }
}

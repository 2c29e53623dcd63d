//! One instance of a service, and a thousand.
//!
//! All of them are one process, which listens on every address of the loopback interface; to who calls, each address is an instance
//! with connections of its own. With many calls in flight one instance would be the cheaper, whatever chooses it: calls that share a
//! connection share its writes. So there is one call in flight here, where what grows with their number is all that differs.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context as _, Result};

use super::Series;
use super::directory::{Directory, entry};
use crate::Plan;
use crate::http_caller::{self, Requests, call};
use crate::load::throughput;
use crate::micro_subject::{Caller, Subject};
use crate::report::Figure;

pub const CLIENT: Series = Series {
    label: "instances, called by a client",
    from: 1,
    points: &[
        (10, "scale_instances_10"),
        (100, "scale_instances_100"),
        (1_000, "scale_instances"),
    ],
};
pub const GATEWAY: Series = Series {
    label: "instances, called through the gateway",
    from: 1,
    points: &[
        (10, "scale_instances_gateway_10"),
        (100, "scale_instances_gateway_100"),
        (1_000, "scale_instances_gateway"),
    ],
};
/// Addresses in the last part of an address.
const ROW: usize = 250;

/// A service for each size, by turns, with one call at a time.
pub(super) async fn measure(plan: Plan) -> Result<Vec<Figure>> {
    let subject = Subject::start_everywhere().await?;
    let directory = Directory::of(&subject).await?;
    let mut services = Vec::new();
    for size in CLIENT.sizes() {
        let name = format!("many{size}");
        let port = subject.address().port();
        directory
            .register(&[entry(&name, &addresses(services.len(), size, port), Vec::new())])
            .await?;
        let requests: Requests = call(&format!("/{name}/helloworld/call"), subject.token())?.into();
        services.push((name, requests));
    }
    let (mut direct, mut through) = (CLIENT.rates(), GATEWAY.rates());
    for _ in 0..plan.rounds {
        for (at, (name, requests)) in services.iter().enumerate() {
            // A connection stays on the thread where it came to be, and a call over it is quick or slow by that: so it is a new one each time.
            let client = Directory::of(&subject).await?;
            let callers = vec![subject.caller_with(client.client(), name)];
            direct[at].push(throughput(callers, plan.duration, Caller::call).await?);
            let callers = http_caller::Caller::connect(subject.gateway(), requests, 1).await?;
            through[at].push(throughput(callers, plan.duration, http_caller::Caller::call).await?);
        }
    }
    let mut figures = CLIENT.figures(direct, "calls/s");
    figures.extend(GATEWAY.figures(through, "requests/s"));
    Ok(figures)
}

/// So many addresses of the loopback interface that no other row has.
fn addresses(row: usize, size: usize, port: u16) -> Vec<SocketAddr> {
    let part = |number: usize| u8::try_from(number).context("an address has four bytes").unwrap();
    let address = |number: usize| {
        let ip = Ipv4Addr::new(127, part(1 + row), part(number / ROW), part(1 + number % ROW));
        SocketAddr::from((ip, port))
    };
    (0..size).map(address).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_instance_has_an_address_of_its_own_on_this_machine() {
        let all: Vec<_> = (0..4).flat_map(|row| addresses(row, 1_000, 8080)).collect();
        assert!(all.iter().all(|address| address.ip().is_loopback()));
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 4_000);
    }
}

//! Whether a call costs the same however much there is: services in the registry, instances of one service, routes at the gateway.
//!
//! What is many is entries in the registry of the running server, made through its contract as services make theirs. What is called
//! is one real service, which all of them lead to.

mod directory;
mod instances;
mod routes;
mod services;

use anyhow::Result;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::Plan;
use crate::load::median;
use crate::report::Figure;

/// One thing that there is more and more of.
pub struct Series {
    /// What it is, in a plot.
    pub label: &'static str,
    /// Of how many the others are measured by.
    pub from: usize,
    /// How many there are then, and the figure of that.
    pub points: &'static [(usize, &'static str)],
}

/// All of them.
pub const SERIES: [&Series; 5] = [
    &services::CLIENT,
    &services::GATEWAY,
    &instances::CLIENT,
    &instances::GATEWAY,
    &routes::GATEWAY,
];

/// Calls per second at each size beside those at the smallest.
pub async fn measure(plan: Plan) -> Result<Vec<Figure>> {
    open_many_files()?;
    let mut figures = services::measure(plan).await?;
    figures.extend(instances::measure(plan).await?);
    figures.extend(routes::measure(plan).await?);
    Ok(figures)
}

impl Series {
    /// How many there are, from few to many.
    fn sizes(&self) -> Vec<usize> {
        let others = self.points.iter().map(|(size, _)| *size);
        std::iter::once(self.from).chain(others).collect()
    }

    /// A list of rates for each size.
    fn rates(&self) -> Vec<Vec<f64>> {
        vec![Vec::new(); self.points.len() + 1]
    }

    /// Of the rates at each size.
    fn figures(&self, rates: Vec<Vec<f64>>, unit: &'static str) -> Vec<Figure> {
        let mut rates = rates.into_iter().map(median);
        let reference = rates.next().unwrap_or(f64::NAN);
        let points = self.points.iter().zip(rates);
        points
            .map(|((_, name), rate)| Figure::compared(name, rate, reference, unit))
            .collect()
    }
}

/// Many instances are many connections: as many as this process, and those that it starts, may have.
fn open_many_files() -> Result<()> {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let all = Rlimit {
        current: maximum,
        maximum,
    };
    Ok(setrlimit(Resource::Nofile, all)?)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_size_is_measured_by_the_smallest() {
        let series = Series {
            label: "",
            from: 10,
            points: &[(100, "some"), (1_000, "many")],
        };
        assert_eq!(series.sizes(), [10, 100, 1_000]);
        let rates = vec![vec![100.0, 90.0, 110.0], vec![95.0], vec![50.0]];
        let ratios = series.figures(rates, "calls/s").into_iter();
        let ratios: Vec<_> = ratios.map(|figure| (figure.name, figure.ratio)).collect();
        assert_eq!(ratios, [("some".into(), Some(0.95)), ("many".into(), Some(0.5))]);
    }

    #[test]
    fn every_figure_has_a_name_of_its_own() {
        let names = SERIES.iter().flat_map(|series| series.points);
        let names: Vec<_> = names.map(|(_, name)| *name).collect();
        assert_eq!(
            names.iter().collect::<BTreeSet<_>>().len(),
            names.len(),
            "{names:?}"
        );
    }
}

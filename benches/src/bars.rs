//! What each figure is to reach: the bars of the README's table.

use std::fmt;

use crate::report::Figure;

/// What is asked of a figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bar {
    /// Of the ratio, where more is better.
    RatioAtLeast(f64),
    /// Of the ratio, where less is better.
    RatioAtMost(f64),
    /// Of the value.
    AtMost(f64),
    /// Of what the value is more than the reference, in their unit.
    MoreAtMost(f64),
}

use Bar::{AtMost, MoreAtMost, RatioAtLeast, RatioAtMost};

const BARS: &[(&str, Bar)] = &[
    ("rpc_unary_throughput", RatioAtLeast(1.2)),
    ("rpc_unary_latency", MoreAtMost(25.0)),
    ("rpc_in_process", MoreAtMost(5.0)),
    ("gateway_vs_axum", RatioAtLeast(0.5)),
    ("gateway_vs_nginx", RatioAtLeast(0.85)),
    ("service_memory_over_tonic", AtMost(6.0)),
    ("allocations_per_call", AtMost(12.6)),
    ("overload_goodput", RatioAtLeast(0.8)),
    ("overload_pool_goodput", RatioAtLeast(0.8)),
    ("scale_services", RatioAtLeast(0.9)),
    ("scale_services_gateway", RatioAtLeast(0.9)),
    ("scale_instances", RatioAtLeast(0.9)),
    ("scale_instances_gateway", RatioAtLeast(0.9)),
    ("scale_routes", RatioAtLeast(0.9)),
    ("server_ready", AtMost(200.0)),
    ("server_memory", AtMost(40.0)),
    ("service_memory", AtMost(12.0)),
    ("new_to_answer", AtMost(6.0)),
    ("edit_to_answer", AtMost(3.0)),
    ("reload_to_answer", AtMost(1.5)),
    ("reload_failed_calls", AtMost(0.0)),
    ("gen_100_contracts", AtMost(1.0)),
    ("generated_lines_per_rpc", AtMost(40.0)),
    ("service_packages", AtMost(100.0)),
    ("service_build_cpu", AtMost(60.0)),
    ("user_start", AtMost(30.0)),
    ("user_memory", AtMost(10.0)),
    ("user_login", RatioAtMost(1.2)),
    ("platform_store_read", RatioAtLeast(0.7)),
    ("platform_store_write", RatioAtLeast(0.7)),
    ("platform_events_publish", RatioAtLeast(0.7)),
    ("registry_lookup_etcd", AtMost(5_000.0)),
    ("registry_lookup_cache", AtMost(5_000.0)),
];

impl Bar {
    /// The figure's; `None` for one that nothing is asked of.
    pub fn of(name: &str) -> Option<Self> {
        let (_, bar) = BARS.iter().find(|(figure, _)| *figure == name)?;
        Some(*bar)
    }

    /// The figures that something is asked of, what the README's table begins with first.
    pub fn names() -> impl Iterator<Item = &'static str> {
        BARS.iter().map(|(name, _)| *name)
    }

    /// Whether the figure reaches it. Without a reference what is asked of a ratio is not reached.
    pub fn is_kept(&self, figure: &Figure) -> bool {
        let ratio = |reached: &dyn Fn(f64) -> bool| figure.ratio.is_some_and(reached);
        match *self {
            RatioAtLeast(bar) => ratio(&|ratio| ratio >= bar),
            RatioAtMost(bar) => ratio(&|ratio| ratio <= bar),
            AtMost(bar) => figure.value <= bar,
            MoreAtMost(bar) => figure
                .reference
                .is_some_and(|reference| figure.value - reference <= bar),
        }
    }

    /// In one word whether it is.
    pub fn verdict(&self, figure: &Figure) -> &'static str {
        if self.is_kept(figure) { "kept" } else { "missed" }
    }
}

impl fmt::Display for Bar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RatioAtLeast(ratio) => write!(f, "ratio >= {ratio:.2}"),
            RatioAtMost(ratio) => write!(f, "ratio <= {ratio:.2}"),
            AtMost(value) => write!(f, "<= {value}"),
            MoreAtMost(more) => write!(f, "<= +{more}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kept_or_missed() {
        for (name, value, reference, expected) in [
            ("gateway_vs_nginx", 85.0, 100.0, "kept"),
            ("gateway_vs_nginx", 84.0, 100.0, "missed"),
            ("user_login", 12.1, 10.0, "missed"),
            ("rpc_unary_latency", 125.0, 100.0, "kept"),
            ("rpc_unary_latency", 126.0, 100.0, "missed"),
            ("service_memory_over_tonic", 5.9, 4.0, "kept"),
            ("service_memory_over_tonic", 6.1, 4.0, "missed"),
        ] {
            let figure = Figure::compared(name, value, reference, "");
            let verdict = Bar::of(name).unwrap().verdict(&figure);
            assert_eq!(verdict, expected, "{name} {value} {reference}");
        }
        assert_eq!(Bar::of("gateway_vs_hyper"), None);
    }

    #[test]
    fn a_ratio_that_is_not_there_is_missed() {
        let figure = Figure::alone("gateway_vs_axum", 1.0, "requests/s");
        assert!(!RatioAtLeast(0.5).is_kept(&figure));
        assert!(!RatioAtMost(0.5).is_kept(&figure));
        assert!(!MoreAtMost(0.5).is_kept(&figure));
    }
}

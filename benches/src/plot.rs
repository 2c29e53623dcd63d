//! Plots of figures: SVG that is written by hand, readable where the page is light and where it is dark.

mod ratios;
mod scale;
mod svg;

use crate::report::Figure;

/// The plots that the figures are enough for: a file's name, and what it holds.
pub fn all(figures: &[Figure]) -> Vec<(&'static str, String)> {
    let plots = [
        ("ratios.svg", ratios::draw(figures)),
        ("scale.svg", scale::draw(figures)),
    ];
    let drawn = plots
        .into_iter()
        .filter_map(|(name, plot)| plot.map(|plot| (name, plot)));
    drawn.collect()
}

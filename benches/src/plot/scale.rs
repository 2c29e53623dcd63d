//! What a call costs beside what it costs where there is little, on an axis that goes up tenfold: flat is as it should be.

use super::svg::{Point, Svg};
use crate::report::Figure;
use crate::scale::{SERIES, Series};

const LEFT: f64 = 60.0;
const TOP: f64 = 50.0;
const SIDE: Point = (560.0, 260.0);
/// Powers of ten.
const DECADES: u32 = 4;
const STEP: f64 = 0.5;
/// What is asked for: nine tenths of the rate.
const BAR: f64 = 1.0 / 0.9;

/// `None` where nothing was measured.
pub(super) fn draw(figures: &[Figure]) -> Option<String> {
    let curves: Vec<_> = SERIES
        .iter()
        .filter_map(|series| Some((series.label, costs(series, figures)?)))
        .collect();
    let costs = curves.iter().flat_map(|(_, points)| points);
    let most = costs.map(|(_, cost)| *cost).reduce(f64::max)?;
    let steps = (most / STEP).ceil().max(4.0);
    let x = |size: f64| LEFT + SIDE.0 * size.log10() / f64::from(DECADES);
    let y = |cost: f64| TOP + SIDE.1 * (1.0 - cost / (steps * STEP));
    let (right, bottom) = (LEFT + SIDE.0, TOP + SIDE.1);

    let mut svg = Svg::new(
        960,
        380,
        "Cost of a call, by its cost where there is little (1.0)",
    );
    let mut level = 0.0;
    while level <= steps * STEP {
        svg.line((LEFT, y(level)), (right, y(level)), "grid");
        svg.text((LEFT - 10.0, y(level) + 4.0), "end", format_args!("{level:.1}"));
        level += STEP;
    }
    for decade in 0..=DECADES {
        let size = 10_u32.pow(decade);
        svg.line((x(size.into()), TOP), (x(size.into()), bottom), "grid");
        svg.text((x(size.into()), bottom + 20.0), "middle", size);
    }
    svg.line((LEFT, y(BAR)), (right, y(BAR)), "dashed");
    for (number, (label, points)) in curves.iter().enumerate() {
        let class = format!("s{number}");
        let places: Vec<_> = points.iter().map(|(size, cost)| (x(*size), y(*cost))).collect();
        svg.curve(&places, &class);
        let row = TOP + 20.0 + 26.0 * number as f64;
        svg.curve(&[(right + 20.0, row), (right + 44.0, row)], &class);
        svg.text((right + 54.0, row + 4.0), "", label);
    }
    let row = TOP + 20.0 + 26.0 * curves.len() as f64;
    svg.line((right + 20.0, row), (right + 44.0, row), "dashed");
    svg.text((right + 54.0, row + 4.0), "", "what is asked for");
    Some(svg.finish())
}

/// How many there are and what a call costs then; `None` unless all of it was measured.
fn costs(series: &Series, figures: &[Figure]) -> Option<Vec<Point>> {
    let others = series.points.iter().map(|(size, name)| {
        let figure = figures.iter().find(|figure| figure.name == *name)?;
        let rate = figure.ratio.filter(|ratio| *ratio > 0.0 && ratio.is_finite())?;
        Some((*size as f64, 1.0 / rate))
    });
    std::iter::once(Some((series.from as f64, 1.0)))
        .chain(others)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(ratio: f64) -> Vec<Figure> {
        let points = SERIES.iter().flat_map(|series| series.points);
        points
            .map(|(_, name)| Figure::compared(name, ratio, 1.0, "calls/s"))
            .collect()
    }

    #[test]
    fn a_curve_for_each_series_and_its_legend() {
        let drawing = draw(&figures(0.5)).unwrap();
        for series in SERIES {
            assert!(drawing.contains(series.label), "{drawing}");
        }
        assert_eq!(drawing.matches("<polyline").count(), 2 * SERIES.len());
        // Half the rate is twice the cost, which is the top of the plot.
        assert!(drawing.contains("620.0,50.0"), "{drawing}");
    }

    #[test]
    fn half_a_series_is_none() {
        let mut figures = figures(1.0);
        figures.retain(|figure| figure.name.starts_with("scale_routes"));
        figures.pop();
        assert_eq!(draw(&figures), None);
    }
}

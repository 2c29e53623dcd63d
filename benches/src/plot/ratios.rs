//! A bar for each ratio that something is asked of, with a mark where it is to end.

use super::svg::Svg;
use crate::bars::Bar;
use crate::report::Figure;

const WIDTH: u32 = 860;
const LEFT: f64 = 230.0;
/// Of the axis.
const LENGTH: f64 = 430.0;
const TOP: f64 = 50.0;
const ROW: f64 = 28.0;
const STEP: f64 = 0.25;

struct Row<'a> {
    figure: &'a Figure,
    ratio: f64,
    bar: Bar,
    /// The ratio that is asked for.
    asked: f64,
}

/// `None` where no figure has such a ratio.
pub(super) fn draw(figures: &[Figure]) -> Option<String> {
    let named = |name| figures.iter().find(|figure| figure.name == name);
    let rows: Vec<_> = Bar::names().filter_map(named).filter_map(row).collect();
    let most = rows
        .iter()
        .flat_map(|row| [row.ratio, row.asked])
        .reduce(f64::max)?;
    let steps = (most / STEP).ceil();
    let at = |ratio: f64| LEFT + LENGTH * ratio / (steps * STEP);
    let bottom = TOP + ROW * rows.len() as f64;
    let mut svg = Svg::new(
        WIDTH,
        rounded(bottom + 40.0),
        "Measured by the reference, and what is asked for (mark)",
    );
    for number in 0..=rounded(steps) {
        let ratio = f64::from(number) * STEP;
        svg.line((at(ratio), TOP), (at(ratio), bottom), "grid");
        svg.text((at(ratio), bottom + 20.0), "middle", format_args!("{ratio:.2}"));
    }
    for (number, row) in rows.iter().enumerate() {
        let top = TOP + ROW * number as f64;
        let words = top + 19.0;
        let verdict = row.bar.verdict(row.figure);
        svg.text((LEFT - 10.0, words), "end", &row.figure.name);
        svg.rect((LEFT, top + 5.0), (at(row.ratio) - LEFT, ROW - 10.0), verdict);
        svg.line(
            (at(row.asked), top + 1.0),
            (at(row.asked), top + ROW - 1.0),
            "mark",
        );
        let (ratio, bar) = (row.ratio, row.bar);
        svg.text(
            (LEFT + LENGTH + 15.0, words),
            "",
            format_args!("{ratio:.2}; {bar}: {verdict}"),
        );
    }
    Some(svg.finish())
}

fn row(figure: &Figure) -> Option<Row<'_>> {
    let bar = Bar::of(&figure.name)?;
    let (Bar::RatioAtLeast(asked) | Bar::RatioAtMost(asked)) = bar else {
        return None;
    };
    Some(Row {
        figure,
        ratio: figure.ratio.filter(|ratio| ratio.is_finite())?,
        bar,
        asked,
    })
}

fn rounded(pixels: f64) -> u32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a plot is some hundred pixels high"
    )]
    let whole = pixels.round() as u32;
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kept_and_missed_are_told_apart() {
        let drawing = draw(&[
            Figure::compared("gateway_vs_axum", 60.0, 100.0, "requests/s"),
            Figure::compared("gateway_vs_nginx", 60.0, 100.0, "requests/s"),
            Figure::alone("server_ready", 60.0, "ms"),
            Figure::compared("gateway_vs_hyper", 60.0, 100.0, "requests/s"),
        ]);
        let drawing = drawing.unwrap();
        assert!(drawing.contains("0.60; ratio &gt;= 0.50: kept"), "{drawing}");
        assert!(drawing.contains("0.60; ratio &gt;= 0.85: missed"), "{drawing}");
        assert_eq!(drawing.matches("class=\"mark\"").count(), 2, "{drawing}");
        // The axis ends at 1.00: the bar of 0.60 takes as much of it.
        assert!(drawing.contains("width=\"258.0\""), "{drawing}");
    }

    #[test]
    fn nothing_is_drawn_of_nothing() {
        assert_eq!(draw(&[Figure::alone("server_ready", 60.0, "ms")]), None);
        let nobody_called = Figure::compared("gateway_vs_axum", 0.0, 0.0, "requests/s");
        assert_eq!(draw(&[nobody_called]), None);
    }
}

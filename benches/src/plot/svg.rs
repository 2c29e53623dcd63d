//! A drawing as SVG.

use std::fmt::{Display, Write as _};

/// What the classes look like, on a light page and on a dark one. Kept and missed are blue and orange, which nobody confuses.
const STYLE: &str = "
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.title { font-weight: 600; font-size: 15px }
.end { text-anchor: end }
.middle { text-anchor: middle }
.paper { fill: #ffffff }
.grid { stroke: #d1d9e0 }
.mark { stroke: #1f2328; stroke-width: 2 }
.dashed { stroke: #59636e; stroke-dasharray: 5 4 }
.kept { fill: #3b82c4 }
.missed { fill: #d9772b }
.series { fill: none; stroke-width: 2 }
.s0 { stroke: #0072b2 } .s1 { stroke: #56b4e9 } .s2 { stroke: #d55e00 } .s3 { stroke: #e69f00 } .s4 { stroke: #009e73 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 }
.paper { fill: #0d1117 }
.grid { stroke: #30363d }
.mark { stroke: #e6edf3 }
.dashed { stroke: #9198a1 }
}
";

/// Lines, bars and words so far.
pub struct Svg {
    width: u32,
    height: u32,
    title: String,
    body: String,
}

/// A place, in pixels from the left and from the top.
pub type Point = (f64, f64);

impl Svg {
    /// Nothing but its title, on paper.
    pub fn new(width: u32, height: u32, title: &str) -> Self {
        let mut svg = Self {
            width,
            height,
            title: escaped(title),
            body: String::new(),
        };
        svg.rect((0.0, 0.0), (width.into(), height.into()), "paper");
        svg.text((20.0, 28.0), "title", title);
        svg
    }

    /// From its left upper corner, so wide and so high.
    pub fn rect(&mut self, (x, y): Point, (width, height): Point, class: &str) {
        self.element(format_args!(
            r#"<rect x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}" class="{class}"/>"#
        ));
    }

    /// From one place to another.
    pub fn line(&mut self, (x1, y1): Point, (x2, y2): Point, class: &str) {
        self.element(format_args!(
            r#"<line x1="{x1:.1}" y1="{y1:.1}" x2="{x2:.1}" y2="{y2:.1}" class="{class}"/>"#
        ));
    }

    /// Through all the places, with a dot at each.
    pub fn curve(&mut self, points: &[Point], class: &str) {
        let places: Vec<_> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let places = places.join(" ");
        self.element(format_args!(
            r#"<polyline points="{places}" class="series {class}"/>"#
        ));
        for (x, y) in points {
            self.element(format_args!(
                r#"<circle cx="{x:.1}" cy="{y:.1}" r="3" class="series {class}"/>"#
            ));
        }
    }

    /// Words that begin at the place, or as the class says.
    pub fn text(&mut self, (x, y): Point, class: &str, words: impl Display) {
        let words = escaped(&words.to_string());
        self.element(format_args!(
            r#"<text x="{x:.1}" y="{y:.1}" class="{class}">{words}</text>"#
        ));
    }

    /// The whole document.
    pub fn finish(self) -> String {
        let Self {
            width,
            height,
            title,
            body,
        } = self;
        format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img">
<title>{title}</title>
<style>{STYLE}</style>
{body}</svg>
"#
        )
    }

    fn element(&mut self, element: std::fmt::Arguments<'_>) {
        let _ = writeln!(self.body, "{element}");
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_something_in_xml_is_escaped() {
        let mut svg = Svg::new(100, 50, "a & b");
        svg.text((1.0, 2.0), "end", "ratio >= 0.5 < 1");
        let text = svg.finish();
        assert!(text.contains("<title>a &amp; b</title>"), "{text}");
        assert!(
            text.contains(r#"<text x="1.0" y="2.0" class="end">ratio &gt;= 0.5 &lt; 1</text>"#),
            "{text}"
        );
    }

    #[test]
    fn a_curve_has_its_dots() {
        let mut svg = Svg::new(100, 50, "");
        svg.curve(&[(0.0, 1.0), (2.0, 3.0)], "s1");
        let text = svg.finish();
        assert!(
            text.contains(r#"points="0.0,1.0 2.0,3.0" class="series s1""#),
            "{text}"
        );
        assert_eq!(text.matches("<circle").count(), 2);
    }
}

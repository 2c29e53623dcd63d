//! What was measured, as a table and plots for people and as JSON for programs.

use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::bars::Bar;
use crate::plot;

/// One measured figure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// What it is called.
    pub name: Cow<'static, str>,
    /// Ours.
    pub value: f64,
    /// The reference's, where there is one.
    pub reference: Option<f64>,
    /// Ours by the reference's.
    pub ratio: Option<f64>,
    /// Of value and reference.
    pub unit: Cow<'static, str>,
}

impl Figure {
    /// A figure that stands alone.
    pub fn alone(name: &'static str, value: f64, unit: &'static str) -> Self {
        Figure {
            name: name.into(),
            value,
            reference: None,
            ratio: None,
            unit: unit.into(),
        }
    }

    /// A figure beside its reference.
    pub fn compared(name: &'static str, value: f64, reference: f64, unit: &'static str) -> Self {
        Figure {
            reference: Some(reference),
            ratio: Some(value / reference),
            ..Figure::alone(name, value, unit)
        }
    }
}

/// All of a run.
#[derive(Debug, Default)]
pub struct Report(Vec<Figure>);

impl Report {
    /// Adds figures.
    pub fn extend(&mut self, figures: Vec<Figure>) {
        self.0.extend(figures);
    }

    /// Writes the JSON to the file where one is named, and to `benches/results/latest.json`, which keeps what it holds of other
    /// measurements. The plots beside that are drawn anew of all that it holds.
    pub fn write(&self, file: Option<&Path>) -> Result<()> {
        let results = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("results");
        let latest = results.join("latest.json");
        let all = merge(known(&latest)?, &self.0);
        if let Some(file) = file {
            write(file, &json(&self.0)?)?;
        }
        write(&latest, &json(&all)?)?;
        for (name, drawing) in plot::all(&all) {
            write(&results.join(name), &drawing)?;
        }
        Ok(())
    }
}

/// What an earlier run has written; nothing where there was none.
fn known(latest: &Path) -> Result<Vec<Figure>> {
    match std::fs::read(latest) {
        Ok(json) => serde_json::from_slice(&json)
            .with_context(|| format!("{} holds no figures: remove it", latest.display())),
        Err(_) => Ok(Vec::new()),
    }
}

/// What is new takes the place of what has the same name.
fn merge(mut all: Vec<Figure>, new: &[Figure]) -> Vec<Figure> {
    for figure in new {
        match all.iter_mut().find(|known| known.name == figure.name) {
            Some(known) => *known = figure.clone(),
            None => all.push(figure.clone()),
        }
    }
    all
}

fn json(figures: &[Figure]) -> Result<String> {
    Ok(serde_json::to_string_pretty(figures)? + "\n")
}

fn write(file: &Path, text: &str) -> Result<()> {
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = |value: Option<f64>| value.map_or_else(String::new, |value| format!("{value:.2}"));
        writeln!(
            f,
            "\n{:<28} {:>12} {:>12} {:>7}  {:<16} bar",
            "name", "value", "reference", "ratio", "unit"
        )?;
        for figure in &self.0 {
            let (value, reference) = (number(Some(figure.value)), number(figure.reference));
            let bar = Bar::of(&figure.name)
                .map_or_else(String::new, |bar| format!("{bar}: {}", bar.verdict(figure)));
            let line = format!(
                "{:<28} {value:>12} {reference:>12} {:>7}  {:<16} {bar}",
                figure.name,
                number(figure.ratio),
                figure.unit
            );
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_says_what_is_kept() {
        let mut report = Report::default();
        report.extend(vec![
            Figure::compared("gateway_vs_nginx", 30_000.0, 40_000.0, "requests/s"),
            Figure::alone("server_ready", 58.0, "ms"),
            Figure::compared("gateway_vs_hyper", 30_000.0, 150_000.0, "requests/s"),
        ]);
        let table = report.to_string();
        let lines: Vec<_> = table.lines().skip(2).collect();
        assert!(
            lines[0].ends_with("0.75  requests/s       ratio >= 0.85: missed"),
            "{table}"
        );
        assert!(lines[1].ends_with("ms               <= 200: kept"), "{table}");
        assert!(lines[2].ends_with("0.20  requests/s"), "{table}");
    }

    #[test]
    fn programs_find_the_same_five_fields() {
        let figures = [
            Figure::compared("rpc_unary_latency", 120.0, 100.0, "µs"),
            Figure::alone("server_ready", 58.0, "ms"),
        ];
        let text = json(&figures).unwrap();
        let values: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            values,
            serde_json::json!([
                {"name": "rpc_unary_latency", "value": 120.0, "reference": 100.0, "ratio": 1.2, "unit": "µs"},
                {"name": "server_ready", "value": 58.0, "reference": null, "ratio": null, "unit": "ms"},
            ])
        );
        let read: Vec<Figure> = serde_json::from_str(&text).unwrap();
        assert_eq!(read, figures);
    }

    #[test]
    fn what_was_measured_before_stays() {
        let old = vec![
            Figure::alone("server_ready", 80.0, "ms"),
            Figure::alone("user_start", 20.0, "ms"),
        ];
        let all = merge(old, &[Figure::alone("server_ready", 60.0, "ms")]);
        let values: Vec<_> = all.iter().map(|figure| (&*figure.name, figure.value)).collect();
        assert_eq!(values, [("server_ready", 60.0), ("user_start", 20.0)]);
    }
}

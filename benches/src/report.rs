//! What was measured, as a table for people and as JSON for programs.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Serialize;
use serde_json::Value;

/// One measured figure.
#[derive(Clone, Debug, Serialize)]
pub struct Figure {
    /// What it is called.
    pub name: &'static str,
    /// Ours.
    pub value: f64,
    /// The reference's, where there is one.
    pub reference: Option<f64>,
    /// Ours by the reference's.
    pub ratio: Option<f64>,
    /// Of value and reference.
    pub unit: &'static str,
}

impl Figure {
    /// A figure that stands alone.
    pub fn alone(name: &'static str, value: f64, unit: &'static str) -> Self {
        Figure {
            name,
            value,
            reference: None,
            ratio: None,
            unit,
        }
    }

    /// A figure beside its reference.
    pub fn compared(name: &'static str, value: f64, reference: f64, unit: &'static str) -> Self {
        Figure {
            name,
            value,
            reference: Some(reference),
            ratio: Some(value / reference),
            unit,
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
    /// measurements.
    pub fn write(&self, file: Option<&Path>) -> Result<()> {
        let latest = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("results/latest.json");
        let known = std::fs::read(&latest).ok();
        let known: Option<Vec<Value>> = known.and_then(|json| serde_json::from_slice(&json).ok());
        let mut all = known.unwrap_or_default();
        let mut own = Vec::new();
        for figure in &self.0 {
            let value = serde_json::to_value(figure)?;
            own.push(value.clone());
            match all.iter_mut().find(|known| known["name"] == figure.name) {
                Some(known) => *known = value,
                None => all.push(value),
            }
        }
        for (file, figures) in [(Some(latest.as_path()), all), (file, own)] {
            let Some(file) = file else { continue };
            let json = serde_json::to_string_pretty(&figures)? + "\n";
            if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
                std::fs::create_dir_all(folder)?;
            }
            std::fs::write(file, &json).with_context(|| format!("cannot write {}", file.display()))?;
        }
        Ok(())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = |value: Option<f64>| value.map_or_else(String::new, |value| format!("{value:.2}"));
        writeln!(
            f,
            "\n{:<24} {:>12} {:>12} {:>7}  unit",
            "name", "value", "reference", "ratio"
        )?;
        for figure in &self.0 {
            let (value, reference) = (number(Some(figure.value)), number(figure.reference));
            writeln!(
                f,
                "{:<24} {value:>12} {reference:>12} {:>7}  {}",
                figure.name,
                number(figure.ratio),
                figure.unit
            )?;
        }
        Ok(())
    }
}

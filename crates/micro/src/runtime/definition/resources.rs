//! How much a service may use, in the units of a namespace's quota.

use std::fmt;

use super::Mistake;
use super::lines::Line;

const ADVICE: &str = "for example `resources memory 200MiB cpu 500m disk 1GiB`";

/// What a service may use. `None` is what the file does not say. The numbers fit those of a
/// [`ResourceQuota`](super::super::ResourceQuota).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resources {
    /// In MiB.
    pub memory_mib: Option<i32>,
    /// In thousandths of a core.
    pub cpu_millis: Option<i32>,
    /// In MiB.
    pub disk_mib: Option<i32>,
}

impl fmt::Display for Resources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let amounts = [
            ("memory", self.memory_mib, "MiB"),
            ("cpu", self.cpu_millis, "m"),
            ("disk", self.disk_mib, "MiB"),
        ];
        let said = amounts
            .iter()
            .filter_map(|(name, amount, unit)| Some(format!("{name} {}{unit}", (*amount)?)));
        f.write_str(&said.collect::<Vec<_>>().join(" "))
    }
}

/// `resources NAME AMOUNT...`
pub fn read(line: &Line<'_>) -> Result<Resources, Mistake> {
    let mut resources = Resources::default();
    line.command("resources memory 200MiB")?;
    for (pair, words) in line.words()[1..].chunks(2).enumerate() {
        let at = 1 + 2 * pair;
        let [name, amount] = words else {
            return Err(line.wrong(at, format!("{} has no amount", words[0].text), ADVICE));
        };
        let (place, read): (_, fn(&str) -> Option<i32>) = match name.text.as_str() {
            "memory" => (&mut resources.memory_mib, mebibytes),
            "cpu" => (&mut resources.cpu_millis, thousandths),
            "disk" => (&mut resources.disk_mib, mebibytes),
            other => {
                let what = format!("{other} is no resource: there are memory, cpu and disk");
                return Err(line.wrong(at, what, ADVICE));
            }
        };
        if place.is_some() {
            return Err(line.twice(at));
        }
        let value = read(&amount.text).filter(|value| *value > 0);
        let what = || format!("{:?} is no amount of {}", amount.text, name.text);
        *place = Some(value.ok_or_else(|| line.wrong(at + 1, what(), ADVICE))?);
    }
    Ok(resources)
}

/// `200MiB` or `1GiB`.
fn mebibytes(text: &str) -> Option<i32> {
    match (text.strip_suffix("MiB"), text.strip_suffix("GiB")) {
        (Some(number), _) => number.parse().ok(),
        (_, Some(number)) => number.parse::<i32>().ok()?.checked_mul(1024),
        _ => None,
    }
}

/// `500m`, or whole cores.
fn thousandths(text: &str) -> Option<i32> {
    match text.strip_suffix('m') {
        Some(number) => number.parse().ok(),
        None => text.parse::<i32>().ok()?.checked_mul(1000),
    }
}

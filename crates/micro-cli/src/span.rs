//! Lengths of time, as people write and read them: `1h2m3s`, `1.5s`, `300ms`.

use std::time::Duration;

/// What a unit is in seconds.
const UNITS: &[(&str, f64)] =
    &[("ns", 1e-9), ("us", 1e-6), ("µs", 1e-6), ("ms", 1e-3), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];

/// Reads `1h2m3s`; every number needs its unit.
pub fn parse(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let end = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        let (_, unit) = UNITS.iter().find(|(name, _)| *name == &rest[..end])?;
        seconds += number * unit;
        rest = &rest[end..];
    }
    (!text.is_empty()).then(|| Duration::try_from_secs_f64(seconds).ok()).flatten()
}

/// Writes whole seconds: `3s`, `2m3s`, `1h2m3s`, `1d0h0m0s`.
pub fn write(seconds: u64) -> String {
    let (days, hours, minutes, rest) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{rest}s"),
        (0, 0, _) => format!("{minutes}m{rest}s"),
        (0, _, _) => format!("{hours}h{minutes}m{rest}s"),
        _ => format!("{days}d{hours}h{minutes}m{rest}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read() {
        for (text, milliseconds) in [
            ("5s", Some(5000)),
            ("1h2m3s", Some(3_723_000)),
            ("1.5s", Some(1500)),
            ("300ms", Some(300)),
            ("1m30s", Some(90_000)),
            ("5", None),
            ("", None),
            ("s", None),
            ("5 s", None),
            ("-5s", None),
            ("5parsec", None),
            ("1.2.3s", None),
        ] {
            assert_eq!(parse(text), milliseconds.map(Duration::from_millis), "{text}");
        }
    }

    #[test]
    fn written() {
        for (seconds, text) in [(0, "0s"), (63, "1m3s"), (3723, "1h2m3s"), (86_400, "1d0h0m0s")] {
            assert_eq!(write(seconds), text);
        }
    }
}

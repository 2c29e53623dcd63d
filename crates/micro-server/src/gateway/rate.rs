//! How many requests are allowed, as an operator writes it: `100/s`, `6000/m`, or `100/s:200` with how many at once.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// The units in which a rate is written.
const UNITS: [(&str, Duration); 4] = [
    ("s", Duration::from_secs(1)),
    ("m", Duration::from_secs(60)),
    ("h", Duration::from_secs(3600)),
    ("d", Duration::from_secs(24 * 3600)),
];
/// A shorter time from one request to the next is none that a limit is meant by.
const SHORTEST: Duration = Duration::from_micros(1);
/// A bucket that takes longer to fill is no limit over time any more.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

/// A limit: how often, and how many at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    count: u32,
    unit: &'static str,
    burst: u32,
    interval: u64,
}

impl Rate {
    /// How many may come at once, after a time without any.
    pub(super) fn burst(self) -> u32 {
        self.burst
    }

    /// The time from one request to the next at this rate, in nanoseconds; rounded up, so that never more get through.
    pub(super) fn interval(self) -> u64 {
        self.interval
    }

    /// How long it takes, in nanoseconds, until after a burst there may be another one.
    pub(super) fn span(self) -> u64 {
        self.interval * u64::from(self.burst)
    }
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| {
            format!(
                "{text:?} {why}: say how many in which time, such as 100/s or 6000/m, and 100/s:200 for up to 200 at once"
            )
        };
        let (rate, burst) = match text.trim().split_once(':') {
            Some((rate, burst)) => (rate, Some(burst)),
            None => (text.trim(), None),
        };
        let (count, unit) = rate.split_once('/').ok_or_else(|| wrong("is no rate"))?;
        let number = |text: &str| {
            let number = text.trim().parse::<u32>().ok().filter(|number| *number > 0);
            number.ok_or_else(|| wrong("has no number from 1 on where one is needed"))
        };
        let unit = UNITS.iter().find(|(name, _)| *name == unit.trim());
        let (unit, time) = *unit.ok_or_else(|| wrong("is in no unit of s, m, h and d"))?;
        let count = number(count)?;
        let burst = burst.map_or(Ok(count), number)?;
        let interval = time.as_nanos().div_ceil(count.into());
        if u128::from(count) * SHORTEST.as_nanos() > time.as_nanos() {
            return Err(wrong("is more than a million a second"));
        }
        if interval * u128::from(burst) > LONGEST.as_nanos() {
            return Err(wrong(
                "lets so many through at once that they come back in years only",
            ));
        }
        let interval = u64::try_from(interval).map_err(|_| wrong("is too slow"))?;
        Ok(Self {
            count,
            unit,
            burst,
            interval,
        })
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}:{}", self.count, self.unit, self.burst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_as_they_are_written() {
        for (text, shown, interval) in [
            ("100/s", "100/s:100", 10_000_000),
            (" 6000/m ", "6000/m:6000", 10_000_000),
            ("100/s:200", "100/s:200", 10_000_000),
            ("3/s:1", "3/s:1", 333_333_334),
            ("1/d", "1/d:1", 86_400_000_000_000),
            ("1000000/s", "1000000/s:1000000", 1000),
        ] {
            let rate: Rate = text.parse().unwrap();
            assert_eq!(
                (rate.to_string().as_str(), rate.interval()),
                (shown, interval),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_rate_is_said() {
        for (text, why) in [
            ("100", "is no rate"),
            ("", "is no rate"),
            ("100/w", "no unit"),
            ("0/s", "no number"),
            ("-1/s", "no number"),
            ("1/s:0", "no number"),
            ("1/s:", "no number"),
            ("1000001/s", "a million"),
            ("1/d:400", "years"),
        ] {
            let problem = text.parse::<Rate>().unwrap_err();
            assert!(
                problem.contains(why) && problem.contains("100/s"),
                "{text}: {problem}"
            );
        }
    }
}

//! How a service is, as others are told.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use micro::runtime::{ERROR_COLOURED, Service, State};

use super::desired::Desired;

/// One moment of a service.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    pub state: State,
    /// How far an update is, while the old instances serve.
    pub update: Option<State>,
    /// What the compiler is at.
    pub build: Option<String>,
    /// Why it does not run, or what went wrong last.
    pub error: Option<String>,
    /// The same with the compiler's colours, if it is the compiler's.
    pub coloured: Option<String>,
    pub started: Option<SystemTime>,
    pub changed: SystemTime,
    /// Starts since it last answered.
    pub retries: u32,
    pub ready: usize,
    pub pids: Vec<u32>,
}

/// What others see of a service.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    pub service: Service,
    pub kind: String,
    /// What serves, or will.
    pub program: Option<PathBuf>,
    pub pids: Vec<u32>,
    /// The last request that this takes account of.
    pub request: String,
}

impl Status {
    pub fn new() -> Self {
        Self {
            state: State::Pending,
            update: None,
            build: None,
            error: None,
            coloured: None,
            started: None,
            changed: SystemTime::now(),
            retries: 0,
            ready: 0,
            pids: Vec::new(),
        }
    }

    /// This moment, for others.
    pub fn view(&self, desired: &Desired) -> View {
        View {
            service: self.describe(desired),
            kind: desired.kind.clone(),
            program: desired.program.clone(),
            pids: self.pids.clone(),
            request: desired.request.clone(),
        }
    }

    /// The service in the platform's own words.
    fn describe(&self, desired: &Desired) -> Service {
        let mut metadata: BTreeMap<String, String> = desired.metadata.clone();
        let pids: Vec<String> = self.pids.iter().map(u32::to_string).collect();
        let facts = [
            ("status", Some(self.state.word().to_owned())),
            ("lastStatusUpdate", Some(rfc3339(self.changed))),
            ("started", self.started.map(rfc3339)),
            ("retries", Some(self.retries.to_string())),
            ("error", self.error.clone()),
            (ERROR_COLOURED, self.coloured.clone()),
            // What it is at, or else what it was built from.
            ("build", self.build.clone().or_else(|| desired.commit.clone())),
            ("update", self.update.map(|state| state.word().to_owned())),
            (
                "instances",
                Some(format!("{}/{}", self.ready, desired.instances())),
            ),
            ("pid", Some(pids.join(",")).filter(|pids| !pids.is_empty())),
        ];
        for (name, value) in facts {
            // What is not so now is absent, whatever the caller's own notes say.
            metadata.remove(name);
            metadata.extend(value.map(|value| (name.to_owned(), value)));
        }
        let source = metadata
            .get("source")
            .cloned()
            .unwrap_or_else(|| desired.source.clone());
        metadata.insert("source".to_owned(), source);
        Service {
            name: desired.key().name,
            version: desired.key().version,
            source: desired.source.clone(),
            metadata: metadata.into_iter().collect(),
            status: self.state as i32,
        }
    }
}

/// `2026-11-24T06:15:00.123Z`
pub fn rfc3339(at: SystemTime) -> String {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (days, second) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let millisecond = since.subsec_millis();
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millisecond:03}Z")
}

/// Year, month and day of a day since the epoch. Counts in years that begin in March, so that the leap day comes last.
fn civil(days: u64) -> (u64, u64, u64) {
    const DAYS_OF_400_YEARS: u64 = 146_097;
    let day = days + 719_468; // since the first of March of the year 0
    let (era, day) = (day / DAYS_OF_400_YEARS, day % DAYS_OF_400_YEARS);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + u64::from(month <= 2), month, day)
}

/// Seconds since the epoch of a time that [`rfc3339`] wrote, with its thousandths.
pub fn parse_rfc3339(text: &str) -> Option<(i64, u32)> {
    let bytes = text.as_bytes();
    let well_formed = bytes.len() == 24
        && bytes
            .iter()
            .zip(b"dddd-dd-ddTdd:dd:dd.dddZ")
            .all(|(byte, shape)| match shape {
                b'd' => byte.is_ascii_digit(),
                shape => byte == shape,
            });
    let number = |at: std::ops::Range<usize>| text.get(at).and_then(|digits| digits.parse::<i64>().ok());
    if !well_formed {
        return None;
    }
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (year, month) = if month <= 2 {
        (year - 1, month + 9)
    } else {
        (year, month - 3)
    };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468;
    let seconds = days * 86_400 + number(11..13)? * 3600 + number(14..16)? * 60 + number(17..19)?;
    Some((seconds, u32::try_from(number(20..23)?).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::Duration;

    #[test]
    fn times() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400, "2000-02-29T00:00:00.000Z"),
            (1_795_500_840, "2026-11-24T06:14:00.000Z"),
            (4_107_542_399, "2100-02-28T23:59:59.000Z"),
            (4_107_542_400, "2100-03-01T00:00:00.000Z"),
        ] {
            assert_eq!(rfc3339(UNIX_EPOCH + Duration::from_secs(seconds)), text);
        }
        assert_eq!(parse_rfc3339("2026-11-24 06:15:00.123Z"), None);
        assert_eq!(parse_rfc3339("é"), None);
    }

    proptest! {
        #[test]
        fn times_are_read_back(milliseconds in 0..253_402_300_799_000u64) {
            let text = rfc3339(UNIX_EPOCH + Duration::from_millis(milliseconds));
            let (seconds, thousandths) = parse_rfc3339(&text).unwrap();
            prop_assert_eq!(u64::try_from(seconds).unwrap() * 1000 + u64::from(thousandths), milliseconds);
        }
    }
}

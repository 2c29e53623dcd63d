//! The well-known types of protobuf that contracts may use, with their JSON.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// `google.protobuf.Empty`
#[derive(Clone, PartialEq, Eq, prost::Message, Serialize, Deserialize)]
pub struct Empty {}

/// `google.protobuf.Duration`: seconds with up to nine decimals and an `s` in JSON.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Duration {
    /// Whole seconds.
    #[prost(int64, tag = "1")]
    pub seconds: i64,
    /// Nanoseconds of the same sign.
    #[prost(int32, tag = "2")]
    pub nanos: i32,
}

impl Serialize for Duration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let sign = if self.seconds < 0 || self.nanos < 0 {
            "-"
        } else {
            ""
        };
        let (seconds, nanos) = (self.seconds.unsigned_abs(), self.nanos.unsigned_abs());
        if nanos == 0 {
            return serializer.collect_str(&format_args!("{sign}{seconds}s"));
        }
        let decimals = format!("{nanos:09}");
        serializer.collect_str(&format_args!(
            "{sign}{seconds}.{}s",
            decimals.trim_end_matches('0')
        ))
    }
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse_duration(&text)
            .ok_or_else(|| serde::de::Error::custom(format_args!("{text:?} is not a duration like \"1.5s\"")))
    }
}

fn parse_duration(text: &str) -> Option<Duration> {
    let number = text.strip_suffix('s')?;
    let (negative, number) = number
        .strip_prefix('-')
        .map_or((false, number), |rest| (true, rest));
    let (whole, decimals) = number.split_once('.').unwrap_or((number, ""));
    if decimals.len() > 9 || !decimals.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let seconds: i64 = whole.parse().ok().filter(|seconds| *seconds >= 0)?;
    let nanos: i32 = format!("{decimals:0<9}").parse().ok()?;
    Some(if negative {
        Duration {
            seconds: -seconds,
            nanos: -nanos,
        }
    } else {
        Duration { seconds, nanos }
    })
}

/// `google.protobuf.Timestamp`: RFC 3339 in UTC in JSON.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Timestamp {
    /// Unix seconds.
    #[prost(int64, tag = "1")]
    pub seconds: i64,
    /// Nanoseconds, never negative.
    #[prost(int32, tag = "2")]
    pub nanos: i32,
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (days, rest) = (self.seconds.div_euclid(86_400), self.seconds.rem_euclid(86_400));
        let (year, month, day) = civil(days);
        let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
        let decimals = if self.nanos == 0 {
            String::new()
        } else {
            format!(".{:09}", self.nanos)
        };
        serializer.collect_str(&format_args!(
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{decimals}Z"
        ))
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse_timestamp(&text)
            .ok_or_else(|| serde::de::Error::custom(format_args!("{text:?} is not a time of RFC 3339")))
    }
}

// Days since 1970 to a date of the proleptic Gregorian calendar, in eras of 400 years that begin in March.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn parse_timestamp(text: &str) -> Option<Timestamp> {
    let number =
        |range: std::ops::Range<usize>| text.get(range)?.parse::<i64>().ok().filter(|number| *number >= 0);
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    let marks = text.get(4..5)? == "-"
        && text.get(7..8)? == "-"
        && text.get(13..14)? == ":"
        && text.get(16..17)? == ":";
    let dated = (1..=12).contains(&month) && civil(days(year, month, day)) == (year, month, day);
    if !marks || !dated || hour > 23 || minute > 59 || second > 59 || !matches!(text.get(10..11)?, "T" | "t")
    {
        return None;
    }
    let rest = &text[19..];
    let zone_at = rest.find(['Z', 'z', '+', '-'])?;
    let (decimals, zone) = rest.split_at(zone_at);
    let decimals = if decimals.is_empty() {
        "0"
    } else {
        decimals.strip_prefix('.')?
    };
    if decimals.len() > 9 {
        return None;
    }
    let nanos: u32 = format!("{decimals:0<9}").parse().ok()?;
    let offset = match zone {
        "Z" | "z" => 0,
        zone => {
            let (hours, minutes) = zone.get(1..)?.split_once(':')?;
            let seconds = hours.parse::<i64>().ok()? * 3600 + minutes.parse::<i64>().ok()? * 60;
            if zone.starts_with('-') { -seconds } else { seconds }
        }
    };
    let seconds = days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset;
    Some(Timestamp {
        seconds,
        nanos: i32::try_from(nanos).ok()?,
    })
}

/// `google.protobuf.FieldMask`: paths joined by commas in JSON.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct FieldMask {
    /// Field paths in proto names.
    #[prost(string, repeated, tag = "1")]
    pub paths: Vec<String>,
}

impl Serialize for FieldMask {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.paths.join(","))
    }
}

impl<'de> Deserialize<'de> for FieldMask {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ok(Self {
            paths: text
                .split(',')
                .filter(|path| !path.is_empty())
                .map(str::to_owned)
                .collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_durations_are_read_back() {
        for text in [
            "\"1970-01-01T00:00:00Z\"",
            "\"2024-02-29T23:59:59.500000000Z\"",
            "\"0001-01-01T00:00:00Z\"",
        ] {
            let time: Timestamp = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&time).unwrap(), text);
        }
        let zoned: Timestamp = serde_json::from_str("\"1970-01-01T02:00:00+02:00\"").unwrap();
        assert_eq!(zoned.seconds, 0);
        assert!(serde_json::from_str::<Timestamp>("\"2023-02-29T00:00:00Z\"").is_err());
        for text in ["\"1.5s\"", "\"-3.000000001s\"", "\"0s\""] {
            let duration: Duration = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&duration).unwrap(), text);
        }
    }
}

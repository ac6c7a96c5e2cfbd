//! Durations as people write them: `30m`, `3d`, `1h30m`, `500ms`.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A duration: numbers with a unit each (`d`, `h`, `m`, `s`, `ms`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Period(pub(crate) Duration);

/// Units with their length in milliseconds, the longest first.
const UNITS: &[(&str, u64)] = &[("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

impl Period {
    /// A period of days.
    pub(crate) const fn days(n: u64) -> Self {
        Self(Duration::from_secs(n * 86_400))
    }

    /// A period of minutes.
    pub(crate) const fn minutes(n: u64) -> Self {
        Self(Duration::from_secs(n * 60))
    }

    /// A period of seconds.
    pub(crate) const fn seconds(n: u64) -> Self {
        Self(Duration::from_secs(n))
    }
}

/// What a duration looks like, for error texts.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a duration has numbers with units (d, h, m, s, ms), such as \"30m\", \"3d\" or \"1h30m\"")]
pub(crate) struct PeriodError;

impl FromStr for Period {
    type Err = PeriodError;

    fn from_str(text: &str) -> Result<Self, PeriodError> {
        let mut rest = text.trim();
        if rest.is_empty() {
            return Err(PeriodError);
        }
        let mut millis: u64 = 0;
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or(PeriodError)?;
            let (number, after) = rest.split_at(digits);
            let letters = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
            let (unit, after) = after.split_at(letters);
            let (_, length) = UNITS.iter().find(|(name, _)| *name == unit).ok_or(PeriodError)?;
            let number: u64 = number.parse().map_err(|_| PeriodError)?;
            millis = number.checked_mul(*length).and_then(|n| millis.checked_add(n)).ok_or(PeriodError)?;
            rest = after.trim_start();
        }
        Ok(Self(Duration::from_millis(millis)))
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut left = u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX);
        if left == 0 {
            return f.write_str("0s");
        }
        for (unit, length) in UNITS {
            if left >= *length {
                write!(f, "{}{unit}", left / length)?;
                left %= length;
            }
        }
        Ok(())
    }
}

impl Serialize for Period {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Period {
    fn schema_name() -> Cow<'static, str> {
        "Period".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^([0-9]+(d|h|m|s|ms) *)+$" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes() {
        let check = |text: &str, millis: u64, shown: &str| {
            let period: Period = text.parse().unwrap();
            assert_eq!(period.0, Duration::from_millis(millis), "{text}");
            assert_eq!(period.to_string(), shown);
        };
        check("30m", 1_800_000, "30m");
        check("3d", 259_200_000, "3d");
        check("90s", 90_000, "1m30s");
        check(" 1h 30m ", 5_400_000, "1h30m");
        check("500ms", 500, "500ms");
        check("0s", 0, "0s");
    }

    #[test]
    fn refuses_what_is_none() {
        for text in
            ["", "30", "m", "30 m", "1.5h", "-3d", "30minutes", "99999999999999999999d", "9999999999999999d"]
        {
            assert_eq!(text.parse::<Period>(), Err(PeriodError), "{text}");
        }
    }
}

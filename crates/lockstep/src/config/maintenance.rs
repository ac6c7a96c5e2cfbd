//! Maintenance windows, read: times of day, and the name of a time zone.

use super::{Day, Maintenance};
use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use lockstep_sync::MaintenanceWindow;

/// What is wrong with a window.
pub(crate) struct WindowProblem {
    pub(crate) what: String,
    pub(crate) remedy: &'static str,
}

impl Maintenance {
    /// The window.
    ///
    /// # Errors
    /// A time of day or a time zone that does not exist.
    pub(crate) fn read(&self) -> Result<MaintenanceWindow, WindowProblem> {
        let zone = match &self.time_zone {
            None => TimeZone::system(),
            Some(name) => TimeZone::get(name).map_err(|_| WindowProblem {
                what: format!("\"{name}\" is no time zone of the IANA database"),
                remedy: "write one such as \"Europe/Zurich\" or \"UTC\"",
            })?,
        };
        let (from, to) = (time(&self.from)?, time(&self.to)?);
        if from == to {
            return Err(WindowProblem {
                what: format!("it begins and ends at {}", self.from),
                remedy: "write two times; to write nothing at all, pause the client",
            });
        }
        let days = self.days.iter().map(|day| weekday(*day)).collect();
        Ok(MaintenanceWindow { days, from, to, zone })
    }
}

fn time(text: &str) -> Result<Time, WindowProblem> {
    let read = || {
        let (hour, minute) = text.split_once(':')?;
        let two_digits = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        if !two_digits(hour) || !two_digits(minute) {
            return None;
        }
        Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
    };
    read().ok_or_else(|| WindowProblem {
        what: format!("\"{text}\" is no time of day"),
        remedy: "write hours and minutes such as \"06:30\" or \"22:00\"",
    })
}

const fn weekday(day: Day) -> Weekday {
    match day {
        Day::Mon => Weekday::Monday,
        Day::Tue => Weekday::Tuesday,
        Day::Wed => Weekday::Wednesday,
        Day::Thu => Weekday::Thursday,
        Day::Fri => Weekday::Friday,
        Day::Sat => Weekday::Saturday,
        Day::Sun => Weekday::Sunday,
    }
}

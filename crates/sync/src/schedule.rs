//! When something is due: reads of the whole source, and maintenance windows. Pure: what time it is, is given.

use jiff::ToSpan;
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use lockstep_model::Timestamp;
use std::time::Duration;

/// Days before and after the present one whose windows are looked at: a window that began a week ago is over, and
/// one that comes every week comes within eight days.
const DAYS_BEFORE: i64 = 2;
const DAYS_AFTER: i64 = 9;

/// A time at which nothing is written to the target.
#[derive(Clone, Debug, PartialEq)]
pub struct MaintenanceWindow {
    /// The days on which it begins; none: every day.
    pub days: Vec<Weekday>,
    /// When it begins, by the clock of `zone`.
    pub from: Time,
    /// When it ends; on the next day where that is not after `from`.
    pub to: Time,
    /// Whose clock.
    pub zone: TimeZone,
}

impl MaintenanceWindow {
    /// The windows of this kind around a moment. A time of day that does not exist, or exists twice, because clocks
    /// are changed, makes it longer and never shorter.
    fn around(&self, now: Timestamp) -> impl Iterator<Item = (Timestamp, Timestamp)> {
        let today = now.to_zoned(self.zone.clone()).date();
        (-DAYS_BEFORE..=DAYS_AFTER).filter_map(move |days| {
            let date = today.checked_add(days.days()).ok()?;
            (self.days.is_empty() || self.days.contains(&date.weekday())).then(|| self.on(date)).flatten()
        })
    }

    fn on(&self, date: Date) -> Option<(Timestamp, Timestamp)> {
        let last = if self.to <= self.from { date.tomorrow().ok()? } else { date };
        let from = self.zone.to_ambiguous_timestamp(date.to_datetime(self.from)).earlier().ok()?;
        let to = self.zone.to_ambiguous_timestamp(last.to_datetime(self.to)).later().ok()?;
        (from < to).then_some((from, to))
    }
}

/// How maintenance stands at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Maintenance {
    /// It is on, until then.
    pub until: Option<Timestamp>,
    /// When the next one begins.
    pub next: Option<Timestamp>,
}

impl Maintenance {
    /// When this changes.
    pub fn changes_at(&self) -> Option<Timestamp> {
        self.until.or(self.next)
    }
}

/// How maintenance stands now. Windows that touch or overlap are one.
pub fn maintenance(windows: &[MaintenanceWindow], now: Timestamp) -> Maintenance {
    let mut spans: Vec<_> = windows.iter().flat_map(|window| window.around(now)).collect();
    spans.sort_unstable();
    let mut until = None;
    let mut end = now;
    for (from, to) in &spans {
        if *from <= end && *to > end {
            end = *to;
            until = Some(end);
        }
    }
    // A window that begins when another ends was joined with it.
    let next = spans.iter().map(|(from, _)| *from).find(|from| *from > end);
    Maintenance { until, next }
}

/// When the next read of the whole source is due: `every` after the last one, and up to a quarter of that earlier, by
/// a part that `seed` (another for each client) decides. None where none is wanted.
pub fn full_read_due(last: Timestamp, every: Duration, seed: u64) -> Option<Timestamp> {
    if every.is_zero() {
        return None;
    }
    let quarter = every.as_millis() / 4;
    let earlier = (quarter * u128::from(mix(seed) >> 32)) >> 32;
    let millis = i64::try_from(every.as_millis() - earlier).ok()?;
    Timestamp::from_millisecond(last.as_millisecond().checked_add(millis)?).ok()
}

/// A well-mixed number (the finalizer of SplitMix64).
const fn mix(of: u64) -> u64 {
    let x = of.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::time;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn window(days: &[Weekday], from: Time, to: Time, zone: &str) -> MaintenanceWindow {
        MaintenanceWindow { days: days.to_vec(), from, to, zone: TimeZone::get(zone).unwrap() }
    }

    fn check(windows: &[MaintenanceWindow], now: &str, until: Option<&str>, next: Option<&str>) {
        let found = maintenance(windows, at(now));
        assert_eq!((found.until, found.next), (until.map(at), next.map(at)), "at {now}");
    }

    #[test]
    fn windows_of_a_day_and_over_midnight() {
        use Weekday::{Friday, Saturday};
        check(&[], "2026-05-04T10:00:00Z", None, None);
        let day = [window(&[], time(9, 0, 0, 0), time(17, 30, 0, 0), "UTC")];
        check(&day, "2026-05-04T08:59:59Z", None, Some("2026-05-04T09:00:00Z"));
        check(&day, "2026-05-04T09:00:00Z", Some("2026-05-04T17:30:00Z"), Some("2026-05-05T09:00:00Z"));
        check(&day, "2026-05-04T17:30:00Z", None, Some("2026-05-05T09:00:00Z"));
        // Friday and Saturday night, by the clock of Zurich (two hours ahead in May).
        let night = [window(&[Friday, Saturday], time(22, 0, 0, 0), time(6, 0, 0, 0), "Europe/Zurich")];
        check(&night, "2026-05-04T10:00:00Z", None, Some("2026-05-08T20:00:00Z"));
        check(&night, "2026-05-08T20:00:00Z", Some("2026-05-09T04:00:00Z"), Some("2026-05-09T20:00:00Z"));
        check(&night, "2026-05-10T03:59:00Z", Some("2026-05-10T04:00:00Z"), Some("2026-05-15T20:00:00Z"));
        check(&night, "2026-05-10T04:00:00Z", None, Some("2026-05-15T20:00:00Z"));
    }

    #[test]
    fn windows_that_touch_or_overlap_are_one() {
        let windows = [
            window(&[], time(1, 0, 0, 0), time(3, 0, 0, 0), "UTC"),
            window(&[], time(2, 0, 0, 0), time(4, 0, 0, 0), "UTC"),
            window(&[], time(4, 0, 0, 0), time(5, 0, 0, 0), "UTC"),
        ];
        check(&windows, "2026-05-04T01:30:00Z", Some("2026-05-04T05:00:00Z"), Some("2026-05-05T01:00:00Z"));
        check(&windows, "2026-05-04T04:30:00Z", Some("2026-05-04T05:00:00Z"), Some("2026-05-05T01:00:00Z"));
        let always = [
            window(&[], time(0, 0, 0, 0), time(12, 0, 0, 0), "UTC"),
            window(&[], time(12, 0, 0, 0), time(0, 0, 0, 0), "UTC"),
        ];
        let found = maintenance(&always, at("2026-05-04T01:30:00Z"));
        assert!(found.until.unwrap() > at("2026-05-12T00:00:00Z"), "{found:?}");
    }

    /// Europe/Zurich: on 2026-03-29 there is no time from 02:00 to 03:00, on 2026-10-25 it comes twice.
    #[test]
    fn clocks_that_are_changed_make_windows_longer_never_shorter() {
        let zurich = |from, to| [window(&[], from, to, "Europe/Zurich")];
        // Spring, the window around the change: three hours of the clock, two of time.
        let around = zurich(time(1, 0, 0, 0), time(4, 0, 0, 0));
        check(&around, "2026-03-29T00:00:00Z", Some("2026-03-29T02:00:00Z"), Some("2026-03-29T23:00:00Z"));
        // It begins at a time that is not: before the change.
        let begins = zurich(time(2, 30, 0, 0), time(4, 0, 0, 0));
        check(&begins, "2026-03-29T00:29:00Z", None, Some("2026-03-29T00:30:00Z"));
        check(&begins, "2026-03-29T00:30:00Z", Some("2026-03-29T02:00:00Z"), Some("2026-03-30T00:30:00Z"));
        // It ends at a time that is not: after the change.
        let ends = zurich(time(1, 30, 0, 0), time(2, 30, 0, 0));
        check(&ends, "2026-03-29T00:30:00Z", Some("2026-03-29T01:30:00Z"), Some("2026-03-29T23:30:00Z"));
        // Autumn: it begins at the first 02:30 and ends at the second.
        let twice = zurich(time(2, 30, 0, 0), time(2, 45, 0, 0));
        check(&twice, "2026-10-25T00:29:00Z", None, Some("2026-10-25T00:30:00Z"));
        check(&twice, "2026-10-25T00:30:00Z", Some("2026-10-25T01:45:00Z"), Some("2026-10-26T01:30:00Z"));
        check(&twice, "2026-10-25T01:45:00Z", None, Some("2026-10-26T01:30:00Z"));
        // Over midnight into the change.
        let night = zurich(time(22, 0, 0, 0), time(2, 30, 0, 0));
        check(&night, "2026-10-24T20:00:00Z", Some("2026-10-25T01:30:00Z"), Some("2026-10-25T21:00:00Z"));
    }

    #[test]
    fn full_reads_come_in_time_and_not_all_at_once() {
        let last = at("2026-05-04T00:00:00Z");
        let week = Duration::from_secs(7 * 86_400);
        assert_eq!(full_read_due(last, Duration::ZERO, 1), None);
        let due: Vec<Timestamp> = (0..1_000).map(|seed| full_read_due(last, week, seed).unwrap()).collect();
        let (first, end) = (at("2026-05-09T06:00:00Z"), at("2026-05-11T00:00:00Z"));
        assert!(due.iter().all(|at| (first..=end).contains(at)));
        // In every twentieth of the time there are about as many: none has more than twice its part.
        let mut parts = [0; 20];
        for moment in &due {
            let part = (moment.as_millisecond() - first.as_millisecond()) * 20
                / (end.as_millisecond() - first.as_millisecond() + 1);
            parts[usize::try_from(part).unwrap()] += 1;
        }
        assert!(parts.iter().all(|n| (20..=100).contains(n)), "{parts:?}");
        assert_eq!(
            full_read_due(last, week, 7),
            full_read_due(last, week, 7),
            "always the same for one client"
        );
        assert_eq!(full_read_due(Timestamp::MAX, week, 7), None);
    }
}

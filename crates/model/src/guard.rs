//! The deletion threshold: how much a plan may delete before a person must approve it.

use serde::{Deserialize, Serialize};

/// Limits on deletions, judged over a whole plan and **per object kind**. The stricter of the two limits
/// holds, and never less than one object. Default: 500 objects or 10 %, whichever is less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeletionThreshold {
    /// Most objects of one kind that may be deleted.
    pub count: u64,
    /// Most objects of one kind that may be deleted, in percent of those the cloud holds. 0 to 100.
    pub percent: u8,
}

impl Default for DeletionThreshold {
    fn default() -> Self {
        Self { count: 500, percent: 10 }
    }
}

impl DeletionThreshold {
    /// How many of `held` objects may go without approval.
    pub fn limit(&self, held: u64) -> u64 {
        let share = held.saturating_mul(u64::from(self.percent.min(100))) / 100;
        self.count.min(share).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stricter_limit_holds() {
        let check = |held, expect| assert_eq!(DeletionThreshold::default().limit(held), expect, "{held}");
        check(0, 1);
        check(9, 1);
        check(100, 10);
        check(1_000, 100);
        check(5_000, 500);
        check(1_000_000, 500);
    }
}

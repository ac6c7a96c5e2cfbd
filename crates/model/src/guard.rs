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

/// How many members a group may lose at once before a person must approve it. Members that are deleted themselves
/// do not count: the deletion threshold is for them. Default: half of the members, of groups of 20 and more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MemberThreshold {
    /// Most members that one group may lose, in percent of those it has. 0 to 100; 100: all may go.
    pub percent: u8,
    /// Members a group must have to be judged.
    pub least: u64,
}

impl Default for MemberThreshold {
    fn default() -> Self {
        Self { percent: 50, least: 20 }
    }
}

impl MemberThreshold {
    /// Whether a group that has `held` members may not lose `removed` without approval.
    pub fn is_over(&self, held: u64, removed: u64) -> bool {
        held >= self.least && removed.saturating_mul(100) > held.saturating_mul(u64::from(self.percent))
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

//! What a sync client does by the clock, and what its reads of the whole source found.

use crate::{ObjectKind, Timestamp};
use serde::{Deserialize, Serialize};

/// What a read of the whole source found that live changes and cycles had missed, by kind of object. Entries that no
/// rule takes in are not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Drift {
    /// Users.
    pub users: DriftCounts,
    /// Groups.
    pub groups: DriftCounts,
    /// Contacts and devices.
    #[serde(skip_serializing_if = "DriftCounts::is_none")]
    pub others: DriftCounts,
}

/// Differences of one kind of object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DriftCounts {
    /// Entries that were not known.
    pub added: u64,
    /// Entries that were known otherwise.
    pub changed: u64,
    /// Entries that were still taken for there.
    pub removed: u64,
}

impl DriftCounts {
    fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

impl Drift {
    /// The counts of a kind.
    pub fn of(&mut self, kind: ObjectKind) -> &mut DriftCounts {
        match kind {
            ObjectKind::User => &mut self.users,
            ObjectKind::Group => &mut self.groups,
            ObjectKind::Contact | ObjectKind::Device => &mut self.others,
        }
    }

    /// Whether nothing was missed.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// What a sync client does by the clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Timetable {
    /// End of the last read of the whole source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_full_read: Option<Timestamp>,
    /// When the next one is due; absent where none is made by schedule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_full_read: Option<Timestamp>,
    /// What the last scheduled one found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drift: Option<Drift>,
    /// Until when maintenance lasts, where it is on: nothing is written until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maintenance_until: Option<Timestamp>,
    /// When the next maintenance begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_maintenance: Option<Timestamp>,
}

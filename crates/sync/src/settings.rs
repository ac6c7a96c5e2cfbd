//! What an admin can set of a sync client.

use crate::MaintenanceWindow;
use lockstep_engine::rules::MappingSettings;
use lockstep_model::guard::{DeletionThreshold, MemberThreshold};
use std::time::Duration;

/// The settings of a sync client.
#[derive(Clone, Debug)]
pub struct SyncSettings {
    /// How entries become users and groups.
    pub mapping: MappingSettings,
    /// How much may be deleted without approval. The tenant's own, where an admin set one there, wins.
    pub threshold: DeletionThreshold,
    /// How many members a group may lose without approval.
    pub members: MemberThreshold,
    /// How long an approval waits for its plan. Default: 1 hour.
    pub approval: Duration,
    /// Time between cycles. Default: 30 minutes.
    pub cycle: Duration,
    /// Longest time between reads of the whole source; zero: none by schedule. Each client reads up to a quarter
    /// earlier. Default: 7 days.
    pub full_read: Duration,
    /// When nothing is written. Default: none.
    pub maintenance: Vec<MaintenanceWindow>,
    /// Live deletions wait until none came for this long, so that a mass deletion is seen whole.
    /// Default: 2 s.
    pub settle: Duration,
    /// Live deletions wait no longer than this. Default: 30 s.
    pub settle_at_most: Duration,
    /// Version of the program.
    pub version: String,
    /// Name of the machine.
    pub machine: String,
    /// First pause before a broken connection is tried again; doubles up to [`SyncSettings::retry_at_most`].
    /// Default: 1 s.
    pub retry: Duration,
    /// Longest pause before a broken connection is tried again. Default: 60 s.
    pub retry_at_most: Duration,
}

impl Default for SyncSettings {
    fn default() -> Self {
        Self {
            mapping: MappingSettings::default(),
            threshold: DeletionThreshold::default(),
            members: MemberThreshold::default(),
            approval: Duration::from_secs(60 * 60),
            cycle: Duration::from_secs(30 * 60),
            full_read: Duration::from_secs(7 * 86_400),
            maintenance: Vec::new(),
            settle: Duration::from_secs(2),
            settle_at_most: Duration::from_secs(30),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            machine: "localhost".to_owned(),
            retry: Duration::from_secs(1),
            retry_at_most: Duration::from_secs(60),
        }
    }
}

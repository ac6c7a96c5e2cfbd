//! What an admin can set of a sync client.

use crate::ScopeSettings;
use lockstep_engine::rules::{MappingSettings, Rules};
use lockstep_model::guard::{DeletionThreshold, MemberThreshold};
use std::sync::Arc;
use std::time::Duration;

/// What becomes of an object whose entry is there and that no rule and no container takes in any more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LeftScope {
    /// It is deleted, softly: it can be restored for 30 days.
    #[default]
    Delete,
    /// A user's account is disabled and otherwise stays as it is; a group stays as it is.
    Disable,
    /// It stays as it is.
    Keep,
}

/// The settings of a sync client.
#[derive(Clone, Debug)]
pub struct SyncSettings {
    /// How entries become users and groups.
    pub rules: Arc<Rules>,
    /// Which containers are in scope.
    pub scope: ScopeSettings,
    /// What becomes of what leaves the scope.
    pub left_scope: LeftScope,
    /// How much may be deleted without approval. The tenant's own, where an admin set one there, wins.
    pub threshold: DeletionThreshold,
    /// How many members a group may lose without approval.
    pub members: MemberThreshold,
    /// How long an approval waits for its plan. Default: 1 hour.
    pub approval: Duration,
    /// Time between cycles. Default: 30 minutes.
    pub cycle: Duration,
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
            rules: Arc::new(Rules::built_in(MappingSettings::default())),
            scope: ScopeSettings::default(),
            left_scope: LeftScope::default(),
            threshold: DeletionThreshold::default(),
            members: MemberThreshold::default(),
            approval: Duration::from_secs(60 * 60),
            cycle: Duration::from_secs(30 * 60),
            settle: Duration::from_secs(2),
            settle_at_most: Duration::from_secs(30),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            machine: "localhost".to_owned(),
            retry: Duration::from_secs(1),
            retry_at_most: Duration::from_secs(60),
        }
    }
}

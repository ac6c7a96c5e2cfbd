//! How far a run is, for progress bars.

use lockstep_model::provisioning::PendingCounts;

/// What is being done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Nothing.
    #[default]
    Waiting,
    /// Entries are read.
    Importing,
    /// The plan is made and judged.
    Planning,
    /// What the tenant holds is compared.
    Reconciling,
    /// The plan is written.
    Exporting,
}

/// Counts of the present run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub phase: Phase,
    /// Entries read.
    pub imported: u64,
    /// Changes the tenant confirmed.
    pub exported: u64,
    /// Changes the plan has, where that is known.
    pub to_export: u64,
    /// Changes not yet confirmed.
    pub pending: PendingCounts,
}

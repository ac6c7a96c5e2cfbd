//! The sync client's outside: how it is made, run, asked.

use crate::{Progress, StateStore, SyncFailure, SyncSettings};
use lockstep_engine::rules::Mapping;
use lockstep_model::Clock;
use lockstep_model::plan::PlanReport;
use lockstep_model::provisioning::RunRecord;
use lockstep_sources::Source;
use lockstep_targets::Target;
use std::sync::Arc;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Makes a source: a new one for every connection, so that a broken one leaves nothing behind.
pub type SourceFactory = Arc<dyn Fn() -> Box<dyn Source> + Send + Sync>;

/// A sync client.
pub struct SyncClient {
    pub(crate) source: SourceFactory,
    pub(crate) target: Arc<dyn Target>,
    pub(crate) state: Arc<dyn StateStore>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) settings: SyncSettings,
    pub(crate) mapping: Arc<Mapping>,
    pub(crate) progress: watch::Sender<Progress>,
}

impl SyncClient {
    /// A client that reads from `source`, writes to `target` and keeps `state`. Nothing happens yet.
    pub fn new(
        source: SourceFactory,
        target: Arc<dyn Target>,
        state: Arc<dyn StateStore>,
        clock: Arc<dyn Clock>,
        settings: SyncSettings,
    ) -> Self {
        let mapping = Arc::new(Mapping::new(&settings.mapping));
        Self {
            source,
            target,
            state,
            clock,
            settings,
            mapping,
            progress: watch::Sender::new(Progress::default()),
        }
    }

    /// How far the present run is.
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }

    /// Runs until `stop`: a cycle at once, then every change as it happens, with a cycle every
    /// [`SyncSettings::cycle`] as the safety net. Reports to the target and takes its orders. Whatever fails is
    /// reported and tried again.
    ///
    /// # Errors
    /// [`SyncFailure::State`]: without its state the client cannot work.
    pub async fn run(&self, stop: CancellationToken) -> Result<(), SyncFailure> {
        stop.cancelled().await;
        Ok(())
    }

    /// Runs one cycle: reads what changed (`full`: everything), plans, writes. The record says how it ended: a
    /// plan that the guard held is a result and no error.
    ///
    /// # Errors
    /// What ended it; the record was sent to the target, where that could be reached.
    pub async fn once(&self, full: bool, stop: CancellationToken) -> Result<RunRecord, SyncFailure> {
        let _ = (full, stop);
        Err(SyncFailure::Stopped)
    }

    /// Makes the plan that a cycle would write, with at most `limit` objects listed. Nothing is written, and
    /// the watermark does not move.
    ///
    /// # Errors
    /// What kept the source from being read whole.
    pub async fn preview(&self, limit: usize, stop: CancellationToken) -> Result<PlanReport, SyncFailure> {
        let _ = (limit, stop);
        Err(SyncFailure::Stopped)
    }

    /// Approves the deletions of this digest ([`lockstep_model::plan::PlanSummary::deletions_digest`]) in the name
    /// of `by`: the next plan that deletes exactly these is written. What comes later is not covered.
    ///
    /// # Errors
    /// [`SyncFailure::State`].
    pub async fn approve(&self, digest: &str, by: &str) -> Result<(), SyncFailure> {
        let _ = (digest, by);
        Err(SyncFailure::Stopped)
    }
}

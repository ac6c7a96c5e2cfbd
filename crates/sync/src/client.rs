//! The sync client's outside: how it is made, run, asked.

use crate::plan::Planner;
use crate::session::Session;
use crate::state::{Approval, Batch, Meta};
use crate::{Phase, Progress, StateStore, SyncFailure, SyncSettings};
use crate::{import, preview, reconcile, run};
use lockstep_engine::KeyHasher;
use lockstep_engine::rules::Mapping;
use lockstep_model::explain::Explanation;
use lockstep_model::plan::PlanReport;
use lockstep_model::provisioning::{DoctorCheck, RunRecord};
use lockstep_model::{Clock, Timestamp};
use lockstep_sources::Source;
use lockstep_targets::Target;
use std::sync::Arc;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Makes a source: a new one for every connection, so that a broken one leaves nothing behind.
pub type SourceFactory = Arc<dyn Fn() -> Box<dyn Source> + Send + Sync>;

/// A sync client. Cloning is cheap and gives another handle on the same one.
#[derive(Clone)]
pub struct SyncClient {
    pub(crate) source: SourceFactory,
    pub(crate) target: Arc<dyn Target>,
    pub(crate) state: Arc<dyn StateStore>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) settings: Arc<SyncSettings>,
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
        let progress = watch::Sender::new(Progress::default());
        Self { source, target, state, clock, settings: Arc::new(settings), mapping, progress }
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
        run::run(self, stop).await
    }

    /// Runs one cycle: reads what changed (`full`: everything), plans, writes. The record says how it ended: a
    /// plan that the guard held is a result and no error.
    ///
    /// # Errors
    /// What ended it; the record was sent to the target, where that could be reached.
    pub async fn once(&self, full: bool, stop: CancellationToken) -> Result<RunRecord, SyncFailure> {
        Session::open(self).await?.once(full, stop).await
    }

    /// Makes the plan that a cycle would write, with at most `limit` objects listed. Nothing is written, and
    /// the watermark does not move: it is made in a copy of the state.
    ///
    /// # Errors
    /// What kept the source from being read whole, or the target from being asked what it holds.
    pub async fn preview(&self, limit: usize, stop: CancellationToken) -> Result<PlanReport, SyncFailure> {
        let state = self.state.scratch().await?;
        let copy = Self { state, progress: watch::Sender::new(Progress::default()), ..self.clone() };
        let mut session = Session::open(&copy).await?;
        session.import_once(false, &stop).await?;
        if session.meta.target_unsure {
            reconcile::reconcile(&copy.state, &copy.target, &mut session.meta, self.clock.now()).await?;
        }
        let planner = session.planner();
        let judgement = planner.judge(session.window(), session.meta.went_back).await?;
        preview::report(&planner, &judgement, limit, self.clock.now()).await
    }

    /// Explains one object, from the state as it was last read; none where there is no such entry. `object` is an
    /// anchor, a DN, a uid, a mail address or a name.
    ///
    /// # Errors
    /// [`SyncFailure::State`].
    pub async fn explain(&self, object: &str) -> Result<Option<Explanation>, SyncFailure> {
        let meta = self.state.meta().await?;
        self.planner(&meta, self.settings.threshold).explain(object).await
    }

    /// Approves what has this digest ([`lockstep_model::plan::PlanSummary::deletions_digest`]) in the name of `by`:
    /// the next plan that takes away exactly that is written, if it comes within [`SyncSettings::approval`]. What
    /// comes later is not covered. For use where [`SyncClient::run`] does not run; a running client is approved by an order of its tenant.
    ///
    /// # Errors
    /// [`SyncFailure::State`].
    pub async fn approve(&self, digest: &str, by: &str) -> Result<(), SyncFailure> {
        let mut meta = self.open_state().await?;
        meta.approval = Some(self.approval(digest, by));
        self.state.apply(Batch { meta: Some(meta), ..Batch::default() }).await?;
        Ok(())
    }

    /// An approval that begins now.
    pub(crate) fn approval(&self, digest: &str, by: &str) -> Approval {
        let millis = i64::try_from(self.settings.approval.as_millis()).unwrap_or(i64::MAX);
        let until = self.clock.now().as_millisecond().saturating_add(millis);
        let until = Timestamp::from_millisecond(until).unwrap_or(Timestamp::MAX);
        Approval { digest: digest.to_owned(), by: by.to_owned(), until }
    }

    /// Looks at the installation, source first. Nothing is changed.
    pub async fn check(&self) -> Vec<DoctorCheck> {
        let now = self.clock.now();
        let mut source = (self.source)();
        let (mut checks, target) = tokio::join!(source.check(now), self.target.check(now));
        checks.extend(target);
        checks
    }

    /// Reads the client's facts and brings the state to what the settings say.
    pub(crate) async fn open_state(&self) -> Result<Meta, SyncFailure> {
        let mut meta = self.state.meta().await?;
        // Another version may map in another way; what comes out the same is not written again.
        let mapping = format!("{} {:?}", env!("CARGO_PKG_VERSION"), self.settings.mapping);
        let boot = tokio::fs::read_to_string("/proc/sys/kernel/random/boot_id").await.unwrap_or_default();
        let boot = boot.trim().to_owned();
        let before = meta.clone();
        if meta.hash_key == [0, 0] {
            meta = Meta { hash_key: random_key(), mapping, target_unsure: true, ..Meta::default() };
        } else if meta.mapping != mapping {
            tracing::info!("the mapping changed: everything is read and compared again");
            meta.mapping = mapping;
            meta.watermark = None;
            import::remake_indexes(&self.state, &self.mapping, &meta).await?;
        }
        // The machine went down without our leave: the newest commits may be lost, and with them the memory of
        // what was written.
        meta.target_unsure |= !meta.boot.is_empty() && meta.boot != boot;
        meta.boot = boot;
        if meta != before {
            self.state.apply(Batch { meta: Some(meta.clone()), ..Batch::default() }).await?;
        }
        Ok(meta)
    }

    pub(crate) fn planner(
        &self,
        meta: &Meta,
        threshold: lockstep_model::guard::DeletionThreshold,
    ) -> Planner {
        Planner {
            state: self.state.clone(),
            mapping: self.mapping.clone(),
            hasher: KeyHasher::new(meta.hash_key),
            threshold,
            members: self.settings.members,
        }
    }

    pub(crate) fn phase(&self, phase: Phase) {
        self.progress.send_modify(|progress| progress.phase = phase);
    }
}

fn random_key() -> [u64; 2] {
    let mut bytes = [0_u8; 16];
    // Without a random key the references would still be found; a key of one keeps the state from looking new.
    let _ = getrandom::fill(&mut bytes);
    let number = u128::from_le_bytes(bytes).max(1);
    [(number >> 64) as u64, number as u64]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The client runs in tasks of its own: what it does must be able to move between threads.
    #[test]
    fn its_work_can_be_spawned() {
        fn sent<T: Send>(_: impl FnOnce(&'static SyncClient) -> T) {}
        sent(|client| client.run(CancellationToken::new()));
        sent(|client| client.once(true, CancellationToken::new()));
        sent(|client| client.preview(1, CancellationToken::new()));
        sent(|client| client.check());
        sent(|client| client.explain("ann"));
    }
}

//! What a run of the client consists of: import, plan, guard, export, and what is said of it. Used by
//! [`crate::SyncClient::once`] step by step and by [`crate::SyncClient::run`] as events come.

use crate::backoff::Backoff;
use crate::client::SyncClient;
use crate::decide::{Decider, SharedScope};
use crate::export::{Exported, Exporter};
use crate::import::{Importer, Step};
use crate::lease::{Lease, Role};
use crate::plan::{Judgement, Planner};
use crate::reading::Reading;
use crate::scope::ResolvedScope;
use crate::state::{Approval, Batch, Meta};
use crate::{Phase, StateError, SyncFailure, preview, reconcile, settle, staging};
use lockstep_engine::CsId;
use lockstep_model::guard::DeletionThreshold;
use lockstep_model::plan::{PlanSummary, Verdict};
use lockstep_model::provisioning::{
    ClientReport, ClientState, Drift, PendingCounts, ReportAnswer, RunRecord, RunResult, RunStep, RunTrigger,
    Timetable,
};
use lockstep_model::{ClientId, RunId, Timestamp};
use lockstep_sources::{SourceError, Watermark};
use lockstep_targets::TargetError;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// Times that `once` tries to write to a target that does not answer.
const TRIES: u32 = 6;

/// How a plan went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Planned {
    /// Nothing was to do.
    Nothing,
    /// The client is paused, or synchronization is turned off.
    Suspended,
    /// The guard holds it.
    Held,
    /// It was written.
    Written,
    /// Another client holds the lease: what it would write was counted.
    Staged,
}

/// A run as it is made.
#[derive(Debug)]
pub(crate) struct RunLog {
    pub(crate) id: RunId,
    trigger: RunTrigger,
    started_at: Timestamp,
    steps: Vec<RunStep>,
    pub(crate) exported: Exported,
    pub(crate) held: bool,
    staged: bool,
    pub(crate) drift: Option<Drift>,
}

impl RunLog {
    pub(crate) fn new(trigger: RunTrigger, now: Timestamp) -> Self {
        Self {
            id: RunId::generate(now),
            trigger,
            started_at: now,
            steps: Vec::new(),
            exported: Exported::default(),
            held: false,
            staged: false,
            drift: None,
        }
    }

    /// Adds a step; one of the same name grows.
    pub(crate) fn step(&mut self, name: &str, took: Duration, objects: u64) {
        let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        match self.steps.iter_mut().find(|step| step.name == name) {
            Some(step) => {
                step.millis += millis;
                step.objects += objects;
            }
            None => self.steps.push(RunStep { name: name.to_owned(), millis, objects }),
        }
    }

    /// The record of the run as it stands.
    pub(crate) fn record(&self, failure: Option<&SyncFailure>, now: Timestamp) -> RunRecord {
        let result = match failure {
            Some(SyncFailure::Target(_) | SyncFailure::TooManyRefused { .. }) => RunResult::StoppedExport,
            Some(_) => RunResult::StoppedImport,
            None if self.held => RunResult::StoppedDeletionThresholdExceeded,
            None if self.staged => RunResult::Staged,
            None if self.exported.object_errors > 0 => RunResult::CompletedWithErrors,
            None => RunResult::Success,
        };
        RunRecord {
            id: self.id,
            trigger: self.trigger,
            started_at: self.started_at,
            ended_at: now,
            result,
            error: failure.map(SyncFailure::whole_text),
            steps: self.steps.clone(),
            counts: self.exported.counts.clone(),
            members_added: self.exported.members_added,
            members_removed: self.exported.members_removed,
            object_errors: self.exported.object_errors,
            drift: self.drift,
        }
    }
}

/// What a client at work holds.
pub(crate) struct Session<'a> {
    pub(crate) client: &'a SyncClient,
    pub(crate) lease: Arc<Lease>,
    /// What this client would write, as a stand-by counted it last.
    staged: PendingCounts,
    /// The id by which the tenant knows this client, once it said so.
    own: Option<ClientId>,
    pub(crate) meta: Meta,
    pub(crate) held: Option<PlanSummary>,
    pub(crate) report: ClientReport,
    /// What the tenant wants of the client.
    pub(crate) sync_enabled: bool,
    pub(crate) threshold: Option<DeletionThreshold>,
    earlier: Arc<Vec<Decider>>,
    scope: SharedScope,
    /// What the state was evaluated by was compared with the scope once.
    scope_is_evaluated: bool,
}

impl<'a> Session<'a> {
    pub(crate) async fn open(client: &'a SyncClient) -> Result<Self, SyncFailure> {
        let scope = SharedScope::default();
        let meta = client.open_state(&scope).await?;
        let settings = &client.settings;
        let report = ClientReport {
            version: settings.version.clone(),
            machine: settings.machine.clone(),
            source: client.describe(),
            state: ClientState::Starting,
            detail: None,
            last_import: meta.last_import,
            last_export: meta.last_export,
            next_cycle: None,
            cycle_seconds: settings.cycle.as_secs(),
            connector_space_objects: client.state.counts().await?.entries,
            pending: PendingCounts::default(),
            held_plan: None,
            standby: false,
            lease: Some(settings.lease.clone()),
            configuration: settings.configuration.clone(),
            timetable: Timetable::default(),
        };
        let earlier = client.earlier(&meta, &scope).await?;
        let lease = Lease::new(client.target.clone(), settings, &meta);
        let staged = PendingCounts::default();
        Ok(Self {
            client,
            lease,
            staged,
            own: None,
            meta,
            held: None,
            report,
            sync_enabled: true,
            threshold: None,
            earlier,
            scope,
            scope_is_evaluated: false,
        })
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.client.clock.now()
    }

    pub(crate) fn planner(&self) -> Planner {
        let threshold = self.threshold.unwrap_or(self.client.settings.threshold);
        self.client.planner(&self.meta, threshold, self.earlier.clone(), &self.scope)
    }

    /// Deletions written since then count for the guard.
    pub(crate) fn window(&self) -> Timestamp {
        let cycle = i64::try_from(self.client.settings.cycle.as_millis()).unwrap_or(i64::MAX);
        let since = self.now().as_millisecond().saturating_sub(cycle);
        Timestamp::from_millisecond(since).unwrap_or(Timestamp::MIN)
    }

    pub(crate) async fn save_meta(&self) -> Result<(), StateError> {
        let meta = Some(self.meta.clone());
        self.client.state.apply(Batch { meta, ..Batch::default() }).await.map(drop)
    }

    /// Where the next read of each source begins; none: it is read whole.
    pub(crate) fn start_of_read(&self, full: bool) -> Vec<Option<Watermark>> {
        let names = self.client.settings.rules.sources().iter().map(|name| Some(name.as_str()));
        let from = |name| {
            let known = self.meta.watermark_of(name).filter(|_| !full && !self.meta.read_full);
            known.cloned()
        };
        std::iter::once(None).chain(names).map(from).collect()
    }

    /// What the source's error means for the next read.
    pub(crate) async fn note_source_error(&mut self, error: &SyncFailure) -> Result<(), StateError> {
        let SyncFailure::Source(error) = error else { return Ok(()) };
        let before = self.meta.clone();
        if error.needs_full_read() {
            self.meta.forget_watermarks();
        }
        self.meta.went_back |= matches!(error, SourceError::WentBack { .. });
        if self.meta != before { self.save_meta().await } else { Ok(()) }
    }

    /// Evaluates the entries for which the scope has changed around them.
    pub(crate) async fn settle(&mut self) -> Result<(), StateError> {
        let before = self.scope.read().unwrap_or_else(PoisonError::into_inner).clone();
        let decider = self.client.decider(&self.meta, &self.scope);
        if decider.joins() {
            settle::settle(&self.client.state, &decider).await?;
        }
        if !self.client.scope_can_change() && *before == ResolvedScope::default() && self.scope_is_evaluated {
            return Ok(());
        }
        let state = &self.client.state;
        let now = self.client.load_scope(&self.meta, &self.scope).await?;
        if now.mark(state, Some(&before)).await? {
            let changed = settle::settle(state, &decider).await?;
            tracing::info!(changed, "the scope changed: entries are something else now");
            now.evaluated(state).await?;
        }
        self.scope_is_evaluated = true;
        Ok(())
    }

    /// Makes the plan and writes it, if the guard lets it pass. With `with_deletions` false, deletions wait.
    pub(crate) async fn plan(
        &mut self,
        log: &mut RunLog,
        with_deletions: bool,
    ) -> Result<Planned, SyncFailure> {
        self.plan_of(log, with_deletions, None).await
    }

    /// The same, of nothing but one object where one is given: then a plan that is held is nobody else's matter.
    pub(crate) async fn plan_of(
        &mut self,
        log: &mut RunLog,
        with_deletions: bool,
        only: Option<CsId>,
    ) -> Result<Planned, SyncFailure> {
        if self.meta.paused || !self.sync_enabled || self.maintenance().until.is_some() {
            return Ok(Planned::Suspended);
        }
        let began = Instant::now();
        self.settle().await?;
        let counts = self.client.state.counts().await?;
        let idle = !self.meta.target_unsure && counts.pending == 0 && counts.past_errors == 0;
        let role = self.lease.role();
        // With nothing to write the tenant need not be asked whether this client may.
        let role = if idle && role != Role::Standby { role } else { self.lease.ensure().await? };
        let epoch = match role {
            Role::Standby => return self.stage(log).await,
            Role::Active(epoch) => epoch,
            Role::Unknown => None,
        };
        self.begin_epoch(role).await?;
        if self.meta.paused {
            return Ok(Planned::Suspended);
        }
        if self.meta.target_unsure {
            self.reconcile().await?;
        }
        let counts = self.client.state.counts().await?;
        let pending = counts.pending;
        if pending == 0 && counts.past_errors == 0 {
            if self.meta.went_back {
                self.meta.went_back = false;
                self.save_meta().await?;
            }
            self.let_go();
            return Ok(Planned::Nothing);
        }
        self.client.phase(Phase::Planning);
        let planner = Planner { only, ..self.planner() };
        let judgement = planner.judge(self.window(), self.meta.went_back).await?;
        if only.is_some() {
            if let Verdict::Held { .. } = judgement.verdict {
                log.held = true;
                return Ok(Planned::Held);
            }
        } else if !self.may_pass(&planner, &judgement).await? {
            log.held = true;
            log.step("Synchronization", began.elapsed(), pending);
            return Ok(Planned::Held);
        }
        if only.is_none() {
            self.let_go();
        }
        log.step("Synchronization", began.elapsed(), pending);
        self.client.progress.send_modify(|progress| progress.to_export = progress.exported + pending);

        let began = Instant::now();
        let exporter = Exporter::new(
            planner,
            self.lease.fence(epoch),
            self.client.clock.clone(),
            log.id,
            self.meta.clone(),
            self.client.progress.clone(),
        );
        let whole = (self.meta.errors_known, self.meta.last_export);
        let (exported, meta, result) = exporter.run(with_deletions).await;
        self.meta = meta;
        if only.is_some() {
            (self.meta.errors_known, self.meta.last_export) = whole;
            self.save_meta().await?;
        }
        log.exported.add(&exported);
        log.step("Export", began.elapsed(), exported.operations);
        self.client.phase(Phase::Waiting);
        if matches!(result, Err(SyncFailure::Target(TargetError::Fenced { .. }))) {
            self.fall_back().await?;
        }
        result.map(|()| if exported.operations == 0 { Planned::Nothing } else { Planned::Written })
    }

    /// Asks the tenant what it holds.
    async fn reconcile(&mut self) -> Result<(), SyncFailure> {
        self.client.phase(Phase::Reconciling);
        let client = self.client;
        reconcile::reconcile(&client.state, &client.target, &mut self.meta, client.clock.now()).await
    }

    /// What a stand-by does in place of writing: it compares with what the tenant holds, and counts.
    pub(crate) async fn stage(&mut self, log: &mut RunLog) -> Result<Planned, SyncFailure> {
        let began = Instant::now();
        self.reconcile().await?;
        self.client.phase(Phase::Planning);
        // The other client writes on: what the tenant holds must be asked before this one does. And what is settled
        // must hear of changes from here on.
        self.meta.planned = true;
        self.meta.target_unsure = true;
        self.save_meta().await?;
        self.staged = staging::settle(&self.planner(), self.now()).await?;
        self.let_go();
        self.client.phase(Phase::Waiting);
        log.staged = true;
        let staged = self.staged;
        log.step("Synchronization", began.elapsed(), staged.additions + staged.updates + staged.deletions);
        Ok(Planned::Staged)
    }

    /// The client may write by this epoch from now on.
    pub(crate) async fn begin_epoch(&mut self, role: Role) -> Result<(), StateError> {
        let Role::Active(Some(epoch)) = role else { return Ok(()) };
        let broken = self.lease.take_broken();
        if self.meta.epoch == Some(epoch) && !broken {
            return Ok(());
        }
        let is_first = self.meta.epoch.replace(epoch).is_none();
        if broken {
            self.meta.target_unsure = true;
            // An administrator's pause goes with the lease; one that never wrote may have been made to wait.
            self.meta.paused = self.lease.paused_before() || (is_first && self.meta.paused);
        }
        self.lease.note_meta(&self.meta);
        self.save_meta().await
    }

    /// Another client writes from now on.
    pub(crate) async fn fall_back(&mut self) -> Result<(), StateError> {
        self.staged = PendingCounts::default();
        self.meta.target_unsure = true;
        // A pause goes with the lease; that of a client that never wrote is its own.
        self.meta.paused &= self.meta.epoch.is_none();
        self.lease.note_meta(&self.meta);
        self.let_go();
        self.save_meta().await
    }

    fn let_go(&mut self) {
        self.held = None;
        self.report.held_plan = None;
    }

    /// Whether the guard lets the plan pass, by itself or because a person approved exactly it.
    async fn may_pass(&mut self, planner: &Planner, judgement: &Judgement) -> Result<bool, SyncFailure> {
        let Verdict::Held { reason, .. } = &judgement.verdict else {
            if self.meta.read_full || self.meta.went_back {
                self.meta.read_full = false;
                self.meta.went_back = false;
                self.save_meta().await?;
            }
            return Ok(true);
        };
        let now = self.now();
        let covers = |approval: &mut Approval| approval.digest == judgement.digest && now < approval.until;
        if let Some(Approval { by, .. }) = self.meta.approval.take_if(covers) {
            tracing::info!(%by, digest = %judgement.digest, "the held plan was approved");
            self.client.state.approve_deletions().await?;
            self.meta.read_full = false;
            self.meta.went_back = false;
            self.save_meta().await?;
            return Ok(true);
        }
        let known = self.held.as_ref().map(|held| held.deletions_digest.as_str());
        if known != Some(judgement.digest.as_str()) {
            tracing::warn!(%reason, "the guard holds the plan");
        }
        let summary = preview::report(planner, judgement, 0, self.now()).await?.summary;
        self.report.held_plan = Some(summary.clone());
        self.held = Some(summary);
        // What was hidden may show again, and only a full read finds it.
        if judgement.in_doubt && !self.meta.read_full {
            self.meta.read_full = true;
            self.save_meta().await?;
        }
        Ok(false)
    }

    /// Reads the source once, to its end.
    pub(crate) async fn import_once(
        &mut self,
        full: bool,
        stop: &CancellationToken,
    ) -> Result<u64, SyncFailure> {
        let mut full = full;
        loop {
            match self.read_once(full, stop).await {
                Err(error) if !full && matches!(&error, SyncFailure::Source(e) if e.needs_full_read()) => {
                    self.note_source_error(&error).await?;
                    full = true;
                }
                Ok((_, true)) if !full => full = true,
                Ok((read, _)) => return Ok(read),
                Err(error) => {
                    self.note_source_error(&error).await?;
                    return Err(error);
                }
            }
        }
    }

    /// Answers the entries read, and whether the state knows less than the source believes.
    async fn read_once(&mut self, full: bool, stop: &CancellationToken) -> Result<(u64, bool), SyncFailure> {
        self.client.phase(Phase::Importing);
        let mut reading = Reading::start(self.client, self.start_of_read(full), false);
        let mut importer = self.importer();
        let mut whole = false;
        loop {
            let event = tokio::select! {
                () = stop.cancelled() => {
                    reading.stop.cancel();
                    return Err(SyncFailure::Stopped);
                }
                event = reading.next() => event,
            };
            let Some(event) = event else { break };
            let now = self.now();
            if let Step::Checkpoint { .. } = importer.take(event, &mut self.meta, now).await? {
                whole = true;
            }
            let read = importer.done().read;
            self.client.progress.send_if_modified(|progress| {
                progress.imported = read;
                read.is_multiple_of(1_000)
            });
        }
        let at = reading.at.clone();
        reading.end().await?;
        if !whole {
            return Err(SyncFailure::NoCheckpoint { at });
        }
        Ok((importer.done().read, importer.is_incomplete()))
    }

    pub(crate) fn scope(&self) -> &SharedScope {
        &self.scope
    }

    pub(crate) fn importer(&self) -> Importer {
        Importer::new(&self.client.state, &self.client.decider(&self.meta, &self.scope), &self.meta)
    }

    /// One whole cycle, with its record and reports.
    pub(crate) async fn once(
        mut self,
        full: bool,
        stop: CancellationToken,
    ) -> Result<RunRecord, SyncFailure> {
        let mut log = RunLog::new(RunTrigger::Order, self.now());
        self.say(ClientState::Importing, None);
        let first = self.send_report().await;
        let result = match first {
            Err(error) if !error.is_retryable() => Err(error.into()),
            _ => self.leased_cycle(full, &mut log, &stop).await,
        };
        let (state, detail) = match &result {
            Ok(Planned::Held) => (ClientState::Held, self.held_reason()),
            Ok(Planned::Suspended) => (ClientState::Paused, None),
            Ok(Planned::Staged) => (ClientState::Standby, self.standby_words()),
            Ok(Planned::Nothing | Planned::Written) => (ClientState::Idle, None),
            Err(error) => (ClientState::Failed, Some(error.whole_text())),
        };
        self.refresh_report().await?;
        self.say(state, detail);
        let record = log.record(result.as_ref().err(), self.now());
        if let Err(error) = self.client.target.put_run(record.clone()).await {
            tracing::warn!(%error, "the run's record was not delivered");
        }
        if let Err(error) = self.send_report().await {
            tracing::warn!(%error, "the report was not delivered");
        }
        self.close().await?;
        result.map(|_| record)
    }

    /// A cycle, with the lease kept meanwhile and given back after.
    async fn leased_cycle(
        &mut self,
        full: bool,
        log: &mut RunLog,
        stop: &CancellationToken,
    ) -> Result<Planned, SyncFailure> {
        let keep = stop.child_token();
        let keeping = tokio::spawn(self.lease.clone().follow(keep.clone()));
        let result = self.cycle(full, log, stop).await;
        keep.cancel();
        let _ = keeping.await;
        if let Err(error) = self.lease.release(false).await {
            tracing::debug!(%error, "the lease was not given back; it lapses");
        }
        result
    }

    /// Waits for a lease that a process with this client's token left behind.
    async fn outwait_own(&mut self, stop: &CancellationToken) -> Result<(), SyncFailure> {
        if self.lease.ensure().await? != Role::Standby {
            return Ok(());
        }
        let (holder, expires_in) = self.lease.holder();
        if self.own.is_none() || holder.map(|holder| holder.client) != self.own {
            return Ok(());
        }
        tracing::info!(
            "a process with this client's token held the lease and has ended, it seems; waiting until it lapses"
        );
        tokio::select! {
            () = stop.cancelled() => return Err(SyncFailure::Stopped),
            () = tokio::time::sleep(expires_in + Duration::from_millis(50)) => {}
        }
        self.lease.take().await?;
        Ok(())
    }

    async fn cycle(
        &mut self,
        full: bool,
        log: &mut RunLog,
        stop: &CancellationToken,
    ) -> Result<Planned, SyncFailure> {
        let began = Instant::now();
        let name = if self.start_of_read(full).first().is_none_or(Option::is_none) {
            "Full Import"
        } else {
            "Delta Import"
        };
        let read = self.import_once(full, stop).await?;
        log.step(name, began.elapsed(), read);
        self.client.state.retry_refused(None).await?;
        if let Err(error @ SyncFailure::Stopped) = self.outwait_own(stop).await {
            return Err(error);
        }
        let mut backoff = Backoff::new(self.client.settings.retry, self.client.settings.retry_at_most);
        let mut tries = 0;
        loop {
            tries += 1;
            match self.plan(log, true).await {
                Err(SyncFailure::Target(error)) if error.is_retryable() && tries < TRIES => {
                    let pause = error.retry_after().unwrap_or_else(|| backoff.next());
                    tracing::warn!(%error, "the target did not take what was sent; it is tried again");
                    tokio::select! {
                        () = stop.cancelled() => return Err(SyncFailure::Stopped),
                        () = tokio::time::sleep(pause) => {}
                    }
                }
                other => return other,
            }
        }
    }

    pub(crate) fn held_reason(&self) -> Option<String> {
        match self.held.as_ref().map(|held| &held.verdict) {
            Some(Verdict::Held { reason, remedy }) => Some(format!("{reason}. {remedy}")),
            _ => None,
        }
    }

    /// Who writes in place of this stand-by.
    pub(crate) fn standby_words(&self) -> Option<String> {
        Some(match self.lease.holder().0 {
            Some(holder) => {
                format!("The sync client on {} writes; this one follows in staging.", holder.machine)
            }
            None => "No sync client holds the lease; this one takes it as soon as it can read the directory."
                .to_owned(),
        })
    }

    pub(crate) fn say(&mut self, state: ClientState, detail: Option<String>) {
        self.report.standby = self.lease.is_standby();
        self.report.state = state;
        self.report.detail = detail;
    }

    /// Brings the numbers of the report up to date.
    pub(crate) async fn refresh_report(&mut self) -> Result<(), StateError> {
        let counts = self.client.state.counts().await?;
        self.report.connector_space_objects = counts.entries;
        self.report.pending = if self.lease.is_standby() {
            self.staged
        } else if counts.pending == 0 {
            PendingCounts::default()
        } else {
            self.client.state.pending_counts().await?
        };
        self.report.last_import = self.meta.last_import;
        self.report.last_export = self.meta.last_export;
        self.report.timetable = self.timetable();
        let pending = self.report.pending;
        self.client.progress.send_modify(|progress| progress.pending = pending);
        Ok(())
    }

    async fn send_report(&mut self) -> Result<(), lockstep_targets::TargetError> {
        let answer = self.client.target.report(self.report.clone()).await?;
        self.take_wishes(&answer);
        Ok(())
    }

    pub(crate) fn take_wishes(&mut self, answer: &ReportAnswer) {
        self.own = Some(answer.client);
        self.sync_enabled = answer.sync_enabled;
        self.threshold = answer.deletion_threshold;
    }

    /// Ends well: what was committed is on the disk.
    pub(crate) async fn close(mut self) -> Result<(), StateError> {
        self.meta.boot = String::new();
        self.save_meta().await
    }
}

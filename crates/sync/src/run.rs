//! The service: one loop that takes the source's events, the tenant's orders and what is due, one at a time.
//!
//! A cycle is a new read of the source from the watermark (or of everything), which then stays and follows
//! changes. Deletions that come in while it follows wait until no more come, so that a mass deletion is judged
//! whole; everything else is planned and written at once.

mod commands;

use crate::backoff::Backoff;
use crate::client::SyncClient;
use crate::import::{Importer, Step};
use crate::lease::Role;
use crate::reading::Reading;
use crate::report::{self, Wishes};
use crate::schedule::Maintenance;
use crate::session::{Planned, RunLog, Session};
use crate::{SyncFailure, orders};
use lockstep_model::Timestamp;
use lockstep_model::provisioning::{ClientReport, ClientState, Order, RunRecord, RunTrigger};
use lockstep_sources::SourceEvent;
use lockstep_targets::TargetError;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Orders that may wait.
const ORDERS: usize = 16;
/// Events taken before what is due is looked at again.
const DRAIN: usize = 5_000;
/// Live runs are gathered into one record for this long.
const LIVE_RECORD: Duration = Duration::from_secs(60);
/// Records that wait for a tenant that does not answer.
const RECORDS: usize = 100;
/// A stand-by gathers changes for this long before it compares with the tenant anew.
const STAGE: Duration = Duration::from_secs(5);
/// A read that failed for a lasting reason is tried again after a cycle, and after this at most.
const LASTING: Duration = Duration::from_secs(5 * 60);

/// A read in progress and what it has done.
struct Connection {
    reading: Reading,
    importer: Importer,
    /// The cycle that this read began with; none once it is written.
    cycle: Option<(RunLog, Instant)>,
    full: bool,
    /// A scheduled read of everything: what it finds was missed.
    scheduled: bool,
    /// Past its first checkpoint: what is stored is whole.
    whole: bool,
}

/// When what is due.
struct Due {
    connect: Instant,
    cycle: Instant,
    /// Deletions wait until then, and since when.
    settle: Option<(Instant, Instant)>,
    plan: Option<Instant>,
    refused: Option<Timestamp>,
    /// A stand-by compares with the tenant.
    stage: Option<Instant>,
    /// A read of everything does not begin before.
    full_read: Instant,
}

struct Service<'a> {
    session: Session<'a>,
    reports: watch::Sender<ClientReport>,
    due: Due,
    connection: Option<Connection>,
    /// Why the next cycle is made, and whether it reads everything.
    next: (RunTrigger, bool),
    /// Whether that is a scheduled read of everything.
    scheduled: bool,
    /// How maintenance stood when it was last looked at.
    maintenance: Maintenance,
    live: Option<(RunLog, Instant)>,
    records: VecDeque<RunRecord>,
    connect_backoff: Backoff,
    plan_backoff: Backoff,
    /// The failure told last, by its run: told again, it replaces that.
    failure: Option<(String, RunLog)>,
    /// What the client was when it was looked at last.
    role: Role,
    /// When a stand-by may compare with the tenant again: after a multiple of what it took.
    stage_after: Instant,
}

/// Runs until `stop`.
pub(crate) async fn run(client: &SyncClient, stop: CancellationToken) -> Result<(), SyncFailure> {
    let session = Session::open(client).await?;
    let reports = watch::Sender::new(session.report.clone());
    let wishes = watch::Sender::new(Wishes::default());
    let (order_sender, mut order_receiver) = mpsc::channel(ORDERS);
    let side = CancellationToken::new();
    let reporter = tokio::spawn(report::follow(
        client.target.clone(),
        reports.subscribe(),
        wishes.clone(),
        side.clone(),
    ));
    let roles = session.lease.roles();
    let lease = session.lease.clone();
    let keeper = tokio::spawn(lease.clone().follow(side.clone()));
    let orders = tokio::spawn(orders::follow(client.clone(), order_sender, side.clone()));
    let settings = &client.settings;
    let now = Instant::now();
    let mut service = Service {
        due: Due {
            connect: now,
            cycle: now + settings.cycle,
            settle: None,
            plan: None,
            refused: None,
            stage: None,
            full_read: now,
        },
        connection: None,
        next: (RunTrigger::Start, false),
        scheduled: false,
        maintenance: session.maintenance(),
        live: None,
        records: VecDeque::new(),
        connect_backoff: Backoff::new(settings.retry, settings.retry_at_most),
        plan_backoff: Backoff::new(settings.retry, settings.retry_at_most),
        failure: None,
        role: Role::Unknown,
        stage_after: now,
        session,
        reports,
    };
    let result = service.serve(&mut order_receiver, wishes.subscribe(), roles, &stop).await;
    service.stop(&result).await;
    side.cancel();
    let _ = keeper.await;
    // Nothing is written any more: another client may go on at once.
    if let Err(error) = lease.release(false).await {
        tracing::debug!(%error, "the lease was not given back; it lapses");
    }
    let _ = reporter.await;
    orders.abort();
    result
}

impl Service<'_> {
    async fn serve(
        &mut self,
        orders: &mut mpsc::Receiver<Order>,
        mut wishes: watch::Receiver<Wishes>,
        mut roles: watch::Receiver<Role>,
        stop: &CancellationToken,
    ) -> Result<(), SyncFailure> {
        loop {
            if self.connection.is_none() && self.due.connect <= Instant::now() {
                self.connect();
            }
            let wake = self.wake();
            tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                Some(order) = orders.recv() => self.order(order).await?,
                Ok(()) = wishes.changed() => {
                    let new = *wishes.borrow_and_update();
                    self.session.threshold = new.threshold;
                    if self.session.sync_enabled != new.sync_enabled {
                        self.session.sync_enabled = new.sync_enabled;
                        self.plan_again();
                        self.publish().await?;
                    }
                }
                Ok(()) = roles.changed() => {
                    let role = *roles.borrow_and_update();
                    self.role_changed(role).await?;
                }
                () = tokio::time::sleep_until(wake) => self.timers().await?,
                event = next_event(&mut self.connection) => self.events(event).await?,
            }
        }
    }

    /// When something is due.
    fn wake(&self) -> Instant {
        let mut wake = self.due.cycle;
        if self.connection.is_none() {
            wake = wake.min(self.due.connect);
        }
        let refused = self.due.refused.map(|at| self.instant_of(at));
        let live = self.live.as_ref().map(|(_, since)| *since + LIVE_RECORD);
        let settle = self.due.settle.map(|(at, _)| at);
        let window = self.maintenance.changes_at().map(|at| self.instant_of(at));
        let full = self.full_read_due().map(|due| self.instant_of(due).max(self.due.full_read));
        [settle, self.due.plan, self.due.stage, refused, live, window, full]
            .into_iter()
            .flatten()
            .fold(wake, Instant::min)
    }

    fn instant_of(&self, at: Timestamp) -> Instant {
        let millis = at.as_millisecond().saturating_sub(self.session.now().as_millisecond());
        Instant::now() + Duration::from_millis(u64::try_from(millis).unwrap_or(0))
    }

    fn connect(&mut self) {
        let (trigger, full) = std::mem::replace(&mut self.next, (RunTrigger::Cycle, false));
        let from = self.session.start_of_read(full);
        let full = from.first().is_none_or(Option::is_none);
        let scheduled = std::mem::take(&mut self.scheduled) && full;
        let now = self.session.now();
        self.connection = Some(Connection {
            importer: self.session.importer(),
            reading: Reading::start(self.session.client, from, true),
            cycle: Some((RunLog::new(trigger, now), Instant::now())),
            full,
            scheduled,
            whole: false,
        });
        if full {
            self.say(ClientState::Importing, None);
        }
        self.schedule_cycle();
    }

    fn schedule_cycle(&mut self) {
        let cycle = self.session.client.settings.cycle;
        self.due.cycle = Instant::now() + cycle;
        let millis = i64::try_from(cycle.as_millis()).unwrap_or(i64::MAX);
        let next = self.session.now().as_millisecond().saturating_add(millis);
        self.session.report.next_cycle = Timestamp::from_millisecond(next).ok();
    }

    /// Ends the read in progress; the next one is a cycle.
    fn reconnect(&mut self, trigger: RunTrigger, full: bool) {
        if let Some(connection) = self.connection.take() {
            connection.reading.stop.cancel();
        }
        self.next = (trigger, full || self.next.1);
        self.due.connect = Instant::now();
    }

    async fn timers(&mut self) -> Result<(), SyncFailure> {
        let now = Instant::now();
        if self.due.cycle <= now {
            // A read that has not come to its first checkpoint is the cycle.
            if self.connection.as_ref().is_none_or(|connection| connection.whole) {
                self.reconnect(RunTrigger::Cycle, false);
            }
            self.schedule_cycle();
        }
        if self.live.as_ref().is_some_and(|(_, since)| *since + LIVE_RECORD <= now) {
            self.flush_live();
            self.deliver().await;
        }
        if self.due.refused.is_some_and(|at| at <= self.session.now()) {
            self.due.refused = self.session.client.state.retry_refused(Some(self.session.now())).await?;
            self.plan_again();
        }
        if self.due.stage.is_some_and(|at| at <= now) {
            self.due.stage = None;
            if self.may_plan() && self.role == Role::Standby {
                self.stage().await?;
            }
        }
        let full = self.full_read_due().is_some_and(|due| due <= self.session.now());
        if full && self.due.full_read <= now {
            self.full_read(now);
        }
        if self.session.maintenance() != self.maintenance {
            self.maintenance_changed().await?;
        }
        let settled = self.due.settle.is_some_and(|(at, _)| at <= now);
        let planned = self.due.plan.is_some_and(|at| at <= now);
        if (settled || planned) && self.may_plan() {
            self.due.plan = None;
            self.plan().await?;
        } else if settled || planned {
            // The next cycle plans anyway, with deletions.
            self.due.plan = None;
            self.due.settle = None;
        }
        Ok(())
    }

    /// When the whole source is to be read. While changes are followed, or after a cycle that read what changed: what
    /// a full read finds then was missed.
    fn full_read_due(&self) -> Option<Timestamp> {
        self.session.full_read_due().filter(|_| self.may_plan())
    }

    fn full_read(&mut self, now: Instant) {
        // What is on its way is no drift.
        if self.connection.as_ref().is_some_and(|connection| !connection.reading.is_idle()) {
            self.due.full_read = now + Duration::from_secs(1);
            return;
        }
        self.scheduled = true;
        self.reconnect(RunTrigger::Cycle, true);
    }

    async fn maintenance_changed(&mut self) -> Result<(), SyncFailure> {
        let was_on = std::mem::replace(&mut self.maintenance, self.session.maintenance()).until.is_some();
        if was_on && self.maintenance.until.is_none() {
            // What was read in the meantime is written now.
            if self.connection.is_none() {
                self.due.connect = Instant::now();
            }
            self.plan_again();
        }
        if self.may_plan() || was_on { self.publish().await } else { Ok(()) }
    }

    /// What is stored is whole: no read is between its beginning and its first checkpoint.
    fn may_plan(&self) -> bool {
        self.connection.as_ref().is_some_and(|connection| connection.whole && connection.importer.is_whole())
    }

    /// The tenant said that the client may write, or that another one does.
    async fn role_changed(&mut self, role: Role) -> Result<(), SyncFailure> {
        let before = std::mem::replace(&mut self.role, role);
        match role {
            Role::Active(epoch) => {
                self.due.stage = None;
                self.session.begin_epoch(role).await?;
                if before != Role::Standby || epoch.is_none() {
                    self.plan_again();
                } else if self.may_plan() {
                    // The source was followed meanwhile: what is missing in the tenant is known.
                    let log = RunLog::new(RunTrigger::TakeOver, self.session.now());
                    let with_deletions = self.due.settle.is_none();
                    self.plan_with(log, with_deletions, None).await?;
                } else {
                    // A read that is in progress plans at its end; else one begins now.
                    if self.connection.is_none() {
                        self.reconnect(RunTrigger::TakeOver, false);
                    }
                    self.publish().await?;
                }
            }
            Role::Standby => {
                self.session.fall_back().await?;
                self.flush_live();
                self.due.plan = None;
                self.stage_soon();
                self.publish().await?;
            }
            Role::Unknown => {}
        }
        Ok(())
    }

    fn stage_soon(&mut self) {
        let at = (Instant::now() + STAGE).max(self.stage_after);
        self.due.stage.get_or_insert(at);
    }

    /// A stand-by brings its counts up to date.
    async fn stage(&mut self) -> Result<(), SyncFailure> {
        let began = Instant::now();
        let mut log = RunLog::new(RunTrigger::Live, self.session.now());
        let mut roles = self.session.lease.roles();
        let staged = tokio::select! {
            biased;
            // A take-over does not wait for counts.
            _ = roles.wait_for(|role| *role != Role::Standby) => {
                self.session.meta.target_unsure = true;
                return Ok(());
            }
            staged = self.session.stage(&mut log) => staged,
        };
        match staged {
            Ok(_) => {}
            Err(SyncFailure::Target(error)) => {
                tracing::debug!(%error, "the stand-by did not compare with the tenant");
                self.stage_soon();
            }
            Err(error) => return Err(error),
        }
        self.stage_after = Instant::now() + began.elapsed() * 20;
        self.publish().await
    }

    fn plan_again(&mut self) {
        self.due.plan = Some(Instant::now());
    }

    async fn events(&mut self, first: Option<(usize, SourceEvent)>) -> Result<(), SyncFailure> {
        let Some(first) = first else { return self.read_ended().await };
        let Some(connection) = &mut self.connection else { return Ok(()) };
        let mut events = VecDeque::from([first]);
        while events.len() < DRAIN
            && let Some(event) = connection.reading.try_next()
        {
            events.push_back(event);
        }
        let mut checkpoint = false;
        while let Some((source, event)) = events.pop_front() {
            // While changes are followed, a later checkpoint of those that wait stands for the earlier ones.
            let superseded = matches!(event, SourceEvent::Checkpoint { sweep: false, live: true, .. })
                && !connection.importer.is_refreshing(source)
                && events
                    .iter()
                    .any(|(of, later)| *of == source && matches!(later, SourceEvent::Checkpoint { .. }));
            if superseded {
                continue;
            }
            let now = self.session.client.clock.now();
            let step = connection.importer.take((source, event), &mut self.session.meta, now).await?;
            checkpoint |= matches!(step, Step::Checkpoint { .. });
        }
        let read = connection.importer.done().read;
        self.session.client.progress.send_modify(|progress| progress.imported = read);
        // The read of another source may have begun among these events: its own checkpoint is to come.
        let whole = connection.importer.is_whole();
        if checkpoint && whole { self.checkpoint().await } else { Ok(()) }
    }

    async fn checkpoint(&mut self) -> Result<(), SyncFailure> {
        let Some(connection) = &mut self.connection else { return Ok(()) };
        if connection.importer.is_incomplete() {
            // To plan now would take those who are missing here out of their groups.
            tracing::warn!("the state has less than the source believes: everything is read");
            self.reconnect(RunTrigger::Cycle, true);
            return Ok(());
        }
        connection.whole = true;
        self.connect_backoff.reset();
        self.failure = None;
        self.session.lease.source_is_well();
        let done = connection.importer.take_done();
        if let Some((mut log, began)) = connection.cycle.take() {
            let name = if connection.full { "Full Import" } else { "Delta Import" };
            log.step(name, began.elapsed(), done.read);
            if connection.scheduled {
                if !done.drift.is_none() {
                    tracing::warn!(drift = ?done.drift, "the full read found what had been missed");
                }
                log.drift = Some(done.drift);
                self.session.meta.drift = Some(done.drift);
                self.session.save_meta().await?;
            }
            self.session.client.state.retry_refused(None).await?;
            self.due.settle = None;
            self.due.refused = None;
            return self.plan_with(log, true, None).await;
        }
        if done.may_delete {
            let now = Instant::now();
            let settings = &self.session.client.settings;
            let since = self.due.settle.map_or(now, |(_, since)| since);
            let until = (now + settings.settle).min(since + settings.settle_at_most);
            self.due.settle = Some((until, since));
        }
        if done.changed > 0 || done.removed > 0 { self.plan().await } else { Ok(()) }
    }

    /// Plans what came in live, into the record of the present minute.
    async fn plan(&mut self) -> Result<(), SyncFailure> {
        if self.role == Role::Standby {
            self.stage_soon();
            if self.due.settle.is_some_and(|(at, _)| at <= Instant::now()) {
                self.due.settle = None;
            }
            return Ok(());
        }
        let (log, since) = self
            .live
            .take()
            .unwrap_or_else(|| (RunLog::new(RunTrigger::Live, self.session.now()), Instant::now()));
        let with_deletions = self.due.settle.is_none_or(|(at, _)| at <= Instant::now());
        if with_deletions {
            self.due.settle = None;
        }
        self.plan_with(log, with_deletions, Some(since)).await
    }

    /// `live`: since when the live record runs; none for a cycle.
    async fn plan_with(
        &mut self,
        mut log: RunLog,
        with_deletions: bool,
        live: Option<Instant>,
    ) -> Result<(), SyncFailure> {
        if live.is_none()
            && !self.session.lease.is_standby()
            && self.session.client.state.counts().await?.pending > 0
        {
            self.session.refresh_report().await?;
            self.say(ClientState::Exporting, None);
        }
        match self.session.plan(&mut log, with_deletions).await {
            Ok(planned) => {
                self.plan_backoff.reset();
                self.due.refused = self.session.client.state.retry_refused(Some(self.session.now())).await?;
                match live {
                    None => self.keep(log.record(None, self.session.now())),
                    Some(since) if planned != Planned::Nothing || log.exported.operations > 0 => {
                        self.live = Some((log, since));
                    }
                    Some(_) => {}
                }
                if planned == Planned::Held {
                    self.flush_live();
                }
            }
            Err(error @ SyncFailure::Target(TargetError::Fenced { .. })) => {
                self.keep(log.record(Some(&error), self.session.now()));
                self.stage_soon();
            }
            Err(error @ (SyncFailure::Target(_) | SyncFailure::TooManyRefused { .. })) => {
                let pause = match &error {
                    SyncFailure::Target(error) if error.is_retryable() => error.retry_after(),
                    _ => Some(LASTING.min(self.session.client.settings.cycle)),
                };
                let pause = pause.unwrap_or_else(|| self.plan_backoff.next());
                self.due.plan = Some(Instant::now() + pause);
                tracing::warn!(error = %error.whole_text(), "the plan was not written");
                self.keep(log.record(Some(&error), self.session.now()));
                self.session.refresh_report().await?;
                self.say(ClientState::Failed, Some(error.whole_text()));
                return Ok(());
            }
            Err(error) => return Err(error),
        }
        self.publish().await?;
        if live.is_none() {
            self.deliver().await;
        }
        Ok(())
    }

    /// Says how things stand after a plan.
    async fn publish(&mut self) -> Result<(), SyncFailure> {
        self.session.refresh_report().await?;
        let (state, detail) = if !self.session.sync_enabled {
            let words = "Directory synchronization is turned off in the tenant; nothing is written.";
            (ClientState::Paused, Some(words.to_owned()))
        } else if self.session.meta.paused {
            (ClientState::Paused, Some("An administrator paused the client; nothing is written.".to_owned()))
        } else if self.session.lease.is_standby() {
            let ready = self.session.lease.is_ready();
            (if ready { ClientState::Standby } else { ClientState::Starting }, self.session.standby_words())
        } else if let Some(until) = self.maintenance.until {
            let words = format!(
                "A maintenance window is on until {until}; until then the directory is read and nothing is written."
            );
            (ClientState::Paused, Some(words))
        } else if self.session.held.is_some() {
            (ClientState::Held, self.session.held_reason())
        } else if self.connection.is_some() {
            (ClientState::Live, None)
        } else {
            (ClientState::Idle, None)
        };
        self.say(state, detail);
        Ok(())
    }

    fn say(&mut self, state: ClientState, detail: Option<String>) {
        self.session.say(state, detail);
        let report = &self.session.report;
        self.reports.send_if_modified(|held| {
            let differs = held != report;
            if differs {
                held.clone_from(report);
            }
            differs
        });
    }

    async fn read_ended(&mut self) -> Result<(), SyncFailure> {
        let Some(connection) = self.connection.take() else { return Ok(()) };
        let Connection { reading, cycle, whole, full, .. } = connection;
        let at = reading.at.clone();
        let failure = match reading.end().await {
            Ok(()) if whole => {
                // A source that cannot follow changes: the next cycle reads again.
                self.due.connect = self.due.cycle;
                if !full && self.session.full_read_due().is_some_and(|due| due <= self.session.now()) {
                    self.scheduled = true;
                    self.reconnect(RunTrigger::Cycle, true);
                }
                return self.publish().await;
            }
            Ok(()) => SyncFailure::NoCheckpoint { at },
            Err(error @ SyncFailure::State(_)) => return Err(error),
            Err(error) => error,
        };
        self.session.note_source_error(&failure).await?;
        self.session.lease.source_fails();
        let text = failure.whole_text();
        let pause = if failure.is_transient() {
            self.connect_backoff.next()
        } else {
            self.connect_backoff.next().max(LASTING.min(self.session.client.settings.cycle))
        };
        let needs_full = matches!(&failure, SyncFailure::Source(error) if error.needs_full_read());
        // A full read that asks for a full read would be asked again and again.
        self.due.connect = if needs_full && !full { Instant::now() } else { Instant::now() + pause };
        tracing::warn!(error = %text, pause_seconds = pause.as_secs_f32(), "the read of the source ended");
        if whole && failure.is_transient() {
            // A connection that broke while changes were followed: the next one goes on from the watermark.
            self.due.connect = Instant::now() + pause.min(self.session.client.settings.retry);
            self.say(ClientState::Starting, Some(text));
            return Ok(());
        }
        if let Some((log, _)) = cycle {
            let log = match self.failure.take() {
                Some((told, log)) if told == text => log,
                _ => log,
            };
            self.keep(log.record(Some(&failure), self.session.now()));
            self.failure = Some((text.clone(), log));
            self.deliver().await;
        }
        self.session.refresh_report().await?;
        self.say(ClientState::Failed, Some(text));
        Ok(())
    }

    fn flush_live(&mut self) {
        if let Some((log, _)) = self.live.take() {
            self.keep(log.record(None, self.session.now()));
        }
    }

    fn keep(&mut self, record: RunRecord) {
        self.records.retain(|held| held.id != record.id);
        if self.records.len() >= RECORDS {
            self.records.pop_front();
        }
        self.records.push_back(record);
    }

    /// Delivers the records that wait, oldest first.
    async fn deliver(&mut self) {
        while let Some(record) = self.records.front() {
            if let Err(error) = self.session.client.target.put_run(record.clone()).await {
                tracing::debug!(%error, "a run's record waits");
                return;
            }
            self.records.pop_front();
        }
    }

    async fn stop(&mut self, result: &Result<(), SyncFailure>) {
        if let Some(connection) = self.connection.take() {
            connection.reading.stop.cancel();
        }
        self.flush_live();
        let _ = tokio::time::timeout(Duration::from_secs(3), self.deliver()).await;
        match result {
            Ok(()) => self.say(ClientState::Idle, Some("The client was stopped.".to_owned())),
            Err(error) => self.say(ClientState::Failed, Some(error.whole_text())),
        }
        if result.is_ok() {
            self.session.meta.boot = String::new();
            if let Err(error) = self.session.save_meta().await {
                tracing::warn!(%error, "the state was not closed");
            }
        }
    }
}

/// The next event of the read in progress; none once it ended. Waits for ever where there is no read.
async fn next_event(connection: &mut Option<Connection>) -> Option<(usize, SourceEvent)> {
    match connection {
        Some(connection) => connection.reading.next().await,
        None => std::future::pending().await,
    }
}

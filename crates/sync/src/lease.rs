//! The client's side of the lease: it takes it, keeps it, and knows when it may write.
//!
//! The lease is renewed by a task of its own, so that a long export does not lose it. Each write also looks at the
//! client's own clock: where no renewal came through for a whole term, the tenant is asked before anything is sent.
//!
//! **Invariant:** a plan is written by the epoch under which it was made, and by no later one: what was planned
//! before another client wrote is never sent after.

use async_trait::async_trait;
use lockstep_engine::KeyHasher;
use lockstep_model::provisioning::{
    BulkOperation, ClientErrors, ClientReport, DoctorCheck, InventoryPage, LeaseAnswer, LeaseHolder,
    LeaseRequest, LeaseWant, MembersPage, OperationResult, OrderAnswer, ReportAnswer, RunRecord,
};
use lockstep_model::{OrderId, RunId, SourceAnchor, Timestamp};
use lockstep_targets::{Orders, Target, TargetError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::settings::SyncSettings;
use crate::state::Meta;

/// A stand-by asks for the lease at least this often.
const POLL: Duration = Duration::from_secs(2);
/// A target that knows no leases is asked again after this: it may have been updated.
const WITHOUT_LEASES: Duration = Duration::from_secs(60);
/// What the client is, by what the tenant said last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The tenant did not say yet.
    Unknown,
    /// It may write, by this epoch; none where the target knows no leases.
    Active(Option<u64>),
    /// Another one writes, or may.
    Standby,
}

/// What is known of the lease.
#[derive(Clone, Debug)]
struct Known {
    /// The tenant said once whose it is.
    began: bool,
    /// By the client's own clock, nobody else can have it before.
    valid_until: Instant,
    /// When the tenant was asked last and answered.
    asked: Instant,
    /// It was taken since this was looked at last, and another one may have had it before.
    broken: bool,
    /// Whether whoever had it before was paused.
    paused_before: bool,
    holder: Option<LeaseHolder>,
    expires_in: Duration,
    standby_ready: bool,
    /// It was handed over by this epoch: not asked for before then, or before another one has it.
    handed_over: Option<(u64, Instant)>,
    /// The highest epoch by which the state knows what the target holds.
    since: Option<u64>,
    /// An administrator paused this client.
    paused: bool,
    /// The source was read, and can be followed.
    ready: bool,
    /// Since when the source cannot be read.
    failing: Option<Instant>,
}

/// The lease as one client sees it.
pub(crate) struct Lease {
    target: Arc<dyn Target>,
    name: String,
    instance: String,
    process: String,
    machine: String,
    term: Duration,
    known: Mutex<Known>,
    role: watch::Sender<Role>,
    /// One request at a time.
    asking: tokio::sync::Mutex<()>,
}

impl Lease {
    pub(crate) fn new(target: Arc<dyn Target>, settings: &SyncSettings, meta: &Meta) -> Arc<Self> {
        let mut random = [0_u8; 8];
        let _ = getrandom::fill(&mut random);
        let now = Instant::now();
        Arc::new(Self {
            target,
            name: settings.lease.clone(),
            // The state's own key, as it may be known: by a hash.
            instance: format!("{:016x}", KeyHasher::new(meta.hash_key).dn("lease").0),
            process: format!("{:016x}", u64::from_le_bytes(random)),
            machine: settings.machine.clone(),
            term: settings.lease_term,
            known: Mutex::new(Known {
                began: false,
                valid_until: now,
                asked: now,
                broken: false,
                paused_before: false,
                holder: None,
                expires_in: Duration::ZERO,
                standby_ready: false,
                handed_over: None,
                since: meta.epoch,
                paused: meta.paused,
                ready: false,
                failing: None,
            }),
            role: watch::Sender::new(Role::Unknown),
            asking: tokio::sync::Mutex::new(()),
        })
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn role(&self) -> Role {
        *self.role.borrow()
    }

    pub(crate) fn is_standby(&self) -> bool {
        self.role() == Role::Standby
    }

    pub(crate) fn roles(&self) -> watch::Receiver<Role> {
        self.role.subscribe()
    }

    /// Who holds it, and how long it still lasts, as the tenant said last.
    pub(crate) fn holder(&self) -> (Option<LeaseHolder>, Duration) {
        let known = self.known();
        (known.holder.clone(), known.expires_in)
    }

    /// Whether another one may have had it before the present taking, or the tenant is not what it was. Told once a taking:
    /// the epoch says nothing of it, for a tenant made anew counts from 1 again.
    pub(crate) fn take_broken(&self) -> bool {
        std::mem::take(&mut self.known().broken)
    }

    /// Whether whoever had it before was paused.
    pub(crate) fn paused_before(&self) -> bool {
        self.known().paused_before
    }

    /// Whether a stand-by could take over now.
    pub(crate) fn standby_ready(&self) -> bool {
        self.known().standby_ready
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.known().ready
    }

    pub(crate) fn note_meta(&self, meta: &Meta) {
        let mut known = self.known();
        known.paused = meta.paused;
        known.since = meta.epoch;
    }

    /// The source was read to a checkpoint.
    pub(crate) fn source_is_well(&self) {
        let mut known = self.known();
        known.ready = true;
        known.failing = None;
    }

    /// The source cannot be read.
    pub(crate) fn source_fails(&self) {
        let mut known = self.known();
        known.ready = false;
        known.failing.get_or_insert_with(Instant::now);
    }

    /// The role, asked of the tenant where it is not known for sure.
    pub(crate) async fn ensure(&self) -> Result<Role, TargetError> {
        if let Some(role) = self.sure() {
            return Ok(role);
        }
        let _one = self.asking.lock().await;
        let start = !{ self.known().began };
        match (self.sure(), self.role()) {
            (Some(role), _) => return Ok(role),
            (None, Role::Active(Some(epoch))) => self.ask(LeaseWant::Renew { epoch }).await?,
            (None, _) => self.ask(LeaseWant::Take { start }).await?,
        }
        Ok(self.role())
    }

    fn sure(&self) -> Option<Role> {
        match self.role() {
            Role::Unknown => None,
            Role::Active(Some(_)) if Instant::now() >= self.known().valid_until => None,
            role => Some(role),
        }
    }

    /// Asks for it once more, as a stand-by.
    pub(crate) async fn take(&self) -> Result<Role, TargetError> {
        let _one = self.asking.lock().await;
        self.ask(LeaseWant::Take { start: false }).await?;
        Ok(self.role())
    }

    /// Gives it back. With `hold_off` it is not asked for again for a while, so that another one comes first.
    pub(crate) async fn release(&self, hold_off: bool) -> Result<(), TargetError> {
        let _one = self.asking.lock().await;
        let Role::Active(Some(epoch)) = self.role() else { return Ok(()) };
        if hold_off {
            self.known().handed_over = Some((epoch, Instant::now() + self.term * 2));
        }
        // From now on nothing is sent by it, whatever becomes of the request.
        self.become_role(Role::Standby);
        self.ask(LeaseWant::Release { epoch }).await
    }

    /// A write by this epoch was refused.
    pub(crate) fn fenced(&self, epoch: u64) {
        if self.role() == Role::Active(Some(epoch)) {
            tracing::warn!(epoch, "another sync client took over; this one follows in staging");
            self.become_role(Role::Standby);
        }
    }

    fn wrote(&self, epoch: u64, sent: Instant) {
        if self.role() == Role::Active(Some(epoch)) {
            let mut known = self.known();
            known.valid_until = known.valid_until.max(sent + self.term);
        }
    }

    fn become_role(&self, role: Role) {
        self.role.send_if_modified(|held| std::mem::replace(held, role) != role);
    }

    async fn ask(&self, want: LeaseWant) -> Result<(), TargetError> {
        let sent = Instant::now();
        let request = {
            let known = self.known();
            LeaseRequest {
                lease: self.name.clone(),
                instance: self.instance.clone(),
                process: self.process.clone(),
                machine: self.machine.clone(),
                term_millis: u64::try_from(self.term.as_millis()).unwrap_or(u64::MAX),
                since: known.since,
                paused: known.paused,
                want,
            }
        };
        // A network that swallows all must not hold the next try up for as long as a batch may take.
        let patience = (self.term / 3).max(Duration::from_secs(1));
        let answer = match tokio::time::timeout(patience, self.target.lease(request)).await {
            Ok(answer) => answer?,
            Err(_) => {
                return Err(TargetError::TimedOut { endpoint: self.target.describe(), action: "the lease" });
            }
        };
        self.take_answer(answer, want, sent);
        Ok(())
    }

    fn take_answer(&self, answer: Option<LeaseAnswer>, want: LeaseWant, sent: Instant) {
        let mut known = self.known();
        known.began = true;
        known.asked = sent;
        let Some(answer) = answer else {
            drop(known);
            self.become_role(Role::Active(None));
            return;
        };
        known.holder = answer.holder.clone();
        known.expires_in = answer.expires_in();
        known.standby_ready = answer.standby_ready;
        let role = match answer.epoch {
            Some(epoch) if answer.held => {
                known.valid_until = sent + self.term;
                if matches!(want, LeaseWant::Take { .. }) {
                    known.broken |= !answer.continued;
                    known.paused_before = answer.paused;
                }
                Role::Active(Some(epoch))
            }
            _ => Role::Standby,
        };
        if role != Role::Standby || (answer.holder.is_some() && !matches!(want, LeaseWant::Release { .. })) {
            known.handed_over = None;
        }
        drop(known);
        let before = self.role();
        if before != role {
            match role {
                Role::Active(epoch) => {
                    tracing::info!(lease = %self.name, epoch, "holds the lease: this client writes")
                }
                _ => {
                    tracing::info!(lease = %self.name, "another client holds the lease: this one follows in staging")
                }
            }
        }
        self.become_role(role);
    }

    /// Keeps the lease, or follows it as a stand-by, until `stop`.
    pub(crate) async fn follow(self: Arc<Self>, stop: CancellationToken) {
        loop {
            let pause = self.step().await;
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Does what is due and answers when to look again.
    async fn step(&self) -> Duration {
        let again = (self.term / 10).clamp(Duration::from_millis(20), Duration::from_secs(1));
        match self.role() {
            Role::Unknown => match self.ensure().await {
                Ok(_) => Duration::ZERO,
                Err(error) => {
                    tracing::debug!(%error, "the tenant does not say who holds the lease");
                    again
                }
            },
            Role::Active(None) => {
                let due = { self.known().asked } + WITHOUT_LEASES;
                let left = due.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    let _one = self.asking.lock().await;
                    let _ = self.ask(LeaseWant::Take { start: true }).await;
                    again
                } else {
                    left
                }
            }
            Role::Active(Some(epoch)) => {
                let due = { self.known().asked } + self.term / 3;
                let left = due.saturating_duration_since(Instant::now());
                if !left.is_zero() {
                    return left;
                }
                let renewed = {
                    let _one = self.asking.lock().await;
                    match self.role() {
                        Role::Active(Some(now)) if now == epoch => self.ask(LeaseWant::Renew { epoch }).await,
                        _ => Ok(()),
                    }
                };
                if let Err(error) = renewed {
                    tracing::debug!(%error, "the lease was not renewed");
                    return again;
                }
                self.give_way().await;
                Duration::ZERO
            }
            Role::Standby => {
                let (may, expires_in, handed_over) = {
                    let known = self.known();
                    let handed_over = known.handed_over.filter(|(_, until)| Instant::now() < *until);
                    let may = known.ready && !known.paused && handed_over.is_none();
                    (may, known.expires_in, handed_over)
                };
                let poll = (self.term / 6).min(POLL);
                if let Some((epoch, _)) = handed_over {
                    // Renewing what was given back changes nothing, and says whether another one has it by now.
                    let _one = self.asking.lock().await;
                    let _ = self.ask(LeaseWant::Renew { epoch }).await;
                }
                if may && let Err(error) = self.take().await {
                    tracing::debug!(%error, "the tenant does not say who holds the lease");
                    return again;
                }
                if may { poll.min(expires_in + again / 4).max(again / 4) } else { poll }
            }
        }
    }

    /// A client that cannot read its source gives way to one that can.
    async fn give_way(&self) {
        let way = {
            let known = self.known();
            known.standby_ready && known.failing.is_some_and(|since| since.elapsed() > self.term)
        };
        if way {
            tracing::warn!("the directory cannot be read from here, and a stand-by can: it takes over");
            if let Err(error) = self.release(false).await {
                tracing::warn!(%error, "the lease was not given back; it lapses");
            }
        }
    }

    /// The target, writing by the present epoch and no other; none while the client may not write.
    pub(crate) fn fence(self: &Arc<Self>, epoch: Option<u64>) -> Arc<dyn Target> {
        let Some((epoch, inner)) = epoch.and_then(|epoch| Some((epoch, self.target.by_epoch(epoch)?))) else {
            return self.target.clone();
        };
        Arc::new(FencedTarget { inner, lease: self.clone(), epoch })
    }
}

/// A target to which nothing is sent but by one epoch.
struct FencedTarget {
    inner: Arc<dyn Target>,
    lease: Arc<Lease>,
    epoch: u64,
}

impl FencedTarget {
    /// Refuses where the lease is lost, or may be and the tenant does not say otherwise.
    async fn may_write(&self, action: &'static str) -> Result<(), TargetError> {
        match self.lease.ensure().await? {
            Role::Active(Some(epoch)) if epoch == self.epoch => Ok(()),
            _ => Err(TargetError::Fenced {
                endpoint: self.inner.describe(),
                action,
                message: format!("the lease of epoch {} is not this client's any more", self.epoch),
            }),
        }
    }

    fn note<T>(&self, sent: Instant, answer: Result<T, TargetError>) -> Result<T, TargetError> {
        match &answer {
            Ok(_) => self.lease.wrote(self.epoch, sent),
            Err(TargetError::Fenced { .. }) => self.lease.fenced(self.epoch),
            Err(_) => {}
        }
        answer
    }
}

#[async_trait]
impl Target for FencedTarget {
    fn describe(&self) -> String {
        self.inner.describe()
    }

    async fn send(
        &self,
        run: RunId,
        operations: Vec<BulkOperation>,
    ) -> Result<Vec<OperationResult>, TargetError> {
        self.may_write("a batch of changes").await?;
        let sent = Instant::now();
        self.note(sent, self.inner.send(run, operations).await)
    }

    async fn inventory(&self, after: Option<SourceAnchor>) -> Result<InventoryPage, TargetError> {
        self.inner.inventory(after).await
    }

    async fn group_members(
        &self,
        group: &SourceAnchor,
        after: Option<SourceAnchor>,
    ) -> Result<MembersPage, TargetError> {
        self.inner.group_members(group, after).await
    }

    async fn put_errors(&self, errors: ClientErrors) -> Result<(), TargetError> {
        self.may_write("client-side errors").await?;
        let sent = Instant::now();
        self.note(sent, self.inner.put_errors(errors).await)
    }

    async fn report(&self, report: ClientReport) -> Result<ReportAnswer, TargetError> {
        self.inner.report(report).await
    }

    async fn put_run(&self, run: RunRecord) -> Result<(), TargetError> {
        self.inner.put_run(run).await
    }

    async fn orders(&self) -> Result<Orders, TargetError> {
        self.inner.orders().await
    }

    async fn answer(&self, order: OrderId, answer: OrderAnswer) -> Result<(), TargetError> {
        self.inner.answer(order, answer).await
    }

    async fn check(&self, now: Timestamp) -> Vec<DoctorCheck> {
        self.inner.check(now).await
    }
}

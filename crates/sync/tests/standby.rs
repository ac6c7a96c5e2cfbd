//! Two clients of one source: one writes, the other follows in staging and takes over.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of tests fails as a test does"
)]

mod common;

use async_trait::async_trait;
use common::*;
use lockstep_model::provisioning::*;
use lockstep_model::{ClientId, Clock, OrderId, Property, RunId, SourceAnchor, Timestamp};
use lockstep_sources::{ReadKind, Source};
use lockstep_storage::SqliteStateStore;
use lockstep_sync::{SyncClient, SyncFailure, SyncSettings};
use lockstep_targets::{Orders, Target, TargetError};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const PEOPLE: &str = "ou=people,dc=contoso,dc=com";
const TERM: Duration = Duration::from_secs(2);

/// The leases of a tenant in memory: as the provisioning API documents them.
#[derive(Default)]
struct Leases {
    epoch: u64,
    holder: Option<(String, String)>,
    renewed: Option<Instant>,
    paused: bool,
    /// Whose each epoch was.
    given: Vec<String>,
    /// Writes refused, by epoch.
    refused: Vec<u64>,
}

/// The tenant as one client reaches it.
#[derive(Clone)]
struct Reach {
    tenant: Arc<MemoryTenant>,
    leases: Arc<Mutex<Leases>>,
    epoch: Option<u64>,
    cut: Arc<AtomicBool>,
    standby_ready: Arc<AtomicBool>,
    reports: Arc<Mutex<Vec<ClientReport>>>,
    runs: Arc<Mutex<Vec<RunRecord>>>,
}

impl Reach {
    fn of(tenant: &Arc<MemoryTenant>, leases: &Arc<Mutex<Leases>>) -> Self {
        Self {
            tenant: tenant.clone(),
            leases: leases.clone(),
            epoch: None,
            cut: Arc::default(),
            standby_ready: Arc::default(),
            reports: Arc::default(),
            runs: Arc::default(),
        }
    }

    fn reached(&self) -> Result<(), TargetError> {
        if self.cut.load(Ordering::SeqCst) {
            return Err(TargetError::TimedOut { endpoint: "memory".into(), action: "anything" });
        }
        Ok(())
    }

    fn may_write(&self) -> Result<(), TargetError> {
        self.reached()?;
        let mut leases = self.leases.lock().unwrap();
        if self.epoch == Some(leases.epoch) && leases.holder.is_some() {
            leases.renewed = Some(Instant::now());
            return Ok(());
        }
        leases.refused.push(self.epoch.unwrap_or(0));
        Err(TargetError::Fenced {
            endpoint: "memory".into(),
            action: "a write",
            message: "another writes".into(),
        })
    }
}

#[async_trait]
impl Target for Reach {
    fn describe(&self) -> String {
        "a tenant in memory".into()
    }

    async fn send(
        &self,
        run: RunId,
        operations: Vec<BulkOperation>,
    ) -> Result<Vec<OperationResult>, TargetError> {
        self.may_write()?;
        self.tenant.send(run, operations).await
    }

    async fn inventory(&self, after: Option<SourceAnchor>) -> Result<InventoryPage, TargetError> {
        self.reached()?;
        self.tenant.inventory(after).await
    }

    async fn group_members(
        &self,
        group: &SourceAnchor,
        after: Option<SourceAnchor>,
    ) -> Result<MembersPage, TargetError> {
        self.reached()?;
        self.tenant.group_members(group, after).await
    }

    async fn put_errors(&self, errors: ClientErrors) -> Result<(), TargetError> {
        self.may_write()?;
        self.tenant.put_errors(errors).await
    }

    async fn report(&self, report: ClientReport) -> Result<ReportAnswer, TargetError> {
        self.reached()?;
        self.reports.lock().unwrap().push(report.clone());
        self.tenant.report(report).await
    }

    async fn put_run(&self, run: RunRecord) -> Result<(), TargetError> {
        self.reached()?;
        self.runs.lock().unwrap().push(run.clone());
        self.tenant.put_run(run).await
    }

    async fn lease(&self, request: LeaseRequest) -> Result<Option<LeaseAnswer>, TargetError> {
        self.reached()?;
        let mut leases = self.leases.lock().unwrap();
        let me = (request.instance.clone(), request.process.clone());
        let now = Instant::now();
        let live = leases.holder.is_some() && leases.renewed.is_some_and(|at| now - at < TERM);
        let mut continued = true;
        let held = match request.want {
            LeaseWant::Take { start } => {
                let own =
                    leases.holder.as_ref().is_some_and(|holder| holder.0 == me.0 && (start || *holder == me));
                if live && !own {
                    false
                } else {
                    let since = usize::try_from(request.since.unwrap_or(0)).unwrap();
                    let known = since <= leases.given.len();
                    continued = known && leases.given.iter().skip(since).all(|whose| *whose == me.0);
                    leases.epoch += 1;
                    leases.given.push(me.0.clone());
                    leases.holder = Some(me);
                    leases.renewed = Some(now);
                    true
                }
            }
            LeaseWant::Renew { epoch } => {
                let held = epoch == leases.epoch && leases.holder.as_ref() == Some(&me);
                if held {
                    leases.renewed = Some(now);
                    leases.paused = request.paused;
                }
                held
            }
            LeaseWant::Release { epoch } => {
                if epoch == leases.epoch && leases.holder.as_ref() == Some(&me) {
                    leases.holder = None;
                    leases.paused = request.paused;
                }
                false
            }
        };
        let left = leases.renewed.map_or(Duration::ZERO, |at| (at + TERM).saturating_duration_since(now));
        Ok(Some(LeaseAnswer {
            held,
            epoch: held.then_some(leases.epoch),
            continued: held && continued,
            holder: leases.holder.as_ref().map(|holder| LeaseHolder {
                client: ClientId::generate(RealClock.now()),
                machine: holder.0.clone(),
                since: RealClock.now(),
            }),
            expires_in_millis: u64::try_from(left.as_millis()).unwrap(),
            paused: leases.paused,
            standby_ready: self.standby_ready.load(Ordering::SeqCst),
        }))
    }

    fn by_epoch(&self, epoch: u64) -> Option<Arc<dyn Target>> {
        Some(Arc::new(Self { epoch: Some(epoch), ..self.clone() }))
    }

    async fn orders(&self) -> Result<Orders, TargetError> {
        self.reached()?;
        self.tenant.orders().await
    }

    async fn answer(&self, order: OrderId, answer: OrderAnswer) -> Result<(), TargetError> {
        self.tenant.answer(order, answer).await
    }

    async fn check(&self, _: Timestamp) -> Vec<DoctorCheck> {
        Vec::new()
    }
}

fn client(directory: &Shared, reach: &Reach, path: &Path) -> SyncClient {
    let directory = directory.clone();
    let settings = SyncSettings { lease_term: TERM, ..settings(OPEN) };
    SyncClient::new(
        Arc::new(move |_: &[String]| Box::new(ScriptedSource(directory.clone())) as Box<dyn Source>),
        Arc::new(reach.clone()),
        Arc::new(SqliteStateStore::open(path).unwrap()),
        Arc::new(RealClock),
        settings,
    )
}

struct Running {
    reach: Reach,
    stop: CancellationToken,
    task: JoinHandle<Result<(), SyncFailure>>,
}

impl Running {
    fn state(&self) -> Option<ClientState> {
        self.reach.reports.lock().unwrap().last().map(|report| report.state)
    }

    async fn is(&self, state: ClientState) {
        eventually(&format!("{state:?}"), || self.state() == Some(state)).await;
    }

    async fn finish(self) {
        self.stop.cancel();
        self.task.await.unwrap().unwrap();
    }
}

/// A directory of 20 people and a group, a tenant, two clients of which the first writes and the second follows.
struct Pair {
    directory: Shared,
    tenant: Arc<MemoryTenant>,
    leases: Arc<Mutex<Leases>>,
    folder: tempfile::TempDir,
}

impl Pair {
    fn new() -> Self {
        let directory = Directory::shared();
        {
            let mut d = directory.lock().unwrap();
            d.ou("base", "dc=contoso,dc=com");
            d.ou("ou-people", PEOPLE);
            for n in 0..20 {
                d.person(&format!("p{n:02}"), PEOPLE);
            }
            let members = [format!("uid=p01,{PEOPLE}"), format!("uid=nobody,{PEOPLE}")];
            d.group("g", PEOPLE, &[&members[0], &members[1]]);
        }
        Self {
            directory,
            tenant: MemoryTenant::new(),
            leases: Arc::default(),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn client(&self, name: &str) -> (SyncClient, Reach) {
        let reach = Reach::of(&self.tenant, &self.leases);
        (client(&self.directory, &reach, &self.folder.path().join(format!("{name}.db"))), reach)
    }

    fn start(&self, name: &str) -> Running {
        let (client, reach) = self.client(name);
        let stop = CancellationToken::new();
        let token = stop.clone();
        let task = tokio::spawn(async move { client.run(token).await });
        Running { reach, stop, task }
    }

    async fn both(&self) -> (Running, Running) {
        let first = self.start("first");
        first.is(ClientState::Live).await;
        assert_eq!(self.tenant.names().len(), 21);
        let second = self.start("second");
        second.is(ClientState::Standby).await;
        (first, second)
    }

    fn title(&self, name: &str, title: &str) {
        self.directory.lock().unwrap().set(name, "title", &[title]);
    }

    async fn arrives(&self, name: &str, title: &str) {
        let text = || self.tenant.text(name, Property::JobTitle);
        for _ in 0..2_000 {
            if text().as_deref() == Some(title) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{name} has the title {:?} and not {title}", text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_standby_writes_nothing_and_goes_on_where_the_first_stopped() {
    let pair = Pair::new();
    let (first, second) = pair.both().await;
    let report = second.reach.reports.lock().unwrap().last().unwrap().clone();
    assert!(report.standby);
    assert_eq!(report.pending, PendingCounts::default(), "all of it is in the tenant");
    assert_eq!(report.connector_space_objects, 23);
    pair.title("p03", "Boss");
    pair.arrives("p03", "Boss").await;
    let writes = pair.tenant.writes();
    first.finish().await;
    let began = Instant::now();
    second.is(ClientState::Live).await;
    assert!(began.elapsed() < TERM, "what is given back is taken at once: {:?}", began.elapsed());
    assert_eq!(pair.tenant.writes(), writes, "there was nothing to write");
    pair.title("p04", "Deputy");
    pair.arrives("p04", "Deputy").await;
    assert_eq!(pair.tenant.writes(), writes + 1);
    let reads = pair.directory.lock().unwrap().reads.clone();
    assert_eq!(reads, [ReadKind::Full, ReadKind::Full], "each read everything once, when it was new");
    let runs = second.reach.runs.lock().unwrap().clone();
    assert_eq!((runs[0].trigger, runs[0].result), (RunTrigger::Start, RunResult::Staged));
    assert_eq!(runs[1].trigger, RunTrigger::TakeOver);
    assert!(runs[1].steps.iter().all(|step| !step.name.contains("Import")), "{:?}", runs[1].steps);
    assert_eq!(pair.leases.lock().unwrap().refused, [0_u64; 0]);
    second.finish().await;
}

/// Epochs begin at 1 again, and the client's own is 1 as well.
#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_made_anew_is_compared_with() {
    let mut pair = Pair::new();
    let first = pair.start("first");
    first.is(ClientState::Live).await;
    first.finish().await;
    assert_eq!(pair.leases.lock().unwrap().epoch, 1);
    pair.tenant = MemoryTenant::new();
    pair.leases = Arc::default();
    let first = pair.start("first");
    eventually("everything is there again", || pair.tenant.names().len() == 21).await;
    assert_eq!(pair.leases.lock().unwrap().epoch, 1);
    first.is(ClientState::Live).await;
    first.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_first_is_followed_and_its_writes_are_refused() {
    let pair = Pair::new();
    let (first, second) = pair.both().await;
    let writes = pair.tenant.writes();
    first.reach.cut.store(true, Ordering::SeqCst);
    pair.title("p05", "While nobody writes");
    {
        let mut d = pair.directory.lock().unwrap();
        d.delete("p06");
        d.person("new", PEOPLE);
    }
    let began = Instant::now();
    pair.arrives("p05", "While nobody writes").await;
    assert!(began.elapsed() < TERM * 3, "{:?}", began.elapsed());
    eventually("the deletion", || !pair.tenant.names().contains(&"p06".to_owned())).await;
    assert!(pair.tenant.names().contains(&"new".to_owned()));
    assert_eq!(pair.tenant.writes(), writes + 3, "each change once");
    // It comes back: what it had planned is not sent, and it follows from now on.
    first.reach.cut.store(false, Ordering::SeqCst);
    first.is(ClientState::Standby).await;
    pair.title("p07", "After");
    pair.arrives("p07", "After").await;
    eventually("the first in step", || {
        let pending = first.reach.reports.lock().unwrap().last().map(|report| report.pending);
        pending == Some(PendingCounts::default())
    })
    .await;
    assert_eq!(pair.tenant.writes(), writes + 4);
    // And it takes over in its turn.
    second.finish().await;
    first.is(ClientState::Live).await;
    pair.title("p08", "Third");
    pair.arrives("p08", "Third").await;
    assert_eq!(pair.tenant.writes(), writes + 5);
    assert_eq!(pair.directory.lock().unwrap().reads.len(), 2);
    first.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_that_another_client_told_are_taken_back() {
    let pair = Pair::new();
    let (first, second) = pair.both().await;
    eventually("the error of the first", || {
        pair.tenant.state.lock().unwrap().errors.contains_key(&anchor("g"))
    })
    .await;
    first.reach.cut.store(true, Ordering::SeqCst);
    pair.directory.lock().unwrap().person("nobody", PEOPLE);
    eventually("the error's end", || !pair.tenant.state.lock().unwrap().errors.contains_key(&anchor("g")))
        .await;
    assert_eq!(pair.tenant.members("g"), ["nobody", "p01"]);
    first.stop.cancel();
    let _ = first.task.await;
    second.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_hands_over_where_somebody_stands_by() {
    let pair = Pair::new();
    let first = pair.start("first");
    first.is(ClientState::Live).await;
    eventually("someone listens for orders", || pair.tenant.orders.receiver_count() > 0).await;
    let order = |request| Order { id: OrderId::generate(RealClock.now()), request };
    pair.tenant.orders.send(order(OrderRequest::HandOver)).unwrap();
    eventually("a refusal", || !pair.tenant.state.lock().unwrap().answers.is_empty()).await;
    let OrderAnswer::Refused { reason } = pair.tenant.state.lock().unwrap().answers[0].clone() else {
        panic!()
    };
    assert!(reason.contains("No stand-by"), "{reason}");
    // Paused, it hands over: who takes over stays paused until it is told.
    pair.tenant.orders.send(order(OrderRequest::Pause)).unwrap();
    first.is(ClientState::Paused).await;
    let second = pair.start("second");
    second.is(ClientState::Standby).await;
    first.reach.standby_ready.store(true, Ordering::SeqCst);
    tokio::time::sleep(TERM / 2).await;
    pair.title("p01", "Waits");
    pair.tenant.orders.send(order(OrderRequest::HandOver)).unwrap();
    first.is(ClientState::Standby).await;
    second.is(ClientState::Paused).await;
    assert_eq!(pair.tenant.text("p01", Property::JobTitle), None, "nothing is written while paused");
    pair.tenant.orders.send(order(OrderRequest::Resume)).unwrap();
    pair.arrives("p01", "Waits").await;
    second.finish().await;
    first.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_single_cycle_beside_a_client_that_writes_is_staged() {
    let pair = Pair::new();
    let first = pair.start("first");
    first.is(ClientState::Live).await;
    let writes = pair.tenant.writes();
    let (second, _) = pair.client("second");
    let record = second.once(false, CancellationToken::new()).await.unwrap();
    assert_eq!(record.result, RunResult::Staged);
    assert_eq!(pair.tenant.writes(), writes);
    first.finish().await;
    let record = second.once(false, CancellationToken::new()).await.unwrap();
    assert_eq!(record.result, RunResult::CompletedWithErrors, "{record:?}");
    assert_eq!(pair.tenant.writes(), writes, "it was all there");
}

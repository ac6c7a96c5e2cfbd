//! What is done by the clock: reads of everything with what they find, maintenance, cycles that do not overlap; and
//! that a pause outlives the process.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of tests fails as a test does"
)]

mod common;

use async_trait::async_trait;
use common::*;
use jiff::ToSpan;
use jiff::tz::TimeZone;
use lockstep_model::provisioning::{
    ClientReport, ClientState, DoctorCheck, Drift, DriftCounts, Order, OrderRequest, RunTrigger,
};
use lockstep_model::{Clock, OrderId, Property, Timestamp};
use lockstep_sources::{ReadKind, Source, SourceError, SourceEvent, Watermark};
use lockstep_storage::SqliteStateStore;
use lockstep_sync::{MaintenanceWindow, SyncClient, SyncFailure, SyncSettings};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const PEOPLE: &str = "ou=people,dc=contoso,dc=com";

fn organization(people: usize) -> Shared {
    let directory = Directory::shared();
    let mut d = directory.lock().unwrap();
    d.ou("base", "dc=contoso,dc=com");
    d.ou("ou-people", PEOPLE);
    for n in 0..people {
        d.person(&format!("p{n}"), PEOPLE);
    }
    drop(d);
    directory
}

struct Running {
    tenant: Arc<MemoryTenant>,
    stop: CancellationToken,
    task: JoinHandle<Result<(), SyncFailure>>,
}

impl Running {
    fn start(client: SyncClient, tenant: &Arc<MemoryTenant>) -> Self {
        let stop = CancellationToken::new();
        let token = stop.clone();
        let task = tokio::spawn(async move { client.run(token).await });
        Self { tenant: tenant.clone(), stop, task }
    }

    fn of(directory: &Shared, tenant: &Arc<MemoryTenant>, path: &Path, settings: SyncSettings) -> Self {
        Self::start(client_of(directory, tenant, path, settings), tenant)
    }

    fn report(&self) -> Option<ClientReport> {
        self.tenant.state.lock().unwrap().reports.last().cloned()
    }

    async fn state(&self, state: ClientState) {
        eventually(&format!("{state:?}"), || self.report().is_some_and(|report| report.state == state)).await;
    }

    async fn order(&self, request: OrderRequest) {
        let before = self.tenant.state.lock().unwrap().answers.len();
        eventually("someone listens for orders", || self.tenant.orders.receiver_count() > 0).await;
        self.tenant.orders.send(Order { id: OrderId::generate(RealClock.now()), request }).unwrap();
        eventually("an answer", || self.tenant.state.lock().unwrap().answers.len() > before).await;
    }

    async fn finish(self) {
        self.stop.cancel();
        self.task.await.unwrap().unwrap();
    }
}

/// The directory changes behind the client's back; only a read of everything finds it, and says what it found.
#[tokio::test(flavor = "multi_thread")]
async fn a_scheduled_full_read_finds_what_was_missed_and_says_so() {
    let (directory, tenant) = (organization(5), MemoryTenant::new());
    directory.lock().unwrap().group("staff", PEOPLE, &[]);
    let folder = tempfile::tempdir().unwrap();
    let settings = SyncSettings { full_read: Duration::from_secs(4), ..settings(OPEN) };
    let running = Running::of(&directory, &tenant, &folder.path().join("state.db"), settings);
    running.state(ClientState::Live).await;
    {
        let mut d = directory.lock().unwrap();
        let mut item = d.entries["p1"].clone();
        item.attributes.insert("l".into(), vec!["Zug".into()]);
        d.entries.insert("p1".into(), item.clone());
        item.dn = format!("uid=new,{PEOPLE}");
        item.attributes.insert("uid".into(), vec!["new".into()]);
        item.attributes.insert("mail".into(), vec!["new@contoso.com".into()]);
        d.entries.insert("new".into(), item);
        d.entries.remove("p2");
        d.entries.remove("staff");
    }
    let drift_of = |tenant: &MemoryTenant| {
        let state = tenant.state.lock().unwrap();
        state.runs.iter().filter_map(|run| run.drift.map(|drift| (run.trigger, drift))).collect::<Vec<_>>()
    };
    eventually("a full read", || !drift_of(&tenant).is_empty()).await;
    let users = DriftCounts { added: 1, changed: 1, removed: 1 };
    let expect =
        Drift { users, groups: DriftCounts { removed: 1, ..DriftCounts::default() }, ..Drift::default() };
    assert_eq!(drift_of(&tenant)[0], (RunTrigger::Cycle, expect));
    eventually("it is put right", || tenant.names() == ["new", "p0", "p1", "p3", "p4"]).await;
    assert_eq!(tenant.text("p1", Property::City).as_deref(), Some("Zug"));
    let told = || running.report().is_some_and(|report| report.timetable.drift == Some(expect));
    eventually("the report says so", told).await;
    let table = running.report().unwrap().timetable;
    assert!(table.next_full_read > table.last_full_read && table.last_full_read.is_some(), "{table:?}");
    // The next one finds nothing, and says that too.
    eventually("another full read", || drift_of(&tenant).last().is_some_and(|(_, drift)| drift.is_none()))
        .await;
    assert!(directory.lock().unwrap().reads.iter().all(|kind| *kind == ReadKind::Full));
    running.finish().await;
}

/// In a maintenance window everything is read and nothing is written; at its end all of it is.
#[tokio::test(flavor = "multi_thread")]
async fn maintenance_reads_and_does_not_write() {
    let (directory, tenant) = (organization(5), MemoryTenant::new());
    let folder = tempfile::tempdir().unwrap();
    let now = RealClock.now().to_zoned(TimeZone::UTC);
    let end = now.checked_add(4.seconds()).unwrap();
    let window = MaintenanceWindow {
        days: vec![],
        from: now.checked_sub(1.hour()).unwrap().time(),
        to: end.time(),
        zone: TimeZone::UTC,
    };
    let settings = SyncSettings { maintenance: vec![window], ..settings(OPEN) };
    let path = folder.path().join("state.db");
    let running = Running::of(&directory, &tenant, &path, settings);
    running.state(ClientState::Paused).await;
    let report = running.report().unwrap();
    assert!(report.detail.unwrap().starts_with("A maintenance window is on until "));
    assert_eq!(report.timetable.maintenance_until, Some(end.timestamp()));
    assert_eq!((report.connector_space_objects, report.pending.additions), (7, 5));
    directory.lock().unwrap().person("new", PEOPLE);
    eventually("what is read", || running.report().is_some_and(|report| report.connector_space_objects == 8))
        .await;
    directory.lock().unwrap().delete("p0");
    let writes = tenant.writes();
    assert!(RealClock.now() >= end.timestamp() || writes == 0);
    running.state(ClientState::Live).await;
    assert!(RealClock.now() >= end.timestamp(), "not before its end");
    eventually("all is written", || tenant.names() == ["new", "p1", "p2", "p3", "p4"]).await;
    let table = running.report().unwrap().timetable;
    assert_eq!(table.maintenance_until, None);
    assert!(table.next_maintenance.unwrap() > RealClock.now());
    running.finish().await;
}

/// A client that was paused and started anew is paused still.
#[tokio::test(flavor = "multi_thread")]
async fn a_pause_outlives_the_process() {
    let (directory, tenant) = (organization(3), MemoryTenant::new());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let running = Running::of(&directory, &tenant, &path, settings(OPEN));
    running.state(ClientState::Live).await;
    running.order(OrderRequest::Pause).await;
    running.state(ClientState::Paused).await;
    running.finish().await;
    directory.lock().unwrap().person("new", PEOPLE);
    let running = Running::of(&directory, &tenant, &path, settings(OPEN));
    running.state(ClientState::Paused).await;
    eventually("the change is read", || running.report().is_some_and(|report| report.pending.additions == 1))
        .await;
    assert_eq!(tenant.names(), ["p0", "p1", "p2"]);
    running.order(OrderRequest::Resume).await;
    eventually("what waited", || tenant.names().len() == 4).await;
    running.finish().await;
}

/// Reads that began, and how to know whether they ended.
type Reads = Arc<Mutex<Vec<(CancellationToken, CancellationToken)>>>;

/// A source that takes its time, and watches that it is read once at a time.
struct Slow {
    inner: ScriptedSource,
    reads: Reads,
    most: Arc<Mutex<usize>>,
    /// How many reads had begun when the first one had its answer.
    at_first: Arc<Mutex<Option<usize>>>,
}

#[async_trait]
impl Source for Slow {
    fn describe(&self) -> String {
        "a slow directory".into()
    }

    async fn read(
        &mut self,
        from: Option<Watermark>,
        live: bool,
        to: mpsc::Sender<SourceEvent>,
        stop: CancellationToken,
    ) -> Result<(), SourceError> {
        let ended = CancellationToken::new();
        let _guard = ended.clone().drop_guard();
        {
            let mut reads = self.reads.lock().unwrap();
            reads.push((stop.clone(), ended));
            let at_work = reads.iter().filter(|(stop, ended)| !stop.is_cancelled() && !ended.is_cancelled());
            let mut most = self.most.lock().unwrap();
            *most = (*most).max(at_work.count());
        }
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(Duration::from_millis(300)) => {}
        }
        let begun = self.reads.lock().unwrap().len();
        self.at_first.lock().unwrap().get_or_insert(begun);
        self.inner.read(from, live, to, stop).await
    }

    async fn check(&mut self, _: Timestamp) -> Vec<DoctorCheck> {
        Vec::new()
    }
}

/// Cycles that are due while one is at work wait for it; an order ends the read before it begins another.
#[tokio::test(flavor = "multi_thread")]
async fn cycles_do_not_overlap() {
    let (directory, tenant) = (organization(3), MemoryTenant::new());
    let folder = tempfile::tempdir().unwrap();
    let (reads, most) = (Reads::default(), Arc::new(Mutex::new(0)));
    let at_first = Arc::new(Mutex::new(None));
    let factory = {
        let (directory, reads, most) = (directory.clone(), reads.clone(), most.clone());
        let at_first = at_first.clone();
        move |_: &[String]| {
            let at_first = at_first.clone();
            let (inner, reads, most) = (ScriptedSource(directory.clone()), reads.clone(), most.clone());
            Box::new(Slow { inner, reads, most, at_first }) as Box<dyn Source>
        }
    };
    let path = folder.path().join("state.db");
    let client = SyncClient::new(
        Arc::new(factory),
        tenant.clone(),
        Arc::new(SqliteStateStore::open(&path).unwrap()),
        Arc::new(RealClock),
        SyncSettings { cycle: Duration::from_millis(50), ..settings(OPEN) },
    );
    let running = Running::start(client, &tenant);
    eventually("the first cycle", || !tenant.state.lock().unwrap().runs.is_empty()).await;
    assert_eq!(*at_first.lock().unwrap(), Some(1), "five cycles were due while the first one read");
    running.order(OrderRequest::SyncNow { full: true }).await;
    running.order(OrderRequest::SyncNow { full: true }).await;
    let cycles = || tenant.state.lock().unwrap().runs.len();
    eventually("more cycles", || cycles() >= 4).await;
    assert_eq!(*most.lock().unwrap(), 1);
    // Nor do two processes: the state belongs to one.
    let second = SqliteStateStore::open(&path);
    assert!(matches!(second, Err(lockstep_sync::StateError::InUse { .. })));
    running.finish().await;
}

/// What changes travels with the flow that gave it; a new object without.
#[tokio::test(flavor = "multi_thread")]
async fn changes_travel_with_their_flows() {
    let (directory, tenant) = (organization(2), MemoryTenant::new());
    let folder = tempfile::tempdir().unwrap();
    let running = Running::of(&directory, &tenant, &folder.path().join("state.db"), settings(OPEN));
    running.state(ClientState::Live).await;
    let flows = || tenant.state.lock().unwrap().flows[&anchor("p0")].clone();
    assert!(flows().is_empty());
    let manager = format!("uid=p1,{PEOPLE}");
    directory.lock().unwrap().set("p0", "l", &["Zug"]);
    eventually("the change", || tenant.text("p0", Property::City).is_some()).await;
    assert_eq!(flows().into_iter().collect::<Vec<_>>(), [("city".to_owned(), "city <- l".to_owned())]);
    directory.lock().unwrap().set("p0", "manager", &[&manager]);
    eventually("the manager", || flows().contains_key("manager")).await;
    assert_eq!(flows().len(), 1);
    running.finish().await;
}

//! The service: changes as they happen, orders, the guard while changes are followed.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of tests fails as a test does"
)]

mod common;

use common::*;
use lockstep_model::guard::DeletionThreshold;
use lockstep_model::provisioning::{ClientState, Order, OrderAnswer, OrderRequest, RunResult, RunTrigger};
use lockstep_model::{Clock, OrderId, Property};
use lockstep_sources::SourceError;
use std::sync::Arc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const PEOPLE: &str = "ou=people,dc=contoso,dc=com";

struct Running {
    directory: Shared,
    tenant: Arc<MemoryTenant>,
    stop: CancellationToken,
    task: JoinHandle<Result<(), lockstep_sync::SyncFailure>>,
    _folder: tempfile::TempDir,
}

impl Running {
    async fn start(people: usize, threshold: DeletionThreshold) -> Self {
        let directory = Directory::shared();
        {
            let mut d = directory.lock().unwrap();
            d.ou("base", "dc=contoso,dc=com");
            d.ou("ou-people", PEOPLE);
            for n in 0..people {
                d.person(&format!("p{n:03}"), PEOPLE);
            }
        }
        let tenant = MemoryTenant::new();
        let folder = tempfile::tempdir().unwrap();
        let client = client(&directory, &tenant, &folder.path().join("state.db"), threshold);
        let stop = CancellationToken::new();
        let token = stop.clone();
        let task = tokio::spawn(async move { client.run(token).await });
        let running = Self { directory, tenant, stop, task, _folder: folder };
        running.state(ClientState::Live).await;
        assert_eq!(running.tenant.names().len(), people);
        running
    }

    async fn state(&self, state: ClientState) {
        let at = || self.tenant.state.lock().unwrap().reports.last().map(|r| r.state);
        eventually(&format!("{state:?}"), || at() == Some(state)).await;
    }

    async fn order(&self, request: OrderRequest) -> OrderAnswer {
        let before = self.tenant.state.lock().unwrap().answers.len();
        let order = Order { id: OrderId::generate(RealClock.now()), request };
        eventually("someone listens for orders", || self.tenant.orders.receiver_count() > 0).await;
        self.tenant.orders.send(order).unwrap();
        eventually("an answer", || self.tenant.state.lock().unwrap().answers.len() > before).await;
        self.tenant.state.lock().unwrap().answers.last().unwrap().clone()
    }

    async fn finish(self) {
        self.stop.cancel();
        self.task.await.unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_arrive_as_they_happen() {
    let running = Running::start(10, OPEN).await;
    running.directory.lock().unwrap().set("p001", "sn", &["Live"]);
    eventually("a changed name", || {
        running.tenant.text("p001", Property::Surname).as_deref() == Some("Live")
    })
    .await;
    running.directory.lock().unwrap().delete("p002");
    eventually("a deletion", || running.tenant.names().len() == 9).await;
    for n in 0..1_000 {
        running.directory.lock().unwrap().person(&format!("storm{n:04}"), PEOPLE);
    }
    eventually("a storm", || running.tenant.names().len() == 1_009).await;
    let tenant = running.tenant.clone();
    running.finish().await;
    let state = tenant.state.lock().unwrap();
    assert_eq!(state.runs[0].trigger, RunTrigger::Start);
    let live: Vec<_> = state.runs.iter().filter(|run| run.trigger == RunTrigger::Live).collect();
    assert_eq!(live.len(), 1, "live runs are one record");
    assert_eq!(live[0].counts[&lockstep_model::ObjectKind::User]["created"], 1_000);
    assert_eq!(live[0].counts[&lockstep_model::ObjectKind::User]["deleted"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mass_deletion_is_held_whole_and_approved_by_order() {
    let running = Running::start(40, DeletionThreshold::default()).await;
    for n in 0..10 {
        running.directory.lock().unwrap().delete(&format!("p{n:03}"));
    }
    running.state(ClientState::Held).await;
    assert_eq!(running.tenant.names().len(), 40);
    running.directory.lock().unwrap().set("p020", "sn", &["Waits"]);
    let held = running.tenant.state.lock().unwrap().reports.last().unwrap().held_plan.clone().unwrap();
    let refused = running.order(OrderRequest::Approve { digest: "0".into(), by: "ann".into() }).await;
    assert!(matches!(refused, OrderAnswer::Refused { .. }));
    let OrderAnswer::Plan { plan } = running.order(OrderRequest::Preview { limit: 5, rules: None }).await
    else {
        panic!()
    };
    assert_eq!(plan.summary.deletions_digest, held.deletions_digest);
    assert_eq!((plan.items.len(), plan.truncated), (5, true));
    let answer =
        running.order(OrderRequest::Approve { digest: held.deletions_digest, by: "ann".into() }).await;
    assert_eq!(answer, OrderAnswer::Accepted);
    eventually("the deletions", || running.tenant.names().len() == 30).await;
    eventually("what waited", || running.tenant.text("p020", Property::Surname).as_deref() == Some("Waits"))
        .await;
    running.state(ClientState::Live).await;
    running.finish().await;
}

/// The directory takes the deleted out of their groups by itself, one change after another; the groups must not
/// be emptied in the cloud before the guard has seen the deletions whole.
#[tokio::test(flavor = "multi_thread")]
async fn links_to_the_deleted_stay_until_their_deletion_is_judged() {
    let running = Running::start(20, DeletionThreshold { count: 500, percent: 10 }).await;
    let names: Vec<String> = (0..20).map(|n| format!("p{n:03}")).collect();
    let dns: Vec<String> = names.iter().map(|name| format!("uid={name},{PEOPLE}")).collect();
    let members: Vec<&str> = dns.iter().map(String::as_str).collect();
    running.directory.lock().unwrap().group("everybody", PEOPLE, &members);
    eventually("the group", || running.tenant.names().len() == 21).await;
    eventually("its members", || running.tenant.members("everybody").len() == 20).await;
    {
        let mut directory = running.directory.lock().unwrap();
        directory.delete(&names[0]);
        directory.group("everybody", PEOPLE, &members[1..]);
        directory.set("p019", "sn", &["Meanwhile"]);
    }
    // An export went out since the first deletion; the others come after it.
    eventually("a change meanwhile", || {
        running.tenant.text("p019", Property::Surname).as_deref() == Some("Meanwhile")
    })
    .await;
    for name in &names[1..10] {
        running.directory.lock().unwrap().delete(name);
    }
    running.directory.lock().unwrap().group("everybody", PEOPLE, &members[10..]);
    running.state(ClientState::Held).await;
    let linked = running.tenant.members("everybody");
    let people = running.tenant.names().into_iter().filter(|name| name != "everybody");
    let lost: Vec<String> = people.filter(|name| !linked.contains(name)).collect();
    assert!(lost.is_empty(), "still in the cloud, and taken out of their group: {lost:?}");
    running.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_client_writes_nothing_until_resumed() {
    let running = Running::start(5, OPEN).await;
    assert_eq!(running.order(OrderRequest::Pause).await, OrderAnswer::Accepted);
    running.state(ClientState::Paused).await;
    running.directory.lock().unwrap().person("new", PEOPLE);
    assert_eq!(running.order(OrderRequest::SyncNow { full: true }).await, OrderAnswer::Accepted);
    eventually("the full read", || running.directory.lock().unwrap().reads.len() == 2).await;
    assert_eq!(running.tenant.names().len(), 5);
    assert_eq!(running.order(OrderRequest::Resume).await, OrderAnswer::Accepted);
    eventually("what waited", || running.tenant.names().len() == 6).await;
    running.state(ClientState::Live).await;
    running.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_source_is_told_and_tried_again() {
    let running = Running::start(5, OPEN).await;
    running.directory.lock().unwrap().fail =
        Some((0, || SourceError::Interrupted { at: "memory".into(), entries: 0, cause: "cut".into() }));
    running.order(OrderRequest::SyncNow { full: false }).await;
    let failed = || {
        let state = running.tenant.state.lock().unwrap();
        state.runs.iter().any(|run| run.result == RunResult::StoppedImport)
    };
    eventually("the failed run", failed).await;
    running.directory.lock().unwrap().person("new", PEOPLE);
    eventually("what came after", || running.tenant.names().len() == 6).await;
    running.state(ClientState::Live).await;
    running.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_answers_are_sent_again() {
    let running = Running::start(5, OPEN).await;
    running.tenant.state.lock().unwrap().lose_answers = 2;
    running.directory.lock().unwrap().set("p001", "sn", &["Again"]);
    eventually("a changed name", || {
        running.tenant.text("p001", Property::Surname).as_deref() == Some("Again")
    })
    .await;
    running.directory.lock().unwrap().delete("p002");
    eventually("a deletion", || running.tenant.names().len() == 4).await;
    running.state(ClientState::Live).await;
    running.finish().await;
}

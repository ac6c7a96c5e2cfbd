//! Several processes and several servers of PostgreSQL: who leads, and what is read from streaming replicas.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a helper of tests fails as a test does"
)]

use lockstep_model::{ObjectKind, Property, Timestamp};
use lockstep_storage::PostgresTenantStore;
use lockstep_storage::postgres::Options;
use lockstep_tenant::directory::{DirectoryOperation, DirectoryWrite, ObjectChanges};
use lockstep_tenant::upkeep::{Replica, ReplicaState};
use lockstep_tenant::{Filter, ListQuery, TenantSetup, TenantStore};
use lockstep_tests::{Postgres, wait_until};
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(20);

fn now() -> Timestamp {
    Timestamp::from_second(1_790_000_000).unwrap()
}

async fn connect(url: &str, read_urls: &[String]) -> PostgresTenantStore {
    let options = Options { connections: 6, read_urls: read_urls.to_vec(), ..Options::default() };
    PostgresTenantStore::connect(url, None, &options).await.unwrap()
}

async fn set_up(store: &PostgresTenantStore) {
    let setup = TenantSetup {
        display_name: "Contoso".into(),
        initial_domain: "contoso.onlockstep.example".into(),
        domains: vec![("contoso.com".into(), true)],
    };
    store.set_up(setup, now()).await.unwrap();
}

/// Makes a group of a name.
async fn make(store: &PostgresTenantStore, name: &str) {
    let mut changes = ObjectChanges::default();
    changes.set_text(Property::DisplayName, name).set_flag(Property::SecurityEnabled, true);
    let create = DirectoryOperation::Create { kind: ObjectKind::Group, changes };
    store.write_directory(DirectoryWrite::by("maria", create), now()).await.unwrap();
}

/// Whether a list of groups has one of a name.
async fn lists(store: &PostgresTenantStore, name: &str) -> bool {
    use lockstep_tenant::{Comparison, Field, Literal};
    let filter = Filter::Compare {
        field: Field::Property(Property::DisplayName),
        how: Comparison::Eq,
        value: Literal::Text(name.to_owned()),
    };
    let query = ListQuery { filter: Some(filter), top: 5, ..Default::default() };
    !store.list(query).await.unwrap().items.is_empty()
}

fn told(store: &PostgresTenantStore) -> Replica {
    store.replicas().remove(0)
}

async fn becomes(store: &PostgresTenantStore, state: ReplicaState) {
    wait_until(&format!("the replica to be {state:?}"), LIMIT, async || {
        (told(store).state == state).then_some(())
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_come_from_a_replica_and_are_never_older_than_what_was_answered() {
    let postgres = Postgres::start(false).unwrap();
    let url = postgres.database("lockstep", None).unwrap();
    let plain = connect(&url, &[]).await;
    set_up(&plain).await;
    let mut replica = postgres.replica().unwrap();
    let store = connect(&url, &[replica.url("lockstep")]).await;
    becomes(&store, ReplicaState::Usable).await;

    // What one writes one reads, and what another process wrote as well; four at a time.
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let (store, plain) = (store.clone(), plain.clone());
            tokio::spawn(async move {
                for n in 0..40 {
                    let name = format!("g{writer}-{n}");
                    make(if n % 2 == 0 { &store } else { &plain }, &name).await;
                    assert!(lists(&store, &name).await, "{name} was written and is not listed");
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let after = told(&store);
    assert!(after.reads >= 40, "{after:?}");
    assert_eq!(plain.replicas(), []);
    // The replica's own word for it.
    let seen = "SELECT tup_returned + tup_fetched > 160 FROM pg_stat_database WHERE datname = 'lockstep'";
    wait_until("the replica to have been asked", LIMIT, async || {
        (replica.sql("postgres", seen).unwrap() == "t").then_some(())
    })
    .await
    .unwrap();

    // One that stands still is passed over, after a moment.
    replica.sql("postgres", "SELECT pg_wal_replay_pause()").unwrap();
    let before = told(&store);
    let began = Instant::now();
    for n in 0..20 {
        let name = format!("still{n}");
        make(&store, &name).await;
        assert!(lists(&store, &name).await, "{name}");
    }
    assert!(told(&store).passed_over > before.passed_over);
    assert_eq!(told(&store).reads, before.reads);
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    replica.sql("postgres", "SELECT pg_wal_replay_resume()").unwrap();
    becomes(&store, ReplicaState::Usable).await;
    wait_until("reads of the replica", LIMIT, async || {
        assert!(lists(&store, "still19").await);
        (told(&store).reads > before.reads).then_some(())
    })
    .await
    .unwrap();

    // One that is killed is missed by nobody.
    let listing = {
        let store = store.clone();
        tokio::spawn(async move {
            for _ in 0..200 {
                assert!(lists(&store, "still0").await);
            }
        })
    };
    replica.crash().unwrap();
    listing.await.unwrap();
    assert!(lists(&store, "still1").await);
    becomes(&store, ReplicaState::Away).await;
    replica.run().unwrap();
    becomes(&store, ReplicaState::Usable).await;
    assert!(lists(&store, "still2").await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_replica_is_not_read_from() {
    let postgres = Postgres::start(false).unwrap();
    let url = postgres.database("lockstep", None).unwrap();
    let plain = connect(&url, &[]).await;
    set_up(&plain).await;
    // Another database, with a tenant of its own; and the primary itself.
    let other = Postgres::start(false).unwrap();
    let elsewhere = other.database("lockstep", None).unwrap();
    set_up(&connect(&elsewhere, &[]).await).await;
    let mut away = other.replica().unwrap();
    let strangers = [elsewhere, url.clone(), away.url("lockstep")];
    let store = connect(&url, &strangers).await;
    wait_until("all of them to be looked at", LIMIT, async || {
        let states: Vec<_> = store.replicas().into_iter().map(|one| one.state).collect();
        (states == [ReplicaState::Stranger; 3]).then_some(())
    })
    .await
    .unwrap();
    make(&store, "here").await;
    assert!(lists(&store, "here").await);
    assert!(store.replicas().iter().all(|one| one.reads == 0));
    away.crash().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_leads_and_another_takes_over() {
    let postgres = Postgres::start(false).unwrap();
    let url = postgres.database("lockstep", None).unwrap();
    // One that never asks takes no part.
    let bystander = connect(&url, &[]).await;
    set_up(&bystander).await;
    let (one, two) = (connect(&url, &[]).await, connect(&url, &[]).await);
    let leader = wait_until("one to lead", LIMIT, async || match (one.leads(), two.leads()) {
        (true, true) => panic!("both lead"),
        (true, false) => Some(0),
        (false, true) => Some(1),
        (false, false) => None,
    })
    .await
    .unwrap();
    let (first, second) = if leader == 0 { (one, two) } else { (two, one) };
    // Its connection is cut: it leads no more, and takes the lock again, or the other does.
    let cut =
        "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND classid = 1280527361";
    assert_eq!(postgres.sql("lockstep", cut).unwrap(), "t");
    wait_until("one to lead again", LIMIT, async || (first.leads() != second.leads()).then_some(()))
        .await
        .unwrap();
    // It is gone.
    let (stays, goes) = if first.leads() { (second, first) } else { (first, second) };
    let began = Instant::now();
    drop(goes);
    wait_until("the other to lead", LIMIT, async || stays.leads().then_some(())).await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
}

//! The tenants of a server whose databases are files: the contract of their registry, how many are open, what is left by
//! processes that ended in the middle.

// Clippy's leave for tests does not reach the functions that tests share.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
// The contract of a tenant's store is run by other files.
#![allow(dead_code, unused_macros, unused_imports)]

#[macro_use]
mod contract;

use contract::tenants::second;
use contract::*;
use lockstep_storage::{SqliteTenants, TenantsOptions};
use lockstep_tenant::{StoreError, TenantRegistry};
use std::path::Path;
use std::time::Duration;

fn open(folder: &Path, most_open: usize, idle: Duration) -> SqliteTenants {
    SqliteTenants::open(folder, TenantsOptions { most_open, idle }).unwrap()
}

macro_rules! registry {
    ($($name:ident),*) => {
        $(#[tokio::test]
        async fn $name() {
            let folder = tempfile::tempdir().unwrap();
            let registry = open(folder.path(), 2, Duration::from_secs(600));
            contract::tenants::$name(&registry).await;
        })*
    };
}

registry!(they_come_and_go, a_domain_is_one_tenants, a_race_for_a_domain, nothing_is_seen_across);

/// 200 tenants, one after another and many at once: no more files are open than were allowed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn few_are_open_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path(), 8, Duration::from_secs(600));
    registry.set_up_first(setup(), at(0)).await.unwrap();
    let mut ids = Vec::new();
    for number in 0..200 {
        let setup = second(&format!("T{number}"), &format!("t{number}.example"));
        ids.push(registry.create(setup, at(1)).await.unwrap().id);
        assert!(registry.open_now() <= 9, "{} are open after {number}", registry.open_now());
    }
    // Stores stay usable however often their files were closed.
    let mut stores = Vec::new();
    for id in &ids {
        stores.push(registry.open(*id).await.unwrap().unwrap());
    }
    for round in 0..2 {
        for (number, store) in stores.iter().enumerate() {
            assert_eq!(store.organization().await.unwrap().display_name, format!("T{number}"), "{round}");
            assert!(registry.open_now() <= 9, "{} are open", registry.open_now());
        }
    }
    let asked = stores.iter().map(|store| async move { store.counts().await.unwrap().users });
    assert_eq!(futures_util::future::join_all(asked).await, vec![0; 200]);
    assert!(registry.open_now() <= 9, "{} are open", registry.open_now());
    // Files that nobody holds are closed by the system's own count.
    let held = || {
        let links = std::fs::read_dir("/proc/self/fd")
            .unwrap()
            .filter_map(|fd| std::fs::read_link(fd.unwrap().path()).ok());
        let inside: std::collections::BTreeSet<_> =
            links.filter(|path| path.starts_with(folder.path()) && path.ends_with("tenant.db")).collect();
        inside.len()
    };
    lockstep_tests::wait_until("files to be closed", Duration::from_secs(20), async || {
        (held() <= 9).then_some(())
    })
    .await
    .unwrap();
}

/// What nobody uses is closed, and the first stays.
#[tokio::test]
async fn what_is_idle_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path(), 8, Duration::ZERO);
    registry.set_up_first(setup(), at(0)).await.unwrap();
    let id = registry.create(second("Two", "two.example"), at(1)).await.unwrap().id;
    let store = registry.open(id).await.unwrap().unwrap();
    store.counts().await.unwrap();
    registry.close_idle();
    assert_eq!(registry.open_now(), 1);
    assert_eq!(store.organization().await.unwrap().id, id);
}

/// A domain that a process claimed and did not verify is free once the tenant is opened; one that is verified and was not
/// written down leads there.
#[tokio::test]
async fn what_was_left_in_the_middle() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tenants.db");
    let id = {
        let registry = open(folder.path(), 8, Duration::from_secs(600));
        registry.set_up_first(setup(), at(0)).await.unwrap();
        registry.create(second("Two", "two.example"), at(1)).await.unwrap().id
    };
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.execute("INSERT INTO verified_domain (name, tenant) VALUES ('half.example', 2)", ()).unwrap();
    connection.execute("DELETE FROM verified_domain WHERE name = 'two.example'", ()).unwrap();
    // One that was never finished.
    let unfinished = lockstep_model::TenantId::generate(at(1));
    connection
        .execute(
            "INSERT INTO tenant (id, created_at, state) VALUES (?1, 0, 1)",
            [unfinished.0.as_bytes().as_slice()],
        )
        .unwrap();
    let left = SqliteTenants::file(folder.path(), unfinished, false);
    std::fs::create_dir_all(left.parent().unwrap()).unwrap();
    std::fs::write(&left, "").unwrap();
    drop(connection);

    let registry = open(folder.path(), 8, Duration::from_secs(600));
    assert_eq!(registry.list().await.unwrap().len(), 2);
    assert_eq!(registry.by_id(unfinished).await.unwrap(), None);
    registry.open(id).await.unwrap().unwrap().counts().await.unwrap();
    assert_eq!(registry.by_domain("half.example".into()).await.unwrap(), None);
    assert_eq!(registry.by_domain("two.example".into()).await.unwrap().unwrap().id, id);
    registry.create(second("Three", "three.example"), at(9)).await.unwrap();
    assert!(!left.exists(), "what was begun and not finished is cleared away");
}

/// A tenant's file that was removed does not come back empty.
#[tokio::test]
async fn what_is_gone_stays_gone() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path(), 8, Duration::from_secs(600));
    registry.set_up_first(setup(), at(0)).await.unwrap();
    let id = registry.create(second("Two", "two.example"), at(1)).await.unwrap().id;
    let store = registry.open(id).await.unwrap().unwrap();
    let file = SqliteTenants::file(folder.path(), id, false);
    assert!(file.exists());
    registry.delete(id).await.unwrap();
    assert!(!file.exists());
    assert!(matches!(store.counts().await, Err(StoreError::Closed)), "{:?}", store.counts().await);
    assert!(!file.exists());
}

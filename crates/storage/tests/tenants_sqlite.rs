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
use lockstep_tenant::{DomainChange, StoreError, TenantRegistry};
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

/// A change of domains whose caller goes away in the middle is done to the end: what is not verified leads nowhere.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_of_domains_outlives_who_asked() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path(), 8, Duration::from_secs(600));
    let (first, contoso) = registry.set_up_first(setup(), at(0)).await.unwrap();
    let leads = async |name: &str| registry.by_domain(name.into()).await.unwrap().map(|entry| entry.id);
    let change = |name: &str, change| first.change_domain(name.into(), change, at(1));
    for name in ["one.example", "two.example", "three.example"] {
        change(name, DomainChange::Add).await.unwrap().unwrap();
        change(name, DomainChange::Verify).await.unwrap().unwrap();
        first.recalculate_domains(at(1)).await.unwrap();
        assert_eq!(leads(name).await, Some(contoso.id));
        {
            let gone = change(name, DomainChange::Delete);
            futures_util::pin_mut!(gone);
            // Begun, and given up.
            assert!(futures_util::poll!(gone).is_pending());
        }
        lockstep_tests::wait_until("the domain to lead nowhere", Duration::from_secs(20), async || {
            leads(name).await.is_none().then_some(())
        })
        .await
        .unwrap();
    }
}

/// Who opens a tenant while another process changes its domains leaves them to that process, and who changes them waits.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn domains_that_another_process_changes() {
    let folder = tempfile::tempdir().unwrap();
    let id = {
        let registry = open(folder.path(), 8, Duration::from_secs(600));
        registry.set_up_first(setup(), at(0)).await.unwrap();
        registry.create(second("Two", "two.example"), at(1)).await.unwrap().id
    };
    let lock = SqliteTenants::file(folder.path(), id, false).with_file_name("domains.lock");
    let lock = std::fs::File::open(lock).unwrap();
    lock.lock().unwrap();
    // It was claimed there, and is not verified yet.
    let connection = rusqlite::Connection::open(folder.path().join("tenants.db")).unwrap();
    connection.execute("INSERT INTO verified_domain (name, tenant) VALUES ('half.example', 2)", ()).unwrap();
    let registry = open(folder.path(), 8, Duration::from_secs(600));
    let store = registry.open(id).await.unwrap().unwrap();
    store.counts().await.unwrap();
    assert_eq!(registry.by_domain("half.example".into()).await.unwrap().unwrap().id, id);
    let change = store.change_domain("more.example".into(), DomainChange::Add, at(2));
    futures_util::pin_mut!(change);
    assert!(tokio::time::timeout(Duration::from_millis(200), &mut change).await.is_err(), "it waits");
    drop(lock);
    tokio::time::timeout(Duration::from_secs(20), change).await.unwrap().unwrap().unwrap();
    assert_eq!(registry.by_domain("half.example".into()).await.unwrap(), None, "nobody was at it any more");
}

/// Openings that are given up go on, and others find what they opened.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_opening_outlives_who_asked() {
    let folder = tempfile::tempdir().unwrap();
    let id = {
        let registry = open(folder.path(), 1, Duration::from_secs(600));
        registry.set_up_first(setup(), at(0)).await.unwrap();
        registry.create(second("Two", "two.example"), at(1)).await.unwrap().id
    };
    let registry = open(folder.path(), 1, Duration::ZERO);
    let store = registry.open(id).await.unwrap().unwrap();
    {
        let counts = store.counts();
        futures_util::pin_mut!(counts);
        assert!(futures_util::poll!(counts).is_pending());
    }
    // What is being opened is not idle.
    let path = SqliteTenants::file(folder.path(), id, false);
    let held = || {
        let links = std::fs::read_dir("/proc/self/fd").unwrap();
        links
            .filter_map(|fd| std::fs::read_link(fd.unwrap().path()).ok())
            .filter(|link| *link == path)
            .count()
    };
    lockstep_tests::wait_until("the file to be open", Duration::from_secs(20), async || {
        (held() > 0).then_some(())
    })
    .await
    .unwrap();
    assert_eq!(store.counts().await.unwrap().users, 0);
}

/// What a server that ended in the middle of a deletion left is cleared away, and its domains are free before that.
#[tokio::test]
async fn what_was_half_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let registry = open(folder.path(), 8, Duration::from_secs(600));
    registry.set_up_first(setup(), at(0)).await.unwrap();
    let id = registry.create(second("Two", "two.example"), at(1)).await.unwrap().id;
    let file = SqliteTenants::file(folder.path(), id, false);
    let own = file.parent().unwrap();
    std::fs::rename(own, folder.path().join("aside")).unwrap();
    std::fs::write(own, "no folder: it cannot be removed as one").unwrap();
    registry.delete(id).await.unwrap_err();
    assert!(registry.list().await.unwrap()[1].is_going);
    assert!(registry.open(id).await.unwrap().is_none());
    let again = registry.create(second("Two", "two.example"), at(2)).await.unwrap().id;
    assert_eq!(registry.by_domain("two.example".into()).await.unwrap().unwrap().id, again);
    std::fs::remove_file(own).unwrap();
    std::fs::rename(folder.path().join("aside"), own).unwrap();
    registry.tidy(at(3)).await.unwrap();
    assert!(!own.exists());
    assert_eq!(registry.list().await.unwrap().len(), 2);
    assert_eq!(registry.by_domain("two.example".into()).await.unwrap().unwrap().id, again);
}

//! The contract of a tenant's store, run against SQLite; and what only a file can show: reopening, a crash.

// Clippy's leave for tests does not reach the functions that tests share.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[macro_use]
mod contract;

use contract::changes::{followed, step};
use contract::properties::{any_changes, any_order, change, idempotent};
use contract::*;
use lockstep_storage::SqliteTenantStore;
use lockstep_storage::sqlite::{Durability, Options};
use proptest::prelude::*;
use std::path::Path;

fn open(folder: &Path) -> SqliteTenantStore {
    SqliteTenantStore::open(&folder.join("tenant.db")).unwrap()
}

/// A store in a folder of its own; the folder goes with the guard.
async fn fresh() -> (SqliteTenantStore, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    // These tests end no machine: they need not wait for the disk.
    let options = Options { durability: Durability::ProcessEnd, readers: 1, ..Options::default() };
    let store = SqliteTenantStore::open_with(&folder.path().join("tenant.db"), &options).unwrap();
    store.set_up(setup(), at(0)).await.unwrap();
    (store, folder)
}

macro_rules! contract {
    ($($module:ident: $($name:ident),* $(,)?);* $(;)?) => {
        $(mod $module {
            $(#[tokio::test]
            async fn $name() {
                let (store, _folder) = super::fresh().await;
                super::contract::$module::$name(store).await;
            })*
        })*
    };
}

every_case!(contract);

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// Each case makes a database or two: few by default, more where `PROPTEST_CASES` asks for them.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(48)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_changes_keep_the_invariants(
        batches in proptest::collection::vec(proptest::collection::vec(change(), 1..6), 1..8),
    ) {
        block_on(async {
            let (store, _folder) = fresh().await;
            any_changes(store, batches).await;
        });
    }

    #[test]
    fn a_follower_of_changes_has_what_is_there(
        steps in proptest::collection::vec((proptest::collection::vec(change(), 0..5), step(), any::<bool>()), 1..10),
        top in 1_usize..5,
    ) {
        block_on(async {
            let (store, _folder) = fresh().await;
            followed(store, steps, top).await;
        });
    }

    #[test]
    fn a_batch_sent_twice_is_a_batch_sent_once(changes in proptest::collection::vec(change(), 1..20)) {
        block_on(async {
            let (store, _folder) = fresh().await;
            idempotent(store, changes).await;
        });
    }

    #[test]
    fn order_does_not_matter_where_nothing_competes(
        changes in proptest::collection::vec(change(), 1..20),
        shuffled in proptest::collection::vec(any::<usize>(), 20),
    ) {
        block_on(async {
            let ((left, _one), (right, _two)) = (fresh().await, fresh().await);
            any_order(left, right, changes, shuffled).await;
        });
    }
}

#[tokio::test]
async fn what_was_written_is_there_after_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    store.set_up(setup(), at(0)).await.unwrap();
    let ops = [
        Sent::user("ann").post(),
        Sent::user("twin").mail("ann@contoso.com").post(),
        Sent::group("g").post(),
    ];
    send(&store, &ops, at(0)).await;
    send(&store, &[members("g", &["ann", "later"], &[])], at(1)).await;
    let (picture, counts) = (properties::picture(&store).await, store.counts().await.unwrap());
    drop(store);
    let store = open(folder.path());
    assert_eq!(properties::picture(&store).await, picture);
    assert_eq!(store.counts().await.unwrap(), counts);
    check_invariants(&store).await;
    send(&store, &[Sent::user("ann").delete(), Sent::user("later").post()], at(2)).await;
    assert_eq!(told(&store).await, Vec::<String>::new());
    check_invariants(&store).await;
}

/// The child of the crash test: loads batch after batch and says on a pipe which were answered.
#[tokio::test]
async fn crash_child() {
    let Ok(folder) = std::env::var("LOCKSTEP_CRASH_FOLDER") else { return };
    let store = open(Path::new(&folder));
    store.set_up(setup(), at(0)).await.unwrap();
    for batch in 0_i64.. {
        let mut operations: Vec<_> = (0..20).map(|n| Sent::user(&format!("b{batch}-{n}")).post()).collect();
        operations.push(Sent::group(&format!("g{batch}")).post());
        operations.push(members(
            &format!("g{batch}"),
            &[&format!("b{batch}-0"), &format!("b{batch}-19")],
            &[],
        ));
        send(&store, &operations, at(batch)).await;
        use std::io::Write;
        let mut out = std::io::stdout();
        writeln!(out, "answered {batch}").unwrap();
        out.flush().unwrap();
    }
}

#[tokio::test]
async fn after_a_crash_every_answered_batch_is_there_and_no_half_one() {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};
    let folder = tempfile::tempdir().unwrap();
    let mut answered = None;
    // Killed again and again in one file: recovery must work on what recovery left.
    for round in 1..=3_u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["crash_child", "--exact", "--nocapture"])
            .env("LOCKSTEP_CRASH_FOLDER", folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut seen = 0;
        while seen < 7 * round {
            let line = lines.next().expect("the child goes on until it is killed").unwrap();
            if let Some(number) = line.split("answered ").nth(1) {
                answered = answered.max(number.trim().parse::<u64>().ok());
                seen += 1;
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();
        // What it said between the last line read and the kill.
        for line in lines.map_while(Result::ok) {
            if let Some(number) = line.split("answered ").nth(1) {
                answered = answered.max(number.trim().parse::<u64>().ok());
            }
        }
    }
    let store = open(folder.path());
    let counts = store.counts().await.unwrap();
    let whole = counts.groups;
    assert!(whole > answered.unwrap(), "{whole} batches are there, {answered:?} was the last answered");
    assert_eq!((counts.users, counts.memberships), (whole * 20, whole * 2));
    assert_eq!(store.counts().await.unwrap(), contract::counted(&store).await);
    let users = list(&store, lockstep_tenant::ListQuery { top: 999, ..Default::default() }).await;
    assert_eq!(users.len() as u64, whole * 21);
}

#[tokio::test]
async fn after_a_restore() {
    let (store, _folder) = fresh().await;
    contract::leases::after_a_restore(&store, async || store.mark_restored(at(5)).await.unwrap()).await;
    let (store, _folder) = fresh().await;
    let mark = async || store.mark_restored(at(5)).await.unwrap();
    contract::leases::restored_before_any_lease(&store, mark).await;
}

/// A copy is one state of a file that is written to, says what it holds, and is a tenant like any other once it is made
/// ready.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn copies_are_made_while_batches_are_written() {
    use lockstep_storage::sqlite::backup;
    let (store, folder) = fresh().await;
    let name = |n: i64, m: i64| format!("u{n}-{m}");
    let writing = {
        let store = store.clone();
        tokio::spawn(async move {
            for n in 0..60 {
                let batch: Vec<_> = (0..10).map(|m| Sent::user(&name(n, m)).post()).collect();
                send(&store, &batch, at(n)).await;
            }
        })
    };
    let mut seen = Vec::new();
    while seen.len() < 5 {
        let (from, to) = (store.path().to_owned(), folder.path().join(format!("copy{}.db", seen.len())));
        let copied = to.clone();
        tokio::task::spawn_blocking(move || backup::copy(&from, &copied)).await.unwrap().unwrap();
        let contents = backup::contents(&to).unwrap();
        assert_eq!(contents.users % 10, 0, "half a batch: {contents:?}");
        assert_eq!(contents.display_name, "Contoso");
        seen.push(contents.users);
    }
    writing.await.unwrap();
    assert!(seen.is_sorted(), "{seen:?}");
    let last = folder.path().join("copy4.db");
    backup::prepare(&last, at(100)).unwrap();
    assert!(!folder.path().join("copy4.db-wal").exists(), "one file is all of it");
    let copy = SqliteTenantStore::open(&last).unwrap();
    assert_eq!(copy.counts().await.unwrap().users, seen[4]);
    assert_eq!(copy.organization().await.unwrap().id, store.organization().await.unwrap().id);
    check_invariants(&copy).await;
    let twice = backup::copy(store.path(), &last).unwrap_err();
    assert!(matches!(twice, backup::BackupError::Write { .. }), "{twice:?}");
}

//! The contract of a tenant's store, run against SQLite; and what only a file can show: reopening, a crash.

// Clippy's leave for tests does not reach the functions that tests share.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

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

contract! {
    domains: what_refers_is_named, renamed_by_force, once_synced_is_renamed_by_force, names_follow_in_pages;
    matching: makes_updates_and_leaves_alone, deletes_and_restores_with_the_same_id, deleting_nothing_does_no_harm,
        soft_match_takes_over_by_the_primary_address, a_synced_object_is_not_taken_over, another_kind_is_refused,
        case_is_no_conflict_with_oneself, managers_in_any_order, off_and_on_again;
    quarantine: the_second_waits_and_gets_it_when_it_is_free, a_person_and_a_group, a_queue_moves_up,
        names_are_those_of_today, wrong_values_are_left_out, domains_come_and_go, a_sweep_has_nothing_to_do,
        a_placeholder_stays;
    links: links_wait_for_both_ends, changes_of_members_can_be_sent_twice, a_restored_group_begins_empty,
        rings_are_reported_and_end, links_that_stay_open_are_reported, purged_objects_are_gone;
    lists: filters, search, orders_and_pages, ids_grow, errors_are_listed;
    status: set_up_again, reports, runs, client_errors;
    directory: a_life_in_the_cloud, values_of_others_are_refused, what_is_synced_is_the_directorys,
        members_and_managers, owners_of_groups, versions_guard, restores_with_conflicts, found_by_external_id, a_taken_over_group,
        purged_for_good;
    kinds: contacts_and_devices, addresses_are_shared_by_all_kinds, a_contact_is_taken_over;
    changes: told_one_by_one, a_large_group, what_cannot_be_told;
    access: tokens, users_and_sessions, links;
    leases: a_stale_epoch_writes_nothing, sources_have_leases_of_their_own, of_many_one_wins;
    history: every_change_of_an_object, what_was_refused, memberships, found_by_what_it_says, by_run_and_time,
        kept_by_age_and_size, outlives_its_object;
}

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

//! The contract of [`StateStore`], for every implementation.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of tests fails as a test does"
)]

use lockstep_model::plan::DeleteReason;
use lockstep_model::provisioning::PendingCounts;
use lockstep_model::{Fingerprint, ObjectKind, SourceAnchor, Timestamp};
use lockstep_storage::SqliteStateStore;
use lockstep_sync::state::*;
use lockstep_sync::{CsId, KeyHash, codec};
use std::sync::Arc;

fn anchor(text: &str) -> SourceAnchor {
    SourceAnchor::new(text).unwrap()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn raw(dn: &str) -> Vec<u8> {
    codec::encode(dn, &lockstep_model::Attributes::new())
}

fn user(name: &str) -> Upsert {
    Upsert {
        unsettled: false,
        links_only: false,
        id: None,
        anchor: anchor(name),
        kind: Some(ObjectKind::User),
        raw: raw(name),
        index: IndexChange { keys_added: vec![key(name)], ..IndexChange::default() },
    }
}

/// Stands in for the keyed hash of a name.
fn key(name: &str) -> KeyHash {
    KeyHash(name.bytes().fold(7, |hash: i64, byte| hash.wrapping_mul(31).wrapping_add(i64::from(byte))))
}

fn all(members: Vec<CsId>) -> MembersOutcome {
    MembersOutcome::All { members, unresolved: Vec::new() }
}

fn written(id: CsId, kind: ObjectKind, settled: bool) -> Outcome {
    Outcome::Written {
        id,
        kind,
        name: format!("object {}", id.0),
        fingerprint: Fingerprint([1; 16]),
        manager: None,
        settled,
    }
}

struct Store {
    state: Arc<dyn StateStore>,
    path: std::path::PathBuf,
    _folder: tempfile::TempDir,
}

fn store() -> Store {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    Store { state: Arc::new(SqliteStateStore::open(&path).unwrap()), path, _folder: folder }
}

async fn put(state: &Arc<dyn StateStore>, upserts: Vec<Upsert>) -> Vec<CsId> {
    state.apply(Batch { upserts, ..Batch::default() }).await.unwrap()
}

async fn pending(state: &Arc<dyn StateStore>, stage: Stage) -> Vec<String> {
    let rows = state.pending(stage, CsId(0), 100).await.unwrap();
    rows.into_iter().map(|row| row.anchor.as_str().to_owned()).collect()
}

#[tokio::test]
async fn numbers_come_in_the_order_of_the_question_and_never_twice() {
    let Store { state, .. } = &store();
    let ids = put(state, vec![user("c"), user("a"), user("b")]).await;
    let found = state.find(vec![anchor("c"), anchor("x"), anchor("a"), anchor("b")]).await.unwrap();
    assert_eq!(found, [Some((ids[0], false)), None, Some((ids[1], false)), Some((ids[2], false))]);
    let last = *ids.iter().max().unwrap();
    let removal = Removal { id: last, reason: DeleteReason::DeletedInSource, index: IndexChange::default() };
    state.apply(Batch { removals: vec![removal], ..Batch::default() }).await.unwrap();
    assert_eq!(state.counts().await.unwrap().entries, 2);
    let new = put(state, vec![user("d")]).await;
    assert!(new[0] > last, "sets of members are kept as numbers: one of them must not mean another object");
}

#[tokio::test]
async fn the_facts_are_committed_with_the_batch_and_survive() {
    let Store { state, path, _folder } = store();
    let meta = Meta { hash_key: [u64::MAX, 3], paused: true, last_import: Some(at(5)), ..Meta::default() };
    state
        .apply(Batch { upserts: vec![user("a")], meta: Some(meta.clone()), ..Batch::default() })
        .await
        .unwrap();
    drop(state);
    // The thread that writes ends in its own time; until then the lock is free already.
    let again = SqliteStateStore::open(&path).unwrap();
    assert_eq!(again.meta().await.unwrap(), meta);
    assert_eq!(again.counts().await.unwrap().entries, 1);
}

#[tokio::test]
async fn what_is_confirmed_is_pending_no_more_and_again_after_a_change() {
    let Store { state, .. } = &store();
    let ids = put(state, vec![user("a"), user("b")]).await;
    assert_eq!(pending(state, Stage::Users).await, ["a", "b"]);
    state.record(vec![written(ids[0], ObjectKind::User, true)], at(1)).await.unwrap();
    assert_eq!(pending(state, Stage::Users).await, ["b"]);
    assert_eq!(state.counts().await.unwrap().held[&ObjectKind::User], 1);
    let mut change = user("a");
    change.id = Some(ids[0]);
    change.raw = raw("a2");
    put(state, vec![change.clone()]).await;
    change.raw = raw("a3");
    put(state, vec![change]).await;
    let row = state.pending(Stage::Users, CsId(0), 1).await.unwrap().remove(0);
    assert_eq!(row.raw, raw("a3"));
    assert_eq!(
        row.confirmed.unwrap().raw,
        Some(raw("a")),
        "the entry that was confirmed, not the one between"
    );
    state.record(vec![Outcome::Settled { id: ids[0] }], at(2)).await.unwrap();
    assert_eq!(pending(state, Stage::Users).await, ["b"]);
}

#[tokio::test]
async fn what_other_rules_say_of_an_entry_leaves_its_words_alone() {
    let Store { state, .. } = &store();
    let ids = put(state, vec![user("a"), user("b"), user("c")]).await;
    let all = ids.iter().map(|id| written(*id, ObjectKind::User, true)).collect();
    state.record(all, at(1)).await.unwrap();
    state.clear_indexes().await.unwrap();
    let renamed = |at: usize, kind, name: &str| Renamed {
        id: ids[at],
        was: Some(ObjectKind::User),
        kind,
        index: IndexChange { keys_added: vec![key(name)], ..IndexChange::default() },
        unsettled: false,
    };
    let same = renamed(0, Some(ObjectKind::User), "a2");
    let out = renamed(1, None, "b");
    state.apply(Batch { renamed: vec![same, out], ..Batch::default() }).await.unwrap();

    let rows = state.pending(Stage::Users, CsId(0), 10).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.id).collect::<Vec<_>>(), ids[..1], "c was not named");
    assert_eq!(rows[0].raw, raw("a"));
    assert_eq!(rows[0].confirmed.as_ref().unwrap().raw, None, "what was confirmed is what is there");
    let going = state.deletions(CsId(0), 10).await.unwrap();
    assert_eq!(going.iter().map(|row| (row.id, row.remains)).collect::<Vec<_>>(), [(ids[1], true)]);
    let means = state.resolve(vec![key("a"), key("a2"), key("b")]).await.unwrap();
    assert_eq!(means[0], None);
    assert_eq!(means[1], Some(Target { id: ids[0], kind: Some(ObjectKind::User) }));
    assert_eq!(means[2], Some(Target { id: ids[1], kind: None }));
    assert_eq!(state.counts().await.unwrap().entries, 3);
}

#[tokio::test]
async fn a_key_that_comes_or_goes_makes_its_referrers_pending() {
    let Store { state, .. } = &store();
    let mut group = user("g");
    group.kind = Some(ObjectKind::Group);
    group.index.references_added = vec![key("late"), key("a")];
    let ids = put(state, vec![group, user("a")]).await;
    let done = vec![
        written(ids[0], ObjectKind::Group, false),
        Outcome::Members { id: ids[0], members: all(vec![ids[1]]), settled: true },
        written(ids[1], ObjectKind::User, true),
    ];
    state.record(done, at(1)).await.unwrap();
    assert!(pending(state, Stage::Groups).await.is_empty());
    let mut late = user("late");
    late.index.touched = vec![key("late")];
    put(state, vec![late]).await;
    assert_eq!(pending(state, Stage::Groups).await, ["g"]);
    let row = state.pending(Stage::Groups, CsId(0), 1).await.unwrap().remove(0);
    assert_eq!(row.confirmed.unwrap().members, ConfirmedMembers::Known(vec![ids[1]]));
}

#[tokio::test]
async fn a_name_means_the_one_in_scope_with_the_lowest_anchor() {
    let Store { state, .. } = &store();
    let mut out = user("1-out");
    out.kind = None;
    out.index.keys_added = vec![key("same")];
    let mut second = user("3-second");
    second.index.keys_added = vec![key("same")];
    let mut first = user("2-first");
    first.index.keys_added = vec![key("same")];
    let ids = put(state, vec![out, second, first]).await;
    let found = state.resolve(vec![key("none"), key("same")]).await.unwrap();
    assert_eq!(found, [None, Some(Target { id: ids[2], kind: Some(ObjectKind::User) })]);
}

#[tokio::test]
async fn a_deletion_waits_is_counted_and_forgotten() {
    let Store { state, .. } = &store();
    let ids = put(state, vec![user("a"), user("b"), user("never")]).await;
    let done = ids[..2].iter().map(|id| written(*id, ObjectKind::User, true)).collect();
    state.record(done, at(1)).await.unwrap();
    let removals = ids
        .iter()
        .map(|id| Removal {
            id: *id,
            reason: DeleteReason::MissingFromFullRead,
            index: IndexChange { keys_removed: vec![key("a")], ..IndexChange::default() },
        })
        .collect();
    state.apply(Batch { removals, ..Batch::default() }).await.unwrap();
    let rows = state.deletions(CsId(0), 10).await.unwrap();
    let told: Vec<_> = rows.iter().map(|row| (row.anchor.as_str(), row.reason, row.approved)).collect();
    let why = DeleteReason::MissingFromFullRead;
    assert_eq!(told, [("a", why, false), ("b", why, false)], "one the target never had is just gone");
    assert_eq!(rows[0].dn.as_deref(), Some("a"));
    assert_eq!(state.resolve(vec![key("a")]).await.unwrap(), [None]);
    let wanted = PendingCounts { additions: 0, updates: 0, deletions: 2 };
    assert_eq!(state.pending_counts().await.unwrap(), wanted);
    state.approve_deletions().await.unwrap();
    assert!(state.deletions(CsId(0), 10).await.unwrap().iter().all(|row| row.approved));
    // One is back: its approval is void.
    let mut back = user("b");
    back.id = Some(ids[1]);
    put(state, vec![back]).await;
    state.record(vec![Outcome::Deleted { id: ids[0] }], at(100)).await.unwrap();
    assert!(state.deletions(CsId(0), 10).await.unwrap().is_empty());
    assert_eq!(state.deleted_since(at(50)).await.unwrap()[&ObjectKind::User], 1);
    assert!(state.deleted_since(at(101)).await.unwrap().is_empty());
    assert_eq!(state.counts().await.unwrap().held[&ObjectKind::User], 1);
    assert_eq!(state.find(vec![anchor("a")]).await.unwrap(), [None]);
}

#[tokio::test]
async fn another_kind_is_a_deletion_first() {
    let Store { state, .. } = &store();
    let ids = put(state, vec![user("a")]).await;
    state.record(vec![written(ids[0], ObjectKind::User, true)], at(1)).await.unwrap();
    let mut group = user("a");
    group.id = Some(ids[0]);
    group.kind = Some(ObjectKind::Group);
    put(state, vec![group]).await;
    assert!(pending(state, Stage::Groups).await.is_empty());
    assert_eq!(state.deletions(CsId(0), 10).await.unwrap()[0].kind, ObjectKind::User);
    state.record(vec![Outcome::Deleted { id: ids[0] }], at(2)).await.unwrap();
    assert_eq!(pending(state, Stage::Groups).await, ["a"]);
}

#[tokio::test]
async fn refused_objects_come_back_later_and_later() {
    let Store { state, .. } = &store();
    let ids = put(state, vec![user("a")]).await;
    let mut now = 1_000;
    let mut before = 0;
    for _ in 0..4 {
        state.record(vec![Outcome::Refused { id: ids[0] }], at(now)).await.unwrap();
        assert!(pending(state, Stage::Users).await.is_empty());
        assert_eq!(state.counts().await.unwrap().refused, 1);
        let due = state.retry_refused(Some(at(now))).await.unwrap().unwrap();
        let pause = due.as_second() - now;
        assert!(pause > before, "{pause} after {before}");
        (before, now) = (pause, due.as_second());
        assert_eq!(state.retry_refused(Some(due)).await.unwrap(), None);
        assert_eq!(pending(state, Stage::Users).await, ["a"]);
    }
    state.record(vec![Outcome::Refused { id: ids[0] }], at(now)).await.unwrap();
    let mut change = user("a");
    change.id = Some(ids[0]);
    put(state, vec![change]).await;
    assert_eq!(pending(state, Stage::Users).await, ["a"], "a change does not wait");
    assert_eq!(state.counts().await.unwrap().refused, 0);
}

#[tokio::test]
async fn containers_count_their_children() {
    let Store { state, .. } = &store();
    let mut ids = Vec::new();
    for name in ["a", "b"] {
        let mut one = user(name);
        one.index.joined = Some((key("ou"), "ou=x".into()));
        ids.extend(put(state, vec![one]).await);
    }
    let mut own = user("ou");
    own.kind = None;
    own.index.own = Some(key("ou"));
    let ou = put(state, vec![own]).await[0];
    let row = |children, vanished| Some(ContainerRow { dn: "ou=x".into(), children, vanished });
    assert_eq!(state.containers(vec![key("ou"), key("no")]).await.unwrap(), [row(2, false), None]);
    let gone = |id, index| Removal { id, reason: DeleteReason::MissingFromFullRead, index };
    let left = IndexChange { left: Some(key("ou")), ..IndexChange::default() };
    let vanished = IndexChange { own: Some(key("ou")), ..IndexChange::default() };
    let removals = vec![gone(ids[0], left), gone(ou, vanished)];
    state.apply(Batch { removals, ..Batch::default() }).await.unwrap();
    assert_eq!(state.containers(vec![key("ou")]).await.unwrap(), [row(1, true)]);
}

#[tokio::test]
async fn the_inventory_confirms_what_is_so_and_unsettles_the_rest() {
    let Store { state, .. } = &store();
    let mut group = user("g");
    group.kind = Some(ObjectKind::Group);
    let ids = put(state, vec![user("same"), user("other"), user("lost"), group]).await;
    let mut members = vec![ids[0], ids[1]];
    members.sort_unstable();
    let done = vec![
        written(ids[0], ObjectKind::User, true),
        written(ids[1], ObjectKind::User, true),
        written(ids[2], ObjectKind::User, true),
        written(ids[3], ObjectKind::Group, false),
        Outcome::Members { id: ids[3], members: all(members), settled: true },
    ];
    state.record(done, at(1)).await.unwrap();
    assert_eq!(state.counts().await.unwrap().pending, 0);
    let row = |name: &str, fingerprint, members: Option<&[&str]>| InventoryRow {
        anchor: anchor(name),
        kind: if members.is_some() { ObjectKind::Group } else { ObjectKind::User },
        name: name.into(),
        fingerprint: Fingerprint([fingerprint; 16]),
        members: members.map(|list| Fingerprint::of_members(list.iter().copied())),
    };
    let rows = vec![
        row("g", 1, Some(&["other", "same"])),
        row("other", 9, None),
        row("same", 1, None),
        row("stranger", 1, None),
    ];
    let seen = state.take_inventory(rows).await.unwrap();
    assert_eq!(pending(state, Stage::Users).await, ["other"]);
    assert!(pending(state, Stage::Groups).await.is_empty());
    assert_eq!(state.deletions(CsId(0), 10).await.unwrap()[0].anchor, anchor("stranger"));
    let confirmed = state.confirmed_ids(CsId(0), 10).await.unwrap();
    let lost: Vec<CsId> = confirmed.into_iter().filter(|id| !seen.contains(id)).collect();
    assert_eq!(lost, [ids[2]]);
    state.forget_confirmed(lost).await.unwrap();
    assert_eq!(pending(state, Stage::Users).await, ["lost", "other"]);
    assert_eq!(state.counts().await.unwrap().held[&ObjectKind::User], 3);
}

#[tokio::test]
async fn a_scratch_copy_is_private() {
    let store = store();
    put(&store.state, vec![user("a")]).await;
    let copy = store.state.scratch().await.unwrap();
    assert_eq!(pending(&copy, Stage::Users).await, ["a"]);
    put(&copy, vec![user("b")]).await;
    assert_eq!(pending(&store.state, Stage::Users).await, ["a"]);
    drop(copy);
    let files = std::fs::read_dir(store.path.parent().unwrap()).unwrap();
    let names: Vec<_> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    assert!(names.iter().all(|name| !name.contains("preview")), "{names:?}");
}

/// A batch large enough for a first load: users that refer to the next one.
fn many(from: usize, count: usize) -> Vec<Upsert> {
    let numbers = from..from + count;
    let with_reference = |n: usize| {
        let mut one = user(&format!("u{n:05}"));
        one.index.references_added = vec![key(&format!("u{:05}", n + 1))];
        one
    };
    numbers.map(with_reference).collect()
}

#[tokio::test]
async fn a_first_load_is_in_order_when_it_is_asked() {
    let Store { state, .. } = &store();
    let ids = put(state, many(0, 1_500)).await;
    let more: Vec<_> = (1_500..1_510).map(|n| anchor(&format!("u{n:05}"))).collect();
    assert!(state.lookup(more).await.unwrap().iter().all(Option::is_none));
    let rest = put(state, many(1_500, 10)).await;
    assert_eq!(state.counts().await.unwrap().entries, 1_510);
    // The first question that needs them finds the indexes in order.
    let found = state.resolve(vec![key("u00007"), key("u01505"), key("nobody")]).await.unwrap();
    let ids_found: Vec<_> = found.iter().map(|target| target.map(|target| target.id)).collect();
    assert_eq!(ids_found, [Some(ids[7]), Some(rest[5]), None]);
    // A name that comes makes pending who refers to it.
    let all: Vec<_> = ids.iter().chain(&rest).map(|id| written(*id, ObjectKind::User, true)).collect();
    state.record(all, at(1)).await.unwrap();
    let mut last = user("u01510");
    last.index.touched = vec![key("u01510")];
    put(state, vec![last]).await;
    assert_eq!(pending(state, Stage::Users).await, ["u01509", "u01510"]);
}

#[tokio::test]
async fn an_entry_named_twice_in_a_first_load_is_one() {
    let Store { state, .. } = &store();
    let ids = put(state, many(0, 1_000)).await;
    let held = state.lookup(vec![anchor("u00010"), anchor("new")]).await.unwrap();
    assert_eq!(held[0].as_ref().map(|held| held.id), Some(ids[10]));
    assert!(held[1].is_none());
    let changed =
        Upsert { id: Some(ids[10]), raw: raw("other"), index: IndexChange::default(), ..user("u00010") };
    assert_eq!(put(state, vec![changed, user("new")]).await[0], ids[10]);
    let held = state.lookup(vec![anchor("u00010")]).await.unwrap();
    assert_eq!(held[0].as_ref().map(|held| held.raw.clone()), Some(raw("other")));
    assert_eq!(state.counts().await.unwrap().entries, 1_001);
}

#[tokio::test]
async fn a_first_load_that_was_left_is_put_in_order_by_the_next_opening() {
    let Store { state, path, _folder } = store();
    let ids = put(&state, many(0, 1_000)).await;
    let copy = SqliteStateStore::open_copy(&path).unwrap();
    assert_eq!(copy.find(vec![anchor("u00500")]).await.unwrap(), [Some((ids[500], false))]);
    drop((state, copy));
    let again = SqliteStateStore::open(&path).unwrap();
    assert_eq!(
        again.find(vec![anchor("u00500"), anchor("x")]).await.unwrap(),
        [Some((ids[500], false)), None]
    );
    let found = again.resolve(vec![key("u00500")]).await.unwrap();
    assert_eq!(found[0].map(|target| target.id), Some(ids[500]));
}

/// A group of which the target confirmed as many members as make it large, and one that leads nowhere.
async fn large_group(state: &Arc<dyn StateStore>) -> (CsId, Vec<CsId>) {
    let people: Vec<String> = (0..LARGE_GROUP + 2).map(|n| format!("p{n:04}")).collect();
    let mut group = user("zz");
    group.kind = Some(ObjectKind::Group);
    group.index.references_added = people.iter().map(|name| key(name)).chain([key("nowhere")]).collect();
    let mut all_of_them: Vec<Upsert> = people.iter().map(|name| user(name)).collect();
    all_of_them.push(group);
    let mut ids = put(state, all_of_them).await;
    let group = ids.pop().unwrap();
    ids.sort_unstable();
    let mut done: Vec<Outcome> = ids.iter().map(|id| written(*id, ObjectKind::User, true)).collect();
    let members = MembersOutcome::All { members: ids.clone(), unresolved: vec![key("nowhere")] };
    done.push(written(group, ObjectKind::Group, false));
    done.push(Outcome::Members { id: group, members, settled: true });
    state.record(done, at(1)).await.unwrap();
    (group, ids)
}

async fn changed(state: &Arc<dyn StateStore>) -> Vec<(CsId, Vec<CsId>)> {
    let groups = state.changed_members(CsId(0), 10).await.unwrap();
    groups.into_iter().map(|group| (group.id, group.changed)).collect()
}

#[tokio::test]
async fn of_a_large_group_only_the_members_that_may_have_changed_are_looked_at() {
    let Store { state, .. } = &store();
    let (group, people) = large_group(state).await;
    assert!(changed(state).await.is_empty(), "nothing is pending");

    // One of them gets another name; the group refers to the old one until the directory corrects it.
    let mut renamed = user("p0002");
    renamed.id = Some(people[2]);
    renamed.raw = raw("new");
    renamed.index = IndexChange {
        keys_added: vec![key("new")],
        keys_removed: vec![key("p0002")],
        touched: vec![key("new"), key("p0002")],
        ..IndexChange::default()
    };
    put(state, vec![renamed]).await;
    assert_eq!(
        pending(state, Stage::WholeGroups).await,
        ["zz"],
        "a member leads nowhere: the group names it"
    );
    assert!(changed(state).await.is_empty());
    let members = people.iter().copied().filter(|id| *id != people[2]).collect::<Vec<_>>();
    let members = MembersOutcome::All { members, unresolved: vec![key("nowhere"), key("p0002")] };
    state.record(vec![Outcome::Members { id: group, members, settled: true }], at(2)).await.unwrap();

    // The group refers to somebody else beside: nothing but that is looked at, and its entry is not read.
    let joiner = put(state, vec![user("joiner")]).await[0];
    let mut with_joiner = user("zz");
    with_joiner.id = Some(group);
    with_joiner.kind = Some(ObjectKind::Group);
    with_joiner.raw = raw("zz, with one more");
    with_joiner.links_only = true;
    with_joiner.index = IndexChange { references_added: vec![key("joiner")], ..IndexChange::default() };
    put(state, vec![with_joiner.clone()]).await;
    assert_eq!(changed(state).await, [(group, vec![joiner])]);
    assert!(pending(state, Stage::WholeGroups).await.is_empty());
    assert_eq!(pending(state, Stage::Groups).await, ["zz"], "a preview sees it whole");
    let held = state.changed_members(CsId(0), 10).await.unwrap().remove(0).held;
    assert_eq!(held, people.len() as u64 - 1);
    let asked = vec![
        (joiner, vec![key("joiner")]),
        (people[0], vec![key("p0000")]),
        (people[1], vec![key("somebody else")]),
        (people[2], vec![key("new")]),
    ];
    let of = |wanted, confirmed| Membership { wanted, confirmed };
    let found = state.memberships(group, asked).await.unwrap();
    assert_eq!(found, [of(true, false), of(true, true), of(false, true), of(false, false)]);
    let members = MembersOutcome::Changed { added: vec![joiner], removed: vec![people[1]] };
    state.record(vec![Outcome::Members { id: group, members, settled: true }], at(3)).await.unwrap();
    assert!(changed(state).await.is_empty());
    let standing = state.standing(group).await.unwrap().unwrap();
    let mut left: Vec<CsId> =
        people.iter().copied().filter(|id| ![people[1], people[2]].contains(id)).collect();
    left.push(joiner);
    left.sort_unstable();
    assert_eq!(standing.row.confirmed.unwrap().members, ConfirmedMembers::Known(left));
    assert_eq!(standing.row.raw, raw("zz, with one more"));
}

#[tokio::test]
async fn what_more_than_members_may_have_changed_of_is_compared_whole() {
    let Store { state, .. } = &store();
    let (group, people) = large_group(state).await;
    let mut upsert = user("zz");
    upsert.id = Some(group);
    upsert.kind = Some(ObjectKind::Group);
    upsert.index = IndexChange::default();
    let settle = || async {
        let members = MembersOutcome::All { members: people.clone(), unresolved: vec![key("nowhere")] };
        let done = vec![
            written(group, ObjectKind::Group, false),
            Outcome::Members { id: group, members, settled: true },
        ];
        state.record(done, at(5)).await.unwrap();
        assert!(pending(state, Stage::Groups).await.is_empty());
    };
    let is_whole = || async {
        pending(state, Stage::KnownWholeGroups).await == ["zz"] && changed(state).await.is_empty()
    };

    put(state, vec![Upsert { raw: raw("another description"), ..upsert.clone() }]).await;
    assert!(is_whole().await, "its properties may be others");
    settle().await;
    let index = IndexChange { references_added: vec![key("nobody")], ..IndexChange::default() };
    put(state, vec![Upsert { links_only: true, index, ..upsert.clone() }]).await;
    assert!(is_whole().await, "a member that leads nowhere is an error of the group");
    settle().await;
    let mut found = user("nowhere");
    found.index.touched = vec![key("nowhere")];
    put(state, vec![found]).await;
    assert!(is_whole().await, "and its end is too");
    settle().await;
    state.take_up(group).await.unwrap();
    assert!(is_whole().await, "who asks wants to know");
    settle().await;
    state.forget_confirmed(vec![group]).await.unwrap();
    assert_eq!(pending(state, Stage::WholeGroups).await, ["zz"]);
    settle().await;
    // Marked by member, and then as a whole.
    let mut gone = user("p0001");
    gone.id = Some(people[1]);
    gone.kind = None;
    gone.index =
        IndexChange { keys_added: vec![key("p0001")], touched: vec![key("p0001")], ..IndexChange::default() };
    put(state, vec![gone]).await;
    assert!(is_whole().await, "out of scope it leads nowhere");
}

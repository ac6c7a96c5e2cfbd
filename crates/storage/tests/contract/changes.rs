//! What changed since a mark: a follower who applies every page has what is there.

use super::properties::Change;
use super::*;
use lockstep_model::ObjectId;
use lockstep_tenant::changes::{Changed, ChangesQuery, ObjectChange};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// A copy of the directory that knows nothing but what it was told.
#[derive(Default)]
struct Follower {
    mark: i64,
    given_at: Timestamp,
    objects: BTreeMap<ObjectId, Properties>,
    members: BTreeMap<ObjectId, BTreeSet<ObjectId>>,
}

impl Follower {
    /// Reads all that is there.
    async fn begin(store: &impl TenantStore, now: Timestamp) -> Self {
        let mark = store.change_mark().await.unwrap();
        let mut new = Self { mark, given_at: now, ..Self::default() };
        for object in everything(store).await {
            if object.kind == ObjectKind::Group {
                new.all_members(store, object.id).await;
            }
            new.objects.insert(object.id, object.properties);
        }
        new
    }

    async fn all_members(&mut self, store: &impl TenantStore, group: ObjectId) {
        let mut after = 0;
        loop {
            let (ids, next) = store.members_by_id(group, after, 2).await.unwrap();
            self.members.entry(group).or_default().extend(ids.into_iter().map(|(id, _)| id));
            match next {
                Some(next) => after = next,
                None => return,
            }
        }
    }

    /// Reads what changed; false where it must begin anew.
    async fn follow(&mut self, store: &impl TenantStore, top: usize, now: Timestamp) -> bool {
        let upto = store.change_mark().await.unwrap();
        let mut after = self.mark;
        loop {
            let given_at = self.given_at;
            let query = ChangesQuery { kind: None, after, given_at, upto, top, members: true };
            let Some(page) = store.changes(query).await.unwrap() else { return false };
            for change in page.items {
                self.apply(change);
            }
            if let Some(group) = page.all_members_of {
                self.all_members(store, group).await;
            }
            match page.next {
                Some(next) => {
                    assert!(next > after, "it gets on");
                    after = next;
                }
                None => break,
            }
        }
        (self.mark, self.given_at) = (upto, now);
        true
    }

    fn apply(&mut self, change: ObjectChange) {
        let ObjectChange { id, object, members, .. } = change;
        match object.filter(|object| object.deleted_at.is_none()) {
            None => {
                self.objects.remove(&id);
                self.members.remove(&id);
            }
            Some(object) => {
                self.objects.insert(id, object.properties);
                for member in members {
                    let known = self.members.entry(id).or_default();
                    let _ = if member.is_member { known.insert(member.id) } else { known.remove(&member.id) };
                }
            }
        }
    }

    async fn check(&self, store: &impl TenantStore) {
        let all = everything(store).await;
        let objects: BTreeMap<_, _> = all.iter().map(|o| (o.id, o.properties.clone())).collect();
        assert_eq!(self.objects, objects);
        for group in all.iter().filter(|object| object.kind == ObjectKind::Group) {
            let query = ListQuery { members_of: Some(group.id), top: 999, ..Default::default() };
            let there: BTreeSet<_> = list(store, query).await.into_iter().map(|member| member.id).collect();
            let told = self.members.get(&group.id).cloned().unwrap_or_default();
            assert_eq!(told, there, "members of {}", name_of(group));
        }
    }
}

/// What a person does in the cloud, to the n-th object there is.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Nothing,
    Make(bool),
    Rename(usize, u8),
    Delete(usize),
    Restore(usize),
    Purge(usize),
    Members(usize, usize, bool),
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        Just(Step::Nothing),
        any::<bool>().prop_map(Step::Make),
        (0_usize..9, any::<u8>()).prop_map(|(at, n)| Step::Rename(at, n)),
        (0_usize..9).prop_map(Step::Delete),
        (0_usize..9).prop_map(Step::Restore),
        (0_usize..9).prop_map(Step::Purge),
        (0_usize..9, 0_usize..9, any::<bool>()).prop_map(|(g, m, add)| Step::Members(g, m, add)),
    ]
}

async fn walk(store: &impl TenantStore, step: &Step, second: i64) {
    let living = everything(store).await;
    let deleted = list(store, ListQuery { deleted: true, top: 99, ..Default::default() }).await;
    let pick = |all: &[StoredObject], at: &usize| (!all.is_empty()).then(|| all[at % all.len()].id);
    let update = |id, changes| DirectoryOperation::Update { id, changes, expected: None };
    let operation = match step {
        Step::Nothing => None,
        Step::Make(user) => {
            let kind = if *user { ObjectKind::User } else { ObjectKind::Group };
            let mut changes = ObjectChanges::default();
            changes.set_text(Property::DisplayName, format!("cloud {second}"));
            if *user {
                changes.set_text(Property::UserPrincipalName, format!("cloud{second}@contoso.com"));
            }
            Some(DirectoryOperation::Create { kind, changes })
        }
        Step::Rename(at, n) => pick(&living, at).map(|id| {
            let mut changes = ObjectChanges::default();
            changes.set_text(Property::DisplayName, format!("name {n}"));
            update(id, changes)
        }),
        Step::Delete(at) => pick(&living, at).map(|id| DirectoryOperation::Delete { id, expected: None }),
        Step::Restore(at) => pick(&deleted, at).map(|id| DirectoryOperation::Restore {
            id,
            sign_in_name: None,
            drop_conflicting_addresses: true,
        }),
        Step::Purge(at) => pick(&deleted, at).map(|id| DirectoryOperation::Purge { id }),
        Step::Members(group, member, add) => {
            let groups: Vec<_> = living.iter().filter(|o| o.kind == ObjectKind::Group).cloned().collect();
            pick(&groups, group).zip(pick(&living, member)).map(|(group, member)| {
                let (on, off) = if *add { (vec![member], vec![]) } else { (vec![], vec![member]) };
                let members = MemberChanges::Change { add: on, remove: off, exact: false };
                update(group, ObjectChanges { members, ..Default::default() })
            })
        }
    };
    if let Some(operation) = operation {
        // A refusal is as good: what is synced, for one, is the directory's.
        let _ = store.write_directory(DirectoryWrite::by("someone", operation), at(second)).await;
    }
}

/// Whatever a directory and people do, in whatever portions a follower reads.
pub(crate) async fn followed(store: impl TenantStore, steps: Vec<(Vec<Change>, Step, bool)>, top: usize) {
    let mut follower = Follower::begin(&store, at(0)).await;
    for (number, (changes, step, reads)) in steps.iter().enumerate() {
        let second = number as i64 + 1;
        let operations: Vec<_> = changes.iter().map(Change::operation).collect();
        send(&store, &operations, at(second)).await;
        walk(&store, step, second).await;
        check_invariants(&store).await;
        if *reads {
            assert!(follower.follow(&store, top, at(second)).await);
            follower.check(&store).await;
        }
    }
    assert!(follower.follow(&store, top, at(99)).await);
    follower.check(&store).await;
}

fn since(mark: i64, upto: i64) -> ChangesQuery {
    ChangesQuery { after: mark, upto, top: 100, members: true, given_at: at(1), ..Default::default() }
}

/// Each object once, with what changed of it; deleted and purged ones told apart.
pub(crate) async fn told_one_by_one(store: impl TenantStore) {
    send(&store, &[Sent::user("ann").post(), Sent::user("bob").post(), Sent::group("g").post()], at(0)).await;
    let (ann, bob) = (get(&store, "ann").await.unwrap().id, get(&store, "bob").await.unwrap().id);
    let mark = store.change_mark().await.unwrap();
    let none = store.changes(since(mark, mark)).await.unwrap().unwrap();
    assert_eq!((none.items.len(), none.next), (0, None));
    send(&store, &[Sent::user("ann").text(Property::City, "Zug").post()], at(1)).await;
    send(
        &store,
        &[Sent::user("ann").text(Property::City, "Bern").text(Property::Country, "CH").post()],
        at(1),
    )
    .await;
    send(&store, &[members("g", &["ann", "bob"], &[]), members("g", &[], &["bob"])], at(1)).await;
    let upto = store.change_mark().await.unwrap();
    let page = store.changes(since(mark, upto)).await.unwrap().unwrap();
    let [first, second] = page.items.as_slice() else { panic!("{page:?}") };
    let names = ["city", "country"].map(str::to_owned).into();
    assert_eq!((first.id, &first.changed), (ann, &Changed::Names(names)));
    let links: Vec<_> = second.members.iter().map(|member| (member.id, member.is_member)).collect();
    assert_eq!(links, [(ann, true), (bob, false)]);
    assert_eq!(second.changed, Changed::Names(Default::default()));
    let users = ChangesQuery { kind: Some(ObjectKind::User), ..since(mark, upto) };
    assert_eq!(store.changes(users).await.unwrap().unwrap().items.len(), 1);
    let mark = upto;
    send(&store, &[Sent::user("ann").delete()], at(1)).await;
    let upto = store.change_mark().await.unwrap();
    let page = store.changes(since(mark, upto)).await.unwrap().unwrap();
    let gone = page.items.iter().find(|item| item.id == ann).unwrap();
    assert!(gone.object.as_ref().unwrap().deleted_at.is_some());
    let purge = DirectoryOperation::Purge { id: ann };
    store.write_directory(DirectoryWrite::by("root", purge), at(1)).await.unwrap();
    let upto = store.change_mark().await.unwrap();
    let page = store.changes(since(mark, upto)).await.unwrap().unwrap();
    assert_eq!(page.items.iter().find(|item| item.id == ann).unwrap().object, None);
}

/// More members than the history names: all are told; what went beyond that cannot be.
pub(crate) async fn a_large_group(store: impl TenantStore) {
    let names: Vec<String> = (0..250).map(|n| format!("u{n:03}")).collect();
    let all: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut sent: Vec<_> = names.iter().map(|name| Sent::user(name).post()).collect();
    sent.push(Sent::group("g").post());
    send(&store, &sent, at(0)).await;
    let mut follower = Follower::begin(&store, at(0)).await;
    send(&store, &[members("g", &all, &[])], at(1)).await;
    assert!(follower.follow(&store, 100, at(1)).await);
    follower.check(&store).await;
    send(&store, &[members("g", &[], &all[..90])], at(2)).await;
    assert!(follower.follow(&store, 100, at(2)).await);
    follower.check(&store).await;
    send(&store, &[members("g", &[], &all[90..])], at(3)).await;
    assert!(!follower.follow(&store, 100, at(3)).await, "160 went, 100 are named");
}

/// A history that does not reach back, or began anew; a change of everything at once.
pub(crate) async fn what_cannot_be_told(store: impl TenantStore) {
    send(&store, &[Sent::user("ann").post()], at(0)).await;
    let mark = store.change_mark().await.unwrap();
    send(&store, &[Sent::user("bob").post()], at(1)).await;
    let upto = store.change_mark().await.unwrap();
    assert!(store.changes(since(mark, upto)).await.unwrap().is_some());
    assert_eq!(store.changes(since(upto + 5, upto + 5)).await.unwrap(), None, "no such mark");
    store.set_sync_enabled(false, at(2)).await.unwrap();
    assert_eq!(store.changes(since(mark, upto)).await.unwrap(), None);
    let later = ChangesQuery { given_at: at(3), ..since(mark, upto) };
    assert!(store.changes(later.clone()).await.unwrap().is_some());
    store.purge_history(at(9), u64::MAX).await.unwrap();
    assert_eq!(store.changes(later).await.unwrap(), None);
    store.set_sync_enabled(true, at(10)).await.unwrap();
    let many: Vec<_> = (0..9).map(|n| Sent::user(&format!("n{n}")).post()).collect();
    send(&store, &many, at(1_000)).await;
    let again = ChangesQuery { given_at: at(3), ..since(mark, store.change_mark().await.unwrap()) };
    assert_eq!(store.changes(again).await.unwrap(), None, "the numbers began anew");
}

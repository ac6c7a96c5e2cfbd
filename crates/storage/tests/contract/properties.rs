//! Properties that hold for any changes: a batch sent twice is one sent once, the order of objects does not
//! matter where they do not compete, counts are exact, values unique, and what waits gets its turn.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// One random change.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    User { who: u8, mail: u8, upn: u8, manager: Option<u8> },
    Group { who: u8, mail: Option<u8> },
    Members { group: u8, add: Vec<u8>, remove: Vec<u8> },
    DeleteUser(u8),
    DeleteGroup(u8),
}

impl Change {
    pub(crate) fn operation(&self) -> BulkOperation {
        let name = |who: &u8| format!("o{who}");
        let many = |list: &[u8]| list.iter().map(name).collect::<Vec<_>>();
        match self {
            Self::User { who, mail, upn, manager } => {
                let mut sent = Sent::bare(&name(who));
                sent = match mail {
                    0 => sent,
                    1 => sent.mail("bad mail@contoso.com"),
                    n => sent.mail(&format!("m{n}@contoso.com")),
                };
                sent = match upn {
                    0 => sent,
                    1 => sent.upn("x@contoso.local"),
                    n => sent.upn(&format!("m{n}@contoso.com")),
                };
                sent.manager = manager.map(|who| anchor(&name(&who)));
                sent.post()
            }
            Self::Group { who, mail } => {
                let sent = Sent::group(&name(who));
                match mail {
                    Some(n) => sent.mail(&format!("m{n}@contoso.com")).post(),
                    None => sent.post(),
                }
            }
            Self::Members { group, add, remove } => {
                let (add, remove) = (many(add), many(remove));
                let refs = |list: &[String]| list.iter().map(|name| anchor(name)).collect();
                BulkOperation::Patch {
                    path: path_of(ObjectKind::Group, &anchor(&name(group))),
                    data: ScimPatch::members(refs(&add), refs(&remove)),
                }
            }
            Self::DeleteUser(who) => Sent::bare(&name(who)).delete(),
            Self::DeleteGroup(who) => Sent::group(&name(who)).delete(),
        }
    }
}

/// Users are 0 to 7, groups 8 to 11.
pub(crate) fn change() -> impl Strategy<Value = Change> {
    let user = 0_u8..8;
    let group = 8_u8..12;
    let member = 0_u8..12;
    prop_oneof![
        4 => (user.clone(), 0_u8..6, 0_u8..6, proptest::option::of(0_u8..8))
            .prop_map(|(who, mail, upn, manager)| Change::User { who, mail, upn, manager }),
        2 => (group.clone(), proptest::option::of(2_u8..6)).prop_map(|(who, mail)| Change::Group { who, mail }),
        3 => (group.clone(), proptest::collection::vec(member.clone(), 0..4), proptest::collection::vec(member, 0..3))
            .prop_map(|(group, add, remove)| Change::Members { group, add, remove }),
        1 => user.prop_map(Change::DeleteUser),
        1 => group.prop_map(Change::DeleteGroup),
    ]
}

/// What a tenant holds, without ids, moments and errors' attempts.
pub(crate) async fn picture(store: &impl TenantStore) -> String {
    let mut text = String::new();
    let mut names_of: BTreeMap<_, _> = BTreeMap::new();
    let all = everything(store).await;
    for object in &all {
        names_of.insert(object.id, name_of(object));
    }
    let mut lines: Vec<String> = Vec::new();
    for object in &all {
        let manager = object.manager.and_then(|id| names_of.get(&id));
        let mut members = Vec::new();
        if object.kind == ObjectKind::Group {
            let query = ListQuery { members_of: Some(object.id), top: 999, ..Default::default() };
            members = names(store, query).await;
            members.sort();
        }
        lines.push(format!("{} {:?} {manager:?} {members:?}", object.kind, object.properties));
    }
    lines.sort();
    lines.extend(told(store).await);
    for line in lines {
        text.push_str(&line);
        text.push('\n');
    }
    text
}

/// Any changes, in any batches: every state holds the invariants, and each batch sent twice changes nothing.
pub(crate) async fn any_changes(store: impl TenantStore, batches: Vec<Vec<Change>>) {
    for (number, batch) in batches.iter().enumerate() {
        let operations: Vec<_> = batch.iter().map(Change::operation).collect();
        let second = number as i64;
        send(&store, &operations, at(second)).await;
        check_invariants(&store).await;
        assert_eq!(store.sweep_quarantine(at(second)).await.unwrap(), 0, "nothing was left to release");
        check_invariants(&store).await;
    }
}

/// The last word about each object, sent twice: the second time nothing is written.
pub(crate) async fn idempotent(store: impl TenantStore, changes: Vec<Change>) {
    let last = last_words(&changes);
    let operations: Vec<_> = last.iter().map(Change::operation).collect();
    send(&store, &operations, at(0)).await;
    let before = picture(&store).await;
    let results = send(&store, &operations, at(1)).await;
    for (operation, result) in operations.iter().zip(&results) {
        assert_eq!(result.outcome, Outcome::Unchanged, "{operation:?}");
    }
    assert_eq!(picture(&store).await, before);
}

/// Objects that compete for nothing give one picture in any order.
pub(crate) async fn any_order(
    left: impl TenantStore,
    right: impl TenantStore,
    changes: Vec<Change>,
    shuffled: Vec<usize>,
) {
    let mut last = last_words(&changes);
    for change in &mut last {
        match change {
            // Everybody wants a name of their own.
            Change::User { who, mail, upn, .. } => {
                *mail = if *mail < 2 { *mail } else { 10 + *who };
                *upn = if *upn < 1 { *upn } else { 10 + *who };
            }
            Change::Group { who, mail } => *mail = mail.map(|_| 10 + *who),
            Change::Members { remove, .. } => remove.clear(),
            Change::DeleteUser(_) | Change::DeleteGroup(_) => {}
        }
    }
    let operations: Vec<_> = last.iter().map(Change::operation).collect();
    send(&left, &operations, at(0)).await;
    let mut order: Vec<usize> = (0..operations.len()).collect();
    order.sort_by_key(|at| shuffled.get(*at).copied().unwrap_or(0));
    for at_index in order {
        send(&right, &[operations[at_index].clone()], at(0)).await;
    }
    left.sweep_quarantine(at(1)).await.unwrap();
    right.sweep_quarantine(at(1)).await.unwrap();
    assert_eq!(picture(&left).await, picture(&right).await);
    check_invariants(&right).await;
}

/// Of several changes of one object (or of one group's members) the last.
fn last_words(changes: &[Change]) -> Vec<Change> {
    let mut last: BTreeMap<(u8, bool), Change> = BTreeMap::new();
    for change in changes {
        let key = match change {
            Change::User { who, .. } | Change::Group { who, .. } => (*who, false),
            Change::DeleteUser(who) | Change::DeleteGroup(who) => (*who, false),
            Change::Members { group, .. } => (*group, true),
        };
        let mut change = change.clone();
        if let Change::Members { add, remove, .. } = &mut change {
            remove.retain(|member| !add.contains(member));
        }
        last.insert(key, change);
    }
    last.into_values().collect()
}

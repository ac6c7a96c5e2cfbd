//! What the cloud itself writes: made, changed, linked, deleted, restored, purged; and what is refused.

use super::*;
use lockstep_model::ObjectId;
use lockstep_tenant::directory::{DirectoryWritten, LinkName, MAX_OWNERS};
use lockstep_tenant::{
    Comparison, DirectoryError, DirectoryRefusal, Field, HistoryQuery, HistoryRow, Literal,
};

async fn write(
    store: &impl TenantStore,
    second: i64,
    operation: DirectoryOperation,
) -> Result<DirectoryWritten, DirectoryRefusal> {
    match store.write_directory(DirectoryWrite::by("ann the admin", operation), at(second)).await {
        Ok(written) => Ok(written),
        Err(DirectoryError::Refused(refusal)) => Err(*refusal),
        Err(DirectoryError::Store(error)) => panic!("{error}"),
    }
}

fn update(id: ObjectId, changes: ObjectChanges) -> DirectoryOperation {
    DirectoryOperation::Update { id, changes, expected: None }
}

fn delete(id: ObjectId) -> DirectoryOperation {
    DirectoryOperation::Delete { id, expected: None }
}

fn restore(id: ObjectId) -> DirectoryOperation {
    DirectoryOperation::Restore { id, sign_in_name: None, drop_conflicting_addresses: false }
}

fn texts(texts: &[(Property, &str)]) -> ObjectChanges {
    let mut changes = ObjectChanges::default();
    for (property, text) in texts {
        changes.set_text(*property, *text);
    }
    changes
}

fn change_members(add: &[ObjectId], remove: &[ObjectId], exact: bool) -> ObjectChanges {
    let members = MemberChanges::Change { add: add.to_vec(), remove: remove.to_vec(), exact };
    ObjectChanges { members, ..Default::default() }
}

async fn members_of(store: &impl TenantStore, group: ObjectId) -> Vec<String> {
    names(store, ListQuery { members_of: Some(group), top: 100, ..Default::default() }).await
}

async fn history(store: &impl TenantStore, id: ObjectId) -> Vec<HistoryRow> {
    let query = HistoryQuery { object: Some(id.to_string()), top: 100, ..Default::default() };
    store.history(query).await.unwrap().map(|page| page.items).unwrap_or_default()
}

/// Made, changed, deleted and restored, with every step in the history under the name of who did it.
pub(crate) async fn a_life_in_the_cloud(store: impl TenantStore) {
    let kim = cloud(&store, &Sent::user("kim"), at(1)).await;
    assert_eq!((kim.anchor.clone(), kim.sync_enabled, kim.version), (None, None, 1));
    assert_eq!((kim.created_at, kim.changed_at, kim.last_sync), (at(1), at(1), None));
    check_invariants(&store).await;
    let mut changes = texts(&[(Property::Department, "Sales"), (Property::DisplayName, "Kim Berg")]);
    changes.extra.insert("usageLocation".into(), Some("CH".into()));
    let written = write(&store, 2, update(kim.id, changes.clone())).await.unwrap();
    assert!(written.changed);
    assert_eq!((written.object.version, written.object.changed_at), (2, at(2)));
    assert_eq!(written.object.properties.text(Property::Department), Some("Sales"));
    assert_eq!(written.object.properties.text(Property::Mail), Some("kim@contoso.com"), "the rest stays");
    assert_eq!(written.object.extra["usageLocation"], "CH");
    let again = write(&store, 3, update(kim.id, changes)).await.unwrap();
    assert_eq!((again.changed, again.object.version, again.object.changed_at), (false, 2, at(2)));
    let search = ListQuery { search: Some("berg".into()), top: 9, ..Default::default() };
    assert_eq!(names(&store, search).await, ["Kim Berg"]);
    check_invariants(&store).await;

    write(&store, 4, delete(kim.id)).await.unwrap();
    assert!(store.object(kim.id).await.unwrap().unwrap().deleted_at.is_some());
    assert_eq!(store.counts().await.unwrap().deleted, 1);
    assert_eq!(write(&store, 5, delete(kim.id)).await, Err(DirectoryRefusal::NotFound { id: kim.id }));
    check_invariants(&store).await;
    let back = write(&store, 6, restore(kim.id)).await.unwrap().object;
    assert_eq!((back.id, back.deleted_at, back.version), (kim.id, None, 4));
    assert_eq!(back.properties.text(Property::DisplayName), Some("Kim Berg"));
    assert_eq!(store.user_by_principal_name("KIM@contoso.com".into()).await.unwrap().unwrap().id, kim.id);
    check_invariants(&store).await;

    let rows = history(&store, kim.id).await;
    let told: Vec<_> = rows.iter().map(|row| (row.outcome.as_str(), row.at)).collect();
    assert_eq!(told, [("restored", at(6)), ("deleted", at(4)), ("updated", at(2)), ("created", at(1))]);
    assert!(rows.iter().take(3).all(|row| row.actor.as_deref() == Some("ann the admin")));
    assert!(rows.iter().all(|row| row.client.is_none()));
    let changed: Vec<_> = rows[2].changes.iter().map(|change| change.property.as_str()).collect();
    assert_eq!(changed, ["department", "displayName", "usageLocation"]);
}

/// A sign-in name or address that another object has refuses the write, and names the other.
pub(crate) async fn values_of_others_are_refused(store: impl TenantStore) {
    send(&store, &[Sent::user("ann").post()], at(0)).await;
    let ann = get(&store, "ann").await.unwrap();
    let kim = cloud(&store, &Sent::user("kim"), at(1)).await;
    let conflict = |refusal: Result<DirectoryWritten, DirectoryRefusal>| match refusal {
        Err(DirectoryRefusal::Conflict { property, value, other }) => (property, value, other.id),
        other => panic!("{other:?}"),
    };
    let taken = |property, value: &str| (property, value.to_owned(), Some(ann.id));
    let changes = texts(&[(Property::UserPrincipalName, "ANN@contoso.com")]);
    let answer = write(&store, 2, update(kim.id, changes)).await;
    assert_eq!(conflict(answer), taken(Property::UserPrincipalName, "ANN@contoso.com"));
    let changes = texts(&[(Property::Mail, "ann@contoso.com")]);
    let answer = write(&store, 2, update(kim.id, changes)).await;
    assert_eq!(conflict(answer), taken(Property::ProxyAddresses, "SMTP:ann@contoso.com"));
    let changes = texts(&[(Property::DisplayName, "x"), (Property::UserPrincipalName, "ann@contoso.com")]);
    let create = DirectoryOperation::Create { kind: ObjectKind::User, changes };
    assert_eq!(conflict(write(&store, 2, create).await).0, Property::UserPrincipalName);
    for (changes, property) in [
        (texts(&[(Property::UserPrincipalName, "kim@contoso.local")]), "userPrincipalName"),
        (texts(&[(Property::Mail, "k im@contoso.com")]), "mail"),
        (texts(&[(Property::GivenName, &"x".repeat(65))]), "givenName"),
        (texts(&[(Property::DisplayName, "")]), "displayName"),
        (texts(&[(Property::UserPrincipalName, "")]), "userPrincipalName"),
        (texts(&[(Property::Description, "of groups")]), "description"),
        (texts(&[(Property::OnPremisesSamAccountName, "kim")]), "onPremisesSamAccountName"),
        (texts(&[(Property::AccountEnabled, "yes")]), "accountEnabled"),
    ] {
        let refusal = write(&store, 3, update(kim.id, changes)).await.unwrap_err();
        assert_eq!(refusal.property(), Some(property), "{refusal}");
    }
    // Nothing of all that was written; a client may still take what is free.
    assert_eq!(store.object(kim.id).await.unwrap().unwrap(), kim);
    assert_eq!(history(&store, kim.id).await.len(), 1);
    assert_eq!(everything(&store).await.len(), 2);
    check_invariants(&store).await;
    // A new address becomes the primary one; what it was stays an address. What is given up goes to who waits.
    send(&store, &[Sent::user("twin").address("smtp:kim@contoso.com").post()], at(4)).await;
    let moved = texts(&[(Property::Mail, "kim.berg@contoso.com")]);
    let object = write(&store, 5, update(kim.id, moved)).await.unwrap().object;
    let addresses = ["SMTP:kim.berg@contoso.com", "smtp:kim@contoso.com"];
    assert_eq!(object.properties.list(Property::ProxyAddresses), addresses);
    assert_eq!(told(&store).await.len(), 1);
    let mut dropped = ObjectChanges::default();
    dropped.set_list(Property::ProxyAddresses, vec!["SMTP:kim.berg@contoso.com".into()]);
    write(&store, 6, update(kim.id, dropped)).await.unwrap();
    assert_eq!(told(&store).await, Vec::<String>::new());
    let twin = get(&store, "twin").await.unwrap();
    assert!(twin.properties.list(Property::ProxyAddresses).contains(&"smtp:kim@contoso.com".to_owned()));
    check_invariants(&store).await;
}

/// Properties, links and the life of a synced object are its directory's; what is beside them is the cloud's.
pub(crate) async fn what_is_synced_is_the_directorys(store: impl TenantStore) {
    send(&store, &[Sent::user("ann").post(), Sent::group("team").post()], at(0)).await;
    let (ann, team) = (get(&store, "ann").await.unwrap().id, get(&store, "team").await.unwrap().id);
    let kim = cloud(&store, &Sent::user("kim"), at(1)).await.id;
    let manager = ObjectChanges { manager: Some(Some(kim)), ..Default::default() };
    for operation in [
        update(ann, texts(&[(Property::Department, "Sales")])),
        update(ann, manager),
        update(team, change_members(&[kim], &[], true)),
        delete(ann),
    ] {
        let refusal = write(&store, 2, operation).await.unwrap_err();
        assert!(matches!(refusal, DirectoryRefusal::Mastered { .. }), "{refusal:?}");
        assert!(refusal.to_string().starts_with("Unable to update the specified properties for on-premises"));
    }
    let mut changes = texts(&[(Property::Mail, "ann@contoso.com")]);
    changes.extra.insert("usageLocation".into(), Some("CH".into()));
    let object = write(&store, 3, update(ann, changes)).await.unwrap().object;
    assert_eq!((object.extra["usageLocation"].as_str(), object.sync_enabled), (Some("CH"), Some(true)));
    assert_eq!(one(&store, Sent::user("ann").post(), 4).await, Outcome::Unchanged);
    // Deleted by its directory and restored here, it is the cloud's own, until its directory has it again.
    send(&store, &[Sent::user("ann").delete()], at(5)).await;
    let object = write(&store, 6, restore(ann)).await.unwrap().object;
    assert_eq!((object.sync_enabled, object.anchor), (Some(false), Some(anchor("ann"))));
    write(&store, 7, update(ann, texts(&[(Property::City, "Zug")]))).await.unwrap();
    check_invariants(&store).await;
    assert_eq!(one(&store, Sent::user("ann").post(), 8).await, Outcome::Matched);
    let object = store.object(ann).await.unwrap().unwrap();
    assert_eq!((object.sync_enabled, object.properties), (Some(true), Sent::user("ann").properties));
    check_invariants(&store).await;
}

/// Links by id: members of any kind, one manager; no rings; each refusal names the other end.
pub(crate) async fn members_and_managers(store: impl TenantStore) {
    send(&store, &[Sent::user("ann").post()], at(0)).await;
    let ann = get(&store, "ann").await.unwrap().id;
    let kim = cloud(&store, &Sent::user("kim"), at(1)).await.id;
    let inner = cloud(&store, &Sent::group("inner"), at(1)).await.id;
    let changes = ObjectChanges {
        members: MemberChanges::Replace(vec![ann, inner, ann]),
        ..texts(&[(Property::DisplayName, "outer")])
    };
    let create = DirectoryOperation::Create { kind: ObjectKind::Group, changes };
    let outer = write(&store, 2, create).await.unwrap().object.id;
    assert_eq!(members_of(&store, outer).await, ["ann", "inner"]);
    check_invariants(&store).await;
    let nobody = ObjectId::generate(at(0));
    let link = LinkName::Members;
    for (operation, expect) in [
        (change_members(&[ann], &[], true), DirectoryRefusal::AlreadyLinked { link, id: ann }),
        (change_members(&[], &[kim], true), DirectoryRefusal::ReferenceNotFound { link, id: kim }),
        (change_members(&[nobody], &[], false), DirectoryRefusal::ReferenceNotFound { link, id: nobody }),
        (change_members(&[outer], &[], true), DirectoryRefusal::Ring { group: outer, member: outer }),
    ] {
        assert_eq!(write(&store, 3, update(outer, operation)).await, Err(expect));
    }
    let ring = write(&store, 3, update(inner, change_members(&[outer], &[], true))).await;
    assert_eq!(ring, Err(DirectoryRefusal::Ring { group: inner, member: outer }));
    let loose = change_members(&[ann, kim], &[inner, nobody], false);
    let written = write(&store, 4, update(outer, loose.clone())).await.unwrap();
    assert_eq!((written.changed, written.object.version), (true, 2));
    assert_eq!(members_of(&store, outer).await, ["ann", "kim"]);
    assert!(!write(&store, 5, update(outer, loose)).await.unwrap().changed);
    let rows = history(&store, outer).await;
    assert_eq!((rows[0].members_added, rows[0].members_removed), (1, 1));
    assert_eq!((rows[0].added[0].id, rows[0].added[0].name.as_deref()), (Some(kim), Some("kim of Contoso")));
    assert_eq!((rows[0].removed[0].anchor.clone(), rows[0].removed[0].id), (None, Some(inner)));
    check_invariants(&store).await;

    let leads = |manager| ObjectChanges { manager: Some(manager), ..Default::default() };
    let object = write(&store, 6, update(kim, leads(Some(ann)))).await.unwrap().object;
    assert_eq!(object.manager, Some(ann));
    let reports = ListQuery { reports_of: Some(ann), top: 9, ..Default::default() };
    assert_eq!(names(&store, reports.clone()).await, ["kim"]);
    for (id, wrong) in [(kim, kim), (kim, outer)] {
        let refusal = write(&store, 7, update(id, leads(Some(wrong)))).await;
        assert_eq!(refusal, Err(DirectoryRefusal::WrongKind { link: LinkName::Manager, id: wrong }));
    }
    let on_group = write(&store, 7, update(outer, leads(Some(ann)))).await.unwrap_err();
    assert_eq!(on_group.property(), Some("manager"));
    // A cloud-only manager leads synced and cloud people alike; gone, nobody has it.
    let dora = cloud(&store, &Sent::user("dora"), at(8)).await.id;
    assert_eq!(write(&store, 8, update(dora, leads(Some(kim)))).await.unwrap().object.manager, Some(kim));
    write(&store, 9, delete(kim)).await.unwrap();
    assert_eq!(store.object(dora).await.unwrap().unwrap().manager, None);
    assert_eq!(members_of(&store, outer).await, ["ann"]);
    check_invariants(&store).await;
    write(&store, 10, restore(kim)).await.unwrap();
    assert_eq!(store.object(dora).await.unwrap().unwrap().manager, Some(kim));
    assert_eq!(members_of(&store, outer).await, ["ann", "kim"], "a restored member is one again");
    assert_eq!(write(&store, 11, update(dora, leads(None))).await.unwrap().object.manager, None);
    assert_eq!(names(&store, reports).await, ["kim"]);
    check_invariants(&store).await;
}

/// Owners of a group, synced or not: users, set in the cloud; gone with what is purged.
pub(crate) async fn owners_of_groups(store: impl TenantStore) {
    send(&store, &[Sent::user("ann").post(), Sent::group("sales").post()], at(0)).await;
    let ann = get(&store, "ann").await.unwrap().id;
    let sales = get(&store, "sales").await.unwrap().id;
    let kim = cloud(&store, &Sent::user("kim"), at(1)).await.id;
    let owned_from_birth = ObjectChanges {
        owners: MemberChanges::Replace(vec![kim, ann, kim]),
        ..texts(&[(Property::DisplayName, "cooks")])
    };
    let create = DirectoryOperation::Create { kind: ObjectKind::Group, changes: owned_from_birth };
    let cooks = write(&store, 2, create).await.unwrap().object.id;
    let owners = |of| ListQuery { owners_of: Some(of), top: 100, count: true, ..Default::default() };
    let owned = |by| ListQuery { owned_by: Some(by), top: 100, ..Default::default() };
    assert_eq!(names(&store, owners(cooks)).await, ["ann", "kim"]);
    assert_eq!(store.list(owners(cooks)).await.unwrap().count, Some(2));

    let change = |add: &[ObjectId], remove: &[ObjectId], exact| {
        let owners = MemberChanges::Change { add: add.to_vec(), remove: remove.to_vec(), exact };
        ObjectChanges { owners, ..Default::default() }
    };
    let (link, nobody) = (LinkName::Owners, ObjectId::generate(at(0)));
    for (changes, expect) in [
        (change(&[ann], &[], true), DirectoryRefusal::AlreadyLinked { link, id: ann }),
        (change(&[], &[nobody], true), DirectoryRefusal::ReferenceNotFound { link, id: nobody }),
        (change(&[nobody], &[], false), DirectoryRefusal::ReferenceNotFound { link, id: nobody }),
        (change(&[sales], &[], false), DirectoryRefusal::WrongKind { link, id: sales }),
    ] {
        assert_eq!(write(&store, 3, update(cooks, changes)).await, Err(expect));
    }
    let of_a_user = write(&store, 3, update(kim, change(&[ann], &[], false))).await.unwrap_err();
    assert_eq!(of_a_user, DirectoryRefusal::NotWritable { property: "owners".into() });
    // No directory says who owns a group here, so a synced one has owners too.
    assert_eq!(write(&store, 4, update(sales, change(&[ann], &[], true))).await.unwrap().object.version, 2);
    assert_eq!(names(&store, owned(ann)).await, ["sales", "cooks"]);
    assert!(!write(&store, 5, update(cooks, change(&[ann], &[nobody], false))).await.unwrap().changed);
    assert!(write(&store, 5, update(cooks, change(&[], &[ann], true))).await.unwrap().changed);
    let rows = history(&store, cooks).await;
    let said = rows[0].changes.iter().find(|change| change.property == "owners").unwrap();
    let text = |ids: &[ObjectId]| {
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        Some(lockstep_model::PropertyValue::Text(ids.join(", ")))
    };
    assert_eq!((said.before.clone(), said.after.clone()), (text(&[ann, kim]), text(&[kim])));
    check_invariants(&store).await;

    // Deleted, an owner is none; restored, one again; purged, nobody's.
    write(&store, 6, delete(kim)).await.unwrap();
    assert_eq!(names(&store, owners(cooks)).await, Vec::<String>::new());
    write(&store, 7, restore(kim)).await.unwrap();
    assert_eq!(names(&store, owners(cooks)).await, ["kim"]);
    write(&store, 8, delete(cooks)).await.unwrap();
    assert_eq!(names(&store, owned(kim)).await, Vec::<String>::new());
    write(&store, 9, DirectoryOperation::Purge { id: cooks }).await.unwrap();
    write(&store, 9, delete(kim)).await.unwrap();
    write(&store, 10, DirectoryOperation::Purge { id: kim }).await.unwrap();
    check_invariants(&store).await;

    let mut many = Vec::new();
    for n in 0..=MAX_OWNERS {
        many.push(cloud(&store, &Sent::user(&format!("o{n}")), at(11)).await.id);
    }
    let refusal = write(&store, 12, update(sales, change(&many, &[], false))).await.unwrap_err();
    assert_eq!(refusal.property(), Some("owners"));
    assert_eq!(
        refusal.to_string(),
        "Invalid value specified for property 'owners' of the object: a group has at most 100 owners."
    );
    assert_eq!(names(&store, owners(sales)).await, ["ann"], "nothing of it was written");
    let all = ObjectChanges { owners: MemberChanges::Replace(many[1..].to_vec()), ..Default::default() };
    write(&store, 13, update(sales, all)).await.unwrap();
    assert_eq!(store.list(owners(sales)).await.unwrap().count, Some(100));
}

/// A write that expects another version than there is writes nothing.
pub(crate) async fn versions_guard(store: impl TenantStore) {
    let kim = cloud(&store, &Sent::user("kim"), at(1)).await;
    let changes = texts(&[(Property::City, "Zug")]);
    let guarded = |expected| DirectoryOperation::Update { id: kim.id, changes: changes.clone(), expected };
    assert_eq!(write(&store, 2, guarded(Some(9))).await, Err(DirectoryRefusal::Changed { version: 1 }));
    assert_eq!(write(&store, 2, guarded(Some(1))).await.unwrap().object.version, 2);
    assert_eq!(write(&store, 3, guarded(Some(1))).await, Err(DirectoryRefusal::Changed { version: 2 }));
    let stale = DirectoryOperation::Delete { id: kim.id, expected: Some(1) };
    assert_eq!(write(&store, 4, stale).await, Err(DirectoryRefusal::Changed { version: 2 }));
    // A sync client's change counts as well.
    send(&store, &[Sent::user("ann").post()], at(5)).await;
    let before = get(&store, "ann").await.unwrap().version;
    send(&store, &[Sent::user("ann").text(Property::City, "Zug").post()], at(6)).await;
    assert_eq!(get(&store, "ann").await.unwrap().version, before + 1);
}

/// What a deleted object had may be another's by now.
pub(crate) async fn restores_with_conflicts(store: impl TenantStore) {
    let kim = cloud(&store, &Sent::user("kim"), at(1)).await.id;
    write(&store, 2, delete(kim)).await.unwrap();
    let heir = cloud(&store, &Sent::user("kim"), at(3)).await.id;
    let refusal = write(&store, 4, restore(kim)).await.unwrap_err();
    assert!(
        matches!(&refusal, DirectoryRefusal::Conflict { other, .. } if other.id == Some(heir)),
        "{refusal}"
    );
    let renamed = |drop_conflicting_addresses| DirectoryOperation::Restore {
        id: kim,
        sign_in_name: Some("kim2@contoso.com".into()),
        drop_conflicting_addresses,
    };
    let refusal = write(&store, 5, renamed(false)).await.unwrap_err();
    assert_eq!(refusal.property(), Some("proxyAddresses"));
    let object = write(&store, 6, renamed(true)).await.unwrap().object;
    assert_eq!(object.properties.text(Property::UserPrincipalName), Some("kim2@contoso.com"));
    assert_eq!(
        (object.properties.text(Property::Mail), object.properties.list(Property::ProxyAddresses).len()),
        (None, 0)
    );
    check_invariants(&store).await;
}

/// The caller's own name of an object, letter by letter.
pub(crate) async fn found_by_external_id(store: impl TenantStore) {
    let kim = cloud(&store, &Sent::user("kim"), at(1)).await.id;
    let named = |external_id: Option<&str>| ObjectChanges {
        external_id: Some(external_id.map(str::to_owned)),
        ..Default::default()
    };
    let object = write(&store, 2, update(kim, named(Some("HR-701")))).await.unwrap().object;
    assert_eq!((object.external_id.as_deref(), object.version), (Some("HR-701"), 2));
    let by = |text: &str| {
        let (field, value) = (Field::ExternalId, Literal::Text(text.into()));
        matching(Filter::Compare { field, how: Comparison::Eq, value })
    };
    assert_eq!(names(&store, by("HR-701")).await, ["kim"]);
    assert_eq!(names(&store, by("hr-701")).await, Vec::<String>::new());
    let none = Filter::Compare { field: Field::ExternalId, how: Comparison::Eq, value: Literal::Null };
    assert_eq!(names(&store, matching(none)).await, Vec::<String>::new());
    write(&store, 3, update(kim, named(None))).await.unwrap();
    assert_eq!(names(&store, by("HR-701")).await, Vec::<String>::new());
}

/// A cloud group that a directory takes over has the members that the directory says, and no others.
pub(crate) async fn a_taken_over_group(store: impl TenantStore) {
    send(&store, &[Sent::user("ann").post()], at(0)).await;
    let ann = get(&store, "ann").await.unwrap().id;
    let kim = cloud(&store, &Sent::user("kim"), at(1)).await.id;
    let team = cloud(&store, &Sent::group("team").mail("team@contoso.com"), at(1)).await.id;
    write(&store, 2, update(team, change_members(&[ann, kim], &[], true))).await.unwrap();
    assert_eq!(one(&store, Sent::group("team").mail("team@contoso.com").post(), 3).await, Outcome::Matched);
    assert_eq!(get(&store, "team").await.unwrap().id, team);
    assert_eq!(members_of(&store, team).await, ["ann"]);
    check_invariants(&store).await;
}

/// What is purged leaves no link behind, whoever had it; its history stays.
pub(crate) async fn purged_for_good(store: impl TenantStore) {
    send(&store, &[Sent::user("ann").post()], at(0)).await;
    let ann = get(&store, "ann").await.unwrap().id;
    let kim = cloud(&store, &Sent::user("kim"), at(1)).await.id;
    let team = cloud(&store, &Sent::group("team"), at(1)).await.id;
    write(&store, 2, update(team, change_members(&[ann, kim], &[], true))).await.unwrap();
    let leads = ObjectChanges { manager: Some(Some(kim)), ..Default::default() };
    let dora = cloud(&store, &Sent::user("dora"), at(2)).await.id;
    write(&store, 2, update(dora, leads)).await.unwrap();
    let purge = |id| DirectoryOperation::Purge { id };
    assert_eq!(write(&store, 3, purge(kim)).await, Err(DirectoryRefusal::NotFound { id: kim }));
    write(&store, 3, delete(kim)).await.unwrap();
    assert!(write(&store, 4, purge(kim)).await.unwrap().object.deleted_at.is_some());
    assert_eq!(store.object(kim).await.unwrap(), None);
    let rows = history(&store, kim).await;
    assert_eq!(
        rows.iter().map(|row| row.outcome.as_str()).collect::<Vec<_>>(),
        ["purged", "deleted", "created"]
    );
    send(&store, &[Sent::user("ann").delete()], at(5)).await;
    write(&store, 6, purge(ann)).await.unwrap();
    // What is made now may have the rows of those that went.
    for name in ["x", "y", "ann"] {
        cloud(&store, &Sent::user(name), at(7)).await;
    }
    assert_eq!(members_of(&store, team).await, Vec::<String>::new());
    assert_eq!(store.object(dora).await.unwrap().unwrap().manager, None);
    assert_eq!(store.sweep_quarantine(at(8)).await.unwrap(), 0);
    check_invariants(&store).await;
    // By age, too.
    write(&store, 9, delete(dora)).await.unwrap();
    assert_eq!(store.purge(at(10), at(10)).await.unwrap(), 1);
    assert_eq!(store.object(dora).await.unwrap(), None);
    let newest = history(&store, dora).await.into_iter().next().map(|row| row.outcome.as_str().to_owned());
    assert_eq!(newest.as_deref(), Some("purged"), "who follows changes hears of it");
    check_invariants(&store).await;
}

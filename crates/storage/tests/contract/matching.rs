//! Hard match, soft match, create, delete, restore.

use super::*;

/// A new object is made, the same again is unchanged, another content is an update; the id stays.
pub(crate) async fn makes_updates_and_leaves_alone(store: impl TenantStore) {
    let ann = Sent::user("ann");
    assert_eq!(one(&store, ann.post(), 0).await, Outcome::Created);
    let id = get(&store, "ann").await.unwrap().id;
    assert_eq!(one(&store, ann.post(), 1).await, Outcome::Unchanged);
    let object = get(&store, "ann").await.unwrap();
    assert_eq!((object.created_at, object.last_sync), (at(0), Some(at(0))));
    assert_eq!(object.sync_enabled, Some(true));
    assert_eq!(object.properties, ann.properties);
    let ann = ann.text(Property::City, "Zug");
    assert_eq!(one(&store, ann.post(), 2).await, Outcome::Updated);
    let object = get(&store, "ann").await.unwrap();
    assert_eq!((object.id, object.last_sync), (id, Some(at(2))));
    assert_eq!(object.properties.text(Property::City), Some("Zug"));
    assert_eq!(store.object(id).await.unwrap(), Some(object.clone()));
    assert_eq!(store.user_by_principal_name("ANN@Contoso.com".into()).await.unwrap(), Some(object));
    check_invariants(&store).await;
}

/// Deleted softly, found among the deleted, restored with its id by its anchor.
pub(crate) async fn deletes_and_restores_with_the_same_id(store: impl TenantStore) {
    let ann = Sent::user("ann");
    send(&store, &[ann.post(), Sent::group("g").post(), members("g", &["ann"], &[])], at(0)).await;
    let id = get(&store, "ann").await.unwrap().id;
    assert_eq!(one(&store, ann.delete(), 1).await, Outcome::Deleted);
    assert_eq!(one(&store, ann.delete(), 2).await, Outcome::Unchanged);
    assert_eq!(get(&store, "ann").await, None);
    let deleted = store.object(id).await.unwrap().unwrap();
    assert_eq!(deleted.deleted_at, Some(at(1)));
    assert_eq!(store.user_by_principal_name("ann@contoso.com".into()).await.unwrap(), None);
    let query = ListQuery { deleted: true, top: 9, ..Default::default() };
    assert_eq!(list(&store, query).await, vec![deleted]);
    assert_eq!(store.counts().await.unwrap().memberships, 0);
    check_invariants(&store).await;
    assert_eq!(one(&store, ann.post(), 3).await, Outcome::Matched);
    let restored = get(&store, "ann").await.unwrap();
    assert_eq!((restored.id, restored.deleted_at), (id, None));
    assert_eq!(store.counts().await.unwrap().memberships, 1);
    check_invariants(&store).await;
}

/// What was never there can be deleted without harm.
pub(crate) async fn deleting_nothing_does_no_harm(store: impl TenantStore) {
    let results = send(&store, &[Sent::user("ann").delete()], at(0)).await;
    assert_eq!((results[0].status.as_str(), results[0].outcome), ("404", Outcome::Unchanged));
    let results = send(&store, &[BulkOperation::Delete { path: "/Printers/x".into() }], at(0)).await;
    assert_eq!(results[0].outcome, Outcome::Refused);
    check_invariants(&store).await;
}

/// A cloud-only object without an anchor is taken over by its primary address, in any letters.
pub(crate) async fn soft_match_takes_over_by_the_primary_address(store: impl TenantStore) {
    let sent = Sent::bare("cloud").upn("bob@contoso.com");
    let sent = sent.address("SMTP:Ann@contoso.com").address("smtp:other@contoso.com");
    let id = cloud(&store, &sent, at(0)).await.id;
    let object = store.object(id).await.unwrap().unwrap();
    assert_eq!((object.anchor, object.sync_enabled), (None, None));
    check_invariants(&store).await;
    // A secondary address is no match: it is in conflict.
    let other = Sent::user("kim").address("smtp:other@contoso.com");
    assert_eq!(one(&store, other.post(), 1).await, Outcome::Created);
    assert_eq!(told(&store).await, ["kim: PropertyConflict proxyAddresses smtp:other@contoso.com"]);
    assert_eq!(errors(&store).await[0].error.other.as_ref().unwrap().id, Some(id));
    let results = send(&store, &[Sent::user("ann").post()], at(2)).await;
    assert_eq!(results[0].outcome, Outcome::Matched);
    let object = get(&store, "ann").await.unwrap();
    assert_eq!((object.id, object.sync_enabled), (id, Some(true)));
    // Its other address was given up by the take-over: the one who waited for it has it.
    assert_eq!(told(&store).await, Vec::<String>::new());
    check_invariants(&store).await;
}

/// An object that belongs to another source object is never taken over.
pub(crate) async fn a_synced_object_is_not_taken_over(store: impl TenantStore) {
    send(&store, &[Sent::user("ann").post()], at(0)).await;
    let twin = Sent::user("ann").anchored("twin");
    assert_eq!(one(&store, twin.post(), 1).await, Outcome::Created);
    assert_eq!(everything(&store).await.len(), 2);
    check_invariants(&store).await;
}

/// A cloud object of another kind refuses the object, and both are named.
pub(crate) async fn another_kind_is_refused(store: impl TenantStore) {
    let id = cloud(&store, &Sent::group("team").text(Property::Mail, "ann@contoso.com"), at(0)).await.id;
    let results = send(&store, &[Sent::user("ann").post()], at(1)).await;
    assert_eq!((results[0].status.as_str(), results[0].outcome), ("409", Outcome::Refused));
    let rows = errors(&store).await;
    assert_eq!(rows[0].error.code, ErrorCode::ObjectTypeMismatch);
    assert_eq!(rows[0].error.other.as_ref().unwrap().id, Some(id));
    assert_eq!(rows[0].error.object.id, None);
    assert_eq!(get(&store, "ann").await, None);
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.users_with_errors, counts.users_blocked), (1, 1));
    // A living object of the same anchor and another kind.
    send(&store, &[Sent::group("sales").post()], at(2)).await;
    let results = send(&store, &[Sent::user("sales").post()], at(3)).await;
    assert_eq!(results[0].outcome, Outcome::Refused);
    check_invariants(&store).await;
    // Gone from the source: the refusals are over.
    send(&store, &[Sent::user("ann").delete()], at(4)).await;
    assert_eq!(told(&store).await.len(), 1);
    // The entry became a group before, and is a user now: deleted, and made as what it is.
    let results = send(&store, &[Sent::group("sales").delete(), Sent::user("sales").post()], at(5)).await;
    assert_eq!(results[1].outcome, Outcome::Created);
    assert_eq!(told(&store).await, Vec::<String>::new());
    check_invariants(&store).await;
}

/// Names compare without regard to case; a client's own object may change the case of its name.
pub(crate) async fn case_is_no_conflict_with_oneself(store: impl TenantStore) {
    send(&store, &[Sent::user("ann").post()], at(0)).await;
    let louder = Sent::user("ann").mail("ANN@contoso.com").upn("ANN@contoso.com");
    assert_eq!(one(&store, louder.post(), 1).await, Outcome::Updated);
    assert_eq!(told(&store).await, Vec::<String>::new());
    assert_eq!(get(&store, "ann").await.unwrap().properties, louder.properties);
    check_invariants(&store).await;
}

/// A manager shows when it is there, in any order.
pub(crate) async fn managers_in_any_order(store: impl TenantStore) {
    send(&store, &[Sent::user("ann").manager("boss").post()], at(0)).await;
    assert_eq!(get(&store, "ann").await.unwrap().manager, None);
    send(&store, &[Sent::user("boss").post()], at(1)).await;
    let boss = get(&store, "boss").await.unwrap().id;
    assert_eq!(get(&store, "ann").await.unwrap().manager, Some(boss));
    let reports = ListQuery { reports_of: Some(boss), top: 9, count: true, ..Default::default() };
    assert_eq!(names(&store, reports.clone()).await, ["ann"]);
    assert_eq!(store.list(reports).await.unwrap().count, Some(1));
    assert_eq!(one(&store, Sent::user("ann").post(), 2).await, Outcome::Updated);
    assert_eq!(get(&store, "ann").await.unwrap().manager, None);
}

/// While synchronization is off, objects are the cloud's own; turned on again they are found by their anchor.
pub(crate) async fn off_and_on_again(store: impl TenantStore) {
    let ann = Sent::user("ann");
    send(&store, &[ann.post(), Sent::user("ann").anchored("twin").post()], at(0)).await;
    let id = get(&store, "ann").await.unwrap().id;
    store.set_sync_enabled(false, at(1)).await.unwrap();
    assert_eq!(store.organization().await.unwrap().sync_enabled, Some(false));
    let object = store.object(id).await.unwrap().unwrap();
    assert_eq!(object.sync_enabled, Some(false));
    assert_eq!(object.properties.text(Property::OnPremisesDistinguishedName), None);
    assert_eq!(store.inventory(None, 9).await.unwrap().items, vec![]);
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.users, counts.synced_users), (2, 0));
    assert_eq!(told(&store).await, Vec::<String>::new());
    let results = send(&store, &[ann.post(), ann.delete()], at(2)).await;
    assert!(results.iter().all(|result| result.outcome == Outcome::Refused));
    check_invariants(&store).await;
    store.set_sync_enabled(true, at(3)).await.unwrap();
    let results = send(&store, &[ann.delete()], at(4)).await;
    assert_eq!(results[0].errors[0].code, ErrorCode::DeletingCloudOnlyObjectNotAllowed);
    assert_eq!(one(&store, ann.post(), 5).await, Outcome::Matched);
    let object = get(&store, "ann").await.unwrap();
    assert_eq!((object.id, object.sync_enabled, object.properties), (id, Some(true), ann.properties));
    check_invariants(&store).await;
}

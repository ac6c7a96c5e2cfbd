//! Contacts and devices: what is so of every kind of object.

use super::*;

fn of(kind: ObjectKind) -> ListQuery {
    ListQuery { kind: Some(kind), top: 9, ..Default::default() }
}

/// Made, listed, counted, linked, deleted and restored as users and groups are.
pub(crate) async fn contacts_and_devices(store: impl TenantStore) {
    let (carl, laptop) = (Sent::contact("carl").manager("ann"), Sent::device("laptop"));
    let sent = [Sent::user("ann").post(), carl.post(), laptop.post(), Sent::group("all").post()];
    let results = send(&store, &sent, at(0)).await;
    assert!(results.iter().all(|result| result.outcome == Outcome::Created && result.errors.is_empty()));
    send(&store, &[members("all", &["ann", "carl", "laptop"], &[])], at(1)).await;
    assert_eq!(names(&store, of(ObjectKind::Contact)).await, ["carl"]);
    assert_eq!(names(&store, of(ObjectKind::Device)).await, ["laptop"]);
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.users, counts.groups, counts.contacts, counts.devices), (1, 1, 1, 1));
    assert_eq!((counts.synced_contacts, counts.synced_devices, counts.memberships), (1, 1, 3));
    let contact = get(&store, "carl").await.unwrap();
    assert_eq!(contact.manager, Some(get(&store, "ann").await.unwrap().id));
    assert_eq!(contact.properties.text(Property::UserPrincipalName), None, "it signs in nowhere");
    let device = get(&store, "laptop").await.unwrap();
    assert_eq!(device.properties.text(Property::OperatingSystem), Some("Debian"));
    let group = get(&store, "all").await.unwrap().id;
    let devices = ListQuery { members_of: Some(group), ..of(ObjectKind::Device) };
    assert_eq!(names(&store, devices).await, ["laptop"]);
    assert_eq!(
        names(&store, ListQuery { search: Some("carl".into()), top: 9, ..Default::default() }).await,
        ["carl"]
    );
    check_invariants(&store).await;
    assert_eq!(one(&store, laptop.post(), 2).await, Outcome::Unchanged);
    assert_eq!(store.inventory(None, 9).await.unwrap().items.len(), 4);
    // The anchor of one kind is no other's.
    let other = Sent::device("carl");
    let results = send(&store, &[other.post()], at(3)).await;
    assert_eq!(results[0].errors[0].code, ErrorCode::ObjectTypeMismatch);
    send(&store, &[carl.delete(), laptop.delete()], at(4)).await;
    let deleted = ListQuery { deleted: true, ..of(ObjectKind::Device) };
    assert_eq!(names(&store, deleted).await, ["laptop"]);
    check_invariants(&store).await;
    assert_eq!(one(&store, laptop.post(), 5).await, Outcome::Matched);
    assert_eq!(get(&store, "laptop").await.unwrap().id, device.id);
    store.set_sync_enabled(false, at(6)).await.unwrap();
    assert_eq!(store.counts().await.unwrap().synced_devices, 0);
    check_invariants(&store).await;
}

/// An address belongs to one user, group or contact.
pub(crate) async fn addresses_are_shared_by_all_kinds(store: impl TenantStore) {
    send(&store, &[Sent::contact("carl").post()], at(0)).await;
    let ann = Sent::user("ann").address("smtp:carl@partner.example");
    send(&store, &[ann.post()], at(1)).await;
    assert_eq!(told(&store).await, ["ann: PropertyConflict proxyAddresses smtp:carl@partner.example"]);
    assert!(errors(&store).await[0].error.message.contains("the contact carl of Contoso"));
    send(&store, &[Sent::contact("carl").delete()], at(2)).await;
    assert_eq!(told(&store).await, Vec::<String>::new());
    assert_eq!(get(&store, "ann").await.unwrap().properties, ann.properties);
    check_invariants(&store).await;
}

/// A contact of the cloud becomes the directory's by its address; a user with that address is refused.
pub(crate) async fn a_contact_is_taken_over(store: impl TenantStore) {
    let made = cloud(&store, &Sent::contact("carl"), at(0)).await;
    assert_eq!((made.kind, made.sync_enabled), (ObjectKind::Contact, None));
    let results = send(&store, &[Sent::user("x").mail("carl@partner.example").post()], at(1)).await;
    assert_eq!(results[0].errors[0].code, ErrorCode::ObjectTypeMismatch);
    assert_eq!(one(&store, Sent::contact("carl").post(), 2).await, Outcome::Matched);
    assert_eq!(get(&store, "carl").await.unwrap().id, made.id);
    check_invariants(&store).await;
}

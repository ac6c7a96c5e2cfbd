//! Memberships in any order, rings of groups, links that lead nowhere.

use super::*;
use lockstep_model::Fingerprint;
use lockstep_model::provisioning::ClientErrors;

async fn members_of(store: &impl TenantStore, group: &str) -> Vec<String> {
    let id = get(store, group).await.unwrap().id;
    let mut members = names(store, ListQuery { members_of: Some(id), top: 2, ..Default::default() }).await;
    members.sort();
    members
}

/// Links to what is not there yet are kept, and count and show once it is.
pub(crate) async fn links_wait_for_both_ends(store: impl TenantStore) {
    send(&store, &[members("g", &["ann", "bob", "h"], &[])], at(0)).await;
    check_invariants(&store).await;
    send(&store, &[Sent::user("ann").post()], at(1)).await;
    check_invariants(&store).await;
    send(&store, &[Sent::group("g").post()], at(2)).await;
    assert_eq!(members_of(&store, "g").await, ["ann"]);
    check_invariants(&store).await;
    send(&store, &[Sent::group("h").post(), Sent::user("bob").post()], at(3)).await;
    assert_eq!(members_of(&store, "g").await, ["ann", "bob", "h"]);
    check_invariants(&store).await;
    let ann = get(&store, "ann").await.unwrap();
    assert_eq!(ann.created_at, at(1));
    let groups = ListQuery { groups_of: Some(ann.id), top: 9, ..Default::default() };
    assert_eq!(names(&store, groups).await, ["g"]);
    // As the client knows them: by anchor, sorted, those that lead nowhere included.
    send(&store, &[members("g", &["zoe"], &["bob", "nobody"])], at(4)).await;
    let page = store.group_members(anchor("g"), None, 2).await.unwrap();
    assert_eq!((page.members, page.next), (vec![anchor("ann"), anchor("h")], Some(anchor("h"))));
    let page = store.group_members(anchor("g"), Some(anchor("h")), 2).await.unwrap();
    assert_eq!((page.members, page.next), (vec![anchor("zoe")], None));
    let inventory = store.inventory(None, 9).await.unwrap();
    let group = inventory.items.iter().find(|item| item.anchor == anchor("g")).unwrap();
    assert_eq!(group.members_fingerprint, Some(Fingerprint::of_members(["ann", "h", "zoe"])));
    assert!(inventory.items.iter().all(|item| item.anchor != anchor("zoe")));
    check_invariants(&store).await;
}

/// Adding what is there and removing what is not changes nothing.
pub(crate) async fn changes_of_members_can_be_sent_twice(store: impl TenantStore) {
    let batch = [Sent::user("ann").post(), Sent::group("g").post(), members("g", &["ann"], &["bob"])];
    send(&store, &batch, at(0)).await;
    let again = send(&store, &batch, at(1)).await;
    assert!(again.iter().all(|result| result.outcome == Outcome::Unchanged), "{again:?}");
    assert_eq!(one(&store, members("g", &[], &["ann"]), 2).await, Outcome::Updated);
    assert_eq!(one(&store, members("g", &[], &["ann"]), 3).await, Outcome::Unchanged);
    assert_eq!(one(&store, members("ann", &["g"], &[]), 4).await, Outcome::Refused);
    check_invariants(&store).await;
}

/// A restored group has the members that are sent with it, not those it once had.
pub(crate) async fn a_restored_group_begins_empty(store: impl TenantStore) {
    let group = Sent::group("g");
    send(&store, &[Sent::user("ann").post(), group.post(), members("g", &["ann"], &[])], at(0)).await;
    send(&store, &[group.delete()], at(1)).await;
    check_invariants(&store).await;
    assert_eq!(one(&store, group.post(), 2).await, Outcome::Matched);
    assert_eq!(members_of(&store, "g").await, Vec::<String>::new());
    check_invariants(&store).await;
}

/// Each group of a ring is told, with the next one; the ring broken, it is over.
pub(crate) async fn rings_are_reported_and_end(store: impl TenantStore) {
    let groups = ["a", "b", "c", "d"].map(Sent::group);
    send(&store, &groups.each_ref().map(Sent::post), at(0)).await;
    let links = [members("a", &["b"], &[]), members("b", &["c", "d"], &[]), members("c", &["a"], &[])];
    send(&store, &links, at(1)).await;
    let ring = async || -> Vec<(String, String)> {
        let name = |text: &str| text.replace(" of Contoso", "");
        let rows = errors(&store).await;
        assert!(rows.iter().all(|row| row.error.code == ErrorCode::CircularNesting));
        rows.iter()
            .map(|row| (name(&row.error.object.name), name(&row.error.other.as_ref().unwrap().name)))
            .collect()
    };
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(ring().await, [pair("a", "b"), pair("b", "c"), pair("c", "a")]);
    check_invariants(&store).await;
    // Sent again, the object's own errors do not touch those of the ring.
    send(&store, &[groups[0].clone().text(Property::Description, "x").post()], at(2)).await;
    assert_eq!(ring().await.len(), 3);
    send(&store, &[members("c", &[], &["a"])], at(3)).await;
    assert_eq!(ring().await, []);
    // A ring of one, and a ring that closes when a deleted group comes back.
    send(&store, &[members("d", &["d"], &[])], at(4)).await;
    assert_eq!(ring().await, [pair("d", "d")]);
    send(&store, &[groups[3].delete()], at(5)).await;
    assert_eq!(ring().await, []);
    send(&store, &[groups[0].delete(), members("c", &["a"], &[])], at(6)).await;
    assert_eq!(ring().await, []);
    send(&store, &[groups[0].post(), members("a", &["b"], &[])], at(7)).await;
    assert_eq!(ring().await.len(), 3);
    check_invariants(&store).await;
    // One change can close several rings: all of their groups are told.
    send(&store, &[groups[0].delete(), groups[1].delete(), groups[2].delete()], at(8)).await;
    let knot = ["x", "y", "z"].map(Sent::group);
    send(&store, &knot.each_ref().map(Sent::post), at(9)).await;
    send(&store, &[members("x", &["z"], &[]), members("y", &["z"], &[])], at(10)).await;
    send(&store, &[members("z", &["x", "y"], &[])], at(11)).await;
    assert_eq!(ring().await, [pair("x", "z"), pair("y", "z"), pair("z", "x")]);
    check_invariants(&store).await;
}

/// A member that stays away is reported, unless the client has said so; it is over when it arrives.
pub(crate) async fn links_that_stay_open_are_reported(store: impl TenantStore) {
    send(&store, &[Sent::group("g").post(), members("g", &["ann", "bob"], &[])], at(0)).await;
    store.sweep_quarantine(at(1)).await.unwrap();
    assert_eq!(
        told(&store).await,
        ["g: UnresolvedReference members ann", "g: UnresolvedReference members bob"]
    );
    check_invariants(&store).await;
    send(&store, &[Sent::user("ann").post()], at(2)).await;
    assert_eq!(told(&store).await, ["g: UnresolvedReference members bob"]);
    let row = errors(&store).await.remove(0);
    let said = SyncError { value: Some("cn=bob".into()), message: "the client's words".into(), ..row.error };
    let errors_of_g = ClientErrors { objects: vec![anchor("g")], errors: vec![said] };
    store.put_client_errors(nobody(), errors_of_g, at(3)).await.unwrap();
    store.sweep_quarantine(at(4)).await.unwrap();
    assert_eq!(told(&store).await, ["g: UnresolvedReference members cn=bob"]);
    assert_eq!(errors(&store).await[0].error.message, "the client's words");
    check_invariants(&store).await;
    store
        .put_client_errors(nobody(), ClientErrors { objects: vec![anchor("g")], errors: vec![] }, at(5))
        .await
        .unwrap();
    assert_eq!(told(&store).await, Vec::<String>::new());
    store.sweep_quarantine(at(6)).await.unwrap();
    send(&store, &[members("g", &[], &["bob"])], at(7)).await;
    assert_eq!(told(&store).await, Vec::<String>::new());
    check_invariants(&store).await;
}

/// What is purged is gone; a link to it still waits, and an object of its anchor is a new one.
pub(crate) async fn purged_objects_are_gone(store: impl TenantStore) {
    let ann = Sent::user("ann");
    send(&store, &[ann.post(), Sent::group("g").post(), members("g", &["ann"], &[])], at(0)).await;
    let id = get(&store, "ann").await.unwrap().id;
    send(&store, &[ann.delete()], at(1)).await;
    assert_eq!(store.purge(at(1), at(3)).await.unwrap(), 0);
    assert_eq!(store.purge(at(2), at(3)).await.unwrap(), 1);
    assert_eq!(store.object(id).await.unwrap(), None);
    check_invariants(&store).await;
    assert_eq!(one(&store, ann.post(), 3).await, Outcome::Created);
    assert_ne!(get(&store, "ann").await.unwrap().id, id);
    assert_eq!(members_of(&store, "g").await, ["ann"]);
    check_invariants(&store).await;
}

//! Guided fixes: what is offered, that a preview writes nothing and tells all, and that nothing else is done.

use super::*;
use lockstep_model::ObjectRef;
use lockstep_model::provisioning::ClientErrors;
use lockstep_tenant::fixes::{Fix, FixOutcome, FixRefusal, FixRequest, Fixes};
use lockstep_tenant::provision::error;
use lockstep_tenant::{HistoryOutcome, HistoryQuery, LocalUser, Role};

/// What can be done about the only error there is; looking at it writes nothing.
async fn look(store: &impl TenantStore, second: i64) -> (i64, Fixes) {
    let rows = errors(store).await;
    assert_eq!(rows.len(), 1, "{rows:?}");
    let before = (properties::picture(store).await, store.counts().await.unwrap());
    let mark = store.change_mark().await.unwrap();
    let fixes = store.fixes(rows[0].id, "maria".into(), at(second)).await.unwrap().unwrap();
    assert_eq!((properties::picture(store).await, store.counts().await.unwrap()), before);
    assert_eq!(store.change_mark().await.unwrap(), mark);
    assert_eq!(fixes.error, rows[0]);
    (rows[0].id, fixes)
}

fn offered(fixes: &Fixes) -> Vec<Fix> {
    fixes.fixes.iter().map(|outcome| outcome.fix).collect()
}

fn request(fix: Fix, fixes: &Fixes) -> FixRequest {
    FixRequest { fix, etag: fixes.etag.clone(), confirmed: false, actor: "maria".into() }
}

/// The changes of a fix as `name: outcome property before -> after`, without what differs from one making to the next.
fn changes(outcome: &FixOutcome) -> Vec<String> {
    let changes = outcome.changes.iter().map(|row| {
        assert_eq!(row.actor.as_deref(), Some("maria"));
        let names: Vec<&str> = row.changes.iter().map(|change| change.property.as_str()).collect();
        let name = row.object.name.replace(" of Contoso", "");
        let members = match (row.members_added, row.members_removed) {
            (0, 0) => String::new(),
            (added, removed) => format!("+{added}-{removed}"),
        };
        format!("{name}: {} {}{members}", row.outcome.as_str(), names.join(" ")).trim_end().to_owned()
    });
    changes.collect()
}

/// Makes the fix as it was previewed, and holds what came of it against the preview.
async fn fix(store: &impl TenantStore, fix: Fix, second: i64) -> FixOutcome {
    let (id, fixes) = look(store, second).await;
    let previewed = fixes.fixes.iter().find(|outcome| outcome.fix == fix).unwrap();
    let made = store.fix(id, request(fix, &fixes), at(second)).await.unwrap().unwrap();
    assert_eq!(changes(&made), changes(previewed));
    assert_eq!((made.cured, made.errors.len()), (previewed.cured, previewed.errors.len()));
    check_invariants(store).await;
    made
}

/// The same person twice: the cloud object is kept, with its id, and is the directory's from then on.
pub(crate) async fn the_anchor_moves(store: impl TenantStore) {
    let cloud_ann = Sent::user("cloud").address("smtp:info@contoso.com").text(Property::City, "Zug");
    let kept = cloud(&store, &cloud_ann, at(0)).await.id;
    let ann = Sent::user("ann").address("smtp:info@contoso.com").manager("boss");
    let all = [
        Sent::user("boss").post(),
        ann.post(),
        Sent::user("report").manager("ann").post(),
        Sent::group("g").post(),
        Sent::group("h").post(),
        members("g", &["ann", "boss"], &[]),
        members("h", &["ann"], &[]),
    ];
    send(&store, &all, at(1)).await;
    let made = get(&store, "ann").await.unwrap();
    let (_, fixes) = look(&store, 2).await;
    assert_eq!(offered(&fixes), [Fix::MoveAnchor, Fix::DropValue]);
    assert_eq!(fixes.entries.len(), 1, "the cloud object has no entry");
    assert_eq!((fixes.entries[0].dn.as_str(), fixes.entries[0].holds), ("cn=ann,dc=contoso,dc=com", false));

    let done = fix(&store, Fix::MoveAnchor, 3).await;
    assert!(done.cured && done.errors.is_empty() && done.privileged.is_empty(), "{done:?}");
    assert_eq!(
        changes(&done),
        [
            "ann: deleted",
            "g: membership +1-1",
            "h: membership +1-1",
            "ann: updated onPremisesImmutableId",
            "ann: matched displayName mail onPremisesDistinguishedName proxyAddresses userPrincipalName manager"
        ]
    );
    let object = get(&store, "ann").await.unwrap();
    assert_eq!((object.id, object.sync_enabled), (kept, Some(true)));
    // What the entry was not known to be without is kept, until it is sent again.
    assert_eq!(object.properties, ann.clone().text(Property::City, "Zug").properties);
    assert_eq!(object.manager, Some(get(&store, "boss").await.unwrap().id));
    assert_eq!(get(&store, "report").await.unwrap().manager, Some(kept));
    let group = get(&store, "g").await.unwrap().id;
    let of_group = ListQuery { members_of: Some(group), top: 9, ..Default::default() };
    assert_eq!(names(&store, of_group).await, ["ann", "boss"]);
    let gone = list(&store, ListQuery { deleted: true, top: 9, ..Default::default() }).await;
    assert_eq!((gone[0].id, gone[0].anchor.as_ref(), gone[0].sync_enabled), (made.id, None, Some(false)));
    assert_eq!(told(&store).await, Vec::<String>::new());

    // A client that compares sends it again, and what it sends next arrives.
    let inventory = store.inventory(None, 9).await.unwrap();
    let known = inventory.items.iter().find(|item| item.anchor == anchor("ann")).unwrap();
    assert_ne!(known.fingerprint, ann.fingerprint());
    assert_eq!(one(&store, ann.post(), 4).await, Outcome::Updated);
    assert_eq!(get(&store, "ann").await.unwrap().properties, ann.properties);
    assert_eq!(one(&store, ann.clone().text(Property::City, "Bern").post(), 5).await, Outcome::Updated);
    assert_eq!(store.object(kept).await.unwrap().unwrap().properties.text(Property::City), Some("Bern"));
    check_invariants(&store).await;
    // The one that was made twice can be restored, and is the cloud's own then.
    let restore = DirectoryOperation::Restore {
        id: made.id,
        sign_in_name: Some("second@contoso.com".into()),
        drop_conflicting_addresses: true,
    };
    store.write_directory(DirectoryWrite::by("maria", restore), at(6)).await.unwrap();
    check_invariants(&store).await;
    store.sweep_quarantine(at(7)).await.unwrap();
    check_invariants(&store).await;
}

/// Two people: the cloud object gives an address up, and gets by with those that are left.
pub(crate) async fn the_value_is_given_up(store: impl TenantStore) {
    let mut holder = Sent::user("holder").mail("info@contoso.com").address("smtp:more@contoso.com");
    holder.properties.set_text(Property::UserPrincipalName, "holder@contoso.com");
    let id = cloud(&store, &holder, at(0)).await.id;
    let ann = Sent::user("ann").address("smtp:info@contoso.com");
    send(&store, &[ann.post()], at(1)).await;
    let done = fix(&store, Fix::DropValue, 2).await;
    assert!(done.cured);
    assert_eq!(changes(&done), ["holder: updated mail proxyAddresses", "ann: recalculated proxyAddresses"]);
    let object = store.object(id).await.unwrap().unwrap();
    assert_eq!(object.properties.text(Property::Mail), Some("more@contoso.com"));
    assert_eq!(object.properties.list(Property::ProxyAddresses), ["SMTP:more@contoso.com"]);
    assert_eq!(get(&store, "ann").await.unwrap().properties, ann.properties);
    assert_eq!(told(&store).await, Vec::<String>::new());
    let query = HistoryQuery { object: Some(id.to_string()), top: 9, ..Default::default() };
    let history = store.history(query).await.unwrap().unwrap().items;
    assert_eq!((history[0].outcome, history[0].actor.as_deref()), (HistoryOutcome::Updated, Some("maria")));
}

/// A sign-in name is exchanged; a group gives an address to a person who could not be made for it.
pub(crate) async fn sign_in_names_and_other_kinds(store: impl TenantStore) {
    let id = cloud(&store, &Sent::bare("holder").upn("Ann@contoso.com"), at(0)).await.id;
    send(&store, &[Sent::user("ann").post()], at(1)).await;
    let (_, fixes) = look(&store, 2).await;
    assert_eq!(fixes.free_name.as_deref(), Some("ann2@contoso.com"));
    assert!(fix(&store, Fix::DropValue, 3).await.cured);
    let ann = get(&store, "ann").await.unwrap();
    assert_eq!(ann.properties.text(Property::UserPrincipalName), Some("ann@contoso.com"));
    let holder = store.object(id).await.unwrap().unwrap();
    let name = holder.properties.text(Property::UserPrincipalName).unwrap();
    assert!(name.ends_with(INITIAL), "{name}");
    assert_eq!(told(&store).await, Vec::<String>::new());

    let team = cloud(&store, &Sent::group("team").mail("eva@contoso.com"), at(4)).await.id;
    let eva = Sent::user("eva");
    send(&store, &[eva.post()], at(5)).await;
    let (_, fixes) = look(&store, 6).await;
    assert_eq!(offered(&fixes), [Fix::DropValue], "a person cannot become a group");
    assert_eq!(fixes.entries[0].dn, "cn=eva,dc=contoso,dc=com");
    let done = fix(&store, Fix::DropValue, 7).await;
    assert!(!done.cured, "nobody but the client knows what was refused");
    assert_eq!(store.object(team).await.unwrap().unwrap().properties.text(Property::Mail), None);
    assert_eq!(one(&store, eva.post(), 8).await, Outcome::Created);
    assert_eq!(told(&store).await, Vec::<String>::new());
    check_invariants(&store).await;
}

/// An error that is gone, objects that changed, what is the directory's.
pub(crate) async fn only_what_was_seen_is_done(store: impl TenantStore) {
    let holder = Sent::user("holder").address("smtp:info@contoso.com");
    let id = cloud(&store, &holder, at(0)).await.id;
    let ann = Sent::user("ann").address("smtp:info@contoso.com");
    send(&store, &[ann.post()], at(1)).await;
    let (error, seen) = look(&store, 2).await;
    // The one side changes, then the other.
    let mut department = ObjectChanges::default();
    department.set_text(Property::Department, "Sales");
    let update = DirectoryOperation::Update { id, changes: department, expected: None };
    store.write_directory(DirectoryWrite::by("otto", update), at(3)).await.unwrap();
    for what in [Fix::MoveAnchor, Fix::DropValue] {
        let refused = store.fix(error, request(what, &seen), at(4)).await.unwrap().unwrap_err();
        assert_eq!(refused, FixRefusal::Changed);
    }
    let (_, seen) = look(&store, 5).await;
    send(&store, &[ann.clone().text(Property::City, "Zug").post()], at(6)).await;
    let refused = store.fix(error, request(Fix::DropValue, &seen), at(7)).await.unwrap().unwrap_err();
    assert_eq!(refused, FixRefusal::Changed);
    // It is cured meanwhile.
    let (error, seen) = look(&store, 8).await;
    let delete = DirectoryOperation::Delete { id, expected: None };
    store.write_directory(DirectoryWrite::by("otto", delete), at(9)).await.unwrap();
    let refused = store.fix(error, request(Fix::DropValue, &seen), at(10)).await.unwrap().unwrap_err();
    assert_eq!(refused, FixRefusal::Gone);
    assert_eq!(store.fixes(error, "maria".into(), at(10)).await.unwrap(), None);
    // Two of the directory: the directory is where it is changed, and both entries are told.
    send(&store, &[Sent::user("twin").address("smtp:info@contoso.com").post()], at(11)).await;
    let (error, seen) = look(&store, 12).await;
    assert_eq!(offered(&seen), []);
    let entries: Vec<_> = seen.entries.iter().map(|entry| (entry.dn.as_str(), entry.holds)).collect();
    assert_eq!(entries, [("cn=ann,dc=contoso,dc=com", true), ("cn=twin,dc=contoso,dc=com", false)]);
    for what in Fix::ALL {
        let refused = store.fix(error, request(what, &seen), at(13)).await.unwrap().unwrap_err();
        assert_eq!(refused, FixRefusal::NotOffered);
    }
    check_invariants(&store).await;
}

/// Who administers the tenant, and who is in a group that roles are assigned to.
pub(crate) async fn rights_are_confirmed(store: impl TenantStore) {
    let boss = LocalUser { name: "boss@contoso.com".into(), password_hash: "x".into(), role: Role::Admin };
    store.put_user(boss).await.unwrap();
    let id = cloud(&store, &Sent::user("boss").address("smtp:info@contoso.com"), at(0)).await.id;
    let mut roles = ObjectChanges::default();
    roles.set_text(Property::DisplayName, "Roles").set_flag(Property::SecurityEnabled, true);
    roles.extra.insert("isAssignableToRole".into(), Some(serde_json::Value::Bool(true)));
    let create = DirectoryOperation::Create { kind: ObjectKind::Group, changes: roles };
    let roles = store.write_directory(DirectoryWrite::by("admin", create), at(1)).await.unwrap().object.id;
    let inner = cloud(&store, &Sent::group("inner"), at(1)).await.id;
    for (group, member) in [(inner, id), (roles, inner)] {
        let members = MemberChanges::Change { add: vec![member], remove: vec![], exact: true };
        let changes = ObjectChanges { members, ..Default::default() };
        let update = DirectoryOperation::Update { id: group, changes, expected: None };
        store.write_directory(DirectoryWrite::by("admin", update), at(2)).await.unwrap();
    }
    send(&store, &[Sent::user("ann").address("smtp:info@contoso.com").post()], at(3)).await;
    let (error, seen) = look(&store, 4).await;
    let why = [
        "boss of Contoso administers this tenant as boss@contoso.com".to_owned(),
        "boss of Contoso is a member of Roles, which roles are assigned to".to_owned(),
    ];
    for outcome in &seen.fixes {
        assert_eq!(outcome.privileged, why);
        let refused = store.fix(error, request(outcome.fix, &seen), at(5)).await.unwrap().unwrap_err();
        assert_eq!(refused, FixRefusal::Unconfirmed { why: why.to_vec() });
    }
    let confirmed = FixRequest { confirmed: true, ..request(Fix::DropValue, &seen) };
    assert!(store.fix(error, confirmed, at(6)).await.unwrap().unwrap().cured);
    check_invariants(&store).await;
}

/// The entry's object is not there yet, and a group names it already: the cloud object takes the place that was kept.
pub(crate) async fn before_it_was_ever_there(store: impl TenantStore) {
    let kept = cloud(&store, &Sent::user("late"), at(0)).await.id;
    send(&store, &[Sent::group("g").post(), members("g", &["late"], &[])], at(1)).await;
    let object =
        ObjectRef { kind: Some(ObjectKind::User), anchor: Some(anchor("late")), ..Default::default() };
    let other = ObjectRef { id: Some(kept), ..Default::default() };
    let value = Some("SMTP:late@contoso.com".to_owned());
    let code = ErrorCode::InvalidSoftMatch;
    let found = error(code, object, Some("proxyAddresses"), value, None, Some(other));
    let found = ClientErrors { objects: vec![anchor("late")], errors: vec![found] };
    store.put_client_errors(nobody(), found, at(2)).await.unwrap();
    let done = fix(&store, Fix::MoveAnchor, 3).await;
    assert!(!done.cured);
    assert_eq!(changes(&done), ["g: membership +1-0", "late: updated onPremisesImmutableId"]);
    assert_eq!(store.counts().await.unwrap().memberships, 1);
    assert_eq!(one(&store, Sent::user("late").post(), 4).await, Outcome::Matched);
    assert_eq!(get(&store, "late").await.unwrap().id, kept);
    let nothing = ClientErrors { objects: vec![anchor("late")], errors: vec![] };
    store.put_client_errors(nobody(), nothing, at(5)).await.unwrap();
    assert_eq!(told(&store).await, Vec::<String>::new());
    check_invariants(&store).await;
}

/// A third object comes to wait for the value between the preview and the fix, and would get it: what was seen is not what
/// would be done.
pub(crate) async fn a_third_that_waits(store: impl TenantStore) {
    let third = Sent::user("third");
    send(&store, &[third.post()], at(0)).await;
    cloud(&store, &Sent::user("holder").address("smtp:info@contoso.com"), at(0)).await;
    send(&store, &[Sent::user("ann").address("smtp:info@contoso.com").post()], at(1)).await;
    let (error, seen) = look(&store, 2).await;
    // It is the older one: first in the queue.
    send(&store, &[third.address("smtp:info@contoso.com").post()], at(3)).await;
    let before = properties::picture(&store).await;
    let refused = store.fix(error, request(Fix::DropValue, &seen), at(4)).await.unwrap().unwrap_err();
    assert_eq!(refused, FixRefusal::Changed);
    assert_eq!(properties::picture(&store).await, before, "what was tried is taken back");
    check_invariants(&store).await;
    // What the other fix does is what it was.
    let made = store.fix(error, request(Fix::MoveAnchor, &seen), at(5)).await.unwrap().unwrap();
    assert!(made.cured, "{made:?}");
    check_invariants(&store).await;
}

/// Confirmed were the rights that were told, and no others.
pub(crate) async fn only_those_rights_are_confirmed(store: impl TenantStore) {
    let id = cloud(&store, &Sent::user("holder").address("smtp:info@contoso.com"), at(0)).await.id;
    send(&store, &[Sent::user("ann").address("smtp:info@contoso.com").post()], at(1)).await;
    let (error, seen) = look(&store, 2).await;
    let admin = LocalUser { name: "holder@contoso.com".into(), password_hash: "x".into(), role: Role::Admin };
    store.put_user(admin).await.unwrap();
    for confirmed in [false, true] {
        let asked = FixRequest { confirmed, ..request(Fix::DropValue, &seen) };
        let refused = store.fix(error, asked, at(3)).await.unwrap().unwrap_err();
        assert_eq!(refused, FixRefusal::Changed);
    }
    let object = store.object(id).await.unwrap().unwrap();
    assert_eq!(object.properties.list(Property::ProxyAddresses).len(), 2, "nothing was done");
    let (_, seen) = look(&store, 4).await;
    let asked = FixRequest { confirmed: true, ..request(Fix::DropValue, &seen) };
    assert!(store.fix(error, asked, at(5)).await.unwrap().unwrap().cured);
}

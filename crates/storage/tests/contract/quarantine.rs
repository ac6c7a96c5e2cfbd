//! Conflicts: what is left out, what is said, when it is put in force.

use super::*;
use lockstep_model::error::Severity;

/// The second of two keeps going with a placeholder and without the address; the error names both; it is over
/// at once when the first gives the value up.
pub(crate) async fn the_second_waits_and_gets_it_when_it_is_free(store: impl TenantStore) {
    send(&store, &[Sent::user("ann").post()], at(0)).await;
    let twin = Sent::user("twin").mail("Ann@contoso.com").upn("Ann@contoso.com");
    let results = send(&store, &[twin.post()], at(1)).await;
    assert_eq!((results[0].status.as_str(), results[0].outcome), ("201", Outcome::Created));
    assert_eq!(results[0].errors.len(), 2);
    let (ann, object) = (get(&store, "ann").await.unwrap(), get(&store, "twin").await.unwrap());
    let name = object.properties.text(Property::UserPrincipalName).unwrap().to_owned();
    let digits = name.strip_prefix("Ann").and_then(|rest| rest.strip_suffix(&format!("@{INITIAL}")));
    assert!(digits.is_some_and(|digits| digits.len() == 4 && digits.parse::<u16>().is_ok()), "{name}");
    assert_eq!(object.properties.get(Property::Mail), None);
    assert_eq!(object.properties.list(Property::ProxyAddresses), Vec::<String>::new());
    assert_eq!(object.properties.text(Property::OnPremisesUserPrincipalName), Some("Ann@contoso.com"));
    for row in errors(&store).await {
        assert_eq!((row.error.code, row.severity), (ErrorCode::PropertyConflict, Severity::Degraded));
        let other = row.error.other.as_ref().unwrap();
        assert_eq!((other.id, other.anchor.clone()), (Some(ann.id), Some(anchor("ann"))));
        assert_eq!((other.name.as_str(), other.kind), ("ann of Contoso", Some(ObjectKind::User)));
        assert_eq!(other.dn.as_deref(), Some("cn=ann,dc=contoso,dc=com"));
        assert_eq!(
            (row.error.object.id, row.error.object.anchor.clone()),
            (Some(object.id), Some(anchor("twin")))
        );
        assert!(
            row.error.message.contains("ann of Contoso") && row.error.message.contains("twin of Contoso")
        );
        let in_force = row.error.value_in_force.as_deref();
        let is_name = row.error.property.as_deref() == Some("userPrincipalName");
        assert_eq!(in_force, is_name.then_some(name.as_str()));
        assert_eq!((row.first_seen, row.last_seen, row.attempts), (at(1), at(1), 1));
    }
    let graph: Vec<_> =
        object.provisioning_errors.iter().map(|e| e.property_causing_error.as_str()).collect();
    assert_eq!(graph, ["ProxyAddresses", "UserPrincipalName"]);
    check_invariants(&store).await;

    // Sent again: nothing is written, the errors are seen once more.
    let again = send(&store, &[twin.post()], at(2)).await;
    assert_eq!((again[0].outcome, again[0].errors.len()), (Outcome::Unchanged, 2));
    assert!(errors(&store).await.iter().all(|row| row.attempts == 2 && row.last_seen == at(2)));
    // The fingerprint is of what was sent, not of what is in force.
    let inventory = store.inventory(None, 9).await.unwrap();
    assert_eq!(inventory.items[1].fingerprint, twin.fingerprint());

    // The holder gives the values up: the one who waits has them in the same transaction.
    let moved = Sent::user("ann").mail("ann.lee@contoso.com").upn("ann.lee@contoso.com");
    send(&store, &[moved.post()], at(3)).await;
    assert_eq!(told(&store).await, Vec::<String>::new());
    let object = get(&store, "twin").await.unwrap();
    assert_eq!(object.properties, twin.properties);
    assert_eq!(object.provisioning_errors, vec![]);
    check_invariants(&store).await;
    assert_eq!(one(&store, twin.post(), 4).await, Outcome::Unchanged);
}

/// A person and a group share one space of addresses.
pub(crate) async fn a_person_and_a_group(store: impl TenantStore) {
    send(&store, &[Sent::user("ann").post(), Sent::group("team").mail("ann@contoso.com").post()], at(0))
        .await;
    assert_eq!(told(&store).await, ["team: PropertyConflict proxyAddresses SMTP:ann@contoso.com"]);
    let other = errors(&store).await[0].error.other.clone().unwrap();
    assert_eq!((other.kind, other.anchor), (Some(ObjectKind::User), Some(anchor("ann"))));
    send(&store, &[Sent::user("ann").delete()], at(1)).await;
    assert_eq!(told(&store).await, Vec::<String>::new());
    assert_eq!(get(&store, "team").await.unwrap().properties.text(Property::Mail), Some("ann@contoso.com"));
    check_invariants(&store).await;
}

/// Of several who wait the first in line gets the value; the others' errors name the new holder.
pub(crate) async fn a_queue_moves_up(store: impl TenantStore) {
    let claimant = |name: &str| Sent::user(name).mail("info@contoso.com");
    let all = [claimant("a"), claimant("b"), claimant("c")];
    send(&store, &all.each_ref().map(Sent::post), at(0)).await;
    let holders = async |store: &_| -> Vec<String> {
        errors(store).await.iter().map(|row| row.error.other.clone().unwrap().name).collect()
    };
    assert_eq!(holders(&store).await, ["a of Contoso", "a of Contoso"]);
    send(&store, &[all[0].delete()], at(1)).await;
    assert_eq!(told(&store).await, ["c: PropertyConflict proxyAddresses SMTP:info@contoso.com"]);
    assert_eq!(holders(&store).await, ["b of Contoso"]);
    // The first comes back: it has lost its place.
    send(&store, &[all[0].post()], at(2)).await;
    assert_eq!(holders(&store).await, ["b of Contoso", "b of Contoso"]);
    check_invariants(&store).await;
}

/// The error shows the name that the other object has today.
pub(crate) async fn names_are_those_of_today(store: impl TenantStore) {
    let holder = Sent::user("ann");
    send(&store, &[holder.post(), Sent::user("twin").mail("ann@contoso.com").post()], at(0)).await;
    send(&store, &[holder.text(Property::DisplayName, "Ann Married").post()], at(1)).await;
    let row = errors(&store).await.remove(0);
    assert_eq!(row.error.other.as_ref().unwrap().name, "Ann Married");
    assert!(row.error.message.contains("Ann Married"), "{}", row.error.message);
}

/// Values of a wrong form are left out; each error says what is wrong.
pub(crate) async fn wrong_values_are_left_out(store: impl TenantStore) {
    let long = "x".repeat(300);
    let sent = [
        Sent::user("space").mail("sp ace@contoso.com"),
        Sent::user("half").mail("half@"),
        Sent::user("local").upn("local@contoso.local"),
        Sent::user("nodomain").upn("nodomain"),
        Sent::user("long").text(Property::DisplayName, &long).text(Property::GivenName, &long),
        Sent::bare("bare"),
        Sent::user("proxy").address("smtp:ä@contoso.com"),
        Sent::group("nomail"),
    ];
    let results = send(&store, &sent.each_ref().map(Sent::post), at(0)).await;
    assert!(results.iter().all(|result| result.outcome == Outcome::Created));
    let cut = "x".repeat(256);
    assert_eq!(
        told(&store).await,
        [
            "bare: NoMailAddress mail -".to_owned(),
            "half: DataValidationFailed mail half@".into(),
            "local: DomainNotVerified userPrincipalName local@contoso.local".into(),
            "nodomain: DomainNotVerified userPrincipalName nodomain".into(),
            "proxy: DataValidationFailed proxyAddresses smtp:ä@contoso.com".into(),
            "space: DataValidationFailed mail sp ace@contoso.com".into(),
            format!("{cut}: ExceededAllowedLength displayName {long}"),
            format!("{cut}: ExceededAllowedLength givenName {long}"),
        ]
    );
    let upn = async |name| {
        get(&store, name).await.unwrap().properties.text(Property::UserPrincipalName).map(str::to_owned)
    };
    assert_eq!(upn("local").await, Some(format!("local@{INITIAL}")));
    assert_eq!(upn("nodomain").await, Some(format!("nodomain@{INITIAL}")));
    assert_eq!(upn("bare").await, Some(format!("user-bare@{INITIAL}")));
    let messages: Vec<String> = errors(&store).await.into_iter().map(|row| row.error.message).collect();
    assert!(
        messages[1].contains("half of Contoso") && messages[1].contains("has no domain part"),
        "{}",
        messages[1]
    );
    assert!(messages[2].contains("contoso.local"), "{}", messages[2]);
    assert!(messages[5].contains("has a space"), "{}", messages[5]);
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.users_with_errors, counts.users_blocked), (7, 0));
    check_invariants(&store).await;
    // Each is cured by what the directory sends next.
    let cured: Vec<_> = ["space", "half", "local", "nodomain", "long", "bare", "proxy"]
        .map(|name| Sent::user(name).post())
        .into();
    send(&store, &cured, at(1)).await;
    assert_eq!(told(&store).await, Vec::<String>::new());
    check_invariants(&store).await;
}

/// A domain that is verified later gives everybody in it the name that was wanted; one that goes takes it.
pub(crate) async fn domains_come_and_go(store: impl TenantStore) {
    let local = Sent::user("ann").upn("ann@contoso.local");
    send(&store, &[local.post()], at(0)).await;
    let upn = async || {
        get(&store, "ann").await.unwrap().properties.text(Property::UserPrincipalName).map(str::to_owned)
    };
    assert_eq!(upn().await, Some(format!("ann@{INITIAL}")));
    let mut more = setup();
    more.domains[1].1 = true;
    store.set_up(more, at(1)).await.unwrap();
    assert_eq!(upn().await.as_deref(), Some("ann@contoso.local"));
    assert_eq!(told(&store).await, Vec::<String>::new());
    store.set_up(setup(), at(2)).await.unwrap();
    assert_eq!(upn().await, Some(format!("ann@{INITIAL}")));
    assert_eq!(told(&store).await, ["ann: DomainNotVerified userPrincipalName ann@contoso.local"]);
    check_invariants(&store).await;
}

/// A sweep finds nothing that the transactions before it have not done already.
pub(crate) async fn a_sweep_has_nothing_to_do(store: impl TenantStore) {
    let all = [Sent::user("a").mail("x@contoso.com"), Sent::user("b").mail("x@contoso.com")];
    send(&store, &all.each_ref().map(Sent::post), at(0)).await;
    assert_eq!(store.sweep_quarantine(at(1)).await.unwrap(), 0);
    assert_eq!(told(&store).await.len(), 1);
    send(&store, &[all[0].delete()], at(2)).await;
    assert_eq!(store.sweep_quarantine(at(3)).await.unwrap(), 0);
    assert_eq!(told(&store).await.len(), 0);
}

/// A placeholder stays while what was sent stays, whatever else changes.
pub(crate) async fn a_placeholder_stays(store: impl TenantStore) {
    let local = Sent::user("ann").upn("ann@contoso.local").text(Property::MailNickname, "nick");
    send(&store, &[local.post()], at(0)).await;
    let upn = async || {
        get(&store, "ann").await.unwrap().properties.text(Property::UserPrincipalName).map(str::to_owned)
    };
    assert_eq!(upn().await, Some(format!("nick@{INITIAL}")));
    send(&store, &[local.clone().text(Property::MailNickname, "other").post()], at(1)).await;
    assert_eq!(upn().await, Some(format!("nick@{INITIAL}")));
    // Two with one nickname: the second gets digits.
    send(&store, &[Sent::bare("bob").text(Property::MailNickname, "NICK").post()], at(2)).await;
    let bob = get(&store, "bob").await.unwrap();
    let name = bob.properties.text(Property::UserPrincipalName).unwrap();
    assert!(name.starts_with("NICK") && name.ends_with(INITIAL) && name.len() == 9 + INITIAL.len(), "{name}");
    check_invariants(&store).await;
}

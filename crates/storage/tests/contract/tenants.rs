//! What every registry of tenants must do, and that tenants know nothing of each other. Each function takes a registry
//! without a tenant.

#![allow(dead_code, reason = "registries are tested by some of the files that share this folder")]

use super::*;
use lockstep_model::TenantId;
use lockstep_tenant::directory::DirectoryError;
use lockstep_tenant::{
    DomainChange, DomainRefusal, LocalUser, Role, Session, StoreError, TenantRegistry, TokenRecord,
};
use std::sync::Arc;

pub(crate) fn second(name: &str, domain: &str) -> TenantSetup {
    TenantSetup { display_name: name.into(), initial_domain: domain.into(), domains: Vec::new() }
}

async fn provision(store: &dyn TenantStore, sent: Sent, now: i64) -> OperationResult {
    let client = ClientId(uuid::Uuid::nil());
    let mut results = store.provision(client.into(), None, vec![sent.post()], at(now)).await.unwrap();
    results.remove(0)
}

async fn change(store: &dyn TenantStore, name: &str, change: DomainChange) -> Result<(), DomainRefusal> {
    store.change_domain(name.into(), change, at(9)).await.unwrap()?;
    // What it means for names is done before anything else is.
    store.recalculate_domains(at(9)).await.unwrap();
    Ok(())
}

async fn leads_to(registry: &dyn TenantRegistry, domain: &str) -> Option<TenantId> {
    registry.by_domain(domain.into()).await.unwrap().map(|entry| entry.id)
}

/// Tenants are made, found by id and by verified domain, and deleted with all that they hold.
pub(crate) async fn they_come_and_go(registry: &dyn TenantRegistry) {
    let (first, contoso) = registry.set_up_first(setup(), at(0)).await.unwrap();
    let fabrikam = registry.create(second("Fabrikam", "fabrikam.com"), at(1)).await.unwrap();
    assert_eq!(fabrikam.display_name, "Fabrikam");
    let list = registry.list().await.unwrap();
    assert_eq!(list.iter().map(|entry| entry.id).collect::<Vec<_>>(), [contoso.id, fabrikam.id]);
    assert!(list[0].is_first && !list[1].is_first && !list[1].is_going);
    assert_eq!(list[1].created_at, at(1));
    assert_eq!(registry.by_id(fabrikam.id).await.unwrap().as_ref(), Some(&list[1]));
    for (domain, tenant) in [
        ("fabrikam.com", Some(fabrikam.id)),
        ("contoso.com", Some(contoso.id)),
        (INITIAL, Some(contoso.id)),
        // Not verified.
        ("contoso.local", None),
        ("nobody.example", None),
        ("Fabrikam.com", None),
        ("fabrikam.com.", None),
        ("", None),
    ] {
        assert_eq!(leads_to(registry, domain).await, tenant, "{domain}");
    }
    // What another has cannot be had, and nothing is left of the try.
    let refused = registry.create(second("Thief", "contoso.com"), at(2)).await.unwrap_err();
    assert!(
        matches!(&refused, StoreError::DomainElsewhere { domain } if domain == "contoso.com"),
        "{refused:?}"
    );
    assert!(!refused.to_string().contains("Contoso"), "{refused}");
    assert_eq!(registry.list().await.unwrap().len(), 2);

    let other = registry.open(fabrikam.id).await.unwrap().unwrap();
    assert_eq!(other.organization().await.unwrap(), fabrikam);
    provision(other.as_ref(), Sent::user("ann"), 3).await;
    other
        .put_user(LocalUser { name: "root".into(), password_hash: "h".into(), role: Role::Admin })
        .await
        .unwrap();
    provision(first.as_ref(), Sent::user("ann"), 3).await;
    assert!(!registry.delete(contoso.id).await.unwrap(), "the first stays");
    assert!(registry.delete(fabrikam.id).await.unwrap());
    assert!(!registry.delete(fabrikam.id).await.unwrap());
    assert_eq!(registry.by_id(fabrikam.id).await.unwrap(), None);
    assert!(registry.open(fabrikam.id).await.unwrap().is_none());
    assert_eq!(leads_to(registry, "fabrikam.com").await, None);
    assert_eq!(first.counts().await.unwrap().users, 1, "the first's are its own");
    // Its domain is free, and what comes after it is empty.
    let again = registry.create(second("Fabrikam", "fabrikam.com"), at(4)).await.unwrap();
    assert_ne!(again.id, fabrikam.id);
    let again = registry.open(again.id).await.unwrap().unwrap();
    assert_eq!(again.counts().await.unwrap().users, 0);
    assert!(again.users().await.unwrap().is_empty());
}

/// A domain is verified in one tenant at most, and leads there as long as it is.
pub(crate) async fn a_domain_is_one_tenants(registry: &dyn TenantRegistry) {
    let (first, contoso) = registry.set_up_first(setup(), at(0)).await.unwrap();
    let fabrikam = registry.create(second("Fabrikam", "fabrikam.com"), at(1)).await.unwrap().id;
    let other = registry.open(fabrikam).await.unwrap().unwrap();
    let elsewhere = |name: &str| Err(DomainRefusal::Elsewhere(name.into()));
    // It may be named by anybody, and proven by one.
    change(other.as_ref(), "contoso.com", DomainChange::Add).await.unwrap();
    assert_eq!(change(other.as_ref(), "contoso.com", DomainChange::Verify).await, elsewhere("contoso.com"));
    let domains = other.domains().await.unwrap();
    let there = domains.iter().find(|domain| domain.id == "contoso.com").unwrap();
    assert!(!there.is_verified && there.proof.is_none());
    assert_eq!(leads_to(registry, "contoso.com").await, Some(contoso.id));
    for store in [&first, &other] {
        change(store.as_ref(), "both.example", DomainChange::Add).await.unwrap();
        assert_eq!(leads_to(registry, "both.example").await, None);
    }
    change(first.as_ref(), "both.example", DomainChange::Verify).await.unwrap();
    assert_eq!(leads_to(registry, "both.example").await, Some(contoso.id));
    assert_eq!(change(other.as_ref(), "both.example", DomainChange::Verify).await, elsewhere("both.example"));
    // One below it comes verified with it, and is the same tenant's.
    change(first.as_ref(), "sub.both.example", DomainChange::Add).await.unwrap();
    assert_eq!(leads_to(registry, "sub.both.example").await, Some(contoso.id));
    change(first.as_ref(), "sub.both.example", DomainChange::Delete).await.unwrap();
    change(first.as_ref(), "both.example", DomainChange::Delete).await.unwrap();
    assert_eq!(leads_to(registry, "both.example").await, None);
    change(other.as_ref(), "both.example", DomainChange::Verify).await.unwrap();
    assert_eq!(leads_to(registry, "both.example").await, Some(fabrikam));
    // What the other has and the configuration of the first lists is told, and nothing is half set up.
    let wanted = TenantSetup { domains: vec![("fabrikam.com".into(), true)], ..setup() };
    let refused = registry.set_up_first(wanted, at(3)).await.err().unwrap();
    assert!(
        matches!(&refused, StoreError::DomainElsewhere { domain } if domain == "fabrikam.com"),
        "{refused:?}"
    );
    assert_eq!(leads_to(registry, "contoso.com").await, Some(contoso.id));
}

/// Of two that want it at once one gets a domain.
pub(crate) async fn a_race_for_a_domain(registry: &dyn TenantRegistry) {
    registry.set_up_first(setup(), at(0)).await.unwrap();
    let mut stores: Vec<(TenantId, Arc<dyn TenantStore>)> = Vec::new();
    for number in 0..4 {
        let setup = second(&format!("T{number}"), &format!("t{number}.example"));
        let id = registry.create(setup, at(1)).await.unwrap().id;
        let store = registry.open(id).await.unwrap().unwrap();
        change(store.as_ref(), "prize.example", DomainChange::Add).await.unwrap();
        stores.push((id, store));
    }
    let tries = stores.iter().map(|(id, store)| async move {
        change(store.as_ref(), "prize.example", DomainChange::Verify).await.is_ok().then_some(*id)
    });
    let won: Vec<_> = futures_util::future::join_all(tries).await.into_iter().flatten().collect();
    assert_eq!(won.len(), 1, "{won:?}");
    assert_eq!(leads_to(registry, "prize.example").await, Some(won[0]));
}

/// What one tenant holds is for no other, whatever it is asked by.
pub(crate) async fn nothing_is_seen_across(registry: &dyn TenantRegistry) {
    let (first, contoso) = registry.set_up_first(setup(), at(0)).await.unwrap();
    let fabrikam = registry.create(second("Fabrikam", "fabrikam.com"), at(1)).await.unwrap();
    let other = registry.open(fabrikam.id).await.unwrap().unwrap();
    assert_ne!(contoso.id, fabrikam.id);
    // The same anchor, name and address in both.
    let mut ids = Vec::new();
    for store in [&first, &other] {
        let made = provision(store.as_ref(), Sent::user("ann"), 2).await;
        assert_eq!(made.outcome, Outcome::Created);
        let all = store.list(ListQuery { top: 9, ..ListQuery::default() }).await.unwrap();
        assert_eq!(all.items.len(), 1);
        ids.push(all.items[0].id);
    }
    assert_ne!(ids[0], ids[1]);
    assert!(other.object(ids[0]).await.unwrap().is_none());
    assert!(first.object(ids[1]).await.unwrap().is_none());
    assert_eq!(first.counts().await.unwrap().users, 1);
    let record = TokenRecord {
        name: "t".into(),
        role: Role::Admin,
        client: None,
        created_at: at(0),
        expires_at: None,
    };
    first.put_token([7; 32], record, at(2)).await.unwrap();
    let session = Session { user: "ann".into(), role: Role::Admin, expires_at: at(99) };
    first.put_session([8; 32], session.clone()).await.unwrap();
    first.put_link([9; 32], session).await.unwrap();
    assert!(first.token([7; 32], at(3)).await.unwrap().is_some());
    assert!(other.token([7; 32], at(3)).await.unwrap().is_none());
    assert!(other.session([8; 32], at(3)).await.unwrap().is_none());
    assert!(other.take_link([9; 32], at(3)).await.unwrap().is_none());
    assert!(first.take_link([9; 32], at(3)).await.unwrap().is_some(), "it was not used up");
    // A link to what the other holds is a link to nothing.
    let mut changes =
        ObjectChanges { members: MemberChanges::Replace(vec![ids[0]]), ..ObjectChanges::default() };
    changes.set_text(Property::DisplayName, "Sales");
    let group = DirectoryWrite::by("ann", DirectoryOperation::Create { kind: ObjectKind::Group, changes });
    let refused = other.write_directory(group, at(4)).await.unwrap_err();
    assert!(matches!(refused, DirectoryError::Refused(_)), "{refused:?}");
    // Deleted here, it stays there.
    let anchors = vec![BulkOperation::Delete { path: path_of(ObjectKind::User, &anchor("ann")) }];
    let client = ClientId(uuid::Uuid::nil());
    other.provision(client.into(), None, anchors, at(5)).await.unwrap();
    assert_eq!(other.counts().await.unwrap().users, 0);
    assert_eq!(first.counts().await.unwrap().users, 1);
}

//! Domains: what refers to one, renaming by force, names that follow a domain in pages.

use super::*;
use lockstep_tenant::directory::{DirectoryOperation, DirectoryWrite, ObjectChanges};
use lockstep_tenant::domains::DomainChange as Change;
use lockstep_tenant::{DomainRefusal, HistoryOutcome, HistoryQuery};

async fn change(store: &impl TenantStore, name: &str, what: Change) -> Result<bool, DomainRefusal> {
    let changed = store.change_domain(name.into(), what, at(5)).await.unwrap();
    store.recalculate_domains(at(6)).await.unwrap();
    changed.map(|domain| domain.is_some())
}

async fn upn(store: &impl TenantStore, name: &str) -> String {
    let found = get(store, name).await.unwrap();
    found.properties.text(Property::UserPrincipalName).unwrap_or_default().to_owned()
}

/// A domain in use is not deleted, and the refusal names who uses it.
pub(crate) async fn what_refers_is_named(store: impl TenantStore) {
    assert!(change(&store, "fabrikam.com", Change::Add).await.unwrap());
    change(&store, "fabrikam.com", Change::Verify).await.unwrap();
    let ann = Sent::user("ann").upn("ann@fabrikam.com");
    let sales = Sent::group("sales").mail("sales@fabrikam.com");
    send(&store, &[ann.post(), sales.post()], at(1)).await;
    let refusal = change(&store, "fabrikam.com", Change::Delete).await.unwrap_err();
    let said = refusal.to_string();
    assert!(matches!(&refusal, DomainRefusal::Referenced { count: 2, .. }), "{said}");
    for part in ["user 'ann of Contoso' (ann@fabrikam.com)", "group 'sales of Contoso'", "forceDelete"] {
        assert!(said.contains(part), "{said}");
    }
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = store.domain_references("fabrikam.com".into(), after, 1).await.unwrap();
        assert!(page.items.len() <= 1);
        seen.extend(page.items.into_iter().map(|object| object.kind));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, [ObjectKind::User, ObjectKind::Group]);
    send(&store, &[ann.upn("ann@contoso.com").post(), sales.mail("sales@contoso.com").post()], at(2)).await;
    assert!(!change(&store, "fabrikam.com", Change::Delete).await.unwrap());
    assert!(store.domains().await.unwrap().iter().all(|domain| domain.id != "fabrikam.com"));
}

/// By force: cloud-only objects are renamed to the initial domain, synced ones get what their rules give.
pub(crate) async fn renamed_by_force(store: impl TenantStore) {
    change(&store, "fabrikam.com", Change::Add).await.unwrap();
    change(&store, "fabrikam.com", Change::Verify).await.unwrap();
    let ann = Sent::user("ann").upn("ann@fabrikam.com");
    send(&store, &[ann.post(), Sent::user("cy").upn(&format!("cy@{INITIAL}")).post()], at(1)).await;
    let mut cloud = Properties::new();
    cloud.set_text(Property::DisplayName, "Cy");
    cloud.set_text(Property::UserPrincipalName, "cy@Fabrikam.com");
    cloud.set_text(Property::Mail, "cyrus@fabrikam.com");
    cloud.set_list(
        Property::ProxyAddresses,
        vec!["SMTP:cyrus@fabrikam.com".into(), "smtp:cyrus@contoso.com".into()],
    );
    cloud.set_flag(Property::AccountEnabled, true);
    let properties = cloud.0.into_iter().map(|(property, value)| (property, Some(value))).collect();
    let changes = ObjectChanges { properties, ..ObjectChanges::default() };
    let create = DirectoryOperation::Create { kind: ObjectKind::User, changes };
    let cloud = store.write_directory(DirectoryWrite::by("admin", create), at(2)).await.unwrap().object.id;
    assert!(change(&store, "fabrikam.com", Change::ForceDelete { disable: true }).await.unwrap());
    assert!(store.domains().await.unwrap().iter().all(|domain| domain.id != "fabrikam.com"));
    assert_eq!(upn(&store, "ann").await, format!("ann@{INITIAL}"));
    assert_eq!(told(&store).await, ["ann: DomainNotVerified userPrincipalName ann@fabrikam.com"]);
    let cy = store.object(cloud).await.unwrap().unwrap().properties;
    let name = cy.text(Property::UserPrincipalName).unwrap();
    assert!(name.starts_with("cy") && name.ends_with(INITIAL) && name != format!("cy@{INITIAL}"), "{name}");
    assert_eq!(cy.text(Property::Mail), Some(format!("cyrus@{INITIAL}").as_str()));
    assert_eq!(
        cy.list(Property::ProxyAddresses),
        [format!("SMTP:cyrus@{INITIAL}"), "smtp:cyrus@contoso.com".into()]
    );
    assert_eq!(cy.flag(Property::AccountEnabled), Some(false));
    let history = HistoryQuery {
        object: Some(cloud.to_string()),
        outcome: Some(HistoryOutcome::Recalculated),
        top: 10,
        ..HistoryQuery::default()
    };
    assert_eq!(store.history(history).await.unwrap().unwrap().items.len(), 1);
    check_invariants(&store).await;
}

/// Who was synced once and is the cloud's own now is renamed as any of the cloud's own.
pub(crate) async fn once_synced_is_renamed_by_force(store: impl TenantStore) {
    change(&store, "fabrikam.com", Change::Add).await.unwrap();
    change(&store, "fabrikam.com", Change::Verify).await.unwrap();
    send(&store, &[Sent::user("ann").upn("ann@fabrikam.com").mail("ann@fabrikam.com").post()], at(1)).await;
    store.set_sync_enabled(false, at(2)).await.unwrap();
    assert!(change(&store, "fabrikam.com", Change::ForceDelete { disable: true }).await.unwrap());
    let ann = list(&store, ListQuery { top: 10, ..ListQuery::default() }).await.remove(0).properties;
    assert_eq!(ann.text(Property::Mail), Some(format!("ann@{INITIAL}").as_str()));
    assert_eq!(ann.flag(Property::AccountEnabled), Some(false));
    assert_eq!(told(&store).await, Vec::<String>::new());
    check_invariants(&store).await;
}

/// More people than a page takes: all get the name that was wanted, each with a line of history.
pub(crate) async fn names_follow_in_pages(store: impl TenantStore) {
    let people: Vec<_> = (0..1_500)
        .map(|n| Sent::user(&format!("p{n:04}")).upn(&format!("p{n:04}@Fabrikam.com")).post())
        .collect();
    send(&store, &people, at(1)).await;
    let errors = async || store.counts().await.unwrap().errors.values().sum::<u64>();
    assert_eq!(errors().await, 1_500);
    change(&store, "fabrikam.com", Change::Add).await.unwrap();
    let verified = store.change_domain("fabrikam.com".into(), Change::Verify, at(5)).await.unwrap().unwrap();
    assert!(verified.unwrap().state.is_some_and(|state| !state.force_delete), "it is being worked on");
    assert_eq!(store.recalculate_domains(at(6)).await.unwrap(), 1_500);
    assert_eq!(store.recalculate_domains(at(7)).await.unwrap(), 0);
    assert_eq!(store.domains().await.unwrap().iter().filter(|domain| domain.state.is_some()).count(), 0);
    assert_eq!(errors().await, 0);
    assert_eq!(upn(&store, "p1499").await, "p1499@Fabrikam.com");
    let history = HistoryQuery { object: Some("p1499".into()), top: 10, ..HistoryQuery::default() };
    let rows = store.history(history).await.unwrap().unwrap().items;
    assert_eq!(
        rows.iter().map(|row| row.outcome).collect::<Vec<_>>(),
        [HistoryOutcome::Recalculated, HistoryOutcome::Created]
    );
    check_invariants(&store).await;
}

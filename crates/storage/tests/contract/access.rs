//! Tokens, local users, links and sessions.

use super::*;
use lockstep_tenant::access::{AccessAction, AccessChange, AccessEvent, AccessRefusal};
use lockstep_tenant::{LocalUser, Role, Session, TokenRecord};

fn token(name: &str, role: Role, expires: Option<i64>) -> TokenRecord {
    TokenRecord { name: name.into(), role, client: None, created_at: at(0), expires_at: expires.map(at) }
}

/// A token is known by its secret until it ends, is replaced or removed; a sync client keeps its id.
pub(crate) async fn tokens(store: impl TenantStore) {
    let first = store.put_token([1; 32], token("Sync_host", Role::SyncClient, None), at(0)).await.unwrap();
    let client = first.client.unwrap();
    assert_eq!(store.token([1; 32], at(9)).await.unwrap(), Some(first));
    assert_eq!(store.clients().await.unwrap()[0].service_account, "Sync_host");
    let again = store.put_token([2; 32], token("Sync_host", Role::SyncClient, Some(5)), at(1)).await.unwrap();
    assert_eq!(again.client, Some(client));
    assert_eq!(store.token([1; 32], at(2)).await.unwrap(), None);
    assert_eq!(store.token([2; 32], at(4)).await.unwrap(), Some(again));
    assert_eq!(store.token([2; 32], at(5)).await.unwrap(), None);
    let admin = store.put_token([3; 32], token("admin", Role::Admin, None), at(1)).await.unwrap();
    assert_eq!(admin.client, None);
    let names: Vec<_> = store.tokens().await.unwrap().into_iter().map(|token| token.name).collect();
    assert_eq!(names, ["Sync_host", "admin"]);
    assert!(store.remove_token("admin".into()).await.unwrap());
    assert!(!store.remove_token("admin".into()).await.unwrap());
    assert_eq!(store.token([3; 32], at(2)).await.unwrap(), None);
}

/// A code becomes one token, whoever else brings it; it takes the place of a code, and of no token.
pub(crate) async fn codes_are_changed_once(store: impl TenantStore + Clone) {
    let code = || token("Sync_dc1", Role::SyncClient, Some(100));
    let first = store.put_code([1; 32], code(), at(0)).await.unwrap().unwrap();
    let made = store.put_code([2; 32], code(), at(1)).await.unwrap().unwrap();
    assert_eq!((made.client.is_some(), made.client), (true, first.client));
    assert_eq!(store.change_code([1; 32], [3; 32], at(2)).await.unwrap(), None, "another took its place");
    assert_eq!(store.change_code([2; 32], [3; 32], at(100)).await.unwrap(), None, "it has ended");
    let tasks: Vec<_> = (10..18_u8)
        .map(|n| {
            let store = store.clone();
            tokio::spawn(async move { (n, store.change_code([2; 32], [n; 32], at(3)).await.unwrap()) })
        })
        .collect();
    let mut got = Vec::new();
    for task in tasks {
        let (n, answer) = task.await.unwrap();
        got.extend(answer.map(|record| (n, record)));
    }
    assert_eq!(got.len(), 1, "{got:?}");
    let (n, record) = got.remove(0);
    assert_eq!((record.expires_at, record.client), (None, made.client));
    assert_eq!(store.token([n; 32], at(1_000)).await.unwrap(), Some(record));
    assert_eq!(
        store.put_code([4; 32], code(), at(4)).await.unwrap(),
        None,
        "the client would lose its token"
    );
    // A token of the same length is none.
    store.put_token([5; 32], token("short", Role::SyncClient, Some(3_600)), at(0)).await.unwrap();
    assert_eq!(store.change_code([5; 32], [6; 32], at(5)).await.unwrap(), None);
}

/// A new password ends the sessions.
pub(crate) async fn users_and_sessions(store: impl TenantStore) {
    let user = |hash: &str| LocalUser { name: "ann".into(), password_hash: hash.into(), role: Role::Admin };
    let session = |end| Session { user: "ann".into(), role: Role::Admin, expires_at: at(end) };
    store.put_user(user("one")).await.unwrap();
    store.put_session([1; 32], session(10)).await.unwrap();
    assert_eq!(store.session([1; 32], at(9)).await.unwrap(), Some(session(10)));
    assert_eq!(store.session([1; 32], at(10)).await.unwrap(), None);
    store.put_session([1; 32], session(20)).await.unwrap();
    assert_eq!(store.session([1; 32], at(10)).await.unwrap(), Some(session(20)));
    store.lengthen_session([1; 32], at(30)).await.unwrap();
    assert_eq!(store.session([1; 32], at(29)).await.unwrap(), Some(session(30)));
    store.put_user(user("two")).await.unwrap();
    assert_eq!(store.session([1; 32], at(10)).await.unwrap(), None);
    // Used while it was ended.
    store.lengthen_session([1; 32], at(40)).await.unwrap();
    assert_eq!(store.session([1; 32], at(10)).await.unwrap(), None);
    assert_eq!(store.user("ANN".into()).await.unwrap(), Some(user("two")));
    store.put_session([2; 32], session(20)).await.unwrap();
    store.remove_session([2; 32]).await.unwrap();
    assert_eq!(store.session([2; 32], at(10)).await.unwrap(), None);
    assert_eq!(store.users().await.unwrap(), [user("two")]);
    assert!(store.remove_user("ann".into()).await.unwrap());
    assert!(!store.remove_user("ann".into()).await.unwrap());
    assert_eq!(store.user("ann".into()).await.unwrap(), None);
}

/// A link works once, and not after its end; it is no session.
pub(crate) async fn links(store: impl TenantStore) {
    let session = Session { user: "ann".into(), role: Role::Reader, expires_at: at(10) };
    store.put_link([1; 32], session.clone()).await.unwrap();
    store.put_link([2; 32], session.clone()).await.unwrap();
    assert_eq!(store.session([1; 32], at(1)).await.unwrap(), None);
    assert_eq!(store.take_link([1; 32], at(1)).await.unwrap(), Some(session));
    assert_eq!(store.take_link([1; 32], at(1)).await.unwrap(), None);
    assert_eq!(store.take_link([2; 32], at(10)).await.unwrap(), None);
    assert_eq!(store.take_link([2; 32], at(1)).await.unwrap(), None);
}

fn by_root(action: AccessAction) -> AccessChange {
    AccessChange { actor: "root".into(), action }
}

/// Each change has its line; what is refused has none. Uses of tokens go with them.
pub(crate) async fn changes_are_told(store: impl TenantStore) {
    let made = by_root(AccessAction::AddToken([7; 32], token("scim", Role::Scim, None)));
    let record = store.change_access(made.clone(), at(1)).await.unwrap().unwrap().unwrap();
    assert_eq!(store.token([7; 32], at(2)).await.unwrap(), Some(record));
    assert_eq!(store.change_access(made, at(2)).await.unwrap(), Err(AccessRefusal::Exists));
    store.note_token_use("scim".into(), at(3)).await.unwrap();
    store.note_token_use("scim".into(), at(4)).await.unwrap();
    assert_eq!(store.token_uses().await.unwrap(), [("scim".to_owned(), at(4))].into());
    let gone = by_root(AccessAction::RemoveToken { name: "scim".into() });
    assert_eq!(store.change_access(gone.clone(), at(5)).await.unwrap(), Ok(None));
    assert_eq!(store.change_access(gone, at(6)).await.unwrap(), Err(AccessRefusal::NotFound));
    assert!(store.token_uses().await.unwrap().is_empty());
    let subject = "guard".to_owned();
    let told = AccessAction::Tell { event: AccessEvent::ThresholdSet, subject, detail: Some("25".into()) };
    store.change_access(by_root(told), at(7)).await.unwrap().unwrap();
    let lines = store.access_log(i64::MAX, 10).await.unwrap();
    let told: Vec<_> = lines.iter().map(|line| (line.at, line.event, line.detail.as_deref())).collect();
    assert_eq!(
        told,
        [
            (at(7), AccessEvent::ThresholdSet, Some("25")),
            (at(5), AccessEvent::TokenRevoked, None),
            (at(1), AccessEvent::TokenMade, Some("scim")),
        ]
    );
    let older = store.access_log(lines[1].id, 10).await.unwrap();
    assert_eq!(older, lines[2..]);
}

/// Nobody takes the last administrator away, whatever the way.
pub(crate) async fn an_administrator_stays(store: impl TenantStore) {
    let person = |name: &str, role| LocalUser { name: name.into(), password_hash: "x".into(), role };
    let change = |action| store.change_access(by_root(action), at(1));
    let remove = |name: &str| change(AccessAction::RemovePerson { name: name.into() });
    let role = |name: &str, role| change(AccessAction::SetRole { name: name.into(), role });
    for (name, as_) in [("ann", Role::Admin), ("bob", Role::Reader)] {
        change(AccessAction::AddPerson(person(name, as_))).await.unwrap().unwrap();
    }
    assert_eq!(remove("ann").await.unwrap(), Err(AccessRefusal::LastAdmin));
    assert_eq!(role("ann", Role::Reader).await.unwrap(), Err(AccessRefusal::LastAdmin));
    assert_eq!(role("ann", Role::Admin).await.unwrap(), Ok(None));
    assert_eq!(role("eve", Role::Admin).await.unwrap(), Err(AccessRefusal::NotFound));
    let session = Session { user: "bob".into(), role: Role::Reader, expires_at: at(20) };
    store.put_session([1; 32], session).await.unwrap();
    assert_eq!(role("bob", Role::Admin).await.unwrap(), Ok(None));
    assert_eq!(store.session([1; 32], at(2)).await.unwrap(), None, "the session had the role of before");
    assert_eq!(remove("ann").await.unwrap(), Ok(None));
    assert_eq!(remove("bob").await.unwrap(), Err(AccessRefusal::LastAdmin));
    assert_eq!(store.users().await.unwrap(), [person("bob", Role::Admin)]);
}

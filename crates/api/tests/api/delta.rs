//! Delta queries: the links are followed as they are.

use crate::common::{Server, delete, group, members, person, user};
use crate::objects::link;
use jiff::SignedDuration;
use lockstep_model::ObjectKind;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::future::Future as _;
use std::task::Poll;

const HOST: &str = "http://tenant.example:8443";

/// Follows a link to its end: the items, and the next delta link.
async fn follow(server: &Server, path: &str) -> (Vec<Value>, String) {
    let (mut items, mut path) = (Vec::new(), path.to_owned());
    for _ in 0..100 {
        let answer = server.get(&path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        let body = answer.json();
        items.extend(body["value"].as_array().unwrap().iter().cloned());
        let link = |name: &str| {
            body[name]
                .as_str()
                .map(|link| link.strip_prefix(HOST).expect("the address that was asked").to_owned())
        };
        match (link("@odata.nextLink"), link("@odata.deltaLink")) {
            (Some(next), None) => path = next,
            (None, Some(delta)) => return (items, delta),
            _ => panic!("one link: {body}"),
        }
    }
    panic!("pages without an end");
}

fn names(items: &[Value]) -> Vec<&str> {
    items.iter().map(|item| item["displayName"].as_str().unwrap_or("-")).collect()
}

#[tokio::test]
async fn users_once_and_then_what_changed() {
    let server = Server::new().await;
    server.organization().await;
    for path in ["users/delta", "users/delta()", "users/microsoft.graph.delta()", "Users/Delta/"] {
        let (items, link) = follow(&server, &format!("/v1.0/{path}")).await;
        assert_eq!(names(&items), ["Ann Archer", "Bob Berg", "Carl Ångström", "Dora d'Arc"], "{path}");
        assert!(link.contains("?$deltatoken="), "{link}");
    }
    let select = "$select=displayName,city";
    let (items, link) = follow(&server, &format!("/v1.0/users/delta?{select}")).await;
    assert_eq!(items[0].as_object().unwrap().keys().collect::<Vec<_>>(), ["city", "displayName", "id"]);
    let (items, link) = (follow(&server, &link).await.0, link);
    assert_eq!(items, Vec::<Value>::new());
    // One that is selected, one that is not, one that is new, one that went.
    let mut ann = person("ann", "Ann Archer", "Board");
    ann.set_text(lockstep_model::Property::City, "Zug");
    let bob = person("bob", "Bob Berg", "Kitchen");
    server
        .bulk(vec![user("ann", ann, None), user("bob", bob, Some("ann")), delete(ObjectKind::User, "dora")])
        .await;
    let kim = server.make_user("kim").await;
    let (items, next) = follow(&server, &link).await;
    let mut told: BTreeMap<&str, &Value> = BTreeMap::new();
    for item in &items {
        told.insert(item["displayName"].as_str().unwrap_or("gone"), item);
    }
    assert_eq!(told.keys().copied().collect::<Vec<_>>(), ["Ann Archer", "gone", "kim of the cloud"]);
    assert_eq!(told["Ann Archer"]["city"], "Zug");
    assert_eq!(told["gone"]["@removed"], json!({"reason": "changed"}));
    // The same link again tells the same: a client that was cut off loses nothing.
    assert_eq!(follow(&server, &link).await.0, items);
    assert_eq!(follow(&server, &next).await.0, Vec::<Value>::new());
    let gone = told["gone"]["id"].as_str().unwrap();
    server.call("DELETE", &format!("/v1.0/directory/deletedItems/{gone}"), &server.admin, None).await;
    let (items, _) = follow(&server, &next).await;
    assert_eq!(items, [json!({"id": gone, "@removed": {"reason": "deleted"}})]);
    // From now on; and only two of them.
    let (items, latest) = follow(&server, "/v1.0/users/delta?$deltatoken=latest").await;
    assert_eq!(items, Vec::<Value>::new());
    server.call("PATCH", &format!("/v1.0/users/{kim}"), &server.admin, Some(json!({"city": "Bern"}))).await;
    assert_eq!(names(&follow(&server, &latest).await.0), ["kim of the cloud"]);
    let ann = server.id_of("Ann Archer").await;
    let (items, only) =
        follow(&server, &format!("/v1.0/users/delta?$filter=id eq '{ann}' or id eq '{kim}'")).await;
    assert_eq!(names(&items), ["Ann Archer", "kim of the cloud"]);
    let bob = person("bob", "Robert Berg", "Kitchen");
    server.bulk(vec![user("bob", bob, Some("ann"))]).await;
    assert_eq!(follow(&server, &only).await.0, Vec::<Value>::new());
}

#[tokio::test]
async fn groups_with_their_members() {
    let server = Server::new().await;
    server.organization().await;
    let many: Vec<String> = (0..700).map(|n| format!("m{n:03}")).collect();
    let mut operations: Vec<_> = many.iter().map(|m| user(m, person(m, m, "Many"), None)).collect();
    operations.push(group("large", "Large"));
    server.bulk(operations).await;
    let refs: Vec<&str> = many.iter().map(String::as_str).collect();
    server.bulk(vec![members("large", &refs)]).await;
    let (items, delta) = follow(&server, "/v1.0/groups/delta").await;
    let mut told: BTreeMap<String, usize> = BTreeMap::new();
    for item in &items {
        *told.entry(item["id"].as_str().unwrap().into()).or_default() +=
            item["members@delta"].as_array().map_or(0, Vec::len);
    }
    let count = async |name: &str| told[&server.id_of(name).await];
    assert_eq!((count("Sales").await, count("All Staff").await, count("Large").await), (2, 2, 700));
    let one = items.iter().flat_map(|item| item["members@delta"].as_array()).flatten().next().unwrap();
    assert!(one["@odata.type"].as_str().unwrap().starts_with("#microsoft.graph."), "{one}");

    let (cooks, kim) = (server.make_group("cooks").await, server.make_user("kim").await);
    server.post(&format!("/v1.0/groups/{cooks}/members/$ref"), link(&kim)).await;
    let (items, delta) = follow(&server, &delta).await;
    let [item] = items.as_slice() else { panic!("{items:?}") };
    assert_eq!((&item["id"], &item["displayName"]), (&json!(cooks), &json!("cooks")));
    assert_eq!(item["members@delta"], json!([{"@odata.type": "#microsoft.graph.user", "id": kim}]));
    // A member that is deleted is a member no more.
    server.call("DELETE", &format!("/v1.0/users/{kim}"), &server.admin, None).await;
    let (items, delta) = follow(&server, &delta).await;
    assert_eq!(items[0]["members@delta"][0]["@removed"], json!({"reason": "deleted"}));
    // Without members in `$select` they are no change.
    let (_, plain) = follow(&server, "/v1.0/groups/delta?$select=displayName").await;
    server.post(&format!("/v1.0/groups/{cooks}/members/$ref"), link(&server.id_of("m000").await)).await;
    assert_eq!(follow(&server, &plain).await.0, Vec::<Value>::new());
    assert_eq!(follow(&server, &delta).await.0.len(), 1);
    let (all, _) = follow(&server, "/v1.0/directoryObjects/delta?$select=id").await;
    assert_eq!(all.len(), 4 + 700 + 4);
}

/// Another write comes between, at each step of the read that there is.
#[tokio::test]
async fn nothing_is_lost_behind_a_large_group() {
    let server = Server::new().await;
    let first = server.make_group("first").await;
    let many: Vec<String> = (0..501).map(|n| format!("m{n:03}")).collect();
    let mut operations: Vec<_> = many.iter().map(|m| user(m, person(m, m, "Many"), None)).collect();
    operations.push(group("large", "Large"));
    server.bulk(operations).await;
    let refs: Vec<&str> = many.iter().map(String::as_str).collect();
    server.bulk(vec![members("large", &refs)]).await;
    let last = server.make_group("last").await;
    let mut steps = 0;
    loop {
        steps += 1;
        let mut request = Box::pin(server.get("/v1.0/groups/delta?$select=displayName,members"));
        let mut polls = 0;
        let early = std::future::poll_fn(|context| {
            // Of the 128 things that a task may do in one go it is left one, so that no step is passed over.
            for _ in 0..127 {
                if std::pin::pin!(tokio::task::coop::consume_budget()).poll(context).is_pending() {
                    return Poll::Pending;
                }
            }
            if polls == steps {
                return Poll::Ready(None);
            }
            polls += 1;
            request.as_mut().poll(context).map(Some)
        });
        if early.await.is_some() {
            break;
        }
        let gone = server.call("DELETE", &format!("/v1.0/groups/{first}"), &server.admin, None).await;
        assert_eq!(gone.status, 204);
        let page = request.await.json();
        let mut told = page["value"].as_array().unwrap().clone();
        if let Some(next) = page["@odata.nextLink"].as_str() {
            told.extend(follow(&server, next.strip_prefix(HOST).unwrap()).await.0);
        }
        assert!(told.iter().any(|item| item["id"] == last.as_str()), "step {steps}: the last group is lost");
        let members: usize =
            told.iter().filter_map(|item| item["members@delta"].as_array()).map(Vec::len).sum();
        assert_eq!(members, 501, "step {steps}");
        let back = server.post(&format!("/v1.0/directory/deletedItems/{first}/restore"), json!({})).await;
        assert_eq!(back.status, 200, "{}", back.text());
    }
    assert!(steps > 10, "{steps}");
}

#[tokio::test]
async fn links_end() {
    let server = Server::new().await;
    server.organization().await;
    let (_, delta) = follow(&server, "/v1.0/users/delta").await;
    assert_eq!(
        server.get(&delta.replace("/users/", "/groups/")).await.status,
        400,
        "the link of another kind"
    );
    let filter = server.get("/v1.0/users/delta?$filter=displayName eq 'x'").await;
    assert_eq!(filter.code(), "Request_UnsupportedQuery");
    server.clock.advance(SignedDuration::from_hours(7 * 24));
    assert_eq!(server.get(&delta).await.status, 200);
    server.clock.advance(SignedDuration::from_secs(1));
    let answer = server.get(&delta).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (410, "syncStateNotFound"));
    assert_eq!(answer.headers["location"], format!("{HOST}/v1.0/users/delta"));
    // Synchronization is switched off: every object is another.
    let (_, delta) = follow(&server, "/v1.0/users/delta").await;
    let id = server.get("/v1.0/organization").await.json()["value"][0]["id"].as_str().unwrap().to_owned();
    let off = Some(json!({"onPremisesSyncEnabled": false}));
    server.clock.advance(SignedDuration::from_secs(1));
    server.call("PATCH", &format!("/v1.0/organization/{id}"), &server.admin, off).await;
    assert_eq!(server.get(&delta).await.status, 410);
    // Small pages, where a client wants them.
    let mut request = http::Request::builder().uri("/v1.0/users/delta").header("host", "tenant.example:8443");
    request = request.header("authorization", format!("Bearer {}", server.admin));
    request = request.header("prefer", "return=minimal, odata.maxpagesize=3");
    let answer = server.send(request.body(axum::body::Body::empty()).unwrap()).await.json();
    assert_eq!((answer["value"].as_array().unwrap().len(), answer["@odata.nextLink"].is_string()), (3, true));
}

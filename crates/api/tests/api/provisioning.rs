//! What sync clients ask and say.

use crate::common::{Server, anchor, delete, group, members, person, user};
use axum::body::Body;
use http::{Request, header};
use lockstep_model::provisioning::{BulkOperation, MAX_BODY_BYTES, MAX_LINKS_PER_OPERATION, MAX_OPERATIONS};
use lockstep_model::{Fingerprint, ObjectKind, Property};
use serde_json::{Value, json};

/// The outcomes of a batch.
async fn outcomes(server: &Server, operations: Vec<BulkOperation>) -> Vec<String> {
    let answer = server.bulk(operations).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let body = answer.json();
    assert_eq!(body["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:BulkResponse"]));
    let results = body["Operations"].as_array().unwrap();
    results.iter().map(|result| result["outcome"].as_str().unwrap().to_owned()).collect()
}

/// A batch that is sent again changes nothing, whatever is in it.
#[tokio::test]
async fn twice_is_as_once() {
    let server = Server::new().await;
    let batch = || {
        vec![
            user("ann", person("ann", "Ann Archer", "Board"), None),
            user("bob", person("bob", "Bob Berg", "Sales"), Some("ann")),
            group("sales", "Sales"),
            members("sales", &["ann", "bob"]),
        ]
    };
    assert_eq!(outcomes(&server, batch()).await, ["created", "created", "created", "updated"]);
    let before = server.get("/v1.0/users?$select=*").await.json();
    assert_eq!(outcomes(&server, batch()).await, ["unchanged"; 4]);
    assert_eq!(server.get("/v1.0/users?$select=*").await.json(), before);

    let changed = || vec![user("bob", person("bob", "Bob Berg", "IT"), None)];
    assert_eq!(outcomes(&server, changed()).await, ["updated"]);
    assert_eq!(outcomes(&server, changed()).await, ["unchanged"]);
    let gone = || vec![delete(ObjectKind::User, "bob"), delete(ObjectKind::Group, "never")];
    assert_eq!(outcomes(&server, gone()).await, ["deleted", "unchanged"]);
    assert_eq!(outcomes(&server, gone()).await, ["unchanged", "unchanged"]);
    // Who comes back with the same anchor is the same object.
    let id = before["value"][1]["id"].clone();
    assert_eq!(outcomes(&server, changed()).await, ["matched"]);
    assert_eq!(server.get("/v1.0/users/bob@contoso.com").await.json()["id"], id);
}

/// One bad operation stops no other.
#[tokio::test]
async fn each_operation_stands_alone() {
    let server = Server::new().await;
    let mut long = person("x", "X", "Sales");
    long.set_text(Property::DisplayName, "x".repeat(300));
    let operations = vec![
        user("ann", person("ann", "Ann Archer", "Board"), None),
        user("x", long, None),
        members("nowhere", &["ann"]),
        BulkOperation::Delete { path: "/Machines/1".into() },
        user("bob", person("bob", "Bob Berg", "Sales"), Some("ann")),
    ];
    let answer = server.bulk(operations).await;
    let body = answer.json();
    let results = body["Operations"].as_array().unwrap();
    assert_eq!(results.len(), 5, "{body}");
    let outcomes: Vec<&str> = results.iter().map(|r| r["outcome"].as_str().unwrap()).collect();
    // A name that is too long is cut and told; members may come before their group.
    assert_eq!(outcomes, ["created", "created", "updated", "refused", "created"], "{body}");
    assert_eq!(results[1]["errors"][0]["code"], "ExceededAllowedLength");
    assert_eq!(results[3]["status"], "404");
    assert_eq!(server.get("/v1.0/users?$filter=displayName eq 'Bob Berg'").await.names(), ["Bob Berg"]);
}

#[tokio::test]
async fn the_inventory_says_what_was_sent() {
    let server = Server::new().await;
    server.organization().await;
    let mut found: Vec<Value> = Vec::new();
    let mut next = Some("/provisioning/v1/inventory?top=4".to_owned());
    let mut pages = 0;
    while let Some(path) = next.take() {
        let body = server.call("GET", &path, &server.client, None).await.json();
        found.extend(body["items"].as_array().unwrap().clone());
        next = body["next"].as_str().map(|after| format!("/provisioning/v1/inventory?top=4&after={after}"));
        pages += 1;
    }
    let anchors: Vec<&str> = found.iter().map(|item| item["anchor"].as_str().unwrap()).collect();
    assert_eq!(anchors, ["all", "ann", "bob", "carl", "dora", "sales"]);
    assert!(pages >= 2);
    let carl = person("carl", "Carl Ångström", "Sales").fingerprint(ObjectKind::User, Some(&anchor("ann")));
    assert_eq!(found[3]["fingerprint"], serde_json::to_value(carl).unwrap());
    let sales = Fingerprint::of_members(["ann", "dora"]);
    assert_eq!(found[5]["membersFingerprint"], serde_json::to_value(sales).unwrap());
    assert_eq!(
        server.call("GET", "/provisioning/v1/inventory?top=0", &server.client, None).await.status,
        400
    );
}

#[tokio::test]
async fn members_page_by_page_under_any_name() {
    let server = Server::new().await;
    let odd = "cn=Größe/100%?#";
    server.organization().await;
    assert_eq!(
        outcomes(&server, vec![group(odd, "Odd"), members(odd, &["carl", "ann"])]).await[0],
        "created"
    );
    let path = "/provisioning/v1/groups/cn%3DGr%C3%B6%C3%9Fe%2F100%25%3F%23/members";
    let body = server.call("GET", &format!("{path}?top=1"), &server.client, None).await.json();
    assert_eq!((&body["members"], &body["next"]), (&json!(["ann"]), &json!("ann")));
    let body = server.call("GET", &format!("{path}?top=1&after=ann"), &server.client, None).await.json();
    assert_eq!(body["members"], json!(["carl"]));
    let bad = server.call("GET", "/provisioning/v1/groups/%ff/members", &server.client, None).await;
    assert_eq!(bad.status, 400);
}

#[tokio::test]
async fn batches_that_are_too_large_are_refused_whole() {
    let server = Server::new().await;
    let answer = server.bulk(vec![delete(ObjectKind::User, "a"); MAX_OPERATIONS + 1]).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (400, "Request_BadRequest"));
    let many: Vec<String> = (0..=MAX_LINKS_PER_OPERATION).map(|n| format!("a{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(server.bulk(vec![group("g", "G"), members("g", &many)]).await.status, 400);
    assert_eq!(server.get("/v1.0/groups/$count").await.text(), "0", "nothing of it was done");
    // Said or not said beforehand, what is over the limit is not read.
    for said in [true, false] {
        let chunks =
            (0..=MAX_BODY_BYTES / (1024 * 1024)).map(|_| Ok::<_, std::io::Error>(vec![b' '; 1024 * 1024]));
        let mut request = Request::post("/provisioning/v1/bulk")
            .header(header::AUTHORIZATION, format!("Bearer {}", server.client));
        if said {
            request = request.header(header::CONTENT_LENGTH, MAX_BODY_BYTES + 1);
        }
        let body = Body::from_stream(futures_util::stream::iter(chunks));
        let answer = server.send(request.body(body).unwrap()).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (413, "RequestEntityTooLarge"));
    }
}

#[tokio::test]
async fn a_report_is_answered_with_what_the_tenant_wants() {
    let server = Server::new().await;
    let first = server.report(|report| report.last_export = None).await.json();
    assert_eq!(
        (&first["syncEnabled"], &first["latestVersion"]),
        (&json!(true), &json!(env!("CARGO_PKG_VERSION")))
    );
    assert_eq!(first["now"], crate::common::NOON);
    assert!(first.get("deletionThreshold").is_none());
    // Only an export turns synchronization on.
    assert_eq!(server.get("/api/v1/status").await.json()["sync"]["enabled"], Value::Null);
    let second = server.report(|_| {}).await.json();
    assert_eq!(second["client"], first["client"]);
    assert_eq!(server.get("/api/v1/status").await.json()["sync"]["enabled"], true);
}

#[tokio::test]
async fn errors_of_the_client_come_and_go() {
    let server = Server::new().await;
    server.organization().await;
    let error = json!({
        "code": "MappingFailed",
        "object": {"kind": "user", "anchor": "eve", "name": "Eve", "dn": "uid=eve,dc=contoso,dc=com"},
        "message": "Eve: cn cannot be read.", "remedy": "Correct cn in the directory.",
    });
    let put = async |objects: Value, errors: Value| {
        let body = json!({"objects": objects, "errors": errors});
        let answer = server.call("PUT", "/provisioning/v1/errors", &server.client, Some(body)).await;
        assert_eq!(answer.status, 204, "{}", answer.text());
        server.get("/api/v1/errors").await.json()["count"].as_u64().unwrap()
    };
    assert_eq!(put(json!(["eve", "ann"]), json!([error.clone()])).await, 2);
    let list = server.get("/api/v1/errors?q=eve").await.json();
    assert_eq!(list["value"][0]["object"]["dn"], "uid=eve,dc=contoso,dc=com");
    assert_eq!(put(json!(["eve"]), json!([error])).await, 2, "the same again is the same");
    assert_eq!(put(json!(["ann"]), json!([])).await, 2, "Eve was not looked at");
    assert_eq!(put(json!(["eve"]), json!([])).await, 1);
}

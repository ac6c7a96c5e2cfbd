//! `$batch`, as the SDKs send it.

use crate::common::Server;
use crate::objects::{link, new_user};
use lockstep_api::{AnswerLimits, ApiSettings};
use serde_json::{Value, json};

async fn batch(server: &Server, token: &str, requests: Value) -> Value {
    let answer = server.call("POST", "/v1.0/$batch", token, Some(json!({"requests": requests}))).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["responses"].clone()
}

fn by_id<'a>(responses: &'a Value, id: &str) -> &'a Value {
    responses.as_array().unwrap().iter().find(|response| response["id"] == id).unwrap()
}

#[tokio::test]
async fn each_request_is_answered_by_itself() {
    let server = Server::new().await;
    server.organization().await;
    let sent = json!([
        {"id": "1", "method": "GET", "url": "/users?$select=displayName&$filter=department eq 'Sales'"},
        {"id": "2", "method": "get", "url": "users/nobody@contoso.com"},
        {"id": "3", "method": "GET", "url": "https://graph.microsoft.com/beta/organization"},
        {"id": "4", "method": "GET", "url": "/users/$count", "headers": {"ConsistencyLevel": "eventual"}},
        {"id": "5", "method": "POST", "url": "/users", "headers": {"Content-Type": "application/json"}, "body": new_user("kim")},
        {"id": "6", "method": "PATCH", "url": "/users/kim@contoso.com", "dependsOn": ["5"], "body": {"city": "Zug"}},
        {"id": "7", "method": "GET", "url": "/users/kim@contoso.com?$select=city", "depends_on": ["6"]},
        {"id": "8", "method": "DELETE", "url": "/users/nobody@contoso.com"},
        {"id": "9", "method": "GET", "url": "/users", "dependsOn": ["8"]},
        {"id": "10", "method": "POST", "url": "/$batch", "body": {"requests": []}},
    ]);
    let responses = batch(&server, &server.admin, sent).await;
    let status: Vec<(String, i64)> = responses
        .as_array()
        .unwrap()
        .iter()
        .map(|response| (response["id"].as_str().unwrap().to_owned(), response["status"].as_i64().unwrap()))
        .collect();
    let expect =
        [(1, 200), (2, 404), (3, 200), (4, 200), (5, 201), (6, 204), (7, 200), (8, 404), (9, 424), (10, 501)];
    assert_eq!(status, expect.map(|(id, status)| (id.to_string(), status)));
    let names: Vec<&str> = by_id(&responses, "1")["body"]["value"]
        .as_array()
        .unwrap()
        .iter()
        .map(|user| user["displayName"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["Bob Berg", "Carl Ångström"]);
    assert!(
        by_id(&responses, "1")["headers"]["Content-Type"].as_str().unwrap().starts_with("application/json")
    );
    let error = &by_id(&responses, "2")["body"]["error"];
    assert_eq!(error["code"], "Request_ResourceNotFound");
    assert!(error["innerError"]["request-id"].is_string());
    let context = by_id(&responses, "3")["body"]["@odata.context"].as_str().unwrap();
    assert_eq!(context, "http://tenant.example:8443/beta/$metadata#organization");
    assert_eq!(by_id(&responses, "4")["body"], "NA==", "what is no JSON is base64");
    assert!(by_id(&responses, "6").get("body").is_none());
    assert_eq!(by_id(&responses, "7")["body"]["city"], "Zug");
}

async fn with_room(batch: usize) -> Server {
    Server::with_limits(ApiSettings::default(), AnswerLimits { batch, ..AnswerLimits::default() }).await
}

#[tokio::test]
async fn an_answer_without_room_is_refused_by_itself() {
    let server = with_room(200).await;
    let sent = json!([
        {"id": "1", "method": "POST", "url": "/users", "body": new_user("kim")},
        {"id": "2", "method": "GET", "url": "/users/$count"},
        {"id": "3", "method": "DELETE", "url": "/users/kim@contoso.com"},
        {"id": "4", "method": "GET", "url": "/users", "dependsOn": ["1"]},
    ]);
    let responses = batch(&server, &server.admin, sent).await;
    let status = |id: &str| by_id(&responses, id)["status"].as_i64().unwrap();
    assert_eq!(["1", "2", "3", "4"].map(status), [413, 200, 204, 424], "{responses}");
    let error = &by_id(&responses, "1")["body"]["error"];
    assert_eq!(error["code"], "RequestEntityTooLarge");
    assert!(error["message"].as_str().unwrap().contains("is changed"), "{error}");
    assert_eq!(by_id(&responses, "2")["body"], "MQ==", "the user was made");
    // Each has room, and all together have not.
    let server = with_room(1_000).await;
    server.make_user("kim").await;
    let one =
        |id: usize| json!({"id": id, "method": "GET", "url": "/users/kim@contoso.com?$select=displayName"});
    let responses = batch(&server, &server.admin, (0..20).map(one).collect()).await;
    let status: Vec<i64> =
        responses.as_array().unwrap().iter().map(|one| one["status"].as_i64().unwrap()).collect();
    assert_eq!((&status[..2], status[19]), ([200, 200].as_slice(), 413), "{status:?}");
}

#[tokio::test]
async fn headers_have_an_end() {
    let server = Server::new().await;
    for (count, expect) in [(64, 200), (65, 400), (40_000, 400)] {
        let headers: serde_json::Map<String, Value> =
            (0..count).map(|n| (format!("x-header-{n}"), "1".into())).collect();
        let sent = json!({"requests": [{"id": "1", "method": "GET", "url": "/users", "headers": headers}]});
        let answer = server.call("POST", "/v1.0/$batch", &server.admin, Some(sent)).await;
        assert_eq!(answer.status.as_u16(), expect, "{count}: {}", answer.text());
    }
}

#[tokio::test]
async fn a_reader_only_reads_and_a_malformed_batch_does_nothing() {
    let server = Server::new().await;
    server.organization().await;
    let sent = json!([
        {"id": "a", "method": "GET", "url": "/users/$count"},
        {"id": "b", "method": "POST", "url": "/users", "body": new_user("kim")},
        {"id": "c", "method": "POST", "url": "/directoryObjects/getByIds", "body": {"ids": []}},
    ]);
    let responses = batch(&server, &server.reader, sent).await;
    assert_eq!(["a", "b", "c"].map(|id| by_id(&responses, id)["status"].as_i64().unwrap()), [200, 403, 200]);
    let get = |id: &str, after: Value| json!({"id": id, "method": "POST", "url": "/users", "body": new_user(id), "dependsOn": after});
    let many: Vec<Value> = (0..21).map(|n| get(&n.to_string(), json!([]))).collect();
    for malformed in [
        json!({}),
        json!({"requests": []}),
        json!({"requests": many}),
        json!({"requests": [get("a", json!([])), get("a", json!([]))]}),
        json!({"requests": [get("a", json!(["z"]))]}),
        json!({"requests": [get("a", json!(["b"])), get("b", json!(["a"]))]}),
        json!({"requests": [get("a", json!(["a"]))]}),
        json!({"requests": [{"id": "a", "url": "/users"}]}),
        json!({"requests": [{"id": "a", "method": "GET"}]}),
        json!({"requests": [7]}),
    ] {
        let answer = server.call("POST", "/v1.0/$batch", &server.admin, Some(malformed.clone())).await;
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_str()),
            (400, "Request_BadRequest"),
            "{malformed}"
        );
    }
    assert_eq!(server.get("/v1.0/users/$count").await.text(), "4", "nobody was made");
    let sync = server.call("POST", "/v1.0/$batch", &server.client, Some(json!({"requests": []}))).await;
    assert_eq!(sync.status, 403);
    // Links are made within a batch as well.
    let (kim, group) = (server.make_user("kim").await, server.make_group("cooks").await);
    let sent = json!([{"id": 1, "method": "POST", "url": format!("/groups/{group}/members/$ref"), "body": link(&kim)}]);
    assert_eq!(by_id(&batch(&server, &server.admin, sent).await, "1")["status"], 204);
}

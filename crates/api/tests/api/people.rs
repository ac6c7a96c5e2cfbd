//! Who has access, over the API: people, tokens, the line of each change.

use crate::common::{PASSWORD, Server};
use serde_json::{Value, json};

async fn events(server: &Server) -> Vec<String> {
    let answer = server.call("GET", "/api/v1/accesslog", &server.admin, None).await;
    let line = |line: &Value| {
        let word = |name: &str| line[name].as_str().unwrap_or("-").to_owned();
        format!("{} {} {} {}", word("actor"), word("event"), word("subject"), word("detail"))
    };
    answer.json()["value"].as_array().unwrap().iter().map(line).collect()
}

#[tokio::test]
async fn people_come_change_and_go_and_one_administrator_stays() {
    let server = Server::new().await;
    let people = |method, path: &'static str, body| server.call(method, path, &server.admin, body);
    let made = people("POST", "/api/v1/people", Some(json!({"name": "Bob", "role": "reader"}))).await;
    assert_eq!(made.status, 200, "{}", made.text());
    let path = made.json()["link"]["path"].as_str().unwrap().to_owned();
    let token = path.strip_prefix("/signin#").unwrap();
    let link = |text: String| {
        http::Request::post("/api/v1/session/link").body(axum::body::Body::from(text)).unwrap()
    };
    let text = json!({"token": token}).to_string();
    assert_eq!(server.send(link(text.clone())).await.status, 204);
    assert_eq!(server.send(link(text)).await.status, 401, "once");
    let again = people("POST", "/api/v1/people", Some(json!({"name": "bob", "role": "admin"}))).await;
    assert_eq!((again.status.as_u16(), again.code().as_str()), (409, "Conflict"));
    for wrong in [
        json!({"name": "a b", "role": "admin"}),
        json!({"name": "", "role": "admin"}),
        json!({"name": "carl", "role": "syncClient"}),
        json!({"name": "carl", "role": "admin", "password": "short"}),
    ] {
        let answer = people("POST", "/api/v1/people", Some(wrong.clone())).await;
        assert_eq!(answer.status, 400, "{wrong}");
    }
    // Ann is the only administrator.
    let last = people("DELETE", "/api/v1/people/ann", None).await;
    assert_eq!((last.status.as_u16(), last.code().as_str()), (409, "LastAdministrator"));
    let last = people("PATCH", "/api/v1/people/ann", Some(json!({"role": "reader"}))).await;
    assert_eq!(last.code(), "LastAdministrator");
    assert_eq!(people("PATCH", "/api/v1/people/bob", Some(json!({"role": "admin"}))).await.status, 204);
    assert_eq!(people("DELETE", "/api/v1/people/ann", None).await.status, 204);
    assert_eq!(people("DELETE", "/api/v1/people/ann", None).await.status, 404);
    let reset = json!({"password": PASSWORD});
    assert_eq!(people("PATCH", "/api/v1/people/BOB", Some(reset)).await.status, 204);
    let list = people("GET", "/api/v1/people", None).await.json();
    assert_eq!(list["value"], json!([{"name": "bob", "role": "admin", "you": false}]));
    assert_eq!(
        events(&server).await,
        [
            "root passwordReset bob -",
            "root personRemoved ann -",
            "root roleChanged bob admin",
            "root linkMade bob -",
            "root personAdded bob reader",
        ]
    );
    let page = people("GET", "/api/v1/accesslog?top=2", None).await.json();
    assert_eq!(page["value"].as_array().unwrap().len(), 2);
    let next = format!("/api/v1/accesslog?top=9&after={}", page["next"].as_str().unwrap());
    let rest = server.call("GET", &next, &server.admin, None).await.json();
    assert_eq!(rest["value"].as_array().unwrap().len(), 3);
    assert!(rest["next"].is_null());
}

#[tokio::test]
async fn tokens_are_shown_once_and_end() {
    let server = Server::new().await;
    let tokens = |method, path: &'static str, body| server.call(method, path, &server.admin, body);
    let asked = json!({"name": "monitoring", "role": "reader", "days": 30});
    let made = tokens("POST", "/api/v1/tokens", Some(asked.clone())).await;
    assert_eq!(made.status, 200, "{}", made.text());
    let secret = made.json()["token"].as_str().unwrap().to_owned();
    assert_eq!(made.json()["expiresAt"], "2026-12-22T12:00:00Z");
    assert_eq!(tokens("POST", "/api/v1/tokens", Some(asked)).await.status, 409);
    assert_eq!(server.call("GET", "/api/v1/status", &secret, None).await.status, 200);
    let list = tokens("GET", "/api/v1/tokens", None).await;
    assert!(!list.text().contains(&secret));
    let list = list.json();
    let of = |name: &str| {
        list["value"].as_array().unwrap().iter().find(|row| row["name"] == name).cloned().unwrap()
    };
    assert_eq!(of("monitoring")["lastUsedAt"], crate::common::NOON);
    assert_eq!(
        (of("root")["you"].clone(), of("Sync_test")["lastUsedAt"].clone()),
        (json!(true), Value::Null)
    );
    assert_eq!(tokens("DELETE", "/api/v1/tokens/root", None).await.status, 409, "not itself");
    assert_eq!(tokens("DELETE", "/api/v1/tokens/monitoring", None).await.status, 204);
    assert_eq!(tokens("DELETE", "/api/v1/tokens/monitoring", None).await.status, 404);
    assert_eq!(server.call("GET", "/api/v1/status", &secret, None).await.status, 401);
    for days in [0, 4_000] {
        let asked = json!({"name": "x", "role": "admin", "days": days});
        assert_eq!(tokens("POST", "/api/v1/tokens", Some(asked)).await.status, 400);
    }
    let code = tokens("POST", "/api/v1/enrollments", Some(json!({"name": "Sync_2"}))).await;
    assert_eq!(code.status, 200);
    assert_eq!(
        events(&server).await,
        [
            "root enrollmentMade Sync_2 -",
            "root tokenRevoked monitoring -",
            "root tokenMade monitoring reader",
        ]
    );
}

#[tokio::test]
async fn readers_see_settings_and_nobodys_access() {
    let server = Server::new().await;
    for path in ["/api/v1/people", "/api/v1/tokens", "/api/v1/accesslog"] {
        for token in [&server.reader, &server.client] {
            assert_eq!(server.call("GET", path, token, None).await.status, 403, "{path}");
        }
        assert_eq!(server.call("GET", path, "", None).await.status, 401, "{path}");
    }
    for (method, path) in [
        ("POST", "/api/v1/people"),
        ("PATCH", "/api/v1/people/ann"),
        ("DELETE", "/api/v1/people/ann"),
        ("POST", "/api/v1/people/ann/link"),
        ("POST", "/api/v1/tokens"),
        ("DELETE", "/api/v1/tokens/root"),
    ] {
        assert_eq!(server.call(method, path, &server.reader, Some(json!({}))).await.status, 403, "{path}");
    }
    let settings = server.call("GET", "/api/v1/settings", &server.reader, None).await.json();
    assert_eq!(settings["deletionThreshold"], Value::Null);
    let keys: Vec<_> =
        settings["settings"].as_array().unwrap().iter().map(|one| one["key"].clone()).collect();
    assert_eq!(
        keys,
        ["sync.stale_after", "server.keep_deleted", "server.history.keep", "server.history.max_megabytes"]
    );
    // The threshold is set over Graph, and the log says who did.
    let tenant =
        server.call("GET", "/v1.0/organization", &server.admin, None).await.json()["value"][0]["id"].clone();
    let path = format!("/v1.0/directory/onPremisesSynchronization/{}", tenant.as_str().unwrap());
    let body = json!({"configuration": {"accidentalDeletionPrevention":
        {"synchronizationPreventionType": "enabledForCount", "alertThreshold": 25}}});
    assert_eq!(server.call("PATCH", &path, &server.admin, Some(body)).await.status, 204);
    let settings = server.call("GET", "/api/v1/settings", &server.reader, None).await.json();
    assert_eq!(settings["deletionThreshold"], json!({"count": 25, "percent": 100}));
    assert_eq!(events(&server).await, ["root thresholdSet accidentalDeletionPrevention 25"]);
}

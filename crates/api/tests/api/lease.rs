//! Leases over the API: given, looked at in every write, shown.

use crate::common::{NOON, Server, person, user};
use axum::body::Body;
use http::{Request, header};
use lockstep_model::provisioning::{BULK_REQUEST, BulkRequest, ClientState, EPOCH_HEADER};
use lockstep_tenant::{Role, TenantStore as _, TokenRecord};
use serde_json::{Value, json};

/// A second sync client.
async fn second(server: &Server) -> String {
    let secret = lockstep_api::auth::new_secret("lkt").unwrap();
    let record = TokenRecord {
        name: "Sync_second".into(),
        role: Role::SyncClient,
        client: None,
        created_at: NOON.parse().unwrap(),
        expires_at: None,
    };
    server.store.put_token(secret.hash, record, NOON.parse().unwrap()).await.unwrap();
    secrecy::ExposeSecret::expose_secret(&secret.text).to_owned()
}

fn lease(n: u8, want: Value) -> Value {
    let mut body = json!({
        "lease": "openldap dc=contoso,dc=com", "instance": format!("state{n}"), "process": format!("process{n}"),
        "machine": format!("sync{n}"), "termMillis": 15_000
    });
    for (key, value) in want.as_object().unwrap() {
        body[key] = value.clone();
    }
    body
}

async fn bulk(server: &Server, token: &str, epoch: Option<&str>, name: &str) -> crate::common::Answer {
    let operations = vec![user(name, person(name, name, "IT"), None)];
    let batch = BulkRequest { schemas: vec![BULK_REQUEST.into()], run: None, operations };
    let mut request = Request::builder()
        .method("POST")
        .uri("/provisioning/v1/bulk")
        .header(header::AUTHORIZATION, format!("Bearer {token}"));
    if let Some(epoch) = epoch {
        request = request.header(EPOCH_HEADER, epoch);
    }
    server.send(request.body(Body::from(serde_json::to_vec(&batch).unwrap())).unwrap()).await
}

#[tokio::test]
async fn one_client_writes_and_the_other_is_shown_as_its_standby() {
    let server = Server::new().await;
    let (first, second) = (server.client.clone(), second(&server).await);
    let ask = |token: String, body: Value| {
        let server = &server;
        async move { server.call("POST", "/provisioning/v1/lease", &token, Some(body)).await }
    };
    let start = json!({"want": "take", "start": true});
    let answer = ask(first.clone(), lease(1, start.clone())).await.json();
    assert_eq!(
        (&answer["held"], &answer["epoch"], &answer["continued"]),
        (&json!(true), &json!(1), &json!(true))
    );
    let answer = ask(second.clone(), lease(2, start.clone())).await.json();
    assert_eq!((&answer["held"], &answer["holder"]["machine"]), (&json!(false), &json!("sync1")));
    assert_eq!(answer["expiresInMillis"], 15_000);

    for (token, machine, standby, filter) in
        [(&first, "sync1", false, "(uid=*)"), (&second, "sync2", true, "(cn=*)")]
    {
        let mut report = serde_json::to_value(crate::common::report()).unwrap();
        report["machine"] = json!(machine);
        report["standby"] = json!(standby);
        report["state"] =
            serde_json::to_value(if standby { ClientState::Standby } else { ClientState::Live }).unwrap();
        report["lease"] = json!("openldap dc=contoso,dc=com");
        report["configuration"] = json!({"source.filter": filter, "sync.guard.count": "500"});
        assert_eq!(server.call("POST", "/provisioning/v1/report", token, Some(report)).await.status, 200);
    }
    let renewed = ask(first.clone(), lease(1, json!({"want": "renew", "epoch": 1}))).await.json();
    assert_eq!((&renewed["held"], &renewed["standbyReady"]), (&json!(true), &json!(true)));

    assert_eq!(bulk(&server, &first, Some("1"), "ann").await.status, 200);
    for (token, epoch) in [(&second, Some("1")), (&first, Some("0")), (&first, None)] {
        let answer = bulk(&server, token, epoch, "bob").await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (409, "Fenced"), "{}", answer.text());
    }
    assert_eq!(bulk(&server, &first, Some("one"), "bob").await.status, 400);
    let errors = Some(json!({"objects": ["ann"], "errors": []}));
    let answer = server.call("PUT", "/provisioning/v1/errors", &first, errors).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (409, "Fenced"));

    let status = server.get("/api/v1/status").await.json();
    let clients = status["clients"].as_array().unwrap();
    let of = |machine: &str| clients.iter().find(|client| client["machine"] == machine).unwrap().clone();
    assert_eq!((&of("sync1")["role"], &of("sync1")["lease"]["epoch"]), (&json!("active"), &json!(1)));
    assert_eq!((&of("sync2")["role"], &of("sync2")["lease"]), (&json!("standby"), &Value::Null));
    assert_eq!(status["sync"]["machine"], "sync1", "the page shows the one that writes");
    let differences = status["configurationDifferences"].as_array().unwrap();
    assert_eq!(differences.len(), 1, "{differences:?}");
    assert_eq!(differences[0]["setting"], "source.filter");
    let values: Vec<_> =
        differences[0]["values"].as_array().unwrap().iter().map(|v| v["value"].clone()).collect();
    assert_eq!(values, [json!("(cn=*)"), json!("(uid=*)")]);

    // The first falls silent.
    server.clock.advance(jiff::SignedDuration::from_secs(16));
    let answer = ask(second.clone(), lease(2, json!({"want": "take"}))).await.json();
    assert_eq!((&answer["epoch"], &answer["continued"]), (&json!(2), &json!(false)));
    let answer = bulk(&server, &first, Some("1"), "bob").await;
    assert!(
        answer.text().contains("sync2") && answer.text().contains("Nothing was written"),
        "{}",
        answer.text()
    );
    assert_eq!(bulk(&server, &second, Some("2"), "bob").await.status, 200);
    let leases = server.get("/api/v1/leases").await.json();
    assert_eq!(leases["value"][0]["epoch"], 2);
    assert_eq!(leases["value"][1]["operations"], 1);
    assert!(leases["value"][1]["endedAt"].is_string());
    assert!(leases["value"][0].get("instance").is_none(), "what tells clients apart is not for show");

    for bad in [json!({"lease": ""}), json!({"machine": "x".repeat(300)}), json!({"want": "steal"})] {
        let mut body = lease(1, start.clone());
        for (key, value) in bad.as_object().unwrap() {
            body[key] = value.clone();
        }
        assert_eq!(ask(first.clone(), body).await.status, 400);
    }
    let admin = server.call("POST", "/provisioning/v1/lease", &server.admin, Some(lease(1, start))).await;
    assert_eq!(admin.status, 403);
}

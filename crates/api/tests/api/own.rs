//! Lockstep's own endpoints: status, errors, runs, troubleshooter, downloads, health, the book.

use crate::common::{NOON, Server, person, user};
use http::header;
use jiff::SignedDuration;
use lockstep_api::ApiSettings;
use lockstep_model::provisioning::ClientState;
use serde_json::{Value, json};

async fn server() -> Server {
    let server = Server::new().await;
    server.organization().await;
    server
}

#[tokio::test]
async fn before_the_first_sync_all_is_empty() {
    let server = Server::new().await;
    let status = server.get("/api/v1/status").await.json();
    assert_eq!(status["summary"]["state"], "never");
    assert_eq!((&status["sync"]["enabled"], &status["sync"]["lastSync"]), (&Value::Null, &Value::Null));
    assert_eq!(status["objects"]["users"], 0);
    assert_eq!(server.get("/api/v1/errors").await.json(), json!({"value": [], "count": 0}));
    assert_eq!(server.get("/api/v1/runs").await.json(), json!({"value": []}));
}

#[tokio::test]
async fn the_status_has_all_that_the_page_shows() {
    let server = server().await;
    let status = server.get("/api/v1/status").await.json();
    assert_eq!(status["now"], NOON);
    assert_eq!(status["tenant"]["displayName"], "Contoso");
    assert_eq!(status["tenant"]["initialDomain"], "contoso.onlockstep.example");
    assert_eq!(status["summary"]["state"], "attention", "{status}");
    assert_eq!(status["domains"], json!({"verified": 2, "notVerified": 1}));
    let objects =
        json!({"users": 4, "syncedUsers": 4, "groups": 2, "syncedGroups": 2, "memberships": 4, "deleted": 0});
    assert_eq!(status["objects"], objects);
    let errors =
        json!({"total": 1, "usersWithErrors": 1, "byCategory": {"DuplicateAttribute": 1}, "ignored": 0});
    assert_eq!(status["errors"], errors);
    let sync = &status["sync"];
    for (name, expect) in [
        ("enabled", json!(true)),
        ("lastSync", json!(NOON)),
        ("lastImport", json!(NOON)),
        ("lastExport", json!(NOON)),
        ("lastContact", json!(NOON)),
        ("staleAfterSeconds", json!(259_200)),
        ("stale", json!(false)),
        ("passwordSyncEnabled", json!(false)),
        ("clientVersion", json!("0.0.9")),
        ("latestVersion", json!(env!("CARGO_PKG_VERSION"))),
        ("updateAvailable", json!(true)),
        ("downloadUrl", Value::Null),
        ("serviceAccount", json!("Sync_test")),
        ("machine", json!("dc1")),
        ("source", json!("ldap://dc1 (dc=contoso,dc=com)")),
        ("clientState", json!("live")),
        ("clientConnected", json!(false)),
        ("cycleSeconds", json!(1800)),
        ("connectorSpaceObjects", json!(6)),
        ("pending", json!({"additions": 0, "updates": 0, "deletions": 0})),
        ("heldPlan", Value::Null),
    ] {
        assert_eq!(sync[name], expect, "{name}");
    }
    assert_eq!(status["clients"][0]["machine"], "dc1");

    let answer = server.report(|report| {
        report.state = ClientState::Failed;
        report.detail = Some("ldap: dc1 does not answer".into());
    });
    assert_eq!(answer.await.status, 200);
    let status = server.get("/api/v1/status").await.json();
    assert_eq!(
        status["summary"],
        json!({"state": "stopped", "sentence": "Stopped: ldap: dc1 does not answer"})
    );
    assert_eq!(status["sync"]["clientDetail"], "ldap: dc1 does not answer");
}

/// Out of the list, the counts and the sentence; back by hand, or when the source changes.
#[tokio::test]
async fn an_error_is_ignored_until_it_changes() {
    let server = server().await;
    let id = server.get("/api/v1/errors").await.json()["value"][0]["id"].as_i64().unwrap();
    let address = format!("/api/v1/errors/{id}/ignored");
    let row = server.call("PUT", &address, &server.admin, None).await.json();
    assert_eq!(row["ignored"], json!({"by": "root", "at": NOON}), "{row}");
    let status = server.get("/api/v1/status").await.json();
    assert_eq!((&status["errors"]["total"], &status["errors"]["ignored"]), (&json!(0), &json!(1)));
    assert_eq!(status["errors"]["usersWithErrors"], 0);
    assert_eq!(status["summary"]["state"], "inStep", "{status}");
    let count = async |shown: &str| {
        server.get(&format!("/api/v1/errors?shown={shown}")).await.json()["count"].as_u64().unwrap()
    };
    assert_eq!(
        (count("").await, count("open").await, count("ignored").await, count("all").await),
        (0, 0, 1, 1)
    );
    assert_eq!(server.get("/api/v1/errors?shown=x").await.status, 400);
    let csv = server.get("/api/v1/errors/export?format=csv&shown=ignored").await.text();
    assert!(
        csv.contains(",IgnoredBy,IgnoredDateTime") && csv.contains(",root,2026-11-22T12:00:00Z"),
        "{csv}"
    );
    let history = server.get("/api/v1/history?outcome=errorIgnored").await.json();
    assert_eq!(
        (&history["value"][0]["actor"], &history["value"][0]["errors"]),
        (&json!("root"), &json!(["PropertyConflict"]))
    );
    let row = server.call("DELETE", &address, &server.admin, None).await.json();
    assert!(row.get("ignored").is_none(), "{row}");
    assert_eq!(count("open").await, 1);
    // A change of the source brings it back by itself.
    server.call("PUT", &address, &server.admin, None).await;
    let mut bob = person("bob", "Bob Berg", "Purchasing");
    let addresses = ["SMTP:bob@contoso.com", "smtp:ann@contoso.com", "smtp:bobby@contoso.com"];
    bob.set_list(lockstep_model::Property::ProxyAddresses, addresses.map(str::to_owned).to_vec());
    server.bulk(vec![user("bob", bob, Some("ann"))]).await;
    assert_eq!((count("open").await, count("ignored").await), (1, 0));
}

/// Strictly more than three days.
#[tokio::test]
async fn a_sync_gets_stale() {
    let server = server().await;
    server.clock.advance(SignedDuration::from_hours(72));
    server.report(|_| {}).await;
    let status = server.get("/api/v1/status").await.json();
    assert_eq!((&status["sync"]["stale"], &status["summary"]["state"]), (&json!(false), &json!("attention")));
    server.clock.advance(SignedDuration::from_secs(1));
    let status = server.get("/api/v1/status").await.json();
    assert_eq!((&status["sync"]["stale"], &status["summary"]["state"]), (&json!(true), &json!("stale")));
    // A client that is silent is the worse news.
    server.clock.advance(SignedDuration::from_secs(121));
    assert_eq!(server.get("/api/v1/status").await.json()["summary"]["state"], "stopped");
}

#[tokio::test]
async fn errors_name_both_objects_and_vanish_with_their_cause() {
    let server = server().await;
    let list = server.get("/api/v1/errors").await.json();
    assert_eq!(list["count"], 1, "{list}");
    let row = &list["value"][0];
    assert_eq!((&row["code"], &row["category"]), (&json!("PropertyConflict"), &json!("DuplicateAttribute")));
    assert_eq!((&row["severity"], &row["property"]), (&json!("degraded"), &json!("proxyAddresses")));
    assert_eq!((&row["object"]["name"], &row["object"]["anchor"]), (&json!("Bob Berg"), &json!("bob")));
    assert_eq!((&row["other"]["name"], &row["other"]["kind"]), (&json!("Ann Archer"), &json!("user")));
    assert_eq!((&row["firstSeen"], &row["attempts"]), (&json!(NOON), &json!(1)));
    assert!(row["message"].as_str().is_some_and(|m| m.contains("Bob Berg")), "{row}");
    assert!(row["remedy"].as_str().is_some_and(|r| !r.is_empty()));
    let docs = row["docs"].as_str().unwrap();
    assert_eq!(server.call("GET", docs, "", None).await.status, 200, "{docs}");

    let bob = server.id_of("Bob Berg").await;
    let ann = server.id_of("Ann Archer").await;
    for (query, expect) in [
        ("category=duplicateAttribute".to_owned(), 1),
        ("category=Reference".to_owned(), 0),
        ("kind=user".to_owned(), 1),
        ("kind=group".to_owned(), 0),
        (format!("object={bob}"), 1),
        ("q=berg".to_owned(), 1),
        ("q=nobody".to_owned(), 0),
    ] {
        let list = server.get(&format!("/api/v1/errors?{query}")).await.json();
        assert_eq!(
            (&list["count"], list["value"].as_array().unwrap().len()),
            (&json!(expect), expect),
            "{query}"
        );
    }
    for bad in ["category=x", "kind=x", "object=x", "top=0"] {
        assert_eq!(server.get(&format!("/api/v1/errors?{bad}")).await.status, 400, "{bad}");
    }
    assert_eq!(server.get("/api/v1/errors?after=nonsense").await.code(), "Directory_ExpiredPageToken");
    assert_ne!(ann, bob);

    // Ann gives the address up: Bob gets it.
    let mut changed = person("annie", "Ann Archer", "Board");
    changed.set_list(lockstep_model::Property::ProxyAddresses, vec!["SMTP:annie@contoso.com".into()]);
    server.bulk(vec![user("ann", changed, None)]).await;
    assert_eq!(server.call("POST", "/api/v1/errors/recheck", &server.admin, None).await.status, 200);
    assert_eq!(server.get("/api/v1/errors").await.json()["count"], 0);
    let body = server.get("/v1.0/users/bob@contoso.com?$select=proxyAddresses").await.json();
    assert_eq!(body["proxyAddresses"].as_array().unwrap().len(), 3, "{body}");
}

#[tokio::test]
async fn errors_as_files() {
    let server = server().await;
    let answer = server.get("/api/v1/errors/export?format=csv").await;
    assert_eq!(answer.headers[header::CONTENT_TYPE], "text/csv; charset=utf-8");
    assert!(answer.headers[header::CONTENT_DISPOSITION].to_str().unwrap().contains("lockstep-errors.csv"));
    let text = answer.text();
    let lines: Vec<&str> = text.strip_prefix('\u{feff}').expect("the mark of UTF-8").split("\r\n").collect();
    assert_eq!(lines.len(), 3, "head, one row, the end: {text}");
    assert!(lines[0].starts_with("ObjectType,ObjectId,DisplayName,UserPrincipalName,"));
    assert!(lines[1].starts_with("user,") && lines[1].contains("Bob Berg,bob@contoso.com,"), "{text}");
    assert!(lines[1].contains("Ann Archer"), "{text}");
    let answer = server.get("/api/v1/errors/export?format=json").await;
    assert_eq!(answer.json().as_array().unwrap().len(), 1);
    assert_eq!(server.get("/api/v1/errors/export?format=json&kind=group").await.json(), json!([]));
    for bad in ["", "?format=xml", "?format=csv&kind=x"] {
        assert_eq!(server.get(&format!("/api/v1/errors/export{bad}")).await.status, 400, "{bad}");
    }
}

#[tokio::test]
async fn runs_newest_first_and_one_of_an_id() {
    let server = server().await;
    let run = |n: u8, objects: u64| {
        json!({
            "id": format!("00000000-0000-7000-8000-0000000000{n:02}"), "trigger": "cycle",
            "startedAt": format!("2026-11-22T11:00:{n:02}Z"), "endedAt": format!("2026-11-22T11:01:{n:02}Z"),
            "result": "success", "steps": [{"name": "Full Import", "millis": 5, "objects": objects}],
            "counts": {"user": {"created": objects}}, "membersAdded": 1, "membersRemoved": 0, "objectErrors": 0,
        })
    };
    for (n, objects) in [(1, 10), (2, 20), (1, 11)] {
        let answer =
            server.call("POST", "/provisioning/v1/runs", &server.client, Some(run(n, objects))).await;
        assert_eq!(answer.status, 204, "{}", answer.text());
    }
    let list = server.get("/api/v1/runs").await.json();
    let found: Vec<u64> = list["value"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["counts"]["user"]["created"].as_u64().unwrap())
        .collect();
    assert_eq!(found, [20, 11], "{list}");
    assert!(list["value"][0]["client"].is_string());
    assert_eq!(server.get("/api/v1/runs?top=1").await.json()["value"].as_array().unwrap().len(), 1);
    assert_eq!(server.get("/api/v1/runs?top=0").await.status, 400);
}

#[tokio::test]
async fn activity_has_every_part_of_its_time() {
    let server = server().await;
    let now: jiff::Timestamp =
        server.get("/api/v1/status").await.json()["now"].as_str().unwrap().parse().unwrap();
    let ended = now - jiff::SignedDuration::from_secs(60);
    let run = json!({
        "id": "00000000-0000-7000-8000-000000000009", "trigger": "cycle",
        "startedAt": ended.to_string(), "endedAt": ended.to_string(), "result": "stoppedExport",
        "steps": [{"name": "Export", "millis": 250, "objects": 1}],
        "counts": {"user": {"created": 7, "updated": 2}}, "membersAdded": 1, "membersRemoved": 3, "objectErrors": 0,
    });
    let answer = server.call("POST", "/provisioning/v1/runs", &server.client, Some(run)).await;
    assert_eq!(answer.status, 204, "{}", answer.text());
    let body = server.get("/api/v1/activity?hours=24&parts=48").await.json();
    let parts = body["value"].as_array().unwrap();
    assert_eq!((parts.len(), body["stepSeconds"].as_u64()), (48, Some(1800)));
    let moment = |value: &Value| value.as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    assert!(moment(&body["from"]) <= ended && now <= moment(&body["to"]), "{body}");
    assert_eq!(parts[0]["at"], body["from"]);
    let busy: Vec<&Value> = parts.iter().filter(|part| part["runs"] != 0).collect();
    assert_eq!(busy.len(), 1);
    let told = ["failed", "created", "updated", "deleted", "members", "workMillis", "longestMillis"];
    assert_eq!(told.map(|name| busy[0][name].as_u64().unwrap()), [1, 7, 2, 0, 4, 250, 250]);
    for bad in ["?hours=0", "?hours=99999", "?parts=0", "?parts=201", "?hours=x"] {
        assert_eq!(server.get(&format!("/api/v1/activity{bad}")).await.status, 400, "{bad}");
    }
}

#[tokio::test]
async fn the_troubleshooter_says_that_no_client_is_there() {
    let server = Server::new().await;
    let body = server.get("/api/v1/doctor").await.json();
    assert_eq!(body["clientConnected"], false);
    let names: Vec<&str> =
        body["checks"].as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["server.disk", "client.connection"]);
    let check = &body["checks"][1];
    assert_eq!(check["result"], "fail");
    assert!(check["detail"].as_str().unwrap().contains("No sync client was ever connected"), "{check}");
    assert!(check["remedy"].is_string());
}

#[tokio::test]
async fn the_program_is_handed_out_with_its_digest() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), b"the program").unwrap();
    let settings = ApiSettings { program: Some(file.path().to_owned()), ..ApiSettings::default() };
    let server = Server::with(settings).await;
    let answer = server.call("GET", "/downloads/lockstep", "", None).await;
    assert_eq!((answer.status.as_u16(), answer.body.as_slice()), (200, b"the program".as_slice()));
    assert_eq!(answer.headers[header::CONTENT_LENGTH], "11");
    let answer = server.call("GET", "/downloads/lockstep.sha256", "", None).await;
    // printf 'the program' | sha256sum
    let digest = "50fda23bf0a5115d4f893dc10d122c10a4705f47688f5620e80611c092d4053e";
    assert_eq!(answer.text(), format!("{digest}  lockstep\n"));
    let none = Server::new().await;
    assert_eq!(none.call("GET", "/downloads/lockstep", "", None).await.status, 404);
}

#[tokio::test]
async fn health_and_metrics() {
    let server = server().await;
    let health = server.call("GET", "/healthz", "", None).await.json();
    assert_eq!(health, json!({"status": "ok", "version": env!("CARGO_PKG_VERSION"), "now": NOON}));
    assert_eq!(server.call("GET", "/readyz", "", None).await.json(), json!({"status": "ready"}));
    let text = server.get("/metrics").await.text();
    for line in [
        "lockstep_objects{kind=\"user\"} 4",
        "lockstep_object_errors{category=\"DuplicateAttribute\"} 1",
        "lockstep_provisioning_operations_total{outcome=\"created\"}",
        "lockstep_http_requests_total{route=\"/provisioning/v1/bulk\",method=\"POST\",status=\"200\"}",
        "lockstep_last_export_timestamp_seconds 1795348800",
        "lockstep_http_request_seconds_bucket{route=\"/provisioning/v1/bulk\",le=\"+Inf\"}",
    ] {
        assert!(text.contains(line), "no {line} in:\n{text}");
    }
    assert!(!text.contains("contoso"), "no names in labels");
}

/// Without sign-in, as the portal's own files.
#[tokio::test]
async fn the_book_is_served() {
    let server = Server::new().await;
    for (path, status) in [
        ("/docs", 308),
        ("/docs/", 200),
        ("/docs/book.css", 200),
        ("/docs/errors/PropertyConflict.html", 200),
        ("/docs/nothing.html", 404),
        ("/docs/..%2f..%2fCargo.toml", 404),
        ("/docs/%ff", 404),
    ] {
        let answer = server.call("GET", path, "", None).await;
        assert_eq!(answer.status, status, "{path}");
        if path.ends_with(".html") || path.ends_with('/') {
            assert_eq!(answer.headers[header::CONTENT_TYPE], "text/html; charset=utf-8", "{path}");
        }
    }
}

//! The description of Lockstep's own endpoints: up to date, whole, and true of real answers.

use crate::common::{Answer, Server, status_of};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;

/// `LOCKSTEP_BLESS=1` writes it.
#[test]
fn the_committed_reference_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/src/reference/openapi.json");
    let text = serde_json::to_string_pretty(&lockstep_api::openapi()).unwrap() + "\n";
    if std::env::var_os("LOCKSTEP_BLESS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == text,
        "docs/src/reference/openapi.json is out of date: run `LOCKSTEP_BLESS=1 cargo nextest run -p lockstep-api reference`"
    );
}

/// Every route that the router's source names is described, and nothing else is.
#[test]
fn every_own_route_is_described() {
    let source = include_str!("../../src/router.rs");
    let routes: BTreeSet<&str> = source
        .split(".route(")
        .skip(1)
        .filter_map(|rest| rest.split('"').nth(1))
        .filter(|path| {
            ["/provisioning/", "/v1.0/", "/beta/", "/scim/", "/docs"]
                .iter()
                .all(|other| !path.starts_with(other))
        })
        .collect();
    let document = lockstep_api::openapi();
    let described: BTreeSet<&str> =
        document["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(routes, described, "describe it in crates/api/src/openapi");
    assert!(routes.len() > 20, "{routes:?}");
}

/// Whether a value has the form of a schema: the part of JSON Schema that the document uses.
fn check(document: &Value, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    if let Some(name) = schema["$ref"].as_str() {
        let target =
            document.pointer(name.trim_start_matches('#')).ok_or(format!("{at}: {name} is missing"))?;
        return check(document, target, value, at);
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(options) = schema[key].as_array() {
            let fitting = options.iter().filter(|one| check(document, one, value, at).is_ok()).count();
            let good = if key == "oneOf" { fitting == 1 } else { fitting > 0 };
            return if good { Ok(()) } else { Err(format!("{at}: {value} fits {fitting} of {key}")) };
        }
    }
    if let Some(one) = schema.get("const") {
        return if one == value { Ok(()) } else { Err(format!("{at}: {value} is not {one}")) };
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => return Err(format!("{at}: the schema has no type")),
    };
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_i64() || number.is_u64() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    if !kinds.contains(&kind) {
        return Err(format!("{at}: {value} is no {kinds:?}"));
    }
    if let Some(choices) = schema["enum"].as_array()
        && !choices.contains(value)
    {
        return Err(format!("{at}: {value} is none of {choices:?}"));
    }
    match value {
        Value::Array(items) => items
            .iter()
            .enumerate()
            .try_for_each(|(n, item)| check(document, &schema["items"], item, &format!("{at}[{n}]"))),
        Value::Object(fields) => {
            for name in schema["required"].as_array().into_iter().flatten() {
                if !fields.contains_key(name.as_str().unwrap()) {
                    return Err(format!("{at}: {name} is missing"));
                }
            }
            for (name, value) in fields {
                let inside = format!("{at}.{name}");
                match (schema["properties"].get(name), &schema["additionalProperties"]) {
                    (Some(schema), _) => check(document, schema, value, &inside)?,
                    (None, Value::Bool(false)) => {
                        return Err(format!(
                            "{inside} is not described; add it in crates/api/src/openapi/schemas.rs"
                        ));
                    }
                    (None, schema @ Value::Object(_)) => check(document, schema, value, &inside)?,
                    (None, _) => {}
                }
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn fits(method: &str, path: &str, answer: &Answer) {
    let document = lockstep_api::openapi();
    let operation = &document["paths"][path][method];
    let status = answer.status.as_u16().to_string();
    let mut response = &operation["responses"][&status];
    assert!(
        response.is_object(),
        "{method} {path} answers {status}, which is not described: {}",
        answer.text()
    );
    if let Some(name) = response["$ref"].as_str() {
        response = document.pointer(name.trim_start_matches('#')).unwrap();
    }
    let schema = &response["content"]["application/json"]["schema"];
    if schema.is_object() {
        check(&document, schema, &answer.json(), path).unwrap_or_else(|why| panic!("{method} {why}"));
    }
}

#[tokio::test]
async fn answers_are_as_described() {
    let server = Server::new().await;
    fits("get", "/api/v1/status", &server.get("/api/v1/status").await);
    server.organization().await;
    let run = json!({
        "id": "01a20320-a200-7a92-9e4e-8badc03d9c40", "trigger": "live", "startedAt": "2026-11-22T12:00:00Z",
        "endedAt": "2026-11-22T12:00:01Z", "result": "success", "steps": [{"name": "import", "millis": 1, "objects": 2}],
        "counts": {"user": {"created": 4}}, "membersAdded": 2, "membersRemoved": 0, "objectErrors": 1,
        "drift": {"users": {"added": 1}, "groups": {}},
    });
    assert!(
        server.call("POST", "/provisioning/v1/runs", &server.client, Some(run)).await.status.is_success()
    );
    for path in [
        "/api/v1/status",
        "/api/v1/errors",
        "/api/v1/history",
        "/api/v1/runs",
        "/api/v1/leases",
        "/api/v1/activity",
        "/api/v1/doctor",
        "/api/v1/session",
        "/api/v1/session/place",
        "/api/v1/openapi.json",
        "/healthz",
        "/readyz",
    ] {
        let answer = server.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        fits("get", path, &answer);
    }
    assert!(!server.get("/api/v1/errors").await.json()["value"].as_array().unwrap().is_empty());
    let id = "01a20320-a200-7a92-9e4e-8badc03d9c40";
    fits("get", "/api/v1/runs/{id}", &server.get(&format!("/api/v1/runs/{id}")).await);
    fits("get", "/api/v1/runs/{id}/objects", &server.get(&format!("/api/v1/runs/{id}/objects")).await);
    fits("get", "/api/v1/runs/{id}", &server.get("/api/v1/runs/01a20320-a200-7a92-9e4e-8badc03d9c41").await);
    fits(
        "post",
        "/api/v1/errors/recheck",
        &server.call("POST", "/api/v1/errors/recheck", &server.admin, None).await,
    );
    let id = server.get("/api/v1/errors").await.json()["value"][0]["id"].as_i64().unwrap();
    let ignored = format!("/api/v1/errors/{id}/ignored");
    let answer = server.call("PUT", &ignored, &server.admin, None).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    fits("put", "/api/v1/errors/{id}/ignored", &answer);
    fits("get", "/api/v1/errors", &server.get("/api/v1/errors?shown=ignored").await);
    fits(
        "delete",
        "/api/v1/errors/{id}/ignored",
        &server.call("DELETE", &ignored, &server.admin, None).await,
    );
    let fixes = server.get(&format!("/api/v1/errors/{id}/fixes")).await;
    assert_eq!(fixes.status, 200, "{}", fixes.text());
    fits("get", "/api/v1/errors/{id}/fixes", &fixes);
    let orders = server.call("POST", "/api/v1/orders", &server.admin, Some(status_of("pause"))).await;
    assert_eq!(orders.status, 503);
    fits("post", "/api/v1/orders", &orders);
    let wrong = server.call("POST", "/api/v1/orders", &server.admin, Some(status_of("nothing"))).await;
    assert_eq!(wrong.status, 400);
    fits("post", "/api/v1/orders", &wrong);
    fits("get", "/api/v1/status", &server.call("GET", "/api/v1/status", "", None).await);
    fits("get", "/api/v1/errors", &server.get("/api/v1/errors?top=0").await);
    // Without a sign-in.
    let open = server.call("GET", "/api/v1/openapi.json", "", None).await;
    assert_eq!((open.status.as_u16(), &open.json()["openapi"]), (200, &json!("3.1.0")));
}

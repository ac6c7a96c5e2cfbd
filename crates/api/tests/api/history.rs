//! What became of objects: lists, one run, files.

use crate::common::*;
use lockstep_model::Property;
use lockstep_model::provisioning::{BULK_REQUEST, BulkOperation, BulkRequest, PostOperation};
use serde_json::{Value, json};

const RUN: &str = "00000000-0000-7000-8000-000000000007";

/// Ann moved to Legal, in a run of its own, named by the flow.
async fn server() -> Server {
    let server = Server::new().await;
    server.organization().await;
    let mut moved = user("ann", person("ann", "Ann Archer", "=Legal, \"old\""), None);
    if let BulkOperation::Post(PostOperation::User(user)) = &mut moved {
        user.flows.insert("department".into(), "department <- departmentNumber".into());
    }
    let batch = BulkRequest {
        schemas: vec![BULK_REQUEST.into()],
        run: Some(RUN.parse().unwrap()),
        operations: vec![moved, members("sales", &["carl"])],
    };
    let body = Some(serde_json::to_value(batch).unwrap());
    assert_eq!(server.call("POST", "/provisioning/v1/bulk", &server.client, body).await.status, 200);
    let run = json!({
        "id": RUN, "trigger": "live", "startedAt": NOON, "endedAt": NOON, "result": "success",
        "steps": [{"name": "Export", "millis": 5, "objects": 2}],
        "counts": {"user": {"updated": 1}}, "membersAdded": 1, "membersRemoved": 0, "objectErrors": 0,
        "drift": {"users": {"added": 0, "changed": 1, "removed": 0}},
    });
    assert_eq!(server.call("POST", "/provisioning/v1/runs", &server.client, Some(run)).await.status, 204);
    server
}

fn rows(list: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let rows = list["value"].as_array().unwrap_or_else(|| panic!("no list: {list}"));
    rows.iter().map(|row| (text(&row["object"]["name"]), text(&row["outcome"]))).collect()
}

#[tokio::test]
async fn every_change_to_this_person_when_by_which_rule_in_which_run() {
    let server = server().await;
    let id = server.id_of("Ann Archer").await;
    for name in [id.as_str(), "ann", "ANN@contoso.com"] {
        let list = server.get(&format!("/api/v1/history?object={name}")).await.json();
        let (ann, updated) = ("Ann Archer".to_owned(), "updated".to_owned());
        assert_eq!(rows(&list), [(ann.clone(), updated), (ann, "created".into())], "{name}: {list}");
        let row = &list["value"][0];
        assert_eq!((&row["run"], &row["at"], &row["object"]["id"]), (&json!(RUN), &json!(NOON), &json!(id)));
        let change = json!({"property": "department", "before": "Board", "after": "=Legal, \"old\"",
                            "rule": "department <- departmentNumber"});
        assert_eq!(row["changes"], json!([change]));
    }
    for (query, expect) in [
        ("", 10),
        ("property=department", 1),
        ("rule=departmentnumber", 1),
        ("outcome=membership", 3),
        ("search=legal", 1),
        ("outcome=deleted", 0),
        ("from=2026-11-22T00:00:00Z&to=2026-11-23T00:00:00Z", 10),
        ("from=2026-11-23T00:00:00Z", 0),
        ("object=sales", 3),
        ("object=sales&property=members", 2),
    ] {
        let list = server.get(&format!("/api/v1/history?{query}")).await.json();
        assert_eq!(rows(&list).len(), expect, "{query}: {list}");
    }
    let mut found = Vec::new();
    let mut next = String::new();
    loop {
        let list = server.get(&format!("/api/v1/history?top=2&after={next}")).await.json();
        found.extend(rows(&list));
        match list["next"].as_str() {
            Some(token) => next = token.to_owned(),
            None => break,
        }
    }
    assert_eq!(found.len(), 10);
    assert_eq!(server.get("/api/v1/history?object=nobody").await.code(), "Request_ResourceNotFound");
    assert_eq!(server.get("/api/v1/history?outcome=x").await.code(), "Request_BadRequest");
    assert_eq!(server.get("/api/v1/history?after=x").await.code(), "Directory_ExpiredPageToken");
}

#[tokio::test]
async fn a_run_with_its_steps_and_what_it_did() {
    let server = server().await;
    let run = server.get(&format!("/api/v1/runs/{RUN}")).await.json();
    assert_eq!((&run["id"], &run["steps"][0]["name"]), (&json!(RUN), &json!("Export")));
    assert_eq!(run["drift"]["users"]["changed"], 1);
    let list = server.get(&format!("/api/v1/runs/{RUN}/objects")).await.json();
    assert_eq!(
        rows(&list),
        [("Sales".into(), "membership".into()), ("Ann Archer".into(), "updated".to_owned())]
    );
    let added = &list["value"][0]["added"][0];
    assert_eq!((&added["anchor"], &added["name"]), (&json!("carl"), &json!("Carl Ångström")));
    let list = server.get(&format!("/api/v1/runs/{RUN}/objects?outcome=updated")).await.json();
    assert_eq!(rows(&list).len(), 1);
    for path in ["/api/v1/runs/x", "/api/v1/runs/x/objects", "/api/v1/runs/x/export?format=csv"] {
        assert_eq!(server.get(path).await.status, 400, "{path}");
    }
    let other = "/api/v1/runs/00000000-0000-7000-8000-000000000008";
    assert_eq!(server.get(other).await.status, 404);
    assert_eq!(server.get(&format!("{other}/objects")).await.status, 404);
}

#[tokio::test]
async fn files_are_whole_and_safe_in_spreadsheets() {
    let server = server().await;
    let file = server.get(&format!("/api/v1/runs/{RUN}/export?format=csv")).await;
    assert_eq!(file.headers["content-type"], "text/csv; charset=utf-8");
    assert!(
        file.headers["content-disposition"].to_str().unwrap().contains(&format!("lockstep-run-{RUN}.csv"))
    );
    let text = file.text();
    let lines: Vec<&str> = text.trim_start_matches('\u{feff}').lines().collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert!(lines[0].starts_with("Id,DateTime,RunId,"), "{text}");
    assert!(lines[1].contains(",Sales,membership,,,,,1,,Carl Ångström,,"), "{text}");
    assert!(
        lines[2].contains(",department,Board,\"'=Legal, \"\"old\"\"\",department <- departmentNumber,"),
        "{text}"
    );
    let file = server.get("/api/v1/history/export?format=jsonl&object=ann").await.text();
    let lines: Vec<Value> = file.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        lines.iter().map(|row| row["outcome"].clone()).collect::<Vec<_>>(),
        [json!("updated"), json!("created")]
    );
    let file = server.get("/api/v1/runs/export?format=csv").await.text();
    assert!(file.lines().nth(1).unwrap().contains(",live,"), "{file}");
    assert!(file.lines().nth(1).unwrap().contains(",Export: 2 objects in 5 ms,"), "{file}");
    let file = server.get("/api/v1/runs/export?format=jsonl").await.text();
    assert_eq!(serde_json::from_str::<Value>(file.lines().next().unwrap()).unwrap()["id"], RUN);
    for path in
        ["/api/v1/history/export", "/api/v1/history/export?format=xml", "/api/v1/runs/export?format=json"]
    {
        assert_eq!(server.get(path).await.status, 400, "{path}");
    }
    assert_eq!(server.get("/api/v1/history/export?format=csv&object=nobody").await.status, 404);
}

/// More rows than a page, and a person whose values are long: the file has all of them.
#[tokio::test]
async fn a_file_goes_over_many_pages() {
    let server = Server::new().await;
    for n in 0..1_300 / 100 {
        let people = (0..100).map(|m| {
            let name = format!("p{n:02}{m:02}");
            user(&name, person(&name, &name, "x"), None)
        });
        assert_eq!(server.bulk(people.collect()).await.status, 200);
    }
    let mut ann = person("p0000", "p0000", "x");
    ann.set_text(Property::City, "Zug");
    server.bulk(vec![user("p0000", ann, None)]).await;
    let file = server.get("/api/v1/history/export?format=csv").await.text();
    assert_eq!(file.lines().count(), 1_302);
}

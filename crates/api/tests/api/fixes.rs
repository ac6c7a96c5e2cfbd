//! Guided fixes over HTTP: previewed, refused where anything changed, done; and what the directory has to change, as LDIF.

use crate::common::{Server, person, user};
use lockstep_model::Property;
use serde_json::{Value, json};

/// A cloud-only user and a synced one who claims an address of theirs; the error's address, and both ids.
async fn twins() -> (Server, String, String) {
    let server = Server::new().await;
    let cloud = json!({
        "displayName": "Eva Cloud", "userPrincipalName": "eva@contoso.com", "mailNickname": "eva",
        "accountEnabled": true, "mail": "eva@contoso.com",
        "passwordProfile": {"password": "not kept", "forceChangePasswordNextSignIn": true},
    });
    let made = server.call("POST", "/v1.0/users", &server.admin, Some(cloud)).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let mut twin = person("eva.lee", "Eva Lee", "Sales");
    let addresses = ["SMTP:eva.lee@contoso.com", "smtp:eva@contoso.com"];
    twin.set_list(Property::ProxyAddresses, addresses.map(str::to_owned).to_vec());
    server.bulk(vec![user("eva", twin, None)]).await;
    let list = server.get("/api/v1/errors").await.json();
    assert_eq!(list["count"], 1, "{list}");
    (server, format!("/api/v1/errors/{}", list["value"][0]["id"]), id)
}

fn of(fixes: &Value, fix: &str) -> Value {
    fixes["fixes"].as_array().unwrap().iter().find(|one| one["fix"] == fix).cloned().unwrap_or_default()
}

#[tokio::test]
async fn a_fix_is_previewed_and_done() {
    let (server, error, id) = twins().await;
    let fixes = server.get(&format!("{error}/fixes")).await.json();
    let (moved, dropped) = (of(&fixes, "moveAnchor"), of(&fixes, "dropValue"));
    assert_eq!((&moved["cured"], &dropped["cured"]), (&json!(true), &json!(true)), "{fixes}");
    assert_eq!(moved["changes"][0]["outcome"], "deleted");
    assert_eq!(moved["changes"][0]["actor"], "root");
    assert_eq!(dropped["changes"][0]["object"]["id"], json!(id));
    assert_eq!(fixes["error"]["docs"], "/docs/errors/PropertyConflict.html");
    // Nothing happened.
    assert_eq!(server.get("/api/v1/errors").await.json()["count"], 1);
    assert_eq!(server.get("/v1.0/users?$count=true").await.names(), ["Eva Cloud", "Eva Lee"]);

    let fix = format!("{error}/fix");
    let ask = async |body: Value| server.call("POST", &fix, &server.admin, Some(body)).await;
    let stale = ask(json!({"fix": "dropValue", "etag": "1.1v1.2v1."})).await;
    assert_eq!((stale.status.as_u16(), stale.code().as_str()), (412, "PreconditionFailed"));
    assert_eq!(ask(json!({"fix": "everything", "etag": "x"})).await.status, 400);
    assert_eq!(ask(json!({"fix": "dropValue", "etag": "x".repeat(300)})).await.status, 400);
    let done = ask(json!({"fix": "moveAnchor", "etag": fixes["etag"]})).await;
    assert_eq!(done.status, 200, "{}", done.text());
    assert_eq!((&done.json()["cured"], &done.json()["retry"]), (&json!(true), &json!("notNeeded")));
    assert_eq!(server.get("/api/v1/errors").await.json()["count"], 0);
    let kept = server
        .get(&format!("/v1.0/users/{id}?$select=displayName,onPremisesImmutableId,onPremisesSyncEnabled"))
        .await;
    let kept = kept.json();
    assert_eq!(
        (&kept["displayName"], &kept["onPremisesSyncEnabled"]),
        (&json!("Eva Lee"), &json!(true)),
        "{kept}"
    );
    let history = server.get(&format!("/api/v1/history?object={id}")).await.json();
    assert_eq!(
        (&history["value"][0]["outcome"], &history["value"][0]["actor"]),
        (&json!("matched"), &json!("root"))
    );
    let gone = ask(json!({"fix": "dropValue", "etag": fixes["etag"]})).await;
    assert_eq!(gone.status, 404);
    assert_eq!(server.get(&format!("{error}/fixes")).await.code(), "Request_ResourceNotFound");
}

#[tokio::test]
async fn rights_are_asked_about() {
    let (server, error, id) = twins().await;
    let group = json!({
        "displayName": "Roles", "mailEnabled": false, "mailNickname": "roles", "securityEnabled": true,
        "isAssignableToRole": true,
        "members@odata.bind": [format!("https://graph.microsoft.com/v1.0/directoryObjects/{id}")],
    });
    let made = server.call("POST", "/v1.0/groups", &server.admin, Some(group)).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let fixes = server.get(&format!("{error}/fixes")).await.json();
    let why = json!(["Eva Cloud is a member of Roles, which roles are assigned to"]);
    assert_eq!(of(&fixes, "dropValue")["privileged"], why);
    let body = json!({"fix": "dropValue", "etag": fixes["etag"]});
    let fix = format!("{error}/fix");
    let refused = server.call("POST", &fix, &server.admin, Some(body)).await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (409, "ConfirmationRequired"));
    let body = json!({"fix": "dropValue", "etag": fixes["etag"], "confirmed": true});
    let done = server.call("POST", &fix, &server.admin, Some(body)).await;
    assert_eq!(done.status, 200, "{}", done.text());
}

/// Both are synced: the directory is where it is changed.
#[tokio::test]
async fn what_the_directory_changes() {
    let server = Server::new().await;
    server.organization().await;
    let id = server.get("/api/v1/errors").await.json()["value"][0]["id"].as_i64().unwrap();
    let fixes = server.get(&format!("/api/v1/errors/{id}/fixes")).await.json();
    assert_eq!(fixes["fixes"], json!([]));
    let entries = fixes["entries"].as_array().unwrap();
    let told: Vec<_> = entries.iter().map(|one| (one["dn"].as_str().unwrap(), &one["holds"])).collect();
    assert_eq!(
        told,
        [
            ("uid=ann,ou=people,dc=contoso,dc=com", &json!(true)),
            ("uid=bob,ou=people,dc=contoso,dc=com", &json!(false))
        ]
    );
    let ldif = entries[1]["ldif"].as_str().unwrap();
    assert!(ldif.contains("dn: uid=bob,ou=people,dc=contoso,dc=com\n"), "{ldif}");
    assert!(ldif.ends_with("delete: mail\nmail: ann@contoso.com\n-\n"), "{ldif}");
    assert_eq!(entries[1]["certain"], false, "no client is connected");
    let body = json!({"fix": "dropValue", "etag": fixes["etag"]});
    let refused = server.call("POST", &format!("/api/v1/errors/{id}/fix"), &server.admin, Some(body)).await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (409, "NotOffered"));
}

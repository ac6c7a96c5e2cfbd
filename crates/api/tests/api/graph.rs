//! The Microsoft Graph subset, as its clients ask it.

use crate::common::{NOON, Server, delete, person, user};
use jiff::SignedDuration;
use lockstep_model::ObjectKind;
use serde_json::{Value, json};

async fn server() -> Server {
    let server = Server::new().await;
    server.organization().await;
    server
}

/// The names of a list, sorted: lists without `$orderby` promise no order.
async fn names(server: &Server, path: &str) -> Vec<String> {
    let answer = server.get(path).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    let mut names = answer.names();
    names.sort();
    names
}

#[tokio::test]
async fn filters_and_searches_find_what_they_say() {
    let server = server().await;
    let (ann, bob, carl, dora) = ("Ann Archer", "Bob Berg", "Carl Ångström", "Dora d'Arc");
    let (all, sales) = ("All Staff", "Sales");
    for (path, expect) in [
        ("users", vec![ann, bob, carl, dora]),
        ("groups", vec![all, sales]),
        ("users?$filter=department eq 'sales'", vec![bob, carl]),
        ("users?$filter=department ne 'Sales'", vec![ann, dora]),
        ("users?$filter=not(department eq 'Sales') and accountEnabled eq true", vec![ann]),
        ("users?$filter=startswith(displayName,'ANN') or mail eq 'carl@contoso.com'", vec![ann, carl]),
        ("users?$filter=endsWith(mail,'@contoso.com')&$count=true", vec![ann, bob, carl, dora]),
        ("users?$filter=contains(displayName,'d''a')", vec![dora]),
        ("users?$filter=displayName in ('Bob Berg', 'Dora d''Arc', 'Nobody')", vec![bob, dora]),
        ("users?$filter=accountEnabled eq false", vec![dora]),
        ("users?$filter=proxyAddresses/any(p:p eq 'smtp:bobby@contoso.com')", vec![bob]),
        ("users?$filter=onPremisesProvisioningErrors/any()", vec![bob]),
        ("users?$filter=onPremisesProvisioningErrors/any(e:e/category eq 'PropertyConflict')", vec![bob]),
        (
            "users?$filter=onPremisesProvisioningErrors/any(e:e/category eq 'PropertyConflict' and e/propertyCausingError eq 'ProxyAddress')",
            vec![bob],
        ),
        ("users?$filter=onPremisesProvisioningErrors/any(e:startsWith(e/value,'SMTP:ann'))", vec![bob]),
        (
            "users?$filter=onPremisesProvisioningErrors/any(e:e/value eq 'x' or e/propertyCausingError eq 'Mail')",
            vec![],
        ),
        (
            "users?$filter=onPremisesProvisioningErrors/any(e:e/occurredDateTime ge 2026-11-22T12:00:00Z)",
            vec![bob],
        ),
        (
            "users?$filter=onPremisesProvisioningErrors/any(e:e/occurredDateTime gt 2026-11-22T12:00:00Z)",
            vec![],
        ),
        ("groups?$filter=onPremisesProvisioningErrors/any(o:o/category ne null)", vec![]),
        ("users?$filter=onPremisesSyncEnabled eq true", vec![ann, bob, carl, dora]),
        ("users?$filter=onPremisesSyncEnabled ne true", vec![]),
        ("users?$filter=onPremisesImmutableId eq 'carl'", vec![carl]),
        ("users?$filter=jobTitle eq null and department eq 'IT'", vec![dora]),
        ("groups?$filter=securityEnabled eq true and mailEnabled eq false", vec![all, sales]),
        ("users?$search=\"archer\"", vec![ann]),
        ("users?$search=\"displayName:ber\"", vec![bob]),
        ("users?$search=\"mail:carl\" OR \"displayName:dora\"", vec![carl, dora]),
        ("users?$search=\"bobby\"", vec![bob]),
        ("users?$search=\"nobody\"", vec![]),
    ] {
        assert_eq!(names(&server, &format!("/v1.0/{path}")).await, expect, "{path}");
    }
}

/// Graph's clients write addresses in many ways; all of them mean the same.
#[tokio::test]
async fn addresses_in_any_form() {
    let server = server().await;
    let id = server.id_of("Bob Berg").await;
    for path in [
        format!("/v1.0/users/{id}"),
        format!("/v1.0/users/{}", id.to_uppercase()),
        format!("/v1.0/users('{id}')"),
        format!("/beta/Users/{id}/"),
        "/v1.0/users/bob@contoso.com".to_owned(),
        "/v1.0/USERS/BOB@Contoso.com".to_owned(),
        "/v1.0/users/bob%40contoso.com?%24select=id,displayName".to_owned(),
        "/v1.0/users('bob@contoso.com')?$SELECT=DISPLAYNAME, id".to_owned(),
    ] {
        let answer = server.get(&path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        let body = answer.json();
        assert_eq!((&body["id"], &body["displayName"]), (&json!(id), &json!("Bob Berg")), "{path}");
        assert_eq!(answer.headers["odata-version"], "4.0");
    }
}

#[tokio::test]
async fn a_user_has_what_is_selected() {
    let server = server().await;
    let select = "id,mail,proxyAddresses,onPremisesSyncEnabled,onPremisesImmutableId,onPremisesProvisioningErrors,\
                  createdDateTime,businessPhones,userType,unknownToAll";
    let body = server.get(&format!("/v1.0/users/bob@contoso.com?$select={select}")).await.json();
    assert_eq!(body["mail"], "bob@contoso.com");
    // The address that is Ann's is left out, and the error says so.
    assert_eq!(body["proxyAddresses"], json!(["SMTP:bob@contoso.com", "smtp:bobby@contoso.com"]));
    assert_eq!(
        (&body["onPremisesSyncEnabled"], &body["onPremisesImmutableId"]),
        (&json!(true), &json!("bob"))
    );
    assert_eq!((&body["createdDateTime"], &body["userType"]), (&json!(NOON), &json!("Member")));
    assert_eq!(body["businessPhones"], json!([]));
    let error = &body["onPremisesProvisioningErrors"][0];
    assert_eq!(error["category"], "PropertyConflict");
    // Capitalized, as Graph writes it.
    assert_eq!(error["propertyCausingError"], "ProxyAddresses");
    assert_eq!(error["value"].as_str().map(str::to_lowercase).as_deref(), Some("smtp:ann@contoso.com"));
    let keys = body.as_object().unwrap();
    assert!(!keys.contains_key("displayName") && !keys.contains_key("unknownToAll"), "{body}");
    // Without `$select` come the eleven that Graph gives.
    let body = server.get("/v1.0/users/bob@contoso.com").await.json();
    assert_eq!(body.as_object().unwrap().keys().filter(|key| !key.starts_with('@')).count(), 11, "{body}");
    let context = body["@odata.context"].as_str().unwrap();
    assert_eq!(context, "http://tenant.example:8443/v1.0/$metadata#users/$entity");
}

#[tokio::test]
async fn links_between_objects() {
    let server = server().await;
    let mut ids = Vec::new();
    for name in ["Ann Archer", "Bob Berg", "Sales", "All Staff"] {
        ids.push(server.id_of(name).await);
    }
    let [ann, bob, sales, all] = ids.as_slice() else { panic!() };
    for (path, expect) in [
        (format!("users/{ann}/directReports"), vec!["Bob Berg", "Carl Ångström"]),
        (format!("users/{ann}/memberOf"), vec!["Sales"]),
        (format!("users/{bob}/memberOf/microsoft.graph.group"), vec!["All Staff"]),
        (format!("groups/{sales}/members"), vec!["Ann Archer", "Dora d'Arc"]),
        (format!("groups/{all}/members"), vec!["Bob Berg", "Sales"]),
        (format!("groups/{all}/members/microsoft.graph.user"), vec!["Bob Berg"]),
        (format!("groups/{all}/members/microsoft.graph.group"), vec!["Sales"]),
        (format!("groups/{sales}/memberOf"), vec!["All Staff"]),
        (format!("groups/{sales}/members?$filter=accountEnabled eq false"), vec!["Dora d'Arc"]),
    ] {
        assert_eq!(names(&server, &format!("/v1.0/{path}")).await, expect, "{path}");
    }
    let manager = server.get(&format!("/v1.0/users/{bob}/manager")).await.json();
    assert_eq!((&manager["id"], &manager["@odata.type"]), (&json!(ann), &json!("#microsoft.graph.user")));
    let mixed = server.get(&format!("/v1.0/groups/{all}/members?$select=id")).await.json();
    let mut types: Vec<&str> =
        mixed["value"].as_array().unwrap().iter().map(|i| i["@odata.type"].as_str().unwrap()).collect();
    types.sort_unstable();
    assert_eq!(types, ["#microsoft.graph.group", "#microsoft.graph.user"]);
}

#[tokio::test]
async fn pages_and_counts() {
    let server = server().await;
    let first = server.get("/v1.0/users?$top=3&$count=true&$select=id,displayName").await.json();
    assert_eq!((first["value"].as_array().unwrap().len(), &first["@odata.count"]), (3, &json!(4)));
    // Whatever the order, all pages together hold everyone once.
    for query in [
        "$orderby=displayName desc",
        "$orderby=displayName",
        "$orderby=userPrincipalName",
        "$orderby=department desc",
        "$filter=accountEnabled eq true or accountEnabled eq false",
        "$search=\"contoso\" OR \"displayName:a\" OR \"mail:b\" OR \"mail:c\" OR \"mail:d\"",
    ] {
        let mut next = Some(format!("/v1.0/users?$top=1&{query}"));
        let mut found = Vec::new();
        while let Some(path) = next.take() {
            let answer = server.get(&path).await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.text());
            let body = answer.json();
            found.extend(answer.names());
            assert!(found.len() <= 4, "{query}: pages without an end");
            next = body["@odata.nextLink"].as_str().map(|link| {
                link.strip_prefix("http://tenant.example:8443")
                    .expect("the address that was asked")
                    .to_owned()
            });
        }
        match query {
            "$orderby=displayName" => {
                assert_eq!(found, ["Ann Archer", "Bob Berg", "Carl Ångström", "Dora d'Arc"]);
            }
            "$orderby=displayName desc" => {
                assert_eq!(found, ["Dora d'Arc", "Carl Ångström", "Bob Berg", "Ann Archer"]);
            }
            _ => {
                found.sort();
                assert_eq!(found, ["Ann Archer", "Bob Berg", "Carl Ångström", "Dora d'Arc"], "{query}");
            }
        }
    }
    for (path, expect) in [
        ("users/$count", "4"),
        ("groups/$count", "2"),
        ("users/$count?$filter=department eq 'Sales'", "2"),
        ("directory/deletedItems/microsoft.graph.user/$count", "0"),
    ] {
        let answer = server.get(&format!("/v1.0/{path}")).await;
        assert_eq!((answer.status.as_u16(), answer.text().as_str()), (200, expect), "{path}");
        assert!(answer.headers["content-type"].to_str().unwrap().starts_with("text/plain"));
    }
}

#[tokio::test]
async fn what_is_wrong_is_said_and_what_is_missing_is_501() {
    let server = server().await;
    let ann = server.id_of("Ann Archer").await;
    let sales = server.id_of("Sales").await;
    let (bad, unsupported) = ("Request_BadRequest", "Request_UnsupportedQuery");
    let (missing, not_here) = ("Request_ResourceNotFound", "NotImplemented");
    for (method, path, status, code) in [
        ("GET", "users?$filter=displayName eq".to_owned(), 400, bad),
        ("GET", "users?$filter=displayName eq 'open".to_owned(), 400, bad),
        ("GET", "users?$filter=nope eq 'x'".to_owned(), 400, bad),
        ("GET", "users?$filter=accountEnabled eq 'yes'".to_owned(), 400, bad),
        ("GET", format!("users?$filter={}x", "(".repeat(3000)), 400, bad),
        ("GET", "users?$top=0".to_owned(), 400, bad),
        ("GET", "users?$top=1000".to_owned(), 400, bad),
        ("GET", "users?$skip=1".to_owned(), 400, unsupported),
        ("GET", "users?$orderby=displayName,mail".to_owned(), 400, unsupported),
        ("GET", "users?$orderby=proxyAddresses".to_owned(), 400, unsupported),
        ("GET", "domains?$filter=isVerified eq true".to_owned(), 400, unsupported),
        ("GET", "users?$skiptoken=nonsense".to_owned(), 400, "Directory_ExpiredPageToken"),
        ("GET", "users?$expand=manager($levels=max)".to_owned(), 501, not_here),
        ("GET", "users?$expand=registeredDevices".to_owned(), 501, not_here),
        ("GET", "users/delta?$top=5".to_owned(), 400, unsupported),
        ("GET", "users/delta?$deltatoken=nonsense".to_owned(), 400, bad),
        ("GET", "users?$deltatoken=latest".to_owned(), 400, bad),
        ("GET", "organization?$filter=id eq null".to_owned(), 400, unsupported),
        ("GET", "users/nobody@contoso.com".to_owned(), 404, missing),
        ("GET", format!("users/{sales}"), 404, missing),
        ("GET", format!("groups/{ann}"), 404, missing),
        ("GET", "groups/no-guid".to_owned(), 404, missing),
        ("GET", format!("users/{ann}/manager"), 404, missing),
        ("GET", "domains/nowhere.example".to_owned(), 404, missing),
        ("GET", format!("users/{ann}/calendar"), 501, not_here),
        ("GET", "applications".to_owned(), 501, not_here),
        ("GET", String::new(), 501, not_here),
        ("POST", "users".to_owned(), 400, bad),
        ("POST", "applications".to_owned(), 501, not_here),
        ("DELETE", format!("users/{ann}"), 400, bad),
        ("PUT", format!("users/{ann}"), 501, not_here),
    ] {
        let path = format!("/v1.0/{path}").replace(' ', "%20");
        let answer = server.call(method, &path, &server.admin, None).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (status, code), "{method} {path}");
    }
}

#[tokio::test]
async fn the_tenant_and_its_switch() {
    let server = server().await;
    let body = server.get("/v1.0/organization").await.json();
    let organization = &body["value"][0];
    let domains: Vec<&str> = organization["verifiedDomains"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| d["name"].as_str().unwrap())
        .collect();
    assert!(domains.contains(&"contoso.com") && !domains.contains(&"fabrikam.com"), "{domains:?}");
    assert_eq!(organization["onPremisesSyncEnabled"], true);
    assert_eq!(organization["onPremisesLastSyncDateTime"], NOON);
    let id = organization["id"].as_str().unwrap().to_owned();
    assert_eq!(server.get("/v1.0/domains").await.json()["value"].as_array().unwrap().len(), 3);
    assert_eq!(server.get("/v1.0/domains/Fabrikam.com").await.json()["isVerified"], false);

    let path = format!("/v1.0/organization/{id}");
    let switch = async |on: Value| {
        server.call("PATCH", &path, &server.admin, Some(json!({"OnPremisesSyncEnabled": on}))).await.status
    };
    assert_eq!(switch(json!("no")).await, 400);
    assert_eq!(switch(json!(false)).await, 204);
    let answer = server.bulk(vec![delete(ObjectKind::User, "carl")]).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (403, "DirectorySyncDisabled"));
    assert_eq!(server.get("/api/v1/status").await.json()["summary"]["state"], "off");
    assert_eq!(server.report(|_| {}).await.json()["syncEnabled"], false);
    assert_eq!(switch(json!(true)).await, 204);
    // Switched off, objects became the cloud's own: they are taken over again when they are sent, and not before.
    let outcome =
        async |operation| server.bulk(vec![operation]).await.json()["Operations"][0]["outcome"].clone();
    assert_eq!(outcome(delete(ObjectKind::User, "carl")).await, "refused");
    let carl = user("carl", person("carl", "Carl Ångström", "Sales"), Some("ann"));
    assert_eq!(outcome(carl).await, "matched");
    assert_eq!(outcome(delete(ObjectKind::User, "carl")).await, "deleted");
}

#[tokio::test]
async fn the_deletion_threshold_is_set_here() {
    let server = server().await;
    let list = server.get("/v1.0/directory/onPremisesSynchronization").await.json();
    let first = &list["value"][0];
    assert_eq!(first["features"].as_object().unwrap().len(), 20);
    assert!(first["configuration"].get("currentExportData").is_none(), "beta only");
    let path = format!("/v1.0/directory/onPremisesSynchronization/{}", first["id"].as_str().unwrap());
    // The whole object with one change, as scripts send it.
    let mut change = first.clone();
    change["configuration"]["accidentalDeletionPrevention"] =
        json!({"synchronizationPreventionType": "enabledForCount", "alertThreshold": 77});
    let answer = server.call("PATCH", &path, &server.admin, Some(change.clone())).await;
    assert_eq!(answer.status, 204, "{}", answer.text());
    let guard = &server.get(&path).await.json()["configuration"]["accidentalDeletionPrevention"];
    assert_eq!(guard["alertThreshold"], 77);
    assert_eq!(server.report(|_| {}).await.json()["deletionThreshold"]["count"], 77);
    change["features"]["passwordSyncEnabled"] = json!(true);
    assert_eq!(server.call("PATCH", &path, &server.admin, Some(change)).await.status, 400);
    let beta = server.get("/beta/directory/onPremisesSynchronization").await.json();
    let export = &beta["value"][0]["configuration"]["currentExportData"];
    assert_eq!(
        (&export["clientMachineName"], &export["serviceAccount"]),
        (&json!("dc1"), &json!("Sync_test"))
    );
    assert_eq!(beta["value"][0]["configuration"]["synchronizationInterval"], "PT30M");
}

#[tokio::test]
async fn what_was_deleted_is_listed_apart() {
    let server = server().await;
    let dora = server.id_of("Dora d'Arc").await;
    server.clock.advance(SignedDuration::from_secs(5));
    server.bulk(vec![delete(ObjectKind::User, "dora")]).await;
    assert_eq!(server.get(&format!("/v1.0/users/{dora}")).await.status, 404);
    let deleted = "/v1.0/directory/deletedItems/microsoft.graph.user";
    assert_eq!(names(&server, deleted).await, ["Dora d'Arc"]);
    for (query, found) in [
        ("$search=\"displayName:dora\"", true),
        ("$search=dora", true),
        ("$search=\"arc\"", true),
        ("$search=ann", false),
        ("$filter=startswith(userPrincipalName,'dora')", true),
        ("$filter=mail eq 'dora@contoso.com'", true),
    ] {
        assert_eq!(!names(&server, &format!("{deleted}?{query}")).await.is_empty(), found, "{query}");
    }
    for path in ["", "/$count", "?$search=dora"] {
        let answer = server.get(&format!("/v1.0/directory/deletedItems{path}")).await;
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_str()),
            (400, "Request_UnsupportedQuery"),
            "{path}"
        );
        assert!(answer.text().contains("microsoft.graph.user"), "{}", answer.text());
    }
    let item =
        server.get(&format!("/v1.0/directory/deletedItems/{dora}?$select=id,deletedDateTime")).await.json();
    assert_eq!(item["deletedDateTime"], "2026-11-22T12:00:05Z");
    assert_eq!(server.get("/v1.0/users/$count").await.text(), "3");
    let sales = server.id_of("Sales").await;
    assert_eq!(names(&server, &format!("/v1.0/groups/{sales}/members")).await, ["Ann Archer"]);
}

//! The tenant as a SCIM service provider: the examples of RFC 7644 that apply, the dialects of Entra and Okta, and what
//! nobody should send.

use crate::common::{Answer, Server, person, user};
use axum::body::Body;
use http::{Request, StatusCode, header};
use lockstep_model::Property;
use lockstep_tenant::{DomainChange, Role, TenantStore as _, TokenRecord};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

pub(crate) const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
pub(crate) const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

pub(crate) struct Scim {
    pub(crate) server: Server,
    token: String,
}

impl Scim {
    pub(crate) async fn new() -> Self {
        Self::on(Server::new().await).await
    }

    pub(crate) async fn on(server: Server) -> Self {
        let secret = lockstep_api::auth::new_secret("lkt").unwrap();
        let now = "2026-11-22T12:00:00Z".parse().unwrap();
        let record = TokenRecord {
            name: "HR".into(),
            role: Role::Scim,
            client: None,
            created_at: now,
            expires_at: None,
        };
        server.store.put_token(secret.hash, record, now).await.unwrap();
        Self { server, token: secret.text.expose_secret().to_owned() }
    }

    pub(crate) async fn call(&self, method: &str, path: &str, body: Value) -> Answer {
        self.with(method, path, body, &[]).await
    }

    pub(crate) async fn with(
        &self,
        method: &str,
        path: &str,
        body: Value,
        headers: &[(&str, &str)],
    ) -> Answer {
        let path = path.replace(' ', "%20").replace('"', "%22").replace('[', "%5B").replace(']', "%5D");
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/scim/v2{path}"))
            .header(header::HOST, "tenant.example:8443")
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        self.server.send(request.body(body).unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let answer = self.call("GET", path, Value::Null).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()
    }

    pub(crate) async fn make(&self, kind: &str, body: Value) -> Value {
        let answer = self.call("POST", &format!("/{kind}"), body).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        assert_eq!(answer.headers["content-type"], "application/scim+json; charset=utf-8");
        assert_eq!(answer.headers["location"], answer.json()["meta"]["location"].as_str().unwrap());
        assert_eq!(answer.headers["etag"], answer.json()["meta"]["version"].as_str().unwrap());
        answer.json()
    }

    pub(crate) async fn patch(&self, path: &str, operations: Value) -> Answer {
        self.call("PATCH", path, json!({"schemas": [PATCH], "Operations": operations})).await
    }

    pub(crate) async fn names(&self, path: &str) -> Vec<String> {
        let list = self.get(path).await;
        let resources = list["Resources"].as_array().unwrap().iter();
        let mut names: Vec<String> = resources
            .map(|one| one["userName"].as_str().or(one["displayName"].as_str()).unwrap().to_owned())
            .collect();
        names.sort();
        names
    }
}

fn bjensen() -> Value {
    json!({
        "schemas": [USER, ENTERPRISE],
        "userName": "bjensen@contoso.com",
        "externalId": "701984",
        "name": {"formatted": "Ms. Barbara J Jensen, III", "familyName": "Jensen", "givenName": "Barbara",
            "middleName": "Jane", "honorificPrefix": "Ms.", "honorificSuffix": "III"},
        "displayName": "Babs Jensen", "nickName": "Babs", "profileUrl": "https://login.contoso.com/bjensen",
        "emails": [{"value": "bjensen@contoso.com", "type": "work", "primary": true},
            {"value": "babs@jensen.example", "type": "home"}],
        "addresses": [{"type": "work", "streetAddress": "100 Universal City Plaza", "locality": "Hollywood",
            "region": "CA", "postalCode": "91608", "country": "USA", "formatted": "100 Universal City Plaza\nHollywood"}],
        "phoneNumbers": [{"value": "555-555-5555", "type": "work"}, {"value": "555-555-4444", "type": "mobile"}],
        "ims": [{"value": "someaimhandle", "type": "aim"}],
        "userType": "Employee", "title": "Tour Guide", "preferredLanguage": "en-US", "locale": "en-US",
        "timezone": "America/Los_Angeles", "active": true,
        ENTERPRISE: {"employeeNumber": "701984", "costCenter": "4130", "organization": "Universal Studios",
            "division": "Theme Park", "department": "Tour Operations"},
    })
}

pub(crate) fn assert_error(answer: &Answer, status: u16, kind: Option<&str>) {
    let body = answer.json();
    assert_eq!(answer.status.as_u16(), status, "{body}");
    assert_eq!(body["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:Error"]), "{body}");
    assert_eq!(body["status"], status.to_string(), "{body}");
    assert_eq!(body["scimType"].as_str(), kind, "{body}");
    assert!(body["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{body}");
    assert!(answer.headers["content-type"].to_str().unwrap().starts_with("application/scim+json"));
}

#[tokio::test]
async fn a_user_lives() {
    let scim = Scim::new().await;
    let made = scim.make("Users", bjensen()).await;
    let id = made["id"].as_str().unwrap();
    let path = format!("/Users/{id}");
    let mut shown = scim.get(&path).await;
    assert_eq!(shown, made);
    let meta = shown.as_object_mut().unwrap().remove("meta").unwrap();
    assert_eq!((&meta["resourceType"], &meta["created"]), (&json!("User"), &json!("2026-11-22T12:00:00Z")));
    assert_eq!(meta["location"], format!("http://tenant.example:8443/scim/v2{path}"));
    shown.as_object_mut().unwrap().remove("id");
    assert_eq!(shown, bjensen(), "what was sent is what is shown");

    // It is a user of the tenant like any other, and the history says who made it.
    let graph = scim
        .server
        .get(&format!("/v1.0/users/{id}?$select=userPrincipalName,mail,department,onPremisesSyncEnabled"))
        .await
        .json();
    assert_eq!(
        (&graph["mail"], &graph["department"]),
        (&json!("bjensen@contoso.com"), &json!("Tour Operations"))
    );
    assert_eq!(graph["onPremisesSyncEnabled"], Value::Null);
    let history = scim.server.get(&format!("/api/v1/history?object={id}")).await.text();
    assert!(history.contains("scim: HR"), "{history}");

    let again = scim.call("POST", "/Users", bjensen()).await;
    assert_error(&again, 409, Some("uniqueness"));
    assert!(again.text().contains("Babs Jensen"), "{}", again.text());

    let mut other = bjensen();
    other["title"] = json!("Boss");
    other.as_object_mut().unwrap().remove("nickName");
    let replaced = scim.call("PUT", &path, other).await;
    assert_eq!(replaced.status, 200, "{}", replaced.text());
    assert_eq!((&replaced.json()["title"], &replaced.json()["nickName"]), (&json!("Boss"), &Value::Null));

    let patched = scim.patch(&path, json!([{"op": "Replace", "path": "active", "value": "False"}])).await;
    assert_eq!(
        (patched.status.as_u16(), &patched.json()["active"]),
        (200, &json!(false)),
        "{}",
        patched.text()
    );
    assert_eq!(scim.call("DELETE", &path, Value::Null).await.status, StatusCode::NO_CONTENT);
    assert_error(&scim.call("GET", &path, Value::Null).await, 404, None);
    assert_error(&scim.call("DELETE", &path, Value::Null).await, 404, None);
    // The name is free again.
    scim.make("Users", bjensen()).await;
}

#[tokio::test]
async fn versions() {
    let scim = Scim::new().await;
    let made = scim.make("Users", bjensen()).await;
    let (path, version) =
        (format!("/Users/{}", made["id"].as_str().unwrap()), made["meta"]["version"].as_str().unwrap());
    for shown in ["attributes=userName,emails", &format!("excludedAttributes={ENTERPRISE}:manager")] {
        let path = format!("{path}?{shown}");
        let same = scim.with("GET", &path, Value::Null, &[("if-none-match", version)]).await;
        assert_eq!((same.status, same.body.len()), (StatusCode::NOT_MODIFIED, 0), "{shown}");
    }
    let title = |text: &str| json!({"schemas": [PATCH], "Operations": [{"op": "add", "path": "title", "value": text}]});
    let changed = scim.with("PATCH", &path, title("A"), &[("if-match", version)]).await;
    assert_eq!(changed.status, 200, "{}", changed.text());
    assert_ne!(changed.json()["meta"]["version"], version);
    for (method, body) in [("PATCH", title("B")), ("PUT", bjensen()), ("DELETE", Value::Null)] {
        assert_error(&scim.with(method, &path, body, &[("if-match", version)]).await, 412, None);
    }
    assert_eq!(scim.get(&path).await["title"], "A");
    assert_eq!(scim.with("DELETE", &path, Value::Null, &[("if-match", "*")]).await.status, 204);
}

#[tokio::test]
async fn names_without_a_verified_domain() {
    let scim = Scim::new().await;
    let made = scim.make("Users", json!({"schemas": [USER], "userName": "bjensen"})).await;
    assert_eq!((&made["userName"], &made["displayName"]), (&json!("bjensen"), &Value::Null));
    let id = made["id"].as_str().unwrap();
    let graph = scim.server.get(&format!("/v1.0/users/{id}")).await.json();
    assert_eq!(graph["userPrincipalName"], "bjensen@contoso.onlockstep.example");
    assert_eq!(scim.names(r#"/Users?filter=userName eq "BJENSEN""#).await, ["bjensen"]);
    assert_error(&scim.call("POST", "/Users", json!({"userName": "BJensen"})).await, 409, Some("uniqueness"));
    // Another person with the same name before the @.
    let other = scim.make("Users", json!({"userName": "bjensen@elsewhere.example"})).await;
    assert_eq!(other["userName"], "bjensen@elsewhere.example");
    assert_eq!(
        scim.names(r#"/Users?filter=userName eq "bjensen@elsewhere.example""#).await,
        ["bjensen@elsewhere.example"]
    );
    let upn = scim.server.get(&format!("/v1.0/users/{}", other["id"].as_str().unwrap())).await.json();
    let upn = upn["userPrincipalName"].as_str().unwrap();
    assert!(
        upn.starts_with("bjensen") && upn.ends_with("@contoso.onlockstep.example") && upn.len() > 34,
        "{upn}"
    );
    let renamed = scim
        .patch(&format!("/Users/{id}"), json!([{"op": "replace", "value": {"userName": "b@contoso.com"}}]))
        .await;
    assert_eq!(renamed.json()["userName"], "b@contoso.com");
    // The other domain is verified: the name that was sent is the name.
    let id_of_other = other["id"].as_str().unwrap();
    for change in [DomainChange::Add, DomainChange::Verify] {
        let now = "2026-11-22T13:00:00Z".parse().unwrap();
        scim.server.store.change_domain("elsewhere.example".into(), change, now).await.unwrap().unwrap();
        scim.server.store.recalculate_domains(now).await.unwrap();
    }
    let graph = scim.server.get(&format!("/v1.0/users/{id_of_other}")).await.json();
    assert_eq!(graph["userPrincipalName"], "bjensen@elsewhere.example");
    assert_eq!(scim.get(&format!("/Users/{id_of_other}")).await["userName"], "bjensen@elsewhere.example");
    let graph = scim.server.get(&format!("/v1.0/users/{id}")).await.json();
    assert_eq!(graph["userPrincipalName"], "b@contoso.com");
}

#[tokio::test]
async fn lists_filters_and_pages() {
    let scim = Scim::new().await;
    for n in 0..7 {
        let body = json!({"schemas": [USER], "userName": format!("u{n}@contoso.com"), "externalId": format!("X{n}"),
            "title": if n % 2 == 0 { "Even" } else { "Odd" }, "nickName": format!("nick{n}"),
            "emails": [{"value": format!("u{n}@contoso.com"), "type": "work"}, {"value": format!("h{n}@home.example"), "type": "home"}],
            "active": n != 3});
        scim.make("Users", body).await;
    }
    let check = async |filter: &str, expect: &[&str]| {
        let expect: Vec<String> = expect.iter().map(|name| format!("{name}@contoso.com")).collect();
        assert_eq!(scim.names(&format!("/Users?filter={filter}")).await, expect, "{filter}");
    };
    check(r#"userName eq "U3@contoso.com""#, &["u3"]).await;
    check(r#"externalId eq "X5""#, &["u5"]).await;
    check(r#"externalId eq "x5""#, &[]).await;
    check(r#"title eq "odd" and active eq true"#, &["u1", "u5"]).await;
    check("active eq false", &["u3"]).await;
    check(r#"nickName eq "nick4""#, &["u4"]).await;
    check(r#"emails[type eq "work" and value eq "u2@contoso.com"]"#, &["u2"]).await;
    check(r#"emails[type eq "work"].value eq "h2@home.example""#, &[]).await;
    check(r#"emails.value eq "h2@home.example""#, &["u2"]).await;
    check(r#"userName sw "u" and not (title eq "Odd") and nickName ne "nick0""#, &["u2", "u4", "u6"]).await;
    check(r#"meta.lastModified gt "2026-11-22T11:59:59Z" and externalId eq "X1""#, &["u1"]).await;
    check(r#"meta.created lt "2026-11-22T11:59:59Z""#, &[]).await;
    check(r#"id eq "nobody""#, &[]).await;

    // By index: no overlap, and the count of all.
    let mut seen = Vec::new();
    for start in [1, 4, 7, 10] {
        for filter in ["", "&filter=userName sw \"u\""] {
            let page = scim.get(&format!("/Users?startIndex={start}&count=3{filter}")).await;
            assert_eq!((&page["totalResults"], &page["startIndex"]), (&json!(7), &json!(start)), "{page}");
            let here = page["Resources"].as_array().unwrap();
            assert_eq!(page["itemsPerPage"], here.len());
            if filter.is_empty() {
                seen.extend(here.iter().map(|one| one["userName"].as_str().unwrap().to_owned()));
            }
        }
    }
    assert_eq!(seen, (0..7).map(|n| format!("u{n}@contoso.com")).collect::<Vec<_>>());
    let none = scim.get("/Users?count=0&startIndex=-5").await;
    assert_eq!(
        (&none["totalResults"], &none["Resources"], &none["startIndex"]),
        (&json!(7), &json!([]), &json!(1))
    );

    // By cursor: RFC 9865.
    for filter in ["", "&filter=nickName co \"nick\""] {
        let mut cursor = String::new();
        let mut seen = Vec::new();
        loop {
            let page = scim.get(&format!("/Users?cursor={cursor}&count=2{filter}")).await;
            assert!(page.get("startIndex").is_none(), "{page}");
            seen.extend(page["Resources"].as_array().unwrap().iter().map(|one| one["userName"].clone()));
            match page["nextCursor"].as_str() {
                Some(next) => cursor = next.to_owned(),
                None => break,
            }
        }
        assert_eq!(seen.len(), 7);
    }
    assert_error(&scim.call("GET", "/Users?cursor=nonsense", Value::Null).await, 400, Some("invalidCursor"));
    assert_error(
        &scim.call("GET", "/Users?cursor=&startIndex=1", Value::Null).await,
        400,
        Some("invalidValue"),
    );
    assert_error(&scim.call("GET", "/Users?count=many", Value::Null).await, 400, Some("invalidCount"));

    // What is shown.
    let one = scim.get("/Users?attributes=userName,emails.value&count=1").await;
    let resource = &one["Resources"][0];
    assert_eq!(resource["emails"][1], json!({"value": "h0@home.example"}), "{resource}");
    let mut keys: Vec<_> = resource.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["emails", "id", "schemas", "userName"]);
    let one = scim.get("/Users?excludedAttributes=emails,meta,id&count=1").await;
    assert!(one["Resources"][0].get("emails").is_none() && one["Resources"][0]["id"].is_string(), "{one}");

    let search = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
        "attributes": ["userName"], "filter": "title eq \"Odd\"", "startIndex": 1, "count": 10});
    let found = scim.call("POST", "/Users/.search", search.clone()).await;
    assert_eq!(found.json()["totalResults"], 3, "{}", found.text());
    scim.make("Groups", json!({"schemas": [GROUP], "displayName": "Odd"})).await;
    let everywhere =
        json!({"schemas": search["schemas"], "filter": "title eq \"Odd\" or displayName eq \"Odd\""});
    let found = scim.call("POST", "/.search", everywhere).await;
    assert_eq!(found.json()["totalResults"], 4, "{}", found.text());
}

#[tokio::test]
async fn groups_and_members() {
    let scim = Scim::new().await;
    let mut ids = Vec::new();
    for n in 0..3 {
        let made = scim.make("Users", json!({"userName": format!("u{n}@contoso.com")})).await;
        ids.push(made["id"].as_str().unwrap().to_owned());
    }
    let tour = json!({"schemas": [GROUP], "displayName": "Tour Guides", "externalId": "tg",
        "members": [{"value": ids[0], "display": "ignored"}]});
    let group = scim.make("Groups", tour).await;
    let id = group["id"].as_str().unwrap().to_owned();
    let path = format!("/Groups/{id}");
    assert_eq!(group["members"][0]["type"], "User");
    assert!(group["members"][0]["$ref"].as_str().unwrap().ends_with(&format!("/scim/v2/Users/{}", ids[0])));
    let members = async || {
        let group = scim.get(&path).await;
        let list = group["members"].as_array().cloned().unwrap_or_default();
        let mut found: Vec<usize> =
            list.iter().map(|one| ids.iter().position(|id| one["value"] == *id).unwrap()).collect();
        found.sort_unstable();
        found
    };
    let check = async |operations: Value, expect: &[usize]| {
        let answer = scim.patch(&path, operations.clone()).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{operations}: {}", answer.text());
        assert_eq!(members().await, expect, "{operations}");
    };
    check(
        json!([{"op": "add", "path": "members", "value": [{"value": ids[1]}, {"value": ids[0]}]}]),
        &[0, 1],
    )
    .await;
    check(json!([{"op": "remove", "path": format!("members[value eq \"{}\"]", ids[0])}]), &[1]).await;
    check(json!([{"op": "remove", "path": format!("members[value eq \"{}\"]", ids[0])}]), &[1]).await;
    // Entra removes so, and adds so.
    check(json!([{"op": "Remove", "path": "members", "value": [{"value": ids[1]}]}]), &[]).await;
    check(json!([{"op": "Add", "path": "members", "value": [{"$ref": null, "value": ids[2]}]}]), &[2]).await;
    check(json!([{"op": "replace", "value": {"members": [{"value": ids[0]}, {"value": ids[1]}], "displayName": "Guides"}}]), &[0, 1]).await;
    check(json!([{"op": "remove", "path": "members[type eq \"User\"]"}]), &[]).await;
    check(json!([{"op": "replace", "path": "members", "value": [{"value": ids[2]}]}, {"op": "remove", "path": "members"}]), &[]).await;
    check(json!([{"op": "add", "value": {"members": [{"value": ids[2]}]}}]), &[2]).await;
    assert_eq!(scim.get(&path).await["displayName"], "Guides");
    let shown = scim
        .call(
            "PATCH",
            &format!("{path}?attributes=displayName"),
            json!({"schemas": [PATCH],
        "Operations": [{"op": "replace", "path": "displayName", "value": "Tour"}]}),
        )
        .await;
    assert_eq!((shown.status.as_u16(), &shown.json()["displayName"]), (200, &json!("Tour")));
    assert!(shown.json().get("members").is_none());

    // What Entra asks to know whether somebody is a member.
    let query =
        format!("/Groups?excludedAttributes=members&filter=id eq \"{id}\" and members eq \"{}\"", ids[2]);
    let found = scim.get(&query).await;
    assert_eq!(found["totalResults"], 1, "{found}");
    assert!(found["Resources"][0].get("members").is_none());
    let query = format!("/Groups?filter=members[value eq \"{}\"]", ids[0]);
    assert_eq!(scim.get(&query).await["totalResults"], 0);
    assert_eq!(scim.names(r#"/Groups?filter=displayName eq "tour" or members.value eq "x""#).await, ["Tour"]);
    let of = scim.get(&format!("/Users/{}?attributes=groups", ids[2])).await;
    assert_eq!(of["groups"][0]["display"], "Tour", "{of}");

    assert_error(
        &scim.patch(&path, json!([{"op": "add", "path": "members", "value": [{"value": "nobody"}]}])).await,
        400,
        Some("invalidValue"),
    );
    let missing = "019a0000-0000-7000-8000-000000000000";
    assert_error(
        &scim.patch(&path, json!([{"op": "add", "path": "members", "value": [{"value": missing}]}])).await,
        400,
        Some("invalidValue"),
    );
    assert_error(&scim.patch(&path, json!([{"op": "replace", "path": format!("members[value eq \"{}\"].value", ids[2]), "value": "x"}])).await, 400, Some("mutability"));
    assert_error(
        &scim.patch(&path, json!([{"op": "remove", "path": "displayName"}])).await,
        400,
        Some("invalidValue"),
    );
    let put = scim.call("PUT", &path, json!({"displayName": "Tour", "members": [{"value": ids[1]}]})).await;
    assert_eq!(put.json()["members"].as_array().unwrap().len(), 1, "{}", put.text());

    // A manager is a user of this tenant.
    let boss = json!([{"op": "Add", "path": format!("{ENTERPRISE}:manager"), "value": ids[1]}]);
    let led = scim.patch(&format!("/Users/{}", ids[0]), boss).await;
    assert_eq!(led.json()[ENTERPRISE]["manager"]["value"], ids[1], "{}", led.text());
    let graph = scim.server.get(&format!("/v1.0/users/{}/manager", ids[0])).await.json();
    assert_eq!(graph["id"], ids[1]);
    let nobody = scim
        .patch(
            &format!("/Users/{}", ids[0]),
            json!([{"op": "add", "path": format!("{ENTERPRISE}:manager"), "value": "x"}]),
        )
        .await;
    assert_error(&nobody, 400, Some("invalidValue"));
}

#[tokio::test]
async fn what_is_synchronized_is_read_and_not_written() {
    let scim = Scim::new().await;
    scim.server.bulk(vec![user("ann", person("ann", "Ann", "Sales"), None)]).await;
    let found = scim.get(r#"/Users?filter=userName eq "ann@contoso.com""#).await;
    let ann = &found["Resources"][0];
    assert_eq!(ann["emails"], json!([{"value": "ann@contoso.com", "type": "work", "primary": true}]));
    assert_eq!(ann[ENTERPRISE]["department"], "Sales");
    let path = format!("/Users/{}", ann["id"].as_str().unwrap());
    let refused = scim.patch(&path, json!([{"op": "replace", "path": "title", "value": "Boss"}])).await;
    assert_error(&refused, 400, Some("mutability"));
    assert!(refused.text().contains("change it there"));
    assert_error(&scim.call("DELETE", &path, Value::Null).await, 400, Some("mutability"));
    // What changes nothing does no harm.
    let same = scim.patch(&path, json!([{"op": "replace", "path": "active", "value": true}])).await;
    assert_eq!(same.status, 200, "{}", same.text());
    // And what somebody changes in Graph is what SCIM shows.
    let made = scim.make("Users", bjensen()).await;
    let id = made["id"].as_str().unwrap();
    let stored = scim.server.store.object(id.parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(stored.properties.text(Property::MobilePhone), Some("555-555-4444"));
}

#[tokio::test]
async fn bulk() {
    let scim = Scim::new().await;
    let request = |operations: Value, most: Option<u64>| {
        let mut body = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations});
        if let Some(most) = most {
            body["failOnErrors"] = json!(most);
        }
        body
    };
    // RFC 7644 section 3.7.2: a group and its member, the group first; and a manager.
    let operations = json!([
        {"method": "POST", "path": "/Groups", "bulkId": "ytrewq", "data": {"schemas": [GROUP],
            "displayName": "Tour Guides", "members": [{"type": "User", "value": "bulkId:qwerty"}]}},
        {"method": "post", "path": "/Users", "bulkId": "qwerty", "data": {"schemas": [USER], "userName": "alice@contoso.com",
            ENTERPRISE: {"manager": {"value": "bulkId:boss"}}}},
        {"method": "POST", "path": "/Users", "bulkId": "boss", "data": {"userName": "boss@contoso.com",
            ENTERPRISE: {"manager": {"value": "bulkId:qwerty"}}}},
        {"method": "PATCH", "path": "/Users/bulkId:boss", "data": {"schemas": [PATCH],
            "Operations": [{"op": "add", "path": "title", "value": "Boss"}]}},
        {"method": "POST", "path": "/Users", "bulkId": "twice", "data": {"userName": "alice@contoso.com"}},
        {"method": "DELETE", "path": "/Users/nobody"},
        {"method": "POST", "path": "/Groups", "bulkId": "lost", "data": {"displayName": "L", "members": [{"value": "bulkId:none"}]}},
        {"method": "GET", "path": "/Users/x"},
        {"method": "POST", "path": "/Devices", "data": {}},
    ]);
    let answer = scim.call("POST", "/Bulk", request(operations, None)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let body = answer.json();
    assert_eq!(body["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:BulkResponse"]));
    let done = body["Operations"].as_array().unwrap();
    let statuses: Vec<_> = done.iter().map(|one| one["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["201", "201", "201", "200", "409", "404", "409", "400", "400"], "{body}");
    assert_eq!(done[4]["response"]["scimType"], "uniqueness");
    assert_eq!((&done[0]["bulkId"], &done[0]["method"]), (&json!("ytrewq"), &json!("POST")));
    let path_of =
        |at: usize| done[at]["location"].as_str().unwrap().split("/scim/v2").nth(1).unwrap().to_owned();
    let (group, alice, boss) =
        (scim.get(&path_of(0)).await, scim.get(&path_of(1)).await, scim.get(&path_of(2)).await);
    assert_eq!(group["members"][0]["value"], alice["id"]);
    assert_eq!(alice[ENTERPRISE]["manager"]["value"], boss["id"]);
    assert_eq!(boss[ENTERPRISE]["manager"]["value"], alice["id"], "a ring is closed afterwards");
    assert_eq!(boss["title"], "Boss");

    let some = json!([
        {"method": "DELETE", "path": "/Users/a"}, {"method": "DELETE", "path": "/Users/b"},
        {"method": "POST", "path": "/Users", "bulkId": "x", "data": {"userName": "never@contoso.com"}},
    ]);
    let stopped = scim.call("POST", "/Bulk", request(some, Some(2))).await.json();
    assert_eq!(stopped["Operations"].as_array().unwrap().len(), 2, "{stopped}");
    assert_eq!(scim.names(r#"/Users?filter=userName eq "never@contoso.com""#).await, Vec::<String>::new());

    let many = json!(vec![json!({"method": "DELETE", "path": "/Users/a"}); 1_001]);
    assert_error(&scim.call("POST", "/Bulk", request(many, None)).await, 413, None);
    assert_error(&scim.call("POST", "/Bulk", json!({"Operations": []})).await, 400, Some("invalidSyntax"));
    let mut stale = bjensen();
    stale["userName"] = json!("alice@contoso.com");
    let versions = json!([{"method": "PUT", "path": path_of(1), "version": "W/\"99\"", "data": stale}]);
    let stale = scim.call("POST", "/Bulk", request(versions, None)).await.json();
    assert_eq!(stale["Operations"][0]["status"], "412", "{stale}");
}

#[tokio::test]
async fn discovery() {
    let scim = Scim::new().await;
    let config = scim.get("/ServiceProviderConfig").await;
    for what in ["patch", "bulk", "filter", "etag"] {
        assert_eq!(config[what]["supported"], true, "{what}");
    }
    assert_eq!(config["pagination"]["cursor"], true);
    let types = scim.get("/ResourceTypes").await;
    assert_eq!(types["totalResults"], 2);
    assert_eq!(scim.get("/ResourceTypes/User").await["schemaExtensions"][0]["schema"], ENTERPRISE);
    let schemas = scim.get("/Schemas").await;
    assert_eq!(schemas["totalResults"], 3);
    let user = scim.get(&format!("/Schemas/{USER}")).await;
    let names: Vec<_> =
        user["attributes"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"userName") && !names.contains(&"password"), "{names:?}");
    for path in ["/ServiceProviderConfig", "/ResourceTypes", "/Schemas", "/ResourceTypes/User"] {
        for method in ["POST", "PUT", "PATCH", "DELETE"] {
            assert_error(&scim.call(method, path, json!({})).await, 405, None);
        }
    }
    assert_error(&scim.call("GET", "/Schemas?filter=id eq \"x\"", Value::Null).await, 403, None);
    assert_error(&scim.call("GET", "/Schemas/urn:nothing", Value::Null).await, 404, None);
    assert_error(&scim.call("GET", "/Me", Value::Null).await, 501, None);
    assert_error(&scim.call("GET", "/Devices", Value::Null).await, 404, None);
    assert_error(&scim.call("DELETE", "/Users", Value::Null).await, 405, None);
    assert_error(&scim.call("GET", "/Bulk", Value::Null).await, 405, None);
}

#[tokio::test]
async fn who_may() {
    let scim = Scim::new().await;
    let anonymous = scim.server.call("GET", "/scim/v2/Users", "", None).await;
    assert_error(&anonymous, 401, None);
    assert_eq!(anonymous.headers["www-authenticate"], "Bearer");
    assert_error(&scim.server.call("GET", "/scim/v2/Users", &scim.server.client, None).await, 403, None);
    assert_eq!(scim.server.call("GET", "/scim/v2/Users", &scim.server.reader, None).await.status, 200);
    let body = Some(json!({"userName": "a@contoso.com"}));
    assert_error(
        &scim.server.call("POST", "/scim/v2/Users", &scim.server.reader, body.clone()).await,
        403,
        None,
    );
    assert_eq!(scim.server.call("POST", "/scim/v2/Users", &scim.server.admin, body).await.status, 201);
    // The token is good for nothing else.
    for path in ["/v1.0/users", "/api/v1/status", "/provisioning/v1/inventory"] {
        let answer = scim.server.call("GET", path, &scim.token, None).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
        assert!(answer.json()["error"]["code"].is_string(), "{path}");
    }
}

#[tokio::test]
async fn what_nobody_should_send() {
    let scim = Scim::new().await;
    let deep = format!("{}1{}", "[".repeat(500), "]".repeat(500));
    let raw = async |method: &str, path: &str, body: String| {
        let request = Request::builder()
            .method(method)
            .uri(format!("/scim/v2{path}"))
            .header(header::AUTHORIZATION, format!("Bearer {}", scim.token));
        scim.server.send(request.body(Body::from(body)).unwrap()).await
    };
    for body in ["", "null", "7", "[]", "{", "\"x\"", "{\"userName\": }", "\u{0}", deep.as_str()] {
        for path in ["/Users", "/Groups", "/Bulk", "/Users/.search", "/.search"] {
            let answer = raw("POST", path, body.to_owned()).await;
            assert_eq!(answer.status.as_u16(), 400, "{path} {body}: {}", answer.text());
            assert_error(&answer, 400, answer.json()["scimType"].as_str());
        }
    }
    for body in [
        json!({}),
        json!({"userName": ""}),
        json!({"userName": null}),
        json!({"userName": 7.5, "active": "maybe"}),
        json!({"userName": "a@contoso.com", "emails": "none"}),
        json!({"userName": "a@contoso.com", "name": 7}),
        json!({"userName": "a@contoso.com", "emails": [{"value": "no address"}]}),
        json!({"userName": "a@contoso.com", "emails": [[[]]]}),
        json!({"userName": "x".repeat(40_000)}),
        json!({"userName": "a\u{0}b"}),
        json!({"userName": "a@contoso.com", "nickName": "x".repeat(40_000)}),
        json!({"userName": "a@contoso.com", "title": "x".repeat(1_000)}),
        json!({"userName": "a@contoso.com", "roles": vec![json!({"value": "r"}); 2_000]}),
        json!({"userName": "a@contoso.com", ENTERPRISE: 7}),
        json!({"userName": "a@contoso.com", "externalId": "x".repeat(3_000)}),
    ] {
        let answer = scim.call("POST", "/Users", body.clone()).await;
        let shown: String = body.to_string().chars().take(80).collect();
        assert!(answer.status == 400, "{shown}: {} {}", answer.status, answer.text());
    }
    for path in [
        "/Users?filter=%ff",
        "/Users/%ff",
        "/Users?filter=userName%20eq",
        "/Users?filter=(((((",
        "/Users/a/b/c/d/e",
        "/Users/..%2f..%2fetc",
        "/Groups?filter=nothing%20pr",
        "/Users?attributes=%ff",
    ] {
        let answer = raw("GET", path, String::new()).await;
        assert!(answer.status.is_client_error(), "{path}: {}", answer.status);
        assert_error(&answer, answer.status.as_u16(), answer.json()["scimType"].as_str());
    }
    let long = format!("/Users?filter={}", vec!["userName%20pr"; 250].join("%20or%20"));
    assert_error(&raw("GET", &long, String::new()).await, 400, Some("invalidFilter"));
    // Sent as lists, numbers, other letters: what can be understood is.
    let odd = json!({"USERNAME": "odd@contoso.com", "ACTIVE": "true", "emails": {"VALUE": "odd@contoso.com"},
        "roles": ["admin"], ENTERPRISE.to_uppercase(): {"EmployeeNumber": 7}, "urn:x:y": {"a": 1}});
    let made = scim.make("Users", odd).await;
    assert_eq!((&made["active"], &made["roles"]), (&json!(true), &json!([{"value": "admin"}])));
    assert_eq!(made[ENTERPRISE]["employeeNumber"], "7");
}

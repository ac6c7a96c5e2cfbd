//! Many tenants in one server: each by its address, and nothing of one by another's.

use crate::common::{Answer, NOON, PASSWORD, TestDoctor, person, user};
use axum::Router;
use axum::body::Body;
use http::{Request, header};
use http_body_util::BodyExt;
use lockstep_api::{ApiSettings, ApiState, TenantLimits, Tenants, auth};
use lockstep_model::clock::ManualClock;
use lockstep_model::provisioning::{BULK_REQUEST, BulkRequest};
use lockstep_model::{TenantId, Timestamp};
use lockstep_storage::{SqliteTenants, TenantsOptions};
use lockstep_tenant::{LocalUser, Role, TenantRegistry, TenantSetup, TenantStore, TokenRecord};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tower::ServiceExt as _;

/// One tenant's keys.
struct Keys {
    id: TenantId,
    admin: String,
    client: String,
    scim: String,
}

/// A server of two tenants, Contoso and Fabrikam, each with an Ann of the same anchor.
struct House {
    router: Router,
    tenants: Tenants,
    registry: SqliteTenants,
    contoso: Keys,
    fabrikam: Keys,
    _folder: tempfile::TempDir,
}

const FABRIKAM: &str = "/tenants/fabrikam.com";

fn now() -> Timestamp {
    NOON.parse().unwrap()
}

fn setup(name: &str, domain: &str) -> TenantSetup {
    TenantSetup { display_name: name.into(), initial_domain: domain.into(), domains: Vec::new() }
}

async fn keys(store: &dyn TenantStore, id: TenantId) -> Keys {
    let mut tokens = Vec::new();
    for (name, role) in [("root", Role::Admin), ("Sync_test", Role::SyncClient), ("hr", Role::Scim)] {
        let secret = auth::new_secret("lkt").unwrap();
        let record =
            TokenRecord { name: name.into(), role, client: None, created_at: now(), expires_at: None };
        store.put_token(secret.hash, record, now()).await.unwrap();
        tokens.push(secret.text.expose_secret().to_owned());
    }
    let password_hash = auth::hash_password(&PASSWORD.to_owned().into()).unwrap();
    store.put_user(LocalUser { name: "ann".into(), password_hash, role: Role::Admin }).await.unwrap();
    let [admin, client, scim] = tokens.try_into().unwrap();
    Keys { id, admin, client, scim }
}

impl House {
    async fn new() -> Self {
        Self::with(ApiSettings::default(), TenantLimits::default()).await
    }

    async fn with(settings: ApiSettings, limits: TenantLimits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let registry = SqliteTenants::open(folder.path(), TenantsOptions::default()).unwrap();
        let (first, organization) =
            registry.set_up_first(setup("Contoso", "contoso.com"), now()).await.unwrap();
        let other = registry.create(setup("Fabrikam", "fabrikam.com"), now()).await.unwrap().id;
        let store = registry.open(other).await.unwrap().unwrap();
        let (contoso, fabrikam) =
            (keys(first.as_ref(), organization.id).await, keys(store.as_ref(), other).await);
        let clock = Arc::new(ManualClock::at(now()));
        let state = ApiState::new(first, clock, Arc::new(TestDoctor), settings).with_tenant(organization.id);
        let tenants = Tenants::new(state, Arc::new(registry.clone()), |_| Arc::new(TestDoctor), limits);
        let router = tenants.router();
        let house = Self { router, tenants, registry, contoso, fabrikam, _folder: folder };
        for (prefix, keys) in [("", &house.contoso), (FABRIKAM, &house.fabrikam)] {
            let operations = vec![user("ann", person("ann", "Ann Archer", "Board"), None)];
            let batch = BulkRequest { schemas: vec![BULK_REQUEST.into()], run: None, operations };
            let body = Some(serde_json::to_value(batch).unwrap());
            let sent =
                house.call("POST", &format!("{prefix}/provisioning/v1/bulk"), &keys.client, body).await;
            assert_eq!(sent.status, 200, "{}", sent.text());
        }
        house
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        Answer { status: head.status, headers: head.headers, body }
    }

    async fn call(&self, method: &str, path: &str, token: &str, body: Option<Value>) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, "h.example");
        if !token.is_empty() {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        self.send(request.body(body.map_or(Body::empty(), |body| Body::from(body.to_string()))).unwrap())
            .await
    }

    /// By the administrator of that tenant.
    async fn contoso(&self, path: &str) -> Answer {
        self.call("GET", path, &self.contoso.admin, None).await
    }

    async fn fabrikam(&self, path: &str) -> Answer {
        self.call("GET", &format!("{FABRIKAM}{path}"), &self.fabrikam.admin, None).await
    }
}

fn ann(answer: &Answer) -> String {
    answer.json()["value"][0]["id"].as_str().unwrap_or_else(|| panic!("{}", answer.text())).to_owned()
}

/// Each is at its id and its domain; without a prefix it is the first, as ever.
#[tokio::test]
async fn addresses() {
    let house = House::new().await;
    let name = |answer: Answer| {
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["value"][0]["displayName"].as_str().unwrap().to_owned()
    };
    assert_eq!(name(house.contoso("/v1.0/organization").await), "Contoso");
    assert_eq!(name(house.fabrikam("/v1.0/organization").await), "Fabrikam");
    let (own, other) = (house.contoso.id, house.fabrikam.id);
    for (path, token, wanted) in [
        (format!("/tenants/{other}/v1.0/organization"), &house.fabrikam.admin, "Fabrikam"),
        (format!("/tenants/{own}/v1.0/organization"), &house.contoso.admin, "Contoso"),
        ("/tenants/contoso.com/v1.0/organization".into(), &house.contoso.admin, "Contoso"),
    ] {
        assert_eq!(name(house.call("GET", &path, token, None).await), wanted, "{path}");
    }
    // Who is there is told to whoever wants to sign in, and nothing else.
    let place = house.call("GET", &format!("{FABRIKAM}/api/v1/session/place"), "", None).await;
    assert_eq!(place.json(), json!({"organization": "Fabrikam"}));
    // One address, one form.
    for (path, to) in [
        ("/tenants/fabrikam.com", "/tenants/fabrikam.com/"),
        ("/tenants/FABRIKAM.com/v1.0/users?$top=1", "/tenants/fabrikam.com/v1.0/users?$top=1"),
        ("/tenants/Fabrikam.Com", "/tenants/fabrikam.com/"),
    ] {
        let moved = house.call("GET", path, "", None).await;
        assert_eq!(moved.status, 308, "{path}");
        assert_eq!(moved.headers["location"], to, "{path}");
    }
    // A domain leads somewhere once it is verified, and the server's metrics are the first tenant's to see.
    assert_eq!(house.fabrikam("/metrics").await.status, 404);
    assert_eq!(house.contoso("/metrics").await.status, 200);
}

/// What a tenant answers carries its prefix: links, locations, cookies.
#[tokio::test]
async fn links_carry_the_prefix() {
    let house = House::new().await;
    let base = "http://h.example/tenants/fabrikam.com";
    let first = house.fabrikam("/v1.0/users?$top=1&$select=id").await.json();
    assert_eq!(first["@odata.context"], format!("{base}/v1.0/$metadata#users(id)"));
    let body = json!({"displayName": "Bea", "mailNickname": "bea", "userPrincipalName": "bea@fabrikam.com",
        "accountEnabled": true, "passwordProfile": {"password": "x"}});
    let made = house.call("POST", &format!("{FABRIKAM}/v1.0/users"), &house.fabrikam.admin, Some(body)).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let id = made.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(made.headers["location"], format!("{base}/v1.0/users/{id}"));
    let page = house.fabrikam("/v1.0/users?$top=1").await.json();
    let next = page["@odata.nextLink"].as_str().unwrap();
    assert!(next.starts_with(&format!("{base}/v1.0/users?")), "{next}");
    let next = next.strip_prefix(base).unwrap();
    assert_eq!(house.fabrikam(next).await.json()["value"].as_array().unwrap().len(), 1);
    let delta = house.fabrikam("/v1.0/users/delta").await.json();
    assert!(delta["@odata.deltaLink"].as_str().unwrap().starts_with(base), "{delta}");
    let scim = house.call("GET", &format!("{FABRIKAM}/scim/v2/Users/{id}"), &house.fabrikam.scim, None).await;
    assert_eq!(scim.json()["meta"]["location"], format!("{base}/scim/v2/Users/{id}"), "{}", scim.text());
    let config = house
        .call("GET", &format!("{FABRIKAM}/scim/v2/ServiceProviderConfig"), &house.fabrikam.scim, None)
        .await;
    assert!(config.text().contains(base), "{}", config.text());
    // A batch takes full addresses of its own tenant.
    let batch = json!({"requests": [{"id": "1", "method": "GET", "url": format!("{base}/v1.0/users/{id}")}]});
    let batch =
        house.call("POST", &format!("{FABRIKAM}/v1.0/$batch"), &house.fabrikam.admin, Some(batch)).await;
    assert_eq!(batch.json()["responses"][0]["body"]["displayName"], "Bea", "{}", batch.text());

    let settings = ApiSettings { public_url: Some("https://cloud.example".into()), ..ApiSettings::default() };
    let house = House::with(settings, TenantLimits::default()).await;
    let context = house.fabrikam("/v1.0/users").await.json()["@odata.context"].clone();
    assert_eq!(context, "https://cloud.example/tenants/fabrikam.com/v1.0/$metadata#users");
}

async fn sign_in(house: &House, prefix: &str) -> (String, String) {
    let request = Request::post(format!("{prefix}/api/v1/session"))
        .header(header::HOST, "h.example")
        .body(Body::from(json!({"user": "ann", "password": PASSWORD}).to_string()))
        .unwrap();
    let answer = house.send(request).await;
    assert_eq!(answer.status, 204, "{}", answer.text());
    let text = answer.headers["set-cookie"].to_str().unwrap().to_owned();
    (text.split(';').next().unwrap().to_owned(), text)
}

/// A cookie is for its tenant's path, and good for nothing elsewhere, whatever it is called.
#[tokio::test]
async fn cookies_are_their_tenants() {
    let house = House::new().await;
    let (first, text) = sign_in(&house, "").await;
    assert!(text.contains("; Path=/;") && text.starts_with("lockstep_session="), "{text}");
    let (other, text) = sign_in(&house, FABRIKAM).await;
    assert!(text.contains("; Path=/tenants/fabrikam.com;"), "{text}");
    let ask = async |prefix: &str, cookie: &str| {
        let request = Request::get(format!("{prefix}/api/v1/session")).header(header::COOKIE, cookie);
        house.send(request.body(Body::empty()).unwrap()).await.status.as_u16()
    };
    assert_eq!(ask("", &first).await, 200);
    assert_eq!(ask(FABRIKAM, &other).await, 200);
    // A browser sends both below the prefix: each finds its own, in either order.
    assert_eq!(ask(FABRIKAM, &format!("{first}; {other}")).await, 200);
    assert_eq!(ask("", &format!("{other}; {first}")).await, 200);
    assert_eq!(ask(FABRIKAM, &first).await, 401);
    assert_eq!(ask("", &other).await, 401);
    let secret = |cookie: &str| cookie.split_once('=').unwrap().1.to_owned();
    assert_eq!(ask(FABRIKAM, &format!("lockstep_tenant_session={}", secret(&first))).await, 401);
    assert_eq!(ask("", &format!("lockstep_session={}", secret(&other))).await, 401);
    // Signing out of one ends that one.
    let out = Request::delete(format!("{FABRIKAM}/api/v1/session"))
        .header(header::COOKIE, format!("{first}; {other}"))
        .header("x-lockstep-request", "1");
    let out = house.send(out.body(Body::empty()).unwrap()).await;
    assert!(
        out.headers["set-cookie"]
            .to_str()
            .unwrap()
            .contains("lockstep_tenant_session=; Path=/tenants/fabrikam.com;")
    );
    assert_eq!((ask("", &first).await, ask(FABRIKAM, &other).await), (200, 401));
}

/// Failed sign-ins count for the server: an address has ten for all tenants together, and a tenant that is let go of
/// meanwhile forgets none. A name is its own tenant's.
#[tokio::test]
async fn failed_sign_ins_count_for_all_tenants() {
    let limits = TenantLimits { most: 3, idle: Duration::ZERO };
    let house = House::with(ApiSettings::default(), limits).await;
    let attempt = async |prefix: &str, address: Option<&str>, password: &str| {
        let mut request = Request::post(format!("{prefix}/api/v1/session"))
            .header(header::HOST, "h.example")
            .body(Body::from(json!({"user": "ann", "password": password}).to_string()))
            .unwrap();
        if let Some(address) = address {
            let address: std::net::SocketAddr = address.parse().unwrap();
            request.extensions_mut().insert(axum::extract::ConnectInfo(address));
        }
        house.send(request).await.status.as_u16()
    };
    for number in 0..10 {
        // Half of them from one address.
        let address = (number % 2 == 0).then_some("192.0.2.1:1");
        assert_eq!(attempt(FABRIKAM, address, "wrong").await, 401, "{number}");
        house.tenants.let_go();
        assert_eq!(house.tenants.held(), 0);
    }
    assert_eq!(attempt(FABRIKAM, None, PASSWORD).await, 429, "by name");
    assert_eq!(attempt("", None, PASSWORD).await, 204, "the other tenant's Ann is another");
    for number in 0..5 {
        assert_eq!(attempt("", Some("192.0.2.1:2"), "wrong").await, 401, "{number}");
    }
    assert_eq!(attempt("", Some("192.0.2.1:3"), PASSWORD).await, 429, "by address");
    assert_eq!(attempt("", Some("192.0.2.2:1"), PASSWORD).await, 204);
}

/// Keys of one tenant open no door of another, on any of its addresses.
#[tokio::test]
async fn keys_of_another_tenant() {
    let house = House::new().await;
    let id = house.fabrikam.id;
    for prefix in [FABRIKAM.to_owned(), format!("/tenants/{id}")] {
        for (path, token) in [
            ("/v1.0/users", &house.contoso.admin),
            ("/v1.0/organization", &house.contoso.admin),
            ("/api/v1/status", &house.contoso.admin),
            ("/api/v1/events", &house.contoso.admin),
            ("/api/v1/history", &house.contoso.admin),
            ("/metrics", &house.contoso.admin),
            ("/scim/v2/Users", &house.contoso.scim),
            ("/provisioning/v1/inventory", &house.contoso.client),
            ("/provisioning/v1/orders", &house.contoso.client),
        ] {
            let refused = house.call("GET", &format!("{prefix}{path}"), token, None).await;
            assert_eq!(refused.status, 401, "{prefix}{path}: {}", refused.text());
            assert!(!refused.text().contains("Fabrikam") && !refused.text().contains("Ann"));
        }
    }
    for path in ["/v1.0/users", "/api/v1/status", "/scim/v2/Users", "/provisioning/v1/inventory"] {
        assert_eq!(house.call("GET", path, &house.fabrikam.admin, None).await.status, 401, "{path}");
    }
    // What was sent with another's key changed nothing.
    let body = json!({"displayName": "Eve", "mailNickname": "eve", "userPrincipalName": "eve@fabrikam.com",
        "accountEnabled": true, "passwordProfile": {"password": "x"}});
    let refused =
        house.call("POST", &format!("{FABRIKAM}/v1.0/users"), &house.contoso.admin, Some(body)).await;
    assert_eq!(refused.status, 401);
    assert_eq!(house.fabrikam("/v1.0/users").await.json()["value"].as_array().unwrap().len(), 1);
}

/// With the right key and the other's names there is nothing: ids, links, batches, marks.
#[tokio::test]
async fn names_of_another_tenant() {
    let house = House::new().await;
    let theirs = ann(&house.fabrikam("/v1.0/users").await);
    let own = ann(&house.contoso("/v1.0/users").await);
    assert_ne!(theirs, own);
    for path in [
        format!("/v1.0/users/{theirs}"),
        format!("/v1.0/directoryObjects/{theirs}"),
        format!("/v1.0/users/{theirs}/memberOf"),
        format!("/v1.0/directory/deletedItems/{theirs}"),
    ] {
        assert_eq!(house.contoso(&path).await.status, 404, "{path}");
    }
    let scim = house.call("GET", &format!("/scim/v2/Users/{theirs}"), &house.contoso.scim, None).await;
    assert_eq!(scim.status, 404, "{}", scim.text());
    for (method, path) in
        [("PATCH", format!("/v1.0/users/{theirs}")), ("DELETE", format!("/v1.0/users/{theirs}"))]
    {
        let refused = house.call(method, &path, &house.contoso.admin, Some(json!({"jobTitle": "x"}))).await;
        assert_eq!(refused.status, 404, "{method}: {}", refused.text());
    }
    let ids = house
        .call(
            "POST",
            "/v1.0/directoryObjects/getByIds",
            &house.contoso.admin,
            Some(json!({"ids": [theirs, own]})),
        )
        .await;
    assert_eq!(ids.json()["value"].as_array().unwrap().len(), 1, "{}", ids.text());
    let group = json!({"displayName": "G", "mailNickname": "g", "mailEnabled": false, "securityEnabled": true,
        "members@odata.bind": [format!("http://h.example{FABRIKAM}/v1.0/users/{theirs}")]});
    let refused = house.call("POST", "/v1.0/groups", &house.contoso.admin, Some(group)).await;
    assert!(refused.status.is_client_error(), "{}", refused.text());
    // A batch holds requests to its own tenant, whatever their addresses say.
    let urls = [
        format!("{FABRIKAM}/v1.0/users"),
        format!("http://h.example{FABRIKAM}/v1.0/users"),
        format!("/v1.0{FABRIKAM}/users"),
        format!("/../tenants/{}/v1.0/users", house.fabrikam.id),
        format!("/v1.0/users/{theirs}"),
    ];
    let requests: Vec<_> =
        urls.iter().enumerate().map(|(at, url)| json!({"id": at, "method": "GET", "url": url})).collect();
    let batch =
        house.call("POST", "/v1.0/$batch", &house.contoso.admin, Some(json!({"requests": requests}))).await;
    assert_eq!(batch.status, 200, "{}", batch.text());
    for response in batch.json()["responses"].as_array().unwrap() {
        let status = response["status"].as_u64().unwrap();
        assert!(status == 404 || status == 501 || status == 400, "{response}");
        assert!(!response.to_string().contains("Archer"), "{response}");
    }
    // Where the other stands is no place here.
    let delta = house.fabrikam("/v1.0/users/delta").await.json();
    let link = delta["@odata.deltaLink"].as_str().unwrap();
    let query = link.split_once('?').unwrap().1;
    assert_eq!(house.fabrikam(&format!("/v1.0/users/delta?{query}")).await.status, 200);
    let refused = house.contoso(&format!("/v1.0/users/delta?{query}")).await;
    assert_eq!(refused.status, 400, "{}", refused.text());
    let own = house.contoso("/v1.0/users/delta").await.json();
    let query = own["@odata.deltaLink"].as_str().unwrap().split_once('?').unwrap().1.to_owned();
    assert_eq!(house.fabrikam(&format!("/v1.0/users/delta?{query}")).await.status, 400);
}

/// What is not written as an id or a domain is written leads nowhere, and never to another tenant.
#[tokio::test]
async fn tricks_with_paths() {
    let house = House::new().await;
    let id = house.fabrikam.id.to_string();
    let upper = id.to_uppercase();
    for path in [
        "/tenants".to_owned(),
        "/tenants/".into(),
        "/tenants//v1.0/users".into(),
        "/tenants/../v1.0/users".into(),
        "/tenants/./v1.0/users".into(),
        "/tenants/%2e%2e/v1.0/users".into(),
        "/tenants/fabrikam%2ecom/v1.0/users".into(),
        "/tenants/fabrikam.com%2fv1.0/users".into(),
        "/tenants/fabrikam.com./v1.0/users".into(),
        "/tenants/.fabrikam.com/v1.0/users".into(),
        "/tenants/fabrikam.com%00/v1.0/users".into(),
        "/tenants/fabrikam.com;x/v1.0/users".into(),
        "/tenants/fabrikam/v1.0/users".into(),
        "/tenants/nobody.example/v1.0/users".into(),
        format!("/tenants/{}/v1.0/users", id.replace('-', "")),
        format!("/tenants/%7B{id}%7D/v1.0/users"),
        format!("/tenants/urn:uuid:{id}/v1.0/users"),
        "/tenants/00000000-0000-0000-0000-000000000000/v1.0/users".into(),
        format!("/tenants/{}/v1.0/users", "a".repeat(5_000)),
        // Below a tenant there is no other.
        format!("{FABRIKAM}/tenants/contoso.com/v1.0/users"),
        format!("{FABRIKAM}/../contoso.com/v1.0/users"),
        format!("{FABRIKAM}/%2e%2e/contoso.com/v1.0/users"),
        "/TENANTS/fabrikam.com/v1.0/users".into(),
    ] {
        for token in [&house.contoso.admin, &house.fabrikam.admin] {
            let answer = house.call("GET", &path, token, None).await;
            let status = answer.status.as_u16();
            assert!(status == 404 || status == 501, "{path}: {status} {}", answer.text());
            assert!(!answer.text().contains("Archer"), "{path}");
            assert!(answer.json()["error"]["code"].is_string(), "{path}: {}", answer.text());
        }
    }
    let moved = house.call("GET", &format!("/tenants/{upper}/v1.0/users"), "", None).await;
    assert_eq!(
        (moved.status.as_u16(), &moved.headers["location"]),
        (308, &format!("/tenants/{id}/v1.0/users").parse().unwrap())
    );
    // Slashes of its own change nothing about whose it is.
    let doubled = house.call("GET", &format!("{FABRIKAM}//v1.0/users"), &house.contoso.admin, None).await;
    assert!(doubled.status.is_client_error() || doubled.status == 501, "{}", doubled.text());
}

/// A tenant that is deleted is gone from its address at once or soon, and one that is made is there.
#[tokio::test]
async fn tenants_come_and_go_while_the_server_runs() {
    let house = House::new().await;
    assert_eq!(house.call("GET", "/tenants/new.example/healthz", "", None).await.status, 404);
    assert_eq!(house.fabrikam("/v1.0/users").await.status, 200);
    let made = house.registry.create(setup("New", "new.example"), now()).await.unwrap().id;
    assert_eq!(house.call("GET", &format!("/tenants/{made}/healthz"), "", None).await.status, 200);
    house.registry.delete(house.fabrikam.id).await.unwrap();
    let gone = async {
        loop {
            let there = house.call("GET", "/tenants/new.example/readyz", "", None).await.status == 200;
            if there && house.fabrikam("/v1.0/users").await.status == 404 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), gone).await.expect("addresses are forgotten");
}

/// No more tenants are held than were allowed, but for those in use.
#[tokio::test]
async fn few_are_held() {
    let limits = TenantLimits { most: 3, idle: Duration::from_secs(600) };
    let house = House::with(ApiSettings::default(), limits).await;
    for number in 0..12 {
        let domain = format!("t{number}.example");
        house.registry.create(setup(&format!("T{number}"), &domain), now()).await.unwrap();
        let answer = house.call("GET", &format!("/tenants/{domain}/readyz"), "", None).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert!(house.tenants.held() <= 3, "{}", house.tenants.held());
    }
    // One with an open page stays, whoever comes after it.
    let request = Request::get(format!("{FABRIKAM}/api/v1/events"))
        .header(header::AUTHORIZATION, format!("Bearer {}", house.fabrikam.admin));
    let stream = house.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(stream.status(), 200);
    let mut stream = stream.into_body().into_data_stream();
    for number in 0..6 {
        house.call("GET", &format!("/tenants/t{number}.example/readyz"), "", None).await;
    }
    let body = json!({"displayName": "Bea", "mailNickname": "bea", "userPrincipalName": "bea@fabrikam.com",
        "accountEnabled": true, "passwordProfile": {"password": "x"}});
    let made = house.call("POST", &format!("{FABRIKAM}/v1.0/users"), &house.fabrikam.admin, Some(body)).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let heard = async {
        use futures_util::StreamExt as _;
        loop {
            let part = stream.next().await.unwrap().unwrap();
            if String::from_utf8_lossy(&part).contains("event: users") {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), heard).await.expect("the page hears of what was written");
}

//! Whatever is sent to whatever address, by whomever: a clear refusal, and the server lives.

use crate::common::Server;
use axum::body::Body;
use http::{Request, header};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

const ADDRESSES: &[&str] = &[
    "/",
    "/healthz",
    "/readyz",
    "/metrics",
    "/docs",
    "/docs/",
    "/docs/%ff",
    "/docs/..%2f..%2f..%2fetc%2fpasswd",
    "/docs/../../etc/passwd",
    "/downloads/lockstep",
    "/downloads/lockstep.sha256",
    "/downloads/..%2fx",
    "/assets/%2e%2e/%2e%2e/etc/passwd",
    "/api/v1/session",
    "/api/v1/session/link",
    "/api/v1/status",
    "/api/v1/errors",
    "/api/v1/errors?top=-1&object=%00&category=%ff&q=%f0%9f",
    "/api/v1/errors?after=%00%00",
    "/api/v1/errors/export?format=csv&after=x",
    "/api/v1/errors/recheck",
    "/api/v1/errors/%ff/ignored",
    "/api/v1/errors/99999999999999999999/ignored",
    "/api/v1/errors/-1/fixes",
    "/api/v1/errors/%00/fix",
    "/api/v1/runs?top=99999999999999999999",
    "/api/v1/runs?after=%00",
    "/api/v1/runs/%ff",
    "/api/v1/runs/%00/objects",
    "/api/v1/history?object=%00%ff&run=%f0&from=9999999999999999999",
    "/api/v1/history?object=%27%20OR%201%3D1&search=%25_%00",
    "/api/v1/history?after=AAAA",
    "/api/v1/history/export?format=csv&after=x",
    "/api/v1/orders",
    "/api/v1/orders?client=%ff",
    "/api/v1/doctor",
    "/api/v1/nothing",
    "/api/v1/events",
    "/v1.0",
    "/v1.0/",
    "/v1.0/organization",
    "/v1.0/organization/%00",
    "/v1.0/domains/%ff",
    "/v1.0/users",
    "/v1.0/users/%ff",
    "/v1.0/users/%4",
    "/v1.0/users?%24filter=%ff",
    "/v1.0/users?%24filter=displayName%20eq%20%27%00%27",
    "/v1.0/users?%24search=%22%00%22",
    "/v1.0/users?%24search=%22%2a%20OR%20NEAR(%22",
    "/v1.0/users?%24skiptoken=AAAA",
    "/v1.0/users?%24skiptoken=%f0%9f%92%a9",
    "/v1.0/users?%24orderby=id%20desc%20desc",
    "/v1.0/users('')",
    "/v1.0/users('/manager",
    "/v1.0/groups/x/members/y/z/a/b/c/d/e/f",
    "/v1.0/directory/onPremisesSynchronization/x",
    "/v1.0/directory/deletedItems/%27",
    "/beta/$metadata",
    "/provisioning/v1/bulk",
    "/provisioning/v1/inventory?after=%00&top=-5",
    "/provisioning/v1/groups/%ff/members",
    "/provisioning/v1/groups/%00/members",
    "/provisioning/v1/groups/a/members?top=x",
    "/provisioning/v1/errors",
    "/provisioning/v1/report",
    "/provisioning/v1/runs",
    "/provisioning/v1/orders",
    "/provisioning/v1/orders/x",
    "/provisioning/v1/nothing",
];

fn bodies() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("nothing", vec![]),
        ("half a JSON", b"{\"user\":".to_vec()),
        ("bad UTF-8", b"{\"user\":\"\xff\xfe\",\"password\":\"\xc0\x80\"}".to_vec()),
        ("half a surrogate", br#"{"order":"\ud800"}"#.to_vec()),
        ("deep lists", vec![b'['; 100_000]),
        ("deep objects", br#"{"Operations":[{"method":"POST","path":"/Users","data":"#.repeat(2_000)),
        ("null", b"null".to_vec()),
        ("wrong types", br#"{"user":1,"password":[],"token":{},"order":7,"Operations":3,"objects":"x","schemas":{}}"#.to_vec()),
        (
            "operations of no sense",
            br#"{"schemas":[],"Operations":[{"method":"POST","path":"/Users","data":{}},{"method":"MOVE"},{"method":"DELETE","path":""}]}"#.to_vec(),
        ),
        ("too long", {
            let mut body = b"{\"user\":\"".to_vec();
            body.resize(600_000, b'a');
            body
        }),
    ]
}

/// Sends it and answers the status; streams that are granted are not read.
async fn status_of(server: &Server, method: &str, path: &str, token: &str, body: Vec<u8>) -> (u16, String) {
    let mut request = Request::builder().method(method).uri(path);
    if !token.is_empty() {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    let response = server.router.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
    let (head, body) = response.into_parts();
    let kind = head.headers.get(header::CONTENT_TYPE).map(|kind| kind.to_str().unwrap().to_owned());
    if kind.as_deref() == Some("text/event-stream") {
        return (head.status.as_u16(), String::new());
    }
    let body = body.collect().await.unwrap().to_bytes();
    assert!(head.headers.contains_key("request-id") && head.headers.contains_key("content-security-policy"));
    (head.status.as_u16(), String::from_utf8_lossy(&body).into_owned())
}

/// Codes of a failing server that an address may answer with: 501 for what is not there; 503 for an order that no
/// client takes, and for the streams' places.
fn is_clean(status: u16) -> bool {
    status < 500 || status == 501 || status == 503
}

async fn throw_everything(token: fn(&Server) -> &str) {
    let server = Server::new().await;
    server.organization().await;
    let token = token(&server).to_owned();
    for path in ADDRESSES {
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"] {
            for (what, body) in bodies() {
                if method == "GET" && what != "nothing" && what != "bad UTF-8" {
                    continue;
                }
                let (status, text) = status_of(&server, method, path, &token, body).await;
                assert!(is_clean(status), "{method} {path} with {what}: {status} {text}");
                if status == 503 {
                    assert!(path.contains("orders"), "{method} {path} with {what}: {text}");
                }
                // What is refused by anyone but the book says so in Graph's form.
                if status >= 400 && method != "HEAD" && !path.starts_with("/docs/") {
                    let error: serde_json::Value = serde_json::from_str(&text)
                        .unwrap_or_else(|_| panic!("{method} {path}: {status} {text:?}"));
                    assert!(error["error"]["code"].is_string(), "{method} {path}: {text}");
                }
                assert!(!text.contains("panicked") && !text.contains("root:"), "{method} {path}: {text}");
            }
        }
    }
    assert_eq!(status_of(&server, "GET", "/readyz", "", vec![]).await.0, 200);
    // Nothing of it changed the tenant.
    let counts = server.get("/api/v1/status").await.json()["objects"].clone();
    assert_eq!((counts["users"].as_u64(), counts["groups"].as_u64()), (Some(4), Some(2)));
}

#[tokio::test]
async fn from_nobody() {
    throw_everything(|_| "").await;
}

#[tokio::test]
async fn from_a_reader() {
    throw_everything(|server| &server.reader).await;
}

#[tokio::test]
async fn from_an_administrator() {
    throw_everything(|server| &server.admin).await;
}

#[tokio::test]
async fn from_a_sync_client() {
    throw_everything(|server| &server.client).await;
}

#[tokio::test]
async fn sign_ins_of_any_form() {
    let server = Server::new().await;
    let odd = [
        "".to_owned(),
        "Bearer".into(),
        "Basic YTpi".into(),
        format!("Bearer {}", "x".repeat(5000)),
        "Bearer \u{e9}".into(),
    ];
    for value in odd {
        let request = Request::get("/api/v1/status").header(header::AUTHORIZATION, value.as_bytes());
        assert_eq!(server.send(request.body(Body::empty()).unwrap()).await.status, 401, "{value:.20}");
    }
    for value in ["lockstep_session", "lockstep_session=", "lockstep_session=x; lockstep_session=y", "=;=;;"]
    {
        let request = Request::get("/api/v1/status").header(header::COOKIE, value);
        assert_eq!(server.send(request.body(Body::empty()).unwrap()).await.status, 401, "{value}");
    }
    // A name or password beyond all measure is wrong, and costs no hash.
    for (user, password) in [("a".repeat(10_000), "b".into()), ("ann".into(), "b".repeat(10_000))] {
        let body = serde_json::json!({"user": user, "password": password});
        assert_eq!(server.call("POST", "/api/v1/session", "", Some(body)).await.status, 401);
    }
}

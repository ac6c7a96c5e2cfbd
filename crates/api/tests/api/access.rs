//! Who gets in, and what they may do.

use crate::common::{NOON, PASSWORD, Server};
use axum::body::Body;
use axum::extract::ConnectInfo;
use http::{Request, header};
use jiff::SignedDuration;
use lockstep_api::auth;
use lockstep_model::Timestamp;
use lockstep_tenant::{Role, Session, TenantStore};
use secrecy::ExposeSecret;
use serde_json::json;
use std::net::SocketAddr;

fn sign_in(user: &str, password: &str, from: &str) -> Request<Body> {
    let peer: SocketAddr = from.parse().unwrap();
    Request::post("/api/v1/session")
        .extension(ConnectInfo(peer))
        .body(Body::from(json!({"user": user, "password": password}).to_string()))
        .unwrap()
}

/// Everything but health and downloads needs a sign-in; each role has its place.
#[tokio::test]
async fn roles_have_their_places() {
    let server = Server::new().await;
    // (method, path, without, reader, admin, sync client)
    for (method, path, nobody, reader, admin, client) in [
        ("GET", "/healthz", 200, 200, 200, 200),
        ("GET", "/readyz", 200, 200, 200, 200),
        ("GET", "/api/v1/status", 401, 200, 200, 403),
        ("GET", "/api/v1/errors", 401, 200, 200, 403),
        ("GET", "/api/v1/errors/export?format=csv", 401, 200, 200, 403),
        ("POST", "/api/v1/errors/recheck", 401, 403, 200, 403),
        ("PUT", "/api/v1/errors/99/ignored", 401, 403, 404, 403),
        ("DELETE", "/api/v1/errors/x/ignored", 401, 403, 404, 403),
        ("GET", "/api/v1/errors/99/fixes", 401, 404, 404, 403),
        ("POST", "/api/v1/errors/99/fix", 401, 403, 400, 403),
        ("GET", "/api/v1/runs", 401, 200, 200, 403),
        ("GET", "/api/v1/runs/export?format=jsonl", 401, 200, 200, 403),
        ("GET", "/api/v1/runs/00000000-0000-0000-0000-000000000001", 401, 404, 404, 403),
        ("GET", "/api/v1/runs/00000000-0000-0000-0000-000000000001/objects", 401, 404, 404, 403),
        ("GET", "/api/v1/history", 401, 200, 200, 403),
        ("GET", "/api/v1/history/export?format=csv", 401, 200, 200, 403),
        ("POST", "/api/v1/orders", 401, 403, 400, 403),
        ("GET", "/api/v1/doctor", 401, 200, 200, 403),
        ("GET", "/api/v1/session", 401, 200, 200, 200),
        ("DELETE", "/api/v1/session", 401, 204, 204, 204),
        ("GET", "/metrics", 401, 200, 200, 200),
        ("GET", "/v1.0/users", 401, 200, 200, 403),
        ("PATCH", "/v1.0/organization/x", 401, 403, 404, 403),
        ("GET", "/beta/organization", 401, 200, 200, 403),
        ("GET", "/provisioning/v1/inventory", 401, 403, 403, 200),
        ("POST", "/provisioning/v1/bulk", 401, 403, 403, 400),
        ("PUT", "/provisioning/v1/errors", 401, 403, 403, 400),
        ("POST", "/provisioning/v1/report", 401, 403, 403, 400),
        ("POST", "/provisioning/v1/runs", 401, 403, 403, 400),
    ] {
        for (who, token, expect) in [
            ("nobody", "", nobody),
            ("reader", server.reader.as_str(), reader),
            ("admin", server.admin.as_str(), admin),
            ("client", server.client.as_str(), client),
        ] {
            let answer = server.call(method, path, token, None).await;
            assert_eq!(answer.status, expect, "{who} {method} {path}: {}", answer.text());
            if answer.status.as_u16() >= 400 {
                answer.code();
            }
        }
    }
    assert_eq!(
        server.call("GET", "/v1.0/users", "lkt_nonsense", None).await.code(),
        "InvalidAuthenticationToken"
    );
}

#[tokio::test]
async fn a_browser_signs_in_and_out() {
    let server = Server::new().await;
    assert_eq!(server.send(sign_in("ann", "wrong password!", "192.0.2.1:1")).await.status, 401);
    let answer = server.send(sign_in("ANN", PASSWORD, "192.0.2.1:1")).await;
    assert_eq!(answer.status, 204, "{}", answer.text());
    let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap().to_owned();
    assert!(cookie.contains("HttpOnly; SameSite=Strict") && !cookie.contains("Secure"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let with = |method: &str, path: &str, mark: bool| {
        let mut request = Request::builder().method(method).uri(path).header(header::COOKIE, &cookie);
        if mark {
            request = request.header("X-Lockstep-Request", "1");
        }
        request.body(Body::empty()).unwrap()
    };
    let answer = server.send(with("GET", "/api/v1/session", false)).await;
    assert_eq!(answer.json(), json!({"user": "ann", "role": "admin", "expiresAt": "2026-11-23T00:00:00Z"}));
    // What changes something needs the mark that another site's page cannot send.
    assert_eq!(server.send(with("POST", "/api/v1/errors/recheck", false)).await.status, 403);
    assert_eq!(server.send(with("POST", "/api/v1/errors/recheck", true)).await.status, 200);
    // Being used, the session slides; unused for twelve hours, it ends.
    server.clock.advance(SignedDuration::from_hours(11));
    assert_eq!(server.send(with("GET", "/api/v1/status", false)).await.status, 200);
    server.clock.advance(SignedDuration::from_hours(11));
    let answer = server.send(with("GET", "/api/v1/session", false)).await;
    assert_eq!(answer.json()["user"], "ann");
    assert_eq!(server.send(with("DELETE", "/api/v1/session", true)).await.status, 204);
    assert_eq!(server.send(with("GET", "/api/v1/session", false)).await.status, 401);
}

#[tokio::test]
async fn an_unused_session_ends() {
    let server = Server::new().await;
    let answer = server.send(sign_in("ann", PASSWORD, "192.0.2.1:1")).await;
    let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    server.clock.advance(SignedDuration::from_secs(12 * 3600 + 1));
    let request = Request::get("/api/v1/session").header(header::COOKIE, cookie).body(Body::empty()).unwrap();
    assert_eq!(server.send(request).await.status, 401);
}

#[tokio::test]
async fn ten_failures_a_minute_and_no_more() {
    let server = Server::new().await;
    for n in 0..10 {
        // Known and unknown names are told apart by nothing.
        let name = if n % 2 == 0 { "ann" } else { "nobody" };
        let answer = server.send(sign_in(name, "wrong password!", "192.0.2.7:1")).await;
        assert_eq!(answer.status, 401);
        assert!(answer.text().contains("user name or the password"), "{}", answer.text());
    }
    let answer = server.send(sign_in("ann", PASSWORD, "192.0.2.7:1")).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (429, "TooManyRequests"));
    let wait: i64 = answer.headers[header::RETRY_AFTER].to_str().unwrap().parse().unwrap();
    assert!((1..=61).contains(&wait));
    // Another address is not concerned, and after the wait neither is this one.
    assert_eq!(server.send(sign_in("ann", PASSWORD, "192.0.2.8:1")).await.status, 204);
    server.clock.advance(SignedDuration::from_secs(wait));
    assert_eq!(server.send(sign_in("ann", PASSWORD, "192.0.2.7:1")).await.status, 204);
}

#[tokio::test]
async fn a_link_works_once() {
    let server = Server::new().await;
    let now: Timestamp = NOON.parse().unwrap();
    let make = async |minutes: i64| {
        let secret = auth::new_secret("lkl").unwrap();
        let expires_at = now + SignedDuration::from_mins(minutes);
        let session = Session { user: "ann".into(), role: Role::Admin, expires_at };
        server.store.put_link(secret.hash, session).await.unwrap();
        json!({"token": secret.text.expose_secret()})
    };
    let link = make(15).await;
    let answer = server.call("POST", "/api/v1/session/link", "", Some(link.clone())).await;
    assert_eq!(answer.status, 204, "{}", answer.text());
    assert!(answer.headers[header::SET_COOKIE].to_str().unwrap().starts_with("lockstep_session=lks_"));
    assert_eq!(server.call("POST", "/api/v1/session/link", "", Some(link)).await.status, 401);
    let old = make(15).await;
    server.clock.advance(SignedDuration::from_mins(16));
    assert_eq!(server.call("POST", "/api/v1/session/link", "", Some(old)).await.status, 401);
}

#[tokio::test]
async fn another_site_signs_nobody_in() {
    let server = Server::new().await;
    let mut request = sign_in("ann", PASSWORD, "192.0.2.1:1");
    request.headers_mut().insert("sec-fetch-site", "cross-site".parse().unwrap());
    assert_eq!(server.send(request).await.status, 403);
}

#[tokio::test]
async fn every_answer_has_the_headers() {
    let server = Server::new().await;
    for path in ["/healthz", "/v1.0/users", "/nothing", "/api/v1/nothing", "/"] {
        let request = Request::get(path)
            .header("client-request-id", "my-id")
            .header(header::ACCEPT, "text/html")
            .body(Body::empty())
            .unwrap();
        let answer = server.send(request).await;
        for (name, expect) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("client-request-id", "my-id"),
        ] {
            assert_eq!(answer.headers[name], expect, "{path}");
        }
        let policy = answer.headers["content-security-policy"].to_str().unwrap();
        for part in ["default-src 'self'", "object-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(
            answer.headers.contains_key("request-id") && answer.headers.contains_key("permissions-policy")
        );
        assert!(!answer.headers.contains_key("strict-transport-security"), "not over plain HTTP");
    }
    let settings =
        lockstep_api::ApiSettings { public_url: Some("https://x.example".into()), ..Default::default() };
    let server = Server::with(settings).await;
    let answer = server.send(sign_in("ann", PASSWORD, "192.0.2.1:1")).await;
    assert!(answer.headers.contains_key("strict-transport-security"));
    assert!(answer.headers[header::SET_COOKIE].to_str().unwrap().ends_with("; Secure"));
}

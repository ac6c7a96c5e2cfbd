//! What comes by itself: events for pages, orders for sync clients.

use crate::common::{NOON, Server, status_of};
use axum::body::{Body, BodyDataStream};
use futures_util::StreamExt as _;
use http::{Request, header};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// A stream of Server-Sent Events as text.
struct Stream {
    body: BodyDataStream,
    text: String,
}

impl Stream {
    async fn open(server: &Server, path: &str, token: &str) -> Self {
        let request = Request::get(path)
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .body(Body::empty())
            .unwrap();
        let response = tower::ServiceExt::oneshot(server.router.clone(), request).await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
        let mut stream = Self { body: response.into_body().into_data_stream(), text: String::new() };
        stream.until(": connected").await;
        stream
    }

    /// Reads on until `wanted` came; answers all that came since the last time.
    async fn until(&mut self, wanted: &str) -> String {
        while !self.text.contains(wanted) {
            let chunk = tokio::time::timeout(Duration::from_secs(20), self.body.next());
            match chunk.await {
                Ok(Some(Ok(chunk))) => self.text.push_str(&String::from_utf8_lossy(&chunk)),
                other => panic!("no {wanted}: {other:?}, only {:?}", self.text),
            }
        }
        std::mem::take(&mut self.text)
    }

    /// The next order: its id and itself.
    async fn order(&mut self) -> (String, Value) {
        let text = self.until("\n\n").await;
        let data =
            text.lines().find_map(|line| line.strip_prefix("data:")).unwrap_or_else(|| panic!("{text}"));
        let order: Value = serde_json::from_str(data.trim()).unwrap();
        (order["id"].as_str().unwrap().to_owned(), order)
    }
}

#[tokio::test]
async fn a_change_is_told_at_once() {
    let server = Server::new().await;
    let mut page = Stream::open(&server, "/api/v1/events", &server.reader).await;
    server.organization().await;
    // Errors come last in the first event's topics, whose order is fixed.
    let text = page.until("event: errors").await;
    for topic in ["event: status", "event: users", "event: groups"] {
        assert!(text.contains(topic), "{text}");
    }
    let at = json!({"at": NOON}).to_string();
    assert!(text.contains(&format!("data: {at}")), "{text}");
    // A batch that changes nothing tells nothing; the run after it does.
    let run = json!({
        "id": "00000000-0000-7000-8000-000000000001", "trigger": "live", "startedAt": NOON, "endedAt": NOON,
        "result": "success", "steps": [], "counts": {}, "membersAdded": 0, "membersRemoved": 0, "objectErrors": 0,
    });
    assert_eq!(server.call("POST", "/provisioning/v1/runs", &server.client, Some(run)).await.status, 204);
    page.until("event: runs").await;
}

#[tokio::test]
async fn a_quiet_page_gets_a_ping() {
    let server = Server::new().await;
    let mut page = Stream::open(&server, "/api/v1/events", &server.admin).await;
    tokio::time::pause();
    page.until("event: ping").await;
}

#[tokio::test]
async fn an_order_goes_to_the_client_and_its_answer_to_the_person() {
    let server = Arc::new(Server::new().await);
    let mut client = Stream::open(&server, "/provisioning/v1/orders", &server.client).await;
    server.report(|_| {}).await;
    assert_eq!(server.get("/api/v1/status").await.json()["sync"]["clientConnected"], true);
    for (given, passed, answer) in [
        (
            json!({"order": "syncNow", "full": true}),
            json!({"order": "syncNow", "full": true}),
            json!({"answer": "accepted"}),
        ),
        (json!({"order": "pause"}), json!({"order": "pause"}), json!({"answer": "accepted"})),
        (
            json!({"order": "preview"}),
            json!({"order": "preview", "limit": 200}),
            json!({"answer": "refused", "reason": "no"}),
        ),
        // Who approves is known from the sign-in, whatever the body says.
        (
            json!({"order": "approve", "digest": "d", "by": "somebody else"}),
            json!({"order": "approve", "digest": "d", "by": "root"}),
            json!({"answer": "accepted"}),
        ),
        (json!({"order": "doctor"}), json!({"order": "doctor"}), json!({"answer": "doctor", "checks": []})),
    ] {
        let asking = tokio::spawn({
            let (server, given) = (server.clone(), given.clone());
            async move { server.call("POST", "/api/v1/orders", &server.admin, Some(given)).await }
        });
        let (id, mut order) = client.order().await;
        order.as_object_mut().unwrap().remove("id");
        assert_eq!(order, passed);
        let path = format!("/provisioning/v1/orders/{id}");
        assert_eq!(server.call("POST", &path, &server.client, Some(answer.clone())).await.status, 204);
        let said = asking.await.unwrap();
        assert_eq!((said.status.as_u16(), said.json()), (200, answer.clone()), "{given}");
        // A second answer, or one to nothing, is not taken.
        assert_eq!(server.call("POST", &path, &server.client, Some(answer)).await.status, 404);
    }
    // The troubleshooter asks the same client.
    let asking = tokio::spawn({
        let server = server.clone();
        async move { server.get("/api/v1/doctor").await }
    });
    let (id, order) = client.order().await;
    assert_eq!(order["order"], "doctor");
    let check =
        json!({"name": "source.bind", "title": "Sign in", "result": "pass", "detail": "done", "millis": 3});
    let answer = json!({"answer": "doctor", "checks": [check]});
    let path = format!("/provisioning/v1/orders/{id}");
    assert_eq!(server.call("POST", &path, &server.client, Some(answer)).await.status, 204);
    let body = asking.await.unwrap().json();
    assert_eq!((&body["clientConnected"], &body["checks"][1]["name"]), (&json!(true), &json!("source.bind")));
}

#[tokio::test]
async fn without_a_client_the_answer_says_since_when() {
    let server = Server::new().await;
    let order = async || server.call("POST", "/api/v1/orders", &server.admin, Some(status_of("pause"))).await;
    let answer = order().await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (503, "ServiceUnavailable"));
    assert!(answer.text().contains("was ever connected"), "{}", answer.text());
    server.report(|_| {}).await;
    assert!(order().await.text().contains("since 2026-11-22T12:00:00Z"), "{}", order().await.text());
    // A connection that ended counts more than the last report.
    let client = Stream::open(&server, "/provisioning/v1/orders", &server.client).await;
    server.clock.advance(jiff::SignedDuration::from_secs(60));
    drop(client);
    assert!(order().await.text().contains("since 2026-11-22T12:01:00Z"), "{}", order().await.text());
}

#[tokio::test]
async fn a_client_that_does_not_answer_costs_a_minute() {
    let server = Arc::new(Server::new().await);
    let mut client = Stream::open(&server, "/provisioning/v1/orders", &server.client).await;
    let asking = tokio::spawn({
        let server = server.clone();
        async move { server.call("POST", "/api/v1/orders", &server.admin, Some(status_of("resume"))).await }
    });
    let (id, _) = client.order().await;
    tokio::time::pause();
    let began = tokio::time::Instant::now();
    let answer = asking.await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (504, "GatewayTimeout"));
    assert!((59..=61).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    tokio::time::resume();
    let late = json!({"answer": "accepted"});
    let path = format!("/provisioning/v1/orders/{id}");
    assert_eq!(server.call("POST", &path, &server.client, Some(late)).await.status, 404);
}

#[tokio::test]
async fn orders_of_the_wrong_form_reach_nobody() {
    let server = Server::new().await;
    let _client = Stream::open(&server, "/provisioning/v1/orders", &server.client).await;
    for bad in
        [json!({}), json!({"order": "explode"}), json!({"order": "approve"}), json!([]), json!("pause")]
    {
        let answer = server.call("POST", "/api/v1/orders", &server.admin, Some(bad.clone())).await;
        assert_eq!(answer.status, 400, "{bad}");
    }
    let answer =
        server.call("POST", "/api/v1/orders?client=x", &server.admin, Some(status_of("pause"))).await;
    assert_eq!(answer.status, 400);
    let other = "/api/v1/orders?client=00000000-0000-7000-8000-000000000001";
    assert_eq!(server.call("POST", other, &server.admin, Some(status_of("pause"))).await.status, 503);
}

//! Enrolment of a sync client: a code that works once, within an hour, and for nothing else.

use crate::common::Server;
use jiff::SignedDuration;
use serde_json::json;

async fn code(server: &Server, name: &str) -> String {
    let answer =
        server.call("POST", "/api/v1/enrollments", &server.admin, Some(json!({ "name": name }))).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["name"], name);
    answer.json()["code"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_code_gives_a_token_once_and_nothing_else() {
    let server = Server::new().await;
    let code = code(&server, "Sync_dc1").await;
    // It opens no other door.
    for (method, path) in
        [("GET", "/provisioning/v1/inventory"), ("GET", "/api/v1/status"), ("GET", "/v1.0/users")]
    {
        let answer = server.call(method, path, &code, None).await;
        assert_eq!(answer.status, 403, "{path}: {}", answer.text());
    }
    let answer = server.call("POST", "/provisioning/v1/enroll", &code, None).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let token = answer.json()["token"].as_str().unwrap().to_owned();
    assert_eq!(answer.json()["name"], "Sync_dc1");
    // The code has ended, the token works and lasts.
    assert_eq!(server.call("POST", "/provisioning/v1/enroll", &code, None).await.status, 401);
    server.clock.advance(SignedDuration::from_hours(24 * 365));
    assert_eq!(server.call("GET", "/provisioning/v1/inventory", &token, None).await.status, 200);
    // A token is no code.
    assert_eq!(server.call("POST", "/provisioning/v1/enroll", &token, None).await.status, 403);
}

#[tokio::test]
async fn a_code_ends_after_an_hour_or_with_the_next_one() {
    let server = Server::new().await;
    let first = code(&server, "Sync_dc1").await;
    let second = code(&server, "Sync_dc1").await;
    assert_eq!(server.call("POST", "/provisioning/v1/enroll", &first, None).await.status, 401);
    let again = |name: &'static str| {
        server.call("POST", "/api/v1/enrollments", &server.admin, Some(json!({ "name": name })))
    };
    assert_eq!(again("Sync_test").await.status, 409, "the client of that name would lose its token");
    assert_eq!(again(" ").await.status, 400);
    server.clock.advance(SignedDuration::from_mins(61));
    assert_eq!(server.call("POST", "/provisioning/v1/enroll", &second, None).await.status, 401);
}

/// Two machines were given the same code: one is enrolled, and its token works.
#[tokio::test]
async fn of_two_that_bring_a_code_one_gets_a_token() {
    let server = Server::new().await;
    for round in 0..5 {
        let code = code(&server, &format!("Sync_dc{round}")).await;
        let change = || server.call("POST", "/provisioning/v1/enroll", &code, None);
        let answers = tokio::join!(change(), change(), change());
        let answers = [answers.0, answers.1, answers.2];
        let mut statuses = answers.each_ref().map(|answer| answer.status.as_u16());
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 401, 401]);
        let won = answers.iter().find(|answer| answer.status == 200).unwrap().json();
        let token = won["token"].as_str().unwrap();
        assert_eq!(server.call("GET", "/provisioning/v1/inventory", token, None).await.status, 200);
    }
}

#[tokio::test]
async fn only_an_administrator_makes_one() {
    let server = Server::new().await;
    for token in [&server.reader, &server.client] {
        let answer = server.call("POST", "/api/v1/enrollments", token, Some(json!({ "name": "x" }))).await;
        assert_eq!(answer.status, 403, "{}", answer.text());
    }
}

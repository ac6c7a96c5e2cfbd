//! The sync client's side of the same contract: `TenantTarget` against the server over real connections.

use crate::common::{NOON, PASSWORD, Server, anchor, group, members, person, report, status_of, user};
use futures_util::StreamExt as _;
use lockstep_model::provisioning::{CheckResult, ClientErrors, OrderAnswer, OrderRequest, Outcome};
use lockstep_model::{OrderId, RunId, Timestamp};
use lockstep_targets::{Target as _, TargetError, TenantTarget, TenantTargetSettings};
use serde_json::json;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

fn noon() -> Timestamp {
    NOON.parse().unwrap()
}

/// A server that listens until it is stopped.
struct Listening {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    done: JoinHandle<()>,
}

impl Listening {
    async fn on(server: &Server, address: &str) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let router = server.router.clone();
        let done = tokio::spawn(async move {
            lockstep_api::serve(listener, router, async move { drop(stopped.await) }).await.unwrap();
        });
        Self { address, stop, done }
    }

    fn target(&self, token: &str) -> TenantTarget {
        target(&format!("http://{}", self.address), token, None)
    }

    async fn stop(self) {
        self.stop.send(()).unwrap();
        tokio::time::timeout(Duration::from_secs(20), self.done).await.expect("the server stops").unwrap();
    }
}

fn target(url: &str, token: &str, ca_file: Option<PathBuf>) -> TenantTarget {
    TenantTarget::new(TenantTargetSettings { url: url.into(), token: token.to_owned().into(), ca_file })
        .unwrap()
}

/// A peer that says `text` to whoever asks, and closes.
async fn says(text: &'static [u8]) -> TenantTarget {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut seen = vec![0; 64 * 1024];
            let _ = stream.read(&mut seen).await;
            let _ = stream.write_all(text).await;
        }
    });
    target(&url, "t", None)
}

#[tokio::test]
async fn all_that_a_client_does() {
    let server = Server::new().await;
    let listening = Listening::on(&server, "127.0.0.1:0").await;
    let target = listening.target(&server.client);
    let run = RunId::generate(noon());
    // More than one request takes.
    let mut operations: Vec<_> = (0..4_100)
        .map(|n| user(&format!("u{n:05}"), person(&format!("u{n}"), &format!("User {n}"), "Sales"), None))
        .collect();
    operations.push(group("g/1 ö", "Group"));
    operations.push(members("g/1 ö", &["u00001", "u04099"]));
    let count = operations.len();
    let results = target.send(run, operations).await.unwrap();
    assert_eq!(results.len(), count);
    assert!(results.iter().take(4_101).all(|r| r.outcome == Outcome::Created));
    let mut after = None;
    let mut anchors = Vec::new();
    loop {
        let page = target.inventory(after).await.unwrap();
        anchors.extend(page.items.into_iter().map(|item| item.anchor));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(anchors.len(), 4_101);
    assert!(anchors.is_sorted());
    let page = target.group_members(&anchor("g/1 ö"), None).await.unwrap();
    assert_eq!(page.members, [anchor("u00001"), anchor("u04099")]);
    let answer = target.report(report()).await.unwrap();
    assert!(answer.sync_enabled && answer.now == noon());
    target.put_errors(ClientErrors { objects: vec![anchor("u00001")], errors: vec![] }).await.unwrap();
    let run: lockstep_model::provisioning::RunRecord = serde_json::from_value(json!({
        "id": run, "trigger": "start", "startedAt": NOON, "endedAt": NOON, "result": "success", "steps": [],
        "counts": {}, "membersAdded": 2, "membersRemoved": 0, "objectErrors": 0,
    }))
    .unwrap();
    target.put_run(run.clone()).await.unwrap();
    assert_eq!(server.get("/api/v1/runs").await.json()["value"][0]["id"], run.id.to_string());
    let checks = target.check(noon()).await;
    assert!(checks.iter().all(|check| check.result == CheckResult::Pass), "{checks:?}");
    listening.stop().await;
}

#[tokio::test]
async fn orders_come_and_the_stream_is_opened_anew() {
    let server = Arc::new(Server::new().await);
    let mut address = "127.0.0.1:0".to_owned();
    let mut target = None;
    for round in ["at first", "after a restart of the server"] {
        let listening = Listening::on(&server, &address).await;
        address = listening.address.to_string();
        let target = target.get_or_insert_with(|| listening.target(&server.client));
        let mut orders = target.orders().await.unwrap();
        let asking = tokio::spawn({
            let server = server.clone();
            async move { server.call("POST", "/api/v1/orders", &server.admin, Some(status_of("pause"))).await }
        });
        let mut next = async || tokio::time::timeout(Duration::from_secs(20), orders.next()).await.unwrap();
        let order = next().await.unwrap().unwrap();
        assert_eq!(order.request, OrderRequest::Pause, "{round}");
        target.answer(order.id, OrderAnswer::Accepted).await.unwrap();
        assert_eq!(asking.await.unwrap().status, 200, "{round}");
        // The server's end ends the stream at once, and nobody is kept waiting by it.
        listening.stop().await;
        assert!(next().await.is_none(), "{round}");
        assert!(matches!(target.orders().await, Err(TargetError::Unreachable { .. })), "{round}");
    }
}

#[tokio::test]
async fn each_failure_has_its_name() {
    let server = Server::new().await;
    server.organization().await;
    let listening = Listening::on(&server, "127.0.0.1:0").await;
    let run = RunId::generate(noon());

    let error = listening.target("lkt_nonsense").inventory(None).await.unwrap_err();
    assert!(matches!(error, TargetError::Unauthorized { .. }) && !error.is_retryable(), "{error}");
    assert!(error.to_string().contains("lockstep token create"), "{error}");
    let error = listening.target(&server.reader).inventory(None).await.unwrap_err();
    assert!(matches!(error, TargetError::Forbidden { .. }) && !error.is_retryable(), "{error}");
    let target = listening.target(&server.client);
    let nobody = target.answer(OrderId::generate(noon()), OrderAnswer::Accepted).await.unwrap_err();
    assert!(matches!(nobody, TargetError::Refused { status: 404, .. }) && !nobody.is_retryable(), "{nobody}");

    let id = server.get("/v1.0/organization").await.json()["value"][0]["id"].as_str().unwrap().to_owned();
    let off = Some(json!({"onPremisesSyncEnabled": false}));
    assert_eq!(
        server.call("PATCH", &format!("/v1.0/organization/{id}"), &server.admin, off).await.status,
        204
    );
    let error = target.send(run, vec![group("g", "G")]).await.unwrap_err();
    assert!(matches!(error, TargetError::SyncDisabled { .. }), "{error}");
    assert!(!target.report(report()).await.unwrap().sync_enabled, "reports are still taken");

    listening.stop().await;
    let error = target.inventory(None).await.unwrap_err();
    assert!(matches!(error, TargetError::Unreachable { .. }) && error.is_retryable(), "{error}");
    let checks = target.check(noon()).await;
    let results: Vec<CheckResult> = checks.iter().map(|check| check.result).collect();
    use CheckResult::{Fail, Pass, Skipped};
    assert_eq!(results, [Pass, Fail, Skipped, Skipped], "{checks:?}");
}

/// What stands between client and server may answer anything.
#[tokio::test]
async fn answers_of_no_server_of_ours() {
    let limited = says(
        b"HTTP/1.1 429 Too Many Requests\r\nretry-after: 7\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
    )
    .await;
    let error = limited.inventory(None).await.unwrap_err();
    assert!(matches!(error, TargetError::Throttled { .. }) && error.is_retryable(), "{error}");
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));

    let page = says(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\nconnection: close\r\n\r\n<html>").await;
    let error = page.inventory(None).await.unwrap_err();
    assert!(matches!(error, TargetError::Protocol { .. }) && !error.is_retryable(), "{error}");

    let down =
        says(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 6\r\nconnection: close\r\n\r\n<html>").await;
    let error = down.inventory(None).await.unwrap_err();
    assert!(matches!(error, TargetError::Unavailable { status: 502, .. }) && error.is_retryable(), "{error}");

    let cut = says(b"HTTP/1.1 200 OK\r\ncontent-length: 600\r\nconnection: close\r\n\r\n{\"items\":[").await;
    let error = cut.inventory(None).await.unwrap_err();
    assert!(matches!(error, TargetError::Broken { .. }) && error.is_retryable(), "{error}");

    let elsewhere = says(b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await;
    let error = elsewhere.inventory(None).await.unwrap_err();
    assert!(
        matches!(error, TargetError::Refused { status: 302, .. }),
        "a token follows no redirect: {error}"
    );

    let nonsense = says(b"SSH-2.0-OpenSSH_9.2p1\r\n").await;
    let error = nonsense.inventory(None).await.unwrap_err();
    assert!(matches!(error, TargetError::Broken { .. } | TargetError::Unreachable { .. }), "{error}");

    let stream = says(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\nevent: order\ndata: {\"order\":\"explode\"}\n\n").await;
    let first = stream.orders().await.unwrap().next().await.unwrap();
    assert!(matches!(first, Err(TargetError::Protocol { .. })));
}

/// Over TLS a certificate is checked, and the cookie of a browser is `Secure`.
#[tokio::test]
async fn over_tls() {
    let server = Server::new().await;
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".into(), "127.0.0.1".into()]).unwrap();
    let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    assert!(lockstep_api::TlsSettings::from_files(&key, &certificate).is_err(), "the wrong way round");
    let tls = lockstep_api::TlsSettings::from_files(&certificate, &key).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let router = server.router.clone();
    tokio::spawn(lockstep_api::serve_tls(listener, router, tls, std::future::pending()));

    let url = format!("https://localhost:{port}");
    let trusting = target(&url, &server.client, Some(certificate.clone()));
    assert!(trusting.inventory(None).await.unwrap().items.is_empty());
    let error = target(&url, &server.client, None).inventory(None).await.unwrap_err();
    assert!(matches!(error, TargetError::Untrusted { .. }) && !error.is_retryable(), "{error}");

    let settings = lockstep_targets::HttpSettings {
        ca_file: Some(&certificate),
        ..lockstep_targets::HttpSettings::default()
    };
    let browser = lockstep_targets::http_client(settings).unwrap();
    let body = json!({"user": "ann", "password": PASSWORD}).to_string();
    let answer = browser.post(format!("{url}/api/v1/session")).body(body).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 204);
    assert!(answer.headers()["set-cookie"].to_str().unwrap().ends_with("; Secure"));
    assert!(answer.headers().contains_key("strict-transport-security"));

    // Plain HTTP and nonsense on the same port end their own connection only.
    for text in
        [b"GET / HTTP/1.1\r\nhost: x\r\n\r\n".as_slice(), &[0x16, 3, 1, 0xff, 0xff, 1, 2, 3], &[0; 5000]]
    {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let _ = stream.write_all(text).await;
        let _ = stream.shutdown().await;
        let mut answer = Vec::new();
        let _ = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await.unwrap();
    }
    assert!(trusting.inventory(None).await.is_ok());
}

/// Bytes that are no HTTP, and heads beyond all measure.
#[tokio::test]
async fn hostile_connections_end_themselves_only() {
    let server = Server::new().await;
    let listening = Listening::on(&server, "127.0.0.1:0").await;
    let header = format!("GET / HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n", "y".repeat(2_000_000));
    let many = format!("GET / HTTP/1.1\r\nhost: x\r\n{}\r\n", "a: b\r\n".repeat(5_000));
    let line = format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "z".repeat(500_000));
    for text in [
        b"nonsense\r\n\r\n".as_slice(),
        &[0xff; 70_000],
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        b"POST /api/v1/session HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999999999999999\r\n\r\n",
        b"POST /api/v1/session HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nabcdef",
        b"POST /api/v1/session HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
        b"POST /api/v1/session HTTP/1.1\r\nhost: x\r\ncontent-length: 500\r\n\r\n{\"user\":",
        header.as_bytes(),
        many.as_bytes(),
        line.as_bytes(),
    ] {
        let mut stream = TcpStream::connect(listening.address).await.unwrap();
        let _ = stream.write_all(text).await;
        let _ = stream.shutdown().await;
        let mut answer = Vec::new();
        let _ = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await.unwrap();
        let status = String::from_utf8_lossy(answer.get(9..12).unwrap_or_default()).into_owned();
        assert!(!status.starts_with('2') && status != "500", "{:?}: {status}", text.get(..40));
    }
    assert!(listening.target(&server.client).inventory(None).await.is_ok());
    listening.stop().await;
}

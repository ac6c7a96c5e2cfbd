//! Servers that answer nonsense: a clear error, the process lives, memory stays bounded.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail by panicking, in its helpers as well"
)]

use lockstep_ldap::sync::{SyncMode, SyncRequest};
use lockstep_ldap::{
    ConnectOptions, Connection, Credentials, Endpoint, Filter, LdapError, SearchRequest, Timeouts,
};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

/// A server that answers each request with the next of these octets, then closes (or stays, if `stay`).
fn server(answers: Vec<Vec<u8>>, stay: bool) -> ConnectOptions {
    serve(move |mut stream| {
        let mut request = [0; 4096];
        for answer in &answers {
            if stream.read(&mut request).unwrap_or(0) == 0 || stream.write_all(answer).is_err() {
                return;
            }
        }
        if stay {
            let _ = stream.read(&mut request);
            thread::park_timeout(Duration::from_secs(5));
        }
    })
}

fn serve(script: impl FnOnce(TcpStream) + Send + 'static) -> ConnectOptions {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || script(listener.accept().unwrap().0));
    let mut options = ConnectOptions::new(Endpoint::parse(&format!("ldap://{address}"), false).unwrap());
    let brief = Duration::from_millis(400);
    options.timeouts = Timeouts { connect: brief, operation: brief, idle: brief, probe_after: brief };
    options
}

/// An element with a length of four octets.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag, 0x84];
    out.extend_from_slice(&u32::try_from(content.len()).unwrap().to_be_bytes());
    out.extend_from_slice(content);
    out
}

fn message(id: u8, operation: &[u8]) -> Vec<u8> {
    element(0x30, &[&[2, 1, id][..], operation].concat())
}

fn result(tag: u8) -> Vec<u8> {
    element(tag, &[10, 1, 0, 4, 0, 4, 0])
}

fn entry(id: u8, dn: &[u8], attribute: &[u8], value: &[u8]) -> Vec<u8> {
    let attribute = element(0x30, &[element(4, attribute), element(0x31, &element(4, value))].concat());
    message(id, &element(0x64, &[element(4, dn), element(0x30, &attribute)].concat()))
}

fn deep(levels: u32) -> Vec<u8> {
    (0..levels).rev().fold(Vec::new(), |mut out, level| {
        out.extend_from_slice(&[0x30, 0x84]);
        out.extend_from_slice(&(level * 6).to_be_bytes());
        out
    })
}

/// Signs in (first answer: a proper one) and reads a search to its end.
async fn search(answer: Vec<u8>, stay: bool) -> Result<usize, LdapError> {
    let options = server(vec![message(1, &result(0x61)), answer], stay);
    let mut connection = Connection::open(&options, &Credentials::Anonymous).await?;
    let request = SearchRequest::subtree("dc=x", Filter::any_entry(), &["cn"]);
    let mut search = connection.search(request).await?;
    let mut count = 0;
    while search.next().await?.is_some() {
        count += 1;
    }
    Ok(count)
}

/// The most memory this process had, in bytes.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

#[tokio::test]
async fn what_is_no_ldap_is_said_to_be_none() {
    for answer in [
        b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
        b"220 mail.example.com ESMTP\r\n".to_vec(),
        vec![0x16, 3, 1, 0, 5, 1, 2, 3, 4, 5],
        vec![0xff; 1_000],
        vec![0x30, 0x80, 0, 0],
        vec![0x30, 0x88, 1, 1, 1, 1, 1, 1, 1, 1],
        vec![0x30, 0],
        deep(100_000),
        message(1, &deep(100_000)),
        message(1, &element(0x61, &deep(100_000))),
        message(1, &[&result(0x61)[..], &element(0xa0, &deep(100_000))].concat()),
    ] {
        let options = server(vec![answer.clone()], true);
        let error = Connection::open(&options, &Credentials::Anonymous).await.unwrap_err();
        let shown = &answer[..answer.len().min(20)];
        assert!(matches!(error, LdapError::Decode { .. }), "{shown:x?}: {error}");
        assert!(error.to_string().contains("not LDAP"), "{error}");
    }
}

#[tokio::test]
async fn entries_that_are_none_end_the_search() {
    let good = entry(2, b"cn=a,dc=x", b"cn", b"a");
    let done = message(2, &result(0x65));
    assert_eq!(search([good.clone(), done.clone()].concat(), false).await.unwrap(), 1);
    for bad in [
        entry(2, b"cn=\xff\xfe", b"cn", b"a"),
        entry(2, b"cn=a", b"\xff\xfe", b"a"),
        message(2, &element(0x64, &deep(100_000))),
        message(2, &element(0x64, &[element(4, b"cn=a"), element(0x30, &deep(100_000))].concat())),
        message(2, &element(0x63, b"")),
        message(2, &element(0x65, b"")),
        message(2, &element(0x65, &[10, 9, 1, 1, 1, 1, 1, 1, 1, 1, 1, 4, 0, 4, 0])),
    ] {
        let error = search([good.clone(), bad, done.clone()].concat(), false).await.unwrap_err();
        assert!(matches!(error, LdapError::Decode { .. }), "{error}");
    }
    // Values need not be text.
    assert_eq!(
        search([entry(2, b"cn=a", b"cn", b"\xff\xfe"), done.clone()].concat(), false).await.unwrap(),
        1
    );
    // Answers to other questions, and to none.
    let other = search([good.clone(), message(2, &result(0x61))].concat(), true).await.unwrap_err();
    assert!(matches!(other, LdapError::Unexpected { .. }), "{other}");
    let none = search(entry(99, b"cn=a", b"cn", b"a"), true).await.unwrap_err();
    assert!(matches!(none, LdapError::Unexpected { .. }), "{none}");
    let old = search([entry(1, b"cn=a", b"cn", b"a"), done].concat(), false).await.unwrap();
    assert_eq!(old, 0, "what belongs to an earlier request is passed over");
}

#[tokio::test]
async fn what_ends_too_early_is_no_end() {
    let good = entry(2, b"cn=a,dc=x", b"cn", b"a");
    for length in [0, 1, 5, good.len() / 2, good.len() - 1, good.len()] {
        let error = search(good[..length].to_vec(), false).await.unwrap_err();
        assert!(matches!(error, LdapError::Closed { .. } | LdapError::Io { .. }), "{length}: {error}");
        let error = search(good[..length].to_vec(), true).await.unwrap_err();
        assert!(matches!(error, LdapError::TimedOut { .. } | LdapError::Closed { .. }), "{length}: {error}");
    }
}

#[tokio::test]
async fn a_value_of_100_mb_is_refused_before_it_is_read() {
    let before = peak_memory();
    // Announced, and then sent for as long as somebody takes it.
    let options = serve(|mut stream| {
        let mut request = [0; 4096];
        let _ = stream.read(&mut request);
        let _ = stream.write_all(&message(1, &result(0x61)));
        let _ = stream.read(&mut request);
        let mut start = vec![0x30, 0x84, 0x06, 0, 0, 0, 2, 1, 2, 0x64, 0x84, 0x05, 0xff, 0xff, 0xf0];
        start.resize(1_000_000, b'x');
        for _ in 0..100 {
            if stream.write_all(&start).is_err() {
                return;
            }
        }
    });
    let mut connection = Connection::open(&options, &Credentials::Anonymous).await.unwrap();
    let request = SearchRequest::subtree("dc=x", Filter::any_entry(), &["jpegPhoto"]);
    let mut search = connection.search(request).await.unwrap();
    let error = search.next().await.unwrap_err();
    let LdapError::Decode { cause, .. } = &error else { panic!("{error}") };
    assert!(cause.to_string().contains("max_message_bytes"), "{cause}");
    drop(search);
    drop(connection);
    let grown = peak_memory() - before;
    assert!(grown < 20_000_000, "{grown} bytes");
}

#[tokio::test]
async fn millions_of_tiny_parts_stay_small() {
    let values = element(0x31, &[4, 1, b'x'].repeat(5_000_000));
    let attribute = element(0x30, &[element(4, b"cn"), values].concat());
    let answer = message(2, &element(0x64, &[element(4, b"cn=a"), element(0x30, &attribute)].concat()));
    let before = peak_memory();
    let error = search(answer, false).await.unwrap_err();
    assert!(matches!(error, LdapError::Decode { .. }), "{error}");
    let grown = peak_memory() - before;
    assert!(grown < 200_000_000, "{grown} bytes");
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up() {
    let options = server(Vec::new(), true);
    let error = Connection::open(&options, &Credentials::Anonymous).await.unwrap_err();
    assert!(matches!(error, LdapError::TimedOut { .. } | LdapError::Closed { .. }), "{error}");
}

#[tokio::test]
async fn a_notice_of_disconnection_is_passed_on() {
    let notice =
        element(0x78, &[&[10, 1, 52, 4, 0][..], &element(4, b"going down"), &[0x8a, 1, b'x']].concat());
    let error = search(message(0, &notice), true).await.unwrap_err();
    assert!(matches!(error, LdapError::Disconnected { .. }), "{error}");
    assert!(error.to_string().contains("going down"), "{error}");
}

#[tokio::test]
async fn pages_without_end_are_given_up() {
    let options = serve(|mut stream| {
        let mut request = [0; 4096];
        let _ = stream.read(&mut request);
        let _ = stream.write_all(&message(1, &result(0x61)));
        for id in 2_u16.. {
            if stream.read(&mut request).unwrap_or(0) == 0 {
                return;
            }
            let cookie = element(0x30, &[&[2, 1, 0][..], &element(4, b"again")].concat());
            let control =
                element(0x30, &[element(4, b"1.2.840.113556.1.4.319"), element(4, &cookie)].concat());
            let body = [&[2, 2][..], &id.to_be_bytes(), &result(0x65), &element(0xa0, &control)].concat();
            if stream.write_all(&element(0x30, &body)).is_err() {
                return;
            }
        }
    });
    let mut connection = Connection::open(&options, &Credentials::Anonymous).await.unwrap();
    let request =
        SearchRequest { page_size: Some(10), ..SearchRequest::subtree("dc=x", Filter::any_entry(), &["cn"]) };
    let error = connection.search(request).await.unwrap().next().await.unwrap_err();
    assert!(error.to_string().contains("empty pages without end"), "{error}");
}

#[tokio::test]
async fn what_is_sent_before_tls_is_not_taken_for_protected() {
    let early = [message(1, &result(0x78)), entry(2, b"cn=a", b"cn", b"a")].concat();
    let mut options = server(vec![early], true);
    options.endpoint.security = lockstep_ldap::Security::StartTls;
    let error = Connection::connect(&options).await.unwrap_err();
    assert!(error.to_string().contains("before the TLS handshake"), "{error}");
}

#[tokio::test]
async fn passwords_do_not_leave_this_machine_in_the_clear() {
    // A peer that is not loopback: this machine's own address on another interface, where it has one.
    let Some(address) = own_address() else { return };
    let listener = TcpListener::bind((address.as_str(), 0)).unwrap();
    let url = format!("ldap://{}", listener.local_addr().unwrap());
    let taken = thread::spawn(move || {
        let mut octets = Vec::new();
        listener.accept().unwrap().0.read_to_end(&mut octets).unwrap();
        octets
    });
    let options = ConnectOptions::new(Endpoint::parse(&url, false).unwrap());
    let credentials = Credentials::Simple { dn: "cn=a".to_owned(), password: "hunter2".to_owned().into() };
    let error = Connection::open(&options, &credentials).await.unwrap_err();
    assert!(matches!(error, LdapError::PlaintextBind { .. }), "{error}");
    assert!(error.to_string().contains("allow_plaintext_bind"), "{error}");
    assert_eq!(taken.join().unwrap(), b"", "not an octet was sent");
}

fn own_address() -> Option<String> {
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").ok()?;
    // Connecting a datagram socket sends nothing; it only picks the interface.
    socket.connect("192.0.2.1:9").ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback() && !address.is_unspecified()).then(|| address.to_string())
}

#[tokio::test]
async fn synchronization_messages_that_are_none_end_it() {
    let info = |value: &[u8]| {
        let name = element(0x80, b"1.3.6.1.4.1.4203.1.9.1.4");
        message(2, &element(0x79, &[name, element(0x81, value)].concat()))
    };
    for answer in [
        info(b""),
        info(&[0xa3, 2, 0x31, 4]),
        info(&deep(100_000)),
        info(&element(0xa3, &element(0x31, &element(4, b"too short")))),
        entry(2, b"cn=a", b"cn", b"a"),
    ] {
        let options = server(vec![message(1, &result(0x61)), answer], true);
        let mut connection = Connection::open(&options, &Credentials::Anonymous).await.unwrap();
        let request = SearchRequest::subtree("dc=x", Filter::any_entry(), &["cn"]);
        let sync = SyncRequest { mode: SyncMode::RefreshOnly, cookie: None };
        let error = connection.sync(&request, &sync).await.unwrap().next().await.unwrap_err();
        assert!(matches!(error, LdapError::Decode { .. } | LdapError::Unexpected { .. }), "{error}");
    }
}

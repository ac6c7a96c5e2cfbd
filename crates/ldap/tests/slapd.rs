//! The client against a real slapd: sign-in, TLS, searches, pages, limits, referrals, synchronization.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail by panicking, in its helpers as well"
)]

use lockstep_ldap::sync::{SyncDone, SyncEvent, SyncMode, SyncRequest, SyncState};
use lockstep_ldap::{
    ClientIdentity, ConnectOptions, Connection, Credentials, Endpoint, Filter, LdapError, ResultCode,
    SearchRequest, Timeouts,
};
use lockstep_tests::{Proxy, Slapd, SlapdOptions, wait_for};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use std::fmt::Write as _;
use std::fs;
use std::time::Duration;

fn options(url: &str) -> ConnectOptions {
    ConnectOptions::new(Endpoint::parse(url, false).unwrap())
}

fn sync_account(slapd: &Slapd) -> Credentials {
    Credentials::Simple { dn: slapd.sync_dn(), password: Slapd::SYNC_PASSWORD.to_owned().into() }
}

async fn open(slapd: &Slapd) -> Connection {
    Connection::open(&options(&slapd.url()), &sync_account(slapd)).await.unwrap()
}

/// The base, `ou=people`, and `count` people with a 2,000-byte description each.
fn people(count: usize) -> String {
    let mut ldif = "dn: dc=example,dc=com\nobjectClass: dcObject\nobjectClass: organization\no: Example\ndc: example\n\n\
        dn: ou=people,dc=example,dc=com\nobjectClass: organizationalUnit\nou: people\n\n"
        .to_owned();
    for n in 0..count {
        let _ = writeln!(
            ldif,
            "dn: uid=p{n},ou=people,dc=example,dc=com\nobjectClass: inetOrgPerson\nuid: p{n}\ncn: Person {n}\nsn: {n}\n\
             description: {}\n",
            "x".repeat(2_000)
        );
    }
    ldif
}

fn with_people(count: usize) -> SlapdOptions {
    SlapdOptions { ldif: Some(people(count)), ..SlapdOptions::default() }
}

fn everyone() -> SearchRequest {
    SearchRequest::subtree("dc=example,dc=com", Filter::any_entry(), &["cn", "description", "entryUUID"])
}

async fn count(connection: &mut Connection, request: SearchRequest) -> Result<usize, LdapError> {
    let mut search = connection.search(request).await?;
    let mut count = 0;
    while search.next().await?.is_some() {
        count += 1;
    }
    Ok(count)
}

#[tokio::test]
async fn signs_in_or_says_why_not() {
    let slapd = Slapd::start(&SlapdOptions::default()).unwrap();
    let wrong = Credentials::Simple { dn: slapd.sync_dn(), password: "wrong".to_owned().into() };
    let error = Connection::open(&options(&slapd.url()), &wrong).await.unwrap_err();
    assert_eq!(error.code(), Some(ResultCode::INVALID_CREDENTIALS));
    assert!(error.to_string().contains("check the bind DN and its password"), "{error}");

    let empty = Credentials::Simple { dn: slapd.sync_dn(), password: String::new().into() };
    let error = Connection::open(&options(&slapd.url()), &empty).await.unwrap_err();
    assert!(matches!(error, LdapError::EmptyPassword { .. }));

    let mut connection = open(&slapd).await;
    let root = connection.root_dse().await.unwrap();
    assert_eq!(root.naming_contexts, ["dc=example,dc=com"]);
    assert!(root.has_control(lockstep_ldap::sync::REQUEST_CONTROL));
    connection.close().await;

    let mut gone = slapd;
    gone.stop().unwrap();
    let error = Connection::connect(&options(&gone.url())).await.unwrap_err();
    assert!(matches!(error, LdapError::Connect { .. }), "{error}");
    let error = Connection::connect(&options("ldap://no-such-host.invalid")).await.unwrap_err();
    assert!(matches!(error, LdapError::Resolve { .. }), "{error}");
}

#[tokio::test]
async fn searches_whole_or_in_pages() {
    let slapd = Slapd::start(&with_people(1_000)).unwrap();
    let mut connection = open(&slapd).await;
    assert_eq!(count(&mut connection, everyone()).await.unwrap(), 1_004);
    let paged = SearchRequest { page_size: Some(100), ..everyone() };
    assert_eq!(count(&mut connection, paged).await.unwrap(), 1_004);
    let one = SearchRequest { filter: Filter::parse("(&(uid=p7)(sn=7))").unwrap(), ..everyone() };
    let found = connection.search(one).await.unwrap().collect(10).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].dn, "uid=p7,ou=people,dc=example,dc=com");
    assert_eq!(found[0].attributes.text("cn"), Some("Person 7"));
    assert!(!found[0].attributes.has("uid"), "only what was asked for");
}

#[tokio::test]
async fn a_search_left_early_does_not_disturb_the_next() {
    let slapd = Slapd::start(&with_people(2_000)).unwrap();
    let mut connection = open(&slapd).await;
    for _ in 0..3 {
        let mut search = connection.search(everyone()).await.unwrap();
        for _ in 0..10 {
            search.next().await.unwrap().unwrap();
        }
        drop(search);
        let base = SearchRequest::entry("dc=example,dc=com", &["dc"]);
        let found = connection.search(base).await.unwrap().collect(1).await.unwrap();
        assert_eq!(found[0].dn, "dc=example,dc=com");
    }
}

#[tokio::test]
async fn a_slow_reader_holds_the_server_back() {
    let slapd = Slapd::start(&with_people(10_000)).unwrap();
    let proxy = Proxy::start(slapd.address()).unwrap();
    let mut connection = Connection::open(&options(&proxy.ldap_url()), &sync_account(&slapd)).await.unwrap();
    let mut search = connection.search(everyone()).await.unwrap();
    search.next().await.unwrap().unwrap();
    // 20 MB wait to be read. What passes is what the system's buffers take, and then nothing more.
    let mut last = 0;
    let held = wait_for("the flow to stop", Duration::from_secs(20), || {
        std::thread::sleep(Duration::from_millis(50));
        let passed = proxy.passed();
        let still = passed == last;
        last = passed;
        still.then_some(passed)
    })
    .unwrap();
    assert!(held < 16_000_000, "{held} bytes were taken without being asked for");
    let mut rest = 0;
    while search.next().await.unwrap().is_some() {
        rest += 1;
    }
    assert_eq!(rest, 10_003);
}

#[tokio::test]
async fn what_is_not_whole_is_an_error() {
    let limits = "limits dn.exact=\"cn=sync,ou=system,dc=example,dc=com\" size=500";
    let slapd = Slapd::start(&SlapdOptions { limits: limits.to_owned(), ..with_people(1_000) }).unwrap();
    let mut connection = open(&slapd).await;
    let error = count(&mut connection, everyone()).await.unwrap_err();
    assert_eq!(error.code(), Some(ResultCode::SIZE_LIMIT), "{error}");
    let own = SearchRequest { size_limit: 5, ..everyone() };
    assert_eq!(count(&mut connection, own).await.unwrap_err().code(), Some(ResultCode::SIZE_LIMIT));

    let missing = SearchRequest { base: "ou=nowhere,dc=example,dc=com".to_owned(), ..everyone() };
    let error = count(&mut connection, missing).await.unwrap_err();
    assert_eq!(error.code(), Some(ResultCode::NO_SUCH_OBJECT));
    assert!(error.to_string().contains("check the search base"), "{error}");

    let elsewhere = SearchRequest { base: "dc=elsewhere".to_owned(), ..everyone() };
    let error = count(&mut connection, elsewhere).await.unwrap_err();
    assert!(matches!(error.code(), Some(ResultCode::NO_SUCH_OBJECT | ResultCode::REFERRAL)), "{error}");

    slapd
        .ldapadd(
            "dn: ou=far,dc=example,dc=com\nobjectClass: referral\nobjectClass: extensibleObject\nou: far\n\
             ref: ldap://far.example.com/ou=far,dc=example,dc=com\n",
        )
        .unwrap();
    let small =
        SearchRequest { filter: Filter::parse("(objectClass=organizationalUnit)").unwrap(), ..everyone() };
    let error = count(&mut connection, small).await.unwrap_err();
    assert!(
        matches!(&error, LdapError::Reference { to, .. } if to[0].contains("far.example.com")),
        "{error}"
    );
    assert_eq!(count(&mut connection, SearchRequest::entry("dc=example,dc=com", &[])).await.unwrap(), 1);
}

#[tokio::test]
async fn a_cut_or_silent_line_is_an_error() {
    let slapd = Slapd::start(&with_people(1_000)).unwrap();
    let proxy = Proxy::start(slapd.address()).unwrap();
    let mut options = options(&proxy.ldap_url());
    options.timeouts = Timeouts { idle: Duration::from_millis(300), ..Timeouts::default() };
    for after in [10_000, 100_000, 1_000_000] {
        let mut connection = Connection::open(&options, &sync_account(&slapd)).await.unwrap();
        proxy.cut_after(after);
        let error = count(&mut connection, everyone()).await.unwrap_err();
        assert!(matches!(error, LdapError::Closed { .. } | LdapError::Io { .. }), "{error}");
        proxy.heal();
        let error = count(&mut connection, everyone()).await.unwrap_err();
        assert!(matches!(error, LdapError::Broken { .. }), "{error}");
    }
    let mut connection = Connection::open(&options, &sync_account(&slapd)).await.unwrap();
    proxy.silence();
    let error = count(&mut connection, everyone()).await.unwrap_err();
    assert!(matches!(error, LdapError::TimedOut { .. }), "{error}");
}

#[tokio::test]
async fn encrypts_and_checks_whom_it_talks_to() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.distinguished_name.push(DnType::CommonName, "Test CA");
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let server_key = KeyPair::generate().unwrap();
    let server = CertificateParams::new(vec!["localhost".to_owned()])
        .unwrap()
        .signed_by(&server_key, &authority)
        .unwrap();
    let client_key = KeyPair::generate().unwrap();
    let mut client = CertificateParams::new(Vec::new()).unwrap();
    client.distinguished_name = rcgen::DistinguishedName::new();
    client.distinguished_name.push(DnType::CommonName, "lockstep");
    let client = client.signed_by(&client_key, &authority).unwrap();
    fs::write(path("ca.pem"), authority.pem()).unwrap();
    fs::write(path("server.pem"), server.pem()).unwrap();
    fs::write(path("server.key"), server_key.serialize_pem()).unwrap();
    let tls = Some((path("server.pem"), path("server.key"), path("ca.pem")));
    let slapd = Slapd::start(&SlapdOptions {
        tls,
        access: "access to * by dn.exact=\"cn=lockstep\" read by anonymous auth by users none".to_owned(),
        ..SlapdOptions::default()
    })
    .unwrap();
    let ca = authority.pem().into_bytes();

    let ldaps = ConnectOptions { ca_pem: Some(ca.clone()), ..options(&slapd.ldaps_url()) };
    Connection::open(&ldaps, &sync_account(&slapd)).await.unwrap();

    let start_tls = Endpoint::parse(&slapd.url().replace("127.0.0.1", "localhost"), true).unwrap();
    let start_tls = ConnectOptions { ca_pem: Some(ca.clone()), ..ConnectOptions::new(start_tls) };
    let mut connection = Connection::open(&start_tls, &sync_account(&slapd)).await.unwrap();
    connection.root_dse().await.unwrap();

    let identity = ClientIdentity {
        certificates_pem: client.pem().into_bytes(),
        key_pem: client_key.serialize_pem().into(),
    };
    let external = ConnectOptions { client_identity: Some(identity), ..ldaps.clone() };
    let mut connection =
        Connection::open(&external, &Credentials::External { authorization_id: None }).await.unwrap();
    assert_eq!(count(&mut connection, everyone()).await.unwrap(), 5);

    // Nobody vouches for the server; its name is another; the authority is another.
    let error = Connection::connect(&options(&slapd.ldaps_url())).await.unwrap_err();
    assert!(matches!(error, LdapError::Tls { .. }), "{error}");
    let by_address = slapd.ldaps_url().replace("localhost", "127.0.0.1");
    let error =
        Connection::connect(&ConnectOptions { ca_pem: Some(ca), ..options(&by_address) }).await.unwrap_err();
    assert!(matches!(error, LdapError::Tls { .. }), "{error}");
    let error =
        Connection::connect(&ConnectOptions { ca_pem: Some(b"no pem".to_vec()), ..ldaps.clone() }).await;
    assert!(matches!(error.unwrap_err(), LdapError::TlsSettings { .. }));
    // TLS to a plain port, and the other way round.
    let to_plain = slapd.url().replace("ldap://127.0.0.1", "ldaps://localhost");
    assert!(
        Connection::connect(&ConnectOptions {
            endpoint: Endpoint::parse(&to_plain, false).unwrap(),
            ..ldaps
        })
        .await
        .is_err()
    );
    let to_tls = slapd.ldaps_url().replace("ldaps", "ldap");
    let mut quick = options(&to_tls);
    quick.timeouts.operation = Duration::from_secs(2);
    assert!(Connection::open(&quick, &sync_account(&slapd)).await.is_err());
}

/// All events of a refreshOnly synchronization.
async fn refresh(slapd: &Slapd, cookie: Option<Vec<u8>>) -> (Vec<SyncEvent>, SyncDone) {
    let mut connection = open(slapd).await;
    let sync = SyncRequest { mode: SyncMode::RefreshOnly, cookie };
    let mut search = connection.sync(&everyone(), &sync).await.unwrap();
    let mut events = Vec::new();
    loop {
        match search.next().await.unwrap().unwrap() {
            SyncEvent::Done(done) => return (events, done),
            event => events.push(event),
        }
    }
}

#[tokio::test]
async fn synchronizes_once() {
    let slapd = Slapd::start(&with_people(10)).unwrap();
    let (events, first) = refresh(&slapd, None).await;
    let added = events.iter().filter(|e| matches!(e, SyncEvent::Entry { state: SyncState::Add, .. })).count();
    assert_eq!(added, 14);
    assert!(first.cookie.is_some());

    let (events, same) = refresh(&slapd, first.cookie.clone()).await;
    assert_eq!(events, []);
    // With no change slapd may leave the cookie out.
    assert!(same.cookie.is_none() || same.cookie == first.cookie);

    slapd
        .ldapmodify("dn: uid=p1,ou=people,dc=example,dc=com\nchangetype: modify\nreplace: cn\ncn: One\n")
        .unwrap();
    slapd.ldapdelete("uid=p2,ou=people,dc=example,dc=com").unwrap();
    let (events, done) = refresh(&slapd, first.cookie).await;
    assert!(done.refresh_deletes);
    let changed: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            SyncEvent::Entry { entry, .. } => entry.attributes.text("cn"),
            _ => None,
        })
        .collect();
    assert_eq!(changed, ["One"]);
    assert!(
        events.iter().any(|e| matches!(e, SyncEvent::IdSet { deletes: true, uuids, .. } if uuids.len() == 1))
    );
}

#[tokio::test]
async fn synchronizes_live_and_notices_a_dead_server() {
    let slapd = Slapd::start(&with_people(3)).unwrap();
    let proxy = Proxy::start(slapd.address()).unwrap();
    let mut options = options(&proxy.ldap_url());
    options.timeouts.probe_after = Duration::from_millis(100);
    options.timeouts.operation = Duration::from_millis(500);
    let mut connection = Connection::open(&options, &sync_account(&slapd)).await.unwrap();
    let sync = SyncRequest { mode: SyncMode::RefreshAndPersist, cookie: None };
    let mut search = connection.sync(&everyone(), &sync).await.unwrap();
    loop {
        if let SyncEvent::RefreshPresent { done: true, .. } | SyncEvent::RefreshDelete { done: true, .. } =
            search.next().await.unwrap().unwrap()
        {
            break;
        }
    }
    // Silence is no error as long as the server answers the probe: this waits for several of them.
    let before = proxy.passed();
    assert!(tokio::time::timeout(Duration::from_millis(700), search.next()).await.is_err());
    assert!(proxy.passed() > before, "no probe was answered");

    let dn = "uid=p1,ou=people,dc=example,dc=com";
    slapd.ldapmodify(&format!("dn: {dn}\nchangetype: modify\nreplace: cn\ncn: One\n")).unwrap();
    let SyncEvent::Entry { state, entry, cookie, .. } = search.next().await.unwrap().unwrap() else {
        panic!()
    };
    assert_eq!((state, entry.dn.as_str(), entry.attributes.text("cn")), (SyncState::Modify, dn, Some("One")));
    assert!(cookie.is_some());
    slapd.ldapdelete(dn).unwrap();
    let SyncEvent::Entry { state, .. } = search.next().await.unwrap().unwrap() else { panic!() };
    assert_eq!(state, SyncState::Delete);

    proxy.silence();
    let error = tokio::time::timeout(Duration::from_secs(10), search.next()).await.unwrap().unwrap_err();
    assert!(matches!(error, LdapError::TimedOut { .. }), "{error}");
}

#[tokio::test]
async fn says_when_synchronization_is_missing() {
    let slapd = Slapd::start(&SlapdOptions { syncprov: false, ..SlapdOptions::default() }).unwrap();
    let mut connection = open(&slapd).await;
    let sync = SyncRequest { mode: SyncMode::RefreshOnly, cookie: None };
    let error = connection.sync(&everyone(), &sync).await.unwrap().next().await.unwrap_err();
    assert_eq!(error.code(), Some(ResultCode::UNAVAILABLE_CRITICAL_EXTENSION));
    assert!(error.to_string().contains("syncprov"), "{error}");
}

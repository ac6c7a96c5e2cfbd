//! The OpenLDAP source against a real slapd: what it sends for every kind of change, and the doubt drills.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail by panicking, in its helpers as well"
)]

mod support;

use lockstep_ldap::{ConnectOptions, Credentials, Endpoint, Timeouts};
use lockstep_model::provisioning::CheckResult;
use lockstep_sources::{OpenLdapOptions, OpenLdapSource, ReadKind, Source, SourceError, Watermark};
use lockstep_tests::{Proxy, Slapd, SlapdOptions};
use std::fmt::Write as _;
use std::time::Duration;
use support::{Directory, Live, read};

const BASE: &str = "dc=example,dc=com";
const ATTRIBUTES: [&str; 6] = ["objectClass", "cn", "uid", "ou", "mail", "member"];

fn person(uid: &str) -> String {
    person_in(uid, "ou=people")
}

fn person_in(uid: &str, ou: &str) -> String {
    format!(
        "dn: uid={uid},{ou},{BASE}\nobjectClass: inetOrgPerson\nuid: {uid}\ncn: {uid}\nsn: x\nuserPassword: secret\n\n"
    )
}

fn organization(people: usize) -> String {
    let mut ldif = format!(
        "dn: {BASE}\nobjectClass: dcObject\nobjectClass: organization\no: Example\ndc: example\n\n\
         dn: ou=people,{BASE}\nobjectClass: organizationalUnit\nou: people\n\n\
         dn: ou=groups,{BASE}\nobjectClass: organizationalUnit\nou: groups\n\n"
    );
    for n in 0..people {
        ldif.push_str(&person(&format!("p{n}")));
    }
    ldif
}

fn start(people: usize) -> Slapd {
    Slapd::start(&SlapdOptions { ldif: Some(organization(people)), ..SlapdOptions::default() }).unwrap()
}

/// Entries of `organization(people)` with the harness's account.
fn all(people: usize) -> usize {
    people + 5
}

fn options_at(slapd: &Slapd, url: &str, bases: &[&str]) -> OpenLdapOptions {
    let connect = ConnectOptions::new(Endpoint::parse(url, false).unwrap());
    let password = Slapd::SYNC_PASSWORD.to_owned().into();
    let credentials = Credentials::Simple { dn: slapd.sync_dn(), password };
    OpenLdapOptions::new(connect, credentials, bases, &ATTRIBUTES)
}

fn source(slapd: &Slapd) -> OpenLdapSource {
    OpenLdapSource::new(options_at(slapd, &slapd.url(), &[BASE])).unwrap()
}

fn source_of(slapd: &Slapd, bases: &[&str]) -> OpenLdapSource {
    OpenLdapSource::new(options_at(slapd, &slapd.url(), bases)).unwrap()
}

/// A full read into a fresh directory.
async fn full(slapd: &Slapd) -> Directory {
    let mut directory = Directory::default();
    directory.read(&mut source(slapd)).await.unwrap();
    directory
}

fn modify(slapd: &Slapd, uid: &str, cn: &str) {
    slapd
        .ldapmodify(&format!("dn: uid={uid},ou=people,{BASE}\nchangetype: modify\nreplace: cn\ncn: {cn}\n"))
        .unwrap();
}

#[tokio::test]
async fn reads_everything_and_only_what_was_asked_for() {
    let slapd = start(300);
    let directory = full(&slapd).await;
    assert_eq!(directory.entries.len(), all(300));
    assert_eq!(directory.kinds, [ReadKind::Full]);
    let ann = directory.find("uid=p7,ou=people,dc=example,dc=com");
    assert_eq!(ann.attributes.text("cn"), Some("p7"));
    assert!(!ann.attributes.has("userpassword"));
    assert!(!ann.attributes.has("entryuuid"));
    let told = slapd.ldapsearch(&["-b", "uid=p7,ou=people,dc=example,dc=com", "entryUUID"]).unwrap();
    assert!(told.contains(ann.anchor.as_str()), "{told}");
}

#[tokio::test]
async fn a_delta_names_changes_and_deletions() {
    let slapd = start(50);
    let mut directory = full(&slapd).await;
    directory.clear_log();
    directory.read(&mut source(&slapd)).await.unwrap();
    assert_eq!((directory.changes, directory.swept, directory.gone), (0, 0, 0), "nothing has changed");

    modify(&slapd, "p1", "One");
    slapd.ldapadd(&person("new")).unwrap();
    slapd.ldapdelete(&format!("uid=p2,ou=people,{BASE}")).unwrap();
    directory.clear_log();
    directory.read(&mut source(&slapd)).await.unwrap();
    assert_eq!(directory.kinds, [ReadKind::Delta]);
    assert_eq!((directory.changes, directory.gone, directory.swept), (2, 1, 0));
    assert_eq!(directory.find("uid=p1,ou=people,dc=example,dc=com").attributes.text("cn"), Some("One"));
    directory.assert_equals(&full(&slapd).await);
}

#[tokio::test]
async fn where_nothing_changed_the_directory_does_one_search() {
    let options =
        SlapdOptions { ldif: Some(organization(50)), log_operations: true, ..SlapdOptions::default() };
    let slapd = Slapd::start(&options).unwrap();
    let mut directory = full(&slapd).await;
    let searches = || slapd.log().matches(" SRCH base=").count();
    let before = searches();
    assert!(before > 0, "slapd names its operations");
    directory.read(&mut source(&slapd)).await.unwrap();
    assert_eq!(searches() - before, 1, "{}", slapd.log());
    assert_eq!(directory.kinds, [ReadKind::Full, ReadKind::Delta]);
}

#[tokio::test]
async fn without_a_session_log_the_present_phase_finds_deletions() {
    let slapd = Slapd::start(&SlapdOptions {
        ldif: Some(organization(50)),
        sessionlog: None,
        ..SlapdOptions::default()
    })
    .unwrap();
    let mut directory = full(&slapd).await;
    modify(&slapd, "p1", "One");
    slapd.ldapdelete(&format!("uid=p2,ou=people,{BASE}")).unwrap();
    slapd.ldapdelete(&format!("uid=p3,ou=people,{BASE}")).unwrap();
    directory.clear_log();
    directory.read(&mut source(&slapd)).await.unwrap();
    assert_eq!(directory.kinds, [ReadKind::Delta]);
    assert_eq!((directory.changes, directory.gone, directory.swept), (1, 0, 2));
    assert!(directory.present > 40);
    directory.assert_equals(&full(&slapd).await);
}

#[tokio::test]
async fn a_session_log_lost_in_a_restart_loses_nothing() {
    let mut slapd = start(50);
    let mut directory = full(&slapd).await;
    slapd.ldapdelete(&format!("uid=p2,ou=people,{BASE}")).unwrap();
    modify(&slapd, "p1", "One");
    slapd.restart().unwrap();
    directory.read(&mut source(&slapd)).await.unwrap();
    directory.assert_equals(&full(&slapd).await);
}

#[tokio::test]
async fn live_changes_arrive_one_by_one() {
    let slapd = start(10);
    let mut live = Live::start(source(&slapd), None);
    live.until_live().await;
    assert_eq!(live.directory.entries.len(), all(10));
    live.directory.clear_log();

    slapd.ldapadd(&person("new")).unwrap();
    live.until("the new person", |d| d.has(&format!("uid=new,ou=people,{BASE}"))).await;
    modify(&slapd, "p1", "One");
    live.until("the new name", |d| {
        d.find(&format!("uid=p1,ou=people,{BASE}")).attributes.text("cn") == Some("One")
    })
    .await;
    let before = live.directory.find(&format!("uid=p2,ou=people,{BASE}")).anchor;
    slapd
        .ldapmodify(&format!(
            "dn: uid=p2,ou=people,{BASE}\nchangetype: modrdn\nnewrdn: uid=two\ndeleteoldrdn: 1\n"
        ))
        .unwrap();
    live.until("the renamed person", |d| d.has(&format!("uid=two,ou=people,{BASE}"))).await;
    assert_eq!(live.directory.find(&format!("uid=two,ou=people,{BASE}")).anchor, before);
    assert!(!live.directory.has(&format!("uid=p2,ou=people,{BASE}")));
    slapd.ldapdelete(&format!("uid=p3,ou=people,{BASE}")).unwrap();
    live.until("the deletion", |d| !d.has(&format!("uid=p3,ou=people,{BASE}"))).await;
    assert_eq!(live.directory.swept, 0);

    // What was committed live is where a later read goes on.
    let mut directory = live.stop().await;
    slapd.ldapdelete(&format!("uid=p4,ou=people,{BASE}")).unwrap();
    directory.clear_log();
    directory.read(&mut source(&slapd)).await.unwrap();
    assert_eq!((directory.changes, directory.gone), (0, 1));
    directory.assert_equals(&full(&slapd).await);
}

#[tokio::test]
async fn a_renamed_container_takes_its_people_along() {
    let slapd = start(20);
    let rename = |from: &str, to: &str| {
        slapd
            .ldapmodify(&format!("dn: {from},{BASE}\nchangetype: modrdn\nnewrdn: {to}\ndeleteoldrdn: 1\n"))
            .unwrap();
    };
    let mut live = Live::start(source(&slapd), None);
    live.until_live().await;
    rename("ou=people", "ou=staff");
    live.until("all of them", |d| (0..20).all(|n| d.has(&format!("uid=p{n},ou=staff,{BASE}")))).await;
    let mut directory = live.stop().await;
    directory.assert_equals(&full(&slapd).await);

    // The same between two reads, and a move below another entry.
    rename("ou=staff", "ou=people");
    slapd
        .ldapmodify(&format!(
            "dn: ou=people,{BASE}\nchangetype: modrdn\nnewrdn: ou=people\ndeleteoldrdn: 1\nnewsuperior: ou=groups,{BASE}\n"
        ))
        .unwrap();
    directory.read(&mut source(&slapd)).await.unwrap();
    assert!(directory.has(&format!("uid=p7,ou=people,ou=groups,{BASE}")));
    directory.assert_equals(&full(&slapd).await);
}

#[tokio::test]
async fn a_storm_is_followed_to_its_end() {
    let slapd = start(200);
    let mut live = Live::start(source(&slapd), None);
    live.until_live().await;
    let mut ldif = String::new();
    for n in 0..200 {
        let _ =
            writeln!(ldif, "dn: uid=p{n},ou=people,{BASE}\nchangetype: modify\nreplace: cn\ncn: storm {n}\n");
    }
    slapd.ldapmodify(&ldif).unwrap();
    live.until("the last change", |d| {
        d.find(&format!("uid=p199,ou=people,{BASE}")).attributes.text("cn") == Some("storm 199")
    })
    .await;
    live.stop().await.assert_equals(&full(&slapd).await);
}

#[tokio::test]
async fn several_bases_are_one_source() {
    let slapd = start(10);
    let bases = [format!("ou=people,{BASE}"), format!("ou=groups,{BASE}")];
    let bases: Vec<&str> = bases.iter().map(String::as_str).collect();
    let mut directory = Directory::default();
    directory.read(&mut source_of(&slapd, &bases)).await.unwrap();
    assert_eq!(directory.entries.len(), 12);
    let mut live = Live::start(source_of(&slapd, &bases), directory.watermark.clone());
    live.directory = directory;
    live.until_live().await;
    modify(&slapd, "p1", "One");
    slapd
        .ldapadd(&format!(
            "dn: cn=g,ou=groups,{BASE}\nobjectClass: groupOfNames\ncn: g\nmember: uid=p1,ou=people,{BASE}\n"
        ))
        .unwrap();
    live.until("both", |d| {
        d.has(&format!("cn=g,ou=groups,{BASE}"))
            && d.find(&format!("uid=p1,ou=people,{BASE}")).attributes.text("cn") == Some("One")
    })
    .await;
    let directory = live.stop().await;
    assert_eq!(directory.entries.len(), 13);
    let overlap = OpenLdapSource::new(options_at(&slapd, &slapd.url(), &[BASE, bases[0]])).unwrap_err();
    assert!(matches!(overlap, SourceError::Configuration { .. }), "{overlap}");
}

/// Reads, expects an error, and that nothing was taken for gone and no checkpoint sent.
async fn doubt(directory: &mut Directory, source: &mut OpenLdapSource) -> SourceError {
    let (entries, watermark) = (directory.entries.clone(), directory.watermark.clone());
    directory.clear_log();
    let error = directory.read(source).await.expect_err("a read that is not whole must fail");
    assert_eq!(directory.checkpoints, 0, "{error}");
    assert_eq!(directory.entries, entries, "{error}");
    assert_eq!(directory.watermark, watermark, "{error}");
    error
}

#[tokio::test]
async fn doubt_server_down_and_back() {
    let mut slapd = start(20);
    let mut directory = full(&slapd).await;
    slapd.stop().unwrap();
    let error = doubt(&mut directory, &mut source(&slapd)).await;
    assert!(matches!(error, SourceError::Unreachable { .. }), "{error}");
    assert!(error.is_transient());
    slapd.run().unwrap();
    directory.read(&mut source(&slapd)).await.unwrap();
    directory.assert_equals(&full(&slapd).await);
}

#[tokio::test]
async fn doubt_base_missing() {
    let slapd = start(20);
    let people = format!("ou=people,{BASE}");
    let mut directory = Directory::default();
    directory.read(&mut source_of(&slapd, &[&people])).await.unwrap();
    assert_eq!(directory.entries.len(), 21);
    slapd.ldapdelete(&people).unwrap();
    let error = doubt(&mut directory, &mut source_of(&slapd, &[&people])).await;
    assert!(matches!(&error, SourceError::BaseMissing { base, .. } if *base == people), "{error}");
    directory.watermark = None;
    let error = doubt(&mut directory, &mut source_of(&slapd, &[&people])).await;
    assert!(matches!(error, SourceError::BaseMissing { .. }), "{error}");
}

#[tokio::test]
async fn doubt_size_and_time_limits() {
    let mut slapd = start(1_000);
    let mut directory = full(&slapd).await;
    slapd.reconfigure(|text| text.replace("size=unlimited time=unlimited", "size=500")).unwrap();
    directory.watermark = None;
    let error = doubt(&mut directory, &mut source(&slapd)).await;
    assert!(matches!(error, SourceError::SizeLimit { entries: 500, .. }), "{error}");
    assert!(error.to_string().contains("size=unlimited"), "{error}");

    // One second is not enough for a reader that takes its time.
    slapd.reconfigure(|text| text.replace("size=500", "size=unlimited time=1")).unwrap();
    slapd.ldapmodify(&big_descriptions(1_000)).unwrap();
    let mut options = options_at(&slapd, &slapd.url(), &[BASE]);
    options.attributes.push("description".to_owned());
    directory.slow = Some(Duration::from_millis(5));
    let error = doubt(&mut directory, &mut OpenLdapSource::new(options).unwrap()).await;
    assert!(matches!(error, SourceError::TimeLimit { .. }), "{error}");
}

/// 40 MB of descriptions, more than the buffers between server and client take.
fn big_descriptions(people: usize) -> String {
    let text = "x".repeat(40_000);
    (0..people).fold(String::new(), |mut ldif, n| {
        let _ = writeln!(
            ldif,
            "dn: uid=p{n},ou=people,{BASE}\nchangetype: modify\nreplace: description\ndescription: {text}\n"
        );
        ldif
    })
}

#[tokio::test]
async fn doubt_connection_cut() {
    let slapd = start(500);
    let proxy = Proxy::start(slapd.address()).unwrap();
    let through = || OpenLdapSource::new(options_at(&slapd, &proxy.ldap_url(), &[BASE])).unwrap();
    let mut directory = full(&slapd).await;
    directory.watermark = None;
    for bytes in [1_000, 20_000, 80_000] {
        proxy.heal();
        proxy.cut_after(bytes);
        let error = doubt(&mut directory, &mut through()).await;
        assert!(matches!(error, SourceError::Interrupted { .. }), "{error}");
        assert!(error.is_transient());
    }
    proxy.heal();
    directory.read(&mut through()).await.unwrap();

    // Cut while live; the next read goes on from what was committed.
    let mut live = Live::start(through(), directory.watermark.clone());
    live.directory = directory;
    live.until_live().await;
    proxy.cut();
    let (mut directory, result) = live.end().await;
    assert!(matches!(result.unwrap_err(), SourceError::Interrupted { .. }));
    slapd.ldapdelete(&format!("uid=p2,ou=people,{BASE}")).unwrap();
    directory.clear_log();
    directory.read(&mut through()).await.unwrap();
    assert_eq!((directory.changes, directory.gone, directory.swept), (0, 1, 0));
}

#[tokio::test]
async fn doubt_silence() {
    let slapd = start(20);
    let proxy = Proxy::start(slapd.address()).unwrap();
    let mut options = options_at(&slapd, &proxy.ldap_url(), &[BASE]);
    let brief = Duration::from_millis(300);
    options.connect.timeouts =
        Timeouts { idle: brief, probe_after: brief, operation: brief, ..Timeouts::default() };
    let mut live = Live::start(OpenLdapSource::new(options).unwrap(), None);
    live.until_live().await;
    proxy.silence();
    let (_, result) = live.end().await;
    assert!(matches!(result.unwrap_err(), SourceError::Interrupted { .. }));
}

#[tokio::test]
async fn doubt_rights_lost() {
    let mut slapd = start(20);
    let mut directory = full(&slapd).await;
    let all_rights =
        format!("access to * by dn.exact=\"{}\" read by anonymous auth by * none", slapd.sync_dn());
    // The base is hidden, what is below is not.
    let without_base = format!("access to dn.base=\"{BASE}\" by * none\n{all_rights}");
    slapd.reconfigure(|text| text.replace(&all_rights, &without_base)).unwrap();
    modify(&slapd, "p1", "One");
    let error = doubt(&mut directory, &mut source(&slapd)).await;
    assert!(matches!(error, SourceError::BaseMissing { .. }), "{error}");
    // Everything is hidden.
    slapd.reconfigure(|text| text.replace(&without_base, "access to * by anonymous auth by * none")).unwrap();
    for watermark in [directory.watermark.clone(), None] {
        directory.watermark = watermark;
        let error = doubt(&mut directory, &mut source(&slapd)).await;
        assert!(matches!(error, SourceError::BaseMissing { .. }), "{error}");
    }
}

#[tokio::test]
async fn an_account_that_lost_sight_of_a_unit_shows_itself_by_an_unmoved_position() {
    let mut slapd = start(20);
    let mut directory = full(&slapd).await;
    let before = directory.watermark.clone();
    slapd
        .reconfigure(|text| {
            text.replacen(
                "access to *",
                &format!("access to dn.subtree=\"ou=people,{BASE}\" by * none\naccess to *"),
                1,
            )
        })
        .unwrap();
    // A delta finds nothing changed, and deletes nothing.
    directory.clear_log();
    directory.read(&mut source(&slapd)).await.unwrap();
    assert_eq!((directory.gone, directory.swept), (0, 0));
    // A full read finds 21 entries missing although the directory did not change: same position.
    directory.watermark = None;
    directory.clear_log();
    directory.read(&mut source(&slapd)).await.unwrap();
    assert_eq!(directory.swept, 21);
    assert_eq!(directory.watermark, before);
}

#[tokio::test]
async fn doubt_wrong_password_and_no_password_in_the_clear() {
    let slapd = start(1);
    let mut options = options_at(&slapd, &slapd.url(), &[BASE]);
    options.credentials = Credentials::Simple { dn: slapd.sync_dn(), password: "wrong".to_owned().into() };
    let error = doubt(&mut Directory::default(), &mut OpenLdapSource::new(options).unwrap()).await;
    assert!(matches!(error, SourceError::SignIn { .. }), "{error}");
    assert!(!format!("{error:?}").contains("wrong"));
}

#[tokio::test]
async fn doubt_cookie_lost_or_foreign() {
    let slapd = start(20);
    let mut directory = full(&slapd).await;
    let watermark = directory.watermark.clone().unwrap();

    // Other attributes: another session.
    let mut options = options_at(&slapd, &slapd.url(), &[BASE]);
    options.attributes.push("description".to_owned());
    let error = doubt(&mut directory, &mut OpenLdapSource::new(options).unwrap()).await;
    assert!(error.needs_full_read(), "{error}");
    // Another base.
    let error = doubt(&mut directory, &mut source_of(&slapd, &["ou=people,dc=example,dc=com"])).await;
    assert!(error.needs_full_read(), "{error}");
    // Garbage.
    directory.watermark = Some(Watermark([(BASE.to_owned(), b"garbage".to_vec())].into()));
    let error = doubt(&mut directory, &mut source(&slapd)).await;
    assert!(error.needs_full_read(), "{error}");
    // Garbage in the server's part: whatever it makes of it, nothing is deleted.
    let mut torn = watermark.clone();
    torn.0.values_mut().for_each(|held| held.truncate(held.len() - 20));
    directory.watermark = Some(torn);
    directory.clear_log();
    let result = directory.read(&mut source(&slapd)).await;
    assert_eq!((directory.gone, directory.swept), (0, 0), "{result:?}");
    // Lost: everything is read again.
    directory.watermark = None;
    directory.read(&mut source(&slapd)).await.unwrap();
    assert_eq!(directory.swept, 0);
    directory.assert_equals(&full(&slapd).await);
}

#[tokio::test]
async fn doubt_restored_from_an_older_backup() {
    let mut slapd = start(20);
    let backup = slapd.snapshot().unwrap();
    slapd.ldapadd(&person("after")).unwrap();
    let mut directory = full(&slapd).await;
    slapd.restore(&backup).unwrap();
    let error = doubt(&mut directory, &mut source(&slapd)).await;
    let SourceError::WentBack { ours, theirs, .. } = &error else { panic!("{error}") };
    assert!(ours > theirs && theirs.contains('#'), "{error}");
    assert!(!error.needs_full_read(), "a person decides");
    // Also where the position of the server cannot be read: slapd itself refuses.
    slapd
        .reconfigure(|text| {
            text.replacen("access to *", "access to attrs=contextCSN by * none\naccess to *", 1)
        })
        .unwrap();
    let error = doubt(&mut directory, &mut source(&slapd)).await;
    assert!(matches!(error, SourceError::WentBack { .. }), "{error}");
}

#[tokio::test]
async fn doubt_referral_and_missing_overlay() {
    let slapd = start(5);
    slapd
        .ldapadd(&format!(
            "dn: ou=far,{BASE}\nobjectClass: referral\nobjectClass: extensibleObject\nou: far\n\
             ref: ldap://far.example.com/ou=far,{BASE}\n"
        ))
        .unwrap();
    let error = doubt(&mut Directory::default(), &mut source(&slapd)).await;
    assert!(
        matches!(&error, SourceError::Referral { to, .. } if to[0].contains("far.example.com")),
        "{error}"
    );

    let plain = Slapd::start(&SlapdOptions { syncprov: false, ..SlapdOptions::default() }).unwrap();
    let error = doubt(&mut Directory::default(), &mut source(&plain)).await;
    assert!(matches!(error, SourceError::Unsupported { .. }), "{error}");
    assert!(error.to_string().contains("syncprov"), "{error}");
}

#[tokio::test]
async fn a_read_can_be_stopped_and_left() {
    let slapd = start(2_000);
    // Stopped in the middle of the refresh: in good order, without a checkpoint.
    let events = read(&mut source(&slapd), None, 10).await;
    assert!(events.is_ok());
    let mut live = Live::start(source(&slapd), None);
    live.until_live().await;
    let directory = live.stop().await;
    assert_eq!(directory.entries.len(), all(2_000));
}

#[tokio::test]
async fn the_doctor_says_what_is_wrong() {
    let now = "2026-11-22T22:00:00Z".parse().unwrap();
    let mut slapd = start(20);
    let verdict = |checks: &[lockstep_model::provisioning::DoctorCheck]| {
        let names: Vec<_> = checks.iter().map(|check| check.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "source.dns",
                "source.tcp",
                "source.tls",
                "source.bind",
                "source.base",
                "source.anchor",
                "source.sync",
                "source.position",
                "source.clock",
                "source.limits"
            ]
        );
        for check in checks {
            let wrong = matches!(check.result, CheckResult::Fail | CheckResult::Warn);
            assert_eq!(check.remedy.is_some(), wrong, "{check:?}");
        }
        checks.iter().find(|check| check.result == CheckResult::Fail).map(|check| check.name.clone())
    };
    let far = "2100-01-01T00:00:00Z".parse().unwrap();
    let checks = source(&slapd).check(far).await;
    assert_eq!(verdict(&checks), None, "{checks:?}");
    assert_eq!(checks[9].detail, "25 entries can be read");
    let long_ago = "2020-01-01T00:00:00Z".parse().unwrap();
    let checks = source(&slapd).check(long_ago).await;
    assert_eq!(checks[8].result, CheckResult::Warn, "{checks:?}");

    let checks = source_of(&slapd, &["ou=nowhere,dc=example,dc=com"]).check(now).await;
    assert_eq!(verdict(&checks).as_deref(), Some("source.base"), "{checks:?}");
    let mut wrong = options_at(&slapd, &slapd.url(), &[BASE]);
    wrong.credentials = Credentials::Simple { dn: slapd.sync_dn(), password: "wrong".to_owned().into() };
    let checks = OpenLdapSource::new(wrong).unwrap().check(now).await;
    assert_eq!(verdict(&checks).as_deref(), Some("source.bind"), "{checks:?}");
    let nowhere = options_at(&slapd, "ldap://no-such-host.invalid", &[BASE]);
    let checks = OpenLdapSource::new(nowhere).unwrap().check(now).await;
    assert_eq!(verdict(&checks).as_deref(), Some("source.dns"), "{checks:?}");
    slapd.reconfigure(|text| text.replace("size=unlimited time=unlimited", "size=10")).unwrap();
    let checks = source(&slapd).check(now).await;
    assert_eq!(verdict(&checks).as_deref(), Some("source.limits"), "{checks:?}");
    slapd.stop().unwrap();
    let checks = source(&slapd).check(now).await;
    assert_eq!(verdict(&checks).as_deref(), Some("source.tcp"), "{checks:?}");
}

//! What holds for every source: one suite, run against each.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail by panicking, in its helpers as well"
)]

mod support;

use lockstep_ldap::{ConnectOptions, Credentials, Endpoint};
use lockstep_sources::{
    LdifOptions, LdifSource, OpenLdapOptions, OpenLdapSource, ReadKind, Source, SourceError,
};
use lockstep_tests::{Slapd, SlapdOptions};
use std::fs;
use std::path::PathBuf;
use std::time::Duration;
use support::{Directory, Live, read};

const ATTRIBUTES: [&str; 4] = ["objectClass", "cn", "uid", "description"];

/// A directory that the suite can change.
trait Fixture {
    /// A source over it; each is a new one, as after a restart.
    fn source(&self) -> Box<dyn Source>;
    /// Puts these people in it, with this `cn` each, and nobody else.
    fn set(&mut self, people: &[(&str, &str)]);
    /// Makes it unreadable.
    fn break_it(&mut self);
    /// Mends it.
    fn mend_it(&mut self);
}

fn ldif(people: &[(&str, &str)]) -> String {
    let mut text = "dn: dc=example,dc=com\nobjectClass: dcObject\nobjectClass: organization\no: Example\ndc: example\n\n\
        dn: ou=people,dc=example,dc=com\nobjectClass: organizationalUnit\nou: people\n\n"
        .to_owned();
    for (uid, cn) in people {
        text.push_str(&person(uid, cn));
    }
    text
}

fn person(uid: &str, cn: &str) -> String {
    format!(
        "dn: {}\nobjectClass: inetOrgPerson\nuid: {uid}\ncn: {cn}\nsn: x\nuserPassword: secret\n\n",
        dn(uid)
    )
}

fn dn(uid: &str) -> String {
    format!("uid={uid},ou=people,dc=example,dc=com")
}

struct OpenLdap {
    slapd: Slapd,
    held: Vec<(String, String)>,
}

impl Fixture for OpenLdap {
    fn source(&self) -> Box<dyn Source> {
        let connect = ConnectOptions::new(Endpoint::parse(&self.slapd.url(), false).unwrap());
        let password = Slapd::SYNC_PASSWORD.to_owned().into();
        let account = Credentials::Simple { dn: self.slapd.sync_dn(), password };
        let options = OpenLdapOptions::new(connect, account, &["ou=people,dc=example,dc=com"], &ATTRIBUTES);
        Box::new(OpenLdapSource::new(options).unwrap())
    }

    fn set(&mut self, people: &[(&str, &str)]) {
        for (uid, _) in &self.held {
            if !people.iter().any(|(wanted, _)| wanted == uid) {
                self.slapd.ldapdelete(&dn(uid)).unwrap();
            }
        }
        for (uid, cn) in people {
            match self.held.iter().find(|(held, _)| held == uid) {
                Some((_, held)) if held == cn => {}
                Some(_) => {
                    let ldif = format!("dn: {}\nchangetype: modify\nreplace: cn\ncn: {cn}\n", dn(uid));
                    self.slapd.ldapmodify(&ldif).unwrap();
                }
                None => self.slapd.ldapadd(&person(uid, cn)).unwrap(),
            }
        }
        self.held = people.iter().map(|(uid, cn)| ((*uid).to_owned(), (*cn).to_owned())).collect();
    }

    fn break_it(&mut self) {
        self.slapd.stop().unwrap();
    }

    fn mend_it(&mut self) {
        self.slapd.run().unwrap();
    }
}

struct File {
    folder: tempfile::TempDir,
    good: String,
}

impl File {
    fn path(&self) -> PathBuf {
        self.folder.path().join("people.ldif")
    }
}

impl Fixture for File {
    fn source(&self) -> Box<dyn Source> {
        let poll = Duration::from_millis(20);
        Box::new(LdifSource::new(LdifOptions { poll, ..LdifOptions::new(self.path(), &ATTRIBUTES) }))
    }

    fn set(&mut self, people: &[(&str, &str)]) {
        self.good = ldif(people).split_once("\n\n").unwrap().1.to_owned();
        fs::write(self.path(), &self.good).unwrap();
    }

    fn break_it(&mut self) {
        // Cut in the middle of a line.
        fs::write(self.path(), &self.good[..self.good.len() / 2]).unwrap();
        fs::write(self.path(), format!("{}\nnonsense", &self.good)).unwrap();
    }

    fn mend_it(&mut self) {
        fs::write(self.path(), &self.good).unwrap();
    }
}

async fn contract(mut fixture: impl Fixture) {
    fixture.set(&[("ann", "Ann"), ("bob", "Bob"), ("cy", "Cy")]);
    // A full read names all, with what was asked for and nothing else.
    let mut directory = Directory::default();
    directory.read(&mut *fixture.source()).await.unwrap();
    assert_eq!(directory.kinds, [ReadKind::Full]);
    assert_eq!((directory.entries.len(), directory.checkpoints), (4, 1));
    assert!(directory.entries.values().all(|entry| !entry.attributes.has("userpassword")));
    let ann = directory.find(&dn("ann")).anchor;

    // Nothing changed: no change, no sweep.
    directory.clear_log();
    directory.read(&mut *fixture.source()).await.unwrap();
    assert_eq!(directory.kinds, [ReadKind::Delta]);
    assert_eq!((directory.changes, directory.gone, directory.swept, directory.checkpoints), (0, 0, 0, 1));

    // Add, change, delete.
    fixture.set(&[("ann", "Ann Lee"), ("bob", "Bob"), ("dee", "Dee")]);
    directory.read(&mut *fixture.source()).await.unwrap();
    assert_eq!(directory.entries.len(), 4);
    assert_eq!(directory.find(&dn("ann")).attributes.text("cn"), Some("Ann Lee"));
    assert_eq!(directory.find(&dn("ann")).anchor, ann);
    assert!(directory.has(&dn("dee")) && !directory.has(&dn("cy")));

    // From the start it is the same as step by step.
    let mut again = Directory::default();
    again.read(&mut *fixture.source()).await.unwrap();
    directory.assert_equals(&again);

    // A broken source is an error, from a watermark and from the start, and commits nothing.
    fixture.break_it();
    for from in [directory.watermark.clone(), None] {
        let mut copy = Directory { watermark: from, ..directory.clone() };
        copy.clear_log();
        copy.read(&mut *fixture.source()).await.unwrap_err();
        assert_eq!(copy.checkpoints, 0);
    }
    fixture.mend_it();
    directory.read(&mut *fixture.source()).await.unwrap();
    directory.assert_equals(&again);

    // A watermark of something else is said to be one.
    let foreign = lockstep_sources::Watermark([("elsewhere".to_owned(), b"x".to_vec())].into());
    let mut copy = Directory { watermark: Some(foreign), ..Directory::default() };
    assert!(copy.read(&mut *fixture.source()).await.unwrap_err().needs_full_read());

    // Stopped early: in good order, no checkpoint.
    read(&mut *fixture.source(), None, 2).await.unwrap();

    // Nobody listens: in good order.
    let (to, events) = tokio::sync::mpsc::channel(1);
    drop(events);
    fixture.source().read(None, false, to, tokio_util::sync::CancellationToken::new()).await.unwrap();

    // Live: what was, then what comes, then the end on demand.
    let mut live = Live::start(Boxed(fixture.source()), None);
    live.until_live().await;
    live.directory.assert_equals(&again);
    fixture.set(&[("ann", "Ann"), ("dee", "Dee"), ("eve", "Eve")]);
    live.until("the changes", |d| {
        d.has(&dn("eve")) && !d.has(&dn("bob")) && d.find(&dn("ann")).attributes.text("cn") == Some("Ann")
    })
    .await;
    let live = live.stop().await;
    let mut again = Directory::default();
    again.read(&mut *fixture.source()).await.unwrap();
    live.assert_equals(&again);
}

struct Boxed(Box<dyn Source>);

#[async_trait::async_trait]
impl Source for Boxed {
    fn describe(&self) -> String {
        self.0.describe()
    }
    async fn read(
        &mut self,
        from: Option<lockstep_sources::Watermark>,
        live: bool,
        to: tokio::sync::mpsc::Sender<lockstep_sources::SourceEvent>,
        stop: tokio_util::sync::CancellationToken,
    ) -> Result<(), SourceError> {
        self.0.read(from, live, to, stop).await
    }
    async fn check(
        &mut self,
        now: lockstep_model::Timestamp,
    ) -> Vec<lockstep_model::provisioning::DoctorCheck> {
        self.0.check(now).await
    }
}

#[tokio::test]
async fn openldap_keeps_the_contract() {
    let slapd = Slapd::start(&SlapdOptions { ldif: Some(ldif(&[])), ..SlapdOptions::default() }).unwrap();
    contract(OpenLdap { slapd, held: Vec::new() }).await;
}

#[tokio::test]
async fn openldap_without_a_session_log_keeps_the_contract() {
    let options = SlapdOptions { ldif: Some(ldif(&[])), sessionlog: None, ..SlapdOptions::default() };
    contract(OpenLdap { slapd: Slapd::start(&options).unwrap(), held: Vec::new() }).await;
}

#[tokio::test]
async fn ldif_keeps_the_contract() {
    contract(File { folder: tempfile::tempdir().unwrap(), good: String::new() }).await;
}

#[tokio::test]
async fn ldif_files_that_cannot_be_believed_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.ldif");
    let source = || LdifSource::new(LdifOptions::new(&path, &ATTRIBUTES));
    let mut directory = Directory::default();
    let error = directory.read(&mut source()).await.unwrap_err();
    assert!(matches!(error, SourceError::File { .. }), "{error}");
    fs::write(&path, "version: 1\n").unwrap();
    let error = directory.read(&mut source()).await.unwrap_err();
    assert!(matches!(error, SourceError::Empty { .. }), "{error}");
    fs::write(&path, format!("{}{}", person("ann", "Ann"), person("ANN", "Ann"))).unwrap();
    let error = directory.read(&mut source()).await.unwrap_err();
    assert!(matches!(error, SourceError::Content { .. }), "{error}");
    assert_eq!(directory.checkpoints, 0);
}

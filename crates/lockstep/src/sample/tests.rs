//! The sample as a whole: the same bytes twice, counts, references that lead somewhere, and a real slapadd.

use super::*;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

type Record = Vec<(String, Vec<u8>)>;

fn options(people: u64) -> SampleOptions {
    SampleOptions {
        people,
        seed: 7,
        sync_password: Some("sync-secret".to_owned()),
        ..SampleOptions::default()
    }
}

fn make(options: &SampleOptions) -> (Vec<u8>, Manifest) {
    let mut bytes = Vec::new();
    let manifest = write_ldif_with(options, &mut bytes, |_, _| {}).unwrap();
    (bytes, manifest)
}

/// An LDIF reader of its own, so that the writer is not its own judge.
fn records(bytes: &[u8]) -> Vec<Record> {
    let text = std::str::from_utf8(bytes).unwrap();
    assert!(text.is_ascii(), "LDIF is ASCII");
    let line = |line: &str| {
        if let Some((name, value)) = line.split_once(":: ") {
            (name.to_owned(), STANDARD.decode(value).unwrap())
        } else {
            let (name, value) = line.split_once(": ").unwrap();
            (name.to_owned(), value.as_bytes().to_vec())
        }
    };
    text.trim_end().split("\n\n").map(|record| record.lines().map(line).collect()).collect()
}

fn texts<'a>(record: &'a Record, name: &str) -> Vec<&'a str> {
    record.iter().filter(|(n, _)| n == name).map(|(_, v)| std::str::from_utf8(v).unwrap()).collect()
}

fn is_person(record: &Record) -> bool {
    texts(record, "objectClass").contains(&"inetOrgPerson")
}

fn members(record: &Record) -> Vec<&str> {
    ["member", "uniqueMember", "memberUid"].iter().flat_map(|name| texts(record, name)).collect()
}

#[test]
fn the_same_options_make_the_same_bytes() {
    let digest = |options: &SampleOptions| Sha256::digest(make(options).0);
    assert_eq!(digest(&options(300)), digest(&options(300)));
    assert_ne!(digest(&options(300)), digest(&SampleOptions { seed: 8, ..options(300) }));
    assert_eq!(make(&options(300)).1, make(&options(300)).1);
}

#[test]
fn the_manifest_counts_what_is_there_and_references_lead_somewhere() {
    for people in [20, 21, 137, 1000, 5000] {
        let (bytes, manifest) = make(&options(people));
        let records = records(&bytes);
        let dns: BTreeSet<&str> = records.iter().map(|r| texts(r, "dn")[0]).collect();
        assert_eq!(dns.len(), records.len(), "every DN is unique");
        let uuids: BTreeSet<&str> = records.iter().map(|r| texts(r, "entryUUID")[0]).collect();
        assert_eq!(uuids.len(), records.len(), "every entryUUID is unique");
        let persons: Vec<_> = records.iter().filter(|r| is_person(r)).collect();
        let groups: Vec<_> = records.iter().filter(|r| !members(r).is_empty()).collect();
        assert_eq!(manifest.counts.entries, records.len() as u64);
        assert_eq!(manifest.counts.people, people);
        assert_eq!(persons.len() as u64, people);
        assert_eq!(manifest.counts.groups, people / 100 + 20);
        assert_eq!(groups.len() as u64, manifest.counts.groups);
        assert_eq!(
            manifest.counts.containers + manifest.counts.others + people + manifest.counts.groups,
            manifest.counts.entries
        );
        assert_eq!(groups.iter().map(|g| members(g).len() as u64).sum::<u64>(), manifest.counts.memberships);

        let uids: BTreeSet<&str> = persons.iter().map(|p| texts(p, "uid")[0]).collect();
        assert_eq!(uids.len() as u64, people, "every uid is unique");
        let mut heads = 0;
        for person in &persons {
            match texts(person, "manager")[..] {
                [] => heads += 1,
                [manager] => assert!(dns.contains(manager), "manager {manager} exists"),
                _ => panic!("more than one manager"),
            }
        }
        assert_eq!(heads, 1, "one head of the organization");
        let printer = format!("{},{}", groups::PRINTER, manifest.suffix);
        let mut outside = 0;
        for group in &groups {
            let named = members(group);
            assert_eq!(named.iter().collect::<BTreeSet<_>>().len(), named.len(), "no member twice");
            for member in texts(group, "memberUid") {
                assert!(uids.contains(member));
            }
            for member in texts(group, "member").into_iter().chain(texts(group, "uniqueMember")) {
                assert!(dns.contains(member), "member {member} exists");
                let of_scope = member.contains(",ou=people,") || member.contains(",ou=groups,");
                assert!(of_scope || member == printer);
                outside += u64::from(!of_scope);
            }
        }
        assert_eq!(outside, 1);
        let largest = groups.iter().map(|g| members(g).len() as u64).max().unwrap();
        assert!(largest >= people / 2);
        if people >= 1000 {
            let share = manifest.counts.memberships * 10 / people;
            assert!((14..=18).contains(&share), "{} memberships of {people}", manifest.counts.memberships);
            assert_eq!(largest, people / 2);
            assert!(groups.iter().any(|g| members(g).len() == 1));
        }
    }
}

#[test]
fn every_defect_is_there_once_and_no_other() {
    for people in [20, 1000, 20_000] {
        let (bytes, manifest) = make(&options(people));
        let records = records(&bytes);
        let by_dn: BTreeMap<&str, &Record> = records.iter().map(|r| (texts(r, "dn")[0], r)).collect();
        let mut owners: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        let (mut bad, mut no_domain, mut unverified, mut no_mail, mut long) =
            (vec![], vec![], vec![], vec![], vec![]);
        for record in &records {
            let (dn, mail) = (texts(record, "dn")[0], texts(record, "mail"));
            if is_person(record) && mail.is_empty() {
                no_mail.push(dn);
            }
            if texts(record, "displayName").iter().any(|n| n.chars().count() > 256) {
                long.push(dn);
            }
            for address in mail {
                owners.entry(address.to_lowercase()).or_default().push(dn);
                let (local, domain) = address.split_once('@').unwrap();
                let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'\'');
                if !local.bytes().all(allowed) {
                    bad.push(dn);
                } else if domain.is_empty() {
                    no_domain.push(dn);
                } else if !manifest.verified_domains.iter().any(|v| v == domain) {
                    unverified.push(dn);
                }
                assert!(
                    address.len() <= 113 && !local.starts_with(['.', '\'']) && !local.ends_with('.'),
                    "{address}"
                );
            }
        }
        let shared: Vec<_> = owners.into_iter().filter(|(_, dns)| dns.len() > 1).collect();
        let of = |code, nth: usize| {
            let mut found = manifest.defects.iter().filter(|d| d.code == code);
            found.nth(nth).unwrap()
        };
        assert_eq!(shared.len(), 2);
        for nth in 0..2 {
            let defect = of(ErrorCode::PropertyConflict, nth);
            let (_, dns) = shared.iter().find(|(address, _)| *address == defect.value).unwrap();
            assert_eq!(dns.iter().map(ToString::to_string).collect::<Vec<_>>(), defect.objects);
        }
        assert_eq!(bad, of(ErrorCode::DataValidationFailed, 0).objects);
        assert_eq!(no_domain, of(ErrorCode::DataValidationFailed, 1).objects);
        assert_eq!(unverified, of(ErrorCode::DomainNotVerified, 0).objects);
        assert_eq!(no_mail, of(ErrorCode::NoMailAddress, 0).objects);
        assert_eq!(long, of(ErrorCode::ExceededAllowedLength, 0).objects);
        assert_eq!(manifest.defects.len(), 9);
        for defect in &manifest.defects {
            for dn in &defect.objects {
                let record = by_dn[dn.as_str()];
                let of_value = |(_, v): &(String, Vec<u8>)| v.eq_ignore_ascii_case(defect.value.as_bytes());
                assert!(defect.value.is_empty() || record.iter().any(of_value), "{dn} has {}", defect.value);
            }
        }

        // The ring is a ring, and the only one: taking away groups that hold no group leaves it alone.
        let mut inner: BTreeMap<&str, Vec<&str>> = records
            .iter()
            .map(|r| {
                (texts(r, "dn")[0], members(r).into_iter().filter(|m| m.contains(",ou=groups,")).collect())
            })
            .filter(|(_, inner): &(_, Vec<_>)| !inner.is_empty())
            .collect();
        assert_eq!(inner.values().map(|i| i.len() as u64).sum::<u64>(), manifest.counts.nested_groups);
        loop {
            let holding: BTreeSet<&str> = inner.keys().copied().collect();
            let before = inner.len();
            inner.retain(|_, groups| groups.iter().any(|g| holding.contains(g)));
            if inner.len() == before {
                break;
            }
        }
        let mut ring = of(ErrorCode::CircularNesting, 0).objects.clone();
        ring.sort();
        assert_eq!(inner.keys().map(ToString::to_string).collect::<Vec<_>>(), ring);
    }
}

#[test]
fn names_come_from_many_languages_and_dns_have_every_escape() {
    let (bytes, manifest) = make(&options(2000));
    let records = records(&bytes);
    let languages: BTreeSet<&str> = records.iter().flat_map(|r| texts(r, "preferredLanguage")).collect();
    assert!(languages.len() > 20, "{languages:?}");
    let all: String = records.iter().map(|r| texts(r, "dn")[0]).collect();
    for escape in ["\\,", "\\+", "\\\"", "\\\\", "=\\#", "\\;", "\\<", "\\>", "\\=", "\\20,"] {
        assert!(all.contains(escape), "{escape} is in some DN");
    }
    let count = |name: &str| records.iter().filter(|r| r.iter().any(|(n, _)| n == name)).count();
    assert!((20..=80).contains(&count("jpegPhoto")), "{} photos", count("jpegPhoto"));
    assert_eq!(manifest.examples.len(), 3);
    for example in &manifest.examples {
        let record = records.iter().find(|r| texts(r, "dn") == [example.dn.as_str()]).unwrap();
        assert_eq!(
            (texts(record, "mail")[0], texts(record, "displayName")[0]),
            (&*example.mail, &*example.name)
        );
        assert!(manifest.defects.iter().all(|d| !d.objects.contains(&example.dn)));
    }
    assert!(count("userPassword") > 400 && count("uidNumber") > 1000);
}

#[test]
fn options_that_cannot_be_met_are_refused() {
    for (options, word) in [
        (SampleOptions { people: 19, ..options(0) }, "19 people"),
        (SampleOptions { suffix: "cn=x".into(), ..options(20) }, "cn=x"),
        (SampleOptions { suffix: "dc=a\ndn: x".into(), ..options(20) }, "suffix"),
        (SampleOptions { domain: "contoso".into(), ..options(20) }, "contoso.com"),
    ] {
        let error = write_ldif_with(&options, &mut Vec::new(), |_, _| {}).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        assert!(error.to_string().contains(word), "{error}");
    }
}

#[test]
fn other_suffixes_are_named_by_their_kind() {
    for suffix in ["o=Contoso", "ou=hq,o=Contoso,c=CH", "dc=example,dc=org"] {
        let (bytes, _) = make(&SampleOptions { suffix: suffix.into(), ..options(20) });
        assert_eq!(texts(&records(&bytes)[0], "dn"), [suffix]);
    }
}

/// A real slapadd, once with all its checks of the input and once as it is used for loading.
#[test]
fn slapadd_loads_two_thousand_people() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(2000);
    let (bytes, manifest) = make(&options);
    std::fs::write(folder.path().join("sample.ldif"), bytes).unwrap();
    let conf = format!(
        "include /etc/ldap/schema/core.schema\ninclude /etc/ldap/schema/cosine.schema\n\
         include /etc/ldap/schema/inetorgperson.schema\ninclude /etc/ldap/schema/nis.schema\n\
         modulepath /usr/lib/ldap\nmoduleload back_mdb\npidfile {0}/pid\n\
         database mdb\nsuffix {1}\ndirectory {0}/db\nmaxsize 1073741824\n",
        folder.path().display(),
        options.suffix
    );
    std::fs::write(folder.path().join("slapd.conf"), conf).unwrap();
    std::fs::create_dir(folder.path().join("db")).unwrap();
    let run = |program: &str, args: &[&str]| {
        let output = Command::new(program).args(args).current_dir(folder.path()).env("LC_ALL", "C").output();
        output.unwrap_or_else(|e| panic!("{program} (Debian package slapd) did not start: {e}"))
    };
    let said = |output: &std::process::Output| String::from_utf8_lossy(&output.stderr).into_owned();
    let dry = run("/usr/sbin/slapadd", &["-u", "-f", "slapd.conf", "-l", "sample.ldif"]);
    assert!(dry.status.success() && !said(&dry).contains("line="), "{}", said(&dry));
    let load = run("/usr/sbin/slapadd", &["-q", "-w", "-f", "slapd.conf", "-l", "sample.ldif"]);
    assert!(load.status.success() && !said(&load).contains("line="), "{}", said(&load));
    let dump = run("/usr/sbin/slapcat", &["-f", "slapd.conf", "-o", "ldif-wrap=no"]);
    let text = String::from_utf8_lossy(&dump.stdout).into_owned();
    let held = text.lines().filter(|l| l.starts_with("dn:")).count() as u64;
    assert_eq!(held, manifest.counts.entries, "{}", said(&dump));
}

//! What counts as a difference, and what an error accounts for.

use super::Difference;
use super::cloud::{Held, HeldError, HeldObject};
use super::compare::compare;
use super::directory::{Wanted, WantedObject, Watched};
use crate::sample::{Defect, Manifest, SampleOptions, write_ldif_with};
use lockstep_model::error::Severity;
use lockstep_model::{Attributes, ErrorCode, ObjectKind, ObjectRef, Properties, Property, SourceAnchor};
use std::collections::BTreeSet;

fn anchor(text: &str) -> SourceAnchor {
    SourceAnchor::new(text).unwrap()
}

fn properties(name: &str, addresses: &[&str]) -> Properties {
    let mut properties = Properties::new();
    properties.set_text(Property::DisplayName, name);
    if let Some(mail) = addresses.first() {
        properties.set_text(Property::Mail, *mail);
        properties.set_text(Property::UserPrincipalName, *mail);
    }
    properties.set_list(Property::ProxyAddresses, addresses.iter().map(|a| format!("SMTP:{a}")).collect());
    properties
}

/// Ann, whose manager is Bob, and a group of both: the same on both sides.
fn pair() -> (Wanted, Held) {
    let (mut wanted, mut held) =
        (Wanted::default(), Held { initial_domain: "c.example".into(), ..Held::default() });
    for (key, kind, name, addresses) in [
        ("ann", ObjectKind::User, "Ann", &["ann@c.com", "a@c.com"][..]),
        ("bob", ObjectKind::User, "Bob", &["bob@c.com"]),
        ("all", ObjectKind::Group, "All", &[]),
    ] {
        let members: BTreeSet<_> =
            if kind == ObjectKind::Group { [anchor("ann"), anchor("bob")].into() } else { BTreeSet::new() };
        let manager = (key == "ann").then(|| anchor("bob"));
        let properties = properties(name, addresses);
        for address in addresses {
            wanted.addresses.insert((*address).to_owned(), 1);
        }
        held.objects.insert(
            anchor(key),
            HeldObject {
                kind,
                properties: properties.clone(),
                manager: manager.clone(),
                members: members.clone(),
            },
        );
        wanted.objects.insert(
            anchor(key),
            WantedObject { kind, dn: format!("cn={key}"), properties, manager, members, unresolved: 0 },
        );
    }
    (wanted, held)
}

fn error(code: ErrorCode, of: &str, property: &str, value: &str) -> HeldError {
    HeldError {
        code,
        object: ObjectRef { anchor: Some(anchor(of)), name: of.into(), ..ObjectRef::default() },
        other: None,
        property: Some(property.into()),
        value: Some(value.into()),
        severity: if code.severity() == Severity::Blocked { Severity::Blocked } else { Severity::Degraded },
        message: String::new(),
    }
}

fn kinds(differences: &[Difference]) -> Vec<&'static str> {
    differences.iter().map(|d| d.what).collect()
}

/// The differences after a change to both sides, without a sample.
fn differ(change: impl FnOnce(&mut Wanted, &mut Held)) -> Vec<&'static str> {
    let (mut wanted, mut held) = pair();
    change(&mut wanted, &mut held);
    kinds(&compare(&wanted, &held, None).1)
}

fn ann(held: &mut Held) -> &mut HeldObject {
    held.objects.get_mut(&anchor("ann")).unwrap()
}

#[test]
fn the_same_on_both_sides_is_in_step() {
    let (wanted, held) = pair();
    let (report, differences) = compare(&wanted, &held, None);
    assert_eq!(differences, []);
    assert_eq!(report.directory, report.tenant);
    assert_eq!((report.tenant.users, report.tenant.managers, report.tenant.memberships), (2, 1, 2));
    assert_eq!(report.properties_compared, 9);
}

#[test]
fn every_kind_of_difference_is_seen() {
    assert_eq!(differ(|_, h| drop(h.objects.remove(&anchor("bob")))), ["missing"]);
    assert_eq!(differ(|w, _| drop(w.objects.remove(&anchor("bob")))), ["extra"]);
    assert_eq!(differ(|_, h| ann(h).kind = ObjectKind::Group), ["kind"]);
    assert_eq!(differ(|_, h| ann(h).properties.set_text(Property::City, "Zug")), ["property"]);
    assert_eq!(differ(|_, h| ann(h).properties.set_text(Property::DisplayName, "")), ["property"]);
    assert_eq!(differ(|_, h| ann(h).manager = None), ["manager"]);
    assert_eq!(
        differ(|_, h| drop(h.objects.get_mut(&anchor("all")).unwrap().members.pop_first())),
        ["members"]
    );
    assert_eq!(
        differ(|w, _| w.objects.get_mut(&anchor("all")).unwrap().unresolved = 1),
        ["errorNotReported"]
    );
}

#[test]
fn an_error_accounts_for_its_own_property_only() {
    let left_out =
        |h: &mut Held| ann(h).properties.set_list(Property::ProxyAddresses, vec!["SMTP:ann@c.com".into()]);
    assert_eq!(differ(|_, h| left_out(h)), ["property"]);
    let conflict = |value| error(ErrorCode::PropertyConflict, "ann", "proxyAddresses", value);
    assert_eq!(
        differ(|_, h| {
            left_out(h);
            h.errors.push(conflict("SMTP:A@c.com"));
        }),
        [""; 0]
    );
    assert_eq!(
        differ(|_, h| {
            left_out(h);
            h.errors.push(conflict("SMTP:other@c.com"));
        }),
        ["property"],
        "another address was to be left out"
    );
    assert_eq!(
        differ(|_, h| {
            ann(h).properties.set_text(Property::City, "Zug");
            h.errors.push(conflict("SMTP:a@c.com"));
        }),
        ["property"],
        "the error is about addresses"
    );
    assert_eq!(
        differ(|_, h| {
            h.objects.remove(&anchor("bob"));
            h.errors.push(error(ErrorCode::QuotaExceeded, "bob", "", ""));
        }),
        [""; 0],
        "refused, and said so"
    );
}

#[test]
fn a_placeholder_needs_the_initial_domain_and_an_error() {
    let name = |h: &mut Held, to: &str| ann(h).properties.set_text(Property::UserPrincipalName, to);
    let because = || error(ErrorCode::DomainNotVerified, "ann", "userPrincipalName", "ann@c.com");
    assert_eq!(differ(|_, h| name(h, "ann@c.example")), ["property"], "no error says why");
    assert_eq!(
        differ(|_, h| {
            name(h, "ann@c.example");
            h.errors.push(because());
        }),
        [""; 0]
    );
    assert_eq!(
        differ(|_, h| {
            name(h, "ann@elsewhere.example");
            h.errors.push(because());
        }),
        ["property"]
    );
    assert_eq!(
        differ(|w, h| {
            w.objects.get_mut(&anchor("ann")).unwrap().properties.set_text(Property::UserPrincipalName, "");
            name(h, "ann@c.example");
        }),
        [""; 0],
        "none was wanted"
    );
}

#[test]
fn a_known_defect_must_be_reported_while_it_is_there_and_nothing_else() {
    let mut manifest: Manifest = write_ldif_with(
        &SampleOptions { people: 20, ..SampleOptions::default() },
        &mut std::io::sink(),
        |_, _| {},
    )
    .unwrap();
    manifest.defects = vec![Defect {
        code: ErrorCode::NoMailAddress,
        property: "mail".into(),
        value: String::new(),
        objects: vec!["cn=ann".into()],
        note: "no mail".into(),
    }];
    let check = |attributes: Attributes, errors: Vec<HeldError>| {
        let (mut wanted, mut held) = pair();
        wanted.watched.insert("cn=ann".into(), Watched { anchor: anchor("ann"), attributes });
        held.errors = errors;
        let (report, differences) = compare(&wanted, &held, Some(&manifest));
        (report.defects, report.defects_reported, kinds(&differences))
    };
    let no_mail = || error(ErrorCode::NoMailAddress, "ann", "mail", "");
    let mended: Attributes = [("mail".into(), vec![b"ann@c.com".to_vec()])].into_iter().collect();
    assert_eq!(check(Attributes::new(), vec![no_mail()]), (1, 1, vec![]));
    assert_eq!(check(Attributes::new(), vec![]), (1, 0, vec!["errorNotReported"]));
    assert_eq!(check(mended, vec![]), (0, 0, vec![]), "a defect that was mended asks for nothing");
    let other = error(ErrorCode::PropertyConflict, "bob", "proxyAddresses", "SMTP:bob@c.com");
    assert_eq!(check(Attributes::new(), vec![no_mail(), other]), (1, 1, vec!["errorWithoutCause"]));
}

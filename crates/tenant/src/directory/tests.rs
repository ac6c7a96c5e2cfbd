//! Decisions about what the cloud writes, over a tenant in memory.

use super::*;
use crate::provision::memory::Memory;
use crate::provision::{Known, State, TenantRules, View, claims_in_force};
use lockstep_model::{ObjectId, ObjectKind, Properties, Property, Timestamp};
use proptest::prelude::*;

fn rules() -> TenantRules {
    TenantRules {
        initial_domain: "init.example".into(),
        verified: ["contoso.com", "init.example"].map(String::from).into(),
    }
}

fn id() -> ObjectId {
    ObjectId::generate(Timestamp::UNIX_EPOCH)
}

fn texts(texts: &[(Property, &str)]) -> ObjectChanges {
    let mut changes = ObjectChanges::default();
    for (property, text) in texts {
        changes.set_text(*property, *text);
    }
    changes
}

fn subject(memory: &mut Memory, row: i64) -> Subject {
    let (known, anchor) = memory.by_row(row).unwrap();
    let (in_force, _) = memory.stored(row).unwrap();
    Subject { known, anchor, version: 1, in_force }
}

#[test]
fn a_new_user_needs_a_name_and_gets_one_to_sign_in_with() {
    let mut memory = Memory::default();
    let nameless = decide_create(&mut memory, &rules(), id(), ObjectKind::User, &ObjectChanges::default());
    assert_eq!(nameless.unwrap().unwrap_err().property(), Some("displayName"));
    let changes = texts(&[(Property::DisplayName, "Kim"), (Property::MailNickname, "kim")]);
    let made = decide_create(&mut memory, &rules(), id(), ObjectKind::User, &changes).unwrap().unwrap();
    assert_eq!(made.resolved.properties.text(Property::UserPrincipalName), Some("kim@init.example"));
    assert!(made.resolved.errors.is_empty() && made.resolved.held.0.is_empty());
}

#[test]
fn mail_and_addresses_go_together() {
    let mut in_force = Properties::new();
    in_force.set_text(Property::DisplayName, "Kim");
    in_force.set_text(Property::UserPrincipalName, "kim@contoso.com");
    in_force.set_text(Property::Mail, "kim@contoso.com");
    in_force
        .set_list(Property::ProxyAddresses, vec!["SMTP:kim@contoso.com".into(), "smtp:k@contoso.com".into()]);
    let mut memory = Memory::default();
    let row = memory.cloud(ObjectKind::User, in_force);
    let mut check = |mail: Option<&str>, expect: &[&str]| {
        let subject = subject(&mut memory, row);
        let mut changes = ObjectChanges::default();
        match mail {
            Some(mail) => changes.set_text(Property::Mail, mail),
            None => changes.clear(Property::Mail),
        };
        let decided = decide_update(&mut memory, &rules(), &subject, &changes).unwrap().unwrap();
        assert_eq!(decided.resolved.properties.list(Property::ProxyAddresses), expect, "{mail:?}");
    };
    check(Some("new@contoso.com"), &["SMTP:new@contoso.com", "smtp:kim@contoso.com", "smtp:k@contoso.com"]);
    check(Some("K@contoso.com"), &["SMTP:K@contoso.com", "smtp:kim@contoso.com"]);
    check(Some("kim@contoso.com"), &["SMTP:kim@contoso.com", "smtp:k@contoso.com"]);
    check(None, &["smtp:k@contoso.com"]);
}

#[test]
fn a_name_whose_domain_went_may_stay() {
    let mut in_force = Properties::new();
    in_force.set_text(Property::DisplayName, "Kim");
    in_force.set_text(Property::UserPrincipalName, "kim@gone.example");
    let mut memory = Memory::default();
    let row = memory.cloud(ObjectKind::User, in_force);
    let subject = subject(&mut memory, row);
    let moved = decide_update(&mut memory, &rules(), &subject, &texts(&[(Property::City, "Zug")]));
    let name = moved.unwrap().unwrap().resolved.properties;
    assert_eq!(name.text(Property::UserPrincipalName), Some("kim@gone.example"));
    let other = texts(&[(Property::UserPrincipalName, "kim2@gone.example")]);
    let refusal = decide_update(&mut memory, &rules(), &subject, &other).unwrap().unwrap_err();
    assert!(matches!(*refusal, DirectoryRefusal::DomainNotVerified { .. }), "{refusal}");
}

#[test]
fn links_lead_to_the_living() {
    let end = |n: i64, kind, state| LinkEnd { id: id(), found: Some((n, kind, state)) };
    let group = id();
    let ends = [
        end(7, ObjectKind::User, State::Living),
        end(3, ObjectKind::Group, State::Living),
        end(7, ObjectKind::User, State::Living),
    ];
    assert_eq!(check_links(group, &ends).unwrap(), [(3, ObjectKind::Group), (7, ObjectKind::User)]);
    for state in [State::Deleted, State::Expected] {
        assert!(check_links(group, &[end(1, ObjectKind::User, state)]).is_err());
    }
    let own = LinkEnd { id: group, found: Some((1, ObjectKind::Group, State::Living)) };
    assert_eq!(check_links(group, &[own]), Err(DirectoryRefusal::Ring { group, member: group }));
    assert!(check_manager(None, &end(1, ObjectKind::Group, State::Living)).is_err());
    assert_eq!(check_manager(None, &end(1, ObjectKind::User, State::Living)), Ok(1));
}

#[test]
fn what_is_held_beside_has_a_limit() {
    let held = merge_extra(Default::default(), &[("a".to_owned(), Some(1.into()))].into()).unwrap();
    assert_eq!(merge_extra(held.clone(), &[("a".to_owned(), None)].into()).unwrap().len(), 0);
    let large = [("b".to_owned(), Some("x".repeat(MAX_EXTRA_BYTES).into()))].into();
    assert_eq!(merge_extra(held, &large).unwrap_err().property(), Some("b"));
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => (0_u8..4, prop_oneof![Just("contoso.com"), Just("init.example"), Just("other.org")])
            .prop_map(|(n, domain)| format!("u{n}@{domain}")),
        1 => "\\PC{1,12}",
    ]
}

fn changes() -> impl Strategy<Value = ObjectChanges> {
    let addresses = proptest::collection::vec(
        prop_oneof![value().prop_map(|v| format!("smtp:{v}")), value().prop_map(|v| format!("SMTP:{v}"))],
        0..3,
    );
    (
        proptest::option::of(value()),
        proptest::option::of(value()),
        proptest::option::of(addresses),
        "\\PC{0,300}",
    )
        .prop_map(|(mail, name, addresses, display)| {
            let mut changes = ObjectChanges::default();
            changes.set_text(Property::DisplayName, display);
            mail.map(|mail| changes.set_text(Property::Mail, mail).clone());
            name.map(|name| changes.set_text(Property::UserPrincipalName, name).clone());
            addresses.map(|list| changes.set_list(Property::ProxyAddresses, list).clone());
            changes
        })
}

proptest! {
    /// Whatever is written, nothing is in force twice, what is accepted is what was asked for, and asked again it is
    /// no change.
    #[test]
    fn what_is_accepted_is_sound(all in proptest::collection::vec((0_i64..4, changes()), 1..16)) {
        let mut memory = Memory::default();
        for (row, changes) in all {
            let row = row + 1;
            let decided = if memory.objects.contains_key(&row) {
                let subject = subject(&mut memory, row);
                decide_update(&mut memory, &rules(), &subject, &changes).unwrap()
            } else {
                decide_create(&mut memory, &rules(), id(), ObjectKind::User, &changes).unwrap()
            };
            let Ok(decided) = decided else { continue };
            let resolved = decided.resolved;
            prop_assert!(resolved.errors.is_empty() && resolved.waiting.is_empty() && resolved.held.0.is_empty());
            prop_assert_eq!(&claims_in_force(ObjectKind::User, &resolved.properties), &resolved.claims);
            for (property, value) in &changes.properties {
                let asked = value.clone().filter(|value| *value != lockstep_model::PropertyValue::Text(String::new()));
                if *property == Property::Mail || asked.is_some() && shape(*property) == Shape::Text {
                    prop_assert_eq!(resolved.properties.get(*property), asked.as_ref());
                }
            }
            memory.claims.retain(|_, holder| *holder != row);
            for claim in &resolved.claims {
                prop_assert_eq!(memory.claims.insert(claim.clone(), row), None);
            }
            let known = Known {
                row, id: id(), kind: ObjectKind::User, state: State::Living, sync_enabled: None, fingerprint: None, errors: 0,
            };
            let object = crate::provision::memory::Object {
                known, anchor: None, in_force: resolved.properties, held: Default::default(),
            };
            memory.objects.insert(row, object);
            let subject = subject(&mut memory, row);
            let again = decide_update(&mut memory, &rules(), &subject, &changes).unwrap();
            prop_assert!(again.is_ok_and(|decided| !decided.changed));
        }
    }
}

//! The rules as tables, and properties that hold for anything that is sent.

use super::memory::Memory;
use super::*;
use lockstep_model::PropertyValue;
use proptest::prelude::*;

fn rules() -> TenantRules {
    TenantRules {
        initial_domain: "init.example".into(),
        verified: ["contoso.com", "init.example"].map(String::from).into(),
    }
}

fn incoming(kind: ObjectKind, anchor: &str, texts: &[(Property, &str)]) -> Incoming {
    let mut properties = Properties::new();
    properties.set_text(Property::DisplayName, anchor);
    for (property, text) in texts {
        if *property == Property::ProxyAddresses {
            properties.set_list(*property, text.split('|').map(str::to_owned).collect());
        } else {
            properties.set_text(*property, *text);
        }
    }
    Incoming::new(kind, SourceAnchor::new(anchor).unwrap(), properties, None)
}

/// What is in force of one user in an empty tenant, and what is said.
fn check(texts: &[(Property, &str)], in_force: &[(Property, &str)], errors: &[&str]) {
    let sent = incoming(ObjectKind::User, "a", texts);
    let mut memory = Memory::default();
    let Decision::Write(write) = memory.send(&rules(), sent.clone()) else { panic!("{texts:?} is written") };
    for (property, text) in in_force {
        let value = match write.resolved.properties.get(*property) {
            Some(PropertyValue::List(list)) => list.join("|"),
            Some(PropertyValue::Text(text)) => text.clone(),
            Some(PropertyValue::Flag(_) | PropertyValue::Kept) | None => String::new(),
        };
        assert_eq!(value, *text, "{texts:?}: {property}");
    }
    let told: Vec<String> = write
        .resolved
        .errors
        .iter()
        .map(|error| format!("{} {}", error.code, error.property.as_deref().unwrap_or_default()))
        .collect();
    assert_eq!(told, errors, "{texts:?}");
    assert_eq!(
        sent_of(&write.resolved.properties, &write.resolved.held),
        sent.properties,
        "nothing sent is forgotten"
    );
}

use Property::UserPrincipalName as Upn;
use Property::{DisplayName, GivenName, Mail, MailNickname, OnPremisesUserPrincipalName, ProxyAddresses};

#[test]
fn what_is_in_force_of_a_user() {
    let good = [
        (Mail, "ann@contoso.com"),
        (ProxyAddresses, "SMTP:ann@contoso.com|smtp:a@contoso.com"),
        (Upn, "ann@contoso.com"),
    ];
    check(&good, &good, &[]);
    // Sign-in names.
    check(&[(Mail, "ann@contoso.com")], &[(Upn, "ann@init.example"), (OnPremisesUserPrincipalName, "")], &[]);
    check(&[(Mail, "ann@contoso.com"), (Upn, "Ann.Lee@CONTOSO.com")], &[(Upn, "Ann.Lee@CONTOSO.com")], &[]);
    check(
        &[(Mail, "ann@contoso.com"), (Upn, "x@other.org"), (MailNickname, "nick")],
        &[(Upn, "nick@init.example"), (OnPremisesUserPrincipalName, "x@other.org")],
        &["DomainNotVerified userPrincipalName"],
    );
    check(
        &[(Mail, "ann@contoso.com"), (Upn, "x")],
        &[(Upn, "ann@init.example")],
        &["DomainNotVerified userPrincipalName"],
    );
    check(
        &[(Mail, "ann@contoso.com"), (Upn, "a b@contoso.com")],
        &[(Upn, "ann@init.example")],
        &["DataValidationFailed userPrincipalName"],
    );
    let long = format!("{}@contoso.com", "x".repeat(110));
    check(
        &[(Mail, "ann@contoso.com"), (Upn, &long)],
        &[(Upn, "ann@init.example")],
        &["ExceededAllowedLength userPrincipalName"],
    );
    // Addresses.
    check(&[(Upn, "a@contoso.com")], &[(Upn, "a@contoso.com")], &["NoMailAddress mail"]);
    check(
        &[
            (Upn, "a@contoso.com"),
            (Mail, "a b@contoso.com"),
            (ProxyAddresses, "SMTP:A B@contoso.com|smtp:a@contoso.com"),
        ],
        &[(Mail, ""), (ProxyAddresses, "smtp:a@contoso.com")],
        &["DataValidationFailed mail"],
    );
    check(
        &[
            (Upn, "a@contoso.com"),
            (ProxyAddresses, "smtp:a@|X500:/o=x|smtp:B@contoso.com|SMTP:b@contoso.com"),
        ],
        &[(ProxyAddresses, "X500:/o=x|smtp:B@contoso.com")],
        &["DataValidationFailed proxyAddresses"],
    );
    // Lengths.
    let name = "ä".repeat(257);
    let good = [(Mail, "ann@contoso.com"), (Upn, "ann@contoso.com")];
    check(
        &[good[0], good[1], (DisplayName, &name)],
        &[(DisplayName, &"ä".repeat(256))],
        &["ExceededAllowedLength displayName"],
    );
    check(&[good[0], good[1], (GivenName, &"x".repeat(64))], &[(GivenName, &"x".repeat(64))], &[]);
}

#[test]
fn too_many_addresses_are_left_out() {
    let many: Vec<String> = (0..301).map(|n| format!("smtp:a{n}@contoso.com")).collect();
    let sent = incoming(ObjectKind::Group, "g", &[(ProxyAddresses, &many.join("|"))]);
    let Decision::Write(write) = Memory::default().send(&rules(), sent) else { panic!() };
    assert_eq!(write.resolved.properties.list(ProxyAddresses).len(), 300);
    assert_eq!(write.resolved.errors[0].value.as_deref(), Some("301 addresses"));
}

#[test]
fn a_match_by_the_primary_address_only() {
    let person = |anchor, proxies| incoming(ObjectKind::User, anchor, &[(ProxyAddresses, proxies)]);
    let mut memory = Memory::default();
    let mut cloud = Properties::new();
    cloud.set_list(ProxyAddresses, vec!["SMTP:ann@contoso.com".into(), "smtp:b@contoso.com".into()]);
    let row = memory.cloud(ObjectKind::User, cloud);
    let Decision::Write(write) = memory.send(&rules(), person("b", "smtp:ann@contoso.com")) else { panic!() };
    assert_eq!((write.target, write.outcome), (Target::New, Outcome::Created));
    let Decision::Write(write) = memory.send(&rules(), person("a", "SMTP:ANN@contoso.com")) else { panic!() };
    assert_eq!(
        (write.target, write.outcome),
        (Target::Existing { row, state: State::Living }, Outcome::Matched)
    );
    // It has an anchor now: no candidate for another.
    let Decision::Write(write) = memory.send(&rules(), person("c", "SMTP:ann@contoso.com")) else { panic!() };
    assert_eq!((write.target, write.resolved.errors.len()), (Target::New, 1));
    assert_eq!(write.resolved.errors[0].other.as_ref().unwrap().anchor.as_ref().unwrap().as_str(), "a");
}

#[test]
fn an_anchor_keeps_its_object() {
    let mut memory = Memory::default();
    let ann = incoming(ObjectKind::User, "a", &[(Mail, "ann@contoso.com"), (Upn, "ann@contoso.com")]);
    assert!(
        matches!(memory.send(&rules(), ann.clone()), Decision::Write(w) if w.outcome == Outcome::Created)
    );
    assert!(matches!(memory.send(&rules(), ann.clone()), Decision::Unchanged { known } if known.row == 1));
    let group = incoming(ObjectKind::Group, "a", &[]);
    let Decision::Refuse { error } = memory.send(&rules(), group.clone()) else { panic!() };
    assert_eq!(
        (error.code, error.other.unwrap().kind),
        (ErrorCode::ObjectTypeMismatch, Some(ObjectKind::User))
    );
    memory.delete("a");
    assert!(matches!(memory.send(&rules(), ann), Decision::Write(w) if w.outcome == Outcome::Matched));
    memory.delete("a");
    let Decision::Write(write) = memory.send(&rules(), group) else { panic!() };
    assert_eq!((write.target, write.outcome, write.detach), (Target::New, Outcome::Created, Some(1)));
}

#[test]
fn what_is_said_names_both_and_the_next_step() {
    let mut memory = Memory::default();
    let texts = [(Mail, "ann@contoso.com"), (Upn, "ann@contoso.com")];
    memory.send(&rules(), incoming(ObjectKind::User, "Ann Lee", &texts));
    let Decision::Write(write) = memory.send(&rules(), incoming(ObjectKind::User, "Ann Twin", &texts)) else {
        panic!()
    };
    let said: Vec<&str> = write.resolved.errors.iter().map(|error| error.message.as_str()).collect();
    let name = write.resolved.properties.text(Upn).unwrap();
    assert_eq!(
        said,
        [
            "The address ann@contoso.com of the user Ann Twin is left out, because the user Ann Lee already has it.",
            &format!(
                "The sign-in name of the user Ann Twin had to be changed from ann@contoso.com to {name}, because the user Ann Lee already has ann@contoso.com."
            ),
        ]
    );
    // Said anew from the fields alone, it is the same.
    for error in &write.resolved.errors {
        let mut again = error.clone();
        again.message.clear();
        explain(&mut again);
        assert_eq!(again, *error);
    }
}

/// Texts that people and attackers write.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => (0_u8..5, prop_oneof![Just("contoso.com"), Just("init.example"), Just("other.org"), Just("")])
            .prop_map(|(n, domain)| format!("u{n}@{domain}")),
        1 => "[a-zA-Z:@. ]{1,12}",
        1 => "\\PC{1,12}",
        1 => "x{60,70}@contoso.com",
    ]
}

fn object() -> impl Strategy<Value = Incoming> {
    let kind = prop_oneof![2 => Just(ObjectKind::User), 1 => Just(ObjectKind::Group)];
    let list = proptest::collection::vec(
        prop_oneof![
            text(),
            text().prop_map(|t| format!("smtp:{t}")),
            text().prop_map(|t| format!("SMTP:{t}"))
        ],
        0..4,
    );
    (kind, 0_u8..6, proptest::option::of(text()), list, proptest::option::of(text()), "\\PC{0,300}").prop_map(
        |(kind, who, mail, list, upn, name)| {
            // An anchor stays what it is.
            let letter = if kind == ObjectKind::User { "u" } else { "g" };
            let mut sent = incoming(kind, &format!("{letter}{who}"), &[]);
            sent.properties.set_text(DisplayName, name);
            sent.properties.set_text(Mail, mail.unwrap_or_default());
            sent.properties.set_list(ProxyAddresses, list);
            sent.properties.set_text(Upn, upn.unwrap_or_default());
            sent
        },
    )
}

proptest! {
    #[test]
    fn whatever_is_sent_leaves_a_sound_tenant(all in proptest::collection::vec(object(), 1..12)) {
        let mut memory = Memory::default();
        for sent in all {
            // `send` itself asserts that no value is given twice.
            let decision = memory.send(&rules(), sent.clone());
            if let Decision::Write(write) = decision {
                let resolved = &write.resolved;
                prop_assert_eq!(&claims_in_force(sent.kind, &resolved.properties), &resolved.claims);
                prop_assert_eq!(&sent_of(&resolved.properties, &resolved.held), &sent.properties);
                for waiting in &resolved.waiting {
                    prop_assert!(memory.claims.contains_key(waiting), "it waits for what another has");
                }
                if sent.kind == ObjectKind::User {
                    let name = resolved.properties.text(Upn).unwrap();
                    let (local, domain) = name.rsplit_once('@').unwrap();
                    prop_assert!(rules().verified.contains(&domain.to_lowercase()), "{}", name);
                    prop_assert!(!local.is_empty() && name.len() <= 113, "{}", name);
                }
                for error in &resolved.errors {
                    prop_assert!(!error.message.is_empty() && !error.remedy.is_empty());
                    prop_assert_eq!(error.code == ErrorCode::PropertyConflict, error.other.is_some());
                }
            }
            let again = memory.send(&rules(), sent);
            let unchanged = matches!(again, Decision::Unchanged { .. } | Decision::Refuse { .. });
            prop_assert!(unchanged, "sent twice is sent once");
        }
    }
}

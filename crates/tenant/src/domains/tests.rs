//! Changes of domains as tables, and what DNS proves.

use super::*;
use lockstep_model::TenantId;

fn domain(id: &str, verified: bool) -> Domain {
    Domain { id: id.into(), is_verified: verified, ..Domain::default() }
}

fn tenant() -> Vec<Domain> {
    configure(&[], "contoso.onlockstep.example", &[("contoso.com".into(), true)])
}

fn change(domains: &[Domain], name: &str, change: DomainChange) -> Result<Vec<Domain>, DomainRefusal> {
    apply(domains, name, &change, &References::default()).map(|applied| applied.domains)
}

fn find<'d>(domains: &'d [Domain], name: &str) -> &'d Domain {
    domains.iter().find(|domain| domain.id == name).unwrap()
}

#[test]
fn names() {
    for good in ["contoso.com", "a.b.c", "xn--bcher-kva.example", "9.example"] {
        assert!(is_domain_name(good), "{good}");
    }
    let long = format!("{}.com", "a".repeat(64));
    for bad in
        ["", "contoso", ".com", "contoso.", "-a.com", "a-.com", "bücher.example", "a b.com", "a_b.com", &long]
    {
        assert!(!is_domain_name(bad), "{bad}");
    }
}

#[test]
fn a_domain_is_added_proven_and_made_the_default() {
    let domains = change(&tenant(), "Fabrikam.COM", DomainChange::Add).unwrap();
    assert!(!find(&domains, "fabrikam.com").is_verified);
    let update = DomainUpdate { is_default: Some(true), ..DomainUpdate::default() };
    assert_eq!(
        change(&domains, "fabrikam.com", DomainChange::Update(update.clone())),
        Err(DomainRefusal::NotVerified("fabrikam.com".into()))
    );
    let below = change(&domains, "eu.fabrikam.com", DomainChange::Add).unwrap();
    assert!(!find(&below, "eu.fabrikam.com").is_verified);
    let proven = apply(&below, "fabrikam.com", &DomainChange::Verify, &References::default()).unwrap();
    assert_eq!(proven.recalculate, ["fabrikam.com", "eu.fabrikam.com"]);
    assert_eq!(find(&proven.domains, "eu.fabrikam.com").proof, Some(Proof::Parent));
    let domains = change(&proven.domains, "fabrikam.com", DomainChange::Update(update)).unwrap();
    let defaults: Vec<_> = domains.iter().filter(|d| d.is_default).map(|d| d.id.as_str()).collect();
    assert_eq!(defaults, ["fabrikam.com"]);
    // The configuration is read again: what was chosen and proven stays.
    let again = configure(&domains, "contoso.onlockstep.example", &[("contoso.com".into(), true)]);
    assert_eq!(again, domains);
    // A subdomain of what is verified is verified at once.
    let domains = change(&domains, "us.fabrikam.com", DomainChange::Add).unwrap();
    let us = find(&domains, "us.fabrikam.com");
    assert!(us.is_verified && !is_root(&domains, us));
    let domains = change(&domains, "us.fabrikam.com", DomainChange::Promote).unwrap();
    assert!(is_root(&domains, find(&domains, "us.fabrikam.com")));
}

#[test]
fn the_configuration_takes_nothing_that_dns_proved_and_leaves_nothing_that_nobody_proved() {
    let initial = "contoso.onlockstep.example";
    let listed = [("contoso.com".to_owned(), true)];
    let domains = change(&configure(&[], initial, &listed), "fabrikam.com", DomainChange::Add).unwrap();
    let domains = change(&domains, "fabrikam.com", DomainChange::Verify).unwrap();
    let both = [listed[0].clone(), ("fabrikam.com".to_owned(), true)];
    let domains = configure(&configure(&domains, initial, &both), initial, &listed);
    assert_eq!(
        find(&domains, "fabrikam.com").proof,
        Some(Proof::Dns),
        "listed for a while, and proven before"
    );

    let domains = change(&domains, "eu.contoso.com", DomainChange::Add).unwrap();
    assert!(find(&domains, "eu.contoso.com").is_verified);
    let domains = configure(&domains, initial, &[]);
    assert!(domains.iter().all(|domain| domain.id != "contoso.com"));
    assert!(!find(&domains, "eu.contoso.com").is_verified, "what verified it is gone");
}

#[test]
fn refusals_say_why() {
    let mut domains = tenant();
    domains.push(domain("fabrikam.com", true));
    domains.push(domain("eu.fabrikam.com", true));
    let check = |name: &str, what: DomainChange, expect: &str| {
        let refusal = change(&domains, name, what).unwrap_err().to_string();
        assert!(refusal.contains(expect), "{name}: {refusal}");
    };
    check("contoso", DomainChange::Add, "no domain name");
    check("CONTOSO.com", DomainChange::Add, "in this tenant already");
    check("nowhere.com", DomainChange::Delete, "not in this tenant");
    check("contoso.onlockstep.example", DomainChange::Delete, "initial domain");
    check("contoso.com", DomainChange::Delete, "[tenant] domains");
    check("fabrikam.com", DomainChange::Delete, "subdomains in this tenant: eu.fabrikam.com");
    check("contoso.com", DomainChange::Federate(Some(Value::Null)), "default domain");
    check("contoso.com", DomainChange::Promote, "stands for itself");
    let update = |update| DomainChange::Update(update);
    let services = DomainUpdate { supported_services: Some(vec!["Fax".into()]), ..Default::default() };
    check("contoso.com", update(services), "'Fax'");
    let days = DomainUpdate { password_validity_days: Some(Some(3)), ..Default::default() };
    check("contoso.com", update(days), "3 days");
    let federated = DomainUpdate { authentication: Some(Authentication::Federated), ..Default::default() };
    check("contoso.com", update(federated), "default domain");

    let used = References {
        count: 7,
        first: vec![DomainReference {
            kind: ObjectKind::User,
            name: "Ann".into(),
            value: "ann@eu.fabrikam.com".into(),
        }],
    };
    let refusal = apply(&domains, "eu.fabrikam.com", &DomainChange::Delete, &used).unwrap_err().to_string();
    assert!(refusal.contains("user 'Ann' (ann@eu.fabrikam.com) and 6 more"), "{refusal}");
    let forced = DomainChange::ForceDelete { disable: false };
    let applied = apply(&domains, "eu.fabrikam.com", &forced, &used).unwrap();
    assert!(!find(&applied.domains, "eu.fabrikam.com").is_verified, "it stays until all are renamed");
    assert_eq!(applied.recalculate, ["eu.fabrikam.com"]);
    let many = References { count: 1_001, ..used };
    assert!(apply(&domains, "eu.fabrikam.com", &forced, &many).is_err());
}

#[test]
fn subdomains_sign_in_where_their_root_does() {
    let mut domains = tenant();
    domains.extend([domain("fabrikam.com", true), domain("eu.fabrikam.com", true)]);
    let federation = serde_json::json!({"issuerUri": "urn:x"});
    let domains = change(&domains, "fabrikam.com", DomainChange::Federate(Some(federation))).unwrap();
    assert_eq!(authentication_of(&domains, find(&domains, "eu.fabrikam.com")), Authentication::Federated);
    let managed = DomainUpdate { authentication: Some(Authentication::Managed), ..Default::default() };
    let domains = change(&domains, "fabrikam.com", DomainChange::Update(managed)).unwrap();
    assert_eq!(find(&domains, "fabrikam.com").details.federation, None);
    assert_eq!(authentication_of(&domains, find(&domains, "eu.fabrikam.com")), Authentication::Managed);
}

#[test]
fn what_the_configuration_no_longer_lists_goes_unless_dns_proved_it() {
    let listed = [("contoso.com".to_owned(), true), ("fabrikam.com".into(), false), ("old.com".into(), true)];
    let domains = configure(&[], "x.example", &listed);
    let domains = change(&domains, "fabrikam.com", DomainChange::Verify).unwrap();
    let again = configure(&domains, "x.example", &listed);
    assert!(find(&again, "fabrikam.com").is_verified, "what DNS proved stays proven");
    let again = configure(&again, "y.example", &listed[..1]);
    let named: Vec<_> =
        again.iter().map(|d| (d.id.as_str(), d.is_verified, d.is_initial, d.configured)).collect();
    assert_eq!(
        named,
        [
            ("contoso.com", true, false, true),
            ("fabrikam.com", true, false, false),
            ("x.example", true, false, false),
            ("y.example", true, true, false),
        ]
    );
}

#[test]
fn what_dns_proves_and_what_is_said() {
    let tenant = TenantId::generate(Timestamp::UNIX_EPOCH);
    let number = verification_number(tenant, "contoso.com");
    assert_eq!(number, verification_number(tenant, "contoso.com"));
    assert_ne!(number, verification_number(tenant, "fabrikam.com"));
    let (text, host) = (proof_text(number), proof_host(number));
    assert_eq!(text.len(), 13);
    let found = |txt: DnsAnswer<String>, mx: DnsAnswer<(u16, String)>| DnsFindings {
        resolver: "192.0.2.1:53".into(),
        txt,
        mx,
    };
    let verdict = |found: &DnsFindings| judge("contoso.com", number, found);
    let records = vec!["v=spf1 -all".into(), text.to_lowercase()];
    assert_eq!(verdict(&found(DnsAnswer::Records(records), DnsAnswer::NoRecords)), Verdict::Proven);
    let mx = DnsAnswer::Records(vec![(10, "mail.contoso.com.".into()), (32_767, format!("{host}."))]);
    assert_eq!(verdict(&found(DnsAnswer::NoRecords, mx)), Verdict::Proven);
    let other = DnsAnswer::Records(vec!["MS=ms00000000".into(), "a\u{7}b".into()]);
    let Verdict::NotThere(said) = verdict(&found(other, DnsAnswer::NoName)) else { panic!() };
    for part in ["192.0.2.1:53", "\"MS=ms00000000\"", "\"a?b\"", "NXDOMAIN", &text, &host] {
        assert!(said.contains(part), "{part} is not in {said}");
    }
    let Verdict::NoAnswer(said) =
        verdict(&found(DnsAnswer::Failed("request timed out".into()), DnsAnswer::NoRecords))
    else {
        panic!()
    };
    assert!(said.contains("request timed out") && said.contains("[server.dns]"), "{said}");
}

#[test]
fn records_of_services() {
    let mut domain = domain("contoso.com", true);
    assert_eq!(service_records(&domain), []);
    domain.details.supported_services =
        vec!["Email".into(), "OfficeCommunicationsOnline".into(), "Intune".into()];
    let records = service_records(&domain);
    let labels: Vec<_> = records.iter().map(|record| record.label.as_str()).collect();
    assert_eq!(labels.len(), 9);
    assert_eq!(labels[0], "contoso.com");
    assert!(matches!(&records[0].data, RecordData::Mx { exchange, preference: 0 }
        if exchange == "contoso-com.mail.protection.outlook.com"));
    assert!(labels.contains(&"_sip._tls.contoso.com"));
}

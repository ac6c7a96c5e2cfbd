use super::*;
use proptest::prelude::*;

#[test]
fn reads_what_rfc_4514_writes() {
    let check = |text: &str, expect: &str| {
        assert_eq!(Dn::parse(text).map(|dn| dn.to_string()), Ok(expect.to_owned()), "{text}");
    };
    check("", "");
    check("UID=jsmith,DC=example,DC=net", "UID=jsmith,DC=example,DC=net");
    check("OU=Sales+CN=J.  Smith,DC=example,DC=net", "OU=Sales+CN=J.  Smith,DC=example,DC=net");
    check(
        r#"CN=James \"Jim\" Smith\, III,DC=example,DC=net"#,
        r#"CN=James \"Jim\" Smith\, III,DC=example,DC=net"#,
    );
    check(r"CN=Before\0dAfter,DC=example,DC=net", "CN=Before\rAfter,DC=example,DC=net");
    check("1.3.6.1.4.1.1466.0=#04024869", "1.3.6.1.4.1.1466.0=#04024869");
    check(r"CN=Lu\C4\8Di\C4\87", "CN=Lučić");
    check("cn = Ann ,  ou=people , dc=com", "cn=Ann,ou=people,dc=com");
    check(r"cn=\ Ann\ \ ,dc=com", r"cn=\ Ann \ ,dc=com");
    check(r"cn=\23one", r"cn=\#one");
    check("cn=a#b", "cn=a#b");
    check("cn=a=b", "cn=a=b");
    check("cn=", "cn=");
    check("cn=,dc=com", "cn=,dc=com");
    check(r"cn=\ff\fe", r"cn=\ff\fe");
    check(r"cn=a\00b", r"cn=a\00b");
}

#[test]
fn refuses_what_is_none() {
    let check = |text: &str, expect: DnError| assert_eq!(Dn::parse(text), Err(expect), "{text}");
    check("ann", DnError::Equals { at: 3 });
    check("=ann", DnError::AttributeType { at: 0 });
    check("cn=ann,", DnError::AttributeType { at: 7 });
    check(",cn=ann", DnError::AttributeType { at: 0 });
    check("1.=a", DnError::AttributeType { at: 0 });
    check("1a=a", DnError::AttributeType { at: 0 });
    check("\u{c}g=h", DnError::AttributeType { at: 0 });
    check("g\t=h", DnError::Equals { at: 1 });
    check("cn=a;ou=b", DnError::Unescaped { at: 4 });
    check("cn=\"a\"", DnError::Unescaped { at: 3 });
    check("cn=a\0", DnError::Unescaped { at: 4 });
    check(r"cn=a\", DnError::Escape { at: 4 });
    check(r"cn=a\x", DnError::Escape { at: 4 });
    check(r"cn=a\4", DnError::Escape { at: 4 });
    check("cn=#", DnError::HexString { at: 3 });
    check("cn=#123", DnError::HexString { at: 3 });
    check("cn=#12zz", DnError::HexString { at: 3 });
    check(&format!("cn={}", "a".repeat(MAX_BYTES)), DnError::TooLong { found: MAX_BYTES + 3 });
    check(&vec!["a=b"; MAX_RDNS + 1].join(","), DnError::TooManyComponents);
    check(&vec!["a=b"; MAX_RDNS + 1].join("+"), DnError::TooManyComponents);
    assert!(Dn::parse(&vec!["a=b"; MAX_RDNS].join(",")).is_ok());
}

#[test]
fn one_entry_has_one_normalized_name() {
    let check = |text: &str, expect: &str| {
        assert_eq!(normalize(text).as_deref(), Some(expect), "{text}");
        assert_eq!(Dn::parse(text).unwrap().normalized(), expect, "{text}");
    };
    check("", "");
    check("  ", "");
    check("UID=Ann,OU=People,DC=Contoso,DC=com", "uid=ann,ou=people,dc=contoso,dc=com");
    check("uid = ann , ou=people", "uid=ann,ou=people");
    check("cn=Ann   Mary  Lee ,dc=com", "cn=ann mary lee,dc=com");
    check(r"cn=Lee\2C Ann,dc=com", r"cn=lee\, ann,dc=com");
    check(r"cn=Lee\, Ann,dc=com", r"cn=lee\, ann,dc=com");
    check(r"cn=\  Ann \ ", "cn=ann");
    check(r"cn=\20", r"cn=\ ");
    check("cn=", "cn=");
    check("cn=  ,dc=com", "cn=,dc=com");
    check("ou=Sales+cn=J. Smith", "cn=j. smith+ou=sales");
    check("cn=j. smith + OU=SALES", "cn=j. smith+ou=sales");
    check("commonName=a,organizationalUnitName=b,domainComponent=c", "cn=a,ou=b,dc=c");
    check("2.5.4.3=a,OID.2.5.4.11=b", "cn=a,ou=b");
    check("userId=a", "uid=a");
    check("emailAddress=a@b", "emailaddress=a@b");
    check("1.2.3=#04024869", "1.2.3=hi");
    check("1.2.3=#0500", "1.2.3=#0500");
    check("cn=a#one", "cn=a#one");
}

#[test]
fn folds_as_rfc_4518_does() {
    let same = |a: &str, b: &str| assert_eq!(normalize(a).unwrap(), normalize(b).unwrap(), "{a} {b}");
    same("cn=JÜRGEN", "cn=jürgen");
    same("cn=jürgen", "cn=ju\u{308}rgen");
    same("cn=Ju\u{308}RGEN", r"cn=j\C3\BCrgen");
    same("cn=STRASSE", "cn=Straße");
    same("cn=ΟΔΥΣΣΕΥΣ", "cn=οδυσσευς");
    same("cn=ﬁn", "cn=FIN");
    same("cn=Ａnn", "cn=ann");
    same("cn=a\u{a0}b", "cn=a b");
    same("cn=a\u{ad}b", "cn=ab");
    same("cn=a\tb", "cn=a b");
    let differ = |a: &str, b: &str| assert_ne!(normalize(a).unwrap(), normalize(b).unwrap(), "{a} {b}");
    differ("cn=Ann", "cn=Änn");
    differ("cn=a b", "cn=ab");
    differ("cn=a,cn=b", r"cn=a\,cn=b");
    differ("cn=a+ou=b", r"cn=a\+ou=b");
    differ("cn=", r"cn=\20");
}

#[test]
fn knows_what_lies_below() {
    let check = |dn: &str, base: &str, expect: bool| {
        assert_eq!(Dn::parse(dn).unwrap().is_within(&Dn::parse(base).unwrap()), expect, "{dn} {base}");
        let (dn, base) = (normalize(dn).unwrap(), normalize(base).unwrap());
        assert_eq!(is_within(&dn, &base), expect, "{dn} {base}");
    };
    check("uid=ann,ou=People,dc=com", "OU=people, dc=com", true);
    check("ou=people,dc=com", "ou=people,dc=com", true);
    check("dc=com", "ou=people,dc=com", false);
    check("uid=ann,ou=people,dc=com", "", true);
    check("uid=ann,xou=people,dc=com", "ou=people,dc=com", false);
    check(r"uid=ann\,dc=com", "dc=com", false);
    check(r"uid=ann\\,dc=com", "dc=com", true);
}

#[test]
fn walks_up_and_down() {
    let dn = Dn::parse(r"cn=Lee\, Ann,ou=people,dc=com").unwrap();
    assert_eq!(dn.first_value(), Some("Lee, Ann"));
    assert_eq!(dn.parent().unwrap().to_string(), "ou=people,dc=com");
    assert_eq!(dn.parent().unwrap().child("cn", "Lee, Ann").unwrap(), dn);
    assert_eq!(Dn::root().parent(), None);
    assert_eq!(Dn::parse("dc=com").unwrap().parent(), Some(Dn::root()));
    assert_eq!(parent_of(&dn.normalized()), Some("ou=people,dc=com"));
    assert_eq!(parent_of("dc=com"), Some(""));
    assert_eq!(parent_of(""), None);
    assert_eq!(Dn::parse("1.2.3=#04024869").unwrap().first_value(), Some("Hi"));
    assert!(dn.child("c n", "x").is_err());
}

#[test]
fn is_json_text() {
    let dn: Dn = serde_json::from_str("\"cn=Ann,dc=com\"").unwrap();
    assert_eq!(serde_json::to_string(&dn).unwrap(), "\"cn=Ann,dc=com\"");
    assert!(serde_json::from_str::<Dn>("\"ann\"").is_err());
}

/// Any value at all, in any number of components: what is built is read back.
fn any_dn() -> impl Strategy<Value = Dn> {
    let attribute = prop_oneof!["[A-Za-z][A-Za-z0-9-]{0,8}", "[1-9](\\.[1-9][0-9]{0,3}){1,4}"];
    let text = prop_oneof![".{0,12}", "[ a-cA-C,+\\\\#=\"]{0,8}"].prop_map(|t| Value::Text(t.into_bytes()));
    let octets = prop::collection::vec(any::<u8>(), 0..8).prop_map(Value::Text);
    let ber = prop::collection::vec(any::<u8>(), 1..8).prop_map(Value::Ber);
    let value = (attribute, prop_oneof![4 => text, 1 => octets, 1 => ber])
        .prop_map(|(attribute, value)| AttributeValue { attribute: attribute.into(), value });
    let rdn = prop::collection::vec(value, 1..3).prop_map(|values| Rdn { values });
    prop::collection::vec(rdn, 0..5).prop_map(|rdns| Dn { rdns })
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(dn in any_dn()) {
        prop_assert_eq!(Dn::parse(&dn.to_string()).unwrap(), dn);
    }

    #[test]
    fn normalizing_twice_changes_nothing(dn in any_dn()) {
        let once = dn.normalized();
        prop_assert_eq!(normalize(&once), Some(once.clone()));
        prop_assert_eq!(normalize(&dn.to_string()), Some(once));
    }

    #[test]
    fn case_and_spaces_do_not_matter(dn in "[a-z]{1,9}=[a-zA-Z ]{0,9}(,[a-z]{1,4}=[a-z]{0,5}){0,3}") {
        prop_assert_eq!(normalize(&dn), normalize(&dn.to_uppercase().replace(',', " , ")));
    }

    #[test]
    fn the_quick_way_agrees_with_the_long_one(text in "[a-cA-C=, +\\\\#.1\t\u{c}\u{a0}é]{0,24}") {
        prop_assert_eq!(normalize(&text), Dn::parse(&text).ok().map(|dn| dn.normalized()));
    }

    #[test]
    fn no_text_is_a_surprise(text in ".{0,64}") {
        let _ = Dn::parse(&text);
        prop_assert_eq!(normalize(&text).is_some(), Dn::parse(&text).is_ok());
    }
}

#[test]
fn every_character_folds_once() {
    for c in '\0'..='\u{ffff}' {
        let once = normalize(&format!("cn={}", escape_value(&format!("a{c}\u{301}")))).unwrap();
        assert_eq!(normalize(&once).as_deref(), Some(once.as_str()), "{:x}", u32::from(c));
    }
}

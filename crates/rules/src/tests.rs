//! Tables: an entry in, what becomes of it out.

use super::*;
use lockstep_model::{AttributeName, SourceAnchor};

fn entry(dn: &str, attributes: &[(&str, &str)]) -> Entry {
    let values =
        attributes.iter().map(|(name, value)| (AttributeName::new(name), vec![value.as_bytes().to_vec()]));
    Entry { anchor: SourceAnchor::new("a-1").unwrap(), dn: dn.into(), attributes: values.collect() }
}

fn person(attributes: &[(&str, &str)]) -> Entry {
    let mut all = vec![("objectClass", "top"), ("objectClass", "inetOrgPerson")];
    all.extend_from_slice(attributes);
    entry("uid=ann,ou=people,dc=contoso,dc=com", &all)
}

fn object(settings: &MappingSettings, entry: &Entry) -> MappedObject {
    let mapping = Mapping::new(settings);
    match mapping.map(entry) {
        Mapped::Object(object) => {
            let references = object.members.iter().chain(&object.manager).cloned().collect();
            assert_eq!(
                mapping.references(entry),
                Some((object.kind, references)),
                "the short way says the same"
            );
            *object
        }
        other => panic!("no object: {other:?}"),
    }
}

fn shown(value: Option<&PropertyValue>) -> String {
    match value {
        None => "-".into(),
        Some(PropertyValue::Flag(flag)) => flag.to_string(),
        Some(PropertyValue::Text(text)) => text.clone(),
        Some(PropertyValue::List(list)) => list.join(" | "),
        Some(PropertyValue::Kept) => "kept".into(),
    }
}

/// One property of a person with these attributes; `-` where it is absent.
fn check(attributes: &[(&str, &str)], property: Property, expect: &str) {
    let object = object(&MappingSettings::default(), &person(attributes));
    assert_eq!(object.errors, [], "{attributes:?}");
    assert_eq!(shown(object.properties.get(property)), expect, "{property} of {attributes:?}");
}

#[test]
fn one_property_of_a_person() {
    use Property::*;
    let two = &[("mail", "ann@contoso.com"), ("mail", "Ann.Lee@Contoso.com"), ("mail", "ANN@contoso.com")];
    check(two, Mail, "ann@contoso.com");
    check(two, UserPrincipalName, "ann@contoso.com");
    check(two, OnPremisesUserPrincipalName, "ann@contoso.com");
    check(two, ProxyAddresses, "SMTP:ann@contoso.com | smtp:Ann.Lee@Contoso.com");
    check(two, MailNickname, "ann");
    check(&[("mail", "zoë@x.ch"), ("mail", "ZOË@x.ch")], ProxyAddresses, "SMTP:zoë@x.ch");
    check(&[("mail", " ann@contoso.com ")], Mail, "ann@contoso.com");
    check(&[("mail", "an n@contoso.com")], ProxyAddresses, "SMTP:an n@contoso.com");
    check(&[("mail", "an n@contoso.com")], UserPrincipalName, "an n@contoso.com");
    check(&[("mail", "ann@contoso")], UserPrincipalName, "ann@contoso");
    check(&[("mail", "ann")], UserPrincipalName, "-");
    check(&[("mail", "ann@")], UserPrincipalName, "-");
    check(&[("mail", "@contoso.com")], UserPrincipalName, "-");
    check(&[("mail", "a@b@c")], UserPrincipalName, "-");
    check(&[("mail", "ann@")], OnPremisesUserPrincipalName, "ann@");
    check(&[("mail", "ann@")], ProxyAddresses, "SMTP:ann@");
    check(&[], ProxyAddresses, "-");
    check(&[("mail", "")], Mail, "-");
    check(&[("mail", " "), ("mail", "b@contoso.com")], ProxyAddresses, "SMTP:b@contoso.com");
    check(&[("uid", "alee"), ("mail", "ann@contoso.com")], MailNickname, "alee");
    check(&[("uid", "zoë.k")], MailNickname, "zo_.k");
    check(&[("uid", "李")], MailNickname, "-");
    check(&[("uid", "alee")], OnPremisesSamAccountName, "alee");
    check(&[("cn", "Ann Lee"), ("uid", "alee")], DisplayName, "Ann Lee");
    check(&[("cn", "Ann Lee"), ("displayName", "Ann L.")], DisplayName, "Ann L.");
    check(&[("uid", "alee")], DisplayName, "alee");
    check(&[("givenName", "Ann"), ("givenName", "Anna")], GivenName, "Ann");
    check(&[("sn", "Lee")], Surname, "Lee");
    check(&[("departmentNumber", "42"), ("ou", "Sales")], Department, "42");
    check(&[("ou", "Sales")], Department, "Sales");
    check(&[("roomNumber", "1.23")], OfficeLocation, "1.23");
    check(&[("physicalDeliveryOfficeName", "Bern"), ("roomNumber", "1")], OfficeLocation, "Bern");
    check(
        &[("telephoneNumber", "1"), ("telephoneNumber", "2"), ("telephoneNumber", "1")],
        BusinessPhones,
        "1 | 2",
    );
    check(&[("homePhone", "3")], HomePhones, "3");
    check(&[("mobile", "4")], MobilePhone, "4");
    check(&[("facsimileTelephoneNumber", "5")], FaxNumber, "5");
    check(&[("title", "Clerk")], JobTitle, "Clerk");
    check(&[("o", "Contoso")], CompanyName, "Contoso");
    check(&[("employeeNumber", "7")], EmployeeId, "7");
    check(&[("employeeType", "intern")], EmployeeType, "intern");
    check(&[("street", "Main 1"), ("l", "Zug")], StreetAddress, "Main 1");
    check(&[("l", "Zug")], City, "Zug");
    check(&[("st", "ZG")], State, "ZG");
    check(&[("postalCode", "6300")], PostalCode, "6300");
    check(&[("c", "CH"), ("co", "Switzerland")], Country, "CH");
    check(&[("preferredLanguage", "de-CH")], PreferredLanguage, "de-CH");
    check(&[], AccountEnabled, "true");
    check(&[], OnPremisesDistinguishedName, "uid=ann,ou=people,dc=contoso,dc=com");
    check(&[("description", "x")], Description, "-");
    check(&[], MailEnabled, "-");
}

#[test]
fn which_entries_are_what() {
    let mapping = Mapping::new(&MappingSettings::default());
    let check = |dn: &str, classes: &[&str], expect: Option<ObjectKind>| {
        let classes: Vec<_> = classes.iter().map(|class| ("objectClass", *class)).collect();
        let found = match mapping.map(&entry(dn, &classes)) {
            Mapped::Object(object) => Some(object.kind),
            Mapped::OutOfScope { .. } | Mapped::Failed { .. } => None,
        };
        assert_eq!(found, expect, "{dn} {classes:?}");
    };
    check("uid=a,dc=contoso,dc=com", &["top", "INETORGPERSON"], Some(ObjectKind::User));
    check("uid=a,dc=contoso,dc=com", &["account", "posixAccount"], Some(ObjectKind::User));
    check("cn=g,dc=contoso,dc=com", &["groupOfNames"], Some(ObjectKind::Group));
    check("cn=g,dc=contoso,dc=com", &["groupOfUniqueNames", "posixGroup"], Some(ObjectKind::Group));
    check("cn=x,dc=contoso,dc=com", &["posixGroup", "posixAccount"], Some(ObjectKind::User));
    check("ou=people,dc=contoso,dc=com", &["organizationalUnit"], None);
    check("cn=none,dc=contoso,dc=com", &[], None);
}

#[test]
fn members_of_every_kind_of_group() {
    let check = |attributes: &[(&str, &str)], expect: &[&str]| {
        let mut all = vec![("objectClass", "groupOfNames"), ("cn", "Sales EMEA")];
        all.extend_from_slice(attributes);
        let group = object(&MappingSettings::default(), &entry("cn=Sales EMEA,dc=contoso,dc=com", &all));
        assert_eq!(group.errors, [], "{attributes:?}");
        let members: Vec<_> = group
            .members
            .iter()
            .map(|member| match member {
                Reference::Dn(name) => name.clone(),
                Reference::Uid(uid) => format!("uid {uid}"),
                Reference::In { source, name } => format!("{} in {source}", name.name()),
            })
            .collect();
        assert_eq!(members, expect, "{attributes:?}");
    };
    check(&[("member", "UID=Ann,ou=People,dc=contoso,dc=com")], &["uid=ann,ou=people,dc=contoso,dc=com"]);
    check(&[("member", ""), ("member", "uid=b,dc=x")], &["uid=b,dc=x"]);
    check(&[("uniqueMember", "uid=b,dc=x#'0101'B")], &["uid=b,dc=x"]);
    check(&[("uniqueMember", "uid=b,dc=x#'0201'B")], &["uid=b,dc=x#'0201'b"]);
    check(&[("memberUid", "Ann")], &["uid ann"]);
    check(
        &[("member", "uid=a,dc=x"), ("uniqueMember", "uid=b,dc=x"), ("memberUid", "c")],
        &["uid=a,dc=x", "uid=b,dc=x", "uid c"],
    );
}

#[test]
fn a_group_with_and_without_mail() {
    let base = [("objectClass", "groupOfNames"), ("cn", "Sales EMEA"), ("description", "Sells")];
    let plain = object(&MappingSettings::default(), &entry("cn=Sales EMEA,dc=x", &base)).properties;
    assert_eq!(plain.text(Property::DisplayName), Some("Sales EMEA"));
    assert_eq!(plain.text(Property::MailNickname), Some("Sales_EMEA"));
    assert_eq!(plain.text(Property::OnPremisesSamAccountName), Some("Sales EMEA"));
    assert_eq!(plain.text(Property::Description), Some("Sells"));
    assert_eq!(plain.flag(Property::SecurityEnabled), Some(true));
    assert_eq!(plain.flag(Property::MailEnabled), Some(false));
    assert_eq!(plain.flag(Property::AccountEnabled), None);
    let mail = [base[0], base[1], ("mail", "sales@contoso.com")];
    let mail = object(&MappingSettings::default(), &entry("cn=Sales EMEA,dc=x", &mail)).properties;
    assert_eq!(mail.flag(Property::MailEnabled), Some(true));
    assert_eq!(mail.list(Property::ProxyAddresses), ["SMTP:sales@contoso.com"]);
    assert_eq!(mail.text(Property::UserPrincipalName), None);
}

#[test]
fn the_manager_is_a_reference() {
    let ann =
        object(&MappingSettings::default(), &person(&[("manager", "uid=Bob , ou=People,dc=contoso,dc=com")]));
    assert_eq!(ann.manager, Some(Reference::Dn("uid=bob,ou=people,dc=contoso,dc=com".into())));
    assert_eq!(ann.members, []);
}

#[test]
fn what_cannot_be_read_is_left_out_and_named() {
    let mut ann = person(&[("cn", "Ann"), ("manager", "no name"), ("title", "Clerk")]);
    ann.attributes.add(AttributeName::new("title"), [vec![0xff, 0xfe]]);
    ann.attributes.add(AttributeName::new("mail"), [b"ann@contoso.com".to_vec(), vec![0xc3]]);
    let ann = object(&MappingSettings::default(), &ann);
    assert_eq!(ann.properties.text(Property::JobTitle), None);
    assert_eq!(ann.properties.text(Property::UserPrincipalName), None);
    assert_eq!(ann.manager, None);
    let found: Vec<_> = ann.errors.iter().map(|e| (e.code, e.property.as_deref().unwrap_or(""))).collect();
    assert_eq!(
        found,
        [
            (ErrorCode::DataValidationFailed, "mail"),
            (ErrorCode::DataValidationFailed, "jobTitle"),
            (ErrorCode::UnresolvedReference, "manager")
        ]
    );
    assert_eq!(
        ann.errors[1].message,
        "'uid=ann,ou=people,dc=contoso,dc=com': a value of title is not UTF-8 text; the attribute is left out"
    );
    assert_eq!(ann.errors[1].object.name, "Ann");
}

#[test]
fn settings_change_the_name_and_the_switch() {
    let settings = MappingSettings {
        user_name_attribute: "krbPrincipalName".into(),
        disabled_attribute: Some("nsAccountLock".into()),
        ..MappingSettings::default()
    };
    let check = |lock: &str, expect: bool| {
        let ann = person(&[("krbPrincipalName", "ann@CONTOSO.COM"), ("nsAccountLock", lock)]);
        let ann = object(&settings, &ann).properties;
        assert_eq!(ann.text(Property::UserPrincipalName), Some("ann@CONTOSO.COM"));
        assert_eq!(ann.flag(Property::AccountEnabled), Some(expect), "{lock:?}");
    };
    check("TRUE", false);
    check("20260101000000Z", false);
    check("FALSE", true);
    check("", true);
    let mapping = Mapping::new(&settings);
    assert!(mapping.attributes().contains(&"krbprincipalname".to_owned()));
    assert_eq!(
        mapping.flow_of(ObjectKind::User, Property::UserPrincipalName),
        "userPrincipalName <- krbPrincipalName, where it is local@domain"
    );
    assert_eq!(
        mapping.flow_of(ObjectKind::User, Property::DisplayName),
        "displayName <- displayName, else cn, else uid"
    );
    assert_eq!(mapping.flow_of(ObjectKind::Group, Property::Surname), "");
}

#[test]
fn passwords_and_photographs_are_never_read() {
    let mapping = Mapping::new(&MappingSettings {
        user_name_attribute: "userPassword".into(),
        disabled_attribute: Some("jpegPhoto".into()),
        ..MappingSettings::default()
    });
    let attributes = mapping.attributes();
    assert!(attributes.is_sorted());
    for never in ["userpassword", "jpegphoto"] {
        assert!(!attributes.iter().any(|name| name == never), "{never}");
    }
    for needed in ["objectclass", "uid", "mail", "member", "uniquemember", "memberuid", "manager", "cn"] {
        assert!(attributes.iter().any(|name| name == needed), "{needed}");
    }
}

#[test]
fn keys_are_what_references_say() {
    let mapping = Mapping::new(&MappingSettings::default());
    let keys = mapping.keys(&person(&[("uid", "Ann")]));
    assert_eq!(
        keys,
        [Reference::Dn("uid=ann,ou=people,dc=contoso,dc=com".into()), Reference::Uid("ann".into())]
    );
    let group = entry("cn=G,dc=x", &[("objectClass", "posixGroup"), ("uid", "g")]);
    assert_eq!(mapping.keys(&group), [Reference::Dn("cn=g,dc=x".into())]);
}

//! The default rule set and the built-in mapping give the same for every entry.

use super::*;
use crate::{Mapped, Mapping, MappingSettings, Reference};
use proptest::prelude::*;
use std::sync::LazyLock;

static SET: LazyLock<RuleSet> = LazyLock::new(standard);
static MAPPING: LazyLock<Mapping> = LazyLock::new(|| Mapping::new(&MappingSettings::default()));

fn classes() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let one = prop::sample::select(vec![
        "top",
        "person",
        "inetOrgPerson",
        "INETORGPERSON",
        "organizationalPerson",
        "posixAccount",
        "groupOfNames",
        "groupOfUniqueNames",
        "posixGroup",
        "organizationalUnit",
        "account",
    ]);
    prop::collection::vec(one.prop_map(|class| class.as_bytes().to_vec()), 0..4)
}

/// Values as directories have them, and as they should not.
fn value() -> impl Strategy<Value = Vec<u8>> {
    let known = prop::sample::select(vec![
        "",
        " ",
        "Ann",
        " Ann Lee ",
        "ann@contoso.com",
        "ANN@contoso.com",
        "ann@",
        "@contoso.com",
        "a@b@c",
        "zoë@x.ch",
        "ZOË@x.ch",
        "李",
        "...",
        ".ann",
        "\u{a0}Ann\u{a0}",
        "FALSE",
        "42",
        "a\r\nb",
        "\u{feff}",
        "uid=ann,ou=people,dc=contoso,dc=com",
        "UID=Ann, ou=People,dc=contoso,dc=com",
        "uid=b,dc=x#'0101'B",
        "uid=b,dc=x#'0201'B",
        "no name",
        "uid=ann,ou=people,dc=contoso,dc=com ",
    ]);
    prop_oneof![
        8 => known.prop_map(|text| text.as_bytes().to_vec()),
        3 => "\\PC{0,70}".prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 1..4),
    ]
}

fn attributes() -> impl Strategy<Value = Vec<(String, Vec<Vec<u8>>)>> {
    let names: Vec<String> = MAPPING
        .attributes()
        .into_iter()
        .filter(|name| name != "objectclass")
        .chain(["pager".into()])
        .collect();
    let one = (prop::sample::select(names), prop::collection::vec(value(), 1..4));
    prop::collection::vec(one, 0..14)
}

fn without_doubles(members: &[Reference]) -> Vec<Reference> {
    let mut kept: Vec<Reference> = Vec::new();
    for member in members {
        if !kept.contains(member) {
            kept.push(member.clone());
        }
    }
    kept
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn for_every_entry(
        classes in classes(),
        attributes in attributes(),
        dn in prop::sample::select(vec!["uid=ann,ou=people,dc=contoso,dc=com", "cn=Sales EMEA,dc=x", "no dn", ""]),
    ) {
        let mut entry = entry(&[]);
        entry.dn = dn.into();
        entry.attributes.add(AttributeName::new("objectClass"), classes);
        for (name, values) in attributes {
            entry.attributes.add(AttributeName::new(&name), values);
        }
        match (MAPPING.map(&entry), SET.evaluate(&subject(&entry))) {
            (Mapped::Object(wanted), Evaluated::Object(found)) => {
                let found = found.object;
                match SET.make_names(&subject(&entry)) {
                    Made::Object(names) => {
                        prop_assert_eq!(names.object.kind, found.kind);
                        prop_assert_eq!(&names.object.manager, &found.manager);
                        prop_assert_eq!(&names.object.members, &found.members);
                        prop_assert!(names.object.properties.0.is_empty());
                    }
                    other => prop_assert!(false, "{:?}", other),
                }
                prop_assert_eq!(wanted.kind, found.kind);
                prop_assert_eq!(&wanted.properties, &found.properties);
                prop_assert_eq!(&wanted.manager, &found.manager);
                // The mapping keeps doubles; a member is a member once.
                prop_assert_eq!(without_doubles(&wanted.members), without_doubles(&found.members));
                // The mapping is silent about a memberUid that is no text.
                let told = found.errors.iter().any(|error| error.property.as_deref() != Some("memberUid"));
                prop_assert_eq!(!wanted.errors.is_empty(), told, "{:?} {:?}", wanted.errors, found.errors);
            }
            (Mapped::OutOfScope { .. }, Evaluated::OutOfScope { .. }) => {
                let is_out = matches!(SET.make_names(&subject(&entry)), Made::OutOfScope { .. });
                prop_assert!(is_out);
            }
            (wanted, found) => prop_assert!(false, "{:?} is not {:?}", wanted, found),
        }
    }
}

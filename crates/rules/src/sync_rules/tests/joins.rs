//! Joins: what entries ask for, what objects offer, and values of several sources in one object.

use super::*;
use crate::Reference;
use crate::sync_rules::{Contributor, JoinName};
use lockstep_model::Property;

const RULES: &str = r#"
name = "t"
[[rule]]
name = "in"
direction = "inbound"
precedence = 100
source_types = ["person"]
metaverse_type = "person"
link_type = "Provision"
flow = [
    { to = "displayName", expression = 'FirstText([cn])' },
    { to = "mail", expression = 'FirstText([mail])' },
    { to = "manager", direct = "manager" },
    { to = "proxyAddresses", expression = 'Texts([mail])', merge = "merge" },
]
[[rule]]
name = "in group"
direction = "inbound"
precedence = 110
source_types = ["group"]
metaverse_type = "group"
link_type = "Provision"
flow = [
    { to = "member", direct = "member", merge = "merge" },
    { to = "memberUid", direct = "memberUid" },
]
[[rule]]
name = "further"
direction = "inbound"
precedence = 50
from = ["a", "b"]
source_types = ["person"]
metaverse_type = "person"
link_type = "Join"
scope = [{ all = [{ attribute = "employeeType", operator = "NOTEQUAL", value = "gone" }] }]
join = [
    { all = [{ source = "mail", metaverse = "mail" }, { source = "cn", metaverse = "displayName", case_sensitive = true }] },
    { all = [{ source = "mail", metaverse = "mail" }] },
]
flow = [
    { to = "title", direct = "title" },
    { to = "manager", direct = "manager" },
    { to = "proxyAddresses", expression = 'Texts([mail])', merge = "merge" },
]
[[rule]]
name = "further group"
direction = "inbound"
precedence = 60
from = ["b"]
source_types = ["group"]
metaverse_type = "group"
link_type = "Join"
join = [{ all = [{ source = "cn", metaverse = "displayName" }] }]
flow = [
    { to = "member", direct = "member", merge = "merge" },
    { to = "memberUid", direct = "memberUid" },
]
[[rule]]
name = "out"
direction = "outbound"
precedence = 200
metaverse_type = "person"
target_type = "user"
link_type = "Provision"
flow = [
    { to = "displayName", direct = "displayName" },
    { to = "jobTitle", direct = "title" },
    { to = "manager", direct = "manager" },
    { to = "proxyAddresses", direct = "proxyAddresses" },
]
[[rule]]
name = "out group"
direction = "outbound"
precedence = 210
metaverse_type = "group"
target_type = "group"
link_type = "Provision"
flow = [{ to = "members", direct = "member", merge = "merge" }]
[[rule]]
name = "out group uid"
direction = "outbound"
precedence = 211
metaverse_type = "group"
target_type = "group"
link_type = "Join"
flow = [{ to = "members", direct = "memberUid", merge = "merge" }]
"#;

fn set() -> RuleSet {
    let set = RuleSet::parse("t", RULES, &Schemas::ldap()).unwrap_or_else(|problems| panic!("{problems}"));
    set.with_sources(&["b".to_owned(), "a".to_owned()]).unwrap()
}

fn made(set: &RuleSet, entry: &Entry, others: &[Contributor<'_>]) -> crate::MappedObject {
    match set.evaluate(&Subject { others, ..subject(entry) }) {
        Evaluated::Object(evaluation) => evaluation.object,
        other => panic!("{other:?}"),
    }
}

#[test]
fn values_of_several_sources_come_by_precedence_then_by_the_order_of_the_sources() {
    let set = set();
    let own = entry(&[("objectClass", "person"), ("cn", "Ann"), ("mail", "ann@x"), ("title", "own")]);
    let b = entry(&[("objectClass", "person"), ("title", "of b"), ("mail", "b@x"), ("manager", "cn=boss")]);
    let a = entry(&[("objectClass", "person"), ("title", "of a"), ("mail", "a@x"), ("manager", "cn=other")]);
    let both = [Contributor { entry: &b, source: 1 }, Contributor { entry: &a, source: 2 }];
    let object = made(&set, &own, &both);
    assert_eq!(object.properties.text(Property::JobTitle), Some("of b"));
    assert_eq!(object.properties.list(Property::ProxyAddresses), ["b@x", "a@x", "ann@x"]);
    assert_eq!(object.manager, Some(Reference::Dn("cn=boss".into()).of_source(1)));
    let object = made(&set, &own, &both[1..]);
    assert_eq!(object.properties.text(Property::JobTitle), Some("of a"));
    assert_eq!(object.manager, Some(Reference::Dn("cn=other".into()).of_source(2)));

    // Out of the rule's scope it gives nothing, though it is joined.
    let gone = entry(&[("objectClass", "person"), ("title", "of b"), ("employeeType", "GONE")]);
    let object = made(&set, &own, &[Contributor { entry: &gone, source: 1 }]);
    assert_eq!(object.properties.text(Property::JobTitle), None);
}

#[test]
fn members_say_of_which_source_they_are_and_cannot_pretend() {
    let set = set();
    let own = entry(&[("objectClass", "group"), ("member", "cn=one"), ("memberUid", "<1>sly")]);
    let b = entry(&[("objectClass", "group"), ("member", "cn=one"), ("memberUid", "bob")]);
    let members = made(&set, &own, &[Contributor { entry: &b, source: 1 }]).members;
    let dn = || Reference::Dn("cn=one".into());
    let uid = |text: &str| Reference::Uid(text.into());
    // Of the two memberUid the rule with the lower number gives the value.
    assert_eq!(members, [dn().of_source(1), dn(), uid("bob").of_source(1)]);
    assert_eq!(made(&set, &own, &[]).members, [dn(), uid("<1>sly")]);
}

#[test]
fn an_entry_asks_by_its_first_clauses_and_is_held_against_all() {
    let set = set();
    let asking = entry(&[("objectClass", "person"), ("cn", "Ann"), ("mail", "ANN@x")]);
    let joins = set.joins(&Subject { source: 1, ..subject(&asking) }).unwrap().unwrap();
    let offer = |cn: &str, mail: &str, source: usize| {
        let entry = entry(&[("objectClass", "person"), ("cn", cn), ("mail", mail)]);
        set.join_values(&subject(&entry), source).unwrap()
    };
    let names: Vec<JoinName> = joins.names().collect();
    let found = |values: &JoinValues| values.names().iter().any(|name| names.contains(name));
    let fulfils = |values: &JoinValues| -> Vec<bool> {
        joins.groups.iter().map(|group| values.fulfil(&joins, group)).collect()
    };
    let same = offer("Ann", "ann@X", 1);
    assert!(found(&same));
    assert_eq!(fulfils(&same), [true, true]);
    assert_eq!(fulfils(&offer("ann", "ann@x", 1)), [false, true], "the name counts with its case");
    let other = offer("Ann", "bob@x", 1);
    assert!(!found(&other));
    assert_eq!(fulfils(&other), [false, false]);
    assert!(!found(&offer("Ann", "ann@x", 2)), "what another source asks for is another name");

    let group = entry(&[("objectClass", "group"), ("cn", "Ann")]);
    let group = set.join_values(&subject(&group), 1).unwrap();
    assert_eq!(fulfils(&group), [false, false], "a person is no group");
    let nothing = entry(&[("objectClass", "device")]);
    assert_eq!(set.join_values(&subject(&nothing), 1), None);
    let out = entry(&[("objectClass", "person"), ("employeeType", "gone"), ("mail", "ann@x")]);
    assert_eq!(set.joins(&Subject { source: 1, ..subject(&out) }).unwrap(), None);
    assert_eq!(set.joins(&subject(&asking)).unwrap(), None, "its rule takes none of the first source");
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let check = |from: &str, more: &str| {
        let text = RULES.replacen("from = [\"b\"]", from, 1).replacen(
            "name = \"t\"",
            &format!("name = \"t\"{more}"),
            1,
        );
        RuleSet::parse("t", &text, &Schemas::ldap()).map(drop).map_err(|problems| problems.to_string())
    };
    assert_eq!(check("from = [\"b\"]", ""), Ok(()));
    assert!(check("from = [\"B b\"]", "").unwrap_err().contains("no name of a source"));
    let membership = "scope = [{ all = [{ operator = \"ISMEMBEROF\", value = \"cn=g,dc=x\" }] }]";
    let asked = check(&format!("from = [\"b\"]\n{membership}"), "").unwrap_err();
    assert!(asked.contains("first source only"), "{asked}");
    let case = "\n[[case]]\nname = \"c\"\ndn = \"cn=x\"\njoined = [{ source = \"z\", dn = \"cn=y\" }]\n\
                expect = { out_of_scope = \"object classes\" }\n";
    let text = format!("{RULES}{case}");
    let problems = RuleSet::parse("t", &text, &Schemas::ldap()).unwrap_err().to_string();
    assert!(problems.contains("no rule takes entries of a source \"z\""), "{problems}");
}

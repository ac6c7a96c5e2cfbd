//! Plans as text, and what holds of every plan.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of tests fails as a test does"
)]

use lockstep_engine::rules::{Circumstances, Mapped, MappedObject, Mapping, MappingSettings, Rules};
use lockstep_engine::{
    Confirmed, CsId, LinkDifference, Wanted, delete_operation, describe, describe_deletion, link_difference,
    link_operations, post_operation,
};
use lockstep_model::plan::DeleteReason;
use lockstep_model::provisioning::{BulkOperation, PostOperation};
use lockstep_model::scim::{PatchVerb, parse_path};
use lockstep_model::{AttributeName, Attributes, Entry, Fingerprint, ObjectKind, SourceAnchor};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

fn anchor(text: &str) -> SourceAnchor {
    SourceAnchor::new(text).unwrap()
}

fn entry(name: &str, dn: &str, attributes: &[(&str, &[&str])]) -> Entry {
    let attributes: Attributes = attributes
        .iter()
        .map(|(name, values)| {
            (AttributeName::new(name), values.iter().map(|value| value.as_bytes().to_vec()).collect())
        })
        .collect();
    Entry { anchor: anchor(name), dn: dn.into(), attributes }
}

fn map(entry: &Entry) -> Box<MappedObject> {
    match Mapping::new(&MappingSettings::default()).map(entry) {
        Mapped::Object(object) => object,
        other => panic!("{other:?}"),
    }
}

const ANN: &[(&str, &[&str])] = &[
    ("objectclass", &["inetOrgPerson"]),
    ("uid", &["ann"]),
    ("cn", &["Ann Lee"]),
    ("sn", &["Lee"]),
    ("mail", &["ann@contoso.com"]),
    ("telephonenumber", &["+41 1"]),
];

#[test]
fn an_update_tells_each_property_with_its_rule() {
    let before = entry("a", "uid=ann,ou=people,dc=x", ANN);
    let mut changed = ANN.to_vec();
    changed[3] = ("sn", &["Smith"]);
    changed[4] = ("mail", &["ann.smith@contoso.com", "ann@contoso.com"]);
    changed.truncate(5);
    let after = entry("a", "uid=ann,ou=staff,dc=x", &changed);
    let confirmed = Confirmed { properties: map(&before).properties, manager: None };
    let mapped = map(&after);
    let boss = anchor("boss");
    let wanted = Wanted { anchor: &after.anchor, dn: &after.dn, mapped: &mapped, manager: Some(&boss) };
    let rules = Rules::built_in(MappingSettings::default());
    let circumstances =
        Circumstances { member_of: &[], is_new: false, now: lockstep_model::Timestamp::UNIX_EPOCH };
    let trace = rules.trace(&after, circumstances);
    insta::assert_json_snapshot!(describe(&wanted, Some(&confirmed), (0, 0), &trace));
}

#[test]
fn operations_are_scim() {
    let ann = entry("a", "uid=ann,ou=people,dc=x", ANN);
    let mapped = map(&ann);
    let group = anchor("g");
    let difference = LinkDifference { added: vec![anchor("a")], removed: vec![anchor("b")] };
    let mut operations = vec![post_operation(mapped.kind, &ann.anchor, mapped.properties, None)];
    operations.extend(link_operations(&group, difference));
    operations.push(delete_operation(ObjectKind::User, &anchor("b")));
    insta::assert_json_snapshot!(operations);
}

#[test]
fn a_deletion_says_why() {
    let item =
        describe_deletion(ObjectKind::Group, &anchor("g"), "Sales", None, DeleteReason::MissingFromFullRead);
    insta::assert_json_snapshot!(item, @r#"
    {
      "action": "delete",
      "reason": "missingFromFullRead",
      "kind": "group",
      "anchor": "g",
      "name": "Sales",
      "membersAdded": 0,
      "membersRemoved": 0
    }
    "#);
}

/// A directory: people with a name, groups with members (by number).
type World = (BTreeMap<u8, String>, BTreeMap<u8, BTreeSet<u8>>);

fn world() -> impl Strategy<Value = World> {
    (
        proptest::collection::btree_map(0_u8..12, "[a-z]{1,3}", 0..10),
        proptest::collection::btree_map(100_u8..106, proptest::collection::btree_set(0_u8..12, 0..8), 0..5),
    )
}

/// What a client remembers of its target, and the target itself.
#[derive(Clone, Debug, Default, PartialEq)]
struct Both {
    confirmed: BTreeMap<u8, (ObjectKind, Fingerprint, Vec<CsId>)>,
    /// The last resource sent, as JSON, and the members.
    cloud: BTreeMap<SourceAnchor, (String, BTreeSet<SourceAnchor>)>,
}

impl Both {
    /// Plans from what is confirmed to `world` and carries the plan out. Answers the number of operations.
    fn go(&mut self, world: &World, reverse: bool) -> usize {
        let (mut operations, mut links) = (Vec::new(), Vec::new());
        let mut wanted: Vec<(u8, Entry)> = Vec::new();
        for (number, name) in &world.0 {
            let cn: &[&str] = &[name];
            let attributes: &[(&str, &[&str])] = &[("objectclass", &["person"]), ("cn", cn), ("sn", &["S"])];
            wanted.push((*number, entry(&number.to_string(), &format!("cn={number}"), attributes)));
        }
        for number in world.1.keys() {
            let attributes: &[(&str, &[&str])] = &[("objectclass", &["groupOfNames"]), ("cn", &["g"])];
            wanted.push((*number, entry(&number.to_string(), &format!("cn={number}"), attributes)));
        }
        if reverse {
            wanted.reverse();
        }
        for (number, entry) in &wanted {
            let mapped = map(entry);
            let one = Wanted { anchor: &entry.anchor, dn: &entry.dn, mapped: &mapped, manager: None };
            let named = world.1.get(number).into_iter().flatten();
            let members: Vec<CsId> =
                named.filter(|member| world.0.contains_key(member)).map(|m| CsId(i64::from(*m))).collect();
            let held = self.confirmed.get(number);
            if held.map(|held| held.1) != Some(one.fingerprint()) {
                operations.push(post_operation(mapped.kind, &entry.anchor, mapped.properties.clone(), None));
            }
            let difference = link_difference(held.map_or(&[], |held| &held.2), &members);
            let anchors = |ids: &[CsId]| ids.iter().map(|id| anchor(&id.0.to_string())).collect::<Vec<_>>();
            let (added, removed) = (anchors(&difference.added), anchors(&difference.removed));
            links.extend(link_operations(&entry.anchor, LinkDifference { added, removed }));
            self.confirmed.insert(*number, (mapped.kind, one.fingerprint(), members));
        }
        operations.extend(links);
        let gone: Vec<u8> = self
            .confirmed
            .keys()
            .filter(|n| !wanted.iter().any(|(number, _)| number == *n))
            .copied()
            .collect();
        for number in gone {
            if let Some((kind, ..)) = self.confirmed.remove(&number) {
                operations.push(delete_operation(kind, &anchor(&number.to_string())));
            }
        }
        let count = operations.len();
        operations.into_iter().for_each(|operation| self.carry_out(operation));
        count
    }

    fn carry_out(&mut self, operation: BulkOperation) {
        match operation {
            BulkOperation::Post(post) => {
                let name = match &post {
                    PostOperation::User(user) | PostOperation::Contact(user) => user.external_id.clone(),
                    PostOperation::Group(group) | PostOperation::Device(group) => group.external_id.clone(),
                };
                self.cloud.entry(anchor(&name)).or_default().0 = serde_json::to_string(&post).unwrap();
            }
            BulkOperation::Patch { path, data } => {
                let (_, group) = parse_path(&path).unwrap();
                let members = &mut self.cloud.get_mut(&group).unwrap().1;
                for one in data.operations {
                    for member in one.value {
                        match one.op {
                            PatchVerb::Add => assert!(members.insert(member.value), "added twice"),
                            PatchVerb::Remove => assert!(members.remove(&member.value), "removed twice"),
                        }
                    }
                }
            }
            BulkOperation::Delete { path } => {
                let (_, name) = parse_path(&path).unwrap();
                assert!(self.cloud.remove(&name).is_some(), "deleted twice");
            }
        }
    }
}

proptest! {
    /// Whatever way leads to a directory, the target is the same in the end; a second plan is empty; the order in
    /// which objects are planned does not matter.
    #[test]
    fn plans_converge(way in proptest::collection::vec(world(), 1..5)) {
        let mut forth = Both::default();
        let mut back = Both::default();
        for world in &way {
            forth.go(world, false);
            back.go(world, true);
            prop_assert_eq!(&forth, &back);
        }
        let last = way.last().unwrap();
        let mut fresh = Both::default();
        fresh.go(last, false);
        prop_assert_eq!(&forth.cloud, &fresh.cloud);
        prop_assert_eq!(forth.go(last, false), 0);
    }
}

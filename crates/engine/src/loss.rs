//! What a plan takes away without deleting an object: members of groups, and values of properties. An access rule
//! that hides an attribute looks like an attribute that everybody lost.
//!
//! **Invariant:** the word depends on the losses alone, not on the order in which they came in.

use crate::guard::LossDigest;
use lockstep_model::guard::{DeletionThreshold, MemberThreshold};
use lockstep_model::plan::Verdict;
use lockstep_model::{ObjectKind, Properties, Property, SourceAnchor};
use std::collections::BTreeMap;

/// Groups and properties named in a reason.
const NAMED: usize = 3;

/// A group that loses more members than may go without a person's word.
#[derive(Clone, Debug, PartialEq, Eq)]
struct GroupLoss {
    name: String,
    held: u64,
    removed: u64,
}

/// What a plan takes away.
#[derive(Clone, Debug, Default)]
pub struct Losses {
    groups: BTreeMap<SourceAnchor, (GroupLoss, LossDigest)>,
    properties: BTreeMap<(ObjectKind, Property), (u64, LossDigest)>,
    managers: (u64, LossDigest),
}

impl Losses {
    /// A group with `held` members loses `removed`, all of them objects that stay. What the threshold lets pass is
    /// forgotten.
    pub fn group(
        &mut self,
        group: &SourceAnchor,
        name: &str,
        held: u64,
        removed: &[SourceAnchor],
        threshold: &MemberThreshold,
    ) {
        let count = removed.len() as u64;
        if !threshold.is_over(held, count) {
            return;
        }
        let mut digest = LossDigest::default();
        removed.iter().for_each(|member| digest.member(group, member));
        let loss = GroupLoss { name: name.to_owned(), held, removed: count };
        self.groups.insert(group.clone(), (loss, digest));
    }

    /// An object changes: every property that it has no more is a loss.
    pub fn object(
        &mut self,
        kind: ObjectKind,
        anchor: &SourceAnchor,
        before: &Properties,
        after: &Properties,
    ) {
        for (property, _) in before.0.iter().filter(|(property, _)| after.get(**property).is_none()) {
            let (count, digest) = self.properties.entry((kind, *property)).or_default();
            *count += 1;
            digest.value(*property, anchor);
        }
    }

    /// A user loses the manager, who stays.
    pub fn manager(&mut self, user: &SourceAnchor) {
        self.managers.0 += 1;
        self.managers.1.manager(user);
    }

    /// Judges them. A property may go from as many objects as may be deleted; `held` is what the cloud holds of
    /// each kind. What is over a threshold is added to `digest`, so that an approval is for exactly that.
    pub fn judge(
        &self,
        held: &BTreeMap<ObjectKind, u64>,
        threshold: &DeletionThreshold,
        members: &MemberThreshold,
        digest: &mut LossDigest,
    ) -> Verdict {
        let mut parts = Vec::new();
        for (loss, of_group) in self.groups.values() {
            digest.merge(of_group);
            parts.push(format!(
                "the group '{}' would lose {} of its {} members, and {} % may go of a group of {} and more",
                loss.name, loss.removed, loss.held, members.percent, members.least
            ));
        }
        let properties =
            self.properties.iter().map(|((kind, property), loss)| (*kind, property.as_str(), loss));
        let managers = [(ObjectKind::User, "manager", &self.managers)];
        for (kind, property, (count, of_property)) in properties.chain(managers) {
            let held = held.get(&kind).copied().unwrap_or(0);
            let limit = threshold.limit(held);
            if *count > limit {
                digest.merge(of_property);
                parts.push(format!(
                    "{count} of {held} {kind}s would lose their {property}, and the deletion threshold is {limit}"
                ));
            }
        }
        if parts.is_empty() {
            return Verdict::Pass;
        }
        let more = parts.len().saturating_sub(NAMED);
        parts.truncate(NAMED);
        let mut reason = parts.join("; ");
        if more > 0 {
            reason.push_str(&format!("; and {more} more"));
        }
        if let Some(first) = reason.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        reason.push_str(". Nothing of the plan is written");
        Verdict::Held {
            reason,
            remedy: "Look at the changes (`lockstep sync preview`) and check with the service account's own \
                     credentials that it can still read these attributes. If the loss is meant, approve this plan; \
                     if not, correct the directory or the access rule: the next cycle plans anew."
                .to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn anchor(name: &str) -> SourceAnchor {
        SourceAnchor::new(name).unwrap()
    }

    fn anchors(count: usize) -> Vec<SourceAnchor> {
        (0..count).map(|n| anchor(&format!("u{n}"))).collect()
    }

    fn judged(losses: &Losses) -> (Verdict, String) {
        let held = BTreeMap::from([(ObjectKind::User, 100), (ObjectKind::Group, 10)]);
        let mut digest = LossDigest::default();
        let verdict =
            losses.judge(&held, &DeletionThreshold::default(), &MemberThreshold::default(), &mut digest);
        (verdict, digest.text())
    }

    #[test]
    fn a_group_may_lose_half_of_its_members() {
        let check = |held: u64, removed: usize, expect: bool| {
            let mut losses = Losses::default();
            losses.group(&anchor("g"), "Staff", held, &anchors(removed), &MemberThreshold::default());
            assert_eq!(judged(&losses).0 == Verdict::Pass, expect, "{removed} of {held}");
        };
        check(100, 50, true);
        check(100, 51, false);
        check(20, 11, false);
        check(19, 19, true);
        check(0, 0, true);
    }

    #[test]
    fn a_property_may_go_from_as_many_as_may_be_deleted() {
        let mut before = Properties::new();
        before.set_text(Property::Mail, "a@x.ch");
        before.set_text(Property::City, "Zug");
        let mut after = Properties::new();
        after.set_text(Property::City, "Bern");
        let mut losses = Losses::default();
        for (n, user) in anchors(11).iter().enumerate() {
            assert_eq!(judged(&losses), (Verdict::Pass, "none".to_owned()), "{n} of 100");
            losses.object(ObjectKind::User, user, &before, &after);
        }
        losses.group(&anchor("g"), "Staff", 40, &anchors(40), &MemberThreshold::default());
        let (verdict, digest) = judged(&losses);
        insta::assert_json_snapshot!(verdict, @r#"
        {
          "kind": "held",
          "reason": "The group 'Staff' would lose 40 of its 40 members, and 50 % may go of a group of 20 and more; 11 of 100 users would lose their mail, and the deletion threshold is 10. Nothing of the plan is written",
          "remedy": "Look at the changes (`lockstep sync preview`) and check with the service account's own credentials that it can still read these attributes. If the loss is meant, approve this plan; if not, correct the directory or the access rule: the next cycle plans anew."
        }
        "#);
        let mut bosses = Losses::default();
        anchors(11).iter().for_each(|user| bosses.manager(user));
        let Verdict::Held { reason, .. } = judged(&bosses).0 else { panic!("eleven managers") };
        assert!(reason.starts_with("11 of 100 users would lose their manager"), "{reason}");

        let mut other = losses.clone();
        other.object(ObjectKind::User, &anchor("u99"), &before, &after);
        assert_ne!(judged(&other).1, digest, "an approval is for exactly these");
    }
}

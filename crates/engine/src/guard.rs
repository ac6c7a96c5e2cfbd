//! The guard: whether a plan's deletions may be written, or wait for a person.
//!
//! **Invariant:** it judges the whole plan, before the first write, and its word depends on the deletions
//! alone: neither on their order nor on how they came in.

use lockstep_model::guard::DeletionThreshold;
use lockstep_model::plan::{DeleteReason, Verdict};
use lockstep_model::{ObjectKind, Property, SourceAnchor};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// A digest of exactly what a plan takes away, whatever the order. Two plans with one digest delete the same
/// objects for the same reasons, and take the same members and values away where that needs approval too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LossDigest {
    sums: [u64; 4],
    count: u64,
}

impl LossDigest {
    /// Takes a deletion in.
    pub fn deletion(&mut self, kind: ObjectKind, anchor: &SourceAnchor, reason: DeleteReason) {
        self.add(&[kind.as_str().as_bytes(), &[reason as u8], anchor.as_str().as_bytes()]);
    }

    /// Takes in that a group loses a member.
    pub fn member(&mut self, group: &SourceAnchor, member: &SourceAnchor) {
        self.add(&[b"member", group.as_str().as_bytes(), member.as_str().as_bytes()]);
    }

    /// Takes in that an object loses a property.
    pub fn value(&mut self, property: Property, anchor: &SourceAnchor) {
        self.add(&[b"value", property.as_str().as_bytes(), anchor.as_str().as_bytes()]);
    }

    /// Takes in that a user loses the manager.
    pub fn manager(&mut self, user: &SourceAnchor) {
        self.add(&[b"manager", user.as_str().as_bytes()]);
    }

    /// Takes in all that another has.
    pub fn merge(&mut self, other: &Self) {
        for (sum, more) in self.sums.iter_mut().zip(other.sums) {
            *sum = sum.wrapping_add(more);
        }
        self.count += other.count;
    }

    fn add(&mut self, parts: &[&[u8]]) {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update(u32::try_from(part.len()).unwrap_or(u32::MAX).to_le_bytes());
            hash.update(part);
        }
        // Sums of hashes do not depend on order, and another set with the same sums cannot be found.
        for (sum, bytes) in self.sums.iter_mut().zip(hash.finalize().chunks_exact(8)) {
            let mut word = [0; 8];
            word.copy_from_slice(bytes);
            *sum = sum.wrapping_add(u64::from_le_bytes(word));
        }
        self.count += 1;
    }

    /// The digest as text: 32 hexadecimal digits; `none` for nothing at all.
    pub fn text(&self) -> String {
        if self.count == 0 {
            return "none".to_owned();
        }
        let mut hash = Sha256::new();
        for sum in self.sums {
            hash.update(sum.to_le_bytes());
        }
        hash.update(self.count.to_le_bytes());
        hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }
}

/// What a plan deletes of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KindDeletions {
    /// Deletions planned and not approved.
    pub planned: u64,
    /// Deletions already written within the last cycle.
    pub recent: u64,
    /// Objects the cloud holds of this kind now.
    pub held: u64,
}

/// A container of the directory from which objects vanished without the source's word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    /// Its DN.
    pub dn: String,
    /// Objects directly in it that no longer show.
    pub lost: u64,
    /// Entries directly in it that still show.
    pub left: u64,
    /// Whether it no longer shows itself.
    pub vanished: bool,
}

/// Objects a container must have lost to be doubted when none is left.
const EMPTIED: u64 = 5;
/// Containers named in a reason.
const NAMED: usize = 3;

impl Container {
    /// Whether what vanished from it may just as well be hidden.
    pub fn is_doubtful(&self) -> bool {
        self.lost > 0 && (self.vanished || (self.left == 0 && self.lost >= EMPTIED))
    }
}

/// Judges a plan. `containers` are those of deletions that no one but their absence speaks for
/// ([`DeleteReason::MissingFromFullRead`]), in any order.
pub fn judge(
    kinds: &BTreeMap<ObjectKind, KindDeletions>,
    threshold: &DeletionThreshold,
    containers: &[Container],
) -> Verdict {
    let mut doubtful: Vec<&Container> = containers.iter().filter(|c| c.is_doubtful()).collect();
    if !doubtful.is_empty() {
        doubtful.sort_by(|a, b| a.dn.len().cmp(&b.dn.len()).then_with(|| a.dn.cmp(&b.dn)));
        return held_for_doubt(&doubtful);
    }
    let over: Vec<(ObjectKind, KindDeletions, u64)> = kinds
        .iter()
        .filter_map(|(kind, d)| {
            let limit = threshold.limit(d.held.saturating_add(d.recent));
            (d.planned > 0 && d.planned.saturating_add(d.recent) > limit).then_some((*kind, *d, limit))
        })
        .collect();
    if over.is_empty() {
        return Verdict::Pass;
    }
    let parts: Vec<String> = over
        .iter()
        .map(|(kind, d, limit)| {
            let recent = if d.recent > 0 {
                format!(" ({} were deleted within the last cycle)", d.recent)
            } else {
                String::new()
            };
            format!(
                "{} of {} {kind}s would be deleted{recent}, the deletion threshold is {limit}",
                d.planned, d.held
            )
        })
        .collect();
    Verdict::Held {
        reason: format!("{}. Nothing of the plan is written", parts.join("; ")),
        remedy:
            "Look at the deletions (`lockstep sync preview`). If they are meant, approve this plan; if not, \
                 correct the directory, the filter or the search base: the next cycle plans anew."
                .to_owned(),
    }
}

/// Both words as one: held if either is, with both reasons.
pub fn both(one: Verdict, other: Verdict) -> Verdict {
    match (one, other) {
        (Verdict::Pass, verdict) | (verdict, Verdict::Pass) => verdict,
        (Verdict::Held { reason, remedy }, Verdict::Held { reason: more, remedy: also }) => {
            Verdict::Held { reason: format!("{reason}. {more}"), remedy: format!("{remedy} {also}") }
        }
    }
}

/// The word on any deletion after the directory had gone back in time: restored from a backup, or another server.
pub fn held_for_distrust(kinds: &BTreeMap<ObjectKind, KindDeletions>) -> Verdict {
    let parts: Vec<String> = kinds
        .iter()
        .filter(|(_, d)| d.planned > 0)
        .map(|(kind, d)| format!("{} {kind}s", d.planned))
        .collect();
    Verdict::Held {
        reason: format!(
            "The directory had gone back in time (restored from a backup, or another server), and {} would be \
             deleted. Nothing of the plan is written",
            parts.join(" and ")
        ),
        remedy:
            "Look at the deletions (`lockstep sync preview`): those who were made after the backup are among \
                 them. Make them again in the directory and sync, or approve this plan."
                .to_owned(),
    }
}

fn held_for_doubt(doubtful: &[&Container]) -> Verdict {
    let lost: u64 = doubtful.iter().map(|c| c.lost).sum();
    let names: Vec<String> = doubtful
        .iter()
        .take(NAMED)
        .map(|c| {
            let how = if c.vanished { "is no longer to be seen" } else { "shows no object any more" };
            format!("'{}' {how} ({} objects)", c.dn, c.lost)
        })
        .collect();
    let more = doubtful.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(", and {more} more") } else { String::new() };
    Verdict::Held {
        reason: format!(
            "{}{more}. Deleted, moved out of the search base, or hidden from the service account by an access rule: \
             these look the same, so none of the {lost} deletions is written",
            names.join(", ")
        ),
        remedy: "Check with the service account's own credentials whether it can read the container (`ldapsearch`). \
                 If an access rule hides it, give the account read access and sync again; if it was really deleted \
                 or moved away, approve this plan."
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn users(planned: u64, recent: u64, held: u64) -> BTreeMap<ObjectKind, KindDeletions> {
        BTreeMap::from([(ObjectKind::User, KindDeletions { planned, recent, held })])
    }

    fn passes(kinds: &BTreeMap<ObjectKind, KindDeletions>, containers: &[Container]) -> bool {
        judge(kinds, &DeletionThreshold::default(), containers) == Verdict::Pass
    }

    fn container(lost: u64, left: u64, vanished: bool) -> Container {
        Container { dn: "ou=sales,dc=x".into(), lost, left, vanished }
    }

    #[test]
    fn the_threshold_is_judged_with_what_just_went() {
        assert!(passes(&users(100, 0, 1_000), &[]));
        assert!(!passes(&users(101, 0, 1_000), &[]));
        assert!(!passes(&users(501, 0, 100_000), &[]));
        // One by one does not go around it: 100 went already, 900 are left.
        assert!(!passes(&users(1, 100, 900), &[]));
        assert!(passes(&users(1, 99, 901), &[]));
        assert!(passes(&users(0, 900, 100), &[]), "nothing is deleted, nothing is held");
        assert!(passes(&users(1, 0, 1), &[]), "never less than one");
    }

    #[test]
    fn a_container_that_falls_silent_is_doubted() {
        assert!(!passes(&users(1, 0, 1_000), &[container(1, 0, true)]));
        assert!(!passes(&users(5, 0, 1_000), &[container(5, 0, false)]));
        assert!(passes(&users(4, 0, 1_000), &[container(4, 0, false)]));
        assert!(passes(&users(6, 0, 1_000), &[container(6, 1, false)]));
    }

    #[test]
    fn the_reason_names_container_and_causes() {
        let verdict = judge(&users(12, 0, 1_000), &DeletionThreshold::default(), &[container(12, 0, true)]);
        insta::assert_json_snapshot!(verdict, @r#"
        {
          "kind": "held",
          "reason": "'ou=sales,dc=x' is no longer to be seen (12 objects). Deleted, moved out of the search base, or hidden from the service account by an access rule: these look the same, so none of the 12 deletions is written",
          "remedy": "Check with the service account's own credentials whether it can read the container (`ldapsearch`). If an access rule hides it, give the account read access and sync again; if it was really deleted or moved away, approve this plan."
        }
        "#);
        let verdict = judge(&users(120, 3, 997), &DeletionThreshold::default(), &[]);
        insta::assert_json_snapshot!(verdict, @r#"
        {
          "kind": "held",
          "reason": "120 of 997 users would be deleted (3 were deleted within the last cycle), the deletion threshold is 100. Nothing of the plan is written",
          "remedy": "Look at the deletions (`lockstep sync preview`). If they are meant, approve this plan; if not, correct the directory, the filter or the search base: the next cycle plans anew."
        }
        "#);
    }

    proptest! {
        #[test]
        fn the_digest_is_of_the_set(mut names in proptest::collection::btree_set("[a-z]{1,6}", 1..20)) {
            let digest = |names: &mut dyn Iterator<Item = &String>| {
                let mut digest = LossDigest::default();
                for name in names {
                    digest.deletion(ObjectKind::User, &SourceAnchor::new(name.clone()).unwrap(), DeleteReason::LeftScope);
                }
                digest.text()
            };
            let forth = digest(&mut names.iter());
            prop_assert_eq!(&forth, &digest(&mut names.iter().rev()));
            names.insert("LATER".into());
            prop_assert_ne!(forth, digest(&mut names.iter()));
        }
    }

    #[test]
    fn no_deletions_have_no_digest() {
        assert_eq!(LossDigest::default().text(), "none");
    }
}

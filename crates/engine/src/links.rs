//! Memberships: the difference of two sets, and its operations.

use crate::CsId;
use lockstep_model::provisioning::{BulkOperation, MAX_LINKS_PER_OPERATION};
use lockstep_model::scim::{ScimPatch, path_of};
use lockstep_model::{ObjectKind, SourceAnchor};
use std::cmp::Ordering;

/// What makes one set of members another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkDifference<T = CsId> {
    /// Members to add, sorted.
    pub added: Vec<T>,
    /// Members to remove, sorted.
    pub removed: Vec<T>,
}

impl<T> Default for LinkDifference<T> {
    fn default() -> Self {
        Self { added: Vec::new(), removed: Vec::new() }
    }
}

impl<T> LinkDifference<T> {
    /// Whether the sets are the same.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }
}

/// The difference from `before` to `after`. Both are sorted and without doubles.
pub fn link_difference<T: Ord + Clone>(before: &[T], after: &[T]) -> LinkDifference<T> {
    let mut difference = LinkDifference { added: Vec::new(), removed: Vec::new() };
    let (mut old, mut new) = (before.iter().peekable(), after.iter().peekable());
    loop {
        let order = match (old.peek(), new.peek()) {
            (None, None) => return difference,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(a), Some(b)) => a.cmp(b),
        };
        match order {
            Ordering::Less => difference.removed.extend(old.next().cloned()),
            Ordering::Greater => difference.added.extend(new.next().cloned()),
            Ordering::Equal => {
                old.next();
                new.next();
            }
        }
    }
}

/// The operations of a difference: as few as [`MAX_LINKS_PER_OPERATION`] allows. Their order does not matter,
/// for no member is in two of them.
pub fn link_operations(group: &SourceAnchor, difference: LinkDifference<SourceAnchor>) -> Vec<BulkOperation> {
    let path = path_of(ObjectKind::Group, group);
    let patch =
        |add, remove| BulkOperation::Patch { path: path.clone(), data: ScimPatch::members(add, remove) };
    let LinkDifference { added, removed } = difference;
    if added.is_empty() && removed.is_empty() {
        return Vec::new();
    }
    if added.len() + removed.len() <= MAX_LINKS_PER_OPERATION {
        return vec![patch(added, removed)];
    }
    let mut operations: Vec<_> =
        added.chunks(MAX_LINKS_PER_OPERATION).map(|some| patch(some.to_vec(), Vec::new())).collect();
    operations.extend(removed.chunks(MAX_LINKS_PER_OPERATION).map(|some| patch(Vec::new(), some.to_vec())));
    operations
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn applying_the_difference_gives_the_other_set(
            before in proptest::collection::btree_set(0_i64..60, 0..40),
            after in proptest::collection::btree_set(0_i64..60, 0..40),
        ) {
            let ids = |set: &BTreeSet<i64>| set.iter().map(|n| CsId(*n)).collect::<Vec<_>>();
            let difference = link_difference(&ids(&before), &ids(&after));
            let mut now: BTreeSet<CsId> = ids(&before).into_iter().collect();
            for gone in &difference.removed {
                prop_assert!(now.remove(gone));
            }
            for new in &difference.added {
                prop_assert!(now.insert(*new));
            }
            prop_assert_eq!(now.into_iter().collect::<Vec<_>>(), ids(&after));
        }
    }

    #[test]
    fn a_large_change_takes_several_operations() {
        let group = SourceAnchor::new("g").unwrap();
        let anchors = |n: usize| (0..n).map(|i| SourceAnchor::new(format!("{i:06}")).unwrap()).collect();
        let ops = link_operations(&group, LinkDifference { added: anchors(20_001), removed: anchors(1) });
        assert_eq!(ops.len(), 4);
        assert_eq!(
            link_operations(&group, LinkDifference { added: anchors(9_000), removed: anchors(1_000) }).len(),
            1
        );
        assert!(link_operations(&group, LinkDifference { added: vec![], removed: vec![] }).is_empty());
    }
}

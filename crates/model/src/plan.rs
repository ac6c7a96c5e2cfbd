//! A plan: what a sync client will write, decided whole before the first write.

use crate::{ObjectKind, PlanId, Property, PropertyValue, SourceAnchor, SyncError, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What happens to one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Action {
    /// It is made, or taken over by a match.
    Create,
    /// Properties, manager or members change.
    Update,
    /// It is deleted (softly: it can be restored for 30 days).
    Delete,
}

/// Why an object is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DeleteReason {
    /// The source says that the entry is gone.
    DeletedInSource,
    /// A full read no longer shows the entry.
    MissingFromFullRead,
    /// The entry is there, and no rule takes it in any more.
    LeftScope,
    /// The entry is there and belongs to another object now: what it was by itself goes.
    Joined,
}

/// One property that changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PropertyChange {
    /// The property.
    pub property: Property,
    /// What the cloud confirmed last; absent where nothing was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<PropertyValue>,
    /// What it is to be; absent where the property goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<PropertyValue>,
    /// The flow that gave the value: `mail <- mail`.
    pub rule: String,
}

/// One object of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanItem {
    /// What happens.
    pub action: Action,
    /// Why it is deleted, where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<DeleteReason>,
    /// Kind of object.
    pub kind: ObjectKind,
    /// Its anchor.
    pub anchor: SourceAnchor,
    /// A name for people.
    pub name: String,
    /// Its DN, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dn: Option<String>,
    /// Properties that change, ordered by property.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<PropertyChange>,
    /// The manager, where it changes: before and after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manager: Option<(Option<SourceAnchor>, Option<SourceAnchor>)>,
    /// How many members are added.
    #[serde(default)]
    pub members_added: u64,
    /// How many members are removed.
    #[serde(default)]
    pub members_removed: u64,
}

/// Counts of one object kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KindCounts {
    /// Objects to make.
    pub create: u64,
    /// Objects to change.
    pub update: u64,
    /// Objects to delete.
    pub delete: u64,
    /// Links to add.
    pub members_added: u64,
    /// Links to remove.
    pub members_removed: u64,
    /// Objects the cloud holds now, by this client's record.
    pub held: u64,
}

/// A plan in numbers, with the guard's word on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanSummary {
    /// The plan.
    pub id: PlanId,
    /// When it was made.
    pub made_at: Timestamp,
    /// Counts by kind.
    pub counts: BTreeMap<ObjectKind, KindCounts>,
    /// Errors found while planning (mapping, unresolved references).
    pub errors: u64,
    /// A digest of exactly what the plan takes away: its deletions, and members and values where they are over
    /// their threshold. An approval is for this digest and for no other.
    pub deletions_digest: String,
    /// The guard's word.
    pub verdict: Verdict,
}

impl PlanSummary {
    /// Whether the plan writes nothing.
    pub fn is_empty(&self) -> bool {
        self.counts.values().all(|c| {
            c.create == 0 && c.update == 0 && c.delete == 0 && c.members_added == 0 && c.members_removed == 0
        })
    }
}

/// The guard's word on a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Verdict {
    /// It may be written.
    Pass,
    /// Nothing of it is written until a person approves exactly this plan.
    Held {
        /// Why, in one sentence with the numbers.
        reason: String,
        /// What to do.
        remedy: String,
    },
}

/// A whole plan, as `lockstep sync preview` prints it. Items are cut at a limit; the counts never are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanReport {
    /// The numbers.
    pub summary: PlanSummary,
    /// The objects, ordered by kind and anchor.
    pub items: Vec<PlanItem>,
    /// Whether there are more items than listed.
    pub truncated: bool,
    /// Of the objects to be changed, listed or not, how many have this property changed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<ObjectKind, BTreeMap<Property, u64>>,
    /// Errors found while planning.
    pub errors: Vec<SyncError>,
}

/// What sets two plans apart, object by object. Values count, the rules that gave them do not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanDifference {
    /// Objects that only the second plan has, in order.
    pub added: Vec<PlanItem>,
    /// Objects that only the first plan has, in order.
    pub removed: Vec<PlanItem>,
    /// Objects that both have, with other changes: as in the first plan, as in the second.
    pub changed: Vec<(PlanItem, PlanItem)>,
    /// Whether a plan has more objects than it lists, so that there may be more differences.
    pub truncated: bool,
}

impl PlanDifference {
    /// What sets `after` apart from `before`.
    pub fn of(before: &PlanReport, after: &PlanReport) -> Self {
        let key = |item: &&PlanItem| (item.kind, item.anchor.clone());
        let of = |plan: &'_ PlanReport| -> BTreeMap<(ObjectKind, SourceAnchor), PlanItem> {
            plan.items.iter().map(|item| (key(&item), item.clone())).collect()
        };
        let (mut old, new) = (of(before), of(after));
        let mut found = Self { truncated: before.truncated || after.truncated, ..Self::default() };
        for (key, item) in new {
            match old.remove(&key) {
                None => found.added.push(item),
                Some(other) if !other.does_the_same_as(&item) => found.changed.push((other, item)),
                Some(_) => {}
            }
        }
        found.removed = old.into_values().collect();
        found
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }
}

impl PlanItem {
    fn does_the_same_as(&self, other: &Self) -> bool {
        let values = |item: &Self| -> Vec<_> {
            item.changes.iter().map(|change| (change.property, change.after.clone())).collect()
        };
        (self.action, &self.manager, self.members_added, self.members_removed)
            == (other.action, &other.manager, other.members_added, other.members_removed)
            && values(self) == values(other)
    }
}

//! What changed since a mark: the history, told object by object. A mark is the newest row of the history.

use crate::records::StoredObject;
use lockstep_model::{ObjectId, ObjectKind, Timestamp};
use std::collections::BTreeSet;

/// A question for what changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangesQuery {
    /// Kind of object; all where absent.
    pub kind: Option<ObjectKind>,
    /// After this mark.
    pub after: i64,
    /// When the caller was given the mark: it means nothing in a history that began anew since.
    pub given_at: Timestamp,
    /// Up to this mark.
    pub upto: i64,
    /// Objects a page; 1 to 999. A page may have fewer though more follow.
    pub top: usize,
    /// Whether changes of members are wanted.
    pub members: bool,
}

/// A page of what changed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChangesPage {
    /// Objects, each once, in the order of their first change.
    pub items: Vec<ObjectChange>,
    /// Ask on after this mark; absent on the last page.
    pub next: Option<i64>,
    /// A group that gained more members than the history names: all its members are to be told, by
    /// [`crate::TenantStore::members_by_id`], before the next page.
    pub all_members_of: Option<ObjectId>,
}

/// One object that changed, as it is now.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectChange {
    /// Its id.
    pub id: ObjectId,
    /// What it is now; none where it was purged.
    pub object: Option<StoredObject>,
    /// Which properties changed.
    pub changed: Changed,
    /// Members that came (true) or went, each once, as it ended.
    pub members: Vec<MemberChange>,
}

/// Which properties changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changed {
    /// The object is new, was restored or deleted: all of them.
    All,
    /// These, by Graph's names; none where only members did.
    Names(BTreeSet<String>),
}

/// A member that came or went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemberChange {
    /// The member.
    pub id: ObjectId,
    /// What it is.
    pub kind: ObjectKind,
    /// Whether it is a member now.
    pub is_member: bool,
}

/// A page of a group's living members: their ids and kinds, and where the next page begins.
pub type MemberIds = (Vec<(ObjectId, ObjectKind)>, Option<i64>);

//! What the sync client keeps, and the trait of its store.
//!
//! The store is mechanical: it keeps rows and answers questions about them. What a row means, what follows
//! from a change and what is planned is decided above it.
//!
//! **Invariants:** every method is one transaction. [`Batch::meta`], with the watermark in it, is committed
//! together with the batch. One caller at a time changes the state; nothing asks for all objects at once.

use crate::StateError;
use async_trait::async_trait;
use lockstep_engine::{CsId, KeyHash};
use lockstep_model::plan::DeleteReason;
use lockstep_model::provisioning::{Drift, PendingCounts};
use lockstep_model::{Fingerprint, ObjectKind, SourceAnchor, Timestamp};
use lockstep_sources::Watermark;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// From so many members on the state follows which of them may be others than the target confirmed, so that a change
/// of one is the work of one. Tests follow those of small groups too.
pub const LARGE_GROUP: usize = if cfg!(debug_assertions) { 4 } else { 1_000 };

/// The client's own facts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Meta {
    /// Where the next read of the first source goes on; none: everything is read.
    pub watermark: Option<Watermark>,
    /// The same of further sources, by name.
    pub further: BTreeMap<String, Watermark>,
    /// The secret key of [`lockstep_engine::KeyHasher`].
    pub hash_key: [u64; 2],
    /// The rules by which the indexes were made; others have them made anew.
    pub rules: String,
    /// An admin paused the client.
    pub paused: bool,
    /// What the target holds must be asked before the next plan: the state is new, or an export ended without
    /// an answer.
    pub target_unsure: bool,
    /// Which objects have client-side errors in the target is known (see [`ObjectRow::had_errors`]).
    pub errors_known: bool,
    /// Something was planned once; before that every object is pending anyway.
    pub planned: bool,
    /// The next read must be a full one (a held plan that came from what was not seen).
    pub read_full: bool,
    /// The source had gone back in time: any deletion waits for a person until a plan passed.
    pub went_back: bool,
    /// What a person approved.
    pub approval: Option<Approval>,
    /// The machine's start (Linux `boot_id`) during which this was written; another one after an unclean end
    /// means that newest commits may be lost.
    pub boot: String,
    /// The highest epoch of a lease by which the state knows what the target holds.
    pub epoch: Option<u64>,
    /// End of the last whole import.
    pub last_import: Option<Timestamp>,
    /// End of the last whole export.
    pub last_export: Option<Timestamp>,
    /// End of the last read of the whole source.
    pub last_full_read: Option<Timestamp>,
    /// What the last scheduled one found.
    pub drift: Option<Drift>,
}

/// A person's word on a held plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Approval {
    /// The digest of exactly what may be taken away.
    pub digest: String,
    /// Who said so.
    pub by: String,
    /// When it lapses, if the plan was not written by then.
    pub until: Timestamp,
}

/// What the connector space has of one entry.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    /// Its number.
    pub id: CsId,
    /// Its anchor.
    pub anchor: SourceAnchor,
    /// What the mapping made of it; none: out of scope.
    pub kind: Option<ObjectKind>,
    /// Why it is gone, where it is.
    pub gone: Option<DeleteReason>,
    /// The entry, by [`crate::codec`]; empty where only the target knows the object.
    pub raw: Vec<u8>,
}

/// What a change does to the indexes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IndexChange {
    /// Names under which others may refer to the entry, new.
    pub keys_added: Vec<KeyHash>,
    /// Names it no longer has.
    pub keys_removed: Vec<KeyHash>,
    /// References it makes, new.
    pub references_added: Vec<KeyHash>,
    /// References it no longer makes.
    pub references_removed: Vec<KeyHash>,
    /// Names whose referrers must be planned again.
    pub touched: Vec<KeyHash>,
    /// Names by which entries are joined: who bears one and who refers to it must be evaluated again.
    pub unsettles: Vec<KeyHash>,
    /// The container it left.
    pub left: Option<KeyHash>,
    /// The container it joined, with its DN.
    pub joined: Option<(KeyHash, String)>,
    /// Its own DN: should it be a container, that container shows (an upsert) or vanished (a removal).
    pub own: Option<KeyHash>,
}

/// An entry as it is now.
#[derive(Clone, Debug, PartialEq)]
pub struct Upsert {
    /// Its number, where the connector space has it.
    pub id: Option<CsId>,
    /// Its anchor.
    pub anchor: SourceAnchor,
    /// What the mapping makes of it; none: out of scope.
    pub kind: Option<ObjectKind>,
    /// The entry, by [`crate::codec`].
    pub raw: Vec<u8>,
    /// The indexes.
    pub index: IndexChange,
    /// Whether it must be evaluated again: which object it belongs to is not known yet.
    pub unsettled: bool,
    /// Nothing is another but whom it refers to, as [`Upsert::index`] has it.
    pub links_only: bool,
}

/// An entry that is gone.
#[derive(Clone, Debug, PartialEq)]
pub struct Removal {
    /// Its number.
    pub id: CsId,
    /// Why.
    pub reason: DeleteReason,
    /// The indexes.
    pub index: IndexChange,
}

/// An entry that is the same and is evaluated by other rules: its names come new into indexes that were emptied.
#[derive(Clone, Debug, PartialEq)]
pub struct Renamed {
    /// Its number.
    pub id: CsId,
    /// What the rules before made of it.
    pub was: Option<ObjectKind>,
    /// What these make of it; none: out of scope.
    pub kind: Option<ObjectKind>,
    /// The indexes.
    pub index: IndexChange,
    /// As of [`Upsert::unsettled`].
    pub unsettled: bool,
}

/// Changes committed in one transaction.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// Entries as they are now. Answered by their numbers, in this order.
    pub upserts: Vec<Upsert>,
    /// Entries that are there and stay what they are in their own words. Each is pending, or left the scope.
    pub renamed: Vec<Renamed>,
    /// Entries that are gone.
    pub removals: Vec<Removal>,
    /// Entries that were marked to be evaluated again and are not any more. Comes before all that marks some.
    pub settled: Vec<CsId>,
    /// Entries that are joined to another from now on, or to none.
    pub joins: Vec<(CsId, Option<CsId>)>,
    /// Names by which entries are joined: who refers to one must be evaluated again.
    pub asked_again: Vec<KeyHash>,
    /// The client's facts from now on.
    pub meta: Option<Meta>,
}

/// Which pending objects are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Users to make or change.
    Users,
    /// Groups to make or change, and their members.
    Groups,
    /// Of the groups those of which more may be another than some known members (see
    /// [`StateStore::changed_members`]).
    WholeGroups,
    /// Of the users those that the target holds.
    KnownUsers,
    /// Of the groups those that the target holds.
    KnownGroups,
    /// Of the groups those that are of both.
    KnownWholeGroups,
}

/// A large group, pending for nothing but some members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedGroup {
    /// Its number.
    pub id: CsId,
    /// Its anchor.
    pub anchor: SourceAnchor,
    /// A name for people.
    pub name: String,
    /// How many members the target confirmed.
    pub held: u64,
    /// Entries whose membership may be another than the target confirmed, sorted.
    pub changed: Vec<CsId>,
}

/// What is known of one who may be a member of a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Membership {
    /// The group refers to one of the names asked for, and that name means this entry.
    pub wanted: bool,
    /// The target confirmed the membership.
    pub confirmed: bool,
}

/// Members the target confirmed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ConfirmedMembers {
    /// None.
    #[default]
    Empty,
    /// These, sorted.
    Known(Vec<CsId>),
    /// Those of this fingerprint: the state was rebuilt, and they were not asked for yet.
    Fingerprint(Fingerprint),
}

/// What the target confirmed of an object.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfirmedRow {
    /// User or group.
    pub kind: ObjectKind,
    /// A name for people.
    pub name: String,
    /// Fingerprint of what was sent and confirmed.
    pub fingerprint: Fingerprint,
    /// The manager that was sent.
    pub manager: Option<CsId>,
    /// Members of a group.
    pub members: ConfirmedMembers,
    /// The entry that was confirmed, where it is not the present one.
    pub raw: Option<Vec<u8>>,
}

/// A pending object.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectRow {
    /// Its number.
    pub id: CsId,
    /// Its anchor.
    pub anchor: SourceAnchor,
    /// The entry.
    pub raw: Vec<u8>,
    /// What the target confirmed.
    pub confirmed: Option<ConfirmedRow>,
    /// Whether the target was told a client-side error of it.
    pub had_errors: bool,
}

/// A pending deletion: an object that the target holds and that is gone, out of scope, or of another kind now.
#[derive(Clone, Debug, PartialEq)]
pub struct DeletionRow {
    /// Its number.
    pub id: CsId,
    /// Its anchor.
    pub anchor: SourceAnchor,
    /// The kind the target holds.
    pub kind: ObjectKind,
    /// A name for people.
    pub name: String,
    /// Why.
    pub reason: DeleteReason,
    /// Its DN, where known.
    pub dn: Option<String>,
    /// Whether a person approved it.
    pub approved: bool,
    /// Whether its entry is there and out of scope.
    pub remains: bool,
}

impl Meta {
    /// Where the next read of a source goes on.
    pub fn watermark_of(&self, source: Option<&str>) -> Option<&Watermark> {
        match source {
            None => self.watermark.as_ref(),
            Some(name) => self.further.get(name),
        }
    }

    /// Remembers that; none: the source must be read whole.
    pub(crate) fn set_watermark(&mut self, source: Option<&str>, watermark: Option<Watermark>) {
        match (source, watermark) {
            (None, watermark) => self.watermark = watermark,
            (Some(name), Some(watermark)) => {
                self.further.insert(name.to_owned(), watermark);
            }
            (Some(name), None) => {
                self.further.remove(name);
            }
        }
    }

    /// Every source must be read whole.
    pub(crate) fn forget_watermarks(&mut self) {
        self.watermark = None;
        self.further.clear();
    }
}

impl DeletionRow {
    /// Whether its entry is there, as another kind of object.
    pub fn is_of_other_kind(&self) -> bool {
        self.reason == DeleteReason::LeftScope && !self.remains
    }
}

/// How one object stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// The object, as a page of pending ones would have it.
    pub row: ObjectRow,
    /// Whether it waits to be planned.
    pub pending: bool,
    /// When it is tried again, where the target refused it.
    pub due: Option<Timestamp>,
}

/// Whom a name means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// The object.
    pub id: CsId,
    /// What it is; none: out of scope.
    pub kind: Option<ObjectKind>,
}

/// What became of an object in an export.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The target holds what was sent; for a group, its members are told by [`Outcome::Members`].
    Written {
        /// The object.
        id: CsId,
        /// User or group.
        kind: ObjectKind,
        /// A name for people.
        name: String,
        /// Fingerprint of what was sent.
        fingerprint: Fingerprint,
        /// The manager that was sent.
        manager: Option<CsId>,
        /// Whether nothing is left to do for it.
        settled: bool,
    },
    /// The target holds these members.
    Members {
        /// The group.
        id: CsId,
        /// The members.
        members: MembersOutcome,
        /// Whether nothing is left to do for it.
        settled: bool,
    },
    /// The target was told the errors of an object that it holds as it should.
    Told {
        /// The object.
        id: CsId,
    },
    /// Nothing was to do.
    Settled {
        /// The object.
        id: CsId,
    },
    /// The target deleted it.
    Deleted {
        /// The object.
        id: CsId,
    },
    /// Nothing is to be done with it, whatever the target holds of it.
    Kept {
        /// The object.
        id: CsId,
    },
    /// The target refused it: it stays pending and is tried again later.
    Refused {
        /// The object.
        id: CsId,
    },
    /// Whether the target was told a client-side error of it.
    Errors {
        /// The object.
        id: CsId,
        /// Whether it has one now.
        has: bool,
    },
}

/// Members that the target holds now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MembersOutcome {
    /// The group was compared whole.
    All {
        /// The members, sorted.
        members: Vec<CsId>,
        /// Names of members that lead nowhere.
        unresolved: Vec<KeyHash>,
    },
    /// Of a group of [`StateStore::changed_members`].
    Changed {
        /// Members from now on.
        added: Vec<CsId>,
        /// Members no more.
        removed: Vec<CsId>,
    },
}

/// An object of the target's inventory, for the connector space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InventoryRow {
    /// Its anchor.
    pub anchor: SourceAnchor,
    /// Its kind.
    pub kind: ObjectKind,
    /// A name for people.
    pub name: String,
    /// Fingerprint of what was sent.
    pub fingerprint: Fingerprint,
    /// Fingerprint of the members.
    pub members: Option<Fingerprint>,
}

/// A container of the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerRow {
    /// Its DN.
    pub dn: String,
    /// Entries directly in it.
    pub children: u64,
    /// Whether it vanished itself.
    pub vanished: bool,
}

/// Numbers of the state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Entries in the connector space.
    pub entries: u64,
    /// Objects the target holds, by kind.
    pub held: BTreeMap<ObjectKind, u64>,
    /// Objects that wait to be planned.
    pub pending: u64,
    /// Objects the target refused, that wait for their next try.
    pub refused: u64,
    /// Objects whose errors are over, which the target was not told yet.
    pub past_errors: u64,
}

/// The store of a sync client.
#[async_trait]
pub trait StateStore: Send + Sync + 'static {
    /// The client's facts.
    async fn meta(&self) -> Result<Meta, StateError>;
    /// Marks the entries of these names, or all that are there, to be evaluated again.
    async fn unsettle(&self, names: Option<Vec<KeyHash>>) -> Result<(), StateError>;
    /// Who bears each of these names, by number, at most `limit` each.
    async fn bearers(&self, names: Vec<KeyHash>, limit: usize) -> Result<Vec<Vec<CsId>>, StateError>;
    /// Who refers to each of these names, by number, at most `limit` each.
    async fn referrers(&self, names: Vec<KeyHash>, limit: usize) -> Result<Vec<Vec<CsId>>, StateError>;
    /// Whom these entries are joined to, in this order.
    async fn roots(&self, ids: Vec<CsId>) -> Result<Vec<Option<CsId>>, StateError>;
    /// The entries that are joined to these, in this order.
    async fn joined(&self, ids: Vec<CsId>) -> Result<Vec<Vec<Held>>, StateError>;
    /// Entries that are marked, at most `limit`, fewer where they are large; none at the end.
    async fn unsettled(&self, limit: usize) -> Result<Vec<Held>, StateError>;
    /// A text that was kept by name.
    async fn note(&self, name: &'static str) -> Result<Option<String>, StateError>;
    /// Keeps a text by name, in place of the one before.
    async fn put_note(&self, name: &'static str, text: String) -> Result<(), StateError>;
    /// Numbers of the state. Cheap.
    async fn counts(&self) -> Result<Counts, StateError>;
    /// Commits changes. The answer has the numbers of the upserts, in their order.
    async fn apply(&self, batch: Batch) -> Result<Vec<CsId>, StateError>;

    /// What the connector space has under these anchors, in this order.
    async fn lookup(&self, anchors: Vec<SourceAnchor>) -> Result<Vec<Option<Held>>, StateError>;
    /// The numbers of these anchors and whether each is gone, in this order.
    async fn find(&self, anchors: Vec<SourceAnchor>) -> Result<Vec<Option<(CsId, bool)>>, StateError>;
    /// The numbers of entries after `after` that are not gone, in order, at most `limit`.
    async fn present_ids(&self, after: CsId, limit: usize) -> Result<Vec<CsId>, StateError>;
    /// Entries by number; those that do not exist are left out.
    async fn entries(&self, ids: Vec<CsId>) -> Result<Vec<Held>, StateError>;
    /// Entries after `after` that are not gone, in order of their numbers; about `limit`.
    async fn scan(&self, after: CsId, limit: usize) -> Result<Vec<Held>, StateError>;
    /// What is known of these containers.
    async fn containers(&self, dns: Vec<KeyHash>) -> Result<Vec<Option<ContainerRow>>, StateError>;
    /// Empties the indexes of keys, references and containers, before they are made anew.
    async fn clear_indexes(&self) -> Result<(), StateError>;

    /// Pending objects of a stage after `after`, in order of their numbers; at most `limit`, fewer where they are
    /// large; empty at the end.
    async fn pending(&self, stage: Stage, after: CsId, limit: usize) -> Result<Vec<ObjectRow>, StateError>;
    /// Large groups after `after` that are pending for nothing but some members, in order of their numbers; at most
    /// `limit`, fewer where many members changed; empty at the end. The work does not grow with the groups.
    async fn changed_members(&self, after: CsId, limit: usize) -> Result<Vec<ChangedGroup>, StateError>;
    /// What is known of the membership of each of these entries, which bear these names, in a group.
    async fn memberships(
        &self,
        group: CsId,
        entries: Vec<(CsId, Vec<KeyHash>)>,
    ) -> Result<Vec<Membership>, StateError>;
    /// Pending deletions after `after`, in order of their numbers, at most `limit`.
    async fn deletions(&self, after: CsId, limit: usize) -> Result<Vec<DeletionRow>, StateError>;
    /// What is to be done with one object; none where the connector space does not have it.
    async fn standing(&self, id: CsId) -> Result<Option<Standing>, StateError>;
    /// Whom these names mean, in this order. Where one name means several, the lowest anchor.
    async fn resolve(&self, names: Vec<KeyHash>) -> Result<Vec<Option<Target>>, StateError>;
    /// The anchors of these numbers, in this order.
    async fn anchors(&self, ids: Vec<CsId>) -> Result<Vec<Option<SourceAnchor>>, StateError>;
    /// How many pending objects there are, by what is to be done.
    async fn pending_counts(&self) -> Result<PendingCounts, StateError>;

    /// Records what the target answered.
    async fn record(&self, outcomes: Vec<Outcome>, now: Timestamp) -> Result<(), StateError>;
    /// Anchors of what had errors and is no object any more, at most `limit`.
    async fn past_errors(&self, limit: usize) -> Result<Vec<SourceAnchor>, StateError>;
    /// The target was told that these errors are over.
    async fn told_past(&self, anchors: Vec<SourceAnchor>) -> Result<(), StateError>;
    /// Marks all pending deletions as approved.
    async fn approve_deletions(&self) -> Result<(), StateError>;
    /// Deletions recorded since `since`, by kind.
    async fn deleted_since(&self, since: Timestamp) -> Result<BTreeMap<ObjectKind, u64>, StateError>;
    /// Makes an object pending, whether it was refused or settled.
    async fn take_up(&self, id: CsId) -> Result<(), StateError>;
    /// Makes refused objects pending again whose time has come (`None`: all of them). Answers when the next is
    /// due.
    async fn retry_refused(&self, now: Option<Timestamp>) -> Result<Option<Timestamp>, StateError>;

    /// Takes a page of the target's inventory: what is confirmed becomes what the target says, an object that is
    /// not in the connector space becomes one that is gone; what differs becomes pending. Answers the numbers.
    async fn take_inventory(&self, rows: Vec<InventoryRow>) -> Result<Vec<CsId>, StateError>;
    /// The numbers of confirmed objects after `after`, in order, at most `limit`.
    async fn confirmed_ids(&self, after: CsId, limit: usize) -> Result<Vec<CsId>, StateError>;
    /// The target does not hold these: nothing of them is confirmed, and they become pending.
    async fn forget_confirmed(&self, ids: Vec<CsId>) -> Result<(), StateError>;

    /// A private copy to make a preview in; it vanishes with the last reference.
    async fn scratch(&self) -> Result<Arc<dyn StateStore>, StateError>;
}

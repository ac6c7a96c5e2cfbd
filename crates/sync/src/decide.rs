//! What decides about an entry: the rules, with all that they can ask beside it.

use lockstep_engine::rules::{Circumstances, Mapped, Reference, Refers, Rules, Trace};
use lockstep_engine::{KeyHash, KeyHasher};
use lockstep_model::{Entry, Timestamp};
use std::sync::Arc;

/// The rules and their circumstances, as they were when it was made. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Decider {
    rules: Arc<Rules>,
    hasher: KeyHasher,
    /// The moment that rules are told.
    now: Timestamp,
}

impl Decider {
    pub(crate) fn new(rules: Arc<Rules>, hasher: KeyHasher, now: Timestamp) -> Self {
        Self { rules, hasher, now }
    }

    pub(crate) fn hasher(&self) -> &KeyHasher {
        &self.hasher
    }

    /// The hash of a reference.
    pub(crate) fn hash(&self, reference: &Reference) -> KeyHash {
        self.hasher.hash(reference)
    }

    /// The names under which others may refer to an entry.
    pub(crate) fn keys(&self, entry: &Entry) -> Vec<Reference> {
        self.rules.keys(entry)
    }

    /// What an entry is, and whom it refers to; none where it is out of scope.
    pub(crate) fn references(&self, entry: &Entry) -> Option<Refers> {
        self.rules.references(entry, self.circumstances(true))
    }

    /// What an entry becomes. `is_new`: the cloud does not have it yet.
    pub(crate) fn map(&self, entry: &Entry, is_new: bool) -> Mapped {
        self.rules.map(entry, self.circumstances(is_new))
    }

    /// The rules behind the properties of an entry.
    pub(crate) fn trace(&self, entry: &Entry, is_new: bool) -> Trace<'_> {
        self.rules.trace(entry, self.circumstances(is_new))
    }

    fn circumstances(&self, is_new: bool) -> Circumstances<'static> {
        Circumstances { member_of: &[], is_new, now: self.now }
    }
}

//! What decides about an entry: the rules and the scope, with all that they can ask beside it.

use crate::scope::ResolvedScope;
use lockstep_engine::rules::{Circumstances, Mapped, Reference, Rules, Trace};
use lockstep_engine::{KeyHash, KeyHasher};
use lockstep_model::{Entry, ObjectKind, Timestamp};
use std::borrow::Cow;
use std::sync::{Arc, PoisonError, RwLock};

/// The scope as it is now, shared by all that decide by it.
pub(crate) type SharedScope = Arc<RwLock<Arc<ResolvedScope>>>;

/// The rules and their circumstances. Cheap to clone; clones see the same scope.
#[derive(Clone, Debug)]
pub(crate) struct Decider {
    rules: Arc<Rules>,
    scope: SharedScope,
    hasher: KeyHasher,
    /// The moment that rules are told.
    now: Timestamp,
}

/// What an entry is, and whom it refers to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Named {
    /// What it is; none: out of scope.
    pub(crate) kind: Option<ObjectKind>,
    /// Whether the rules could say so; else it is a guess, and what it was before counts.
    pub(crate) certain: bool,
    /// Whom it refers to. They do not depend on the scope, so that an entry need not be looked for in the indexes
    /// when the scope changes around it.
    pub(crate) references: Vec<Reference>,
}

impl Decider {
    pub(crate) fn new(rules: Arc<Rules>, scope: SharedScope, hasher: KeyHasher, now: Timestamp) -> Self {
        Self { rules, scope, hasher, now }
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

    fn scope(&self) -> Arc<ResolvedScope> {
        self.scope.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What an entry is, and whom it refers to.
    pub(crate) fn name(&self, entry: &Entry) -> Named {
        let scope = self.scope();
        let groups = self.groups(entry, &scope);
        let refers = self.rules.references(entry, self.circumstances(&groups, true));
        let mut named = Named { certain: true, ..Named::default() };
        if scope.asks_groups() {
            // In either case it refers to the same.
            let all = self.rules.groups_asked();
            for groups in [&[][..], &all] {
                let refers = self.rules.references(entry, self.circumstances(groups, true));
                named.references.extend(refers.into_iter().flat_map(|refers| refers.references));
            }
        }
        if let Some(refers) = refers {
            named.kind = scope.refuses(entry).is_none().then_some(refers.kind);
            named.certain = refers.certain;
            named.references.extend(refers.references);
        }
        named
    }

    /// Whom an entry refers to, whatever the scope.
    pub(crate) fn references(&self, entry: &Entry) -> Vec<Reference> {
        let refers = self.rules.references(entry, self.circumstances(&[], true));
        refers.map(|refers| refers.references).unwrap_or_default()
    }

    /// What an entry becomes. `is_new`: the cloud does not have it yet.
    pub(crate) fn map(&self, entry: &Entry, is_new: bool) -> Mapped {
        let scope = self.scope();
        if let Some(reason) = scope.refuses(entry) {
            return Mapped::OutOfScope { reason: Cow::Borrowed(reason) };
        }
        let groups = self.groups(entry, &scope);
        self.rules.map(entry, self.circumstances(&groups, is_new))
    }

    /// What an entry became when it was in scope, whatever is now.
    pub(crate) fn map_as_in_scope(&self, entry: &Entry, is_new: bool) -> Mapped {
        let groups = self.groups(entry, &self.scope());
        match self.rules.map(entry, self.circumstances(&groups, is_new)) {
            Mapped::OutOfScope { .. } if self.scope().asks_groups() => {
                self.rules.map(entry, self.circumstances(&self.rules.groups_asked(), is_new))
            }
            mapped => mapped,
        }
    }

    /// Whether a flow is for new objects only.
    pub(crate) fn asks_whether_new(&self) -> bool {
        self.rules.asks_whether_new()
    }

    /// The rules behind the properties of an entry.
    pub(crate) fn trace(&self, entry: &Entry, is_new: bool) -> Trace<'_> {
        let groups = self.groups(entry, &self.scope());
        self.rules.trace(entry, self.circumstances(&groups, is_new))
    }

    fn groups(&self, entry: &Entry, scope: &ResolvedScope) -> Vec<String> {
        if !scope.asks_groups() {
            return Vec::new();
        }
        let keys: Vec<KeyHash> = self.keys(entry).iter().map(|key| self.hash(key)).collect();
        scope.groups_of(&keys)
    }

    const fn circumstances<'a>(&self, member_of: &'a [String], is_new: bool) -> Circumstances<'a> {
        Circumstances { member_of, is_new, now: self.now }
    }
}

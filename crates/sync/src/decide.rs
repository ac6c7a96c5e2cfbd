//! What decides about an entry: the rules and the scope, with all that they can ask beside it.

use crate::codec::{Composite, Doubt, DoubtCause};
use crate::scope::ResolvedScope;
use lockstep_engine::rules::sync_rules::{Contributor, JoinValues, Joins, Tried};
use lockstep_engine::rules::{Circumstances, Mapped, Reference, Rules, Trace};
use lockstep_engine::{KeyHash, KeyHasher};
use lockstep_model::rules::ExpressionSide;
use lockstep_model::{Entry, ErrorCode, ObjectKind, ObjectRef, Property, SourceAnchor, SyncError, Timestamp};
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

    /// The rules.
    pub(crate) fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The number of the source that an entry is of.
    pub(crate) fn source_of(&self, anchor: &SourceAnchor) -> usize {
        self.rules.source_of(anchor)
    }

    /// Whether there is more than one source.
    pub(crate) fn joins(&self) -> bool {
        !self.rules.sources().is_empty()
    }

    /// The hash of a DN in the source of an entry.
    pub(crate) fn dn_hash(&self, anchor: &SourceAnchor, normalized: &str) -> KeyHash {
        self.hasher.of_source(self.source_of(anchor)).dn(normalized)
    }

    /// The names under which others may refer to an entry.
    pub(crate) fn keys(&self, entry: &Entry) -> Vec<Reference> {
        let keys = self.rules.keys(entry);
        match self.source_of(&entry.anchor) {
            0 => keys,
            source => keys.into_iter().map(|key| key.of_source(source)).collect(),
        }
    }

    fn scope(&self) -> Arc<ResolvedScope> {
        self.scope.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What an entry is, and whom it refers to.
    pub(crate) fn name(&self, composite: &Composite) -> Named {
        let scope = self.scope();
        let entry = &composite.entry;
        let others = self.others(composite, usize::MAX);
        let groups = self.groups(entry, &scope);
        let refers = self.rules.references(entry, self.circumstances(entry, &others, &groups, true));
        let mut named = Named { certain: true, ..Named::default() };
        if scope.asks_groups() {
            // In either case it refers to the same.
            let all = self.rules.groups_asked();
            for groups in [&[][..], &all] {
                let refers = self.rules.references(entry, self.circumstances(entry, &others, groups, true));
                named.references.extend(refers.into_iter().flat_map(|refers| refers.references));
            }
        }
        if let Some(refers) = refers {
            named.kind = self.refuses(entry, &scope).is_none().then_some(refers.kind);
            named.certain = refers.certain;
            named.references.extend(refers.references);
        }
        named
    }

    /// Whom an entry refers to, whatever the scope.
    pub(crate) fn references(&self, composite: &Composite) -> Vec<Reference> {
        let others = self.others(composite, usize::MAX);
        let circumstances = self.circumstances(&composite.entry, &others, &[], true);
        let refers = self.rules.references(&composite.entry, circumstances);
        refers.map(|refers| refers.references).unwrap_or_default()
    }

    /// What an entry becomes. `is_new`: the cloud does not have it yet.
    pub(crate) fn map(&self, composite: &Composite, is_new: bool) -> Mapped {
        let scope = self.scope();
        let entry = &composite.entry;
        if let Some(failed) = self.doubt(composite) {
            return failed;
        }
        if let Some(reason) = self.refuses(entry, &scope) {
            return Mapped::OutOfScope { reason: Cow::Borrowed(reason) };
        }
        let groups = self.groups(entry, &scope);
        let others = self.others(composite, usize::MAX);
        self.rules.map(entry, self.circumstances(entry, &others, &groups, is_new))
    }

    /// What an entry became when it was in scope, whatever is now.
    pub(crate) fn map_as_in_scope(&self, composite: &Composite, is_new: bool) -> Mapped {
        let entry = &composite.entry;
        let others = self.others(composite, usize::MAX);
        let groups = self.groups(entry, &self.scope());
        match self.rules.map(entry, self.circumstances(entry, &others, &groups, is_new)) {
            Mapped::OutOfScope { .. } if self.scope().asks_groups() => {
                let groups = self.rules.groups_asked();
                self.rules.map(entry, self.circumstances(entry, &others, &groups, is_new))
            }
            mapped => mapped,
        }
    }

    /// Whether a group refers to its members and to no one else: not so where a scope asks who is in a group, for an
    /// entry then refers to all that it may refer to in either case.
    pub(crate) fn refers_to_members_only(&self) -> bool {
        !self.scope().asks_groups()
    }

    /// Whether a flow is for new objects only.
    pub(crate) fn asks_whether_new(&self) -> bool {
        self.rules.asks_whether_new()
    }

    /// The rules behind the properties of an entry.
    pub(crate) fn trace(&self, composite: &Composite, is_new: bool) -> Trace<'_> {
        self.trace_of(composite, is_new, |_| true)
    }

    /// As [`Decider::trace`], of those properties that are wanted.
    pub(crate) fn trace_of(
        &self,
        composite: &Composite,
        is_new: bool,
        wanted: impl Fn(Property) -> bool,
    ) -> Trace<'_> {
        let entry = &composite.entry;
        let others = self.others(composite, usize::MAX);
        let groups = self.groups(entry, &self.scope());
        self.rules.trace_of(entry, self.circumstances(entry, &others, &groups, is_new), wanted)
    }

    /// Works out an expression for an entry.
    pub(crate) fn try_expression(&self, composite: &Composite, text: &str, side: ExpressionSide) -> Tried {
        let entry = &composite.entry;
        let others = self.others(composite, usize::MAX);
        let groups = self.groups(entry, &self.scope());
        self.rules.try_expression(text, side, entry, self.circumstances(entry, &others, &groups, true))
    }

    /// By what an entry of a further source is joined.
    pub(crate) fn joins_of(&self, entry: &Entry) -> Option<Joins> {
        if self.source_of(&entry.anchor) == 0 {
            return None;
        }
        // Two rules that join are an error of the object that it makes by itself.
        self.rules.joins(entry, self.circumstances(entry, &[], &[], true)).ok().flatten()
    }

    /// What entries of a source can be joined to this one by, as it is with those of the sources before.
    pub(crate) fn join_values(&self, composite: &Composite, source: usize) -> Option<JoinValues> {
        let scope = self.scope();
        let entry = &composite.entry;
        if self.refuses(entry, &scope).is_some() || composite.doubt.is_some() {
            return None;
        }
        let groups = self.groups(entry, &scope);
        let others = self.others(composite, source);
        self.rules.join_values(entry, self.circumstances(entry, &others, &groups, true), source)
    }

    /// The names under which an entry is found by those that join it, whatever the scope.
    pub(crate) fn join_keys(&self, composite: &Composite) -> Vec<KeyHash> {
        let entry = &composite.entry;
        let mut hashes = Vec::new();
        let all = self.rules.groups_asked();
        let both = [&[][..], &all];
        let cases = if all.is_empty() { &both[..1] } else { &both[..] };
        for source in self.source_of(&entry.anchor) + 1..=self.rules.sources().len() {
            let others = self.others(composite, source);
            for groups in cases {
                let circumstances = self.circumstances(entry, &others, groups, true);
                let values = self.rules.join_values(entry, circumstances, source);
                let names = values.iter().flat_map(JoinValues::names);
                hashes.extend(names.map(|name| self.hasher.join(name.as_str())));
            }
        }
        hashes
    }

    /// The error of an entry of which cannot be told where it belongs.
    fn doubt(&self, composite: &Composite) -> Option<Mapped> {
        let Doubt { cause, by, who } = composite.doubt.as_ref()?;
        let entry = &composite.entry;
        let kind = self.joins_of(entry).map_or(ObjectKind::User, |joins| joins.kind());
        let listed = who.join("; ");
        let (message, remedy) = match cause {
            DoubtCause::Several => (
                format!(
                    "'{}' could belong to several objects by {by}: {listed}; it is joined to none",
                    entry.dn
                ),
                format!("Correct {by} of one of them, so that only one has what this entry asks for."),
            ),
            DoubtCause::Contested => (
                format!(
                    "'{}' and other entries of its source claim one object by {by}: {listed}; none of them is joined",
                    entry.dn
                ),
                format!("Correct {by} of the others, or take them out of the directory's scope."),
            ),
        };
        let name = ["displayname", "cn", "uid"].iter().find_map(|name| entry.attributes.text(name));
        let error = SyncError {
            code: ErrorCode::AmbiguousJoin,
            object: ObjectRef {
                kind: Some(kind),
                id: None,
                anchor: Some(entry.anchor.clone()),
                name: name.unwrap_or(&entry.dn).to_owned(),
                dn: Some(entry.dn.clone()),
            },
            property: Some(by.clone()),
            value: None,
            value_in_force: None,
            other: None,
            message,
            remedy,
        };
        Some(Mapped::Failed { kind, errors: vec![error] })
    }

    /// Containers are chosen in the first source.
    fn refuses(&self, entry: &Entry, scope: &ResolvedScope) -> Option<&'static str> {
        if self.source_of(&entry.anchor) == 0 { scope.refuses(entry) } else { None }
    }

    /// Those that are joined, of sources before this one.
    fn others<'c>(&self, composite: &'c Composite, before: usize) -> Vec<Contributor<'c>> {
        let parts =
            composite.parts.iter().map(|entry| Contributor { entry, source: self.source_of(&entry.anchor) });
        parts.filter(|part| part.source > 0 && part.source < before).collect()
    }

    fn groups(&self, entry: &Entry, scope: &ResolvedScope) -> Vec<String> {
        if !scope.asks_groups() {
            return Vec::new();
        }
        let keys: Vec<KeyHash> = self.keys(entry).iter().map(|key| self.hash(key)).collect();
        scope.groups_of(&keys)
    }

    fn circumstances<'a>(
        &self,
        entry: &Entry,
        others: &'a [Contributor<'a>],
        member_of: &'a [String],
        is_new: bool,
    ) -> Circumstances<'a> {
        Circumstances { source: self.source_of(&entry.anchor), others, member_of, is_new, now: self.now }
    }
}

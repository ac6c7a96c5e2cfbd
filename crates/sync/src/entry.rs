//! What one entry's change means: the entry as it is now, what the mapping makes of it, and what changes in the
//! indexes. Pure, for an import calls it for thousands at once beside the tasks that wait for the network.

use crate::codec::{self, Composite};
use crate::decide::Decider;
use crate::state::{Held, IndexChange, LARGE_GROUP, Upsert};
use lockstep_engine::rules::{Mapped, Reference};
use lockstep_engine::{CsId, KeyHash};
use lockstep_model::{AttributeName, Entry, ObjectKind, SourceAnchor, dn};
use lockstep_sources::{EntryChange, Extent};
use std::collections::{BTreeSet, HashSet};

/// A container that has another DN.
pub(crate) struct Moved {
    /// Normalized.
    pub(crate) from: String,
    /// As written.
    pub(crate) to: String,
}

impl Moved {
    /// The new DN of an entry below the container; none for others.
    pub(crate) fn new_name(&self, name: &str) -> Option<String> {
        let normalized = dn::normalize(name)?;
        if normalized == self.from || !dn::is_within(&normalized, &self.from) {
            return None;
        }
        let parsed = dn::Dn::parse(name).ok()?;
        let depth = dn::Dn::parse(&self.from).ok()?.rdns().len();
        let mut own = name;
        let mut kept = 0;
        // The leading part, as the server wrote it: up to the comma before the container's own part.
        for _ in 0..parsed.rdns().len().checked_sub(depth)? {
            kept = kept + next_comma(own)? + 1;
            own = name.get(kept..)?;
        }
        Some(format!("{}{}", name.get(..kept)?, self.to))
    }
}

/// Where the first component of a DN ends.
fn next_comma(name: &str) -> Option<usize> {
    let mut escaped = false;
    name.bytes().position(|byte| {
        let is_end = byte == b',' && !escaped;
        escaped = byte == b'\\' && !escaped;
        is_end
    })
}

/// One entry with what is known and what is said of it.
pub(crate) struct Job {
    pub(crate) anchor: SourceAnchor,
    pub(crate) held: Option<Held>,
    pub(crate) changes: Vec<EntryChange>,
}

/// What a change comes to.
pub(crate) enum Worked {
    /// As it was.
    Same(CsId),
    /// The source did not say where a new entry lies.
    NoDn,
    Changed {
        upsert: Box<Upsert>,
        may_delete: bool,
    },
}

/// What an entry is called and whom it calls.
#[derive(Default)]
pub(crate) struct Names {
    pub(crate) keys: Vec<KeyHash>,
    pub(crate) references: Vec<KeyHash>,
    /// By what it is found by those that join it, and by what it looks for what it joins itself.
    pub(crate) joins: Joins,
    /// The names of the entries that are joined to it: who refers to one of them means it.
    parts: Vec<KeyHash>,
    pub(crate) parent: Option<(KeyHash, String)>,
    pub(crate) own: Option<KeyHash>,
}

/// The names by which entries of several sources find each other.
#[derive(Default)]
pub(crate) struct Joins {
    pub(crate) keys: Vec<KeyHash>,
    pub(crate) references: Vec<KeyHash>,
}

impl Names {
    /// The names of an entry, and its kind where it is in scope. `was`: its kind before, which stays where the rules
    /// cannot say.
    pub(crate) fn of(
        composite: &Composite,
        decider: &Decider,
        was: Option<ObjectKind>,
    ) -> (Self, Option<ObjectKind>) {
        let entry = &composite.entry;
        let named = decider.name(composite);
        let kind = match was {
            Some(was) if !named.certain => Some(was),
            _ => named.kind,
        };
        let names = decider.keys(entry);
        let keys = sorted(names.iter().map(|key| decider.hash(key)));
        let references = sorted(named.references.iter().map(|reference| decider.hash(reference)));
        let own = names.iter().find_map(dn_of);
        let parent = own.and_then(dn::parent_of).map(|parent| {
            let written = next_comma(&entry.dn).and_then(|at| entry.dn.get(at + 1..)).unwrap_or("");
            (decider.dn_hash(&entry.anchor, parent), written.trim_start().to_owned())
        });
        let joins = if decider.joins() { Joins::of(composite, decider) } else { Joins::default() };
        let own = own.map(|own| decider.dn_hash(&entry.anchor, own));
        let parts = composite.parts.iter().flat_map(|part| decider.keys(part));
        let parts = parts.map(|key| decider.hash(&key)).collect();
        (Self { keys, references, joins, parts, parent, own }, kind)
    }

    /// All names that the indexes have of it.
    pub(crate) fn all_keys(&self) -> Vec<KeyHash> {
        self.keys.iter().chain(&self.joins.keys).copied().collect()
    }

    /// All that the indexes have of whom it refers to.
    pub(crate) fn all_references(&self) -> Vec<KeyHash> {
        self.references.iter().chain(&self.joins.references).copied().collect()
    }
}

impl Joins {
    fn of(composite: &Composite, decider: &Decider) -> Self {
        let joins = decider.joins_of(&composite.entry);
        let names = joins.iter().flat_map(|joins| joins.names());
        Self {
            keys: sorted(decider.join_keys(composite).into_iter()),
            references: sorted(names.map(|name| decider.hasher().join(name.as_str()))),
        }
    }

    /// Whom it concerns that an entry came or went.
    pub(crate) fn all(&self) -> Vec<KeyHash> {
        self.keys.iter().chain(&self.references).copied().collect()
    }
}

fn dn_of(name: &Reference) -> Option<&str> {
    match name {
        Reference::Dn(name) => Some(name),
        Reference::Uid(_) => None,
        Reference::In { name, .. } => dn_of(name),
    }
}

fn sorted(hashes: impl Iterator<Item = KeyHash>) -> Vec<KeyHash> {
    let mut hashes: Vec<KeyHash> = hashes.collect();
    hashes.sort_unstable();
    hashes.dedup();
    hashes
}

/// Works out what a change, or several of one entry, come to.
pub(crate) fn work_out(job: Job, decider: &Decider, first: bool) -> Worked {
    let Job { anchor, held, changes } = job;
    let decode = |held: &Held| codec::decode(anchor.clone(), &held.raw);
    // A whole entry says all of itself; what was held matters for the indexes only, if it changed at all.
    let whole = changes.iter().all(|change| change.extent == Extent::Whole && change.dn.is_some());
    let mut now = if whole { None } else { held.as_ref().and_then(decode) };
    for change in changes {
        now = merge(now, change);
    }
    let Some(entry) = now else { return Worked::NoDn };
    let own = codec::encode(&entry.dn, &entry.attributes);
    let was_there = held.as_ref().is_some_and(|held| held.gone.is_none());
    if let Some(held) = held.as_ref().filter(|held| was_there && codec::own(&held.raw) == own) {
        return Worked::Same(held.id);
    }
    let before = held.as_ref().filter(|_| was_there);
    // Those that are joined to it stay so until it is evaluated again.
    let (raw, mut composite) =
        match before.filter(|_| decider.joins()).and_then(|held| codec::split(&held.raw)) {
            Some(split) if !split.parts.is_empty() || split.doubt.is_some() => {
                let raw = codec::compose(&own, &split.parts, split.doubt.as_ref());
                let parts = split.parts.into_iter().filter_map(|(anchor, raw)| codec::decode(anchor, &raw));
                (raw, Composite { entry, parts: parts.collect(), doubt: split.doubt })
            }
            _ => (own, Composite { entry, parts: Vec::new(), doubt: None }),
        };
    let old_kind = before.and_then(|held| held.kind);
    let mut old = before.and_then(|held| codec::decode_whole(anchor.clone(), &held.raw));
    // What is made of the values hangs on the classes.
    let classes = |entry: &Entry| entry.attributes.values("objectclass").to_vec();
    let common = match &mut old {
        Some(old) if classes(&old.entry) == classes(&composite.entry) => {
            Common::take_from(&mut old.entry, &mut composite.entry, decider.rules().link_attributes())
        }
        _ => Common::default(),
    };
    let (names, kind) = Names::of(&composite, decider, old_kind);
    let links_only = kind == Some(ObjectKind::Group)
        && kind == old_kind
        && common.count + names.references.len() >= LARGE_GROUP
        && old.as_ref().is_some_and(|old| differ_in_links_only(old, &composite, decider));
    let is_further = decider.source_of(&anchor) > 0;
    // Whether an entry of a further source is an object of its own is not known before it is settled.
    let kind = if is_further { old_kind } else { kind };
    let mut before = old.map(|old| Names::of(&old, decider, None).0).unwrap_or_default();
    common.stay(&mut before.references, &names.references, composite, decider);
    let upsert = Upsert {
        id: held.as_ref().map(|held| held.id),
        anchor,
        kind,
        raw,
        index: index_change(before, names, was_there && old_kind != kind, first),
        // Whoever is joined to it looks anew whether it is an object still.
        unsettled: is_further || (decider.joins() && was_there),
        links_only,
    };
    Worked::Changed {
        upsert: Box::new(upsert),
        may_delete: decider.joins() || (was_there && old_kind.is_some() && old_kind != kind),
    }
}

/// An entry that did not change itself, evaluated again; none where it is what it was.
pub(crate) fn rework(held: &Held, decider: &Decider) -> Option<Upsert> {
    if held.gone.is_some() {
        return None;
    }
    let composite = codec::decode_whole(held.anchor.clone(), &held.raw)?;
    let (names, kind) = Names::of(&composite, decider, held.kind);
    if kind == held.kind {
        return None;
    }
    Some(Upsert {
        id: Some(held.id),
        anchor: held.anchor.clone(),
        kind,
        raw: held.raw.clone(),
        // Keys hold the kind, and who refers to them sees another one.
        index: IndexChange { keys_added: names.all_keys(), touched: names.keys, ..IndexChange::default() },
        unsettled: false,
        links_only: false,
    })
}

/// Values of links that an entry had and has. Each is taken by itself, so what changes is told by the others.
#[derive(Default)]
struct Common {
    values: Vec<(AttributeName, Vec<Vec<u8>>)>,
    count: usize,
}

impl Common {
    /// Takes them out of both.
    fn take_from(old: &mut Entry, new: &mut Entry, links: &[&str]) -> Self {
        let mut common = Self::default();
        for link in links {
            if new.attributes.values(link).len() < LARGE_GROUP || old.attributes.values(link).is_empty() {
                continue;
            }
            let was = old.attributes.take(link).unwrap_or_default();
            let is = new.attributes.take(link).unwrap_or_default();
            let before: HashSet<&[u8]> = was.iter().map(Vec::as_slice).collect();
            let after: HashSet<&[u8]> = is.iter().map(Vec::as_slice).collect();
            let lost =
                was.iter().filter(|value| !after.contains(value.as_slice())).cloned().collect::<Vec<_>>();
            let is_new: Vec<bool> = is.iter().map(|value| !before.contains(value.as_slice())).collect();
            let mut is_new = is_new.into_iter();
            let (got, both): (Vec<_>, Vec<_>) = is.into_iter().partition(|_| is_new.next().unwrap_or(true));
            common.count += both.len();
            let name = AttributeName::new(link);
            for (entry, values) in [(&mut *old, lost), (&mut *new, got)] {
                if !values.is_empty() {
                    entry.attributes.add(name.clone(), values);
                }
            }
            common.values.push((name, both));
        }
        common
    }

    /// Of the names that were referred to, those stay that another value refers to still.
    fn stay(self, before: &mut Vec<KeyHash>, after: &[KeyHash], mut composite: Composite, decider: &Decider) {
        if self.values.is_empty() || before.iter().all(|name| after.binary_search(name).is_ok()) {
            return;
        }
        for (name, values) in self.values {
            composite.entry.attributes.take(name.as_str());
            composite.entry.attributes.add(name, values);
        }
        let stay = Names::of(&composite, decider, None).0.references;
        before.retain(|name| stay.binary_search(name).is_err());
    }
}

/// Whether two states of a group come to the same but for their members.
fn differ_in_links_only(old: &Composite, new: &Composite, decider: &Decider) -> bool {
    match (decider.map(old, false), decider.map(new, false)) {
        (Mapped::Object(old), Mapped::Object(new)) => {
            old.kind == new.kind && old.properties == new.properties && old.errors == new.errors
        }
        _ => false,
    }
}

pub(crate) fn index_change(before: Names, after: Names, kind_changed: bool, first: bool) -> IndexChange {
    let keys = lockstep_engine::link_difference(&before.keys, &after.keys);
    let references = lockstep_engine::link_difference(&before.references, &after.references);
    let join_keys = lockstep_engine::link_difference(&before.joins.keys, &after.joins.keys);
    let joins = lockstep_engine::link_difference(&before.joins.references, &after.joins.references);
    let touched = match (first, kind_changed) {
        (true, _) => Vec::new(),
        (false, true) => {
            [&before.keys, &after.keys, &before.parts, &after.parts].into_iter().flatten().copied().collect()
        }
        (false, false) => keys.added.iter().chain(&keys.removed).copied().collect(),
    };
    let joining = [&join_keys, &joins];
    let unsettles =
        joining.iter().flat_map(|names| names.added.iter().chain(&names.removed)).copied().collect();
    let moved = before.parent.as_ref().map(|p| p.0) != after.parent.as_ref().map(|p| p.0);
    IndexChange {
        // Keys hold the kind: another kind writes them all again.
        keys_added: if kind_changed { after.all_keys() } else { both(keys.added, join_keys.added) },
        keys_removed: both(keys.removed, join_keys.removed),
        references_added: both(references.added, joins.added),
        references_removed: both(references.removed, joins.removed),
        touched,
        unsettles,
        left: if moved { before.parent.map(|p| p.0) } else { None },
        joined: if moved { after.parent } else { None },
        own: if moved && !first { after.own } else { None },
    }
}

fn both(mut one: Vec<KeyHash>, other: Vec<KeyHash>) -> Vec<KeyHash> {
    one.extend(other);
    one
}

/// The entry after a change.
fn merge(before: Option<Entry>, change: EntryChange) -> Option<Entry> {
    let dn = change.dn.or_else(|| before.as_ref().map(|before| before.dn.clone()))?;
    if change.extent == Extent::Whole {
        return Some(Entry { anchor: change.anchor, dn, attributes: change.attributes });
    }
    let mut entry = before.unwrap_or_else(|| Entry {
        anchor: change.anchor.clone(),
        dn: String::new(),
        attributes: lockstep_model::Attributes::new(),
    });
    entry.dn = dn;
    for (name, values) in change.attributes.iter() {
        entry.attributes.take(name.as_str());
        if !values.is_empty() {
            entry.attributes.add(name.clone(), values.iter().cloned());
        }
    }
    for links in change.links {
        let removed: BTreeSet<String> = links.removed.iter().filter_map(|name| dn::normalize(name)).collect();
        let mut values = entry.attributes.take(links.attribute.as_str()).unwrap_or_default();
        let name_of = |value: &[u8]| std::str::from_utf8(value).ok().and_then(dn::normalize);
        values.retain(|value| name_of(value).is_none_or(|name| !removed.contains(&name)));
        let there: BTreeSet<String> = values.iter().filter_map(|value| name_of(value)).collect();
        values.extend(
            links
                .added
                .into_iter()
                .filter(|name| dn::normalize(name).is_none_or(|name| !there.contains(&name)))
                .map(String::into_bytes),
        );
        if !values.is_empty() {
            entry.attributes.add(links.attribute, values);
        }
    }
    Some(entry)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep_model::Attributes;
    use lockstep_sources::LinkChange;

    #[test]
    fn those_below_a_moved_container_keep_their_own_part_as_written() {
        let moved = Moved { from: "ou=a,dc=x".into(), to: "OU=B,DC=x".into() };
        let check =
            |name: &str, expect: Option<&str>| assert_eq!(moved.new_name(name).as_deref(), expect, "{name}");
        check("uid=ann,ou=a,dc=x", Some("uid=ann,OU=B,DC=x"));
        check("cn=Lee\\, Ann,OU=Deep , OU=A,dc=X", Some("cn=Lee\\, Ann,OU=Deep ,OU=B,DC=x"));
        check("cn=a\\\\,ou=a,dc=x", Some("cn=a\\\\,OU=B,DC=x"));
        check("ou=a,dc=x", None);
        check("uid=ann,ou=aa,dc=x", None);
        check("no name", None);
    }

    #[test]
    fn part_of_an_entry_leaves_the_rest_as_it_was() {
        let name = |text: &str| AttributeName::new(text);
        let values = |list: &[&str]| list.iter().map(|value| value.as_bytes().to_vec()).collect::<Vec<_>>();
        let anchor = SourceAnchor::new("g").unwrap();
        let mut attributes = Attributes::new();
        attributes.add(name("cn"), values(&["G"]));
        attributes.add(name("description"), values(&["old"]));
        attributes.add(name("member"), values(&["UID=a,dc=x", "uid=b,dc=x"]));
        let before = Entry { anchor: anchor.clone(), dn: "cn=g".into(), attributes };
        let change = EntryChange {
            anchor,
            dn: None,
            extent: Extent::Partial,
            attributes: [(name("description"), vec![])].into_iter().collect(),
            links: vec![LinkChange {
                attribute: name("member"),
                added: vec!["uid=c,dc=x".into(), "uid=B,dc=x".into()],
                removed: vec!["uid=a, dc=x".into()],
            }],
        };
        let after = merge(Some(before), change).unwrap();
        assert_eq!((after.dn.as_str(), after.attributes.text("cn")), ("cn=g", Some("G")));
        assert!(!after.attributes.has("description"));
        assert_eq!(after.attributes.values("member"), values(&["uid=b,dc=x", "uid=c,dc=x"]));
    }
}

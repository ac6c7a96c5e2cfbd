//! What the directory asks for: every entry mapped, every reference resolved.

use crate::sample::Manifest;
use anyhow::{Context as _, bail};
use lockstep_model::{Attributes, Entry, ObjectKind, Properties, SourceAnchor, Timestamp, dn};
use lockstep_rules::{Circumstances, Mapped, Reference, Rules};
use lockstep_sources::{Source, SourceEvent};
use lockstep_sync::{Containers, ScopeSettings};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Events on their way from the source.
const QUEUE: usize = 256;

/// All objects that the directory asks for.
#[derive(Default)]
pub(super) struct Wanted {
    pub(super) objects: BTreeMap<SourceAnchor, WantedObject>,
    /// How many objects claim an address, by the address in lower case.
    pub(super) addresses: HashMap<String, u32>,
    /// The entries that the manifest names, by normalized DN.
    pub(super) watched: BTreeMap<String, Watched>,
}

/// An entry that the manifest names.
pub(super) struct Watched {
    pub(super) anchor: SourceAnchor,
    pub(super) attributes: Attributes,
}

/// One object, as it should be in the tenant.
pub(super) struct WantedObject {
    pub(super) kind: ObjectKind,
    pub(super) dn: String,
    pub(super) properties: Properties,
    pub(super) manager: Option<SourceAnchor>,
    pub(super) members: BTreeSet<SourceAnchor>,
    /// References that lead to no object.
    pub(super) unresolved: u64,
}

/// References of one object, before all names are known.
struct Links {
    anchor: SourceAnchor,
    manager: Option<Reference>,
    members: Vec<Reference>,
}

/// Reads the directory whole.
pub(super) async fn read(
    source: &mut dyn Source,
    rules: &Rules,
    scope: &ScopeSettings,
    manifest: Option<&Manifest>,
    now: Timestamp,
) -> anyhow::Result<Wanted> {
    let mut reading = Reading::new(rules, manifest, now);
    reading.waits = *scope != ScopeSettings::default() || !rules.groups_asked().is_empty();
    let (to, mut from) = mpsc::channel(QUEUE);
    let read = source.read(None, false, to, CancellationToken::new());
    let into = &mut reading;
    // Owns the receiving end: where it gives up, the source stops too.
    let take = async move {
        let mut complete = false;
        while let Some(event) = from.recv().await {
            match event {
                SourceEvent::Change(change) => {
                    let dn = change.dn.context("the source sent an entry without a DN")?;
                    into.entry(Entry { anchor: change.anchor, dn, attributes: change.attributes });
                }
                SourceEvent::Checkpoint { .. } => complete = true,
                SourceEvent::Begin(_) => complete = false,
                SourceEvent::Present(_) | SourceEvent::Gone(_) => {}
            }
        }
        anyhow::Ok(complete)
    };
    let (ended, complete) = tokio::join!(read, take);
    ended?;
    if !complete? {
        bail!("the source ended its read without saying that it was whole");
    }
    reading.take_waiting(scope);
    Ok(reading.resolve())
}

struct Reading<'a> {
    rules: &'a Rules,
    now: Timestamp,
    /// Entries are looked at when all are there: what they are depends on others.
    waits: bool,
    waiting: Vec<Entry>,
    wanted: Wanted,
    names: HashMap<Reference, SourceAnchor>,
    links: Vec<Links>,
    watch: BTreeSet<String>,
}

impl<'a> Reading<'a> {
    fn new(rules: &'a Rules, manifest: Option<&Manifest>, now: Timestamp) -> Self {
        let defects = manifest.map_or(&[][..], |m| &m.defects);
        let watch = defects.iter().flat_map(|d| &d.objects).filter_map(|name| dn::normalize(name)).collect();
        Self {
            rules,
            now,
            waits: false,
            waiting: Vec::new(),
            wanted: Wanted::default(),
            names: HashMap::new(),
            links: Vec::new(),
            watch,
        }
    }

    fn entry(&mut self, entry: Entry) {
        if self.waits {
            self.waiting.push(entry);
        } else {
            self.take(entry, &[]);
        }
    }

    /// Takes the entries that waited, as the containers chosen and the groups asked for have it.
    fn take_waiting(&mut self, scope: &ScopeSettings) {
        let waiting = std::mem::take(&mut self.waiting);
        let name_of = |chosen: &String| match dn::normalize(chosen) {
            Some(name) => Some(name),
            None => {
                let entry = waiting.iter().find(|entry| entry.anchor.as_str() == chosen.as_str())?;
                dn::normalize(&entry.dn)
            }
        };
        let names = |list: &[String]| list.iter().filter_map(name_of).collect();
        let containers = Containers::new(names(&scope.include), names(&scope.exclude));
        let nobody = Circumstances { source: 0, others: &[], member_of: &[], is_new: false, now: self.now };
        let mut members: HashMap<Reference, Vec<String>> = HashMap::new();
        for group in self.rules.groups_asked() {
            let entry = waiting.iter().find(|entry| dn::normalize(&entry.dn).as_ref() == Some(&group));
            let refers = entry.and_then(|entry| self.rules.references(entry, nobody));
            for member in refers.into_iter().flat_map(|refers| refers.references) {
                members.entry(member).or_default().push(group.clone());
            }
        }
        for entry in waiting {
            if containers.refuses(&entry.dn).is_none() {
                let keys = self.rules.keys(&entry);
                let groups: Vec<String> =
                    keys.iter().filter_map(|key| members.get(key)).flatten().cloned().collect();
                self.take(entry, &groups);
            }
        }
    }

    fn take(&mut self, entry: Entry, member_of: &[String]) {
        let circumstances = Circumstances { source: 0, others: &[], member_of, is_new: false, now: self.now };
        let Mapped::Object(object) = self.rules.map(&entry, circumstances) else { return };
        for key in self.rules.keys(&entry) {
            self.names.insert(key, entry.anchor.clone());
        }
        for address in object.properties.list(lockstep_model::Property::ProxyAddresses) {
            *self.wanted.addresses.entry(bare(address)).or_default() += 1;
        }
        if object.manager.is_some() || !object.members.is_empty() {
            self.links.push(Links {
                anchor: entry.anchor.clone(),
                manager: object.manager,
                members: object.members,
            });
        }
        let wanted = WantedObject {
            kind: object.kind,
            dn: entry.dn,
            properties: object.properties,
            manager: None,
            members: BTreeSet::new(),
            unresolved: object
                .errors
                .iter()
                .filter(|e| e.code == lockstep_model::ErrorCode::UnresolvedReference)
                .count() as u64,
        };
        if let Some(name) = dn::normalize(&wanted.dn).filter(|name| self.watch.contains(name)) {
            self.wanted
                .watched
                .insert(name, Watched { anchor: entry.anchor.clone(), attributes: entry.attributes });
        }
        self.wanted.objects.insert(entry.anchor, wanted);
    }

    fn resolve(mut self) -> Wanted {
        for links in self.links {
            let Some(object) = self.wanted.objects.get_mut(&links.anchor) else { continue };
            if let Some(manager) = links.manager {
                object.manager = self.names.get(&manager).cloned();
                object.unresolved += u64::from(object.manager.is_none());
            }
            for member in links.members {
                match self.names.get(&member) {
                    Some(anchor) => {
                        object.members.insert(anchor.clone());
                    }
                    None => object.unresolved += 1,
                }
            }
        }
        self.wanted
    }
}

/// An address without its prefix, in lower case.
pub(super) fn bare(address: &str) -> String {
    let prefixed = address.get(..5).is_some_and(|prefix| prefix.eq_ignore_ascii_case("smtp:"));
    let bare = if prefixed { address.get(5..).unwrap_or_default() } else { address };
    bare.to_lowercase()
}

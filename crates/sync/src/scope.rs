//! Scope: the containers that an admin chose, and the groups that rules ask for, as they are now.
//!
//! A container is chosen by its DN or its anchor. By DN it is pinned to its anchor when it is first seen: renamed
//! or moved, it stays chosen. What is resolved here is compared with what was, and only entries for which it makes
//! a difference are evaluated again.

use crate::codec::Composite;
use crate::state::StateStore;
use crate::{StateError, codec};
use lockstep_engine::rules::Reference;
use lockstep_engine::{CsId, KeyHash, KeyHasher};
use lockstep_model::{Entry, Fingerprint, SourceAnchor, dn};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

/// The note with the anchors of containers that were chosen by DN.
const PINS: &str = "scopePins";
/// The note with the anchors of entries that an admin took in.
const EXCEPTIONS: &str = "scopeExceptions";
/// The note with what the state was evaluated by.
const EVALUATED: &str = "scopeEvaluated";

/// What an admin chose. Each container is a DN, or the anchor of its entry (`entryUUID`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScopeSettings {
    /// Containers whose entries, and all below them, are in scope; none: all that is read.
    pub include: Vec<String>,
    /// Containers whose entries, and all below them, are out of scope. Where one lies in another, the nearer counts.
    pub exclude: Vec<String>,
}

/// The containers chosen, by the DNs that they have now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Containers {
    include: Vec<String>,
    exclude: Vec<String>,
}

impl Containers {
    /// The containers of these normalized DNs.
    pub const fn new(include: Vec<String>, exclude: Vec<String>) -> Self {
        Self { include, exclude }
    }

    /// Why an entry of this DN is out of scope, where it is.
    pub fn refuses(&self, name: &str) -> Option<&'static str> {
        if self.include.is_empty() && self.exclude.is_empty() {
            return None;
        }
        let name = dn::normalize(name)?;
        let nearest = |bases: &[String]| {
            bases.iter().filter(|base| dn::is_within(&name, base)).map(|base| base.len()).max()
        };
        match (nearest(&self.include), nearest(&self.exclude)) {
            (None, None) => {
                (!self.include.is_empty()).then_some("it lies in none of the containers that were chosen")
            }
            (Some(chosen), Some(excluded)) if chosen > excluded => None,
            (_, Some(_)) => Some("it lies under a DN that the configuration excludes"),
            (Some(_), None) => None,
        }
    }
}

/// The scope as it is now.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ResolvedScope {
    containers: Containers,
    /// Anchors of entries that an admin took in, wherever they lie.
    exceptions: BTreeSet<String>,
    groups: Vec<Group>,
}

/// A group that a rule asks for.
#[derive(Clone, Debug, PartialEq)]
struct Group {
    /// Its normalized DN.
    name: String,
    /// Of its entry.
    fingerprint: Fingerprint,
    members: Arc<HashSet<KeyHash>>,
}

impl ResolvedScope {
    /// Looks up what was chosen, and the groups that rules ask for.
    pub(crate) async fn load(
        state: &Arc<dyn StateStore>,
        hasher: &KeyHasher,
        settings: &ScopeSettings,
        groups: &[String],
        references: impl Fn(&Composite) -> Vec<Reference>,
    ) -> Result<Self, StateError> {
        let mut scope = Self::default();
        if !settings.include.is_empty() || !settings.exclude.is_empty() {
            scope.exceptions = exceptions(state).await?;
            let old = pins(state).await?;
            let mut pins = BTreeMap::new();
            for (chosen, names) in [
                (&settings.include, &mut scope.containers.include),
                (&settings.exclude, &mut scope.containers.exclude),
            ] {
                for text in chosen {
                    let pin = old.get(text).cloned();
                    if let (Some(name), pin) = container(state, hasher, text, pin).await? {
                        names.push(name);
                        pins.extend(pin.map(|pin| (text.clone(), pin)));
                    }
                }
            }
            if pins != old {
                let text = serde_json::to_string(&pins).unwrap_or_default();
                state.put_note(PINS, text).await?;
            }
        }
        for name in groups {
            let found = state.resolve(vec![hasher.dn(name)]).await?.into_iter().flatten().next();
            let held = match found {
                Some(target) => state.entries(vec![target.id]).await?.into_iter().next(),
                None => None,
            };
            let entry = held
                .filter(|held| held.gone.is_none())
                .and_then(|held| codec::decode_whole(held.anchor, &held.raw));
            let mut members: Vec<KeyHash> =
                entry.iter().flat_map(&references).map(|name| hasher.hash(&name)).collect();
            members.sort_unstable();
            let mut hashed = Vec::with_capacity(members.len() * 8);
            members.iter().for_each(|hash| hashed.extend(format!("{:x} ", hash.0).bytes()));
            scope.groups.push(Group {
                name: name.clone(),
                fingerprint: Fingerprint::of_text(&String::from_utf8_lossy(&hashed)),
                members: Arc::new(members.into_iter().collect()),
            });
        }
        Ok(scope)
    }

    /// Why an entry is out of scope, where it is.
    pub(crate) fn refuses(&self, entry: &Entry) -> Option<&'static str> {
        self.containers.refuses(&entry.dn).filter(|_| !self.exceptions.contains(entry.anchor.as_str()))
    }

    /// The groups, of those that rules ask for, that an entry of these names is a direct member of.
    pub(crate) fn groups_of(&self, keys: &[KeyHash]) -> Vec<String> {
        let holds = |group: &&Group| keys.iter().any(|key| group.members.contains(key));
        self.groups.iter().filter(holds).map(|group| group.name.clone()).collect()
    }

    pub(crate) fn asks_groups(&self) -> bool {
        !self.groups.is_empty()
    }

    /// Marks the entries for which this scope makes another difference than the one by which the state was
    /// evaluated, and answers whether there are any. `before`: that one, where it is still known.
    pub(crate) async fn mark(
        &self,
        state: &Arc<dyn StateStore>,
        before: Option<&Self>,
    ) -> Result<bool, StateError> {
        let evaluated = state.note(EVALUATED).await?.unwrap_or_default();
        if evaluated == self.id() {
            return Ok(false);
        }
        let known = before.filter(|before| {
            let names =
                |scope: &Self| scope.groups.iter().map(|group| group.name.clone()).collect::<Vec<_>>();
            before.id() == evaluated
                && (&before.containers, &before.exceptions) == (&self.containers, &self.exceptions)
                && names(before) == names(self)
        });
        match known {
            Some(before) => {
                let mut names: Vec<KeyHash> = Vec::new();
                for (old, new) in before.groups.iter().zip(&self.groups) {
                    names.extend(old.members.symmetric_difference(&new.members));
                }
                names.sort_unstable();
                names.dedup();
                state.unsettle(Some(names)).await?;
            }
            None => state.unsettle(None).await?,
        }
        Ok(true)
    }

    /// Every entry that was marked is evaluated: the state is as this scope says.
    pub(crate) async fn evaluated(&self, state: &Arc<dyn StateStore>) -> Result<(), StateError> {
        state.put_note(EVALUATED, self.id()).await
    }

    /// What tells two scopes apart; empty where nothing was chosen.
    fn id(&self) -> String {
        if *self == Self::default() {
            return String::new();
        }
        let groups: Vec<String> =
            self.groups.iter().map(|group| format!("{} {}", group.name, group.fingerprint)).collect();
        serde_json::to_string(&(&self.containers.include, &self.containers.exclude, &self.exceptions, groups))
            .unwrap_or_default()
    }
}

/// Containers that were chosen and of which no entry was seen.
pub(crate) async fn unseen(
    state: &Arc<dyn StateStore>,
    hasher: &KeyHasher,
    settings: &ScopeSettings,
) -> Result<Vec<String>, StateError> {
    let pins = pins(state).await?;
    let mut unseen = Vec::new();
    for text in settings.include.iter().chain(&settings.exclude) {
        if let (_, None) = container(state, hasher, text, pins.get(text).cloned()).await? {
            unseen.push(text.clone());
        }
    }
    Ok(unseen)
}

/// By which anchor a container that was chosen by its DN is known.
async fn pins(state: &Arc<dyn StateStore>) -> Result<BTreeMap<String, SourceAnchor>, StateError> {
    read(state, PINS).await
}

async fn exceptions(state: &Arc<dyn StateStore>) -> Result<BTreeSet<String>, StateError> {
    read(state, EXCEPTIONS).await
}

/// A note; nothing where there is none. One that cannot be read is no nothing: who is in scope hangs on it.
async fn read<T: Default + serde::de::DeserializeOwned>(
    state: &Arc<dyn StateStore>,
    name: &'static str,
) -> Result<T, StateError> {
    match state.note(name).await? {
        None => Ok(T::default()),
        Some(text) => {
            serde_json::from_str(&text).map_err(|_| StateError::Corrupt { what: format!("the note {name}") })
        }
    }
}

/// Takes an entry in wherever it lies, or lets the containers decide again.
pub(crate) async fn except(
    state: &Arc<dyn StateStore>,
    anchor: &SourceAnchor,
    is_exception: bool,
) -> Result<(), StateError> {
    let mut all = exceptions(state).await?;
    let differs =
        if is_exception { all.insert(anchor.as_str().to_owned()) } else { all.remove(anchor.as_str()) };
    if differs {
        state.put_note(EXCEPTIONS, serde_json::to_string(&all).unwrap_or_default()).await?;
    }
    Ok(())
}

/// The DN that a chosen container has now, normalized, and the anchor to find it by from now on.
async fn container(
    state: &Arc<dyn StateStore>,
    hasher: &KeyHasher,
    text: &str,
    pin: Option<SourceAnchor>,
) -> Result<(Option<String>, Option<SourceAnchor>), StateError> {
    let literal = dn::normalize(text);
    let anchor = match (&literal, pin) {
        (_, Some(pin)) => Some(pin),
        (None, None) => SourceAnchor::new(text.trim()).ok(),
        (Some(_), None) => None,
    };
    if let Some(anchor) = anchor {
        let held = state.lookup(vec![anchor.clone()]).await?.into_iter().flatten().next();
        let name =
            held.filter(|held| held.gone.is_none()).and_then(|held| dn::normalize(codec::dn_of(&held.raw)?));
        if name.is_some() {
            return Ok((name, Some(anchor)));
        }
    }
    // Not seen yet, or not any more: a DN stands for itself, and for the entry that bears it.
    let Some(name) = literal else { return Ok((None, None)) };
    let found = state.resolve(vec![hasher.dn(&name)]).await?;
    let ids: Vec<CsId> = found.into_iter().flatten().map(|target| target.id).collect();
    let pin = state.entries(ids).await?.into_iter().next().map(|held| held.anchor);
    Ok((Some(name), pin))
}

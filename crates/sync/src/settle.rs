//! Entries whose own words are the same and that may yet be something else: the scope changed around them, or a
//! group that a rule asks for; and entries of further sources, of which it is settled here which object they belong
//! to. They are evaluated again before anything is planned.
//!
//! **Invariant:** to whom an entry belongs is a function of the entries that are there, whatever came first. Each is
//! evaluated again when something changes that this hangs on: its own words, those of the objects it could be joined
//! to, and those of entries that claim the same one.

use crate::StateError;
use crate::codec::{self, Doubt};
use crate::decide::Decider;
use crate::entry::{Names, index_change, rework};
use crate::import::on_two_cores;
use crate::join::{Claim, Claims};
use crate::state::{Batch, Held, StateStore, Upsert};
use lockstep_engine::{CsId, KeyHash};
use lockstep_model::SourceAnchor;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Entries evaluated at once.
const PAGE: usize = 4_000;

/// Evaluates all that is marked. Answers how many became something else.
pub(crate) async fn settle(state: &Arc<dyn StateStore>, decider: &Decider) -> Result<u64, StateError> {
    let mut changed = 0;
    loop {
        let page = state.unsettled(PAGE).await?;
        if page.is_empty() {
            return Ok(changed);
        }
        let settler = Settler { state, decider };
        changed +=
            if decider.joins() { settler.with_joins(page).await? } else { settler.alone(page).await? };
    }
}

struct Settler<'a> {
    state: &'a Arc<dyn StateStore>,
    decider: &'a Decider,
}

impl Settler<'_> {
    async fn alone(&self, page: Vec<Held>) -> Result<u64, StateError> {
        let settled = page.iter().map(|held| held.id).collect();
        let decider = self.decider.clone();
        let upserts = on_two_cores(page, move |held| rework(&held, &decider)).await?;
        let changed = upserts.len() as u64;
        self.state.apply(Batch { upserts, settled, ..Batch::default() }).await?;
        Ok(changed)
    }

    /// The whole page in one transaction: a mark is not taken away before what it asked for is stored.
    async fn with_joins(&self, page: Vec<Held>) -> Result<u64, StateError> {
        let marked: BTreeSet<CsId> = page.iter().map(|held| held.id).collect();
        let mut batch = Batch { settled: marked.iter().copied().collect(), ..Batch::default() };
        let mut entries: BTreeMap<CsId, Held> =
            page.into_iter().filter(|held| held.gone.is_none()).map(|held| (held.id, held)).collect();
        let further: Vec<Held> =
            entries.values().filter(|held| self.decider.source_of(&held.anchor) > 0).cloned().collect();
        let claims = Claims { state: self.state, decider: self.decider }.of(&further).await?;
        let before = self.state.roots(further.iter().map(|held| held.id).collect()).await?;
        let mut placed: BTreeMap<CsId, Place> = BTreeMap::new();
        for ((held, claim), before) in further.iter().zip(claims).zip(before) {
            placed.insert(held.id, Place::new(claim, before));
        }
        // Objects that lose or get an entry, or whose entry changed, are made anew.
        let roots = placed.values().flat_map(|place| [place.root, place.before]).flatten();
        let more: BTreeSet<CsId> = roots.filter(|root| !entries.contains_key(root)).collect();
        for held in self.state.entries(more.into_iter().collect()).await? {
            entries.insert(held.id, held);
        }
        let ids: Vec<CsId> = entries.keys().copied().collect();
        let joined = self.state.joined(ids.clone()).await?;
        let mut joined: BTreeMap<CsId, Vec<Held>> = ids.into_iter().zip(joined).collect();
        for parts in joined.values_mut() {
            parts.retain(|part| part.gone.is_none() && !placed.contains_key(&part.id));
        }
        for held in further {
            let Some(place) = placed.get(&held.id) else { continue };
            if let Some(parts) = place.root.and_then(|root| joined.get_mut(&root)) {
                parts.push(held);
            }
        }
        for (id, held) in entries {
            let place = placed.remove(&id);
            let asks = marked.contains(&id);
            self.settled(held, joined.remove(&id).unwrap_or_default(), place, asks, &mut batch);
        }
        let changed = batch.upserts.len() as u64;
        self.state.apply(batch).await?;
        Ok(changed)
    }

    /// Makes an entry what it is with these joined to it. `place`: where it belongs, if it is of a further source and
    /// was looked at. `asks`: it was marked itself; one that is made anew for its parts asks by what changed only.
    fn settled(&self, held: Held, parts: Vec<Held>, place: Option<Place>, asks: bool, batch: &mut Batch) {
        if held.gone.is_some() {
            return;
        }
        let Some(split) = codec::split(&held.raw) else { return };
        let Some(old) = codec::decode_whole(held.anchor.clone(), &held.raw) else { return };
        let doubt = match &place {
            Some(place) => place.doubt.clone(),
            None => old.doubt.clone(),
        };
        let raw = codec::compose(split.own, &self.in_order(parts), doubt.as_ref());
        let Some(new) = codec::decode_whole(held.anchor.clone(), &raw) else { return };
        let (names, kind) = Names::of(&new, self.decider, held.kind);
        let is_further = self.decider.source_of(&held.anchor) > 0;
        let (kind, moved) = match &place {
            Some(Place { root: Some(_), .. }) => (None, place.as_ref().is_some_and(Place::moved)),
            Some(place) if doubt.is_some() => {
                (self.decider.joins_of(&new.entry).map(|joins| joins.kind()), place.moved())
            }
            Some(place) => (kind, place.moved()),
            // One that was not looked at stays what it is, but for what its parts make of it.
            None if is_further && (doubt.is_some() || held.kind.is_none()) => (held.kind, false),
            None => (kind, false),
        };
        let doubts = old.doubt != doubt;
        if let Some(place) = place {
            if moved {
                batch.joins.push((held.id, place.root));
            }
            if moved || doubts {
                batch.asked_again.extend(place.rivals);
            }
        }
        if asks {
            // Whoever could be joined to it looks anew; these are of later sources.
            batch.asked_again.extend(&names.joins.keys);
        }
        if !moved && kind == held.kind && raw == held.raw {
            return;
        }
        let was = Names::of(&old, self.decider, None).0;
        let (keys, references) = (names.keys.clone(), names.joins.references.clone());
        let mut index = index_change(was, names, kind != held.kind, false);
        if moved {
            index.touched = keys;
        }
        if moved || doubts {
            // Whoever is or was in doubt with it is looked at again, by the objects that it asks for.
            index.unsettles.extend(references);
        }
        // An object of a further source that was not looked at: whether it is one now is settled next.
        let unsettled = is_further && !asks && raw != held.raw;
        let upsert =
            Upsert { id: Some(held.id), anchor: held.anchor, kind, raw, index, unsettled, links_only: false };
        batch.upserts.push(upsert);
    }

    /// Entries as parts of an object: in the order of their sources.
    fn in_order(&self, parts: Vec<Held>) -> Vec<(SourceAnchor, Vec<u8>)> {
        let mut parts: Vec<(usize, SourceAnchor, Vec<u8>)> = parts
            .into_iter()
            .map(|part| (self.decider.source_of(&part.anchor), part.anchor, codec::own(&part.raw).to_vec()))
            .collect();
        parts.sort_unstable();
        parts.into_iter().map(|(_, anchor, raw)| (anchor, raw)).collect()
    }
}

/// Where an entry of a further source belongs, and where it belonged.
struct Place {
    root: Option<CsId>,
    before: Option<CsId>,
    doubt: Option<Doubt>,
    rivals: Vec<KeyHash>,
}

impl Place {
    fn new(claim: Claim, before: Option<CsId>) -> Self {
        let (root, doubt, rivals) = match claim {
            Claim::None => (None, None, Vec::new()),
            Claim::Object { root, rivals } => (Some(root), None, rivals),
            Claim::Doubt { doubt, rivals } => (None, Some(doubt), rivals),
        };
        Self { root, before, doubt, rivals }
    }

    fn moved(&self) -> bool {
        self.root != self.before
    }
}

/// Names as one list.
pub(crate) fn distinct(names: impl Iterator<Item = KeyHash>) -> Vec<KeyHash> {
    let names: BTreeSet<KeyHash> = names.collect();
    names.into_iter().collect()
}

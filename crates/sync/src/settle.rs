//! Entries whose own words are the same and that may yet be something else: the scope changed around them, or a
//! group that a rule asks for; and entries of further sources, of which it is settled here which object they belong
//! to. They are evaluated again before anything is planned.
//!
//! **Invariant:** to whom an entry belongs is a function of the entries that are there, whatever came first. Each is
//! evaluated again when something changes that this hangs on: its own words, those of the objects it could be joined
//! to, and those of entries that claim the same one.

use crate::StateError;
use crate::codec::{self, Composite, Doubt};
use crate::decide::Decider;
use crate::entry::{Names, index_change, rework};
use crate::import::on_two_cores;
use crate::join::{Claim, Claims};
use crate::state::{Batch, Held, StateStore, Upsert};
use lockstep_engine::{CsId, KeyHash};
use lockstep_model::{ObjectKind, SourceAnchor};
use std::collections::BTreeSet;
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
        let upserts = on_two_cores(page, move |held| rework(&held, &decider).0).await?;
        let changed = upserts.len() as u64;
        self.state.apply(Batch { upserts, settled, ..Batch::default() }).await?;
        Ok(changed)
    }

    async fn with_joins(&self, page: Vec<Held>) -> Result<u64, StateError> {
        let settled: Vec<CsId> = page.iter().map(|held| held.id).collect();
        let (own, further): (Vec<Held>, Vec<Held>) =
            page.into_iter().partition(|held| self.decider.source_of(&held.anchor) == 0);
        let mut batch = Batch { settled, ..Batch::default() };
        let mut roots: BTreeSet<CsId> = own.iter().map(|held| held.id).collect();
        for held in &own {
            let (upsert, asked) = rework(held, self.decider);
            batch.upserts.extend(upsert);
            batch.asked_again.extend(asked);
        }
        let further: Vec<Held> = further.into_iter().filter(|held| held.gone.is_none()).collect();
        let claims = Claims { state: self.state, decider: self.decider }.of(&further).await?;
        let before = self.state.roots(further.iter().map(|held| held.id).collect()).await?;
        for ((held, claim), before) in further.into_iter().zip(claims).zip(before) {
            self.place(held, claim, before, &mut roots, &mut batch);
        }
        let mut changed = batch.upserts.len() as u64;
        self.state.apply(batch).await?;
        changed += self.recompose(roots).await?;
        Ok(changed)
    }

    /// Puts an entry of a further source where it belongs.
    fn place(
        &self,
        held: Held,
        claim: Claim,
        before: Option<CsId>,
        roots: &mut BTreeSet<CsId>,
        batch: &mut Batch,
    ) {
        let Some(split) = codec::split(&held.raw) else { return };
        let Some(old) = codec::decode_whole(held.anchor.clone(), &held.raw) else { return };
        let (root, doubt, rivals) = match claim {
            Claim::None => (None, None, Vec::new()),
            Claim::Object { root, rivals } => (Some(root), None, rivals),
            Claim::Doubt { doubt, rivals } => (None, Some(doubt), rivals),
        };
        let moved = root != before;
        let new = Composite { doubt, ..old.clone() };
        let raw = codec::compose(split.own, &split.parts, new.doubt.as_ref());
        let was = Names::of(&old, self.decider, None).0;
        let (names, kind) = Names::of(&new, self.decider, held.kind);
        let kind = match (root, &new.doubt) {
            (Some(_), _) => None,
            (None, Some(_)) => self.decider.joins_of(&new.entry).map(|joins| joins.kind()),
            (None, None) => kind,
        };
        // Whether it is joined itself or not, what it is made of is looked at: its own parts, or those of its object.
        roots.extend([Some(root.unwrap_or(held.id)), before].into_iter().flatten());
        let doubts = old.doubt != new.doubt;
        if moved {
            batch.joins.push((held.id, root));
        }
        if moved || doubts {
            batch.asked_again.extend(rivals);
        }
        if moved || doubts || kind != held.kind {
            // Those joined to it look anew whom they belong to.
            batch.asked_again.extend(&names.joins.keys);
            let keys = names.keys.clone();
            let mut index = index_change(was, names, kind != held.kind, false);
            index.touched = keys;
            let upsert =
                Upsert { id: Some(held.id), anchor: held.anchor, kind, raw, index, unsettled: false };
            batch.upserts.push(upsert);
        }
    }

    /// Makes objects anew of their entries, where those changed.
    async fn recompose(&self, roots: BTreeSet<CsId>) -> Result<u64, StateError> {
        let ids: Vec<CsId> = roots.into_iter().collect();
        let mut changed = 0;
        for some in ids.chunks(PAGE) {
            let held = self.state.entries(some.to_vec()).await?;
            let joined = self.state.joined(held.iter().map(|held| held.id).collect()).await?;
            let mut batch = Batch::default();
            for (held, joined) in held.into_iter().zip(joined) {
                batch.upserts.extend(self.composed(held, joined));
            }
            changed += batch.upserts.len() as u64;
            if !batch.upserts.is_empty() {
                self.state.apply(batch).await?;
            }
        }
        Ok(changed)
    }

    fn composed(&self, held: Held, joined: Vec<Held>) -> Option<Upsert> {
        if held.gone.is_some() {
            return None;
        }
        let split = codec::split(&held.raw)?;
        let mut parts: Vec<(usize, SourceAnchor, Vec<u8>)> = joined
            .into_iter()
            .filter(|part| part.gone.is_none())
            .map(|part| (self.decider.source_of(&part.anchor), part.anchor, codec::own(&part.raw).to_vec()))
            .collect();
        parts.sort_unstable();
        let parts: Vec<(SourceAnchor, Vec<u8>)> =
            parts.into_iter().map(|(_, anchor, raw)| (anchor, raw)).collect();
        let raw = codec::compose(split.own, &parts, split.doubt.as_ref());
        if raw == held.raw {
            return None;
        }
        let old = codec::decode_whole(held.anchor.clone(), &held.raw)?;
        let new = codec::decode_whole(held.anchor.clone(), &raw)?;
        let was = Names::of(&old, self.decider, None).0;
        let (names, kind) = Names::of(&new, self.decider, held.kind);
        let kind = kind_of(kind, held.kind, new.doubt.as_ref());
        let index = index_change(was, names, kind != held.kind, false);
        Some(Upsert { id: Some(held.id), anchor: held.anchor, kind, raw, index, unsettled: false })
    }
}

/// What of which cannot be told where it belongs stays what it was called.
const fn kind_of(
    kind: Option<ObjectKind>,
    held: Option<ObjectKind>,
    doubt: Option<&Doubt>,
) -> Option<ObjectKind> {
    if doubt.is_some() { held } else { kind }
}

/// Names as one list.
pub(crate) fn distinct(names: impl Iterator<Item = KeyHash>) -> Vec<KeyHash> {
    let names: BTreeSet<KeyHash> = names.collect();
    names.into_iter().collect()
}

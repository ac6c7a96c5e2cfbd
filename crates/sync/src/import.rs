//! Import: what a source says becomes the connector space.
//!
//! An [`Importer`] lives as long as one read of the sources. It takes the events of each in their order, works out what
//! each changes in the indexes, and stores it in batches. Of an entry of a further source it leaves open which object
//! it belongs to: that is settled (`settle.rs`) before anything is planned.
//!
//! **Invariants:** deletions are stored at a checkpoint only, and the watermark with the last batch of a
//! checkpoint. A read that breaks leaves the watermark where it was.

use crate::decide::Decider;
use crate::entry::{Job, Moved, Names, Worked, work_out};
use crate::state::{Batch, Held, IndexChange, Meta, Removal, Renamed, StateStore};
use crate::{StateError, codec};
use lockstep_engine::CsId;
use lockstep_model::plan::DeleteReason;
use lockstep_model::provisioning::Drift;
use lockstep_model::{SourceAnchor, Timestamp, dn};
use lockstep_sources::{EntryChange, Extent, ReadKind, SourceEvent, Watermark};
use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

/// Changes gathered before they are stored, in number and in bytes.
const BATCH: usize = 4_000;
const BATCH_BYTES: usize = 5 * 1024 * 1024;
/// Rows asked for at once.
const PAGE: usize = 10_000;

/// What an import did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Imported {
    /// Entries the source named.
    pub(crate) read: u64,
    /// Entries that changed.
    pub(crate) changed: u64,
    /// Entries that are gone.
    pub(crate) removed: u64,
    /// Objects that may have to be deleted came up (gone, or out of scope now).
    pub(crate) may_delete: bool,
    /// What of it was known otherwise, for a read of everything.
    pub(crate) drift: Drift,
}

impl Imported {
    fn and(mut self, other: &Self) -> Self {
        self.read += other.read;
        self.changed += other.changed;
        self.removed += other.removed;
        self.may_delete |= other.may_delete;
        self.drift.add(&other.drift);
        self
    }
}

/// What the caller does after an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// More events are awaited before anything may be planned.
    Wait,
    /// A checkpoint is stored: a plan may be made.
    Checkpoint {
        /// The source follows changes from here on.
        live: bool,
    },
}

/// A set of entries, by number: one bit each.
#[derive(Clone, Debug, Default)]
pub(crate) struct IdSet(Vec<u64>);

impl IdSet {
    pub(crate) fn insert(&mut self, CsId(id): CsId) {
        let Ok(at) = usize::try_from(id) else { return };
        if self.0.len() <= at / 64 {
            self.0.resize(at / 64 + 1, 0);
        }
        if let Some(word) = self.0.get_mut(at / 64) {
            *word |= 1 << (at % 64);
        }
    }

    pub(crate) fn contains(&self, CsId(id): CsId) -> bool {
        usize::try_from(id)
            .ok()
            .and_then(|at| self.0.get(at / 64).map(|word| word & (1 << (at % 64)) != 0))
            .unwrap_or(false)
    }
}

/// A batch on its way into the state.
type Storing = Pin<Box<dyn Future<Output = Result<Vec<CsId>, StateError>> + Send>>;

/// Takes the events of one read of all sources.
pub(crate) struct Importer {
    state: Arc<dyn StateStore>,
    sources: Vec<SourceImporter>,
}

impl Importer {
    pub(crate) fn new(state: &Arc<dyn StateStore>, decider: &Decider, meta: &Meta) -> Self {
        let numbers = 0..=decider.rules().sources().len();
        let sources = numbers.map(|source| SourceImporter::new(state.clone(), decider.clone(), meta, source));
        Self { state: state.clone(), sources: sources.collect() }
    }

    /// Takes an event of a source. A checkpoint is one once every source came to one.
    pub(crate) async fn take(
        &mut self,
        (source, event): (usize, SourceEvent),
        meta: &mut Meta,
        now: Timestamp,
    ) -> Result<Step, StateError> {
        let Some(importer) = self.sources.get_mut(source) else { return Ok(Step::Wait) };
        let step = importer.take(event, meta, now).await?;
        if matches!(step, Step::Checkpoint { .. }) && self.sources.iter().all(|importer| importer.swept) {
            // Every source was read whole.
            self.sources.iter_mut().for_each(|importer| importer.swept = false);
            meta.read_full = false;
            meta.last_full_read = Some(now);
            self.state.apply(Batch { meta: Some(meta.clone()), ..Batch::default() }).await?;
        }
        match step {
            Step::Checkpoint { .. } if self.sources.iter().all(|importer| importer.whole) => {
                // A plan follows; what changes from here on must find those who refer to it.
                self.sources.iter_mut().for_each(|importer| importer.first = false);
                Ok(Step::Checkpoint { live: self.sources.iter().all(|importer| importer.live) })
            }
            _ => Ok(Step::Wait),
        }
    }

    /// What was done so far.
    pub(crate) fn done(&self) -> Imported {
        self.sources.iter().fold(Imported::default(), |sum, importer| sum.and(&importer.done))
    }

    /// The same, and forgets the counts, for a new run within one read.
    pub(crate) fn take_done(&mut self) -> Imported {
        let done = self.done();
        self.sources.iter_mut().for_each(|importer| importer.done = Imported::default());
        done
    }

    /// Whether a refresh of a source is in progress, so that nothing may be planned.
    pub(crate) fn is_refreshing(&self, source: usize) -> bool {
        self.sources.get(source).is_some_and(|importer| !importer.live)
    }

    /// Whether no read of a source is between its beginning and its checkpoint.
    pub(crate) fn is_whole(&self) -> bool {
        self.sources.iter().all(|importer| importer.whole)
    }

    /// The state knows less than the sources believe: the next read must be a full one.
    pub(crate) fn is_incomplete(&self) -> bool {
        self.sources.iter().any(|importer| importer.incomplete)
    }
}

/// Takes the events of one read of one source.
pub(crate) struct SourceImporter {
    state: Arc<dyn StateStore>,
    /// The batch that is being stored while the next one is worked out. The lock is never waited for: it makes the
    /// importer one that threads may share.
    storing: Mutex<Option<Storing>>,
    decider: Decider,
    /// The number of the source.
    source: usize,
    /// Past the checkpoint of its read: what is stored of it is whole.
    whole: bool,
    /// It was read from its beginning to its end.
    swept: bool,
    kind: ReadKind,
    live: bool,
    /// Before the first plan every entry is pending anyway.
    first: bool,
    seen: IdSet,
    changes: Vec<EntryChange>,
    bytes: usize,
    gone: BTreeSet<SourceAnchor>,
    /// Containers that moved during this refresh.
    moves: Vec<Moved>,
    done: Imported,
    /// The state knows less than the source believes: the next read must be a full one.
    incomplete: bool,
}

impl SourceImporter {
    pub(crate) fn new(state: Arc<dyn StateStore>, decider: Decider, meta: &Meta, source: usize) -> Self {
        Self {
            state,
            storing: Mutex::new(None),
            decider,
            source,
            whole: false,
            swept: false,
            kind: ReadKind::Delta,
            live: false,
            first: !meta.planned,
            seen: IdSet::default(),
            changes: Vec::new(),
            bytes: 0,
            gone: BTreeSet::new(),
            moves: Vec::new(),
            done: Imported::default(),
            incomplete: false,
        }
    }

    /// Takes an event. At a checkpoint all before it is stored and `meta` is saved with the new watermark.
    async fn take(
        &mut self,
        event: SourceEvent,
        meta: &mut Meta,
        now: Timestamp,
    ) -> Result<Step, StateError> {
        // The first plan may have been made since this read began.
        self.first &= !meta.planned;
        match event {
            SourceEvent::Begin(kind) => {
                self.finish_storing().await?;
                self.kind = kind;
                self.live = false;
                self.whole = false;
                self.seen = IdSet::default();
                self.changes.clear();
                self.bytes = 0;
                self.gone.clear();
                self.moves.clear();
            }
            SourceEvent::Change(change) => {
                self.done.read += 1;
                self.gone.remove(&change.anchor);
                self.bytes += size_of(&change);
                self.changes.push(change);
                if self.changes.len() >= BATCH || self.bytes >= BATCH_BYTES {
                    self.store_changes(None).await?;
                }
            }
            SourceEvent::Present(anchors) => {
                self.done.read += anchors.len() as u64;
                self.present(anchors).await?;
            }
            SourceEvent::Gone(anchors) => {
                self.done.read += anchors.len() as u64;
                self.gone.extend(anchors);
            }
            SourceEvent::Checkpoint { watermark, sweep, live } => {
                self.checkpoint(watermark, sweep, meta, now).await?;
                self.live = live;
                self.whole = true;
                self.seen = IdSet::default();
                return Ok(Step::Checkpoint { live });
            }
        }
        Ok(Step::Wait)
    }

    /// Stores one entry as the source has it now, beside any read: the watermark stays where it is.
    pub(crate) async fn take_one(&mut self, change: EntryChange) -> Result<(), StateError> {
        self.live = true;
        self.changes.push(change);
        self.store_changes(None).await
    }

    /// One entry is gone, by the source's own word.
    pub(crate) async fn lose_one(&mut self, held: Held) -> Result<(), StateError> {
        self.remove(vec![held], DeleteReason::DeletedInSource).await
    }

    async fn checkpoint(
        &mut self,
        watermark: Watermark,
        sweep: bool,
        meta: &mut Meta,
        now: Timestamp,
    ) -> Result<(), StateError> {
        let simple = self.gone.is_empty() && !sweep && self.live;
        let name = self.source.checked_sub(1).and_then(|at| self.decider.rules().sources().get(at));
        // Where storing fails the read was not: whoever saves the facts after that must not find its mark in them.
        let mut new = meta.clone();
        new.set_watermark(name.map(String::as_str), (!self.incomplete).then_some(watermark));
        new.last_import = Some(now);
        self.swept |= self.kind == ReadKind::Full && sweep;
        if simple {
            self.store_changes(Some(new.clone())).await?;
            *meta = new;
            return Ok(());
        }
        self.store_changes(None).await?;
        self.finish_storing().await?;
        self.move_stragglers().await?;
        self.remove_gone().await?;
        if sweep {
            self.sweep().await?;
        }
        self.state.apply(Batch { meta: Some(new.clone()), ..Batch::default() }).await?;
        *meta = new;
        Ok(())
    }

    /// Stores the gathered changes; `meta` with the last batch.
    async fn store_changes(&mut self, mut meta: Option<Meta>) -> Result<(), StateError> {
        self.bytes = 0;
        let mut changes = std::mem::take(&mut self.changes);
        while !changes.is_empty() {
            let (stored, moved) = self.store_some(&mut changes, &mut meta).await?;
            self.done.changed += stored;
            if let Some(moved) = moved {
                self.move_descendants(&moved, !self.live).await?;
                if !self.live {
                    self.moves.push(moved);
                }
            }
        }
        if meta.is_some() {
            self.state.apply(Batch { meta, ..Batch::default() }).await?;
        }
        Ok(())
    }

    /// Stores changes up to and including the first container that moved, and takes them out of `changes`.
    async fn store_some(
        &mut self,
        changes: &mut Vec<EntryChange>,
        meta: &mut Option<Meta>,
    ) -> Result<(u64, Option<Moved>), StateError> {
        let anchors: Vec<SourceAnchor> =
            changes.iter().map(|c| c.anchor.clone()).collect::<BTreeSet<_>>().into_iter().collect();
        let held = self.state.lookup(anchors.clone()).await?;
        let mut held: BTreeMap<SourceAnchor, Option<Held>> = anchors.into_iter().zip(held).collect();
        let moves = self.find_moves(changes, &held).await?;
        let (take, moved) = match moves {
            Some((at, moved)) => (at + 1, Some(moved)),
            None => (changes.len(), None),
        };
        let rest = changes.split_off(take);
        let work: Vec<EntryChange> = std::mem::replace(changes, rest);

        // One entry may be named several times: what it becomes in the end counts.
        let mut grouped: BTreeMap<SourceAnchor, Vec<EntryChange>> = BTreeMap::new();
        for change in work {
            grouped.entry(change.anchor.clone()).or_default().push(change);
        }
        let jobs: Vec<Job> = grouped
            .into_iter()
            .map(|(anchor, changes)| Job { held: held.remove(&anchor).flatten(), anchor, changes })
            .collect();
        let first = self.first;
        let decider = self.decider.clone();
        let work = move || jobs.into_iter().map(|job| work_out(job, &decider, first)).collect::<Vec<_>>();
        let worked = if take > 200 { blocking(work).await? } else { work() };

        let mut batch = Batch::default();
        for one in worked {
            match one {
                Worked::Same(id) => self.seen.insert(id),
                Worked::NoDn => self.incomplete = true,
                Worked::Changed { upsert, may_delete } => {
                    self.done.may_delete |= may_delete;
                    if let Some(kind) = upsert.kind {
                        let counts = self.done.drift.of(kind);
                        *if upsert.id.is_none() { &mut counts.added } else { &mut counts.changed } += 1;
                    }
                    batch.upserts.push(*upsert);
                }
            }
        }
        let stored = batch.upserts.len() as u64;
        if changes.is_empty() && moved.is_none() {
            batch.meta = meta.take();
        }
        if stored > 0 || batch.meta.is_some() {
            self.finish_storing().await?;
            let state = self.state.clone();
            let storing: Storing =
                Box::pin(tokio::task::unconstrained(async move { state.apply(batch).await }));
            self.storing = Mutex::new(Some(storing));
            // While everything is read for the first time the next batch is worked out meanwhile.
            if self.first && !self.live && moved.is_none() {
                self.begin_storing().await?;
            } else {
                self.finish_storing().await?;
            }
        }
        Ok((stored, moved))
    }

    fn take_storing(&mut self) -> Option<Storing> {
        self.storing.get_mut().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Hands the batch to the state, which takes things in the order in which they come.
    async fn begin_storing(&mut self) -> Result<(), StateError> {
        let Some(mut storing) = self.take_storing() else { return Ok(()) };
        let begun = std::future::poll_fn(|context| {
            Poll::Ready(match storing.as_mut().poll(context) {
                Poll::Ready(stored) => Some(stored),
                Poll::Pending => None,
            })
        });
        match begun.await {
            Some(stored) => stored?.into_iter().for_each(|id| self.seen.insert(id)),
            None => self.storing = Mutex::new(Some(storing)),
        }
        Ok(())
    }

    /// Waits until the batch on its way is stored.
    async fn finish_storing(&mut self) -> Result<(), StateError> {
        if let Some(storing) = self.take_storing() {
            storing.await?.into_iter().for_each(|id| self.seen.insert(id));
        }
        Ok(())
    }

    /// The first change that gives a container another DN: the entries below it are not named by the source, and
    /// have another DN from then on.
    async fn find_moves(
        &self,
        changes: &[EntryChange],
        held: &BTreeMap<SourceAnchor, Option<Held>>,
    ) -> Result<Option<(usize, Moved)>, StateError> {
        for (at, change) in changes.iter().enumerate() {
            let Some(to) = change.dn.as_deref() else { continue };
            let Some(Some(old)) = held.get(&change.anchor) else { continue };
            let Some(from) = codec::dn_of(&old.raw).filter(|from| *from != to && old.gone.is_none()) else {
                continue;
            };
            let (Some(old_name), Some(new_name)) = (dn::normalize(from), dn::normalize(to)) else { continue };
            if old_name == new_name {
                continue;
            }
            let found = self.state.containers(vec![self.decider.dn_hash(&change.anchor, &old_name)]).await?;
            if found.into_iter().flatten().any(|container| container.children > 0) {
                return Ok(Some((at, Moved { from: old_name, to: to.to_owned() })));
            }
        }
        Ok(None)
    }

    /// Entries that a refresh named before it named the move of their container, while that moved, have the old
    /// DN still: where no entry has the container's old DN any more, they moved too.
    async fn move_stragglers(&mut self) -> Result<(), StateError> {
        for moved in std::mem::take(&mut self.moves) {
            let held = self
                .state
                .resolve(vec![self.decider.hasher().of_source(self.source).dn(&moved.from)])
                .await?;
            if held.iter().all(Option::is_none) {
                self.move_descendants(&moved, false).await?;
            }
        }
        Ok(())
    }

    /// Gives the entries below a moved container their new DNs. During a refresh, entries that the source
    /// already named are left alone: their DN is its own word.
    async fn move_descendants(&mut self, moved: &Moved, spare_named: bool) -> Result<(), StateError> {
        let mut after = CsId(0);
        loop {
            let page = self.state.scan(after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.id;
            let jobs: Vec<Job> = page
                .into_iter()
                .filter(|held| self.decider.source_of(&held.anchor) == self.source)
                .filter(|held| !spare_named || !self.seen.contains(held.id))
                .filter_map(|held| {
                    let dn = moved.new_name(codec::dn_of(&held.raw)?)?;
                    let entry = codec::decode(held.anchor.clone(), &held.raw)?;
                    let change = EntryChange {
                        anchor: held.anchor.clone(),
                        dn: Some(dn),
                        extent: Extent::Whole,
                        attributes: entry.attributes,
                        links: Vec::new(),
                    };
                    Some(Job { anchor: held.anchor.clone(), held: Some(held), changes: vec![change] })
                })
                .collect();
            let mut batch = Batch::default();
            for job in jobs {
                if let Worked::Changed { upsert, .. } = work_out(job, &self.decider, self.first) {
                    batch.upserts.push(*upsert);
                }
            }
            if !batch.upserts.is_empty() {
                self.done.changed += batch.upserts.len() as u64;
                self.state.apply(batch).await?;
            }
        }
    }

    /// Entries that did not change. One that was taken for gone is back; one that is not known means that the
    /// state has less than the source believes.
    async fn present(&mut self, anchors: Vec<SourceAnchor>) -> Result<(), StateError> {
        let found = self.state.find(anchors.clone()).await?;
        let mut back = Vec::new();
        for (anchor, found) in anchors.into_iter().zip(found) {
            self.gone.remove(&anchor);
            match found {
                Some((id, false)) => self.seen.insert(id),
                Some((id, true)) => back.push(id),
                None => self.incomplete |= !self.changes.iter().any(|change| change.anchor == anchor),
            }
        }
        if back.is_empty() {
            return Ok(());
        }
        let mut batch = Batch::default();
        for held in self.state.entries(back).await? {
            let Some(entry) = codec::decode(held.anchor.clone(), &held.raw) else {
                // Only the target knows it: its entry must be read.
                self.incomplete = true;
                self.seen.insert(held.id);
                continue;
            };
            let change = EntryChange {
                anchor: held.anchor.clone(),
                dn: Some(entry.dn),
                extent: Extent::Whole,
                attributes: entry.attributes,
                links: Vec::new(),
            };
            let job = Job { anchor: held.anchor.clone(), held: Some(held), changes: vec![change] };
            if let Worked::Changed { upsert, .. } = work_out(job, &self.decider, self.first) {
                batch.upserts.push(*upsert);
            }
        }
        self.done.changed += batch.upserts.len() as u64;
        for id in self.state.apply(batch).await? {
            self.seen.insert(id);
        }
        Ok(())
    }

    async fn remove_gone(&mut self) -> Result<(), StateError> {
        let gone: Vec<SourceAnchor> = std::mem::take(&mut self.gone).into_iter().collect();
        for some in gone.chunks(PAGE) {
            let held = self.state.lookup(some.to_vec()).await?;
            self.remove(held.into_iter().flatten().collect(), DeleteReason::DeletedInSource).await?;
        }
        Ok(())
    }

    /// What this read did not name is gone; no one but its absence says so.
    async fn sweep(&mut self) -> Result<(), StateError> {
        let mut after = CsId(0);
        loop {
            let page = self.state.present_ids(after, PAGE * 5).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = *last;
            let missing: Vec<CsId> = page.into_iter().filter(|id| !self.seen.contains(*id)).collect();
            for some in missing.chunks(PAGE) {
                let mut held = self.state.entries(some.to_vec()).await?;
                held.retain(|held| self.decider.source_of(&held.anchor) == self.source);
                self.remove(held, DeleteReason::MissingFromFullRead).await?;
            }
        }
    }

    async fn remove(&mut self, held: Vec<Held>, reason: DeleteReason) -> Result<(), StateError> {
        let mut batch = Batch::default();
        for held in held.into_iter().filter(|held| held.gone.is_none()) {
            self.done.may_delete |= held.kind.is_some() || self.source > 0;
            if let Some(kind) = held.kind {
                self.done.drift.of(kind).removed += 1;
            }
            let names = codec::decode_whole(held.anchor, &held.raw)
                .map(|composite| Names::of(&composite, &self.decider, None).0)
                .unwrap_or_default();
            batch.removals.push(Removal {
                id: held.id,
                reason,
                index: IndexChange {
                    keys_removed: names.all_keys(),
                    references_removed: names.all_references(),
                    unsettles: names.joins.all(),
                    touched: names.keys,
                    left: names.parent.map(|(hash, _)| hash),
                    own: names.own,
                    ..IndexChange::default()
                },
            });
        }
        self.done.removed += batch.removals.len() as u64;
        if !batch.removals.is_empty() {
            self.state.apply(batch).await?;
        }
        Ok(())
    }
}

/// Makes the indexes anew: the mapping is another one than that by which they were made.
pub(crate) async fn remake_indexes(
    state: &Arc<dyn StateStore>,
    decider: &Decider,
    meta: &Meta,
) -> Result<(), StateError> {
    // Left in between, the indexes are nobody's, whichever rules come next.
    let unmade = Meta { rules: String::new(), ..meta.clone() };
    state.apply(Batch { meta: Some(unmade), ..Batch::default() }).await?;
    state.clear_indexes().await?;
    let mut page = state.scan(CsId(0), PAGE).await?;
    let mut renamed = Vec::new();
    while !page.is_empty() || !renamed.is_empty() {
        let after = page.last().map(|last| last.id);
        let decider = decider.clone();
        let work = on_two_cores(page, move |held| indexed(held, &decider));
        // What came before is stored meanwhile, and what comes next is read.
        let beside = async {
            state.apply(Batch { renamed, ..Batch::default() }).await?;
            match after {
                Some(after) => state.scan(after, PAGE).await,
                None => Ok(Vec::new()),
            }
        };
        let (worked, next) = tokio::join!(work, beside);
        (renamed, page) = (worked?, next?);
    }
    state.apply(Batch { meta: Some(meta.clone()), ..Batch::default() }).await?;
    Ok(())
}

/// An entry with all of its names; none where only the target knows it.
fn indexed(held: Held, decider: &Decider) -> Option<Renamed> {
    let Held { id, kind: was, .. } = held;
    let composite = codec::decode_whole(held.anchor.clone(), &held.raw)?;
    let (names, kind) = Names::of(&composite, decider, was);
    let is_further = decider.source_of(&held.anchor) > 0;
    // What is joined to it may be of a source that was away for a while.
    let unsettled = is_further || codec::is_composite(&held.raw);
    Some(Renamed {
        id,
        was,
        kind: if is_further { was } else { kind },
        index: IndexChange {
            keys_added: names.all_keys(),
            references_added: names.all_references(),
            joined: names.parent,
            own: names.own,
            ..IndexChange::default()
        },
        unsettled,
    })
}

fn size_of(change: &EntryChange) -> usize {
    let values = |values: &[Vec<u8>]| values.iter().map(|value| value.len() + 24).sum::<usize>();
    200 + change.attributes.iter().map(|(name, list)| name.as_str().len() + 48 + values(list)).sum::<usize>()
}

/// Works on each of many on two cores, in their order; those that come to nothing are left out.
pub(crate) async fn on_two_cores<T: Send + 'static, R: Send + 'static>(
    mut items: Vec<T>,
    work: impl Fn(T) -> Option<R> + Clone + Send + 'static,
) -> Result<Vec<R>, StateError> {
    let second = items.split_off(items.len() / 2);
    let half = |items: Vec<T>| {
        let work = work.clone();
        blocking(move || items.into_iter().filter_map(work).collect::<Vec<R>>())
    };
    let (first, second) = tokio::join!(half(items), half(second));
    let mut done = first?;
    done.extend(second?);
    Ok(done)
}

/// Runs work of the processor beside the tasks that wait for the network.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, StateError> {
    tokio::task::spawn_blocking(work).await.map_err(StateError::ended)
}

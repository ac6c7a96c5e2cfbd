//! The plan: the guard's word on the pending deletions, and pages of pending objects made ready: mapped, with
//! their references resolved.
//!
//! **Invariant:** nothing here writes to the target or changes the state, but for marking deletions as approved.

use crate::codec::Composite;
use crate::decide::Decider;
use crate::import::blocking;
use crate::state::{
    ConfirmedMembers, ConfirmedRow, DeletionRow, LARGE_GROUP, MembersOutcome, ObjectRow, Stage, StateStore,
};
use crate::{LeftScope, StateError, codec};
use lockstep_engine::rules::{Mapped, MappedObject, Reference};
use lockstep_engine::{
    Confirmed, Container, CsId, KeyHash, KindDeletions, LossDigest, Losses, Manager, Wanted, both,
    describe_deletion, describe_disabling, held_for_distrust, judge, link_difference, unresolved_manager,
    unresolved_members,
};
use lockstep_model::guard::{DeletionThreshold, MemberThreshold};
use lockstep_model::plan::{DeleteReason, PlanItem, Verdict};
use lockstep_model::{Fingerprint, ObjectKind, Properties, SourceAnchor, SyncError, Timestamp, dn};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Deletions asked for at once.
const DELETIONS_PAGE: usize = 5_000;

/// The guard's word on the pending deletions.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Judgement {
    pub(crate) verdict: Verdict,
    pub(crate) digest: String,
    /// Deletions planned, approved ones included.
    pub(crate) deletions: BTreeMap<ObjectKind, u64>,
    /// Deletions that no one but their absence speaks for are among those held.
    pub(crate) in_doubt: bool,
}

/// What planning needs to know.
#[derive(Clone)]
pub(crate) struct Planner {
    pub(crate) state: Arc<dyn StateStore>,
    pub(crate) decider: Decider,
    /// The rules in force before, newest first: what was confirmed by them is known through them.
    pub(crate) earlier: Arc<Vec<Decider>>,
    pub(crate) threshold: DeletionThreshold,
    pub(crate) members: MemberThreshold,
    pub(crate) left_scope: LeftScope,
    /// Nothing but this object is planned.
    pub(crate) only: Option<CsId>,
}

/// Which links of pending objects are looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Links {
    /// Managers and members.
    All,
    /// Managers: groups seem to have no members.
    Managers,
}

/// What becomes of an object that is to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Delete,
    Disable,
    Keep,
}

impl Planner {
    /// Judges the pending deletions, and what else the plan takes away. `since`: deletions written since then count
    /// too. `distrust`: the directory had gone back in time, and any deletion waits for a person.
    pub(crate) async fn judge(&self, since: Timestamp, distrust: bool) -> Result<Judgement, StateError> {
        let counts = self.state.counts().await?;
        let losses = self.losses(&counts).await?;
        self.judge_with(since, distrust, &losses).await
    }

    /// As [`Planner::judge`], where what the plan takes away without deleting it is known.
    pub(crate) async fn judge_with(
        &self,
        since: Timestamp,
        distrust: bool,
        losses: &Losses,
    ) -> Result<Judgement, StateError> {
        let mut digest = LossDigest::default();
        let mut kinds: BTreeMap<ObjectKind, KindDeletions> = BTreeMap::new();
        let mut deletions: BTreeMap<ObjectKind, u64> = BTreeMap::new();
        let mut lost: BTreeMap<KeyHash, (String, u64)> = BTreeMap::new();
        let mut in_doubt = false;
        let mut after = CsId(0);
        loop {
            let page = self.deletions(after).await?;
            let Some(last) = page.last() else { break };
            after = last.id;
            for row in page {
                if self.fate(&row) == Fate::Keep {
                    continue;
                }
                *deletions.entry(row.kind).or_default() += 1;
                if row.approved {
                    continue;
                }
                digest.deletion(row.kind, &row.anchor, row.reason);
                kinds.entry(row.kind).or_default().planned += 1;
                if row.reason == DeleteReason::MissingFromFullRead {
                    in_doubt = true;
                    self.count_loss(&row, &mut lost);
                }
            }
        }
        let held = self.state.counts().await?.held;
        let otherwise = losses.judge(&held, &self.threshold, &self.members, &mut digest);
        if kinds.is_empty() {
            return Ok(Judgement { verdict: otherwise, digest: digest.text(), deletions, in_doubt });
        }
        let recent = self.state.deleted_since(since).await?;
        for (kind, numbers) in &mut kinds {
            numbers.recent = recent.get(kind).copied().unwrap_or(0);
            numbers.held = held.get(kind).copied().unwrap_or(0);
        }
        let containers = self.containers(lost).await?;
        let verdict =
            if distrust { held_for_distrust(&kinds) } else { judge(&kinds, &self.threshold, &containers) };
        let verdict = both(verdict, otherwise);
        Ok(Judgement { verdict, digest: digest.text(), deletions, in_doubt })
    }

    /// Pending deletions after `after`; none at the end.
    pub(crate) async fn deletions(&self, after: CsId) -> Result<Vec<DeletionRow>, StateError> {
        match self.only {
            Some(id) if after >= id => Ok(Vec::new()),
            Some(id) => {
                let mut rows = self.state.deletions(CsId(id.0.saturating_sub(1)), 1).await?;
                rows.retain(|row| row.id == id);
                Ok(rows)
            }
            None => self.state.deletions(after, DELETIONS_PAGE).await,
        }
    }

    /// What becomes of an object whose deletion is pending.
    pub(crate) fn fate(&self, row: &DeletionRow) -> Fate {
        match (row.remains, self.left_scope, row.kind) {
            (false, ..) | (true, LeftScope::Delete, _) => Fate::Delete,
            (true, LeftScope::Disable, ObjectKind::User) => Fate::Disable,
            (true, LeftScope::Disable | LeftScope::Keep, _) => Fate::Keep,
        }
    }

    /// In words what becomes of it.
    pub(crate) fn describe_going(&self, row: &DeletionRow) -> PlanItem {
        match self.fate(row) {
            Fate::Delete | Fate::Keep => {
                describe_deletion(row.kind, &row.anchor, &row.name, row.dn.as_deref(), row.reason)
            }
            Fate::Disable => describe_disabling(
                &row.anchor,
                &row.name,
                row.dn.as_deref(),
                "accountEnabled <- false, for it left the scope",
            ),
        }
    }

    fn count_loss(&self, row: &DeletionRow, lost: &mut BTreeMap<KeyHash, (String, u64)>) {
        let Some(name) = row.dn.as_deref().and_then(dn::normalize) else { return };
        let Some(parent) = dn::parent_of(&name) else { return };
        lost.entry(self.decider.dn_hash(&row.anchor, parent)).or_insert_with(|| (parent.to_owned(), 0)).1 +=
            1;
    }

    async fn containers(&self, lost: BTreeMap<KeyHash, (String, u64)>) -> Result<Vec<Container>, StateError> {
        let rows = self.state.containers(lost.keys().copied().collect()).await?;
        let containers = lost.into_values().zip(rows).map(|((name, lost), row)| match row {
            Some(row) => Container { dn: row.dn, lost, left: row.children, vanished: row.vanished },
            None => Container { dn: name, lost, left: 0, vanished: false },
        });
        Ok(containers.collect())
    }

    /// A page of pending objects, made ready; none at the end. The number of the last one is where to go on.
    pub(crate) async fn page(
        &self,
        stage: Stage,
        after: CsId,
        limit: usize,
    ) -> Result<Option<(Vec<Ready>, CsId)>, StateError> {
        self.page_with(stage, after, limit, Links::All).await
    }

    /// As [`Planner::page`], with some of the links.
    pub(crate) async fn page_with(
        &self,
        stage: Stage,
        after: CsId,
        limit: usize,
        links: Links,
    ) -> Result<Option<(Vec<Ready>, CsId)>, StateError> {
        let rows = match self.only {
            Some(id) if after >= id => Vec::new(),
            Some(id) => {
                let mut rows = self.state.pending(stage, CsId(id.0.saturating_sub(1)), 1).await?;
                rows.retain(|row| row.id == id);
                rows
            }
            None => self.state.pending(stage, after, limit).await?,
        };
        let Some(last) = rows.last().map(|row| row.id) else { return Ok(None) };
        Ok(Some((self.make_ready_with(rows, links).await?, last)))
    }

    /// Objects made ready; those out of scope are left out.
    pub(crate) async fn make_ready(&self, rows: Vec<ObjectRow>) -> Result<Vec<Ready>, StateError> {
        self.make_ready_with(rows, Links::All).await
    }

    async fn make_ready_with(&self, rows: Vec<ObjectRow>, links: Links) -> Result<Vec<Ready>, StateError> {
        let many = rows.len() > 50 || rows.iter().map(|row| row.raw.len()).sum::<usize>() > 100_000;
        let half = |rows: Vec<ObjectRow>| {
            let decider = self.decider.clone();
            move || rows.into_iter().filter_map(|row| prepare(row, &decider, links)).collect::<Vec<_>>()
        };
        let mut prepared: Vec<Prepared> = if many {
            let mut rows = rows;
            let second = rows.split_off(rows.len() / 2);
            let (first, second) = tokio::join!(blocking(half(rows)), blocking(half(second)));
            let mut prepared = first?;
            prepared.extend(second?);
            prepared
        } else {
            half(rows)()
        };

        let names: Vec<KeyHash> = prepared.iter().flat_map(|one| one.names.iter().copied()).collect();
        let mut targets = self.state.resolve(names).await?.into_iter();
        for one in &mut prepared {
            for _ in &one.names {
                one.targets.push(targets.next().flatten());
            }
        }
        let managers: BTreeSet<CsId> = prepared
            .iter()
            .filter(|one| one.mapped.kind == ObjectKind::User)
            .flat_map(|one| {
                let before = one.row.confirmed.as_ref().and_then(|confirmed| confirmed.manager);
                one.targets.iter().flatten().map(|target| target.id).chain(before)
            })
            .collect();
        let ids: Vec<CsId> = managers.into_iter().collect();
        let anchors = self.state.anchors(ids.clone()).await?;
        let anchors: BTreeMap<CsId, SourceAnchor> = ids
            .into_iter()
            .zip(anchors)
            .filter_map(|(id, anchor)| anchor.map(|anchor| (id, anchor)))
            .collect();
        let work = move || prepared.into_iter().map(|one| one.finish(&anchors)).collect::<Vec<_>>();
        if many { blocking(work).await } else { Ok(work()) }
    }
}

/// What is to be written of an object.
pub(crate) struct Change {
    /// What the target confirmed, in words; none for an object that it does not hold.
    pub(crate) confirmed: Option<Confirmed>,
    /// How many members come and go.
    pub(crate) members: (u64, u64),
}

impl Planner {
    /// What a pending object needs; none where the target has it so already.
    pub(crate) async fn change_of(&self, ready: &Ready) -> Result<Option<Change>, StateError> {
        self.change_from(ready, || self.confirmed_properties(ready)).await
    }

    /// As [`Planner::change_of`]; `before` answers the properties that the target confirmed.
    pub(crate) async fn change_from(
        &self,
        ready: &Ready,
        before: impl FnOnce() -> Option<Properties>,
    ) -> Result<Option<Change>, StateError> {
        if ready.failed {
            return Ok(None);
        }
        let members = match ready.confirmed_members() {
            Ok(before) => {
                let difference = link_difference(before, &ready.members);
                (difference.added.len() as u64, difference.removed.len() as u64)
            }
            Err(theirs) => {
                let anchors = self.state.anchors(ready.members.clone()).await?;
                let mut anchors: Vec<SourceAnchor> = anchors.into_iter().flatten().collect();
                anchors.sort_unstable();
                let ours = Fingerprint::of_members(anchors.iter().map(SourceAnchor::as_str));
                // The numbers behind a fingerprint that differs are known when it is written.
                (u64::from(ours != theirs), 0)
            }
        };
        if ready.is_written() && members == (0, 0) {
            return Ok(None);
        }
        Ok(Some(Change { confirmed: confirmed(ready, before), members }))
    }
}

/// What was confirmed, in words. After a rebuild the words are not known; the properties then show without a "before".
fn confirmed(ready: &Ready, before: impl FnOnce() -> Option<Properties>) -> Option<Confirmed> {
    let row = ready.confirmed.as_ref()?;
    let properties = before().unwrap_or_default();
    let manager = match &ready.confirmed_manager {
        None if row.manager.is_none() && row.raw.as_deref() == Some(&[]) => ready.manager.clone(),
        manager => manager.clone(),
    };
    Some(Confirmed { properties, manager })
}

/// A pending object, mapped, whose references are being resolved.
struct Prepared {
    row: ObjectRow,
    composite: Composite,
    mapped: Box<MappedObject>,
    failed: bool,
    names: Vec<KeyHash>,
    targets: Vec<Option<crate::state::Target>>,
}

fn prepare(row: ObjectRow, decider: &Decider, links: Links) -> Option<Prepared> {
    let composite = codec::decode_whole(row.anchor.clone(), &row.raw)?;
    let (mapped, failed) = match decider.map(&composite, row.confirmed.is_none()) {
        Mapped::Object(mapped) => (mapped, false),
        Mapped::Failed { kind, errors } => {
            let kind = row.confirmed.as_ref().map_or(kind, |confirmed| confirmed.kind);
            (Box::new(MappedObject::failed(kind, errors)), true)
        }
        // The state has it in scope; rules that say otherwise made the indexes anew before.
        Mapped::OutOfScope { .. } => return None,
    };
    let names = match mapped.kind {
        ObjectKind::User | ObjectKind::Contact | ObjectKind::Device => {
            mapped.manager.iter().map(|reference| decider.hash(reference)).collect()
        }
        ObjectKind::Group if links == Links::Managers => Vec::new(),
        ObjectKind::Group => mapped.members.iter().map(|reference| decider.hash(reference)).collect(),
    };
    Some(Prepared { row, composite, mapped, failed, names, targets: Vec::new() })
}

impl Prepared {
    fn finish(self, anchors: &BTreeMap<CsId, SourceAnchor>) -> Ready {
        let Self { row, composite, mapped, failed, targets, names } = self;
        let entry = &composite.entry;
        let mut manager = Manager::None;
        let mut manager_id = None;
        let mut members = Vec::new();
        let mut unresolved: Vec<(&Reference, bool)> = Vec::new();
        let mut lost_names = Vec::new();
        match mapped.kind {
            ObjectKind::User | ObjectKind::Contact | ObjectKind::Device => {
                if let (Some(_), Some(target)) = (&mapped.manager, targets.first()) {
                    manager = match target {
                        Some(target) if target.kind == Some(ObjectKind::User) => {
                            manager_id = Some(target.id);
                            anchors.get(&target.id).cloned().map_or(Manager::None, Manager::Is)
                        }
                        other => Manager::Unresolved { in_directory: other.is_some() },
                    };
                }
            }
            ObjectKind::Group => {
                for ((reference, name), target) in mapped.members.iter().zip(names).zip(&targets) {
                    match target {
                        Some(target) if target.kind.is_some() => members.push(target.id),
                        other => {
                            unresolved.push((reference, other.is_some()));
                            lost_names.push(name);
                        }
                    }
                }
                members.sort_unstable();
                members.dedup();
            }
        }
        let wanted =
            Wanted { anchor: &row.anchor, dn: &entry.dn, mapped: &mapped, manager: manager.anchor() };
        let fingerprint = wanted.fingerprint();
        let name = wanted.name().to_owned();
        let mut errors = mapped.errors.clone();
        if let (Manager::Unresolved { in_directory }, Some(reference)) = (&manager, &mapped.manager) {
            errors.push(unresolved_manager(entry, &name, reference, *in_directory));
        }
        errors.extend(unresolved_members(entry, &name, &unresolved));
        Ready {
            id: row.id,
            anchor: row.anchor,
            composite,
            failed,
            name,
            fingerprint,
            manager: manager.anchor().cloned(),
            manager_id,
            members,
            unresolved: lost_names,
            errors,
            had_errors: row.had_errors,
            confirmed_manager: row
                .confirmed
                .as_ref()
                .and_then(|confirmed| anchors.get(&confirmed.manager?).cloned()),
            confirmed: row.confirmed,
            mapped,
        }
    }
}

/// A pending object, ready to be compared and written.
#[derive(Clone, Debug)]
pub(crate) struct Ready {
    pub(crate) id: CsId,
    pub(crate) anchor: SourceAnchor,
    /// The entry, with those that are joined to it.
    pub(crate) composite: Composite,
    /// Its rules went wrong: what it should be is not known, and it is left as it is.
    pub(crate) failed: bool,
    pub(crate) name: String,
    pub(crate) mapped: Box<MappedObject>,
    pub(crate) manager: Option<SourceAnchor>,
    pub(crate) manager_id: Option<CsId>,
    /// The members of a group that are in the cloud, sorted.
    pub(crate) members: Vec<CsId>,
    /// The names of those that lead nowhere.
    pub(crate) unresolved: Vec<KeyHash>,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) confirmed: Option<ConfirmedRow>,
    /// The manager that was confirmed.
    pub(crate) confirmed_manager: Option<SourceAnchor>,
    pub(crate) errors: Vec<SyncError>,
    pub(crate) had_errors: bool,
}

impl Ready {
    pub(crate) fn wanted(&self) -> Wanted<'_> {
        Wanted {
            anchor: &self.anchor,
            dn: &self.composite.entry.dn,
            mapped: &self.mapped,
            manager: self.manager.as_ref(),
        }
    }

    /// Whether nothing of its properties and manager is to be written: the target holds them, or they are not known.
    pub(crate) fn is_written(&self) -> bool {
        self.failed
            || self.confirmed.as_ref().is_some_and(|confirmed| confirmed.fingerprint == self.fingerprint)
    }

    /// Whether the state follows which of its members change.
    pub(crate) fn is_large(&self) -> bool {
        self.members.len() >= LARGE_GROUP
    }

    /// The members, for the state: the target holds them.
    pub(crate) fn all_members(&mut self) -> MembersOutcome {
        let unresolved = std::mem::take(&mut self.unresolved);
        MembersOutcome::All { members: std::mem::take(&mut self.members), unresolved }
    }

    /// The members confirmed, where they are known one by one.
    pub(crate) fn confirmed_members(&self) -> Result<&[CsId], Fingerprint> {
        match self.confirmed.as_ref().map(|confirmed| &confirmed.members) {
            None | Some(ConfirmedMembers::Empty) => Ok(&[]),
            Some(ConfirmedMembers::Known(members)) => Ok(members),
            Some(ConfirmedMembers::Fingerprint(fingerprint)) => Err(*fingerprint),
        }
    }
}

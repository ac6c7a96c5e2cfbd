//! What a plan takes away without deleting it, gathered for the guard before the first write.

use crate::codec;
use crate::decide::Decider;
use crate::import::on_two_cores;
use crate::members::MembersChange;
use crate::plan::{Planner, Ready};
use crate::state::{ChangedGroup, Counts, Stage};
use crate::{LeftScope, StateError};
use lockstep_engine::rules::Mapped;
use lockstep_engine::{CsId, Losses, disabled, link_difference};
use lockstep_model::{ObjectKind, Properties, Property, SourceAnchor};
use std::collections::BTreeSet;

/// Pending objects made ready at once.
const PAGE: usize = 1_000;

impl Planner {
    /// Members and values that the pending changes take away from what the target holds.
    pub(crate) async fn losses(&self, counts: &Counts) -> Result<Losses, StateError> {
        let mut losses = Losses::default();
        let groups = self.whole_groups(true);
        for (kind, stage) in [(ObjectKind::User, Stage::KnownUsers), (ObjectKind::Group, groups)] {
            if !self.may_lose(kind, counts) {
                continue;
            }
            let mut after = CsId(0);
            while let Some((page, last)) = self.page(stage, after, PAGE).await? {
                after = last;
                let page = page.into_iter().filter(|ready| !ready.failed).collect();
                let page = self.with_confirmed(page).await?;
                self.losses_of(kind, &page, &mut losses).await?;
            }
        }
        let mut after = CsId(0);
        loop {
            let page = self.members_changes(after).await?;
            let Some(last) = page.last() else { return Ok(losses) };
            after = last.group.id;
            for MembersChange { group, difference } in page {
                let ChangedGroup { anchor, name, held, .. } = group;
                self.links_lost(&anchor, &name, held, difference.removed, &mut losses).await?;
            }
        }
    }

    /// Whether enough of a kind is pending to take away more than may go.
    pub(crate) fn may_lose(&self, kind: ObjectKind, counts: &Counts) -> bool {
        let held = counts.held.get(&kind).copied().unwrap_or(0);
        // So few objects cannot lose more of one property than may go; groups are judged one by one.
        let few = counts.pending <= self.threshold.limit(held);
        held > 0 && !(few && kind == ObjectKind::User)
    }

    /// What a page of pending objects loses; new ones, and those that failed, lose nothing.
    pub(crate) async fn losses_of(
        &self,
        kind: ObjectKind,
        page: &[(Ready, Option<Properties>)],
        losses: &mut Losses,
    ) -> Result<(), StateError> {
        self.managers_lost(page, losses).await?;
        for (ready, before) in page.iter().filter(|(ready, _)| !ready.failed && ready.confirmed.is_some()) {
            if let Some(before) = before {
                losses.object(kind, &ready.anchor, before, &ready.mapped.properties);
            }
            self.members_lost(ready, losses).await?;
        }
        Ok(())
    }

    /// Objects with the properties that the target confirmed: [`Planner::confirmed_properties`] for many, on two
    /// cores.
    pub(crate) async fn with_confirmed(
        &self,
        page: Vec<Ready>,
    ) -> Result<Vec<(Ready, Option<Properties>)>, StateError> {
        let planner = self.clone();
        on_two_cores(page, move |ready| {
            let properties = planner.confirmed_properties(&ready);
            Some((ready, properties))
        })
        .await
    }

    /// Users who lose a manager that stays.
    async fn managers_lost(
        &self,
        page: &[(Ready, Option<Properties>)],
        losses: &mut Losses,
    ) -> Result<(), StateError> {
        let lost: Vec<(&Ready, CsId)> = page
            .iter()
            .filter(|(ready, _)| !ready.failed && ready.manager_id.is_none())
            .filter_map(|(ready, _)| Some((ready, ready.confirmed.as_ref()?.manager?)))
            .collect();
        let managers: BTreeSet<CsId> = lost.iter().map(|(_, manager)| *manager).collect();
        let held = self.state.entries(managers.into_iter().collect()).await?;
        let staying: BTreeSet<CsId> = held
            .into_iter()
            .filter(|held| held.gone.is_none() && held.kind == Some(ObjectKind::User))
            .map(|held| held.id)
            .collect();
        let stays = lost.into_iter().filter(|(_, manager)| staying.contains(manager));
        stays.for_each(|(ready, _)| losses.manager(&ready.anchor));
        Ok(())
    }

    async fn members_lost(&self, ready: &Ready, losses: &mut Losses) -> Result<(), StateError> {
        // After a rebuild of the state only the members' fingerprint is known; then nothing can be said.
        let Ok(before) = ready.confirmed_members() else { return Ok(()) };
        let held = before.len() as u64;
        let removed = link_difference(before, &ready.members).removed;
        self.links_lost(&ready.anchor, &ready.name, held, removed, losses).await
    }

    /// Members of a group of `held` that go.
    async fn links_lost(
        &self,
        group: &SourceAnchor,
        name: &str,
        held: u64,
        removed: Vec<CsId>,
        losses: &mut Losses,
    ) -> Result<(), StateError> {
        if !self.members.is_over(held, removed.len() as u64) {
            return Ok(());
        }
        let mut staying: Vec<SourceAnchor> = Vec::new();
        for some in removed.chunks(PAGE) {
            let entries = self.state.entries(some.to_vec()).await?;
            let stays = entries.into_iter().filter(|entry| entry.gone.is_none() && entry.kind.is_some());
            staying.extend(stays.map(|entry| entry.anchor));
        }
        losses.group(group, name, held, &staying, &self.members);
        Ok(())
    }

    /// The properties that the target confirmed; none where they are not known, after a rebuild of the state.
    pub(crate) fn confirmed_properties(&self, ready: &Ready) -> Option<Properties> {
        let confirmed = ready.confirmed.as_ref()?;
        if !ready.failed && ready.fingerprint == confirmed.fingerprint {
            return Some(ready.mapped.properties.clone());
        }
        let manager = ready.confirmed_manager.as_ref();
        let is_it = |properties: &Properties| {
            properties.fingerprint(confirmed.kind, manager) == confirmed.fingerprint
        };
        if self.left_scope == LeftScope::Disable && is_it(&disabled()) {
            let mut properties = ready.mapped.properties.clone();
            properties.set_flag(Property::AccountEnabled, false);
            return Some(properties);
        }
        if self.earlier.is_empty() && confirmed.raw.is_none() && !ready.failed {
            return Some(ready.mapped.properties.clone());
        }
        let decoded;
        let entry = match confirmed.raw.as_deref() {
            None => &ready.composite,
            Some(raw) => {
                decoded = codec::decode_whole(ready.anchor.clone(), raw)?;
                &decoded
            }
        };
        let by = |decider: &Decider, is_new| match decider.map_as_in_scope(entry, is_new) {
            Mapped::Object(object) if object.kind == confirmed.kind => Some(object.properties),
            Mapped::Object(_) | Mapped::OutOfScope { .. } | Mapped::Failed { .. } => None,
        };
        // Where the rules changed since, those by which the object was confirmed are those that give its fingerprint.
        let all = || self.earlier.iter().chain(std::iter::once(&self.decider));
        let mut first = None;
        for (decider, is_new) in all().flat_map(|decider| [(decider, false), (decider, true)]) {
            // Only flows for new objects make a difference between the two.
            if is_new && !decider.asks_whether_new() {
                continue;
            }
            let Some(properties) = by(decider, is_new) else { continue };
            if self.earlier.is_empty() || is_it(&properties) {
                return Some(properties);
            }
            first.get_or_insert(properties);
        }
        first
    }
}

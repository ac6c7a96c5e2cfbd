//! What a plan takes away without deleting it, gathered for the guard before the first write.

use crate::codec;
use crate::decide::Decider;
use crate::plan::{Planner, Ready};
use crate::state::{Counts, Stage};
use crate::{LeftScope, StateError};
use lockstep_engine::rules::Mapped;
use lockstep_engine::{CsId, Losses, disabled, link_difference};
use lockstep_model::{ObjectKind, Properties, Property, SourceAnchor};

/// Pending objects made ready at once.
const PAGE: usize = 1_000;

impl Planner {
    /// Members and values that the pending changes take away from what the target holds.
    pub(crate) async fn losses(&self, counts: &Counts) -> Result<Losses, StateError> {
        let mut losses = Losses::default();
        for (kind, stage) in [(ObjectKind::User, Stage::KnownUsers), (ObjectKind::Group, Stage::KnownGroups)]
        {
            let held = counts.held.get(&kind).copied().unwrap_or(0);
            // So few objects cannot lose more of one property than may go; groups are judged one by one.
            let few = counts.pending <= self.threshold.limit(held);
            if held == 0 || (few && kind == ObjectKind::User) {
                continue;
            }
            let mut after = CsId(0);
            while let Some((page, last)) = self.page(stage, after, PAGE).await? {
                after = last;
                for ready in page.into_iter().filter(|ready| !ready.failed) {
                    if let Some(before) = self.confirmed_properties(&ready).await? {
                        losses.object(kind, &ready.anchor, &before, &ready.mapped.properties);
                    }
                    self.members_lost(&ready, &mut losses).await?;
                }
            }
        }
        Ok(losses)
    }

    async fn members_lost(&self, ready: &Ready, losses: &mut Losses) -> Result<(), StateError> {
        // After a rebuild of the state only the members' fingerprint is known; then nothing can be said.
        let Ok(before) = ready.confirmed_members() else { return Ok(()) };
        let held = before.len() as u64;
        let removed = link_difference(before, &ready.members).removed;
        if !self.members.is_over(held, removed.len() as u64) {
            return Ok(());
        }
        let mut staying: Vec<SourceAnchor> = Vec::new();
        for some in removed.chunks(PAGE) {
            let entries = self.state.entries(some.to_vec()).await?;
            let stays = entries.into_iter().filter(|entry| entry.gone.is_none() && entry.kind.is_some());
            staying.extend(stays.map(|entry| entry.anchor));
        }
        losses.group(&ready.anchor, &ready.name, held, &staying, &self.members);
        Ok(())
    }

    async fn confirmed_manager(&self, ready: &Ready) -> Result<Option<SourceAnchor>, StateError> {
        match ready.confirmed.as_ref().and_then(|confirmed| confirmed.manager) {
            Some(id) => Ok(self.state.anchors(vec![id]).await?.into_iter().flatten().next()),
            None => Ok(None),
        }
    }

    /// The properties that the target confirmed; none where they are not known, after a rebuild of the state.
    pub(crate) async fn confirmed_properties(&self, ready: &Ready) -> Result<Option<Properties>, StateError> {
        let Some(confirmed) = &ready.confirmed else { return Ok(None) };
        if self.left_scope == LeftScope::Disable
            && disabled().fingerprint(confirmed.kind, self.confirmed_manager(ready).await?.as_ref())
                == confirmed.fingerprint
        {
            let mut properties = ready.mapped.properties.clone();
            properties.set_flag(Property::AccountEnabled, false);
            return Ok(Some(properties));
        }
        if self.earlier.is_empty() && confirmed.raw.is_none() && !ready.failed {
            return Ok(Some(ready.mapped.properties.clone()));
        }
        let decoded;
        let entry = match confirmed.raw.as_deref() {
            None => &ready.entry,
            Some(raw) => match codec::decode(ready.anchor.clone(), raw) {
                Some(entry) => {
                    decoded = entry;
                    &decoded
                }
                None => return Ok(None),
            },
        };
        let by = |decider: &Decider, is_new| match decider.map_as_in_scope(entry, is_new) {
            Mapped::Object(object) if object.kind == confirmed.kind => Some(object.properties),
            Mapped::Object(_) | Mapped::OutOfScope { .. } | Mapped::Failed { .. } => None,
        };
        if self.earlier.is_empty() {
            return Ok(by(&self.decider, false));
        }
        // The rules changed since. Those by which the object was confirmed are those that give its fingerprint.
        let manager = self.confirmed_manager(ready).await?;
        let all = || std::iter::once(&self.decider).chain(self.earlier.iter());
        let tries = all().flat_map(|decider| [(decider, false), (decider, true)]);
        let mut known = tries.filter_map(|(decider, is_new)| by(decider, is_new));
        let is_it = |properties: &Properties| {
            properties.fingerprint(confirmed.kind, manager.as_ref()) == confirmed.fingerprint
        };
        Ok(known.find(is_it).or_else(|| self.earlier.iter().find_map(|decider| by(decider, false))))
    }
}

//! What a plan takes away without deleting it, gathered for the guard before the first write.

use crate::StateError;
use crate::codec;
use crate::plan::{Planner, Ready};
use crate::state::{Counts, Stage};
use lockstep_engine::rules::Mapped;
use lockstep_engine::{CsId, Losses, link_difference};
use lockstep_model::{ObjectKind, Properties, SourceAnchor};

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
                for ready in page {
                    if let Some(before) = self.confirmed_properties(&ready) {
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

    /// The properties that the target confirmed; none where they are not known, after a rebuild of the state.
    pub(crate) fn confirmed_properties(&self, ready: &Ready) -> Option<Properties> {
        match ready.confirmed.as_ref()?.raw.as_deref() {
            None => Some(ready.mapped.properties.clone()),
            Some(raw) => match self.mapping.map(&codec::decode(ready.anchor.clone(), raw)?) {
                Mapped::Object(object) => Some(object.properties),
                Mapped::OutOfScope { .. } => None,
            },
        }
    }
}

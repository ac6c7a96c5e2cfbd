//! The members of groups: what changes of them, as operations of many links.

use super::{Exporter, GROUPS, Tag};
use crate::members::MembersChange;
use crate::plan::Ready;
use crate::state::{MembersOutcome, Outcome, Stage};
use crate::{StateError, SyncFailure};
use lockstep_engine::{CsId, LinkDifference, link_difference, link_operations};
use lockstep_model::provisioning::BulkOperation;
use lockstep_model::{Fingerprint, SourceAnchor};
use std::collections::BTreeSet;

/// A group whose members are being written.
pub(super) struct GroupWrite {
    pub(super) members: MembersOutcome,
    pub(super) unanswered: usize,
    pub(super) refused: bool,
    /// A part of them is written.
    pub(super) begun: bool,
    /// Whether the target need not be told errors of it.
    pub(super) told: bool,
}

impl Exporter {
    /// The members of groups, as differences.
    pub(super) async fn members(&mut self) -> Result<(), SyncFailure> {
        let mut after = CsId(0);
        let stage = self.groups_stage();
        while let Some((page, last)) = self.planner.page(stage, after, GROUPS).await? {
            after = last;
            let mut settled = Vec::new();
            for mut ready in page {
                if self.loses_unjudged(&ready) {
                    continue;
                }
                let told = self.note_errors(&mut ready);
                if ready.failed {
                    self.uncompared.insert(ready.id);
                    if told {
                        settled.push(Outcome::Settled { id: ready.id });
                    }
                    continue;
                }
                let difference = match ready.confirmed_members() {
                    Ok(before) => self.with_anchors(link_difference(before, &ready.members)).await?,
                    Err(fingerprint) => self.against_target(&ready, fingerprint).await?,
                };
                settled.extend(self.push_links(ready, difference, told).await?);
            }
            if !settled.is_empty() {
                self.state().record(settled, self.clock.now()).await?;
            }
            self.put_errors_if_many().await?;
        }
        if stage == Stage::Groups { Ok(()) } else { self.changed_members().await }
    }

    /// Members of large groups, of which nothing else changed.
    async fn changed_members(&mut self) -> Result<(), SyncFailure> {
        let mut after = CsId(0);
        loop {
            let page = self.planner.members_changes(after).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.group.id;
            let mut settled = Vec::new();
            for MembersChange { group, difference } in page {
                if difference.removed.iter().any(|id| self.unjudged.contains(id)) {
                    continue;
                }
                let LinkDifference { added, removed } = difference.clone();
                let members = MembersOutcome::Changed { added, removed };
                let difference = self.with_anchors(difference).await?;
                let operations = link_operations(&group.anchor, difference);
                let write = GroupWrite {
                    members,
                    unanswered: operations.len(),
                    refused: false,
                    begun: false,
                    told: true,
                };
                settled.extend(self.push_members(group.id, operations, write).await?);
            }
            if !settled.is_empty() {
                self.state().record(settled, self.clock.now()).await?;
            }
        }
    }

    async fn with_anchors(
        &self,
        difference: LinkDifference<CsId>,
    ) -> Result<LinkDifference<SourceAnchor>, StateError> {
        if difference.is_empty() {
            return Ok(LinkDifference::default());
        }
        // One that is not known any more is not in the target either: a deletion takes its memberships along.
        let added = self.state().anchors(difference.added).await?.into_iter().flatten().collect();
        let removed = self.state().anchors(difference.removed).await?.into_iter().flatten().collect();
        Ok(LinkDifference { added, removed })
    }

    /// The difference where only the fingerprint of the target's members is known: equal, or they are asked for.
    async fn against_target(
        &self,
        ready: &Ready,
        theirs: Fingerprint,
    ) -> Result<LinkDifference<SourceAnchor>, SyncFailure> {
        let mut wanted: Vec<SourceAnchor> =
            self.state().anchors(ready.members.clone()).await?.into_iter().flatten().collect();
        wanted.sort_unstable();
        if Fingerprint::of_members(wanted.iter().map(SourceAnchor::as_str)) == theirs {
            return Ok(LinkDifference { added: Vec::new(), removed: Vec::new() });
        }
        let mut held = BTreeSet::new();
        let mut after = None;
        loop {
            let page = self.target.group_members(&ready.anchor, after).await?;
            held.extend(page.members);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        Ok(link_difference(&held.into_iter().collect::<Vec<_>>(), &wanted))
    }

    /// Sends what changes of the members of a group; answers what there is to record where nothing is to be sent.
    async fn push_links(
        &mut self,
        mut ready: Ready,
        difference: LinkDifference<SourceAnchor>,
        told: bool,
    ) -> Result<Option<Outcome>, SyncFailure> {
        let operations = link_operations(&ready.anchor, difference);
        // What the state knows of them may still be an older form: a fingerprint, or one who is deleted.
        let known =
            !ready.is_large() && ready.confirmed_members().is_ok_and(|before| before == ready.members);
        if operations.is_empty() && known {
            return Ok(told.then_some(Outcome::Settled { id: ready.id }));
        }
        let members = ready.all_members();
        let write = GroupWrite { members, unanswered: operations.len(), refused: false, begun: false, told };
        self.push_members(ready.id, operations, write).await
    }

    async fn push_members(
        &mut self,
        id: CsId,
        operations: Vec<BulkOperation>,
        write: GroupWrite,
    ) -> Result<Option<Outcome>, SyncFailure> {
        if operations.is_empty() {
            return Ok(Some(Outcome::Members { id, members: write.members, settled: write.told }));
        }
        self.groups.insert(id, write);
        for operation in operations {
            let (added, removed) = links_of(&operation);
            self.push(operation, Tag::Links { group: id, added, removed }).await?;
        }
        Ok(None)
    }
}

fn links_of(operation: &BulkOperation) -> (u64, u64) {
    let BulkOperation::Patch { data, .. } = operation else { return (0, 0) };
    let count =
        |verb| data.operations.iter().filter(|op| op.op == verb).map(|op| op.value.len() as u64).sum::<u64>();
    (count(lockstep_model::scim::PatchVerb::Add), count(lockstep_model::scim::PatchVerb::Remove))
}

//! Large groups of which nothing but some members may have changed: whether each of those is a member is asked of the
//! indexes, and the group's entry is not read. The work is that of the members that changed, whatever the group's
//! size; of all other groups the members are compared whole (`plan.rs`).

use crate::plan::Planner;
use crate::state::{ChangedGroup, Stage};
use crate::{StateError, codec};
use lockstep_engine::{CsId, KeyHash, LinkDifference};
use std::collections::{BTreeMap, BTreeSet};

/// Groups asked for at once.
const PAGE: usize = 100;
/// Entries asked for at once.
const ENTRIES: usize = 1_000;

/// What changes of the members of a large group.
#[derive(Clone, Debug)]
pub(crate) struct MembersChange {
    pub(crate) group: ChangedGroup,
    pub(crate) difference: LinkDifference<CsId>,
}

impl Planner {
    /// Whether large groups are followed by member. Who asks for one object wants to know, and has it compared whole.
    fn goes_by_member(&self) -> bool {
        self.only.is_none() && self.decider.refers_to_members_only()
    }

    /// The groups that are to be compared whole, out of all that are pending; `known`: of those that the target holds.
    pub(crate) fn whole_groups(&self, known: bool) -> Stage {
        match (self.goes_by_member(), known) {
            (true, false) => Stage::WholeGroups,
            (true, true) => Stage::KnownWholeGroups,
            (false, false) => Stage::Groups,
            (false, true) => Stage::KnownGroups,
        }
    }

    /// The others after `after`, with what changes of their members; empty at the end.
    pub(crate) async fn members_changes(&self, after: CsId) -> Result<Vec<MembersChange>, StateError> {
        if !self.goes_by_member() {
            return Ok(Vec::new());
        }
        let groups = self.state.changed_members(after, PAGE).await?;
        let changed: BTreeSet<CsId> = groups.iter().flat_map(|group| group.changed.iter().copied()).collect();
        let changed: Vec<CsId> = changed.into_iter().collect();
        let mut names: BTreeMap<CsId, Vec<KeyHash>> = BTreeMap::new();
        for some in changed.chunks(ENTRIES) {
            for held in self.state.entries(some.to_vec()).await? {
                names.insert(held.id, self.names_of(held));
            }
        }
        let mut answer = Vec::with_capacity(groups.len());
        for group in groups {
            let difference = self.difference(&group, &names).await?;
            answer.push(MembersChange { group, difference });
        }
        Ok(answer)
    }

    /// The names that mean an entry, where it is there; those of the entries that are joined to it mean it too.
    fn names_of(&self, held: crate::state::Held) -> Vec<KeyHash> {
        if held.gone.is_some() {
            return Vec::new();
        }
        let Some(composite) = codec::decode_whole(held.anchor, &held.raw) else { return Vec::new() };
        let entries = std::iter::once(&composite.entry).chain(&composite.parts);
        entries.flat_map(|entry| self.decider.keys(entry)).map(|key| self.decider.hash(&key)).collect()
    }

    async fn difference(
        &self,
        group: &ChangedGroup,
        names: &BTreeMap<CsId, Vec<KeyHash>>,
    ) -> Result<LinkDifference<CsId>, StateError> {
        let asked = |id: &CsId| (*id, names.get(id).cloned().unwrap_or_default());
        let asked: Vec<(CsId, Vec<KeyHash>)> = group.changed.iter().map(asked).collect();
        let memberships = self.state.memberships(group.id, asked).await?;
        let mut difference = LinkDifference { added: Vec::new(), removed: Vec::new() };
        for (id, membership) in group.changed.iter().zip(memberships) {
            match (membership.confirmed, membership.wanted) {
                (false, true) => difference.added.push(*id),
                (true, false) => difference.removed.push(*id),
                (true, true) | (false, false) => {}
            }
        }
        Ok(difference)
    }
}

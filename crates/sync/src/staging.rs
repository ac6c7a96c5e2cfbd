//! What a stand-by does in place of an export: it compares what it would write with what the tenant holds, settles
//! what is already so, and counts the rest. It writes nothing.

use crate::SyncFailure;
use crate::plan::{Fate, Planner};
use crate::state::{Outcome, Stage};
use lockstep_engine::CsId;
use lockstep_model::provisioning::PendingCounts;
use lockstep_model::{ObjectKind, Timestamp};

/// Pending objects looked at at once.
const PAGE: usize = 1_000;

/// Settles pending objects that the tenant has already as they are to be, and counts those that it has not. Was
/// called after the state was compared with the tenant's inventory.
///
/// Objects with errors stay pending: whoever takes over tells them.
pub(crate) async fn settle(planner: &Planner, now: Timestamp) -> Result<PendingCounts, SyncFailure> {
    let mut counts = PendingCounts::default();
    for stage in [Stage::Users, Stage::Groups] {
        let mut after = CsId(0);
        while let Some((page, last)) = planner.page(stage, after, PAGE).await? {
            after = last;
            let mut settled = Vec::new();
            for mut ready in page {
                if planner.change_of(&ready).await?.is_some() {
                    match ready.confirmed {
                        None => counts.additions += 1,
                        Some(_) => counts.updates += 1,
                    }
                    continue;
                }
                if !ready.errors.is_empty() {
                    continue;
                }
                let known = !ready.is_large()
                    && ready.confirmed_members().is_ok_and(|before| before == ready.members);
                settled.push(if ready.mapped.kind == ObjectKind::Group && !known {
                    Outcome::Members { id: ready.id, members: ready.all_members(), settled: true }
                } else {
                    Outcome::Settled { id: ready.id }
                });
            }
            if !settled.is_empty() {
                planner.state.record(settled, now).await?;
            }
        }
    }
    let mut after = CsId(0);
    loop {
        let page = planner.deletions(after).await?;
        let Some(last) = page.last() else { return Ok(counts) };
        after = last.id;
        counts.deletions += page.iter().filter(|row| planner.fate(row) != Fate::Keep).count() as u64;
    }
}

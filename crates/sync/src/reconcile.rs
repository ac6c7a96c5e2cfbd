//! Comparing the state with what the target holds, page by page: after the state was lost, or an export ended
//! without an answer. What is equal is confirmed with no write; what differs becomes pending.

use crate::SyncFailure;
use crate::import::IdSet;
use crate::state::{Batch, InventoryRow, Meta, StateStore};
use lockstep_engine::CsId;
use lockstep_targets::Target;
use std::sync::Arc;

/// Confirmed objects looked at at once.
const PAGE: usize = 50_000;

/// Asks the target for its inventory and takes it into the state.
pub(crate) async fn reconcile(
    state: &Arc<dyn StateStore>,
    target: &Arc<dyn Target>,
    meta: &mut Meta,
) -> Result<(), SyncFailure> {
    let mut seen = IdSet::default();
    let mut objects = 0_u64;
    let mut after = None;
    loop {
        let page = target.inventory(after).await?;
        let rows: Vec<InventoryRow> = page
            .items
            .into_iter()
            .map(|item| InventoryRow {
                anchor: item.anchor,
                kind: item.kind,
                name: item.name,
                fingerprint: item.fingerprint,
                members: item.members_fingerprint,
            })
            .collect();
        if !rows.is_empty() {
            for id in state.take_inventory(rows).await? {
                seen.insert(id);
                objects += 1;
            }
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    if objects == 0 {
        // An empty target has no errors of ours either.
        meta.errors_known = true;
    }
    // What the state calls confirmed and the target does not hold is to be made again.
    let mut last = CsId(0);
    loop {
        let ids = state.confirmed_ids(last, PAGE).await?;
        let Some(id) = ids.last() else { break };
        last = *id;
        let lost: Vec<CsId> = ids.into_iter().filter(|id| !seen.contains(*id)).collect();
        if !lost.is_empty() {
            state.forget_confirmed(lost).await?;
        }
    }
    meta.target_unsure = false;
    state.apply(Batch { meta: Some(meta.clone()), ..Batch::default() }).await?;
    tracing::info!(objects, "compared the state with what the target holds");
    Ok(())
}

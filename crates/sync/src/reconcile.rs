//! Comparing the state with what the target holds, page by page: after the state was lost, or an export ended
//! without an answer. What is equal is confirmed with no write; what differs becomes pending.

use crate::SyncFailure;
use crate::import::IdSet;
use crate::state::{Batch, InventoryRow, Meta, Outcome, StateStore};
use lockstep_engine::CsId;
use lockstep_model::Timestamp;
use lockstep_targets::Target;
use std::sync::Arc;

/// Confirmed objects looked at at once.
const PAGE: usize = 50_000;

/// Asks the target for its inventory and takes it into the state.
pub(crate) async fn reconcile(
    state: &Arc<dyn StateStore>,
    target: &Arc<dyn Target>,
    meta: &mut Meta,
    now: Timestamp,
) -> Result<(), SyncFailure> {
    let mut seen = IdSet::default();
    let mut objects = 0_u64;
    let mut after = None;
    loop {
        let page = target.inventory(after).await?;
        let mut with_errors = Vec::new();
        let rows: Vec<InventoryRow> = page
            .items
            .into_iter()
            .map(|item| {
                let row = InventoryRow {
                    anchor: item.anchor,
                    kind: item.kind,
                    name: item.name,
                    fingerprint: item.fingerprint,
                    members: item.members_fingerprint,
                };
                if item.client_errors {
                    with_errors.push(row.clone());
                }
                row
            })
            .collect();
        if !rows.is_empty() {
            for id in state.take_inventory(rows).await? {
                seen.insert(id);
                objects += 1;
            }
        }
        if !with_errors.is_empty() {
            plan_again(state, with_errors, now).await?;
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

/// Objects of which the target keeps errors that a client found: who told them may have been another client, or
/// one that lost its state. They are planned, so that what is told of them is what holds now.
async fn plan_again(
    state: &Arc<dyn StateStore>,
    rows: Vec<InventoryRow>,
    now: Timestamp,
) -> Result<(), SyncFailure> {
    let held = state.lookup(rows.iter().map(|row| row.anchor.clone()).collect()).await?;
    let (mut ids, mut again) = (Vec::new(), Vec::new());
    for (row, held) in rows.into_iter().zip(held) {
        // What is gone is pending anyway, and why it is gone must not be forgotten.
        if let Some(held) = held.filter(|held| held.gone.is_none()) {
            ids.push(held.id);
            again.push(row);
        }
    }
    state.record(ids.iter().map(|id| Outcome::Errors { id: *id, has: true }).collect(), now).await?;
    state.forget_confirmed(ids).await?;
    state.take_inventory(again).await?;
    Ok(())
}

//! Entries whose own words are the same and that may yet be something else: the scope changed around them, or a
//! group that a rule asks for. They are evaluated again before anything is planned.

use crate::StateError;
use crate::decide::Decider;
use crate::entry::rework;
use crate::import::on_two_cores;
use crate::state::{Batch, StateStore};
use std::sync::Arc;

/// Entries evaluated at once.
const PAGE: usize = 4_000;

/// Evaluates all that is marked. Answers how many became something else.
pub(crate) async fn settle(state: &Arc<dyn StateStore>, decider: &Decider) -> Result<u64, StateError> {
    let mut changed = 0;
    loop {
        let page = state.unsettled(PAGE).await?;
        if page.is_empty() {
            return Ok(changed);
        }
        let settled = page.iter().map(|held| held.id).collect();
        let decider = decider.clone();
        let upserts = on_two_cores(page, move |held| rework(held, &decider)).await?;
        changed += upserts.len() as u64;
        state.apply(Batch { upserts, settled, ..Batch::default() }).await?;
    }
}

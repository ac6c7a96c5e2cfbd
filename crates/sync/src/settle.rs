//! Entries whose own words are the same and that may yet be something else: the scope changed around them, or a
//! group that a rule asks for. They are evaluated again before anything is planned.

use crate::StateError;
use crate::decide::Decider;
use crate::entry::rework;
use crate::import::blocking;
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
        let work = move || page.into_iter().filter_map(|held| rework(held, &decider)).collect::<Vec<_>>();
        let upserts = blocking(work).await?;
        changed += upserts.len() as u64;
        state.apply(Batch { upserts, settled, ..Batch::default() }).await?;
    }
}

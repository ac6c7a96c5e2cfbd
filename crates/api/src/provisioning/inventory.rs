//! `GET /provisioning/v1/inventory`: what the tenant holds of synced objects, by anchor.

use super::PageQuery;
use crate::body;
use crate::error::ApiError;
use crate::state::ApiState;
use axum::extract::{RawQuery, State};
use axum::response::Response;

/// Objects a page.
const MOST: usize = 5_000;

/// A page of the inventory.
pub(crate) async fn inventory(
    State(state): State<ApiState>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let (after, top) = PageQuery::parse(query.as_deref(), MOST)?;
    body::json(&state.store.inventory(after, top).await?)
}

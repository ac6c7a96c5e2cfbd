//! `GET /api/v1/leases`: who wrote when: the leases of sync clients, newest first.

use crate::body;
use crate::error::ApiError;
use crate::state::ApiState;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

/// Leases of one answer.
const MOST: usize = 500;

#[derive(Deserialize)]
struct Asked {
    top: Option<usize>,
}

/// The newest leases.
pub(crate) async fn list(
    State(state): State<ApiState>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let Asked { top } = super::query(query.as_deref())?;
    let top = top.unwrap_or(50);
    if !(1..=MOST).contains(&top) {
        return Err(ApiError::bad_request(format!("`top` is 1 to {MOST}.")));
    }
    body::json(&json!({"value": state.store.leases(top).await?}))
}

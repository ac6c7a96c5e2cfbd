//! `GET /provisioning/v1/groups/{anchor}/members`: a group's members, by anchor.

use super::PageQuery;
use crate::body;
use crate::error::ApiError;
use crate::state::ApiState;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use lockstep_model::SourceAnchor;

/// Anchors a page.
const MOST: usize = 50_000;

/// A page of members. The anchor is percent-encoded in the path.
pub(crate) async fn members(
    State(state): State<ApiState>,
    group: Result<Path<String>, PathRejection>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let Path(group) = group.map_err(|_| ApiError::bad_request("The group's anchor is not UTF-8 text."))?;
    let group = SourceAnchor::new(group).map_err(|e| ApiError::bad_request(format!("{e}.")))?;
    let (after, top) = PageQuery::parse(query.as_deref(), MOST)?;
    body::json(&state.store.group_members(group, after, top).await?)
}

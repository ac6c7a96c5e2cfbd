//! `POST /provisioning/v1/runs`: a run for the history; the same id again replaces it.

use super::client_of;
use crate::auth::Identity;
use crate::body;
use crate::error::ApiError;
use crate::events::Topics;
use crate::state::ApiState;
use axum::Extension;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use lockstep_model::provisioning::RunRecord;

/// Keeps a run. 204.
pub(crate) async fn put(
    State(state): State<ApiState>,
    Extension(identity): Extension<Identity>,
    request: Request,
) -> Result<Response, ApiError> {
    let client = client_of(&identity)?;
    let run: RunRecord = body::read_json(request.into_body()).await?;
    state.store.put_run(client, run).await?;
    state.events.publish(Topics::RUNS.and(Topics::STATUS));
    Ok(StatusCode::NO_CONTENT.into_response())
}

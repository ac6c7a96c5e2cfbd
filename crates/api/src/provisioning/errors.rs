//! `PUT /provisioning/v1/errors`: errors that a client found itself, replacing those of the objects it names.

use super::{refuse_when_off, writer_of};
use crate::auth::Identity;
use crate::body;
use crate::error::ApiError;
use crate::events::Topics;
use crate::state::ApiState;
use axum::Extension;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use lockstep_model::provisioning::{ClientErrors, MAX_BODY_BYTES};

/// Replaces client-side errors. 204; 409 `Fenced` as for a batch.
pub(crate) async fn put(
    State(state): State<ApiState>,
    Extension(identity): Extension<Identity>,
    request: Request,
) -> Result<Response, ApiError> {
    let (head, content) = request.into_parts();
    let writer = writer_of(&identity, &head.headers)?;
    refuse_when_off(&state).await?;
    let errors: ClientErrors = body::read_large_json(&state, &head.headers, content, MAX_BODY_BYTES).await?;
    state.store.put_client_errors(writer, errors, state.now()).await?;
    state.events.publish(Topics::STATUS.and(Topics::ERRORS));
    Ok(StatusCode::NO_CONTENT.into_response())
}

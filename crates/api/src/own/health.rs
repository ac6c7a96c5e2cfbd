//! `GET /healthz` and `GET /readyz`: for supervisors and balancers, without sign-in.

use crate::body;
use crate::error::ApiError;
use crate::state::ApiState;
use axum::extract::State;
use axum::response::Response;
use serde_json::json;
use std::time::Duration;

/// Longest time the store may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// 200 while the process lives. The version and the time are for `lockstep doctor` of a sync client.
pub(crate) async fn healthz(State(state): State<ApiState>) -> Result<Response, ApiError> {
    body::json(&json!({"status": "ok", "version": state.settings.version, "now": state.now()}))
}

/// 200 when the store answers, else 503.
pub(crate) async fn readyz(State(state): State<ApiState>) -> Result<Response, ApiError> {
    match tokio::time::timeout(PATIENCE, state.store.organization()).await {
        Ok(Ok(_)) => body::json(&json!({"status": "ready"})),
        Ok(Err(error)) => {
            tracing::warn!(error = %crate::error::chain(&error), "not ready");
            Err(ApiError::unavailable("The tenant's store fails; the server's log says why."))
        }
        Err(_) => Err(ApiError::unavailable("The tenant's store does not answer within 2 s.")),
    }
}

//! `POST /provisioning/v1/report`: what a client does; the answer is what the tenant wants of it.

use super::client_of;
use crate::auth::Identity;
use crate::body;
use crate::error::ApiError;
use crate::events::Topics;
use crate::state::ApiState;
use axum::Extension;
use axum::extract::{Request, State};
use axum::response::Response;
use lockstep_model::provisioning::{ClientReport, ReportAnswer};

/// Takes a report. Also while synchronization is turned off: the page still shows the client.
pub(crate) async fn report(
    State(state): State<ApiState>,
    Extension(identity): Extension<Identity>,
    request: Request,
) -> Result<Response, ApiError> {
    let client = client_of(&identity)?;
    let report: ClientReport = body::read_json(request.into_body()).await?;
    let now = state.now();
    state.store.put_report(client, report, now).await?;
    state.events.publish(Topics::STATUS);
    let organization = state.store.organization().await?;
    body::json(&ReportAnswer {
        client,
        sync_enabled: organization.sync_enabled != Some(false),
        latest_version: state.settings.version.clone(),
        now,
        deletion_threshold: organization.deletion_threshold,
    })
}

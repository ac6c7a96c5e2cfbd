//! `POST /provisioning/v1/lease`: of several clients of one source, who may write.

use super::client_of;
use crate::auth::Identity;
use crate::body;
use crate::error::ApiError;
use crate::events::Topics;
use crate::state::ApiState;
use axum::Extension;
use axum::extract::{Request, State};
use axum::response::Response;
use lockstep_model::provisioning::{
    LeaseAnswer, LeaseRequest, LeaseWant, MAX_LEASE_NAME_BYTES, MAX_LEASE_WORD_BYTES,
};
use lockstep_tenant::standby::is_ready;

/// Gives, renews or takes back a lease. That it is another's is an answer and no error.
pub(crate) async fn ask(
    State(state): State<ApiState>,
    Extension(identity): Extension<Identity>,
    request: Request,
) -> Result<Response, ApiError> {
    let client = client_of(&identity)?;
    let asked: LeaseRequest = body::read_json(request.into_body()).await?;
    judge(&asked)?;
    let now = state.now();
    let mut answer: LeaseAnswer = state.store.lease(client, asked.clone(), now).await?;
    match asked.want {
        LeaseWant::Renew { .. } if answer.held => {
            let clients = state.store.clients().await?;
            answer.standby_ready =
                clients.iter().any(|other| other.id != client && is_ready(other, &asked.lease, now));
        }
        LeaseWant::Take { .. } if answer.held => {
            tracing::info!(lease = %asked.lease, machine = %asked.machine, epoch = answer.epoch, "a sync client took the lease");
            state.events.publish(Topics::STATUS);
        }
        LeaseWant::Release { .. } => state.events.publish(Topics::STATUS),
        _ => {}
    }
    body::json(&answer)
}

fn judge(asked: &LeaseRequest) -> Result<(), ApiError> {
    if asked.lease.is_empty() || asked.lease.len() > MAX_LEASE_NAME_BYTES {
        return Err(ApiError::bad_request(format!("`lease` has 1 to {MAX_LEASE_NAME_BYTES} bytes.")));
    }
    let words = [&asked.instance, &asked.process, &asked.machine];
    if words.into_iter().any(|word| word.is_empty() || word.len() > MAX_LEASE_WORD_BYTES) {
        return Err(ApiError::bad_request(format!(
            "`instance`, `process` and `machine` have 1 to {MAX_LEASE_WORD_BYTES} bytes each."
        )));
    }
    Ok(())
}

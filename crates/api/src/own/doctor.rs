//! `GET /api/v1/doctor`: the troubleshooter: the server's own checks and those of the sync client.

use super::orders::{active, refuse};
use crate::body;
use crate::error::ApiError;
use crate::orders::OrderFailure;
use crate::state::ApiState;
use axum::extract::State;
use axum::response::Response;
use lockstep_model::provisioning::{CheckResult, DoctorCheck, OrderAnswer, OrderRequest};
use serde_json::json;
use std::time::{Duration, Instant};

/// Longest wait for the client's checks.
const PATIENCE: Duration = Duration::from_secs(60);

/// Makes all checks. The client's come second, even when it is not there: then one check says so.
pub(crate) async fn check(State(state): State<ApiState>) -> Result<Response, ApiError> {
    let began = Instant::now();
    let client = active(&state).await?;
    let (own, asked) = tokio::join!(
        state.doctor.check(),
        state.orders.send(client, OrderRequest::Doctor, state.now(), PATIENCE)
    );
    let mut checks = own;
    let connected = !matches!(asked, Err(OrderFailure::NotConnected(_)));
    let failed = |detail: String, remedy: &str| DoctorCheck {
        name: "client.connection".into(),
        title: "Reach the sync client".into(),
        result: CheckResult::Fail,
        detail,
        remedy: Some(remedy.to_owned()),
        millis: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
    };
    match asked {
        Ok(OrderAnswer::Doctor { checks: found }) => checks.extend(found),
        Ok(OrderAnswer::Refused { reason }) => {
            checks.push(failed(reason, "follow what the sync client says"));
        }
        Ok(_) => checks.push(failed(
            "the sync client answered with something else".into(),
            "update the sync client to the server's version",
        )),
        Err(failure) => {
            let why = refuse(&state, failure).await;
            checks.push(failed(why.message, "start the sync client (`lockstep sync`), or see its log"));
        }
    }
    body::json(&json!({"checks": checks, "clientConnected": connected}))
}

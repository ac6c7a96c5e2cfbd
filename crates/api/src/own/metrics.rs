//! `GET /metrics`: Prometheus text, for those who look after the server: at the first tenant alone.

use super::status::newest_time;
use crate::error::ApiError;
use crate::metrics::Gauges;
use crate::state::ApiState;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;

/// The metrics, with gauges as they are now.
pub(crate) async fn show(State(state): State<ApiState>) -> Result<Response, ApiError> {
    if !state.is_first {
        // They are the server's, of all tenants together.
        return Err(ApiError::not_found("metrics"));
    }
    let counts = state.store.counts().await?;
    let clients = state.store.clients().await?;
    let gauges = Gauges {
        counts: &counts,
        last_import: newest_time(&clients, |report| report.last_import),
        last_export: newest_time(&clients, |report| report.last_export),
        clients: state.orders.connected(),
        listeners: state.events.listeners(),
        replicas: state.store.replicas(),
    };
    gauges.set();
    state.metrics.upkeep();
    let text = state.metrics.render();
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response())
}

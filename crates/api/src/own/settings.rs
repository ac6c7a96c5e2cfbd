//! `GET /api/v1/settings`: what is set, and where. What the tenant holds can be changed over the API; the rest is set in
//! the files of the server and of the sync client.

use crate::body;
use crate::error::ApiError;
use crate::settings::Retention;
use crate::state::ApiState;
use axum::extract::State;
use axum::response::Response;
use lockstep_model::guard::DeletionThreshold;
use serde::Serialize;
use std::collections::BTreeMap;

/// A setting of the server's file.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Setting {
    /// The key with its section: `server.keep_deleted`.
    key: &'static str,
    /// As a number of `unit`.
    value: u64,
    /// `seconds`, `megabytes`.
    unit: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Client {
    service_account: String,
    machine: String,
    /// What its file says of what it writes, by key.
    configuration: BTreeMap<String, String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    /// The tenant's own deletion threshold; null: each client's counts.
    deletion_threshold: Option<DeletionThreshold>,
    settings: Vec<Setting>,
    clients: Vec<Client>,
}

/// What is set.
pub(crate) async fn show(State(state): State<ApiState>) -> Result<Response, ApiError> {
    let organization = state.store.organization().await?;
    let Retention { keep_deleted_seconds, history_seconds, history_megabytes } = state.settings.retention;
    let stale = u64::try_from(state.settings.stale_after.as_secs()).unwrap_or(0);
    let of_server = |key, value, unit| Setting { key, value, unit };
    let clients = state.store.clients().await?.into_iter().filter_map(|client| {
        let report = client.report?;
        Some(Client {
            service_account: client.service_account,
            machine: report.machine,
            configuration: report.configuration,
        })
    });
    body::json(&Shown {
        deletion_threshold: organization.deletion_threshold,
        settings: vec![
            of_server("sync.stale_after", stale, "seconds"),
            of_server("server.keep_deleted", keep_deleted_seconds, "seconds"),
            of_server("server.history.keep", history_seconds, "seconds"),
            of_server("server.history.max_megabytes", history_megabytes, "megabytes"),
        ],
        clients: clients.collect(),
    })
}

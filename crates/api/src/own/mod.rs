//! Lockstep's own endpoints: what Graph has no words for.

pub(crate) mod activity;
pub(crate) mod doctor;
pub(crate) mod downloads;
pub(crate) mod enroll;
pub(crate) mod errors;
pub(crate) mod events;
pub(crate) mod export;
mod file;
pub(crate) mod fixes;
pub(crate) mod health;
pub(crate) mod history;
pub(crate) mod leases;
pub(crate) mod metrics;
pub(crate) mod orders;
pub(crate) mod people;
pub(crate) mod runs;
pub(crate) mod settings;
pub(crate) mod status;

use crate::error::ApiError;
use serde::de::DeserializeOwned;

/// Reads the query of a request; unknown names are passed over.
pub(crate) fn query<T: DeserializeOwned>(query: Option<&str>) -> Result<T, ApiError> {
    let uri = http::Uri::builder()
        .path_and_query(format!("/?{}", query.unwrap_or_default()))
        .build()
        .map_err(|_| ApiError::bad_request("The query is not well formed."))?;
    axum::extract::Query::try_from_uri(&uri)
        .map(|axum::extract::Query(parsed)| parsed)
        .map_err(|error| ApiError::bad_request(format!("{}.", error.body_text())))
}

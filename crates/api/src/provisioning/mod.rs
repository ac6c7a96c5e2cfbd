//! `/provisioning/v1`: what sync clients ask and say. Messages: `lockstep_model::provisioning`.

pub(crate) mod bulk;
pub(crate) mod errors;
pub(crate) mod inventory;
pub(crate) mod lease;
pub(crate) mod members;
pub(crate) mod orders;
pub(crate) mod report;
pub(crate) mod runs;

use crate::auth::Identity;
use crate::error::ApiError;
use crate::state::ApiState;
use http::{HeaderMap, StatusCode};
use lockstep_model::provisioning::EPOCH_HEADER;
use lockstep_model::{ClientId, SourceAnchor};
use lockstep_tenant::Writer;
use serde::Deserialize;

/// Which page of a list.
#[derive(Deserialize)]
pub(crate) struct PageQuery {
    after: Option<SourceAnchor>,
    top: Option<usize>,
}

impl PageQuery {
    /// Reads the query of a request; `most` is the most items of a page, and how many where not said.
    fn parse(query: Option<&str>, most: usize) -> Result<(Option<SourceAnchor>, usize), ApiError> {
        let Self { after, top } = crate::own::query(query)?;
        match top.unwrap_or(most) {
            0 => Err(ApiError::bad_request("`top` must be 1 or more.")),
            top => Ok((after, top.min(most))),
        }
    }
}

/// The client that a token belongs to.
fn client_of(identity: &Identity) -> Result<ClientId, ApiError> {
    identity.client.ok_or_else(|| {
        ApiError::forbidden("This token belongs to no sync client; make one with `lockstep token create`.")
    })
}

/// Who writes, and by which lease.
fn writer_of(identity: &Identity, headers: &HeaderMap) -> Result<Writer, ApiError> {
    let client = client_of(identity)?;
    let epoch = headers
        .get(EPOCH_HEADER)
        .map(|value| value.to_str().ok().and_then(|text| text.parse().ok()))
        .map(|epoch| epoch.ok_or_else(|| ApiError::bad_request(format!("`{EPOCH_HEADER}` is no number."))))
        .transpose()?;
    Ok(Writer { client, epoch })
}

/// Refuses changes while directory synchronization is turned off.
async fn refuse_when_off(state: &ApiState) -> Result<(), ApiError> {
    match state.store.organization().await?.sync_enabled {
        Some(false) => Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "DirectorySyncDisabled",
            "Directory synchronization is turned off in this tenant; an administrator can turn it on.",
        )),
        _ => Ok(()),
    }
}

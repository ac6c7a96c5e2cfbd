//! `/domains`: the domains of the tenant.

use super::answer::{Call, no_members, select};
use crate::error::ApiError;
use axum::response::Response;
use lockstep_tenant::Domain;
use serde_json::{Value, json};

/// `GET /domains`. A short list: always whole.
pub(super) async fn list(call: &Call) -> Result<Response, ApiError> {
    let domains = call.state.store.domains().await?;
    let items = domains.iter().map(|domain| select(render(domain), call.options.select.as_deref())).collect();
    call.all("domains", items)
}

/// `GET /domains/{name}`
pub(super) async fn get(call: &Call, name: &str) -> Result<Response, ApiError> {
    let domains = call.state.store.domains().await?;
    let domain = domains.iter().find(|domain| domain.id == name).ok_or_else(|| ApiError::not_found(name))?;
    call.entity("domains", select(render(domain), call.options.select.as_deref()))
}

fn render(domain: &Domain) -> Value {
    json!({
        "id": domain.id,
        "authenticationType": "Managed",
        "availabilityStatus": null,
        "isAdminManaged": true,
        "isDefault": domain.is_default,
        "isInitial": domain.is_initial,
        "isRoot": true,
        "isVerified": domain.is_verified,
        "manufacturer": null,
        "model": null,
        "passwordNotificationWindowInDays": null,
        "passwordValidityPeriodInDays": null,
        "state": null,
        "supportedServices": no_members(),
    })
}

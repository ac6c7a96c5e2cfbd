//! `/organization`: the tenant, and the switch of directory synchronization.

use super::answer::{Call, select, time};
use crate::body;
use crate::error::ApiError;
use crate::events::Topics;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use lockstep_tenant::domains::authentication_of;
use lockstep_tenant::status::last_sync;
use serde_json::{Map, Value, json};

/// `GET /organization`: always an array of one.
pub(super) async fn list(call: &Call) -> Result<Response, ApiError> {
    call.all("organization", vec![render(call).await?])
}

/// `GET /organization/{id}`
pub(super) async fn get(call: &Call, id: &str) -> Result<Response, ApiError> {
    check_id(call, id).await?;
    call.entity("organization", render(call).await?)
}

/// `PATCH /organization/{id}` with `{"onPremisesSyncEnabled": false}`, the key in any case. 204.
pub(super) async fn patch(call: &Call, id: &str, content: Body) -> Result<Response, ApiError> {
    check_id(call, id).await?;
    let changes: Map<String, Value> = body::read_json(content).await?;
    let mut enabled = None;
    for (key, value) in &changes {
        if key.starts_with('@') {
            continue;
        }
        if !key.eq_ignore_ascii_case("onPremisesSyncEnabled") {
            let key: String = key.chars().take(80).collect();
            return Err(ApiError::bad_request(format!(
                "Property '{key}' of the organization cannot be changed."
            )));
        }
        match value {
            Value::Bool(flag) => enabled = Some(*flag),
            _ => return Err(ApiError::bad_request("'onPremisesSyncEnabled' is set to true or false.")),
        }
    }
    let Some(enabled) = enabled else {
        return Err(ApiError::bad_request("The body changes nothing."));
    };
    call.state.store.set_sync_enabled(enabled, call.state.now()).await?;
    tracing::info!(enabled, "an administrator switched directory synchronization");
    call.state.events.publish(Topics::STATUS.and(Topics::USERS).and(Topics::GROUPS));
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn check_id(call: &Call, id: &str) -> Result<(), ApiError> {
    let organization = call.state.store.organization().await?;
    if organization.id.to_string() == id { Ok(()) } else { Err(ApiError::not_found(id)) }
}

async fn render(call: &Call) -> Result<Map<String, Value>, ApiError> {
    let store = &call.state.store;
    let organization = store.organization().await?;
    let domains = store.domains().await?;
    let clients = store.clients().await?;
    let verified: Vec<Value> = domains
        .iter()
        .filter(|domain| domain.is_verified)
        .map(|domain| {
            json!({
                "capabilities": domain.details.supported_services.join(", "),
                "isDefault": domain.is_default,
                "isInitial": domain.is_initial,
                "name": domain.id,
                "type": authentication_of(&domains, domain).as_str(),
            })
        })
        .collect();
    let value = json!({
        "id": organization.id,
        "deletedDateTime": null,
        "displayName": organization.display_name,
        "city": null,
        "country": null,
        "countryLetterCode": null,
        "state": null,
        "street": null,
        "postalCode": null,
        "preferredLanguage": null,
        "createdDateTime": time(organization.created_at),
        "defaultUsageLocation": null,
        "tenantType": "AAD",
        "partnerTenantType": null,
        "mobileDeviceManagementAuthority": "unknown",
        "businessPhones": [],
        "marketingNotificationEmails": [],
        "technicalNotificationMails": [],
        "securityComplianceNotificationMails": [],
        "securityComplianceNotificationPhones": [],
        "assignedPlans": [],
        "provisionedPlans": [],
        "privacyProfile": null,
        "verifiedDomains": verified,
        "onPremisesSyncEnabled": organization.sync_enabled,
        "onPremisesLastSyncDateTime": last_sync(&clients).map(time),
        // Graph has it on beta only; admins ask for it everywhere, and the type is open.
        "onPremisesLastPasswordSyncDateTime": null,
    });
    Ok(select(value, call.options.select.as_deref()))
}

//! `/directory/onPremisesSynchronization`: features, the deletion threshold and, on beta, what the sync client says
//! of itself. A collection of one, whose id is the tenant's.

use super::Version;
use super::answer::{Call, select};
use crate::body;
use crate::error::ApiError;
use crate::events::Topics;
use crate::own::people;
use crate::own::status::newest;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use lockstep_model::guard::DeletionThreshold;
use lockstep_tenant::access::AccessEvent;
use lockstep_tenant::{ClientRecord, Organization};
use serde_json::{Map, Value, json};

/// No limit by number: far more than a tenant holds, and still a number that every client can read.
const NO_COUNT: u64 = u32::MAX as u64;
const NO_PERCENT: u8 = 100;

/// Graph's twenty features, and whether each is so here.
const FEATURES: [(&str, bool); 20] = [
    ("allowOnPremUpdateOfOnPremisesObjectIdentifierEnabled", false),
    ("blockCloudObjectTakeoverThroughHardMatchEnabled", false),
    ("blockSoftMatchEnabled", false),
    ("bypassDirSyncOverridesEnabled", false),
    ("cloudPasswordPolicyForPasswordSyncedUsersEnabled", false),
    ("concurrentCredentialUpdateEnabled", false),
    ("concurrentOrgIdProvisioningEnabled", false),
    ("deviceWritebackEnabled", false),
    ("directoryExtensionsEnabled", false),
    ("fopeConflictResolutionEnabled", false),
    ("groupWriteBackEnabled", false),
    ("passwordSyncEnabled", false),
    ("passwordWritebackEnabled", false),
    ("quarantineUponProxyAddressesConflictEnabled", true),
    ("quarantineUponUpnConflictEnabled", true),
    ("softMatchOnUpnEnabled", false),
    ("synchronizeUpnForManagedUsersEnabled", true),
    ("unifiedGroupWritebackEnabled", false),
    ("userForcePasswordChangeOnLogonEnabled", false),
    ("userWritebackEnabled", false),
];

/// `GET /directory/onPremisesSynchronization`
pub(super) async fn list(call: &Call) -> Result<Response, ApiError> {
    call.all("directory/onPremisesSynchronization", vec![render(call).await?])
}

/// `GET /directory/onPremisesSynchronization/{id}`
pub(super) async fn get(call: &Call, id: &str) -> Result<Response, ApiError> {
    check_id(call, id).await?;
    call.entity("directory/onPremisesSynchronization", render(call).await?)
}

/// `PATCH /directory/onPremisesSynchronization/{id}`: the deletion threshold. Scripts send the whole object back,
/// so what is as it is already is taken, and a feature that would change is refused. 204.
pub(super) async fn patch(call: &Call, id: &str, content: Body) -> Result<Response, ApiError> {
    check_id(call, id).await?;
    let changes: Map<String, Value> = body::read_json(content).await?;
    let mut threshold = None;
    for (key, value) in &changes {
        match key.to_ascii_lowercase().as_str() {
            "configuration" => threshold = read_configuration(value)?.or(threshold),
            "features" => check_features(value)?,
            "id" => {}
            name if name.starts_with('@') => {}
            _ => return Err(cannot_change(key)),
        }
    }
    if let Some(threshold) = threshold {
        call.state.store.set_deletion_threshold(Some(threshold)).await?;
        let said = match threshold {
            DeletionThreshold { count: NO_COUNT, percent: NO_PERCENT } => "none".to_owned(),
            DeletionThreshold { count: NO_COUNT, percent } => format!("{percent} %"),
            DeletionThreshold { count, .. } => count.to_string(),
        };
        let (event, subject) = (AccessEvent::ThresholdSet, "accidentalDeletionPrevention".to_owned());
        people::tell(&call.state, &call.caller.name, event, subject, Some(said)).await?;
        tracing::info!(?threshold, "an administrator set the deletion threshold");
        call.state.events.publish(Topics::STATUS);
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn cannot_change(key: &str) -> ApiError {
    let key: String = key.chars().take(80).collect();
    ApiError::bad_request(format!("Property '{key}' cannot be changed in this version."))
}

/// The threshold of a `configuration`. Other keys are what the client says of itself and not set here.
fn read_configuration(value: &Value) -> Result<Option<DeletionThreshold>, ApiError> {
    let wrong = || ApiError::bad_request("'accidentalDeletionPrevention' has a type and a threshold.");
    let guard = get_any_case(value, "accidentalDeletionPrevention");
    let Some(guard) = guard.filter(|guard| !guard.is_null()) else { return Ok(None) };
    let kind =
        get_any_case(guard, "synchronizationPreventionType").and_then(Value::as_str).ok_or_else(wrong)?;
    let threshold = get_any_case(guard, "alertThreshold").and_then(Value::as_u64);
    Ok(Some(match kind.to_ascii_lowercase().as_str() {
        "disabled" => DeletionThreshold { count: NO_COUNT, percent: NO_PERCENT },
        "enabledforcount" => DeletionThreshold {
            count: threshold.filter(|n| *n < NO_COUNT).ok_or_else(wrong)?,
            percent: NO_PERCENT,
        },
        "enabledforpercentage" => DeletionThreshold {
            count: NO_COUNT,
            percent: threshold
                .and_then(|n| u8::try_from(n).ok())
                .filter(|percent| *percent <= 100)
                .ok_or_else(wrong)?,
        },
        _ => return Err(wrong()),
    }))
}

fn check_features(value: &Value) -> Result<(), ApiError> {
    let Value::Object(features) = value else {
        return Err(ApiError::bad_request("'features' is an object of true and false."));
    };
    for (key, wanted) in features {
        if key.starts_with('@') || wanted.is_null() {
            continue;
        }
        match FEATURES.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)) {
            Some((_, now)) if wanted.as_bool() == Some(*now) => {}
            _ => return Err(cannot_change(key)),
        }
    }
    Ok(())
}

fn get_any_case<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    value.as_object()?.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

async fn check_id(call: &Call, id: &str) -> Result<(), ApiError> {
    let organization = call.state.store.organization().await?;
    if organization.id.to_string() == id { Ok(()) } else { Err(ApiError::not_found(id)) }
}

async fn render(call: &Call) -> Result<Map<String, Value>, ApiError> {
    let organization = call.state.store.organization().await?;
    let mut configuration = json!({"accidentalDeletionPrevention": guard(&organization)});
    if call.version == Version::Beta
        && let Value::Object(configuration) = &mut configuration
    {
        let clients = call.state.store.clients().await?;
        let counts = call.state.store.counts().await?;
        configuration.extend(beta(&clients, counts.synced_users + counts.synced_groups, counts.memberships));
    }
    let features: Map<String, Value> =
        FEATURES.iter().map(|(name, value)| ((*name).to_owned(), Value::Bool(*value))).collect();
    let value = json!({"id": organization.id, "configuration": configuration, "features": features});
    Ok(select(value, call.options.select.as_deref()))
}

/// The tenant's threshold; without one the client's own holds, which by default is 500 objects.
fn guard(organization: &Organization) -> Value {
    let threshold = organization.deletion_threshold.unwrap_or_default();
    let (kind, number) = match organization.deletion_threshold {
        Some(t) if t.count >= NO_COUNT && t.percent >= NO_PERCENT => ("disabled", 0),
        Some(t) if t.count >= NO_COUNT => ("enabledForPercentage", u64::from(t.percent)),
        _ => ("enabledForCount", threshold.count),
    };
    json!({"synchronizationPreventionType": kind, "alertThreshold": number})
}

/// What Graph has on beta only.
fn beta(clients: &[ClientRecord], objects: u64, links: u64) -> Map<String, Value> {
    let shown = newest(clients);
    let report = shown.map(|(_, report)| report);
    let interval = report.map_or("PT30M".to_owned(), |report| duration(report.cycle_seconds));
    let pending = report.map(|report| report.pending).unwrap_or_default();
    super::answer::map(json!({
        "anchorAttribute": "entryUUID",
        "applicationId": null,
        "synchronizationClientVersion": report.map(|report| report.version.clone()),
        "synchronizationInterval": interval,
        "customerRequestedSynchronizationInterval": interval,
        "writebackConfiguration": {"unifiedGroupContainer": null, "userContainer": null},
        "currentExportData": {
            "clientMachineName": report.map(|report| report.machine.clone()),
            "serviceAccount": shown.map(|(client, _)| client.service_account.clone()),
            "pendingObjectsAddition": pending.additions,
            "pendingObjectsDeletion": pending.deletions,
            "pendingObjectsUpdate": pending.updates,
            "successfulObjectsProvisioningCount": objects,
            "successfulLinksProvisioningCount": links,
            "totalConnectorSpaceObjects": report.map(|report| report.connector_space_objects),
        },
    }))
}

/// ISO 8601, in the largest unit that fits: `PT30M`.
fn duration(seconds: u64) -> String {
    match seconds {
        s if s > 0 && s % 3600 == 0 => format!("PT{}H", s / 3600),
        s if s > 0 && s % 60 == 0 => format!("PT{}M", s / 60),
        s => format!("PT{s}S"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_there_and_back() {
        let check = |kind: &str, number: u64, expect: Option<(u64, u8)>| {
            let value = json!({"AccidentalDeletionPrevention": {
                "synchronizationPreventionType": kind, "AlertThreshold": number}});
            let read = read_configuration(&value);
            match expect {
                Some((count, percent)) => {
                    assert_eq!(read.unwrap(), Some(DeletionThreshold { count, percent }), "{kind}");
                }
                None => assert!(read.is_err(), "{kind} {number}"),
            }
        };
        check("enabledForCount", 500, Some((500, 100)));
        check("enabledForPercentage", 7, Some((NO_COUNT, 7)));
        check("disabled", 0, Some((NO_COUNT, 100)));
        check("enabledForPercentage", 101, None);
        check("enabledForCount", u64::MAX, None);
        check("sometimes", 1, None);
        assert_eq!(read_configuration(&json!({"other": 1})).unwrap(), None);
    }

    #[test]
    fn features_may_be_sent_back_as_they_are() {
        let all: Map<String, Value> =
            FEATURES.iter().map(|(n, v)| (n.to_uppercase(), Value::Bool(*v))).collect();
        assert!(check_features(&all.into()).is_ok());
        assert!(check_features(&json!({"passwordSyncEnabled": true})).is_err());
        assert!(check_features(&json!({"unknown": false})).is_err());
        assert!(check_features(&json!([])).is_err());
    }

    #[test]
    fn durations() {
        assert_eq!([1800, 7200, 90, 0].map(duration), ["PT30M", "PT2H", "PT90S", "PT0S"]);
    }
}

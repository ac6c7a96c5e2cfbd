//! `/ServiceProviderConfig`, `/ResourceTypes`, `/Schemas`: RFC 7644 section 4. Strict clients refuse a member that the
//! RFC does not know, so there is none.

use super::error::{Result, ScimError};
use super::list::{DEFAULT_PAGE, LIST_RESPONSE, MAX_PAGE, MAX_SCAN};
use super::schema::{GROUPS, SCHEMAS, USERS};
use super::{MAX_BODY, Reply, bulk, not_allowed};
use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

/// Answers what is asked of these three; None for any other path.
pub(super) fn answer(method: &Method, root: &str, segments: &[&str], query: &str) -> Result<Option<Reply>> {
    let (first, rest) = match segments {
        [first, rest @ ..] => (*first, rest),
        [] => return Ok(None),
    };
    let known = ["ServiceProviderConfig", "ResourceTypes", "Schemas"];
    let Some(name) = known.into_iter().find(|known| known.eq_ignore_ascii_case(first)) else {
        return Ok(None);
    };
    if *method != Method::GET {
        return Err(not_allowed(method));
    }
    // RFC 7644 section 4: these are not filtered.
    if query
        .split('&')
        .any(|pair| pair.split('=').next().is_some_and(|key| key.eq_ignore_ascii_case("filter")))
    {
        return Err(ScimError::new(StatusCode::FORBIDDEN, None, format!("/{name} takes no filter.")));
    }
    let all: Vec<Map<String, Value>> = match name {
        "ServiceProviderConfig" if rest.is_empty() => return Ok(Some(Reply::ok(config(root)))),
        "ResourceTypes" => vec![USERS.shown(root), GROUPS.shown(root)],
        "Schemas" => SCHEMAS.iter().map(|schema| schema.shown(root)).collect(),
        _ => return Err(ScimError::not_found(name)),
    };
    match rest {
        [] => Ok(Some(Reply::ok(json!({
            "schemas": [LIST_RESPONSE],
            "totalResults": all.len(),
            "itemsPerPage": all.len(),
            "startIndex": 1,
            "Resources": all,
        })))),
        [id] => {
            let is = |one: &Map<String, Value>| {
                one.get("id").and_then(Value::as_str).is_some_and(|own| own.eq_ignore_ascii_case(id))
            };
            let found = all.into_iter().find(is).ok_or_else(|| ScimError::not_found(id))?;
            Ok(Some(Reply::ok(Value::Object(found))))
        }
        _ => Err(ScimError::not_found(name)),
    }
}

fn config(root: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": {"supported": true},
        "bulk": {"supported": true, "maxOperations": bulk::MAX_OPERATIONS, "maxPayloadSize": MAX_BODY},
        "filter": {"supported": true, "maxResults": MAX_SCAN},
        "changePassword": {"supported": false},
        "sort": {"supported": true},
        "etag": {"supported": true},
        "pagination": {
            "cursor": true,
            "index": true,
            "defaultPaginationMethod": "index",
            "defaultPageSize": DEFAULT_PAGE,
            "maxPageSize": MAX_PAGE,
        },
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "Bearer token",
            "description": "A token made on the server by `lockstep token create NAME --role scim`, in the header Authorization.",
            "primary": true,
        }],
        "meta": {
            "resourceType": "ServiceProviderConfig",
            "location": format!("{root}/ServiceProviderConfig"),
        },
    })
}

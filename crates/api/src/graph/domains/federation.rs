//! `/domains/{name}/federationConfiguration`: where the users of a federated domain sign in. A domain has one at most.

use super::{change, find, items, map_of, not_settable, wrong};
use crate::body;
use crate::error::ApiError;
use crate::graph::answer::Call;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{Method, StatusCode};
use lockstep_model::ObjectId;
use lockstep_tenant::domains::Authentication;
use lockstep_tenant::{DomainChange, DomainUpdate};
use serde_json::{Map, Value};

/// Graph's `internalDomainFederation`: the texts that may be set.
const TEXTS: [&str; 10] = [
    "activeSignInUri",
    "displayName",
    "issuerUri",
    "metadataExchangeUri",
    "nextSigningCertificate",
    "passiveSignInUri",
    "passwordResetUri",
    "preferredAuthenticationProtocol",
    "signingCertificate",
    "signOutUri",
];
/// Texts of which one of a few is meant.
const CHOICES: [(&str, &[&str]); 3] = [
    ("preferredAuthenticationProtocol", &["wsFed", "saml"]),
    ("promptLoginBehavior", &["translateToFreshPasswordAuthentication", "nativeSupport", "disabled"]),
    (
        "federatedIdpMfaBehavior",
        &["acceptIfMfaDoneByFederatedIdp", "enforceMfaByFederatedIdp", "rejectMfaByFederatedIdp"],
    ),
];
/// Characters of a text.
const MAX_TEXT: usize = 16 * 1024;

/// What may be asked of it.
pub(in crate::graph) async fn federation(
    call: &Call,
    method: &Method,
    name: &str,
    id: Option<&str>,
    content: Body,
) -> Result<Response, ApiError> {
    let (_, domain) = find(call, name).await?;
    let set = format!("domains('{name}')/federationConfiguration");
    let held = domain.details.federation.clone();
    if let Some(id) = id
        && held.as_ref().and_then(|held| held.get("id")).and_then(Value::as_str) != Some(id)
    {
        return Err(ApiError::not_found(id));
    }
    match (method.as_str(), id, held) {
        ("GET", None, held) => items(call, &set, held.into_iter().collect()),
        ("GET", Some(_), Some(held)) => call.entity(&set, map_of(held)),
        ("POST", None, Some(_)) => Err(ApiError::bad_request(format!(
            "Domain '{name}' has a federation configuration; PATCH that one, or DELETE it first."
        ))),
        ("POST", None, None) => {
            let mut made = merged(Map::new(), content).await?;
            if !made.contains_key("issuerUri") || !made.contains_key("passiveSignInUri") {
                return Err(ApiError::bad_request("'issuerUri' and 'passiveSignInUri' must be given."));
            }
            made.insert("id".into(), ObjectId::generate(call.state.now()).to_string().into());
            change(call, name, DomainChange::Federate(Some(Value::Object(made.clone())))).await?;
            tracing::info!(domain = name, "a domain is federated");
            let mut response = call.entity(&set, made)?;
            *response.status_mut() = StatusCode::CREATED;
            Ok(response)
        }
        ("PATCH", Some(_), Some(held)) => {
            let made = merged(map_of(held), content).await?;
            change(call, name, DomainChange::Federate(Some(Value::Object(made.clone())))).await?;
            call.entity(&set, made)
        }
        ("DELETE", Some(_), Some(_)) => {
            let managed =
                DomainUpdate { authentication: Some(Authentication::Managed), ..DomainUpdate::default() };
            change(call, name, DomainChange::Update(managed)).await?;
            tracing::info!(domain = name, "a domain is managed again");
            Ok(StatusCode::NO_CONTENT.into_response())
        }
        _ => Err(ApiError::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "Request_BadRequest",
            "GET and POST the collection; GET, PATCH and DELETE the one in it.",
        )),
    }
}

async fn merged(mut held: Map<String, Value>, content: Body) -> Result<Map<String, Value>, ApiError> {
    let sent: Map<String, Value> = body::read_json(content).await?;
    for (key, value) in sent {
        if key.starts_with('@') || key == "id" {
            continue;
        }
        let choices = CHOICES.iter().find(|(name, _)| name.eq_ignore_ascii_case(&key));
        let text = TEXTS.iter().find(|name| name.eq_ignore_ascii_case(&key));
        let (name, value) = match (choices, text, value) {
            (Some((name, _)), _, Value::Null) => (*name, Value::Null),
            (Some((name, known)), _, Value::String(text)) => {
                let found = known.iter().find(|one| one.eq_ignore_ascii_case(&text));
                let wants = format!("one of {}", known.join(", "));
                (*name, (*found.ok_or_else(|| wrong(&key, &wants))?).into())
            }
            (None, Some(name), Value::Null) => (*name, Value::Null),
            (None, Some(name), Value::String(text)) if text.len() <= MAX_TEXT => (*name, text.into()),
            (None, None, Value::Bool(flag))
                if key.eq_ignore_ascii_case("isSignedAuthenticationRequestRequired") =>
            {
                ("isSignedAuthenticationRequestRequired", flag.into())
            }
            (None, None, _) => return Err(not_settable(&key)),
            (_, _, _) => return Err(wrong(&key, "a text of at most 16 KiB, or null")),
        };
        held.insert(name.to_owned(), value);
    }
    Ok(held)
}

//! `/domains`: the domains of the tenant, their proof by DNS, their federation, and their end.

mod federation;
mod render;

pub(super) use federation::federation;

use super::answer::{Call, select};
use super::resource::{Resource, Selection};
use crate::body;
use crate::error::ApiError;
use crate::events::Topics;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use lockstep_tenant::domains::{
    Authentication, Verdict, is_domain_name, judge, parent_of, service_records, verification_number,
    verification_records,
};
use lockstep_tenant::{Domain, DomainChange, DomainRefusal, DomainUpdate};
use render::{domain as render, record};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// `GET /domains`. A short list: always whole.
pub(super) async fn list(call: &Call) -> Result<Response, ApiError> {
    let domains = call.state.store.domains().await?;
    let select_of = |domain| select(render(&domains, domain), call.options.select.as_deref());
    call.all("domains", domains.iter().map(select_of).collect())
}

/// `GET /domains/{name}`
pub(super) async fn get(call: &Call, name: &str) -> Result<Response, ApiError> {
    let (domains, domain) = find(call, name).await?;
    call.entity("domains", select(render(&domains, &domain), call.options.select.as_deref()))
}

/// `POST /domains` with `{"id": "contoso.com"}`: adds it, to be verified. 201.
pub(super) async fn add(call: &Call, content: Body) -> Result<Response, ApiError> {
    let sent: Map<String, Value> = body::read_json(content).await?;
    let mut name = None;
    for (key, value) in &sent {
        match (key.to_ascii_lowercase().as_str(), value) {
            ("id", Value::String(text)) => name = Some(text.clone()),
            ("authenticationtype", Value::String(text)) if text.eq_ignore_ascii_case("managed") => {}
            ("authenticationtype", _) => {
                return Err(ApiError::bad_request(
                    "A new domain is Managed; verify it, then POST its federationConfiguration.",
                ));
            }
            (key, _) if key.starts_with('@') => {}
            (_, Value::Null) => {}
            (_, _) => return Err(not_settable(key)),
        }
    }
    let name =
        name.ok_or_else(|| ApiError::bad_request("The body names no domain: {\"id\": \"contoso.com\"}."))?;
    let domain = change(call, &name, DomainChange::Add).await?;
    let domain = domain.ok_or_else(|| ApiError::not_found(&name))?;
    tracing::info!(domain = %domain.id, verified = domain.is_verified, "a domain was added");
    let domains = call.state.store.domains().await?;
    let mut response = call.entity("domains", map_of(render(&domains, &domain)))?;
    *response.status_mut() = StatusCode::CREATED;
    if let Ok(location) = HeaderValue::from_str(&call.link(&format!("domains/{}", domain.id))) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// `PATCH /domains/{name}`. 204.
pub(super) async fn patch(call: &Call, name: &str, content: Body) -> Result<Response, ApiError> {
    let sent: Map<String, Value> = body::read_json(content).await?;
    let mut update = DomainUpdate::default();
    for (key, value) in &sent {
        match key.to_ascii_lowercase().as_str() {
            "isdefault" => match value {
                Value::Bool(flag) => update.is_default = Some(*flag),
                _ => return Err(wrong(key, "true or false")),
            },
            "authenticationtype" => {
                update.authentication = Some(match value.as_str().map(str::to_ascii_lowercase).as_deref() {
                    Some("managed") => Authentication::Managed,
                    Some("federated") => Authentication::Federated,
                    _ => return Err(wrong(key, "\"Managed\" or \"Federated\"")),
                });
            }
            "supportedservices" => {
                let services =
                    Vec::<String>::deserialize(value).map_err(|_| wrong(key, "a list of texts"))?;
                update.supported_services = Some(services);
            }
            "passwordvalidityperiodindays" => update.password_validity_days = Some(days(key, value)?),
            "passwordnotificationwindowindays" => {
                update.password_notification_days = Some(days(key, value)?);
            }
            key if key.starts_with('@') => {}
            _ => return Err(not_settable(key)),
        }
    }
    change(call, name, DomainChange::Update(update)).await?;
    tracing::info!(domain = name, "an administrator changed a domain");
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `DELETE /domains/{name}`: refused while something refers to it, which the answer names. 204.
pub(super) async fn delete(call: &Call, name: &str) -> Result<Response, ApiError> {
    change(call, name, DomainChange::Delete).await?;
    tracing::info!(domain = name, "a domain was deleted");
    Ok(StatusCode::NO_CONTENT.into_response())
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ForceDelete {
    #[serde(rename = "disableUserAccounts")]
    disable_user_accounts: Option<bool>,
}

/// `POST /domains/{name}/forceDelete`: renames what refers to it, in pages, then deletes it. 204 when it has begun;
/// the domain's `state` tells of it until it is gone.
pub(super) async fn force_delete(call: &Call, name: &str, content: Body) -> Result<Response, ApiError> {
    let sent: ForceDelete = optional_body(content).await?;
    let disable = sent.disable_user_accounts.unwrap_or(false);
    change(call, name, DomainChange::ForceDelete { disable }).await?;
    tracing::info!(domain = name, disable, "a domain is deleted, and what refers to it renamed");
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `POST /domains/{name}/promote`: a subdomain stands for itself. 200.
pub(super) async fn promote(call: &Call, name: &str) -> Result<Response, ApiError> {
    change(call, name, DomainChange::Promote).await?;
    let mut answer = Map::new();
    answer.insert("@odata.context".into(), call.context("Edm.Boolean").into());
    answer.insert("value".into(), true.into());
    super::answer::respond(&answer)
}

/// `POST /domains/{name}/verify`: asks DNS. 200 with the domain; 400 where the record is not there, with what the
/// resolver answered; 503 where there was no usable answer.
pub(super) async fn verify(call: &Call, name: &str, content: Body) -> Result<Response, ApiError> {
    #[derive(Deserialize, Default)]
    #[serde(default)]
    struct Sent {
        #[serde(rename = "forceTakeover")]
        _force_takeover: Option<bool>,
    }
    let _: Sent = optional_body(content).await?;
    let (_, domain) = find(call, name).await?;
    if domain.state.is_some_and(|state| state.force_delete) {
        return Err(refused(&DomainRefusal::Busy(name.to_owned())));
    }
    if !domain.is_verified {
        let tenant = call.state.store.organization().await?.id;
        let number = verification_number(tenant, &domain.id);
        let found = call.state.dns.ask(&domain.id).await;
        match judge(&domain.id, number, &found) {
            Verdict::Proven => {}
            Verdict::NotThere(why) => {
                tracing::info!(domain = name, resolver = %found.resolver, "a domain is not proven by DNS");
                return Err(ApiError::new(
                    StatusCode::BAD_REQUEST,
                    "DomainVerificationMissingDnsRecord",
                    why,
                ));
            }
            Verdict::NoAnswer(why) => {
                tracing::warn!(domain = name, resolver = %found.resolver, "DNS gave no usable answer");
                return Err(ApiError::unavailable(why));
            }
        }
        change(call, name, DomainChange::Verify).await?;
        tracing::info!(domain = name, resolver = %found.resolver, "a domain is verified by DNS");
    }
    let (domains, domain) = find(call, name).await?;
    let mut answer = map_of(render(&domains, &domain));
    answer.insert("availabilityStatus".into(), "AvailableImmediately".into());
    call.entity("domains", answer)
}

/// `GET /domains/{name}/verificationDnsRecords`
pub(super) async fn proof_records(call: &Call, name: &str) -> Result<Response, ApiError> {
    let (_, domain) = find(call, name).await?;
    let tenant = call.state.store.organization().await?.id;
    let records = verification_records(tenant, &domain).iter().map(|one| record(tenant, one)).collect();
    call.all(&format!("domains('{name}')/verificationDnsRecords"), records)
}

/// `GET /domains/{name}/serviceConfigurationRecords`: those of the services chosen for it.
pub(super) async fn service(call: &Call, name: &str) -> Result<Response, ApiError> {
    let (_, domain) = find(call, name).await?;
    let tenant = call.state.store.organization().await?.id;
    let records = service_records(&domain).iter().map(|one| record(tenant, one)).collect();
    call.all(&format!("domains('{name}')/serviceConfigurationRecords"), records)
}

/// `GET /domains/{name}/rootDomain`: the domain above it, or it itself.
pub(super) async fn root(call: &Call, name: &str) -> Result<Response, ApiError> {
    let (domains, domain) = find(call, name).await?;
    let mut at = &domain;
    while !at.details.promoted
        && let Some(above) = parent_of(&domains, &at.id)
    {
        at = above;
    }
    call.entity("domains", map_of(render(&domains, at)))
}

/// `GET /domains/{name}/domainNameReferences`: the users and groups with a name or an address in it.
pub(super) async fn references(call: &Call, name: &str) -> Result<Response, ApiError> {
    find(call, name).await?;
    let options = &call.options;
    if options.filter.is_some() || options.search.is_some() || options.orderby.is_some() {
        return Err(ApiError::unsupported_query("This list takes '$select' and '$top' only."));
    }
    let top = options.top.unwrap_or(100);
    let page = call.state.store.domain_references(name.to_owned(), options.skiptoken.clone(), top).await?;
    let selection = Selection::of(options.select.as_deref());
    let mut answer = Map::new();
    answer.insert("@odata.context".into(), call.context("directoryObjects").into());
    if let Some(next) = page.next {
        answer.insert("@odata.nextLink".into(), call.next_link(&next).into());
    }
    let items = page.items.iter().map(|object| selection.render(Resource::Object, object).into());
    answer.insert("value".into(), Value::Array(items.collect()));
    super::answer::respond(&answer)
}

async fn find(call: &Call, name: &str) -> Result<(Vec<Domain>, Domain), ApiError> {
    let domains = call.state.store.domains().await?;
    let domain = domains.iter().find(|domain| domain.id == name).cloned();
    domain.map(|domain| (domains, domain)).ok_or_else(|| ApiError::not_found(name))
}

/// Changes a domain; names that depend on it are worked out anew after the answer, page by page.
async fn change(call: &Call, name: &str, change: DomainChange) -> Result<Option<Domain>, ApiError> {
    let state = &call.state;
    let changed = state.store.change_domain(name.to_owned(), change, state.now()).await?;
    let domain = changed.map_err(|refusal| refused(&refusal))?;
    state.events.publish(Topics::STATUS);
    let (store, events, now) = (state.store.clone(), state.events.clone(), state.now());
    tokio::spawn(async move {
        match store.recalculate_domains(now).await {
            Ok(0) => {}
            Ok(changed) => {
                tracing::info!(changed, "names were worked out anew, for a domain came or went");
                let groups = Topics::GROUPS.and(Topics::ERRORS);
                events.publish(Topics::STATUS.and(Topics::USERS).and(groups));
            }
            // Taken up again by the hour, and when the server starts.
            Err(error) => tracing::warn!(
                error = &error as &dyn std::error::Error,
                "names cannot be worked out anew; this is tried again within the hour"
            ),
        }
    });
    Ok(domain)
}

fn refused(refusal: &DomainRefusal) -> ApiError {
    let message = format!("{refusal}.");
    match refusal {
        DomainRefusal::Unknown(name) if is_domain_name(name) => ApiError::not_found(name),
        DomainRefusal::Exists(_) => {
            ApiError::new(StatusCode::BAD_REQUEST, "Request_MultipleObjectsWithSameKeyValue", message)
        }
        DomainRefusal::Busy(_) => ApiError::new(StatusCode::CONFLICT, "Request_Conflict", message),
        _ => ApiError::bad_request(message),
    }
}

fn not_settable(key: &str) -> ApiError {
    let key: String = key.chars().take(80).collect();
    ApiError::bad_request(format!("Property '{key}' of a domain cannot be set here."))
}

fn wrong(key: &str, wants: &str) -> ApiError {
    let key: String = key.chars().take(80).collect();
    ApiError::bad_request(format!("'{key}' is {wants}."))
}

fn days(key: &str, value: &Value) -> Result<Option<u32>, ApiError> {
    match value {
        Value::Null => Ok(None),
        Value::Number(_) => {
            u32::deserialize(value).map(Some).map_err(|_| wrong(key, "a whole number of days, or null"))
        }
        _ => Err(wrong(key, "a whole number of days, or null")),
    }
}

/// A body that may be left out.
async fn optional_body<T: serde::de::DeserializeOwned + Default>(content: Body) -> Result<T, ApiError> {
    let bytes = body::read(content, body::SMALL).await?;
    if bytes.iter().all(u8::is_ascii_whitespace) { Ok(T::default()) } else { body::parse(&bytes) }
}

fn map_of(value: Value) -> Map<String, Value> {
    super::answer::map(value)
}

/// An empty answer of a list.
fn items(call: &Call, set: &str, items: Vec<Value>) -> Result<Response, ApiError> {
    let answer = json!({"@odata.context": call.context(set), "value": items});
    super::answer::respond(&map_of(answer))
}

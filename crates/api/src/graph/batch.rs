//! `$batch`: up to twenty requests in one, each answered by itself.
//!
//! Source: Microsoft Graph's "Combine multiple HTTP requests using JSON batching".

use super::answer::{Call, respond};
use super::write::error_body;
use super::{Asked, Version, answer};
use crate::body;
use crate::error::ApiError;
use axum::body::Body;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Requests of a batch.
const MAX_REQUESTS: usize = 20;
/// Bytes of a batch.
const MAX_BYTES: usize = 4 * 1024 * 1024;
/// Bytes of one answer.
const MAX_ANSWER: usize = 16 * 1024 * 1024;
/// Headers of one request.
const MAX_HEADERS: usize = 64;

/// One request, judged.
struct Item {
    id: String,
    method: Method,
    version: Version,
    path: String,
    query: String,
    headers: HeaderMap,
    body: Vec<u8>,
    after: Vec<String>,
}

/// `POST /$batch`
pub(super) async fn run(call: &Call, asked: &Asked, content: Body) -> Result<Response, ApiError> {
    let bytes = body::read(content, MAX_BYTES).await?;
    let sent: Map<String, Value> = body::parse(&bytes)?;
    let list = match get(&sent, "requests") {
        Some(Value::Array(list)) if (1..=MAX_REQUESTS).contains(&list.len()) => list,
        Some(Value::Array(_)) => {
            return Err(ApiError::bad_request(format!("A batch has 1 to {MAX_REQUESTS} requests.")));
        }
        _ => return Err(ApiError::bad_request("The body is {\"requests\": [...]}.")),
    };
    let mut waiting = list.iter().map(|item| read(item, asked)).collect::<Result<Vec<_>, _>>()?;
    let ids: BTreeSet<&str> = waiting.iter().map(|item| item.id.as_str()).collect();
    if ids.len() != waiting.len() {
        return Err(ApiError::bad_request("Each request of a batch has an id of its own."));
    }
    if let Some(unknown) = waiting.iter().flat_map(|item| &item.after).find(|id| !ids.contains(id.as_str())) {
        let unknown: String = unknown.chars().take(80).collect();
        return Err(ApiError::bad_request(format!(
            "'dependsOn' names '{unknown}', which is no request here."
        )));
    }
    check_order(&waiting)?;
    let mut done: BTreeMap<String, bool> = BTreeMap::new();
    let mut responses = Vec::with_capacity(waiting.len());
    let mut room = call.state.limits.batch;
    while let Some(at) = waiting.iter().position(|item| item.after.iter().all(|id| done.contains_key(id))) {
        let item = waiting.remove(at);
        let failed = item.after.iter().any(|id| done.get(id) == Some(&false));
        let id = item.id.clone();
        let (status, answer) = if failed {
            let error = ApiError::new(
                StatusCode::FAILED_DEPENDENCY,
                "FailedDependency",
                "A request that this one depends on failed.",
            );
            (error.status, refused(call, &id, &error))
        } else {
            one(call, asked, item, &mut room).await
        };
        done.insert(id, status.is_success());
        responses.push(answer);
    }
    let mut answer = Map::new();
    answer.insert("responses".into(), responses.into());
    respond(&answer)
}

/// Requests wait for each other, and none for itself.
fn check_order(items: &[Item]) -> Result<(), ApiError> {
    let mut done: BTreeSet<&str> = BTreeSet::new();
    loop {
        let before = done.len();
        for item in items {
            if item.after.iter().all(|id| done.contains(id.as_str())) {
                done.insert(&item.id);
            }
        }
        if done.len() == items.len() {
            return Ok(());
        }
        if done.len() == before {
            return Err(ApiError::bad_request("Requests of the batch wait for each other in a circle."));
        }
    }
}

fn get<'v>(map: &'v Map<String, Value>, name: &str) -> Option<&'v Value> {
    map.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

fn read(item: &Value, asked: &Asked) -> Result<Item, ApiError> {
    let wrong = |what: &str| ApiError::bad_request(format!("A request of the batch is malformed: {what}."));
    let map = item.as_object().ok_or_else(|| wrong("it is no object"))?;
    let id = match get(map, "id") {
        Some(Value::String(id)) if !id.is_empty() && id.len() <= 100 => id.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => return Err(wrong("it has no id")),
    };
    let method = get(map, "method").and_then(Value::as_str).unwrap_or_default().to_ascii_uppercase();
    let method = match method.as_str() {
        "GET" => Method::GET,
        "POST" => Method::POST,
        "PATCH" => Method::PATCH,
        "PUT" => Method::PUT,
        "DELETE" => Method::DELETE,
        _ => return Err(wrong("its method is none of GET, POST, PATCH, PUT, DELETE")),
    };
    let url = get(map, "url").and_then(Value::as_str).ok_or_else(|| wrong("it has no url"))?;
    // A full address is taken for what it asks of this server.
    let local = match url.split_once("://") {
        Some((_, rest)) => rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/"),
        None => url,
    };
    // Of one that names a tenant only this one's is taken off: any other is no address here.
    let local = match local.strip_prefix(asked.site.prefix()) {
        Some(own) if own.starts_with('/') => own,
        _ => local,
    };
    let (path, query) = local.split_once('?').unwrap_or((local, ""));
    let path = path.trim_start_matches('/');
    let (version, path) = match path.split_once('/') {
        Some((first, rest)) if first.eq_ignore_ascii_case("v1.0") => (Version::V1, rest),
        Some((first, rest)) if first.eq_ignore_ascii_case("beta") => (Version::Beta, rest),
        _ => (asked.version, path),
    };
    let mut headers = HeaderMap::new();
    if let Some(host) = asked.headers.get(header::HOST) {
        headers.insert(header::HOST, host.clone());
    }
    if let Some(Value::Object(sent)) = get(map, "headers") {
        if sent.len() > MAX_HEADERS {
            return Err(wrong(&format!("it has more than {MAX_HEADERS} headers")));
        }
        for (name, value) in sent {
            let name = HeaderName::from_bytes(name.as_bytes());
            let value = value.as_str().and_then(|value| HeaderValue::from_str(value).ok());
            // Who asks, and of which server, is said once for the whole batch.
            if let (Ok(name), Some(value)) = (name, value)
                && name != header::HOST
                && name != header::AUTHORIZATION
                && name != header::COOKIE
            {
                headers.insert(name, value);
            }
        }
    }
    let is_json = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_none_or(|value| value.to_ascii_lowercase().contains("json"));
    let body = match get(map, "body") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::String(text)) if !is_json => {
            STANDARD.decode(text).map_err(|_| wrong("a body that is no JSON is sent as base64"))?
        }
        Some(value) => value.to_string().into_bytes(),
    };
    let after = match get(map, "dependsOn").or_else(|| get(map, "depends_on")) {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(ids)) => {
            let text =
                |id: &Value| id.as_str().map(str::to_owned).or_else(|| id.as_i64().map(|n| n.to_string()));
            ids.iter()
                .map(text)
                .collect::<Option<_>>()
                .ok_or_else(|| wrong("'dependsOn' is a list of ids"))?
        }
        Some(_) => return Err(wrong("'dependsOn' is a list of ids")),
    };
    let path = format!("/{}/{path}", version.segment());
    Ok(Item { id, method, version, path, query: query.to_owned(), headers, body, after })
}

/// What one request comes to. Others may have changed something by now: whatever goes wrong is its own answer.
async fn one(call: &Call, asked: &Asked, item: Item, room: &mut usize) -> (StatusCode, Value) {
    let Item { id, method, version, path, query, headers, body: content, .. } = item;
    let asked = Asked {
        version,
        method,
        path,
        query,
        headers,
        site: asked.site.clone(),
        caller: asked.caller.clone(),
        nested: true,
    };
    let (_, result) = Box::pin(answer(call.state.clone(), asked, Body::from(content))).await;
    let mut response = match result {
        Ok(response) => response,
        Err(error) => return (error.status, refused(call, &id, &error)),
    };
    if let Some(error) = response.extensions_mut().remove::<ApiError>() {
        return (error.status, refused(call, &id, &error));
    }
    let (head, content) = response.into_parts();
    let bytes = match body::read(content, MAX_ANSWER.min(*room)).await {
        Ok(bytes) => bytes,
        Err(error) => {
            let error = if error.status == StatusCode::PAYLOAD_TOO_LARGE { no_room() } else { error };
            return (error.status, refused(call, &id, &error));
        }
    };
    *room = room.saturating_sub(bytes.len());
    let mut headers = Map::new();
    for name in [header::CONTENT_TYPE, header::LOCATION, HeaderName::from_static("odata-version")] {
        if let Some(value) = head.headers.get(&name).and_then(|value| value.to_str().ok()) {
            headers.insert(title(name.as_str()), value.into());
        }
    }
    let mut answer = json!({"id": id, "status": head.status.as_u16(), "headers": headers});
    if !bytes.is_empty()
        && let Some(answer) = answer.as_object_mut()
    {
        let content = match serde_json::from_slice::<Value>(&bytes) {
            Ok(value @ (Value::Object(_) | Value::Array(_))) => value,
            _ => STANDARD.encode(&bytes).into(),
        };
        answer.insert("body".into(), content);
    }
    (head.status, answer)
}

fn no_room() -> ApiError {
    ApiError::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "RequestEntityTooLarge",
        "The answer is larger than the batch has room for; what the request changes is changed. Ask for less by \
         '$select' and '$top', or outside of a batch.",
    )
}

/// `content-type` as people write it.
fn title(name: &str) -> String {
    match name {
        "content-type" => "Content-Type".into(),
        "location" => "Location".into(),
        "odata-version" => "OData-Version".into(),
        other => other.to_owned(),
    }
}

fn refused(call: &Call, id: &str, error: &ApiError) -> Value {
    let mut headers = json!({"Content-Type": "application/json"});
    if let (Some(seconds), Some(headers)) = (error.retry_after, headers.as_object_mut()) {
        headers.insert("Retry-After".into(), seconds.to_string().into());
    }
    let content = error_body(error, call.state.now());
    json!({"id": id, "status": error.status.as_u16(), "headers": headers, "body": content})
}

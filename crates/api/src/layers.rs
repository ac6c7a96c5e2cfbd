//! What surrounds every request: ids, error bodies, security headers, time limits, metrics.

use crate::error::ApiError;
use crate::state::ApiState;
use crate::tls::is_tls;
use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use std::borrow::Cow;
use std::time::{Duration, Instant};

/// The route of a response, for the metrics, where one pattern of the router stands for many.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Route(pub(crate) &'static str);

const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");
const CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("client-request-id");

/// Scripts, styles and pictures come from this server alone; styles may be inline, for Fluent UI writes them so.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; object-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

/// The outermost layer.
pub(crate) async fn around(State(state): State<ApiState>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = request.method().clone();
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let request_id = new_request_id();
    let client_request_id = client_request_id(request.headers());
    let tls = is_tls(&state, request.extensions());

    let mut response = next.run(request).await;

    let route: Cow<'static, str> = match (response.extensions().get::<Route>(), &matched) {
        (Some(route), _) => route.0.into(),
        (None, Some(matched)) => matched.as_str().to_owned().into(),
        (None, None) => "portal".into(),
    };
    let status = response.status();
    let error = response.extensions_mut().remove::<ApiError>().or_else(|| {
        // What the framework refuses by itself gets the same form.
        let bare = status.is_client_error() || status.is_server_error();
        (bare && !response.headers().contains_key(header::CONTENT_TYPE)).then(|| plain_error(status))
    });
    if let Some(error) = error {
        let client_id = client_request_id.as_ref().and_then(|v| v.to_str().ok()).unwrap_or(&request_id);
        *response.body_mut() = Body::from(error.body(state.now(), &request_id, client_id));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
        headers.remove(header::CONTENT_LENGTH);
    }
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&request_id) {
        headers.insert(REQUEST_ID, id);
    }
    if let Some(id) = client_request_id {
        headers.insert(CLIENT_REQUEST_ID, id);
    }
    secure(headers, tls);

    let took = began.elapsed();
    state.metrics.request(route, &method, status.as_u16(), took);
    if status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED {
        tracing::warn!(%method, status = status.as_u16(), request_id, "a request failed");
    } else {
        tracing::debug!(%method, status = status.as_u16(), request_id, millis = took.as_millis(), "request");
    }
    response
}

fn plain_error(status: StatusCode) -> ApiError {
    match status {
        StatusCode::METHOD_NOT_ALLOWED => ApiError::new(
            status,
            "Request_BadRequest",
            "This address does not take this method; see `Allow`.",
        ),
        StatusCode::NOT_FOUND => {
            ApiError::new(status, "Request_ResourceNotFound", "There is nothing at this address.")
        }
        _ => ApiError::new(
            status,
            "Request_BadRequest",
            format!("{}.", status.canonical_reason().unwrap_or("The request was refused")),
        ),
    }
}

pub(crate) fn new_request_id() -> String {
    let mut random = [0_u8; 16];
    // Should the system's generator fail, ids repeat: they only help to find a line in a log.
    let _ = getrandom::fill(&mut random);
    uuid::Builder::from_random_bytes(random).into_uuid().hyphenated().to_string()
}

/// The caller's own id, if it is short and plain enough to send back.
fn client_request_id(headers: &HeaderMap) -> Option<HeaderValue> {
    let value = headers.get(CLIENT_REQUEST_ID)?;
    let text = value.to_str().ok()?;
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(&b));
    (plain && !text.is_empty() && text.len() <= 64).then(|| value.clone())
}

/// The security headers of every answer.
fn secure(headers: &mut HeaderMap, tls: bool) {
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (
            HeaderName::from_static("permissions-policy"),
            "accelerometer=(), camera=(), geolocation=(), gyroscope=(), microphone=(), payment=(), usb=()",
        ),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if tls {
        let value = HeaderValue::from_static("max-age=31536000");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, value);
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

/// Ends a handler that takes longer than `limit`. Streams are not concerned: their handlers end when the stream
/// begins.
pub(crate) async fn within(limit: Duration, request: Request, next: Next) -> Response {
    match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => ApiError::unavailable(format!(
            "The request took longer than {} s and was ended; try again, and see the server's log if it stays so.",
            limit.as_secs()
        ))
        .into_response(),
    }
}

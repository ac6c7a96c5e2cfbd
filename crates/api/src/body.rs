//! Bodies: JSON with a size limit, in and out.

use crate::error::ApiError;
use crate::state::ApiState;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Bytes of an ordinary request.
pub(crate) const SMALL: usize = 256 * 1024;
/// From this size on a body is read by one of few at a time, and parsed away from the connections' threads.
const LARGE: usize = 512 * 1024;

/// Reads a body whole.
pub(crate) async fn read(body: Body, limit: usize) -> Result<Bytes, ApiError> {
    match Limited::new(body, limit).collect().await {
        Ok(whole) => Ok(whole.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(ApiError::too_large(limit)),
        Err(_) => Err(ApiError::bad_request("The body ended before it was whole.")),
    }
}

/// Reads a small body as JSON.
pub(crate) async fn read_json<T: DeserializeOwned>(body: Body) -> Result<T, ApiError> {
    parse(&read(body, SMALL).await?)
}

/// Reads a body that may be large as JSON. Only few large ones are held in memory at a time.
pub(crate) async fn read_large_json<T: DeserializeOwned + Send + 'static>(
    state: &ApiState,
    headers: &HeaderMap,
    body: Body,
    limit: usize,
) -> Result<T, ApiError> {
    let length =
        headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|length| length > limit) {
        return Err(ApiError::too_large(limit));
    }
    // A body of unknown length counts as a large one.
    let _turn = match length {
        Some(length) if length < LARGE => None,
        _ => {
            Some(state.large_bodies.acquire().await.map_err(|_| ApiError::unavailable("The server stops."))?)
        }
    };
    let bytes = read(body, limit).await?;
    if bytes.len() < LARGE {
        return parse(&bytes);
    }
    match tokio::task::spawn_blocking(move || parse(&bytes)).await {
        Ok(parsed) => parsed,
        Err(_) => Err(ApiError::unavailable("The server stops.")),
    }
}

/// Reads JSON. `serde_json` refuses what is nested deeper than 128.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    serde_json::from_slice(bytes)
        .map_err(|error| ApiError::bad_request(format!("The body is not the JSON expected here: {error}.")))
}

/// An answer in JSON that is not to be kept by anyone on the way.
pub(crate) fn json(value: &impl Serialize) -> Result<Response, ApiError> {
    json_as(value, "application/json; charset=utf-8")
}

/// An answer in JSON of a media type.
pub(crate) fn json_as(value: &impl Serialize, media_type: &'static str) -> Result<Response, ApiError> {
    let bytes = serde_json::to_vec(value).map_err(|error| {
        tracing::error!(error = %error, "an answer cannot be written as JSON");
        ApiError::unavailable("The answer cannot be written; report this.")
    })?;
    let mut response = Body::from(bytes).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    Ok(response)
}

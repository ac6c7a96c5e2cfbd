//! The one error of the API, in Microsoft Graph's form. It travels in the response's extensions; the outermost
//! layer writes the body, for only there are the request's ids known.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use lockstep_model::Timestamp;
use lockstep_model::provisioning::FENCED;
use lockstep_tenant::{DirectoryError, DirectoryRefusal, StoreError};
use serde_json::json;
use std::error::Error;

/// What a request is refused with.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{status} {code}: {message}")]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    /// Graph's code where Graph has one: `Request_ResourceNotFound`.
    pub(crate) code: &'static str,
    /// The cause and the next step, for the caller.
    pub(crate) message: String,
    /// Seconds to wait before the next try.
    pub(crate) retry_after: Option<u64>,
    /// The property at fault, with a code of its own (Graph's `details`).
    pub(crate) detail: Option<(&'static str, String)>,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), retry_after: None, detail: None }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "Request_BadRequest", message)
    }

    pub(crate) fn unsupported_query(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "Request_UnsupportedQuery", message)
    }

    pub(crate) fn too_large(limit: usize) -> Self {
        let message = format!("The body has more than {limit} bytes; send less at once.");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", message)
    }

    pub(crate) fn unauthorized(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "InvalidAuthenticationToken", message)
    }

    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "Authorization_RequestDenied", message)
    }

    pub(crate) fn not_found(what: &str) -> Self {
        let message = format!(
            "Resource '{what}' does not exist or one of its queried reference-property objects are not present."
        );
        Self::new(StatusCode::NOT_FOUND, "Request_ResourceNotFound", message)
    }

    pub(crate) fn not_implemented(what: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_IMPLEMENTED, "NotImplemented", what)
    }

    pub(crate) fn throttled(message: impl Into<String>, seconds: u64) -> Self {
        let error = Self::new(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests", message);
        Self { retry_after: Some(seconds), ..error }
    }

    pub(crate) fn unavailable(message: impl Into<String>) -> Self {
        let error = Self::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", message);
        Self { retry_after: Some(5), ..error }
    }

    /// The body in Graph's form.
    pub(crate) fn body(&self, now: Timestamp, request_id: &str, client_request_id: &str) -> Vec<u8> {
        let mut body = json!({"error": {
            "code": self.code,
            "message": self.message,
            "innerError": {
                "date": now.strftime("%Y-%m-%dT%H:%M:%S").to_string(),
                "request-id": request_id,
                "client-request-id": client_request_id,
            },
        }});
        if let Some((code, target)) = &self.detail
            && let Some(error) = body.get_mut("error").and_then(serde_json::Value::as_object_mut)
        {
            let details = json!([{"code": code, "message": self.message, "target": target}]);
            error.insert("details".into(), details);
            error.insert("target".into(), target.as_str().into());
        }
        body.to_string().into_bytes()
    }
}

impl From<DirectoryError> for ApiError {
    /// What the directory refuses, in Graph's codes.
    fn from(error: DirectoryError) -> Self {
        let refusal = match error {
            DirectoryError::Refused(refusal) => refusal,
            DirectoryError::Store(error) => return error.into(),
        };
        let message = refusal.to_string();
        let target = refusal.property().map(str::to_owned);
        let bad = |code: &'static str| Self {
            detail: target.map(|target| (code, target)),
            ..Self::bad_request(message.as_str())
        };
        match *refusal {
            DirectoryRefusal::NotFound { id } | DirectoryRefusal::ReferenceNotFound { id, .. } => {
                Self::not_found(&id.to_string())
            }
            DirectoryRefusal::Changed { .. } => {
                Self::new(StatusCode::PRECONDITION_FAILED, "Request_PreconditionFailed", message)
            }
            DirectoryRefusal::Conflict { .. } => {
                Self { code: "Request_MultipleObjectsWithSameKeyValue", ..bad("ObjectConflict") }
            }
            DirectoryRefusal::Mastered { .. } => Self { detail: None, ..bad("") },
            DirectoryRefusal::Invalid { .. }
            | DirectoryRefusal::DomainNotVerified { .. }
            | DirectoryRefusal::NotWritable { .. }
            | DirectoryRefusal::AlreadyLinked { .. }
            | DirectoryRefusal::Ring { .. }
            | DirectoryRefusal::WrongKind { .. } => bad("InvalidValue"),
        }
    }
}

impl From<StoreError> for ApiError {
    /// A failure of the store is logged here, once, and told to the caller without its inner words.
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::BadPageToken => Self::new(
                StatusCode::BAD_REQUEST,
                "Directory_ExpiredPageToken",
                "The page token is not valid or no longer valid; start the list anew without it.",
            ),
            StoreError::DomainElsewhere { .. } => {
                Self::new(StatusCode::CONFLICT, "Request_Conflict", format!("{error}."))
            }
            StoreError::Unsupported { what } => {
                Self::unsupported_query(format!("The query is not supported: {what}."))
            }
            StoreError::Fenced { why } => {
                tracing::warn!(%why, "a write of a sync client is refused");
                crate::metrics::fenced();
                Self::new(
                    StatusCode::CONFLICT,
                    FENCED,
                    format!("The write is refused: {why}. Nothing was written."),
                )
            }
            StoreError::DiskFull { .. }
            | StoreError::Unavailable { .. }
            | StoreError::Undone { .. }
            | StoreError::Closed => {
                tracing::error!(error = %chain(&error), "a request cannot be served");
                Self::unavailable(format!("{error}."))
            }
            StoreError::Database { .. } | StoreError::Corrupt { .. } => {
                tracing::error!(error = %chain(&error), "a request cannot be served");
                Self::new(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "InternalServerError",
                    "The tenant's store failed; the server's log says why. Run `lockstep doctor` on the server.",
                )
            }
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// An error with its causes, in one line.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut below = error.source();
    while let Some(cause) = below {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        below = cause.source();
    }
    text
}

//! Errors as SCIM answers them: RFC 7644 section 3.12.

use crate::error::ApiError;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use lockstep_tenant::StoreError;
use lockstep_tenant::directory::{DirectoryError, DirectoryRefusal};
use serde_json::{Value, json};

const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ScimError {
    pub(super) status: StatusCode,
    /// `invalidFilter`, `uniqueness`, ...
    pub(super) kind: Option<&'static str>,
    pub(super) detail: String,
    pub(super) retry_after: Option<u64>,
}

pub(super) type Result<T> = std::result::Result<T, ScimError>;

impl ScimError {
    pub(super) fn new(status: StatusCode, kind: Option<&'static str>, detail: impl Into<String>) -> Self {
        Self { status, kind, detail: detail.into(), retry_after: None }
    }

    pub(super) fn bad(kind: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, Some(kind), detail)
    }

    pub(super) fn syntax(detail: impl Into<String>) -> Self {
        Self::bad("invalidSyntax", detail)
    }

    pub(super) fn value(detail: impl Into<String>) -> Self {
        Self::bad("invalidValue", detail)
    }

    pub(super) fn path(detail: impl Into<String>) -> Self {
        Self::bad("invalidPath", detail)
    }

    pub(super) fn not_found(what: &str) -> Self {
        let what: String = what.chars().take(200).collect();
        Self::new(StatusCode::NOT_FOUND, None, format!("Resource '{what}' does not exist."))
    }

    /// The body.
    pub(super) fn body(&self) -> Value {
        let mut body = json!({
            "schemas": [ERROR],
            "detail": self.detail,
            "status": self.status.as_u16().to_string(),
        });
        if let (Value::Object(fields), Some(kind)) = (&mut body, self.kind) {
            fields.insert("scimType".into(), kind.into());
        }
        body
    }
}

impl IntoResponse for ScimError {
    fn into_response(self) -> Response {
        let mut response = (self.status, Body::from(self.body().to_string())).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(super::MEDIA_TYPE));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<ApiError> for ScimError {
    fn from(error: ApiError) -> Self {
        let kind = (error.status == StatusCode::BAD_REQUEST).then_some("invalidSyntax");
        Self { status: error.status, kind, detail: error.message, retry_after: error.retry_after }
    }
}

impl From<StoreError> for ScimError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::BadPageToken => Self::bad(
                "invalidCursor",
                "The cursor is not one of this server's, or belongs to another question; start the list anew.",
            ),
            StoreError::Unsupported { what } => {
                Self::bad("invalidFilter", format!("The question is not supported: {what}."))
            }
            other => ApiError::from(other).into(),
        }
    }
}

impl From<DirectoryError> for ScimError {
    fn from(error: DirectoryError) -> Self {
        match error {
            DirectoryError::Store(error) => error.into(),
            DirectoryError::Refused(refusal) => (*refusal).into(),
        }
    }
}

impl From<DirectoryRefusal> for ScimError {
    fn from(refusal: DirectoryRefusal) -> Self {
        let said = refusal.to_string();
        match refusal {
            DirectoryRefusal::NotFound { id } => Self::not_found(&id.to_string()),
            DirectoryRefusal::Conflict { property, value, other } => {
                let kind = other.kind.map_or("object", |kind| kind.as_str());
                Self::new(
                    StatusCode::CONFLICT,
                    Some("uniqueness"),
                    format!(
                        "The value '{value}' of {property} belongs to the {kind} '{}'; give this one another value, \
                         or take it from that one first.",
                        other.name
                    ),
                )
            }
            DirectoryRefusal::Mastered { .. } => Self::bad(
                "mutability",
                "This object comes from a directory that is synchronized; change it there.",
            ),
            DirectoryRefusal::Changed { .. } => Self::new(StatusCode::PRECONDITION_FAILED, None, said),
            DirectoryRefusal::NotWritable { .. } => Self::bad("mutability", said),
            DirectoryRefusal::ReferenceNotFound { link, id } => {
                Self::value(format!("There is no living object '{id}' for {link}; make it first."))
            }
            _ => Self::value(said),
        }
    }
}

//! `POST /api/v1/enrollments`: a code with which one new sync client gets its token, once and within an hour; and
//! `POST /provisioning/v1/enroll`, where the client changes it for the token.
//!
//! **Invariant:** a code is good for nothing else (`auth::admit` sees to that), and ends when it is used.

use crate::auth::{ENROLLMENT_PATH, ENROLLMENT_PREFIX, Identity, enrollment, hash_secret, new_secret};
use crate::body;
use crate::error::ApiError;
use crate::state::ApiState;
use axum::Extension;
use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use jiff::SignedDuration;
use lockstep_tenant::access::AccessEvent;
use lockstep_tenant::{Role, TokenRecord};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::json;

/// How long a code works.
const VALID: SignedDuration = SignedDuration::from_hours(1);
/// Bytes of a client's name.
const MAX_NAME: usize = 100;

#[derive(Deserialize)]
struct Asked {
    name: String,
}

/// Makes a code for a client of this name; one that was not used yet ends. 409 where there is a token of that name.
pub(crate) async fn create(
    State(state): State<ApiState>,
    Extension(identity): Extension<Identity>,
    request: Request,
) -> Result<Response, ApiError> {
    let Asked { name } = body::read_json(request.into_body()).await?;
    let name = name.trim();
    if name.is_empty() || name.len() > MAX_NAME || name.chars().any(char::is_control) {
        return Err(ApiError::bad_request("`name` has 1 to 100 bytes and no control characters."));
    }
    let now = state.now();
    let code = new_secret(ENROLLMENT_PREFIX).map_err(|error| ApiError::unavailable(error.to_string()))?;
    let expires_at = now.checked_add(VALID).ok();
    let record = TokenRecord {
        name: name.to_owned(),
        role: Role::SyncClient,
        client: None,
        created_at: now,
        expires_at,
    };
    let Some(record) = state.store.put_code(code.hash, record, now).await? else {
        return Err(ApiError::new(
            StatusCode::CONFLICT,
            "Conflict",
            format!("There is a client or a token '{name}' already; take another name, or revoke that one."),
        ));
    };
    super::people::tell(&state, &identity.name, AccessEvent::EnrollmentMade, record.name.clone(), None)
        .await?;
    body::json(&json!({
        "name": record.name, "code": code.text.expose_secret(), "expiresAt": record.expires_at,
        "client": record.client,
    }))
}

/// Changes a code for a token that lasts. The code ends with it; where two bring it at once, one gets the token.
pub(crate) async fn change(State(state): State<ApiState>, request: Request) -> Result<Response, ApiError> {
    debug_assert_eq!(request.uri().path(), ENROLLMENT_PATH);
    let code = enrollment(request.headers()).map(hash_secret);
    let Some(code) = code else {
        return Err(ApiError::forbidden("Only an enrolment code can be changed for a token."));
    };
    let token = new_secret("lkt").map_err(|error| ApiError::unavailable(error.to_string()))?;
    let Some(record) = state.store.change_code(code, token.hash, state.now()).await? else {
        return Err(ApiError::unauthorized("The code was used, or has ended; ask for another one."));
    };
    body::json(&json!({ "name": record.name, "token": token.text.expose_secret(), "client": record.client }))
}

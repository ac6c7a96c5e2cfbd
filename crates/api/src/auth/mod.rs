//! Who asks, and what they may do. A browser shows a cookie, a program a bearer token; the store knows only the
//! SHA-256 of either.

pub(crate) mod limit;
mod password;
mod secret;
pub(crate) mod session;

use crate::address::Site;
use crate::error::ApiError;
use crate::state::ApiState;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use lockstep_model::{ClientId, Timestamp};
use lockstep_tenant::Role;
use lockstep_tenant::store::SecretHash;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

pub use password::{PasswordError, hash_password};
pub use secret::{NewSecret, SecretError, hash_secret, new_secret};

/// What requests of a browser that change something carry: another site's page cannot send it.
const REQUEST_MARK: HeaderName = HeaderName::from_static("x-lockstep-request");

/// What an enrolment code begins with, so that it can be told from a token.
pub(crate) const ENROLLMENT_PREFIX: &str = "lke";
/// The only path on which one is taken.
pub(crate) const ENROLLMENT_PATH: &str = "/provisioning/v1/enroll";

/// Who asks.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    /// Name of the person or token.
    pub(crate) name: String,
    pub(crate) role: Role,
    /// The sync client, for its token.
    pub(crate) client: Option<ClientId>,
    /// The session, for a browser.
    pub(crate) session: Option<(SecretHash, Timestamp)>,
}

/// Lets people and programs of the roles admin and reader in; readers only look.
pub(crate) async fn person(state: State<ApiState>, request: Request, next: Next) -> Response {
    let may = |role, reads| match role {
        Role::Admin => Ok(()),
        Role::Reader if reads => Ok(()),
        Role::Reader => Err("The role reader changes nothing; sign in as an administrator."),
        Role::SyncClient => Err("A sync client's token is for /provisioning/v1 only."),
        Role::Scim => Err("This token is for /scim/v2 only."),
    };
    admit(state.0, request, next, may).await
}

/// Lets sync clients in.
pub(crate) async fn sync_client(state: State<ApiState>, request: Request, next: Next) -> Response {
    let may = |role, _| match role {
        Role::SyncClient => Ok(()),
        Role::Admin | Role::Reader | Role::Scim => {
            Err("Only a sync client's token may do this: `lockstep token create --role sync-client`.")
        }
    };
    admit(state.0, request, next, may).await
}

/// Lets systems that provision over SCIM in, and people; readers only look.
pub(crate) async fn scim(state: State<ApiState>, request: Request, next: Next) -> Response {
    let may = |role, reads| match role {
        Role::Scim | Role::Admin => Ok(()),
        Role::Reader if reads => Ok(()),
        Role::Reader => Err("The role reader changes nothing; make a token with the role scim."),
        Role::SyncClient => Err("A sync client's token is for /provisioning/v1 only."),
    };
    admit(state.0, request, next, may).await
}

/// Lets everyone in who is known.
pub(crate) async fn any_role(state: State<ApiState>, request: Request, next: Next) -> Response {
    admit(state.0, request, next, |_, _| Ok(())).await
}

async fn admit(
    state: ApiState,
    mut request: Request,
    next: Next,
    may: impl Fn(Role, bool) -> Result<(), &'static str>,
) -> Response {
    let identity = match identify(&state, request.headers(), &Site::of(&state, request.extensions())).await {
        Ok(identity) => identity,
        Err(error) => return error.into_response(),
    };
    if enrollment(request.headers()).is_some() && request.uri().path() != ENROLLMENT_PATH {
        return ApiError::forbidden("An enrolment code is for `lockstep sync enroll` alone.").into_response();
    }
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if let Err(why) = may(identity.role, reads || only_asks(request.uri().path())) {
        return ApiError::forbidden(why).into_response();
    }
    if identity.session.is_some()
        && !reads
        && request.headers().get(REQUEST_MARK).is_none_or(|mark| mark.as_bytes() != b"1")
    {
        return ApiError::forbidden(
            "With a cookie, this request must carry the header X-Lockstep-Request: 1.",
        )
        .into_response();
    }
    lengthen(&state, &identity).await;
    note_use(&state, &identity).await;
    request.extensions_mut().insert(identity);
    next.run(request).await
}

/// Questions of Graph's that are asked with POST. What a `$batch` holds is looked at one by one.
fn only_asks(path: &str) -> bool {
    let path = path.trim_end_matches('/').to_ascii_lowercase();
    ["/v1.0/", "/beta/"]
        .iter()
        .filter_map(|version| path.strip_prefix(version))
        .any(|rest| matches!(rest, "$batch" | "%24batch" | "directoryobjects/getbyids"))
}

async fn identify(state: &ApiState, headers: &HeaderMap, site: &Site) -> Result<Identity, ApiError> {
    let now = state.now();
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let token = bearer(value)
            .ok_or_else(|| ApiError::unauthorized("The header Authorization must be `Bearer <token>`."))?;
        let record = state.store.token(hash_secret(token), now).await?.ok_or_else(|| {
            ApiError::unauthorized(
                "The token is not known or has ended; make one with `lockstep token create`.",
            )
        })?;
        return Ok(Identity { name: record.name, role: record.role, client: record.client, session: None });
    }
    let Some(cookie) = session::cookie(headers, site) else {
        return Err(ApiError::unauthorized("Sign in, or send the header Authorization: Bearer <token>."));
    };
    let hash = hash_secret(cookie);
    let session = state
        .store
        .session(hash, now)
        .await?
        .ok_or_else(|| ApiError::unauthorized("The session has ended; sign in again."))?;
    Ok(Identity {
        name: session.user,
        role: session.role,
        client: None,
        session: Some((hash, session.expires_at)),
    })
}

/// The enrolment code that the request carries.
pub(crate) fn enrollment(headers: &HeaderMap) -> Option<&str> {
    let token = headers.get(header::AUTHORIZATION).and_then(bearer)?;
    token.strip_prefix(ENROLLMENT_PREFIX).is_some_and(|rest| rest.starts_with('_')).then_some(token)
}

/// The token of `Bearer <token>`; the scheme in any case (RFC 9110 section 11.1).
fn bearer(value: &HeaderValue) -> Option<&str> {
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && token.len() <= 512).then_some(token)
}

/// Lengthens a session that is used, at most every ten minutes. Not being able to is no reason to refuse.
async fn lengthen(state: &ApiState, identity: &Identity) {
    let Some((hash, expires_at)) = identity.session else { return };
    let Ok(end) = state.now().checked_add(session::LENGTH) else { return };
    if end.duration_since(expires_at) < session::SLIDE_EVERY {
        return;
    }
    // One that was ended meanwhile stays ended.
    if let Err(error) = state.store.lengthen_session(hash, end).await {
        tracing::warn!(error = %crate::error::chain(&error), "a session cannot be lengthened");
    }
}

/// Notes that a token was used, at most every ten minutes. Not being able to is no reason to refuse.
async fn note_use(state: &ApiState, identity: &Identity) {
    if identity.session.is_some() {
        return;
    }
    let now = state.now();
    if !state.token_uses.is_due(&identity.name, now) {
        return;
    }
    if let Err(error) = state.store.note_token_use(identity.name.clone(), now).await {
        tracing::warn!(error = %crate::error::chain(&error), "that a token was used cannot be noted");
    }
}

/// When the uses of tokens were noted, by name: as many as there are tokens.
#[derive(Debug, Default)]
pub(crate) struct TokenUses(Mutex<BTreeMap<String, Timestamp>>);

impl TokenUses {
    /// Whether a use is to be noted; then it counts as noted.
    fn is_due(&self, name: &str, now: Timestamp) -> bool {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.get(name).is_some_and(|at| now.duration_since(*at) < session::SLIDE_EVERY) {
            return false;
        }
        noted.insert(name.to_owned(), now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_with_post() {
        for path in ["/v1.0/$batch", "/beta/%24Batch/", "/v1.0/directoryObjects/getByIds"] {
            assert!(only_asks(path), "{path}");
        }
        for path in ["/v1.0/users", "/api/v1/orders", "/v1.0/users/$batch", "/v1.0/groups/x/members/$ref"] {
            assert!(!only_asks(path), "{path}");
        }
    }

    #[test]
    fn bearer_tokens_in_any_case() {
        let check = |text: &str, expect: Option<&str>| {
            assert_eq!(bearer(&HeaderValue::from_str(text).unwrap()), expect, "{text}");
        };
        check("Bearer abc", Some("abc"));
        check("bearer  abc ", Some("abc"));
        check("Basic abc", None);
        check("Bearer", None);
        check("Bearer ", None);
        check(&format!("Bearer {}", "x".repeat(600)), None);
    }
}

//! `/api/v1/session`: signing in by password or one-time link, who is signed in, signing out.

use super::{Identity, new_secret, password};
use crate::address::Site;
use crate::body;
use crate::error::ApiError;
use crate::state::ApiState;
use axum::Extension;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use jiff::SignedDuration;
use lockstep_model::Timestamp;
use lockstep_tenant::{Role, Session};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};

/// The cookie of the first tenant; and that of a tenant that is asked by its prefix, for its path alone.
const COOKIE: &str = "lockstep_session";
const TENANT_COOKIE: &str = "lockstep_tenant_session";
/// How long a session lasts without being used.
pub(super) const LENGTH: SignedDuration = SignedDuration::from_hours(12);
/// A session that is used is lengthened no more often than this.
pub(super) const SLIDE_EVERY: SignedDuration = SignedDuration::from_mins(10);
/// Bytes a name may have.
const MAX_NAME_BYTES: usize = 256;

#[derive(Deserialize)]
struct Credentials {
    user: String,
    password: SecretString,
}

#[derive(Deserialize)]
struct Link {
    token: SecretString,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    user: String,
    role: Role,
    /// Absent for a bearer token.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
}

/// `POST /api/v1/session`: signs in with name and password. 204 with the cookie; 401 for a wrong name or
/// password, whichever it was; 429 after ten failures a minute.
pub(crate) async fn sign_in(State(state): State<ApiState>, request: Request) -> Result<Response, ApiError> {
    refuse_other_sites(request.headers())?;
    let address = peer(&request);
    let site = Site::of(&state, request.extensions());
    let Credentials { user, password } = body::read_json(request.into_body()).await?;
    if user.len() > MAX_NAME_BYTES || password.expose_secret().len() > password::MAX_BYTES {
        return Err(wrong());
    }
    let name = user.to_lowercase();
    let attempt = state.sign_ins.begin(address, Some((state.tenant, &name)), state.now());
    let attempt = attempt.map_err(too_often)?;
    let known = state.store.user(name).await?;
    let hash = known.as_ref().map(|user| user.password_hash.clone());
    if !password::verify(&state, hash, password).await? {
        return Err(wrong());
    }
    let Some(user) = known else { return Err(wrong()) };
    state.sign_ins.succeeded(&attempt);
    open(&state, user.name, user.role, &site).await
}

/// `POST /api/v1/session/link`: signs in with a one-time link's token. 204 with the cookie; 401 for one that is
/// unknown, used or too old.
pub(crate) async fn link(State(state): State<ApiState>, request: Request) -> Result<Response, ApiError> {
    refuse_other_sites(request.headers())?;
    let address = peer(&request);
    let site = Site::of(&state, request.extensions());
    let Link { token } = body::read_json(request.into_body()).await?;
    let now = state.now();
    let attempt = state.sign_ins.begin(address, None, now).map_err(too_often)?;
    let taken = state.store.take_link(super::hash_secret(token.expose_secret()), now).await?;
    let Some(session) = taken else {
        return Err(ApiError::unauthorized(
            "The link was used already or is too old; make a new one with `lockstep user link`.",
        ));
    };
    state.sign_ins.succeeded(&attempt);
    open(&state, session.user, session.role, &site).await
}

/// `GET /api/v1/session/place`: where one signs in, for the page that asks for it: the organization's name, and nothing else.
pub(crate) async fn place(State(state): State<ApiState>) -> Result<Response, ApiError> {
    let organization = state.store.organization().await?;
    body::json(&serde_json::json!({ "organization": organization.display_name }))
}

/// `GET /api/v1/session`: who is signed in.
pub(crate) async fn show(Extension(identity): Extension<Identity>) -> Result<Response, ApiError> {
    body::json(&Shown {
        user: identity.name,
        role: identity.role,
        expires_at: identity.session.map(|(_, expires_at)| expires_at),
    })
}

/// `DELETE /api/v1/session`: signs out. Also well answered for a bearer token, which has no session.
pub(crate) async fn sign_out(
    State(state): State<ApiState>,
    Extension(identity): Extension<Identity>,
    request: Request,
) -> Result<Response, ApiError> {
    if let Some((hash, _)) = identity.session {
        state.store.remove_session(hash).await?;
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    if let Some(cookie) = cookie_header("", 0, &Site::of(&state, request.extensions())) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// The session cookie of a request.
pub(super) fn cookie<'h>(headers: &'h HeaderMap, site: &Site) -> Option<&'h str> {
    let wanted = name_of(site);
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, value)| *name == wanted && !value.is_empty() && value.len() <= 512)
        .map(|(_, value)| value)
}

async fn open(state: &ApiState, user: String, role: Role, site: &Site) -> Result<Response, ApiError> {
    let unavailable = || ApiError::unavailable("The session cannot be made; try again.");
    let secret = new_secret("lks").map_err(|_| unavailable())?;
    let expires_at = state.now().checked_add(LENGTH).map_err(|_| unavailable())?;
    state.store.put_session(secret.hash, Session { user, role, expires_at }).await?;
    let cookie = cookie_header(secret.text.expose_secret(), MAX_AGE_SECONDS, site).ok_or_else(unavailable)?;
    let mut response = (StatusCode::NO_CONTENT, Body::empty()).into_response();
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}

/// The cookie outlives the session, which the server lengthens as it is used: a session that ended is refused by
/// the server whatever the browser still holds.
const MAX_AGE_SECONDS: u32 = 30 * 24 * 3600;

/// By the name a tenant's cookie is never taken for that of the first, whose path is above it.
fn name_of(site: &Site) -> &'static str {
    if site.prefix().is_empty() { COOKIE } else { TENANT_COOKIE }
}

fn cookie_header(value: &str, max_age: u32, site: &Site) -> Option<HeaderValue> {
    let (name, secure) = (name_of(site), if site.is_tls() { "; Secure" } else { "" });
    let path = if site.prefix().is_empty() { "/" } else { site.prefix() };
    let text = format!("{name}={value}; Path={path}; HttpOnly; SameSite=Strict; Max-Age={max_age}{secure}");
    HeaderValue::from_str(&text).ok()
}

fn peer(request: &Request) -> Option<IpAddr> {
    request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip())
}

/// Another site must not sign a browser in here, as itself or as anyone.
fn refuse_other_sites(headers: &HeaderMap) -> Result<(), ApiError> {
    const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
    match headers.get(SITE).map(HeaderValue::as_bytes) {
        Some(b"cross-site" | b"same-site") => {
            Err(ApiError::forbidden("Signing in from another site's page is refused."))
        }
        _ => Ok(()),
    }
}

fn wrong() -> ApiError {
    ApiError::unauthorized("The user name or the password is wrong.")
}

fn too_often(seconds: u64) -> ApiError {
    ApiError::throttled(format!("Too many failed sign-ins; try again in {seconds} s."), seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_its_cookie_among_others() {
        let check = |texts: &[&str], expect: Option<&str>| {
            let mut headers = HeaderMap::new();
            for text in texts {
                headers.append(header::COOKIE, HeaderValue::from_str(text).unwrap());
            }
            assert_eq!(cookie(&headers, &Site::at("", false)), expect, "{texts:?}");
        };
        check(&["lockstep_session=abc"], Some("abc"));
        check(&["a=b; lockstep_session=abc; c=d"], Some("abc"));
        check(&["a=b", "lockstep_session=abc"], Some("abc"));
        check(&["lockstep_tenant_session=abc"], None);
        check(&["xlockstep_session=abc"], None);
        check(&["lockstep_session="], None);
        check(&[], None);
    }

    #[test]
    fn cookies_are_for_this_server_alone() {
        let text = cookie_header("v", 9, &Site::at("/tenants/a.org", false)).unwrap();
        assert_eq!(
            text.to_str().unwrap(),
            "lockstep_tenant_session=v; Path=/tenants/a.org; HttpOnly; SameSite=Strict; Max-Age=9"
        );
        let text = cookie_header("v", 9, &Site::at("", true)).unwrap();
        assert_eq!(
            text.to_str().unwrap(),
            "lockstep_session=v; Path=/; HttpOnly; SameSite=Strict; Max-Age=9; Secure"
        );
    }
}

//! `/api/v1/people` and `/api/v1/tokens`: who may sign in, which programs may call. For administrators; each change is
//! in `/api/v1/accesslog`.
//!
//! **Invariant:** a secret is in one answer, that of the request that made it, and nowhere else.

use crate::auth::{Identity, PasswordError, hash_password, new_secret};
use crate::body;
use crate::error::ApiError;
use crate::state::ApiState;
use axum::Extension;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use jiff::SignedDuration;
use lockstep_model::{ClientId, Timestamp};
use lockstep_tenant::access::{AccessAction, AccessChange, AccessEvent, AccessLine, AccessRefusal};
use lockstep_tenant::{LocalUser, Role, Session, TokenRecord};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

/// How long a sign-in link works.
const LINK_VALID: SignedDuration = SignedDuration::from_hours(24);
/// Days a token may work; without an end it works until it is revoked.
const MAX_DAYS: i64 = 3_650;
/// Bytes of a name.
const MAX_NAME: usize = 100;
/// Lines of one answer.
const MOST_LINES: usize = 500;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Person {
    name: String,
    role: Role,
    /// Whether it is who asks.
    you: bool,
}

#[derive(Deserialize)]
struct NewPerson {
    name: String,
    role: Role,
    password: Option<SecretString>,
}

#[derive(Deserialize)]
struct ChangedPerson {
    role: Option<Role>,
    password: Option<SecretString>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Link {
    name: String,
    /// To be put after the address of the portal.
    path: String,
    expires_at: Timestamp,
}

#[derive(Serialize)]
struct PersonMade {
    name: String,
    role: Role,
    /// Where no password was given.
    link: Option<Link>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Token {
    name: String,
    role: Role,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<ClientId>,
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
    /// To within some minutes; null where it was not, or not since this is kept.
    last_used_at: Option<Timestamp>,
    /// Whether a sync client is connected with it now.
    connected: bool,
    /// Whether it is the one that the request was made with.
    you: bool,
    /// The token itself: in the answer to the request that made it only.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

#[derive(Deserialize)]
struct NewToken {
    name: String,
    role: Role,
    days: Option<i64>,
}

#[derive(Serialize)]
struct List<T> {
    value: Vec<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

#[derive(Deserialize)]
struct Asked {
    top: Option<usize>,
    after: Option<String>,
}

type Name = Result<Path<String>, PathRejection>;

/// Readers see no names of people and programs: they are no part of the directory.
fn administrators(identity: &Identity) -> Result<(), ApiError> {
    match identity.role {
        Role::Admin => Ok(()),
        Role::Reader | Role::SyncClient | Role::Scim => {
            Err(ApiError::forbidden("Only an administrator sees who has access; sign in as one."))
        }
    }
}

/// `GET /api/v1/people`
pub(crate) async fn list(
    State(state): State<ApiState>,
    Extension(identity): Extension<Identity>,
) -> Result<Response, ApiError> {
    administrators(&identity)?;
    let you = identity.session.is_some().then_some(identity.name);
    let person =
        |user: LocalUser| Person { you: you.as_ref() == Some(&user.name), name: user.name, role: user.role };
    body::json(&List { value: state.store.users().await?.into_iter().map(person).collect(), next: None })
}

/// `POST /api/v1/people`: with a password, or with a one-time link to sign in by.
pub(crate) async fn add(
    State(state): State<ApiState>,
    Extension(identity): Extension<Identity>,
    request: Request,
) -> Result<Response, ApiError> {
    let NewPerson { name, role, password } = body::read_json(request.into_body()).await?;
    let name = name.trim().to_lowercase();
    let fits = |c: char| c.is_alphanumeric() || "-_.@+".contains(c);
    if name.is_empty() || name.len() > MAX_NAME || !name.chars().all(fits) {
        return Err(ApiError::bad_request("`name` has 1 to 100 letters, digits or any of - _ . @ +"));
    }
    let role = of_person(role)?;
    let with_link = password.is_none();
    let password_hash = hash(&state, password).await?;
    let user = LocalUser { name: name.clone(), password_hash, role };
    change(&state, &identity.name, AccessAction::AddPerson(user)).await?;
    let link = match with_link {
        true => Some(link_of(&state, &identity, name.clone(), role).await?),
        false => None,
    };
    body::json(&PersonMade { name, role, link })
}

/// `PATCH /api/v1/people/{name}`: the role or the password. Sessions of the person end.
pub(crate) async fn patch(
    State(state): State<ApiState>,
    Extension(identity): Extension<Identity>,
    name: Name,
    request: Request,
) -> Result<Response, ApiError> {
    let name = read(name)?.to_lowercase();
    let ChangedPerson { role, password } = body::read_json(request.into_body()).await?;
    if let Some(role) = role {
        let action = AccessAction::SetRole { name: name.clone(), role: of_person(role)? };
        change(&state, &identity.name, action).await?;
    }
    if password.is_some() {
        let password_hash = hash(&state, password).await?;
        change(&state, &identity.name, AccessAction::SetPassword { name, password_hash }).await?;
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `DELETE /api/v1/people/{name}`
pub(crate) async fn remove(
    State(state): State<ApiState>,
    Extension(identity): Extension<Identity>,
    name: Name,
) -> Result<Response, ApiError> {
    change(&state, &identity.name, AccessAction::RemovePerson { name: read(name)? }).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `POST /api/v1/people/{name}/link`: a link that signs the person in once. What they had stays as it is.
pub(crate) async fn link(
    State(state): State<ApiState>,
    Extension(identity): Extension<Identity>,
    name: Name,
) -> Result<Response, ApiError> {
    let user =
        state.store.user(read(name)?.to_lowercase()).await?.ok_or_else(|| told(AccessRefusal::NotFound))?;
    body::json(&link_of(&state, &identity, user.name, user.role).await?)
}

async fn link_of(state: &ApiState, identity: &Identity, name: String, role: Role) -> Result<Link, ApiError> {
    let secret = new_secret("lkl").map_err(|error| ApiError::unavailable(error.to_string()))?;
    let expires_at = state
        .now()
        .checked_add(LINK_VALID)
        .map_err(|_| ApiError::unavailable("The link cannot be made; look at the server's clock."))?;
    state.store.put_link(secret.hash, Session { user: name.clone(), role, expires_at }).await?;
    tell(state, &identity.name, AccessEvent::LinkMade, name.clone(), None).await?;
    Ok(Link { name, path: format!("/signin#{}", secret.text.expose_secret()), expires_at })
}

/// `GET /api/v1/tokens`
pub(crate) async fn tokens(
    State(state): State<ApiState>,
    Extension(identity): Extension<Identity>,
) -> Result<Response, ApiError> {
    administrators(&identity)?;
    let uses = state.store.token_uses().await?;
    let shown = |record: TokenRecord| {
        let used = uses.get(&record.name).copied();
        shown(&state, &identity, record, used, None)
    };
    body::json(&List { value: state.store.tokens().await?.into_iter().map(shown).collect(), next: None })
}

/// `POST /api/v1/tokens`: the answer has the token, once.
pub(crate) async fn add_token(
    State(state): State<ApiState>,
    Extension(identity): Extension<Identity>,
    request: Request,
) -> Result<Response, ApiError> {
    let NewToken { name, role, days } = body::read_json(request.into_body()).await?;
    let name = name.trim().to_owned();
    if name.is_empty() || name.len() > MAX_NAME || name.chars().any(char::is_control) {
        return Err(ApiError::bad_request("`name` has 1 to 100 bytes and no control characters."));
    }
    if days.is_some_and(|days| !(1..=MAX_DAYS).contains(&days)) {
        return Err(ApiError::bad_request(format!(
            "`days` is 1 to {MAX_DAYS}, or absent: until it is revoked."
        )));
    }
    let now = state.now();
    let expires_at = days.and_then(|days| now.checked_add(SignedDuration::from_hours(24 * days)).ok());
    let secret = new_secret("lkt").map_err(|error| ApiError::unavailable(error.to_string()))?;
    let record = TokenRecord { name, role, client: None, created_at: now, expires_at };
    let made = change(&state, &identity.name, AccessAction::AddToken(secret.hash, record)).await?;
    let record = made.ok_or_else(|| ApiError::unavailable("The token was not made; try again."))?;
    let text = secret.text.expose_secret().to_owned();
    body::json(&shown(&state, &identity, record, None, Some(text)))
}

/// `DELETE /api/v1/tokens/{name}`
pub(crate) async fn remove_token(
    State(state): State<ApiState>,
    Extension(identity): Extension<Identity>,
    name: Name,
) -> Result<Response, ApiError> {
    let name = read(name)?;
    if identity.session.is_none() && identity.name == name {
        return Err(ApiError::new(
            StatusCode::CONFLICT,
            "Conflict",
            "A token does not end itself; sign in, or use another one.",
        ));
    }
    let tokens = state.store.tokens().await?;
    let client = tokens.into_iter().find(|token| token.name == name).and_then(|token| token.client);
    change(&state, &identity.name, AccessAction::RemoveToken { name }).await?;
    if let Some(client) = client {
        // Its stream was admitted by the token that is gone.
        state.orders.end(client, state.now());
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `GET /api/v1/accesslog`: who changed what, newest first.
pub(crate) async fn log(
    State(state): State<ApiState>,
    Extension(identity): Extension<Identity>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    administrators(&identity)?;
    let Asked { top, after } = super::query(query.as_deref())?;
    let top = top.unwrap_or(50);
    if !(1..=MOST_LINES).contains(&top) {
        return Err(ApiError::bad_request(format!("`top` is 1 to {MOST_LINES}.")));
    }
    let before = match after.filter(|text| !text.is_empty()) {
        Some(text) => {
            text.parse().map_err(|_| ApiError::bad_request("`after` is `next` of the page before."))?
        }
        None => i64::MAX,
    };
    let value: Vec<AccessLine> = state.store.access_log(before, top).await?;
    let next = value.last().filter(|last| value.len() == top && last.id > 1).map(|last| last.id.to_string());
    body::json(&List { value, next })
}

fn shown(
    state: &ApiState,
    identity: &Identity,
    record: TokenRecord,
    last_used_at: Option<Timestamp>,
    token: Option<String>,
) -> Token {
    let TokenRecord { name, role, client, created_at, expires_at } = record;
    let connected = client.is_some_and(|client| state.orders.is_connected(client));
    let you = identity.session.is_none() && identity.name == name;
    Token { name, role, client, created_at, expires_at, last_used_at, connected, you, token }
}

/// A line of what was done elsewhere.
pub(crate) async fn tell(
    state: &ApiState,
    actor: &str,
    event: AccessEvent,
    subject: String,
    detail: Option<String>,
) -> Result<(), ApiError> {
    change(state, actor, AccessAction::Tell { event, subject, detail }).await.map(drop)
}

async fn change(
    state: &ApiState,
    actor: &str,
    action: AccessAction,
) -> Result<Option<TokenRecord>, ApiError> {
    let change = AccessChange { actor: actor.to_owned(), action };
    state.store.change_access(change, state.now()).await?.map_err(told)
}

fn told(refusal: AccessRefusal) -> ApiError {
    match refusal {
        AccessRefusal::Exists => ApiError::new(
            StatusCode::CONFLICT,
            "Conflict",
            "The name is taken; take another one, or remove what bears it.",
        ),
        AccessRefusal::NotFound => ApiError::new(
            StatusCode::NOT_FOUND,
            "Request_ResourceNotFound",
            "There is nobody and nothing of that name; load the list again.",
        ),
        AccessRefusal::LastAdmin => ApiError::new(
            StatusCode::CONFLICT,
            "LastAdministrator",
            "This is the last administrator; give somebody else the role admin first.",
        ),
    }
}

fn read(name: Name) -> Result<String, ApiError> {
    match name {
        Ok(Path(name)) if name.len() <= 4 * MAX_NAME => Ok(name),
        _ => Err(told(AccessRefusal::NotFound)),
    }
}

fn of_person(role: Role) -> Result<Role, ApiError> {
    match role {
        Role::Admin | Role::Reader => Ok(role),
        Role::SyncClient | Role::Scim => Err(ApiError::bad_request("A person's `role` is admin or reader.")),
    }
}

/// The hash of a password; without one, of one that nobody knows.
async fn hash(state: &ApiState, password: Option<SecretString>) -> Result<String, ApiError> {
    let unavailable = || ApiError::unavailable("The server is busy; try again.");
    let password = match password {
        Some(password) => password,
        None => new_secret("none").map_err(|_| unavailable())?.text,
    };
    // Few at a time: each takes some memory and a core.
    let turn = state.password_checks.clone().acquire_owned().await.map_err(|_| unavailable())?;
    let hashed = tokio::task::spawn_blocking(move || {
        let hashed = hash_password(&password);
        drop(turn);
        hashed
    });
    hashed.await.map_err(|_| unavailable())?.map_err(|error| match error {
        PasswordError::Hash(_) => ApiError::unavailable(error.to_string()),
        PasswordError::TooShort | PasswordError::TooLong => {
            ApiError::bad_request(format!("`password`: {error}."))
        }
    })
}

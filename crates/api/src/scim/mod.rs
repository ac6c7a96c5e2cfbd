//! `/scim/v2`: the tenant as a SCIM 2.0 service provider (RFC 7643, RFC 7644, cursors of RFC 9865), so that other
//! systems can provision users and groups into it. What they make is cloud-only; what a sync client sent they can read.
//!
//! **Invariant:** every answer below this path is SCIM's, errors too.

mod bulk;
mod discovery;
mod error;
mod evaluate;
mod filter;
mod list;
mod normal;
mod patch;
mod query;
mod schema;
mod sort;
mod user;
mod view;
mod write;

#[cfg(test)]
mod tests;

use crate::address::Site;
use crate::auth::Identity;
use crate::error::ApiError;
use crate::events::Topics;
use crate::graph::text;
use crate::layers::Route;
use crate::state::ApiState;
use crate::{address, body};
use axum::Extension;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use error::{Result, ScimError};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use lockstep_model::{ObjectId, ObjectKind};
use lockstep_tenant::Domain;
use schema::{GROUPS, ResourceType, USERS};
use serde_json::{Map, Value};

/// The media type of all answers. RFC 7644 section 8.1.
const MEDIA_TYPE: &str = "application/scim+json; charset=utf-8";
/// Bytes of a request: a group of a hundred thousand members, or a bulk of a thousand operations.
const MAX_BODY: usize = 16 * 1024 * 1024;

/// One request, or one operation of a bulk request.
struct Call {
    state: ApiState,
    /// `https://host/scim/v2`
    root: String,
    /// Who writes, as the history names it.
    actor: String,
    domains: Vec<Domain>,
}

impl Call {
    fn location(&self, of: &ResourceType, id: ObjectId) -> String {
        format!("{}/{}/{id}", self.root, of.endpoint)
    }

    fn is_verified(&self, name: &str) -> bool {
        self.domains.iter().any(|domain| domain.is_verified && domain.id == name)
    }

    fn initial_domain(&self) -> &str {
        self.domains.iter().find(|domain| domain.is_initial).map_or("", |domain| domain.id.as_str())
    }

    /// Tells open pages.
    fn changed(&self, kind: ObjectKind) {
        let topic = match kind {
            ObjectKind::User => Topics::USERS,
            ObjectKind::Group | ObjectKind::Contact | ObjectKind::Device => Topics::GROUPS,
        };
        self.state.events.publish(topic.and(Topics::STATUS));
    }
}

/// What is answered.
struct Reply {
    status: StatusCode,
    body: Option<Value>,
    location: Option<String>,
    version: Option<u64>,
}

impl Reply {
    fn ok(body: Value) -> Self {
        Self { status: StatusCode::OK, body: Some(body), location: None, version: None }
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let mut response = match &self.body {
            Some(body) => (self.status, Body::from(body.to_string())).into_response(),
            None => self.status.into_response(),
        };
        let headers = response.headers_mut();
        if self.body.is_some() {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        }
        if let Some(location) = self.location.and_then(|text| HeaderValue::from_str(&text).ok()) {
            headers.insert(header::LOCATION, location);
        }
        if let Some(version) = self.version.and_then(|v| HeaderValue::from_str(&view::etag(v)).ok()) {
            headers.insert(header::ETAG, version);
        }
        response
    }
}

/// What the headers say of versions: `If-Match`, `If-None-Match` (RFC 7644 section 3.14).
#[derive(Clone, Debug, Default)]
struct Conditions {
    matches: Option<Vec<String>>,
    none_match: Option<Vec<String>>,
}

impl Conditions {
    fn of(headers: &HeaderMap) -> Self {
        let list = |name| {
            let text = headers.get(name)?.to_str().ok()?;
            Some(text.split(',').map(tag).collect())
        };
        Self { matches: list(header::IF_MATCH), none_match: list(header::IF_NONE_MATCH) }
    }

    /// Refuses a version that the caller did not see.
    fn check(&self, version: u64) -> Result<()> {
        let version = version.to_string();
        match &self.matches {
            Some(tags) if !tags.iter().any(|tag| tag == "*" || *tag == version) => Err(ScimError::new(
                StatusCode::PRECONDITION_FAILED,
                None,
                format!("The resource has version W/\"{version}\" by now; read it anew and try again."),
            )),
            _ => Ok(()),
        }
    }

    /// Whether the caller has this version already.
    fn has(&self, version: u64) -> bool {
        let version = version.to_string();
        self.none_match.as_ref().is_some_and(|tags| tags.iter().any(|tag| tag == "*" || *tag == version))
    }
}

/// `W/"3"`, `"3"`: the text in it.
fn tag(text: &str) -> String {
    let text = text.trim();
    text.strip_prefix("W/").unwrap_or(text).trim_matches('"').to_owned()
}

/// Makes SCIM's errors of what the layers around refuse.
pub(crate) async fn in_its_form(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    match response.extensions_mut().remove::<ApiError>() {
        Some(error) => {
            let mut shown = ScimError::from(error).into_response();
            *shown.extensions_mut() = std::mem::take(response.extensions_mut());
            shown
        }
        None => response,
    }
}

/// Everything below `/scim/v2`.
pub(crate) async fn serve(
    State(state): State<ApiState>,
    Extension(identity): Extension<Identity>,
    request: Request,
) -> Response {
    let (route, result) = dispatch(state, &identity, request).await;
    let mut response = match result {
        Ok(reply) => reply.into_response(),
        Err(error) => error.into_response(),
    };
    response.extensions_mut().insert(Route(route));
    response
}

async fn dispatch(state: ApiState, identity: &Identity, request: Request) -> (&'static str, Result<Reply>) {
    let (head, content) = request.into_parts();
    let site = Site::of(&state, &head.extensions);
    let root = format!("{}/scim/v2", address::base(&state, &head.headers, &site));
    let method = if head.method == Method::HEAD { Method::GET } else { head.method };
    let mut segments = Vec::new();
    for raw in head.uri.path().split('/').filter(|raw| !raw.is_empty()).skip(2) {
        match text::decode(raw, false) {
            Ok(segment) if segments.len() < 4 => segments.push(segment),
            Ok(_) => return ("scim", Err(ScimError::not_found(head.uri.path()))),
            Err(error) => return ("scim", Err(error.into())),
        }
    }
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let query = head.uri.query().unwrap_or_default();
    match discovery::answer(&method, &root, &segments, query) {
        Ok(Some(found)) => return ("scim/discovery", Ok(found)),
        Ok(None) => {}
        Err(error) => return ("scim/discovery", Err(error)),
    }
    let domains = match state.store.domains().await {
        Ok(domains) => domains,
        Err(error) => return ("scim", Err(error.into())),
    };
    let actor = format!("scim: {}", identity.name);
    let call = Call { state, root, actor, domains };
    let conditions = Conditions::of(&head.headers);
    let read = async || -> Result<Value> {
        // Where there is a body, it is JSON: RFC 7644 section 3.8 knows no other form.
        Ok(body::read_large_json(&call.state, &head.headers, content, MAX_BODY).await?)
    };
    match (method.as_str(), segments.as_slice()) {
        ("POST", ["Bulk" | "bulk"]) => {
            let sent = match read().await {
                Ok(sent) => sent,
                Err(error) => return ("scim/Bulk", Err(error)),
            };
            ("scim/Bulk", bulk::execute(&call, sent).await)
        }
        (_, ["Bulk" | "bulk"]) => ("scim/Bulk", Err(not_allowed(&method))),
        ("POST", [".search"]) => {
            let answer = async { list::list(&call, None, list::Asked::of_body(read().await?)?).await };
            ("scim/.search", answer.await)
        }
        (_, ["Me", ..]) => (
            "scim/Me",
            Err(ScimError::new(StatusCode::NOT_IMPLEMENTED, None, "A token is not a user; there is no /Me.")),
        ),
        (_, [name, rest @ ..]) if type_named(name).is_some() => {
            let of = type_named(name).unwrap_or(&USERS);
            let route = match (of.kind, rest) {
                (_, [".search"]) => "scim/.search",
                (ObjectKind::User, []) => "scim/Users",
                (ObjectKind::User, _) => "scim/Users/{id}",
                (_, []) => "scim/Groups",
                (_, _) => "scim/Groups/{id}",
            };
            let answer = async {
                match (method.as_str(), rest) {
                    ("GET", []) => list::list(&call, Some(of), list::Asked::of_query(query)?).await,
                    ("POST", [".search"]) => {
                        list::list(&call, Some(of), list::Asked::of_body(read().await?)?).await
                    }
                    ("GET", [id]) => list::get(&call, of, id, query, &conditions).await,
                    ("POST", []) => {
                        let sent = read().await?;
                        write::create(&call, of, sent, &list::Asked::of_query(query)?.selection).await
                    }
                    ("PUT", [id]) => {
                        let selection = list::Asked::of_query(query)?.selection;
                        write::replace(&call, of, id, read().await?, &conditions, &selection).await
                    }
                    ("PATCH", [id]) => {
                        let asked = list::Asked::of_query(query)?;
                        write::patch(&call, of, id, read().await?, &conditions, &asked.selection).await
                    }
                    ("DELETE", [id]) => write::delete(&call, of, id, &conditions).await,
                    (_, [] | [_]) => Err(not_allowed(&method)),
                    _ => Err(ScimError::not_found(head.uri.path())),
                }
            };
            (route, answer.await)
        }
        _ => ("scim", Err(ScimError::not_found(head.uri.path()))),
    }
}

/// The kind of resource of a path's segment.
fn type_named(segment: &str) -> Option<&'static ResourceType> {
    [&USERS, &GROUPS].into_iter().find(|of| of.endpoint.eq_ignore_ascii_case(segment))
}

fn not_allowed(method: &Method) -> ScimError {
    ScimError::new(StatusCode::METHOD_NOT_ALLOWED, None, format!("{method} is not done here."))
}

fn map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => Map::from_iter([("value".to_owned(), other)]),
    }
}

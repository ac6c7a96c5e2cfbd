//! The Microsoft Graph subset, `/v1.0` and `/beta`. Names, errors, headers and paging are Graph's; what is not
//! there answers 501 and never a wrong result.
//!
//! Graph's clients write paths in any case, with or without a slash at the end, and keys in parentheses, so the
//! path is taken apart here and not by the router.

mod answer;
mod deleted;
mod domains;
mod groups;
mod odata;
mod organization;
mod resource;
mod synchronization;
mod users;

use crate::error::ApiError;
use crate::layers::Route;
use crate::state::ApiState;
use crate::tls::is_tls;
use answer::Call;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::Method;
use lockstep_model::ObjectKind;
use odata::options::Options;
pub(crate) use odata::text;

/// Segments of a path.
const MAX_SEGMENTS: usize = 8;

/// Which of Graph's two versions is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    V1,
    Beta,
}

impl Version {
    const fn segment(self) -> &'static str {
        match self {
            Self::V1 => "v1.0",
            Self::Beta => "beta",
        }
    }
}

/// `/v1.0/...`
pub(crate) async fn v1(State(state): State<ApiState>, request: Request) -> Response {
    respond(state, Version::V1, request).await
}

/// `/beta/...`
pub(crate) async fn beta(State(state): State<ApiState>, request: Request) -> Response {
    respond(state, Version::Beta, request).await
}

async fn respond(state: ApiState, version: Version, request: Request) -> Response {
    let (route, result) = dispatch(state, version, request).await;
    let mut response = result.unwrap_or_else(IntoResponse::into_response);
    response.extensions_mut().insert(Route(route));
    response
}

/// Which kind of object a path asks for, where a list may be mixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cast {
    Any,
    Only(ObjectKind),
}

async fn dispatch(
    state: ApiState,
    version: Version,
    request: Request,
) -> (&'static str, Result<Response, ApiError>) {
    let (head, body) = request.into_parts();
    let method = if head.method == Method::HEAD { Method::GET } else { head.method };
    let path = head.uri.path();
    let call = match Options::parse(head.uri.query().unwrap_or_default()) {
        Ok(options) => {
            let tls = is_tls(&state, &head.extensions);
            Call::new(state, version, path, &head.headers, tls, options)
        }
        Err(error) => return ("graph", Err(error)),
    };
    let segments = match segments(path) {
        Ok(segments) => segments,
        Err(error) => return ("graph", Err(error)),
    };
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let gets = method == Method::GET;
    let patches = method == Method::PATCH;
    match segments.as_slice() {
        // A function of Graph's and no key.
        ["users" | "groups", "delta" | "delta()" | "microsoft.graph.delta()", ..] => {
            ("graph", Err(not_here(&method, path)))
        }
        ["organization"] if gets => ("graph/organization", organization::list(&call).await),
        ["organization", id] if gets => ("graph/organization/{id}", organization::get(&call, id).await),
        ["organization", id] if patches => {
            ("graph/organization/{id}", organization::patch(&call, id, body).await)
        }
        ["domains", rest @ ..] => match of_domains(&call, &method, rest, body).await {
            Some(answer) => answer,
            None => ("graph", Err(not_here(&method, path))),
        },
        ["users"] if gets => ("graph/users", users::list(&call).await),
        ["users", "$count"] if gets => ("graph/users/$count", users::count(&call).await),
        ["users", key] if gets => ("graph/users/{id}", users::get(&call, key).await),
        ["users", key, "manager"] if gets => ("graph/users/{id}/manager", users::manager(&call, key).await),
        ["users", key, "directreports"] if gets => {
            ("graph/users/{id}/directReports", users::direct_reports(&call, key).await)
        }
        ["users", key, "memberof", rest @ ..] if gets && cast(rest).is_some() => {
            ("graph/users/{id}/memberOf", users::member_of(&call, key, rest).await)
        }
        ["groups"] if gets => ("graph/groups", groups::list(&call).await),
        ["groups", "$count"] if gets => ("graph/groups/$count", groups::count(&call).await),
        ["groups", id] if gets => ("graph/groups/{id}", groups::get(&call, id).await),
        ["groups", id, "members", rest @ ..] if gets && cast(rest).is_some() => {
            ("graph/groups/{id}/members", groups::members(&call, id, rest).await)
        }
        ["groups", id, "memberof", rest @ ..] if gets && cast(rest).is_some() => {
            ("graph/groups/{id}/memberOf", groups::member_of(&call, id, rest).await)
        }
        ["directory", "onpremisessynchronization"] if gets => {
            ("graph/onPremisesSynchronization", synchronization::list(&call).await)
        }
        ["directory", "onpremisessynchronization", id] if gets => {
            ("graph/onPremisesSynchronization/{id}", synchronization::get(&call, id).await)
        }
        ["directory", "onpremisessynchronization", id] if patches => {
            ("graph/onPremisesSynchronization/{id}", synchronization::patch(&call, id, body).await)
        }
        ["directory", "deleteditems", kind] if gets && deleted::kind(kind).is_some() => {
            ("graph/deletedItems", deleted::list(&call, kind).await)
        }
        ["directory", "deleteditems", kind, "$count"] if gets && deleted::kind(kind).is_some() => {
            ("graph/deletedItems/$count", deleted::count(&call, kind).await)
        }
        ["directory", "deleteditems", id] if gets => {
            ("graph/deletedItems/{id}", deleted::get(&call, id).await)
        }
        _ => ("graph", Err(not_here(&method, path))),
    }
}

/// What is asked of domains.
async fn of_domains(
    call: &Call,
    method: &Method,
    rest: &[&str],
    body: Body,
) -> Option<(&'static str, Result<Response, ApiError>)> {
    let rest: Vec<&str> =
        rest.iter().map(|segment| segment.strip_prefix("microsoft.graph.").unwrap_or(segment)).collect();
    Some(match (method.as_str(), rest.as_slice()) {
        ("GET", []) => ("graph/domains", domains::list(call).await),
        ("POST", []) => ("graph/domains", domains::add(call, body).await),
        ("GET", [id]) => ("graph/domains/{id}", domains::get(call, id).await),
        ("PATCH", [id]) => ("graph/domains/{id}", domains::patch(call, id, body).await),
        ("DELETE", [id]) => ("graph/domains/{id}", domains::delete(call, id).await),
        ("POST", [id, "verify"]) => ("graph/domains/{id}/verify", domains::verify(call, id, body).await),
        ("POST", [id, "forcedelete"]) => {
            ("graph/domains/{id}/forceDelete", domains::force_delete(call, id, body).await)
        }
        ("POST", [id, "promote"]) => ("graph/domains/{id}/promote", domains::promote(call, id).await),
        ("GET", [id, "verificationdnsrecords"]) => {
            ("graph/domains/{id}/verificationDnsRecords", domains::proof_records(call, id).await)
        }
        ("GET", [id, "serviceconfigurationrecords"]) => {
            ("graph/domains/{id}/serviceConfigurationRecords", domains::service(call, id).await)
        }
        ("GET", [id, "domainnamereferences"]) => {
            ("graph/domains/{id}/domainNameReferences", domains::references(call, id).await)
        }
        ("GET", [id, "rootdomain"]) => ("graph/domains/{id}/rootDomain", domains::root(call, id).await),
        ("GET" | "POST" | "PATCH" | "DELETE", [id, "federationconfiguration"]) => {
            let answer = domains::federation(call, method, id, None, body).await;
            ("graph/domains/{id}/federationConfiguration", answer)
        }
        ("GET" | "POST" | "PATCH" | "DELETE", [id, "federationconfiguration", one]) => {
            let answer = domains::federation(call, method, id, Some(one), body).await;
            ("graph/domains/{id}/federationConfiguration/{id}", answer)
        }
        _ => return None,
    })
}

fn not_here(method: &Method, path: &str) -> ApiError {
    let shown: String = path.chars().take(200).collect();
    ApiError::not_implemented(format!("{method} {shown} is not implemented by this server."))
}

/// What may follow a list of directory objects: a cast to one kind, `$count`, or both.
fn cast(rest: &[&str]) -> Option<(Cast, bool)> {
    match rest {
        [] => Some((Cast::Any, false)),
        ["$count"] => Some((Cast::Any, true)),
        [kind] => kind_of_cast(kind).map(|kind| (Cast::Only(kind), false)),
        [kind, "$count"] => kind_of_cast(kind).map(|kind| (Cast::Only(kind), true)),
        _ => None,
    }
}

fn kind_of_cast(segment: &str) -> Option<ObjectKind> {
    match segment {
        "microsoft.graph.user" | "graph.user" => Some(ObjectKind::User),
        "microsoft.graph.group" | "graph.group" => Some(ObjectKind::Group),
        _ => None,
    }
}

/// The segments after the version, decoded and in lower case: ids, sign-in names, domains and all of Graph's
/// names are the same in any case. `users('key')` is taken as `users/key`.
fn segments(path: &str) -> Result<Vec<String>, ApiError> {
    let mut segments = Vec::new();
    for raw in path.split('/').filter(|raw| !raw.is_empty()).skip(1) {
        let segment = text::decode(raw, false)?.to_lowercase();
        match segment.strip_suffix("')").and_then(|open| open.split_once("('")) {
            Some((name, key)) if !name.is_empty() => {
                segments.push(name.to_owned());
                segments.push(key.replace("''", "'"));
            }
            _ => segments.push(segment),
        }
        if segments.len() > MAX_SEGMENTS {
            return Err(ApiError::bad_request("The path has too many segments."));
        }
    }
    Ok(segments)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_paths_apart() {
        let check = |path: &str, expect: &[&str]| assert_eq!(segments(path).unwrap(), expect, "{path}");
        check("/v1.0/Users/", &["users"]);
        check("/v1.0//users/%24count", &["users", "$count"]);
        check("/v1.0/users('Ann''s%40contoso.com')/memberOf", &["users", "ann's@contoso.com", "memberof"]);
        check("/v1.0/users/a%2Fb", &["users", "a/b"]);
        check("/v1.0/users/delta()", &["users", "delta()"]);
        check("/beta", &[]);
        assert!(segments("/v1.0/users/%ff").is_err());
        assert!(segments("/v1.0/users/%4").is_err());
        assert!(segments(&format!("/v1.0{}", "/a".repeat(50))).is_err());
    }
}

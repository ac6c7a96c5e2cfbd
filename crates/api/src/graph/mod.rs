//! The Microsoft Graph subset, `/v1.0` and `/beta`. Names, errors, headers and paging are Graph's; what is not
//! there answers 501 and never a wrong result.
//!
//! Graph's clients write paths in any case, with or without a slash at the end, and keys in parentheses, so the
//! path is taken apart here and not by the router.

mod answer;
mod batch;
mod deleted;
mod delta;
mod domains;
mod expand;
mod groups;
mod odata;
mod organization;
mod others;
mod photos;
mod resource;
mod synchronization;
mod users;
mod write;

use crate::address::Site;
use crate::auth::Identity;
use crate::error::ApiError;
use crate::layers::Route;
use crate::state::ApiState;
use answer::{Call, Caller};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, Method};
use lockstep_model::ObjectKind;
use lockstep_tenant::Role;
use odata::options::Options;
pub(crate) use odata::text;
use resource::Resource;

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

/// One request, on its own or within a batch.
struct Asked {
    version: Version,
    method: Method,
    path: String,
    query: String,
    headers: HeaderMap,
    site: Site,
    caller: Caller,
    /// Whether it is one of a batch.
    nested: bool,
}

async fn dispatch(
    state: ApiState,
    version: Version,
    request: Request,
) -> (&'static str, Result<Response, ApiError>) {
    let (head, body) = request.into_parts();
    let method = if head.method == Method::HEAD { Method::GET } else { head.method };
    let caller = match head.extensions.get::<Identity>() {
        Some(identity) => Caller { name: identity.name.clone(), role: identity.role },
        None => return ("graph", Err(ApiError::unauthorized("Sign in first."))),
    };
    let asked = Asked {
        version,
        method,
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        site: Site::of(&state, &head.extensions),
        headers: head.headers,
        caller,
        nested: false,
    };
    answer(state, asked, body).await
}

async fn answer(state: ApiState, asked: Asked, body: Body) -> (&'static str, Result<Response, ApiError>) {
    let path = asked.path.as_str();
    let call = match Options::parse(&asked.query) {
        Ok(options) => {
            Call::new(state, asked.version, path, &asked.headers, &asked.site, options, asked.caller.clone())
        }
        Err(error) => return ("graph", Err(error)),
    };
    let segments = match segments(path) {
        Ok(segments) => segments,
        Err(error) => return ("graph", Err(error)),
    };
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let posts = asked.method == Method::POST;
    match segments.as_slice() {
        ["$batch"] if posts && !asked.nested => ("graph/$batch", batch::run(&call, &asked, body).await),
        ["directoryobjects", "getbyids"] if posts => {
            ("graph/directoryObjects/getByIds", write::get_by_ids(&call, body).await)
        }
        ["domains", rest @ ..] if asked.method == Method::GET || asked.caller.role == Role::Admin => {
            match of_domains(&call, &asked.method, rest, body).await {
                Some(answer) => answer,
                None => ("graph", Err(not_here(&asked.method, path))),
            }
        }
        segments if asked.method == Method::GET => read(&call, segments, path).await,
        // The door asks for an administrator too; within a batch it sees only the batch.
        _ if asked.caller.role != Role::Admin => {
            let why = "The role reader changes nothing; sign in as an administrator.";
            ("graph", Err(ApiError::forbidden(why)))
        }
        segments => change(&call, &asked.method, segments, path, body).await,
    }
}

/// Whether a segment is the function `delta`.
fn is_delta(segment: &str) -> bool {
    matches!(segment, "delta" | "delta()" | "microsoft.graph.delta" | "microsoft.graph.delta()")
}

/// What is changed.
async fn change(
    call: &Call,
    method: &Method,
    segments: &[&str],
    path: &str,
    body: Body,
) -> (&'static str, Result<Response, ApiError>) {
    let (posts, patches) = (method == Method::POST, method == Method::PATCH);
    let (puts, deletes) = (method == Method::PUT, method == Method::DELETE);
    match segments {
        ["organization", id] if patches => {
            ("graph/organization/{id}", organization::patch(call, id, body).await)
        }
        ["directory", "onpremisessynchronization", id] if patches => {
            ("graph/onPremisesSynchronization/{id}", synchronization::patch(call, id, body).await)
        }
        ["users"] if posts => ("graph/users", write::create(call, Resource::User, body).await),
        ["groups"] if posts => ("graph/groups", write::create(call, Resource::Group, body).await),
        ["users", key] if patches || deletes => {
            let done = async {
                let user = users::find(call, key).await?;
                if deletes {
                    write::delete(call, user).await
                } else {
                    write::update(call, Resource::User, user, body).await
                }
            };
            ("graph/users/{id}", done.await)
        }
        ["groups", id] if patches || deletes => {
            let done = async {
                let group = groups::find(call, id).await?;
                if deletes {
                    write::delete(call, group).await
                } else {
                    write::update(call, Resource::Group, group, body).await
                }
            };
            ("graph/groups/{id}", done.await)
        }
        ["directoryobjects", id] if deletes => {
            let done = async { write::delete(call, deleted::living(call, id).await?).await };
            ("graph/directoryObjects/{id}", done.await)
        }
        ["users", key, "manager", "$ref"] if puts || deletes => {
            let done = async {
                let user = users::find(call, key).await?;
                if deletes {
                    write::clear_manager(call, user).await
                } else {
                    write::set_manager(call, user.id, body).await
                }
            };
            ("graph/users/{id}/manager/$ref", done.await)
        }
        ["groups", id, "members", "$ref"] if posts => {
            let done = async { write::add_member(call, groups::find(call, id).await?.id, body).await };
            ("graph/groups/{id}/members/$ref", done.await)
        }
        ["groups", id, "members", member, "$ref"] if deletes => {
            let done = async { write::remove_member(call, groups::find(call, id).await?.id, member).await };
            ("graph/groups/{id}/members/{id}/$ref", done.await)
        }
        ["groups", id, "owners", "$ref"] if posts => {
            let done = async { write::add_owner(call, groups::find(call, id).await?.id, body).await };
            ("graph/groups/{id}/owners/$ref", done.await)
        }
        ["groups", id, "owners", owner, "$ref"] if deletes => {
            let done = async { write::remove_owner(call, groups::find(call, id).await?.id, owner).await };
            ("graph/groups/{id}/owners/{id}/$ref", done.await)
        }
        ["users", key, rest @ ..] if let Some(asked) = photos::Asked::of(rest) => {
            let done = async {
                let user = users::find(call, key).await?;
                photos::change(call, method, &user, asked, body).await
            };
            ("graph/users/{id}/photo", done.await)
        }
        ["groups", id, rest @ ..] if let Some(asked) = photos::Asked::of(rest) => {
            let done = async {
                let group = groups::find(call, id).await?;
                photos::change(call, method, &group, asked, body).await
            };
            ("graph/groups/{id}/photo", done.await)
        }
        ["users", key, "retryserviceprovisioning"] if posts => {
            let done = async { users::find(call, key).await.map(|_| write::retry_service_provisioning()) };
            ("graph/users/{id}/retryServiceProvisioning", done.await)
        }
        ["groups", id, "retryserviceprovisioning"] if posts => {
            let done = async { groups::find(call, id).await.map(|_| write::retry_service_provisioning()) };
            ("graph/groups/{id}/retryServiceProvisioning", done.await)
        }
        ["contacts", id, "retryserviceprovisioning"] if posts => {
            let done = async {
                others::find(call, Resource::Contact, id).await.map(|_| write::retry_service_provisioning())
            };
            ("graph/contacts/{id}/retryServiceProvisioning", done.await)
        }
        ["devices"] if posts => ("graph/devices", write::create(call, Resource::Device, body).await),
        ["devices", id] if patches || deletes => {
            let done = async {
                let device = others::find(call, Resource::Device, id).await?;
                if deletes {
                    write::delete(call, device).await
                } else {
                    write::update(call, Resource::Device, device, body).await
                }
            };
            ("graph/devices/{id}", done.await)
        }
        ["directory", "deleteditems", id, "restore"] if posts => {
            let done = async { write::restore(call, deleted::id(id)?, body).await };
            ("graph/deletedItems/{id}/restore", done.await)
        }
        ["directory", "deleteditems", id] if deletes => {
            let done = async { write::purge(call, deleted::id(id)?).await };
            ("graph/deletedItems/{id}", done.await)
        }
        _ => ("graph", Err(not_here(method, path))),
    }
}

/// What is only looked at.
async fn read(call: &Call, segments: &[&str], path: &str) -> (&'static str, Result<Response, ApiError>) {
    match segments {
        // A function of Graph's and no key.
        ["users", function] if is_delta(function) => {
            ("graph/users/delta", delta::delta(call, Resource::User).await)
        }
        ["groups", function] if is_delta(function) => {
            ("graph/groups/delta", delta::delta(call, Resource::Group).await)
        }
        ["contacts", function] if is_delta(function) => {
            ("graph/contacts/delta", delta::delta(call, Resource::Contact).await)
        }
        ["devices", function] if is_delta(function) => {
            ("graph/devices/delta", delta::delta(call, Resource::Device).await)
        }
        ["directoryobjects", function] if is_delta(function) => {
            ("graph/directoryObjects/delta", delta::delta(call, Resource::Object).await)
        }
        _ if call.options.deltatoken.is_some() => {
            ("graph", Err(ApiError::bad_request("'$deltatoken' belongs to a delta query.")))
        }
        ["directoryobjects", id] => {
            ("graph/directoryObjects/{id}", deleted::directory_object(call, id).await)
        }
        ["organization"] => ("graph/organization", organization::list(call).await),
        ["organization", id] => ("graph/organization/{id}", organization::get(call, id).await),
        ["users"] => ("graph/users", users::list(call).await),
        ["users", "$count"] => ("graph/users/$count", users::count(call).await),
        ["users", key] => ("graph/users/{id}", users::get(call, key).await),
        ["users", key, "manager"] => ("graph/users/{id}/manager", users::manager(call, key).await),
        ["users", key, "directreports"] => {
            ("graph/users/{id}/directReports", users::direct_reports(call, key).await)
        }
        ["users", key, "ownedobjects", rest @ ..] if cast(rest).is_some() => {
            ("graph/users/{id}/ownedObjects", users::owned_objects(call, key, rest).await)
        }
        ["users", key, "memberof", rest @ ..] if cast(rest).is_some() => {
            ("graph/users/{id}/memberOf", users::member_of(call, key, false, rest).await)
        }
        ["users", key, "transitivememberof", rest @ ..] if cast(rest).is_some() => {
            ("graph/users/{id}/transitiveMemberOf", users::member_of(call, key, true, rest).await)
        }
        ["groups"] => ("graph/groups", groups::list(call).await),
        ["groups", "$count"] => ("graph/groups/$count", groups::count(call).await),
        ["groups", id] => ("graph/groups/{id}", groups::get(call, id).await),
        ["users", key, rest @ ..] if let Some(asked) = photos::Asked::of(rest) => {
            let shown = async { photos::read(call, &users::find(call, key).await?, asked).await };
            ("graph/users/{id}/photo", shown.await)
        }
        ["groups", id, rest @ ..] if let Some(asked) = photos::Asked::of(rest) => {
            let shown = async { photos::read(call, &groups::find(call, id).await?, asked).await };
            ("graph/groups/{id}/photo", shown.await)
        }
        ["groups", id, "members", rest @ ..] if cast(rest).is_some() => {
            ("graph/groups/{id}/members", groups::members(call, id, false, rest).await)
        }
        ["groups", id, "owners", rest @ ..] if cast(rest).is_some() => {
            ("graph/groups/{id}/owners", groups::owners(call, id, rest).await)
        }
        ["groups", id, "transitivemembers", rest @ ..] if cast(rest).is_some() => {
            ("graph/groups/{id}/transitiveMembers", groups::members(call, id, true, rest).await)
        }
        ["groups", id, "memberof", rest @ ..] if cast(rest).is_some() => {
            ("graph/groups/{id}/memberOf", groups::member_of(call, id, false, rest).await)
        }
        ["groups", id, "transitivememberof", rest @ ..] if cast(rest).is_some() => {
            ("graph/groups/{id}/transitiveMemberOf", groups::member_of(call, id, true, rest).await)
        }
        ["contacts", rest @ ..] if others::is_read(Resource::Contact, rest) => {
            ("graph/contacts", others::read(call, Resource::Contact, rest).await)
        }
        ["devices", rest @ ..] if others::is_read(Resource::Device, rest) => {
            ("graph/devices", others::read(call, Resource::Device, rest).await)
        }
        ["directory", "onpremisessynchronization"] => {
            ("graph/onPremisesSynchronization", synchronization::list(call).await)
        }
        ["directory", "onpremisessynchronization", id] => {
            ("graph/onPremisesSynchronization/{id}", synchronization::get(call, id).await)
        }
        ["directory", "deleteditems"] | ["directory", "deleteditems", "$count"] => {
            ("graph/deletedItems", Err(deleted::without_a_type()))
        }
        ["directory", "deleteditems", kind] if deleted::kind(kind).is_some() => {
            ("graph/deletedItems", deleted::list(call, kind).await)
        }
        ["directory", "deleteditems", kind, "$count"] if deleted::kind(kind).is_some() => {
            ("graph/deletedItems/$count", deleted::count(call, kind).await)
        }
        ["directory", "deleteditems", id] => ("graph/deletedItems/{id}", deleted::get(call, id).await),
        _ => ("graph", Err(not_here(&Method::GET, path))),
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
        "microsoft.graph.orgcontact" | "graph.orgcontact" => Some(ObjectKind::Contact),
        "microsoft.graph.device" | "graph.device" => Some(ObjectKind::Device),
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

//! `/users`: lists, one user by id or sign-in name, the manager, direct reports, groups.

use super::answer::Call;
use super::resource::Resource;
use super::{Cast, cast};
use crate::error::ApiError;
use axum::response::Response;
use lockstep_model::{ObjectId, ObjectKind};
use lockstep_tenant::{ListQuery, StoredObject};

fn all() -> ListQuery {
    ListQuery { kind: Some(ObjectKind::User), ..ListQuery::default() }
}

/// `GET /users`
pub(super) async fn list(call: &Call) -> Result<Response, ApiError> {
    call.page("users", Resource::User, all()).await
}

/// `GET /users/$count`
pub(super) async fn count(call: &Call) -> Result<Response, ApiError> {
    call.count(Resource::User, all()).await
}

/// `GET /users/{id or userPrincipalName}`
pub(super) async fn get(call: &Call, key: &str) -> Result<Response, ApiError> {
    call.object("users", Resource::User, &find(call, key).await?).await
}

/// `GET /users/{id}/manager`
pub(super) async fn manager(call: &Call, key: &str) -> Result<Response, ApiError> {
    show_manager(call, &find(call, key).await?).await
}

/// The manager of an object.
pub(super) async fn show_manager(call: &Call, of: &StoredObject) -> Result<Response, ApiError> {
    let manager = match of.manager {
        Some(id) => call.state.store.object(id).await?.filter(|manager| manager.deleted_at.is_none()),
        None => None,
    };
    let manager = manager.ok_or_else(|| ApiError::not_found("manager"))?;
    call.object("directoryObjects", Resource::Object, &manager).await
}

/// `GET /users/{id}/directReports`
pub(super) async fn direct_reports(call: &Call, key: &str) -> Result<Response, ApiError> {
    let reports_of = Some(find(call, key).await?.id);
    call.page("directoryObjects", Resource::Object, ListQuery { reports_of, ..ListQuery::default() }).await
}

/// `GET /users/{id}/ownedObjects`
pub(super) async fn owned_objects(call: &Call, key: &str, rest: &[&str]) -> Result<Response, ApiError> {
    let owned_by = Some(find(call, key).await?.id);
    mixed(call, ListQuery { owned_by, ..ListQuery::default() }, rest).await
}

/// `GET /users/{id}/memberOf`, and `transitiveMemberOf`
pub(super) async fn member_of(
    call: &Call,
    key: &str,
    transitive: bool,
    rest: &[&str],
) -> Result<Response, ApiError> {
    groups_of(call, find(call, key).await?.id, transitive, rest).await
}

/// The groups of an object, cast or counted as `rest` says.
pub(super) async fn groups_of(
    call: &Call,
    id: ObjectId,
    transitive: bool,
    rest: &[&str],
) -> Result<Response, ApiError> {
    mixed(call, ListQuery { groups_of: Some(id), transitive, ..ListQuery::default() }, rest).await
}

/// A list of directory objects, cast or counted as `rest` says.
pub(super) async fn mixed(call: &Call, base: ListQuery, rest: &[&str]) -> Result<Response, ApiError> {
    let (cast, counts) = cast(rest).unwrap_or((Cast::Any, false));
    let (base, resource) = match cast {
        Cast::Any => (base, Resource::Object),
        Cast::Only(kind) => (ListQuery { kind: Some(kind), ..base }, Resource::of(kind)),
    };
    let set = resource.set();
    if counts { call.count(resource, base).await } else { call.page(set, resource, base).await }
}

/// A living user by id, else by sign-in name.
pub(super) async fn find(call: &Call, key: &str) -> Result<StoredObject, ApiError> {
    let found = match key.parse::<ObjectId>() {
        Ok(id) => call.state.store.object(id).await?,
        Err(_) => call.state.store.user_by_principal_name(key.to_owned()).await?,
    };
    found
        .filter(|user| user.kind == ObjectKind::User && user.deleted_at.is_none())
        .ok_or_else(|| ApiError::not_found(key))
}

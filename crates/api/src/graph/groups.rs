//! `/groups`: lists, one group, its members, the groups it is in.

use super::answer::Call;
use super::resource::Resource;
use super::users::{groups_of, mixed};
use crate::error::ApiError;
use axum::response::Response;
use lockstep_model::{ObjectId, ObjectKind};
use lockstep_tenant::{ListQuery, StoredObject};

fn all() -> ListQuery {
    ListQuery { kind: Some(ObjectKind::Group), ..ListQuery::default() }
}

/// `GET /groups`
pub(super) async fn list(call: &Call) -> Result<Response, ApiError> {
    call.page("groups", Resource::Group, all()).await
}

/// `GET /groups/$count`
pub(super) async fn count(call: &Call) -> Result<Response, ApiError> {
    call.count(Resource::Group, all()).await
}

/// `GET /groups/{id}`
pub(super) async fn get(call: &Call, id: &str) -> Result<Response, ApiError> {
    call.object("groups", Resource::Group, &find(call, id).await?).await
}

/// `GET /groups/{id}/members`, and `transitiveMembers`
pub(super) async fn members(
    call: &Call,
    id: &str,
    transitive: bool,
    rest: &[&str],
) -> Result<Response, ApiError> {
    let members_of = Some(find(call, id).await?.id);
    mixed(call, ListQuery { members_of, transitive, ..ListQuery::default() }, rest).await
}

/// `GET /groups/{id}/owners`
pub(super) async fn owners(call: &Call, id: &str, rest: &[&str]) -> Result<Response, ApiError> {
    let owners_of = Some(find(call, id).await?.id);
    mixed(call, ListQuery { owners_of, ..ListQuery::default() }, rest).await
}

/// `GET /groups/{id}/memberOf`, and `transitiveMemberOf`
pub(super) async fn member_of(
    call: &Call,
    id: &str,
    transitive: bool,
    rest: &[&str],
) -> Result<Response, ApiError> {
    groups_of(call, find(call, id).await?.id, transitive, rest).await
}

/// A living group.
pub(super) async fn find(call: &Call, id: &str) -> Result<StoredObject, ApiError> {
    let Ok(key) = id.parse::<ObjectId>() else { return Err(ApiError::not_found(id)) };
    call.state
        .store
        .object(key)
        .await?
        .filter(|group| group.kind == ObjectKind::Group && group.deleted_at.is_none())
        .ok_or_else(|| ApiError::not_found(id))
}

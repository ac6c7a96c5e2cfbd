//! `/directory/deletedItems`: what was deleted and can be restored.

use super::answer::Call;
use super::kind_of_cast;
use super::resource::Resource;
use crate::error::ApiError;
use axum::response::Response;
use lockstep_model::{ObjectId, ObjectKind};
use lockstep_tenant::ListQuery;

/// The kind that a path names: `microsoft.graph.user`.
pub(super) fn kind(segment: &str) -> Option<ObjectKind> {
    kind_of_cast(segment)
}

fn all(kind: Option<ObjectKind>) -> ListQuery {
    ListQuery { kind, deleted: true, ..ListQuery::default() }
}

/// `GET /directory/deletedItems/microsoft.graph.user`
pub(super) async fn list(call: &Call, segment: &str) -> Result<Response, ApiError> {
    let kind = kind(segment);
    let set = if kind == Some(ObjectKind::Group) { "groups" } else { "users" };
    call.page(set, kind.map_or(Resource::Object, Resource::of), all(kind)).await
}

/// `GET /directory/deletedItems/microsoft.graph.user/$count`
pub(super) async fn count(call: &Call, segment: &str) -> Result<Response, ApiError> {
    let kind = kind(segment);
    call.count(kind.map_or(Resource::Object, Resource::of), all(kind)).await
}

/// `GET /directory/deletedItems/{id}`
pub(super) async fn get(call: &Call, id: &str) -> Result<Response, ApiError> {
    let Ok(key) = id.parse::<ObjectId>() else { return Err(ApiError::not_found(id)) };
    let found = call.state.store.object(key).await?.filter(|object| object.deleted_at.is_some());
    let object = found.ok_or_else(|| ApiError::not_found(id))?;
    call.object("directoryObjects", Resource::Object, &object)
}

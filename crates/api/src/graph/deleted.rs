//! `/directory/deletedItems`: what was deleted and can be restored.

use super::answer::Call;
use super::kind_of_cast;
use super::resource::Resource;
use crate::error::ApiError;
use axum::response::Response;
use lockstep_model::{ObjectId, ObjectKind};
use lockstep_tenant::{ListQuery, StoredObject};

/// The kind that a path names: `microsoft.graph.user`.
pub(super) fn kind(segment: &str) -> Option<ObjectKind> {
    kind_of_cast(segment)
}

/// `GET /directory/deletedItems`: "The OData cast type is a required part of the URI" (Microsoft Graph's reference, List
/// deletedItems).
pub(super) fn without_a_type() -> ApiError {
    ApiError::unsupported_query(
        "Deleted items are listed by type: append /microsoft.graph.user, /microsoft.graph.group, \
         /microsoft.graph.orgContact or /microsoft.graph.device.",
    )
}

fn all(kind: Option<ObjectKind>) -> ListQuery {
    ListQuery { kind, deleted: true, ..ListQuery::default() }
}

/// `GET /directory/deletedItems/microsoft.graph.user`
pub(super) async fn list(call: &Call, segment: &str) -> Result<Response, ApiError> {
    let kind = kind(segment);
    let resource = kind.map_or(Resource::Object, Resource::of);
    call.page(resource.set(), resource, all(kind)).await
}

/// `GET /directory/deletedItems/microsoft.graph.user/$count`
pub(super) async fn count(call: &Call, segment: &str) -> Result<Response, ApiError> {
    let kind = kind(segment);
    call.count(kind.map_or(Resource::Object, Resource::of), all(kind)).await
}

/// The id of a path.
pub(super) fn id(text: &str) -> Result<ObjectId, ApiError> {
    text.parse().map_err(|_| ApiError::not_found(text))
}

/// A living object of any kind.
pub(super) async fn living(call: &Call, text: &str) -> Result<StoredObject, ApiError> {
    let found = call.state.store.object(id(text)?).await?.filter(|object| object.deleted_at.is_none());
    found.ok_or_else(|| ApiError::not_found(text))
}

/// `GET /directoryObjects/{id}`
pub(super) async fn directory_object(call: &Call, text: &str) -> Result<Response, ApiError> {
    call.object("directoryObjects", Resource::Object, &living(call, text).await?).await
}

/// `GET /directory/deletedItems/{id}`
pub(super) async fn get(call: &Call, id: &str) -> Result<Response, ApiError> {
    let key = self::id(id)?;
    let found = call.state.store.object(key).await?.filter(|object| object.deleted_at.is_some());
    let object = found.ok_or_else(|| ApiError::not_found(id))?;
    call.object("directoryObjects", Resource::Object, &object).await
}

//! `/contacts` and `/devices`: lists, one object, the groups it is in, a contact's manager and reports.

use super::answer::Call;
use super::cast;
use super::resource::Resource;
use super::users::{groups_of, show_manager};
use crate::error::ApiError;
use axum::response::Response;
use lockstep_model::ObjectId;
use lockstep_tenant::{ListQuery, StoredObject};

/// Whether this is one of the questions below.
pub(super) fn is_read(resource: Resource, rest: &[&str]) -> bool {
    match rest {
        [] | [_] => true,
        [_, "memberof" | "transitivememberof", rest @ ..] => cast(rest).is_some(),
        [_, "manager" | "directreports"] => resource == Resource::Contact,
        _ => false,
    }
}

/// `GET /contacts...`, `GET /devices...`
pub(super) async fn read(call: &Call, resource: Resource, rest: &[&str]) -> Result<Response, ApiError> {
    let all = ListQuery { kind: resource.kind(), ..ListQuery::default() };
    match rest {
        [] => call.page(resource.set(), resource, all).await,
        ["$count"] => call.count(resource, all).await,
        [id] => call.object(resource.set(), resource, &find(call, resource, id).await?).await,
        [id, "manager", ..] => show_manager(call, &find(call, resource, id).await?).await,
        [id, "directreports", ..] => {
            let reports_of = Some(find(call, resource, id).await?.id);
            let query = ListQuery { reports_of, ..ListQuery::default() };
            call.page("directoryObjects", Resource::Object, query).await
        }
        [id, link, rest @ ..] => {
            groups_of(call, find(call, resource, id).await?.id, *link == "transitivememberof", rest).await
        }
    }
}

/// A living object of this kind.
pub(super) async fn find(call: &Call, resource: Resource, text: &str) -> Result<StoredObject, ApiError> {
    let id: ObjectId = text.parse().map_err(|_| ApiError::not_found(text))?;
    let found = call.state.store.object(id).await?;
    found
        .filter(|object| Some(object.kind) == resource.kind() && object.deleted_at.is_none())
        .ok_or_else(|| ApiError::not_found(text))
}

//! `POST /provisioning/v1/bulk`: a batch of changes, durable when answered, told to open pages at once.

use super::{refuse_when_off, writer_of};
use crate::auth::Identity;
use crate::body;
use crate::error::ApiError;
use crate::events::Topics;
use crate::state::ApiState;
use axum::Extension;
use axum::extract::{Request, State};
use axum::response::Response;
use lockstep_model::provisioning::{
    BULK_RESPONSE, BulkOperation, BulkRequest, BulkResponse, MAX_BODY_BYTES, MAX_LINKS_PER_OPERATION,
    MAX_OPERATIONS, OperationResult, Outcome,
};

/// Takes a batch. 400 where it has too many operations or links, 403 `DirectorySyncDisabled`, 409 `Fenced` where
/// the writer's lease has gone to another client, 413.
pub(crate) async fn bulk(
    State(state): State<ApiState>,
    Extension(identity): Extension<Identity>,
    request: Request,
) -> Result<Response, ApiError> {
    let (head, content) = request.into_parts();
    let writer = writer_of(&identity, &head.headers)?;
    refuse_when_off(&state).await?;
    let batch: BulkRequest = body::read_large_json(&state, &head.headers, content, MAX_BODY_BYTES).await?;
    judge(&batch.operations)?;
    let sent = batch.operations.len();
    let results = state.store.provision(writer, batch.run, batch.operations, state.now()).await?;
    if results.len() != sent {
        tracing::error!(sent, answered = results.len(), "the store did not answer every operation");
        return Err(ApiError::unavailable("The store did not answer every operation; send the batch again."));
    }
    state.events.publish(topics(&results));
    state.metrics.operations(&results);
    body::json(&BulkResponse { schemas: vec![BULK_RESPONSE.into()], operations: results })
}

fn judge(operations: &[BulkOperation]) -> Result<(), ApiError> {
    if operations.len() > MAX_OPERATIONS {
        return Err(ApiError::bad_request(format!(
            "A batch has at most {MAX_OPERATIONS} operations, this one has {}.",
            operations.len()
        )));
    }
    for (at, operation) in operations.iter().enumerate() {
        if let BulkOperation::Patch { data, .. } = operation {
            let links: usize = data.operations.iter().map(|patch| patch.value.len()).sum();
            if links > MAX_LINKS_PER_OPERATION {
                return Err(ApiError::bad_request(format!(
                    "Operation {at} changes {links} members, at most {MAX_LINKS_PER_OPERATION} are taken at once."
                )));
            }
        }
    }
    Ok(())
}

/// What pages have to look at again. A group's change may show on a user's page and the other way round.
fn topics(results: &[OperationResult]) -> Topics {
    let changed = results.iter().any(|r| r.outcome != Outcome::Unchanged || !r.errors.is_empty());
    if changed {
        Topics::STATUS.and(Topics::USERS).and(Topics::GROUPS).and(Topics::ERRORS)
    } else {
        Topics::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep_model::SourceAnchor;
    use lockstep_model::scim::ScimPatch;

    #[test]
    fn batches_have_limits() {
        let delete = BulkOperation::Delete { path: "/Users/a".into() };
        assert!(judge(&vec![delete.clone(); MAX_OPERATIONS]).is_ok());
        assert!(judge(&vec![delete; MAX_OPERATIONS + 1]).is_err());
        let members = vec![SourceAnchor::new("a").unwrap(); MAX_LINKS_PER_OPERATION];
        let patch = |data| [BulkOperation::Patch { path: "/Groups/g".into(), data }];
        assert!(judge(&patch(ScimPatch::members(members.clone(), vec![]))).is_ok());
        let more = vec![SourceAnchor::new("b").unwrap()];
        assert!(judge(&patch(ScimPatch::members(members, more))).is_err());
    }
}

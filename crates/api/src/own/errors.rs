//! `/api/v1/errors`: the list of objects' errors, those that are ignored, and a new look at what is quarantined.

use crate::auth::Identity;
use crate::body;
use crate::error::ApiError;
use crate::events::Topics;
use crate::state::ApiState;
use axum::Extension;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use lockstep_model::{ErrorCategory, ObjectId, ObjectKind};
use lockstep_tenant::{ErrorQuery, ErrorRow, Shown};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Every category.
pub(crate) const CATEGORIES: [ErrorCategory; 6] = [
    ErrorCategory::DuplicateAttribute,
    ErrorCategory::DataMismatch,
    ErrorCategory::DataValidation,
    ErrorCategory::LargeAttribute,
    ErrorCategory::Reference,
    ErrorCategory::Other,
];

/// The name of a category, as in JSON.
pub(crate) const fn category_name(category: ErrorCategory) -> &'static str {
    match category {
        ErrorCategory::DuplicateAttribute => "DuplicateAttribute",
        ErrorCategory::DataMismatch => "DataMismatch",
        ErrorCategory::DataValidation => "DataValidation",
        ErrorCategory::LargeAttribute => "LargeAttribute",
        ErrorCategory::Reference => "Reference",
        ErrorCategory::Other => "Other",
    }
}

/// Bytes of a search text.
const MAX_SEARCH_BYTES: usize = 256;

#[derive(Deserialize)]
struct Asked {
    category: Option<String>,
    kind: Option<String>,
    object: Option<String>,
    shown: Option<String>,
    q: Option<String>,
    top: Option<usize>,
    after: Option<String>,
}

/// A row, with the address of the page that explains it.
#[derive(Serialize)]
pub(super) struct Row {
    #[serde(flatten)]
    row: ErrorRow,
    docs: String,
}

impl Row {
    pub(super) fn of(row: ErrorRow) -> Self {
        Self { docs: format!("/docs/errors/{}.html", row.error.code), row }
    }
}

#[derive(Serialize)]
struct List {
    value: Vec<Row>,
    count: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// `GET`: a page of errors, newest first.
pub(crate) async fn list(
    State(state): State<ApiState>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let page = state.store.errors(read_query(query.as_deref())?).await?;
    let value = page.items.into_iter().map(Row::of).collect();
    body::json(&List { value, count: page.count.unwrap_or(0), next: page.next })
}

/// `POST /recheck`: puts in force what is free by now.
pub(crate) async fn recheck(State(state): State<ApiState>) -> Result<Response, ApiError> {
    let released = state.store.sweep_quarantine(state.now()).await?;
    state.events.publish(Topics::STATUS.and(Topics::USERS).and(Topics::GROUPS).and(Topics::ERRORS));
    body::json(&json!({"released": released}))
}

/// `PUT /{id}/ignored`: the error is out of sight until what it is about changes.
pub(crate) async fn ignore(
    State(state): State<ApiState>,
    Extension(identity): Extension<Identity>,
    id: ErrorId,
) -> Result<Response, ApiError> {
    set_ignored(&state, identity, id, true).await
}

/// `DELETE /{id}/ignored`: the error is in sight again.
pub(crate) async fn show(
    State(state): State<ApiState>,
    Extension(identity): Extension<Identity>,
    id: ErrorId,
) -> Result<Response, ApiError> {
    set_ignored(&state, identity, id, false).await
}

async fn set_ignored(
    state: &ApiState,
    identity: Identity,
    id: ErrorId,
    ignore: bool,
) -> Result<Response, ApiError> {
    let row = state.store.ignore_error(read_id(id)?, ignore, identity.name, state.now()).await?;
    let row = row.ok_or_else(gone)?;
    state.events.publish(Topics::STATUS.and(Topics::ERRORS));
    body::json(&Row::of(row))
}

/// The id of an error, in an address.
pub(super) type ErrorId = Result<Path<i64>, PathRejection>;

/// The id, where it can be one.
pub(super) fn read_id(id: ErrorId) -> Result<i64, ApiError> {
    id.map(|Path(id)| id).map_err(|_| gone())
}

/// There is no such error, or not any more.
pub(super) fn gone() -> ApiError {
    ApiError::new(
        http::StatusCode::NOT_FOUND,
        "Request_ResourceNotFound",
        "There is no such error: it may be cured, or it became another; read the list of errors anew.",
    )
}

/// Reads the question. An empty value is as good as none.
pub(super) fn read_query(query: Option<&str>) -> Result<ErrorQuery, ApiError> {
    let asked: Asked = super::query(query)?;
    let some = |text: Option<String>| text.filter(|text| !text.is_empty());
    let category = some(asked.category)
        .map(|name| {
            CATEGORIES
                .into_iter()
                .find(|category| category_name(*category).eq_ignore_ascii_case(&name))
                .ok_or_else(|| ApiError::bad_request("`category` is none of the categories of errors."))
        })
        .transpose()?;
    let kind = match some(asked.kind).as_deref() {
        None => None,
        Some("user") => Some(ObjectKind::User),
        Some("group") => Some(ObjectKind::Group),
        Some("contact") => Some(ObjectKind::Contact),
        Some("device") => Some(ObjectKind::Device),
        Some(_) => return Err(ApiError::bad_request("`kind` is `user` or `group`.")),
    };
    let shown = match some(asked.shown).as_deref() {
        None | Some("open") => Shown::Open,
        Some("ignored") => Shown::Ignored,
        Some("all") => Shown::All,
        Some(_) => return Err(ApiError::bad_request("`shown` is `open`, `ignored` or `all`.")),
    };
    let object = some(asked.object)
        .map(|id| id.parse::<ObjectId>().map_err(|_| ApiError::bad_request("`object` is no UUID.")))
        .transpose()?;
    let search = some(asked.q);
    if search.as_ref().is_some_and(|text| text.len() > MAX_SEARCH_BYTES) {
        return Err(ApiError::bad_request(format!("`q` has at most {MAX_SEARCH_BYTES} bytes.")));
    }
    let top = asked.top.unwrap_or(100);
    if !(1..=999).contains(&top) {
        return Err(ApiError::bad_request("`top` is 1 to 999."));
    }
    Ok(ErrorQuery { category, kind, object, shown, search, top, after: some(asked.after) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_questions() {
        let query = read_query(Some("category=dataMismatch&kind=group&q=a%20b&top=7&after=&x=y")).unwrap();
        assert_eq!(query.category, Some(ErrorCategory::DataMismatch));
        assert_eq!(query.kind, Some(ObjectKind::Group));
        assert_eq!(query.search.as_deref(), Some("a b"));
        assert_eq!((query.top, query.after), (7, None));
        assert_eq!(query.shown, Shown::Open);
        assert_eq!(read_query(Some("shown=ignored")).unwrap().shown, Shown::Ignored);
        assert_eq!(read_query(Some("shown=all")).unwrap().shown, Shown::All);
        for bad in
            ["shown=x", "category=x", "kind=printer", "object=1", "top=0", "top=1000", "top=-1", "top=x"]
        {
            assert!(read_query(Some(bad)).is_err(), "{bad}");
        }
        assert!(read_query(Some(&format!("q={}", "x".repeat(300)))).is_err());
        assert_eq!(read_query(None).unwrap().top, 100);
    }

    #[test]
    fn categories_are_named_as_in_json() {
        for category in CATEGORIES {
            assert_eq!(serde_json::to_value(category).unwrap(), json!(category_name(category)));
        }
    }
}

//! `GET /api/v1/errors/export`: all errors as a file. Read from the store page by page while it is sent, so that
//! memory does not grow with the list.

use super::errors::{category_name, read_query};
use super::file::write_cell;
use crate::error::{ApiError, chain};
use crate::state::ApiState;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use http::{HeaderValue, header};
use lockstep_model::{ObjectKind, Property};
use lockstep_tenant::{ErrorQuery, ErrorRow, StoreError, StoredObject};
use serde::Deserialize;

/// Rows read at a time.
const PAGE: usize = 500;

/// Names first those columns that administrators know from their own scripts, then what those lack.
const COLUMNS: [&str; 26] = [
    "ObjectType",
    "ObjectId",
    "DisplayName",
    "UserPrincipalName",
    "Mail",
    "OnPremisesDistinguishedName",
    "ErrorCategory",
    "RawErrorCategory",
    "OccurredDateTime",
    "PropertyCausingError",
    "ConflictingValue",
    "AccountEnabled",
    "Department",
    "JobTitle",
    "OnPremisesImmutableId",
    "LastSeenDateTime",
    "Attempts",
    "ValueInForce",
    "OtherObjectType",
    "OtherObjectId",
    "OtherObjectName",
    "OtherObjectDistinguishedName",
    "Message",
    "Remedy",
    "IgnoredBy",
    "IgnoredDateTime",
];

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    Csv,
    Json,
}

#[derive(Deserialize)]
struct Asked {
    format: Format,
}

/// Where the export stands.
enum Step {
    Head(ErrorQuery),
    Rows { query: ErrorQuery, first: bool },
    Done,
}

/// The file. The filters of the list apply.
pub(crate) async fn export(
    State(state): State<ApiState>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let Asked { format } = super::query(query.as_deref())
        .map_err(|_| ApiError::bad_request("`format` must be `csv` or `json`."))?;
    let query = ErrorQuery { top: PAGE, after: None, ..read_query(query.as_deref())? };
    let chunks = stream::unfold((state, Step::Head(query)), move |(state, step)| async move {
        match next(&state, format, step).await {
            Ok(Some((chunk, step))) => Some((Ok(chunk), (state, step))),
            Ok(None) => None,
            Err(error) => {
                // The head of the answer is sent; the client sees a file that was cut off.
                tracing::error!(error = %chain(&error), "an export of errors was cut off");
                Some((Err(error), (state, Step::Done)))
            }
        }
    });
    let (media_type, name) = match format {
        Format::Csv => ("text/csv; charset=utf-8", "attachment; filename=\"lockstep-errors.csv\""),
        Format::Json => ("application/json; charset=utf-8", "attachment; filename=\"lockstep-errors.json\""),
    };
    let mut response = Body::from_stream(chunks.boxed()).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static(name));
    Ok(response)
}

async fn next(state: &ApiState, format: Format, step: Step) -> Result<Option<(Bytes, Step)>, StoreError> {
    let (query, first) = match step {
        Step::Head(query) => {
            let head = match format {
                // The mark tells spreadsheets that this is UTF-8.
                Format::Csv => format!("\u{feff}{}\r\n", COLUMNS.join(",")),
                Format::Json => "[".to_owned(),
            };
            return Ok(Some((head.into(), Step::Rows { query, first: true })));
        }
        Step::Rows { query, first } => (query, first),
        Step::Done => return Ok(None),
    };
    let page = state.store.errors(query.clone()).await?;
    let mut chunk = String::new();
    for (at, row) in page.items.iter().enumerate() {
        match format {
            Format::Csv => {
                let object = match row.error.object.id {
                    Some(id) => state.store.object(id).await?,
                    None => None,
                };
                write_row(&mut chunk, row, object.as_ref());
            }
            Format::Json => {
                chunk.push_str(if first && at == 0 { "\n" } else { ",\n" });
                chunk.push_str(&serde_json::to_string(row).unwrap_or_default());
            }
        }
    }
    let step = match page.next {
        Some(after) => Step::Rows { query: ErrorQuery { after: Some(after), ..query }, first: false },
        None => {
            if format == Format::Json {
                chunk.push_str("\n]\n");
            }
            Step::Done
        }
    };
    Ok(Some((chunk.into(), step)))
}

fn write_row(out: &mut String, row: &ErrorRow, object: Option<&StoredObject>) {
    let error = &row.error;
    let kind = |kind: Option<ObjectKind>| kind.map(|kind| kind.as_str().to_owned());
    let text = |property| object.and_then(|o| o.properties.text(property)).map(str::to_owned);
    let other = error.other.as_ref();
    let cells = [
        kind(error.object.kind),
        error.object.id.map(|id| id.to_string()),
        Some(error.object.name.clone()),
        text(Property::UserPrincipalName),
        text(Property::Mail),
        error.object.dn.clone().or_else(|| text(Property::OnPremisesDistinguishedName)),
        Some(category_name(row.category).to_owned()),
        Some(error.code.as_str().to_owned()),
        Some(row.first_seen.to_string()),
        error.property.clone(),
        error.value.clone(),
        object.and_then(|o| o.properties.flag(Property::AccountEnabled)).map(|flag| flag.to_string()),
        text(Property::Department),
        text(Property::JobTitle),
        error.object.anchor.as_ref().map(ToString::to_string),
        Some(row.last_seen.to_string()),
        Some(row.attempts.to_string()),
        error.value_in_force.clone(),
        kind(other.and_then(|other| other.kind)),
        other.and_then(|other| other.id).map(|id| id.to_string()),
        other.map(|other| other.name.clone()),
        other.and_then(|other| other.dn.clone()),
        Some(error.message.clone()),
        Some(error.remedy.clone()),
        row.ignored.as_ref().map(|ignored| ignored.by.clone()),
        row.ignored.as_ref().map(|ignored| ignored.at.to_string()),
    ];
    for (at, cell) in cells.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        write_cell(out, cell.as_deref().unwrap_or_default());
    }
    out.push_str("\r\n");
}

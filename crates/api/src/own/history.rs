//! `/api/v1/history`: what became of objects, newest first; also of one run, and as a file.

use super::file::{self, Format, write_json, write_line};
use crate::body;
use crate::error::ApiError;
use crate::state::ApiState;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use lockstep_model::{ErrorCode, PropertyValue, RunId, Timestamp};
use lockstep_tenant::{HistoryMember, HistoryOutcome, HistoryQuery, HistoryRow, Page, StoreError};
use serde::{Deserialize, Serialize};

/// Rows read at a time for a file.
const PAGE: usize = 500;
/// Bytes of a text that is looked for.
const MAX_TEXT_BYTES: usize = 512;

const COLUMNS: [&str; 18] = [
    "Id",
    "DateTime",
    "RunId",
    "ClientId",
    "ObjectType",
    "ObjectId",
    "OnPremisesImmutableId",
    "DisplayName",
    "Outcome",
    "Property",
    "Before",
    "After",
    "Rule",
    "MembersAdded",
    "MembersRemoved",
    "AddedMembers",
    "RemovedMembers",
    "Errors",
];

#[derive(Deserialize)]
struct Asked {
    object: Option<String>,
    run: Option<String>,
    from: Option<String>,
    to: Option<String>,
    outcome: Option<String>,
    property: Option<String>,
    rule: Option<String>,
    search: Option<String>,
    top: Option<usize>,
    after: Option<String>,
}

#[derive(Serialize)]
struct List {
    value: Vec<HistoryRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// `GET`: a page.
pub(crate) async fn list(
    State(state): State<ApiState>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let query = read_query(query.as_deref())?;
    answer(page(&state, query).await?)
}

/// `GET /export`: all rows as a file.
pub(crate) async fn export(
    State(state): State<ApiState>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let format = Format::read(query.as_deref())?;
    let query = read_query(query.as_deref())?;
    send(state, "lockstep-history", format, query).await
}

pub(super) fn answer(page: Page<HistoryRow>) -> Result<Response, ApiError> {
    body::json(&List { value: page.items, next: page.next })
}

/// A page; 404 where the object asked for is not known.
pub(super) async fn page(state: &ApiState, query: HistoryQuery) -> Result<Page<HistoryRow>, ApiError> {
    let object = query.object.clone();
    match state.store.history(query).await? {
        Some(page) => Ok(page),
        None => Err(ApiError::not_found(object.as_deref().unwrap_or_default())),
    }
}

/// A file of all rows. What is wrong with the question is said before its first byte.
pub(super) async fn send(
    state: ApiState,
    name: &str,
    format: Format,
    query: HistoryQuery,
) -> Result<Response, ApiError> {
    let query = HistoryQuery { top: PAGE, after: None, ..query };
    page(&state, HistoryQuery { top: 1, ..query.clone() }).await?;
    Ok(file::send(name, format, &COLUMNS, query, move |query| {
        let state = state.clone();
        async move { part(&state, format, query).await }
    }))
}

async fn part(
    state: &ApiState,
    format: Format,
    query: HistoryQuery,
) -> Result<(String, Option<HistoryQuery>), StoreError> {
    let mut text = String::new();
    // The history of an object can come to its end while it is read.
    let Some(page) = state.store.history(query.clone()).await? else { return Ok((text, None)) };
    for row in &page.items {
        match format {
            Format::Csv => write_row(&mut text, row),
            Format::Jsonl => write_json(&mut text, row),
        }
    }
    Ok((text, page.next.map(|after| HistoryQuery { after: Some(after), ..query })))
}

/// A line for each property that changed; one where none did.
fn write_row(out: &mut String, row: &HistoryRow) {
    let members = |members: &[HistoryMember]| {
        let names: Vec<&str> = members
            .iter()
            .map(|m| m.name.as_deref().or(m.anchor.as_ref().map(|a| a.as_str())).unwrap_or("?"))
            .collect();
        names.join("; ")
    };
    let number = |n: u64| if n == 0 { String::new() } else { n.to_string() };
    let head = [
        row.id.to_string(),
        row.at.to_string(),
        row.run.map(|run| run.to_string()).unwrap_or_default(),
        row.client.map(|client| client.to_string()).unwrap_or_default(),
        row.object.kind.as_str().to_owned(),
        row.object.id.map(|id| id.to_string()).unwrap_or_default(),
        row.object.anchor.as_ref().map(ToString::to_string).unwrap_or_default(),
        row.object.name.clone(),
        row.outcome.as_str().to_owned(),
    ];
    let tail = [
        number(row.members_added),
        number(row.members_removed),
        members(&row.added),
        members(&row.removed),
        row.errors.iter().map(|code: &ErrorCode| code.as_str()).collect::<Vec<_>>().join("; "),
    ];
    let mut line = |middle: [&str; 4]| {
        let cells = head.iter().map(String::as_str).chain(middle).chain(tail.iter().map(String::as_str));
        write_line(out, cells);
    };
    if row.changes.is_empty() {
        line([""; 4]);
    }
    for change in &row.changes {
        let (before, after) = (words(change.before.as_ref()), words(change.after.as_ref()));
        line([&change.property, &before, &after, change.rule.as_deref().unwrap_or_default()]);
    }
}

fn words(value: Option<&PropertyValue>) -> String {
    match value {
        // What is kept is never stored.
        None | Some(PropertyValue::Kept) => String::new(),
        Some(PropertyValue::Text(text)) => text.clone(),
        Some(PropertyValue::Flag(flag)) => flag.to_string(),
        Some(PropertyValue::List(list)) => list.join("; "),
    }
}

/// Reads the question. An empty value is as good as none.
pub(super) fn read_query(query: Option<&str>) -> Result<HistoryQuery, ApiError> {
    let asked: Asked = super::query(query)?;
    let some = |name: &str, text: Option<String>| match text.filter(|text| !text.trim().is_empty()) {
        Some(text) if text.len() > MAX_TEXT_BYTES => {
            Err(ApiError::bad_request(format!("`{name}` has at most {MAX_TEXT_BYTES} bytes.")))
        }
        text => Ok(text),
    };
    let run = some("run", asked.run)?
        .map(|id| id.parse::<RunId>().map_err(|_| ApiError::bad_request("`run` is no UUID.")))
        .transpose()?;
    let outcome = some("outcome", asked.outcome)?
        .map(|name| {
            HistoryOutcome::from_name(&name).ok_or_else(|| {
                let names: Vec<_> = HistoryOutcome::ALL.iter().map(|(_, name)| *name).collect();
                ApiError::bad_request(format!("`outcome` is one of {}.", names.join(", ")))
            })
        })
        .transpose()?;
    let top = asked.top.unwrap_or(100);
    if !(1..=999).contains(&top) {
        return Err(ApiError::bad_request("`top` is 1 to 999."));
    }
    Ok(HistoryQuery {
        object: some("object", asked.object)?,
        run,
        from: some("from", asked.from)?.map(|text| moment("from", &text)).transpose()?,
        to: some("to", asked.to)?.map(|text| moment("to", &text)).transpose()?,
        outcome,
        property: some("property", asked.property)?,
        rule: some("rule", asked.rule)?,
        search: some("search", asked.search)?,
        top,
        after: asked.after.filter(|text| !text.is_empty()),
    })
}

fn moment(name: &str, text: &str) -> Result<Timestamp, ApiError> {
    text.parse().map_err(|_| {
        ApiError::bad_request(format!("`{name}` is no time; write it as `2026-05-04T10:00:00Z` (RFC 3339)."))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_questions() {
        let text =
            "object=ann%40contoso.com&from=2026-05-04T10:00:00Z&outcome=Updated&property=mail&rule=&top=7";
        let query = read_query(Some(text)).unwrap();
        assert_eq!(query.object.as_deref(), Some("ann@contoso.com"));
        assert_eq!((query.outcome, query.top, query.rule), (Some(HistoryOutcome::Updated), 7, None));
        assert_eq!(query.from.unwrap().to_string(), "2026-05-04T10:00:00Z");
        for bad in ["run=x", "from=yesterday", "to=2026", "outcome=gone", "top=0", "top=1000"] {
            assert_eq!(read_query(Some(bad)).unwrap_err().status, 400, "{bad}");
        }
        assert!(read_query(Some(&format!("search={}", "x".repeat(600)))).is_err());
        assert_eq!(read_query(None).unwrap().top, 100);
    }
}

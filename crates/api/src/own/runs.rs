//! `/api/v1/runs`: the history of runs, newest first; one run with what it did to objects; files of both.

use super::file::{self, Format, write_json, write_line};
use super::history;
use crate::body;
use crate::error::ApiError;
use crate::state::ApiState;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use lockstep_model::{ObjectKind, RunId};
use lockstep_tenant::{HistoryQuery, StoreError, StoredRun};
use serde::{Deserialize, Serialize};

/// Runs of one answer.
const MOST: usize = 500;
/// What may become of an object, as a run counts it.
const OUTCOMES: [&str; 5] = ["created", "matched", "updated", "deleted", "refused"];

const COLUMNS: [&str; 21] = [
    "RunId",
    "ClientId",
    "Trigger",
    "StartedDateTime",
    "EndedDateTime",
    "Milliseconds",
    "Result",
    "UsersCreated",
    "UsersMatched",
    "UsersUpdated",
    "UsersDeleted",
    "UsersRefused",
    "GroupsCreated",
    "GroupsMatched",
    "GroupsUpdated",
    "GroupsDeleted",
    "GroupsRefused",
    "MembersAdded",
    "MembersRemoved",
    "Steps",
    "Error",
];

#[derive(Deserialize)]
struct Asked {
    top: Option<usize>,
    after: Option<String>,
}

#[derive(Serialize)]
struct List {
    value: Vec<StoredRun>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// A page of runs.
pub(crate) async fn list(
    State(state): State<ApiState>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let Asked { top, after } = super::query(query.as_deref())?;
    let top = top.unwrap_or(50);
    if !(1..=MOST).contains(&top) {
        return Err(ApiError::bad_request(format!("`top` is 1 to {MOST}.")));
    }
    let page = state.store.runs(top, after.filter(|text| !text.is_empty())).await?;
    body::json(&List { value: page.items, next: page.next })
}

/// `GET /export`: all runs as a file.
pub(crate) async fn export(
    State(state): State<ApiState>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let format = Format::read(query.as_deref())?;
    Ok(file::send("lockstep-runs", format, &COLUMNS, None, move |after| {
        let state = state.clone();
        async move { part(&state, format, after).await }
    }))
}

async fn part(
    state: &ApiState,
    format: Format,
    after: Option<String>,
) -> Result<(String, Option<Option<String>>), StoreError> {
    let page = state.store.runs(MOST, after).await?;
    let mut text = String::new();
    for run in &page.items {
        match format {
            Format::Csv => write_run(&mut text, run),
            Format::Jsonl => write_json(&mut text, run),
        }
    }
    Ok((text, page.next.map(Some)))
}

fn write_run(out: &mut String, stored: &StoredRun) {
    let run = &stored.run;
    let word = |value: serde_json::Result<serde_json::Value>| {
        value.ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
    };
    let steps: Vec<String> = run
        .steps
        .iter()
        .map(|step| format!("{}: {} objects in {} ms", step.name, step.objects, step.millis))
        .collect();
    let mut cells = vec![
        run.id.to_string(),
        stored.client.to_string(),
        word(serde_json::to_value(run.trigger)),
        run.started_at.to_string(),
        run.ended_at.to_string(),
        run.ended_at.duration_since(run.started_at).as_millis().to_string(),
        word(serde_json::to_value(run.result)),
    ];
    for kind in [ObjectKind::User, ObjectKind::Group] {
        let counts = run.counts.get(&kind);
        let count = |name: &str| counts.and_then(|counts| counts.get(name)).copied().unwrap_or(0);
        cells.extend(OUTCOMES.iter().map(|name| count(name).to_string()));
    }
    cells.extend([
        run.members_added.to_string(),
        run.members_removed.to_string(),
        steps.join("; "),
        run.error.clone().unwrap_or_default(),
    ]);
    write_line(out, cells.iter().map(String::as_str));
}

fn id_of(id: Result<Path<RunId>, PathRejection>) -> Result<RunId, ApiError> {
    let Path(id) = id.map_err(|_| ApiError::bad_request("The run's id is no UUID."))?;
    Ok(id)
}

/// `GET /{id}`: one run with its steps.
pub(crate) async fn one(
    State(state): State<ApiState>,
    id: Result<Path<RunId>, PathRejection>,
) -> Result<Response, ApiError> {
    let id = id_of(id)?;
    match state.store.run(id).await? {
        Some(run) => body::json(&run),
        None => Err(ApiError::not_found(&id.to_string())),
    }
}

/// `GET /{id}/objects`: what it did to objects. The filters of the history apply.
pub(crate) async fn objects(
    State(state): State<ApiState>,
    id: Result<Path<RunId>, PathRejection>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let id = id_of(id)?;
    let query = HistoryQuery { run: Some(id), ..history::read_query(query.as_deref())? };
    let page = history::page(&state, query).await?;
    // What a live run does is there before its record, which comes by the minute.
    if page.items.is_empty() && state.store.run(id).await?.is_none() {
        return Err(ApiError::not_found(&id.to_string()));
    }
    history::answer(page)
}

/// `GET /{id}/export`: the same as a file.
pub(crate) async fn export_objects(
    State(state): State<ApiState>,
    id: Result<Path<RunId>, PathRejection>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let id = id_of(id)?;
    let format = Format::read(query.as_deref())?;
    let query = HistoryQuery { run: Some(id), ..history::read_query(query.as_deref())? };
    history::send(state, &format!("lockstep-run-{id}"), format, query).await
}

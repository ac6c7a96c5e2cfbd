//! `GET /api/v1/activity`: what runs did over a time, in parts of one length, for charts. Every part is there, also
//! where nothing ran.

use crate::body;
use crate::error::ApiError;
use crate::state::ApiState;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use lockstep_model::Timestamp;
use lockstep_tenant::{Activity, ActivityQuery};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A leap year.
const MOST_HOURS: u32 = 24 * 366;
const MOST_PARTS: u32 = 200;
const USUAL: u32 = 24;

#[derive(Deserialize)]
struct Asked {
    hours: Option<u32>,
    parts: Option<u32>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    from: Timestamp,
    to: Timestamp,
    step_seconds: u32,
    value: Vec<Part>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Part {
    at: Timestamp,
    runs: u64,
    failed: u64,
    created: u64,
    updated: u64,
    deleted: u64,
    members: u64,
    work_millis: u64,
    longest_millis: u64,
}

/// The parts up to now. They begin at round times, so that a part stays the same part when asked again.
pub(crate) async fn show(
    State(state): State<ApiState>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let Asked { hours, parts } = super::query(query.as_deref())?;
    let (hours, parts) = (hours.unwrap_or(USUAL), parts.unwrap_or(USUAL));
    if !(1..=MOST_HOURS).contains(&hours) {
        return Err(ApiError::bad_request(format!("`hours` is 1 to {MOST_HOURS}.")));
    }
    if !(1..=MOST_PARTS).contains(&parts) {
        return Err(ApiError::bad_request(format!("`parts` is 1 to {MOST_PARTS}.")));
    }
    let step_seconds = (hours * 3_600).div_ceil(parts);
    let step = i64::from(step_seconds);
    let end = state.now().as_second().div_euclid(step).saturating_add(1).saturating_mul(step);
    let moment = |second: i64| {
        Timestamp::from_second(second).map_err(|_| ApiError::bad_request("`hours` reaches too far back."))
    };
    let from = end - step * i64::from(parts);
    let query = ActivityQuery { from: moment(from)?, step_seconds, parts };
    let mut found: BTreeMap<u32, Activity> =
        state.store.activity(query).await?.into_iter().map(|one| (one.part, one)).collect();
    let mut value = Vec::with_capacity(parts as usize);
    for part in 0..parts {
        let none = Activity {
            part,
            runs: 0,
            failed: 0,
            created: 0,
            updated: 0,
            deleted: 0,
            members: 0,
            work_millis: 0,
            longest_millis: 0,
        };
        let one = found.remove(&part).unwrap_or(none);
        value.push(Part {
            at: moment(from + step * i64::from(part))?,
            runs: one.runs,
            failed: one.failed,
            created: one.created,
            updated: one.updated,
            deleted: one.deleted,
            members: one.members,
            work_millis: one.work_millis,
            longest_millis: one.longest_millis,
        });
    }
    body::json(&Answer { from: moment(from)?, to: moment(end)?, step_seconds, value })
}

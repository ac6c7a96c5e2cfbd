//! `lockstep history`: what became of objects, asked of the server.

use crate::End;
use crate::cli::{Export, History};
use crate::clock::SystemClock;
use crate::config::{Loaded, Period};
use crate::out::Out;
use crate::wiring::remote::Api;
use anyhow::bail;
use lockstep_model::{Clock, PropertyValue, Timestamp};
use lockstep_tenant::{HistoryMember, HistoryRow};
use serde::Deserialize;
use serde_json::json;
use std::fmt::Write;

/// Rows of one request.
const PAGE: usize = 500;
/// Members named in a line.
const NAMED: usize = 5;

#[derive(Deserialize)]
struct List {
    value: Vec<HistoryRow>,
    next: Option<String>,
}

pub(crate) async fn history(out: Out, loaded: &Loaded, asked: &History) -> anyhow::Result<End> {
    let filter = filter(asked, SystemClock.now())?;
    let api = Api::open(loaded, &asked.remote).await?;
    let done = match asked.export {
        Some(form) => export(&api, &filter, form).await,
        None => show(out, &api, &filter, usize::try_from(asked.limit).unwrap_or(usize::MAX)).await,
    };
    api.close().await;
    done.map(|()| End::Done)
}

type Pairs = Vec<(&'static str, String)>;

/// The question, as the server takes it.
fn filter(asked: &History, now: Timestamp) -> anyhow::Result<Pairs> {
    let named = [
        ("object", asked.object.clone()),
        ("run", asked.run.clone()),
        ("from", asked.since.as_deref().map(|text| moment(text, now)).transpose()?),
        ("to", asked.until.as_deref().map(|text| moment(text, now)).transpose()?),
        ("outcome", asked.outcome.clone()),
        ("property", asked.property.clone()),
        ("rule", asked.rule.clone()),
        ("search", asked.search.clone()),
    ];
    Ok(named.into_iter().filter_map(|(name, value)| Some((name, value?))).collect())
}

/// A time, or how long ago.
fn moment(text: &str, now: Timestamp) -> anyhow::Result<String> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at.to_string());
    }
    match text.parse::<Period>().ok().and_then(|period| now.checked_sub(period.0).ok()) {
        Some(at) => Ok(at.to_string()),
        None => bail!(
            "\"{text}\" is no time; write one such as 2026-05-04T10:00:00Z, or how long ago, such as 2d"
        ),
    }
}

fn address(path: &str, filter: &Pairs, more: &[(&str, &str)]) -> anyhow::Result<String> {
    let pairs = filter.iter().map(|(name, value)| (*name, value.as_str())).chain(more.iter().copied());
    let url = reqwest::Url::parse_with_params("http://server/", pairs)?;
    Ok(format!("{path}?{}", url.query().unwrap_or_default()))
}

async fn export(api: &Api, filter: &Pairs, form: Export) -> anyhow::Result<()> {
    let form = match form {
        Export::Csv => "csv",
        Export::Jsonl => "jsonl",
    };
    let path = address("/api/v1/history/export", filter, &[("format", form)])?;
    match api.download(&path, &mut std::io::stdout()).await {
        // A reader that went away (`| head`) is no error.
        Err(error) if is_broken_pipe(&error) => Ok(()),
        other => other,
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

async fn show(out: Out, api: &Api, filter: &Pairs, limit: usize) -> anyhow::Result<()> {
    let mut rows: Vec<HistoryRow> = Vec::new();
    let mut after = String::new();
    let more = loop {
        let top = limit.saturating_sub(rows.len()).clamp(1, PAGE).to_string();
        let path = address("/api/v1/history", filter, &[("top", &top), ("after", &after)])?;
        let page: List = api.get(&path).await?;
        rows.extend(page.value);
        match page.next {
            Some(next) if rows.len() < limit => after = next,
            next => break next.is_some(),
        }
    };
    out.print(&json!({ "value": rows, "more": more }), || {
        let mut text = String::new();
        // The newest stands at the end, where people look.
        for row in rows.iter().rev() {
            write_row(&mut text, row);
        }
        match (rows.is_empty(), more) {
            (true, _) => text.push_str("Nothing is known of it."),
            (false, true) => {
                text.push_str("There is more before; --limit shows it, --export writes all of it.")
            }
            (false, false) => {
                text.pop();
            }
        }
        text
    })
}

fn write_row(text: &mut String, row: &HistoryRow) {
    let run = row.run.map(|run| format!("  run {run}")).unwrap_or_default();
    let (kind, name, outcome) = (row.object.kind.as_str(), &row.object.name, row.outcome.as_str());
    let _ =
        writeln!(text, "{}  {outcome:<12}  {kind:<5}  {name}{run}", row.at.strftime("%Y-%m-%d %H:%M:%SZ"));
    for change in &row.changes {
        let (before, after) = (words(change.before.as_ref()), words(change.after.as_ref()));
        let rule = change.rule.as_deref().map(|rule| format!("  [{rule}]")).unwrap_or_default();
        let _ = writeln!(text, "    {}: {before} -> {after}{rule}", change.property);
    }
    for (word, count, named) in
        [("added", row.members_added, &row.added), ("removed", row.members_removed, &row.removed)]
    {
        if count > 0 {
            let _ = writeln!(text, "    members {word}: {}", members(count, named));
        }
    }
    for code in &row.errors {
        let _ = writeln!(text, "    error: {code}");
    }
}

fn members(count: u64, named: &[HistoryMember]) -> String {
    let mut names: Vec<&str> = named
        .iter()
        .take(NAMED)
        .map(|m| m.name.as_deref().or(m.anchor.as_ref().map(|a| a.as_str())).unwrap_or("?"))
        .collect();
    let more = count.saturating_sub(names.len() as u64);
    let rest = format!("{more} more");
    if more > 0 {
        names.push(&rest);
    }
    names.join(", ")
}

fn words(value: Option<&PropertyValue>) -> String {
    match value {
        Some(PropertyValue::Kept) => "(kept)".to_owned(),
        None => "(none)".to_owned(),
        Some(PropertyValue::Text(text)) => text.clone(),
        Some(PropertyValue::Flag(flag)) => flag.to_string(),
        Some(PropertyValue::List(list)) => list.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_moments_or_how_long_ago() {
        let now: Timestamp = "2026-05-04T10:00:00Z".parse().unwrap();
        assert_eq!(moment("2d", now).unwrap(), "2026-05-02T10:00:00Z");
        assert_eq!(moment("2026-05-04T09:00:00+02:00", now).unwrap(), "2026-05-04T07:00:00Z");
        assert!(moment("yesterday", now).unwrap_err().to_string().contains("such as 2d"));
        let pairs = vec![("object", "ann+x@contoso.com".to_owned())];
        let path = address("/api/v1/history", &pairs, &[("top", "1")]).unwrap();
        assert_eq!(path, "/api/v1/history?object=ann%2Bx%40contoso.com&top=1");
    }

    #[test]
    fn rows_read_well() {
        let row: HistoryRow = serde_json::from_value(json!({
            "id": 1, "at": "2026-05-04T10:00:00Z", "outcome": "updated",
            "object": {"kind": "user", "name": "Ann Archer"},
            "changes": [{"property": "city", "after": "Zug", "rule": "city <- l"}],
            "errors": ["PropertyConflict"],
        }))
        .unwrap();
        let mut text = String::new();
        write_row(&mut text, &row);
        assert_eq!(
            text,
            "2026-05-04 10:00:00Z  updated       user   Ann Archer\n    city: (none) -> Zug  [city <- l]\n    \
             error: PropertyConflict\n"
        );
    }
}

//! Answers that are files: read from the store page by page while they are sent, so that memory does not grow with
//! them.

use crate::error::{ApiError, chain};
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use http::{HeaderValue, header};
use lockstep_tenant::StoreError;
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

/// Form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Format {
    /// Comma-separated values, RFC 4180, for spreadsheets.
    Csv,
    /// One JSON object a line.
    Jsonl,
}

#[derive(Deserialize)]
struct Asked {
    format: Format,
}

impl Format {
    /// The form that a query asks for.
    pub(super) fn read(query: Option<&str>) -> Result<Self, ApiError> {
        let Asked { format } =
            super::query(query).map_err(|_| ApiError::bad_request("`format` must be `csv` or `jsonl`."))?;
        Ok(format)
    }
}

/// A file named `name`, with the format's ending. `next` answers a part and where to go on; none: it was the last.
pub(super) fn send<S, N, F>(name: &str, format: Format, columns: &[&str], start: S, next: N) -> Response
where
    S: Send + 'static,
    N: Fn(S) -> F + Send + 'static,
    F: Future<Output = Result<(String, Option<S>), StoreError>> + Send + 'static,
{
    // The mark tells spreadsheets that this is UTF-8.
    let head = match format {
        Format::Csv => format!("\u{feff}{}\r\n", columns.join(",")),
        Format::Jsonl => String::new(),
    };
    let rest = stream::unfold((Some(start), next), |(step, next)| async move {
        match next(step?).await {
            Ok((text, step)) => Some((Ok(Bytes::from(text)), (step, next))),
            Err(error) => {
                // The head of the answer is sent; the client sees a file that was cut off.
                tracing::error!(error = %chain(&error), "a file was cut off");
                Some((Err(error), (None, next)))
            }
        }
    });
    let chunks = stream::iter([Ok::<_, StoreError>(Bytes::from(head))]).chain(rest);
    let (media_type, ending) = match format {
        Format::Csv => ("text/csv; charset=utf-8", "csv"),
        Format::Jsonl => ("application/jsonl; charset=utf-8", "jsonl"),
    };
    let mut response = Body::from_stream(chunks.boxed()).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    let disposition = format!("attachment; filename=\"{name}.{ending}\"");
    if let Ok(value) = HeaderValue::from_str(&disposition) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    response
}

/// One object a line.
pub(super) fn write_json<T: Serialize>(out: &mut String, row: &T) {
    if let Ok(text) = serde_json::to_string(row) {
        out.push_str(&text);
        out.push('\n');
    }
}

/// A line of cells.
pub(super) fn write_line<'a>(out: &mut String, cells: impl IntoIterator<Item = &'a str>) {
    for (at, cell) in cells.into_iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        write_cell(out, cell);
    }
    out.push_str("\r\n");
}

/// RFC 4180. A cell that a spreadsheet would run as a formula gets an apostrophe: names come from outside.
pub(super) fn write_cell(out: &mut String, text: &str) {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    if text.contains(['"', ',', '\n', '\r']) {
        let _ = write!(out, "\"{guard}{}\"", text.replace('"', "\"\""));
    } else {
        out.push_str(guard);
        out.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_safe_in_spreadsheets() {
        let check = |text: &str, expect: &str| {
            let mut out = String::new();
            write_cell(&mut out, text);
            assert_eq!(out, expect);
        };
        check("Ann Lee", "Ann Lee");
        check("Lee, Ann", "\"Lee, Ann\"");
        check("a \"b\"\nc", "\"a \"\"b\"\"\nc\"");
        check("=cmd()", "'=cmd()");
        check("+1,2", "\"'+1,2\"");
        check("", "");
        let mut out = String::new();
        write_line(&mut out, ["a", "-1", ""]);
        assert_eq!(out, "a,'-1,\r\n");
    }
}

//! What is printed: text for people or JSON for programs, to standard output; progress to a terminal's standard
//! error. A reader that went away (`| head`) is no error.

use crate::cli::Form;
use comfy_table::{ContentArrangement, Table, presets};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use std::io::{self, IsTerminal, Write};

/// Where and how a command prints.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Out {
    form: Form,
}

impl Out {
    pub(crate) fn new(form: Form) -> Self {
        Self { form }
    }

    pub(crate) fn is_json(self) -> bool {
        self.form == Form::Json
    }

    /// Prints `json` for programs, else what `text` makes, both ended by a line break.
    pub(crate) fn print<T: Serialize>(self, json: &T, text: impl FnOnce() -> String) -> anyhow::Result<()> {
        let text = match self.form {
            Form::Json => serde_json::to_string_pretty(json)?,
            Form::Text => text(),
        };
        line(&text)
    }
}

/// Writes a text and a line break to standard output.
pub(crate) fn line(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// Writes a text and a line break to standard error. What cannot be said there cannot be said at all.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// A table for people.
pub(crate) fn table<const N: usize>(
    header: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(header.map(str::to_uppercase));
    for row in rows {
        table.add_row(row);
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// A bar on a terminal; hidden elsewhere, and where programs read.
pub(crate) fn bar(out: Out) -> ProgressBar {
    let bar = ProgressBar::no_length();
    if out.is_json() || !io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
        return bar;
    }
    let style =
        ProgressStyle::with_template("{spinner} {msg:10} {wide_bar} {human_pos}/{human_len} {elapsed}");
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar.enable_steady_tick(std::time::Duration::from_millis(100));
    bar
}

//! The printed reference of the functions, from the same table that checks and runs them.

use super::functions::{Function, Group, MAX_TEXT_BYTES};
use super::parse::{MAX_BYTES, MAX_DEPTH, MAX_NODES};
use super::sample::Sample;
use std::fmt::Write as _;

/// The reference as Markdown: every function with signature, edge cases and examples. The results of the examples
/// are computed here.
pub fn reference() -> String {
    let sample = Sample::new();
    let mut out = String::with_capacity(64 * 1024);
    let _ = write!(
        out,
        r#"# Functions of expressions

This page is generated from the program; the result of every example was computed when it was.

An expression is one value. Functions stand in one another; there are no statements and no loops. Names of functions and attributes are case-sensitive, types are checked before a run, and a mistake is shown with its line, its column and what was probably meant.

| written | is |
| --- | --- |
| `[mail]` | an attribute |
| `%Domain.FQDN%` | a parameter |
| `$item` | a variable of Select, Where or With |
| `"text"` | text; `""` in it is a quote, `\\` a backslash |
| `98052`, `-5`, `&HFF` | a number of 64 bits |
| `True`, `False` | themselves |
| `NULL` | nothing: an absent attribute. As the result of a flow: a rule of lower precedence may give a value |
| `AuthoritativeNull` | as a result: nothing, and no rule of lower precedence may give a value |
| `IgnoreThisFlow` | as a result: as if the flow were not there; what the target has stays |
| `CRLF` | a line break, carriage return and line feed |

**Operators.** `<` `<=` `<>` `=` `>` `>=` `+` `-` `*` and `&` (joins texts) have one priority and are applied strictly from left to right: `2 + 3 * 2` is {left_to_right}. `&&` and `||` are applied from left to right after those. Parentheses change the order. The right side of `&&` and `||` is not evaluated where the left decides.

**NULL.** Comparing what is absent gives False, with `<>` too: ask IsNull(). `&` takes it for `""`, but `NULL & NULL` is NULL. Arithmetic with it gives NULL. A function's notes say what it does.

**Several values.** A function of one value (`str`, `num`, ...) that gets a multi-valued attribute is applied to each value. Two such attributes in one function go side by side and must have as many values. A value for which the result is NULL is dropped; where the attribute is absent there is no result. Functions of several values (`mvstr`, ...) take the attribute as a whole.

**Types.** `str` text, `num` a number, `bool` True or False, `bin` binary, `dt` a date in UTC, `ref` a reference, `mv` before one of these: several; `var` any; `exp` a condition (True, False, or a number, 0 being False). Characters are those of Unicode.

**Limits.** An expression has at most {MAX_BYTES} bytes and {MAX_NODES} values and calls, which stand at most {MAX_DEPTH} deep; a text that it makes has at most {MAX_TEXT_BYTES} bytes.

"#,
        left_to_right = sample.show("2 + 3 * 2"),
    );
    for group in Group::ALL {
        let names: Vec<_> =
            in_group(group).map(|f| format!("[{}](#{})", f.name, f.name.to_lowercase())).collect();
        let _ = writeln!(out, "**{}**: {}\n", group.title(), names.join(" "));
    }
    for group in Group::ALL {
        let _ = writeln!(out, "## {}\n", group.title());
        for function in in_group(group) {
            write_function(function, &sample, &mut out);
        }
    }
    out.push_str("## The sample object\n\nWhat the examples read; the present moment is ");
    let _ = writeln!(out, "{}.\n\n| attribute | type | value |\n| --- | --- | --- |", sample.show("Now()"));
    for (name, kind, value) in sample.rows() {
        let _ = writeln!(out, "| {name} | {kind} | {} |", code(&value));
    }
    out.push_str("\n| parameter | value |\n| --- | --- |\n");
    for (name, value) in Sample::parameters() {
        let _ = writeln!(out, "| {name} | {} |", code(value));
    }
    out
}

fn in_group(group: Group) -> impl Iterator<Item = &'static Function> {
    Function::all().filter(move |function| function.group == group)
}

fn write_function(function: &Function, sample: &Sample, out: &mut String) {
    let _ = writeln!(out, "### {}\n\n`{}`\n\n{}\n", function.name, function.signature(), function.summary);
    for note in function.notes {
        let _ = writeln!(out, "- {note}");
    }
    if !function.notes.is_empty() {
        out.push('\n');
    }
    out.push_str("| example | gives |\n| --- | --- |\n");
    for (example, _) in function.examples {
        let _ = writeln!(out, "| {} | {} |", code(example), code(&sample.show(example)));
    }
    out.push('\n');
}

/// Code in a cell of a table, where a bar would end the cell.
fn code(text: &str) -> String {
    format!("`{}`", text.replace('|', "\\|"))
}

//! The file: drafts as TOML, each piece on lines of its own; and the reading of it again, which says of every piece that
//! is not sound what is wrong with it. Such pieces are taken out, with the reason, until the file is sound.

use super::draft::{Draft, DraftCondition, DraftFlow, Value};
use super::guess::{Declared, Guesses, takes};
use super::{ImportError, Remarks};
use crate::expr::AttributeType;
use crate::sync_rules::{MAX_BYTES, Problem, RuleSet, Schemas};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What stands on a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Piece {
    Other,
    Rule(usize),
    Condition(usize, usize, usize),
    Join(usize, usize, usize),
    Flow(usize, usize),
}

/// How often the file is read anew; every time at least one piece goes.
const MAX_ROUNDS: usize = 50;

/// The file, sound.
pub(super) fn sound(
    name: &str,
    drafts: &mut Vec<Draft>,
    schemas: &Schemas,
    guesses: &Guesses,
    remarks: &mut Remarks,
) -> Result<String, ImportError> {
    let schemas = with(schemas, guesses);
    for _ in 0..MAX_ROUNDS {
        if drafts.is_empty() {
            return Err(ImportError::NoRule { remarks: remarks.lines() });
        }
        let (body, pieces) = body(drafts, &schemas, guesses);
        // The comments at the top move no line of the file that is checked.
        let checked = format!("{}\n{body}", head_line(name));
        if checked.len() > MAX_BYTES {
            return Err(ImportError::TooMuch);
        }
        match RuleSet::parse("rules.toml", &checked, &schemas) {
            Ok(_) => {
                let file = format!("{}{}\n{body}", remarks.comment(name), head_line(name));
                return if file.len() > MAX_BYTES { Err(ImportError::TooMuch) } else { Ok(file) };
            }
            Err(problems) => {
                if !take_out(drafts, &pieces, &problems.0, remarks) {
                    return Err(ImportError::Unsound { problems });
                }
            }
        }
    }
    Err(ImportError::TooMuch)
}

fn with(schemas: &Schemas, guesses: &Guesses) -> Schemas {
    let mut schemas = schemas.clone();
    for (schema, list) in
        [(&mut schemas.source, &guesses.source), (&mut schemas.metaverse, &guesses.metaverse)]
    {
        for (name, (kind, many)) in list {
            *schema = std::mem::take(schema).attribute(name, *kind, *many);
        }
    }
    schemas
}

/// Takes out what the problems are about; false where they are about nothing that can be taken out.
fn take_out(drafts: &mut Vec<Draft>, pieces: &[Piece], problems: &[Problem], remarks: &mut Remarks) -> bool {
    // The first line of the file is the head.
    let mut wrong: BTreeMap<Piece, &Problem> = BTreeMap::new();
    for problem in problems {
        let at = (problem.line as usize).checked_sub(HEAD_LINES + 1);
        let piece = at.and_then(|at| pieces.get(at)).copied().unwrap_or(Piece::Other);
        wrong.entry(piece).or_insert(problem);
    }
    wrong.remove(&Piece::Other);
    // From the last on, so that the places of those before stay.
    let mut gone = false;
    for (piece, problem) in wrong.iter().rev() {
        gone = true;
        let why = format!("{}; {}", problem.message, problem.remedy);
        match *piece {
            Piece::Rule(rule) if rule < drafts.len() => {
                let draft = drafts.remove(rule);
                remarks.left_out(Some(&draft.name), "the rule", why);
            }
            Piece::Condition(rule, group, at) => {
                let Some(draft) = drafts.get_mut(rule) else { continue };
                let Some(conditions) = draft.scope.get_mut(group).filter(|list| at < list.len()) else {
                    continue;
                };
                let condition = conditions.remove(at);
                if conditions.is_empty() {
                    draft.scope.remove(group);
                }
                draft.lose_condition(condition.shown(), &why, remarks);
            }
            Piece::Join(rule, group, at) => {
                let Some(draft) = drafts.get_mut(rule) else { continue };
                let Some(joins) = draft.joins.get_mut(group).filter(|list| at < list.len()) else { continue };
                // All of a group must hold: with one clause less it would join more.
                let join = joins.remove(at);
                draft.joins.remove(group);
                let what = format!("the join group with {} = {}", join.source, join.metaverse);
                draft.lose(what, &why, remarks);
            }
            Piece::Flow(rule, at) => {
                let Some(draft) = drafts.get_mut(rule).filter(|draft| at < draft.flows.len()) else {
                    continue;
                };
                let flow = draft.flows.remove(at);
                let text = match &flow.value {
                    Value::Direct(from) => from.clone(),
                    Value::Constant(text) => format!("\"{text}\""),
                    Value::Expression(text) => text.clone(),
                };
                draft.lose(format!("the flow to {} of {}", flow.to, shortened(&text, 100)), &why, remarks);
            }
            _ => gone = false,
        }
    }
    gone
}

/// Lines that [`head_line`] takes.
const HEAD_LINES: usize = 2;

fn head_line(name: &str) -> String {
    format!("name = {}\nsource = \"active-directory\"", text(&format!("Imported from {name}")))
}

/// The declarations and the rules, with what stands on each line.
fn body(drafts: &[Draft], schemas: &Schemas, guesses: &Guesses) -> (String, Vec<Piece>) {
    let mut out = Lines::default();
    declare(&mut out, "attributes", &guesses.source);
    declare(&mut out, "metaverse", &guesses.metaverse);
    for (at, draft) in drafts.iter().enumerate() {
        rule(&mut out, at, draft, schemas);
    }
    (out.text, out.pieces)
}

#[derive(Default)]
struct Lines {
    text: String,
    pieces: Vec<Piece>,
}

impl Lines {
    fn push(&mut self, piece: Piece, text: &str) {
        self.text.push_str(text);
        self.text.push('\n');
        self.pieces.extend(text.split('\n').map(|_| piece));
    }
}

fn declare(out: &mut Lines, table: &str, declared: &Declared) {
    for (name, (kind, many)) in declared {
        let kind = match kind {
            AttributeType::Text => "text",
            AttributeType::Number => "number",
            AttributeType::Boolean => "boolean",
            AttributeType::Binary => "binary",
            AttributeType::Date => "date",
            AttributeType::Reference => "reference",
        };
        let many = if *many { "\nmany = true" } else { "" };
        out.push(Piece::Other, &format!("\n[{table}.{}]\ntype = \"{kind}\"{many}", key(name)));
    }
}

fn rule(out: &mut Lines, at: usize, draft: &Draft, schemas: &Schemas) {
    let own = Piece::Rule(at);
    let mut origin = format!("From the rule \"{}\"", one_line(&draft.name));
    if !draft.identifier.trim().is_empty() {
        let _ = write!(origin, ", identifier {}", one_line(&draft.identifier));
    }
    if !draft.tag.trim().is_empty() {
        let _ = write!(origin, ", tag {}", one_line(&draft.tag));
    }
    out.push(own, &format!("\n# {origin}"));
    for lost in &draft.lost {
        out.push(own, &format!("# Left out: {}", one_line(lost)));
    }
    out.push(own, "[[rule]]");
    out.push(own, &format!("name = {}", text(&draft.name)));
    if !draft.description.trim().is_empty() {
        out.push(own, &format!("description = {}", text(&draft.description)));
    }
    out.push(own, if draft.inbound() { "direction = \"inbound\"" } else { "direction = \"outbound\"" });
    out.push(own, &format!("precedence = {}", draft.precedence.unwrap_or(0)));
    if draft.inbound() {
        out.push(own, &format!("source_types = [{}]", text(&draft.source_type)));
    }
    out.push(own, &format!("metaverse_type = \"{}\"", draft.metaverse_type.as_str()));
    if let Some(kind) = draft.kind {
        out.push(own, &format!("target_type = \"{kind}\""));
    }
    out.push(own, &format!("link_type = \"{:?}\"", draft.link));
    if draft.disabled {
        out.push(own, "disabled = true");
    }
    if !draft.scope.is_empty() {
        out.push(own, "scope = [");
        for (group_at, group) in draft.scope.iter().enumerate() {
            out.push(own, "    { all = [");
            for (condition_at, one) in group.iter().enumerate() {
                out.push(
                    Piece::Condition(at, group_at, condition_at),
                    &format!("        {},", condition(one)),
                );
            }
            out.push(own, "    ] },");
        }
        out.push(own, "]");
    }
    if !draft.joins.is_empty() {
        out.push(own, "join = [");
        for (group_at, group) in draft.joins.iter().enumerate() {
            out.push(own, "    { all = [");
            for (join_at, join) in group.iter().enumerate() {
                let case = if join.case_sensitive { ", case_sensitive = true" } else { "" };
                let line = format!(
                    "        {{ source = {}, metaverse = {}{case} }},",
                    text(&join.source),
                    text(&join.metaverse)
                );
                out.push(Piece::Join(at, group_at, join_at), &line);
            }
            out.push(own, "    ] },");
        }
        out.push(own, "]");
    }
    out.push(own, "flow = [");
    for (flow_at, one) in draft.flows.iter().enumerate() {
        out.push(Piece::Flow(at, flow_at), &format!("    {},", flow(draft, one, schemas)));
    }
    out.push(own, "]");
}

fn condition(condition: &DraftCondition) -> String {
    let mut line = String::from("{ ");
    if !condition.asks_membership() {
        let _ = write!(line, "attribute = {}, ", text(&condition.attribute));
    }
    let _ = write!(line, "operator = \"{}\"", condition.operator);
    if !condition.bare() {
        let _ = write!(line, ", value = {}", text(&condition.value));
    }
    line.push_str(" }");
    line
}

fn flow(draft: &Draft, flow: &DraftFlow, schemas: &Schemas) -> String {
    let mut line = format!("{{ to = {}, ", text(&flow.to));
    match &flow.value {
        Value::Direct(from) => {
            let _ = write!(line, "direct = {}", text(from));
        }
        Value::Constant(value) => {
            let kind = takes(draft, flow, schemas);
            let is = |kind_of: AttributeType| kind.is_some_and(|takes| takes.is(kind_of));
            let flag = value.trim().to_ascii_lowercase();
            if is(AttributeType::Boolean) && matches!(flag.as_str(), "true" | "false") {
                let _ = write!(line, "constant = {flag}");
            } else if let (true, Ok(number)) = (is(AttributeType::Number), value.trim().parse::<i64>()) {
                let _ = write!(line, "constant = {number}");
            } else {
                let _ = write!(line, "constant = {}", text(value));
            }
        }
        Value::Expression(expression) => {
            let _ = write!(line, "expression = {}", literal(expression));
        }
    }
    if flow.merge != crate::sync_rules::Merge::Update {
        let _ = write!(line, ", merge = \"{}\"", flow.merge.as_str());
    }
    if flow.once {
        line.push_str(", execute_once = true");
    }
    line.push_str(" }");
    line
}

/// An expression as it is, so that people can read it; with escapes where it has what a literal cannot hold.
fn literal(expression: &str) -> String {
    let plain = expression.replace("\r\n", "\n");
    let control = plain.chars().any(|c| c.is_control() && c != '\n' && c != '\t');
    if control || plain.contains("'''") || plain.ends_with('\'') {
        return text(expression);
    }
    if plain.contains(['\n', '\'']) { format!("'''\n{plain}\n'''") } else { format!("'{plain}'") }
}

/// A text in double quotes.
pub(super) fn text(value: &str) -> String {
    let mut out = String::from("\"");
    for c in value.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn key(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if !name.is_empty() && name.chars().all(bare) { name.to_owned() } else { text(name) }
}

/// For a comment: one line, without what a comment cannot hold, not too long.
pub(super) fn one_line(value: &str) -> String {
    shortened(value, 400)
}

/// The same, with at most so many characters.
fn shortened(value: &str, most: usize) -> String {
    let clean: String = value.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let words: Vec<_> = clean.split_whitespace().collect();
    let line = words.join(" ");
    if line.chars().count() <= most { line } else { line.chars().take(most).chain("...".chars()).collect() }
}

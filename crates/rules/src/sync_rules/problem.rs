//! What is wrong with a rule set: the place in the file, the rule, what, and what to write instead.

use serde::Serialize;
use std::fmt;

/// One thing that is wrong with a rule set.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// The file, as its reader named it.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// The rule, where one is meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: ", self.file, self.line, self.column)?;
        if let Some(rule) = &self.rule {
            write!(f, "rule \"{rule}\": ")?;
        }
        write!(f, "{}; {}", self.message, self.remedy)
    }
}

/// Everything that is wrong with a rule set, in the order of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [one] => write!(f, "{one}"),
            many => {
                write!(f, "the rule set has {} errors:", many.len())?;
                many.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
            }
        }
    }
}

impl std::error::Error for Problems {}

/// Collects problems of one file; knows where a byte of it stands.
#[derive(Debug)]
pub(super) struct Collector<'t> {
    file: &'t str,
    text: &'t str,
    /// Where each line begins, so that a place is found without reading the file again.
    lines: Vec<usize>,
    problems: Vec<Problem>,
}

/// Problems that are listed; a file with more is no rule set at all.
const MAX_PROBLEMS: usize = 1_000;

impl<'t> Collector<'t> {
    pub(super) fn new(file: &'t str, text: &'t str) -> Self {
        let starts = text.match_indices('\n').map(|(at, _)| at + 1);
        Self { file, text, lines: std::iter::once(0).chain(starts).collect(), problems: Vec::new() }
    }

    /// Line and column of a byte.
    pub(super) fn place(&self, at: usize) -> (u32, u32) {
        let before = self.lines.partition_point(|start| *start <= at);
        let start = self.lines.get(before.saturating_sub(1)).copied().unwrap_or(0);
        let column = self.text.get(start..at).map_or(0, |line| line.chars().count());
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        (count(before), count(column + 1))
    }

    /// The text of a stretch of the file.
    pub(super) fn raw(&self, span: &std::ops::Range<usize>) -> &'t str {
        self.text.get(span.clone()).unwrap_or("")
    }

    pub(super) fn add(
        &mut self,
        at: usize,
        rule: Option<&str>,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        if self.problems.len() >= MAX_PROBLEMS {
            return;
        }
        let (line, column) = self.place(at);
        self.problems.push(Problem {
            file: self.file.to_owned(),
            line,
            column,
            rule: rule.map(str::to_owned),
            message: message.into(),
            remedy: remedy.into(),
        });
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.problems.is_empty()
    }

    /// All of them, in the order of the file.
    pub(super) fn into_problems(mut self) -> Problems {
        self.problems.sort_by_key(|problem| (problem.line, problem.column));
        Problems(self.problems)
    }
}

/// `did you mean "x"?`, else what is known.
pub(super) fn suggestion<'n>(name: &str, known: impl Iterator<Item = &'n str> + Clone) -> String {
    match crate::expr::nearest_name(name, known.clone()) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => {
            let all: Vec<_> = known.clone().take(40).collect();
            format!("known here: {}", all.join(", "))
        }
    }
}

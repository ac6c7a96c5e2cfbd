//! What the pre-check says of a directory: values that the cloud refuses or changes, each with its rules and a
//! proposed value. The rules themselves are in the crate `precheck`.

use crate::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Findings that a report of a sync client lists at most; the others are counted.
pub const MAX_LISTED: usize = 5_000;
/// Characters of a value that a finding holds; of a longer value it holds the beginning and proposes nothing.
pub const MAX_VALUE_CHARS: usize = 2_000;

/// What an entry is to the pre-check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EntryClass {
    /// A person with an account.
    User,
    /// A group.
    Group,
    /// A mail contact.
    Contact,
}

impl EntryClass {
    /// In one word, for people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Group => "group",
            Self::Contact => "contact",
        }
    }
}

/// The kinds of problems, as IdFix names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ProblemKind {
    /// A character that the attribute cannot hold.
    Character,
    /// No address, or no name of the form asked.
    Format,
    /// A domain that cannot be reached from the Internet.
    TopLevelDomain,
    /// The part after the `@`.
    DomainPart,
    /// The part before the `@`.
    LocalPart,
    /// Too long.
    Length,
    /// Another object has it too.
    Duplicate,
    /// Nothing where something must be.
    Blank,
    /// It must be the mail address, and is not.
    MailMatch,
}

impl ProblemKind {
    /// In one word, for people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Character => "character",
            Self::Format => "format",
            Self::TopLevelDomain => "top-level domain",
            Self::DomainPart => "domain part",
            Self::LocalPart => "local part",
            Self::Length => "length",
            Self::Duplicate => "duplicate",
            Self::Blank => "blank",
            Self::MailMatch => "mail match",
        }
    }
}

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Severity {
    /// The cloud takes it, in another form or with a loss.
    Warning,
    /// The cloud refuses the value or the object.
    Error,
}

/// One rule that a value breaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// The rule's name: `proxyAddresses.character`.
    pub rule: String,
    /// Its kind.
    pub kind: ProblemKind,
    /// How bad it is.
    pub severity: Severity,
    /// The rule, for people.
    pub message: String,
}

/// What is proposed for a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "camelCase")]
pub enum Change {
    /// Nothing: a person must decide.
    None,
    /// Leave it: of several objects with the value, this is the one to keep it.
    Keep,
    /// Another value in its place.
    Edit {
        /// The new value.
        value: String,
    },
    /// Take the value away.
    Remove,
}

impl Change {
    /// In one word, for people and files.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Keep => "keep",
            Self::Edit { .. } => "edit",
            Self::Remove => "remove",
        }
    }

    /// Whether something is to be written.
    pub const fn is_written(&self) -> bool {
        matches!(self, Self::Edit { .. } | Self::Remove)
    }
}

/// One value of one entry that breaks rules. All rules that it breaks are in one finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// The entry.
    pub dn: String,
    /// What it is.
    pub class: EntryClass,
    /// The further source that it is of; absent for the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The attribute.
    pub attribute: String,
    /// The value; empty where there is none.
    pub value: String,
    /// What is wrong, at least one.
    pub problems: Vec<Problem>,
    /// What is proposed.
    pub change: Change,
    /// Whether the proposal takes nothing away that could have worked, and guesses nothing.
    pub safe: bool,
    /// Why there is no proposal, or what to mind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// DNs of other entries with the same value, some at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<String>,
}

impl Finding {
    /// The worst of its problems.
    pub fn severity(&self) -> Severity {
        self.problems.iter().map(|problem| problem.severity).max().unwrap_or(Severity::Warning)
    }
}

/// The numbers of a pre-check.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PrecheckSummary {
    /// Users, groups and contacts that were looked at.
    pub checked: u64,
    /// Users, groups and contacts that the product leaves out, by reason.
    pub skipped: BTreeMap<String, u64>,
    /// Findings.
    pub findings: u64,
    /// Findings that are errors; the others are warnings.
    pub errors: u64,
    /// Findings with a proposal that can be written.
    pub proposed: u64,
    /// Of these, safe ones.
    pub safe: u64,
    /// Broken rules by name: a finding counts under each rule that it breaks.
    pub by_rule: BTreeMap<String, u64>,
    /// Values that several objects have and that are too many to be listed; mend the others, then check again.
    pub duplicates_not_listed: u64,
}

impl PrecheckSummary {
    /// Counts one finding.
    pub fn count(&mut self, finding: &Finding) {
        self.findings += 1;
        self.errors += u64::from(finding.severity() == Severity::Error);
        if finding.change.is_written() {
            self.proposed += 1;
            self.safe += u64::from(finding.safe);
        }
        for problem in &finding.problems {
            *self.by_rule.entry(problem.rule.clone()).or_default() += 1;
        }
    }

    /// Adds the numbers of another directory.
    pub fn add(&mut self, other: Self) {
        self.checked += other.checked;
        self.findings += other.findings;
        self.errors += other.errors;
        self.proposed += other.proposed;
        self.safe += other.safe;
        self.duplicates_not_listed += other.duplicates_not_listed;
        for (reason, count) in other.skipped {
            *self.skipped.entry(reason).or_default() += count;
        }
        for (rule, count) in other.by_rule {
            *self.by_rule.entry(rule).or_default() += count;
        }
    }
}

/// A pre-check that ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PrecheckReport {
    /// When it ended.
    pub at: Timestamp,
    /// What was read, without secrets.
    pub source: String,
    /// The numbers.
    pub summary: PrecheckSummary,
    /// The first findings: [`MAX_LISTED`] at most.
    pub findings: Vec<Finding>,
}

/// Where the pre-check of a sync client stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PrecheckState {
    /// Whether one runs.
    pub running: bool,
    /// Entries that the running one has read. Each entry is read twice.
    pub read: u64,
    /// Why the last one did not end, and what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
    /// The last one that ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<Box<PrecheckReport>>,
}

/// A container of the directory with what lies directly in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContainerCount {
    /// Its DN.
    pub dn: String,
    /// Users directly in it.
    pub users: u64,
    /// Groups directly in it.
    pub groups: u64,
    /// Other entries directly in it.
    pub others: u64,
}

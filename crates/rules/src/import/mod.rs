//! Rules of Entra Connect as a rule set of Lockstep.
//!
//! [`import`] reads what the Synchronization Rules Editor exports (PowerShell), what `Get-ADSyncRule | ConvertTo-Json`
//! writes and the JSON of the configuration export, and writes one TOML file that compiles. Everything that is not
//! carried as it was is a [`Remark`], which stands at the top of the file too.
//!
//! The way of a rule: a reader of the form (`powershell`, `json`) takes it as it was written; `convert` finds what its
//! words mean here; `guess` finds types for attributes that no schema has; `write` writes the file, has it checked as
//! any rule set is, and takes out what does not hold, with the reason.
//!
//! **Invariant:** nothing of the export is run. Total and bounded: every input gives a file that compiles or an error.
//! A rule whose scope cannot be carried whole is carried as disabled: it would act on objects that it was not for.

mod convert;
mod draft;
mod foreign;
mod guess;
mod json;
mod powershell;
mod words;
mod write;

use self::foreign::Export;
use crate::sync_rules::{Direction, LinkType, MetaverseType, Problems, RuleSet, Schemas};
use serde::Serialize;
use std::fmt;
use std::fmt::Write as _;
use thiserror::Error;

/// Bytes an export may have.
pub const MAX_IMPORT_BYTES: usize = 8 * 1024 * 1024;
/// Flows, groups and conditions that are read of one rule; a rule set refuses fewer.
const MAX_PARTS: usize = 1_000;
/// Remarks that are kept.
const MAX_REMARKS: usize = 2_000;
/// Attributes that no schema has; with more it is no export of rules that people wrote.
const MAX_UNKNOWN: usize = 5_000;
/// Attributes whose type is guessed, those that flow into one another as one; others are text.
const MAX_GUESSES: usize = 1_000;
/// Bytes of expressions that are compiled to guess types.
const MAX_GUESSING: usize = 32 * 1024 * 1024;

/// What came of an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// The rule set as TOML. It compiles.
    pub toml: String,
    /// How many rules it has.
    pub rules: usize,
    /// How many flows they have.
    pub flows: usize,
    /// What was not carried as it was, in the order of the export.
    pub remarks: Vec<Remark>,
}

/// Something that was not carried as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Remark {
    /// What was done with it.
    pub kind: RemarkKind,
    /// The rule, where one is meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// What it is about.
    pub what: String,
    /// Why, or what it became.
    pub why: String,
}

/// What was done with something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RemarkKind {
    /// It is not in the file.
    LeftOut,
    /// It is in the file in another form.
    Changed,
    /// It is in the file as it was probably meant.
    Guessed,
}

impl fmt::Display for RemarkKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LeftOut => "left out",
            Self::Changed => "changed",
            Self::Guessed => "guessed",
        })
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.kind)?;
        if let Some(rule) = &self.rule {
            write!(f, "rule \"{}\": ", write::one_line(rule))?;
        }
        write!(f, "{} ({})", write::one_line(&self.what), write::one_line(&self.why))
    }
}

/// Why an export is no rule set.
#[derive(Debug, Error)]
pub enum ImportError {
    /// It is too large.
    #[error("it is larger than {MAX_IMPORT_BYTES} bytes; export fewer rules")]
    TooLarge,
    /// It is no text.
    #[error("it is neither UTF-8 nor UTF-16 text; save the export again as text")]
    NoText,
    /// It begins as JSON and is none.
    #[error("it begins as JSON and is none; export the rules again")]
    Json(#[source] serde_json::Error),
    /// It is no script that could be read.
    #[error("{0}; export the rules again")]
    Script(String),
    /// There is no rule in it that could be carried.
    #[error(
        "it has no synchronization rule that can be carried; it must be what the Synchronization Rules Editor exports, \
         Get-ADSyncRule as JSON, or a configuration export{}",
        .remarks.iter().map(|line| format!("\n  {line}")).collect::<String>()
    )]
    NoRule {
        /// What was found instead, a line each.
        remarks: Vec<String>,
    },
    /// There is more in it than a rule set can hold.
    #[error("it is more than a rule set can hold; import it in parts")]
    TooMuch,
    /// What was written does not compile, and nothing could be taken out.
    #[error("the rules cannot be carried")]
    Unsound {
        /// What is wrong with it.
        #[source]
        problems: Problems,
    },
}

/// Remarks, as they come.
#[derive(Debug, Default)]
struct Remarks(Vec<Remark>);

impl Remarks {
    fn add(&mut self, remark: Remark) {
        if self.0.len() < MAX_REMARKS {
            self.0.push(remark);
        }
    }

    fn of(&mut self, kind: RemarkKind, rule: Option<&str>, what: impl Into<String>, why: impl Into<String>) {
        self.add(Remark { kind, rule: rule.map(str::to_owned), what: what.into(), why: why.into() });
    }

    fn left_out(&mut self, rule: Option<&str>, what: impl Into<String>, why: impl Into<String>) {
        self.of(RemarkKind::LeftOut, rule, what, why);
    }

    fn changed(&mut self, rule: Option<&str>, what: impl Into<String>, why: impl Into<String>) {
        self.of(RemarkKind::Changed, rule, what, why);
    }

    fn guessed(&mut self, rule: Option<&str>, what: impl Into<String>, why: impl Into<String>) {
        self.of(RemarkKind::Guessed, rule, what, why);
    }

    fn lines(&self) -> Vec<String> {
        self.0.iter().take(40).map(ToString::to_string).collect()
    }

    /// The comment at the top of the file.
    fn comment(&self, name: &str) -> String {
        let mut out = format!(
            "# Rules of Entra Connect, imported from {}.\n#\n# Look it over: lockstep rules check, and cases of your own.\n",
            write::one_line(name)
        );
        out.push_str(if self.0.is_empty() {
            "# Everything was carried.\n"
        } else {
            "#\n# Not carried as it was:\n"
        });
        for remark in &self.0 {
            // Each part of it is one line already, and not too long.
            let _ = writeln!(out, "# - {remark}");
        }
        out.push('\n');
        out
    }
}

/// An export of Entra Connect as a rule set. `name` is that of its file, for people.
///
/// # Errors
/// [`ImportError`]: what is wrong with the export, and what to do.
pub fn import(name: &str, octets: &[u8]) -> Result<Imported, ImportError> {
    if octets.len() > MAX_IMPORT_BYTES {
        return Err(ImportError::TooLarge);
    }
    write(name, read(octets)?)
}

/// An export that is a folder of files, as one rule set: each file with its name. A file that is no export is a remark.
///
/// # Errors
/// As [`import`]; the limit is for all files together.
pub fn import_folder(name: &str, files: &[(String, Vec<u8>)]) -> Result<Imported, ImportError> {
    if files.iter().map(|(_, octets)| octets.len()).sum::<usize>() > MAX_IMPORT_BYTES {
        return Err(ImportError::TooLarge);
    }
    let mut all = Export::default();
    for (file, octets) in files {
        match read(octets) {
            Ok(export) => {
                let room = crate::sync_rules::MAX_RULES.saturating_sub(all.rules.len());
                if export.rules.len() > room {
                    return Err(ImportError::TooMuch);
                }
                all.rules.extend(export.rules);
                for (rule, what, why) in export.notes {
                    all.note(rule.as_deref(), what, why);
                }
            }
            Err(error) => all.note(None, format!("the file {file}"), error.to_string()),
        }
    }
    write(name, all)
}

fn read(octets: &[u8]) -> Result<Export, ImportError> {
    let text = decode(octets)?;
    match text.trim_start().chars().next() {
        Some('{' | '[') => match json::read(&text) {
            Ok(export) => Ok(export),
            // A script may begin with an attribute in brackets.
            Err(_) if text.to_ascii_lowercase().contains("new-adsyncrule") => {
                powershell::read(&text).map_err(ImportError::Script)
            }
            Err(error) => Err(ImportError::Json(error)),
        },
        _ => powershell::read(&text).map_err(ImportError::Script),
    }
}

fn write(name: &str, export: Export) -> Result<Imported, ImportError> {
    let mut remarks = Remarks::default();
    let mut drafts = convert::drafts(export, &mut remarks);
    let schemas = Schemas::active_directory();
    let guesses = guess::guess(&drafts, &schemas, &mut remarks)?;
    advise(&drafts, &mut remarks);
    let toml = write::sound(name, &mut drafts, &schemas, &guesses, &mut remarks)?;
    let set = RuleSet::parse(name, &toml, &schemas).map_err(|problems| ImportError::Unsound { problems })?;
    Ok(Imported {
        toml,
        rules: set.rules().len(),
        flows: set.rules().iter().map(|rule| rule.flows.len()).sum(),
        remarks: remarks.0,
    })
}

/// What the rules need beside them to do anything.
fn advise(drafts: &[draft::Draft], remarks: &mut Remarks) {
    for kind in [MetaverseType::Person, MetaverseType::Group] {
        let of_kind = || drafts.iter().filter(|draft| draft.metaverse_type == kind);
        if of_kind().next().is_none() {
            continue;
        }
        let makes = |direction: Direction| {
            of_kind().any(|draft| draft.direction == direction && draft.link == LinkType::Provision)
        };
        for (direction, what) in
            [(Direction::Inbound, "takes one in"), (Direction::Outbound, "makes one in the cloud")]
        {
            if !makes(direction) {
                remarks.changed(
                    None,
                    format!("no rule for a {} {what}", kind.as_str()),
                    "the rules stand beside others: add them to those of `lockstep rules show --set active-directory`",
                );
            }
        }
    }
}

/// The text of an export: UTF-8, or UTF-16 as Windows PowerShell writes it, with or without a byte order mark.
fn decode(octets: &[u8]) -> Result<String, ImportError> {
    let wide = |rest: &[u8], unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = rest.as_chunks::<2>().0.iter().map(|pair| unit(*pair)).collect();
        String::from_utf16(&units).map_err(|_| ImportError::NoText)
    };
    match octets {
        [0xFF, 0xFE, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => wide(rest, u16::from_be_bytes),
        [0xEF, 0xBB, 0xBF, rest @ ..] => utf8(rest),
        rest => utf8(rest),
    }
}

fn utf8(octets: &[u8]) -> Result<String, ImportError> {
    std::str::from_utf8(octets).map(str::to_owned).map_err(|_| ImportError::NoText)
}

//! `lockstep rules`: check a rule set, run its cases, print those that come with Lockstep, import those of Entra
//! Connect, describe the form.

use crate::End;
use crate::out::{Out, complain, line};
use anyhow::{Context, bail};
use lockstep_rules::import::{self, ImportError, Imported, MAX_IMPORT_BYTES, Remark};
use lockstep_rules::sync_rules::{
    CaseResult, Finding, MAX_BYTES, Problem, RuleSet, SHIPPED, Schemas, Severity, Shipped, json_schema,
};
use serde::Serialize;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// What `lockstep rules check` found.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Checked {
    ok: bool,
    file: String,
    rules: usize,
    cases: usize,
    problems: Vec<Problem>,
    findings: Vec<Finding>,
}

/// What `lockstep rules test` found.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Tested {
    ok: bool,
    file: String,
    passed: usize,
    failed: usize,
    problems: Vec<Problem>,
    cases: Vec<CaseResult>,
}

/// `lockstep rules show`.
pub(crate) fn show(set: &str) -> anyhow::Result<()> {
    line(shipped(Some(set))?.text.trim_end())
}

/// `lockstep rules schema`.
pub(crate) fn schema() -> anyhow::Result<()> {
    line(&serde_json::to_string_pretty(&json_schema())?)
}

/// `lockstep rules check`: it fails where the rule set is refused, or has a finding that is an error.
pub(crate) fn check(out: Out, file: Option<&Path>, set: Option<&str>) -> anyhow::Result<End> {
    let (file, parsed) = load(file, set)?;
    let checked = match parsed {
        Ok(set) => {
            let findings = set.lint();
            let (rules, cases) = (set.rules().len(), set.cases().len());
            let ok = findings.iter().all(|finding| finding.severity != Severity::Error);
            Checked { ok, file, rules, cases, problems: Vec::new(), findings }
        }
        Err(problems) => Checked { ok: false, file, rules: 0, cases: 0, problems, findings: Vec::new() },
    };
    out.print(&checked, || {
        let mut lines = problem_lines(&checked.problems);
        lines.extend(checked.findings.iter().map(|found| {
            format!(
                "{:<8} {}:{}: rule \"{}\": {} ({}); {}",
                found.severity.to_string(),
                checked.file,
                found.line,
                found.rule,
                found.message,
                found.lint,
                found.remedy
            )
        }));
        lines.push(match (checked.problems.is_empty(), checked.ok) {
            (false, _) => format!("{} is refused.", checked.file),
            (true, false) => format!("{} would fail for some objects.", checked.file),
            (true, true) => {
                format!("{} is sound: {} rules, {} cases.", checked.file, checked.rules, checked.cases)
            }
        });
        lines.join("\n")
    })?;
    Ok(if checked.ok { End::Done } else { End::Failed })
}

/// `lockstep rules test`: it fails where a case does, or where there is none.
pub(crate) fn test(out: Out, file: Option<&Path>, set: Option<&str>) -> anyhow::Result<End> {
    let (file, parsed) = load(file, set)?;
    let (problems, cases) = match parsed {
        Ok(set) => (Vec::new(), set.run_cases()),
        Err(problems) => (problems, Vec::new()),
    };
    let passed = cases.iter().filter(|case| case.passed).count();
    let failed = cases.len() - passed;
    let ok = problems.is_empty() && failed == 0 && passed > 0;
    let tested = Tested { ok, file, passed, failed, problems, cases };
    out.print(&tested, || {
        let mut lines = problem_lines(&tested.problems);
        for case in &tested.cases {
            let word = if case.passed { "ok" } else { "FAILED" };
            lines.push(format!("{word:<8} {}", case.case));
            lines.extend(case.differences.iter().map(|line| format!("           {line}")));
            if !case.passed {
                lines.push(format!("           {}:{}", tested.file, case.line));
            }
        }
        lines.push(match (tested.problems.is_empty(), tested.cases.is_empty()) {
            (false, _) => format!("{} is refused.", tested.file),
            (true, true) => format!("{} has no case; add one: [[case]]", tested.file),
            (true, false) => format!("{}: {passed} passed, {failed} failed.", tested.file),
        });
        lines.join("\n")
    })?;
    Ok(if tested.ok { End::Done } else { End::Failed })
}

/// What `lockstep rules import` made of an export.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    /// Where it was written; none where it is `toml`.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    rules: usize,
    flows: usize,
    remarks: Vec<Remark>,
    #[serde(skip_serializing_if = "Option::is_none")]
    toml: Option<String>,
}

/// Files of a folder that are read.
const MAX_FILES: usize = 2_000;
/// Folders within one another.
const MAX_FOLDERS: usize = 8;

/// `lockstep rules import`: the rule set goes to a file or to standard output, what was not carried beside it.
pub(crate) fn import(out: Out, from: &Path, to: Option<&Path>) -> anyhow::Result<()> {
    let Imported { toml, rules, flows, remarks } = read_export(from)?;
    if let Some(to) = to {
        let made = std::fs::OpenOptions::new().write(true).create_new(true).open(to);
        let shown = to.display();
        made.and_then(|mut file| file.write_all(toml.as_bytes())).with_context(|| {
            format!("{shown} cannot be written; name a file that is not there yet, in a folder that you may write to")
        })?;
    }
    let file = to.map(|to| to.display().to_string());
    let summary = format!(
        "{} with {}{}{}",
        counted(rules, "rule"),
        counted(flows, "flow"),
        file.as_ref().map_or(String::new(), |file| format!(" in {file}")),
        match remarks.len() {
            0 => ", everything carried.".to_owned(),
            count => format!("; {}:", counted(count, "remark")),
        }
    );
    let said: Vec<String> =
        std::iter::once(summary).chain(remarks.iter().map(|one| format!("  {one}"))).collect();
    if file.is_none() && !out.is_json() {
        said.iter().for_each(|text| complain(text));
        return line(toml.trim_end());
    }
    let report = Report { toml: file.is_none().then_some(toml), file, rules, flows, remarks };
    out.print(&report, || said.join("\n"))
}

/// `1 rule`, `2 rules`.
fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// What an export holds: a file, or the files of a folder.
fn read_export(from: &Path) -> anyhow::Result<Imported> {
    let name = from.file_name().unwrap_or(from.as_os_str()).to_string_lossy().into_owned();
    let imported = if from.is_dir() {
        let mut files = Vec::new();
        folder(from, &mut files, MAX_FOLDERS)?;
        if files.is_empty() {
            bail!("{} has no file that ends in .json, .ps1 or .txt", from.display());
        }
        let names = files.into_iter().map(|path| {
            let octets = octets_of(&path, MAX_IMPORT_BYTES)?;
            let inner = path.strip_prefix(from).unwrap_or(&path).display().to_string();
            Ok((inner, octets))
        });
        import::import_folder(&name, &names.collect::<anyhow::Result<Vec<_>>>()?)
    } else {
        import::import(&name, &octets_of(from, MAX_IMPORT_BYTES)?)
    };
    imported.map_err(|error| match error {
        ImportError::Unsound { ref problems } => {
            let problems = problems.to_string();
            anyhow::Error::new(error).context(format!("{}: {problems}", from.display()))
        }
        error => anyhow::Error::new(error).context(from.display().to_string()),
    })
}

/// The files of a folder and of those in it that can be an export, in order of their names.
fn folder(at: &Path, files: &mut Vec<PathBuf>, depth: usize) -> anyhow::Result<()> {
    let read = std::fs::read_dir(at).and_then(Iterator::collect::<std::io::Result<Vec<_>>>);
    let mut inner: Vec<PathBuf> = read
        .with_context(|| format!("{} cannot be read; check its rights", at.display()))?
        .into_iter()
        .map(|entry| entry.path())
        .collect();
    inner.sort();
    for path in inner {
        let known = path.extension().and_then(|ending| ending.to_str()).is_some_and(|ending| {
            ["json", "ps1", "txt"].iter().any(|known| known.eq_ignore_ascii_case(ending))
        });
        if path.is_dir() && !path.is_symlink() && depth > 0 {
            folder(&path, files, depth - 1)?;
        } else if known && path.is_file() {
            files.push(path);
        }
        if files.len() > MAX_FILES {
            bail!("{} has more than {MAX_FILES} files; name the one with the rules", at.display());
        }
    }
    Ok(())
}

fn problem_lines(problems: &[Problem]) -> Vec<String> {
    problems.iter().map(|problem| format!("error    {problem}")).collect()
}

/// A rule set that comes with Lockstep, by name; without a name the first.
fn shipped(name: Option<&str>) -> anyhow::Result<&'static Shipped> {
    let found = SHIPPED.iter().find(|set| name.is_none_or(|name| set.name == name));
    found.with_context(|| {
        let names: Vec<_> = SHIPPED.iter().map(|set| set.name).collect();
        format!("no rule set \"{}\" comes with Lockstep; there are {}", name.unwrap_or(""), names.join(", "))
    })
}

/// The rule set of a file, else one that comes with Lockstep; with its name.
fn load(file: Option<&Path>, set: Option<&str>) -> anyhow::Result<(String, Result<RuleSet, Vec<Problem>>)> {
    let (name, text) = match file {
        None => {
            let set = shipped(set)?;
            (set.file.to_owned(), set.text.to_owned())
        }
        Some(path) => {
            (path.display().to_string(), text_of(path, MAX_BYTES, "a rule set has no more, split it")?)
        }
    };
    let parsed = RuleSet::parse(&name, &text, &Schemas::ldap()).map_err(|problems| problems.0);
    Ok((name, parsed))
}

/// The text of a file with at most so many bytes.
pub(crate) fn text_of(path: &Path, most: usize, else_do: &str) -> anyhow::Result<String> {
    let name = path.display();
    let octets = octets_of(path, most)?;
    if octets.len() > most {
        bail!("{name} is larger than {most} bytes; {else_do}");
    }
    String::from_utf8(octets).with_context(|| format!("{name} is not UTF-8 text; write it again as UTF-8"))
}

/// The bytes of a file; one more than there may be, so that a file that is too large is seen and not read.
fn octets_of(path: &Path, most: usize) -> anyhow::Result<Vec<u8>> {
    let mut octets = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(most as u64 + 1).read_to_end(&mut octets))
        .with_context(|| format!("{} cannot be read; check the path and its rights", path.display()))?;
    Ok(octets)
}

//! `lockstep precheck`: what the cloud would refuse of the directory's values, as text, JSON or CSV, and what was
//! accepted as LDIF, with the LDIF that undoes it. The directory itself is never written to: `ldapmodify` is.

use crate::End;
use crate::cli::{Accept, Export, Precheck};
use crate::config::{Loaded, SourceKind};
use crate::out::{self, Out};
use crate::signals;
use crate::wiring::{client, rules, source};
use anyhow::{Context, bail};
use lockstep_ldap::ldif::{LdifWriter, Modification};
use lockstep_model::precheck::{Change, Finding, PrecheckSummary, Severity};
use lockstep_precheck::PrecheckSettings;
use lockstep_rules::Rules;
use lockstep_sources::{LdifOptions, LdifSource};
use lockstep_sync::{Checked, ScopeSettings, precheck, precheck_settings};
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Columns of the CSV.
const COLUMNS: &str =
    "distinguishedName,class,attribute,error,severity,rules,value,action,update,safe,note,others";
/// Entries between two moves of the progress bar.
const STEP: u64 = 1_000;

/// Runs it.
pub(crate) async fn run(out: Out, loaded: &Loaded, asked: &Precheck) -> anyhow::Result<End> {
    let rules = rules::configured(loaded)?;
    let settings = settings(&rules, asked);
    let (directories, scope) = directories(loaded, &rules, &settings, asked)?;
    let stop = signals::stop_token()?;
    let form = match asked.export {
        Some(Export::Csv) => Form::Csv,
        Some(Export::Jsonl) => Form::Jsonl,
        None if out.is_json() => Form::Json,
        None => Form::Text { left: asked.limit },
    };
    let ldif = asked.ldif.as_deref().map(|path| Ldif::create(path, asked)).transpose()?;
    let mut report = Report { to: BufWriter::new(io::stdout()), form, ldif, first: true, failed: None };
    let bar = out::bar(out);
    bar.set_message("Reading");
    report.start()?;
    let sunk = stop.clone();
    let ended = precheck(
        directories,
        &settings,
        &scope,
        &stop,
        &|read| {
            if read % STEP == 0 {
                bar.set_position(read);
            }
        },
        &mut |finding| {
            if report.failed.is_none()
                && let Err(error) = report.finding(&finding)
            {
                report.failed = Some(error);
                sunk.cancel();
            }
        },
    )
    .await;
    bar.finish_and_clear();
    match report.failed.take() {
        // Whoever read it has enough.
        Some(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(End::Failed),
        Some(error) => return Err(error).context("the report cannot be written"),
        None => {}
    }
    let summary = ended?;
    match report.end(&summary, loaded, asked) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            return Err(error).context("the report cannot be written");
        }
        _ => {}
    }
    Ok(if summary.findings == 0 { End::Done } else { End::Findings })
}

fn settings(rules: &Rules, asked: &Precheck) -> PrecheckSettings {
    PrecheckSettings {
        alternate_login: asked.alternate_login,
        dedicated: asked.dedicated,
        domain: asked.domain.clone(),
        warnings: !asked.errors_only,
        ..precheck_settings(rules)
    }
}

/// What is to be read: the file named, else the configured directories within the configured scope.
fn directories(
    loaded: &Loaded,
    rules: &Rules,
    settings: &PrecheckSettings,
    asked: &Precheck,
) -> anyhow::Result<(Vec<Checked>, ScopeSettings)> {
    let attributes = settings.attributes();
    if let Some(path) = &asked.file {
        let names: Vec<&str> = attributes.iter().map(String::as_str).collect();
        let source = Box::new(LdifSource::new(LdifOptions::new(path, &names)));
        return Ok((vec![Checked { name: None, source }], ScopeSettings::default()));
    }
    let names = std::iter::once(None).chain(rules.sources().iter().cloned().map(Some));
    let directories = source::factories(loaded)?
        .iter()
        .zip(names)
        .map(|(factory, name)| Checked { name, source: factory(&attributes) })
        .collect();
    Ok((directories, client::scope(loaded)))
}

/// What is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// For people; so many findings more are shown.
    Text { left: u64 },
    /// One object.
    Json,
    /// One object a line.
    Jsonl,
    /// Comma-separated values.
    Csv,
}

/// What is written as the findings come.
struct Report<W: Write> {
    to: W,
    form: Form,
    ldif: Option<Ldif>,
    first: bool,
    failed: Option<io::Error>,
}

impl<W: Write> Report<W> {
    fn start(&mut self) -> io::Result<()> {
        match self.form {
            Form::Json => self.to.write_all(b"{\"findings\":["),
            // The mark tells spreadsheets that this is UTF-8.
            Form::Csv => write!(self.to, "\u{feff}{COLUMNS}\r\n"),
            Form::Text { .. } | Form::Jsonl => Ok(()),
        }
    }

    fn finding(&mut self, finding: &Finding) -> io::Result<()> {
        if let Some(ldif) = &mut self.ldif {
            ldif.take(finding)?;
        }
        match &mut self.form {
            Form::Text { left: 0 } => {}
            Form::Text { left } => {
                *left -= 1;
                self.to.write_all(text(finding).as_bytes())?;
            }
            Form::Json => {
                if !self.first {
                    self.to.write_all(b",")?;
                }
                self.to.write_all(b"\n")?;
                serde_json::to_writer(&mut self.to, finding)?;
            }
            Form::Jsonl => {
                serde_json::to_writer(&mut self.to, finding)?;
                self.to.write_all(b"\n")?;
            }
            Form::Csv => self.to.write_all(csv(finding).as_bytes())?,
        }
        self.first = false;
        Ok(())
    }

    fn end(&mut self, summary: &PrecheckSummary, loaded: &Loaded, asked: &Precheck) -> io::Result<()> {
        let written = self.ldif.take().map(Ldif::finish).transpose()?;
        let next = next_step(summary, written.as_ref(), loaded, asked);
        match self.form {
            Form::Json => {
                self.to.write_all(b"],\n\"summary\":")?;
                serde_json::to_writer(&mut self.to, summary)?;
                self.to.write_all(b"}\n")?;
            }
            Form::Text { .. } => {
                let shown = asked.limit.min(summary.findings);
                self.to.write_all(summary_text(summary, shown).as_bytes())?;
                self.to.write_all(next.as_bytes())?;
            }
            Form::Csv | Form::Jsonl => {
                out::complain(format!("{}{next}", summary_text(summary, summary.findings)).trim_end())
            }
        }
        self.to.flush()
    }
}

/// The LDIF of what was accepted, and the one that undoes it.
struct Ldif {
    change: LdifWriter<BufWriter<File>>,
    undo: LdifWriter<BufWriter<File>>,
    paths: (PathBuf, PathBuf),
    accept: Accept,
    changes: u64,
}

/// What was written.
struct Written {
    change: PathBuf,
    undo: PathBuf,
    changes: u64,
}

impl Ldif {
    fn create(path: &Path, asked: &Precheck) -> anyhow::Result<Self> {
        let undo = asked.undo.clone().unwrap_or_else(|| path.with_extension("undo.ldif"));
        if undo == path {
            bail!("--ldif and --undo name one file, {}; name two", path.display());
        }
        Ok(Self {
            change: LdifWriter::new(BufWriter::new(new_file(path)?))?,
            undo: LdifWriter::new(BufWriter::new(new_file(&undo)?))?,
            paths: (path.to_owned(), undo),
            accept: asked.accept,
            changes: 0,
        })
    }

    /// The old value is deleted by its value, so that the change fails where somebody was faster.
    fn take(&mut self, finding: &Finding) -> io::Result<()> {
        if self.accept == Accept::Safe && !finding.safe {
            return Ok(());
        }
        let (dn, attribute, old) =
            (finding.dn.as_str(), finding.attribute.as_str(), finding.value.as_bytes());
        let take = |value| Modification::Delete { attribute, value };
        let give = |value| Modification::Add { attribute, value };
        match &finding.change {
            Change::Edit { value } => {
                self.change.modify(dn, [take(old), give(value.as_bytes())])?;
                self.undo.modify(dn, [take(value.as_bytes()), give(old)])?;
            }
            Change::Remove => {
                self.change.modify(dn, [take(old)])?;
                self.undo.modify(dn, [give(old)])?;
            }
            Change::None | Change::Keep => return Ok(()),
        }
        self.changes += 1;
        Ok(())
    }

    fn finish(self) -> io::Result<Written> {
        for writer in [self.change, self.undo] {
            let file = writer.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
            file.sync_all()?;
        }
        Ok(Written { change: self.paths.0, undo: self.paths.1, changes: self.changes })
    }
}

/// A file that was not there before: an undo that is overwritten is lost.
fn new_file(path: &Path) -> anyhow::Result<File> {
    File::create_new(path).with_context(|| {
        format!("{} cannot be made; a file that is there is not overwritten", path.display())
    })
}

fn text(finding: &Finding) -> String {
    let severity = match finding.severity() {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let mut text = format!("{severity:<8}{}\n", finding.dn);
    let source = finding.source.as_ref().map(|name| format!(" of {name}")).unwrap_or_default();
    if finding.value.is_empty() {
        let _ = writeln!(text, "        {}{source}: no value", finding.attribute);
    } else {
        let _ = writeln!(text, "        {}{source}: {:?}", finding.attribute, finding.value);
    }
    for problem in &finding.problems {
        let _ = writeln!(text, "        {}: {}", problem.kind.as_str(), problem.message);
    }
    if !finding.others.is_empty() {
        let _ = writeln!(text, "        also: {}", finding.others.join("; "));
    }
    let safe = if finding.safe { ", safe" } else { "" };
    let _ = match &finding.change {
        Change::Edit { value } => writeln!(text, "        proposed: {value:?}{safe}"),
        Change::Remove => writeln!(text, "        proposed: take it away{safe}"),
        Change::Keep => writeln!(text, "        proposed: keep it here"),
        Change::None => Ok(()),
    };
    if let Some(note) = &finding.note {
        let _ = writeln!(text, "        {note}");
    }
    text
}

fn csv(finding: &Finding) -> String {
    let joined = |list: Vec<&str>| list.join("; ");
    let update = match &finding.change {
        Change::Edit { value } => value.as_str(),
        Change::None | Change::Keep | Change::Remove => "",
    };
    let severity = match finding.severity() {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let cells = [
        finding.dn.clone(),
        finding.class.as_str().to_owned(),
        finding.attribute.clone(),
        joined(finding.problems.iter().map(|problem| problem.kind.as_str()).collect()),
        severity.to_owned(),
        joined(finding.problems.iter().map(|problem| problem.rule.as_str()).collect()),
        finding.value.clone(),
        finding.change.as_str().to_owned(),
        update.to_owned(),
        finding.safe.to_string(),
        finding.note.clone().unwrap_or_default(),
        finding.others.join("; "),
    ];
    format!("{}\r\n", cells.map(|cell| quoted(&cell)).join(","))
}

/// RFC 4180. A cell that a spreadsheet would run as a formula gets an apostrophe.
fn quoted(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    if text.contains(['"', ',', '\n', '\r']) {
        format!("\"{guard}{}\"", text.replace('"', "\"\""))
    } else {
        format!("{guard}{text}")
    }
}

fn summary_text(summary: &PrecheckSummary, shown: u64) -> String {
    let mut text = String::new();
    if shown < summary.findings {
        let _ = writeln!(
            text,
            "... and {} more: --limit N shows more, --export csv all",
            summary.findings - shown
        );
    }
    if summary.findings > 0 {
        text.push('\n');
        let rows = summary.by_rule.iter().map(|(rule, count)| [rule.clone(), count.to_string()]);
        let _ = writeln!(text, "{}\n", out::table(["rule", "values"], rows));
    }
    let skipped: u64 = summary.skipped.values().sum();
    let _ = write!(text, "{} users, groups and contacts checked", summary.checked);
    if skipped > 0 {
        let _ = write!(text, ", {skipped} left out as the cloud leaves them out");
    }
    match summary.findings {
        0 => text.push_str(": nothing found.\n"),
        findings => {
            let warnings = findings - summary.errors;
            let _ = writeln!(
                text,
                ": {findings} findings ({} errors, {warnings} warnings); {} have a proposal, {} of these are safe.",
                summary.errors, summary.proposed, summary.safe
            );
        }
    }
    if summary.duplicates_not_listed > 0 {
        let _ = writeln!(
            text,
            "{} further values that several objects may have are not listed: mend these, then check again.",
            summary.duplicates_not_listed
        );
    }
    text
}

/// What to do now.
fn next_step(
    summary: &PrecheckSummary,
    written: Option<&Written>,
    loaded: &Loaded,
    asked: &Precheck,
) -> String {
    let Some(written) = written else {
        return if summary.proposed > 0 {
            "`--ldif changes.ldif` writes the safe proposals as LDIF, with `--accept all` all of them.\n"
                .to_owned()
        } else {
            String::new()
        };
    };
    let first = loaded.config.sources().next().map(|(_, source)| source.clone());
    let url = match first {
        Some(source) if asked.file.is_none() && source.kind == SourceKind::OpenLdap => source.url,
        _ => None,
    };
    let url = url.unwrap_or_else(|| "ldap://HOST".to_owned());
    let (change, undo) = (written.change.display(), written.undo.display());
    format!(
        "{} changes are in {change}. Lockstep does not write to directories; with an account that may:\n  \
         ldapmodify -x -H {url} -D ACCOUNT -W -c -f {change}\nand to take them back:\n  \
         ldapmodify -x -H {url} -D ACCOUNT -W -c -f {undo}\n",
        written.changes
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep_model::precheck::{EntryClass, Problem, ProblemKind};

    fn finding() -> Finding {
        Finding {
            dn: "uid=ann,ou=people,dc=contoso,dc=com".into(),
            class: EntryClass::User,
            source: None,
            attribute: "mail".into(),
            value: "an n@contoso.com".into(),
            problems: vec![Problem {
                rule: "proxyAddresses.character".into(),
                kind: ProblemKind::Character,
                severity: Severity::Error,
                message: "no space".into(),
            }],
            change: Change::Edit { value: "ann@contoso.com".into() },
            safe: false,
            note: None,
            others: Vec::new(),
        }
    }

    #[test]
    fn findings_read_well() {
        assert_eq!(
            text(&finding()),
            "error   uid=ann,ou=people,dc=contoso,dc=com\n        mail: \"an n@contoso.com\"\n        \
             character: no space\n        proposed: \"ann@contoso.com\"\n"
        );
        assert_eq!(
            csv(&finding()),
            "\"uid=ann,ou=people,dc=contoso,dc=com\",user,mail,character,error,proxyAddresses.character,\
             an n@contoso.com,edit,ann@contoso.com,false,,\r\n"
        );
        assert_eq!(quoted("=1+1"), "'=1+1");
    }

    #[test]
    fn what_is_printed_as_json_is_one_object() {
        let mut report = Report { to: Vec::new(), form: Form::Json, ldif: None, first: true, failed: None };
        report.start().unwrap();
        report.finding(&finding()).unwrap();
        report.finding(&finding()).unwrap();
        report.to.extend_from_slice(b"]}");
        let value: serde_json::Value = serde_json::from_slice(&report.to).unwrap();
        assert_eq!(value["findings"].as_array().unwrap().len(), 2);
    }
}

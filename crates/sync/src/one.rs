//! Syncs one object on demand: reads its entry again, evaluates it, and writes what it needs, whatever else waits.
//! Scope, rules and guard count as in any run; the watermark stays where it is.

use crate::decide::Decider;
use crate::import::SourceImporter;
use crate::reading::own_anchor;
use crate::session::{Planned, RunLog, Session};
use crate::state::Held;
use crate::{SyncFailure, scope};
use lockstep_engine::rules::Mapped;
use lockstep_model::explain::{ObjectReport, ObjectStep};
use lockstep_model::provisioning::{CheckResult, RunTrigger};
use lockstep_model::{SourceAnchor, dn};
use lockstep_sources::{EntryChange, EntryName, Source, SourceError};

impl Session<'_> {
    /// Syncs the object that `asked` names: an anchor, a DN, or for what was read before a uid, a mail address or a
    /// name. `ignore_scope`: it is taken in wherever it lies, and stays so until it is synced without this; rules
    /// count in any case.
    pub(crate) async fn sync_object(
        &mut self,
        asked: &str,
        ignore_scope: bool,
    ) -> Result<(ObjectReport, RunLog), SyncFailure> {
        let mut log = RunLog::new(RunTrigger::Order, self.now());
        let mut report = ObjectReport { asked: asked.to_owned(), steps: Vec::new(), explanation: None };
        self.steps(asked, ignore_scope, &mut report, &mut log).await?;
        report.explanation = self.planner().explain(asked, false).await?.map(Box::new);
        Ok((report, log))
    }

    async fn steps(
        &mut self,
        asked: &str,
        ignore_scope: bool,
        report: &mut ObjectReport,
        log: &mut RunLog,
    ) -> Result<(), SyncFailure> {
        let mut say = |name: &str, result, detail: String| {
            report.steps.push(ObjectStep { name: name.to_owned(), result, detail });
        };
        let held = self.planner().find(asked).await?.into_iter().next();
        let name = match (dn::normalize(asked), SourceAnchor::new(asked.trim())) {
            _ if held.is_some() => None,
            (Some(_), _) => Some(EntryName::Dn(asked.trim().to_owned())),
            (None, Ok(anchor)) => Some(EntryName::Anchor(anchor)),
            (None, Err(_)) => {
                say("Import", CheckResult::Fail, crate::not_found(asked));
                return Ok(());
            }
        };
        let decider = self.client.decider(&self.meta, self.scope());
        let (source, found) = read_entry(self.client.make_sources(), &decider, held.as_ref(), name).await;
        let mut importer =
            SourceImporter::new(self.client.state.clone(), decider.clone(), &self.meta, source);
        let anchor = match (found, held) {
            (Ok(Some(change)), _) => {
                let anchor = change.anchor.clone();
                let detail = format!("read {}", change.dn.as_deref().unwrap_or(anchor.as_str()));
                importer.take_one(change).await?;
                say("Import", CheckResult::Pass, detail);
                anchor
            }
            (Ok(None), Some(held)) if held.gone.is_some() => {
                say("Import", CheckResult::Pass, "the directory has it no more".into());
                held.anchor
            }
            (Ok(None), Some(held)) => {
                let anchor = held.anchor.clone();
                importer.lose_one(held).await?;
                say("Import", CheckResult::Pass, "the directory has it no more".into());
                anchor
            }
            (Ok(None), None) => {
                say("Import", CheckResult::Fail, crate::not_found(asked));
                return Ok(());
            }
            (Err(error), _) => {
                say("Import", CheckResult::Fail, SyncFailure::from(error).whole_text());
                return Ok(());
            }
        };
        scope::except(&self.client.state, &anchor, ignore_scope).await?;
        self.settle().await?;
        let held = self.client.state.lookup(vec![anchor]).await?.into_iter().flatten().next();
        let root = match &held {
            Some(held) => self.client.state.roots(vec![held.id]).await?.into_iter().flatten().next(),
            None => None,
        };
        // What is joined to an object is synced with that.
        let held = match root {
            Some(root) => self.client.state.entries(vec![root]).await?.into_iter().next(),
            None => held,
        };
        let Some(held) = held else {
            // The target did not hold it, and it is forgotten.
            say("Export", CheckResult::Pass, "nothing to do: the cloud does not have it".into());
            return Ok(());
        };
        if held.gone.is_none() {
            let composite = crate::codec::decode_whole(held.anchor.clone(), &held.raw);
            match composite.map(|composite| decider.map(&composite, false)) {
                Some(Mapped::Object(object)) => {
                    say("Scope", CheckResult::Pass, format!("in scope, a {}", object.kind));
                }
                Some(Mapped::Failed { errors, .. }) => {
                    let words = errors.into_iter().map(|error| format!("{} {}", error.message, error.remedy));
                    say("Scope", CheckResult::Fail, words.collect::<Vec<_>>().join("; "));
                }
                Some(Mapped::OutOfScope { reason }) => {
                    say("Scope", CheckResult::Warn, format!("out of scope: {reason}"));
                }
                None => {}
            }
        }
        self.client.state.take_up(held.id).await?;
        match self.plan_of(log, true, Some(held.id)).await {
            Ok(Planned::Written) => {
                let done = log.exported.counts.values().flatten();
                let done: Vec<_> = done.map(|(what, n)| format!("{n} {what}")).collect();
                let links = log.exported.members_added + log.exported.members_removed;
                let links = (links > 0).then(|| format!("{links} members changed"));
                let words = done.into_iter().chain(links).collect::<Vec<_>>().join(", ");
                let refused = log.exported.counts.values().any(|counts| counts.contains_key("refused"));
                say("Export", if refused { CheckResult::Fail } else { CheckResult::Pass }, words);
            }
            Ok(Planned::Nothing) => {
                say("Export", CheckResult::Pass, "nothing to do: the cloud has it so already".into());
            }
            Ok(Planned::Held) => say(
                "Guard",
                CheckResult::Fail,
                "what it takes away is over the threshold; look at the plan and approve it".into(),
            ),
            Ok(Planned::Suspended) => say(
                "Export",
                CheckResult::Fail,
                "the client is paused, or synchronization is turned off; resume it".into(),
            ),
            Ok(Planned::Staged) => say(
                "Export",
                CheckResult::Fail,
                "this client is the stand-by and writes nothing; ask the active one".into(),
            ),
            Err(error @ (SyncFailure::Target(_) | SyncFailure::TooManyRefused { .. })) => {
                say("Export", CheckResult::Fail, error.whole_text())
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

/// Reads one entry again: one that is known from its source, another one from the first source that has it. `sources`
/// are those of the client, in their order, with the attributes that are wanted.
pub(crate) async fn read_entry(
    sources: Vec<Box<dyn Source>>,
    decider: &Decider,
    held: Option<&Held>,
    name: Option<EntryName>,
) -> (usize, Result<Option<EntryChange>, SourceError>) {
    let names = decider.rules().sources();
    let known = held.map(|held| (decider.source_of(&held.anchor), &held.anchor));
    let mut answer = (0, Ok(None));
    for (at, mut source) in sources.into_iter().enumerate() {
        let prefix = at.checked_sub(1).and_then(|at| names.get(at)).map(String::as_str);
        let asked = match (known, &name) {
            (Some((of, anchor)), _) if of == at => EntryName::Anchor(own_anchor(prefix, anchor)),
            (None, Some(EntryName::Anchor(anchor))) => EntryName::Anchor(own_anchor(prefix, anchor)),
            (None, Some(name)) => name.clone(),
            _ => continue,
        };
        let found = source.read_entry(&asked).await;
        let found = found.map(|found| found.map(|change| crate::reading::change_in(prefix, change)));
        let is_answer = !matches!(found, Ok(None));
        answer = (at, found);
        if is_answer {
            break;
        }
    }
    answer
}

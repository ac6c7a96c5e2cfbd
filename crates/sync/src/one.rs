//! Syncs one object on demand: reads its entry again, evaluates it, and writes what it needs, whatever else waits.
//! Scope, rules and guard count as in any run; the watermark stays where it is.

use crate::import::Importer;
use crate::session::{Planned, RunLog, Session};
use crate::{SyncFailure, scope};
use lockstep_engine::rules::Mapped;
use lockstep_model::explain::{ObjectReport, ObjectStep};
use lockstep_model::provisioning::{CheckResult, RunTrigger};
use lockstep_model::{SourceAnchor, dn};
use lockstep_sources::EntryName;

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
        let name = match (&held, dn::normalize(asked), SourceAnchor::new(asked.trim())) {
            (Some(held), ..) => EntryName::Anchor(held.anchor.clone()),
            (None, Some(_), _) => EntryName::Dn(asked.trim().to_owned()),
            (None, None, Ok(anchor)) => EntryName::Anchor(anchor),
            (None, None, Err(_)) => {
                say("Import", CheckResult::Fail, crate::not_found(asked));
                return Ok(());
            }
        };
        let found = self.client.make_source().read_entry(&name).await;
        let decider = self.client.decider(&self.meta, self.scope());
        let mut importer = Importer::new(self.client.state.clone(), decider.clone(), &self.meta);
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
        let Some(held) = self.client.state.lookup(vec![anchor]).await?.into_iter().flatten().next() else {
            // The target did not hold it, and it is forgotten.
            say("Export", CheckResult::Pass, "nothing to do: the cloud does not have it".into());
            return Ok(());
        };
        if held.gone.is_none() {
            let entry = crate::codec::decode(held.anchor.clone(), &held.raw);
            match entry.map(|entry| decider.map(&entry, false)) {
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

//! Explains one object: found by what a person knows of it, with every value, the rule that gave it, and what
//! comes next. From the state as it is: the directory and the target are not asked.

use crate::plan::{Change, Fate, Planner};
use crate::state::{DeletionRow, Held, Standing};
use crate::{SyncFailure, codec};
use lockstep_engine::rules::{Mapped, Reference, Trace};
use lockstep_engine::{CsId, describe};
use lockstep_model::explain::{ExplainedManager, ExplainedMembers, ExplainedValue, Explanation, Next, Scope};
use lockstep_model::{Entry, ObjectKind, Properties, SourceAnchor, dn};

/// Entries looked at at once where no index helps.
const PAGE: usize = 5_000;
/// Entries of one name that are told.
const OTHERS: usize = 10;
/// Attributes by which an entry is found where it is not by anchor, DN or uid.
const NAMES: [&str; 4] = ["mail", "cn", "displayname", "uid"];

impl Planner {
    /// Everything known of the object that `asked` names: an anchor, a DN, a uid, a mail address or a name, in any
    /// case. None: the connector space has no such entry. `is_draft`: the rules are not those by which the state was
    /// made, so that anything may have to be written.
    pub(crate) async fn explain(
        &self,
        asked: &str,
        is_draft: bool,
    ) -> Result<Option<Explanation>, SyncFailure> {
        let asked = asked.trim();
        let mut found = self.find(asked).await?.into_iter();
        let Some(held) = found.next() else { return Ok(None) };
        // An entry that is joined to an object is told as that.
        let held = match self.state.roots(vec![held.id]).await?.first() {
            Some(Some(root)) => self.state.entries(vec![*root]).await?.into_iter().next().unwrap_or(held),
            _ => held,
        };
        let others = found.map(|other| name_of(&other)).collect();
        let Some(mut standing) = self.state.standing(held.id).await? else { return Ok(None) };
        standing.pending |= is_draft;
        self.tell(held, standing, others).await.map(Some)
    }

    pub(crate) async fn find(&self, asked: &str) -> Result<Vec<Held>, SyncFailure> {
        if let Ok(anchor) = SourceAnchor::new(asked) {
            let held: Vec<Held> = self.state.lookup(vec![anchor]).await?.into_iter().flatten().collect();
            if !held.is_empty() {
                return Ok(held);
            }
        }
        let mut names = vec![Reference::Uid(asked.to_lowercase())];
        names.extend(dn::normalize(asked).map(Reference::Dn));
        let hashes = names.iter().map(|name| self.decider.hash(name)).collect();
        let targets = self.state.resolve(hashes).await?;
        let ids: Vec<CsId> = targets.into_iter().flatten().map(|target| target.id).collect();
        if !ids.is_empty() {
            return Ok(self.state.entries(ids).await?);
        }
        let mut found = Vec::new();
        let mut after = CsId(0);
        while found.len() <= OTHERS {
            let page = self.state.scan(after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = last.id;
            found.extend(page.into_iter().filter(|held| is_called(held, asked)).take(OTHERS + 1));
        }
        found.truncate(OTHERS + 1);
        Ok(found)
    }

    async fn tell(
        &self,
        held: Held,
        standing: Standing,
        others: Vec<String>,
    ) -> Result<Explanation, SyncFailure> {
        let composite = codec::decode_whole(held.anchor.clone(), &held.raw);
        let entry = composite.as_ref().map(|composite| &composite.entry);
        let mut told = Explanation {
            name: name_of(&held),
            anchor: held.anchor.clone(),
            dn: entry.map(|entry| entry.dn.clone()),
            scope: Scope::OutOfScope { reason: "only the cloud knows it".to_owned() },
            values: Vec::new(),
            manager: None,
            members: None,
            in_cloud: standing.row.confirmed.is_some(),
            next: match standing.due {
                Some(at) => Next::TriedAgain { at },
                None => Next::Nothing,
            },
            errors: Vec::new(),
            others,
        };
        let confirmed_kind = standing.row.confirmed.as_ref().map(|confirmed| confirmed.kind);
        let pending = standing.pending;
        match (held.gone, composite.as_ref().map(|it| self.decider.map(it, !told.in_cloud))) {
            (Some(reason), _) => told.scope = Scope::Gone { reason },
            (None, None) => {}
            (None, Some(Mapped::OutOfScope { reason })) => {
                told.scope = Scope::OutOfScope { reason: reason.into_owned() };
            }
            (None, Some(Mapped::Object(_) | Mapped::Failed { .. })) => {
                self.tell_values(&mut told, entry, standing).await?
            }
        }
        let wanted = match &told.scope {
            Scope::InScope { object } => Some(*object),
            Scope::OutOfScope { .. } | Scope::Gone { .. } => None,
        };
        if pending && confirmed_kind.is_some() && confirmed_kind != wanted {
            let row = self.deletion(held.id).await?.filter(|row| self.fate(row) != Fate::Keep);
            told.next =
                row.map_or(Next::Nothing, |row| Next::Planned { item: Box::new(self.describe_going(&row)) });
        }
        Ok(told)
    }

    /// The values of an object in scope, and what the next plan has for it.
    async fn tell_values(
        &self,
        told: &mut Explanation,
        entry: Option<&Entry>,
        standing: Standing,
    ) -> Result<(), SyncFailure> {
        let pending = standing.pending;
        let Some(ready) = self.make_ready(vec![standing.row]).await?.into_iter().next() else {
            return Ok(());
        };
        let kind = ready.mapped.kind;
        told.scope = Scope::InScope { object: kind };
        told.name.clone_from(&ready.name);
        let trace = self.decider.trace(&ready.composite, !told.in_cloud);
        told.values = values(&trace, &ready.mapped.properties);
        told.manager = ready.mapped.manager.as_ref().map(|_| ExplainedManager {
            named: entry.and_then(|entry| entry.attributes.text("manager")).unwrap_or_default().to_owned(),
            anchor: ready.manager.clone(),
        });
        if kind == ObjectKind::Group {
            let (named, resolved) = (ready.mapped.members.len() as u64, ready.members.len() as u64);
            told.members = Some(ExplainedMembers { named, resolved });
        }
        told.errors.clone_from(&ready.errors);
        if !pending {
            return Ok(());
        }
        let Some(Change { confirmed, members }) = self.change_of(&ready).await? else { return Ok(()) };
        let item = describe(&ready.wanted(), confirmed.as_ref(), members, &trace);
        told.next = Next::Planned { item: Box::new(item) };
        Ok(())
    }

    async fn deletion(&self, id: CsId) -> Result<Option<DeletionRow>, SyncFailure> {
        let rows = self.state.deletions(CsId(id.0.saturating_sub(1)), 1).await?;
        Ok(rows.into_iter().find(|row| row.id == id))
    }
}

fn values(trace: &Trace<'_>, properties: &Properties) -> Vec<ExplainedValue> {
    trace
        .iter()
        .map(|(property, rule)| ExplainedValue {
            property,
            rule: rule.to_owned(),
            value: properties.get(property).cloned(),
        })
        .collect()
}

fn name_of(held: &Held) -> String {
    codec::dn_of(&held.raw).map_or_else(|| held.anchor.to_string(), str::to_owned)
}

fn is_called(held: &Held, asked: &str) -> bool {
    let Some(entry) = codec::decode(held.anchor.clone(), &held.raw) else { return false };
    let asked = asked.to_lowercase();
    NAMES.iter().any(|name| entry.attributes.texts(name).any(|value| value.to_lowercase() == asked))
}

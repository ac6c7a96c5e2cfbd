//! One expression for one object: what the playground of the rules shows. The entry is as it was last read; where the
//! expression reads more than the client does, it is read again, that entry alone. Nothing is kept.

use crate::client::SyncClient;
use crate::codec::{self, Composite};
use crate::decide::{Decider, SharedScope};
use crate::one::read_entry;
use crate::state::Held;
use crate::{Rules, SyncFailure};
use lockstep_engine::rules::sync_rules::{DN, SOURCE_ANCHOR};
use lockstep_model::rules::{ExpressionReport, ExpressionSide};
use lockstep_model::{Entry, SourceAnchor};
use lockstep_sources::Extent;
use std::sync::Arc;

/// Entries of one name that are told.
const OTHERS: usize = 10;

impl SyncClient {
    /// Works out an expression for one object; none where there is no such entry. `object` is an anchor, a DN, a uid, a
    /// mail address or a name. With a `draft`, by the names and parameters of those rules.
    ///
    /// # Errors
    /// [`SyncFailure::State`], [`SyncFailure::Source`] where the entry has to be read again and cannot.
    pub async fn evaluate(
        &self,
        object: &str,
        expression: &str,
        side: ExpressionSide,
        draft: Option<Arc<Rules>>,
    ) -> Result<Option<ExpressionReport>, SyncFailure> {
        let meta = self.state.meta().await?;
        let client = draft.map_or_else(|| self.clone(), |rules| self.with_rules(rules));
        let scope = SharedScope::default();
        client.load_scope(&meta, &scope).await?;
        let planner = client.planner(&meta, self.settings.threshold, Arc::default(), &scope);
        let decider = client.decider(&meta, &scope);
        let mut found = planner.find(object.trim()).await?.into_iter().filter(|held| held.gone.is_none());
        let Some(held) = found.next() else { return Ok(None) };
        // An entry that is joined to an object is told as that.
        let held = match self.state.roots(vec![held.id]).await?.first() {
            Some(Some(root)) => self.state.entries(vec![*root]).await?.into_iter().next().unwrap_or(held),
            _ => held,
        };
        let Some(mut composite) = codec::decode_whole(held.anchor.clone(), &held.raw) else {
            return Ok(None);
        };
        let more = client.unread(expression, side);
        if !more.is_empty() {
            self.read_more(&mut composite, &decider, &held, more).await?;
        }
        let tried = decider.try_expression(&composite, expression, side);
        Ok(Some(ExpressionReport {
            name: name_of(&composite.entry),
            dn: composite.entry.dn.clone(),
            others: found.take(OTHERS).map(|other| shown(&other)).collect(),
            gives: tried.gives,
            reads: tried.reads,
            result: tried.result,
        }))
    }

    /// The attributes that the expression needs and the client does not read, in lower case.
    fn unread(&self, expression: &str, side: ExpressionSide) -> Vec<String> {
        let wanted = match side {
            // What is no expression reads nothing, and is told as what it is.
            ExpressionSide::Source => {
                self.settings.rules.expression_reads(expression, side).unwrap_or_default()
            }
            ExpressionSide::Metaverse => self.settings.rules.attributes(),
        };
        let pseudo =
            |name: &String| name.eq_ignore_ascii_case(DN) || name.eq_ignore_ascii_case(SOURCE_ANCHOR);
        let wanted = wanted.into_iter().filter(|name| !pseudo(name)).map(|name| name.to_lowercase());
        wanted.filter(|name| !self.attributes().contains(name)).collect()
    }

    /// Reads the entry again with more attributes.
    async fn read_more(
        &self,
        composite: &mut Composite,
        decider: &Decider,
        held: &Held,
        more: Vec<String>,
    ) -> Result<(), SyncFailure> {
        let mut attributes = self.attributes().to_vec();
        attributes.extend(more);
        attributes.sort_unstable();
        attributes.dedup();
        let (_, found) = read_entry(self.sources_for(&attributes), decider, Some(held), None).await;
        let Some(change) = found? else { return Ok(()) };
        let entry = &mut composite.entry;
        if let Some(dn) = change.dn {
            entry.dn = dn;
        }
        match change.extent {
            Extent::Whole => entry.attributes = change.attributes,
            Extent::Partial => {
                for (name, values) in change.attributes.iter() {
                    entry.attributes.take(name.as_str());
                    entry.attributes.add(name.clone(), values.iter().cloned());
                }
            }
        }
        Ok(())
    }
}

fn name_of(entry: &Entry) -> String {
    let name = ["displayname", "cn", "uid"].iter().find_map(|name| entry.attributes.text(name));
    name.unwrap_or(&entry.dn).to_owned()
}

fn shown(held: &Held) -> String {
    let anchor: &SourceAnchor = &held.anchor;
    codec::dn_of(&held.raw).map_or_else(|| anchor.to_string(), str::to_owned)
}

//! The flows that give the values of an object that changes, as they travel to the tenant's history.

use crate::StateError;
use crate::import::on_two_cores;
use crate::plan::{Planner, Ready};
use lockstep_engine::changed;
use lockstep_model::provisioning::{BulkOperation, PostOperation};
use lockstep_model::{ObjectKind, Properties, Property};
use std::collections::BTreeMap;

/// Objects that are worked out one after the other, for it costs less than to share them out.
const FEW: usize = 20;

impl Planner {
    /// Objects, those to be written with their flows ([`Planner::flows_of`]), on two cores where they are many.
    pub(crate) async fn with_flows(
        &self,
        page: Vec<Ready>,
    ) -> Result<Vec<(Ready, BTreeMap<String, String>)>, StateError> {
        let planner = self.clone();
        let with_flows = move |ready: Ready| {
            let flows = if ready.is_written() { BTreeMap::new() } else { planner.flows_of(&ready) };
            Some((ready, flows))
        };
        let changes = page.iter().filter(|ready| ready.confirmed.is_some() && !ready.is_written()).count();
        if changes <= FEW {
            return Ok(page.into_iter().filter_map(with_flows).collect());
        }
        on_two_cores(page, with_flows).await
    }

    /// The flows of the values that change, by property. Empty for a new object: all of it is new, and a first load
    /// would carry them a million times.
    fn flows_of(&self, ready: &Ready) -> BTreeMap<String, String> {
        let Some(row) = &ready.confirmed else { return BTreeMap::new() };
        let after = &ready.mapped.properties;
        let before = self.confirmed_properties(ready).unwrap_or_default();
        let mut properties: Vec<Property> = changed(&before, after).collect();
        let manager = row.manager != ready.manager_id;
        if properties.is_empty() && !manager {
            // What it was is not known any more. Which values change, the tenant sees.
            properties = changed(&Properties::new(), after).collect();
        }
        // In order: they come from a set.
        let wanted = |property| properties.binary_search(&property).is_ok();
        let trace = self.decider.trace_of(&ready.composite, false, wanted);
        let flow_of = |property: &Property| (property.as_str().to_owned(), trace.of(*property).to_owned());
        let mut found: BTreeMap<String, String> = properties.iter().map(flow_of).collect();
        if manager && ready.mapped.kind == ObjectKind::User {
            found.insert("manager".to_owned(), "manager <- manager".to_owned());
        }
        found
    }
}

/// Puts flows into the operation that carries the values.
pub(crate) fn attach(operation: &mut BulkOperation, flows: BTreeMap<String, String>) {
    match operation {
        BulkOperation::Post(PostOperation::User(user) | PostOperation::Contact(user)) => user.flows = flows,
        BulkOperation::Post(PostOperation::Group(group) | PostOperation::Device(group)) => {
            group.flows = flows
        }
        BulkOperation::Patch { .. } | BulkOperation::Delete { .. } => {}
    }
}

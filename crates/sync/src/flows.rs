//! The flows that give the values of an object that changes, as they travel to the tenant's history.

use crate::plan::{Planner, Ready};
use lockstep_engine::changed;
use lockstep_model::provisioning::{BulkOperation, PostOperation};
use lockstep_model::{ObjectKind, Properties};
use std::collections::BTreeMap;

impl Planner {
    /// The flows of the values that change, by property. Empty for a new object: all of it is new, and a first load
    /// would carry them a million times.
    pub(crate) fn flows_of(&self, ready: &Ready) -> BTreeMap<String, String> {
        let Some(row) = &ready.confirmed else { return BTreeMap::new() };
        let trace = self.decider.trace(&ready.entry, false);
        let flows = |before: &Properties| -> BTreeMap<String, String> {
            changed(before, &ready.mapped.properties)
                .map(|property| (property.as_str().to_owned(), trace.of(property).to_owned()))
                .collect()
        };
        let mut found = flows(&self.confirmed_properties(ready).unwrap_or_default());
        let manager = row.manager != ready.manager_id;
        if found.is_empty() && !manager {
            // What it was is not known any more. Which values change, the tenant sees.
            found = flows(&Properties::new());
        }
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

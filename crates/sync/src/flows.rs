//! The flows that give the values of an object that changes, as they travel to the tenant's history.

use crate::plan::{Planner, Ready};
use lockstep_engine::{Confirmed, describe};
use lockstep_model::ObjectKind;
use lockstep_model::provisioning::{BulkOperation, PostOperation};
use std::collections::BTreeMap;

impl Planner {
    /// The flows of the values that change, by property. Empty for a new object: all of it is new, and a first load
    /// would carry them a million times.
    pub(crate) fn flows_of(&self, ready: &Ready) -> BTreeMap<String, String> {
        let Some(row) = &ready.confirmed else { return BTreeMap::new() };
        let flows = |properties| {
            let confirmed = Confirmed { properties, manager: None };
            let item = describe(&ready.wanted(), Some(&confirmed), (0, 0), &self.mapping);
            item.changes
                .into_iter()
                .map(|change| (change.property.as_str().to_owned(), change.rule))
                .collect()
        };
        let mut found: BTreeMap<String, String> = flows(self.confirmed_properties(ready).unwrap_or_default());
        let manager = row.manager != ready.manager_id;
        if found.is_empty() && !manager {
            // The same entry gives other values: the mapping is another one. Which ones, the tenant sees.
            found = flows(lockstep_model::Properties::new());
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
        BulkOperation::Post(PostOperation::User(user)) => user.flows = flows,
        BulkOperation::Post(PostOperation::Group(group)) => group.flows = flows,
        BulkOperation::Patch { .. } | BulkOperation::Delete { .. } => {}
    }
}

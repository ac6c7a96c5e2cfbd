//! An explanation: how one entry of the directory comes to be what it is in the cloud, or why it is not there.

use crate::plan::{DeleteReason, PlanItem};
use crate::provisioning::CheckResult;
use crate::{ObjectKind, Property, PropertyValue, SourceAnchor, SyncError, Timestamp};
use serde::{Deserialize, Serialize};

/// What the sync client knows of one entry, as it was last read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// Its anchor.
    pub anchor: SourceAnchor,
    /// Its distinguished name; absent where only the cloud knows the object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dn: Option<String>,
    /// A name for people.
    pub name: String,
    /// Whether the rules take it in.
    pub scope: Scope,
    /// Every property that a rule can give, in order, with the value it gives here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<ExplainedValue>,
    /// The manager that the entry names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manager: Option<ExplainedManager>,
    /// The members that a group's entry names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members: Option<ExplainedMembers>,
    /// Whether the cloud confirmed that it holds the object.
    pub in_cloud: bool,
    /// What happens to it next.
    pub next: Next,
    /// Errors found on the way to the cloud. Those that the cloud itself raised are among its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<SyncError>,
    /// Other entries that what was asked for could mean too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<String>,
}

/// Whether the rules take an entry in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Scope {
    /// It is a user or a group.
    InScope {
        /// Which.
        object: ObjectKind,
    },
    /// No rule takes it in.
    OutOfScope {
        /// Why, for people.
        reason: String,
    },
    /// The directory has it no more.
    Gone {
        /// How that is known.
        reason: DeleteReason,
    },
}

/// A property and where its value comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExplainedValue {
    /// The property.
    pub property: Property,
    /// The flow: `surname <- sn`.
    pub rule: String,
    /// What it gives; absent where it gives nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<PropertyValue>,
}

/// The manager that an entry names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExplainedManager {
    /// As the entry names it.
    pub named: String,
    /// The object it means, where that is a user in the cloud.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anchor: Option<SourceAnchor>,
}

/// The members that a group's entry names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExplainedMembers {
    /// How many it names.
    pub named: u64,
    /// How many of them are users or groups of the cloud.
    pub resolved: u64,
}

/// What happens to an object next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Next {
    /// Nothing: it is in step.
    Nothing,
    /// The next plan has this for it.
    Planned {
        /// What.
        item: Box<PlanItem>,
    },
    /// The cloud refused it; it is sent again.
    TriedAgain {
        /// When.
        at: Timestamp,
    },
}

/// What came of syncing one object on demand, step by step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectReport {
    /// What was asked for.
    pub asked: String,
    /// The steps, in their order; the last one may have failed.
    pub steps: Vec<ObjectStep>,
    /// The object afterwards; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explanation: Option<Box<Explanation>>,
}

impl ObjectReport {
    /// Whether no step failed.
    pub fn is_done(&self) -> bool {
        self.steps.iter().all(|step| step.result != CheckResult::Fail)
    }
}

/// One step of syncing an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectStep {
    /// `Import`, `Scope`, `Synchronization`, `Guard`, `Export`.
    pub name: String,
    /// How it ended.
    pub result: CheckResult,
    /// What was found or done, for people.
    pub detail: String,
}

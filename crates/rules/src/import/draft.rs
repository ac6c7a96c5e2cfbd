//! A rule on its way into a file: what of it is carried, and for the reader what is not.

use super::Remarks;
use super::foreign::ForeignJoin;
use crate::sync_rules::{Direction, LinkType, Merge, MetaverseType};
use lockstep_model::ObjectKind;

#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) name: String,
    pub(super) identifier: String,
    pub(super) tag: String,
    pub(super) description: String,
    pub(super) direction: Direction,
    pub(super) precedence: Option<u32>,
    /// The object type of the directory, in an inbound rule.
    pub(super) source_type: String,
    pub(super) metaverse_type: MetaverseType,
    /// In an outbound rule.
    pub(super) kind: Option<ObjectKind>,
    pub(super) link: LinkType,
    pub(super) disabled: bool,
    pub(super) scope: Vec<Vec<DraftCondition>>,
    pub(super) joins: Vec<Vec<ForeignJoin>>,
    pub(super) flows: Vec<DraftFlow>,
    /// What was left out of it, for its comment.
    pub(super) lost: Vec<String>,
}

#[derive(Clone, Debug)]
pub(super) struct DraftCondition {
    pub(super) attribute: String,
    pub(super) operator: &'static str,
    pub(super) value: String,
}

impl DraftCondition {
    /// Whether it compares with nothing.
    pub(super) fn bare(&self) -> bool {
        matches!(self.operator, "ISNULL" | "ISNOTNULL")
    }

    pub(super) fn asks_membership(&self) -> bool {
        matches!(self.operator, "ISMEMBEROF" | "ISNOTMEMBEROF")
    }

    pub(super) fn shown(&self) -> String {
        format!("the condition {} {} \"{}\"", self.attribute, self.operator, self.value)
    }
}

#[derive(Clone, Debug)]
pub(super) struct DraftFlow {
    pub(super) to: String,
    pub(super) value: Value,
    pub(super) merge: Merge,
    pub(super) once: bool,
}

/// Where the value of a flow comes from, as it was written.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Direct(String),
    Constant(String),
    Expression(String),
}

impl Draft {
    /// Whether it reads the directory.
    pub(super) fn inbound(&self) -> bool {
        self.direction == Direction::Inbound
    }

    /// Notes a condition that cannot be asked. With a wider scope the rule would act on objects that it is not for:
    /// it rests until a person has looked at it.
    pub(super) fn lose_condition(&mut self, what: String, why: &str, remarks: &mut Remarks) {
        let rests = if self.disabled {
            ""
        } else {
            "; without it the scope would be another, so the rule is disabled"
        };
        remarks.left_out(Some(&self.name), what.clone(), format!("{why}{rests}"));
        self.disabled = true;
        self.lost.push(format!("{what}: {why}"));
    }

    /// Notes something of it that is left out.
    pub(super) fn lose(&mut self, what: String, why: &str, remarks: &mut Remarks) {
        remarks.left_out(Some(&self.name), what.clone(), why);
        self.lost.push(format!("{what}: {why}"));
    }
}

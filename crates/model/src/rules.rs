//! The rules of a sync client as it tells them: what decides about an entry, piece by piece; and what one expression
//! gives for one entry.

use crate::ObjectKind;
use serde::{Deserialize, Serialize};

/// Values listed in the answer to an expression.
pub const MAX_SHOWN_VALUES: usize = 100;
/// Bytes of each value in the answer to an expression.
pub const MAX_SHOWN_BYTES: usize = 4 * 1024;

/// A rule set, or the built-in mapping, in pieces; or what is wrong with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RulesView {
    /// `the built-in mapping`, `rules.toml`, `draft`.
    pub file: String,
    /// Whether it is the built-in mapping.
    pub built_in: bool,
    /// The rule set's name for itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The rule set as TOML. Of the built-in mapping the one that comes with Lockstep.
    pub text: String,
    /// Whether `text` gives what these rules give: not where the built-in mapping has settings of its own.
    pub text_is_same: bool,
    /// The further sources by name, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<String>,
    /// The rules: inbound, then outbound, each by precedence. None where there is a problem.
    pub rules: Vec<RuleView>,
    /// Why it is no rule set, in the order of the file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<RuleProblem>,
    /// What is probably not meant, in the order of the file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<RuleFinding>,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleView {
    /// Its name.
    pub name: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// From the source to the metaverse, from there to the cloud, or both at once.
    pub direction: RuleDirection,
    /// The lower wins.
    pub precedence: u32,
    /// Whether it rests.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub disabled: bool,
    /// What it does where there is no object on its other side: `Provision`, `Join`, `StickyJoin`.
    pub link: String,
    /// The further sources whose entries it takes; none: those of the first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub from: Vec<String>,
    /// The object classes it takes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub source_types: Vec<String>,
    /// The type of the metaverse object: `person`, `group`; none for the built-in mapping.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metaverse_type: Option<String>,
    /// The kind of the cloud object; none for an inbound rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<ObjectKind>,
    /// Groups of conditions: all of a group must hold, one group must. None: always in scope.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scope: Vec<Vec<String>>,
    /// Groups of join clauses, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub joins: Vec<Vec<String>>,
    /// The flows, in the order of the file.
    pub flows: Vec<FlowView>,
    /// Its line in the file; 0 for the built-in mapping.
    pub line: u32,
}

/// Which way a rule goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RuleDirection {
    /// From the source to the metaverse.
    Inbound,
    /// From the metaverse to the cloud.
    Outbound,
    /// From the source to the cloud: the built-in mapping has no metaverse.
    Straight,
}

/// An attribute flow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FlowView {
    /// Where it writes.
    pub to: String,
    /// `direct`, `constant`, `expression`, or `mapping` for the built-in mapping.
    pub how: FlowHow,
    /// Where the value comes from, as the file writes it: `[mail]`, `"x"`, `Trim([cn])`.
    pub from: String,
    /// The attributes it reads, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reads: Vec<String>,
    /// How values of several rules go together: `update`, `merge`, `merge_case_insensitive`.
    pub merge: String,
    /// Whether only when the object is made.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub execute_once: bool,
    /// Its line in the file; 0 for the built-in mapping.
    pub line: u32,
}

/// What kind of flow it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FlowHow {
    /// An attribute, as it is.
    Direct,
    /// Always the same value.
    Constant,
    /// What an expression gives.
    Expression,
    /// A flow of the built-in mapping.
    Mapping,
}

/// Why a text is no rule set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleProblem {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// The rule, where one is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}

/// Something in a sound rule set that is probably not meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleFinding {
    /// What kind of thing: `shadowed-flow`.
    pub lint: String,
    /// `error`: it stops objects; `warning`.
    pub severity: String,
    /// The rule.
    pub rule: String,
    /// Its line.
    pub line: u32,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}

/// Whose attributes an expression reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ExpressionSide {
    /// Those of the directory's entry: an inbound flow.
    #[default]
    Source,
    /// Those of the metaverse object: an outbound flow.
    Metaverse,
}

/// What an expression gives for an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExpressionReport {
    /// A name of the entry for people.
    pub name: String,
    /// Its distinguished name.
    pub dn: String,
    /// Other entries that what was asked for could mean too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<String>,
    /// What the expression can give, known before it runs: `text`, `several values (text)`. Absent where it is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gives: Option<String>,
    /// The attributes that it reads, in order, each with what it is here as an expression writes it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reads: Vec<AttributeRead>,
    /// What came of it.
    pub result: ExpressionResult,
}

/// An attribute that an expression reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AttributeRead {
    /// Its name.
    pub name: String,
    /// Its value: `"Ann"`, `{"a", "b"}`, `NULL`.
    pub value: String,
}

/// What came of an expression.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum ExpressionResult {
    /// A value, or several.
    #[serde(rename_all = "camelCase")]
    Value {
        /// `text`, `number`, `boolean`, `binary`, `date`, `reference`.
        of: String,
        /// Whether it is a list.
        many: bool,
        /// Each value as an expression writes it; at most [`MAX_SHOWN_VALUES`], each with at most
        /// [`MAX_SHOWN_BYTES`].
        values: Vec<String>,
        /// Whether something was left out of `values`.
        cut: bool,
    },
    /// Nothing: `NULL`, `AuthoritativeNull` or `IgnoreThisFlow`.
    Nothing {
        /// Which.
        literal: String,
    },
    /// The text is no expression.
    Mistake {
        /// Line, from 1.
        line: u32,
        /// Column in characters, from 1.
        column: u32,
        /// What is wrong.
        message: String,
        /// What may have been meant.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        suggestion: Option<String>,
    },
    /// It has no result for this entry.
    Failed {
        /// Line, from 1.
        line: u32,
        /// Column in characters, from 1.
        column: u32,
        /// The function that said it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        function: Option<String>,
        /// What is wrong.
        message: String,
    },
    /// There is no metaverse object of this entry.
    NoMetaverse {
        /// Why, for people.
        reason: String,
    },
}

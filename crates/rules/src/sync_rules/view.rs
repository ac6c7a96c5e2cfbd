//! A rule set told piece by piece, and one expression tried on one entry.

use super::{Direction, Flow, From, JoinClause, LinkType, MetaverseType, Problem, Rule, RuleSet, Subject};
use crate::expr::{Expression, ExpressionError, Inputs, Outcome, Schema, Value};
use lockstep_model::rules::{
    AttributeRead, ExpressionResult, ExpressionSide, FlowHow, FlowView, MAX_SHOWN_BYTES, MAX_SHOWN_VALUES,
    RuleDirection, RuleFinding, RuleProblem, RuleView,
};

/// What an expression gives for an entry, with what it read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    /// What it can give; none where it is no expression.
    pub gives: Option<String>,
    /// What it read.
    pub reads: Vec<AttributeRead>,
    /// What came of it.
    pub result: ExpressionResult,
}

impl RuleSet {
    /// Its rules, piece by piece.
    pub fn views(&self) -> Vec<RuleView> {
        self.rules().iter().map(|rule| self.view(rule)).collect()
    }

    /// What [`RuleSet::lint`] finds.
    pub fn findings(&self) -> Vec<RuleFinding> {
        let told = |found: super::Finding| RuleFinding {
            lint: found.lint.to_string(),
            severity: found.severity.to_string(),
            rule: found.rule,
            line: found.line,
            message: found.message,
            remedy: found.remedy,
        };
        self.lint().into_iter().map(told).collect()
    }

    fn view(&self, rule: &Rule) -> RuleView {
        RuleView {
            name: rule.name.clone(),
            description: rule.description.clone(),
            direction: match rule.direction {
                Direction::Inbound => RuleDirection::Inbound,
                Direction::Outbound => RuleDirection::Outbound,
            },
            precedence: rule.precedence,
            disabled: rule.disabled,
            link: match rule.link {
                LinkType::Provision => "Provision",
                LinkType::Join => "Join",
                LinkType::StickyJoin => "StickyJoin",
            }
            .to_owned(),
            from: rule.from.clone(),
            source_types: rule.source_types.clone(),
            metaverse_type: Some(
                match rule.metaverse_type {
                    MetaverseType::Person => "person",
                    MetaverseType::Group => "group",
                }
                .to_owned(),
            ),
            target: rule.kind,
            scope: rule.scope.iter().map(|all| all.iter().map(ToString::to_string).collect()).collect(),
            joins: rule.joins.iter().map(|all| all.iter().map(shown_join).collect()).collect(),
            flows: rule.flows.iter().map(|flow| self.flow_view(rule.direction, flow)).collect(),
            line: rule.line,
        }
    }

    fn flow_view(&self, direction: Direction, flow: &Flow) -> FlowView {
        let attributes = self.schema_of(direction).attributes();
        let mut slots = flow.reads();
        slots.sort_unstable();
        slots.dedup();
        let mut reads: Vec<String> =
            slots.into_iter().filter_map(|slot| Some(attributes.get(slot as usize)?.name.clone())).collect();
        reads.sort_unstable();
        let from = match &flow.from {
            // As it was written, with its lines.
            From::Expression(expression) => expression.text().trim().to_owned(),
            From::Direct(_) | From::Constant(_) => self.shown(direction, flow),
        };
        FlowView {
            to: flow.to.clone(),
            how: match &flow.from {
                From::Direct(_) => FlowHow::Direct,
                From::Constant(_) => FlowHow::Constant,
                From::Expression(_) => FlowHow::Expression,
            },
            from,
            reads,
            merge: flow.merge.as_str().to_owned(),
            execute_once: flow.execute_once,
            line: flow.line,
        }
    }

    const fn schema_of(&self, direction: Direction) -> &Schema {
        match direction {
            Direction::Inbound => &self.schemas.source,
            Direction::Outbound => &self.schemas.metaverse,
        }
    }

    /// The attributes that a text reads as an expression, in order.
    ///
    /// # Errors
    /// It is none.
    pub fn expression_reads(&self, text: &str, side: ExpressionSide) -> Result<Vec<String>, ExpressionError> {
        let expression = Expression::compile(text, self.schema_of(direction_of(side)))?;
        Ok(expression.attributes().iter().map(|(name, _)| name.clone()).collect())
    }

    /// Works out an expression for an entry, by the names and parameters of this rule set.
    pub fn try_expression(&self, text: &str, side: ExpressionSide, subject: &Subject<'_>) -> Tried {
        let schema = self.schema_of(direction_of(side));
        let expression = match Expression::compile(text, schema) {
            Ok(expression) => expression,
            Err(error) => return Tried::mistake(error),
        };
        let [of_source, of_metaverse] = &self.parameters;
        match side {
            ExpressionSide::Source => {
                let (row, _) = self.read(subject.entry);
                tried(&expression, &row, of_source, subject)
            }
            ExpressionSide::Metaverse => {
                let made = match self.metaverse_object(subject) {
                    Ok(made) => made,
                    Err(reason) => {
                        return Tried {
                            gives: Some(expression.shape().to_string()),
                            reads: Vec::new(),
                            result: ExpressionResult::NoMetaverse { reason },
                        };
                    }
                };
                let mut row = vec![Value::Null; schema.attributes().len()];
                for (name, written) in made.attributes {
                    let held = schema.slot(&name).and_then(|slot| row.get_mut(slot as usize));
                    if let Some(held) = held {
                        *held = written.value;
                    }
                }
                tried(&expression, &row, of_metaverse, subject)
            }
        }
    }
}

impl Tried {
    /// The text is no expression.
    pub fn mistake(error: ExpressionError) -> Self {
        let ExpressionError { line, column, message, suggestion } = error;
        let result = ExpressionResult::Mistake { line, column, message, suggestion };
        Self { gives: None, reads: Vec::new(), result }
    }
}

fn tried(
    expression: &Expression,
    row: &[Value<'_>],
    parameters: &[Value<'static>],
    subject: &Subject<'_>,
) -> Tried {
    let read = |(name, slot): &(String, u32)| AttributeRead {
        name: name.clone(),
        value: cut(row.get(*slot as usize).unwrap_or(&Value::Null).to_string()).0,
    };
    let reads = expression.attributes().iter().map(read).collect();
    let inputs = Inputs { attributes: row, imported: None, parameters, now: subject.now, seed: subject.seed };
    let result = match expression.evaluate(&inputs) {
        Ok(Outcome::Value(value)) => shown_value(&value),
        Ok(nothing) => ExpressionResult::Nothing { literal: nothing.to_string() },
        Err(error) => ExpressionResult::Failed {
            line: error.line,
            column: error.column,
            function: error.function.map(str::to_owned),
            message: error.message,
        },
    };
    Tried { gives: Some(expression.shape().to_string()), reads, result }
}

fn shown_value(value: &Value<'_>) -> ExpressionResult {
    let (many, all) = match value {
        Value::Many(list) => (true, list.as_slice()),
        one => (false, std::slice::from_ref(one)),
    };
    let shown: Vec<(String, bool)> =
        all.iter().take(MAX_SHOWN_VALUES).map(|value| cut(value.to_string())).collect();
    ExpressionResult::Value {
        of: all.first().map_or("text", name_of).to_owned(),
        many,
        cut: all.len() > shown.len() || shown.iter().any(|(_, cut)| *cut),
        values: shown.into_iter().map(|(text, _)| text).collect(),
    }
}

/// At most [`MAX_SHOWN_BYTES`] of a text, and whether something is missing.
fn cut(mut text: String) -> (String, bool) {
    if text.len() <= MAX_SHOWN_BYTES {
        return (text, false);
    }
    text.truncate(text.floor_char_boundary(MAX_SHOWN_BYTES));
    text.push('…');
    (text, true)
}

const fn name_of(value: &Value<'_>) -> &'static str {
    match value {
        Value::Number(_) => "number",
        Value::Boolean(_) => "boolean",
        Value::Binary(_) => "binary",
        Value::Date(_) => "date",
        Value::Reference(_) => "reference",
        Value::Text(_) | Value::Many(_) | Value::Null | Value::AuthoritativeNull | Value::IgnoreThisFlow => {
            "text"
        }
    }
}

const fn direction_of(side: ExpressionSide) -> Direction {
    match side {
        ExpressionSide::Source => Direction::Inbound,
        ExpressionSide::Metaverse => Direction::Outbound,
    }
}

fn shown_join(clause: &JoinClause) -> String {
    let (source, metaverse) = &clause.names;
    let case = if clause.case_sensitive { " (case counts)" } else { "" };
    format!("{source} = {metaverse}{case}")
}

impl core::convert::From<Problem> for RuleProblem {
    fn from(problem: Problem) -> Self {
        let Problem { line, column, rule, message, remedy, .. } = problem;
        Self { line, column, rule, message, remedy }
    }
}

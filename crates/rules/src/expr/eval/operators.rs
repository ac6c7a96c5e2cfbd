//! Operators: what they do with two values, and with several.

use super::calls::{Lane, common_length};
use super::{Chain, Condition, Done, State, eval, made_bytes, truth, value_of};
use crate::expr::error::Fault;
use crate::expr::functions;
use crate::expr::parse::{Arithmetic, Logic};
use crate::expr::types::Types;
use crate::expr::value::{List, Value};
use lockstep_model::dn;
use std::borrow::Cow;
use std::cmp::Ordering;

/// The types that can be compared by `<` and `>`.
pub(crate) const ORDERED: Types = Types::NUMBER.or(Types::TEXT).or(Types::DATE);

#[inline(never)]
pub(super) fn chain<'a>(chain: &'a Chain, state: &mut State<'a>, left: &mut Value<'a>) -> Done {
    eval(&chain.first, state, left)?;
    // Whether an operand of several values is absent: then there is none to operate on.
    let mut nothing = left.is_null() && chain.lists.contains(&0);
    for (index, (operator, at, node)) in chain.rest.iter().enumerate() {
        let mut right = Value::Null;
        eval(node, state, &mut right)?;
        nothing |= right.is_null() && chain.lists.contains(&(index + 1));
        let spent = state.spend(1 + (left.weight() + right.weight()) / 64);
        let result = if spent.is_err() {
            spent
        } else if nothing {
            *left = Value::Null;
            Ok(())
        } else if matches!(left, Value::Many(_)) || matches!(right, Value::Many(_)) {
            several(*operator, left, right, state)
        } else {
            operate(*operator, left, right)
        };
        if let Err(fault) = result.and_then(|()| state.spend(made_bytes(left) / 8)) {
            return Err(fault.at(None, *at));
        }
    }
    Ok(())
}

#[inline(never)]
fn several<'a>(
    operator: Arithmetic,
    left: &mut Value<'a>,
    right: Value<'a>,
    state: &mut State<'a>,
) -> std::result::Result<(), Fault> {
    let values = std::mem::replace(left, Value::Null);
    let keeps_holes = operator == Arithmetic::Concatenate;
    *left = side_by_side(values, right, state, keeps_holes, |mut left, right| {
        operate(operator, &mut left, right)?;
        Ok(left)
    })?;
    Ok(())
}

/// Applies an operator to every value. Where `keeps_holes`, what was dropped stays so.
fn side_by_side<'a>(
    left: Value<'a>,
    right: Value<'a>,
    state: &mut State<'a>,
    keeps_holes: bool,
    operate: impl Fn(Value<'a>, Value<'a>) -> std::result::Result<Value<'a>, Fault>,
) -> std::result::Result<Value<'a>, Fault> {
    let mut left = Lane::new(left, true);
    let mut right = Lane::new(right, true);
    let length = common_length([left.len(), right.len()].into_iter())?;
    let mut out = Vec::with_capacity(length);
    for _ in 0..length {
        let value = match (left.next(), right.next()) {
            (Some(a), Some(b)) => {
                state.spend(1 + (a.weight() + b.weight()) / 64)?;
                operate(a, b)?
            }
            _ if keeps_holes => Value::Null,
            (a, b) => operate(a.unwrap_or(Value::Null), b.unwrap_or(Value::Null))?,
        };
        state.spend(5 + made_bytes(&value) / 8)?;
        out.push(value);
    }
    Ok(Value::Many(List::Owned(out)))
}

/// Applies an operator, the result taking the place of the left side.
fn operate<'a>(
    operator: Arithmetic,
    left: &mut Value<'a>,
    right: Value<'a>,
) -> std::result::Result<(), Fault> {
    match operator {
        Arithmetic::Concatenate => return concatenate(left, right),
        Arithmetic::Add | Arithmetic::Subtract | Arithmetic::Multiply => {
            let (a, b) = match (&*left, &right) {
                (Value::Number(a), Value::Number(b)) => (*a, *b),
                (Value::Null | Value::Number(_), Value::Null | Value::Number(_)) => {
                    *left = Value::Null;
                    return Ok(());
                }
                _ => return Err(Fault::value(format!("`{}` takes numbers", operator.as_str()))),
            };
            let result = match operator {
                Arithmetic::Add => a.checked_add(b),
                Arithmetic::Subtract => a.checked_sub(b),
                _ => a.checked_mul(b),
            };
            *left = Value::Number(result.ok_or_else(|| Fault::value("the result has more than 64 bits"))?);
        }
        Arithmetic::Less
        | Arithmetic::LessOrEqual
        | Arithmetic::NotEqual
        | Arithmetic::Equal
        | Arithmetic::Greater
        | Arithmetic::GreaterOrEqual => *left = Value::Boolean(compare(operator, left, &right)?),
    }
    Ok(())
}

/// NULL counts as "", but NULL and NULL is NULL.
fn concatenate<'a>(left: &mut Value<'a>, right: Value<'a>) -> std::result::Result<(), Fault> {
    match (&mut *left, right) {
        (Value::Text(_) | Value::Null, Value::Null) => Ok(()),
        (Value::Null, right @ Value::Text(_)) => {
            *left = right;
            Ok(())
        }
        (Value::Text(left), Value::Text(right)) => {
            if left.len() + right.len() > functions::MAX_TEXT_BYTES {
                return Err(Fault::limit(format!(
                    "a text made by an expression has at most {} bytes",
                    functions::MAX_TEXT_BYTES
                )));
            }
            match left {
                _ if right.is_empty() => {}
                _ if left.is_empty() => *left = right,
                Cow::Owned(left) => left.push_str(&right),
                Cow::Borrowed(start) => {
                    // Most texts that are joined are parts of names and addresses: room for the next ones too.
                    let mut joined = String::with_capacity((start.len() + right.len()).next_multiple_of(64));
                    joined.push_str(start);
                    joined.push_str(&right);
                    *left = Cow::Owned(joined);
                }
            }
            Ok(())
        }
        _ => Err(Fault::value("`&` takes texts")),
    }
}

/// What is absent is neither equal to anything nor different from it.
fn compare(operator: Arithmetic, left: &Value<'_>, right: &Value<'_>) -> std::result::Result<bool, Fault> {
    let ordering = match (left, right) {
        (Value::Null, _) | (_, Value::Null) => return Ok(false),
        (Value::Text(a), Value::Text(b)) => a.cmp(b),
        (Value::Number(a), Value::Number(b)) => a.cmp(b),
        (Value::Boolean(a), Value::Boolean(b)) => a.cmp(b),
        (Value::Date(a), Value::Date(b)) => a.cmp(b),
        (Value::Binary(a), Value::Binary(b)) => a.cmp(b),
        (Value::Reference(a), Value::Reference(b)) => {
            let same = a == b || dn::normalize(a).is_some_and(|a| dn::normalize(b) == Some(a));
            if same { Ordering::Equal } else { a.cmp(b) }
        }
        _ => return Err(Fault::value("compares two values of different types")),
    };
    Ok(match operator {
        Arithmetic::Less => ordering.is_lt(),
        Arithmetic::LessOrEqual => ordering.is_le(),
        Arithmetic::NotEqual => ordering.is_ne(),
        Arithmetic::Equal => ordering.is_eq(),
        Arithmetic::Greater => ordering.is_gt(),
        _ => ordering.is_ge(),
    })
}

#[inline(never)]
pub(super) fn condition<'a>(condition: &'a Condition, state: &mut State<'a>, out: &mut Value<'a>) -> Done {
    let place = |fault: Fault| fault.at(None, condition.at);
    let mut left = value_of(&condition.first, state)?;
    for (operator, node) in &condition.rest {
        state.spend(1).map_err(place)?;
        if !matches!(left, Value::Many(_)) {
            let holds = truth(&left).map_err(place)?;
            // What cannot change the result any more is not evaluated.
            if holds == (*operator == Logic::Or) {
                left = Value::Boolean(holds);
                continue;
            }
        }
        let right = value_of(node, state)?;
        let both = |a: Value<'a>, b: Value<'a>| {
            let (a, b) = (truth(&a)?, truth(&b)?);
            Ok(Value::Boolean(match operator {
                Logic::And => a && b,
                Logic::Or => a || b,
            }))
        };
        left = if matches!(left, Value::Many(_)) || matches!(right, Value::Many(_)) {
            side_by_side(left, right, state, false, both)
        } else {
            both(left, right)
        }
        .map_err(place)?;
    }
    *out = left;
    Ok(())
}

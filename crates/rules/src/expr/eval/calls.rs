//! Calling functions: with their arguments as they are, or once for each of several values.

use super::{Call, Done, Node, State, eval, made_bytes, put, value_of};
use crate::expr::error::Fault;
use crate::expr::functions::{self, Body};
use crate::expr::value::{List, Value};

/// Whether an argument needs more than one call: it has several values, or it is an absent list.
#[inline]
fn is_several(call: &Call, at: u8, value: &Value<'_>) -> bool {
    match value {
        Value::Many(_) => call.singles >> at & 1 == 1,
        Value::Null => call.lists >> at & 1 == 1,
        _ => false,
    }
}

#[cold]
#[inline(never)]
fn failed(call: &Call, fault: Fault) -> Done {
    Err(fault.at(Some(call.function.name), call.at))
}

/// Takes a result and pays for what was made.
#[inline]
fn finish<'a>(
    call: &Call,
    result: std::result::Result<Value<'a>, Fault>,
    state: &mut State<'a>,
    out: &mut Value<'a>,
) -> Done {
    let paid = result.as_ref().map_or(Ok(()), |value| state.spend(made_bytes(value) / 8));
    match (result, paid) {
        (Ok(value), Ok(())) => {
            put(out, value);
            Ok(())
        }
        (Err(fault), _) | (_, Err(fault)) => failed(call, fault),
    }
}

// One function for each number of arguments, so that the common small ones do not pay for the frame of the large.

#[inline(never)]
fn call1<'a>(
    call: &'a Call,
    body: functions::F1,
    a: &'a Node,
    state: &mut State<'a>,
    out: &mut Value<'a>,
) -> Done {
    let mut value = Value::Null;
    eval(a, state, &mut value)?;
    if is_several(call, 0, &value) {
        return mapped(call, [value, Value::Null, Value::Null, Value::Null], state, out);
    }
    if let Err(fault) = state.spend(1 + value.weight() / 64) {
        return failed(call, fault);
    }
    finish(call, body(value), state, out)
}

#[inline(never)]
fn call2<'a>(
    call: &'a Call,
    body: functions::F2,
    [node_a, node_b]: [&'a Node; 2],
    state: &mut State<'a>,
    out: &mut Value<'a>,
) -> Done {
    let (mut a, mut b) = (Value::Null, Value::Null);
    eval(node_a, state, &mut a)?;
    eval(node_b, state, &mut b)?;
    if is_several(call, 0, &a) || is_several(call, 1, &b) {
        return mapped(call, [a, b, Value::Null, Value::Null], state, out);
    }
    if let Err(fault) = state.spend(1 + (a.weight() + b.weight()) / 64) {
        return failed(call, fault);
    }
    finish(call, body(a, b), state, out)
}

#[inline(never)]
fn call3<'a>(
    call: &'a Call,
    body: functions::F3,
    [node_a, node_b, node_c]: [&'a Node; 3],
    state: &mut State<'a>,
    out: &mut Value<'a>,
) -> Done {
    let (mut a, mut b, mut c) = (Value::Null, Value::Null, Value::Null);
    eval(node_a, state, &mut a)?;
    eval(node_b, state, &mut b)?;
    eval(node_c, state, &mut c)?;
    if is_several(call, 0, &a) || is_several(call, 1, &b) || is_several(call, 2, &c) {
        return mapped(call, [a, b, c, Value::Null], state, out);
    }
    if let Err(fault) = state.spend(1 + (a.weight() + b.weight() + c.weight()) / 64) {
        return failed(call, fault);
    }
    finish(call, body(a, b, c), state, out)
}

#[inline(never)]
fn call4<'a>(
    call: &'a Call,
    body: functions::F4,
    nodes: [&'a Node; 4],
    state: &mut State<'a>,
    out: &mut Value<'a>,
) -> Done {
    let [a, b, c, d] = nodes;
    let (a, b, c, d) = (value_of(a, state)?, value_of(b, state)?, value_of(c, state)?, value_of(d, state)?);
    if is_several(call, 0, &a)
        || is_several(call, 1, &b)
        || is_several(call, 2, &c)
        || is_several(call, 3, &d)
    {
        return mapped(call, [a, b, c, d], state, out);
    }
    if let Err(fault) = state.spend(1 + (a.weight() + b.weight() + c.weight() + d.weight()) / 64) {
        return failed(call, fault);
    }
    finish(call, body(a, b, c, d), state, out)
}

/// Functions that ask the inputs, and what no compiler makes.
#[inline(never)]
fn call_other<'a>(call: &'a Call, state: &mut State<'a>, out: &mut Value<'a>) -> Done {
    if let Err(fault) = state.spend(1) {
        return failed(call, fault);
    }
    match (call.function.body, &*call.arguments) {
        (Body::S0(body), []) => {
            let result = body(state);
            finish(call, result, state, out)
        }
        (Body::S2(body), [a, b]) => {
            let (a, b) = (value_of(a, state)?, value_of(b, state)?);
            if is_several(call, 0, &a) || is_several(call, 1, &b) {
                return mapped(call, [a, b, Value::Null, Value::Null], state, out);
            }
            let result = body(state, a, b);
            finish(call, result, state, out)
        }
        _ => failed(call, Fault::value("was compiled with other arguments than it takes")),
    }
}

#[inline]
pub(super) fn call<'a>(call: &'a Call, state: &mut State<'a>, out: &mut Value<'a>) -> Done {
    match (call.function.body, &*call.arguments) {
        (Body::F1(body), [a]) => call1(call, body, a, state, out),
        (Body::F2(body), [a, b]) => call2(call, body, [a, b], state, out),
        (Body::F3(body), [a, b, c]) => call3(call, body, [a, b, c], state, out),
        (Body::F4(body), [a, b, c, d]) => call4(call, body, [a, b, c, d], state, out),
        _ => call_other(call, state, out),
    }
}

#[inline(never)]
fn mapped<'a>(call: &Call, arguments: [Value<'a>; 4], state: &mut State<'a>, out: &mut Value<'a>) -> Done {
    match map(call, arguments, state) {
        Ok(value) => {
            *out = value;
            Ok(())
        }
        Err(fault) => failed(call, fault),
    }
}

/// An argument of a function that is applied to every value: the same each time, or another.
pub(super) enum Lane<'a> {
    Same(Value<'a>),
    Each(std::vec::IntoIter<Value<'a>>),
}

impl<'a> Lane<'a> {
    pub(super) fn new(value: Value<'a>, single: bool) -> Self {
        match value {
            Value::Many(list) if single => Self::Each(list.into_vec().into_iter()),
            value => Self::Same(value),
        }
    }

    pub(super) fn len(&self) -> Option<usize> {
        match self {
            Self::Same(_) => None,
            Self::Each(values) => Some(values.len()),
        }
    }

    /// The next value; none where a list has a hole there, or no more values.
    pub(super) fn next(&mut self) -> Option<Value<'a>> {
        match self {
            Self::Same(value) => Some(value.clone()),
            Self::Each(values) => values.next().filter(|value| !value.is_null()),
        }
    }
}

/// How many values lists have that go side by side.
pub(super) fn common_length<'l>(
    lanes: impl Iterator<Item = Option<usize>> + 'l,
) -> std::result::Result<usize, Fault> {
    let mut length = None;
    for found in lanes.flatten() {
        match length {
            Some(held) if held != found => {
                return Err(Fault::value(format!(
                    "two attributes with several values go side by side, but one has {held} and the other {found}"
                )));
            }
            _ => length = Some(found),
        }
    }
    Ok(length.unwrap_or(0))
}

/// Applies a function of single values to every value of the lists among its arguments. A value that was dropped
/// before stays dropped.
fn map<'a>(
    call: &Call,
    arguments: [Value<'a>; 4],
    state: &mut State<'a>,
) -> std::result::Result<Value<'a>, Fault> {
    for (at, value) in arguments.iter().enumerate() {
        if value.is_null() && call.lists >> at & 1 == 1 {
            return Ok(Value::Null);
        }
    }
    let mut bit = 0;
    let mut lanes = arguments.map(|value| {
        let single = call.singles >> bit & 1 == 1;
        bit += 1;
        Lane::new(value, single)
    });
    let length = common_length(lanes.iter().map(Lane::len))?;
    let mut out = Vec::with_capacity(length);
    for _ in 0..length {
        // All lanes step, also past a hole of one of them.
        let [a, b, c, d] = &mut lanes;
        let step = (a.next(), b.next(), c.next(), d.next());
        let (Some(a), Some(b), Some(c), Some(d)) = step else {
            out.push(Value::Null);
            state.spend(1)?;
            continue;
        };
        state.spend(1 + (a.weight() + b.weight() + c.weight() + d.weight()) / 64)?;
        let value = match call.function.body {
            Body::F1(body) => body(a),
            Body::F2(body) => body(a, b),
            Body::F3(body) => body(a, b, c),
            Body::F4(body) => body(a, b, c, d),
            Body::S2(body) => body(state, a, b),
            Body::S0(_) | Body::Form(_) => Err(Fault::value("is not applied to several values")),
        }?;
        state.spend(4 + made_bytes(&value) / 8)?;
        match value {
            Value::Many(list) => out.extend(list.into_vec()),
            value => out.push(value),
        }
    }
    Ok(Value::Many(List::Owned(out)))
}

//! Running a compiled expression on the values of one object.
//!
//! **Invariant:** it ends: no loop but over the values of a list, and every step is paid for from a budget. The
//! result is a function of the inputs alone.

use super::error::{Failure, Fault};
use super::functions::{Body, Function, values_of};
use super::parse::{Arithmetic, Logic};
use super::types::Types;
use super::value::{List, Value};
use super::{Inputs, functions};
use lockstep_model::dn;
use std::borrow::Cow;
use std::cmp::Ordering;

/// What an evaluation may spend: one for a call or an operator, one for every 64 bytes it looks at and every 8 bytes
/// it makes.
pub const MAX_STEPS: u64 = 20_000_000;

type Result<'a> = std::result::Result<Value<'a>, Failure>;
/// The value is where the caller wanted it.
type Done = std::result::Result<(), Failure>;

/// An expression whose names are slots.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    Null,
    AuthoritativeNull,
    IgnoreThisFlow,
    Boolean(bool),
    Number(i64),
    Text(Box<str>),
    Attribute(u32),
    Imported(u32),
    ValueCount(u32),
    Parameter(u32),
    Local(u32),
    Call(Box<Call>),
    Chain(Box<Chain>),
    Condition(Box<Condition>),
    Iif(Box<Iif>),
    Switch(Box<Switch>),
    Select(Box<Each>),
    Where(Box<Each>),
    With(Box<Each>),
}

#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) function: &'static Function,
    pub(crate) at: u32,
    /// Which arguments are one value, by bit: where one has several, the function is applied to each.
    pub(crate) singles: u8,
    /// Which of these give NULL where they are NULL, whatever the function does with it: those known to have several
    /// values, because where such an attribute is absent there is none to apply the function to.
    pub(crate) lists: u8,
    pub(crate) arguments: Box<[Node]>,
}

#[derive(Clone, Debug)]
pub(crate) struct Chain {
    pub(crate) first: Node,
    /// Operands, `first` being 0, that are known to have several values.
    pub(crate) lists: Box<[usize]>,
    pub(crate) rest: Box<[(Arithmetic, u32, Node)]>,
}

#[derive(Clone, Debug)]
pub(crate) struct Condition {
    pub(crate) at: u32,
    pub(crate) first: Node,
    pub(crate) rest: Box<[(Logic, Node)]>,
}

#[derive(Clone, Debug)]
pub(crate) struct Iif {
    pub(crate) at: u32,
    /// Whether the condition is known to have several values.
    pub(crate) several: bool,
    pub(crate) condition: Node,
    pub(crate) yes: Node,
    pub(crate) no: Node,
}

#[derive(Clone, Debug)]
pub(crate) struct Switch {
    pub(crate) at: u32,
    pub(crate) pairs: Box<[(Node, Node)]>,
}

/// `Select`, `Where` and `With`: a value with a name, and what is done with it.
#[derive(Clone, Debug)]
pub(crate) struct Each {
    pub(crate) function: &'static str,
    pub(crate) at: u32,
    pub(crate) value: Node,
    pub(crate) body: Node,
}

/// What an evaluation has in hand.
#[derive(Debug)]
pub(crate) struct State<'a> {
    pub(crate) inputs: &'a Inputs<'a>,
    locals: Vec<Value<'a>>,
    steps: u64,
    drawn: u64,
}

impl<'a> State<'a> {
    pub(crate) const fn new(inputs: &'a Inputs<'a>) -> Self {
        Self { inputs, locals: Vec::new(), steps: MAX_STEPS, drawn: 0 }
    }

    fn spend(&mut self, steps: usize) -> std::result::Result<(), Fault> {
        match self.steps.checked_sub(steps as u64) {
            Some(left) => {
                self.steps = left;
                Ok(())
            }
            None => Err(Fault::limit("the expression does more work on this object than an expression may")),
        }
    }

    /// The next number by chance: the same for the same seed. SplitMix64 on both halves of the seed, which maps
    /// no two seeds to the same number.
    pub(crate) fn draw(&mut self) -> u128 {
        self.drawn += 1;
        let mix = |half: u64| {
            let mut z = half.wrapping_add(self.drawn.wrapping_mul(0x9E37_79B9_7F4A_7C15));
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            z ^ (z >> 31)
        };
        let seed = self.inputs.seed;
        let low = mix(u64::try_from(seed & u128::from(u64::MAX)).unwrap_or(0));
        let high = mix(u64::try_from(seed >> 64).unwrap_or(0));
        u128::from(high) << 64 | u128::from(low)
    }
}

/// Whether a condition holds; NULL does not.
pub(crate) fn truth(value: &Value<'_>) -> std::result::Result<bool, Fault> {
    match value {
        Value::Boolean(flag) => Ok(*flag),
        Value::Number(number) => Ok(*number != 0),
        Value::Null => Ok(false),
        _ => Err(Fault::value("a condition is True, False or a number")),
    }
}

fn held<'a>(values: &'a [Value<'a>], slot: u32) -> Value<'a> {
    values.get(slot as usize).map_or(Value::Null, Value::borrowed)
}

/// Evaluates into `out`, which is NULL before. A slot of the caller's, not a result that is returned: a value is four
/// words, and each move of one, just written in other pieces, would wait for the cache.
pub(crate) fn eval<'a>(node: &'a Node, state: &mut State<'a>, out: &mut Value<'a>) -> Done {
    *out = match node {
        Node::Null => return Ok(()),
        Node::AuthoritativeNull => Value::AuthoritativeNull,
        Node::IgnoreThisFlow => Value::IgnoreThisFlow,
        Node::Boolean(flag) => Value::Boolean(*flag),
        Node::Number(number) => Value::Number(*number),
        Node::Text(text) => Value::text(text),
        Node::Attribute(slot) => held(state.inputs.attributes, *slot),
        Node::Imported(slot) => held(state.inputs.imported.unwrap_or(state.inputs.attributes), *slot),
        Node::ValueCount(slot) => Value::Number(match state.inputs.attributes.get(*slot as usize) {
            None | Some(Value::Null) => 0,
            Some(Value::Many(list)) => i64::try_from(list.as_slice().len()).unwrap_or(i64::MAX),
            Some(_) => 1,
        }),
        Node::Parameter(slot) => held(state.inputs.parameters, *slot),
        Node::Local(at) => return local(*at, state, out),
        Node::Call(call) => return self::call(call, state, out),
        Node::Chain(chain) => return self::chain(chain, state, out),
        Node::Condition(condition) => return self::condition(condition, state, out),
        Node::Iif(iif) => return self::iif(iif, state, out),
        Node::Switch(switch) => return self::switch(switch, state, out),
        Node::Select(each) => return select(each, state, out),
        Node::Where(each) => return filter(each, state, out),
        Node::With(each) => return with(each, state, out),
    };
    Ok(())
}

/// Evaluates where the speed of a move does not count.
fn value_of<'a>(node: &'a Node, state: &mut State<'a>) -> Result<'a> {
    let mut value = Value::Null;
    eval(node, state, &mut value)?;
    Ok(value)
}

#[inline(never)]
fn local<'a>(at: u32, state: &mut State<'a>, out: &mut Value<'a>) -> Done {
    let bytes = state.locals.get(at as usize).map_or(0, made_bytes);
    state.spend(1 + bytes / 8).map_err(|fault| fault.at(None, 0))?;
    *out = state.locals.get(at as usize).cloned().unwrap_or(Value::Null);
    Ok(())
}

#[inline(never)]
fn with<'a>(each: &'a Each, state: &mut State<'a>, out: &mut Value<'a>) -> Done {
    let value = value_of(&each.value, state)?;
    state.locals.push(value);
    eval(&each.body, state, out)?;
    state.locals.pop();
    Ok(())
}

/// Bytes of a value that were made anew, not borrowed.
#[inline]
fn made_bytes(value: &Value<'_>) -> usize {
    match value {
        Value::Text(Cow::Owned(text)) | Value::Reference(Cow::Owned(text)) => text.len(),
        Value::Binary(Cow::Owned(octets)) => octets.len(),
        Value::Many(List::Owned(list)) => made_list(list),
        _ => 0,
    }
}

#[inline(never)]
fn made_list(list: &[Value<'_>]) -> usize {
    list.iter().map(|value| 32 + made_bytes(value)).sum()
}

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
    match result {
        Ok(value) => {
            *out = value;
            match state.spend(made_bytes(out) / 8) {
                Ok(()) => Ok(()),
                Err(fault) => failed(call, fault),
            }
        }
        Err(fault) => failed(call, fault),
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
fn call<'a>(call: &'a Call, state: &mut State<'a>, out: &mut Value<'a>) -> Done {
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
enum Lane<'a> {
    Same(Value<'a>),
    Each(std::vec::IntoIter<Value<'a>>),
}

impl<'a> Lane<'a> {
    fn new(value: Value<'a>, single: bool) -> Self {
        match value {
            Value::Many(list) if single => Self::Each(list.into_vec().into_iter()),
            value => Self::Same(value),
        }
    }

    fn len(&self) -> Option<usize> {
        match self {
            Self::Same(_) => None,
            Self::Each(values) => Some(values.len()),
        }
    }

    /// The next value; none where a list has a hole there, or no more values.
    fn next(&mut self) -> Option<Value<'a>> {
        match self {
            Self::Same(value) => Some(value.clone()),
            Self::Each(values) => values.next().filter(|value| !value.is_null()),
        }
    }
}

/// How many values lists have that go side by side.
fn common_length<'l>(lanes: impl Iterator<Item = Option<usize>> + 'l) -> std::result::Result<usize, Fault> {
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

#[inline(never)]
fn chain<'a>(chain: &'a Chain, state: &mut State<'a>, left: &mut Value<'a>) -> Done {
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
fn condition<'a>(condition: &'a Condition, state: &mut State<'a>, out: &mut Value<'a>) -> Done {
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

#[inline(never)]
fn iif<'a>(iif: &'a Iif, state: &mut State<'a>, out: &mut Value<'a>) -> Done {
    let place = |fault: Fault| fault.at(Some("IIF"), iif.at);
    state.spend(1).map_err(place)?;
    let mut condition = Value::Null;
    eval(&iif.condition, state, &mut condition)?;
    match condition {
        Value::Null if iif.several => Ok(()),
        Value::Many(choices) => choose(iif, choices.into_vec(), state, out),
        single => {
            let chosen = if truth(&single).map_err(place)? { &iif.yes } else { &iif.no };
            eval(chosen, state, out)
        }
    }
}

/// `IIF` with a condition of several values: it chooses for each.
fn choose<'a>(iif: &'a Iif, choices: Vec<Value<'a>>, state: &mut State<'a>, out: &mut Value<'a>) -> Done {
    let place = |fault: Fault| fault.at(Some("IIF"), iif.at);
    let choices: Vec<bool> =
        choices.iter().map(truth).collect::<std::result::Result<_, _>>().map_err(place)?;
    // A side that no value takes is not evaluated.
    let yes = if choices.contains(&true) { value_of(&iif.yes, state)? } else { Value::Null };
    let no = if choices.contains(&false) { value_of(&iif.no, state)? } else { Value::Null };
    let (mut yes, mut no) = (Lane::new(yes, true), Lane::new(no, true));
    let length = [Some(choices.len()), yes.len(), no.len()].into_iter();
    common_length(length).map_err(place)?;
    let mut chosen = Vec::with_capacity(choices.len());
    for choice in choices {
        state.spend(5).map_err(place)?;
        let (yes, no) = (yes.next(), no.next());
        chosen.push(if choice { yes } else { no }.unwrap_or(Value::Null));
    }
    *out = Value::Many(List::Owned(chosen));
    Ok(())
}

#[inline(never)]
fn switch<'a>(switch: &'a Switch, state: &mut State<'a>, out: &mut Value<'a>) -> Done {
    let place = |fault: Fault| fault.at(Some("Switch"), switch.at);
    let mut chosen = None;
    for (condition, value) in &switch.pairs {
        state.spend(1).map_err(place)?;
        let condition = value_of(condition, state)?;
        if truth(&condition).map_err(place)? && chosen.is_none() {
            chosen = Some(value);
        }
    }
    chosen.map_or(Ok(()), |value| eval(value, state, out))
}

#[inline(never)]
fn select<'a>(each: &'a Each, state: &mut State<'a>, out: &mut Value<'a>) -> Done {
    let place = |fault: Fault| fault.at(Some(each.function), each.at);
    let mut kept = Vec::new();
    for value in values_of(value_of(&each.value, state)?) {
        state.spend(4).map_err(place)?;
        state.locals.push(value);
        let made = value_of(&each.body, state)?;
        state.locals.pop();
        match made {
            Value::Null => {}
            Value::Many(list) => kept.extend(values_of(Value::Many(list))),
            single => kept.push(single),
        }
    }
    *out = functions::many(kept);
    Ok(())
}

#[inline(never)]
fn filter<'a>(each: &'a Each, state: &mut State<'a>, out: &mut Value<'a>) -> Done {
    let place = |fault: Fault| fault.at(Some(each.function), each.at);
    let mut kept = Vec::new();
    for value in values_of(value_of(&each.value, state)?) {
        state.spend(4).map_err(place)?;
        state.locals.push(value);
        let holds = truth(&value_of(&each.body, state)?).map_err(place)?;
        let value = state.locals.pop();
        if holds {
            kept.extend(value);
        }
    }
    *out = functions::many(kept);
    Ok(())
}

/// The types that can be compared by `<` and `>`.
pub(crate) const ORDERED: Types = Types::NUMBER.or(Types::TEXT).or(Types::DATE);

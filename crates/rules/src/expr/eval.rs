//! Running a compiled expression on the values of one object.
//!
//! **Invariant:** it ends: no loop but over the values of a list, and every step is paid for from a budget. The
//! result is a function of the inputs alone.

mod calls;
mod operators;

pub(crate) use operators::ORDERED;

use self::calls::{Lane, common_length};
use super::error::{Failure, Fault};
use super::functions::{Function, values_of};
use super::parse::{Arithmetic, Logic};
use super::value::{List, Value};
use super::{Inputs, functions};
use std::borrow::Cow;

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
    let value = match node {
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
        Node::Call(call) => return calls::call(call, state, out),
        Node::Chain(chain) => return operators::chain(chain, state, out),
        Node::Condition(condition) => return operators::condition(condition, state, out),
        Node::Iif(iif) => return self::iif(iif, state, out),
        Node::Switch(switch) => return self::switch(switch, state, out),
        Node::Select(each) => return select(each, state, out),
        Node::Where(each) => return filter(each, state, out),
        Node::With(each) => return with(each, state, out),
    };
    put(out, value);
    Ok(())
}

/// Fills a place that is NULL, so that there is nothing to drop.
#[inline]
fn put<'a>(out: &mut Value<'a>, value: Value<'a>) {
    std::mem::forget(std::mem::replace(out, value));
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

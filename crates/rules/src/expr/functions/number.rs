//! Bits and chance.

use super::{Body, Function, Group, Out, Returns, number_of, one};
use crate::expr::error::Fault;
use crate::expr::eval::State;
use crate::expr::types::Types;
use crate::expr::value::Value;

const NUMBER: Types = Types::NUMBER;

#[rustfmt::skip]
pub(super) static FUNCTIONS: &[Function] = &[
    Function {
        name: "BitAnd", group: Group::Math, parameters: &[one("left", NUMBER), one("right", NUMBER)],
        returns: Returns::One(NUMBER),
        summary: "The bits that both numbers have.",
        notes: &[
            "Numbers have 64 bits and a sign, so that a directory's negative numbers of 32 bits (`groupType`) keep \
             their upper bit.",
            "NULL stays NULL.",
        ],
        examples: &[("BitAnd(&HF, &HF7)", "7"), ("BitAnd([groupType], &H80000000) <> 0", "True")],
        body: Body::F2(bit_and),
    },
    Function {
        name: "BitOr", group: Group::Math, parameters: &[one("left", NUMBER), one("right", NUMBER)],
        returns: Returns::One(NUMBER),
        summary: "The bits that one of the numbers has, or both.",
        notes: &["NULL stays NULL."],
        examples: &[("BitOr(&HF0, 3)", "243")],
        body: Body::F2(bit_or),
    },
    Function {
        name: "RandomNum", group: Group::Math, parameters: &[one("low", NUMBER), one("high", NUMBER)],
        returns: Returns::One(NUMBER),
        summary: "A number by chance, not below the first and not above the second.",
        notes: &["The first must not be above the second.", "NULL stays NULL."],
        examples: &[("RandomNum(7, 7)", "7")],
        body: Body::S2(random_num),
    },
];

fn bit_and<'a>(left: Value<'a>, right: Value<'a>) -> Out<'a> {
    let (Some(left), Some(right)) = (number_of(&left)?, number_of(&right)?) else { return Ok(Value::Null) };
    Ok(Value::Number(left & right))
}

fn bit_or<'a>(left: Value<'a>, right: Value<'a>) -> Out<'a> {
    let (Some(left), Some(right)) = (number_of(&left)?, number_of(&right)?) else { return Ok(Value::Null) };
    Ok(Value::Number(left | right))
}

fn random_num<'a>(state: &mut State<'a>, low: Value<'a>, high: Value<'a>) -> Out<'a> {
    let (Some(low), Some(high)) = (number_of(&low)?, number_of(&high)?) else { return Ok(Value::Null) };
    if low > high {
        return Err(Fault::value("the lower limit is above the upper one"));
    }
    // At most 2^64 numbers; the remainder favours none by more than one part in 2^64.
    let span = u128::from(high.abs_diff(low)) + 1;
    let step = i128::try_from(state.draw() % span).unwrap_or(0);
    Ok(Value::Number(i64::try_from(i128::from(low) + step).unwrap_or(high)))
}

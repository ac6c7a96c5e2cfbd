//! From a tree to a program: names become slots, and everything that can be known before a run is checked here.

use super::error::nearest;
use super::eval::{Call, Chain, Condition, Each, Iif, Node, ORDERED, Switch};
use super::functions::{Accepts, Body, Default, Form, Function, Parameter, Returns};
use super::lexer::Mistake;
use super::parse::{Arithmetic, Expr, Kind};
use super::schema::Schema;
use super::types::{Arity, Shape, Types};
use std::collections::BTreeSet;

/// What `exp` stands for: True and False, and numbers, of which 0 is False.
const TRUTH: Types = Types::BOOLEAN.or(Types::NUMBER);
const CONSTANTS: [&str; 6] = ["True", "False", "NULL", "CRLF", "IgnoreThisFlow", "AuthoritativeNull"];

/// A program and what is known of it.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) node: Node,
    pub(crate) shape: Shape,
    /// Slots that it reads, and that it reads as imported.
    pub(crate) attributes: BTreeSet<u32>,
    pub(crate) imported: BTreeSet<u32>,
    pub(crate) parameters: BTreeSet<u32>,
    pub(crate) volatile: bool,
}

pub(crate) fn compile(expr: &Expr, schema: &Schema) -> Result<Program, Mistake> {
    let mut compiler = Compiler {
        schema,
        scope: Vec::new(),
        attributes: BTreeSet::new(),
        imported: BTreeSet::new(),
        parameters: BTreeSet::new(),
        volatile: false,
    };
    let (node, shape) = compiler.lower(expr, true)?;
    let Compiler { attributes, imported, parameters, volatile, .. } = compiler;
    Ok(Program { node, shape, attributes, imported, parameters, volatile })
}

struct Compiler<'s> {
    schema: &'s Schema,
    /// The variables, the innermost last; a variable's place is its place at run time.
    scope: Vec<(String, Shape)>,
    attributes: BTreeSet<u32>,
    imported: BTreeSet<u32>,
    parameters: BTreeSet<u32>,
    volatile: bool,
}

type Lowered = Result<(Node, Shape), Mistake>;

impl Compiler<'_> {
    /// `result` says whether the value is what the flow gives: only there a control literal may stand.
    fn lower(&mut self, expr: &Expr, result: bool) -> Lowered {
        let at = expr.at.0;
        match &expr.kind {
            Kind::Text(text) => Ok((Node::Text(text.as_str().into()), Shape::one(Types::TEXT))),
            Kind::Number(number) => Ok((Node::Number(*number), Shape::one(Types::NUMBER))),
            Kind::Name(name) => self.name(name, at, result),
            Kind::Attribute(name) => {
                let (slot, shape) = self.attribute(name, at)?;
                self.attributes.insert(slot);
                Ok((Node::Attribute(slot), shape))
            }
            Kind::Parameter(name) => match self.schema.parameter_slot(name) {
                Some(slot) => {
                    self.parameters.insert(slot);
                    Ok((Node::Parameter(slot), Shape::one(Types::TEXT)))
                }
                None => Err(unknown(at, &format!("there is no parameter %{name}%"), name, "%", "%", {
                    self.schema.parameters().iter().map(String::as_str)
                })),
            },
            Kind::Variable(name) => {
                let found = self.scope.iter().rposition(|(held, _)| held == name);
                match found.and_then(|at| Some((u32::try_from(at).ok()?, self.scope.get(at)?.1))) {
                    Some((slot, shape)) => Ok((Node::Local(slot), shape)),
                    None => Err(unknown(at, &format!("there is no variable ${name} here"), name, "$", "", {
                        self.scope.iter().map(|(name, _)| name.as_str())
                    })),
                }
            }
            Kind::Call { name, arguments } => self.call(name, at, arguments, result),
            Kind::Chain { first, rest } => {
                let (first_node, mut shape) = self.lower(first, false)?;
                let mut nodes = Vec::with_capacity(rest.len());
                let mut lists: Vec<usize> = (shape.arity == Arity::Many).then_some(0).into_iter().collect();
                for (index, (operator, at, operand)) in rest.iter().enumerate() {
                    let (node, right) = self.lower(operand, false)?;
                    lists.extend((right.arity == Arity::Many).then_some(index + 1));
                    shape = operated(*operator, at.0, shape, right)?;
                    nodes.push((*operator, at.0, node));
                }
                Ok((
                    Node::Chain(Box::new(Chain {
                        first: first_node,
                        lists: lists.into(),
                        rest: nodes.into(),
                    })),
                    shape,
                ))
            }
            Kind::Condition { first, rest } => {
                let (first_node, shape) = self.lower(first, false)?;
                must_be_true_or_false(rest.first().map_or("&&", |(op, _)| op.as_str()), first, shape)?;
                let mut arity = shape.arity;
                let mut nodes = Vec::with_capacity(rest.len());
                for (operator, operand) in rest {
                    let (node, shape) = self.lower(operand, false)?;
                    must_be_true_or_false(operator.as_str(), operand, shape)?;
                    // Where one side of several decides, the other with its several values is not evaluated.
                    arity = if (arity, shape.arity) == (Arity::One, Arity::One) {
                        Arity::One
                    } else {
                        Arity::Either
                    };
                    nodes.push((*operator, node));
                }
                let condition = Condition { at, first: first_node, rest: nodes.into() };
                Ok((Node::Condition(Box::new(condition)), Shape { types: Types::BOOLEAN, arity }))
            }
        }
    }

    fn name(&self, name: &str, at: u32, result: bool) -> Lowered {
        Ok(match name {
            "True" => (Node::Boolean(true), Shape::one(Types::BOOLEAN)),
            "False" => (Node::Boolean(false), Shape::one(Types::BOOLEAN)),
            "NULL" => (Node::Null, Shape::NULL),
            "CRLF" => (Node::Text("\r\n".into()), Shape::one(Types::TEXT)),
            "IgnoreThisFlow" | "AuthoritativeNull" if !result => {
                return Err(Mistake::new(at, format!("{name} is no value")).suggest(
                    "it may only be the result of the flow: alone, or as a value of IIF, Switch or With",
                ));
            }
            "IgnoreThisFlow" => (Node::IgnoreThisFlow, Shape::NULL),
            "AuthoritativeNull" => (Node::AuthoritativeNull, Shape::NULL),
            _ => {
                if let Some(function) = Function::named(name) {
                    return Err(Mistake::new(at, format!("{name} is a function and needs its arguments"))
                        .suggest(format!("write `{}`", function.signature())));
                }
                let constants = CONSTANTS.into_iter();
                let known = constants.chain(Function::all().map(|function| function.name));
                let mut mistake =
                    unknown(at, &format!("there is no constant `{name}`"), name, "`", "`", known);
                if mistake.suggestion.is_none() {
                    mistake = if self.schema.slot(name).is_some() {
                        mistake.suggest(format!("an attribute is written [{name}]"))
                    } else {
                        mistake.suggest(format!("a text is written \"{name}\", an attribute [{name}]"))
                    };
                }
                return Err(mistake);
            }
        })
    }

    /// Whether a condition is IsString() of an attribute whose type keeps it from ever being text. The side that is never
    /// chosen is then not compiled: the default rules of Entra Connect write `IIF(IsString([x]), CStr([x]),
    /// ConvertToBase64([x]))`, so that they hold for whichever attribute is chosen as the anchor.
    fn never_text(&self, condition: &Expr) -> bool {
        let Kind::Call { name, arguments } = &condition.kind else { return false };
        let ("IsString", [value]) = (name.as_str(), arguments.as_slice()) else { return false };
        let Kind::Attribute(name) = &value.kind else { return false };
        let texts = Types::TEXT.or(Types::NUMBER).or(Types::REFERENCE).or(Types::BOOLEAN);
        self.attribute(name, value.at.0)
            .is_ok_and(|(_, shape)| shape.arity == Arity::One && shape.types.and(texts).is_empty())
    }

    fn attribute(&self, name: &str, at: u32) -> Result<(u32, Shape), Mistake> {
        let found = self.schema.slot(name).and_then(|slot| {
            let attribute = self.schema.attributes().get(slot as usize)?;
            Some((slot, Shape { types: attribute.kind.types(), arity: attribute.arity() }))
        });
        found.ok_or_else(|| {
            let names = self.schema.attributes().iter().map(|attribute| attribute.name.as_str());
            unknown(at, &format!("there is no attribute [{name}]"), name, "[", "]", names)
        })
    }

    fn call(&mut self, name: &str, at: u32, arguments: &[Expr], result: bool) -> Lowered {
        let Some(function) = Function::named(name) else {
            return Err(no_function(name, at));
        };
        let least = function.least();
        let most = function.parameters.len();
        let switch = function.body_is(Form::Switch);
        if switch && (arguments.is_empty() || !arguments.len().is_multiple_of(2)) {
            let message =
                format!("Switch takes pairs of a condition and a value, not {} arguments", arguments.len());
            return Err(
                Mistake::new(at, message).suggest("for everything else write `True, value` as the last pair")
            );
        }
        if !switch && !(least..=most).contains(&arguments.len()) {
            let takes = match (least, most) {
                (1, 1) => "1 argument".to_owned(),
                (a, b) if a == b => format!("{a} arguments"),
                (a, b) => format!("{a} to {b} arguments"),
            };
            return Err(Mistake::new(at, format!("{name} takes {takes}, not {}", arguments.len()))
                .suggest(format!("write `{}`", function.signature())));
        }
        self.volatile |= function.is_volatile();
        if let Body::Form(form) = function.body {
            return self.form(form, function, at, arguments, result);
        }
        let mut nodes = Vec::with_capacity(most);
        let mut shapes = Vec::with_capacity(most);
        let mut arity = Arity::One;
        let (mut singles, mut lists) = (0_u8, 0_u8);
        for (index, parameter) in function.parameters.iter().enumerate() {
            let Some(argument) = arguments.get(index) else {
                nodes.push(match parameter.default {
                    Some(Default::Text(text)) => Node::Text(text.into()),
                    Some(Default::Number(number)) => Node::Number(number),
                    Some(Default::Null) | None => Node::Null,
                });
                shapes.push(Shape::NULL);
                continue;
            };
            if let Accepts::Keyword(words) = parameter.accepts {
                nodes.push(Node::Number(keyword(function, words, argument)?));
                shapes.push(Shape::NULL);
                continue;
            }
            let (node, shape) = self.lower(argument, false)?;
            accept(function, index, parameter, argument, shape)?;
            if matches!(parameter.accepts, Accepts::One(_) | Accepts::Condition) {
                singles |= 1 << index;
                // `Mid` gives "" for text that is absent; for binary there is no such thing.
                let binary = matches!(function.returns, Returns::Element(at) if at == index)
                    && shape.types == Types::BINARY;
                lists |= u8::from(shape.arity == Arity::Many || binary) << index;
                arity = arity.mapped(shape.arity);
            }
            nodes.push(node);
            shapes.push(shape);
        }
        let of = |at: usize| shapes.get(at).map_or(Types::NONE, |shape| shape.types);
        let shape = match function.returns {
            Returns::One(types) => Shape { types, arity },
            Returns::Element(at) => {
                let single =
                    function.parameters.get(at).is_some_and(|p| matches!(p.accepts, Accepts::One(_)));
                let types = if single && of(at).is_empty() { Types::TEXT } else { of(at) };
                Shape { types, arity }
            }
            Returns::List(types) => Shape { types, arity: Arity::Many },
            Returns::Same(at) => Shape { types: of(at), arity: Arity::Many },
            Returns::Form | Returns::Never => Shape::NULL,
        };
        Ok((Node::Call(Box::new(Call { function, at, singles, lists, arguments: nodes.into() })), shape))
    }

    fn form(
        &mut self,
        form: Form,
        function: &'static Function,
        at: u32,
        arguments: &[Expr],
        result: bool,
    ) -> Lowered {
        match (form, arguments) {
            (Form::Iif, [condition, _, no]) if self.never_text(condition) => self.lower(no, result),
            (Form::Iif, [condition, yes, no]) => {
                let (condition, test) = self.condition(function, 0, condition)?;
                // For several values a control literal cannot be chosen for some of them.
                let result = result && test.arity == Arity::One;
                let (yes, a) = self.lower(yes, result)?;
                let (no, b) = self.lower(no, result)?;
                let mut shape = a.or(b);
                shape.arity = match test.arity {
                    Arity::One => shape.arity,
                    Arity::Many => Arity::Many,
                    Arity::Either => Arity::Either.or(shape.arity),
                };
                Ok((
                    Node::Iif(Box::new(Iif { at, several: test.arity == Arity::Many, condition, yes, no })),
                    shape,
                ))
            }
            (Form::Switch, pairs) => {
                let mut shape = Shape::NULL;
                let mut nodes = Vec::new();
                let (pairs, _) = pairs.as_chunks::<2>();
                for [condition, value] in pairs {
                    let place = condition.at.0;
                    let (condition, test) = self.condition(function, 0, condition)?;
                    if test.arity != Arity::One {
                        return Err(Mistake::new(
                            place,
                            "a condition of Switch is one value, this can have several",
                        )
                        .suggest("nest IIF(), which chooses for each value, or use Select()"));
                    }
                    let (value, found) = self.lower(value, result)?;
                    shape = shape.or(found);
                    nodes.push((condition, value));
                }
                Ok((Node::Switch(Box::new(Switch { at, pairs: nodes.into() })), shape))
            }
            (Form::Select | Form::Where | Form::With, [variable, value, body]) => {
                let Kind::Variable(name) = &variable.kind else {
                    return Err(Mistake::new(
                        variable.at.0,
                        format!("{} begins with a variable", function.name),
                    )
                    .suggest(format!("write `{}`", function.signature())));
                };
                let (value, shape) = self.lower(value, false)?;
                let inner = if form == Form::With { shape } else { Shape::one(shape.types) };
                self.scope.push((name.clone(), inner));
                let body = if form == Form::Where {
                    self.condition(function, 2, body)
                } else {
                    self.lower(body, result && form == Form::With)
                };
                self.scope.pop();
                let (body, made) = body?;
                let each = Box::new(Each { function: function.name, at, value, body });
                Ok(match form {
                    Form::Where => (Node::Where(each), Shape { types: shape.types, arity: Arity::Many }),
                    Form::Select => (Node::Select(each), Shape { types: made.types, arity: Arity::Many }),
                    _ => (Node::With(each), made),
                })
            }
            (Form::ImportedValue | Form::ValueCount, [name]) => {
                let place = name.at.0;
                let Kind::Text(name) = &name.kind else {
                    let mut mistake = Mistake::new(
                        place,
                        format!("{} takes the name of an attribute in quotes", function.name),
                    );
                    if let Kind::Attribute(name) = &name.kind {
                        mistake = mistake.suggest(format!("write {}(\"{name}\")", function.name));
                    }
                    return Err(mistake);
                };
                let (slot, shape) = self.attribute(name, place)?;
                if form == Form::ValueCount {
                    self.attributes.insert(slot);
                    return Ok((Node::ValueCount(slot), Shape::one(Types::NUMBER)));
                }
                self.imported.insert(slot);
                Ok((Node::Imported(slot), shape))
            }
            _ => Err(Mistake::new(at, format!("{} takes other arguments", function.name))
                .suggest(format!("write `{}`", function.signature()))),
        }
    }

    fn condition(&mut self, function: &Function, index: usize, condition: &Expr) -> Lowered {
        let (node, shape) = self.lower(condition, false)?;
        if !TRUTH.covers(shape.types) {
            let message = format!("argument {} of {} is a condition, not {shape}", index + 1, function.name);
            return Err(Mistake::new(condition.at.0, message)
                .suggest("compare it with something, or ask IsPresent()"));
        }
        Ok((node, shape))
    }
}

/// Names that other languages have for what is here.
const ELSEWHERE: &[(&str, &str)] = &[
    ("append", "the operator `&`"),
    ("concat", "the operator `&`"),
    ("coalesce", "`IIF(IsPresent([a]), [a], [b])`"),
    ("endswith", "`Right(text, n) = \"...\"`"),
    ("if", "`IIF`"),
    ("length", "`Len`"),
    ("lower", "`LCase`"),
    ("normalizediacritics", "`ReplaceChars`"),
    ("not", "a comparison with False"),
    ("startswith", "`Left(text, n) = \"...\"`"),
    ("substitute", "`Replace`"),
    ("substr", "`Mid`"),
    ("substring", "`Mid`"),
    ("tolower", "`LCase`"),
    ("toupper", "`UCase`"),
    ("upper", "`UCase`"),
];

fn no_function(name: &str, at: u32) -> Mistake {
    let lower = name.to_ascii_lowercase();
    if let Some((_, here)) = ELSEWHERE.iter().find(|(elsewhere, _)| *elsewhere == lower) {
        return Mistake::new(at, format!("there is no function `{name}`")).suggest(format!("use {here}"));
    }
    let names = Function::all().map(|function| function.name);
    let mistake = unknown(at, &format!("there is no function `{name}`"), name, "`", "`", names);
    if mistake.suggestion.is_some() {
        return mistake;
    }
    mistake.suggest("the reference \"Functions of expressions\" lists all there are")
}

fn unknown<'n>(
    at: u32,
    message: &str,
    name: &str,
    before: &str,
    after: &str,
    names: impl Iterator<Item = &'n str>,
) -> Mistake {
    let mistake = Mistake::new(at, message);
    match nearest(name, names) {
        Some(near) => mistake.suggest(format!("did you mean {before}{near}{after}?")),
        None => mistake,
    }
}

fn keyword(function: &Function, words: &[&str], argument: &Expr) -> Result<i64, Mistake> {
    let (Kind::Name(word) | Kind::Text(word)) = &argument.kind else {
        return Err(Mistake::new(
            argument.at.0,
            format!("{} takes one of {} here", function.name, words.join(", ")),
        ));
    };
    let found = words.iter().position(|known| known == word).and_then(|at| i64::try_from(at).ok());
    found.ok_or_else(|| {
        let message = format!("{} takes one of {} here, not `{word}`", function.name, words.join(", "));
        unknown(argument.at.0, &message, word, "`", "`", words.iter().copied())
    })
}

/// Whether an argument is what the parameter takes.
fn accept(
    function: &Function,
    index: usize,
    parameter: &Parameter,
    argument: &Expr,
    shape: Shape,
) -> Result<(), Mistake> {
    let types = match parameter.accepts {
        Accepts::One(types) | Accepts::Whole(types) | Accepts::List(types) => types,
        Accepts::Condition => TRUTH,
        Accepts::Keyword(_) | Accepts::AttributeName | Accepts::Variable => Types::NONE,
    };
    let place = argument.at.0;
    let name = function.name;
    if !types.covers(shape.types) {
        let message =
            format!("{name} takes {types} as its argument {} ({}), not {shape}", index + 1, parameter.name);
        let mistake = Mistake::new(place, message);
        return Err(match conversion(shape.types, types) {
            Some(convert) => mistake.suggest(format!("convert it: {convert}")),
            None => mistake,
        });
    }
    if matches!(parameter.accepts, Accepts::List(_)) && shape.arity == Arity::One && !shape.types.is_empty() {
        let message = format!(
            "{name} takes several values as its argument {} ({}), and this has one",
            index + 1,
            parameter.name
        );
        return Err(
            Mistake::new(place, message).suggest("use the value itself, or Split() to make several of it")
        );
    }
    Ok(())
}

/// How one type becomes another.
fn conversion(from: Types, to: Types) -> Option<&'static str> {
    let has = |types: Types, one: Types| types.covers(one);
    if !from.is_one() {
        return None;
    }
    Some(match from {
        Types::TEXT if has(to, Types::NUMBER) => "CNum(...)",
        Types::TEXT if has(to, Types::REFERENCE) => "CRef(...)",
        Types::TEXT if has(to, Types::DATE) => "CDate(...)",
        Types::TEXT if has(to, Types::BINARY) => "CGuid(...) makes binary of a GUID",
        Types::NUMBER if has(to, Types::DATE) => "DateFromNum(...)",
        Types::NUMBER if has(to, Types::BOOLEAN) => "CBool(...)",
        Types::NUMBER | Types::BOOLEAN | Types::REFERENCE if has(to, Types::TEXT) => "CStr(...)",
        Types::DATE if has(to, Types::TEXT) => "FormatDateTime(..., \"yyyy-MM-dd\")",
        Types::DATE if has(to, Types::NUMBER) => "NumFromDate(...)",
        Types::BINARY if has(to, Types::TEXT) => {
            "ConvertToBase64(...), StringFromGuid(...) or StringFromSid(...)"
        }
        _ => return None,
    })
}

fn must_be_true_or_false(operator: &str, operand: &Expr, shape: Shape) -> Result<(), Mistake> {
    if TRUTH.covers(shape.types) {
        return Ok(());
    }
    Err(Mistake::new(operand.at.0, format!("`{operator}` takes conditions, not {shape}"))
        .suggest("compare it with something, or ask IsPresent()"))
}

/// What an operator makes of two shapes.
fn operated(operator: Arithmetic, at: u32, left: Shape, right: Shape) -> Result<Shape, Mistake> {
    let arity = left.arity.mapped(right.arity);
    let sign = operator.as_str();
    let takes = match operator {
        Arithmetic::Concatenate => Types::TEXT,
        Arithmetic::Add | Arithmetic::Subtract | Arithmetic::Multiply => Types::NUMBER,
        Arithmetic::Equal | Arithmetic::NotEqual => Types::ANY,
        _ => ORDERED,
    };
    for side in [left, right] {
        if !takes.covers(side.types) {
            let mistake = Mistake::new(at, format!("`{sign}` takes {takes} on both sides, not {side}"));
            return Err(match conversion(side.types, takes) {
                Some(convert) => mistake.suggest(format!("convert it: {convert}")),
                None => mistake,
            });
        }
    }
    let comparison = !matches!(
        operator,
        Arithmetic::Concatenate | Arithmetic::Add | Arithmetic::Subtract | Arithmetic::Multiply
    );
    if !comparison {
        return Ok(Shape { types: takes, arity });
    }
    let both = left.types.or(right.types);
    if !(both.is_empty() || both.is_one()) {
        let mistake = Mistake::new(at, format!("`{sign}` compares {left} with {right}"));
        let convert = conversion(left.types, right.types).or_else(|| conversion(right.types, left.types));
        return Err(match convert {
            Some(convert) => mistake.suggest(format!("convert one of them: {convert}")),
            None => mistake,
        });
    }
    Ok(Shape { types: Types::BOOLEAN, arity })
}

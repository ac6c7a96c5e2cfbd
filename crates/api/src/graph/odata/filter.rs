//! `$filter`: `eq ne gt ge lt le in and or not`, `startsWith endsWith contains`, `any(...)`, `/$count`, null,
//! parentheses. By recursive descent, with limits on depth and size.
//!
//! **Invariant:** what is not understood is an error; no part of a filter is ever left out.

use super::lex::{Token, lex};
use crate::error::ApiError;
use crate::graph::resource::{FieldKind, Known, Resource};
use lockstep_model::{Property, Timestamp};
use lockstep_tenant::{Comparison, ErrorField, ErrorTest, Field, Filter, Literal};

/// Parentheses, `not` and lambdas within each other.
const MAX_DEPTH: usize = 32;
/// Conditions and values in all.
const MAX_NODES: usize = 500;

/// Reads a filter on a resource.
///
/// # Errors
/// 400: `Request_BadRequest` for what is no filter or names no property, `Request_UnsupportedQuery` for one that
/// this server cannot answer.
pub(crate) fn parse(text: &str, resource: Resource) -> Result<Filter, ApiError> {
    let tokens = lex(text)?;
    let mut parser = Parser { tokens: &tokens, resource, depth: 0, nodes: 0 };
    let filter = parser.or()?;
    match parser.tokens.first() {
        None => Ok(filter),
        Some(token) => Err(unexpected(Some(token))),
    }
}

struct Parser<'t, 'a> {
    /// What is still to be read.
    tokens: &'t [Token<'a>],
    resource: Resource,
    depth: usize,
    nodes: usize,
}

/// What stands left of a comparison.
enum Subject {
    Field(Field, FieldKind),
    List(Property),
    Errors,
    /// `prop/$count`.
    Count(Known),
}

/// A value as written.
enum Value {
    Null,
    Flag(bool),
    Text(String),
    /// A word without quotes: a number, time or GUID.
    Bare(String),
}

impl<'t, 'a> Parser<'t, 'a> {
    fn or(&mut self) -> Result<Filter, ApiError> {
        self.chain("or", Self::and, Filter::Or)
    }

    fn and(&mut self) -> Result<Filter, ApiError> {
        self.chain("and", Self::unary, Filter::And)
    }

    /// `item (word item)*`
    fn chain(
        &mut self,
        word: &str,
        item: fn(&mut Self) -> Result<Filter, ApiError>,
        all: fn(Vec<Filter>) -> Filter,
    ) -> Result<Filter, ApiError> {
        let first = item(self)?;
        if !self.at_word(word) {
            return Ok(first);
        }
        let mut items = vec![first];
        while self.take_word(word) {
            items.push(item(self)?);
        }
        Ok(all(items))
    }

    fn unary(&mut self) -> Result<Filter, ApiError> {
        self.deeper(|parser| {
            if parser.take_word("not") {
                return Ok(Filter::Not(Box::new(parser.unary()?)));
            }
            if parser.take(&Token::Open) {
                let inner = parser.or()?;
                parser.expect(&Token::Close)?;
                return Ok(inner);
            }
            parser.condition()
        })
    }

    fn condition(&mut self) -> Result<Filter, ApiError> {
        self.node()?;
        if let [Token::Word(name), Token::Open, ..] = self.tokens
            && let Some(how) = function(name)
        {
            self.advance(2);
            let subject = self.subject()?;
            self.expect(&Token::Comma)?;
            let value = self.value()?;
            self.expect(&Token::Close)?;
            let filter = compare(subject, how, value)?;
            return self.truth(filter);
        }
        if let [Token::Word(name), Token::Slash, Token::Word(any), Token::Open, ..] = self.tokens
            && any.eq_ignore_ascii_case("any")
        {
            let known = self.known(name)?;
            self.advance(4);
            let filter = self.any(known, name)?;
            return self.truth(filter);
        }
        if let [Token::Word(_), Token::Slash, Token::Word(all), Token::Open, ..] = self.tokens
            && all.eq_ignore_ascii_case("all")
        {
            return Err(ApiError::unsupported_query(
                "'all(...)' is not supported in a filter; use 'any(...)'.",
            ));
        }
        let subject = self.subject()?;
        if self.take_word("in") {
            return self.list(subject);
        }
        let how = self.operator()?;
        let value = self.value()?;
        compare(subject, how, value)
    }

    /// `startsWith(...) eq true` is as good as `startsWith(...)`.
    fn truth(&mut self, filter: Filter) -> Result<Filter, ApiError> {
        let how = match self.tokens {
            [Token::Word(word), Token::Word(_), ..] => comparison(word),
            _ => None,
        };
        let Some(how) = how else { return Ok(filter) };
        self.advance(1);
        match (how, self.value()?) {
            (Comparison::Eq, Value::Flag(true)) | (Comparison::Ne, Value::Flag(false)) => Ok(filter),
            (Comparison::Eq, Value::Flag(false)) | (Comparison::Ne, Value::Flag(true)) => {
                Ok(Filter::Not(Box::new(filter)))
            }
            _ => Err(ApiError::bad_request("A function in a filter is compared with true or false only.")),
        }
    }

    /// What a comparison is about: `prop`, `prop/$count`, `tolower(prop)`.
    fn subject(&mut self) -> Result<Subject, ApiError> {
        if let [Token::Word(function), Token::Open, Token::Word(name), Token::Close, ..] = self.tokens
            && (function.eq_ignore_ascii_case("tolower") || function.eq_ignore_ascii_case("toupper"))
        {
            // Texts compare without regard to case anyway.
            let known = self.known(name)?;
            self.advance(4);
            return plain(known, name);
        }
        let [Token::Word(name), rest @ ..] = self.tokens else { return Err(unexpected(self.tokens.first())) };
        let known = self.known(name)?;
        self.advance(1);
        if let [Token::Slash, Token::Word(count), ..] = rest {
            self.advance(2);
            return if count.eq_ignore_ascii_case("$count") && !matches!(known, Known::Field(..)) {
                Ok(Subject::Count(known))
            } else {
                Err(unsupported(&format!("{name}/{count}")))
            };
        }
        plain(known, name)
    }

    /// `in ('a', 'b')`
    fn list(&mut self, subject: Subject) -> Result<Filter, ApiError> {
        let Subject::Field(field, kind) = subject else {
            return Err(ApiError::unsupported_query("'in' is not supported for a collection."));
        };
        self.expect(&Token::Open)?;
        let mut values = Vec::new();
        loop {
            self.node()?;
            let value = self.value()?;
            values.push(literal(kind, value)?);
            if !self.take(&Token::Comma) {
                break;
            }
        }
        self.expect(&Token::Close)?;
        Ok(Filter::In { field, values })
    }

    /// The rest of `prop/any(`: nothing, or `x:` and a condition on `x`.
    fn any(&mut self, known: Known, name: &str) -> Result<Filter, ApiError> {
        if self.take(&Token::Close) {
            return match known {
                Known::Errors => Ok(Filter::HasErrors { category: None }),
                Known::List(property) => Ok(not_null(property)),
                Known::Field(..) => Err(unsupported(name)),
            };
        }
        let [Token::Word(variable), Token::Colon, ..] = self.tokens else {
            return Err(unexpected(self.tokens.first()));
        };
        self.advance(2);
        let filter = match known {
            Known::List(property) => self.item_or(property, variable)?,
            Known::Errors => self.error_condition(variable)?,
            Known::Field(..) => return Err(unsupported(name)),
        };
        self.expect(&Token::Close)?;
        Ok(filter)
    }

    /// Conditions on an item of a list, joined by `or`: `any(x: A or B)` is `any(x: A) or any(x: B)`.
    /// That does not hold for `and` or `not`, which are refused.
    fn item_or(&mut self, property: Property, variable: &str) -> Result<Filter, ApiError> {
        self.deeper(|parser| {
            let first = parser.item(property, variable)?;
            if !parser.at_word("or") {
                return Ok(first);
            }
            let mut items = vec![first];
            while parser.take_word("or") {
                items.push(parser.item(property, variable)?);
            }
            Ok(Filter::Or(items))
        })
    }

    fn item(&mut self, property: Property, variable: &str) -> Result<Filter, ApiError> {
        self.node()?;
        if self.take(&Token::Open) {
            let inner = self.item_or(property, variable)?;
            self.expect(&Token::Close)?;
            return Ok(inner);
        }
        let (how, value) = if let [Token::Word(name), Token::Open, ..] = self.tokens
            && let Some(how) = function(name)
        {
            self.advance(2);
            self.variable(variable)?;
            self.expect(&Token::Comma)?;
            let value = self.value()?;
            self.expect(&Token::Close)?;
            (how, value)
        } else {
            self.variable(variable)?;
            let how = self.operator()?;
            (how, self.value()?)
        };
        let value = literal(FieldKind::Text, value)?;
        if self.at_word("and") {
            return Err(ApiError::unsupported_query("'and' within 'any(...)' is not supported."));
        }
        Ok(Filter::Any { property, how, value })
    }

    /// Conditions on one error, joined by `and`; several such, by `or`: `any` of alternatives is an alternative of
    /// `any`. That does not hold for `not`, which is refused.
    fn error_condition(&mut self, variable: &str) -> Result<Filter, ApiError> {
        self.deeper(|parser| {
            let mut alternatives = vec![parser.error_tests(variable)?];
            while parser.take_word("or") {
                alternatives.push(parser.error_tests(variable)?);
            }
            Ok(match alternatives.len() {
                1 => alternatives.remove(0),
                _ => Filter::Or(alternatives),
            })
        })
    }

    fn error_tests(&mut self, variable: &str) -> Result<Filter, ApiError> {
        let mut tests = vec![self.error_test(variable)?];
        while self.take_word("and") {
            tests.push(self.error_test(variable)?);
        }
        Ok(match tests.as_slice() {
            [ErrorTest { field: ErrorField::Category, how: Comparison::Ne, value: Literal::Null }] => {
                Filter::HasErrors { category: None }
            }
            [ErrorTest { field: ErrorField::Category, how: Comparison::Eq, value: Literal::Text(text) }] => {
                Filter::HasErrors { category: Some(text.clone()) }
            }
            _ => Filter::HasError(tests),
        })
    }

    /// `x/category eq 'PropertyConflict'`, `startsWith(x/value,'smtp:')`, `x/occurredDateTime ge 2026-11-22T00:00:00Z`
    fn error_test(&mut self, variable: &str) -> Result<ErrorTest, ApiError> {
        self.node()?;
        if let [Token::Word(name), Token::Open, ..] = self.tokens
            && let Some(how) = function(name)
        {
            self.advance(2);
            let (field, kind) = self.error_field(variable)?;
            self.expect(&Token::Comma)?;
            let value = self.value()?;
            self.expect(&Token::Close)?;
            if kind != FieldKind::Text {
                return Err(ApiError::bad_request("startsWith, endsWith and contains are for texts only."));
            }
            return Ok(ErrorTest { field, how, value: literal(kind, value)? });
        }
        let (field, kind) = self.error_field(variable)?;
        let how = self.operator()?;
        let value = self.value()?;
        Ok(ErrorTest { field, how, value: literal(kind, value)? })
    }

    fn error_field(&mut self, variable: &str) -> Result<(ErrorField, FieldKind), ApiError> {
        self.variable(variable)?;
        self.expect(&Token::Slash)?;
        let [Token::Word(name), ..] = self.tokens else { return Err(unexpected(self.tokens.first())) };
        self.advance(1);
        match name.to_ascii_lowercase().as_str() {
            "category" => Ok((ErrorField::Category, FieldKind::Text)),
            "propertycausingerror" => Ok((ErrorField::Property, FieldKind::Text)),
            "value" => Ok((ErrorField::Value, FieldKind::Text)),
            "occurreddatetime" => Ok((ErrorField::Occurred, FieldKind::Time)),
            _ => Err(unsupported(&format!("onPremisesProvisioningErrors/{name}"))),
        }
    }

    fn variable(&mut self, variable: &str) -> Result<(), ApiError> {
        match self.tokens {
            [Token::Word(word), ..] if *word == variable => {
                self.advance(1);
                Ok(())
            }
            other => Err(unexpected(other.first())),
        }
    }

    fn known(&self, name: &str) -> Result<Known, ApiError> {
        self.resource.known(name).ok_or_else(|| {
            let name: String = name.chars().take(80).collect();
            let kind = self.resource.type_name();
            ApiError::bad_request(format!(
                "Could not find a property named '{name}' that can be filtered by on type '{kind}'."
            ))
        })
    }

    fn operator(&mut self) -> Result<Comparison, ApiError> {
        match self.tokens {
            [Token::Word(word), ..] => match comparison(word) {
                Some(how) => {
                    self.advance(1);
                    Ok(how)
                }
                None => Err(unexpected(self.tokens.first())),
            },
            other => Err(unexpected(other.first())),
        }
    }

    fn value(&mut self) -> Result<Value, ApiError> {
        let value = match self.tokens {
            [Token::Text(text), ..] => Value::Text(text.clone()),
            [Token::Word(word), ..] => match word.to_ascii_lowercase().as_str() {
                "null" => Value::Null,
                "true" => Value::Flag(true),
                "false" => Value::Flag(false),
                _ => Value::Bare((*word).to_owned()),
            },
            other => return Err(unexpected(other.first())),
        };
        self.advance(1);
        Ok(value)
    }

    fn deeper<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, ApiError>) -> Result<T, ApiError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(ApiError::bad_request(format!("The filter is nested deeper than {MAX_DEPTH}.")));
        }
        let result = work(self);
        self.depth -= 1;
        result
    }

    fn node(&mut self) -> Result<(), ApiError> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(ApiError::bad_request(format!("The filter has more than {MAX_NODES} conditions.")));
        }
        Ok(())
    }

    fn at_word(&self, word: &str) -> bool {
        matches!(self.tokens, [Token::Word(found), ..] if found.eq_ignore_ascii_case(word))
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = self.at_word(word);
        if found {
            self.advance(1);
        }
        found
    }

    fn take(&mut self, token: &Token<'_>) -> bool {
        let found = self.tokens.first() == Some(token);
        if found {
            self.advance(1);
        }
        found
    }

    fn expect(&mut self, token: &Token<'_>) -> Result<(), ApiError> {
        if self.take(token) { Ok(()) } else { Err(unexpected(self.tokens.first())) }
    }

    fn advance(&mut self, by: usize) {
        self.tokens = self.tokens.get(by..).unwrap_or_default();
    }
}

fn plain(known: Known, name: &str) -> Result<Subject, ApiError> {
    match known {
        Known::Field(field, kind) => Ok(Subject::Field(field, kind)),
        Known::List(property) => Ok(Subject::List(property)),
        Known::Errors if name.is_empty() => Err(unsupported(name)),
        Known::Errors => Ok(Subject::Errors),
    }
}

fn compare(subject: Subject, how: Comparison, value: Value) -> Result<Filter, ApiError> {
    use Comparison::{Eq, Ge, Gt, Le, Lt, Ne};
    match subject {
        Subject::Field(field, kind) => {
            let text_only =
                matches!(how, Comparison::StartsWith | Comparison::EndsWith | Comparison::Contains);
            let ordered = matches!(how, Gt | Ge | Lt | Le);
            let null = matches!(value, Value::Null);
            let value = literal(kind, value)?;
            match kind {
                FieldKind::Flag if text_only || ordered => {
                    Err(ApiError::bad_request("true and false are compared with eq, ne and in only."))
                }
                FieldKind::Time | FieldKind::Id if text_only => {
                    Err(ApiError::bad_request("startsWith, endsWith and contains are for texts only."))
                }
                _ if null && (text_only || ordered) => {
                    Err(ApiError::bad_request("null is compared with eq and ne only."))
                }
                _ => Ok(Filter::Compare { field, how, value }),
            }
        }
        // A property that holds a list is null when the list is empty.
        Subject::Count(known) => {
            let Value::Bare(number) = value else {
                return Err(ApiError::bad_request("'/$count' is compared with a number."));
            };
            let some = match known {
                Known::Errors => Filter::HasErrors { category: None },
                Known::List(property) => not_null(property),
                Known::Field(..) => return Err(unsupported("$count")),
            };
            match (how, number.as_str()) {
                (Ne | Gt, "0") | (Ge, "1") => Ok(some),
                (Eq | Le, "0") | (Lt, "1") => Ok(Filter::Not(Box::new(some))),
                _ => Err(ApiError::unsupported_query("'/$count' is compared with 0 only: none, or any.")),
            }
        }
        Subject::List(property) => Err(unsupported(property.as_str())),
        Subject::Errors => Err(unsupported("onPremisesProvisioningErrors")),
    }
}

fn not_null(property: Property) -> Filter {
    Filter::Compare { field: Field::Property(property), how: Comparison::Ne, value: Literal::Null }
}

/// A value as its field wants it.
fn literal(kind: FieldKind, value: Value) -> Result<Literal, ApiError> {
    let wrong =
        |what: &str| Err(ApiError::bad_request(format!("Invalid filter clause: {what} is expected.")));
    match (kind, value) {
        (_, Value::Null) => Ok(Literal::Null),
        (FieldKind::Flag, Value::Flag(flag)) => Ok(Literal::Flag(flag)),
        (FieldKind::Flag, _) => wrong("true or false"),
        (FieldKind::Time, Value::Text(text) | Value::Bare(text)) => match text.parse::<Timestamp>() {
            Ok(at) => Ok(Literal::Text(at.to_string())),
            Err(_) => wrong("a time such as 2026-11-22T21:00:00Z"),
        },
        (FieldKind::Time, Value::Flag(_)) => wrong("a time"),
        (FieldKind::Id, Value::Text(text) | Value::Bare(text)) => {
            match text.parse::<lockstep_model::ObjectId>() {
                Ok(id) => Ok(Literal::Text(id.to_string())),
                Err(_) => wrong("a GUID"),
            }
        }
        (FieldKind::Id, Value::Flag(_)) => wrong("a GUID"),
        (FieldKind::Text, Value::Text(text)) => Ok(Literal::Text(text)),
        (FieldKind::Text, Value::Flag(_) | Value::Bare(_)) => wrong("a text in single quotes"),
    }
}

fn function(name: &str) -> Option<Comparison> {
    match name.to_ascii_lowercase().as_str() {
        "startswith" => Some(Comparison::StartsWith),
        "endswith" => Some(Comparison::EndsWith),
        "contains" => Some(Comparison::Contains),
        _ => None,
    }
}

fn comparison(word: &str) -> Option<Comparison> {
    match word.to_ascii_lowercase().as_str() {
        "eq" => Some(Comparison::Eq),
        "ne" => Some(Comparison::Ne),
        "gt" => Some(Comparison::Gt),
        "ge" => Some(Comparison::Ge),
        "lt" => Some(Comparison::Lt),
        "le" => Some(Comparison::Le),
        _ => None,
    }
}

fn unsupported(what: &str) -> ApiError {
    let what: String = what.chars().take(80).collect();
    ApiError::unsupported_query(format!(
        "Unsupported or invalid query filter clause specified for property '{what}'."
    ))
}

fn unexpected(token: Option<&Token<'_>>) -> ApiError {
    let what = match token {
        None => "the filter ends too early".to_owned(),
        Some(Token::Text(_)) => "a text is not expected there".to_owned(),
        Some(Token::Word(word)) => {
            format!("'{}' is not expected there", word.chars().take(40).collect::<String>())
        }
        Some(Token::Open) => "'(' is not expected there".to_owned(),
        Some(Token::Close) => "')' is not expected there".to_owned(),
        Some(Token::Comma) => "',' is not expected there".to_owned(),
        Some(Token::Slash) => "'/' is not expected there".to_owned(),
        Some(Token::Colon) => "':' is not expected there".to_owned(),
    };
    ApiError::bad_request(format!("Invalid filter clause: {what}."))
}

#[cfg(test)]
#[path = "filter_tests.rs"]
mod tests;

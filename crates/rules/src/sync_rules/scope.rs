//! Scoping filters: conditions on the attributes of one object. All of a group must hold, one group must.

use super::document::Operator;
use crate::expr::{AttributeType, List, Value};
use jiff::Timestamp;
use lockstep_model::dn;
use std::cmp::Ordering;
use std::fmt;

/// A condition, checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Clause {
    /// The attribute, by slot; none for the operators that ask for membership.
    pub(super) slot: Option<u32>,
    pub(super) attribute: String,
    pub(super) operator: Operator,
    pub(super) against: Against,
}

/// What a condition compares with.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Against {
    /// Nothing: ISNULL, ISNOTNULL.
    Nothing,
    /// Texts in lower case, as they were written beside; one but for ISIN and ISNOTIN. For ISMEMBEROF the normalized
    /// DN.
    Texts(Vec<String>, Vec<String>),
    Number(i64),
    Date(Timestamp),
    Flag(bool),
}

impl Clause {
    /// The group whose members are asked for, as a normalized DN.
    pub(super) fn group(&self) -> Option<&str> {
        match &self.against {
            Against::Texts(groups, _) if self.operator.asks_membership() => {
                groups.first().map(String::as_str)
            }
            _ => None,
        }
    }
}

impl Operator {
    /// All of them.
    pub(crate) const ALL: [Self; 21] = [
        Self::Equal,
        Self::NotEqual,
        Self::LessThan,
        Self::LessThanOrEqual,
        Self::GreaterThan,
        Self::GreaterThanOrEqual,
        Self::Contains,
        Self::NotContains,
        Self::StartsWith,
        Self::NotStartsWith,
        Self::EndsWith,
        Self::NotEndsWith,
        Self::IsNull,
        Self::IsNotNull,
        Self::IsIn,
        Self::IsNotIn,
        Self::IsBitSet,
        Self::IsBitNotSet,
        Self::IsNotBitSet,
        Self::IsMemberOf,
        Self::IsNotMemberOf,
    ];

    /// The operator of which this is the opposite, where it is one.
    pub(super) const fn positive(self) -> Option<Self> {
        Some(match self {
            Self::NotEqual => Self::Equal,
            Self::NotContains => Self::Contains,
            Self::NotStartsWith => Self::StartsWith,
            Self::NotEndsWith => Self::EndsWith,
            Self::IsNotNull => Self::IsNull,
            Self::IsNotIn => Self::IsIn,
            Self::IsBitNotSet | Self::IsNotBitSet => Self::IsBitSet,
            Self::IsNotMemberOf => Self::IsMemberOf,
            _ => return None,
        })
    }

    pub(super) const fn asks_membership(self) -> bool {
        matches!(self, Self::IsMemberOf | Self::IsNotMemberOf)
    }

    /// As the file writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "EQUAL",
            Self::NotEqual => "NOTEQUAL",
            Self::LessThan => "LESSTHAN",
            Self::LessThanOrEqual => "LESSTHAN_OR_EQUAL",
            Self::GreaterThan => "GREATERTHAN",
            Self::GreaterThanOrEqual => "GREATERTHAN_OR_EQUAL",
            Self::Contains => "CONTAINS",
            Self::NotContains => "NOTCONTAINS",
            Self::StartsWith => "STARTSWITH",
            Self::NotStartsWith => "NOTSTARTSWITH",
            Self::EndsWith => "ENDSWITH",
            Self::NotEndsWith => "NOTENDSWITH",
            Self::IsNull => "ISNULL",
            Self::IsNotNull => "ISNOTNULL",
            Self::IsIn => "ISIN",
            Self::IsNotIn => "ISNOTIN",
            Self::IsBitSet => "ISBITSET",
            Self::IsBitNotSet => "ISBITNOTSET",
            Self::IsNotBitSet => "ISNOTBITSET",
            Self::IsMemberOf => "ISMEMBEROF",
            Self::IsNotMemberOf => "ISNOTMEMBEROF",
        }
    }
}

/// What a condition is to compare with, before it is checked.
#[derive(Debug)]
pub(super) enum Given<'a> {
    Nothing,
    Flag(bool),
    Number(i64),
    Text(&'a str),
    Texts(&'a [String]),
}

/// What to compare with, as the type of the attribute asks for it. Else what is wrong and what to do.
pub(super) fn against(
    operator: Operator,
    kind: Option<AttributeType>,
    given: &Given<'_>,
) -> Result<Against, (String, String)> {
    let name = operator.as_str();
    let wrong = |message: String, remedy: &str| Err((message, remedy.to_owned()));
    if matches!(operator, Operator::IsNull | Operator::IsNotNull) {
        return match given {
            Given::Nothing => Ok(Against::Nothing),
            _ => wrong(format!("{name} takes no value"), "leave value and values out"),
        };
    }
    let listed = matches!(operator, Operator::IsIn | Operator::IsNotIn);
    let bits = matches!(operator, Operator::IsBitSet | Operator::IsBitNotSet | Operator::IsNotBitSet);
    let ordered = matches!(
        operator,
        Operator::LessThan | Operator::LessThanOrEqual | Operator::GreaterThan | Operator::GreaterThanOrEqual
    );
    let equal = matches!(operator, Operator::Equal | Operator::NotEqual);
    match given {
        Given::Nothing => return wrong(format!("{name} needs a value"), "add value = \"...\""),
        Given::Texts(_) if !listed => {
            return wrong(format!("{name} takes one value"), "write value = \"...\", or use ISIN");
        }
        _ => {}
    }
    if operator.asks_membership() {
        let Given::Text(text) = given else {
            return wrong(format!("{name} takes the DN of a group"), "write value = \"cn=...\"");
        };
        return match dn::normalize(text) {
            Some(dn) => Ok(Against::Texts(vec![dn], vec![(*text).to_owned()])),
            None => wrong(format!("\"{text}\" is no distinguished name"), "write the DN of the group"),
        };
    }
    if kind == Some(AttributeType::Binary) {
        return wrong(
            format!("{name} cannot compare octets"),
            "ask ISNULL or ISNOTNULL, or compare what a flow makes of them",
        );
    }
    let number = || match given {
        Given::Number(number) => Some(*number),
        Given::Text(text) => text.trim().parse().ok(),
        _ => None,
    };
    if bits {
        return match number() {
            Some(number) => Ok(Against::Number(number)),
            None => {
                wrong(format!("{name} takes the value of a bit"), "write a whole number, such as value = 2")
            }
        };
    }
    match kind {
        Some(AttributeType::Number) if ordered || equal => match number() {
            Some(number) => Ok(Against::Number(number)),
            None => wrong("the attribute is a number".into(), "write a whole number"),
        },
        Some(AttributeType::Date) if ordered || equal => {
            let Given::Text(text) = given else {
                return wrong("the attribute is a date".into(), "write value = \"2026-01-31 12:00\"");
            };
            match crate::expr::date_in(text) {
                Some(date) => Ok(Against::Date(date)),
                None => wrong(format!("\"{text}\" is no date"), "write value = \"2026-01-31 12:00\""),
            }
        }
        Some(AttributeType::Boolean) if equal => match given {
            Given::Flag(flag) => Ok(Against::Flag(*flag)),
            Given::Text(text) if text.eq_ignore_ascii_case("true") => Ok(Against::Flag(true)),
            Given::Text(text) if text.eq_ignore_ascii_case("false") => Ok(Against::Flag(false)),
            _ => wrong("the attribute is True or False".into(), "write value = true or value = false"),
        },
        _ => {
            let texts: Vec<String> = match given {
                Given::Texts(list) => list.to_vec(),
                Given::Text(text) => vec![(*text).to_owned()],
                Given::Number(number) => vec![number.to_string()],
                Given::Flag(flag) => vec![flag.to_string()],
                Given::Nothing => Vec::new(),
            };
            Ok(Against::Texts(texts.iter().map(|text| text.to_lowercase()).collect(), texts))
        }
    }
}

/// Whether a condition of an attribute of this type can be asked, the operator and the value as a file writes them.
pub(crate) fn condition_fits(operator: &str, kind: AttributeType, value: &str) -> bool {
    let known = Operator::ALL.iter().find(|known| known.as_str() == operator);
    known.is_some_and(|known| {
        let bare = matches!(known, Operator::IsNull | Operator::IsNotNull);
        let given = if bare { Given::Nothing } else { Given::Text(value) };
        against(*known, Some(kind), &given).is_ok()
    })
}

impl Clause {
    /// Whether it holds for the values of an object and the groups (normalized DNs) it is a direct member of.
    pub(super) fn holds(&self, row: &[Value<'_>], member_of: &[String]) -> bool {
        match self.operator.positive() {
            Some(positive) => !self.holds_as(positive, row, member_of),
            None => self.holds_as(self.operator, row, member_of),
        }
    }

    fn holds_as(&self, operator: Operator, row: &[Value<'_>], member_of: &[String]) -> bool {
        if operator == Operator::IsMemberOf {
            let Against::Texts(wanted, _) = &self.against else { return false };
            return wanted.iter().any(|dn| member_of.contains(dn));
        }
        let value = self.slot.and_then(|slot| row.get(slot as usize)).unwrap_or(&Value::Null);
        let values = match value {
            Value::Many(list) => list.as_slice(),
            Value::Null => &[],
            one => std::slice::from_ref(one),
        };
        if operator == Operator::IsNull {
            return values.is_empty();
        }
        values.iter().any(|value| self.compares(operator, value))
    }

    fn compares(&self, operator: Operator, value: &Value<'_>) -> bool {
        match (&self.against, value) {
            (Against::Number(bits), value) if operator == Operator::IsBitSet => {
                number_of(value).is_some_and(|number| *bits != 0 && number & bits == *bits)
            }
            (Against::Number(wanted), Value::Number(number)) => ordered(operator, number.cmp(wanted)),
            (Against::Date(wanted), Value::Date(date)) => ordered(operator, date.cmp(wanted)),
            (Against::Flag(wanted), Value::Boolean(flag)) => wanted == flag,
            // Most texts are ASCII, for which nothing has to be written anew to compare without regard to case.
            (Against::Texts(wanted, _), Value::Text(text) | Value::Reference(text))
                if text.is_ascii() && operator != Operator::Contains && !is_ordered(operator) =>
            {
                let octets = text.as_bytes();
                wanted.iter().map(|wanted| wanted.as_bytes()).any(|wanted| {
                    let rest = octets.len().checked_sub(wanted.len());
                    let part = match operator {
                        Operator::StartsWith => octets.get(..wanted.len()),
                        Operator::EndsWith => rest.and_then(|from| octets.get(from..)),
                        _ => Some(octets),
                    };
                    part.is_some_and(|part| part.eq_ignore_ascii_case(wanted))
                })
            }
            (Against::Texts(wanted, _), value) => {
                let Some(text) = folded(value) else { return false };
                wanted.iter().any(|wanted| match operator {
                    Operator::Equal | Operator::IsIn => text == *wanted,
                    Operator::Contains => text.contains(wanted.as_str()),
                    Operator::StartsWith => text.starts_with(wanted.as_str()),
                    Operator::EndsWith => text.ends_with(wanted.as_str()),
                    other => ordered(other, text.as_str().cmp(wanted)),
                })
            }
            _ => false,
        }
    }
}

fn is_ordered(operator: Operator) -> bool {
    matches!(
        operator,
        Operator::LessThan | Operator::LessThanOrEqual | Operator::GreaterThan | Operator::GreaterThanOrEqual
    )
}

fn ordered(operator: Operator, ordering: Ordering) -> bool {
    match operator {
        Operator::Equal => ordering.is_eq(),
        Operator::LessThan => ordering.is_lt(),
        Operator::LessThanOrEqual => ordering.is_le(),
        Operator::GreaterThan => ordering.is_gt(),
        Operator::GreaterThanOrEqual => ordering.is_ge(),
        _ => false,
    }
}

fn number_of(value: &Value<'_>) -> Option<i64> {
    match value {
        Value::Number(number) => Some(*number),
        Value::Text(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A value as text in lower case.
fn folded(value: &Value<'_>) -> Option<String> {
    match value {
        Value::Text(text) | Value::Reference(text) => Some(text.to_lowercase()),
        Value::Number(number) => Some(number.to_string()),
        Value::Boolean(flag) => Some(flag.to_string()),
        Value::Date(date) => Some(date.to_string().to_lowercase()),
        _ => None,
    }
}

/// The first condition of each group that does not hold; none where a group holds, or there is none.
pub(super) fn unmet<'c>(
    groups: &'c [Vec<Clause>],
    row: &[Value<'_>],
    member_of: &[String],
) -> Option<Vec<&'c Clause>> {
    let mut failed = Vec::new();
    for group in groups {
        match group.iter().find(|clause| !clause.holds(row, member_of)) {
            None => return None,
            Some(clause) => failed.push(clause),
        }
    }
    (!groups.is_empty()).then_some(failed)
}

impl fmt::Display for Clause {
    /// `uid STARTSWITH "svc-"`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.attribute.is_empty() {
            write!(f, "{} ", self.attribute)?;
        }
        f.write_str(self.operator.as_str())?;
        match &self.against {
            Against::Nothing => Ok(()),
            Against::Texts(_, written) => {
                let list: Vec<_> = written.iter().map(|text| format!("\"{text}\"")).collect();
                write!(f, " {}", list.join(" or "))
            }
            Against::Number(number) => write!(f, " {number}"),
            Against::Date(date) => write!(f, " {date}"),
            Against::Flag(flag) => write!(f, " {flag}"),
        }
    }
}

/// The values of a list or of one value.
pub(super) fn each<'v, 'a>(value: &'v Value<'a>) -> &'v [Value<'a>] {
    match value {
        Value::Null | Value::AuthoritativeNull | Value::IgnoreThisFlow => &[],
        Value::Many(List::Borrowed(list)) => list,
        Value::Many(List::Owned(list)) => list,
        one => std::slice::from_ref(one),
    }
}

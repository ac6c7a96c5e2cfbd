//! A SCIM filter as a question for the store: as much of it as the store has an index or a column for. What is left is
//! looked at afterwards, on what the store found.

use super::filter::{Comparison, Filter};
use super::schema::{ResourceType, USERS};
use lockstep_model::Property;
use lockstep_tenant::{Comparison as How, Field, Filter as Asked, Literal};
use serde_json::Value;

/// A question that finds at least what the filter means.
#[derive(Debug, PartialEq)]
pub(super) struct Question {
    /// None: all objects.
    pub(super) filter: Option<Asked>,
    /// Whether it finds exactly what is meant.
    pub(super) exact: bool,
}

/// What a name to sign in with may be stored as.
pub(super) type Names<'a> = dyn Fn(&str) -> Vec<String> + 'a;

/// Puts the question.
pub(super) fn question(filter: &Filter, of: &ResourceType, names: &Names<'_>) -> Question {
    let (filter, exact) = ask(filter, of, names);
    Question { filter, exact }
}

fn ask(filter: &Filter, of: &ResourceType, names: &Names<'_>) -> (Option<Asked>, bool) {
    match filter {
        Filter::And(a, b) => {
            let ((a, a_exact), (b, b_exact)) = (ask(a, of, names), ask(b, of, names));
            let all: Vec<Asked> = [a, b].into_iter().flatten().collect();
            ((!all.is_empty()).then_some(Asked::And(all)), a_exact && b_exact)
        }
        Filter::Or(a, b) => match (ask(a, of, names), ask(b, of, names)) {
            ((Some(a), a_exact), (Some(b), b_exact)) => (Some(Asked::Or(vec![a, b])), a_exact && b_exact),
            _ => (None, false),
        },
        Filter::Not(inside) => match ask(inside, of, names) {
            (Some(inside), true) => (Some(Asked::Not(Box::new(inside))), true),
            _ => (None, false),
        },
        Filter::Present(name) => match field(name, of) {
            Some((Field::Id, _)) => (None, true),
            Some((field @ Field::ExternalId, _)) => {
                let compare = Asked::Compare { field, how: How::Ne, value: Literal::Null };
                (Some(compare), false)
            }
            _ => (None, false),
        },
        Filter::Compare(name, how, Value::String(text)) => compared(name, *how, text, of, names),
        Filter::Compare(name, Comparison::Eq, Value::Bool(flag)) if is(of, name, "active") => {
            let field = Field::Property(Property::AccountEnabled);
            (Some(Asked::Compare { field, how: How::Eq, value: Literal::Flag(*flag) }), true)
        }
        Filter::Compare(..) => (None, false),
        // Addresses for work are addresses of the tenant, which have an index; others are kept beside.
        Filter::Values(name, inside) if is(of, name, "emails") && is_for_work(inside) => {
            (address_in(inside).map(|(how, text)| mail(how, &text)), false)
        }
        Filter::Values(..) => (None, false),
    }
}

fn is(of: &ResourceType, name: &str, attribute: &str) -> bool {
    of.place(name).is_some_and(|place| place.attribute.name == attribute && place.sub.is_none())
}

fn compared(
    name: &str,
    how: Comparison,
    text: &str,
    of: &ResourceType,
    names: &Names<'_>,
) -> (Option<Asked>, bool) {
    let Some(place) = of.place(name) else { return (None, false) };
    let of_user = of.name == USERS.name;
    match (place.attribute.name, place.sub.map(|sub| sub.name)) {
        ("userName", None) if how == Comparison::Eq => {
            let values = names(text).into_iter().map(Literal::Text).collect();
            (Some(Asked::In { field: Field::Property(Property::UserPrincipalName), values }), false)
        }
        // A name that has no verified domain is stored otherwise than it is shown: all are looked at.
        ("userName", None) => (None, false),
        ("meta", Some("created")) => match how_of(how) {
            Some(how) if text.parse::<lockstep_model::Timestamp>().is_ok() => {
                let value = Literal::Text(text.to_owned());
                (Some(Asked::Compare { field: Field::CreatedDateTime, how, value }), false)
            }
            _ => (None, false),
        },
        ("displayName", None) if of_user => match how_of(how) {
            // One that was never given is made of other attributes, and not shown: looked at afterwards.
            Some(how) => (Some(text_compare(Field::Property(Property::DisplayName), how, text)), false),
            None => (None, false),
        },
        _ => match (field(name, of), how_of(how)) {
            (Some((Field::Id, _)), Some(How::Eq)) => {
                let is_id = text.parse::<lockstep_model::ObjectId>().is_ok();
                // What is no id is nobody's.
                let id = if is_id { text } else { "00000000-0000-0000-0000-000000000000" };
                (Some(text_compare(Field::Id, How::Eq, id)), true)
            }
            (Some((Field::Id, _)), _) => (None, false),
            (Some((field, exact)), Some(how)) => (Some(text_compare(field, how, text)), exact),
            _ => (None, false),
        },
    }
}

fn text_compare(field: Field, how: How, text: &str) -> Asked {
    Asked::Compare { field, how, value: Literal::Text(text.to_owned()) }
}

/// The column of an attribute, and whether comparing it is comparing the attribute.
fn field(name: &str, of: &ResourceType) -> Option<(Field, bool)> {
    let place = of.place(name)?;
    let attribute = (place.attribute.name, place.sub.map(|sub| sub.name));
    Some(match attribute {
        ("id", None) => (Field::Id, true),
        ("externalId", None) => (Field::ExternalId, true),
        ("displayName", None) if of.name != USERS.name => (Field::Property(Property::DisplayName), true),
        ("title", None) => (Field::Property(Property::JobTitle), true),
        ("userType", None) => (Field::Property(Property::EmployeeType), true),
        ("preferredLanguage", None) => (Field::Property(Property::PreferredLanguage), true),
        ("name", Some("familyName")) => (Field::Property(Property::Surname), true),
        ("name", Some("givenName")) => (Field::Property(Property::GivenName), true),
        ("employeeNumber", None) => (Field::Property(Property::EmployeeId), true),
        ("organization", None) => (Field::Property(Property::CompanyName), true),
        ("department", None) => (Field::Property(Property::Department), true),
        _ => return None,
    })
}

/// Comparisons that the store makes as SCIM means them. `ne` is left to what comes after: the store's says nothing of
/// what is absent.
fn how_of(how: Comparison) -> Option<How> {
    Some(match how {
        Comparison::Eq => How::Eq,
        Comparison::Co => How::Contains,
        Comparison::Sw => How::StartsWith,
        Comparison::Ew => How::EndsWith,
        Comparison::Gt => How::Gt,
        Comparison::Ge => How::Ge,
        Comparison::Lt => How::Lt,
        Comparison::Le => How::Le,
        Comparison::Ne => return None,
    })
}

fn address_in(filter: &Filter) -> Option<(How, String)> {
    match filter {
        Filter::And(a, b) => address_in(a).or_else(|| address_in(b)),
        Filter::Compare(name, Comparison::Eq, Value::String(text)) if name.eq_ignore_ascii_case("value") => {
            Some((How::Eq, text.clone()))
        }
        _ => None,
    }
}

fn is_for_work(filter: &Filter) -> bool {
    match filter {
        Filter::And(a, b) => is_for_work(a) || is_for_work(b),
        Filter::Compare(name, Comparison::Eq, Value::String(text)) => {
            name.eq_ignore_ascii_case("type") && text.eq_ignore_ascii_case("work")
        }
        _ => false,
    }
}

fn mail(how: How, text: &str) -> Asked {
    let proxy = Literal::Text(format!("smtp:{text}"));
    Asked::Or(vec![
        text_compare(Field::Property(Property::Mail), how, text),
        Asked::Any { property: Property::ProxyAddresses, how, value: proxy },
    ])
}

/// A question on members, taken out of a filter whose conditions all must hold: `id eq "g" and members eq "u"`.
pub(super) fn member_of(filter: Filter, of: &ResourceType) -> (Option<String>, Option<Filter>) {
    match filter {
        Filter::And(a, b) => {
            let (first, a) = member_of(*a, of);
            if first.is_some() {
                let rest = match a {
                    Some(a) => Filter::And(Box::new(a), b),
                    None => *b,
                };
                return (first, Some(rest));
            }
            let (second, b) = member_of(*b, of);
            let rest = match (a, b) {
                (Some(a), Some(b)) => Some(Filter::And(Box::new(a), Box::new(b))),
                (a, b) => a.or(b),
            };
            (second, rest)
        }
        Filter::Compare(name, Comparison::Eq, Value::String(id)) => {
            let place = of.place(&name).map(|place| (place.attribute.name, place.sub.map(|sub| sub.name)));
            if matches!(place, Some(("members", None | Some("value")))) {
                (Some(id), None)
            } else {
                (None, Some(Filter::Compare(name, Comparison::Eq, Value::String(id))))
            }
        }
        Filter::Values(name, inside)
            if of.place(&name).is_some_and(|place| place.attribute.name == "members") =>
        {
            match *inside {
                Filter::Compare(sub, Comparison::Eq, Value::String(id))
                    if sub.eq_ignore_ascii_case("value") =>
                {
                    (Some(id), None)
                }
                inside => (None, Some(Filter::Values(name, Box::new(inside)))),
            }
        }
        other => (None, Some(other)),
    }
}

/// Whether a filter asks for an attribute: those that cost something to show.
pub(super) fn mentions(filter: &Filter, of: &ResourceType, attribute: &str) -> bool {
    match filter {
        Filter::And(a, b) | Filter::Or(a, b) => mentions(a, of, attribute) || mentions(b, of, attribute),
        Filter::Not(inside) => mentions(inside, of, attribute),
        Filter::Present(name) | Filter::Compare(name, ..) | Filter::Values(name, _) => {
            of.place(name).is_some_and(|place| place.attribute.name == attribute)
        }
    }
}

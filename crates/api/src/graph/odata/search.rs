//! `$search`: `"displayName:ann" OR "mail:x"`, and words alone, which are looked for in names and addresses.

use crate::error::ApiError;
use crate::graph::resource::{FieldKind, Known, Resource};
use lockstep_model::Property;
use lockstep_tenant::{Comparison, Field, Filter, ListQuery, Literal};

/// Bytes of a search.
const MAX_BYTES: usize = 1_024;
/// Terms of a search.
const MAX_TERMS: usize = 16;
/// Words of one term.
const MAX_WORDS: usize = 8;

enum Word {
    Term(String),
    And,
    Or,
}

/// Adds a search to a question.
pub(crate) fn apply(text: &str, resource: Resource, query: &mut ListQuery) -> Result<(), ApiError> {
    let words = words(text)?;
    // Words alone are for the store, which has an index of them.
    if let [Word::Term(term)] = words.as_slice()
        && split_property(term, resource).is_none()
    {
        query.search = Some(term.clone());
        return Ok(());
    }
    let search = combine(words, resource)?;
    query.filter = Some(match query.filter.take() {
        Some(filter) => Filter::And(vec![filter, search]),
        None => search,
    });
    Ok(())
}

/// AND binds closer than OR; two terms side by side are joined by AND.
fn combine(words: Vec<Word>, resource: Resource) -> Result<Filter, ApiError> {
    let malformed = || ApiError::bad_request("Terms of '$search' are joined by AND or OR.");
    let mut ors = Vec::new();
    let mut ands = Vec::new();
    let mut wants_term = true;
    for word in words {
        match word {
            Word::Term(term) => {
                ands.push(filter(&term, resource)?);
                wants_term = false;
            }
            Word::And if !wants_term => wants_term = true,
            Word::Or if !wants_term => {
                ors.push(one_or(std::mem::take(&mut ands), Filter::And));
                wants_term = true;
            }
            Word::And | Word::Or => return Err(malformed()),
        }
    }
    if wants_term {
        return Err(malformed());
    }
    ors.push(one_or(ands, Filter::And));
    Ok(one_or(ors, Filter::Or))
}

fn one_or(mut items: Vec<Filter>, all: fn(Vec<Filter>) -> Filter) -> Filter {
    match (items.len(), items.pop()) {
        (1, Some(only)) => only,
        (_, Some(last)) => {
            items.push(last);
            all(items)
        }
        (_, None) => all(items),
    }
}

/// What one term means. In `displayName` each word must begin a word of the name; other properties begin with
/// the whole.
fn filter(term: &str, resource: Resource) -> Result<Filter, ApiError> {
    let begins = |property: Property, value: &str| {
        let value = Literal::Text(value.to_owned());
        Filter::Compare { field: Field::Property(property), how: Comparison::StartsWith, value }
    };
    match split_property(term, resource) {
        Some((
            Known::Field(Field::Property(property @ (Property::DisplayName | Property::Description)), _),
            value,
        )) => words_begin(property, value),
        Some((Known::Field(Field::Property(property), FieldKind::Text), value)) => {
            Ok(begins(property, value))
        }
        Some((Known::List(property), value)) => {
            Ok(Filter::Any { property, how: Comparison::StartsWith, value: Literal::Text(value.to_owned()) })
        }
        Some(_) => Err(ApiError::unsupported_query("'$search' is for properties that hold text.")),
        None => {
            let mut any = vec![words_begin(Property::DisplayName, term)?];
            for property in [Property::Mail, Property::UserPrincipalName] {
                if resource.known(property.as_str()).is_some() {
                    any.push(begins(property, term));
                }
            }
            Ok(Filter::Or(any))
        }
    }
}

fn words_begin(property: Property, text: &str) -> Result<Filter, ApiError> {
    let compare = |how, text: String| Filter::Compare {
        field: Field::Property(property),
        how,
        value: Literal::Text(text),
    };
    let words: Vec<Filter> = text
        .split_whitespace()
        .map(|word| match property {
            // What has no letter begins no word: it is looked for as it stands.
            Property::DisplayName if word.chars().any(char::is_alphanumeric) => {
                Filter::NameWords(word.to_owned())
            }
            _ => Filter::Or(vec![
                compare(Comparison::StartsWith, word.to_owned()),
                compare(Comparison::Contains, format!(" {word}")),
            ]),
        })
        .collect();
    match words.len() {
        0 => Err(ApiError::bad_request("A term of '$search' is empty.")),
        n if n > MAX_WORDS => {
            Err(ApiError::bad_request(format!("A term of '$search' has at most {MAX_WORDS} words.")))
        }
        _ => Ok(one_or(words, Filter::And)),
    }
}

/// `displayName:ann`. A colon after what is no property belongs to the text.
fn split_property(term: &str, resource: Resource) -> Option<(Known, &str)> {
    let (name, value) = term.split_once(':')?;
    let value = value.trim();
    (!value.is_empty()).then_some(())?;
    Some((resource.known(name.trim())?, value))
}

fn words(text: &str) -> Result<Vec<Word>, ApiError> {
    if text.len() > MAX_BYTES {
        return Err(ApiError::bad_request(format!("'$search' has at most {MAX_BYTES} bytes.")));
    }
    let mut words = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(first) = chars.next() {
        if first.is_whitespace() {
            continue;
        }
        let mut term = String::new();
        let word = if first == '"' {
            loop {
                match chars.next() {
                    Some('"') => break,
                    Some('\\') => term.extend(chars.next()),
                    Some(c) => term.push(c),
                    None => return Err(ApiError::bad_request("A quote in '$search' is not closed.")),
                }
            }
            Word::Term(term.trim().to_owned())
        } else {
            term.push(first);
            while let Some(c) = chars.next_if(|c| !c.is_whitespace() && *c != '"') {
                term.push(c);
            }
            match term.as_str() {
                "AND" => Word::And,
                "OR" => Word::Or,
                "NOT" => return Err(ApiError::unsupported_query("NOT is not supported in '$search'.")),
                _ => Word::Term(term),
            }
        };
        if matches!(&word, Word::Term(term) if term.is_empty()) {
            return Err(ApiError::bad_request("A term of '$search' is empty."));
        }
        words.push(word);
        if words.len() > MAX_TERMS * 2 {
            return Err(ApiError::bad_request(format!("'$search' has at most {MAX_TERMS} terms.")));
        }
    }
    if words.is_empty() {
        return Err(ApiError::bad_request("'$search' is empty."));
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &str) -> Result<ListQuery, ApiError> {
        let mut query = ListQuery::default();
        apply(text, Resource::User, &mut query).map(|()| query)
    }

    #[test]
    fn words_alone_are_for_the_store() {
        let check = |text: &str, expect: &str| {
            let query = query(text).unwrap();
            assert_eq!((query.search.as_deref(), query.filter), (Some(expect), None), "{text}");
        };
        check("ann", "ann");
        check("\"ann lee\"", "ann lee");
        check("\"say \\\"hi\\\"\"", "say \"hi\"");
        check("\"smtp:ann\"", "smtp:ann");
    }

    #[test]
    fn properties_become_conditions() {
        let filter = query("\"mail:ann\" OR \"displayName:lee\"").unwrap().filter.unwrap();
        let Filter::Or(items) = filter else { panic!("{filter:?}") };
        assert_eq!(
            items[0],
            Filter::Compare {
                field: Field::Property(Property::Mail),
                how: Comparison::StartsWith,
                value: Literal::Text("ann".into())
            }
        );
        assert_eq!(items[1], Filter::NameWords("lee".into()));
        let signs = query("\"displayName:&\"").unwrap().filter.unwrap();
        assert!(matches!(&signs, Filter::Or(both) if both.len() == 2));
        let filter = query("\"mail:a\" AND \"mail:b\" OR \"mail:c\"").unwrap().filter.unwrap();
        assert!(
            matches!(&filter, Filter::Or(items) if matches!(&items[0], Filter::And(both) if both.len() == 2))
        );
        assert!(matches!(query("ann lee").unwrap().filter, Some(Filter::And(_))));
        assert!(matches!(query("\"proxyAddresses:smtp:a\"").unwrap().filter, Some(Filter::Any { .. })));
    }

    #[test]
    fn refuses_what_is_no_search() {
        for bad in
            ["", " ", "\"open", "OR", "a OR", "OR a", "a AND OR b", "\"\"", "NOT a", "\"id:x\" OR \"mail:y\""]
        {
            assert!(query(bad).is_err(), "{bad}");
        }
        assert!(query(&"a ".repeat(40)).is_err());
        assert!(query(&"a".repeat(2_000)).is_err());
    }
}

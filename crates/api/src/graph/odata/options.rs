//! The options of a query: names in any case, percent-encoded, with or without `$`.

use super::text::decode;
use crate::error::ApiError;

/// Bytes of a whole query.
const MAX_QUERY_BYTES: usize = 16 * 1024;
/// Names that `$expand` may have.
const MAX_EXPAND: usize = 5;
/// Names that `$select` may have.
const MAX_SELECT: usize = 200;

/// The options of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    /// Names, as written.
    pub(crate) select: Option<Vec<String>>,
    pub(crate) filter: Option<String>,
    pub(crate) search: Option<String>,
    pub(crate) orderby: Option<String>,
    /// 1 to 999.
    pub(crate) top: Option<usize>,
    pub(crate) count: bool,
    pub(crate) skiptoken: Option<String>,
    pub(crate) deltatoken: Option<String>,
    pub(crate) expand: Vec<Expand>,
    /// All but the token, for the address of the next page.
    pub(crate) pairs: Vec<(&'static str, String)>,
}

/// One link to be shown with each object: `manager($select=id,displayName)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Expand {
    /// In lower case.
    pub(crate) name: String,
    pub(crate) select: Option<Vec<String>>,
}

impl Options {
    /// Reads a query.
    ///
    /// # Errors
    /// 400 for what is malformed or given twice, 501 for an option that this server does not have.
    pub(crate) fn parse(query: &str) -> Result<Self, ApiError> {
        if query.len() > MAX_QUERY_BYTES {
            return Err(ApiError::bad_request(format!("The query has more than {MAX_QUERY_BYTES} bytes.")));
        }
        let mut options = Self::default();
        let mut seen: Vec<&'static str> = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decode(name, true)?.trim().to_ascii_lowercase();
            let value = decode(value, true)?;
            let Some(known) = known(name.strip_prefix('$').unwrap_or(&name)) else {
                // A name without `$` is the caller's own (OData 4.01 section 5.2) and passed over.
                if name.starts_with('$') {
                    return Err(not_here(&name));
                }
                continue;
            };
            if seen.contains(&known) {
                return Err(ApiError::bad_request(format!("Query option '{known}' was given twice.")));
            }
            seen.push(known);
            options.set(known, value)?;
        }
        Ok(options)
    }

    fn set(&mut self, name: &'static str, value: String) -> Result<(), ApiError> {
        match name {
            "$select" => {
                self.select = names(&value)?;
            }
            "$expand" => self.expand = expansions(&value)?,
            "$deltatoken" => {
                self.deltatoken = Some(value).filter(|token| !token.is_empty());
                return Ok(());
            }
            "$filter" => self.filter = Some(value.clone()).filter(|text| !text.trim().is_empty()),
            "$search" => self.search = Some(value.clone()).filter(|text| !text.trim().is_empty()),
            "$orderby" => self.orderby = Some(value.clone()).filter(|text| !text.trim().is_empty()),
            "$top" => {
                let top = value.trim().parse::<usize>().ok().filter(|top| (1..=999).contains(top));
                self.top = Some(top.ok_or_else(|| {
                    ApiError::bad_request("Invalid page size specified: '$top' is 1 to 999.")
                })?);
            }
            "$count" => {
                self.count = match value.trim().to_ascii_lowercase().as_str() {
                    "true" => true,
                    "false" | "" => false,
                    _ => return Err(ApiError::bad_request("'$count' is true or false.")),
                };
            }
            "$format" => match value.trim().to_ascii_lowercase().as_str() {
                "json" | "application/json" => {}
                _ => return Err(not_here("$format")),
            },
            "$skiptoken" => {
                self.skiptoken = Some(value).filter(|token| !token.is_empty());
                return Ok(());
            }
            "$skip" => {
                return Err(ApiError::unsupported_query(
                    "'$skip' is not supported by the service; follow '@odata.nextLink'.",
                ));
            }
            other => return Err(not_here(other)),
        }
        self.pairs.push((name, value));
        Ok(())
    }
}

/// The name of an option, from its lower-case text without `$`.
fn known(name: &str) -> Option<&'static str> {
    const NAMES: [&str; 15] = [
        "$select",
        "$filter",
        "$search",
        "$orderby",
        "$top",
        "$count",
        "$format",
        "$skiptoken",
        "$skip",
        "$expand",
        "$apply",
        "$compute",
        "$deltatoken",
        "$levels",
        "$index",
    ];
    NAMES.into_iter().find(|known| known.strip_prefix('$') == Some(name))
}

/// The names of a `$select`; none where it names nothing.
fn names(value: &str) -> Result<Option<Vec<String>>, ApiError> {
    let names: Vec<String> =
        value.split(',').map(|n| n.trim().to_owned()).filter(|n| !n.is_empty()).collect();
    if names.len() > MAX_SELECT {
        return Err(ApiError::bad_request(format!("$select takes at most {MAX_SELECT} names.")));
    }
    let plain = |n: &String| n.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.*/@".contains(&b));
    if !names.iter().all(plain) {
        return Err(ApiError::bad_request("$select is a list of names, divided by commas."));
    }
    Ok((!names.is_empty()).then_some(names))
}

/// `a,b($select=c,d)`
fn expansions(value: &str) -> Result<Vec<Expand>, ApiError> {
    let malformed = || ApiError::bad_request("$expand is a list of names, each with options in parentheses.");
    let mut found = Vec::new();
    let mut rest = value.trim();
    while !rest.is_empty() {
        let end = rest.find([',', '(']).unwrap_or(rest.len());
        let (name, after) = rest.split_at_checked(end).ok_or_else(malformed)?;
        let name = name.trim().to_ascii_lowercase();
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(malformed());
        }
        let mut expand = Expand { name, select: None };
        rest = match after.strip_prefix('(') {
            Some(inner) => {
                let (options, after) = inner.split_once(')').ok_or_else(malformed)?;
                for option in options.split(';').map(str::trim).filter(|option| !option.is_empty()) {
                    match option.split_once('=') {
                        Some((name, value)) if name.trim().eq_ignore_ascii_case("$select") => {
                            expand.select = names(value)?;
                        }
                        _ => return Err(not_here(&format!("$expand({option})"))),
                    }
                }
                after.trim_start()
            }
            None => after,
        };
        rest = match rest.strip_prefix(',') {
            Some(more) => more.trim_start(),
            None if rest.is_empty() => rest,
            None => return Err(malformed()),
        };
        if found.len() >= MAX_EXPAND {
            return Err(ApiError::bad_request(format!("$expand takes at most {MAX_EXPAND} names.")));
        }
        found.push(expand);
    }
    Ok(found)
}

fn not_here(name: &str) -> ApiError {
    let name: String = name.chars().take(40).collect();
    ApiError::not_implemented(format!("Query option '{name}' is not implemented by this server."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_any_form() {
        for query in [
            "$select=id,mail&$top=5&$count=true",
            "%24select=id%2Cmail&%24Top=5&%24COUNT=TRUE",
            "select=id,mail&top=5&count=true&mine=7",
            "&&$Select=%20id%20,,mail&$top=+5+&$count=true&$format=json",
        ] {
            let options = Options::parse(query).unwrap();
            assert_eq!(options.select, Some(vec!["id".into(), "mail".into()]), "{query}");
            assert_eq!((options.top, options.count), (Some(5), true), "{query}");
        }
    }

    #[test]
    fn refuses_what_would_give_a_wrong_result() {
        let check = |query: &str, status: u16| {
            assert_eq!(Options::parse(query).unwrap_err().status.as_u16(), status, "{query}");
        };
        check("$top=0", 400);
        check("$top=1000", 400);
        check("$top=-1", 400);
        check("$top=x", 400);
        check("$count=maybe", 400);
        check("$top=1&top=2", 400);
        check("$skip=1", 400);
        check("$filter=%ff", 400);
        check("$select=a;b", 400);
        check("$expand=manager($levels=max)", 501);
        check("$expand=manager(", 400);
        check("$expand=a b", 400);
        check("$expand=a,b,c,d,e,f", 400);
        check("$apply=x", 501);
        check("$what=x", 501);
        check("$format=xml", 501);
        check(&format!("$filter={}", "x".repeat(20_000)), 400);
    }

    #[test]
    fn links_to_be_shown() {
        let options = Options::parse("$expand=Manager($select=id,displayName),memberOf").unwrap();
        let select = Some(vec!["id".to_owned(), "displayName".to_owned()]);
        let expect =
            [Expand { name: "manager".into(), select }, Expand { name: "memberof".into(), select: None }];
        assert_eq!(options.expand, expect);
    }

    #[test]
    fn the_token_is_not_carried_on() {
        let options = Options::parse("$top=2&$skiptoken=abc&$filter=a eq 'b'").unwrap();
        assert_eq!(options.skiptoken.as_deref(), Some("abc"));
        assert_eq!(options.pairs, [("$top", "2".to_owned()), ("$filter", "a eq 'b'".to_owned())]);
    }
}

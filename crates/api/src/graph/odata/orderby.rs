//! `$orderby`: one property, `asc` or `desc`.

use crate::error::ApiError;
use crate::graph::resource::{Known, Resource};
use lockstep_tenant::SortKey;

/// Reads an order.
pub(crate) fn parse(text: &str, resource: Resource) -> Result<Option<SortKey>, ApiError> {
    if text.contains(',') {
        return Err(ApiError::unsupported_query("Sorting by more than one property is not supported."));
    }
    let mut words = text.split_whitespace();
    let Some(name) = words.next() else { return Ok(None) };
    let descending = match words.next().map(str::to_ascii_lowercase).as_deref() {
        None | Some("asc") => false,
        Some("desc") => true,
        Some(_) => return Err(ApiError::bad_request("After the property in '$orderby' comes asc or desc.")),
    };
    if words.next().is_some() {
        return Err(ApiError::bad_request("'$orderby' is `property [asc|desc]`."));
    }
    match resource.known(name) {
        Some(Known::Field(field, _)) => Ok(Some(SortKey { field, descending })),
        _ => {
            let name: String = name.chars().take(80).collect();
            Err(ApiError::unsupported_query(format!("Sorting by '{name}' is not supported.")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep_model::Property;
    use lockstep_tenant::Field;

    #[test]
    fn reads_orders() {
        let check = |text: &str, descending| {
            let key = parse(text, Resource::User).unwrap().unwrap();
            assert_eq!(
                (key.field, key.descending),
                (Field::Property(Property::DisplayName), descending),
                "{text}"
            );
        };
        check("displayName", false);
        check(" DisplayName  ASC ", false);
        check("displayname desc", true);
        for bad in ["a", "displayName up", "displayName desc x", "displayName,mail", "proxyAddresses"] {
            assert!(parse(bad, Resource::User).is_err(), "{bad}");
        }
    }
}

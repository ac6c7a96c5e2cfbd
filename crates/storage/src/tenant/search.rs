//! The words that are looked for in names and addresses, by index; of deleted objects in their own rows.

use super::lists::{BODY, Sql, folded};
use lockstep_model::Property;
use lockstep_tenant::provision::{name_key, words};

/// Each term of the text is the beginning of a word of the display name, of the sign-in name or of an address.
pub(super) fn condition(sql: &mut Sql, text: &str) {
    for term in text.split_whitespace().take(8) {
        let term = name_key(term.trim_matches('"'));
        if term.is_empty() {
            continue;
        }
        if sql.deleted {
            search_own_rows(sql, &term);
            continue;
        }
        sql.push(" AND o.oid IN (");
        // "Ann-Marie" is two words of a name; "ann@" is the beginning of an address and of no name.
        let parts = if term.contains('@') { Vec::new() } else { words(&term) };
        for (number, part) in parts.iter().enumerate() {
            sql.push(if number > 0 {
                " INTERSECT SELECT oid FROM word WHERE "
            } else {
                "SELECT oid FROM word WHERE "
            });
            range(sql, "word", part);
        }
        if !parts.is_empty() {
            sql.push(" UNION ALL ");
        }
        sql.push("SELECT oid FROM claim WHERE space = 0 AND ");
        range(sql, "key", &term);
        sql.push(" UNION ALL SELECT oid FROM claim WHERE space = 1 AND ");
        range(sql, "key", &format!("smtp:{term}"));
        sql.push(")");
    }
}

/// Each word of the text is the beginning of a word of the display name: as an expression.
pub(super) fn name_words(sql: &mut Sql, text: &str) {
    let parts = words(&name_key(text));
    sql.push("(");
    for part in &parts {
        if sql.deleted {
            sql.push(&format!("instr(' ' || {}, ", name_in_words()));
            sql.bind(format!(" {part}"));
            sql.push(") > 0 AND ");
        } else {
            sql.push("o.oid IN (SELECT oid FROM word WHERE ");
            range(sql, "word", part);
            sql.push(") AND ");
        }
    }
    sql.push(if parts.is_empty() { "FALSE)" } else { "TRUE)" });
}

/// Signs that part the words of a name, beside blanks.
const BETWEEN_WORDS: &str = "'-.,;:_/\\()[]&+\"@#";

/// A display name with a blank before each of its words but the first.
fn name_in_words() -> String {
    let mut name = "o.name_key".to_owned();
    for sign in BETWEEN_WORDS.chars() {
        // In SQL an apostrophe is written twice.
        let sign = if sign == '\'' { "''".to_owned() } else { sign.to_string() };
        name = format!("replace({name}, '{sign}', ' ')");
    }
    name
}

/// As [`condition`], of objects that the indexes do not have.
fn search_own_rows(sql: &mut Sql, term: &str) {
    let name = name_in_words();
    sql.push(" AND (");
    let parts = if term.contains('@') { Vec::new() } else { words(term) };
    for part in &parts {
        sql.push(&format!("instr(' ' || {name}, "));
        sql.bind(format!(" {part}"));
        sql.push(") > 0 AND ");
    }
    sql.push(if parts.is_empty() { "FALSE" } else { "TRUE" });
    let address = sql.dialect.items(BODY, Property::ProxyAddresses.as_str());
    for (begin, column, prefix, end) in [
        (String::new(), folded(Property::UserPrincipalName), "", ""),
        (String::new(), folded(Property::Mail), "", ""),
        (format!("EXISTS (SELECT 1 FROM {address} WHERE "), "fold(j.value)".to_owned(), "smtp:", ")"),
    ] {
        let text = format!("{prefix}{term}");
        sql.push(&format!(" OR {begin}coalesce(substr({column}, 1, length("));
        sql.bind(text.clone());
        sql.push(")) = ");
        sql.bind(text);
        sql.push(&format!(", FALSE){end}"));
    }
    sql.push(")");
}

/// `column` begins with `prefix`, as a range that an index can serve.
pub(super) fn range(sql: &mut Sql, column: &str, prefix: &str) {
    sql.push(column);
    sql.push(" >= ");
    sql.bind(prefix.to_owned());
    if let Some(end) = after_prefix(prefix) {
        sql.push(" AND ");
        sql.push(column);
        sql.push(" < ");
        sql.bind(end);
    }
}

/// The smallest text greater than all that begin with `prefix`, in the order of UTF-8 bytes.
fn after_prefix(prefix: &str) -> Option<String> {
    let mut letters: Vec<char> = prefix.chars().collect();
    while let Some(last) = letters.pop() {
        // After U+D7FF come the surrogates, which are no characters.
        let next = if last == '\u{d7ff}' { Some('\u{e000}') } else { char::from_u32(u32::from(last) + 1) };
        if let Some(next) = next {
            letters.push(next);
            return Some(letters.into_iter().collect());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_prefix() {
        let check = |prefix: &str, expect: Option<&str>| assert_eq!(after_prefix(prefix).as_deref(), expect);
        check("a", Some("b"));
        check("ann", Some("ano"));
        check("a\u{10ffff}", Some("b"));
        check("\u{d7ff}", Some("\u{e000}"));
        check("\u{10ffff}", None);
        check("", None);
    }
}

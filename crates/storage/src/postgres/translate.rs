//! Statements are written with SQLite's placeholders and without the tenant; this is what PostgreSQL is sent.

/// `?1` and `?` become `$1`. What is unique is unique in its tenant, so that a conflict is one of the tenant and the key.
pub(super) fn translate(sql: &str) -> String {
    const CONFLICT: &str = "ON CONFLICT (";
    let mut out = String::with_capacity(sql.len() + 32);
    let mut next = 1_usize;
    let mut rest = sql;
    while let Some(at) = rest.find(['?', 'O']) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        if let Some(after) = from.strip_prefix(CONFLICT) {
            out.push_str(CONFLICT);
            out.push_str("tenant_id, ");
            rest = after;
        } else if let Some(after) = from.strip_prefix('?') {
            let digits = after.len() - after.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let (number, after) = after.split_at(digits);
            out.push('$');
            if number.is_empty() {
                out.push_str(&next.to_string());
                next += 1;
            } else {
                out.push_str(number);
            }
            rest = after;
        } else {
            let (letter, after) = from.split_at(1);
            out.push_str(letter);
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_and_conflicts() {
        let check = |sql: &str, expect: &str| assert_eq!(translate(sql), expect);
        check("SELECT 1", "SELECT 1");
        check("a = ?2 AND b = ?1 OR c", "a = $2 AND b = $1 OR c");
        check("a IN (?, ?) LIMIT ?", "a IN ($1, $2) LIMIT $3");
        check("ON CONFLICT (id) DO UPDATE SET a = ?11", "ON CONFLICT (tenant_id, id) DO UPDATE SET a = $11");
        check("ON CONFLICT DO NOTHING", "ON CONFLICT DO NOTHING");
    }
}

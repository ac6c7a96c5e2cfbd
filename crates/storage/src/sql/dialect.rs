//! The few expressions that the two databases write differently.

/// Whose SQL is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    /// Before a column that is not to be looked up in an index: without statistics SQLite's planner thinks any index
    /// good. PostgreSQL has statistics.
    pub(crate) const fn not_by_index(self) -> &'static str {
        match self {
            Self::Sqlite => "+",
            Self::Postgres => "",
        }
    }

    /// A join whose left side is read first.
    pub(crate) const fn join_in_order(self) -> &'static str {
        match self {
            Self::Sqlite => "CROSS JOIN",
            Self::Postgres => "JOIN",
        }
    }

    /// After a question for rows that one is to take: those that another is about to take are passed over.
    pub(crate) const fn skip_locked(self) -> &'static str {
        match self {
            // One writes at a time.
            Self::Sqlite => "",
            Self::Postgres => " FOR UPDATE SKIP LOCKED",
        }
    }

    /// A text in the order of its bytes.
    pub(crate) fn bytewise(self, text: &str) -> String {
        match self {
            Self::Sqlite => text.to_owned(),
            Self::Postgres => format!("({text} COLLATE \"C\")"),
        }
    }

    /// As many letters from the end of `text` as a parameter has.
    pub(crate) fn end_of(self, text: &str) -> (String, &'static str) {
        match self {
            Self::Sqlite => (format!("substr({text}, -length("), "))"),
            Self::Postgres => (format!("right({text}, length("), "))"),
        }
    }

    /// The items of a list in a JSON object as rows of `j` with the column `value`.
    pub(crate) fn items(self, body: &str, name: &str) -> String {
        match self {
            Self::Sqlite => format!("json_each({body}, '$.{name}') j"),
            Self::Postgres => format!("jsonb_array_elements_text({body} -> '{name}') j (value)"),
        }
    }

    /// A flag as `->>` gives it out of JSON.
    pub(crate) fn flag(self, flag: bool) -> super::Value {
        match self {
            Self::Sqlite => super::Value::Integer(i64::from(flag)),
            Self::Postgres => super::Value::Text(flag.to_string()),
        }
    }

    /// A JSON object without some of its members.
    pub(crate) fn without(self, body: &str, names: &[&str]) -> String {
        match self {
            Self::Sqlite => {
                let paths: String = names.iter().map(|name| format!(", '$.{name}'")).collect();
                format!("json_remove({body}{paths})")
            }
            Self::Postgres => {
                let keys: String = names.iter().map(|name| format!(" - '{name}'")).collect();
                format!("{body}{keys}")
            }
        }
    }
}

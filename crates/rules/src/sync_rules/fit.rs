//! Whether what a flow gives can be written where it goes; and where it cannot, what to write instead.

use super::schemas::Takes;
use crate::expr::{Arity, Shape, Types};

/// Why what an expression gives cannot be written where the flow goes, with what to do; none where it can.
pub(crate) fn misfit(shape: Shape, takes: Takes, to: &str) -> Option<(String, String)> {
    if !takes.types.covers(shape.types) {
        let message = format!("the expression gives {shape}, and \"{to}\" takes {}", takes.types);
        let remedy = if takes.types == Types::TEXT && !shape.types.covers(Types::BINARY) {
            "convert it with CStr()"
        } else if takes.types == Types::BOOLEAN {
            "ask IsPresent(), or compare it with something"
        } else {
            "convert it"
        };
        return Some((message, remedy.into()));
    }
    if shape.arity == Arity::Many && !takes.many && !shape.types.is_empty() {
        let message = format!("the expression gives {shape}, and \"{to}\" takes one value");
        let remedy = if shape.types == Types::TEXT {
            "choose one: FirstText(...), ItemOrNull(..., 1) or Join(...)"
        } else {
            "choose one: ItemOrNull(..., 1)"
        };
        return Some((message, remedy.into()));
    }
    None
}

/// The conversion of an attribute that a direct flow cannot make.
pub(super) fn conversion(name: &str, takes: Types, many: bool) -> String {
    let value = if many { format!("ItemOrNull([{name}], 1)") } else { format!("[{name}]") };
    let wrapped = match takes {
        Types::BOOLEAN => format!("IsPresent([{name}])"),
        Types::REFERENCE => format!("CRef({value})"),
        Types::NUMBER => format!("CNum({value})"),
        _ => format!("CStr({value})"),
    };
    format!("convert it: expression = '{wrapped}'")
}

//! Choosing, mapping, naming, failing. How they run is in the evaluation; here is what they are.

use super::{Accepts, Body, Form, Function, Group, Out, Parameter, Returns, one, text_of, whole};
use crate::expr::error::Fault;
use crate::expr::types::Types;
use crate::expr::value::Value;

const VARIABLE: Parameter = Parameter { name: "name", accepts: Accepts::Variable, default: None };
const CONDITION: Parameter = Parameter { name: "condition", accepts: Accepts::Condition, default: None };

#[rustfmt::skip]
pub(super) static FUNCTIONS: &[Function] = &[
    Function {
        name: "IIF", group: Group::Flow, parameters: &[CONDITION, whole("valueIfTrue"), whole("valueIfFalse")],
        returns: Returns::Form,
        summary: "One value or another, as a condition says.",
        notes: &[
            "A condition that is NULL is False.",
            "Where the condition has several values, it chooses for each of them; a value for which it gives NULL is \
             dropped.",
            "What is not chosen cannot fail: `IIF(IsGuid([x]), CGuid([x]), NULL)` is safe. With a condition of several \
             values both sides are evaluated for all of them; use Select() to be as safe there.",
            "`IIF(IsString([x]), CStr([x]), ConvertToBase64([x]))` is sound for every type: where the value can be no \
             text, the first side is not looked at.",
        ],
        examples: &[
            (r#"IIF([employeeType] = "Intern", "t-" & [mailNickname], [mailNickname])"#, r#""t-asmith""#),
            (r#"IIF(IsPresent([accountName]), [accountName], Error("AccountName is required"))"#,
                "error: AccountName is required"),
        ],
        body: Body::Form(Form::Iif),
    },
    Function {
        name: "Switch", group: Group::Flow, parameters: &[CONDITION, whole("value")], returns: Returns::Form,
        summary: "The value after the first condition that is True.",
        notes: &[
            "Conditions and values stand in pairs; a condition without a value is an error before the run.",
            "Without a condition that is True: NULL.",
            "Every condition is evaluated, so one that fails is an error even after one that is True; of the values \
             only the one that is chosen.",
            "A condition has one value, not several.",
        ],
        examples: &[
            (
                r#"Switch([l] = "London", "English", [l] = "Rome", "Italian", [l] = "Paris", "French", True, Error("Unknown city"))"#,
                r#""Italian""#,
            ),
        ],
        body: Body::Form(Form::Switch),
    },
    Function {
        name: "Select", group: Group::Flow, parameters: &[VARIABLE, whole("values"), whole("expression")],
        returns: Returns::Form,
        summary: "For every value what an expression makes of it.",
        notes: &["A value for which it gives NULL is dropped.", "NULL stays NULL."],
        examples: &[(
            r#"Select($item, [otherTelephone], Replace(Trim($item), " ", ""))"#, r#"{"+44205550100", "+44205550101"}"#,
        )],
        body: Body::Form(Form::Select),
    },
    Function {
        name: "Where", group: Group::Flow, parameters: &[VARIABLE, whole("values"), CONDITION],
        returns: Returns::Form,
        summary: "The values for which a condition is True.",
        notes: &["Where there is none: NULL.", "NULL stays NULL."],
        examples: &[
            ("Count(Where($item, [userCertificate], CertNotAfter($item) > Now()))", "1"),
            (r#"Where($item, [proxyAddresses], InStr($item, "@contoso.com") > 0)"#,
                r#"{"SMTP:ann.smith@contoso.com", "SIP:ann@contoso.com"}"#),
        ],
        body: Body::Form(Form::Where),
    },
    Function {
        name: "With", group: Group::Flow, parameters: &[VARIABLE, whole("value"), whole("expression")],
        returns: Returns::Form,
        summary: "An expression in which a part of it has a name, and is evaluated once.",
        notes: &[],
        examples: &[(
            "Count(With($unExpiredCerts, Where($item, [userCertificate], CertNotAfter($item) > Now()), \
             IIF(Count($unExpiredCerts) > 0, $unExpiredCerts, NULL)))",
            "1",
        )],
        body: Body::Form(Form::With),
    },
    Function {
        name: "Error", group: Group::Flow, parameters: &[one("message", Types::TEXT)], returns: Returns::Never,
        summary: "Stops the object with a message.",
        notes: &["It is an error of this object alone; the run goes on."],
        examples: &[(r#"Error("No mail address")"#, "error: No mail address")],
        body: Body::F1(raise),
    },
];

/// Characters of a message that are kept.
const MAX_MESSAGE: usize = 1_000;

fn raise(message: Value<'_>) -> Out<'_> {
    let message = text_of(message)?.unwrap_or_default();
    Err(Fault::raised(message.chars().take(MAX_MESSAGE).collect()))
}

//! Values of options as text, for whoever writes a statement from one that was parsed.

use crate::sql::ast::OptionValue;

/// The text of a value, as a statement takes it.
pub fn value(option: Option<&OptionValue>) -> String {
    let Some(option) = option else { return String::new() };
    let literal = crate::name::literal;
    let listed =
        |items: &[OptionValue]| items.iter().map(|item| value(Some(item))).collect::<Vec<_>>().join(", ");
    match option {
        OptionValue::String(text) => literal(text),
        OptionValue::Interval(text) => format!("INTERVAL {}", literal(text)),
        OptionValue::Number(text) | OptionValue::Raw(text) => text.clone(),
        OptionValue::Bool(yes) => yes.to_string(),
        OptionValue::Name(name) => match name.parts.as_slice() {
            [word] if word.as_str().chars().all(|c| c.is_ascii_alphabetic()) => word.as_str().to_uppercase(),
            parts => parts.iter().map(crate::name::Ident::sql).collect::<Vec<_>>().join("."),
        },
        OptionValue::Secret(name) => {
            let parts: Vec<String> = name.parts.iter().map(crate::name::Ident::sql).collect();
            format!("SECRET {}", parts.join("."))
        }
        OptionValue::List(items) => format!("({})", listed(items)),
        OptionValue::Nested(words, options) => {
            let inner: Vec<String> = options
                .iter()
                .map(|option| match &option.value {
                    Some(inner) => format!("{} = {}", option.name, value(Some(inner))),
                    None => option.name.clone(),
                })
                .collect();
            format!("{words} ({})", inner.join(", ")).trim_start().to_owned()
        }
    }
}

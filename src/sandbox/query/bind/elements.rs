//! Lists and arrays together with what is put into them or looked for in them.

use super::Binder;
use super::Typed;
use crate::sandbox::error::SqlError;
use crate::sandbox::model::column::Type;
use crate::sandbox::query::datum::Datum;
use crate::sandbox::query::kind;
use crate::sandbox::query::print;
use crate::sandbox::query::scalar::Scalar;

impl Binder<'_> {
    /// Makes the elements among the arguments of a function ones of its list or array.
    pub(super) fn with_elements(&mut self, name: &str, mut args: Vec<Typed>) -> Result<Vec<Typed>, SqlError> {
        let (list, element) = match name {
            "list_append" | "list_remove" | "array_remove" | "array_position" => (0, 1),
            "list_prepend" => (1, 0),
            "list_cat" | "array_cat" => {
                if let [left, right] = args.as_slice()
                    && let Some(of) = kind::common(&left.kind, &right.kind)
                {
                    return args.into_iter().map(|arg| self.coerce(arg, &of)).collect();
                }
                return Ok(args);
            }
            _ => return Ok(args),
        };
        let of = match args.get(list).map(|list| &list.kind) {
            Some(of @ (Type::List(_) | Type::Array(_))) => print::element_of(of),
            _ => return Ok(args),
        };
        if args.len() == 2 && args.get(element).is_some_and(|arg| kind::common(&arg.kind, &of).is_some()) {
            let arg = args.remove(element);
            args.insert(element, self.coerce(arg, &of)?);
        }
        Ok(args)
    }

    /// `||` of a list and an element; `None` where it is none.
    pub(super) fn appended(&mut self, left: &Typed, right: &Typed) -> Result<Option<Typed>, SqlError> {
        let is = |list: &Type, other: &Type| {
            matches!(list, Type::List(element) if !matches!(other, Type::List(_) | Type::Unknown)
                && kind::common(element, other).is_some())
        };
        let name = match (&left.kind, &right.kind) {
            (list, other) if is(list, other) => "list_append",
            (other, list) if is(list, other) => "list_prepend",
            _ => return Ok(None),
        };
        self.call(name, vec![left.clone(), right.clone()]).map(Some)
    }

    /// `list[1]`
    pub(super) fn subscript(&mut self, list: Typed, index: Typed) -> Result<Typed, SqlError> {
        let operator = if list.kind == Type::Jsonb { "->" } else { "[]" };
        let list = self.as_list(list);
        self.operator(operator, vec![list, index])
    }

    /// A value of a user's list type as the list that it is; other values as they are.
    fn as_list(&self, mut list: Typed) -> Typed {
        let plain = kind::plain(&self.context.view.state, &list.kind);
        if matches!(plain, Type::List(_)) {
            list.kind = plain;
        }
        list
    }

    /// `list[1:2]`, of the type of the list.
    pub(super) fn slice(&mut self, list: Typed, bounds: [Option<Typed>; 2]) -> Result<Typed, SqlError> {
        let of = list.kind.clone();
        let list = self.as_list(list);
        if !matches!(list.kind, Type::List(_)) {
            return Err(SqlError::unsupported("slices of anything but a list"));
        }
        let none = || Typed::new(Scalar::Literal(Datum::Null), Type::Int8, true);
        let mut args = vec![list];
        for bound in bounds {
            args.push(match bound {
                Some(bound) => self.coerce(bound, &Type::Int8)?,
                None => none(),
            });
        }
        let mut slice = self.operator("[:]", args)?;
        slice.kind = of;
        Ok(slice)
    }
}

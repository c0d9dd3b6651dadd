//! Operators and calls of functions.

use datafusion::sql::sqlparser::ast as tree;

use super::Binder;
use super::Typed;
use super::expr::not;
use super::expr::sign;
use super::folded;
use crate::sandbox::error::SqlError;
use crate::sandbox::model::column::Type;
use crate::sandbox::query::datum::Datum;
use crate::sandbox::query::function;
use crate::sandbox::query::function::Nulls;
use crate::sandbox::query::kind;
use crate::sandbox::query::scalar::Comparison;
use crate::sandbox::query::scalar::Scalar;
use crate::sandbox::query::series;

/// What the server hints at where it knows no function of a name.
const NO_FUNCTION: &str =
    "No function matches the given name and argument types. You might need to add explicit type casts.";
/// The same where it knows the name; the two blanks are the server's.
const NO_FORM: &str =
    "No function matches the given name and argument types.  You might need to add explicit type casts.";
/// The same of operators.
const NO_OPERATOR: &str =
    "No operator matches the given name and argument types.  You might need to add explicit type casts.";

/// A comparison by its operator.
pub(super) fn comparison(op: &tree::BinaryOperator) -> Option<Comparison> {
    Some(match op {
        tree::BinaryOperator::Eq => Comparison::Eq,
        tree::BinaryOperator::NotEq => Comparison::Ne,
        tree::BinaryOperator::Lt => Comparison::Lt,
        tree::BinaryOperator::LtEq => Comparison::Le,
        tree::BinaryOperator::Gt => Comparison::Gt,
        tree::BinaryOperator::GtEq => Comparison::Ge,
        _ => return None,
    })
}

impl Binder<'_> {
    /// Says that an operator is not known for two types.
    pub(super) fn no_operator(&self, sign: &str, left: &Type, right: &Type) -> SqlError {
        SqlError::internal(format!(
            "operator does not exist: {} {sign} {}",
            self.kind_name(left),
            self.kind_name(right)
        ))
        .hint(NO_OPERATOR)
    }

    /// Says that a function has no form for some types.
    pub(super) fn no_such_form(&self, name: &str, given: &[Type]) -> SqlError {
        let given: Vec<String> = given.iter().map(|of| self.kind_name(of)).collect();
        SqlError::internal(format!("function {name}({}) does not exist", given.join(", "))).hint(NO_FORM)
    }

    pub(super) fn binary(
        &mut self,
        left: &tree::Expr,
        op: &tree::BinaryOperator,
        right: &tree::Expr,
    ) -> Result<Typed, SqlError> {
        if matches!(op, tree::BinaryOperator::And | tree::BinaryOperator::Or) {
            return self.connected(left, op, right);
        }
        let (left, right) = (self.expr(left)?, self.expr(right)?);
        if let Some(op) = comparison(op) {
            return self.compare(op, left, right);
        }
        let arithmetic = match op {
            tree::BinaryOperator::Plus => Some('+'),
            tree::BinaryOperator::Minus => Some('-'),
            tree::BinaryOperator::Multiply => Some('*'),
            tree::BinaryOperator::Divide => Some('/'),
            tree::BinaryOperator::Modulo => Some('%'),
            _ => None,
        };
        if let Some(sign) = arithmetic {
            return self.arithmetic(sign, left, right);
        }
        match op {
            tree::BinaryOperator::StringConcat => self.concatenated(left, right),
            tree::BinaryOperator::PGLikeMatch => self.operator("LIKE", vec![left, right]),
            tree::BinaryOperator::PGILikeMatch => self.operator("ILIKE", vec![left, right]),
            tree::BinaryOperator::PGNotLikeMatch => self.operator("LIKE", vec![left, right]).map(not),
            tree::BinaryOperator::PGNotILikeMatch => self.operator("ILIKE", vec![left, right]).map(not),
            tree::BinaryOperator::PGExp | tree::BinaryOperator::BitwiseXor => {
                Err(SqlError::internal("[^] not yet supported"))
            }
            other => {
                let arrays = matches!((&left.kind, &right.kind), (Type::Array(_), Type::Array(_)));
                let sign = match other.to_string() {
                    sign if arrays && ["@>", "<@"].contains(&sign.as_str()) => format!("ARRAY {sign}"),
                    sign => sign,
                };
                if function::overloads(&sign).is_none() {
                    return Err(SqlError::unsupported(format!("the operator {sign}")));
                }
                self.operator(&sign, vec![left, right])
            }
        }
    }

    /// `AND` and `OR`, a long chain of them without recursion.
    fn connected(
        &mut self,
        left: &tree::Expr,
        op: &tree::BinaryOperator,
        right: &tree::Expr,
    ) -> Result<Typed, SqlError> {
        let mut operands = vec![right];
        let mut first = left;
        while let tree::Expr::BinaryOp { left, op: own, right } = first
            && own == op
        {
            operands.push(right);
            first = left;
        }
        operands.push(first);
        let mut parts = Vec::with_capacity(operands.len());
        let mut nullable = false;
        for operand in operands.into_iter().rev() {
            let typed = self.expr(operand)?;
            if !matches!(typed.kind, Type::Bool | Type::Unknown) {
                let of = self.kind_name(&typed.kind);
                return Err(SqlError::internal(format!(
                    "{op} argument must have type boolean, not type {of}"
                )));
            }
            let typed = self.coerce(typed, &Type::Bool)?;
            nullable |= typed.nullable;
            parts.push(typed.scalar);
        }
        let scalar = if *op == tree::BinaryOperator::And { Scalar::And(parts) } else { Scalar::Or(parts) };
        Ok(Typed::new(scalar, Type::Bool, nullable))
    }

    /// Makes two operands ones of one type.
    pub(super) fn alike(
        &mut self,
        sign: &str,
        left: Typed,
        right: Typed,
    ) -> Result<(Typed, Typed), SqlError> {
        let of = match kind::common(&left.kind, &right.kind) {
            // Blanks at the end of a `character` do not count.
            Some(Type::Unknown | Type::Char(_)) => Type::Text,
            Some(of) => of,
            None => return Err(self.no_operator(sign, &left.kind, &right.kind)),
        };
        // What stands in parentheses behind a type does not matter to a comparison.
        let left = if kind::bare(&left.kind) == of { left } else { self.coerce(left, &of)? };
        let right = if kind::bare(&right.kind) == of { right } else { self.coerce(right, &of)? };
        Ok((left, right))
    }

    /// A comparison.
    pub(super) fn compare(&mut self, op: Comparison, left: Typed, right: Typed) -> Result<Typed, SqlError> {
        let (left, right) = self.alike(sign(op), left, right)?;
        let nullable = left.nullable || right.nullable;
        let scalar = Scalar::Compare(op, Box::new(left.scalar), Box::new(right.scalar));
        Ok(Typed::new(scalar, Type::Bool, nullable))
    }

    fn arithmetic(&mut self, sign: char, left: Typed, right: Typed) -> Result<Typed, SqlError> {
        let Some(operation) = function::arithmetic::find(sign, &left.kind, &right.kind) else {
            return Err(self.no_operator(&sign.to_string(), &left.kind, &right.kind));
        };
        let left = self.coerce(left, &operation.left)?;
        let right = self.coerce(right, &operation.right)?;
        let nullable = left.nullable || right.nullable;
        let args = vec![left.scalar, right.scalar];
        let scalar = Scalar::Call { eval: operation.eval, strict: true, args };
        Ok(Typed::new(scalar, operation.result, nullable))
    }

    fn concatenated(&mut self, left: Typed, right: Typed) -> Result<Typed, SqlError> {
        let is_list = |of: &Type| matches!(of, Type::Array(_) | Type::List(_));
        if left.kind == Type::Jsonb || right.kind == Type::Jsonb {
            return self.operator("JSON ||", vec![left, right]);
        }
        if let Some(appended) = self.appended(&left, &right)? {
            return Ok(appended);
        }
        if is_list(&left.kind) || is_list(&right.kind) {
            let Some(of) = kind::common(&left.kind, &right.kind) else {
                return Err(self.no_operator("||", &left.kind, &right.kind));
            };
            let args = vec![self.coerce(left, &of)?, self.coerce(right, &of)?];
            return self.operator("ARRAY ||", args);
        }
        let text = |of: &Type| kind::is_text(of) || *of == Type::Unknown;
        if !text(&left.kind) && !text(&right.kind) {
            return Err(self.no_operator("||", &left.kind, &right.kind));
        }
        let nullable = left.nullable || right.nullable;
        let args = vec![self.coerce(left, &Type::Text)?.scalar, self.coerce(right, &Type::Text)?.scalar];
        let eval: crate::sandbox::query::scalar::Eval = |_, a| match a {
            [Datum::Text(left), Datum::Text(right)] => Ok(Datum::text(format!("{left}{right}"))),
            _ => Ok(Datum::Null),
        };
        Ok(Typed::new(Scalar::Call { eval, strict: true, args }, Type::Text, nullable))
    }

    pub(super) fn unary(&mut self, op: tree::UnaryOperator, expr: &tree::Expr) -> Result<Typed, SqlError> {
        if let (tree::UnaryOperator::Minus, Some(literal)) = (op, negative(expr)) {
            return self.expr(&literal);
        }
        let typed = self.expr(expr)?;
        match op {
            tree::UnaryOperator::Not => {
                if !matches!(typed.kind, Type::Bool | Type::Unknown) {
                    let of = self.kind_name(&typed.kind);
                    return Err(SqlError::internal(format!(
                        "NOT argument must have type boolean, not type {of}"
                    )));
                }
                self.coerce(typed, &Type::Bool).map(not)
            }
            tree::UnaryOperator::Plus if kind::is_number(&typed.kind) => Ok(typed),
            tree::UnaryOperator::Minus => {
                let Some(eval) = function::arithmetic::negation(&typed.kind) else {
                    let of = self.kind_name(&typed.kind);
                    return Err(
                        SqlError::internal(format!("operator does not exist: - {of}")).hint(NO_OPERATOR)
                    );
                };
                let scalar = Scalar::Call { eval, strict: true, args: vec![typed.scalar] };
                Ok(Typed::new(scalar, kind::bare(&typed.kind), typed.nullable))
            }
            other => Err(SqlError::unsupported(format!("the operator {other}"))),
        }
    }

    /// An operator that is known as a function.
    pub(super) fn operator(&mut self, sign: &str, args: Vec<Typed>) -> Result<Typed, SqlError> {
        let given: Vec<Type> = args.iter().map(|arg| arg.kind.clone()).collect();
        match self.chosen(sign, args)? {
            Some(typed) => Ok(typed),
            None => {
                let sign = sign.trim_start_matches("JSON ").trim_start_matches("ARRAY ");
                let sign = match sign {
                    "LIKE" | "LIKE ESCAPE" => "~~",
                    "ILIKE" | "ILIKE ESCAPE" => "~~*",
                    other => other,
                };
                let unknown = Type::Unknown;
                Err(self.no_operator(
                    sign,
                    given.first().unwrap_or(&unknown),
                    given.get(1).unwrap_or(&unknown),
                ))
            }
        }
    }

    fn chosen(&mut self, name: &str, args: Vec<Typed>) -> Result<Option<Typed>, SqlError> {
        let given: Vec<Type> = args.iter().map(|arg| arg.kind.clone()).collect();
        let Some(form) = function::overloads(name).and_then(|forms| function::choose(forms, &given)) else {
            return Ok(None);
        };
        let mut scalars = Vec::with_capacity(args.len());
        let mut kinds = Vec::with_capacity(args.len());
        let mut nullable = false;
        for (arg, of) in args.into_iter().zip(&form.args) {
            let any = match of {
                Type::Unknown => true,
                Type::Array(element) | Type::List(element) | Type::Map(element) => **element == Type::Unknown,
                _ => false,
            };
            let arg = if any || kind::bare(&arg.kind) == *of { arg } else { self.coerce(arg, of)? };
            nullable |= arg.nullable;
            kinds.push(arg.kind);
            scalars.push(arg.scalar);
        }
        let strict = matches!(form.nulls, Nulls::Strict | Nulls::StrictMay);
        let nullable = match form.nulls {
            Nulls::Strict => nullable,
            Nulls::StrictMay | Nulls::May => true,
            Nulls::Never => false,
        };
        let scalar = Scalar::Call { eval: form.eval, strict, args: scalars };
        Ok(Some(Typed::new(scalar, (form.result)(&kinds), nullable)))
    }

    /// The name of a function without the schema of the system's.
    pub(super) fn function_name(&self, name: &tree::ObjectName) -> Result<String, SqlError> {
        let parts: Vec<String> = name.0.iter().filter_map(|part| part.as_ident()).map(folded).collect();
        let system = |schema: &String| crate::sandbox::system::SCHEMAS.iter().any(|(own, _)| own == schema);
        match parts.as_slice() {
            [own] => Ok(own.clone()),
            [schema, own] if system(schema) => Ok(own.clone()),
            _ => Err(SqlError::internal(format!("function \"{}\" does not exist", parts.join(".")))
                .hint(NO_FUNCTION)),
        }
    }

    /// Arguments.
    pub(super) fn arguments(&mut self, args: &[tree::FunctionArg]) -> Result<Vec<Typed>, SqlError> {
        args.iter()
            .map(|arg| match arg {
                tree::FunctionArg::Unnamed(tree::FunctionArgExpr::Expr(expr)) => self.expr(expr),
                _ => Err(SqlError::unsupported("this argument of a function")),
            })
            .collect()
    }

    /// A call with everything that may follow its arguments.
    pub(super) fn function_call(&mut self, function: &tree::Function) -> Result<Typed, SqlError> {
        let name = self.function_name(&function.name)?;
        if let Some(over) = &function.over {
            return self.window(&name, function, over);
        }
        if super::aggregate::is_one(&name) {
            return self.aggregate(&name, function);
        }
        let args = match &function.args {
            tree::FunctionArguments::None => Vec::new(),
            tree::FunctionArguments::Subquery(query) => return self.collected(&name, query),
            tree::FunctionArguments::List(list) => {
                if list.duplicate_treatment == Some(tree::DuplicateTreatment::Distinct) {
                    return Err(SqlError::internal(format!(
                        "DISTINCT specified, but {name} is not an aggregate function"
                    )));
                }
                if series::is_known(&name) {
                    let (columns, at) = self.series(function)?;
                    return match columns.as_slice() {
                        [(_, of, nullable)] => Ok(Typed::new(Scalar::Series(at), of.clone(), *nullable)),
                        _ => Err(SqlError::unsupported(format!("{name} as a value"))),
                    };
                }
                self.arguments(&list.args)?
            }
        };
        self.call(&name, args)
    }

    /// A function that makes rows, in a select list: its columns, and where they begin.
    pub(super) fn series(
        &mut self,
        function: &tree::Function,
    ) -> Result<(Vec<series::Made>, usize), SqlError> {
        let name = self.function_name(&function.name)?;
        let tree::FunctionArguments::List(list) = &function.args else {
            return Err(SqlError::unsupported(format!("{name} without arguments")));
        };
        let args = self.arguments(&list.args)?;
        let given: Vec<Type> = args.iter().map(|arg| arg.kind.clone()).collect();
        let Some((series, columns, wanted)) = series::find(&name, &given) else {
            return Err(if series::is_known(&name) {
                self.no_such_form(&name, &given)
            } else {
                SqlError::unsupported(format!("{name}(…).*"))
            });
        };
        let mut scalars = Vec::with_capacity(args.len());
        for (arg, of) in args.into_iter().zip(&wanted) {
            scalars.push(self.coerce(arg, of)?.scalar);
        }
        let frame = self.frame();
        let at = frame.series.iter().map(|(_, _, types)| types.len()).sum();
        frame.series.push((series, scalars, columns.iter().map(|(_, of, _)| of.clone()).collect()));
        Ok((columns, at))
    }

    /// A call of a function by its own name.
    pub(super) fn call(&mut self, name: &str, mut args: Vec<Typed>) -> Result<Typed, SqlError> {
        match name {
            "coalesce" | "greatest" | "least" if !args.is_empty() => return self.homogeneous(name, args),
            "nullif" => {
                let (Some(right), Some(left)) = (args.pop(), args.pop()) else {
                    return Err(self.no_such_form(name, &[]));
                };
                let (left, right) = self.alike("=", left, right)?;
                let of = left.kind.clone();
                let same = Scalar::equal(left.scalar.clone(), right.scalar);
                let scalar = Scalar::Case(vec![(same, Scalar::Literal(Datum::Null))], Box::new(left.scalar));
                return Ok(Typed::new(scalar, of, true));
            }
            "row_number" | "rank" | "dense_rank" | "lag" | "lead" | "first_value" | "last_value" => {
                let message = format!("window function {name} requires an OVER clause");
                return Err(SqlError::internal(message));
            }
            "row" => return self.record(args),
            "pg_typeof" => {
                let of = args.first().map_or(Type::Unknown, |arg| arg.kind.clone());
                let of = Datum::text(self.kind_name(&of));
                return Ok(Typed::new(Scalar::Literal(of), Type::Text, false));
            }
            "to_jsonb" | "jsonb_build_array" => {
                args = args.into_iter().map(|arg| self.json(arg)).collect::<Result<_, _>>()?;
            }
            "jsonb_build_object" => return self.build_object(args),
            "concat" | "concat_ws" => {
                args = args.into_iter().map(|arg| self.coerce(arg, &Type::Text)).collect::<Result<_, _>>()?;
            }
            "array_to_string" => {
                if let Some(Type::Array(element)) = args.first().map(|arg| arg.kind.clone())
                    && *element != Type::Text
                {
                    let first = args.remove(0);
                    args.insert(0, self.coerce(first, &Type::Array(Box::new(Type::Text)))?);
                }
            }
            "array_remove" => args = self.alike_elements(name, args)?,
            "encode" => {
                if let Some(first) = args.first()
                    && first.kind == Type::Unknown
                {
                    let first = args.remove(0);
                    args.insert(0, self.coerce(first, &Type::Bytea)?);
                }
            }
            _ => args = self.with_elements(name, args)?,
        }
        let given: Vec<Type> = args.iter().map(|arg| arg.kind.clone()).collect();
        match self.chosen(name, args)? {
            Some(typed) => Ok(typed),
            None if function::overloads(name).is_some()
                || super::aggregate::is_one(name)
                || series::is_known(name) =>
            {
                Err(self.no_such_form(name, &given))
            }
            None => Err(unknown(name)),
        }
    }

    /// An array and a value, made ones of the same elements.
    fn alike_elements(&mut self, name: &str, args: Vec<Typed>) -> Result<Vec<Typed>, SqlError> {
        let of = match args.as_slice() {
            [Typed { kind: Type::Array(element), .. }, value] => kind::common(element, &value.kind),
            _ => None,
        };
        let Some(of) = of else {
            let given: Vec<Type> = args.iter().map(|arg| arg.kind.clone()).collect();
            return Err(self.no_such_form(name, &given));
        };
        let wanted = [Type::Array(Box::new(of.clone())), of];
        args.into_iter().zip(&wanted).map(|(arg, of)| self.coerce(arg, of)).collect()
    }

    fn homogeneous(&mut self, name: &str, args: Vec<Typed>) -> Result<Typed, SqlError> {
        let nullable = args.iter().all(|arg| arg.nullable);
        let (args, of) = self.unified(&name.to_uppercase(), args)?;
        let args: Vec<Scalar> = args.into_iter().map(|arg| arg.scalar).collect();
        let scalar = match name {
            "coalesce" => Scalar::Coalesce(args),
            "greatest" => Scalar::Call {
                eval: |_, a| {
                    let values = a.iter().filter(|value| !value.is_null());
                    Ok(values.max_by(|x, y| x.compare(y)).cloned().unwrap_or(Datum::Null))
                },
                strict: false,
                args,
            },
            _ => Scalar::Call {
                eval: |_, a| {
                    let values = a.iter().filter(|value| !value.is_null());
                    Ok(values.min_by(|x, y| x.compare(y)).cloned().unwrap_or(Datum::Null))
                },
                strict: false,
                args,
            },
        };
        Ok(Typed::new(scalar, of, nullable))
    }

    fn build_object(&mut self, args: Vec<Typed>) -> Result<Typed, SqlError> {
        if !args.len().is_multiple_of(2) {
            return Err(SqlError::internal("jsonb_build_object requires an even number of arguments"));
        }
        let mut made = Vec::with_capacity(args.len());
        for (at, arg) in args.into_iter().enumerate() {
            made.push(if at % 2 == 0 {
                self.coerce(arg, &Type::Text)?.scalar
            } else {
                self.json(arg)?.scalar
            });
        }
        let scalar = Scalar::Call { eval: function::json::build_object, strict: false, args: made };
        Ok(Typed::new(scalar, Type::Jsonb, false))
    }

    /// `a[1]`, and columns written with more parts than usual.
    pub(super) fn access(
        &mut self,
        root: &tree::Expr,
        chain: &[tree::AccessExpr],
    ) -> Result<Typed, SqlError> {
        let mut rest = chain;
        let mut typed = None;
        if let tree::Expr::Identifier(first) = root {
            let mut parts = vec![first.clone()];
            while let Some((tree::AccessExpr::Dot(tree::Expr::Identifier(part)), more)) = rest.split_first() {
                parts.push(part.clone());
                rest = more;
            }
            typed = Some(self.expr(&tree::Expr::CompoundIdentifier(parts))?);
        }
        let mut typed = match typed {
            Some(typed) => typed,
            None => self.expr(root)?,
        };
        for access in rest {
            typed = match access {
                tree::AccessExpr::Subscript(tree::Subscript::Index { index }) => {
                    let index = self.expr(index)?;
                    self.subscript(typed, index)?
                }
                tree::AccessExpr::Subscript(tree::Subscript::Slice {
                    lower_bound,
                    upper_bound,
                    stride: None,
                }) => {
                    let mut bound =
                        |bound: &Option<tree::Expr>| bound.as_ref().map(|it| self.expr(it)).transpose();
                    let bounds = [bound(lower_bound)?, bound(upper_bound)?];
                    self.slice(typed, bounds)?
                }
                tree::AccessExpr::Dot(tree::Expr::Identifier(name)) => self.field(typed, &folded(name))?,
                _ => return Err(SqlError::unsupported("this subscript")),
            };
        }
        Ok(typed)
    }

    fn field(&mut self, typed: Typed, name: &str) -> Result<Typed, SqlError> {
        let plain = kind::plain(&self.context.view.state, &typed.kind);
        let Type::Record(fields) = &plain else {
            return Err(SqlError::internal(format!(
                "column notation applied to type {}, which is not a composite type",
                self.kind_name(&typed.kind)
            )));
        };
        let Some(at) = fields.iter().position(|(own, _)| own == name) else {
            return Err(SqlError::internal(format!(
                "field {name} not found in data type {}",
                self.kind_name(&plain)
            )));
        };
        let of = fields.get(at).map_or(Type::Text, |(_, of)| of.clone());
        let place = Scalar::Literal(Datum::Int(i64::try_from(at).unwrap_or(0)));
        let scalar = Scalar::Call {
            eval: |_, a| match a {
                [Datum::Record(items), Datum::Int(at)] => {
                    Ok(usize::try_from(*at).ok().and_then(|at| items.get(at)).cloned().unwrap_or(Datum::Null))
                }
                _ => Ok(Datum::Null),
            },
            strict: true,
            args: vec![typed.scalar, place],
        };
        Ok(Typed::new(scalar, of, true))
    }
}

/// A negative number: the minus sign belongs to the digits, before any cast.
fn negative(expr: &tree::Expr) -> Option<tree::Expr> {
    match expr {
        tree::Expr::Value(value) => match &value.value {
            tree::Value::Number(digits, long) if !digits.starts_with('-') => {
                let mut value = value.clone();
                value.value = tree::Value::Number(format!("-{digits}"), *long);
                Some(tree::Expr::Value(value))
            }
            _ => None,
        },
        tree::Expr::Cast { expr: inner, .. } => {
            let negated = negative(inner)?;
            let mut cast = expr.clone();
            if let tree::Expr::Cast { expr, .. } = &mut cast {
                **expr = negated;
            }
            Some(cast)
        }
        _ => None,
    }
}

/// Says that there is no function of a name, or that the server has it and the sandbox has not.
fn unknown(name: &str) -> SqlError {
    // Source: recorded: the manual's list has `rpad`, the server has not.
    if name != "rpad" && crate::sandbox::system::functions::named(name).is_some() {
        return SqlError::unsupported(format!("the function {name}"));
    }
    SqlError::internal(format!("function \"{name}\" does not exist")).hint(NO_FUNCTION)
}

//! Query bodies and expressions.

/// A query body.
#[derive(Clone, Debug)]
pub struct Query {}

/// An expression.
#[derive(Clone, Debug)]
pub struct Expr {}

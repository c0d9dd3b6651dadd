//! Expressions and aggregates in the form in which the engine runs them.

use std::fmt;
use std::hash::Hash;
use std::hash::Hasher;
use std::sync::Arc;

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::DataType;
use datafusion::arrow::datatypes::Field;
use datafusion::arrow::datatypes::FieldRef;
use datafusion::arrow::datatypes::Schema;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::error::DataFusionError;
use datafusion::error::Result;
use datafusion::logical_expr::Accumulator;
use datafusion::logical_expr::AggregateUDF;
use datafusion::logical_expr::AggregateUDFImpl;
use datafusion::logical_expr::ColumnarValue;
use datafusion::logical_expr::Signature;
use datafusion::logical_expr::Volatility;
use datafusion::logical_expr::function::AccumulatorArgs;
use datafusion::logical_expr::function::StateFieldsArgs;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::aggregate::AggregateExprBuilder;
use datafusion::physical_expr::aggregate::AggregateFunctionExpr;
use datafusion::physical_expr::expressions::Column;
use datafusion::scalar::ScalarValue;

use super::super::model::column::Type;
use super::aggregate;
use super::aggregate::Aggregate;
use super::batch;
use super::datum::Datum;
use super::kind;
use super::run::Failure;
use super::scalar::Context;
use super::scalar::Scalar;

/// An expression as the engine has it.
pub(super) fn expr(
    context: &Arc<Context>,
    scalar: &Scalar,
    of: &Type,
    input: &Schema,
) -> Arc<dyn PhysicalExpr> {
    if let Scalar::Column { level: 0, index } = scalar
        && let Some(field) = input.fields().get(*index)
        && *field.data_type() == kind::arrow(of)
    {
        return Arc::new(Column::new(field.name(), *index));
    }
    let mut reads = Vec::new();
    scalar.reads(&mut reads);
    Arc::new(Computed { context: Arc::clone(context), scalar: scalar.clone(), of: kind::arrow(of), reads })
}

/// An expression of this room.
struct Computed {
    context: Arc<Context>,
    scalar: Scalar,
    of: DataType,
    reads: Vec<usize>,
}

impl Computed {
    fn values(&self, batch: &RecordBatch) -> Result<ArrayRef> {
        let width = self.reads.iter().max().map_or(0, |last| last + 1);
        let mut row = vec![Datum::Null; width];
        let mut values = Vec::with_capacity(batch.num_rows());
        for at in 0..batch.num_rows() {
            for column in &self.reads {
                if let (Some(slot), Some(array)) = (row.get_mut(*column), batch.columns().get(*column)) {
                    *slot = batch::value(array, at);
                }
            }
            values.push(self.scalar.eval(&self.context, &row).map_err(failed)?);
        }
        Ok(batch::column(&self.of, values.into_iter()))
    }
}

fn failed(error: super::super::error::SqlError) -> DataFusionError {
    DataFusionError::External(Box::new(Failure(error)))
}

impl fmt::Debug for Computed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.scalar.fmt(f)
    }
}

impl fmt::Display for Computed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expression")
    }
}

impl PartialEq for Computed {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for Computed {}

impl Hash for Computed {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::ptr::from_ref(self).hash(state);
    }
}

impl PhysicalExpr for Computed {
    fn data_type(&self, _schema: &Schema) -> Result<DataType> {
        Ok(self.of.clone())
    }

    fn nullable(&self, _schema: &Schema) -> Result<bool> {
        Ok(true)
    }

    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        self.values(batch).map(ColumnarValue::Array)
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        Vec::new()
    }

    fn with_new_children(
        self: Arc<Self>,
        _children: Vec<Arc<dyn PhysicalExpr>>,
    ) -> Result<Arc<dyn PhysicalExpr>> {
        Ok(self)
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// An aggregate as the engine has it.
///
/// # Errors
/// When the engine refuses it.
pub(super) fn fold(
    context: &Arc<Context>,
    aggregate: &Aggregate,
    schema: &SchemaRef,
    name: &str,
) -> Result<Arc<AggregateFunctionExpr>> {
    let mut args: Vec<Arc<dyn PhysicalExpr>> =
        aggregate.args.iter().map(|(arg, of)| expr(context, arg, of, schema)).collect();
    args.extend(aggregate.order.iter().map(|key| expr(context, &key.by, &key.kind, schema)));
    if args.is_empty() {
        args.push(expr(context, &Scalar::truth(true), &Type::Bool, schema));
    }
    let own = Own {
        aggregate: aggregate.clone(),
        of: kind::arrow(&aggregate.kind),
        signature: Signature::variadic_any(Volatility::Immutable),
    };
    let made = AggregateExprBuilder::new(Arc::new(AggregateUDF::new_from_impl(own)), args)
        .schema(Arc::clone(schema))
        .alias(name)
        .build()?;
    Ok(Arc::new(made))
}

/// An aggregate of this room.
#[derive(Debug)]
struct Own {
    aggregate: Aggregate,
    of: DataType,
    signature: Signature,
}

impl PartialEq for Own {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for Own {}

impl Hash for Own {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.aggregate.fold.hash(state);
    }
}

impl AggregateUDFImpl for Own {
    fn name(&self) -> &'static str {
        "aggregate"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _args: &[DataType]) -> Result<DataType> {
        Ok(self.of.clone())
    }

    fn accumulator(&self, _args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Rows { aggregate: self.aggregate.clone(), of: self.of.clone(), rows: Vec::new() }))
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        Ok(vec![Arc::new(Field::new(args.name, self.of.clone(), true))])
    }
}

/// The rows of one group: of each the arguments and the keys of the order.
#[derive(Debug)]
struct Rows {
    aggregate: Aggregate,
    of: DataType,
    rows: Vec<(Vec<Datum>, Vec<Datum>)>,
}

impl Accumulator for Rows {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let count = values.first().map_or(0, |first| first.len());
        let (args, keys) = values.split_at(self.aggregate.args.len().min(values.len()));
        let keys = keys.get(..self.aggregate.order.len()).unwrap_or_default();
        for row in 0..count {
            let of = |arrays: &[ArrayRef]| arrays.iter().map(|array| batch::value(array, row)).collect();
            self.rows.push((of(args), of(keys)));
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let rows = std::mem::take(&mut self.rows);
        let value = aggregate::compute(&self.aggregate, rows).map_err(failed)?;
        Ok(batch::single(&self.of, value))
    }

    fn size(&self) -> usize {
        self.rows.len() * 64
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Err(DataFusionError::NotImplemented("aggregates in parts".to_owned()))
    }

    fn merge_batch(&mut self, _states: &[ArrayRef]) -> Result<()> {
        Err(DataFusionError::NotImplemented("aggregates in parts".to_owned()))
    }
}

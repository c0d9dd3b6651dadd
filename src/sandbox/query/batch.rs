//! Rows as the engine holds them.

use std::sync::Arc;

use datafusion::arrow::array::Array;
use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::array::AsArray;
use datafusion::arrow::array::BinaryBuilder;
use datafusion::arrow::array::BooleanBuilder;
use datafusion::arrow::array::Float64Builder;
use datafusion::arrow::array::Int64Builder;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::array::RecordBatchOptions;
use datafusion::arrow::array::StringBuilder;
use datafusion::arrow::array::UInt64Builder;
use datafusion::arrow::datatypes::DataType;
use datafusion::arrow::datatypes::Field;
use datafusion::arrow::datatypes::Float64Type;
use datafusion::arrow::datatypes::Int64Type;
use datafusion::arrow::datatypes::Schema;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::datatypes::UInt64Type;
use datafusion::scalar::ScalarValue;

use super::super::error::SqlError;
use super::super::model::column::Type;
use super::datum::Datum;
use super::kind;

/// Rows with the types of their columns.
#[derive(Clone, Debug)]
pub(super) struct Batch {
    /// The types.
    pub(super) types: Vec<Type>,
    held: Held,
}

/// How rows are held: they change their form only where the other one is needed.
#[derive(Clone, Debug)]
enum Held {
    Values(Arc<Vec<Vec<Datum>>>),
    Engine(Vec<RecordBatch>),
}

/// The engine's description of columns; their names are their places.
pub(super) fn schema(types: &[Type]) -> SchemaRef {
    let fields: Vec<Field> =
        types.iter().enumerate().map(|(at, of)| Field::new(at.to_string(), kind::arrow(of), true)).collect();
    Arc::new(Schema::new(fields))
}

fn broken(error: impl std::fmt::Display) -> SqlError {
    SqlError::internal(format!("the engine failed: {error}"))
}

/// A column of values.
pub(super) fn column(of: &DataType, values: impl Iterator<Item = Datum>) -> ArrayRef {
    match of {
        DataType::Boolean => {
            let mut builder = BooleanBuilder::new();
            values.for_each(|value| {
                builder.append_option(if let Datum::Bool(v) = value { Some(v) } else { None })
            });
            Arc::new(builder.finish())
        }
        DataType::Int64 => {
            let mut builder = Int64Builder::new();
            values.for_each(|value| {
                builder.append_option(if let Datum::Int(v) = value { Some(v) } else { None })
            });
            Arc::new(builder.finish())
        }
        DataType::UInt64 => {
            let mut builder = UInt64Builder::new();
            values.for_each(|value| {
                builder.append_option(if let Datum::UInt(v) = value { Some(v) } else { None })
            });
            Arc::new(builder.finish())
        }
        DataType::Float64 => {
            let mut builder = Float64Builder::new();
            values.for_each(|value| {
                builder.append_option(if let Datum::Float(v) = value { Some(v) } else { None })
            });
            Arc::new(builder.finish())
        }
        DataType::Utf8 => {
            let mut builder = StringBuilder::new();
            values.for_each(|value| match value {
                Datum::Text(text) => builder.append_value(&text),
                _ => builder.append_null(),
            });
            Arc::new(builder.finish())
        }
        _ => {
            let mut builder = BinaryBuilder::new();
            values.for_each(|value| match value {
                Datum::Null => builder.append_null(),
                value => builder.append_value(value.bytes()),
            });
            Arc::new(builder.finish())
        }
    }
}

/// A single value as the engine has it.
pub(super) fn single(of: &DataType, value: Datum) -> ScalarValue {
    match (of, value) {
        (DataType::Boolean, Datum::Bool(value)) => ScalarValue::Boolean(Some(value)),
        (DataType::Boolean, _) => ScalarValue::Boolean(None),
        (DataType::Int64, Datum::Int(value)) => ScalarValue::Int64(Some(value)),
        (DataType::Int64, _) => ScalarValue::Int64(None),
        (DataType::UInt64, Datum::UInt(value)) => ScalarValue::UInt64(Some(value)),
        (DataType::UInt64, _) => ScalarValue::UInt64(None),
        (DataType::Float64, Datum::Float(value)) => ScalarValue::Float64(Some(value)),
        (DataType::Float64, _) => ScalarValue::Float64(None),
        (DataType::Utf8, Datum::Text(text)) => ScalarValue::Utf8(Some(text.to_string())),
        (DataType::Utf8, _) => ScalarValue::Utf8(None),
        (_, Datum::Null) => ScalarValue::Binary(None),
        (_, value) => ScalarValue::Binary(Some(value.bytes())),
    }
}

/// A value in a column.
pub(super) fn value(array: &ArrayRef, row: usize) -> Datum {
    if array.is_null(row) {
        return Datum::Null;
    }
    match array.data_type() {
        DataType::Boolean => Datum::Bool(array.as_boolean().value(row)),
        DataType::Int64 => Datum::Int(array.as_primitive::<Int64Type>().value(row)),
        DataType::UInt64 => Datum::UInt(array.as_primitive::<UInt64Type>().value(row)),
        DataType::Float64 => Datum::Float(array.as_primitive::<Float64Type>().value(row)),
        DataType::Utf8 => Datum::text(array.as_string::<i32>().value(row)),
        DataType::Binary => Datum::decode(&mut array.as_binary::<i32>().value(row)).unwrap_or(Datum::Null),
        _ => Datum::Null,
    }
}

impl Batch {
    /// Rows of values.
    pub(super) fn of_rows(types: Vec<Type>, rows: Vec<Vec<Datum>>) -> Self {
        Self { types, held: Held::Values(Arc::new(rows)) }
    }

    /// Rows as the engine made them.
    pub(super) fn of_engine(types: Vec<Type>, parts: Vec<RecordBatch>) -> Self {
        Self { types, held: Held::Engine(parts) }
    }

    /// The rows as the engine holds them.
    ///
    /// # Errors
    /// When the engine fails.
    pub(super) fn into_engine(self) -> Result<Vec<RecordBatch>, SqlError> {
        let rows = match self.held {
            Held::Values(rows) => rows,
            Held::Engine(parts) => return Ok(parts),
        };
        let schema = schema(&self.types);
        let count = rows.len();
        let value = |row: &Vec<Datum>, at: usize| row.get(at).cloned().unwrap_or(Datum::Null);
        let arrays: Vec<ArrayRef> = schema
            .fields()
            .iter()
            .enumerate()
            .map(|(at, field)| column(field.data_type(), rows.iter().map(|row| value(row, at))))
            .collect();
        let options = RecordBatchOptions::new().with_row_count(Some(count));
        RecordBatch::try_new_with_options(schema, arrays, &options).map(|part| vec![part]).map_err(broken)
    }

    /// The rows as values.
    pub(super) fn into_rows(self) -> Vec<Vec<Datum>> {
        let parts = match self.held {
            Held::Values(rows) => return Arc::unwrap_or_clone(rows),
            Held::Engine(parts) => parts,
        };
        let mut rows = Vec::with_capacity(parts.iter().map(RecordBatch::num_rows).sum());
        for part in &parts {
            for row in 0..part.num_rows() {
                rows.push(part.columns().iter().map(|column| value(column, row)).collect());
            }
        }
        rows
    }
}

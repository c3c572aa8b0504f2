//! Parquet tables as JSON lines: the hub keeps data sets in either form, and one reader of rows is enough.

use std::fs::File;
use std::io::{self, BufReader, Read};

use parquet::file::reader::SerializedFileReader;
use parquet::record::reader::RowIter;
use parquet::record::{Field, Row};
use serde_json::{Map, Value};

/// The first four bytes of every Parquet file.
pub(crate) const MAGIC: &[u8] = b"PAR1";

/// The rows of a table, each as one line of JSON: line numbers are row numbers.
pub(crate) fn lines(file: File) -> io::Result<BufReader<Lines>> {
    let reader = SerializedFileReader::new(file).map_err(broken)?;
    Ok(BufReader::new(Lines { rows: reader.into_iter(), line: Vec::new(), at: 0 }))
}

pub(crate) struct Lines {
    rows: RowIter<'static>,
    line: Vec<u8>,
    /// How much of the line was given out.
    at: usize,
}

impl Read for Lines {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at == self.line.len() {
            let Some(row) = self.rows.next() else { return Ok(0) };
            self.line = serde_json::to_vec(&object(row.map_err(broken)?))?;
            self.line.push(b'\n');
            self.at = 0;
        }
        let count = (&self.line[self.at..]).read(buffer)?;
        self.at += count;
        Ok(count)
    }
}

fn broken(error: impl std::fmt::Display) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("not a whole Parquet file ({error})"))
}

fn object(row: Row) -> Value {
    Value::Object(row.into_columns().into_iter().map(|(name, field)| (name, value(&field))).collect::<Map<_, _>>())
}

/// Numbers stay numbers; what JSON has no word for (dates, decimals) becomes the text Parquet prints.
fn value(field: &Field) -> Value {
    match field {
        Field::Null => Value::Null,
        Field::Bool(value) => (*value).into(),
        Field::Byte(value) => (*value).into(),
        Field::Short(value) => (*value).into(),
        Field::Int(value) => (*value).into(),
        Field::Long(value) => (*value).into(),
        Field::UByte(value) => (*value).into(),
        Field::UShort(value) => (*value).into(),
        Field::UInt(value) => (*value).into(),
        Field::ULong(value) => (*value).into(),
        Field::Float(value) => (*value).into(),
        Field::Double(value) => (*value).into(),
        Field::Str(value) => value.as_str().into(),
        Field::Bytes(value) => String::from_utf8_lossy(value.data()).into_owned().into(),
        Field::ListInternal(list) => list.elements().iter().map(value).collect(),
        Field::Group(row) => object(row.clone()),
        other => other.to_string().into(),
    }
}

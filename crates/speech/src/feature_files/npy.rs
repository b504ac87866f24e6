//! NumPy's array format, versions 1 to 3 (NumPy enhancement proposal 1).

use super::matrix::Number;

/// What is before the numbers of an array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NpyHeader {
    /// Lengths of its axes.
    pub shape: Vec<usize>,
    /// Its numbers.
    pub number: Number,
    /// Most significant byte first.
    pub big_endian: bool,
    /// The first axis runs fastest.
    pub fortran_order: bool,
    /// Where the numbers begin.
    pub start: usize,
}

/// So long is a header at most that is looked at.
pub const LONGEST_HEADER: usize = 1 << 16;

impl NpyHeader {
    /// Reads the header of a file that begins with `bytes`.
    ///
    /// # Errors
    /// In words, where it is no array of numbers.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let no_array = || "it is not an array in NumPy's format".to_owned();
        let (magic, rest) = bytes.split_at_checked(6).ok_or_else(no_array)?;
        if magic != b"\x93NUMPY" {
            return Err(no_array());
        }
        let (length, before) = match rest {
            [1, _, a, b, ..] => (u32::from(u16::from_le_bytes([*a, *b])), 10),
            [2 | 3, _, a, b, c, d, ..] => (u32::from_le_bytes([*a, *b, *c, *d]), 12),
            [version, ..] => {
                return Err(format!("version {version} of NumPy's format is not read"));
            }
            [] => return Err(no_array()),
        };
        let start = before + length as usize;
        let header = bytes.get(before..start);
        let header = header.ok_or("its header is cut short, or longer than any")?;
        let header = std::str::from_utf8(header).map_err(|_| no_array())?;
        let value = |key: &str| {
            let quoted = [format!("'{key}'"), format!("\"{key}\"")];
            let at = quoted
                .iter()
                .find_map(|key| Some(header.find(key)? + key.len()));
            let rest = header[at?..].trim_start().strip_prefix(':')?;
            Some(rest.trim_start())
        };
        let missing = |key: &str| format!("its header does not say `{key}`");
        let descr = value("descr").ok_or_else(|| missing("descr"))?;
        let (number, big_endian) = number(descr)?;
        let order = value("fortran_order").ok_or_else(|| missing("fortran_order"))?;
        let shape = value("shape").ok_or_else(|| missing("shape"))?;
        let shape = shape
            .strip_prefix('(')
            .and_then(|rest| rest.split_once(')'));
        let (shape, _) = shape.ok_or_else(|| missing("shape"))?;
        let lengths = shape
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty());
        let shape = lengths.map(|part| part.trim_end_matches('L').parse());
        let shape: Result<Vec<usize>, _> = shape.collect();
        Ok(Self {
            shape: shape.map_err(|_| missing("shape"))?,
            number,
            big_endian,
            fortran_order: order.starts_with("True"),
            start,
        })
    }

    /// Bytes of all numbers; none where they are more than any machine addresses.
    pub fn bytes(&self) -> Option<usize> {
        let product = self
            .shape
            .iter()
            .try_fold(1_usize, |all, length| all.checked_mul(*length));
        product?.checked_mul(self.number.bytes())
    }
}

/// How `descr` says that numbers are stored.
fn number(descr: &str) -> Result<(Number, bool), String> {
    let quote = descr.chars().next().unwrap_or_default();
    if !matches!(quote, '\'' | '"') {
        return Err("its elements are records of several fields".into());
    }
    let descr = descr[1..].split(quote).next().unwrap_or_default();
    let mut characters = descr.chars();
    let order = characters.next().unwrap_or_default();
    let number = match characters.as_str() {
        "f2" => Number::F16,
        "f4" => Number::F32,
        "f8" => Number::F64,
        "b1" | "u1" => Number::Unsigned(1),
        "u2" => Number::Unsigned(2),
        "u4" => Number::Unsigned(4),
        "u8" => Number::Unsigned(8),
        "i1" => Number::Signed(1),
        "i2" => Number::Signed(2),
        "i4" => Number::Signed(4),
        "i8" => Number::Signed(8),
        "O" => {
            return Err(
                "it holds Python objects instead of numbers: save lists of arrays with numpy.savez"
                    .into(),
            );
        }
        _ => {
            return Err(format!(
                "elements of the type {descr} are no numbers that are read"
            ));
        }
    };
    Ok((number, order == '>'))
}

/// The shape and the values of an array, in C order.
///
/// # Errors
/// As [`NpyHeader::read`]; also more or fewer numbers than it says.
pub fn read(bytes: &[u8]) -> Result<(Vec<usize>, Vec<f32>), String> {
    let header = NpyHeader::read(bytes)?;
    let data = &bytes[header.start..];
    if header.bytes() != Some(data.len()) {
        return Err(format!(
            "its header promises an array {:?}, and {} bytes follow",
            header.shape,
            data.len()
        ));
    }
    let values = header.number.decode(data, header.big_endian);
    let values = match header.fortran_order {
        true => in_c_order(&header.shape, &values),
        false => values,
    };
    Ok((header.shape, values))
}

/// The values of an array whose first axis runs fastest, with the last one running fastest.
fn in_c_order(shape: &[usize], values: &[f32]) -> Vec<f32> {
    let mut strides = Vec::with_capacity(shape.len());
    let mut stride = 1;
    for length in shape {
        strides.push(stride);
        stride *= length;
    }
    let mut place = vec![0; shape.len()];
    let next = |_| {
        let from: usize = place
            .iter()
            .zip(&strides)
            .map(|(at, stride)| at * stride)
            .sum();
        for (at, length) in place.iter_mut().zip(shape).rev() {
            *at += 1;
            if *at < *length {
                break;
            }
            *at = 0;
        }
        values[from]
    };
    (0..values.len()).map(next).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(header: &str, data: &[u8]) -> Vec<u8> {
        let length = (header.len() as u16).to_le_bytes();
        [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), data].concat()
    }

    #[test]
    fn orders_of_bytes_and_axes() {
        let header = "{'descr': '>i2', 'fortran_order': True, 'shape': (2, 3), }\n";
        let data: Vec<u8> = (1_i16..=6).flat_map(i16::to_be_bytes).collect();
        let (shape, values) = read(&file(header, &data)).unwrap();
        assert_eq!(
            (shape, values),
            (vec![2, 3], vec![1.0, 3.0, 5.0, 2.0, 4.0, 6.0])
        );
    }

    #[test]
    fn what_is_no_array_of_numbers_is_refused() {
        let good = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n";
        assert_eq!(read(&file(good, &[0; 8])).unwrap().0, [2]);
        for (bytes, expected) in [
            (file(good, &[0; 7]), "7 bytes follow"),
            (file(&good.replace("<f4", "|O"), &[0; 8]), "numpy.savez"),
            (
                file(&good.replace("'<f4'", "[('a', '<f4')]"), &[0; 8]),
                "several fields",
            ),
            (
                file(&good.replace("(2,)", "(99999999999, 99999999999)"), &[]),
                "promises",
            ),
            (file(&good.replace("shape", "form"), &[0; 8]), "`shape`"),
            (b"PK\x03\x04 and more".to_vec(), "NumPy's format"),
            (b"\x93NUMPY\x01\x00\xff\xff".to_vec(), "cut short"),
        ] {
            let error = read(&bytes).unwrap_err();
            assert!(error.contains(expected), "{expected}: {error}");
        }
    }
}

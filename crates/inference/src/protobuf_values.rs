//! What stands in the fields of a message: texts, numbers and messages.

use crate::protobuf_reader::{FieldValue, Fields, NoMessage, varint, write_varint};

/// What stands in a field of texts or messages, in its order.
pub fn messages(message: &[u8], number: u64) -> Result<Vec<&[u8]>, NoMessage> {
    let mut found = Vec::new();
    for field in Fields::of(message) {
        if let (of, FieldValue::Bytes(bytes)) = field?
            && of == number
        {
            found.push(bytes);
        }
    }
    Ok(found)
}

/// The last number that stands in a field.
pub fn integer(message: &[u8], number: u64) -> Result<Option<u64>, NoMessage> {
    let mut found = None;
    for field in Fields::of(message) {
        if let (of, FieldValue::Varint(value)) = field?
            && of == number
        {
            found = Some(value);
        }
    }
    Ok(found)
}

/// All numbers of a list, packed or one by one.
pub fn integers(message: &[u8], number: u64) -> Result<Vec<i64>, NoMessage> {
    let mut found = Vec::new();
    for field in Fields::of(message) {
        match field? {
            (of, FieldValue::Varint(value)) if of == number => found.push(value.cast_signed()),
            (of, FieldValue::Bytes(packed)) if of == number => {
                let mut bytes = packed.iter().copied().peekable();
                while bytes.peek().is_some() {
                    let value = varint(|| bytes.next()).ok_or(NoMessage)?;
                    found.push(value.cast_signed());
                }
            }
            _ => {}
        }
    }
    Ok(found)
}

/// The last text in a field; empty where there is none.
pub fn text(message: &[u8], number: u64) -> Result<String, NoMessage> {
    let bytes = messages(message, number)?
        .last()
        .copied()
        .unwrap_or_default();
    let text = std::str::from_utf8(bytes).map_err(|_| NoMessage)?;
    Ok(text.to_owned())
}

/// The message without a field.
pub fn without(message: &[u8], number: u64) -> Result<Vec<u8>, NoMessage> {
    let mut kept = Vec::with_capacity(message.len());
    for field in Fields::of(message) {
        let (of, value) = field?;
        if of == number {
            continue;
        }
        match value {
            FieldValue::Varint(value) => {
                write_varint(&mut kept, of << 3);
                write_varint(&mut kept, value);
            }
            FieldValue::Fixed64(bytes) => {
                write_varint(&mut kept, of << 3 | 1);
                kept.extend(bytes);
            }
            FieldValue::Bytes(bytes) => {
                write_varint(&mut kept, of << 3 | 2);
                write_varint(&mut kept, bytes.len() as u64);
                kept.extend(bytes);
            }
            FieldValue::Fixed32(bytes) => {
                write_varint(&mut kept, of << 3 | 5);
                kept.extend(bytes);
            }
        }
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 1: 150, 2: "a", 3: four bytes, 4: eight bytes, 5: [1, -1] packed, 5: 7.
    fn message() -> Vec<u8> {
        let mut message = vec![0x08, 0x96, 0x01, 0x12, 0x01, b'a', 0x1d, 1, 2, 3, 4];
        message.extend([0x21, 1, 2, 3, 4, 5, 6, 7, 8, 0x2a, 11, 1]);
        message.extend([0xff; 9]);
        message.extend([1, 0x28, 7]);
        message
    }

    #[test]
    fn values_are_found_by_their_field() {
        assert_eq!(integer(&message(), 1), Ok(Some(150)));
        assert_eq!(text(&message(), 2).as_deref(), Ok("a"));
        assert_eq!(text(&message(), 9).as_deref(), Ok(""));
        assert_eq!(integers(&message(), 5), Ok(vec![1, -1, 7]));
        assert_eq!(integers(&[0x2a, 1, 0xff], 5), Err(NoMessage));
    }

    #[test]
    fn all_others_stay_as_they_are() {
        assert_eq!(without(&message(), 9), Ok(message()));
        for (field, gone) in [(1, 3), (2, 3), (3, 5), (4, 9), (5, 15)] {
            let rest = without(&message(), field).unwrap();
            assert_eq!(rest.len(), message().len() - gone, "{field}");
            assert!(Fields::of(&rest).all(|other| other.unwrap().0 != field));
        }
    }
}

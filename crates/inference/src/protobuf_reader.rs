//! The wire format of Protocol Buffers, read: fields one after another, without a description of the message.
//!
//! Source: "Encoding" in the Protocol Buffers documentation (protobuf.dev).

/// The value of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldValue<'a> {
    /// An integer, an enum or a boolean.
    Varint(u64),
    /// Eight bytes.
    Fixed64([u8; 8]),
    /// A text, a message or a packed list.
    Bytes(&'a [u8]),
    /// Four bytes.
    Fixed32([u8; 4]),
}

/// The fields of a message in their order; nothing is copied. What is no field ends it with an error.
pub struct Fields<'a> {
    rest: &'a [u8],
}

/// The bytes are no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoMessage;

/// A number of up to 64 bits, from the bytes that `next` gives; none where they end too early or it has more bits.
pub fn varint(mut next: impl FnMut() -> Option<u8>) -> Option<u64> {
    let mut value = 0_u64;
    // The tenth byte has room for one bit.
    for shift in (0..70).step_by(7) {
        let byte = next()?;
        value |= u64::from(byte & 0x7f)
            .checked_shl(shift)
            .unwrap_or_default();
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

/// Appends a number as [`varint`] reads it.
pub fn write_varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

impl<'a> Fields<'a> {
    /// Those of a whole message.
    pub fn of(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    fn varint(&mut self) -> Option<u64> {
        varint(|| {
            let (&byte, rest) = self.rest.split_first()?;
            self.rest = rest;
            Some(byte)
        })
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(*array)
    }

    fn field(&mut self) -> Option<(u64, FieldValue<'a>)> {
        let tag = self.varint()?;
        let value = match tag & 7 {
            0 => FieldValue::Varint(self.varint()?),
            1 => FieldValue::Fixed64(self.array()?),
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                let (bytes, rest) = self.rest.split_at_checked(length)?;
                self.rest = rest;
                FieldValue::Bytes(bytes)
            }
            5 => FieldValue::Fixed32(self.array()?),
            _ => return None,
        };
        Some((tag >> 3, value))
    }
}

impl<'a> Iterator for Fields<'a> {
    /// The number of a field and its value.
    type Item = Result<(u64, FieldValue<'a>), NoMessage>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_none() {
            self.rest = &[];
        }
        Some(field.ok_or(NoMessage))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn fields_of_every_kind_are_read_in_their_order() {
        let message = [
            0x08, 0x96, 0x01, // 1: 150
            0x12, 0x01, b'a', // 2: "a"
            0x1d, 1, 2, 3, 4, // 3: four bytes
            0x21, 1, 2, 3, 4, 5, 6, 7, 8, // 4: eight bytes
        ];
        let fields: Vec<_> = Fields::of(&message).map(Result::unwrap).collect();
        assert_eq!(
            fields,
            [
                (1, FieldValue::Varint(150)),
                (2, FieldValue::Bytes(b"a")),
                (3, FieldValue::Fixed32([1, 2, 3, 4])),
                (4, FieldValue::Fixed64([1, 2, 3, 4, 5, 6, 7, 8])),
            ]
        );
    }

    #[test]
    fn negative_numbers_take_ten_bytes() {
        let mut message = vec![0x08];
        message.extend([0xff; 9]);
        message.push(1);
        let field = Fields::of(&message).next();
        assert_eq!(field, Some(Ok((1, FieldValue::Varint(u64::MAX)))));
    }

    #[test]
    fn what_ends_too_early_or_never_is_no_message() {
        for wrong in [
            &[0x08][..],
            &[0x12, 5, b'a'],
            &[0x1d, 1],
            &[0x0b],
            &[0xff; 20],
        ] {
            assert_eq!(Fields::of(wrong).last(), Some(Err(NoMessage)), "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_to_an_end(bytes: Vec<u8>) {
            prop_assert!(Fields::of(&bytes).count() <= bytes.len());
        }
    }
}

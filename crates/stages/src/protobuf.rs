//! Protocol Buffers messages: the wire format alone, enough to write ONNX models and event files.
//!
//! A message is a row of fields. A field is a tag, `number << 3 | wire type`, and a value; the wire type says how
//! long the value is. Readers take fields in any order and the last of a repeated scalar field, so a writer needs no
//! description of its messages. Source: "Encoding" in the Protocol Buffers documentation (protobuf.dev).
//!
//! | wire type | value | methods |
//! |---|---|---|
//! | 0 | varint: seven bits a byte, the lowest first | [`Message::int`], [`Message::ints`] |
//! | 1 | eight bytes, little-endian | [`Message::double`] |
//! | 2 | a varint of the length, then that many bytes | [`Message::bytes`], [`Message::string`], [`Message::message`] |
//! | 5 | four bytes, little-endian | [`Message::float`] |

/// One message in the making.
///
/// ```
/// use pipe_stages::protobuf::Message;
/// // message Point { int64 x = 1; string name = 2; }
/// let point = Message::new().int(1, 150).string(2, "a");
/// assert_eq!(point.into_bytes(), [0x08, 0x96, 0x01, 0x12, 0x01, b'a']);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    bytes: Vec<u8>,
}

/// How long a field's value is.
#[derive(Clone, Copy)]
enum WireType {
    Varint = 0,
    Fixed64 = 1,
    Length = 2,
    Fixed32 = 5,
}

impl Message {
    /// An empty message.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The encoded message.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// A field of type `int32`, `int64` or an enum: negative values take ten bytes.
    #[must_use]
    pub fn int(mut self, field: u32, value: i64) -> Self {
        self.tag(field, WireType::Varint);
        varint(&mut self.bytes, value.cast_unsigned());
        self
    }

    /// A field of type `float`.
    #[must_use]
    pub fn float(mut self, field: u32, value: f32) -> Self {
        self.tag(field, WireType::Fixed32);
        self.bytes.extend(value.to_le_bytes());
        self
    }

    /// A field of type `double`.
    #[must_use]
    pub fn double(mut self, field: u32, value: f64) -> Self {
        self.tag(field, WireType::Fixed64);
        self.bytes.extend(value.to_le_bytes());
        self
    }

    /// A field of type `bytes`.
    #[must_use]
    pub fn bytes(mut self, field: u32, value: &[u8]) -> Self {
        self.tag(field, WireType::Length);
        varint(&mut self.bytes, value.len() as u64);
        self.bytes.extend_from_slice(value);
        self
    }

    /// A field of type `string`.
    #[must_use]
    pub fn string(self, field: u32, value: &str) -> Self {
        self.bytes(field, value.as_bytes())
    }

    /// A field that is a message itself; called again for each element of a repeated one.
    #[must_use]
    pub fn message(self, field: u32, value: &Message) -> Self {
        self.bytes(field, &value.bytes)
    }

    /// A repeated field of type `int32`, `int64` or an enum, one field for each value: as lists that are not declared as
    /// packed are written, which some readers insist on.
    #[must_use]
    pub fn ints(self, field: u32, values: &[i64]) -> Self {
        let values = values.iter();
        values.fold(self, |message, &value| message.int(field, value))
    }

    fn tag(&mut self, field: u32, wire_type: WireType) {
        debug_assert!(
            (1..1 << 29).contains(&field),
            "field {field} is out of range"
        );
        varint(&mut self.bytes, u64::from(field) << 3 | wire_type as u64);
    }
}

/// Seven bits a byte, the lowest first; the eighth bit says that more follow.
fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    // Expected bytes: the examples of "Encoding" on protobuf.dev, and by hand from its rules.

    #[test]
    fn integers_are_varints() {
        assert_eq!(Message::new().int(1, 150).into_bytes(), [0x08, 0x96, 0x01]);
        assert_eq!(Message::new().int(1, 0).into_bytes(), [0x08, 0x00]);
        let minus_two = [
            0x08, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01,
        ];
        assert_eq!(Message::new().int(1, -2).into_bytes(), minus_two);
        assert_eq!(
            Message::new().int(1, -1).into_bytes(),
            [
                0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01
            ]
        );
    }

    #[test]
    fn field_numbers_above_fifteen_take_two_bytes() {
        assert_eq!(Message::new().int(16, 1).into_bytes(), [0x80, 0x01, 0x01]);
        assert_eq!(Message::new().int(20, 3).into_bytes(), [0xa0, 0x01, 0x03]);
    }

    #[test]
    fn strings_and_messages_carry_their_length() {
        let name = Message::new().string(2, "testing");
        assert_eq!(name.into_bytes(), b"\x12\x07testing");
        let outer = Message::new().message(3, &Message::new().int(1, 150));
        assert_eq!(outer.into_bytes(), [0x1a, 0x03, 0x08, 0x96, 0x01]);
        assert_eq!(Message::new().bytes(1, &[]).into_bytes(), [0x0a, 0x00]);
        let long = Message::new().bytes(1, &[7; 300]);
        assert_eq!(long.into_bytes()[..4], [0x0a, 0xac, 0x02, 7]);
    }

    #[test]
    fn fixed_values_are_little_endian() {
        assert_eq!(
            Message::new().float(1, 1.0).into_bytes(),
            [0x0d, 0, 0, 0x80, 0x3f]
        );
        assert_eq!(
            Message::new().double(1, 1.0).into_bytes(),
            [0x09, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f]
        );
    }

    #[test]
    fn each_value_of_a_list_is_a_field() {
        let ints = Message::new().ints(6, &[3, 270, 86942]);
        assert_eq!(
            ints.into_bytes(),
            [0x30, 0x03, 0x30, 0x8e, 0x02, 0x30, 0x9e, 0xa7, 0x05]
        );
    }

    proptest! {
        #[test]
        fn a_varint_is_read_back(value: u64) {
            let mut bytes = Vec::new();
            varint(&mut bytes, value);
            let mut back = 0u64;
            for (index, byte) in bytes.iter().enumerate() {
                back |= u64::from(byte & 0x7f) << (7 * index);
                prop_assert_eq!(byte & 0x80 != 0, index + 1 < bytes.len());
            }
            prop_assert_eq!(back, value);
            prop_assert!(bytes.len() <= 10);
        }
    }
}

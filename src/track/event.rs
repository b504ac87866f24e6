//! TensorBoard's events: `event.proto` and `summary.proto`, as far as scalars and texts need them.

use pipe_nn::train::Scalars;

use pipe_stages::protobuf::Message;

/// Length of the field `wall_time` at the start of an event.
const WALL_TIME: usize = 9;
/// `DT_STRING` of `types.proto`.
const STRING: i64 = 7;
/// `DATA_CLASS_TENSOR` of `summary.proto`.
const TENSOR_CLASS: i64 = 2;

/// An event without the time at which it was written, so that equal events have equal bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Event(Vec<u8>);

impl Event {
    /// The event that begins every file.
    pub(super) fn version() -> Self {
        Self(Message::new().string(3, "brain.Event:2").into_bytes())
    }

    /// A text in Markdown, shown on the page "Text".
    pub(super) fn text(tag: &str, markdown: &str) -> Self {
        let plugin = Message::new().string(1, "text");
        let metadata = Message::new().message(1, &plugin).int(4, TENSOR_CLASS);
        // A tensor of strings without dimensions.
        let tensor = Message::new()
            .int(1, STRING)
            .message(2, &Message::new())
            .string(8, markdown);
        let value = Message::new()
            .string(1, tag)
            .message(9, &metadata)
            .message(8, &tensor);
        Self::summary(0, &Message::new().message(1, &value))
    }

    /// Named values at a step.
    pub(super) fn scalars(step: usize, scalars: &Scalars) -> Self {
        let values = scalars
            .iter()
            .fold(Message::new(), |summary, (tag, value)| {
                let value = Message::new().string(1, tag).float(2, *value as f32);
                summary.message(1, &value)
            });
        Self::summary(step as i64, &values)
    }

    fn summary(step: i64, summary: &Message) -> Self {
        let event = Message::new().int(2, step).message(5, summary);
        Self(event.into_bytes())
    }

    /// The whole event, written at `wall_time_s` seconds since 1970.
    pub(super) fn at(&self, wall_time_s: f64) -> Vec<u8> {
        let mut bytes = Message::new().double(1, wall_time_s).into_bytes();
        bytes.extend_from_slice(&self.0);
        bytes
    }

    /// What [`Event::at`] made `bytes` of.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        let is_time = *bytes.first()? == 0x09;
        let rest = bytes.get(WALL_TIME..)?;
        is_time.then(|| Self(rest.to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_time_differs_between_equal_events() {
        let event = Event::scalars(3, &Scalars::from([("loss/total".into(), 0.5)]));
        let (early, late) = (event.at(1.0), event.at(2.5));
        assert_ne!(early, late);
        assert_eq!(Event::of(&early), Some(event.clone()));
        assert_eq!(Event::of(&late), Some(event));
        // wall_time, step 3, a summary of 19 bytes with one value of 17: tag and simple_value.
        let mut expected = vec![0x09, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0x10, 3];
        expected.extend([0x2a, 19, 0x0a, 17, 0x0a, 10]);
        expected.extend(b"loss/total");
        expected.extend([0x15, 0, 0, 0, 0x3f]);
        assert_eq!(early, expected);
        assert_eq!(Event::of(b""), None);
    }
}
